//! Which series are looked at, what of them is worth a word, and which of them moved. Pure.

use std::collections::BTreeMap;

use analytics::{
    DAYS_BACK_MAX, Matters, Move, Searched, adjust_p_values, beyond_days, median, moved,
};
use jiff::{Timestamp, civil::Weekday, tz::TimeZone};

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
/// A short window is compared with so many polls before it: 20 values are needed, and some are lost.
const BEFORE_POLLS: i64 = 30;
/// Up to this length polls are read.
const RAW_SECS_MAX: i64 = 2 * 3_600;
/// Up to this length means of 5 minutes are read.
const FIVE_MINUTES_SECS_MAX: i64 = 2 * 86_400;

/// Steps of a window that has days in it: each is a part of a day.
const STEPS_OF_DAYS: &[i64] = &[600, 900, 1_200, 1_800];
/// In a longer window the rhythm of the day moves every series: values are compared with those of
/// the same time on earlier days.
pub(super) const RHYTHM_SECS_MIN: i64 = 12 * 3_600;
const DAY_SECS: i64 = 86_400;
/// Part of a move that other days must not have had at the same time.
const BEYOND_SHARE: f64 = 0.5;

/// The window, the time before it, and how finely both are looked at.
#[derive(Clone, Copy)]
pub(super) struct Time {
    pub(super) window: Span,
    pub(super) before: Span,
    pub(super) level: Level,
    pub(super) step: i64,
}

impl Time {
    /// Of a window and servers that are polled so often.
    pub(super) fn of(window: &Window, interval_secs: i64) -> Self {
        let window = window.span();
        let level = match window.secs() {
            secs if secs <= RAW_SECS_MAX => Level::Raw,
            secs if secs <= FIVE_MINUTES_SECS_MAX => Level::FiveMinutes,
            _ => Level::Hour,
        };
        let least = (window.secs() / STEPS).max(level.step_secs()).max(STEP_SECS_MIN);
        let earlier = window.secs().max(interval_secs.saturating_mul(BEFORE_POLLS));
        let before = Span { from: window.from - earlier, to: window.from };
        let time = Self { window, before, level, step: least };
        let of_days = STEPS_OF_DAYS.iter().copied().find(|step| *step >= least);
        match of_days.filter(|_| time.has_days()) {
            Some(step) => Self { step, ..time },
            None => time,
        }
    }

    /// Whether earlier days say what was usual at each time.
    fn has_days(&self) -> bool {
        self.level == Level::FiveMinutes && self.window.secs() > RHYTHM_SECS_MIN
    }

    /// Steps of a day, and of the earlier days that are read.
    fn days(&self) -> Option<[usize; 2]> {
        let day = usize::try_from(DAY_SECS / self.step).ok()?;
        self.has_days().then_some([day, day * DAYS_BACK_MAX])
    }

    /// Both together.
    pub(super) fn whole(&self) -> Span {
        Span { from: self.before.from, to: self.window.to }
    }

    /// What is read: both, and days before them.
    pub(super) fn read(&self) -> Span {
        let days = if self.has_days() { DAYS_BACK_MAX } else { 0 };
        let secs = i64::try_from(days).unwrap_or(0) * DAY_SECS;
        Span { from: self.before.from - secs, to: self.window.to }
    }

    fn secs_of(&self, index: usize) -> i64 {
        let steps = i64::try_from(index).unwrap_or(i64::MAX);
        (self.before.from.div_euclid(self.step) + steps).saturating_mul(self.step)
    }

    /// When a series was seen last, if that was too long before the end of the window.
    fn ended(&self, values: &[f64], interval_secs: i64) -> Option<i64> {
        let seen = self.secs_of(values.iter().rposition(|value| value.is_finite())? + 1);
        let late = ENDED_POLLS.saturating_mul(interval_secs.max(self.step));
        (self.window.to - seen > late).then_some(seen)
    }

    /// Of each step that is read, whether its day is free where the host is.
    fn free_days(&self, zone: &TimeZone) -> Vec<bool> {
        let first = self.read().from.div_euclid(self.step);
        let last = self.window.to.div_euclid(self.step);
        let free = |step: i64| {
            let at = Timestamp::from_second(step * self.step).unwrap_or_default();
            let weekday = at.to_zoned(zone.clone()).weekday();
            matches!(weekday, Weekday::Saturday | Weekday::Sunday)
        };
        (first..last).map(free).collect()
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

/// What is to be known of a host.
pub(super) struct Polled {
    /// Where its days begin.
    pub(super) zone: TimeZone,
    pub(super) interval_secs: i64,
}

/// A series of which so many polls, or steps, are missing at the end has ended.
const ENDED_POLLS: i64 = 3;

/// P-value limit, adjusted for the number of series (Benjamini & Hochberg).
const P_MAX: f64 = 0.01;

/// Looks for moves in all series of these hosts.
pub(super) fn search(past: &[Past], time: &Time, hosts: &BTreeMap<HostName, Polled>) -> Found {
    let mut found = Found::default();
    let (mut candidates, mut p_values) = (Vec::new(), Vec::new());
    let (whole, border) = (time.whole(), time.window_index());
    let days = time.days();
    let [_, older] = days.unwrap_or_default();
    let free: BTreeMap<&HostName, Vec<bool>> = match days {
        Some(_) => hosts.iter().map(|(host, it)| (host, time.free_days(&it.zone))).collect(),
        None => BTreeMap::new(),
    };
    for one in past {
        let Some(metric) = metric_of(&one.series) else { continue };
        let all = dense(&one.points, time.read(), time.step, |point| point.mean);
        let values = all.get(older..).unwrap_or_default();
        let known = |part: Option<&[f64]>| {
            part.unwrap_or_default().iter().filter(|value| value.is_finite()).count()
        };
        let sides = [known(values.get(..border)), known(values.get(border..))];
        let most = found.values.entry(one.host.clone()).or_default();
        most.iter_mut().zip(sides).for_each(|(most, side)| *most = side.max(*most));
        if sides == [0, 0] {
            continue;
        }
        let beyond = days.zip(free.get(&one.host)).map(|([day, _], free)| {
            let alike = |one: usize, other: usize| free.get(one) == free.get(other);
            beyond_days(&all, older + border, day, alike).split_off(older)
        });
        let plain = moved(values, border, matters(metric));
        let by_day = beyond.and_then(|it| {
            let by_day = moved_beyond(values, &it, border, matters(metric))?;
            Some(either(by_day, plain, &it))
        });
        let Some(searched) = by_day.or(plain) else {
            found.untestable += 1;
            continue;
        };
        found.tested += 1;
        let interval = hosts.get(&one.host).map_or(0, |it| it.interval_secs);
        let ended = time.ended(values, interval);
        p_values.push(searched.p);
        candidates.push(searched.moved.map(|it| {
            Moved {
                host: one.host.clone(),
                series: one.series.clone(),
                metric,
                at: time.secs_of(it.from).max(whole.from),
                // Of what has ended nobody knows whether it lasts.
                until: Some(it.until)
                    .filter(|until| *until < values.len())
                    .map(|it| time.secs_of(it))
                    .or(ended),
                before: it.before,
                after: it.after,
                effect: it.effect,
                values: it.values,
            }
        }));
    }
    let adjusted = adjust_p_values(&p_values);
    let sure = candidates.into_iter().zip(adjusted).filter(|(_, p)| *p < P_MAX);
    found.moved = sure.filter_map(|(moved, _)| moved).collect();
    found
}

/// What was found by days, or as the values are: so large that it shows through the rhythm, unless
/// it is the rhythm.
fn either(by_day: Searched, plain: Option<Searched>, beyond: &[f64]) -> Searched {
    let Some(plain) = plain else { return by_day };
    let is_beyond = |it: &Move| {
        let moved = beyond.get(it.from..it.until).and_then(median);
        // Where no day is alike nothing speaks against it.
        moved.is_none_or(|moved| moved / (it.after - it.before) >= BEYOND_SHARE)
    };
    let moved = by_day.moved.or(plain.moved.filter(is_beyond));
    // Of two looks the more improbable counts, and both are paid for.
    Searched { p: (2.0 * by_day.p.min(plain.p)).min(1.0), moved }
}

/// Where a series moved beyond what other days had at the same time; told in the unit of the series.
fn moved_beyond(
    values: &[f64],
    beyond: &[f64],
    border: usize,
    matters: Matters,
) -> Option<Searched> {
    let level = median(values.get(..border)?)?.abs();
    let size = Matters { floor: matters.floor.max(matters.share * level), share: 0.0 };
    let searched = moved(beyond, border, size)?;
    let told = searched.moved.and_then(|it| {
        let (values, beyond) = (values.get(it.from..it.until)?, beyond.get(it.from..it.until)?);
        let known = values.iter().zip(beyond).filter(|(_, beyond)| beyond.is_finite());
        let (after, usual): (Vec<f64>, Vec<f64>) =
            known.map(|(value, beyond)| (*value, value - beyond)).unzip();
        Some(Move { before: median(&usual)?, after: median(&after)?, ..it })
    });
    Some(Searched { moved: told, ..searched })
}

#[cfg(test)]
mod tests {
    use jiff::ToSpan as _;

    use super::*;
    use crate::store::Point;

    /// A Monday.
    const MONDAY: i64 = 1_795_392_000;
    const HOUR: i64 = 3_600;

    /// CPU of a working machine: half as much at night, with `more` on top.
    fn past(from: i64, until: i64, more: impl Fn(i64) -> f64) -> Past {
        let value = |secs: i64| {
            let day =
                if (8..20).contains(&(secs.rem_euclid(DAY_SECS) / HOUR)) { 60.0 } else { 30.0 };
            #[expect(clippy::cast_precision_loss, reason = "below 3")]
            let noise = (secs / 300 * 7 % 3) as f64;
            day + noise + more(secs)
        };
        let all = (from..until).step_by(300).map(|secs| Point::one(secs, value(secs)));
        let host = HostName::parse("web-1").unwrap();
        Past { host, series: "cpu.total".into(), points: all.collect() }
    }

    fn searched(since: &str, until: i64, past: Past) -> Vec<Moved> {
        let now = Timestamp::from_second(until).unwrap();
        let window = Window::parse(Some(since), None, None, 1.hour(), now).unwrap();
        let polled = Polled { zone: TimeZone::UTC, interval_secs: 60 };
        let hosts = [(past.host.clone(), polled)].into();
        search(&[past], &Time::of(&window, 60), &hosts).moved
    }

    #[test]
    fn a_quarter_of_an_hour_is_compared_with_half_an_hour_of_polls() {
        let until = MONDAY + DAY_SECS;
        let more = |secs| if secs >= until - 900 { 40.0 } else { 0.0 };
        let all = past(until - 7_200, until, more);
        let minutes =
            |point: Point| (0..5).map(move |n| Point { secs: point.secs + n * 60, ..point });
        let points = all.points.iter().copied().flat_map(minutes).collect();
        let found = searched("-17m", until, Past { points, ..all });
        let [moved] = found.as_slice() else { panic!("{} moves", found.len()) };
        assert!((moved.at - (until - 900)).abs() <= 60, "{}", moved.at - until);
    }

    #[test]
    fn what_was_seen_last_at_a_time_does_not_last_beyond_it() {
        let until = MONDAY + 20 * HOUR;
        let more = |secs| if secs >= until - 9_000 { 40.0 } else { 0.0 };
        let [lasts, ends] = [until, until - 3_600].map(|end| {
            let found = searched("-4h", until, past(until - 12 * HOUR, end, more));
            let [moved] = found.as_slice() else { panic!("{} moves", found.len()) };
            moved.until
        });
        assert_eq!((lasts, ends), (None, Some(until - 3_600)));
    }

    #[test]
    fn a_deploy_shows_in_a_window_of_a_day_and_a_half_and_the_rhythm_does_not() {
        let (from, until) = (MONDAY, MONDAY + 4 * DAY_SECS);
        assert!(searched("-30h", until, past(from, until, |_| 0.0)).is_empty());
        let deploy = until - 24 * HOUR;
        let more = |secs| if secs >= deploy { 12.0 } else { 0.0 };
        let found = searched("-30h", until, past(from, until, more));
        let [moved] = found.as_slice() else { panic!("{} moves", found.len()) };
        assert!((moved.at - deploy).abs() <= 1_200, "{}", moved.at - deploy);
        assert!((moved.after - moved.before - 12.0).abs() < 3.0 && moved.until.is_none());
    }

    #[test]
    fn a_day_that_is_compared_with_a_night_did_not_move_and_a_leak_over_it_did() {
        let (from, until) = (MONDAY, MONDAY + 3 * DAY_SECS + 21 * HOUR);
        let begin = until - 13 * HOUR;
        assert!(searched("-13h", until, past(from, until, |_| 0.0)).is_empty());
        #[expect(clippy::cast_precision_loss, reason = "some hours")]
        let leak = |secs: i64| (secs - begin).max(0) as f64 * 35.0 / (13.0 * 3_600.0);
        let found = searched("-13h", until, past(from, until, leak));
        assert_eq!(found.len(), 1);
    }

    #[test]
    fn what_shows_through_noisy_days_is_told_unless_it_is_their_rhythm() {
        let at = |before, after| Move { from: 2, until: 4, before, after, effect: 5.0, values: 2 };
        let none = Searched { p: 0.5, moved: None };
        let plain = Searched { p: 1e-9, moved: Some(at(40.0, 60.0)) };
        let told = either(none, Some(plain), &[0.0, 0.0, 15.0, 18.0]);
        assert_eq!((told.moved, told.p), (plain.moved, 2e-9));
        assert_eq!(either(none, Some(plain), &[0.0, 0.0, 1.0, 2.0]).moved, None);
        assert_eq!(either(none, Some(plain), &[0.0, 0.0, f64::NAN, f64::NAN]).moved, plain.moved);
        assert_eq!(either(none, None, &[]), none);
    }

    #[test]
    fn a_weekend_is_not_compared_with_working_days() {
        // From Saturday noon to Sunday evening, after a working week.
        let (from, until) = (MONDAY, MONDAY + 6 * DAY_SECS + 18 * HOUR);
        let free = |secs: i64| if secs >= MONDAY + 5 * DAY_SECS { -20.0 } else { 0.0 };
        assert!(searched("-30h", until, past(from, until, free)).is_empty());
    }

    #[test]
    fn an_incident_of_yesterday_is_no_news_today() {
        let (from, until) = (MONDAY, MONDAY + 4 * DAY_SECS);
        let gone = until - 40 * HOUR..until - 37 * HOUR;
        let found = searched(
            "-30h",
            until,
            past(from, until, |at| if gone.contains(&at) { 30.0 } else { 0.0 }),
        );
        assert!(found.is_empty());
    }
}
