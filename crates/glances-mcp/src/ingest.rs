//! THE WRITE PATH, on one page: a snapshot comes in, everyone who reads sees it.
//! Never reads the clock, never answers a caller.

use tokio::sync::mpsc;

use crate::{live::Live, metric, snapshot::Snapshot};

/// A stalled reader of snapshots slows the pollers instead of eating memory.
pub const SNAPSHOTS_QUEUED_MAX: usize = 64;

/// Takes snapshots in until all pollers are gone.
pub async fn run(mut snapshots: mpsc::Receiver<Snapshot>, live: Live) {
    while let Some(mut snapshot) = snapshots.recv().await {
        snapshot.findings = metric::findings(&snapshot).into();
        live.publish(snapshot);
    }
}
