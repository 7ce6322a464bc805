//! How servers are guarded: what `security: true` sees of simulated ones of every version, what it
//! costs, and that nothing of their settings gets out.

use std::time::{Duration, Instant};

use fleet_sim::{Fault, Flavor, Fleet, HostSpec, Role};
use glances_mcp::security::CONTROLS;
use serde_json::{Value, json};

use crate::support::{
    Binary, Server, accounted, bounded, config, modern, names, request, spec, until,
};

/// In the settings of hostile hosts, and in no command line.
const SECRET: &str = "hunter2-of-glances-conf";

/// One hostile server of each version, and a guarded one.
async fn versions() -> Fleet {
    let mut specs: Vec<HostSpec> = Flavor::ALL
        .iter()
        .enumerate()
        .map(|(index, flavor)| HostSpec {
            hostile: true,
            ..spec(&format!("v-{index}"), *flavor, Role::ContainerHost)
        })
        .collect();
    let guarded = spec("guarded", Flavor::V4_5_8, Role::Idle);
    specs.push(HostSpec { hardened: true, password: Some("pass".to_owned()), ..guarded });
    Fleet::start(specs).await.unwrap()
}

fn name(flavor: Flavor) -> String {
    let index = Flavor::ALL.iter().position(|other| *other == flavor).unwrap();
    format!("v-{index}")
}

fn rows<'a>(reply: &'a Value, list: &str) -> &'a [Value] {
    reply["security"][list].as_array().map_or(&[], Vec::as_slice)
}

fn control<'a>(reply: &'a Value, id: &str) -> &'a Value {
    let found = rows(reply, "controls").iter().find(|row| row["control"] == id);
    found.unwrap_or_else(|| panic!("no `{id}` in {reply}"))
}

/// What was found of a server, `pass` where there is no row.
fn result(reply: &Value, server: &str, id: &str) -> String {
    let about = |row: &&Value| {
        let servers = row["servers"].as_array().unwrap();
        row["control"] == id && servers.contains(&json!(server))
    };
    let found = rows(reply, "findings").iter().find(about);
    found.map_or("pass", |row| row["result"].as_str().unwrap()).to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_version_is_judged_by_what_it_shows() {
    let fleet = versions().await;
    let server = Server::of(&fleet).await;
    let reply = until("all is read", async || {
        let arguments = json!({"security": true, "format": "detailed", "limit": 200});
        let reply = server.ask("get_server_status", arguments).await;
        let read = |id| control(&reply, id)["fail"].as_u64().is_some_and(|count| count > 0);
        (read("command_lines") && read("container_images")).then_some(reply)
    })
    .await;
    assert_eq!(accounted("security", &reply, &names(&fleet)), Vec::<String>::new());
    for (flavor, secrets, cors, vulnerabilities) in [
        (Flavor::V3_4_0_5, "fail", "fail", "fail"),
        (Flavor::V4_0_8, "fail", "fail", "fail"),
        (Flavor::V4_3_3, "fail", "fail", "fail"),
        (Flavor::V4_5_8, "pass", "fail", "pass"),
        (Flavor::V5Python, "pass", "pass", "unseen"),
        (Flavor::V5Rust, "pass", "pass", "unseen"),
    ] {
        let server = name(flavor);
        let seen = |id| result(&reply, &server, id);
        assert_eq!(seen("secrets"), secrets, "{flavor:?}");
        assert_eq!(seen("cors"), cors, "{flavor:?}");
        assert_eq!(seen("vulnerabilities"), vulnerabilities, "{flavor:?}");
        assert_eq!((seen("authentication"), seen("host_check")), ("fail".into(), "fail".into()));
        assert_eq!(seen("encryption"), "pass", "{flavor:?}");
    }
    for id in ["secrets", "authentication", "cors", "host_check", "vulnerabilities", "encryption"] {
        assert_eq!(result(&reply, "guarded", id), "pass", "{id}: {reply}");
    }
    // The worst comes first, with all its servers.
    let first = &rows(&reply, "controls")[0];
    assert_eq!((&first["control"], &first["fail"]), (&json!("secrets"), &json!(3)));
    let releases: Vec<&str> =
        rows(&reply, "releases").iter().map(|row| row["glances"].as_str().unwrap()).collect();
    assert_eq!(releases, ["4.0.8", "4.3.3", "3.x"]);
    assert!(rows(&reply, "vulnerabilities").len() > 20);
    assert_eq!(
        control(&reply, "command_lines")["fail"].as_u64().map(|count| count > 0),
        Some(true)
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_server_is_told_in_full_with_the_lines_that_mend_it() {
    let fleet = versions().await;
    let server = Server::of(&fleet).await;
    let one = name(Flavor::V4_3_3);
    let result =
        server.call("get_server_status", json!({"security": true, "servers": [one]})).await;
    let text = result["content"][0]["text"].as_str().unwrap();
    for words in [
        "worst: `secrets` (critical) on 1 server",
        "cors_origins=",
        "webui_allowed_hosts=localhost,127.0.0.1` (4.5.2 on)",
        "glances -w --password",
        "CVE-2026-30928",
        "2026-10-04",
    ] {
        assert!(text.contains(words), "no {words} in {text}");
    }
    assert!(result["structuredContent"]["security"]["findings"].is_array(), "{result}");
    let guarded = json!({"security": true, "servers": ["guarded"]});
    let reply = server.ask("get_server_status", guarded).await;
    assert!(rows(&reply, "controls").iter().all(|row| row["fail"] == 0), "{reply}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_of_the_settings_gets_into_replies_or_the_log() {
    let fleet = versions().await;
    let mut config = config(&fleet);
    let dir = tempfile::TempDir::new().unwrap();
    let log = dir.path().join("log");
    config["log"] = json!({"level": "trace,hyper=trace,reqwest=trace", "file": log});
    let arguments = ["serve", "--config", "{config}", "--port", "0"];
    let _binary = Binary::start(&config, &arguments);
    let address: std::net::SocketAddr = until("it listens", async || {
        let written = std::fs::read_to_string(&log).unwrap_or_default();
        let (_, rest) = written.split_once("serving MCP at http://")?;
        rest.split_once("/mcp")?.0.parse().ok()
    })
    .await;
    let ask = async |arguments: Value| {
        let params = json!({"name": "get_server_status", "arguments": arguments});
        let (headers, body) = modern("tools/call", params);
        let headers: Vec<(&str, &str)> =
            headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        request(address, "POST", "/mcp", &headers, &body).await.body
    };
    let told = until("secrets are seen", async || {
        let body = ask(json!({"security": true, "format": "detailed", "limit": 200})).await;
        body.contains("in /config and /args").then_some(body)
    })
    .await;
    assert!(!told.contains(SECRET), "{told}");
    for index in 0..Flavor::ALL.len() {
        let body = ask(json!({"security": true, "probe": true, "servers": [format!("v-{index}")]}));
        assert!(!body.await.contains(SECRET));
    }
    let written = std::fs::read_to_string(&log).unwrap();
    assert!(written.contains("get_server_status"), "{written}");
    assert!(!written.contains(SECRET));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_servers_fit_in_one_reply_also_when_many_fall_silent() {
    let fleet = Fleet::mixed(100, 2).await.unwrap();
    let mut config = config(&fleet);
    // Nobody notices by polling that they hang.
    config["poll"] = json!({"interval": "5m"});
    let server = Server::start(&config).await;
    server.ready().await;
    (0..20).for_each(|index| fleet.set_fault(index * 5, Some(Fault::Hang)));
    (0..5).for_each(|index| fleet.set_fault(index * 20 + 1, Some(Fault::Refuse)));
    for (arguments, most) in [
        (json!({"security": true}), 2_000),
        (json!({"security": true, "format": "detailed"}), 8_000),
    ] {
        let since = Instant::now();
        let result = server.call("get_server_status", arguments.clone()).await;
        assert!(since.elapsed() < Duration::from_secs(20), "{:?}", since.elapsed());
        let what = arguments.to_string();
        assert_eq!(bounded(&what, &result, most), Vec::<String>::new());
        let reply = &result["structuredContent"];
        assert_eq!(accounted(&what, reply, &names(&fleet)), Vec::<String>::new());
        let silent: Vec<&Value> = rows(reply, "not_looked_at").iter().collect();
        let reasons: Vec<&str> = silent.iter().filter_map(|row| row["reason"].as_str()).collect();
        assert!(reasons.iter().any(|reason| reason.starts_with("no answer within")), "{reasons:?}");
        assert!(reasons.contains(&"connection refused"), "{reasons:?}");
        // What polling has told of them is judged all the same.
        let row = control(reply, "authentication");
        let count = |key: &str| row[key].as_u64().unwrap();
        assert_eq!(count("fail") + count("pass") + count("unseen"), reply["coverage"]["shown"]);
        assert_eq!(count("unseen"), 25, "{row}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_look_is_shared_by_who_asks_together_and_told_again() {
    let fleet = Fleet::start(vec![spec("web-1", Flavor::V4_5_8, Role::Web)]).await.unwrap();
    let mut config = config(&fleet);
    config["poll"] =
        json!({"interval": "1h", "containers_interval": "1h", "processes_interval": "1h"});
    let server = Server::start(&config).await;
    server.counts("up", 1).await;
    // The first samples are over when their requests are.
    let quiet = until("no more polls", async || {
        let before = fleet.requests(0);
        tokio::time::sleep(Duration::from_secs(3)).await;
        (fleet.requests(0) == before).then_some(before)
    })
    .await;
    let ask = || server.ask("get_server_status", json!({"security": true}));
    tokio::join!(ask(), ask(), ask());
    assert_eq!(fleet.requests(0), quiet + 4, "one look for all three");
    let reply = ask().await;
    assert_eq!(fleet.requests(0), quiet + 4, "it is told again");
    assert!(reply["security"]["oldest_look_age_seconds"].as_f64().is_some(), "{reply}");
}

#[test]
fn every_control_is_on_its_page() {
    let page = include_str!("../../../../docs/security.md");
    for control in CONTROLS {
        let row = format!("| `{}` | {} |", control.id, control.risk.word());
        assert!(page.contains(&row), "no `{row}` in docs/security.md");
    }
}
