//! The catalogue of metrics: one row per series that a poll yields. Units, thresholds, drift and
//! reference pages come from it.

mod rows;

use std::fmt::Write as _;

pub use self::rows::METRICS;
use glances_client::Plugin;

use crate::{
    model::Severity,
    snapshot::{Finding, Snapshot},
};

/// What a number counts. Values keep one meaning whatever Glances version served them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// 0-100 of a whole.
    Percent,
    /// Percent of one core; above 100 with several.
    PercentOfCore,
    /// Bytes.
    Bytes,
    /// Bytes per second.
    BytesPerSecond,
    /// Events per second.
    PerSecond,
    /// Seconds.
    Seconds,
    /// Milliseconds.
    Milliseconds,
    /// Degrees Celsius.
    Celsius,
    /// Revolutions per minute.
    Rpm,
    /// Decibel milliwatts.
    Dbm,
    /// Watts.
    Watts,
    /// Runnable tasks, averaged.
    Load,
    /// Things.
    Count,
    /// 1 yes, 0 no.
    Flag,
}

impl Unit {
    /// The word in replies and in the reference.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Percent => "percent",
            Self::PercentOfCore => "percent of one core",
            Self::Bytes => "bytes",
            Self::BytesPerSecond => "bytes/s",
            Self::PerSecond => "1/s",
            Self::Seconds => "seconds",
            Self::Milliseconds => "ms",
            Self::Celsius => "°C",
            Self::Rpm => "rpm",
            Self::Dbm => "dBm",
            Self::Watts => "W",
            Self::Load => "tasks",
            Self::Count => "count",
            Self::Flag => "0 or 1",
        }
    }

    /// The most that there can be.
    #[must_use]
    pub const fn most(self) -> f64 {
        if matches!(self, Self::Percent) { 100.0 } else { f64::INFINITY }
    }

    /// The least change that is news, in this unit: below it a series counts as still, however
    /// still it usually is.
    #[must_use]
    pub const fn floor(self) -> f64 {
        match self {
            // A point of a percentage, a millisecond, a task in ten.
            Self::Percent | Self::Milliseconds | Self::Celsius | Self::Count | Self::Dbm => 1.0,
            Self::Load => 0.1,
            Self::Seconds => 0.001,
            // Ten kilobytes a second are a keep-alive.
            Self::BytesPerSecond => 1e4,
            Self::PerSecond | Self::PercentOfCore | Self::Watts => 5.0,
            Self::Bytes => 1e7,
            Self::Rpm => 100.0,
            Self::Flag => 0.5,
        }
    }
}

/// How a series comes about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A state, as read.
    Gauge,
    /// A counter's increase per second; absent on a first sample and after a restart.
    Rate,
}

/// Which way is worse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Worse {
    /// More is worse.
    High,
    /// Less is worse.
    Low,
    /// Neither by itself.
    Neither,
}

/// How values are read from a snapshot.
#[derive(Clone, Copy)]
pub enum Read {
    /// One value a server.
    One(fn(&Snapshot) -> Option<f64>),
    /// One value an item: a mount, an interface, a core …
    Many(fn(&Snapshot) -> Vec<(String, f64)>),
}

/// One row of the catalogue.
pub struct Metric {
    /// Plugin and field in Glances' words, such as `fs.percent`.
    pub path: &'static str,
    /// What it counts.
    pub unit: Unit,
    /// What it tells.
    pub help: &'static str,
    /// How it comes about.
    pub kind: Kind,
    /// Which way is worse.
    pub worse: Worse,
    /// Default thresholds: careful, warning, critical.
    pub thresholds: Option<[f64; 3]>,
    /// Thresholds hold for the value divided by the number of logical cores.
    pub per_core: bool,
    /// Weight in the health of a server, 0-10.
    pub weight: u8,
    /// Its habits are learned, so that what is unusual can be told. One that repeats another, or
    /// that thresholds say all about, is not.
    pub judged: bool,
    /// The series that this one is a part of.
    pub share_of: Option<&'static str>,
    /// How it is read.
    pub read: Read,
}

impl Metric {
    /// The plugin that it is read from; `None` for what is about reaching the server.
    #[must_use]
    pub fn plugin(&self) -> Option<Plugin> {
        self.path.split('.').next().and_then(Plugin::parse)
    }

    /// Present values with their item, `None` for a metric of the whole server.
    #[must_use]
    pub fn values(&self, snapshot: &Snapshot) -> Vec<(Option<String>, f64)> {
        let values: Vec<_> = match self.read {
            Read::One(read) => read(snapshot).map(|value| (None, value)).into_iter().collect(),
            Read::Many(read) => {
                read(snapshot).into_iter().map(|(item, value)| (Some(item), value)).collect()
            }
        };
        values.into_iter().filter(|(_, value)| value.is_finite()).collect()
    }

    /// How bad a value is by the default thresholds; `None` when the metric has none or the number
    /// of cores that they need is unknown.
    #[must_use]
    pub fn judge(&self, snapshot: &Snapshot, value: f64) -> Option<(Severity, f64)> {
        let [careful, warning, critical] = self.thresholds?;
        let divisor = if self.per_core { f64::from(snapshot.core_count()?) } else { 1.0 };
        let reached = |limit: f64| match self.worse {
            Worse::Low => value / divisor <= limit,
            Worse::High | Worse::Neither => value / divisor >= limit,
        };
        Some(match () {
            () if reached(critical) => (Severity::Critical, critical),
            () if reached(warning) => (Severity::Warning, warning),
            () if reached(careful) => (Severity::Careful, careful),
            () => (Severity::Ok, careful),
        })
    }
}

/// Everything at or beyond `careful` by the default thresholds, worst first.
#[must_use]
pub fn findings(snapshot: &Snapshot) -> Vec<Finding> {
    let mut found = Vec::new();
    for metric in METRICS.iter().filter(|metric| metric.thresholds.is_some()) {
        for (item, value) in metric.values(snapshot) {
            let Some((severity, threshold)) = metric.judge(snapshot, value) else { continue };
            if severity == Severity::Ok {
                continue;
            }
            let cores =
                if metric.per_core { snapshot.core_count().map_or(1.0, f64::from) } else { 1.0 };
            let critical = metric.thresholds.map_or(1.0, |[.., critical]| critical);
            found.push(Finding {
                series: series(metric.path, item.as_deref()),
                value,
                unit: metric.unit.word(),
                severity,
                threshold,
                pressure: if critical > 0.0 { value / cores / critical } else { 1.0 },
                weight: metric.weight,
            });
        }
    }
    found.sort_by(|a, b| {
        b.severity
            .cmp(&a.severity)
            .then(b.weight.cmp(&a.weight))
            .then(b.pressure.total_cmp(&a.pressure))
            .then_with(|| a.series.cmp(&b.series))
    });
    found
}

/// The row of the catalogue that a series is of.
#[must_use]
pub fn of_series(series: &str) -> Option<&'static Metric> {
    let path = series.split('[').next()?;
    METRICS.iter().find(|metric| metric.path == path)
}

/// `path` or `path[item]`.
#[must_use]
pub fn series(path: &str, item: Option<&str>) -> String {
    item.map_or_else(|| path.to_owned(), |item| format!("{path}[{item}]"))
}

/// The reference page of the catalogue, in Markdown.
#[must_use]
pub fn reference() -> String {
    let mut page = String::from(
        "# Metrics\n\nGenerated by `glances-mcp docs metrics`. A labelled series adds its item in \
         brackets: `fs.percent[/]`.\nThresholds are careful / warning / critical; \
         *per core* means that the value is divided by the number of logical cores first. \
         The habits of a *judged* series are learned: `detect_anomalies` tells what is unusual of it.\n\n\
         | path | unit | kind | what | thresholds | weight | judged | part of |\n\
         |---|---|---|---|---|---|---|---|\n",
    );
    for metric in METRICS {
        let label = match metric.read {
            Read::One(_) => "",
            Read::Many(_) => "[…]",
        };
        let kind = match metric.kind {
            Kind::Gauge => "gauge",
            Kind::Rate => "rate",
        };
        let limits = metric.thresholds.map_or_else(String::new, |[a, b, c]| {
            let sign = if metric.worse == Worse::Low { "≤ " } else { "" };
            let per_core = if metric.per_core { " per core" } else { "" };
            format!("{sign}{a} / {b} / {c}{per_core}")
        });
        let judged = if metric.judged { "yes" } else { "" };
        let share = metric.share_of.map_or_else(String::new, |of| format!("`{of}`"));
        let _ = writeln!(
            page,
            "| `{}{label}` | {} | {kind} | {} | {limits} | {} | {judged} | {share} |",
            metric.path,
            metric.unit.word(),
            metric.help,
            metric.weight,
        );
    }
    page
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn paths_are_unique_and_start_with_a_plugin() {
        let mut seen = BTreeSet::new();
        for metric in METRICS {
            assert!(seen.insert(metric.path), "{} twice", metric.path);
            let plugin = metric.path.split('.').next().unwrap();
            assert!(
                plugin == "server" || glances_client::Plugin::parse(plugin).is_some(),
                "{} names no plugin",
                metric.path
            );
        }
    }

    #[test]
    fn thresholds_grow_in_the_direction_that_is_worse() {
        for metric in METRICS {
            let Some([careful, warning, critical]) = metric.thresholds else { continue };
            match metric.worse {
                Worse::High => {
                    assert!(careful <= warning && warning <= critical, "{}", metric.path);
                }
                Worse::Low => assert!(careful >= warning && warning >= critical, "{}", metric.path),
                Worse::Neither => panic!("{} has thresholds and no direction", metric.path),
            }
        }
    }

    #[test]
    fn what_a_series_is_part_of_is_in_the_catalogue() {
        for metric in METRICS {
            if let Some(of) = metric.share_of {
                assert!(METRICS.iter().any(|other| other.path == of), "{of}");
            }
        }
    }
}
