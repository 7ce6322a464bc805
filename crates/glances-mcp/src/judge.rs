//! Judgement: what history says of each server, kept up to date by one task and published whole, so
//! that a question about the fleet reads results and no samples. Never answers a caller.

mod health;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use analytics::{Exhaustion, NotEnough, TimeOver};
use jiff::Timestamp;
use tokio::sync::watch;

pub use self::health::{DAY_AGO_HOURS, PastHealth, WEEK_AGO_HOURS};
use crate::{
    live::Live,
    model::{HostName, SeriesName},
    store::{History, Level, Span, StoreError, dense},
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
    loop {
        let at = now();
        let mut judgement = Judgement { at: Some(at), servers: BTreeMap::new() };
        for snapshot in live.all().iter() {
            let host = &snapshot.host.alias;
            match judge_server(&history, host, at.as_second()).await {
                Ok(mut judged) => {
                    judged.health = health::past(&history, snapshot, at).await;
                    judgement.servers.insert(host.clone(), Arc::new(judged));
                }
                Err(err) => {
                    tracing::warn!(host.name = %host, error = %err, "`{host}` cannot be judged");
                }
            }
        }
        publish.send_replace(Arc::new(judgement));
        tokio::time::sleep(JUDGE_EVERY).await;
    }
}

async fn judge_server(history: &History, host: &HostName, now: i64) -> Result<Judged, StoreError> {
    let path = |name: &SeriesName| name.split('[').next().unwrap_or_default().to_owned();
    let mut names = history.store.series(host).await?;
    names.retain(|name| [FILLS, BUSY].concat().contains(&path(name).as_str()));
    names.truncate(SERIES_MAX);
    let span = Span { from: now - JUDGED_DAYS * DAY, to: now };
    let points = history.store.range(host, &names, span, Level::Hour).await?;
    // A second of arithmetic for a fleet: not on a thread that others wait for.
    let work = tokio::task::spawn_blocking(move || {
        let mut judged = Judged::default();
        for (name, points) in names.into_iter().zip(points) {
            let fills = FILLS.contains(&path(&name).as_str()).then(|| {
                // A disk is full at its peak.
                let peaks = dense(&points, span, HOUR, |point| point.max);
                analytics::time_to_exhaustion(&peaks, 100.0, 0)
            });
            let means = dense(&points, span, HOUR, |point| point.mean);
            let over = analytics::time_over(&means, BUSY_PERCENT);
            judged.verdicts.insert(name, Verdict { fills, over });
        }
        judged
    });
    Ok(work.await.unwrap_or_default())
}
