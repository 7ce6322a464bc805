//! Which series are looked at, what of them is worth a word, and which of them moved. Pure.

use std::collections::BTreeMap;

use analytics::{Matters, adjust_p_values, moved};

use super::super::history::{item_of, metric_of};
use crate::{
    metric::{Metric, Unit, Worse},
    model::HostName,
    query::{Past, window::Window},
    store::{Level, SeriesName, Span, dense},
};

/// Not judged, and telling of a cause.
const TELLING: &[&str] = &[
    "network.bytes_recv",
    "network.bytes_sent",
    "diskio.read_bytes",
    "diskio.write_bytes",
    "processcount.total",
    "server.response",
];
/// The loop of a machine with itself tells what its CPU tells.
const LOOPBACK: &str = "lo";

/// Places of a metric in what is read and in what is told: its weight in the health of a server.
fn weight(metric: &Metric) -> f64 {
    f64::from(metric.weight)
}

/// The series of a server that are looked at unless others are asked for, most telling first.
pub(super) fn telling(mut names: Vec<SeriesName>) -> Vec<SeriesName> {
    let looked_at = |name: &SeriesName| {
        let metric = metric_of(name)?;
        let told = metric.weight > 0 || TELLING.contains(&metric.path);
        (told && item_of(name) != Some(LOOPBACK)).then_some(metric.weight)
    };
    names.retain(|name| looked_at(name).is_some());
    names.sort_by_key(|name| std::cmp::Reverse(looked_at(name)));
    names
}

/// The smallest shift that is worth a word.
fn matters(metric: &Metric) -> Matters {
    // Traffic by half and load by a fifth are the weather; the floors are what an idle machine does.
    let (floor, share) = match metric.unit {
        Unit::Percent => (5.0, 0.0),
        Unit::PercentOfCore => (20.0, 0.2),
        Unit::Bytes => (64.0 * 1_048_576.0, 0.2),
        Unit::BytesPerSecond => (200_000.0, 0.5),
        Unit::PerSecond => (50.0, 0.5),
        Unit::Milliseconds => (50.0, 0.5),
        Unit::Seconds => (0.1, 0.5),
        Unit::Celsius => (5.0, 0.0),
        Unit::Load => (0.5, 0.2),
        Unit::Count => (10.0, 0.2),
        Unit::Rpm | Unit::Dbm | Unit::Watts => (5.0, 0.2),
        Unit::Flag => (0.1, 0.0),
    };
    Matters { floor, share }
}

/// Steps of a window: a move of a twentieth of it is told, and a search takes 0.1 ms.
const STEPS: i64 = 120;
/// No server is polled more often to the purpose.
const STEP_SECS_MIN: i64 = 10;
/// Up to this length polls are read.
const RAW_SECS_MAX: i64 = 2 * 3_600;
/// Up to this length means of 5 minutes are read.
const FIVE_MINUTES_SECS_MAX: i64 = 2 * 86_400;

/// The window, the time before it, and how finely both are looked at.
#[derive(Clone, Copy)]
pub(super) struct Time {
    pub(super) window: Span,
    pub(super) before: Span,
    pub(super) level: Level,
    pub(super) step: i64,
}

impl Time {
    pub(super) fn of(window: &Window) -> Self {
        let window = window.span();
        let level = match window.secs() {
            secs if secs <= RAW_SECS_MAX => Level::Raw,
            secs if secs <= FIVE_MINUTES_SECS_MAX => Level::FiveMinutes,
            _ => Level::Hour,
        };
        let step = (window.secs() / STEPS).max(level.step_secs()).max(STEP_SECS_MIN);
        let before = Span { from: window.from - window.secs(), to: window.from };
        Self { window, before, level, step }
    }

    /// Both together.
    pub(super) fn whole(&self) -> Span {
        Span { from: self.before.from, to: self.window.to }
    }

    fn secs_of(&self, index: usize) -> i64 {
        let steps = i64::try_from(index).unwrap_or(i64::MAX);
        (self.before.from.div_euclid(self.step) + steps).saturating_mul(self.step)
    }

    fn window_index(&self) -> usize {
        let steps = self.window.from.div_euclid(self.step) - self.before.from.div_euclid(self.step);
        usize::try_from(steps).unwrap_or(0)
    }
}

/// A series that moved.
#[derive(Clone)]
pub(super) struct Moved {
    pub(super) host: HostName,
    pub(super) series: SeriesName,
    pub(super) metric: &'static Metric,
    /// When it had begun, seconds since the epoch.
    pub(super) at: i64,
    /// When it was over; `None` while it lasts.
    pub(super) until: Option<i64>,
    pub(super) before: f64,
    pub(super) after: f64,
    /// In spreads of what went before, or sizes that matter.
    pub(super) effect: f64,
    /// Steps that it rests on.
    pub(super) values: usize,
}

/// Beyond this an effect is no larger: a series that stood still has any.
const EFFECT_MAX: f64 = 20.0;
/// What a metric without weight counts, beside one of weight 10.
const UNWEIGHTED: f64 = 0.5;

impl Moved {
    /// A server that stopped answering.
    pub(super) fn down(host: HostName, at: i64, until: Option<i64>) -> Option<Self> {
        let metric = metric_of("server.up")?;
        let (before, after, effect) = (1.0, 0.0, EFFECT_MAX);
        let series = metric.path.into();
        Some(Self { host, series, metric, at, until, before, after, effect, values: 0 })
    }

    /// For ranking: how far it moved, and how much its metric matters.
    pub(super) fn strength(&self) -> f64 {
        self.effect.min(EFFECT_MAX) * (UNWEIGHTED + weight(self.metric) / 10.0)
    }

    pub(super) fn direction(&self) -> &'static str {
        match (self.metric.worse, self.after > self.before) {
            (Worse::Neither, true) => "up",
            (Worse::Neither, false) => "down",
            (Worse::High, true) | (Worse::Low, false) => "worse",
            (Worse::High, false) | (Worse::Low, true) => "better",
        }
    }
}

/// What all series of a call say.
#[derive(Default)]
pub(super) struct Found {
    pub(super) moved: Vec<Moved>,
    /// Series that could be tested.
    pub(super) tested: usize,
    /// Those with too few values on a side.
    pub(super) untestable: usize,
    /// Of each server the most values of a series, before and in the window.
    pub(super) values: BTreeMap<HostName, [usize; 2]>,
}

/// P-value limit, adjusted for the number of series (Benjamini & Hochberg).
const P_MAX: f64 = 0.01;

/// Looks for moves in all series.
pub(super) fn search(past: &[Past], time: &Time) -> Found {
    let mut found = Found::default();
    let (mut candidates, mut p_values) = (Vec::new(), Vec::new());
    let (whole, border) = (time.whole(), time.window_index());
    for one in past {
        let Some(metric) = metric_of(&one.series) else { continue };
        let values = dense(&one.points, whole, time.step, |point| point.mean);
        let known = |part: Option<&[f64]>| {
            part.unwrap_or_default().iter().filter(|value| value.is_finite()).count()
        };
        let sides = [known(values.get(..border)), known(values.get(border..))];
        let most = found.values.entry(one.host.clone()).or_default();
        most.iter_mut().zip(sides).for_each(|(most, side)| *most = side.max(*most));
        if sides == [0, 0] {
            continue;
        }
        let Some(searched) = moved(&values, border, matters(metric)) else {
            found.untestable += 1;
            continue;
        };
        found.tested += 1;
        p_values.push(searched.p);
        candidates.push(searched.moved.map(|it| Moved {
            host: one.host.clone(),
            series: one.series.clone(),
            metric,
            at: time.secs_of(it.from).max(whole.from),
            until: (it.until < values.len()).then(|| time.secs_of(it.until)),
            before: it.before,
            after: it.after,
            effect: it.effect,
            values: it.values,
        }));
    }
    let adjusted = adjust_p_values(&p_values);
    let sure = candidates.into_iter().zip(adjusted).filter(|(_, p)| *p < P_MAX);
    found.moved = sure.filter_map(|(moved, _)| moved).collect();
    found
}
