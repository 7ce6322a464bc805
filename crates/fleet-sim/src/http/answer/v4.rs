//! The paths of API 4 and how they differ between 4.0, 4.3 and 4.5.

use serde_json::{Value, json};

use crate::flavor::{self, Flavor};
use crate::http::answer::item::{item, item_of, records_with};
use crate::http::answer::{
    Answer, all, all_limits, body, model, not_found, plugins_list, settings,
};
use crate::http::auth;
use crate::http::request::Request;
use crate::http::response::Response;
use crate::server::Server;

pub(super) fn route(server: &Server, request: &Request, rest: &[&str], now: f64) -> Answer {
    match request.method.as_str() {
        "GET" | "HEAD" => get(server, request, rest, now),
        "POST" => post(server, request, rest, now).into(),
        _ => not_allowed().into(),
    }
}

fn not_allowed() -> Response {
    Response::detail(405, "Method Not Allowed").with_header("allow", "GET")
}

fn unknown(server: &Server, plugin: &str) -> Response {
    Response::detail(400, &super::unknown_plugin(server, plugin))
}

fn not_here(server: &Server) -> Response {
    not_found(server.flavor(), "")
}

fn unknown_pid(pid: u32) -> Response {
    Response::detail(404, &format!("Unknown PID process {pid}"))
}

fn post(server: &Server, request: &Request, rest: &[&str], now: f64) -> Response {
    let modern = server.flavor() != Flavor::V4_0_8;
    match rest {
        ["token"] if auth::has_tokens(server.flavor()) && server.host.spec.password.is_some() => {
            auth::token_reply(server, request)
        }
        ["processes", "extended", "disable"] if modern => {
            server.extend(None);
            Response::json("true")
        }
        ["processes", "extended", pid] if modern => match pid.parse() {
            Ok(pid) if server.host.processes.iter().any(|process| process.pid == pid) => {
                server.extend(Some(pid));
                Response::json("true")
            }
            Ok(pid) => unknown_pid(pid),
            Err(_) => super::internal_error(server.flavor(), &request.path),
        },
        ["events", "clear", "warning" | "all"] if modern => {
            server.clear_events(now);
            Response::json("{}")
        }
        _ => not_allowed(),
    }
}

fn get(server: &Server, request: &Request, rest: &[&str], now: f64) -> Answer {
    let modern = server.flavor() != Flavor::V4_0_8;
    match rest {
        [.., ""] => Response::new(307, "text/plain; charset=utf-8", "")
            .with_header("location", request.path.trim_end_matches('/'))
            .into(),
        ["status"] => {
            Response::json(json!({"version": server.flavor().version()}).to_string()).into()
        }
        ["pluginslist"] => plugins_list(server).into(),
        ["all"] => all(server, now),
        ["all", "limits"] => all_limits(server).into(),
        ["all", "views"] => Response::json("{}").into(),
        ["serverslist"] if modern => Response::json("[]").into(),
        ["processes", what] if modern => process(server, request, what).into(),
        ["config", rest @ ..] => section(rest, &settings::config(server), "configuration").into(),
        ["args", rest @ ..] => section(rest, &settings::arguments(server), "argument").into(),
        [_, _, _, _, _, ..] if rest.get(2) != Some(&"value") => not_here(server).into(),
        [plugin, ..] if !server.plugins.contains(plugin) => unknown(server, plugin).into(),
        [plugin] => match body(server, plugin, now) {
            Some((body, wait_secs)) => Answer { response: Response::json(body), wait_secs },
            None => unknown(server, plugin).into(),
        },
        [plugin, rest @ ..] => nested(server, plugin, rest, now).into(),
        [] => not_here(server).into(),
    }
}

fn section(rest: &[&str], whole: &Value, what: &str) -> Response {
    let found = match rest {
        [] => Some(whole),
        [name] => match whole.get(name) {
            None => return Response::detail(400, &format!("Unknown {what} item {name}")),
            found => found,
        },
        [name, item] => whole.get(name).and_then(|section| section.get(item)),
        _ => None,
    };
    match found {
        Some(value) => Response::json(value.to_string()),
        None => Response::detail(404, &format!("Cannot get item {}", rest.join("/"))),
    }
}

/// `/processes/extended` and `/processes/{pid}`, which never refresh anything.
fn process(server: &Server, request: &Request, what: &str) -> Response {
    let Some(sampled) = server.last("processlist") else {
        return unknown(server, "processlist");
    };
    let model = model(server, &sampled);
    if what == "extended" {
        let record = server.extended().and_then(|pid| flavor::extended(&model, pid, true));
        return Response::json(record.unwrap_or_else(|| "{}".to_owned()));
    }
    let Ok(pid) = what.parse() else {
        return super::internal_error(server.flavor(), &request.path);
    };
    match flavor::extended(&model, pid, server.extended() == Some(pid)) {
        Some(record) => Response::json(record),
        None => unknown_pid(pid),
    }
}

fn nested(server: &Server, plugin: &str, rest: &[&str], now: f64) -> Response {
    let json = |value: Option<Value>| Response::json(value.unwrap_or_default().to_string());
    let parsed = || {
        body(server, plugin, now)
            .and_then(|(text, _)| serde_json::from_str::<Value>(&text).ok())
            .unwrap_or_default()
    };
    let points = |count| {
        let sampled = server.last(plugin)?;
        Some(flavor::history(&model(server, &sampled), plugin, count))
    };
    let points_of = |name: &str, count| points(count)?.get(name).cloned();
    let old = server.flavor() == Flavor::V4_0_8;
    match rest {
        ["limits"] => Response::json(flavor::limits(server.flavor(), plugin).unwrap_or("{}")),
        ["views"] => Response::json("{}"),
        ["history"] => json(points(0)),
        ["history", count] => number(count, "nb", |count| json(points(count))),
        ["top", count] => number(count, "nb", |count| top(server, plugin, count, now)),
        [name] => json(item(&parsed(), name).map(|value| json!({ *name: value }))),
        [name, "history"] => json(points_of(name, 0)),
        [name, "history", count] => number(count, "nb", |count| json(points_of(name, count))),
        [name, "unit"] => json(unit(&parsed(), name)),
        [name, "description"] => json(item(&parsed(), name).map(|_| json!(name))),
        [name, value] if old => json(records_with(&parsed(), name, value)),
        [name, "value", value @ ..] if !old && !value.is_empty() => {
            json(records_with(&parsed(), name, &value.join("/")))
        }
        [name, key] => json(item_of(&parsed(), name, key)),
        _ => not_here(server),
    }
}

fn unit(body: &Value, name: &str) -> Option<Value> {
    item(body, name)?;
    let percents = ["percent", "total", "user", "system", "idle", "iowait", "cpu_percent"];
    Some(json!(if percents.contains(&name) { "percent" } else { "number" }))
}

fn top(server: &Server, plugin: &str, count: i64, now: f64) -> Response {
    let Some(sampled) = server.sample(plugin, now) else { return unknown(server, plugin) };
    let list = flavor::top(&model(server, &sampled), plugin, count);
    Response::json(list.unwrap_or_else(|| "null".to_owned()))
}

/// Runs with a number of the path, or says what FastAPI says when it is none.
fn number<T: std::str::FromStr>(
    text: &str,
    name: &str,
    run: impl FnOnce(T) -> Response,
) -> Response {
    let Ok(number) = text.parse() else {
        let detail = json!({"detail": [{
            "type": "int_parsing",
            "loc": ["path", name],
            "msg": "Input should be a valid integer, unable to parse string as an integer",
            "input": text,
        }]});
        return Response::new(422, "application/json", detail.to_string());
    };
    run(number)
}
