//! Judgement: what history says of each server, kept up to date by one task and published whole, so
//! that a question about the fleet reads results and no samples. Never answers a caller.

mod course;
mod finding;
mod habits;
mod health;
mod peers;
mod watched;

use std::{cmp::Reverse, collections::BTreeMap, sync::Arc, time::Duration};

use analytics::{Exhaustion, NotEnough, TimeOver};
use jiff::{Timestamp, tz::TimeZone};
use tokio::sync::watch;

use self::habits::{Habits, STEP_SECS};
pub use self::{
    finding::{Anomalies, Cold, FINDINGS_KEPT_SECS, Finding, Incident, Kind, Moment, Usual},
    health::{DAY_AGO_HOURS, PastHealth, WEEK_AGO_HOURS},
};
use crate::{
    live::Live,
    model::{HostName, SeriesName},
    snapshot::Host,
    store::{History, Level, Point, Span, StoreError, dense},
};

/// Between two judgements: hourly values change no faster.
const JUDGE_EVERY: Duration = Duration::from_secs(600);
/// Before the first one: polls come first.
const JUDGE_AFTER: Duration = Duration::from_secs(3);
/// How far back growth and business are looked for.
pub const JUDGED_DAYS: i64 = 28;
/// Above this, percent, a resource that does not fill is called busy.
pub const BUSY_PERCENT: f64 = 80.0;
/// Series of one server that are judged; more mounts than that are a mistake.
const SERIES_MAX: usize = 200;
/// Series of one server that are looked at for that: history knows all that ever were, such as the
/// interfaces of containers long gone.
const SERIES_SEEN_MAX: usize = 1_000;
/// A series without a point for so long is gone.
const GONE_SECS: i64 = FINDINGS_KEPT_SECS;

/// The last polls of a step are written this much later.
const WRITTEN_AFTER_SECS: i64 = 20;
/// Servers whose habits are learned anew in one round. What was learned holds for today and
/// tomorrow, and a server takes about a fifth of a second.
const LEARNED_MAX: usize = 10;

const DAY: i64 = 86_400;
const HOUR: i64 = 3_600;

/// What can fill up: percentages whose limit is 100.
const FILLS: &[&str] =
    &["fs.percent", "mem.percent", "memswap.percent", "connections.nf_conntrack_percent"];
/// What can be busy and never fills.
const BUSY: &[&str] = &["cpu.total", "network.use"];

/// What is said of one series.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// Of what can fill: when, as far as history tells.
    pub fills: Option<Result<Exhaustion, NotEnough>>,
    /// For which share of the time it was busy; `None` without a sample.
    pub over: Option<TimeOver>,
}

/// What is said of one server.
#[derive(Clone, Debug, Default)]
pub struct Judged {
    /// By series.
    pub verdicts: BTreeMap<SeriesName, Verdict>,
    /// How well it was.
    pub health: PastHealth,
    /// What is unusual.
    pub anomalies: Anomalies,
}

/// What is said of the fleet at one moment.
#[derive(Clone, Debug, Default)]
pub struct Judgement {
    /// When; `None` before the first.
    pub at: Option<Timestamp>,
    /// By server.
    pub servers: BTreeMap<HostName, Arc<Judged>>,
}

/// Where the latest judgement is read. Cheap to clone.
pub type Judgements = watch::Receiver<Arc<Judgement>>;

/// Judges the fleet again and again.
pub async fn judge(
    live: Live,
    history: History,
    publish: watch::Sender<Arc<Judgement>>,
    now: fn() -> Timestamp,
) {
    tokio::time::sleep(JUDGE_AFTER).await;
    let mut known = Known::default();
    loop {
        let at = now();
        let fleet = live.all();
        let hosts: Vec<Arc<Host>> = fleet.iter().map(|snapshot| snapshot.host.clone()).collect();
        let mut judged = BTreeMap::new();
        known.begin(&hosts);
        for snapshot in fleet.iter() {
            let host = &snapshot.host;
            match judge_server(&history, host, &mut known, at.as_second()).await {
                Ok(mut one) => {
                    one.health = health::past(&history, snapshot, at).await;
                    judged.insert(host.alias.clone(), one);
                }
                Err(err) => {
                    tracing::warn!(host.name = %host.alias, error = %err, "`{}` cannot be judged",
                        host.alias);
                }
            }
        }
        peers::add(&mut judged, &hosts, at.as_second());
        let servers = judged.into_iter().map(|(host, one)| (host, Arc::new(one))).collect();
        publish.send_replace(Arc::new(Judgement { at: Some(at), servers }));
        tokio::time::sleep(JUDGE_EVERY).await;
    }
}

/// The habits that are known, and how many more may be learned anew in this round.
#[derive(Default)]
struct Known {
    habits: BTreeMap<HostName, Habits>,
    left: usize,
}

impl Known {
    fn begin(&mut self, hosts: &[Arc<Host>]) {
        self.habits.retain(|host, _| hosts.iter().any(|it| it.alias == *host));
        self.left = LEARNED_MAX.max(hosts.len() / 100);
    }

    /// The habits of a server, unless they have to be learned.
    fn take(&mut self, host: &Host, names: &[SeriesName], now: i64) -> Option<Habits> {
        let habits = self.habits.remove(&host.alias)?;
        if habits.is_old(names, &host.timezone, now) && self.left > 0 {
            self.left -= 1;
            return None;
        }
        Some(habits)
    }
}

/// Points of series of one server.
pub type Columns = Vec<(SeriesName, Vec<Point>)>;

async fn judge_server(
    history: &History,
    host: &Host,
    known: &mut Known,
    now: i64,
) -> Result<Judged, StoreError> {
    let mut names = history.store.series(&host.alias).await?;
    names.retain(|name| fits(name, &[FILLS, BUSY].concat()) || is_judged(name));
    names.sort_by_cached_key(importance);
    names.truncate(SERIES_SEEN_MAX);
    let span = Span { from: now - JUDGED_DAYS * DAY, to: now };
    let mut hourly = columns(history, &host.alias, names, span, Level::Hour).await?;
    hourly.retain(|(_, points)| points.last().is_some_and(|last| now - last.secs <= GONE_SECS));
    let left_out = hourly.len().saturating_sub(SERIES_MAX);
    hourly.truncate(SERIES_MAX);

    let mut names: Vec<SeriesName> = hourly.iter().map(|(name, _)| name.clone()).collect();
    names.retain(|name| is_judged(name));
    let until = (now - WRITTEN_AFTER_SECS).div_euclid(STEP_SECS) * STEP_SECS;
    let habits = known.take(host, &names, now);
    let (from, names) = match &habits {
        Some(habits) => (habits.next(), habits.names()),
        None => ((until - JUDGED_DAYS * DAY).div_euclid(STEP_SECS) * STEP_SECS, names),
    };
    let fresh = Span { from, to: until };
    let points = columns(history, &host.alias, names, fresh, Level::FiveMinutes).await?;
    let zone = host.timezone.clone();
    // Arithmetic on thousands of numbers: not on a thread that others wait for.
    let work = tokio::task::spawn_blocking(move || {
        let habits = match habits {
            Some(mut habits) => {
                habits.advance(points.into_iter().map(|(_, points)| points).collect(), until);
                Some(habits)
            }
            None => Habits::learn(points, fresh, &zone),
        };
        let anomalies = habits.as_ref().map(Habits::anomalies).unwrap_or_default();
        let anomalies = Anomalies { left_out, ..with_course(anomalies, &hourly, span, &zone) };
        (habits, Judged { verdicts: verdicts(&hourly, span), anomalies, ..Judged::default() })
    });
    let Ok((habits, judged)) = work.await else { return Ok(Judged::default()) };
    if let Some(habits) = habits {
        known.habits.insert(host.alias.clone(), habits);
    }
    Ok(judged)
}

async fn columns(
    history: &History,
    host: &HostName,
    names: Vec<SeriesName>,
    span: Span,
    level: Level,
) -> Result<Columns, StoreError> {
    let points = history.store.range(host, &names, span, level).await?;
    Ok(names.into_iter().zip(points).collect())
}

/// The most telling first: by the weight of their metric, what is of the whole server, by name.
fn importance(series: &SeriesName) -> (Reverse<u8>, bool, SeriesName) {
    let weight = crate::metric::of_series(series).map_or(0, |metric| metric.weight);
    (Reverse(weight), series.contains('['), series.clone())
}

/// Whether the habits of a series are learned.
#[must_use]
pub fn is_judged(series: &str) -> bool {
    crate::metric::of_series(series).is_some_and(|metric| metric.judged)
}

fn fits(series: &str, paths: &[&str]) -> bool {
    series.split('[').next().is_some_and(|path| paths.contains(&path))
}

/// What was unusual in a past time, by what lay before it: 5-minute and hourly points of judged
/// series from [`JUDGED_DAYS`] before the end of the span on. Findings begin
/// [`FINDINGS_KEPT_SECS`] before that end. A matter of a fifth of a second.
#[must_use]
pub fn look_back(fine: Columns, hourly: &Columns, span: Span, zone: &TimeZone) -> Anomalies {
    let habits = Habits::learn(fine, span, zone);
    let anomalies = habits.as_ref().map(Habits::anomalies).unwrap_or_default();
    with_course(anomalies, hourly, span, zone)
}

/// Where a series usually is at each step of a time, by what lay before it: of its 5-minute points from
/// [`JUDGED_DAYS`] before the end of that time on. Empty without habits. A matter of 10 ms.
#[must_use]
pub fn usual(series: SeriesName, points: &[Point], span: Span, zone: &TimeZone) -> Vec<Usual> {
    habits::usual(series, points, span, zone).unwrap_or_default()
}

fn with_course(
    mut anomalies: Anomalies,
    hourly: &Columns,
    span: Span,
    zone: &TimeZone,
) -> Anomalies {
    let hours = hourly.iter().filter_map(|(name, points)| {
        // An hour that has only begun is no hour.
        let whole = points.len().saturating_sub(1);
        let whole = if points.last().is_some_and(|last| last.secs + HOUR > span.to) {
            points.get(..whole)?
        } else {
            points
        };
        course::Hours::of(name.clone(), whole, span)
    });
    let hours: Vec<course::Hours> = hours.collect();
    course::add(&mut anomalies, &hours, zone, |path| FILLS.contains(&path));
    anomalies
}

fn verdicts(hourly: &Columns, span: Span) -> BTreeMap<SeriesName, Verdict> {
    let verdict = |(name, points): &(SeriesName, Vec<Point>)| {
        let fills = fits(name, FILLS).then(|| {
            // A disk is full at its peak.
            let peaks = dense(points, span, HOUR, |point| point.max);
            analytics::time_to_exhaustion(&peaks, 100.0, 0)
        });
        let means = dense(points, span, HOUR, |point| point.mean);
        let over = analytics::time_over(&means, BUSY_PERCENT);
        (name.clone(), Verdict { fills, over })
    };
    let of = |(name, _): &&(SeriesName, Vec<Point>)| fits(name, &[FILLS, BUSY].concat());
    hourly.iter().filter(of).map(verdict).collect()
}
