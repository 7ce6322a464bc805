//! Series as rows of numbers: each by itself, or merged by what their servers have in common.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    super::{args::Format, view::NAME_CHARS},
    series::{Stats, by_step, item_of, metric_of, sparkline, stats, usual_distance},
};
use crate::{
    metric::Worse,
    model::HostName,
    query::{Past, Selection, window::Window},
    redact::clip,
    store::{Level, Point, SeriesName, coarser},
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
    /// When that was, or its step began, where it is more than two steps before the end.
    last_at: Option<String>,
    min: f64,
    pub(super) max: f64,
    pub(super) avg: f64,
    p95: f64,
    pub(super) unit: &'static str,
    samples: u32,
    /// How many series were merged; at each step every server counts once.
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

/// The steps that the points of rows are of, and the moment that a question ends.
pub(super) struct Steps {
    secs: i64,
    end: i64,
}

impl Steps {
    /// Those of the level that is read.
    pub(super) fn read(window: &Window, now: Timestamp, level: Level) -> Self {
        Self { secs: level.step_secs(), end: window.until.min(now).as_second() }
    }

    /// Wide enough for every server to have a poll in each, and whole steps of what is read.
    pub(super) fn merged(window: &Window, now: Timestamp, level: Level) -> Self {
        const STEPS: i64 = 500;
        let read = Self::read(window, now, level);
        let fine = read.secs.max(1);
        let least = (window.secs() / STEPS).max(LEAST_SECS);
        Self { secs: (least + fine - 1) / fine * fine, ..read }
    }

    /// When the step begins that is not over at the end.
    const fn begun(&self) -> i64 {
        let secs = if self.secs > 0 { self.secs } else { 1 };
        self.end.div_euclid(secs) * secs
    }
}

/// Polls that are closer are of one moment.
const LEAST_SECS: i64 = 60;
/// No server is polled less often.
const MOST_SECS: i64 = 3_600;

/// Series on the way to one.
#[derive(Default)]
struct Group {
    /// Of each server, its series step by step.
    hosts: BTreeMap<HostName, Vec<Point>>,
    series: usize,
    samples: u32,
}

/// Series of one metric in one group as one: at each step their mean, to which each server adds as
/// much as another, however often it is polled.
pub(super) fn merged(
    past: Vec<Past>,
    selection: &Selection,
    aggregate: Aggregate,
    steps: &Steps,
) -> Vec<Row> {
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
        let samples = one.points.iter().fold(0_u32, |sum, it| sum.saturating_add(it.count));
        let points = once(one.points, steps.secs);
        for name in names {
            let group = groups.entry((name, metric.path)).or_default();
            group.hosts.entry(one.host.clone()).or_default().extend(&points);
            group.series += 1;
            group.samples = group.samples.saturating_add(samples);
        }
    }
    let rows = groups.into_iter().filter_map(|((name, path), group)| {
        let mut hosts = Vec::new();
        let mut points = Vec::new();
        for (host, series) in group.hosts {
            hosts.push(host);
            points.extend(once(series, steps.secs));
        }
        points.sort_by_key(|point| point.secs);
        let all = coarser(&points, steps.secs);
        // A step that has begun holds the polls of a few servers.
        let whole = all.partition_point(|point| point.secs < steps.begun());
        let shown = if whole > 0 { all.get(..whole)? } else { &all };
        let mut row = Row::new(path, shown.to_vec())?;
        // What was lowest, highest and counted is so at any time of a step.
        let Stats { min, max, .. } = stats(&all)?;
        (row.min, row.max, row.samples) = (min, max, group.samples);
        row.group = Some(name);
        row.merged = Some(group.series);
        row.hosts = hosts;
        Some(row)
    });
    rows.collect()
}

/// One value for each step, each as good as another.
fn once(mut points: Vec<Point>, step_secs: i64) -> Vec<Point> {
    points.sort_by_key(|point| point.secs);
    let mut steps = coarser(&points, step_secs);
    steps.iter_mut().for_each(|step| step.count = 1);
    steps
}

/// What a server without an environment, region or item belongs to.
const NONE: &str = "none";

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
            last_at: None,
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

    /// Says when the last value was, if there should be newer ones.
    pub(super) fn date(&mut self, window: &Window, steps: &Steps) {
        let Some(last) = self.past.last() else { return };
        let usual = usual_distance(&self.past).unwrap_or(MOST_SECS);
        let step = usual.clamp(LEAST_SECS, MOST_SECS).max(steps.secs);
        if steps.end - last.secs > 2 * step {
            self.last_at = Timestamp::from_second(last.secs).ok().map(|at| window.written(at));
        }
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use jiff::ToSpan as _;

    use super::*;
    use crate::snapshot::{Host, Snapshot};

    /// 2026-11-24T14:20:00Z
    const NOW: i64 = 1_795_530_000;

    fn at(secs: i64) -> Timestamp {
        Timestamp::from_second(secs).unwrap()
    }

    fn window(since: &str, until: Option<&str>) -> Window {
        let zone = Some("Europe/Berlin");
        Window::parse(Some(since), until, zone, 1.hour(), at(NOW + 30)).unwrap()
    }

    /// A series with a point each `step` seconds from the one end to the other.
    fn past(host: &str, (from, to, step): (i64, i64, usize), value: fn(i64) -> f64) -> Past {
        let points = (from..to).step_by(step).map(|secs| Point::one(secs, value(secs))).collect();
        Past { host: HostName::parse(host).unwrap(), series: "cpu.total".into(), points }
    }

    fn dated(past: Past, window: &Window, level: Level) -> Row {
        let mut row = Row::single(past).unwrap();
        row.date(window, &Steps::read(window, at(NOW + 30), level));
        row
    }

    fn selection(names: &[&str]) -> Selection {
        let snapshot = |name: &&str| {
            let host = Host::at(HostName::parse(name).unwrap(), String::new());
            Arc::new(Snapshot::unseen(Arc::new(host)))
        };
        Selection { servers: names.iter().map(snapshot).collect::<Vec<_>>().into(), now: at(NOW) }
    }

    fn fleet(past: Vec<Past>, window: &Window) -> Row {
        let names: Vec<String> = past.iter().map(|one| one.host.to_string()).collect();
        let selection = selection(&names.iter().map(String::as_str).collect::<Vec<_>>());
        let steps = Steps::merged(window, at(NOW + 30), Level::Raw);
        merged(past, &selection, Aggregate::Fleet, &steps).remove(0)
    }

    #[test]
    fn a_last_value_has_its_time_only_where_newer_ones_are_missing() {
        let (hour, week) = (window("-1h", None), window("-7d", None));
        let level = Level::FiveMinutes;
        let silent = dated(past("a", (NOW - 604_500, NOW - 432_000, 300), |_| 1.0), &week, level);
        assert_eq!(silent.last_at.as_deref(), Some("2026-11-19T15:15:00+01:00"));
        let steady = [
            dated(past("a", (NOW - 604_500, NOW + 1, 300), |_| 1.0), &week, level),
            // The poll of the step that has begun is still to come.
            dated(past("a", (NOW - 604_500, NOW, 300), |_| 1.0), &week, level),
            dated(past("a", (NOW - 3_600, NOW - 20, 10), |_| 1.0), &hour, Level::Raw),
            dated(past("a", (NOW - 3_600, NOW, 300), |_| 1.0), &hour, Level::Raw),
            // The only poll yet.
            dated(past("a", (NOW - 900, NOW - 899, 10), |_| 1.0), &hour, Level::Raw),
        ];
        assert!(steady.iter().all(|row| row.last_at.is_none()), "{steady:?}");
        let stopped = dated(past("a", (NOW - 3_600, NOW - 600, 10), |_| 1.0), &hour, Level::Raw);
        assert_eq!(stopped.last_at.as_deref(), Some("2026-11-24T15:09:50+01:00"));
    }

    #[test]
    fn a_time_that_is_over_ends_where_it_ends_and_not_now() {
        let ended = window("-2h", Some("-1h"));
        let to_its_end = past("a", (NOW - 7_000, NOW - 3_600, 10), |_| 1.0);
        assert_eq!(dated(to_its_end, &ended, Level::Raw).last_at, None);
        let half = past("a", (NOW - 7_000, NOW - 5_000, 10), |_| 1.0);
        assert!(dated(half, &ended, Level::Raw).last_at.is_some());
        let to_come = window("-1h", Some("2026-11-25T14:20:00+01:00"));
        let steady = past("a", (NOW - 3_600, NOW + 25, 10), |_| 1.0);
        assert_eq!(dated(steady, &to_come, Level::Raw).last_at, None);
    }

    #[test]
    fn the_last_of_a_fleet_is_of_a_step_in_which_every_server_had_its_poll() {
        let hour = window("-1h", None);
        // Of the minute that has begun only one is polled yet, which jumped.
        let value = |secs| if secs >= NOW { 99.0 } else { 10.0 };
        let eager = past("a", (NOW - 3_600, NOW + 25, 10), value);
        let slow = past("b", (NOW - 3_570, NOW, 60), |_| 30.0);
        let samples = eager.points.len() + slow.points.len();
        let row = fleet(vec![eager, slow], &hour);
        assert_eq!((row.last, row.avg), (20.0, 20.0));
        assert_eq!((row.min, row.max), (10.0, 99.0), "what was highest was so");
        assert_eq!(row.samples as usize, samples);
        assert_eq!(row.past.last().unwrap().secs, NOW - 60);

        let new = fleet(vec![past("a", (NOW, NOW + 25, 10), value)], &hour);
        assert_eq!(new.last, 99.0, "the only step there is");
    }

    #[test]
    fn a_server_that_is_polled_more_often_counts_no_more_than_another() {
        let hour = window("-1h", Some("2026-11-24T15:20:00+01:00"));
        let often = past("a", (NOW - 3_600, NOW, 10), |_| 10.0);
        let seldom = past("b", (NOW - 3_600, NOW, 60), |_| 30.0);
        let mut row = fleet(vec![often, seldom], &hour);
        assert_eq!((row.avg, row.last, row.p95), (20.0, 20.0, 20.0));
        assert_eq!((row.samples, row.merged), (360 + 60, Some(2)));
        assert_eq!(row.hosts.len(), 2);
        row.shape(&hour, Some(4), Format::Concise);
        assert!(row.points.iter().all(|[_, mean]| *mean == 20.0), "{:?}", row.points);
    }

    #[test]
    fn a_server_with_many_items_counts_no_more_than_one_with_few() {
        let hour = window("-1h", Some("2026-11-24T15:20:00+01:00"));
        let item = |host, item: &str, value| {
            let one = past(host, (NOW - 3_600, NOW, 60), value);
            Past { series: format!("fs.percent[{item}]").into(), ..one }
        };
        let many = ["/", "/a", "/b"].map(|name| item("a", name, |_| 10.0));
        let row = fleet(many.into_iter().chain([item("b", "/", |_| 50.0)]).collect(), &hour);
        assert_eq!((row.avg, row.merged, row.hosts.len()), (30.0, Some(4), 2));
    }

    #[test]
    fn merged_steps_are_whole_steps_of_what_is_read() {
        for (since, level, secs) in [
            ("-1h", Level::Raw, 60),
            ("-7d", Level::FiveMinutes, 1_500),
            ("-7d", Level::Hour, 3_600),
            ("-300d", Level::Hour, 54_000),
        ] {
            assert_eq!(Steps::merged(&window(since, None), at(NOW), level).secs, secs, "{since}");
        }
    }
}
