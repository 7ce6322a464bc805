//! Waiting for something new: for those who look again only when there may be something to see.

use tokio::sync::watch;

use super::Query;
use crate::{ingest::OpenAlerts, judge::Judgements};

/// Told whenever what is live, the open alerts or the judgement may have changed. What comes while
/// nobody waits is kept as one; whoever is slow costs nothing.
pub struct Changes {
    live: watch::Receiver<()>,
    alerts: OpenAlerts,
    judgements: Judgements,
}

impl Changes {
    /// Waits for the next one since the last time; for ever once nothing is published any more.
    pub async fn next(&mut self) {
        tokio::select! {
            Ok(()) = self.live.changed() => {}
            Ok(()) = self.alerts.changed() => {}
            Ok(()) = self.judgements.changed() => {}
            else => std::future::pending().await,
        }
    }
}

impl Query {
    /// What changes from now on.
    #[must_use]
    pub fn changes(&self) -> Changes {
        let (mut alerts, mut judgements) = (self.alerts.clone(), self.judgements.clone());
        alerts.mark_unchanged();
        judgements.mark_unchanged();
        Changes { live: self.live.changes(), alerts, judgements }
    }

    /// Told of every new configuration from now on: other servers, so other resources.
    #[must_use]
    pub fn reloads(&self) -> watch::Receiver<()> {
        self.reloads.subscribe()
    }

    /// Tells that a new configuration is in force.
    pub fn reloaded(&self) {
        self.reloads.send_replace(());
    }
}
