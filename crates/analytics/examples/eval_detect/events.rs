//! Counts alerts as the person on call does: an incident is found once however many alerts touch
//! it, an alert that touches none is false, and so is each further day that it stays on or outlasts
//! its incident.

use serde_json::{Value, json};

use crate::corpus::Labels;

const DAY_SECS: i64 = 86_400;
/// Flags at most this many steps apart are one alert.
const MERGE_STEPS: i64 = 5;

/// Counts, to be added up.
#[derive(Clone, Copy, Default)]
pub(crate) struct Tally {
    pub(crate) found: usize,
    pub(crate) incidents: usize,
    pub(crate) false_alerts: usize,
    /// Time without a label.
    pub(crate) calm_secs: i64,
}

impl Tally {
    pub(crate) fn add(&mut self, other: Self) {
        self.found += other.found;
        self.incidents += other.incidents;
        self.false_alerts += other.false_alerts;
        self.calm_secs += other.calm_secs;
    }

    pub(crate) fn precision(self) -> f64 {
        crate::ratio(self.found, self.found + self.false_alerts)
    }

    pub(crate) fn recall(self) -> f64 {
        crate::ratio(self.found, self.incidents)
    }

    pub(crate) fn f1(self) -> f64 {
        if self.found == 0 {
            return 0.0;
        }
        let (precision, recall) = (self.precision(), self.recall());
        2.0 * precision * recall / (precision + recall)
    }

    pub(crate) fn false_per_day(self) -> f64 {
        self.false_alerts as f64 / self.calm_days()
    }

    /// Series-days without a label.
    pub(crate) fn calm_days(self) -> f64 {
        self.calm_secs as f64 / DAY_SECS as f64
    }

    /// What was counted, for whoever makes tables of it.
    pub(crate) fn row(self, table: &str, set: &str, rule: &str) -> Value {
        json!({
            "table": table, "set": set, "rule": rule, "found": self.found,
            "incidents": self.incidents, "false": self.false_alerts, "days": self.calm_days(),
        })
    }
}

/// Counts the alerts of flags at `times`, in order of time.
pub(crate) fn tally(flags: impl Iterator<Item = i64>, labels: &Labels) -> Tally {
    let mut alerts: Vec<(i64, i64)> = Vec::new();
    for at in flags.filter(|at| (labels.from..=labels.to).contains(at)) {
        match alerts.last_mut() {
            Some((_, end)) if at - *end <= MERGE_STEPS * labels.step => *end = at,
            Some(_) | None => alerts.push((at, at)),
        }
    }
    let mut hit = vec![false; labels.windows.len()];
    let mut counts = Tally { incidents: hit.len(), ..Tally::default() };
    for (begin, end) in alerts {
        let length = end - begin + labels.step;
        let mut touched: Vec<(i64, i64)> = Vec::new();
        for (&window, hit) in labels.windows.iter().zip(&mut hit) {
            if window.0 <= end && window.1 >= begin {
                *hit = true;
                touched.push(window);
            }
        }
        if touched.is_empty() {
            counts.false_alerts += 1 + (length / DAY_SECS) as usize;
            continue;
        }
        let inside =
            touched.iter().map(|&(from, to)| (begin.max(from), (end + labels.step).min(to)));
        let outside = (length - union(inside)).max(0);
        let longest = touched.iter().map(|(from, to)| to - from).max().unwrap_or_default();
        let grace = longest.max(3_600).max(12 * labels.step);
        if outside > grace {
            counts.false_alerts += 1 + ((outside - grace) / DAY_SECS) as usize;
        }
    }
    counts.found = hit.into_iter().filter(|hit| *hit).count();
    counts.calm_secs = (labels.to - labels.from - union(labels.windows.iter().copied())).max(0);
    counts
}

/// Length of intervals in order of their begin.
fn union(intervals: impl Iterator<Item = (i64, i64)>) -> i64 {
    let (mut total, mut covered) = (0, i64::MIN);
    for (from, to) in intervals.filter(|(from, to)| from <= to) {
        total += (to - from.max(covered)).max(0);
        covered = covered.max(to);
    }
    total
}
