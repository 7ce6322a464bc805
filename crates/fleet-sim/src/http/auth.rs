//! Passwords as the versions of Glances check them: Basic everywhere, a token where there is one.

use serde_json::{Value, json};

use crate::flavor::Flavor;
use crate::http::request::Request;
use crate::http::response::Response;
use crate::load::hash;
use crate::server::Server;

/// The only user of a Glances server.
const USER: &str = "glances";

/// The refusal of a request, or `None` when it may pass.
pub(crate) fn refusal(server: &Server, request: &Request) -> Option<Response> {
    let password = server.host.spec.password.as_deref()?;
    if is_open(server.flavor(), &request.path) {
        return None;
    }
    let Some(sent) = request.authorization.as_deref() else {
        return Some(missing(server.flavor(), &request.path));
    };
    let bearer = has_tokens(server.flavor()) && sent == format!("Bearer {}", token(server));
    let basic = sent == format!("Basic {}", base64(format!("{USER}:{password}").as_bytes()));
    if bearer || basic { None } else { Some(wrong(server.flavor(), &request.path, sent)) }
}

/// Whether a path needs no password: the status since 4.5.5.
pub(crate) fn is_open(flavor: Flavor, path: &str) -> bool {
    match flavor {
        Flavor::V3_4_0_5 | Flavor::V4_0_8 | Flavor::V4_3_3 => false,
        Flavor::V4_5_8 => matches!(path, "/api/4/status" | "/api/4/token"),
        Flavor::V5Python => matches!(path, "/status" | "/api/5/token"),
        Flavor::V5Rust => matches!(path, "/status" | "/healthz"),
    }
}

/// Whether the version gives out tokens.
pub(crate) const fn has_tokens(flavor: Flavor) -> bool {
    matches!(flavor, Flavor::V4_5_8 | Flavor::V5Python)
}

/// What a version says when the password is missing.
pub(crate) fn missing(flavor: Flavor, path: &str) -> Response {
    match flavor {
        Flavor::V3_4_0_5 => page(path),
        _ => Response::detail(401, "Not authenticated").with_header("www-authenticate", "Basic"),
    }
}

fn wrong(flavor: Flavor, path: &str, sent: &str) -> Response {
    let detail = match flavor {
        Flavor::V3_4_0_5 => return page(path),
        Flavor::V4_0_8 | Flavor::V4_3_3 => "Incorrect username or password",
        Flavor::V4_5_8 | Flavor::V5Python | Flavor::V5Rust => "Incorrect authentication",
    };
    let scheme = if sent.starts_with("Bearer ") { "Bearer" } else { "Basic" };
    Response::detail(401, detail).with_header("www-authenticate", scheme)
}

fn page(path: &str) -> Response {
    Response::page(401, path, "Access denied")
        .with_header("www-authenticate", "Basic realm=\"private\"")
}

/// The token of a server: made of its seed, so it is the same after a restart.
fn token(server: &Server) -> String {
    let part = |salt| format!("{:016x}", hash(server.host.spec.seed, salt));
    format!("{}.{}.{}", base64(b"{\"alg\":\"HS256\"}"), part(901), part(902))
}

/// The answer to a request for a token.
pub(crate) fn token_reply(server: &Server, request: &Request) -> Response {
    let Ok(body) = serde_json::from_slice::<Value>(&request.body) else {
        return Response::detail(400, "Invalid JSON body");
    };
    if !body.is_object() {
        return Response::new(500, "text/plain; charset=utf-8", "Internal Server Error");
    }
    let text = |name| body.get(name).and_then(Value::as_str);
    let (Some(user), Some(password)) = (text("username"), text("password")) else {
        return Response::detail(400, "Missing username or password in request body");
    };
    if user != USER || server.host.spec.password.as_deref() != Some(password) {
        return Response::detail(401, "Incorrect authentication")
            .with_header("www-authenticate", "Bearer");
    }
    let reply = json!({
        "access_token": token(server), "token_type": "bearer", "expires_in": 3_600,
    });
    Response::json(reply.to_string())
}

/// Base64 with padding.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let word = chunk.iter().fold(0_u32, |word, &byte| (word << 8) | u32::from(byte))
            << (8 * (3 - chunk.len()));
        for place in 0..4 {
            let digit = (word >> (18 - 6 * place)) & 63;
            let digit = DIGITS.get(digit as usize).copied().unwrap_or(b'=');
            out.push(if place <= chunk.len() { char::from(digit) } else { '=' });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_that_of_the_standard() {
        let pairs =
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")];
        for (text, encoded) in pairs {
            assert_eq!(base64(text.as_bytes()), encoded);
        }
    }
}
