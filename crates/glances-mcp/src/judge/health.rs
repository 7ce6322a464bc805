//! How well a server was: the score of an hour, a day and a week ago from the hourly means of the
//! same signals. What only alerts and dates say is not in it.

use jiff::Timestamp;

use super::{DAY, HOUR, SERIES_MAX};
use crate::{
    health::{self, Evidence, Values},
    metric::Metric,
    model::SeriesName,
    snapshot::Snapshot,
    store::{History, Level, Point, Span, StoreError},
};

/// A moment is scored by the newest hour that began so long before it at most.
const NEAR_SECS: i64 = 3 * HOUR;
/// Hours of history that the score of a day ago needs: the hour before it is read.
pub const DAY_AGO_HOURS: i64 = 24 + 1;
/// The same of a week ago.
pub const WEEK_AGO_HOURS: i64 = 7 * 24 + 1;
/// Polls of a day below which nothing is said of their share.
const POLLS_MIN: f64 = 30.0;
/// Whether a poll was answered.
const ANSWERED: &str = "server.up";

/// What history says of the health of a server.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PastHealth {
    /// The score of the last hours: what those of the past are compared with.
    pub now: Option<f64>,
    /// The score a day ago.
    pub day_ago: Option<f64>,
    /// The score a week ago.
    pub week_ago: Option<f64>,
    /// Hours since the first hour of history, up to [`WEEK_AGO_HOURS`].
    pub history_hours: i64,
    /// Share of the polls of the last day that were answered; `None` for too few polls.
    pub answered_percent: Option<f64>,
}

/// Reads a week of hours and scores three moments. What cannot be read is not known, and logged.
pub(super) async fn past(history: &History, snapshot: &Snapshot, now: Timestamp) -> PastHealth {
    let read = read(history, snapshot, now.as_second()).await;
    read.unwrap_or_else(|err| {
        let host = &snapshot.host.alias;
        tracing::warn!(host.name = %host, error = %err, "past health of `{host}` is not known");
        PastHealth::default()
    })
}

async fn read(history: &History, snapshot: &Snapshot, now: i64) -> Result<PastHealth, StoreError> {
    let host = &snapshot.host.alias;
    let mut names = history.store.series(host).await?;
    names.retain(|name| {
        path_of(name) == ANSWERED || health::paths().any(|path| path == path_of(name))
    });
    // What every machine has before what some have hundreds of.
    names.sort_by_key(|name| health::paths().position(|path| path == path_of(name)));
    names.truncate(SERIES_MAX);
    let span = Span { from: now - 7 * DAY - NEAR_SECS, to: now };
    let points = history.store.range(host, &names, span, Level::Hour).await?;
    let all: Vec<(SeriesName, Vec<Point>)> = names.into_iter().zip(points).collect();
    let cores = snapshot.core_count();
    let first = all.iter().filter_map(|(_, points)| Some(points.first()?.secs)).min();
    Ok(PastHealth {
        now: score_at(&all, cores, now),
        day_ago: score_at(&all, cores, now - DAY),
        week_ago: score_at(&all, cores, now - 7 * DAY),
        history_hours: first.map_or(0, |first| ((now - first) / HOUR).min(WEEK_AGO_HOURS)),
        answered_percent: answered(&all, Span { from: now - DAY, to: now }),
    })
}

fn path_of(series: &str) -> &str {
    series.split('[').next().unwrap_or_default()
}

/// The score by the newest whole hour of each series before a moment: the begun one may be a peak
/// of a minute.
fn score_at(all: &[(SeriesName, Vec<Point>)], cores: Option<u32>, at: i64) -> Option<f64> {
    let span = Span { from: at - NEAR_SECS, to: at - HOUR + 1 };
    let values = |metric: &'static Metric| -> Values {
        let of = all.iter().filter_map(|(name, points)| {
            let item = match name.strip_prefix(metric.path)? {
                "" => None,
                rest => Some(rest.strip_prefix('[')?.strip_suffix(']')?.to_owned()),
            };
            let newest = points.iter().rev().find(|point| span.holds(point.secs))?;
            Some((item, newest.mean))
        });
        of.collect()
    };
    let evidence = Evidence { cores, ..Evidence::default() };
    Some(health::score(&values, &evidence)?.health.score)
}

fn answered(all: &[(SeriesName, Vec<Point>)], span: Span) -> Option<f64> {
    let (_, points) = all.iter().find(|(name, _)| **name == *ANSWERED)?;
    let day = points.iter().filter(|point| span.holds(point.secs));
    let (polls, good) = day.fold((0.0, 0.0), |(polls, good), point| {
        let count = f64::from(point.count);
        (polls + count, good + count * point.mean)
    });
    (polls >= POLLS_MIN).then(|| good / polls * 100.0)
}

#[cfg(test)]
mod tests {
    use std::{sync::Arc, time::Duration};

    use super::*;
    use crate::{
        model::HostName,
        snapshot::Host,
        store::{Batch, Memory, Sample, Store as _},
    };

    const NOW: i64 = 1_795_392_000;

    fn host() -> Arc<Host> {
        Arc::new(Host {
            interval: Duration::from_secs(600),
            ..Host::at(HostName::parse("web-1").unwrap(), String::new())
        })
    }

    /// A poll every ten minutes of so many hours; the disk is at 92.5 % in the last two days.
    async fn past_of(hours: i64) -> PastHealth {
        let store = Memory::default();
        let samples = (0..hours * 6).map(|n| {
            let secs = NOW - (n + 1) * 600;
            let fs = if secs > NOW - 2 * DAY { 92.5 } else { 50.0 };
            let values = [("fs.percent[/]", fs), ("mem.percent", 40.0), ("server.up", 1.0)];
            let values = values.map(|(name, value)| (name.into(), value)).to_vec();
            Sample { host: host().alias.clone(), secs, values }
        });
        let mut samples: Vec<Sample> = samples.collect();
        samples.reverse();
        // Six of the last 144 polls were not answered.
        let count = samples.len();
        for sample in samples.iter_mut().skip(count.saturating_sub(6)) {
            sample.values = vec![("server.up".into(), 0.0)];
        }
        store.append(&Batch { samples, ..Batch::default() }).await.unwrap();
        let snapshot = Snapshot::unseen(host());
        past(&History::new(Arc::new(store)), &snapshot, Timestamp::from_second(NOW).unwrap()).await
    }

    #[tokio::test]
    async fn the_past_is_scored_by_the_same_signals() {
        let past = past_of(8 * 24).await;
        // fs: b 0.5, × 0.9 = 0.45; Σ w = 0.9 + 0.8
        let ill = 100.0 * (1.0 - 0.75 * 0.45 - 0.25 * 0.45 / 1.7);
        let near = |ours: Option<f64>, by_hand: f64| (ours.unwrap() - by_hand).abs() < 1e-9;
        assert!(near(past.now, ill) && near(past.day_ago, ill), "{past:?} {ill}");
        assert!(near(past.week_ago, 100.0), "{past:?}");
        assert!(near(past.answered_percent, 138.0 / 144.0 * 100.0), "{past:?}");
        assert_eq!(past.history_hours, WEEK_AGO_HOURS);
    }

    #[tokio::test]
    async fn short_history_has_no_past_and_says_how_long_it_is() {
        let past = past_of(5).await;
        assert_eq!((past.day_ago, past.week_ago, past.history_hours), (None, None, 5));
        assert!(past.now.is_some() && past.answered_percent.is_some(), "{past:?}");
        assert_eq!(past_of(0).await, PastHealth::default());
    }
}
