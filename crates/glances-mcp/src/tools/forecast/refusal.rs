//! Why a series cannot be foretold: too few days, or none of late. Pure.

use std::collections::BTreeMap;

use analytics::{NotEnough, days_measured};
use schemars::JsonSchema;
use serde::Serialize;

use super::{super::view::NAME_CHARS, course::Horizon, written};
use crate::{
    query::compact,
    redact::clip,
    render,
    store::{Level, Point, Span},
};

const DAY_SECS: i64 = 86_400;
/// Groups of refused series that are named.
const REFUSED_SHOWN: usize = 10;

/// What is missing to foretell one series.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Refusal {
    have_days: usize,
    need_days: usize,
    /// Which samples are missing, where days alone do not say it.
    missing: Option<String>,
}

/// Series of one metric that lack the same.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub(super) struct Refused {
    metric: String,
    /// Days of the time read of which half was measured.
    have_days: usize,
    need_days: usize,
    /// Where that is not all: since when there is no sample.
    missing: Option<String>,
    count: usize,
    /// `web-[01-20]` is a run.
    servers: Vec<String>,
}

impl Refusal {
    /// Of a series with these points, and these values a step, over the time that was read.
    pub(super) fn of(
        refused: NotEnough,
        points: &[Point],
        values: &[f64],
        span: Span,
        horizon: Horizon,
    ) -> Self {
        let need_days = refused.need_days;
        let per_day = usize::try_from(DAY_SECS / horizon.step_secs()).unwrap_or(1);
        // What is refused for a gap at its end is said to have none.
        let have_days = days_measured(values, per_day);
        let enough = have_days >= need_days;
        let missing = match newest_gap(points, span) {
            Some((None, _)) => {
                let (.., days) = horizon.terms();
                Some(format!("no sample in the last {days} days"))
            }
            Some((Some(from), None)) => written(from).map(|from| format!("no sample since {from}")),
            Some((Some(from), Some(to))) if enough => written(from)
                .zip(written(to))
                .map(|(from, to)| format!("no sample from {from} to {to}")),
            _ if enough => Some("too few samples in the newest days".to_owned()),
            _ => None,
        };
        Self { have_days, need_days, missing }
    }
}

/// The newest time of more than a day without a sample: from when, unless there is none at all, and
/// to when, unless it lasts.
fn newest_gap(points: &[Point], span: Span) -> Option<(Option<i64>, Option<i64>)> {
    let Some(last) = points.last() else { return Some((None, None)) };
    let end = |point: &Point| point.secs + Level::Hour.step_secs();
    if span.to - end(last) > DAY_SECS {
        return Some((Some(end(last)), None));
    }
    let pairs = points.iter().zip(points.iter().skip(1));
    let mut gaps = pairs.rev().filter(|(before, after)| after.secs - end(before) > DAY_SECS);
    gaps.next().map(|(before, after)| (Some(end(before)), Some(after.secs)))
}

impl Refused {
    /// Servers by what they lack.
    pub(super) fn groups(found: BTreeMap<(&str, &Refusal), Vec<&str>>) -> Vec<Self> {
        let group = |((metric, refusal), hosts): ((&str, &Refusal), Vec<&str>)| Self {
            metric: clip(metric, NAME_CHARS).into_owned(),
            have_days: refusal.have_days,
            need_days: refusal.need_days,
            missing: refusal.missing.clone(),
            count: hosts.len(),
            servers: compact(&hosts),
        };
        found.into_iter().map(group).take(REFUSED_SHOWN).collect()
    }

    /// For the headline.
    pub(super) fn words(&self) -> String {
        let have = || render::count(self.have_days, "day") + " of history";
        format!(
            "Nothing can be foretold yet: {} of {} has {}; {} of history are needed.",
            self.metric,
            render::count(self.count, "server"),
            self.missing.clone().unwrap_or_else(have),
            render::count(self.need_days, "day"),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::{super::Foretold, *};
    use crate::{model::HostName, query::Past};

    /// 2026-11-24T14:20:00Z
    const NOW: i64 = 1_795_530_000;

    /// Why a day is not foretold of a series with an hour so many hours ago.
    fn refused(hours_ago: impl Iterator<Item = i64>) -> Refusal {
        let span = Span { from: NOW - 42 * DAY_SECS, to: NOW };
        let begun = NOW / 3_600;
        let mut hours: Vec<i64> = hours_ago.map(|ago| begun - ago).collect();
        hours.sort_unstable();
        let points = hours.iter().map(|hour| Point::one(hour * 3_600, 50.0)).collect();
        let host = HostName::parse("web-1").unwrap();
        let past = Past { host, series: "cpu.total".into(), points };
        Foretold::of(past, span, Horizon::Day, None).forecast.unwrap_err()
    }

    fn words(refusal: &Refusal) -> String {
        let found = BTreeMap::from([(("cpu.total", refusal), vec!["web-1"])]);
        Refused::groups(found).remove(0).words()
    }

    #[test]
    fn a_server_that_was_silent_for_long_has_its_days_and_since_when() {
        // Three weeks, which ended ten days ago.
        let silent = refused(240..240 + 21 * 24);
        assert!(silent.have_days >= 20, "{silent:?}");
        assert_eq!(
            words(&silent),
            "Nothing can be foretold yet: cpu.total of 1 server has no sample since \
             2026-11-14T15:00:00Z; 7 days of history are needed."
        );
        // It is back, and its first hour is not over.
        let back = refused((0..1).chain(240..240 + 21 * 24));
        assert_eq!(
            back.missing.as_deref(),
            Some("no sample from 2026-11-14T15:00:00Z to 2026-11-24T14:00:00Z"),
            "{back:?}"
        );
        let gone = refused(std::iter::empty());
        assert_eq!(gone.missing.as_deref(), Some("no sample in the last 42 days"));
        assert_eq!((gone.have_days, gone.need_days), (0, 7));
    }

    #[test]
    fn a_new_server_lacks_days_and_nothing_else() {
        let new = refused(0..3 * 24);
        assert_eq!(new, Refusal { have_days: 3, need_days: 7, missing: None });
        assert!(words(&new).contains("has 3 days of history; 7 days"), "{}", words(&new));
    }
}
