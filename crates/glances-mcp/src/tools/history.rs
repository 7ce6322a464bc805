//! `query_metrics`: any series over any time, as a line of numbers each, as points, or merged.

mod series;

use std::collections::{BTreeMap, BTreeSet};

use jiff::ToSpan as _;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::series::{Pattern, Stats, by_step, item_of, metric_of, sparkline, stats};
use super::{
    Context, Output, Tool, ToolError,
    args::{Cursor, Format, Limit, Servers},
    listing::Cut,
    view::NAME_CHARS,
};
use crate::{
    metric::{METRICS, Metric, Worse},
    model::HostName,
    query::{
        self, Past, Selection,
        coverage::{Coverage, Tally},
        window::Window,
    },
    redact::clip,
    render,
    snapshot::Snapshot,
    store::{Level, Point, SeriesName, Span, coarser},
};

pub(super) struct QueryMetrics;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct QueryMetricsInput {
    #[serde(default)]
    servers: Servers,
    /// Paths, items and globs: cpu.total, fs.percent[/], network.*; none lists what there is
    #[serde(default)]
    #[schemars(length(max = 20))]
    metrics: Vec<String>,
    /// RFC 3339, -2h, 03:10; default -1h
    since: Option<String>,
    /// Default now
    until: Option<String>,
    /// Such as Europe/Berlin; default UTC
    timezone: Option<String>,
    /// Merge series of a metric
    aggregate: Option<Aggregate>,
    #[serde(default)]
    sort_by: SortBy,
    #[serde(default)]
    order: Order,
    /// Points of each series instead of a sparkline
    #[schemars(range(min = 2, max = 500))]
    points: Option<u32>,
    #[serde(default)]
    format: Format,
    limit: Option<Limit>,
    cursor: Option<Cursor>,
}

#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
enum Aggregate {
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
enum SortBy {
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
enum Order {
    /// Worst first: highest, or lowest where less is worse.
    #[default]
    Worst,
    Highest,
    Lowest,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct QueryMetricsOutput {
    /// First moment of the time asked about.
    from: String,
    /// First moment after it.
    until: String,
    /// What a sample is: a poll, or the mean of 5 minutes or an hour, of which the p95 is made.
    resolution: &'static str,
    /// Share of that time in which this server was watching.
    watched_percent: Option<f64>,
    /// One row a series, or a group of them.
    series: Vec<Row>,
    /// Without `metrics`: what there is.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    available: Vec<Available>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notes: Vec<String>,
    coverage: Coverage,
    #[serde(skip)]
    total: usize,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Row {
    server: Option<String>,
    /// What `aggregate` merged.
    group: Option<String>,
    metric: String,
    last: f64,
    min: f64,
    max: f64,
    avg: f64,
    p95: f64,
    unit: &'static str,
    samples: u32,
    /// How many series were merged.
    merged: Option<usize>,
    /// Mean by time, lowest to highest; a gap is a space.
    sparkline: Option<String>,
    /// Pairs: minutes after `from`, mean.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    points: Vec<[f64; 2]>,
    #[serde(skip)]
    hosts: Vec<HostName>,
    #[serde(skip)]
    lower_is_worse: bool,
    #[serde(skip)]
    past: Vec<Point>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Available {
    metric: &'static str,
    unit: &'static str,
    servers: usize,
    /// Mounts, interfaces, containers …
    items: Option<usize>,
    /// Of one server and one item: the value of the last poll.
    last: Option<f64>,
    what: &'static str,
}

/// Series of one call; a glob over a large fleet fits more than anybody reads.
const SERIES_MAX: usize = 5_000;
/// Points of one reply.
const POINTS_MAX: usize = 1_000;
/// Characters of a sparkline.
const SPARKS: usize = 12;
const SPARKS_DETAILED: usize = 24;

impl Tool for QueryMetrics {
    const NAME: &'static str = "query_metrics";
    const TITLE: &'static str = "Query metrics";
    const DESCRIPTION: &'static str = "Any metric over any past time: last, min, max, average, p95 \
        and a sparkline of each series, or `points`; merged by `aggregate`; the busiest or idlest \
        first. Without `metrics` it lists what these servers have. For the present use the other \
        tools.";
    type Input = QueryMetricsInput;
    type Output = QueryMetricsOutput;

    async fn call(cx: Context, input: Self::Input) -> Result<Self::Output, ToolError> {
        let selection = cx.select(&input.servers).await?;
        let window = Window::parse(
            input.since.as_deref(),
            input.until.as_deref(),
            input.timezone.as_deref(),
            1.hour(),
            selection.now,
        )?;
        let cut = Cut::new(&selection, input.format, input.limit, None, input.cursor.as_ref())?;
        if input.metrics.is_empty() {
            return Ok(available(&selection, &window));
        }
        let asked = chosen(&cx, &selection, &input.metrics).await?;
        let level = query::level_for(window.secs(), asked.len());
        let past = cx.query.past(&cx.principal, asked, window.span(), level).await?;
        let mut rows = match input.aggregate {
            None => past.into_iter().filter_map(Row::single).collect(),
            Some(aggregate) => merged(past, &selection, aggregate, &window),
        };
        sort(&mut rows, input.sort_by, input.order);
        let total = rows.len();
        let tally = Tally::new(&selection);
        let (mut series, coverage) = cut.groups(rows, tally, |row| &row.hosts, "series");
        for row in &mut series {
            row.shape(&window, input.points, input.format);
        }
        if series.iter().map(|row| row.points.len()).sum::<usize>() > POINTS_MAX {
            return Err(ToolError::Refused(format!(
                "{} series with `points` = {} are more than {POINTS_MAX} points: lower one of them, \
                 or name fewer `metrics`",
                series.len(),
                input.points.unwrap_or_default()
            )));
        }
        Ok(QueryMetricsOutput {
            from: window.written(window.since),
            until: window.written(window.until),
            resolution: resolution(level),
            watched_percent: watched_percent(&cx, &window).await?,
            series,
            available: Vec::new(),
            notes: cx.query.outage().into_iter().collect(),
            coverage,
            total,
        })
    }
}

/// The series of each server that fit what was asked for.
async fn chosen(
    cx: &Context,
    selection: &Selection,
    asked: &[String],
) -> Result<Vec<(HostName, Vec<SeriesName>)>, ToolError> {
    let patterns: Vec<Pattern> =
        asked.iter().map(|text| Pattern::parse(text)).collect::<Result<_, _>>()?;
    let hosts: Vec<HostName> =
        selection.servers.iter().map(|snapshot| snapshot.host.alias.clone()).collect();
    let mut found = cx.query.series(&cx.principal, &hosts).await?;
    for (text, pattern) in asked.iter().zip(&patterns) {
        if !found.iter().flat_map(|(_, names)| names).any(|name| pattern.fits(name)) {
            return Err(pattern.nothing(text, found.iter().flat_map(|(_, names)| names)));
        }
    }
    for (_, names) in &mut found {
        names.retain(|name| patterns.iter().any(|pattern| pattern.fits(name)));
    }
    found.retain(|(_, names)| !names.is_empty());
    let count: usize = found.iter().map(|(_, names)| names.len()).sum();
    if count > SERIES_MAX {
        return Err(ToolError::Refused(format!(
            "`metrics` fits {count} series and {SERIES_MAX} are read at most: name fewer metrics or \
             servers"
        )));
    }
    Ok(found)
}

const fn resolution(level: Level) -> &'static str {
    match level {
        Level::Raw => "polls",
        Level::FiveMinutes => "means of 5 minutes",
        Level::Hour => "means of an hour",
    }
}

/// Share of a time in which we were watching; `None` when that was all of it.
async fn watched_percent(cx: &Context, window: &Window) -> Result<Option<f64>, ToolError> {
    /// The last second is written a second later.
    const ALL_PERCENT: f64 = 99.0;
    let watched: i64 = cx.query.watched(window.span()).await?.iter().map(Span::secs).sum();
    #[expect(clippy::cast_precision_loss, reason = "seconds stay below 2^53")]
    let percent = watched as f64 / window.secs().max(1) as f64 * 100.0;
    Ok((percent < ALL_PERCENT).then_some(percent))
}

/// What the selected servers have, one line a metric.
fn available(selection: &Selection, window: &Window) -> QueryMetricsOutput {
    let mut tally = Tally::new(selection);
    let answering: Vec<&Snapshot> = tally.answering().map(AsRef::as_ref).collect();
    let line = |metric: &'static Metric| {
        let (mut servers, mut items, mut values) = (0, BTreeSet::new(), Vec::new());
        for snapshot in &answering {
            let found = metric.values(snapshot);
            servers += usize::from(!found.is_empty());
            for (item, value) in found {
                items.extend(item);
                values.push(value);
            }
        }
        let last = values.first().copied().filter(|_| values.len() == 1);
        (servers > 0).then(|| Available {
            metric: metric.path,
            unit: metric.unit.word(),
            servers,
            items: (!items.is_empty()).then_some(items.len()),
            last,
            what: metric.help,
        })
    };
    let available: Vec<Available> = METRICS.iter().filter_map(line).collect();
    answering.iter().for_each(|snapshot| tally.shown(&snapshot.host.alias));
    QueryMetricsOutput {
        from: window.written(window.since),
        until: window.written(window.until),
        resolution: resolution(Level::Raw),
        watched_percent: None,
        series: Vec::new(),
        total: available.len(),
        available,
        notes: Vec::new(),
        coverage: tally.coverage(),
    }
}

/// Series on the way to one.
#[derive(Default)]
struct Group {
    hosts: Vec<HostName>,
    series: usize,
    points: Vec<Point>,
}

/// Series of one metric in one group as one: at each step their mean.
fn merged(
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

fn sort(rows: &mut [Row], by: SortBy, order: Order) {
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
    fn single(past: Past) -> Option<Self> {
        let mut row = Self::new(&past.series, past.points)?;
        row.server = Some(past.host.to_string());
        row.hosts = vec![past.host];
        Some(row)
    }

    fn of(&self) -> &str {
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
            lower_is_worse: metric.worse == Worse::Low,
            past,
        })
    }

    /// Shows how the values went over the time: as points, or as a sparkline.
    fn shape(&mut self, window: &Window, points: Option<u32>, format: Format) {
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

impl Output for QueryMetricsOutput {
    fn headline(&self) -> String {
        if !self.available.is_empty() {
            return format!(
                "{} on the selected servers; name some in `metrics`.",
                render::count(self.available.len(), "metric")
            );
        }
        let Some(first) = self.series.first() else {
            return format!("No samples from {} to {}.", self.from, self.until);
        };
        format!(
            "{} series from {} to {}; first {} {}: avg {}, max {}.",
            self.total,
            self.from,
            self.until,
            first.of(),
            first.metric,
            render::in_unit(first.avg, first.unit),
            render::in_unit(first.max, first.unit),
        )
    }
}
