//! Which times are compared, and how finely. Pure; time is an argument.

use jiff::{Timestamp, ToSpan as _, tz::TimeZone};

use super::super::ToolError;
use crate::store::{Level, Span};

const MINUTE: i64 = 60;
const FIVE_MINUTES: i64 = 300;
const DAY: i64 = 86_400;

/// Values of a side that are worth having: `analytics` needs 30, and some are missing.
const VALUES_WANTED: i64 = 36;
/// Shortest side, of which the polls of each minute are taken.
const SHORTEST_SECS: i64 = 30 * MINUTE;
/// Shortest side whose 5-minute values are enough.
const SHORTEST_DAYS_SECS: i64 = 150 * MINUTE;
/// Longest side: more is a trend, for which there are other tools.
const LONGEST_SECS: i64 = 7 * DAY;
/// Steps, finest first; each divides a day.
const STEPS: [i64; 8] = [FIVE_MINUTES, 600, 900, 1_800, 3_600, 2 * 3_600, 4 * 3_600, 6 * 3_600];

/// Days before that a time of day is compared with: one of each weekday.
pub(super) const DAYS: std::ops::RangeInclusive<i64> = 1..=7;
/// The same weekday before: as often as the 5-minute level is kept.
pub(super) const WEEKS: [i64; 4] = [7, 14, 21, 28];

/// What the time asked about is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Baseline {
    /// The same hours of earlier weeks, or days.
    Days,
    /// Another time of the same length; `rhythm` takes what is usual at either time of day out.
    Window { before: Span, rhythm: bool },
}

/// The times of one question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) after: Span,
    pub(super) baseline: Baseline,
    pub(super) step: i64,
}

impl Plan {
    /// A time against the same hours before.
    pub(super) fn days(after: Span) -> Result<Self, ToolError> {
        checked(after)?;
        if after.secs() < SHORTEST_DAYS_SECS {
            return Err(ToolError::Refused(format!(
                "`since` to `until` is {} min long and `baseline: hour_of_week` needs {}: take a \
                 longer time, or `previous` or `change_at`, which need {}",
                after.secs() / MINUTE,
                SHORTEST_DAYS_SECS / MINUTE,
                SHORTEST_SECS / MINUTE
            )));
        }
        let step = step(after.secs());
        Ok(Self { after: aligned(after, step), baseline: Baseline::Days, step })
    }

    /// A time against the one just before it.
    pub(super) fn previous(after: Span) -> Result<Self, ToolError> {
        Self::change(after.from, after.to)
    }

    /// A time against one of the same length that begins at a moment.
    pub(super) fn explicit(after: Span, from: i64) -> Result<Self, ToolError> {
        checked(after)?;
        let step = step(after.secs());
        let after = aligned(after, step);
        let from = from.div_euclid(step) * step;
        let before = Span { from, to: from + after.secs() };
        if before.to > after.from {
            return Err(ToolError::Refused(format!(
                "the time that begins at `baseline` is as long as the one asked about, {} min, and \
                 would reach into it: begin it earlier",
                after.secs() / MINUTE
            )));
        }
        Ok(Self { after, baseline: Baseline::Window { before, rhythm: false }, step })
    }

    /// Equal times on both sides of a change, up to a second.
    pub(super) fn change(at: i64, until: i64) -> Result<Self, ToolError> {
        let asked = Span { from: at, to: until.min(at + LONGEST_SECS) };
        checked(asked)?;
        let step = step(asked.secs());
        // The step in which the change lies is on neither side.
        let after = aligned(asked, step);
        let end = at.div_euclid(step) * step;
        let before = Span { from: end - after.secs(), to: end };
        // A whole day has every time of day on both sides.
        let rhythm = after.secs() < DAY;
        Ok(Self { after, baseline: Baseline::Window { before, rhythm }, step })
    }

    /// The level that has such steps.
    pub(super) const fn level(&self) -> Level {
        match self.step {
            ..FIVE_MINUTES => Level::Raw,
            FIVE_MINUTES..3_600 => Level::FiveMinutes,
            _ => Level::Hour,
        }
    }

    /// The time just before, where there are too few days.
    pub(super) fn fallback(&self) -> Span {
        Span { from: self.after.from - self.after.secs(), to: self.after.from }
    }

    /// The times of day whose usual values are taken out, so many days before.
    pub(super) fn rhythm(&self, before: Span, days: i64, zone: &TimeZone) -> Span {
        earlier(Span { from: before.from, to: self.after.to }, days, zone)
    }

    /// The same hours so many days before.
    pub(super) fn earlier(&self, days: i64, zone: &TimeZone) -> Span {
        earlier(self.after, days, zone)
    }
}

fn checked(span: Span) -> Result<(), ToolError> {
    let problem = match span.secs() {
        ..SHORTEST_SECS => format!("needs {} min at least", SHORTEST_SECS / MINUTE),
        secs if secs > LONGEST_SECS => format!("is compared up to {} days", LONGEST_SECS / DAY),
        _ => return Ok(()),
    };
    Err(ToolError::Refused(format!(
        "the time asked about is {} min long and {problem}: move `since`, `until` or `change_at`",
        span.secs() / MINUTE
    )))
}

/// The coarsest step that leaves enough values: fewer are less noisy, and cheaper.
fn step(secs: i64) -> i64 {
    let enough = STEPS.into_iter().filter(|step| secs / step >= VALUES_WANTED);
    let coarsest = enough.max().unwrap_or(MINUTE);
    if secs >= SHORTEST_DAYS_SECS { coarsest.max(FIVE_MINUTES) } else { MINUTE }
}

/// Whole steps only.
fn aligned(span: Span, step: i64) -> Span {
    let from = span.from.saturating_add(step - 1).div_euclid(step) * step;
    Span { from, to: (span.to.div_euclid(step) * step).max(from) }
}

/// The same clock times so many days before, in a place whose clocks may have changed since.
fn earlier(span: Span, days: i64, zone: &TimeZone) -> Span {
    let at = Timestamp::from_second(span.from).map(|at| at.to_zoned(zone.clone()));
    let before = at.and_then(|at| at.checked_sub(days.days()));
    let from = before.map_or(span.from - days * DAY, |at| at.timestamp().as_second());
    Span { from, to: from + span.secs() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_has_equal_times_on_both_sides_and_its_own_step_on_none() {
        let plan = Plan::change(10_000 * 60 + 30, 10_000 * 60 + 6_030).unwrap();
        assert_eq!(plan.step, MINUTE);
        assert_eq!(plan.after, Span { from: 10_001 * 60, to: 10_100 * 60 });
        let Baseline::Window { before, rhythm } = plan.baseline else { panic!() };
        assert_eq!(before, Span { from: 9_901 * 60, to: 10_000 * 60 });
        assert!(rhythm);
        assert_eq!(plan.level(), Level::Raw);
    }

    #[test]
    fn longer_times_have_coarser_steps_and_enough_of_them() {
        for (hours, expected) in [(3, 300), (6, 600), (12, 900), (24, 1_800), (168, 4 * 3_600)] {
            let plan = Plan::days(Span { from: 0, to: hours * 3_600 }).unwrap();
            assert_eq!(plan.step, expected, "{hours} h");
            assert!(plan.after.secs() / plan.step >= 30, "{hours} h");
        }
    }

    #[test]
    fn a_time_that_is_too_short_says_how_long_it_has_to_be() {
        let short = Plan::days(Span { from: 0, to: 3_600 }).unwrap_err().to_string();
        assert!(short.contains("60 min") && short.contains("150"), "{short}");
        let shorter = Plan::change(0, 600).unwrap_err().to_string();
        assert!(shorter.contains("10 min") && shorter.contains("30 min"), "{shorter}");
        let near = Plan::explicit(Span { from: 9_000, to: 20_000 }, 3_600).unwrap_err();
        assert!(near.to_string().contains("begin it earlier"), "{near}");
    }

    #[test]
    fn the_same_hour_of_another_day_is_that_of_the_clock() {
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        // The 26th of October 2026 at 12:00, a day after the clocks went back.
        let noon = "2026-10-26T11:00:00Z".parse::<Timestamp>().unwrap().as_second();
        let before = earlier(Span { from: noon, to: noon + 3_600 }, 7, &zone);
        let expected = "2026-10-19T10:00:00Z".parse::<Timestamp>().unwrap().as_second();
        assert_eq!(before, Span { from: expected, to: expected + 3_600 });
    }
}
