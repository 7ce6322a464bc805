//! The states of a server, to the letter: each comes when its reason comes and goes with it.

use std::{collections::BTreeSet, time::Instant};

use fleet_sim::{Fault, Flavor, Fleet, Role};
use serde_json::{Value, json};

use crate::support::{Server, config, spec, until};

async fn one(flavor: Flavor, role: Role) -> (Fleet, Server) {
    let fleet = Fleet::start(vec![spec("box-1", flavor, role)]).await.unwrap();
    let server = Server::of(&fleet).await;
    server.counts("up", 1).await;
    (fleet, server)
}

async fn row(server: &Server) -> Value {
    server.ask("get_server_status", json!({})).await["servers"][0].take()
}

/// Waits for a status, and answers with the row that has it.
async fn becomes(server: &Server, status: &str) -> Value {
    until(&format!("status {status}"), async || {
        let row = row(server).await;
        (row["status"] == status).then_some(row)
    })
    .await
}

#[tokio::test]
async fn a_server_that_refuses_is_down_after_two_attempts_and_up_again_when_it_is_back() {
    let (fleet, server) = one(Flavor::V4_5_8, Role::Web).await;
    let before = server.ask("get_system_overview", json!({})).await;
    assert_eq!(before["coverage"]["shown"], 1);
    fleet.set_fault(0, Some(Fault::Refuse));
    let down = becomes(&server, "down").await;
    assert!(down["failures_in_row"].as_u64().unwrap() >= 2, "{down}");
    assert!(down["error"].as_str().unwrap().contains("refused"), "{down}");
    assert!(down["fix"].as_str().unwrap().contains("glances -w"), "{down}");
    assert!(down["last_success_age_seconds"].as_f64().is_some(), "{down}");
    let during = server.ask("get_system_overview", json!({})).await;
    let group = &during["coverage"]["unavailable"][0];
    assert_eq!(group["servers"], json!(["box-1"]));
    assert!(group["last_answer_age_seconds"].as_f64().unwrap() > 0.0, "{group}");
    fleet.set_fault(0, None);
    let back = Instant::now();
    becomes(&server, "up").await;
    assert!(back.elapsed().as_secs() < 10, "{:?}", back.elapsed());
    let after = server.ask("get_system_overview", json!({})).await;
    assert_eq!(after["coverage"]["shown"], 1);
    assert_eq!(after["coverage"].get("unavailable"), None);
}

#[tokio::test]
async fn one_failure_alone_is_no_outage() {
    let (fleet, server) = one(Flavor::V4_5_8, Role::Web).await;
    fleet.set_fault(0, Some(Fault::Refuse));
    let failed = until("a first failure", async || {
        let row = row(&server).await;
        (row["failures_in_row"] == 1).then_some(row)
    })
    .await;
    assert_ne!(failed["status"], "down", "{failed}");
    fleet.set_fault(0, None);
    until("a good poll", async || {
        let row = row(&server).await;
        assert_ne!(row["status"], "down", "{row}");
        row.get("failures_in_row").is_none().then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_server_that_hangs_is_down() {
    let (fleet, server) = one(Flavor::V4_3_3, Role::Web).await;
    fleet.set_fault(0, Some(Fault::Hang));
    let down = becomes(&server, "down").await;
    assert!(down["error"].as_str().unwrap().contains("no answer within"), "{down}");
    fleet.set_fault(0, None);
    becomes(&server, "up").await;
}

#[tokio::test]
async fn a_server_that_never_answered_was_never_seen() {
    let fleet = Fleet::start(vec![spec("box-1", Flavor::V4_5_8, Role::Web)]).await.unwrap();
    fleet.set_fault(0, Some(Fault::Refuse));
    let server = Server::of(&fleet).await;
    becomes(&server, "never_seen").await;
    let reply = server.ask("get_disk_usage", json!({})).await;
    let group = &reply["coverage"]["unavailable"][0];
    assert!(group["reason"].as_str().unwrap().starts_with("never_seen"), "{group}");
    assert_eq!(group.get("last_answer_age_seconds"), None, "{group}");
    fleet.set_fault(0, None);
    becomes(&server, "up").await;
}

#[tokio::test]
async fn a_changed_password_is_told_as_such() {
    let (fleet, server) = one(Flavor::V4_5_8, Role::Web).await;
    fleet.set_fault(0, Some(Fault::Unauthorized));
    let failed = becomes(&server, "auth_failed").await;
    assert!(failed["fix"].as_str().unwrap().contains("password"), "{failed}");
    fleet.set_fault(0, None);
    becomes(&server, "up").await;
}

#[tokio::test]
async fn a_password_opens_every_version_that_can_have_one() {
    for flavor in [Flavor::V3_4_0_5, Flavor::V4_0_8, Flavor::V4_3_3, Flavor::V4_5_8] {
        let mut spec = spec("box-1", flavor, Role::Web);
        spec.password = Some("opensesame".to_owned());
        let fleet = Fleet::start(vec![spec]).await.unwrap();
        let mut config = config(&fleet);
        config["servers"][0]["password"] = json!("opensesame");
        let server = Server::start(&config).await;
        server.counts("up", 1).await;
        config["servers"][0]["password"] = json!("wrong");
        let server = Server::start(&config).await;
        server.counts("auth_failed", 1).await;
    }
}

#[tokio::test]
async fn a_hung_container_engine_degrades_its_server_and_nothing_else_gets_old() {
    let (fleet, server) = one(Flavor::V4_5_8, Role::ContainerHost).await;
    fleet.set_fault(0, Some(Fault::HungContainers));
    let degraded = becomes(&server, "degraded").await;
    assert!(degraded["failing_plugins"].as_str().unwrap().contains("containers"), "{degraded}");
    // Everything else is still fresh, poll after poll.
    let polled = fleet.requests(0);
    until("more polls", async || (fleet.requests(0) > polled + 30).then_some(())).await;
    let overview = server.ask("get_system_overview", json!({})).await;
    let row = &overview["servers"][0];
    assert_eq!(row["status"], "degraded", "{row}");
    assert_eq!(row.get("age_seconds"), None, "{row}");
    assert_eq!(server.ask("get_disk_usage", json!({})).await["coverage"]["shown"], 1);
    fleet.set_fault(0, None);
    becomes(&server, "up").await;
}

#[tokio::test]
async fn a_plugin_that_talks_garbage_degrades_its_server_and_is_named() {
    let (fleet, server) = one(Flavor::V4_5_8, Role::Web).await;
    for fault in [Fault::Garbage, Fault::WrongType, Fault::Status500, Fault::Truncated] {
        fleet.set_plugin_fault(0, "network", Some(fault.clone()));
        let degraded = becomes(&server, "degraded").await;
        let failing = degraded["failing_plugins"].as_str().unwrap();
        assert!(failing.starts_with("network"), "{fault:?}: {failing}");
        let overview = server.ask("get_system_overview", json!({})).await;
        assert!(overview["servers"][0]["cpu_percent"].is_number(), "{fault:?}: {overview}");
        fleet.set_plugin_fault(0, "network", None);
        becomes(&server, "up").await;
    }
}

#[tokio::test]
async fn a_server_whose_core_gets_old_is_stale() {
    let (fleet, server) = one(Flavor::V4_5_8, Role::Web).await;
    for plugin in ["cpu", "mem", "load"] {
        fleet.set_plugin_fault(0, plugin, Some(Fault::Status500));
    }
    let stale = becomes(&server, "stale").await;
    let overview = server.ask("get_system_overview", json!({})).await;
    let age = overview["servers"][0]["age_seconds"].as_f64();
    assert!(age.is_some_and(|age| age > 2.0), "{stale} {overview}");
    for plugin in ["cpu", "mem", "load"] {
        fleet.set_plugin_fault(0, plugin, None);
    }
    becomes(&server, "up").await;
}

#[tokio::test]
async fn a_paused_server_is_listed_and_never_asked() {
    let fleet = Fleet::mixed(2, 1).await.unwrap();
    let mut config = config(&fleet);
    config["servers"][0]["paused"] = json!(true);
    let server = Server::start(&config).await;
    server.counts("up", 1).await;
    server.counts("paused", 1).await;
    assert_eq!(fleet.requests(0), 0);
    let reply = server.ask("get_disk_usage", json!({})).await;
    assert_eq!(reply["coverage"]["unavailable"][0]["reason"], "paused");
}

#[tokio::test]
async fn the_first_sample_does_not_wait_for_a_long_interval() {
    let fleet = Fleet::mixed(6, 1).await.unwrap();
    let mut config = config(&fleet);
    config["poll"] = json!({"interval": "1h"});
    let server = Server::start(&config).await;
    server.counts("up", 6).await;
}

#[tokio::test]
async fn rates_exist_when_the_first_call_is_answered() {
    let fleet = Fleet::start(vec![spec("box-1", Flavor::V4_5_8, Role::Web)]).await.unwrap();
    let mut config = config(&fleet);
    config["poll"] = json!({"interval": "10s"});
    let server = Server::start(&config).await;
    let asked = Instant::now();
    let reply = server.ask("get_network_stats", json!({})).await;
    assert!(asked.elapsed().as_secs_f64() < 5.0);
    let rows = reply["interfaces"].as_array().unwrap();
    assert!(rows.iter().any(|row| row["in_bits_per_second"].as_f64() > Some(0.0)), "{reply}");
}

#[tokio::test]
async fn a_reboot_is_a_gap_and_no_spike() {
    let (fleet, server) = one(Flavor::V4_5_8, Role::Db).await;
    let rate = async || {
        let reply = server.ask("get_network_stats", json!({"interface": "eth0"})).await;
        reply["interfaces"][0]["in_bits_per_second"].as_f64()
    };
    let before = rate().await.unwrap();
    fleet.reboot(0);
    let polled = fleet.requests(0);
    let mut worst: f64 = 0.0;
    until("polls after the reboot", async || {
        worst = worst.max(rate().await.unwrap_or(0.0));
        (fleet.requests(0) > polled + 60).then_some(())
    })
    .await;
    assert!(worst < before * 20.0, "{worst} bit/s after {before}");
}

#[tokio::test]
async fn a_sample_that_glances_repeats_is_not_taken_for_standstill() {
    let hosts = Flavor::ALL.iter().enumerate();
    let specs = hosts.map(|(n, flavor)| spec(&format!("box-{n}"), *flavor, Role::Web)).collect();
    let fleet = Fleet::start(specs).await.unwrap();
    let server = Server::of(&fleet).await;
    let polled = fleet.requests(0);
    let mut still = BTreeSet::new();
    until("many polls", async || {
        let reply = server.ask("get_network_stats", json!({"interface": "eth0"})).await;
        for row in reply["interfaces"].as_array().unwrap() {
            if row["in_bits_per_second"] == 0 {
                still.insert(row["server"].as_str().unwrap().to_owned());
            }
        }
        (fleet.requests(0) > polled + 70).then_some(())
    })
    .await;
    // The simulated interfaces always have traffic.
    assert_eq!(still, BTreeSet::new());
}
