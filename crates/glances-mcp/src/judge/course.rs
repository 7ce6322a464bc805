//! What weeks of hourly values say of a series: levels that changed for good, and growth that is not
//! its usual one. Pure.

use std::{collections::BTreeMap, ops::Range};

use analytics::{
    Change, Confidence, Sample, Score, Settings, Severity, Size, Steps, change_points, is_sizeable,
    median, score_series,
};
use jiff::{Timestamp, civil::Weekday, tz::TimeZone};

use super::{
    finding::{Anomalies, FINDINGS_KEPT_SECS, Finding, Kind, SHIFT_TOLD_SECS},
    habits::slot_of,
    watched::USUAL_DEVIATIONS,
};
use crate::{
    metric::{Metric, Unit},
    model::SeriesName,
    store::{Point, Span, dense},
};

const HOUR: i64 = 3_600;
const DAY: i64 = 86_400;
const HOURS_A_DAY: usize = 24;
/// From so many deviations on a shift is worth a warning.
const SHIFT_WARNING: f64 = 5.0;
/// Deviations of a level within which nine of ten hours are, less their rhythm, were they normal.
const LEVEL_DEVIATIONS: f64 = 1.645;
/// Hours after which a level that is not seen any more is over.
const BACK_HOURS: usize = 3;
/// A change so near to the begin or the end of a weekend may be the weekend.
const WEEKEND_NEAR_SECS: i64 = 12 * HOUR;
/// Days before a shift that say what an hour was like.
const RHYTHM_DAYS: usize = 7;
/// A spike that has not gone after so long is a new level.
const STAYS_HOURS: i64 = 6;
/// … and this part of it is left: of the peak of a spike, a level is less.
const STAYS_SHARE: f64 = 0.5;
/// Growth is looked for over these times: a leak of hours, and one of days.
const GROWTH_HOURS: [usize; 2] = [6, 24];
/// From so many deviations on growth is worth a warning.
const GROWTH_WARNING: f64 = 7.0;
/// Share of the hours of a growth that went its way.
const GROWTH_STEADY: f64 = 0.7;
/// Share of a growth that two hours may bring: a step comes in one, or across two.
const GROWTH_JUMP_MAX: f64 = 0.6;
/// Growing hours less far apart than this are one growth.
const GROWTH_JOIN_HOURS: usize = 3;

/// One series by the hour.
pub(super) struct Hours {
    pub(super) series: SeriesName,
    pub(super) metric: &'static Metric,
    pub(super) means: Vec<f64>,
    pub(super) span: Span,
}

impl Hours {
    pub(super) fn of(series: SeriesName, points: &[Point], span: Span) -> Option<Self> {
        let metric = crate::metric::of_series(&series).filter(|metric| metric.judged)?;
        let means = dense(points, span, HOUR, |point| point.mean);
        Some(Self { series, metric, means, span })
    }

    fn secs_of(&self, hour: usize) -> i64 {
        let begin = self.span.from.div_euclid(HOUR) * HOUR;
        begin.saturating_add(i64::try_from(hour).unwrap_or(0).saturating_mul(HOUR))
    }

    fn hour_of(&self, secs: i64) -> usize {
        let begin = self.span.from.div_euclid(HOUR);
        usize::try_from(secs.div_euclid(HOUR).saturating_sub(begin)).unwrap_or(0)
    }

    /// Seconds from the first value on.
    fn history_days(&self) -> f64 {
        let first = self.means.iter().position(|value| value.is_finite());
        let hours = first.map_or(0, |first| self.means.len().saturating_sub(first));
        #[expect(clippy::cast_precision_loss, reason = "hours of some weeks")]
        let days = hours as f64 / HOURS_A_DAY as f64;
        days
    }

    fn is_sizeable(&self, value: f64, expected: f64) -> bool {
        let size = if self.metric.unit == Unit::Percent { Size::Points } else { Size::Share };
        (value - expected).abs() >= self.metric.unit.floor() && is_sizeable(value, expected, size)
    }

    /// Levels that changed for good, in the time that findings are kept.
    fn shifts(&self, zone: &TimeZone) -> Vec<Finding> {
        let oldest = self.span.to - FINDINGS_KEPT_SECS - SHIFT_TOLD_SECS;
        let changes = change_points(&self.means, HOURS_A_DAY).unwrap_or_default();
        let mut shifts = Vec::new();
        let ends = changes.iter().skip(1).map(|next| next.at).chain([self.means.len()]);
        for (change, end) in changes.iter().zip(ends) {
            let since = self.secs_of(change.at);
            if since < oldest || !self.is_sizeable(change.after, change.before) {
                continue;
            }
            if self.is_weekly(change, end, zone) {
                continue;
            }
            let last = self.last_beyond(change, end);
            let score = change.deviations.abs();
            let deviation = (change.after - change.before).abs() / score.max(f64::EPSILON);
            let warning = score >= SHIFT_WARNING;
            shifts.push(Finding {
                series: self.series.clone(),
                kind: Kind::LevelShift,
                severity: if warning { Severity::Warning } else { Severity::Info },
                since,
                until: self.secs_of(last + 1).min(self.span.to),
                lasts: last + BACK_HOURS >= self.means.len(),
                value: change.after,
                expected: change.before,
                usual: self.about(change.before, LEVEL_DEVIATIONS * deviation),
                score,
                days_alike: 0,
                habit: false,
                per_hour: None,
                method: "the level before, to a day",
                history_days: self.history_days(),
                confidence: if warning { Confidence::High } else { Confidence::Medium },
            });
        }
        shifts
    }

    /// Whether a change is the week's: its first day is nearer to the same day a week before than the
    /// change is large. Without a week before, whether a weekend begins or ends about then.
    fn is_weekly(&self, change: &Change, end: usize, zone: &TimeZone) -> bool {
        let hours = change.at..end.min(change.at + HOURS_A_DAY);
        let shift = change.after - change.before;
        self.as_a_week_ago(hours, HOURS_A_DAY / 2, shift)
            .unwrap_or_else(|| self.turns_free(self.secs_of(change.at), zone).is_some())
    }

    /// Whether a finding of hours is the week's: they are nearer to the same hours a week before than
    /// they are to what was expected. Without a week before, whether a weekend begins about then and
    /// it is less, or one ends and it is more.
    fn is_of_the_week(&self, finding: &Finding, zone: &TimeZone) -> bool {
        // Hours of which it has half; shorter ones drown, and are compared with other days by the gates.
        let hours = self.hour_of(finding.since + HOUR / 2)..self.hour_of(finding.until + HOUR / 2);
        let by_level = !matches!(finding.kind, Kind::TrendChange | Kind::FleetOutlier);
        if hours.is_empty() || !by_level {
            return false;
        }
        let half = hours.len().div_ceil(2);
        // Of the hours themselves: its value is its farthest, and may be of minutes.
        let Some(level) = self.means.get(hours.clone()).and_then(median) else { return false };
        let shift = level - finding.expected;
        self.as_a_week_ago(hours, half, shift).unwrap_or_else(|| {
            let turns = self.turns_free(finding.since, zone);
            turns.is_some_and(|free| free == (shift < 0.0))
        })
    }

    /// Whether hours that were shifted are as they were a week before; `None` where fewer than
    /// `enough` of them are known.
    fn as_a_week_ago(&self, hours: Range<usize>, enough: usize, shift: f64) -> Option<bool> {
        let moved = hours.filter_map(|hour| {
            let before = self.means.get(hour.checked_sub(7 * HOURS_A_DAY)?)?;
            Some(self.means.get(hour)? - before).filter(|moved| moved.is_finite())
        });
        let moved: Vec<f64> = moved.collect();
        let moved = median(&moved).filter(|_| moved.len() >= enough)?;
        Some(moved.abs() < shift.abs() / 2.0)
    }

    /// Whether the days about a time turn free, or turn to work; `None` where they stay what they are.
    fn turns_free(&self, at: i64, zone: &TimeZone) -> Option<bool> {
        let weekday = |secs: i64| {
            let at = Timestamp::from_second(secs).unwrap_or_default();
            at.to_zoned(zone.clone()).weekday()
        };
        let free = |secs| matches!(weekday(secs), Weekday::Saturday | Weekday::Sunday);
        let after = free(at + WEEKEND_NEAR_SECS);
        (free(at - WEEKEND_NEAR_SECS) != after).then_some(after)
    }

    /// What lies about a value, as far as there are such values.
    fn about(&self, value: f64, reach: f64) -> (f64, f64) {
        ((value - reach).max(0.0), (value + reach).min(self.metric.unit.most()))
    }

    /// The last hour of a level that is nearer to it than to what this hour was before; it takes a
    /// day of another level to be told, and less to be seen.
    fn last_beyond(&self, change: &Change, end: usize) -> usize {
        let shift = change.after - change.before;
        let beyond = |hour: usize, value: f64| {
            let moved = value - self.before(change.at, hour).unwrap_or(change.before);
            (moved - shift).abs() < moved.abs()
        };
        let hours = self.means.iter().enumerate().take(end).skip(change.at);
        let beyond = hours.filter(|(hour, value)| beyond(*hour, **value));
        beyond.map(|(hour, _)| hour).next_back().unwrap_or(change.at)
    }

    /// What an hour was like at its time of day on the days before a change.
    fn before(&self, change: usize, hour: usize) -> Option<f64> {
        let phase = hour.checked_sub(change)? % HOURS_A_DAY;
        let days = (1..=RHYTHM_DAYS).filter_map(|day| {
            let at = (change + phase).checked_sub(day * HOURS_A_DAY)?;
            self.means.get(at).copied()
        });
        median(&days.collect::<Vec<_>>())
    }

    /// Growth over hours that is not what this time of day brings.
    fn trends(&self, zone: &TimeZone) -> Vec<Finding> {
        let Some(steps) = u32::try_from(HOUR).ok().and_then(Steps::new) else { return Vec::new() };
        let mut found: Vec<Finding> = Vec::new();
        for hours in GROWTH_HOURS {
            let mut longer = self.growth(hours, steps, zone);
            // What was found over fewer hours has the better begin and speed.
            longer.retain(|it| {
                !found.iter().any(|known| known.since < it.until && it.since < known.until)
            });
            found.extend(longer);
        }
        found
    }

    fn growth(&self, over: usize, steps: Steps, zone: &TimeZone) -> Vec<Finding> {
        let pairs = self.means.iter().zip(self.means.iter().skip(over));
        let sample = |(hour, (before, now)): (usize, (&f64, &f64))| Sample {
            slot: slot_of(steps, zone, self.secs_of(hour + over)),
            value: now - before,
        };
        let samples: Vec<Sample> = pairs.enumerate().map(sample).collect();
        let settings = Settings { unit_floor: self.metric.unit.floor(), ..Settings::default() };
        let scores = score_series(&samples, steps, &settings);
        let oldest = self.hour_of(self.span.to - FINDINGS_KEPT_SECS).max(over);
        let mut found: Vec<Finding> = Vec::new();
        for (at, score) in scores.iter().enumerate() {
            let (hour, Some(score)) = (at + over, score) else { continue };
            let change = samples.get(at).map_or(0.0, |sample| sample.value);
            // That a growth ended is no growth.
            let grows = change.abs() > score.expected.abs();
            if hour < oldest
                || score.z < USUAL_DEVIATIONS
                || !grows
                || !self.is_steady(hour, over, change)
            {
                continue;
            }
            let Some(finding) = self.growing(hour, over, change, *score) else { continue };
            match found.last_mut() {
                Some(last) if self.hour_of(last.until) + GROWTH_JOIN_HOURS > hour => {
                    last.until = finding.until;
                    if finding.score > last.score {
                        *last = Finding { since: last.since, ..finding };
                    }
                }
                _ => found.push(finding),
            }
        }
        for finding in &mut found {
            finding.lasts = self.span.to - finding.until <= 2 * HOUR;
        }
        found
    }

    /// Whether most hours went the way of the whole change, and no two made most of it.
    fn is_steady(&self, hour: usize, over: usize, change: f64) -> bool {
        let Some(values) = self.means.get(hour.saturating_sub(over)..=hour) else { return false };
        let steps = values.iter().zip(values.iter().skip(1)).map(|(one, next)| next - one);
        let steps: Vec<f64> = steps.filter(|step| step.is_finite()).collect();
        let with = steps.iter().filter(|step| **step * change > 0.0).count();
        #[expect(clippy::cast_precision_loss, reason = "a day of hours at most")]
        let (with, all) = (with as f64, steps.len() as f64);
        let jump = steps.iter().zip(steps.iter().skip(1)).map(|(one, next)| (one + next).abs());
        let jump = jump.fold(0.0, f64::max);
        all > 0.0 && with / all >= GROWTH_STEADY && jump <= GROWTH_JUMP_MAX * change.abs()
    }

    /// The hour from which it grew: the lowest, or the highest, before it.
    fn turn(&self, hour: usize, over: usize, change: f64) -> usize {
        let begin = hour.saturating_sub(over);
        let hours = self.means.iter().enumerate().take(hour + 1).skip(begin);
        let known = hours.filter(|(_, value)| value.is_finite());
        let lowest =
            known.min_by(|a, b| (a.1 * change.signum()).total_cmp(&(b.1 * change.signum())));
        lowest.map_or(begin, |(hour, _)| hour)
    }

    fn growing(&self, hour: usize, over: usize, change: f64, score: Score) -> Option<Finding> {
        let value = *self.means.get(hour)?;
        let expected = value - change + score.expected;
        let reach = USUAL_DEVIATIONS * score.scale;
        if !self.is_sizeable(value, expected) {
            return None;
        }
        #[expect(clippy::cast_precision_loss, reason = "a day of hours at most")]
        let per_hour = change / over as f64;
        let warning = score.z >= GROWTH_WARNING;
        Some(Finding {
            series: self.series.clone(),
            kind: Kind::TrendChange,
            severity: if warning { Severity::Warning } else { Severity::Info },
            since: self.secs_of(self.turn(hour, over, change)),
            until: self.secs_of(hour + 1),
            lasts: false,
            value,
            expected,
            usual: self.about(expected, reach),
            score: score.z,
            days_alike: 0,
            habit: false,
            per_hour: Some(per_hour),
            method: "usual growth",
            history_days: self.history_days(),
            confidence: Confidence::Medium,
        })
    }

    /// A spike that stayed is a new level: most hours since then, and the last one, are at least half
    /// as far from what they were on the days before.
    fn settle(&self, finding: &mut Finding) {
        let begin = self.hour_of(finding.since) + 1;
        let now = self.span.to;
        if finding.kind != Kind::Spike || now - finding.since < (STAYS_HOURS + 1) * HOUR {
            return;
        }
        let shift = finding.value - finding.expected;
        let hours = self.means.iter().enumerate().skip(begin).filter(|(_, it)| it.is_finite());
        let (levels, before): (Vec<f64>, Vec<f64>) = hours
            .map(|(hour, value)| (*value, self.before(begin, hour).unwrap_or(finding.expected)))
            .unzip();
        let moved: Vec<f64> =
            levels.iter().zip(&before).map(|(level, before)| (level - before) / shift).collect();
        let stays = |moved: Option<f64>| moved.is_some_and(|it| it >= STAYS_SHARE);
        let Some((level, expected)) = median(&levels).zip(median(&before)) else { return };
        let last = self.means.iter().rposition(|value| value.is_finite()).unwrap_or(begin);
        let (low, high) = finding.usual;
        // Half of the range, of which the nearer end may be cut off by what there can be.
        let usual = self.about(expected, (high - finding.expected).max(finding.expected - low));
        if stays(median(&moved))
            && stays(moved.last().copied())
            && self.is_sizeable(level, expected)
            && !(usual.0..=usual.1).contains(&level)
        {
            finding.kind = Kind::LevelShift;
            (finding.value, finding.expected, finding.usual) = (level, expected, usual);
            finding.until = finding.until.max(self.secs_of(last + 1)).min(now);
            finding.lasts = last + BACK_HOURS >= self.means.len();
        }
    }
}

/// Adds what hourly values say to what the 5-minute level said. `grows` says of which series
/// growth is looked for.
pub(super) fn add(
    anomalies: &mut Anomalies,
    hours: &[Hours],
    zone: &TimeZone,
    grows: impl Fn(&str) -> bool,
) {
    let by_name: BTreeMap<&str, &Hours> = hours.iter().map(|it| (&*it.series, it)).collect();
    for finding in &mut anomalies.findings {
        if let Some(hours) = by_name.get(&*finding.series) {
            hours.settle(finding);
            finding.habit |= hours.is_of_the_week(finding, zone);
        }
    }
    for one in hours {
        for shift in one.shifts(zone) {
            // What the 5-minute level saw of it tells when it came.
            let same = |known: &Finding| {
                known.series == shift.series
                    && (known.since - shift.since).abs() <= DAY
                    // What was over before is another story.
                    && (known.lasts || known.until > shift.since)
                    && (known.value > known.expected) == (shift.value > shift.expected)
            };
            let (seen, others): (Vec<Finding>, Vec<Finding>) =
                anomalies.findings.drain(..).partition(same);
            anomalies.findings = others;
            let longest = seen.into_iter().max_by_key(|known| known.until - known.since);
            anomalies.findings.push(match longest {
                Some(seen) => Finding {
                    since: seen.since,
                    severity: shift.severity.max(seen.severity),
                    ..shift
                },
                None => shift,
            });
        }
        if grows(one.metric.path) {
            anomalies.findings.extend(one.trends(zone));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A Monday.
    const BEGIN: i64 = 1_795_392_000;

    /// Days of memory by the hour: 40 % with a rhythm of the day and noise, and what comes on top.
    fn memory(days: i64, more: impl Fn(i64) -> f64) -> Hours {
        let value = |hour: i64| {
            40.0 + (hour % 24) as f64 * 0.1 + (hour * 7_919 % 13) as f64 * 0.05 + more(hour)
        };
        let points: Vec<Point> =
            (0..days * 24).map(|hour| Point::one(BEGIN + hour * HOUR, value(hour))).collect();
        let span = Span { from: BEGIN, to: BEGIN + days * DAY };
        Hours::of("mem.percent".into(), &points, span).unwrap()
    }

    #[test]
    fn a_weekend_is_no_new_level_and_a_deploy_is() {
        let free = |hour: i64| if hour / 24 % 7 >= 5 { 20.0 } else { 0.0 };
        assert_eq!(memory(20, free).shifts(&TimeZone::UTC), []);
        assert_eq!(memory(9, free).shifts(&TimeZone::UTC), [], "of the first one nothing is known");
        // From a Tuesday, ten o'clock, on.
        let deployed = 15 * 24 + 10;
        let told = memory(20, |hour| if hour >= deployed { 15.0 } else { 0.0 });
        let [shift] = &told.shifts(&TimeZone::UTC)[..] else { panic!() };
        assert!((shift.since - (BEGIN + deployed * HOUR)).abs() <= DAY, "{shift:?}");
        assert!(shift.lasts && (shift.value - shift.expected - 15.0).abs() < 1.0, "{shift:?}");
        assert!(shift.usual.0 <= shift.expected && shift.usual.1 < shift.value, "{shift:?}");
    }

    /// A spike from an hour on, over an hour that had this value where so much was expected.
    fn spike(begin: i64, hours: i64, value: f64, expected: f64) -> Finding {
        Finding {
            series: "mem.percent".into(),
            kind: Kind::Spike,
            severity: Severity::Warning,
            since: BEGIN + begin * HOUR,
            until: BEGIN + (begin + hours) * HOUR,
            lasts: false,
            value,
            expected,
            usual: (expected - 2.0, expected + 2.0),
            score: 9.0,
            days_alike: 0,
            habit: false,
            per_hour: None,
            method: "hour of the day",
            history_days: 6.0,
            confidence: Confidence::Medium,
        }
    }

    #[test]
    fn a_spike_that_stays_is_a_new_level_and_the_night_after_a_spike_is_none() {
        let night = |hour: i64| if (8..20).contains(&(hour % 24)) { 20.0 } else { 0.0 };
        let begin = 6 * 24 + 14;
        // For an hour a day was like a night, and then the night came.
        let dip = spike(begin, 1, 42.0, 62.0);
        let mut told = dip.clone();
        memory(7, |hour| if hour == begin { 0.0 } else { night(hour) }).settle(&mut told);
        assert_eq!(told, dip);
        let lower = |hour: i64| if hour >= begin { night(hour) - 20.0 } else { night(hour) };
        memory(7, lower).settle(&mut told);
        assert!(told.kind == Kind::LevelShift && told.lasts, "{told:?}");
        // Told by the hours since, most of which are of a night.
        assert!((told.expected - told.value - 20.0).abs() < 1.0, "{told:?}");
        assert!(told.usual.0 <= told.expected && told.expected <= told.usual.1, "{told:?}");
    }

    #[test]
    fn a_level_that_is_seen_no_more_does_not_go_on() {
        let mut hours = memory(9, |hour| if hour >= 6 * 24 { 30.0 } else { 0.0 });
        hours.means[6 * 24 + 10..].fill(f64::NAN);
        let mut told = spike(6 * 24, 1, 71.0, 41.0);
        hours.settle(&mut told);
        assert!(told.kind == Kind::LevelShift && !told.lasts, "{told:?}");
        assert_eq!(told.until, BEGIN + (6 * 24 + 10) * HOUR);
    }

    #[test]
    fn what_is_usual_of_a_level_is_without_the_rhythm_of_its_day() {
        let rhythm = |hour: i64| 18.0 - 1.5 * (hour % 24 - 12).abs() as f64;
        let deployed = 15 * 24 + 10;
        let more = |hour: i64| rhythm(hour) + if hour >= deployed { 12.0 } else { 0.0 };
        let told = memory(20, more).shifts(&TimeZone::UTC);
        let [shift] = &told[..] else { panic!("{told:?}") };
        assert!(!(shift.usual.0..=shift.usual.1).contains(&shift.value), "{shift:?}");
        assert!((shift.value - shift.expected - 12.0).abs() < 1.0, "{shift:?}");
    }

    #[test]
    fn a_new_level_leaves_alone_what_was_over_before_it() {
        let deployed = 15 * 24 + 14;
        let early = deployed - 6;
        let hours = memory(20, |hour| match hour {
            _ if hour >= deployed => 15.0,
            _ if hour == early => 57.0,
            _ => 0.0,
        });
        let over = spike(early, 1, 98.0, 41.0);
        let begins = spike(deployed, 1, 57.0, 41.0);
        let mut told = Anomalies { findings: vec![over.clone(), begins], ..Anomalies::default() };
        add(&mut told, &[hours], &TimeZone::UTC, |_| false);
        let kinds: Vec<Kind> = told.findings.iter().map(|it| it.kind).collect();
        assert_eq!(kinds, [Kind::Spike, Kind::LevelShift]);
        assert_eq!(told.findings[0], over);
        assert_eq!(told.findings[1].since, BEGIN + deployed * HOUR);
    }

    #[test]
    fn what_was_there_a_week_ago_is_of_the_week_and_so_is_a_first_weekend() {
        let zone = TimeZone::UTC;
        let free = |hour: i64| if hour / 24 % 7 >= 5 { -20.0 } else { 0.0 };
        let of_the_week = |days: i64, more: &dyn Fn(i64) -> f64, finding: &Finding| {
            memory(days, more).is_of_the_week(finding, &zone)
        };
        let (first, second) = (5 * 24, 12 * 24);
        assert!(of_the_week(6, &free, &spike(first, 2, 20.0, 40.0)));
        assert!(of_the_week(13, &free, &spike(second, 2, 20.0, 40.0)));
        // More work than ever on a Friday evening is none of it, nor on a Saturday like no other.
        let busy = |hour: i64| if hour >= second { 30.0 } else { free(hour) };
        assert!(!of_the_week(6, &|_| 0.0, &spike(first - 6, 3, 70.0, 40.0)));
        assert!(!of_the_week(13, &busy, &spike(second, 4, 70.0, 40.0)));
        // Some minutes are no hour, and growth is not a matter of levels.
        assert!(!of_the_week(13, &free, &spike(second, 0, 20.0, 40.0)));
        let growth = Finding { kind: Kind::TrendChange, ..spike(second, 2, 20.0, 40.0) };
        assert!(!of_the_week(13, &free, &growth));
        // Of an hour that has no mean yet nothing is known, also when a first weekend ends.
        let monday = memory(7, free);
        assert!(!monday.is_of_the_week(&spike(7 * 24, 1, 70.0, 40.0), &zone));
        // Minutes far out, in hours that are not.
        let minutes = |hour: i64| if (second..second + 2).contains(&hour) { 15.0 } else { 0.0 };
        assert!(!of_the_week(13, &minutes, &spike(second, 2, 98.0, 41.0)));
    }

    #[test]
    fn a_leak_is_growth_and_a_step_is_none() {
        let (hours, end) = (8, 12 * 24);
        let leak = memory(12, |hour| 3.0 * (hour - (end - hours)).max(0) as f64);
        let told = leak.trends(&TimeZone::UTC);
        let fastest = told.iter().max_by(|a, b| a.score.total_cmp(&b.score)).unwrap();
        assert!(fastest.lasts && fastest.kind == Kind::TrendChange, "{told:?}");
        assert!((fastest.per_hour.unwrap() - 3.0).abs() < 0.3, "{fastest:?}");
        let began = fastest.since - (BEGIN + (end - hours) * HOUR);
        assert!(began.abs() <= 2 * HOUR, "{fastest:?}");
        let step = memory(12, |hour| if hour >= end - 4 { 24.0 } else { 0.0 });
        assert_eq!(step.trends(&TimeZone::UTC), []);
    }
}
