//! How real servers are guarded, as they come and as they can be.

use serde_json::{Value, json};

use super::{config_of, real::Glances};
use crate::support::Server;

/// Of no file that Glances ships.
const SECRET: &str = "planted-in-glances-conf";

fn settings(more: &str) -> String {
    format!("[influxdb2]\nhost=localhost\ntoken={SECRET}\n[mqtt]\nhost=bob:{SECRET}@queue\n{more}")
}

/// Controls that fail, and those that cannot be seen.
async fn found(server: &Server, alias: &str) -> (Vec<String>, Vec<String>) {
    let arguments = json!({"security": true, "servers": [alias]});
    let reply = server.ask("get_server_status", arguments).await;
    assert!(!reply.to_string().contains(SECRET), "{reply}");
    let of = |result: &str| -> Vec<String> {
        let rows = reply["security"]["findings"].as_array().into_iter().flatten();
        let rows = rows.filter(|row| row["result"] == result);
        let name = |row: &Value| row["control"].as_str().unwrap().to_owned();
        // What runs on this machine is none of Glances' business.
        rows.map(name).filter(|id| id != "command_lines" && !id.starts_with("container")).collect()
    };
    (of("fail"), of("unseen"))
}

#[tokio::test(flavor = "multi_thread")]
async fn servers_as_they_come_fail_what_their_version_leaves_open() {
    let mut running = Vec::new();
    for version in ["4.5.8", "4.3.3"] {
        running.push(Glances::start_with(version, None, &settings("")).await);
    }
    let server = Server::start(&config_of(&running, "5s")).await;
    server.counts("up", 2).await;
    let modern = found(&server, "g4-5-8").await;
    assert_eq!(modern, (vec!["authentication".into(), "cors".into(), "host_check".into()], vec![]));
    let (fail, unseen) = found(&server, "g4-3-3").await;
    assert_eq!(fail, ["secrets", "authentication", "vulnerabilities", "cors", "host_check"]);
    assert_eq!(unseen, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_and_two_lines_in_glances_conf_mend_it() {
    let lines = "[outputs]\ncors_origins=\nwebui_allowed_hosts=localhost,127.0.0.1\n";
    let guarded = Glances::start_with("4.5.8", Some("a good password"), &settings(lines)).await;
    // Glances 3 takes half a second of its only thread for each password.
    let old = Glances::start_with("3.4.0.5", Some("a good password"), &settings("")).await;
    let running = [guarded, old];
    let server = Server::start(&config_of(&running, "10s")).await;
    server.counts("up", 2).await;
    assert_eq!(found(&server, "g4-5-8").await, (vec![], vec![]));
    let (fail, unseen) = found(&server, "g3-4-0-5").await;
    assert_eq!(fail, ["vulnerabilities", "cors", "host_check"]);
    assert_eq!(unseen, Vec::<String>::new());
}
