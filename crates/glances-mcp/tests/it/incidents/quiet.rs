//! Days with their rhythm, weekends, holidays, noise and bursts, on which nothing breaks.

use std::collections::{BTreeMap, BTreeSet};

use fleet_sim::{Fleet, scenario::Scenario};
use glances_mcp::model::Severity;
use serde_json::json;

use super::{DAY, DAYS, SERVERS, keep, seeds, span, tell};
use crate::support::rehearsal::{Memories, Rehearsal};

/// Critical alerts in a hundred calm days of a server.
const CRITICAL_PER_100_DAYS_MAX: f64 = 1.0;
/// Share of calm days of a server with any alert.
const DAYS_WITH_ALERT_MAX: f64 = 0.05;

#[derive(Default)]
struct Quiet {
    server_days: u32,
    alerts: u32,
    critical: u32,
    /// Seed, server and day.
    with_alert: BTreeSet<(u64, String, i64)>,
    by_rule: BTreeMap<String, u32>,
}

impl Quiet {
    async fn add(&mut self, seed: u64) {
        let span = span(seed);
        let scenario = Scenario::calm(Fleet::mixed_specs(SERVERS, seed), span, seed);
        let mut played = Rehearsal::of(scenario, Memories::AlertsOnly).await;
        played.play_until(span.end).await;
        self.server_days += u32::try_from(SERVERS).unwrap() * DAYS;
        for alert in &played.fired {
            let host = alert.host.as_ref().map(ToString::to_string).unwrap_or_default();
            let day = (alert.began - span.begin as i64) / DAY as i64;
            let severity = alert.state.severity();
            self.with_alert.insert((seed, host.clone(), day));
            self.alerts += 1;
            self.critical += u32::from(severity == Some(Severity::Critical));
            *self.by_rule.entry(alert.rule.clone()).or_default() += 1;
            tell(&format!("seed {seed}, {host}, day {day}: {} {:.1}", alert.series, alert.value));
        }
    }
}

#[tokio::test]
async fn calm_days_raise_next_to_no_alerts() {
    let mut quiet = Quiet::default();
    for seed in seeds() {
        quiet.add(seed).await;
    }
    let Quiet { server_days, alerts, critical, with_alert, by_rule } = &quiet;
    keep(&json!({
        "table": "quiet", "server_days": server_days, "alerts": alerts, "critical": critical,
        "days_with_alert": with_alert.len(), "by_rule": by_rule,
    }));
    let days = f64::from(*server_days);
    let critical_per_100_days = 100.0 * f64::from(*critical) / days;
    assert!(critical_per_100_days <= CRITICAL_PER_100_DAYS_MAX, "{critical_per_100_days}");
    let days_with_alert = with_alert.len() as f64 / days;
    assert!(days_with_alert <= DAYS_WITH_ALERT_MAX, "{days_with_alert}");
}
