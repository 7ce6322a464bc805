//! Who comes in: the bearer token, the sessions, and bodies that no protocol version allows.

use std::sync::Arc;

use axum::{
    body::{Body, to_bytes},
    extract::{Request, State},
    http::{HeaderMap, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use subtle::ConstantTimeEq;

use crate::{access::Principal, mcp::Sessions};

/// First protocol version without sessions; versions are dates and compare as text.
const FIRST_STATELESS: &str = "2026-07-28";

#[derive(Clone)]
pub(super) struct Gate {
    pub(super) token: Option<Arc<SecretString>>,
    pub(super) sessions: Sessions,
    pub(super) body_bytes_max: usize,
}

/// Lets a request through to MCP with its [`Principal`], or says why not.
pub(super) async fn guard(State(gate): State<Gate>, request: Request, next: Next) -> Response {
    let principal = match authenticate(gate.token.as_deref(), request.headers()) {
        Ok(principal) => principal,
        Err(problem) => return unauthorized(problem),
    };
    let session = text_header(request.headers(), "mcp-session-id").map(str::to_owned);
    let version = text_header(request.headers(), "mcp-protocol-version").unwrap_or_default();
    let stateless = version >= FIRST_STATELESS;
    match &session {
        Some(id) if !stateless && !gate.sessions.belongs(id, &principal.id) => {
            return problem(StatusCode::NOT_FOUND, -32_000, "unknown session: initialize again");
        }
        _ => {}
    }
    let opens = session.is_none() && !stateless && *request.method() == Method::POST;
    if opens && !gate.sessions.has_room().await {
        let text = "too many sessions are open: try again later";
        return problem(StatusCode::SERVICE_UNAVAILABLE, -32_000, text);
    }
    let (mut parts, body) = request.into_parts();
    // Ours to check, and nobody else's to see.
    parts.headers.remove(header::AUTHORIZATION);
    parts.extensions.insert(principal.clone());
    let Ok(bytes) = to_bytes(body, gate.body_bytes_max).await else {
        let text = format!("the request is longer than {} bytes", gate.body_bytes_max);
        return problem(StatusCode::PAYLOAD_TOO_LARGE, -32_600, &text);
    };
    if bytes.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'[') {
        let text = "batches are not supported: send one message a request";
        return problem(StatusCode::BAD_REQUEST, -32_600, text);
    }
    let response = next.run(Request::from_parts(parts, Body::from(bytes))).await;
    if session.is_none()
        && let Some(id) = text_header(response.headers(), "mcp-session-id")
    {
        gate.sessions.opened(id, principal.id).await;
    }
    response
}

fn text_header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// Without a token configured everybody who reaches us is the local principal: the address is
/// loopback, or the operator said that it may be open.
fn authenticate(
    token: Option<&SecretString>,
    headers: &HeaderMap,
) -> Result<Principal, &'static str> {
    let Some(token) = token else { return Ok(Principal::local()) };
    let sent = text_header(headers, "authorization").ok_or("a bearer token is needed")?;
    let (scheme, sent) = sent.split_once(' ').ok_or("a bearer token is needed")?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err("a bearer token is needed");
    }
    let same: bool = sent.trim().as_bytes().ct_eq(token.expose_secret().as_bytes()).into();
    if same { Ok(Principal::local()) } else { Err("the bearer token is not valid") }
}

fn unauthorized(text: &str) -> Response {
    let mut response = problem(StatusCode::UNAUTHORIZED, -32_000, text);
    let challenge = header::HeaderValue::from_static("Bearer");
    response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
    response
}

fn problem(status: StatusCode, code: i32, message: &str) -> Response {
    let body = json!({"jsonrpc": "2.0", "id": null, "error": {"code": code, "message": message}});
    (status, axum::Json(body)).into_response()
}
