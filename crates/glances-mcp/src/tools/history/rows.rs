//! Series as rows of numbers: each by itself, or merged by what their servers have in common.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    super::{args::Format, view::NAME_CHARS},
    series::{Stats, by_step, item_of, metric_of, sparkline, stats},
};
use crate::{
    metric::Worse,
    model::HostName,
    query::{Past, Selection, window::Window},
    redact::clip,
    store::{Point, SeriesName, coarser},
};

#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub(super) enum Aggregate {
    Server,
    Environment,
    Region,
    Tag,
    Item,
    Fleet,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub(super) enum SortBy {
    #[default]
    Avg,
    Last,
    Min,
    Max,
    P95,
    Name,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub(super) enum Order {
    /// Worst first: highest, or lowest where less is worse.
    #[default]
    Worst,
    Highest,
    Lowest,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub(in super::super) struct Row {
    server: Option<String>,
    /// What `aggregate` merged.
    group: Option<String>,
    pub(super) metric: String,
    last: f64,
    min: f64,
    pub(super) max: f64,
    pub(super) avg: f64,
    p95: f64,
    pub(super) unit: &'static str,
    samples: u32,
    /// How many series were merged.
    merged: Option<usize>,
    /// Mean by time, lowest to highest; a gap is a space.
    sparkline: Option<String>,
    /// Pairs: minutes after `from`, mean.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) points: Vec<[f64; 2]>,
    #[serde(skip)]
    pub(super) hosts: Vec<HostName>,
    /// What it is made of; of one server unless it is merged.
    #[serde(skip)]
    pub(super) name: SeriesName,
    #[serde(skip)]
    lower_is_worse: bool,
    #[serde(skip)]
    pub(super) past: Vec<Point>,
}

/// Characters of a sparkline.
const SPARKS: usize = 12;
const SPARKS_DETAILED: usize = 24;

/// Series on the way to one.
#[derive(Default)]
struct Group {
    hosts: Vec<HostName>,
    series: usize,
    points: Vec<Point>,
}

/// Series of one metric in one group as one: at each step their mean.
pub(super) fn merged(
    past: Vec<Past>,
    selection: &Selection,
    aggregate: Aggregate,
    window: &Window,
) -> Vec<Row> {
    let step = step_secs(window);
    let host_of = |alias: &HostName| {
        selection.servers.iter().map(|snapshot| &snapshot.host).find(|host| host.alias == *alias)
    };
    let mut groups: BTreeMap<(String, &'static str), Group> = BTreeMap::new();
    for one in past.into_iter().filter(|one| !one.points.is_empty()) {
        let (Some(metric), Some(host)) = (metric_of(&one.series), host_of(&one.host)) else {
            continue;
        };
        let word = |word: &Option<String>| vec![word.clone().unwrap_or_else(|| NONE.to_owned())];
        let names = match aggregate {
            Aggregate::Server => vec![host.alias.to_string()],
            Aggregate::Environment => word(&host.environment),
            Aggregate::Region => word(&host.region),
            Aggregate::Tag => host.tags.clone(),
            Aggregate::Item => vec![item_of(&one.series).unwrap_or(NONE).to_owned()],
            Aggregate::Fleet => vec!["fleet".to_owned()],
        };
        for name in names {
            let group = groups.entry((name, metric.path)).or_default();
            group.hosts.push(one.host.clone());
            group.series += 1;
            group.points.extend(coarser(&one.points, step));
        }
    }
    let rows = groups.into_iter().filter_map(|((name, path), mut group)| {
        group.points.sort_by_key(|point| point.secs);
        group.hosts.dedup();
        let mut row = Row::new(path, coarser(&group.points, step))?;
        row.group = Some(name);
        row.merged = Some(group.series);
        row.hosts = group.hosts;
        Some(row)
    });
    rows.collect()
}

/// What a server without an environment, region or item belongs to.
const NONE: &str = "none";

/// A step that is wide enough for every server to have a poll in it.
fn step_secs(window: &Window) -> i64 {
    const STEPS: i64 = 500;
    const LEAST_SECS: i64 = 60;
    (window.secs() / STEPS).max(LEAST_SECS)
}

pub(super) fn sort(rows: &mut [Row], by: SortBy, order: Order) {
    let value = |row: &Row| match by {
        SortBy::Avg | SortBy::Name => row.avg,
        SortBy::Last => row.last,
        SortBy::Min => row.min,
        SortBy::Max => row.max,
        SortBy::P95 => row.p95,
    };
    rows.sort_by(|a, b| {
        let names = || (&a.metric, a.of()).cmp(&(&b.metric, b.of()));
        if by == SortBy::Name {
            return names();
        }
        let lowest = match order {
            Order::Worst => a.lower_is_worse && b.lower_is_worse,
            Order::Highest => false,
            Order::Lowest => true,
        };
        let (first, second) = if lowest { (a, b) } else { (b, a) };
        value(first).total_cmp(&value(second)).then_with(names)
    });
}

impl Row {
    /// A series as it is; `None` without a sample.
    pub(super) fn single(past: Past) -> Option<Self> {
        let mut row = Self::new(&past.series, past.points)?;
        row.server = Some(past.host.to_string());
        row.hosts = vec![past.host];
        Some(row)
    }

    /// Its server, when it is of one and not merged.
    pub(super) fn host(&self) -> Option<&HostName> {
        self.hosts.first().filter(|_| self.server.is_some())
    }

    pub(super) fn of(&self) -> &str {
        self.server.as_deref().or(self.group.as_deref()).unwrap_or_default()
    }

    fn new(series: &str, past: Vec<Point>) -> Option<Self> {
        let metric = metric_of(series)?;
        let Stats { last, min, max, avg, p95, samples } = stats(&past)?;
        Some(Self {
            server: None,
            group: None,
            metric: clip(series, NAME_CHARS).into_owned(),
            last,
            min,
            max,
            avg,
            p95,
            unit: metric.unit.word(),
            samples,
            merged: None,
            sparkline: None,
            points: Vec::new(),
            hosts: Vec::new(),
            name: series.into(),
            lower_is_worse: metric.worse == Worse::Low,
            past,
        })
    }

    /// Shows how the values went over the time: as points, or as a sparkline.
    pub(super) fn shape(&mut self, window: &Window, points: Option<u32>, format: Format) {
        let span = window.span();
        match points {
            None => {
                let count = if format.detailed() { SPARKS_DETAILED } else { SPARKS };
                self.sparkline = sparkline(&self.past, span, count);
            }
            Some(count) => {
                let count = i64::from(count.max(1));
                let step = (span.secs() + count - 1) / count;
                #[expect(clippy::cast_precision_loss, reason = "seconds stay below 2^53")]
                let minutes = |secs: i64| (secs - span.from) as f64 / 60.0;
                let steps = by_step(&self.past, span, step);
                self.points = steps.iter().map(|point| [minutes(point.secs), point.mean]).collect();
            }
        }
    }
}
