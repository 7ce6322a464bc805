//! Rules: thresholds of the configuration over the built-in ones, each checked, with its unit
//! converted. Every series has exactly one rule, the most specific. Judges nothing itself.

mod glances;
mod own;
mod told;

use std::{collections::BTreeMap, sync::Arc};

use analytics::{MOfN, Rule as Debounced, Side, clear_limit};

pub use self::told::{ToldRule, Whose, limits_of_glances};
use self::{glances::of_glances, own::of_threshold};
use super::{
    builtin::{BUILTIN, Builtin, Limits, Patience},
    pattern::Pattern,
    source::{Seen, Source, series},
};
use crate::{
    metric::{Unit, Worse},
    model::Severity,
    selector::Selector,
    snapshot::{Host, Snapshot},
};

/// Thresholds of a configuration: more are a mistake.
pub const THRESHOLDS_MAX: usize = 1_000;

/// A threshold as an operator writes it: plain values.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Threshold {
    /// Path of a metric, or a word of old for one, with an item or a pattern of items in brackets.
    pub metric: String,
    /// From here on careful.
    pub careful: Option<f64>,
    /// From here on a warning.
    pub warning: f64,
    /// From here on critical; below `warning` where low values are the bad ones.
    pub critical: f64,
    /// Unit of the numbers, if not the metric's own.
    pub unit: Option<String>,
    /// Back beyond this value the alert may end.
    pub clear: Option<f64>,
    /// How long it must be so; 0 is at once.
    pub for_secs: Option<i64>,
    /// How long it must be over.
    pub clear_after_secs: Option<i64>,
    /// Selectors; empty means all servers.
    pub servers: Vec<String>,
    /// The numbers hold for the value divided by the number of cores.
    pub per_core: bool,
}

/// Whose thresholds hold for what the configuration does not name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Defaults {
    /// Ours.
    #[default]
    Ours,
    /// Those of each server's glances.conf, and ours where it has none.
    Glances,
}

/// What is wrong with one threshold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleProblem {
    /// Which one, from 0.
    pub index: usize,
    /// Its key.
    pub key: &'static str,
    /// What is wrong.
    pub problem: String,
    /// What to do.
    pub fix: String,
}

/// Everything that is judged, and how.
pub struct Rules {
    pub(super) sources: Vec<Judged>,
    defaults: Defaults,
}

/// One path with its rules, the most specific first.
pub(super) struct Judged {
    pub(super) source: Source,
    pub(super) rules: Vec<Rule>,
}

/// How a rule looks at values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pace {
    /// At each sample.
    Sample,
    /// At means of so many seconds.
    Mean(i64),
}

/// One rule.
pub(super) struct Rule {
    pub(super) name: Arc<str>,
    pub(super) builtin: Option<&'static Builtin>,
    pub(super) pace: Pace,
    pub(super) per_core: bool,
    item: Option<Pattern>,
    servers: Vec<Selector>,
    side: Side,
    levels: Vec<Level>,
    clear: Option<f64>,
    unit: Unit,
}

/// One limit of a rule.
#[derive(Clone, Copy)]
struct Level {
    severity: Severity,
    limit: Option<f64>,
    raise: MOfN,
    clear_hold_secs: i64,
}

impl Rules {
    /// The built-in rules alone.
    #[must_use]
    pub fn built_in() -> Self {
        Self::over_built_in(Vec::new(), Defaults::Ours)
    }

    /// Whose limits hold where no threshold is given.
    #[must_use]
    pub fn defaults(&self) -> Defaults {
        self.defaults
    }

    /// The rules of a configuration over the built-in ones.
    ///
    /// # Errors
    /// Everything that is wrong, at once.
    pub fn new(thresholds: &[Threshold], defaults: Defaults) -> Result<Self, Vec<RuleProblem>> {
        let mut problems = Vec::new();
        let mut own = Vec::new();
        for (index, threshold) in thresholds.iter().enumerate().take(THRESHOLDS_MAX) {
            match of_threshold(threshold) {
                Ok(rule) => own.push(rule),
                Err((key, problem, fix)) => {
                    problems.push(RuleProblem { index, key, problem, fix });
                }
            }
        }
        if thresholds.len() > THRESHOLDS_MAX {
            problems.push(RuleProblem {
                index: THRESHOLDS_MAX,
                key: "metric",
                problem: format!("more than {THRESHOLDS_MAX} thresholds"),
                fix: "use patterns of items and selectors of servers".to_owned(),
            });
        }
        if problems.is_empty() { Ok(Self::over_built_in(own, defaults)) } else { Err(problems) }
    }

    fn over_built_in(own: Vec<(Source, Rule)>, defaults: Defaults) -> Self {
        let mut by_path: BTreeMap<&str, Judged> = BTreeMap::new();
        let built_in = BUILTIN.iter().filter_map(|row| Some((Source::find(row.path)?, row)));
        let built_in = built_in.map(|(source, row)| (source, of_row(source, row)));
        for (source, rule) in own.into_iter().chain(built_in) {
            let judged = by_path.entry(source.path());
            judged.or_insert_with(|| Judged { source, rules: Vec::new() }).rules.push(rule);
        }
        let mut sources: Vec<Judged> = by_path.into_values().collect();
        // The sort is stable: of two that are as specific the first in the file holds.
        sources.iter_mut().for_each(|it| it.rules.sort_by_key(Rule::vagueness));
        Self { sources, defaults }
    }

    /// The limits of a rule for one item of one server, mildest first.
    pub(super) fn limits(
        &self,
        rule: &Rule,
        snapshot: &Snapshot,
        item: &str,
    ) -> Vec<(Severity, Debounced)> {
        let own = rule.builtin.map(|row| match (self.defaults, row.glances) {
            (Defaults::Glances, Some(key)) => {
                of_glances(snapshot, key, item).or_else(|| row.own.map(|own| own(snapshot, item)))
            }
            (Defaults::Ours, _) | (Defaults::Glances, None) => {
                row.own.map(|own| own(snapshot, item))
            }
        });
        let own = own.flatten().filter(|[warning, critical]| warning.or(*critical).is_some());
        let limits = rule.levels.iter().filter_map(|level| {
            let limit = match (own, level.severity) {
                (Some([warning, _]), Severity::Warning) => warning,
                (Some([_, critical]), Severity::Critical) => critical,
                _ => level.limit,
            };
            Some((level.severity, rule.debounced(level, limit?)))
        });
        limits.collect()
    }
}

impl Rule {
    /// Whether it is about this item of this server.
    pub(super) fn fits(&self, host: &Host, item: &str) -> bool {
        self.item.as_ref().is_none_or(|pattern| pattern.fits(item))
            && (self.servers.is_empty() || self.servers.iter().any(|it| it.fits(host)))
    }

    /// What is wrong, in words of the moment.
    pub(super) fn says(&self, seen: &Seen<'_>) -> String {
        let Some(row) = self.builtin else { return String::new() };
        let detail = row.detail.and_then(|tell| tell(seen));
        detail.map_or_else(|| row.says.to_owned(), |detail| format!("{}: {detail}", row.says))
    }

    /// The smaller, the earlier it is asked: own before built-in, items before patterns before
    /// all, some servers before all.
    fn vagueness(&self) -> (bool, u8, bool) {
        let item = match &self.item {
            Some(pattern) if pattern.is_plain() => 0,
            Some(_) => 1,
            None => 2,
        };
        (self.builtin.is_some(), item, self.servers.is_empty())
    }

    fn debounced(&self, level: &Level, limit: f64) -> Debounced {
        let floor = match self.unit {
            Unit::Percent => 1.0,
            // Between 0 and 1 there is nothing.
            Unit::Flag | Unit::Count => 0.5,
            _ => 0.0,
        };
        // A third of the limit away is usual: 15 % of that is 5 % of the limit.
        // A given one is where the alert ends; the worse levels ease on their own.
        let mildest = self.levels.first().is_some_and(|it| it.severity == level.severity);
        let clear = self.clear.filter(|_| mildest).unwrap_or_else(|| match self.side {
            Side::Above => clear_limit(self.side, limit, limit - limit.abs() / 3.0, floor),
            Side::Below => clear_limit(self.side, limit, limit + limit.abs() / 3.0, floor),
        });
        let step_secs = match self.pace {
            Pace::Sample => 0,
            Pace::Mean(secs) => secs,
        };
        let Level { raise, clear_hold_secs, .. } = *level;
        Debounced { side: self.side, limit, clear_limit: clear, raise, clear_hold_secs, step_secs }
    }
}

/// Means are of a minute at least.
const MINUTE_SECS: i64 = 60;
/// Most breaches that are counted: with a third more values they fit into the 64 of m of n.
const BREACHES_MAX: i64 = 48;

/// As many minutes of a third more; longer than 48 minutes in longer steps.
fn patience(hold_secs: i64) -> (Pace, MOfN) {
    let one = usual(Severity::Warning).0;
    if hold_secs <= 0 {
        return (Pace::Sample, MOfN::new(1, 1).unwrap_or(one));
    }
    let minutes = hold_secs.saturating_add(MINUTE_SECS - 1) / MINUTE_SECS;
    let step = minutes.saturating_add(BREACHES_MAX - 1) / BREACHES_MAX;
    let breaches = minutes.saturating_add(step - 1) / step;
    let of = breaches + (breaches + 2) / 3;
    let raise = u32::try_from(breaches).ok().zip(u32::try_from(of).ok());
    let raise = raise.and_then(|(m, n)| MOfN::new(m, n)).unwrap_or(one);
    (Pace::Mean(step * MINUTE_SECS), raise)
}

/// The measured patience of a severity, and its clear time.
fn usual(severity: Severity) -> (MOfN, i64) {
    let rule = match severity {
        Severity::Critical => Debounced::critical(Side::Above, 0.0, 0.0),
        Severity::Ok | Severity::Careful | Severity::Warning => {
            Debounced::warning(Side::Above, 0.0, 0.0)
        }
    };
    (rule.raise, rule.clear_hold_secs)
}

fn of_row(source: Source, row: &'static Builtin) -> Rule {
    let (catalogue, per_core) = source.catalogue();
    let (warning, critical) = match row.limits {
        Limits::Catalogue => {
            catalogue.map_or((None, None), |[_, warning, critical]| (Some(warning), Some(critical)))
        }
        Limits::Warning(limit) => (Some(limit), None),
        Limits::Critical(limit) => (None, Some(limit)),
        Limits::Both(warning, critical) => (Some(warning), Some(critical)),
        Limits::Glances => (None, None),
    };
    let level = |severity, limit| {
        let (raise, clear_hold_secs) = match row.patience {
            Patience::Usual => usual(severity),
            Patience::Minutes(warning, critical) => {
                let minutes = if severity == Severity::Critical { critical } else { warning };
                let (_, raise) = patience(i64::from(minutes) * MINUTE_SECS);
                (raise, usual(severity).1)
            }
            Patience::Samples { m, n, clear_secs } => {
                (MOfN::new(m, n).unwrap_or(usual(severity).0), clear_secs)
            }
        };
        Level { severity, limit, raise, clear_hold_secs }
    };
    Rule {
        name: row.name.into(),
        builtin: Some(row),
        pace: match row.patience {
            Patience::Usual | Patience::Minutes(..) => Pace::Mean(MINUTE_SECS),
            Patience::Samples { .. } => Pace::Sample,
        },
        per_core,
        item: None,
        servers: Vec::new(),
        side: if source.worse() == Worse::Low { Side::Below } else { Side::Above },
        levels: vec![level(Severity::Warning, warning), level(Severity::Critical, critical)],
        clear: None,
        unit: source.unit(),
    }
}

impl Judged {
    /// The name of one of its series.
    pub(super) fn series(&self, item: &str) -> String {
        series(self.source.path(), item)
    }
}

#[cfg(test)]
#[path = "rule/tests.rs"]
mod tests;
