//! The only owner of axum: `/mcp`, `/health` and `/ready`, and who may come in.

mod guard;

use std::{future::Future, net::SocketAddr, sync::Arc, time::Duration};

use anyhow::Context as _;
use axum::{
    Json, Router,
    extract::State,
    http::{HeaderName, HeaderValue, Method, StatusCode},
    middleware,
    response::IntoResponse,
    routing::get,
    serve::ListenerExt,
};
use secrecy::SecretString;
use serde_json::json;
use tokio::net::TcpListener;
use tower_http::cors::CorsLayer;

use crate::{
    access::Principal,
    mcp::{McpService, Sessions},
    query::Query,
    render, snapshot,
    telemetry::Counters,
};

/// Requests under way get this long to end when the server stops.
const DRAIN: Duration = Duration::from_secs(4);

/// What the HTTP side needs.
pub struct Web {
    /// Speaks MCP.
    pub mcp: McpService,
    /// Its sessions.
    pub sessions: Sessions,
    /// For `/ready`.
    pub query: Query,
    /// For `/ready`.
    pub counters: Arc<Counters>,
    /// Who comes without it stays outside.
    pub token: Option<SecretString>,
    /// Origins of browser clients; none switches CORS off.
    pub cors_origins: Vec<String>,
    /// Longest request body.
    pub body_bytes_max: usize,
}

#[derive(Clone)]
struct Ready {
    query: Query,
    counters: Arc<Counters>,
    /// Callers need a token, which probes do not have.
    guarded: bool,
}

impl Ready {
    /// What an operator has to know. Where callers need a token, this page tells that there is
    /// something, and the log and `list_servers` what.
    fn notices(&self) -> Vec<String> {
        let notices = self.query.notices(&Principal::local());
        match (self.guarded, notices.len()) {
            (true, 1..) => vec![format!("{} in the log", render::count(notices.len(), "notice"))],
            _ => notices,
        }
    }
}

/// Listens. Port 0 takes a free one.
///
/// # Errors
/// When the address cannot be taken, with what to do.
pub async fn bind(host: &str, port: u16) -> anyhow::Result<(TcpListener, SocketAddr)> {
    let listener = TcpListener::bind((host, port)).await.with_context(|| {
        format!("cannot listen on {host}:{port}: choose another with --port or `http.port`")
    })?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}

/// Serves until `stop` resolves, then lets requests end.
///
/// # Errors
/// When accepting connections fails.
pub async fn serve(
    listener: TcpListener,
    web: Web,
    stop: impl Future<Output = ()> + Send + 'static,
) -> anyhow::Result<()> {
    let (stopping, mut stopped) = tokio::sync::watch::channel(false);
    let signal = async move {
        stop.await;
        let _ = stopping.send(true);
    };
    // Without it the small writes of an event stream wait for each other's acknowledgement, 40 ms.
    let listener = listener.tap_io(|stream| {
        let _ = stream.set_nodelay(true);
    });
    let serving = axum::serve(listener, router(web)).with_graceful_shutdown(signal);
    tokio::select! {
        done = async { serving.await } => done.context("the listener failed"),
        () = async {
            let _ = stopped.wait_for(|stopped| *stopped).await;
            tokio::time::sleep(DRAIN).await;
        } => Ok(()),
    }
}

fn router(web: Web) -> Router {
    let Web { mcp, sessions, query, counters, token, cors_origins, body_bytes_max } = web;
    let guarded = token.is_some();
    let gate = guard::Gate { token: token.map(Arc::new), sessions, body_bytes_max };
    let mut mcp = Router::new()
        .route_service("/mcp", mcp)
        .layer(middleware::from_fn_with_state(gate, guard::guard));
    if let Some(cors) = cors(&cors_origins) {
        mcp = mcp.layer(cors);
    }
    let health = Router::new()
        .route("/health", get(|| async { Json(json!({"status": "alive"})) }))
        .route("/ready", get(ready))
        .with_state(Ready { query, counters, guarded });
    mcp.merge(health)
}

fn cors(origins: &[String]) -> Option<CorsLayer> {
    let origins: Vec<HeaderValue> = origins.iter().filter_map(|text| text.parse().ok()).collect();
    if origins.is_empty() {
        return None;
    }
    let names = |names: &[&'static str]| -> Vec<HeaderName> {
        names.iter().map(|name| HeaderName::from_static(name)).collect()
    };
    Some(
        CorsLayer::new()
            .allow_origin(origins)
            .allow_methods([Method::GET, Method::POST, Method::DELETE])
            .allow_headers(names(&[
                "authorization",
                "content-type",
                "accept",
                "mcp-protocol-version",
                "mcp-session-id",
                "mcp-method",
                "mcp-name",
                "last-event-id",
            ]))
            .expose_headers(names(&["mcp-session-id", "www-authenticate"])),
    )
}

/// Ready when every server has been tried once; the configuration has been read and the listener
/// is up, or nobody could ask. Counts only: the caller is not known here.
async fn ready(State(state): State<Ready>) -> impl IntoResponse {
    let statuses = state.query.statuses(&Principal::local(), snapshot::now());
    let untried = state.query.untried();
    let servers: serde_json::Map<_, _> = statuses
        .into_iter()
        .filter(|(_, count)| *count > 0)
        .map(|(status, count)| (status.word().to_owned(), json!(count)))
        .collect();
    let (calls, errors) = state.counters.read();
    let code = if untried == 0 { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let body = json!({
        "ready": untried == 0,
        "servers": servers,
        "not_tried_yet": untried,
        "calls": { "total": calls, "failed": errors },
        "subscriptions": state.counters.subscriptions(),
        "notices": state.notices(),
    });
    (code, Json(body))
}
