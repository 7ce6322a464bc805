//! `glances://history/performance`: what was normal, what moved, what got worse.

use std::collections::BTreeMap;

use jiff::{ToSpan as _, tz::TimeZone};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use super::{
    Changes, Resource, Variables,
    parts::{Composed, Part, Parts, ask},
    rows::{Account, all_of},
};
use crate::{
    metric::METRICS,
    query::{Past, window::Window},
    store::Level,
    tools::{Context, ToolError},
};

pub(super) struct Performance;

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Head {
    #[serde(flatten)]
    account: Account,
    /// Days that `hours_of_week` is made of, at most.
    days: i64,
    /// What is normal at each hour of the week: the mean over all servers and weeks, in UTC.
    hours_of_week: Vec<Week>,
    notes: Vec<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Week {
    metric: &'static str,
    unit: &'static str,
    /// Servers with history of it.
    servers: usize,
    /// Days of which every hour is known.
    days: Vec<Day>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Day {
    day: &'static str,
    /// From midnight on, one value an hour.
    mean: Vec<f64>,
}

/// Series whose week is told.
const OF_THE_WEEK: &[&str] = &["cpu.total", "mem.percent", "load.min5"];
/// How far back weeks are looked at: four of each hour.
const WEEK_DAYS: i64 = 28;
const HOURS: usize = 24;
const DAYS: &[&str] =
    &["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

impl Parts for Performance {
    type Head = Head;
    const PARTS: &'static [Part] = &[
        Part {
            key: "trends",
            tool: "query_metrics",
            arguments: |_| json!({ "metrics": OF_THE_WEEK, "since": "-14d", "aggregate": "fleet" }),
            keep: &["from", "until", "resolution", "watched_percent", "series", "notes"],
        },
        Part {
            key: "regressions",
            tool: "performance_comparison",
            arguments: |_| json!({}),
            keep: &[
                "from",
                "until",
                "compared_with",
                "fleet",
                "environments",
                "servers",
                "cannot_tell",
                "notes",
            ],
        },
        Part {
            key: "shifts",
            tool: "detect_anomalies",
            arguments: |_| json!({ "since": "-7d", "kind": "level_shift" }),
            keep: &["from", "until", "anomalies", "notes"],
        },
    ];
}

impl Resource for Performance {
    const URI: &'static str = "glances://history/performance";
    const NAME: &'static str = "history_performance";
    const TITLE: &'static str = "Performance history";
    const DESCRIPTION: &'static str = "What is normal at each hour of the week, trends of two weeks, \
         what got worse or better against it, and lasting shifts of the last week.";
    const PRIORITY: f32 = 0.5;
    const CHANGES: Changes = Changes::Slowly;
    type Document = Composed<Self>;

    async fn read(cx: Context, variables: Variables) -> Result<Self::Document, ToolError> {
        let all = all_of(&cx);
        let window = Window::parse(None, None, None, (WEEK_DAYS * 24).hours(), all.now)?;
        let asked = all.aliases().into_iter();
        let asked = asked.map(|host| (host, OF_THE_WEEK.iter().map(|&it| it.into()).collect()));
        let past = cx.query.past(&cx.principal, asked.collect(), window.span(), Level::Hour);
        let (past, answers) = futures_util::join!(past, ask::<Self>(&cx, &variables));
        let mut notes: Vec<String> = cx.query.outage().into_iter().collect();
        let hours_of_week = match past {
            Ok(past) => weeks(&past),
            Err(error) => {
                notes.push(error.to_string());
                Vec::new()
            }
        };
        if hours_of_week.iter().any(|week| week.days.len() < DAYS.len()) {
            notes.push("a day of the week is told when each of its hours is known".to_owned());
        }
        let head = Head { account: Account::of(&all), days: WEEK_DAYS, hours_of_week, notes };
        Ok(Composed { head, answers })
    }
}

/// The mean of all values of each hour of the week, by metric.
fn weeks(past: &[Past]) -> Vec<Week> {
    type Sums = BTreeMap<(usize, usize), (f64, u32)>;
    let mut by_metric: BTreeMap<&str, (usize, Sums)> = BTreeMap::new();
    for series in past.iter().filter(|series| !series.points.is_empty()) {
        let (servers, sums) = by_metric.entry(&series.series).or_default();
        *servers += 1;
        for point in &series.points {
            let Some(at) = hour_of_week(point.secs) else { continue };
            let (sum, count) = sums.entry(at).or_default();
            (*sum, *count) = (*sum + point.mean, *count + 1);
        }
    }
    let week = |metric: &&'static str| {
        let (servers, sums) = by_metric.get(*metric)?;
        let mean = |day: usize, hour: usize| {
            sums.get(&(day, hour)).map(|(sum, count)| sum / f64::from(*count))
        };
        let days = DAYS.iter().enumerate().filter_map(|(number, &day)| {
            let mean: Option<Vec<f64>> = (0..HOURS).map(|hour| mean(number, hour)).collect();
            Some(Day { day, mean: mean? })
        });
        let unit = METRICS.iter().find(|known| known.path == *metric)?.unit.word();
        Some(Week { metric, unit, servers: *servers, days: days.collect() })
    };
    OF_THE_WEEK.iter().filter_map(week).collect()
}

/// Monday is 0.
fn hour_of_week(secs: i64) -> Option<(usize, usize)> {
    let at = jiff::Timestamp::from_second(secs).ok()?.to_zoned(TimeZone::UTC);
    let day = usize::try_from(at.weekday().to_monday_zero_offset()).ok()?;
    Some((day, usize::try_from(at.hour()).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Point;

    /// A Monday.
    const MONDAY: i64 = 1_795_392_000;

    fn past(host: &str, hours: i64, value: fn(i64) -> f64) -> Past {
        let points = (0..hours).map(|hour| Point::one(MONDAY + hour * 3_600, value(hour)));
        Past {
            host: crate::model::HostName::parse(host).unwrap(),
            series: "cpu.total".into(),
            points: points.collect(),
        }
    }

    #[test]
    fn an_hour_of_the_week_is_the_mean_of_its_weeks_and_servers() {
        let nine = |hour: i64| if hour % 24 == 9 { 50.0 } else { 10.0 };
        let weeks = weeks(&[past("a", 14 * 24, nine), past("b", 7 * 24, |_| 40.0)]);
        let [week] = weeks.as_slice() else { panic!("{weeks:?}") };
        assert_eq!((week.metric, week.unit, week.servers), ("cpu.total", "percent", 2));
        let monday = &week.days[0];
        assert_eq!((monday.day, week.days.len()), ("monday", 7));
        assert_eq!((monday.mean[9].round(), monday.mean[10].round()), (47.0, 20.0));
    }

    #[test]
    fn a_day_that_is_not_whole_is_left_out() {
        let weeks = weeks(&[past("a", 30, |_| 1.0)]);
        assert_eq!(weeks[0].days.iter().map(|day| day.day).collect::<Vec<_>>(), ["monday"]);
    }
}
