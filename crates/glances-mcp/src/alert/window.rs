//! When a span of time is open: once, or again and again by a cron line in a time zone. Knows no
//! server and no alert.

use jiff::{Timestamp, ToSpan, civil, tz::TimeZone};
use serde::{Deserialize, Serialize};

/// Longest that a repeated span stays open; the search for its beginning goes that far back.
pub const OPEN_SECS_MAX: i64 = 7 * 86_400;

/// When something is open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum When {
    /// Once, in seconds since the epoch.
    Once {
        /// Opens.
        start: i64,
        /// Closes.
        end: i64,
    },
    /// Again and again.
    Repeated {
        /// When it opens: minute, hour, day of month, month, day of week.
        schedule: String,
        /// For how long it stays open, at most [`OPEN_SECS_MAX`].
        duration_secs: i64,
        /// IANA name of the time zone of `schedule`.
        timezone: String,
    },
}

/// A [`When`] that was read.
#[derive(Clone, Debug)]
pub(super) enum Opening {
    Once { start: i64, end: i64 },
    Repeated { cron: Cron, duration_secs: i64, zone: TimeZone },
}

impl Opening {
    /// Reads it; the database of time zones is asked here and never again.
    ///
    /// # Errors
    /// What is wrong.
    pub(super) fn parse(when: &When) -> Result<Self, String> {
        match when {
            When::Once { start, end } if end <= start => {
                Err("the window ends before it starts".to_owned())
            }
            When::Once { start, end } => Ok(Self::Once { start: *start, end: *end }),
            When::Repeated { schedule, duration_secs, timezone } => {
                if !(1..=OPEN_SECS_MAX).contains(duration_secs) {
                    return Err("a window is open from one second to seven days".to_owned());
                }
                let zone = TimeZone::get(timezone)
                    .map_err(|_| format!("no time zone `{}`", timezone.escape_debug()))?;
                Ok(Self::Repeated {
                    cron: Cron::parse(schedule)?,
                    duration_secs: *duration_secs,
                    zone,
                })
            }
        }
    }

    /// Whether it is open: from its start on, no longer at its end.
    ///
    /// A start that the clock skips in spring comes when the clock has gone on; one that comes
    /// twice in autumn counts the first time. The duration is real time.
    pub(super) fn is_open(&self, at: i64) -> bool {
        match self {
            Self::Once { start, end } => (*start..*end).contains(&at),
            Self::Repeated { cron, duration_secs, zone } => {
                open_by_cron(cron, *duration_secs, zone, at).unwrap_or(false)
            }
        }
    }
}

/// Whether a start within the last `duration_secs` has it open. `None` beyond the calendar.
fn open_by_cron(cron: &Cron, duration_secs: i64, zone: &TimeZone, at: i64) -> Option<bool> {
    let now = Timestamp::from_second(at).ok()?.to_zoned(zone.clone());
    // A local day is up to 26 hours away from the same span of real time.
    let days = duration_secs / 86_400 + 2;
    let mut day = now.date();
    for _ in 0..=days {
        let opens = |time: civil::DateTime| {
            let start = time.to_zoned(zone.clone()).ok()?.timestamp().as_second();
            Some((start..start.saturating_add(duration_secs)).contains(&at))
        };
        if cron.fits_day(day) && cron.times(day).any(|time| opens(time) == Some(true)) {
            return Some(true);
        }
        day = day.checked_sub(1.day()).ok()?;
    }
    Some(false)
}

/// A cron line of five fields as sets of numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Cron {
    minutes: u64,
    hours: u64,
    days: u64,
    months: u64,
    weekdays: u64,
    /// Days of the month or of the week are given; of two that are given one is enough.
    given: (bool, bool),
}

const MONTHS: &[&str] =
    &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const WEEKDAYS: &[&str] = &["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

impl Cron {
    /// Reads a line.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn parse(line: &str) -> Result<Self, String> {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let [minute, hour, day, month, weekday] = fields.as_slice() else {
            return Err("a cron line has five fields".to_owned());
        };
        let set = |text: &str, min, max, names| {
            set(text, min, max, names)
                .ok_or_else(|| format!("`{}` is no part of a cron line", text.escape_debug()))
        };
        let weekdays = set(weekday, 0, 7, WEEKDAYS)?;
        Ok(Self {
            minutes: set(minute, 0, 59, &[])?,
            hours: set(hour, 0, 23, &[])?,
            days: set(day, 1, 31, &[])?,
            months: set(month, 1, 12, MONTHS)?,
            // Sunday is 0 and 7.
            weekdays: weekdays | u64::from(has(weekdays, 7)),
            given: (!day.starts_with('*'), !weekday.starts_with('*')),
        })
    }

    fn fits_day(&self, day: civil::Date) -> bool {
        let in_month = has(self.days, day.day());
        let in_week = has(self.weekdays, day.weekday().to_sunday_zero_offset());
        let fits = match self.given {
            (true, true) => in_month || in_week,
            (false, _) | (_, false) => in_month && in_week,
        };
        fits && has(self.months, day.month())
    }

    /// The times of a day that fits, latest first.
    fn times(&self, day: civil::Date) -> impl Iterator<Item = civil::DateTime> {
        let minutes = self.minutes;
        let hours = (0..24_i8).rev().filter(|hour| has(self.hours, *hour));
        hours.flat_map(move |hour| {
            let all = (0..60_i8).rev().filter(move |minute| has(minutes, *minute));
            all.map(move |minute| day.at(hour, minute, 0, 0))
        })
    }
}

fn has(set: u64, number: i8) -> bool {
    u32::try_from(number).is_ok_and(|number| set.checked_shr(number).is_some_and(|it| it & 1 == 1))
}

/// The numbers of one field: `*`, `5`, `1-5`, `mon`, each also with a step, separated by commas.
fn set(text: &str, min: u32, max: u32, names: &[&str]) -> Option<u64> {
    let value = |text: &str| -> Option<u32> {
        let named = names.iter().position(|name| name.eq_ignore_ascii_case(text));
        let number = match named {
            Some(index) => u32::try_from(index).ok()?.checked_add(min)?,
            None => text.parse().ok()?,
        };
        (min..=max).contains(&number).then_some(number)
    };
    let mut set = 0_u64;
    for part in text.split(',') {
        let (values, step) = match part.split_once('/') {
            Some((values, step)) => (values, Some(step.parse::<u32>().ok()?)),
            None => (part, None),
        };
        let (first, last) = match values.split_once('-') {
            _ if values == "*" => (min, max),
            Some((first, last)) => (value(first)?, value(last)?),
            // `5/15` goes on to the end.
            None => (value(values)?, if step.is_some() { max } else { value(values)? }),
        };
        let step = step.unwrap_or(1);
        if step == 0 || first > last {
            return None;
        }
        let step = usize::try_from(step).ok()?;
        (first..=last).step_by(step).for_each(|number| set |= 1 << number);
    }
    Some(set)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(text: &str) -> i64 {
        text.parse::<Timestamp>().unwrap().as_second()
    }

    fn repeated(schedule: &str, hours: i64, timezone: &str) -> Opening {
        let (schedule, timezone) = (schedule.to_owned(), timezone.to_owned());
        Opening::parse(&When::Repeated { schedule, duration_secs: hours * 3_600, timezone })
            .unwrap()
    }

    #[test]
    fn a_window_is_open_from_its_start_and_no_longer_at_its_end() {
        let once = Opening::parse(&When::Once { start: 10, end: 20 }).unwrap();
        assert_eq!([9, 10, 19, 20].map(|at| once.is_open(at)), [false, true, true, false]);
        assert!(Opening::parse(&When::Once { start: 20, end: 20 }).is_err());
    }

    #[test]
    fn a_window_goes_on_past_midnight_into_a_day_on_which_it_does_not_start() {
        let saturdays = repeated("0 22 * * sat", 6, "UTC");
        assert!(!saturdays.is_open(at("2026-03-07T21:59:59Z")));
        assert!(saturdays.is_open(at("2026-03-07T22:00:00Z")));
        assert!(saturdays.is_open(at("2026-03-08T03:59:59Z")));
        assert!(!saturdays.is_open(at("2026-03-08T04:00:00Z")));
        assert!(!saturdays.is_open(at("2026-03-08T22:30:00Z")));
    }

    #[test]
    fn a_window_follows_the_clock_of_its_zone_in_summer_and_winter() {
        let nights = repeated("0 2 * * *", 1, "Europe/Berlin");
        assert!(nights.is_open(at("2026-01-10T01:30:00Z")));
        assert!(nights.is_open(at("2026-07-10T00:30:00Z")));
        assert!(!nights.is_open(at("2026-07-10T01:30:00Z")));
    }

    #[test]
    fn a_start_that_the_clock_skips_comes_when_it_has_gone_on() {
        // In Berlin 02:30 does not exist on 29 March 2026; at 01:00 UTC it is 03:00.
        let nights = repeated("30 2 * * *", 1, "Europe/Berlin");
        assert!(!nights.is_open(at("2026-03-29T01:00:00Z")));
        assert!(nights.is_open(at("2026-03-29T01:30:00Z")));
        assert!(!nights.is_open(at("2026-03-29T02:30:00Z")));
    }

    #[test]
    fn a_start_that_comes_twice_counts_once() {
        // In Berlin 02:30 comes at 00:30 and at 01:30 UTC on 25 October 2026.
        let nights = repeated("30 2 * * *", 1, "Europe/Berlin");
        assert!(nights.is_open(at("2026-10-25T00:30:00Z")));
        assert!(!nights.is_open(at("2026-10-25T01:30:00Z")));
    }

    #[test]
    fn a_week_long_window_is_open_all_week() {
        let weeks = repeated("0 0 * * mon", 7 * 24, "America/New_York");
        for day in 1..=28 {
            assert!(weeks.is_open(at(&format!("2026-02-{day:02}T12:00:00Z"))), "{day}");
        }
    }

    #[test]
    fn days_of_month_and_week_are_one_or_the_other_when_both_are_given() {
        let either = repeated("0 0 13 * fri", 24, "UTC");
        assert!(either.is_open(at("2026-01-13T12:00:00Z")), "a Tuesday, the 13th");
        assert!(either.is_open(at("2026-01-16T12:00:00Z")), "a Friday, the 16th");
        assert!(!either.is_open(at("2026-01-14T12:00:00Z")));
        let sundays = repeated("0 0 * * 7", 24, "UTC");
        assert!(sundays.is_open(at("2026-01-18T12:00:00Z")));
    }

    #[test]
    fn steps_lists_and_names_are_sets() {
        assert_eq!(set("*/15", 0, 59, &[]), Some(1 | 1 << 15 | 1 << 30 | 1 << 45));
        assert_eq!(set("50/5", 0, 59, &[]), Some(1 << 50 | 1 << 55));
        assert_eq!(set("1-3,jan,dec", 1, 12, MONTHS), Some(0b1_0000_0000_1110));
        for bad in ["", "60", "5-1", "*/0", "x", "1-", "1,,2"] {
            assert_eq!(set(bad, 0, 59, &[]), None, "{bad}");
        }
        assert!(Cron::parse("* * * *").is_err());
    }

    /// The same question answered minute by minute: the starts of the local clock, each taken when
    /// that clock first shows it or, skipped, by as much later as the clock went on.
    fn open_by_looking(minute: i8, hour: i8, duration_secs: i64, zone: &TimeZone, at: i64) -> bool {
        let day = Timestamp::from_second(at).unwrap().to_zoned(zone.clone()).date();
        (0..10).any(|back| {
            let start = day.checked_sub(back.days()).unwrap().at(hour, minute, 0, 0);
            let start = start.to_zoned(zone.clone()).unwrap().timestamp().as_second();
            start <= at && at < start + duration_secs
        })
    }

    proptest! {
        #[test]
        fn a_daily_window_is_open_exactly_for_its_duration_after_each_start(
            (minute, hour, hours) in (0..60_i8, 0..24_i8, 1..=168_i64),
            // Two years around the changes of the clock in both halves of the world.
            at in 1_767_225_600_i64..1_830_297_600,
            zone in prop::sample::select(vec![
                "UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe",
                "Asia/Kathmandu", "Pacific/Apia",
            ]),
        ) {
            let opening = repeated(&format!("{minute} {hour} * * *"), hours, zone);
            let zone = TimeZone::get(zone).unwrap();
            let expected = open_by_looking(minute, hour, hours * 3_600, &zone, at);
            prop_assert_eq!(opening.is_open(at), expected);
        }
    }
}
