//! THE WRITE PATH, on one page: a snapshot comes in, alerts are judged, history notes it, everyone
//! who reads sees it. Never answers a caller, never waits for a disk.

mod alerting;
pub mod changes;
mod limits;
mod orders;
mod record;
mod writer;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use jiff::Timestamp;
use tokio::{
    sync::mpsc,
    time::{MissedTickBehavior, interval},
};

use self::orders::Underway;
pub use self::{
    alerting::{AlertOrders, AlertSettings, Alerting, OpenAlerts},
    limits::Limits,
    orders::SAID,
    writer::{Queue, Writer, write},
};
use crate::{
    command::Order, live::Live, metric, model::HostName, snapshot::Snapshot, store::Batch,
};

/// A stalled reader of snapshots slows the pollers instead of eating memory.
pub const SNAPSHOTS_QUEUED_MAX: usize = 64;

/// Between two looks at what time alone changes: who is silent, what opens, closes and expires.
const TICK_EVERY: Duration = Duration::from_secs(1);

/// Takes snapshots in until all pollers are gone.
pub async fn run(
    mut snapshots: mpsc::Receiver<Snapshot>,
    live: Live,
    history: Writer,
    mut alerting: Alerting,
    mut settings: mpsc::Receiver<AlertSettings>,
    mut orders: mpsc::Receiver<Order>,
    now: fn() -> Timestamp,
) {
    let mut recorded = Recorded::default();
    // The order that is being stored; the next one begins with what it leaves.
    let mut underway: Option<Underway> = None;
    let mut tick = interval(TICK_EVERY);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            snapshot = snapshots.recv() => {
                let Some(mut snapshot) = snapshot else { return };
                snapshot.findings = metric::findings(&snapshot).into();
                let snapshot = Arc::new(snapshot);
                if live.publish(snapshot.clone())
                    && let Some(mut batch) = recorded.next(&snapshot)
                {
                    alerting.observe(&snapshot, &mut batch);
                    history.note(batch);
                }
                recorded.forget_gone(&live);
            }
            _ = tick.tick() => {
                let batch = alerting.tick(now().as_second());
                history.note_alerts(batch, alerting.open());
            }
            Some(settings) = settings.recv() => {
                history.note(alerting.configure(settings, now().as_second()));
            }
            Some(order) = orders.recv(), if underway.is_none() => {
                underway = alerting.begin(order, &history, now().as_second());
            }
            stored = orders::stored(&mut underway) => {
                if let Some(done) = underway.take() {
                    alerting.finish(done, stored);
                    let batch = alerting.tick(now().as_second());
                    history.note_alerts(batch, alerting.open());
                }
            }
        }
    }
}

/// The snapshot of each server that history noted last.
#[derive(Default)]
pub struct Recorded(BTreeMap<HostName, Arc<Snapshot>>);

/// Servers that have gone and are still remembered.
const GONE_MAX: usize = 64;

impl Recorded {
    /// What history has to note of a snapshot, if its poll is over and not noted yet.
    pub fn next(&mut self, snapshot: &Arc<Snapshot>) -> Option<Batch> {
        let alias = &snapshot.host.alias;
        let before = self.0.get(alias).filter(|before| before.host == snapshot.host);
        let noted = before.map_or(0, |before| before.reach.attempts);
        if !snapshot.settled || snapshot.reach.attempts <= noted {
            return None;
        }
        let before = before.map(AsRef::as_ref);
        let batch = Batch {
            samples: record::sample(before, snapshot).into_iter().collect(),
            programs: record::programs(before, snapshot).into_iter().collect(),
            events: before.map(|before| changes::between(before, snapshot)).unwrap_or_default(),
            ..Batch::default()
        };
        self.0.insert(alias.clone(), snapshot.clone());
        Some(batch)
    }

    fn forget_gone(&mut self, live: &Live) {
        if self.0.len() > live.len() + GONE_MAX {
            self.0.retain(|alias, _| live.watch(alias.as_str()).is_some());
        }
    }
}
