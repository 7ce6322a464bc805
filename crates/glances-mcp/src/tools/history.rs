//! `query_metrics`: any series over any time, as a line of numbers each, as points, or merged.

mod chart;
mod rows;
mod series;

use std::collections::BTreeSet;

use jiff::ToSpan as _;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::rows::{Aggregate, Order, SortBy, Steps, merged, sort};
pub(super) use self::{
    rows::Row,
    series::{Pattern, item_of, metric_of},
};
use super::{
    Context, Image, Output, Tool, ToolError,
    args::{Cursor, Format, Limit, Servers},
    listing::Cut,
    picture,
};
use crate::{
    metric::{METRICS, Metric},
    model::HostName,
    query::{
        self, Selection,
        coverage::{Coverage, Tally},
        window::Window,
    },
    render,
    snapshot::Snapshot,
    store::{Level, SeriesName, Span},
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
    /// Adds a PNG
    #[serde(default)]
    chart: bool,
    #[serde(default)]
    format: Format,
    limit: Option<Limit>,
    cursor: Option<Cursor>,
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
    /// What the picture shows.
    chart: Option<String>,
    /// Without `metrics`: what there is.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    available: Vec<Available>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notes: Vec<String>,
    coverage: Coverage,
    #[serde(skip)]
    total: usize,
    #[serde(skip)]
    images: Vec<Image>,
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
            if input.chart {
                return Err(ToolError::Refused(
                    "`chart` needs `metrics`: name what is drawn, such as `cpu.total`".to_owned(),
                ));
            }
            return Ok(available(&selection, &window));
        }
        let (asked, absent) = served(&cx, &selection, &input.metrics).await?;
        let level = query::level_for(window.secs(), asked.len());
        let past = cx.query.past(&cx.principal, asked, window.span(), level).await?;
        let (mut rows, steps) = match input.aggregate {
            None => {
                let steps = Steps::read(&window, selection.now, level);
                (past.into_iter().filter_map(Row::single).collect(), steps)
            }
            Some(aggregate) => {
                let steps = Steps::merged(&window, selection.now, level);
                (merged(past, &selection, aggregate, &steps), steps)
            }
        };
        sort(&mut rows, input.sort_by, input.order);
        let total = rows.len();
        let tally = Tally::new(&selection);
        let (mut series, coverage) = cut.groups(rows, tally, |row| &row.hosts, "series");
        for row in &mut series {
            row.date(&window, &steps);
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
        let drawn = if input.chart {
            let asked = chart::Asked { window: &window, level, zoned: input.timezone.is_some() };
            Some(chart::draw(&cx, &selection, &asked, &series, total).await?)
        } else {
            None
        };
        let (chart, images) = picture::parts(drawn);
        Ok(QueryMetricsOutput {
            from: window.written(window.since),
            until: window.written(window.until),
            resolution: resolution(level),
            watched_percent: watched_percent(&cx, &window).await?,
            series,
            chart,
            images,
            available: Vec::new(),
            notes: absent.into_iter().chain(cx.query.outage()).collect(),
            coverage,
            total,
        })
    }
}

/// Some series of one server over a time, for tools that show them beside the present; those
/// without a sample are left out.
pub(super) async fn lines(
    cx: &Context,
    host: &HostName,
    names: Vec<SeriesName>,
    window: &Window,
) -> Result<Vec<Row>, ToolError> {
    let asked = vec![(host.clone(), names)];
    let level = query::level_for(window.secs(), 1);
    let past = cx.query.past(&cx.principal, asked, window.span(), level).await?;
    let mut rows: Vec<Row> = past.into_iter().filter_map(Row::single).collect();
    let steps = Steps::read(window, (cx.now)(), level);
    for row in &mut rows {
        row.date(window, &steps);
        row.shape(window, None, Format::Concise);
    }
    Ok(rows)
}

/// Series of each server.
type Chosen = Vec<(HostName, Vec<SeriesName>)>;

/// The series of each server that fit what was asked for.
pub(super) async fn chosen(
    cx: &Context,
    selection: &Selection,
    asked: &[String],
) -> Result<Chosen, ToolError> {
    let (found, absent) = fitting(cx, selection, asked).await?;
    match absent.into_iter().next() {
        Some((_, nothing)) => Err(nothing),
        None => Ok(found),
    }
}

/// The same, where it is enough that some are there: not every machine has swap or sensors. Tells
/// which metrics are not.
async fn served(
    cx: &Context,
    selection: &Selection,
    asked: &[String],
) -> Result<(Chosen, Option<String>), ToolError> {
    let (found, mut absent) = fitting(cx, selection, asked).await?;
    let is_metric = |text: &str| METRICS.iter().any(|metric| metric.path == text);
    let wrong = absent.iter().position(|(text, _)| found.is_empty() || !is_metric(text));
    if let Some(wrong) = wrong {
        return Err(absent.swap_remove(wrong).1);
    }
    let names: Vec<String> = absent.iter().map(|(text, _)| format!("`{text}`")).collect();
    let note = || format!("no history of {}: these servers do not serve it", names.join(", "));
    Ok((found, (!names.is_empty()).then(note)))
}

/// The series that fit, and what none fits with what to say of it.
async fn fitting<'a>(
    cx: &Context,
    selection: &Selection,
    asked: &'a [String],
) -> Result<(Chosen, Vec<(&'a str, ToolError)>), ToolError> {
    let patterns: Vec<Pattern> =
        asked.iter().map(|text| Pattern::parse(text)).collect::<Result<_, _>>()?;
    let hosts: Vec<HostName> = selection.aliases();
    let mut found = cx.query.series(&cx.principal, &hosts).await?;
    let mut absent = Vec::new();
    for (text, pattern) in asked.iter().zip(&patterns) {
        if !found.iter().flat_map(|(_, names)| names).any(|name| pattern.fits(name)) {
            let nothing = pattern.nothing(text, found.iter().flat_map(|(_, names)| names));
            let nothing = match cx.query.outage() {
                Some(outage) => ToolError::Refused(format!("{nothing}; {outage}")),
                None => nothing,
            };
            absent.push((text.trim(), nothing));
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
    Ok((found, absent))
}

const fn resolution(level: Level) -> &'static str {
    match level {
        Level::Raw => "polls",
        Level::FiveMinutes => "means of 5 minutes",
        Level::Hour => "means of an hour",
    }
}

/// Share of a time in which we were watching; `None` when that was all of it.
pub(super) async fn watched_percent(
    cx: &Context,
    window: &Window,
) -> Result<Option<f64>, ToolError> {
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
        chart: None,
        images: Vec::new(),
        total: available.len(),
        available,
        notes: Vec::new(),
        coverage: tally.coverage(),
    }
}

impl Output for QueryMetricsOutput {
    fn take_images(&mut self) -> Vec<Image> {
        std::mem::take(&mut self.images)
    }

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
