//! Which hours of the day are quiet, from a week of one series. Pure.

use std::fmt::Write as _;

use jiff::{Timestamp, civil::Weekday, tz::TimeZone};
use serde_json::Value;

use super::Arguments;
use crate::{
    query::window::{future, length},
    render::{count, short},
};

const HOURS: usize = 24;
const HOUR_SECS: i64 = 3_600;

/// Means of the hours of workdays and of weekends.
#[derive(Debug, Default, PartialEq)]
struct Hours {
    workdays: [Mean; HOURS],
    weekends: [Mean; HOURS],
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Mean {
    sum: f64,
    count: u32,
}

impl Mean {
    fn of(&self) -> Option<f64> {
        (self.count > 0).then(|| self.sum / f64::from(self.count))
    }
}

/// The reply of `query_metrics` with one merged series as points, by the hour of the day; with how
/// the window of the arguments compares.
pub(super) fn told(reply: &Value, asked: &Arguments) -> String {
    let zone = asked.get("timezone");
    let place = zone.and_then(|name| TimeZone::get(name).ok()).unwrap_or(TimeZone::UTC);
    let moment = |key: &str| reply.get(key)?.as_str()?.parse::<Timestamp>().ok();
    let series = reply.pointer("/series/0");
    let (Some(from), Some(now), Some(series)) = (moment("from"), moment("until"), series) else {
        return "No history yet: quiet hours are not known.".to_owned();
    };
    let mut hours = Hours::default();
    for point in series.get("points").and_then(Value::as_array).into_iter().flatten() {
        let number = |index: usize| point.get(index).and_then(Value::as_f64);
        let (Some(minutes), Some(value)) = (number(0), number(1)) else { continue };
        #[expect(clippy::cast_possible_truncation, reason = "minutes of a year")]
        let secs = from.as_second() + (minutes * 60.0) as i64;
        if let Some(mean) = hours.at(secs, &place) {
            mean.sum += value;
            mean.count += 1;
        }
    }
    let secs = asked.get("duration").and_then(|text| length("duration", text).ok());
    let secs = secs.unwrap_or(HOUR_SECS);
    let span = usize::try_from((secs + HOUR_SECS - 1) / HOUR_SECS).unwrap_or(1).clamp(1, HOURS);
    let servers = series.get("merged").and_then(Value::as_u64).unwrap_or_default();
    let mut out = format!(
        "Mean `cpu.total` of {} in percent by hour of the day ({}), from {}.\n",
        count(usize::try_from(servers).unwrap_or(usize::MAX), "server"),
        zone.unwrap_or("UTC"),
        reply.get("from").and_then(Value::as_str).unwrap_or_default(),
    );
    let _ = writeln!(out, "hours 00 to 23");
    for (name, means) in [("workdays", &hours.workdays), ("weekends", &hours.weekends)] {
        let known = means.iter().filter(|mean| mean.count > 0).count();
        if known > 0 {
            let _ = writeln!(out, "{name}: {}", line(means));
        }
        let Some((first, mean)) = quietest(means, span).filter(|_| known == HOURS) else {
            let _ =
                writeln!(out, "{name}: {known} of {HOURS} hours are known, too few to choose from");
            continue;
        };
        let end = (first + span) % HOURS;
        let mean = short(mean);
        let _ =
            writeln!(out, "quietest {span} h on {name}: {first:02}:00 to {end:02}:00 at {mean}%");
    }
    let start = asked.get("start").and_then(|text| future("start", text, zone, now).ok());
    if let Some(start) = start {
        let begin = start.to_zoned(place.clone());
        let means: Vec<f64> = (0..span)
            .filter_map(|hour| {
                let secs = start.as_second() + i64::try_from(hour).ok()? * HOUR_SECS;
                hours.at(secs, &place)?.of()
            })
            .collect();
        let usual = match mean(&means) {
            Some(mean) => format!("{}% then", short(mean)),
            None => "not known for these hours".to_owned(),
        };
        let begin = begin.strftime("%a %Y-%m-%dT%H:%M%:z");
        let _ = writeln!(out, "planned {begin} for {span} h: usually {usual}");
    }
    out
}

impl Hours {
    fn at(&mut self, secs: i64, place: &TimeZone) -> Option<&mut Mean> {
        let at = Timestamp::from_second(secs).ok()?.to_zoned(place.clone());
        let weekend = matches!(at.weekday(), Weekday::Saturday | Weekday::Sunday);
        let means = if weekend { &mut self.weekends } else { &mut self.workdays };
        means.get_mut(usize::try_from(at.hour()).ok()?)
    }
}

fn line(means: &[Mean; HOURS]) -> String {
    let word = |mean: &Mean| mean.of().map_or_else(|| "-".to_owned(), |mean| format!("{mean:.0}"));
    means.iter().map(word).collect::<Vec<_>>().join(" ")
}

/// The first hour of the quietest so many in a row, all of which are known.
fn quietest(means: &[Mean; HOURS], span: usize) -> Option<(usize, f64)> {
    let window = |first: usize| {
        let hours = (first..first + span).map(|hour| means.get(hour % HOURS)?.of());
        Some((first, mean(&hours.collect::<Option<Vec<f64>>>()?)?))
    };
    (0..HOURS).filter_map(window).min_by(|a, b| a.1.total_cmp(&b.1))
}

#[expect(clippy::cast_precision_loss, reason = "a day of hours")]
fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::prompts::arguments::{ALL_MAINTENANCE, check};

    fn asked(given: &[(&str, &str)]) -> Arguments {
        let given = given.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        check(ALL_MAINTENANCE, given, "2026-11-30T00:00:00Z".parse().unwrap()).unwrap()
    }

    /// Four workdays from a Monday on by the hour: busy, but for the hours from three to five.
    fn reply() -> Value {
        let points: Vec<[f64; 2]> = (0..96)
            .map(|hour| {
                [f64::from(hour) * 60.0, if (3..5).contains(&(hour % 24)) { 10.0 } else { 40.0 }]
            })
            .collect();
        json!({"from": "2026-11-23T00:00:00+00:00", "until": "2026-11-27T00:00:00+00:00",
            "series": [{"merged": 9, "points": points}]})
    }

    #[test]
    fn quiet_hours_are_found_in_the_zone_of_the_caller() {
        let text = told(&reply(), &asked(&[("duration", "2h")]));
        assert!(text.contains("quietest 2 h on workdays: 03:00 to 05:00 at 10%"), "{text}");
        assert!(text.contains("of 9 servers"), "{text}");
        assert!(text.contains("weekends: 0 of 24 hours are known"), "{text}");
        let text = told(&reply(), &asked(&[("duration", "90m"), ("timezone", "Asia/Tokyo")]));
        assert!(text.contains("quietest 2 h on workdays: 12:00 to 14:00 at 10%"), "{text}");
    }

    #[test]
    fn a_planned_window_is_held_against_its_hours() {
        let plan = asked(&[("start", "2026-12-01T03:00:00Z"), ("duration", "4h")]);
        let text = told(&reply(), &plan);
        assert!(text.contains("planned Tue 2026-12-01T03:00+00:00 for 4 h: usually 25% then"));
        let text = told(&reply(), &asked(&[("start", "2026-12-05T03:00:00Z")]));
        assert!(text.contains("usually not known for these hours"), "{text}");
    }

    #[test]
    fn without_history_nothing_is_said_of_hours() {
        let text = told(&json!({"from": "2026-11-23T00:00:00Z", "series": []}), &asked(&[]));
        assert!(text.contains("No history yet"), "{text}");
    }
}
