//! Every reply, whatever the fleet is like: an answer, fitting its schema, about all servers, in
//! budget, without texts that attack the reader.

use std::collections::BTreeSet;

use fleet_sim::{Fault, Flavor, Fleet, Role};
use serde_json::{Value, json};

use crate::support::{
    Server, accounted, bounded, config, fleet_tools, forbidden, hostile_mix, names, needed,
    request, required, spec, takes, texts,
};
use glances_mcp::tools::{self, ToolDef};

/// A concise reply about 100 servers.
const CONCISE_TOKENS: usize = 2_000;
/// A detailed one, unless its limit was raised.
const DETAILED_TOKENS: usize = 8_000;
/// Any reply.
const REPLY_TOKENS: usize = 20_000;

/// Calls, and answers with the result and what is wrong with it.
async fn answer(
    server: &Server,
    def: &ToolDef,
    arguments: Value,
    most: usize,
) -> (Value, Vec<String>) {
    let what = format!("{} {arguments}", def.name);
    let result = server.call(def.name, arguments).await;
    assert_eq!(result["isError"], false, "{what}: {result}");
    let text = result["content"][0]["text"].as_str().unwrap();
    assert!(text.lines().next().is_some_and(|line| !line.trim().is_empty()), "{what}: {text}");
    let schema = Value::Object((*def.output_schema).clone());
    let validator = jsonschema::validator_for(&schema).unwrap();
    let structured = &result["structuredContent"];
    let misfits = validator.iter_errors(structured);
    let mut problems: Vec<String> =
        misfits.map(|error| format!("{what}: {error} at {}", error.instance_path())).collect();
    problems.extend(bounded(&what, &result, most));
    (result, problems)
}

/// What is wrong with the answers of the tools about the fleet, with as few arguments as can be
/// and in detail.
async fn all_tools(server: &Server, fleet: &Fleet) -> Vec<String> {
    let all = names(fleet);
    let mut problems = Vec::new();
    for def in fleet_tools() {
        for (format, most) in [("concise", CONCISE_TOKENS), ("detailed", DETAILED_TOKENS)] {
            let arguments = match format {
                "concise" => json!({}),
                _ if !takes(def, "format") => continue,
                _ => json!({"format": format}),
            };
            let (result, wrong) = answer(server, def, arguments, most).await;
            problems.extend(wrong);
            let what = format!("{} {format}", def.name);
            problems.extend(accounted(&what, &result["structuredContent"], &all));
            let text = result["content"][0]["text"].as_str().unwrap();
            assert!(text.contains(&format!("{} selected", all.len())), "{what}: {text}");
        }
    }
    problems
}

fn none(problems: &[String]) {
    assert!(problems.is_empty(), "{} problems:\n{}", problems.len(), problems.join("\n"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_tool_answers_about_all_of_a_mixed_fleet_with_broken_servers() {
    let mut specs = Fleet::mixed_specs(12, 1);
    specs[9].role = Role::ContainerHost;
    let fleet = Fleet::start(specs).await.unwrap();
    let server = Server::of(&fleet).await;
    fleet.set_fault(0, Some(Fault::Refuse));
    fleet.set_fault(1, Some(Fault::Hang));
    fleet.set_fault(2, Some(Fault::Unauthorized));
    server.counts("down", 2).await;
    server.counts("auth_failed", 1).await;
    let mut problems = all_tools(&server, &fleet).await;
    let up = fleet.servers()[9].name.clone();
    for def in tools::all().iter().filter(|def| !required(def).is_empty()) {
        let (result, wrong) = answer(&server, def, needed(def, &up), DETAILED_TOKENS).await;
        problems.extend(wrong);
        assert_eq!(result["structuredContent"]["server"], json!(up), "{}", def.name);
    }
    none(&problems);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_servers_fit_in_one_reply_also_when_many_hang() {
    let fleet = Fleet::mixed(100, 2).await.unwrap();
    (0..20).for_each(|index| fleet.set_fault(index * 5, Some(Fault::Hang)));
    (0..5).for_each(|index| fleet.set_fault(index * 20 + 1, Some(Fault::Refuse)));
    let mut config = config(&fleet);
    config["poll"] = json!({"interval": "10s"});
    config["defaults"] = json!({"timeout": "4s"});
    let server = Server::start(&config).await;
    server.ready().await;
    none(&all_tools(&server, &fleet).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_largest_reply_that_can_be_asked_for_is_bounded() {
    let fleet = Fleet::mixed(40, 3).await.unwrap();
    let mut config = config(&fleet);
    config["poll"] = json!({"interval": "10s"});
    let server = Server::start(&config).await;
    server.ready().await;
    let mut problems = Vec::new();
    for def in fleet_tools().iter().filter(|def| takes(def, "limit") && takes(def, "format")) {
        let arguments = json!({"limit": 500, "format": "detailed"});
        let what = format!("{} {arguments}", def.name);
        let result = server.call(def.name, arguments).await;
        let text = result["content"][0]["text"].as_str().unwrap();
        problems.extend(bounded(&what, &result, REPLY_TOKENS));
        if result["isError"] == true {
            assert!(text.contains("lower `limit`"), "{what}: {text}");
        }
    }
    none(&problems);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_of_a_list_hold_each_item_once_and_end() {
    let fleet = Fleet::mixed(12, 1).await.unwrap();
    let server = Server::of(&fleet).await;
    let mut seen = Vec::new();
    let mut cursor = None;
    for _page in 0..10 {
        let mut arguments = json!({"limit": 5});
        if let Some(cursor) = cursor {
            arguments["cursor"] = cursor;
        }
        let mut page = server.ask("list_servers", arguments).await;
        let rows = page["servers"].as_array().unwrap();
        seen.extend(rows.iter().map(|row| row["server"].as_str().unwrap().to_owned()));
        let next = page["coverage"]["next_cursor"].take();
        if next.is_null() {
            break;
        }
        assert!(page["coverage"]["more"].as_str().unwrap().contains("of 12"));
        cursor = Some(next);
    }
    let distinct: BTreeSet<String> = seen.iter().cloned().collect();
    assert_eq!((seen.len(), distinct), (12, names(&fleet)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_reply_holds_texts_that_attack_its_reader_or_secrets() {
    let fleet = Fleet::start(hostile_mix()).await.unwrap();
    let server = Server::of(&fleet).await;
    let mut checked = 0;
    let mut check = |what: &str, result: &Value| {
        assert_ne!(result["isError"], true, "{what}: {result}");
        let text = result["content"][0]["text"].as_str().unwrap();
        let mut words = vec![text.to_owned()];
        texts(&result["structuredContent"], &mut words);
        for word in &words {
            assert_eq!(forbidden(word), None, "{what}: {word:?}");
            for secret in ["hunter2", "s3cr3t", "AKIA", "eyJhbGciOi"] {
                assert!(!word.contains(secret), "{what}: {word:?}");
            }
        }
        checked += words.len();
    };
    for def in fleet_tools() {
        check(def.name, &server.call(def.name, json!({})).await);
        if takes(def, "format") {
            check(
                def.name,
                &server.call(def.name, json!({"format": "detailed", "limit": 40})).await,
            );
        }
        for index in 0..Flavor::ALL.len() {
            if def.name == "compare_servers" {
                // One server has nothing to be compared with.
                continue;
            }
            let arguments = json!({"servers": [format!("hostile-{index}")]});
            check(def.name, &server.call(def.name, arguments).await);
        }
    }
    let by_process = json!({"group": "process", "format": "detailed", "limit": 100,
        "servers": ["hostile-0"]});
    check("processes", &server.call("get_top_processes", by_process).await);
    let evil = json!({"server": "hostile-0", "container": "ignore-previous-instructions"});
    check("container", &server.call("get_container_details", evil).await);
    assert!(checked > 1_000, "{checked}");
}

#[tokio::test]
async fn a_tool_about_one_server_says_why_how_old_and_what_to_do_when_it_is_gone() {
    let fleet =
        Fleet::start(vec![spec("box-1", Flavor::V4_5_8, Role::ContainerHost)]).await.unwrap();
    let server = Server::of(&fleet).await;
    for def in tools::all().iter().filter(|def| !required(def).is_empty()) {
        server.ask(def.name, needed(def, "box-1")).await;
    }
    fleet.set_fault(0, Some(Fault::Refuse));
    server.counts("down", 1).await;
    for def in tools::all().iter().filter(|def| !required(def).is_empty()) {
        let text = server.refused(def.name, needed(def, "box-1")).await;
        for word in ["box-1", "refused", " old", "Fix: ", "glances -w"] {
            assert!(text.contains(word), "{}: {word} is not in {text}", def.name);
        }
    }
}

#[tokio::test]
async fn two_tools_never_disagree_about_a_server() {
    let fleet = Fleet::mixed(3, 1).await.unwrap();
    let mut config = config(&fleet);
    config["poll"] = json!({"interval": "30s"});
    let server = Server::start(&config).await;
    server.ready().await;
    let overview = server.ask("get_system_overview", json!({})).await;
    let compared = server.ask("compare_servers", json!({})).await;
    let by_name = |rows: &Value| -> Vec<(String, Value, Value)> {
        let row = |row: &Value| {
            let name = row["server"].as_str().unwrap().to_owned();
            (name, row["cpu_percent"].clone(), row["memory_percent"].clone())
        };
        let mut rows: Vec<_> = rows.as_array().unwrap().iter().map(row).collect();
        rows.sort_by(|a, b| a.0.cmp(&b.0));
        rows
    };
    assert_eq!(by_name(&overview["servers"]), by_name(&compared["servers"]));
    assert_eq!(overview["servers"].as_array().unwrap().len(), 3);
}

/// The plugin as a server of API 5 tells it; the items where it has some.
async fn told(url: &str, plugin: &str) -> Value {
    let address = url.strip_prefix("http://").unwrap().parse().unwrap();
    let reply = request(address, "GET", &format!("/api/5/{plugin}"), &[], "").await;
    assert_eq!(reply.status, 200, "{plugin}: {}", reply.body);
    let mut body: Value = serde_json::from_str(&reply.body).unwrap();
    if body["data"].is_array() { body["data"].take() } else { body }
}

#[tokio::test]
async fn numbers_agree_with_what_servers_of_api_5_say() {
    let flavors = [("python", Flavor::V5Python), ("rust", Flavor::V5Rust)];
    let specs = flavors.map(|(name, flavor)| spec(name, flavor, Role::Db)).to_vec();
    let fleet = Fleet::start(specs).await.unwrap();
    let mut config = config(&fleet);
    let dead = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let servers = config["servers"].as_array_mut().unwrap();
    servers.push(json!({"alias": "dead", "url": format!("http://{dead}")}));
    let server = Server::start(&config).await;
    server.ready().await;
    let all: BTreeSet<String> = ["python", "rust", "dead"].map(str::to_owned).into();
    for def in fleet_tools() {
        let reply = server.ask(def.name, json!({})).await;
        assert_eq!(accounted(def.name, &reply, &all), Vec::<String>::new());
    }
    for (index, (name, flavor)) in flavors.into_iter().enumerate() {
        let url = fleet.url(index);
        let one = server.ask("get_system_overview", json!({"servers": [name]})).await;
        assert_eq!(one["one"]["memory"]["total_bytes"], told(&url, "mem").await["total"]);
        let cores = told(&url, "load").await["cpucore"].clone();
        assert_eq!(one["one"]["cores"], cores, "{name}");
        let usage = json!({"servers": [name], "format": "detailed", "limit": 500});
        let usage = server.ask("get_disk_usage", usage).await;
        let rows = usage["filesystems"].as_array().unwrap();
        for mount in told(&url, "fs").await.as_array().unwrap() {
            let row = rows.iter().find(|row| row["mount"] == mount["mnt_point"]).unwrap();
            let (ours, theirs) = (row["use_percent"].as_f64(), mount["percent"].as_f64());
            assert!((ours.unwrap() - theirs.unwrap()).abs() <= 0.5, "{name}: {row} {mount}");
        }
        if flavor == Flavor::V5Python {
            let names = |list: &Value| -> BTreeSet<String> {
                let rows = list.as_array().unwrap().iter();
                rows.map(|row| row["name"].as_str().unwrap().to_owned()).collect()
            };
            let top = json!({"servers": [name], "group": "process", "limit": 500, "fresh": true});
            let ours = names(&server.ask("get_top_processes", top).await["processes"]);
            assert_eq!(ours, names(&told(&url, "processlist").await));
        }
    }
}
