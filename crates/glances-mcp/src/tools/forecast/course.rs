//! How far a forecast goes and when each of its steps is. Pure; time is an argument.

use analytics::{Cadence, Forecast};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{super::history::metric_of, written};

#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema, PartialEq, Eq)]
#[schemars(inline)]
pub(super) enum Horizon {
    #[default]
    #[serde(rename = "24h")]
    Day,
    #[serde(rename = "7d")]
    Week,
    #[serde(rename = "30d")]
    Month,
}

impl Horizon {
    /// How history is read, how many steps are foretold, and how many days of history are read.
    pub(super) const fn terms(self) -> (Cadence, usize, i64) {
        match self {
            Self::Day => (Cadence::Hourly, 24, 42),
            Self::Week => (Cadence::Hourly, 168, 84),
            Self::Month => (Cadence::Daily, 30, 400),
        }
    }

    pub(super) const fn step_secs(self) -> i64 {
        match self {
            Self::Day | Self::Week => 3_600,
            Self::Month => 86_400,
        }
    }

    /// When a step of the forecast begins. History is made of whole steps, so that the first step
    /// foretold is the one that has begun: this hour, or this day in UTC.
    pub(super) fn begin(self, step: i64, now: i64) -> i64 {
        let begun = now.div_euclid(self.step_secs());
        begun.saturating_add(step).saturating_mul(self.step_secs())
    }

    /// When the last step ends.
    pub(super) fn end(self, now: i64) -> i64 {
        let (_, count, _) = self.terms();
        self.begin(i64::try_from(count).unwrap_or(0), now)
    }

    /// How much of the past a picture shows before it.
    pub(super) fn shown_secs(self) -> i64 {
        2 * (self.end(0) - self.begin(0, 0))
    }

    pub(super) const fn words(self) -> &'static str {
        match self {
            Self::Day => "24 hours",
            Self::Week => "7 days",
            Self::Month => "30 days",
        }
    }

    pub(super) const fn points(self) -> &'static str {
        match self {
            Self::Day | Self::Week => "means of an hour",
            Self::Month => "means of a day",
        }
    }
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub(super) struct Step {
    /// Begin of the hour, or of the day in UTC.
    at: String,
    likely: f64,
    /// The truth lies from `low` to `high` in 80 of 100 cases.
    low: f64,
    high: f64,
    unit: &'static str,
}

/// Steps of the course in one reply.
const STEPS_SHOWN: usize = 12;

/// The course in a dozen steps: of each stretch the step with the highest upper end.
pub(super) fn of(series: &str, forecast: &Forecast, horizon: Horizon, now: Timestamp) -> Vec<Step> {
    let Some(metric) = metric_of(series) else { return Vec::new() };
    let most = metric.unit.most();
    let stretch = forecast.steps.len().div_ceil(STEPS_SHOWN).max(1);
    let numbered: Vec<_> = (0_i64..).zip(&forecast.steps).collect();
    numbered
        .chunks(stretch)
        .filter_map(|some| {
            let (at, step) = some.iter().max_by(|a, b| a.1.p80.high.total_cmp(&b.1.p80.high))?;
            Some(Step {
                at: written(horizon.begin(*at, now.as_second()))?,
                likely: step.point.min(most),
                low: step.p80.low.min(most),
                high: step.p80.high.min(most),
                unit: metric.unit.word(),
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{
        super::{Foretold, chart},
        *,
    };
    use crate::{
        metric,
        model::HostName,
        query::Past,
        store::{Point, Span},
    };

    const HOUR: i64 = 3_600;
    const DAY: i64 = 86_400;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    /// What is foretold at `now` of CPU that was busy in hours like this, as the tool does it.
    fn foretold(horizon: Horizon, now: Timestamp, busy: fn(i64) -> bool) -> Foretold {
        let (to, (.., days)) = (now.as_second(), horizon.terms());
        let span = Span { from: to - days * DAY, to };
        let hours = (span.from.div_euclid(HOUR) + 1)..=to.div_euclid(HOUR);
        let value = |secs| if busy(secs) { 90.0 } else { 10.0 };
        let points = hours.map(|hour| Point::one(hour * HOUR, value(hour * HOUR))).collect();
        let host = HostName::parse("web-1").unwrap();
        Foretold::of(Past { host, series: "cpu.total".into(), points }, span, horizon, None)
    }

    /// The Epoch was a Thursday.
    fn is_saturday(secs: i64) -> bool {
        secs.div_euclid(DAY).rem_euclid(7) == 2
    }

    #[test]
    fn a_weekly_rhythm_is_told_and_drawn_on_its_own_weekday() {
        for now in ["2026-11-21T23:00:00Z", "2026-11-21T00:00:00Z", "2026-11-24T13:37:11Z"] {
            let now = at(now);
            let one = foretold(Horizon::Month, now, is_saturday);
            let course = of(&one.series, one.forecast.as_ref().unwrap(), Horizon::Month, now);
            let busy: Vec<i64> = course
                .iter()
                .filter(|step| step.likely > 50.0)
                .map(|step| at(&step.at).as_second())
                .collect();
            assert!(busy.len() >= 4, "at {now}: {course:?}");
            assert!(busy.iter().all(|secs| is_saturday(*secs) && secs % DAY == 0), "{course:?}");
            let metric = metric::of_series("cpu.total").unwrap();
            let line = chart::line(&one, String::new(), metric, Horizon::Month, now.as_second());
            assert_eq!(line.ahead.len(), 30);
            for point in line.points.iter().chain(&line.ahead) {
                assert_eq!(point.value > 50.0, is_saturday(point.secs), "at {now}: {point:?}");
            }
            let secs: Vec<i64> = line.points.iter().chain(&line.ahead).map(|it| it.secs).collect();
            assert!(secs.windows(2).all(|two| two[1] - two[0] == DAY), "a day after each other");
        }
    }

    #[test]
    fn a_daily_rhythm_is_told_at_its_own_hour() {
        let is_three = |secs: i64| secs.rem_euclid(DAY) == 3 * HOUR;
        let now = at("2026-11-24T14:59:59Z");
        let one = foretold(Horizon::Day, now, is_three);
        let course = of(&one.series, one.forecast.as_ref().unwrap(), Horizon::Day, now);
        let busy: Vec<&str> =
            course.iter().filter(|step| step.likely > 50.0).map(|step| &*step.at).collect();
        assert_eq!(busy, ["2026-11-25T03:00:00Z"]);
        assert_eq!(written(Horizon::Day.end(now.as_second())).unwrap(), "2026-11-25T14:00:00Z");
        assert_eq!(Horizon::Week.shown_secs(), 14 * DAY);
    }

    #[test]
    fn an_old_last_value_has_its_time_and_a_new_one_has_none() {
        let now = at("2026-11-24T14:59:59Z");
        assert_eq!(foretold(Horizon::Day, now, |_| true).last_at, None);
        let mut past = foretold(Horizon::Week, now, |_| true).recent;
        let down = at("2026-11-24T11:20:00Z").as_second();
        past.retain(|point| point.secs < down);
        let span = Span { from: now.as_second() - 42 * DAY, to: now.as_second() };
        let host = HostName::parse("web-1").unwrap();
        let past = Past { host, series: "cpu.total".into(), points: past };
        let one = Foretold::of(past, span, Horizon::Day, None);
        assert!(one.forecast.is_ok(), "{:?}", one.forecast);
        assert_eq!(one.last_at.and_then(written).as_deref(), Some("2026-11-24T11:00:00Z"));
    }
}
