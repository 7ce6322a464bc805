//! Alerts from the poll to the reply, over a restart, and for whom they are.

use fleet_sim::{Fault, Flavor, Fleet, Role};
use serde_json::{Value, json};

use crate::support::{Server, config, names, spec, until};

/// A rule that any server breaks at once.
fn breaking() -> Value {
    json!([{"metric": "mem.percent", "warning": 0.5, "critical": 1, "unit": "percent", "for": 0}])
}

async fn firing(server: &Server, least: u64) -> Value {
    until(&format!("{least} alerts"), async || {
        let reply = server.ask("check_alert_conditions", json!({"format": "detailed"})).await;
        (reply["firing"].as_u64().unwrap() >= least).then_some(reply)
    })
    .await
}

#[tokio::test]
async fn a_threshold_of_the_file_fires_with_its_cause_and_a_next_call() {
    let fleet = Fleet::mixed(2, 1).await.unwrap();
    let mut config = config(&fleet);
    config["alert_thresholds"] = breaking();
    let server = Server::start(&config).await;
    let reply = firing(&server, 2).await;
    let rows = reply["alerts"].as_array().unwrap();
    let memory: Vec<&Value> = rows.iter().filter(|row| row["metric"] == "mem.percent").collect();
    assert_eq!(memory.len(), 2, "{reply}");
    for row in memory {
        assert_eq!((&row["severity"], &row["state"]), (&json!("critical"), &json!("firing")));
        assert_eq!(row["threshold"], 1);
        assert!(
            row["value"].as_f64().unwrap() > 1.0 && row["since"].as_str().unwrap().ends_with('Z')
        );
    }
    let group = &reply["groups"][0];
    assert!(group["cause"].as_str().is_some_and(|cause| !cause.is_empty()), "{group}");
    let next = group["next"].as_str().unwrap();
    let (tool, arguments) = next.split_once(' ').unwrap();
    server.ask(tool, serde_json::from_str(arguments).unwrap()).await;

    let past = until("they are history", async || {
        let reply = server.ask("get_alert_history", json!({"filter": "mem.*"})).await;
        (reply["alerts_total"].as_u64() == Some(2)).then_some(reply)
    })
    .await;
    assert_eq!(past["rules"][0]["alerts"], 2, "{past}");
    assert!(past["alerts"][0]["ended"].is_null(), "{past}");
}

#[tokio::test]
async fn a_server_that_is_down_is_one_alert_that_ends_when_it_is_back() {
    let fleet = Fleet::start(vec![spec("web-1", Flavor::V4_5_8, Role::Web)]).await.unwrap();
    let server = Server::of(&fleet).await;
    server.counts("up", 1).await;
    fleet.set_fault(0, Some(Fault::Refuse));
    let reply = firing(&server, 1).await;
    let row = &reply["alerts"][0];
    assert_eq!(
        (&row["server"], &row["severity"]),
        (&json!("web-1"), &json!("critical")),
        "{reply}"
    );
    assert!(row["metric"].as_str().unwrap().starts_with("server."), "{row}");
    assert_eq!(reply["evaluated"], 0);
    assert!(reply["groups"][0]["certain"].as_bool().unwrap(), "{reply}");
    assert!(reply["groups"][0]["next"].as_str().unwrap().contains("probe"), "{reply}");
}

#[tokio::test]
async fn an_alert_that_fires_goes_on_after_a_restart_and_is_one() {
    let dir = tempfile::TempDir::new().unwrap();
    let file = dir.path().join("history.db");
    let fleet = Fleet::start(vec![spec("web-1", Flavor::V4_5_8, Role::Web)]).await.unwrap();
    let mut config = config(&fleet);
    config["alert_thresholds"] = breaking();
    config["store"] = json!({"url": file});
    let server = Server::start(&config).await;
    let before = firing(&server, 1).await;
    let find = |reply: &Value| {
        let rows = reply["alerts"].as_array().unwrap().clone();
        rows.into_iter().find(|row| row["metric"] == "mem.percent").unwrap()
    };
    let before = find(&before);
    drop(server);
    let server = until("the file is free", async || {
        let other = glances_mcp::store::Sql::open(&file, "a look").await.ok()?;
        drop(other);
        Some(Server::start(&config).await)
    })
    .await;
    let after = find(&firing(&server, 1).await);
    assert_eq!((&after["id"], &after["since"]), (&before["id"], &before["since"]));
    let past = server.ask("get_alert_history", json!({"filter": "mem.percent"})).await;
    assert_eq!(past["alerts_total"], 1, "{past}");
}

#[tokio::test]
async fn thresholds_of_a_call_judge_the_present_and_change_nothing() {
    let fleet = Fleet::mixed(2, 1).await.unwrap();
    let server = Server::of(&fleet).await;
    server.counts("up", 2).await;
    let given = json!([{"metric": "mem.percent", "warning": 0.5, "critical": 99.9}]);
    let reply = server.ask("check_alert_conditions", json!({"thresholds": given})).await;
    let custom = reply["custom"].as_array().unwrap();
    assert_eq!(custom.len(), 2, "{reply}");
    assert!(custom.iter().all(|row| row["severity"] == "warning" && row["threshold"] == 0.5));
    let again = server.ask("check_alert_conditions", json!({})).await;
    assert!(again["custom"].is_null(), "{again}");
    for (thresholds, words) in [
        (
            json!([{"metric": "mem.pcent", "warning": 1, "critical": 2}]),
            ["thresholds[0]", "mem.percent"],
        ),
        (
            json!([{"metric": "mem.percent", "warning": 1, "critical": 2, "unit": "seconds"}]),
            ["thresholds[0].unit", "percent"],
        ),
    ] {
        let refused =
            server.refused("check_alert_conditions", json!({"thresholds": thresholds})).await;
        for word in words {
            assert!(refused.contains(word), "{thresholds}: {refused}");
        }
    }
}

#[tokio::test]
async fn alerts_of_servers_that_a_caller_may_not_see_are_not_there() {
    use glances_mcp::access::{Principal, Role as Access, Scope};
    let specs = ["open-1", "vault-1"].map(|name| spec(name, Flavor::V4_5_8, Role::Web)).to_vec();
    let fleet = Fleet::start(specs).await.unwrap();
    assert_eq!(names(&fleet).len(), 2);
    let mut config = config(&fleet);
    config["alert_thresholds"] = breaking();
    let server = Server::start(&config).await;
    firing(&server, 2).await;
    let only = vec![glances_mcp::model::HostName::parse("open-1").unwrap()];
    let viewer =
        Principal { id: "viewer".into(), role: Access::Viewer, servers: Scope::Only(only.into()) };
    let cx = server.context(viewer);
    let defs = glances_mcp::tools::all();
    for tool in ["check_alert_conditions", "get_alert_history"] {
        let def = defs.iter().find(|def| def.name == tool).unwrap();
        let arguments = crate::support::arguments(json!({"format": "detailed"}));
        let reply = def.call(cx.clone(), arguments).await.unwrap();
        assert!(!reply.text.contains("vault"), "{}", reply.text);
        assert!(!reply.structured.to_string().contains("vault"), "{}", reply.structured);
        assert!(reply.text.contains("open-1"), "{}", reply.text);
    }
}

#[tokio::test]
async fn a_maintenance_window_keeps_an_alert_and_explains_why_nobody_is_told() {
    let fleet = Fleet::mixed(1, 1).await.unwrap();
    let mut config = config(&fleet);
    config["alert_thresholds"] = breaking();
    config["maintenance_windows"] = json!([{
        "name": "upgrade", "start": "2020-01-01T00:00:00Z", "end": "2099-01-01T00:00:00Z",
    }]);
    let server = Server::start(&config).await;
    let reply = until("it is suppressed", async || {
        let reply = server.ask("check_alert_conditions", json!({"format": "detailed"})).await;
        (reply["suppressed"].as_u64().unwrap() > 0).then_some(reply)
    })
    .await;
    assert_eq!(reply["firing"], 0, "{reply}");
    let rows = reply["alerts"].as_array().unwrap();
    let memory = rows.iter().find(|row| row["metric"] == "mem.percent").unwrap();
    assert!(
        memory["suppressed_by"].as_str().unwrap().contains("maintenance `upgrade`"),
        "{memory}"
    );
    let concise = server.ask("check_alert_conditions", json!({})).await;
    let shown = concise["alerts"].as_array().unwrap();
    assert!(shown.iter().all(|row| row["metric"] != "mem.percent"), "{concise}");
}

#[tokio::test]
async fn a_silenced_alert_is_suppressed_explained_and_counted_until_the_silence_is_ended() {
    let fleet = Fleet::mixed(2, 1).await.unwrap();
    let mut config = config(&fleet);
    config["alert_thresholds"] = breaking();
    let server = Server::start(&config).await;
    let before = firing(&server, 2).await["firing"].as_u64().unwrap();
    let order = json!({"action": "silence", "servers": ["sim-001"], "filter": "mem.percent",
        "for": "2h", "reason": "memory is ordered"});
    let reply = server.ask("manage_alerts", order).await;
    let row = &reply["in_force"][0];
    assert_eq!((&row["kind"], &row["alerts"]), (&json!("silence"), &json!(1)), "{reply}");
    assert_eq!((&row["by"], &row["reason"]), (&json!("local"), &json!("memory is ordered")));
    assert!(reply["done"].as_str().unwrap().contains("silenced until"), "{reply}");

    let reply = until("it is suppressed", async || {
        let reply = server.ask("check_alert_conditions", json!({"format": "detailed"})).await;
        (reply["suppressed"] == 1).then_some(reply)
    })
    .await;
    assert_eq!(reply["firing"], before - 1, "{reply}");
    let hidden = |row: &&Value| row["suppressed_by"].is_string();
    let rows = reply["alerts"].as_array().unwrap();
    let hidden: Vec<&Value> = rows.iter().filter(hidden).collect();
    assert_eq!(hidden.len(), 1, "{reply}");
    assert_eq!(
        (&hidden[0]["server"], &hidden[0]["metric"]),
        (&json!("sim-001"), &json!("mem.percent"))
    );
    let why = hidden[0]["suppressed_by"].as_str().unwrap();
    assert!(why.starts_with("silenced until 20"), "{why}");
    assert!(reply["in_force"][0].as_str().unwrap().contains("memory is ordered"), "{reply}");
    let listed = server.ask("manage_alerts", json!({})).await;
    assert_eq!((&listed["suppressed"], &listed["in_force"][0]), (&json!(1), row));

    let over = server.ask("manage_alerts", json!({"action": "end", "id": row["id"]})).await;
    assert!(over["done"].as_str().unwrap().contains("is over"), "{over}");
    firing(&server, before).await;
    assert!(server.ask("manage_alerts", json!({})).await["in_force"][0].is_null());
}

#[tokio::test]
async fn a_clock_that_is_wrong_is_an_alert_of_its_server_alone() {
    let specs = ["web-1", "web-2"].map(|name| spec(name, Flavor::V4_5_8, Role::Web)).to_vec();
    let fleet = Fleet::start(specs).await.unwrap();
    fleet.set_fault(0, Some(Fault::ClockSkew(-600)));
    let server = Server::of(&fleet).await;
    let row = until("a wrong clock", async || {
        let reply = server.ask("check_alert_conditions", json!({})).await;
        let rows = reply["alerts"].as_array().unwrap().clone();
        rows.into_iter().find(|row| row["metric"] == "server.clock_skew")
    })
    .await;
    assert_eq!((&row["server"], &row["severity"]), (&json!("web-1"), &json!("critical")), "{row}");
    let seconds = row["value"].as_f64().unwrap();
    assert!((598.0..=603.0).contains(&seconds), "{row}");
}

#[tokio::test]
async fn what_does_not_work_without_a_server_that_is_down_is_in_its_group() {
    let specs = ["db-1", "web-1"].map(|name| spec(name, Flavor::V4_5_8, Role::Web)).to_vec();
    let fleet = Fleet::start(specs).await.unwrap();
    let mut config = config(&fleet);
    config["alert_thresholds"] = breaking();
    config["servers"][1]["depends_on"] = json!(["db-1"]);
    let server = Server::start(&config).await;
    firing(&server, 2).await;
    fleet.set_fault(0, Some(Fault::Refuse));
    let group = until("one group", async || {
        let reply = server.ask("check_alert_conditions", json!({})).await;
        let group = reply["groups"][0].clone();
        (group["servers"] == json!(["db-1", "web-1"])).then_some(group)
    })
    .await;
    assert!(group["cause"].as_str().unwrap().contains("db-1"), "{group}");
    assert_eq!(group["certain"], true, "{group}");
}
