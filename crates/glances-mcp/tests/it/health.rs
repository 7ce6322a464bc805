//! The score of a fleet: explained to the point, for whom it is, without a past and over limits of
//! the operator's own.

use fleet_sim::{Fault, Flavor, Fleet, Role};
use glances_mcp::{
    access::{Principal, Role as Access, Scope},
    model::HostName,
};
use serde_json::{Value, json};

use crate::support::{Server, arguments, config, names, spec, tool, until};

fn rows<'v>(reply: &'v Value, list: &str) -> &'v Vec<Value> {
    reply[list].as_array().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_lost_point_is_explained_and_who_is_down_has_no_score() {
    let fleet = Fleet::mixed(12, 1).await.unwrap();
    let server = Server::of(&fleet).await;
    fleet.set_fault(0, Some(Fault::Refuse));
    server.counts("down", 1).await;
    let reply = server.ask("generate_health_score", json!({"format": "detailed"})).await;
    let scores: Vec<f64> =
        rows(&reply, "servers").iter().map(|row| row["score"].as_f64().unwrap()).collect();
    assert_eq!(scores.len(), 11);
    assert!(scores.windows(2).all(|two| two[0] <= two[1]), "worst first: {scores:?}");
    for row in rows(&reply, "servers") {
        let lost = rows(&reply, "deductions").iter().filter(|it| it["server"] == row["server"]);
        let points: Vec<f64> = lost.map(|lost| lost["points"].as_f64().unwrap()).collect();
        let sum: f64 = points.iter().sum();
        let score = row["score"].as_f64().unwrap();
        // Each number is rounded to a tenth.
        let rounding = 0.1 * (points.len() + 1) as f64;
        assert!((100.0 - score - sum).abs() <= rounding, "{row}: {points:?}");
    }
    let down = &fleet.servers()[0].name;
    assert!(rows(&reply, "servers").iter().all(|row| row["server"] != **down));
    assert_eq!((&reply["fleet"]["servers"], &reply["fleet"]["unknown"]), (&json!(11), &json!(1)));
    assert_eq!(reply["coverage"]["unavailable"][0]["servers"], json!([down]));
    assert!(reply["notes"].to_string().contains("neither well nor ill"), "{}", reply["notes"]);
    let counted: u64 = rows(&reply, "environments")
        .iter()
        .map(|row| row["servers"].as_u64().unwrap() + row["unknown"].as_u64().unwrap())
        .sum();
    assert_eq!(counted, 12);
    // Alone it is told of as well, and has no number.
    let alone = server.ask("generate_health_score", json!({"servers": [down]})).await;
    assert!(alone["fleet"].is_null() && rows(&alone, "servers").is_empty(), "{alone}");
}

#[tokio::test]
async fn a_score_without_history_has_no_past_and_says_what_is_missing() {
    let fleet = Fleet::start(vec![spec("web-1", Flavor::V4_5_8, Role::Web)]).await.unwrap();
    let server = Server::of(&fleet).await;
    let reply = until("the judgement", async || {
        let reply = server.ask("generate_health_score", json!({})).await;
        reply["notes"].to_string().contains("24 hours").then_some(reply)
    })
    .await;
    let row = &reply["servers"][0];
    assert!(row["score"].is_number() && row["score_24h_ago"].is_null(), "{row}");
    assert!(row["trend"].is_null(), "{row}");
    assert_eq!(row["history_hours"], 0, "{row}");
    for path in ["days_to_full", "smart.failed"] {
        let lacking = &reply["not_measured"][0];
        assert_eq!(lacking["servers"], 1);
        assert!(lacking["what"].as_str().unwrap().contains(path), "{path}: {lacking}");
    }
}

#[tokio::test]
async fn a_fleet_is_scored_by_what_its_caller_sees() {
    let names_of = ["open-1", "vault-1"];
    let specs = names_of.map(|name| spec(name, Flavor::V4_5_8, Role::Web)).to_vec();
    let fleet = Fleet::start(specs).await.unwrap();
    let mut config = config(&fleet);
    // The other one is ill beyond doubt.
    config["alert_thresholds"] = json!([{"metric": "mem.percent", "warning": 0.5, "critical": 1,
        "unit": "percent", "for": 0, "servers": ["vault-1"]}]);
    let server = Server::start(&config).await;
    server.ready().await;
    let whole = until("the alert", async || {
        let reply = server.ask("generate_health_score", json!({})).await;
        (reply["servers"][0]["server"] == "vault-1"
            && reply["servers"][0]["score"].as_f64() < Some(90.0))
        .then_some(reply)
    })
    .await;
    assert_eq!(whole["fleet"]["servers"], 2);
    let lost = &whole["deductions"][0];
    assert_eq!((&lost["what"], &lost["threshold"]), (&json!("mem.percent"), &json!(1)));
    assert!(lost["since"].as_str().unwrap().ends_with('Z'), "{lost}");

    let only = vec![HostName::parse("open-1").unwrap()];
    let viewer =
        Principal { id: "viewer".into(), role: Access::Viewer, servers: Scope::Only(only.into()) };
    let def = tool("generate_health_score");
    let reply = def.call(server.context(viewer), arguments(json!({}))).await.unwrap();
    assert!(!reply.text.contains("vault"), "{}", reply.text);
    assert!(!reply.structured.to_string().contains("vault"), "{}", reply.structured);
    assert_eq!(reply.structured["fleet"]["servers"], 1);
    assert_eq!(reply.structured["fleet"]["score"], reply.structured["servers"][0]["score"]);
    assert!(reply.structured["fleet"]["score"].as_f64() > whole["fleet"]["score"].as_f64());
    assert_eq!(names(&fleet).len(), 2);
}
