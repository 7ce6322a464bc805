//! Against real Glances servers of four versions, as `cargo xtask setup` installs them.

mod guarded;
mod rates;
mod real;

use std::collections::BTreeSet;

use glances_mcp::tools;
use serde_json::{Value, json};

use self::real::{Glances, VERSIONS, dead_port};
use crate::support::{Server, accounted, required, until};

/// One of each version, and a port where nobody listens.
async fn fleet(interval: &str) -> (Vec<Glances>, Value) {
    let mut running = Vec::new();
    for version in VERSIONS {
        running.push(Glances::start(version, None).await);
    }
    let config = config_of(&running, interval);
    (running, config)
}

fn config_of(running: &[Glances], interval: &str) -> Value {
    let mut servers: Vec<Value> = running.iter().map(Glances::server).collect();
    servers.push(json!({"alias": "dead", "url": format!("http://127.0.0.1:{}", dead_port())}));
    json!({
        "servers": servers,
        "http": {"port": 0},
        "log": {"level": "warn"},
        "poll": {"interval": interval, "containers_interval": interval, "processes_interval": interval},
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn every_tool_answers_about_four_versions_and_a_dead_port() {
    let (running, config) = fleet("2s").await;
    let server = Server::start(&config).await;
    server.ready().await;
    let expected: BTreeSet<String> =
        running.iter().map(|it| it.alias.clone()).chain(["dead".to_owned()]).collect();
    for def in tools::all() {
        if required(def).is_empty() {
            let reply = server.ask(def.name, json!({})).await;
            assert_eq!(accounted(def.name, &reply, &expected), Vec::<String>::new());
        } else {
            let mut arguments = json!({"server": "dead"});
            for name in required(def).into_iter().filter(|name| *name != "server") {
                arguments[name] = json!("x");
            }
            if def.name == "get_process_details" {
                arguments["pid"] = json!(1);
            }
            let text = server.refused(def.name, arguments).await;
            for word in ["`dead`", "connection refused", "never answered", "Fix:"] {
                assert!(text.contains(word), "{}: {text}", def.name);
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn numbers_agree_with_what_glances_itself_says() {
    let (running, config) = fleet("2s").await;
    let server = Server::start(&config).await;
    server.ready().await;
    for glances in &running {
        let alias = glances.alias.as_str();
        let one = server.ask("get_system_overview", json!({"servers": [alias]})).await;
        let (core, mem) = (glances.get("core").await, glances.get("mem").await);
        assert_eq!(one["one"]["cores"], core["log"], "{alias}");
        assert_eq!(one["one"]["memory"]["total_bytes"], mem["total"], "{alias}");

        let usage = server
            .ask("get_disk_usage", json!({"servers": [alias], "format": "detailed", "limit": 500}))
            .await;
        let rows = usage["filesystems"].as_array().unwrap();
        for mount in glances.get("fs").await.as_array().unwrap() {
            let name = mount["mnt_point"].as_str().unwrap();
            let named = |row: &&Value| {
                let also = row["also_at"].as_str().unwrap_or_default();
                row["mount"] == name
                    || also.split(", ").any(|other| other == name)
                    || also.contains('+')
            };
            let row = rows.iter().find(named).unwrap_or_else(|| panic!("{alias} {name}: {usage}"));
            let (ours, theirs) =
                (row["use_percent"].as_f64().unwrap(), mount["percent"].as_f64().unwrap());
            assert!((ours - theirs).abs() <= 0.5, "{alias} {name}: {ours} against {theirs}");
        }

        let names = |list: &Value| -> BTreeSet<String> {
            let rows = list.as_array().unwrap().iter();
            rows.map(|row| row["name"].as_str().unwrap().to_owned()).collect()
        };
        let theirs = names(&glances.get("processlist").await);
        let top = json!({"servers": [alias], "group": "process", "limit": 500, "fresh": true});
        let ours = names(&server.ask("get_top_processes", top).await["processes"]);
        // Compilers and test runners come and go between the two looks.
        let lasting = theirs.intersection(&ours).count();
        assert!(ours.contains("glances"), "{alias}: {ours:?}");
        assert!(lasting * 10 >= theirs.len() * 7, "{alias}: {ours:?} against {theirs:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn versions_are_found_out_and_shown() {
    let (running, config) = fleet("2s").await;
    let server = Server::start(&config).await;
    server.ready().await;
    let reply = server.ask("list_servers", json!({})).await;
    for glances in &running {
        let rows = reply["servers"].as_array().unwrap();
        let row = rows.iter().find(|row| row["server"] == glances.alias.as_str()).unwrap();
        assert_eq!(row["status"], "up", "{row}");
        assert_eq!(row["api"], glances.api, "{row}");
        if glances.api == 4 {
            assert_eq!(row["glances"], glances.version, "{row}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn passwords_open_what_wrong_ones_do_not() {
    let modern = Glances::start("4.5.8", Some("a good password")).await;
    let old = Glances::start("3.4.0.5", Some("a good password")).await;
    let but = |of: &Glances, alias: &str, key: &str, value: &str| {
        let mut server = of.server();
        server["alias"] = json!(alias);
        server[key] = json!(value);
        server
    };
    // Glances 3 takes half a second of its only thread for each password.
    let config = json!({
        "servers": [
            modern.server(),
            but(&modern, "token", "auth", "token"),
            but(&modern, "wrong", "password", "a bad password"),
            old.server(),
        ],
        "http": {"port": 0}, "log": {"level": "warn"}, "poll": {"interval": "5s"},
    });
    let server = Server::start(&config).await;
    server.counts("auth_failed", 1).await;
    server.counts("up", 3).await;
    let reply = server.ask("get_system_overview", json!({})).await;
    let unavailable = reply["coverage"]["unavailable"].to_string();
    assert!(unavailable.contains("set `username` and `password`"), "{unavailable}");
    let all = server.ask("get_server_status", json!({"probe": true, "servers": ["wrong"]})).await;
    assert!(!all.to_string().contains("a bad password"), "{all}");
    for def in tools::all().iter().filter(|def| required(def).is_empty()) {
        server.ask(def.name, json!({"servers": ["g3-4-0-5", "token"]})).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_server_is_down_and_a_started_one_up_again() {
    let mut glances = Glances::start("4.5.8", None).await;
    let server = Server::start(&config_of(std::slice::from_ref(&glances), "2s")).await;
    server.counts("up", 1).await;
    glances.stop();
    server.counts("down", 1).await;
    let reply = server.ask("get_system_overview", json!({})).await;
    let gone = reply["coverage"]["unavailable"].as_array().unwrap();
    let group = gone.iter().find(|group| group["servers"] == json!([glances.alias])).unwrap();
    assert!(group["last_answer_age_seconds"].as_f64().unwrap() > 0.0, "{group}");
    glances.restart().await;
    server.counts("up", 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn extended_details_come_and_glances_is_left_as_it_was() {
    let glances = Glances::start("4.5.8", None).await;
    let server = Server::start(&config_of(std::slice::from_ref(&glances), "2s")).await;
    server.counts("up", 1).await;
    let arguments =
        json!({"server": glances.alias, "pid": glances.pid(), "extended": true, "fresh": true});
    let reply = server.ask("get_process_details", arguments).await;
    assert!(reply["extended"]["open_files"].as_u64().unwrap() > 3, "{reply}");
    until("extended is off", async || {
        (glances.get("processes/extended").await == json!({})).then_some(())
    })
    .await;
}
