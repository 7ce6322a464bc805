//! Spans of time as callers write them: one grammar for every tool. Pure; time is an argument.

use jiff::{Span, Timestamp, Zoned, civil, tz::TimeZone};

/// Longest span that a question is about: hourly values are kept that long.
const LONGEST_DAYS: i64 = 400;

/// What is wrong with a time, and how one is written.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum WindowError {
    /// Not a time.
    #[error(
        "`{argument}` = `{text}` is no time: write RFC 3339 (`2026-11-24T03:10:00Z`), a span back \
         (`-2h`, `-7d`), a clock time (`03:10`, the most recent one in `timezone`), a date, or `now`"
    )]
    Time {
        /// Which argument.
        argument: &'static str,
        /// What was given.
        text: String,
    },
    /// Not a time zone.
    #[error("`timezone` = `{0}` is no time zone: write a name such as `Europe/Berlin` or `UTC`")]
    Zone(String),
    /// The wrong way round.
    #[error("`since` ({since}) is not before `until` ({until})")]
    Order {
        /// When it would begin.
        since: String,
        /// When it would end.
        until: String,
    },
    /// Not a time to come.
    #[error(
        "`{argument}` = `{text}` is no time to come: write RFC 3339 (`2026-11-24T18:00:00Z`), a clock \
         time (`18:00`, the next one in `timezone`), a date, or a span (`+2h`, `+7d`)"
    )]
    Future {
        /// Which argument.
        argument: &'static str,
        /// What was given.
        text: String,
    },
    /// Not a length.
    #[error("`{argument}` = `{text}` is no length: write `30m`, `2h` or `7d`")]
    Length {
        /// Which argument.
        argument: &'static str,
        /// What was given.
        text: String,
    },
    /// Longer than anything is kept.
    #[error(
        "the time from `since` to `until` is longer than the {LONGEST_DAYS} days that are kept"
    )]
    Long,
}

/// A span of time with the zone that its times are written in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window {
    /// First moment in it.
    pub since: Timestamp,
    /// First moment after it.
    pub until: Timestamp,
    zone: TimeZone,
}

impl Window {
    /// From what a caller wrote. Without `until` it ends now; without `since` it begins `default`
    /// before its end.
    ///
    /// # Errors
    /// What cannot be read, with the ways to write it.
    pub fn parse(
        since: Option<&str>,
        until: Option<&str>,
        timezone: Option<&str>,
        default: Span,
        now: Timestamp,
    ) -> Result<Self, WindowError> {
        let zone = zone(timezone)?;
        let at = now.to_zoned(zone.clone());
        let until = match until {
            Some(text) => time("until", text, &at)?,
            None => now,
        };
        let since = match since {
            Some(text) => time("since", text, &at)?,
            None => until
                .to_zoned(zone.clone())
                .checked_sub(default)
                .map_or(Timestamp::UNIX_EPOCH, |at| at.timestamp()),
        };
        let window = Self { since, until, zone };
        if since >= until {
            let (since, until) = (window.written(since), window.written(until));
            return Err(WindowError::Order { since, until });
        }
        if until.as_second() - since.as_second() > LONGEST_DAYS * 86_400 {
            return Err(WindowError::Long);
        }
        Ok(window)
    }

    /// So many seconds before it.
    #[must_use]
    pub fn before(&self, secs: i64) -> Self {
        let length = jiff::SignedDuration::from_secs(secs);
        let since = self.since.checked_sub(length).unwrap_or(Timestamp::UNIX_EPOCH);
        Self { since, until: self.since, zone: self.zone.clone() }
    }

    /// Seconds of its length.
    #[must_use]
    pub fn secs(&self) -> i64 {
        self.until.as_second() - self.since.as_second()
    }

    /// The zone that its times are written in.
    #[must_use]
    pub const fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// A moment in the window's zone, with its offset.
    #[must_use]
    pub fn written(&self, at: Timestamp) -> String {
        let at = at.to_zoned(self.zone.clone());
        // UTC is written as everywhere else.
        let form =
            if at.offset().is_zero() { "%Y-%m-%dT%H:%M:%SZ" } else { "%Y-%m-%dT%H:%M:%S%:z" };
        at.strftime(form).to_string()
    }
}

/// One moment as a caller wrote it, in an argument of this name.
///
/// # Errors
/// What cannot be read, with the ways to write it.
pub fn moment(
    argument: &'static str,
    text: &str,
    timezone: Option<&str>,
    now: Timestamp,
) -> Result<Timestamp, WindowError> {
    time(argument, text, &now.to_zoned(zone(timezone)?))
}

fn zone(name: Option<&str>) -> Result<TimeZone, WindowError> {
    let Some(name) = name else { return Ok(TimeZone::UTC) };
    TimeZone::get(name).map_err(|_| WindowError::Zone(clip(name)))
}

/// A moment to come: RFC 3339, `+2h`, the next `18:00`, or a date.
///
/// # Errors
/// It cannot be read, or is not after `now`.
pub fn future(
    argument: &'static str,
    text: &str,
    timezone: Option<&str>,
    now: Timestamp,
) -> Result<Timestamp, WindowError> {
    let failed = || WindowError::Future { argument, text: clip(text) };
    let at = now.to_zoned(zone(timezone)?);
    let text = text.trim();
    let found = if let Some(span) = text.strip_prefix('+') {
        span.parse::<Span>().ok().and_then(|span| at.checked_add(span).ok())
    } else if let (Err(_), Ok(clock)) =
        (text.parse::<civil::DateTime>(), text.parse::<civil::Time>())
    {
        let on = |day: civil::Date| day.to_datetime(clock).to_zoned(at.time_zone().clone()).ok();
        let today = on(at.date()).filter(|it| *it > at);
        today.or_else(|| at.date().tomorrow().ok().and_then(on))
    } else if text.starts_with('-') {
        None
    } else {
        time(argument, text, &at).ok().map(|found| found.to_zoned(at.time_zone().clone()))
    };
    found.map(|found| found.timestamp()).filter(|found| *found > now).ok_or_else(failed)
}

/// A length in seconds: `30m`, `2h`, `7d`. Days have 24 hours.
///
/// # Errors
/// It cannot be read, or is not longer than nothing.
pub fn length(argument: &'static str, text: &str) -> Result<i64, WindowError> {
    let failed = || WindowError::Length { argument, text: clip(text) };
    let span: Span = text.trim().parse().map_err(|_| failed())?;
    let length = span.to_duration(jiff::SpanRelativeTo::days_are_24_hours());
    length.ok().map(|it| it.as_secs()).filter(|secs| *secs > 0).ok_or_else(failed)
}

/// The name of a time zone, once it is one; UTC when none is given.
///
/// # Errors
/// It is none.
pub fn zone_name(name: Option<&str>) -> Result<String, WindowError> {
    zone(name)?;
    Ok(name.unwrap_or("UTC").to_owned())
}

/// One moment, seen from another.
fn time(argument: &'static str, text: &str, at: &Zoned) -> Result<Timestamp, WindowError> {
    let text = text.trim();
    let failed = || WindowError::Time { argument, text: clip(text) };
    if text == "now" {
        return Ok(at.timestamp());
    }
    if let Some(back) = text.strip_prefix('-') {
        let span: Span = back.parse().map_err(|_| failed())?;
        return at.checked_sub(span).map(|at| at.timestamp()).map_err(|_| failed());
    }
    if let Ok(moment) = text.parse::<Timestamp>() {
        return Ok(moment);
    }
    let zoned = |local: civil::DateTime| local.to_zoned(at.time_zone().clone()).ok();
    // Before a time of the day, which is read out of a date and time as well.
    if let Ok(local) = text.parse::<civil::DateTime>() {
        return zoned(local).map(|at| at.timestamp()).ok_or_else(failed);
    }
    if let Ok(clock) = text.parse::<civil::Time>() {
        let today = zoned(at.date().to_datetime(clock)).ok_or_else(failed)?;
        if today.timestamp() <= at.timestamp() {
            return Ok(today.timestamp());
        }
        let yesterday = at.date().yesterday().ok().and_then(|day| zoned(day.to_datetime(clock)));
        return yesterday.map(|at| at.timestamp()).ok_or_else(failed);
    }
    Err(failed())
}

/// What a caller wrote, as it may stand in an error.
fn clip(text: &str) -> String {
    const CHARS_MAX: usize = 40;
    crate::redact::clean(text).chars().take(CHARS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use jiff::ToSpan as _;

    use super::*;

    const NOW: &str = "2026-11-24T02:00:00Z";

    fn window(since: &str, until: Option<&str>, zone: &str) -> Result<Window, WindowError> {
        Window::parse(Some(since), until, Some(zone), 1.hour(), NOW.parse().unwrap())
    }

    #[test]
    fn every_way_to_write_a_time_is_read() {
        for (text, zone, expected) in [
            ("-2h", "UTC", "2026-11-24T00:00:00Z"),
            ("-7d", "UTC", "2026-11-17T02:00:00Z"),
            ("-1h30m", "UTC", "2026-11-24T00:30:00Z"),
            ("01:10", "UTC", "2026-11-24T01:10:00Z"),
            ("03:10", "UTC", "2026-11-23T03:10:00Z"),
            // In Berlin it is three o'clock.
            ("02:10", "Europe/Berlin", "2026-11-24T01:10:00Z"),
            ("03:10", "Europe/Berlin", "2026-11-23T02:10:00Z"),
            ("2026-11-23", "Europe/Berlin", "2026-11-22T23:00:00Z"),
            ("2026-11-23 12:00", "UTC", "2026-11-23T12:00:00Z"),
            ("2026-11-20 12:00", "UTC", "2026-11-20T12:00:00Z"),
            ("2026-11-20T12:00", "Europe/Berlin", "2026-11-20T11:00:00Z"),
            ("2026-11-23T12:00:00+02:00", "UTC", "2026-11-23T10:00:00Z"),
        ] {
            let found = window(text, None, zone).unwrap_or_else(|err| panic!("{text}: {err}"));
            assert_eq!(found.since, expected.parse().unwrap(), "{text} in {zone}");
            assert_eq!(found.until, NOW.parse().unwrap());
        }
    }

    #[test]
    fn what_is_no_time_says_how_one_is_written() {
        for text in ["yesterday", "25:00", "-", "-2 parsecs", "2026-13-01", "\u{202e}x"] {
            let refused = window(text, None, "UTC").unwrap_err().to_string();
            assert!(refused.contains("`since`") && refused.contains("-2h"), "{refused}");
        }
        let refused = window("-1h", None, "Europe/Berln").unwrap_err().to_string();
        assert!(refused.contains("`Europe/Berln` is no time zone"), "{refused}");
        let refused = window("-1h", Some("-2h"), "UTC").unwrap_err().to_string();
        assert!(refused.contains("is not before"), "{refused}");
        assert_eq!(window("-800d", None, "UTC"), Err(WindowError::Long));
    }

    #[test]
    fn every_way_to_write_a_time_to_come_is_read() {
        let now: Timestamp = NOW.parse().unwrap();
        for (text, zone, expected) in [
            ("+2h", "UTC", "2026-11-24T04:00:00Z"),
            ("+7d", "UTC", "2026-12-01T02:00:00Z"),
            ("03:10", "UTC", "2026-11-24T03:10:00Z"),
            ("01:10", "UTC", "2026-11-25T01:10:00Z"),
            ("02:00", "UTC", "2026-11-25T02:00:00Z"),
            ("02:10", "Europe/Berlin", "2026-11-25T01:10:00Z"),
            ("2026-12-01", "Europe/Berlin", "2026-11-30T23:00:00Z"),
            ("2026-11-24T12:00:00+02:00", "UTC", "2026-11-24T10:00:00Z"),
        ] {
            let found = future("until", text, Some(zone), now);
            assert_eq!(found, Ok(expected.parse().unwrap()), "{text} in {zone}");
        }
        for text in ["-2h", "2026-11-24", "now", "+0s", "soon", "2020-01-01T00:00:00Z", ""] {
            let refused = future("until", text, None, now).unwrap_err().to_string();
            assert!(refused.contains("`until`") && refused.contains("+2h"), "{text}: {refused}");
        }
    }

    #[test]
    fn lengths_are_longer_than_nothing() {
        let read = ["30m", "2h", "7d", "1h30m"].map(|text| length("for", text));
        assert_eq!(read, [Ok(1_800), Ok(7_200), Ok(604_800), Ok(5_400)]);
        for text in ["0s", "-2h", "1 parsec", "", "1mo"] {
            assert!(length("for", text).unwrap_err().to_string().contains("`for`"), "{text}");
        }
    }

    #[test]
    fn a_day_with_a_clock_change_has_its_hours() {
        let now = "2026-10-25T12:00:00Z".parse().unwrap();
        let zone = Some("Europe/Berlin");
        let day = Window::parse(Some("2026-10-25"), Some("now"), zone, 1.hour(), now).unwrap();
        assert_eq!(day.secs(), 14 * 3_600);
        assert_eq!(day.written(day.since), "2026-10-25T00:00:00+02:00");
        assert_eq!(day.written(now), "2026-10-25T13:00:00+01:00");
        let utc = Window::parse(Some("-1h"), None, None, 1.hour(), now).unwrap();
        assert_eq!(utc.written(now), "2026-10-25T12:00:00Z");
    }

    #[test]
    fn without_a_beginning_it_is_the_default_before_its_end() {
        let now: Timestamp = NOW.parse().unwrap();
        let window = Window::parse(None, None, None, 6.hours(), now).unwrap();
        assert_eq!(window.secs(), 6 * 3_600);
    }
}
