//! How well one server is, as one number that explains itself: what Glances serves, what alerts say
//! and what history says, each with its points. Pure: values in, a score out. Never a guess: what
//! was not measured costs nothing and is named.

mod signals;

use std::collections::BTreeMap;

use analytics::{
    Aspect, Exhaustion, Health, HealthLimits, HealthSignal, HealthSignalKind, Outlook, TimeLeft,
    health_signals,
};

use self::signals::{ABOUT_REACH, ALERTED, OTHER_ALERT, Proof, SIGNALS, Signal};
pub use self::signals::{ANSWERED, paths};
use crate::{
    alert::{Alert, Reason},
    metric::{METRICS, Metric, Worse, series},
    model::Severity,
};

/// Load for each core from which on work waits: `careful` of the catalogue.
const WORK_WAITS_PER_CORE: f64 = 1.0;
/// What a firing alert is worth as badness, where no number of the catalogue says it better.
const WARNING_BADNESS: f64 = 0.5;
const CRITICAL_BADNESS: f64 = 1.0;

/// Values of a metric with their items.
pub type Values = Vec<(Option<String>, f64)>;

/// What a score rests on.
#[derive(Default)]
pub struct Evidence<'a> {
    /// Logical cores, for what is counted per core.
    pub cores: Option<u32>,
    /// Open alerts of the server. `None` for a mean of an hour, which needs no other proof.
    pub alerts: Option<&'a [&'a Alert]>,
    /// When filesystems are full, by series; those of which history tells nothing are not in it.
    pub fills: BTreeMap<&'a str, &'a Exhaustion>,
    /// Share of our polls of the last day that were answered.
    pub answered_percent: Option<f64>,
}

/// A score and why it is that.
#[derive(Clone, Debug)]
pub struct Score {
    /// The number, its grade, and how sure it is.
    pub health: Health,
    /// What it lost, dearest first; the points add up to 100 − score.
    pub deductions: Vec<Deduction>,
    /// What was not measured, by path.
    pub lacking: Vec<&'static str>,
}

/// Points and their reason.
#[derive(Clone, Debug, PartialEq)]
pub struct Deduction {
    /// Points of the score.
    pub points: f64,
    /// What costs them, such as `fs.percent[/var]`.
    pub what: String,
    /// Its value.
    pub value: f64,
    /// Unit of the value and of the threshold.
    pub unit: String,
    /// From where on it costs points.
    pub threshold: f64,
    /// Since when, where an alert tells it.
    pub since: Option<i64>,
    /// Items of the same kind that are bad as well.
    pub others: usize,
}

/// A signal with what is shown of it.
struct Seen {
    kind: HealthSignalKind,
    /// Goes from good to bad as the limits of `kind` do; `None` when it was not measured.
    value: Option<f64>,
    shown: Deduction,
}

/// The score of a server; `None` when nothing of the machine itself was measured: that is unknown,
/// neither well nor ill.
#[must_use]
pub fn score(values: &dyn Fn(&'static Metric) -> Values, evidence: &Evidence<'_>) -> Option<Score> {
    let mut seen = Vec::new();
    let mut lacking = Vec::new();
    for signal in SIGNALS.iter() {
        match measured(signal, values, evidence) {
            Some(one) => seen.push(one),
            None => {
                lacking.push(signal.metric.path);
                if signal.expected {
                    seen.push(Seen::nothing(signal.kind()));
                }
            }
        }
    }
    if seen.iter().all(|one| one.value.is_none()) {
        return None;
    }
    if let Some(alerts) = evidence.alerts {
        let days = days_to_full(&evidence.fills);
        let answered = evidence.answered_percent.map(answered);
        for (kind, one) in [(health_signals::DAYS_TO_FULL, days), (ANSWERED, answered)] {
            if one.is_none() {
                lacking.push(kind.name);
            }
            seen.push(one.unwrap_or_else(|| Seen::nothing(kind)));
        }
        told(&mut seen, alerts);
    }
    let signals: Vec<HealthSignal> =
        seen.iter().map(|one| HealthSignal::of(&one.kind, one.value)).collect();
    // A grade by itself: nothing is told when it changes, so that it may change with a poll.
    let health = analytics::health(&signals, None)?;
    let explained = |lost: &analytics::Deduction| {
        let one = seen.iter().find(|one| one.kind.name == lost.name)?;
        Some(Deduction { points: lost.points, ..one.shown.clone() })
    };
    let deductions = health.deductions.iter().filter_map(explained).collect();
    Some(Score { health, deductions, lacking })
}

impl Seen {
    fn nothing(kind: HealthSignalKind) -> Self {
        Self { kind, value: None, shown: Deduction::of(kind.name, f64::NAN, "", f64::NAN) }
    }

    /// Measured, and nothing is proven against it.
    fn well(kind: HealthSignalKind) -> Self {
        Self { value: Some(kind.limits.warning), ..Self::nothing(kind) }
    }
}

impl Deduction {
    fn of(what: impl Into<String>, value: f64, unit: impl Into<String>, threshold: f64) -> Self {
        let (what, unit) = (what.into(), unit.into());
        Self { points: 0.0, what, value, unit, threshold, since: None, others: 0 }
    }
}

/// A signal of the catalogue: its worst item, as far as that counts.
fn measured(
    signal: &Signal,
    values: &dyn Fn(&'static Metric) -> Values,
    evidence: &Evidence<'_>,
) -> Option<Seen> {
    let (metric, kind) = (signal.metric, signal.kind());
    let found = values(metric);
    let divisor = if metric.per_core { f64::from(evidence.cores?) } else { 1.0 };
    let unit = match metric.per_core {
        true => format!("{} per core", metric.unit.word()),
        false => metric.unit.word().to_owned(),
    };
    let proven = |name: &str, value: f64| match (signal.proof, evidence.alerts) {
        // What counts is the mean of minutes that the alert judged.
        (Proof::Alert, Some(alerts)) => {
            alerts.iter().find(|alert| alert.series == name && counts(alert)).map(|it| it.value)
        }
        (Proof::Load, Some(_)) => work_waits(values, evidence.cores).then_some(value),
        _ => Some(value),
    };
    let mut bad = 0_usize;
    let mut worst: Option<(f64, Deduction)> = None;
    for (item, value) in &found {
        let name = series(metric.path, item.as_deref());
        let Some(value) = proven(&name, value / divisor) else { continue };
        let turned = signal.turned(value);
        bad += usize::from(turned > signal.turned(signal.well_up_to()));
        // Among equals the first of the list.
        if worst.as_ref().is_none_or(|(most, _)| turned > *most) {
            worst = Some((turned, Deduction::of(name, value, &*unit, signal.threshold())));
        }
    }
    let Some((turned, mut shown)) = worst else {
        return (!found.is_empty()).then(|| Seen::well(kind));
    };
    shown.since = evidence.since(&shown.what);
    shown.others = bad.saturating_sub(1);
    let failures = u32::try_from(bad).map_or(f64::INFINITY, f64::from);
    let value = if signal.aspect == Aspect::Errors { failures } else { turned };
    Some(Seen { kind, value: Some(value), shown })
}

impl Evidence<'_> {
    /// When a series began to be bad, as its open alert tells.
    fn since(&self, series: &str) -> Option<i64> {
        let alerts = self.alerts?;
        alerts.iter().find(|alert| alert.series == series).map(|alert| alert.began)
    }
}

fn work_waits(values: &dyn Fn(&'static Metric) -> Values, cores: Option<u32>) -> bool {
    let load = SIGNALS.iter().find(|signal| signal.metric.path == "load.min5");
    let load = load.and_then(|signal| values(signal.metric).first().map(|(_, load)| *load));
    load.zip(cores).is_some_and(|(load, cores)| load / f64::from(cores) >= WORK_WAITS_PER_CORE)
}

/// Whether an alert costs points: it fires, and nothing but an acknowledgement quiets it. What is
/// known is as bad as before; what is expected or announced is not.
fn counts(alert: &Alert) -> bool {
    let known = |reason: &Reason| matches!(reason, Reason::Acknowledged { .. });
    alert.state.is_firing() && alert.suppressed_by.iter().all(known)
}

/// The filesystem that is full first, of those that are over half full by far and whose date is
/// near for the pessimist as well.
fn days_to_full(fills: &BTreeMap<&str, &Exhaustion>) -> Option<Seen> {
    let kind = health_signals::DAYS_TO_FULL;
    let days = |exhaustion: &Exhaustion| match exhaustion.outlook {
        Outlook::Fills { p50: TimeLeft::Days(days), .. } => Some(days),
        // Full is what `fs.percent` says already.
        Outlook::Fills { .. } | Outlook::Full | Outlook::NotGrowing => None,
    };
    let near = fills.iter().filter(|(_, it)| it.is_pressing(kind.limits.warning));
    let near = near.filter_map(|(series, it)| Some((*series, days(it)?)));
    let mut near: Vec<(&str, f64)> = near.collect();
    near.sort_by(|one, other| one.1.total_cmp(&other.1));
    let Some((series, days)) = near.first() else {
        return (!fills.is_empty()).then(|| Seen::well(kind));
    };
    let item = series.split_once('[').map_or("", |(_, rest)| rest.trim_end_matches(']'));
    let what = crate::metric::series(kind.name, Some(item).filter(|item| !item.is_empty()));
    let mut shown = Deduction::of(what, *days, "days", kind.limits.warning);
    shown.others = near.len().saturating_sub(1);
    Some(Seen { kind, value: Some(*days), shown })
}

fn answered(percent: f64) -> Seen {
    let shown = Deduction::of(ANSWERED.name, percent, "percent", ANSWERED.limits.warning);
    Seen { kind: ANSWERED, value: Some(percent), shown }
}

/// Adds what only alerts say: series beside the catalogue, and limits of the operator's own.
fn told(seen: &mut Vec<Seen>, alerts: &[&Alert]) {
    let mut by_name: BTreeMap<&'static str, Vec<(f64, &Alert)>> = BTreeMap::new();
    for alert in alerts.iter().filter(|alert| counts(alert)) {
        let path = alert.path();
        let costs = seen.iter().any(|one| {
            let bad = one.value.and_then(|value| one.kind.limits.badness(value));
            let same = one.kind.name == path
                || (path == "fs.full_in" && one.kind.name == health_signals::DAYS_TO_FULL.name);
            same && bad.is_some_and(|badness| badness > 0.0)
        });
        let badness = match alert.severity() {
            Severity::Critical => CRITICAL_BADNESS,
            Severity::Warning => WARNING_BADNESS,
            Severity::Careful | Severity::Ok => continue,
        };
        if costs || ABOUT_REACH.contains(&path) || is_over(alert) {
            continue;
        }
        let row = ALERTED.iter().find(|(known, ..)| *known == path).unwrap_or(&OTHER_ALERT);
        by_name.entry(row.0).or_default().push((badness, alert));
    }
    for (name, mut of) in by_name {
        of.sort_by(|one, other| other.0.total_cmp(&one.0));
        let Some((badness, alert)) = of.first() else { continue };
        let (name, aspect, weight) =
            *ALERTED.iter().find(|(known, ..)| *known == name).unwrap_or(&OTHER_ALERT);
        let limits = HealthLimits { warning: 0.0, critical: CRITICAL_BADNESS };
        let mut shown =
            Deduction::of(alert.series.clone(), alert.value, alert.unit.clone(), alert.threshold);
        shown.since = Some(alert.began);
        shown.others = of.len().saturating_sub(1);
        let kind = HealthSignalKind { name, aspect, weight, limits };
        seen.push(Seen { kind, value: Some(*badness), shown });
    }
}

/// A metric that is within its limit again, and whose alert only waits to be sure of that.
fn is_over(alert: &Alert) -> bool {
    let worse = METRICS.iter().find(|metric| metric.path == alert.path()).map(|it| it.worse);
    match worse {
        Some(Worse::Low) => alert.value > alert.threshold,
        Some(Worse::High) => alert.value < alert.threshold,
        Some(Worse::Neither) | None => false,
    }
}

#[cfg(test)]
mod tests;
