//! The paths of API 3. Errors are HTML pages.

use serde_json::{Value, json};

use crate::flavor::{self, Flavor};
use crate::http::answer::item::{item, records_with};
use crate::http::answer::{
    Answer, all, all_limits, body, model, not_found, plugins_list, settings,
};
use crate::http::request::Request;
use crate::http::response::Response;
use crate::server::Server;

pub(super) fn route(server: &Server, request: &Request, rest: &[&str], now: f64) -> Answer {
    if request.method != "GET" && request.method != "HEAD" {
        return Response::page(405, &request.path, "Method not allowed.").into();
    }
    match rest {
        ["status"] => Response::new(200, "text/html; charset=UTF-8", "Active").into(),
        ["pluginslist"] => plugins_list(server).into(),
        ["all"] => all(server, now),
        ["all", "limits"] => all_limits(server).into(),
        ["all", "views"] => Response::json("{}").into(),
        ["config"] => Response::json(settings::config(server).to_string()).into(),
        ["args"] => Response::json(settings::arguments(server).to_string()).into(),
        [plugin, ..] if !server.plugins.contains(plugin) => {
            let message = super::unknown_plugin(server, plugin);
            Response::page(400, &request.path, &message).into()
        }
        [plugin] => match body(server, plugin, now) {
            Some((body, wait_secs)) => Answer { response: Response::json(body), wait_secs },
            None => not_found(Flavor::V3_4_0_5, &request.path).into(),
        },
        [plugin, rest @ ..] => {
            let found = nested(server, plugin, rest, now);
            found.unwrap_or_else(|| not_found(Flavor::V3_4_0_5, &request.path)).into()
        }
        [] => not_found(Flavor::V3_4_0_5, &request.path).into(),
    }
}

fn nested(server: &Server, plugin: &str, rest: &[&str], now: f64) -> Option<Response> {
    let points = |count: &str| {
        let count = count.parse().ok()?;
        Some(flavor::history(&model(server, &server.last(plugin)?), plugin, count))
    };
    let parsed = || serde_json::from_str::<Value>(&body(server, plugin, now)?.0).ok();
    let value = match rest {
        ["limits"] => return flavor::limits(server.flavor(), plugin).map(Response::json),
        ["views"] => json!({}),
        ["history"] => points("0")?,
        ["history", count] => points(count)?,
        [name] => json!({ *name: item(&parsed()?, name)? }),
        [name, "history"] => json!({ *name: points("0")?.get(name)? }),
        [name, "history", count] => json!({ *name: points(count)?.get(name)? }),
        [name, value @ ..] => records_with(&parsed()?, name, &value.join("/"))?,
        [] => return None,
    };
    Some(Response::json(value.to_string()))
}
