//! Better or worse, against the truth of scripted changes.

use fleet_sim::scenario::{Kind, Scenario};
use serde_json::{Value, json};

use crate::support::judged::{END, HOUR, Judged, days, specs};

/// The same hours of a week are there.
const DAYS: f64 = 8.0;

fn row<'v>(reply: &'v Value, server: &str) -> &'v Value {
    let mut rows = reply["servers"].as_array().unwrap().iter();
    rows.find(|row| row["server"] == server).unwrap_or_else(|| panic!("{server}: {reply:#}"))
}

#[tokio::test(start_paused = true)]
async fn one_call_tells_whether_production_is_worse_since_a_change() {
    let mut scenario = Scenario::calm(specs(4, 5), days(DAYS), 5);
    let deployed = END - 3.0 * HOUR;
    assert!(scenario.play(Kind::DeployShift, &[0, 1, 2], deployed, 3.0 * HOUR));
    let past = Judged::of(scenario).await;
    let call = json!({"servers": ["env:production"], "change_at": "11:00"});
    let reply = past.ask("performance_comparison", call).await;
    let fleet = &reply["fleet"];
    assert_eq!((&fleet["environment"], &fleet["verdict"]), (&json!("production"), &json!("worse")));
    assert_eq!((&fleet["worse"], &fleet["unchanged"]), (&json!(3), &json!(1)), "{reply:#}");
    assert!(fleet["score"].as_f64() < Some(50.0), "{fleet}");
    for server in ["sim-001", "sim-002", "sim-003"] {
        let row = row(&reply, server);
        assert_eq!((&row["verdict"], &row["confidence"]), (&json!("worse"), &json!("medium")));
        assert!(row["after"].as_f64() > row["before"].as_f64(), "{row}");
        assert!(row["effect"].as_f64() > Some(0.33), "{row}");
    }
    // Equal times on both sides.
    assert_eq!(reply["from"], "2026-12-11T11:00:00Z");
    assert_eq!(reply["compared_with"], "2026-12-11T08:00:00Z to 2026-12-11T11:00:00Z");

    // The same by the hour of earlier days, which is surer, and with every series of one server.
    let one = past.ask("performance_comparison", json!({"servers": ["sim-001"]})).await;
    assert_eq!(row(&one, "sim-001")["verdict"], "worse", "{one:#}");
    assert_eq!(row(&one, "sim-001")["confidence"], "high", "{one:#}");
    let series = one["series"].as_array().unwrap();
    let memory = series.iter().find(|it| it["metric"] == "mem.percent").unwrap();
    assert_eq!(memory["verdict"], "worse", "{memory}");
    assert!(memory["low"].as_f64() <= memory["shift"].as_f64(), "{memory}");
}

#[tokio::test(start_paused = true)]
async fn short_history_compares_windows_and_says_so_and_none_cannot_tell() {
    let mut scenario = Scenario::calm(specs(3, 5), days(1.0), 5);
    assert!(scenario.play(Kind::CpuRunaway, &[1], END - 100.0 * 60.0, 100.0 * 60.0));
    let past = Judged::polled(scenario, 60).await;
    let reply = past.ask("performance_comparison", json!({"change_at": "12:20"})).await;
    let row = row(&reply, "sim-002");
    assert_eq!((&row["verdict"], &row["confidence"]), (&json!("worse"), &json!("low")));
    assert!(reply["notes"].to_string().contains("not known"), "{reply:#}");
    let reply = past.ask("performance_comparison", json!({})).await;
    assert!(reply["notes"].to_string().contains("less than 3 days of history"), "{reply:#}");

    let past = Judged::polled(Scenario::calm(specs(3, 5), days(0.05), 5), 60).await;
    let reply = past.ask("performance_comparison", json!({"change_at": "-1h"})).await;
    assert_eq!(reply["fleet"]["verdict"], "cannot_tell", "{reply:#}");
    assert_eq!(reply["cannot_tell"][0]["count"], 3, "{reply:#}");
    let reason = reply["cannot_tell"][0]["reason"].as_str().unwrap();
    assert!(reason.contains("30 are needed"), "{reason}");

    for (input, words) in [
        (json!({"change_at": "-10m"}), "10 min long and needs 30 min"),
        (json!({"change_at": "soon"}), "`change_at` = `soon`"),
        (json!({"change_at": "-1h", "baseline": "previous"}), "no `baseline`"),
        (json!({"baseline": "weekly"}), "`hour_of_week`, `previous`"),
        (json!({"since": "-1h"}), "needs 150"),
    ] {
        let refused = past.refused("performance_comparison", input.clone()).await;
        assert!(refused.contains(words), "{input}: {refused}");
    }
}
