//! The horizontal axis: marks at round times of a place's clocks. Pure.

use jiff::{Span, Timestamp, ToSpan as _, Zoned, civil, tz::TimeZone};

/// A mark of the time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    /// Where.
    pub(super) secs: i64,
    /// The time of the day, or the day.
    pub(super) text: String,
    /// The day or the year, where it is another one than at the mark before.
    pub(super) under: Option<String>,
}

/// Most marks that fit beside each other.
const MARKS: i64 = 9;
/// More than these are a mistake.
const MARKS_MAX: usize = 40;

/// Distance of marks.
#[derive(Clone, Copy)]
enum Step {
    Secs(i64),
    Days(i64),
    Months(i64),
}

const STEPS: &[Step] = &[
    Step::Secs(1),
    Step::Secs(5),
    Step::Secs(15),
    Step::Secs(30),
    Step::Secs(60),
    Step::Secs(120),
    Step::Secs(300),
    Step::Secs(600),
    Step::Secs(900),
    Step::Secs(1_800),
    Step::Secs(3_600),
    Step::Secs(7_200),
    Step::Secs(10_800),
    Step::Secs(21_600),
    Step::Secs(43_200),
    Step::Days(1),
    Step::Days(2),
    Step::Days(7),
    Step::Days(14),
    Step::Months(1),
    Step::Months(2),
    Step::Months(3),
];

/// Marks from a second to another.
pub(super) fn marks(from: i64, until: i64, zone: &TimeZone) -> Vec<Mark> {
    let span = until.saturating_sub(from).max(1);
    let step = STEPS.iter().find(|step| span / step.secs() < MARKS).or(STEPS.last());
    let (Some(step), Ok(begin)) = (step, Timestamp::from_second(from)) else { return Vec::new() };
    let (mut marks, mut under): (Vec<Mark>, _) = (Vec::new(), String::new());
    let mut at = step.floor(&begin.to_zoned(zone.clone()));
    for _ in 0..MARKS_MAX {
        let Some(zoned) = at.and_then(|it| it.to_zoned(zone.clone()).ok()) else { break };
        let secs = zoned.timestamp().as_second();
        if secs > until {
            break;
        }
        // Where clocks are put forward, two marks are one moment.
        if secs >= from && marks.last().is_none_or(|mark| mark.secs < secs) {
            let (text, below) = step.texts(&zoned);
            let new = below != under;
            under.clone_from(&below);
            marks.push(Mark { secs, text, under: new.then_some(below) });
        }
        at = at.and_then(|it| it.checked_add(step.span()).ok());
    }
    marks
}

/// `Europe/Berlin, UTC+01:00`: a place, and how far its clocks are ahead then.
pub(super) fn zone_name(zone: &TimeZone, secs: i64) -> String {
    let offset = Timestamp::from_second(secs).map(|at| at.to_zoned(zone.clone()));
    let offset = offset.map(|at| at.strftime("UTC%:z").to_string()).unwrap_or_default();
    match zone.iana_name() {
        Some("UTC") | None if offset.ends_with("+00:00") || offset.is_empty() => "UTC".to_owned(),
        Some(name) => format!("{name}, {offset}"),
        None => offset,
    }
}

impl Step {
    const fn secs(self) -> i64 {
        match self {
            Self::Secs(secs) => secs,
            Self::Days(days) => days * 86_400,
            Self::Months(months) => months * 30 * 86_400,
        }
    }

    fn span(self) -> Span {
        match self {
            Self::Secs(secs) => secs.seconds(),
            Self::Days(days) => days.days(),
            Self::Months(months) => months.months(),
        }
    }

    /// The last round time before a moment, by the clocks of its place.
    fn floor(self, at: &Zoned) -> Option<civil::DateTime> {
        let date = at.date();
        let midnight = date.to_datetime(civil::Time::midnight());
        match self {
            Self::Secs(step) => {
                let time = at.time();
                let secs = i64::from(time.hour()) * 3_600
                    + i64::from(time.minute()) * 60
                    + i64::from(time.second());
                midnight.checked_add((secs / step * step).seconds()).ok()
            }
            Self::Days(step) => {
                // Weeks begin on Mondays, of which this was one.
                let monday = civil::date(2024, 1, 1);
                let days = i64::from(monday.until(date).ok()?.get_days());
                let back = days.rem_euclid(step);
                midnight.checked_sub(back.days()).ok()
            }
            Self::Months(step) => {
                let first = date.first_of_month().to_datetime(civil::Time::midnight());
                let back = (i64::from(date.month()) - 1).rem_euclid(step);
                first.checked_sub(back.months()).ok()
            }
        }
    }

    /// What stands at a mark, and under it.
    fn texts(self, at: &Zoned) -> (String, String) {
        let (text, under) = match self {
            Self::Secs(..60) => ("%H:%M:%S", "%a %-d %b"),
            Self::Secs(_) => ("%H:%M", "%a %-d %b"),
            Self::Days(_) => ("%-d %b", "%Y"),
            Self::Months(_) => ("%b", "%Y"),
        };
        (at.strftime(text).to_string(), at.strftime(under).to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(from: &str, secs: i64, zone: &str) -> Vec<String> {
        let from = from.parse::<Timestamp>().unwrap().as_second();
        let marks = marks(from, from + secs, &TimeZone::get(zone).unwrap());
        assert!(marks.len() >= 3 && marks.len() <= MARKS as usize + 1, "{marks:?}");
        let told = |mark: &Mark| match &mark.under {
            Some(under) => format!("{} ({under})", mark.text),
            None => mark.text.clone(),
        };
        marks.iter().map(told).collect()
    }

    #[test]
    fn marks_are_round_times_of_the_place_with_its_days() {
        let hour = told("2026-11-24T12:33:10Z", 3_600, "Europe/Berlin");
        assert_eq!(hour.first().map(String::as_str), Some("13:40 (Tue 24 Nov)"), "{hour:?}");
        assert_eq!(hour.last().map(String::as_str), Some("14:30"), "{hour:?}");
        let day = told("2026-11-24T12:33:10Z", 86_400, "Europe/Berlin");
        assert!(day.contains(&"00:00 (Wed 25 Nov)".to_owned()), "{day:?}");
        let weeks = told("2026-12-20T00:00:00Z", 28 * 86_400, "UTC");
        assert_eq!(weeks, ["21 Dec (2026)", "28 Dec", "4 Jan (2027)", "11 Jan"]);
        let year = told("2026-01-10T00:00:00Z", 400 * 86_400, "UTC");
        assert_eq!(year.first().map(String::as_str), Some("Mar (2026)"), "{year:?}");
        assert_eq!(told("2026-11-24T12:33:10Z", 30, "UTC").len(), 7);
    }

    #[test]
    fn a_day_with_a_clock_change_has_its_marks_in_order() {
        for (from, zone) in [
            ("2026-10-24T22:00:00Z", "Europe/Berlin"),
            ("2026-03-28T23:00:00Z", "Europe/Berlin"),
            ("2026-03-28T23:00:00Z", "Asia/Kolkata"),
        ] {
            let from = from.parse::<Timestamp>().unwrap().as_second();
            for span in [3_600, 6 * 3_600, 86_400, 3 * 86_400] {
                let marks = marks(from, from + span, &TimeZone::get(zone).unwrap());
                assert!(marks.windows(2).all(|pair| pair[0].secs < pair[1].secs), "{marks:?}");
                assert!(marks.len() > 2, "{zone} {span} {marks:?}");
            }
        }
    }

    #[test]
    fn a_zone_is_named_with_its_offset() {
        let winter = "2026-11-24T12:00:00Z".parse::<Timestamp>().unwrap().as_second();
        assert_eq!(zone_name(&TimeZone::UTC, winter), "UTC");
        let berlin = TimeZone::get("Europe/Berlin").unwrap();
        assert_eq!(zone_name(&berlin, winter), "Europe/Berlin, UTC+01:00");
        let fixed = TimeZone::fixed(jiff::tz::offset(2));
        assert_eq!(zone_name(&fixed, winter), "UTC+02:00");
    }
}
