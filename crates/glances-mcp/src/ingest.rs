//! THE WRITE PATH, on one page: a snapshot comes in, history notes it, everyone who reads sees it.
//! Never reads the clock, never answers a caller, never waits for a disk.

pub mod changes;
mod record;
mod writer;

use std::{collections::BTreeMap, sync::Arc};

use tokio::sync::mpsc;

pub use self::writer::{Writer, write};
use crate::{live::Live, metric, model::HostName, snapshot::Snapshot, store::Batch};

/// A stalled reader of snapshots slows the pollers instead of eating memory.
pub const SNAPSHOTS_QUEUED_MAX: usize = 64;

/// Takes snapshots in until all pollers are gone.
pub async fn run(mut snapshots: mpsc::Receiver<Snapshot>, live: Live, history: Writer) {
    let mut recorded = Recorded::default();
    while let Some(mut snapshot) = snapshots.recv().await {
        snapshot.findings = metric::findings(&snapshot).into();
        let snapshot = Arc::new(snapshot);
        if live.publish(snapshot.clone())
            && let Some(batch) = recorded.next(&snapshot)
        {
            history.note(batch);
        }
        recorded.forget_gone(&live);
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
