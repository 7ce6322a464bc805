//! Days with their rhythm, weekends, holidays, noise and bursts, on which nothing breaks.

use std::collections::{BTreeMap, BTreeSet};

use fleet_sim::{Fleet, scenario::Scenario};
use glances_mcp::model::Severity;
use serde_json::json;

use super::{DAY, DAYS, SERVERS, keep, of_each_seed, span, tell};
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
    async fn of(seed: u64) -> Self {
        let mut quiet = Self::default();
        let span = span(seed);
        let scenario = Scenario::calm(Fleet::mixed_specs(SERVERS, seed), span, seed);
        let mut played = Rehearsal::of(scenario, Memories::AlertsOnly).await;
        played.play_until(span.end).await;
        quiet.server_days += u32::try_from(SERVERS).unwrap() * DAYS;
        for alert in &played.fired {
            let host = alert.host.as_ref().map(ToString::to_string).unwrap_or_default();
            let day = (alert.began - span.begin as i64) / DAY as i64;
            let severity = alert.state.severity();
            quiet.with_alert.insert((seed, host.clone(), day));
            quiet.alerts += 1;
            quiet.critical += u32::from(severity == Some(Severity::Critical));
            *quiet.by_rule.entry(alert.rule.clone()).or_default() += 1;
            tell(&format!("seed {seed}, {host}, day {day}: {} {:.1}", alert.series, alert.value));
        }
        quiet
    }

    fn add(&mut self, more: Self) {
        self.server_days += more.server_days;
        self.alerts += more.alerts;
        self.critical += more.critical;
        self.with_alert.extend(more.with_alert);
        for (rule, alerts) in more.by_rule {
            *self.by_rule.entry(rule).or_default() += alerts;
        }
    }
}

#[test]
fn calm_days_raise_next_to_no_alerts() {
    let mut quiet = Quiet::default();
    of_each_seed(Quiet::of).into_iter().for_each(|it| quiet.add(it));
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
