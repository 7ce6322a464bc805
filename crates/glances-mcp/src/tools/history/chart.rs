//! The picture of `query_metrics`: lines, and of a single one what is usual of it and what was not.

use super::{
    super::{Context, ToolError, picture, picture::Drawn},
    resolution,
    rows::Row,
    series::{by_step, metric_of},
};
use crate::{
    chart::{Chart, Limit, MARKS_MAX, Point, SERIES_MAX, Series, Stretch},
    judge::{self, FINDINGS_KEPT_SECS, Finding, JUDGED_DAYS, Kind, is_judged},
    model::HostName,
    query::{Selection, window::Window},
    render,
    snapshot::Snapshot,
    store::{self, Level, Span},
};

/// Points of one line: one in two pixels.
const POINTS: usize = 360;
/// What is usual is known by the step of the habits.
const USUAL_SECS: i64 = Level::FiveMinutes.step_secs();

/// Which picture.
pub(super) struct Asked<'a> {
    pub(super) window: &'a Window,
    /// What the rows were read from.
    pub(super) level: Level,
    /// The caller named a zone.
    pub(super) zoned: bool,
}

/// Draws the first rows that have one unit; there are so many series in all.
pub(super) async fn draw(
    cx: &Context,
    selection: &Selection,
    asked: &Asked<'_>,
    rows: &[Row],
    total: usize,
) -> Result<Drawn, ToolError> {
    let metric = rows.first().and_then(|row| metric_of(&row.metric));
    let Some(metric) = metric else { return Ok(Drawn::not("there are no samples to draw")) };
    let alike = || rows.iter().filter(|row| row.unit == metric.unit.word());
    let drawn: Vec<&Row> = alike().take(SERIES_MAX).collect();
    let snapshots: Vec<&Snapshot> = drawn
        .iter()
        .flat_map(|row| &row.hosts)
        .filter_map(|host| picture::snapshot(selection, host.as_str()))
        .collect();
    let span = asked.window.span();
    let step = step_secs(&drawn, span, asked.level);
    let names: Vec<(&str, &str)> = drawn.iter().map(|row| (row.of(), &*row.metric)).collect();
    let (title, names) = picture::names(&names);
    let lines = drawn.iter().zip(names).map(|(row, name)| line(row, name, span, step));
    let series: Vec<Series> = lines.collect();
    let lowest = drawn.iter().all(|row| row.past.iter().all(|point| point.min.is_some()));
    let note = match step {
        None => resolution(asked.level).to_owned(),
        #[expect(clippy::cast_precision_loss, reason = "seconds stay below 2^53")]
        Some(step) => {
            let length = render::duration(step as f64);
            let length = length.trim_end_matches(" 0s").trim_end_matches(" 0m");
            format!("means of {length}")
        }
    };
    let mut chart = Chart {
        title,
        note: note + &picture::unit_words(metric.unit),
        scale: picture::scale(metric.unit),
        from: span.from,
        until: span.to,
        zone: if asked.zoned { asked.window.zone().clone() } else { picture::zone(snapshots) },
        series,
        stretch: if lowest { "lowest to highest" } else { "up to the highest" },
        usual: Vec::new(),
        // Polls go up and down more than their means.
        usual_is: if asked.level == Level::Raw { "usual mean of 5 minutes" } else { "usual" },
        limits: shared_limits(cx, selection, &drawn),
        marks: Vec::new(),
        now: None,
    };
    let mut also = Vec::new();
    if alike().count() < rows.len() {
        also.push(format!("those in {} only", metric.unit.word()));
    }
    if let ([row], [line]) = (drawn.as_slice(), chart.series.as_slice())
        && let Some(host) = row.host()
    {
        let marks = marks(cx, host, row, line, span);
        chart.usual = usual(cx, selection, host, row, span).await?;
        if !chart.usual.is_empty() {
            also.push("with what is usual".to_owned());
        }
        if !marks.is_empty() {
            also.push(format!("{} marked", render::count(marks.len(), "unusual moment")));
        }
        if span.from < selection.now.as_second() - FINDINGS_KEPT_SECS && is_judged(&row.name) {
            let days = FINDINGS_KEPT_SECS / 86_400;
            also.push(format!("unusual moments are marked for {days} days back"));
        }
        chart.marks = marks;
    }
    Ok(picture::draw(chart, total, &also).await)
}

/// How far apart points are put when there are more than pixels; `None` when all fit.
fn step_secs(rows: &[&Row], span: Span, level: Level) -> Option<i64> {
    let most = rows.iter().map(|row| row.past.len()).max().unwrap_or(0);
    if most <= POINTS {
        return None;
    }
    let count = i64::try_from(POINTS).unwrap_or(i64::MAX);
    let least = (span.secs() + count - 1) / count;
    // Whole steps of what was read: a step with one value more than the next makes waves.
    let fine = if level == Level::Raw { 1 } else { level.step_secs().max(1) };
    Some((least + fine - 1) / fine * fine)
}

fn line(row: &Row, name: String, span: Span, step: Option<i64>) -> Series {
    let points = match step {
        None => row.past.clone(),
        Some(step) => by_step(&row.past, span, step),
    };
    let stretch =
        |it: &store::Point| Stretch { secs: it.secs, low: it.min.unwrap_or(it.mean), high: it.max };
    Series {
        name,
        points: points.iter().map(|it| Point { secs: it.secs, value: it.mean }).collect(),
        ahead: Vec::new(),
        stretches: points.iter().map(stretch).collect(),
    }
}

/// The limits that hold for every line.
fn shared_limits(cx: &Context, selection: &Selection, rows: &[&Row]) -> Vec<Limit> {
    let of = |row: &&Row| {
        let snapshot = picture::snapshot(selection, row.host()?.as_str())?;
        Some(picture::limits(cx, snapshot, &row.name))
    };
    let Some(all) = rows.iter().map(of).collect::<Option<Vec<_>>>() else { return Vec::new() };
    let Some((first, others)) = all.split_first() else { return Vec::new() };
    let same = |one: &Limit, other: &Limit| one.name == other.name && one.value == other.value;
    let shared =
        |limit: &&Limit| others.iter().all(|limits| limits.iter().any(|other| same(limit, other)));
    first.iter().filter(shared).cloned().collect()
}

/// Where the series usually is, by what lay before.
async fn usual(
    cx: &Context,
    selection: &Selection,
    host: &HostName,
    row: &Row,
    span: Span,
) -> Result<Vec<Stretch>, ToolError> {
    let Some(snapshot) = picture::snapshot(selection, host.as_str()) else { return Ok(Vec::new()) };
    if !is_judged(&row.name) {
        return Ok(Vec::new());
    }
    let learned = Span { from: span.to - JUDGED_DAYS * 86_400, to: span.to };
    let asked = vec![(host.clone(), vec![row.name.clone()])];
    let past = cx.query.past(&cx.principal, asked, learned, Level::FiveMinutes).await?;
    let points = past.into_iter().next().map(|past| past.points).unwrap_or_default();
    let (name, zone) = (row.name.clone(), snapshot.host.timezone.clone());
    // The step that the time begins in has begun before.
    let shown = Span { from: span.from - USUAL_SECS, to: span.to };
    let work = tokio::task::spawn_blocking(move || judge::usual(name, &points, shown, &zone));
    let found = work.await.unwrap_or_default();
    let together = found.len().div_ceil(POINTS).max(1);
    let mean = |some: &[judge::Usual]| {
        let mean = |of: fn(&judge::Usual) -> f64| {
            #[expect(clippy::cast_precision_loss, reason = "a few steps")]
            let count = some.len() as f64;
            some.iter().map(of).sum::<f64>() / count
        };
        let secs = some.first()?.secs.max(span.from);
        Some(Stretch { secs, low: mean(|it| it.low), high: mean(|it| it.high) })
    };
    let mut usual: Vec<Stretch> = found.chunks(together).filter_map(mean).collect();
    // What is expected of a step holds to its end.
    if let Some(last) = usual.last().copied() {
        usual.push(Stretch { secs: (last.secs + USUAL_SECS).min(span.to), ..last });
    }
    Ok(usual)
}

/// The points of a line that findings are about, by the judgement.
fn marks(cx: &Context, host: &HostName, row: &Row, line: &Series, span: Span) -> Vec<Point> {
    let Some((_, judged)) = cx.query.judged(&cx.principal, host) else { return Vec::new() };
    let anomalies = &judged.anomalies;
    let told = |it: &&Finding| {
        let strong = it.severity > analytics::Severity::Info || anomalies.is_shared(it);
        // That its peers are elsewhere is no moment of this line.
        let own = it.series == row.name && it.kind != Kind::FleetOutlier;
        own && it.is_in(span) && strong && !it.habit
    };
    let mark = |finding: &Finding| {
        let within = |it: &&Point| finding.since <= it.secs && it.secs < finding.until;
        let mut points = line.points.iter().filter(within);
        let off = |it: &&Point| (it.value - finding.expected).abs();
        match finding.kind {
            Kind::Spike | Kind::SeasonalityBreak => {
                // Of those that are as far out the first, which from behind is the last.
                points.rev().max_by(|a, b| off(a).total_cmp(&off(b)))
            }
            // It begins somewhere, and goes on.
            Kind::LevelShift | Kind::TrendChange | Kind::FleetOutlier => points.next(),
        }
    };
    let mut told: Vec<&Finding> = anomalies.findings.iter().filter(told).collect();
    told.sort_by_key(|finding| finding.since);
    // There and back again is one moment.
    let moments = told.chunk_by(|a, b| b.since < a.until);
    let farthest = |some: &[&Finding]| {
        let most = some.iter().max_by(|a, b| a.score.total_cmp(&b.score))?;
        mark(most).copied()
    };
    moments.filter_map(farthest).take(MARKS_MAX).collect()
}
