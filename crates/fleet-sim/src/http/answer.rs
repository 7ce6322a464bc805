//! From a request to an answer, by version. Faults and sockets are the business of `connection`.

mod item;
mod settings;
mod v3;
mod v4;
mod v5;

use crate::fault::Fault;
use crate::flavor::{self, Flavor};
use crate::http::request::Request;
use crate::http::response::Response;
use crate::http::{auth, browser};
use crate::json::Json;
use crate::model::Model;
use crate::server::{Sampled, Server};

/// An answer and the time that the server takes for it.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) response: Response,
    pub(crate) wait_secs: f64,
}

impl From<Response> for Answer {
    fn from(response: Response) -> Self {
        Self { response, wait_secs: 0.0 }
    }
}

/// Answers a request that no fault stops.
pub(crate) fn answer(server: &Server, request: &Request, now: f64) -> Answer {
    if let Some(refused) = browser::refusal(server, request) {
        return refused.into();
    }
    let mut answer = answer_known_host(server, request, now);
    browser::allow(server, request, &mut answer.response);
    answer
}

fn answer_known_host(server: &Server, request: &Request, now: f64) -> Answer {
    if let Some(refused) = auth::refusal(server, request) {
        return refused.into();
    }
    let segments = request.segments();
    let parts: Vec<&str> = segments.iter().map(String::as_str).collect();
    let flavor = server.flavor();
    if flavor.api() == 5 && matches!(parts.as_slice(), ["status" | "healthz"]) {
        return v5::status(flavor, &parts).into();
    }
    let own = flavor.api().to_string();
    match parts.as_slice() {
        ["api", number, rest @ ..] if *number == own => match flavor.api() {
            3 => v3::route(server, request, rest, now),
            4 => v4::route(server, request, rest, now),
            _ => v5::route(server, request, rest, now),
        },
        _ => not_found(flavor, &request.path).into(),
    }
}

/// The plugin that a path asks for.
pub(crate) fn plugin_of(path: &str) -> Option<&str> {
    let mut parts = path.trim_start_matches('/').split('/');
    (parts.next()? == "api").then(|| parts.nth(1))?
}

pub(crate) fn not_found(flavor: Flavor, path: &str) -> Response {
    match flavor.api() {
        3 => Response::page(404, path, &format!("Not found: '{path}'")),
        _ => Response::detail(404, "Not Found"),
    }
}

/// What each version says when it fails.
pub(crate) fn internal_error(flavor: Flavor, path: &str) -> Response {
    match flavor.api() {
        3 => Response::page(500, path, "Internal Server Error"),
        _ => Response::new(500, "text/plain; charset=utf-8", "Internal Server Error"),
    }
}

/// Swaps lists and objects, which keeps valid JSON of a shape that nobody expects.
pub(crate) fn wrong_type(body: &str) -> String {
    if body.starts_with('{') { "[\"unexpected\"]" } else { "{\"unexpected\":\"type\"}" }.to_owned()
}

/// A message that lists the plugins as Python prints a list.
fn unknown_plugin(server: &Server, plugin: &str) -> String {
    let list: Vec<String> = server.plugins.iter().map(|name| format!("'{name}'")).collect();
    format!("Unknown plugin {plugin} (available plugins: [{}])", list.join(", "))
}

fn model<'s>(server: &'s Server, sampled: &Sampled) -> Model<'s> {
    Model { host: &server.host, moment: sampled.moment }
}

/// The body of a plugin as a request for it sees it; `None` when it is unknown or off.
fn body(server: &Server, plugin: &str, now: f64) -> Option<(String, f64)> {
    let sampled = server.sample(plugin, now)?;
    let body = if sampled.ready {
        flavor::body(&model(server, &sampled), plugin)?
    } else {
        "null".to_owned()
    };
    Some((body, sampled.wait_secs))
}

/// Every plugin in one object.
fn all(server: &Server, now: f64) -> Answer {
    let faults = server.plugin_faults();
    let mut wait_secs = 0.0_f64;
    let mut w = Json::new(server.flavor().api() == 3);
    w.object(|w| {
        for (name, sampled) in server.sample_all(now) {
            wait_secs = wait_secs.max(sampled.wait_secs);
            let ready =
                if sampled.ready { flavor::body(&model(server, &sampled), name) } else { None };
            let mut body = ready.unwrap_or_else(|| "null".to_owned());
            if faults.iter().any(|(plugin, fault)| plugin == name && *fault == Fault::WrongType) {
                body = wrong_type(&body);
            }
            w.key(name).raw(&body);
        }
    });
    Answer { response: Response::json(w.finish()), wait_secs }
}

/// The thresholds of every plugin.
fn all_limits(server: &Server) -> Response {
    let mut w = Json::new(false);
    w.object(|w| {
        for name in &server.plugins {
            if let Some(limits) = flavor::limits(server.flavor(), name) {
                w.key(name).raw(limits);
            }
        }
    });
    Response::json(w.finish())
}

/// The names of the plugins.
fn plugins_list(server: &Server) -> Response {
    let mut w = Json::new(false);
    w.value(server.plugins.as_slice());
    Response::json(w.finish())
}
