//! MCP over streamable HTTP as a tower service, with what the library leaves open: how many
//! sessions there may be, and whose they are.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use tokio_util::sync::CancellationToken;

use super::{Callers, Calls, Handler, Manager};

/// The tower service.
pub type McpService = StreamableHttpService<Handler, Manager>;

/// Form of the endpoint.
#[derive(Clone, Debug)]
pub struct McpHttp {
    /// Names that `Host` may have.
    pub allowed_hosts: Vec<String>,
    /// Origins that browsers may come from.
    pub allowed_origins: Vec<String>,
    /// Protocol versions up to 2025-11-25 get a session each.
    pub sessions: bool,
    /// Sessions at a time.
    pub sessions_max: usize,
    /// A session without a request ends after this long.
    pub session_idle: Duration,
    /// Longest request body.
    pub body_bytes_max: usize,
}

/// The service, and the sessions that it has open.
#[must_use]
pub fn service(
    calls: Arc<Calls>,
    settings: &McpHttp,
    stop: CancellationToken,
) -> (McpService, Sessions) {
    let manager = Arc::new(Manager::new(settings.sessions, settings.session_idle));
    let sessions =
        Sessions { manager: manager.clone(), max: settings.sessions_max, owners: Arc::default() };
    let config = StreamableHttpServerConfig::default()
        .with_allowed_hosts(settings.allowed_hosts.clone())
        .with_allowed_origins(settings.allowed_origins.clone())
        .with_legacy_session_mode(settings.sessions)
        .with_json_response(true)
        .with_max_request_body_bytes(settings.body_bytes_max)
        .with_cancellation_token(stop);
    let callers = Callers::Http(manager.clone());
    let ended = calls.watches().stopping().clone();
    let handler = move || Ok(Handler::new(calls.clone(), callers.clone(), ended.clone()));
    (StreamableHttpService::new(handler, manager, config), sessions)
}

/// The open sessions, and who opened them.
#[derive(Clone)]
pub struct Sessions {
    manager: Arc<Manager>,
    max: usize,
    owners: Arc<Mutex<HashMap<String, Arc<str>>>>,
}

impl Sessions {
    /// Whether another session may be opened.
    pub async fn has_room(&self) -> bool {
        self.manager.open().await.len() < self.max
    }

    /// Notes who opened a session, and forgets those that are over.
    pub async fn opened(&self, id: &str, principal: Arc<str>) {
        let open = self.manager.open().await;
        let mut owners = self.owners.lock().unwrap_or_else(PoisonError::into_inner);
        if owners.len() >= self.max {
            owners.retain(|known, _| open.contains_key(known.as_str()));
        }
        owners.insert(id.to_owned(), principal);
    }

    /// Whether a session is this caller's. One that is not known is nobody's.
    #[must_use]
    pub fn belongs(&self, id: &str, principal: &str) -> bool {
        let owners = self.owners.lock().unwrap_or_else(PoisonError::into_inner);
        owners.get(id).is_some_and(|owner| **owner == *principal)
    }
}
