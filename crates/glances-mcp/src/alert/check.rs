//! Thresholds against one snapshot, now: for a caller who asks "what if", or where the limits are.
//! Nothing is remembered and nothing waits.

use analytics::Side;

use super::{exact::shown, memory::Memory, rule::Rules, source::Seen};
use crate::{model::Severity, snapshot::Snapshot};

/// A value at or beyond a limit.
#[derive(Clone, Debug, PartialEq)]
pub struct Breach {
    /// Name of the rule.
    pub rule: String,
    /// Such as `fs.percent[/]`.
    pub series: String,
    /// Of the worst limit that is reached.
    pub severity: Severity,
    /// The value, per core where the rule says so.
    pub value: f64,
    /// That limit.
    pub threshold: f64,
    /// Unit of both.
    pub unit: &'static str,
}

/// The limits that hold for one series of a server, mildest first, for its values as they are: per
/// core they are multiplied by the number of cores. Empty where no rule looks at the series.
#[must_use]
pub fn limits(rules: &Rules, snapshot: &Snapshot, series: &str) -> Vec<(Severity, f64)> {
    let (path, item) = series.split_once('[').unwrap_or((series, ""));
    let item = item.strip_suffix(']').unwrap_or(item);
    let judged = rules.sources.iter().find(|judged| judged.source.path() == path);
    let rule = judged.and_then(|it| it.rules.iter().find(|rule| rule.fits(&snapshot.host, item)));
    let Some(rule) = rule else { return Vec::new() };
    let cores = if rule.per_core { snapshot.core_count() } else { Some(1) };
    let Some(cores) = cores.map(f64::from) else { return Vec::new() };
    let limits = rules.limits(rule, snapshot, item).into_iter();
    limits.map(|(severity, limit)| (severity, shown(limit.limit * cores))).collect()
}

/// What of a snapshot is beyond its limits at this moment, the worst first. What needs more than
/// one snapshot (reboots, disks that fill) is not in it.
#[must_use]
pub fn check(rules: &Rules, snapshot: &Snapshot, secs: i64) -> Vec<Breach> {
    let mut memory = Memory::default();
    memory.note(snapshot, secs);
    let seen = Seen { snapshot, memory: &memory, secs, clock_skew_secs: None };
    let mut found = Vec::new();
    for judged in &rules.sources {
        for (item, value) in judged.source.values(&seen) {
            let item = item.unwrap_or_default();
            let fits = judged.rules.iter().find(|rule| rule.fits(&snapshot.host, &item));
            let Some(rule) = fits else { continue };
            let cores = if rule.per_core { snapshot.core_count() } else { Some(1) };
            let Some(value) = cores.map(|cores| value / f64::from(cores)) else { continue };
            let reached = rules.limits(rule, snapshot, &item).into_iter().rev();
            let mut reached = reached.filter(|(_, limit)| match limit.side {
                Side::Above => value >= limit.limit,
                Side::Below => value <= limit.limit,
            });
            if let Some((severity, limit)) = reached.next() {
                found.push(Breach {
                    rule: rule.name.to_string(),
                    series: judged.series(&item),
                    severity,
                    value: shown(value),
                    threshold: shown(limit.limit),
                    unit: judged.source.unit().word(),
                });
            }
        }
    }
    found.sort_by(|a, b| b.severity.cmp(&a.severity).then_with(|| a.series.cmp(&b.series)));
    found
}
