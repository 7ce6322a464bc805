//! The paths of API 5: few, flat, and the status at the root.

use crate::flavor::{self, Flavor};
use crate::http::answer::{Answer, all, body, not_found, plugins_list, settings};
use crate::http::auth;
use crate::http::request::Request;
use crate::http::response::Response;
use crate::server::Server;

/// The status at the root: a small JSON from Python, nothing at all from `glances-rs`.
pub(super) fn status(flavor: Flavor, parts: &[&str]) -> Response {
    match (flavor, parts) {
        (Flavor::V5Rust, _) => Response::new(200, "text/plain; charset=utf-8", ""),
        (_, ["status"]) => Response::json("{\"status\":\"ok\"}"),
        _ => not_found(flavor, ""),
    }
}

pub(super) fn route(server: &Server, request: &Request, rest: &[&str], now: f64) -> Answer {
    let flavor = server.flavor();
    let with_token = auth::has_tokens(flavor) && server.host.spec.password.is_some();
    match (request.method.as_str(), rest) {
        ("POST", ["token"]) if with_token => auth::token_reply(server, request).into(),
        ("GET" | "HEAD", _) => get(server, rest, now),
        _ => Response::detail(405, "Method Not Allowed").with_header("allow", "GET").into(),
    }
}

fn get(server: &Server, rest: &[&str], now: f64) -> Answer {
    let flavor = server.flavor();
    match rest {
        ["pluginslist"] => plugins_list(server).into(),
        ["all"] => all(server, now),
        ["alert"] => Response::json("[]").into(),
        ["config"] if flavor == Flavor::V5Python => {
            Response::json(settings::config(server).to_string()).into()
        }
        [plugin] | [plugin, "info"] => {
            let Some((text, wait_secs)) = body(server, plugin, now) else {
                return Response::detail(404, &format!("Unknown plugin {plugin}")).into();
            };
            let response = if rest.len() == 1 {
                Response::json(text)
            } else {
                Response::json(flavor::info(flavor, plugin, &text))
            };
            Answer { response, wait_secs }
        }
        _ => not_found(flavor, "").into(),
    }
}
