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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Env, Overrides};

    #[test]
    fn how_a_server_is_told_who_asks_is_said_and_the_secret_is_not() {
        let dir = tempfile::TempDir::new().unwrap();
        let path = dir.path().join("glances-mcp.toml");
        let text = "[[servers]]\nalias = \"a\"\nurl = \"http://a:1\"\n\
            [[servers]]\nalias = \"b\"\nurl = \"http://b:1\"\npassword = \"hunter2\"\n\
            [[servers]]\nalias = \"c\"\nurl = \"http://c:1\"\npassword = \"hunter2\"\nauth = \"token\"\n\
            [[servers]]\nalias = \"d\"\nurl = \"http://d:1\"\ntimeout = \"3s\"\n\
            disabled_plugins = [\"vms\"]\nheaders = { X-Key = \"hunter2\" }\n";
        std::fs::write(&path, text).unwrap();
        let env = Env::from_pairs([]).in_dir(dir.path());
        let config = Config::load(Some(&path), &Overrides::default(), &env).unwrap();
        let all = connections(&config);
        let auth: Vec<Auth> = all.values().map(|it| it.auth).collect();
        assert_eq!(auth, [Auth::None, Auth::Password, Auth::Token, Auth::Headers]);
        let last = &all["d"];
        assert_eq!((last.timeout.as_secs(), last.disabled.as_slice()), (3, ["vms"].as_slice()));
        assert!(last.verify_tls && !last.own_ca && !format!("{all:?}").contains("hunter2"));
    }
}
