//! How the configuration reaches its servers, for people who ask. Copies no secret.

use std::collections::BTreeMap;

use crate::{
    config::{AuthKind, Config, ServerConfig},
    model::HostName,
    query::{Auth, Connection},
};

/// How each server is reached.
pub(super) fn connections(config: &Config) -> BTreeMap<HostName, Connection> {
    let connection = |server: &ServerConfig| Connection {
        auth: match (&server.password, server.auth) {
            (Some(_), AuthKind::Basic) => Auth::Password,
            (Some(_), AuthKind::Token) => Auth::Token,
            (None, _) if !server.headers.is_empty() => Auth::Headers,
            (None, _) => Auth::None,
        },
        verify_tls: server.verify_tls,
        own_ca: server.ca_pem.is_some(),
        timeout: server.timeout.min(config.limits.glances_timeout),
        disabled: server.disabled_plugins.iter().map(|plugin| plugin.name()).collect(),
    };
    config.servers.iter().map(|server| (server.alias.clone(), connection(server))).collect()
}
