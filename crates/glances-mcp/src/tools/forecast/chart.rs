//! The picture of `predict_resource_needs`: what was, what is expected with its range, and where it
//! is too much.

use super::{
    super::{Context, picture, picture::Drawn},
    Foretold, Horizon, sized_of,
};
use crate::{
    chart::{Chart, Limit, Point, STRETCHED_MAX, Series, Stretch},
    metric::Metric,
    query::Selection,
    redact::clip,
    snapshot::Snapshot,
    store::coarser,
    tools::{history::metric_of, view::NAME_CHARS},
};

/// Draws the first of these that have one unit; there are so many series in all.
pub(super) async fn draw(
    cx: &Context,
    selection: &Selection,
    horizon: Horizon,
    sorted: &[&Foretold],
    total: usize,
) -> Drawn {
    let metric = sorted.first().and_then(|one| metric_of(&one.series));
    let Some(metric) = metric else { return Drawn::not("nothing could be foretold") };
    let unit_of = |one: &&&Foretold| metric_of(&one.series).map(|it| it.unit);
    let alike = || sorted.iter().filter(|one| unit_of(one) == Some(metric.unit));
    let drawn: Vec<&Foretold> = alike().take(STRETCHED_MAX).copied().collect();
    let snapshots: Vec<&Snapshot> =
        drawn.iter().filter_map(|one| picture::snapshot(selection, one.host.as_str())).collect();
    let series: Vec<String> =
        drawn.iter().map(|one| clip(&one.series, NAME_CHARS).into_owned()).collect();
    let named = drawn.iter().zip(&series).map(|(one, name)| (one.host.as_str(), name.as_str()));
    let (title, names) = picture::names(&named.collect::<Vec<_>>());
    let now = selection.now.as_second();
    let mut also = vec![format!("the next {}", horizon.words())];
    if alike().count() < sorted.len() {
        also.push(format!("those in {} only", metric.unit.word()));
    }
    let chart = Chart {
        title: format!("{title}, forecast"),
        note: horizon.points().to_owned() + &picture::unit_words(metric.unit),
        scale: picture::scale(metric.unit),
        from: now - horizon.shown_secs(),
        until: horizon.end(now),
        zone: picture::zone(snapshots.iter().copied()),
        series: drawn
            .iter()
            .zip(names)
            .map(|(one, name)| line(one, name, metric, horizon, now))
            .collect(),
        stretch: "in 80 of 100 cases",
        usual: Vec::new(),
        usual_is: "usual",
        limits: limits(cx, &drawn, &snapshots),
        marks: Vec::new(),
        now: Some(now),
    };
    picture::draw(chart, total, &also).await
}

pub(super) fn line(
    one: &Foretold,
    name: String,
    metric: &Metric,
    horizon: Horizon,
    now: i64,
) -> Series {
    let most = metric.unit.most();
    let past = coarser(&one.recent, horizon.step_secs());
    // The step that has begun is foretold.
    let whole = past.iter().filter(|it| it.secs < horizon.begin(0, now));
    let points: Vec<Point> = whole.map(|it| Point { secs: it.secs, value: it.mean }).collect();
    let (mut ahead, mut stretches) = (Vec::new(), Vec::new());
    if let Some(last) = points.last() {
        stretches.push(Stretch { secs: last.secs, low: last.value, high: last.value });
    }
    let steps = one.forecast.iter().flat_map(|forecast| &forecast.steps);
    for (number, step) in (0_i64..).zip(steps) {
        let secs = horizon.begin(number, now);
        ahead.push(Point { secs, value: step.point.min(most) });
        let (low, high) = (step.p80.low.min(most), step.p80.high.min(most));
        stretches.push(Stretch { secs, low, high });
    }
    Series { name, points, ahead, stretches }
}

/// Of one series: what it is planned for and where it is critical; of several only what is planned
/// for all of them.
fn limits(cx: &Context, drawn: &[&Foretold], snapshots: &[&Snapshot]) -> Vec<Limit> {
    let planned = |one: &&Foretold| sized_of(&one.series).map(|sized| sized.target * 100.0);
    let all: Vec<Option<f64>> = drawn.iter().map(planned).collect();
    let same =
        all.first().copied().flatten().filter(|first| all.iter().all(|it| *it == Some(*first)));
    let target = same.map(|value| Limit { name: "planned for", value, grave: false });
    let mut limits: Vec<Limit> = match (drawn, snapshots) {
        ([one], [snapshot]) => picture::limits(cx, snapshot, &one.series),
        _ => Vec::new(),
    };
    if target.is_some() {
        limits.retain(|limit| limit.grave);
    }
    target.into_iter().chain(limits).collect()
}
