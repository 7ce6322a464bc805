//! What history calls unusual, against the truth of scripted incidents.

use fleet_sim::scenario::{Kind, Scenario};
use serde_json::{Value, json};

use crate::support::judged::{END, HOUR, Judged, days, specs};

/// Enough for habits of the day.
const DAYS: f64 = 9.5;

fn rows(reply: &Value) -> Vec<Value> {
    reply["anomalies"].as_array().unwrap().clone()
}

/// The rows' servers, first what to act on.
fn servers(reply: &Value) -> Vec<String> {
    rows(reply).iter().map(|row| row["server"].as_str().unwrap().to_owned()).collect()
}

/// Plays an incident so many hours ago.
fn play(scenario: &mut Scenario, kind: Kind, host: usize, hours_ago: f64, hours: f64) {
    assert!(scenario.play(kind, &[host], END - hours_ago * HOUR, hours * HOUR), "{kind:?}");
}

#[tokio::test(start_paused = true)]
async fn incidents_stand_in_the_first_places_with_their_series() {
    let mut scenario = Scenario::calm(specs(4, 5), days(DAYS), 5);
    play(&mut scenario, Kind::MemoryLeak, 0, 12.0, 11.9);
    play(&mut scenario, Kind::CpuRunaway, 1, 3.0, 2.0);
    play(&mut scenario, Kind::DeployShift, 2, 20.0, 20.0);
    play(&mut scenario, Kind::BackupWindow, 3, 24.0 * 9.0, 24.0 * 9.0);
    let truth = scenario.incidents().to_vec();
    let past = Judged::of(scenario).await;
    let reply = past.ask("detect_anomalies", json!({})).await;
    let first: Vec<Value> = rows(&reply).into_iter().take(3).collect();
    for incident in truth.iter().filter(|it| it.kind != Kind::BackupWindow) {
        let effect = &incident.effects[0];
        let row = first.iter().find(|row| row["server"] == effect.name.as_str());
        let row = row.unwrap_or_else(|| panic!("{:?}: {reply:#}", incident.kind));
        let metric = row["metric"].as_str().unwrap();
        assert!(effect.series.iter().any(|it| it == metric), "{:?}: {row}", incident.kind);
        let since: jiff::Timestamp = row["since"].as_str().unwrap().parse().unwrap();
        let off = (since.as_second() as f64 - effect.span.begin).abs() / HOUR;
        assert!(off <= 4.0, "{:?} began {off} h away: {row}", incident.kind);
        let (low, high) = (row["low"].as_f64().unwrap(), row["high"].as_f64().unwrap());
        assert!(!(low..=high).contains(&row["value"].as_f64().unwrap()), "{row}");
        assert!((low..=high).contains(&row["expected"].as_f64().unwrap()), "{row}");
    }
    // The nightly job is none, and what moved with the processor is no row of its own.
    assert!(!servers(&reply).contains(&"sim-004".to_owned()), "{reply:#}");
    let busy = first.iter().find(|row| row["server"] == "sim-002").unwrap();
    assert!(busy["with"].to_string().contains("load.min5"), "{busy}");
    assert!(reply["coverage"]["selected"] == 4 && reply["series_judged"].as_u64() > Some(60));

    let growth = past.ask("detect_anomalies", json!({"kind": "trend_change"})).await;
    assert_eq!(servers(&growth), ["sim-001"], "{growth:#}");
    assert!(rows(&growth)[0]["growth_per_hour"].as_f64() > Some(2.0), "{growth:#}");
    let memory = past.ask("detect_anomalies", json!({"metrics": ["mem.*"]})).await;
    assert!(rows(&memory).iter().all(|row| row["metric"] == "mem.percent"), "{memory:#}");
}

#[tokio::test(start_paused = true)]
async fn a_calm_fleet_is_unchanged_and_next_to_nothing_of_it_is_unusual() {
    let past = Judged::of(Scenario::calm(specs(4, 77), days(DAYS), 77)).await;
    let day = past.ask("detect_anomalies", json!({})).await;
    assert!(day["found"].as_u64() <= Some(1), "{day:#}");
    let week = past.ask("detect_anomalies", json!({"since": "-7d", "limit": 50})).await;
    // One in a fortnight of a server.
    assert!(week["found"].as_u64() <= Some(2), "{week:#}");
    assert!(week["series_judged"].as_u64() > Some(60), "{week:#}");
    for call in [
        json!({}),
        json!({"since": "-12h"}),
        json!({"change_at": "-4h"}),
        json!({"baseline": "-7d", "since": "-6h"}),
    ] {
        let reply = past.ask("performance_comparison", call.clone()).await;
        assert_eq!(reply["fleet"]["verdict"], "unchanged", "{call}: {reply:#}");
        assert_eq!(reply["fleet"]["cannot_tell"], 0, "{call}: {reply:#}");
        // And what a small change would have to be to be seen.
        assert!(reply["notes"].to_string().contains("would not have been seen"), "{reply:#}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_fresh_server_is_refused_with_what_is_missing() {
    let past = Judged::polled(Scenario::calm(specs(3, 5), days(0.5 / 24.0), 5), 60).await;
    let reply = past.ask("detect_anomalies", json!({})).await;
    assert_eq!(reply["found"], 0);
    let missing = &reply["not_judged"][0];
    assert_eq!(missing["count"], 3, "{reply}");
    assert!(missing["reason"].as_str().unwrap().contains("needs 1 hour"), "{missing}");

    let mut scenario = Scenario::calm(specs(3, 5), days(1.5), 5);
    play(&mut scenario, Kind::CpuRunaway, 1, 2.0, 2.0);
    let past = Judged::of(scenario).await;
    let reply = past.ask("detect_anomalies", json!({})).await;
    let reason = reply["not_judged"][0]["reason"].as_str().unwrap();
    assert!(reason.contains("gross errors only") && reason.contains("habits need 3 days"));
    // What is gross is told at once, and by what right.
    let first = &rows(&reply)[0];
    assert_eq!((&first["server"], &first["metric"]), (&json!("sim-002"), &json!("cpu.total")));
    assert_eq!(first["confidence"], "low", "{first}");
}

#[tokio::test(start_paused = true)]
async fn a_time_without_samples_is_a_gap_and_no_anomaly() {
    let mut scenario = Scenario::calm(specs(1, 5), days(DAYS), 5);
    play(&mut scenario, Kind::Outage, 0, 8.0, 4.0);
    let past = Judged::of(scenario).await;
    let reply = past.ask("detect_anomalies", json!({"sensitivity": "high"})).await;
    assert!(reply["notes"].to_string().contains("sim-001 4h"), "{reply:#}");
    for row in rows(&reply).iter().filter(|row| row["server"] == "sim-001") {
        assert_ne!(row["value"], 0, "{row}");
        assert_ne!(row["kind"], "level_shift", "{row}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_time_that_is_not_at_hand_is_computed_as_it_would_have_been() {
    let mut scenario = Scenario::calm(specs(2, 5), days(13.8), 5);
    play(&mut scenario, Kind::CpuRunaway, 1, 24.0 * 8.0, 3.0);
    let past = Judged::of(scenario).await;
    let older = json!({"since": "-9d", "until": "-7d"});
    let reply = past.ask("detect_anomalies", older).await;
    assert!(reply["judged_at"].is_null(), "{reply}");
    let first = &rows(&reply)[0];
    assert_eq!((&first["server"], &first["metric"]), (&json!("sim-002"), &json!("cpu.total")));
    assert_eq!(first["ongoing"], false, "{first}");
    let now = past.ask("detect_anomalies", json!({})).await;
    assert!(!servers(&now).contains(&"sim-002".to_owned()), "{now:#}");
    for (input, words) in [
        (json!({"since": "-30d", "until": "-20d"}), "at most 7 days"),
        (json!({"since": "-50d", "until": "-49d"}), "within the last 35 days"),
        (json!({"metrics": ["uptime.seconds"]}), "cpu.total"),
    ] {
        let refused = past.refused("detect_anomalies", input.clone()).await;
        assert!(refused.contains(words), "{input}: {refused}");
    }
}
