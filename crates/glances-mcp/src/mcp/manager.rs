//! The library's sessions, and what it keeps to itself: whether a client listens to its session.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures_util::{Stream, StreamExt};
use rmcp::{
    model::{ClientJsonRpcMessage, ServerJsonRpcMessage},
    transport::streamable_http_server::session::{
        ServerSseMessage, SessionId, SessionManager,
        local::{
            LocalSessionHandle, LocalSessionManager, LocalSessionManagerError, SessionTransport,
        },
    },
};
use tokio::sync::{RwLockReadGuard, watch};

/// Sessions in memory. A client listens while it has a stream open on which it did not ask anything.
pub struct Manager {
    local: LocalSessionManager,
    /// Whether anybody gets a session.
    pub(super) enabled: bool,
    /// Open streams of each session.
    listening: Mutex<HashMap<SessionId, watch::Sender<usize>>>,
}

/// An open stream, until it is dropped.
struct Listener(watch::Sender<usize>);

impl Listener {
    fn of(streams: watch::Sender<usize>) -> Self {
        streams.send_modify(|open| *open += 1);
        Self(streams)
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.0.send_modify(|open| *open -= 1);
    }
}

impl Manager {
    /// No sessions; one without a request ends after so long.
    pub(super) fn new(enabled: bool, session_idle: Duration) -> Self {
        let mut local = LocalSessionManager::default();
        local.session_config.keep_alive = Some(session_idle);
        Self { local, enabled, listening: Mutex::default() }
    }

    /// How long a session may be idle.
    pub(super) fn session_idle(&self) -> Duration {
        self.local.session_config.keep_alive.unwrap_or(Duration::MAX)
    }

    /// The sessions that are open.
    pub(super) async fn open(&self) -> RwLockReadGuard<'_, HashMap<SessionId, LocalSessionHandle>> {
        self.local.sessions.read().await
    }

    /// On how many streams the client of a session listens; `None` when there is no such session.
    pub(super) fn listening(&self, id: &str) -> Option<watch::Receiver<usize>> {
        self.streams().get(id).map(watch::Sender::subscribe)
    }

    /// Has a session count as not idle.
    pub(super) async fn touch(&self, id: &str) {
        // The library counts from the last event of a session; this one does nothing but be one.
        const NO_REQUEST: u64 = u64::MAX;
        let handle = self.local.sessions.read().await.get(id).cloned();
        if let Some(handle) = handle {
            let _ = handle.close_request_wise_channel(NO_REQUEST).await;
        }
    }

    fn streams(&self) -> MutexGuard<'_, HashMap<SessionId, watch::Sender<usize>>> {
        self.listening.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a stream as long as it lives.
    fn counted<S: Stream<Item = ServerSseMessage> + Send + Sync + 'static>(
        &self,
        id: &SessionId,
        stream: S,
    ) -> impl Stream<Item = ServerSseMessage> + Send + Sync + use<S> {
        let listener = self.streams().get(id).cloned().map(Listener::of);
        stream.map(move |message| {
            let _held = &listener;
            message
        })
    }
}

impl SessionManager for Manager {
    type Error = LocalSessionManagerError;
    type Transport = SessionTransport;

    async fn create_session(&self) -> Result<(SessionId, Self::Transport), Self::Error> {
        let (id, transport) = self.local.create_session().await?;
        self.streams().insert(id.clone(), watch::Sender::new(0));
        Ok((id, transport))
    }

    async fn initialize_session(
        &self,
        id: &SessionId,
        message: ClientJsonRpcMessage,
    ) -> Result<ServerJsonRpcMessage, Self::Error> {
        self.local.initialize_session(id, message).await
    }

    async fn has_session(&self, id: &SessionId) -> Result<bool, Self::Error> {
        self.local.has_session(id).await
    }

    async fn close_session(&self, id: &SessionId) -> Result<(), Self::Error> {
        self.streams().remove(id);
        self.local.close_session(id).await
    }

    async fn create_stream(
        &self,
        id: &SessionId,
        message: ClientJsonRpcMessage,
    ) -> Result<impl Stream<Item = ServerSseMessage> + Send + Sync + 'static, Self::Error> {
        self.local.create_stream(id, message).await
    }

    async fn accept_message(
        &self,
        id: &SessionId,
        message: ClientJsonRpcMessage,
    ) -> Result<(), Self::Error> {
        self.local.accept_message(id, message).await
    }

    async fn create_standalone_stream(
        &self,
        id: &SessionId,
    ) -> Result<impl Stream<Item = ServerSseMessage> + Send + Sync + 'static, Self::Error> {
        Ok(self.counted(id, self.local.create_standalone_stream(id).await?))
    }

    async fn resume(
        &self,
        id: &SessionId,
        last_event_id: String,
    ) -> Result<impl Stream<Item = ServerSseMessage> + Send + Sync + 'static, Self::Error> {
        // The id of an event on the stream of one request names the request.
        let of_request = last_event_id.contains('/');
        let stream = self.local.resume(id, last_event_id).await?;
        Ok(if of_request { stream.left_stream() } else { self.counted(id, stream).right_stream() })
    }
}
