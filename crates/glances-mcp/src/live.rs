//! The latest snapshot of every server, and a way to wait for the next one. Never polls.

use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError, RwLock},
};

use tokio::sync::watch;

use crate::{
    model::HostName,
    snapshot::{Host, Snapshot},
};

/// Latest snapshots by alias. Cheap to clone; all clones see the same fleet.
#[derive(Clone, Default)]
pub struct Live {
    // A std lock: never held across an await, and written only when servers come and go.
    hosts: Arc<RwLock<BTreeMap<HostName, watch::Sender<Arc<Snapshot>>>>>,
}

impl Live {
    /// Makes exactly these servers known. A server whose configuration is unchanged keeps its
    /// data; one that is gone is forgotten.
    pub fn set_hosts(&self, hosts: Vec<Arc<Host>>) {
        let mut known = self.hosts.write().unwrap_or_else(PoisonError::into_inner);
        let mut next = BTreeMap::new();
        for host in hosts {
            let same =
                known.remove(host.alias.as_str()).filter(|sender| sender.borrow().host == host);
            let sender =
                same.unwrap_or_else(|| watch::channel(Arc::new(Snapshot::unseen(host.clone()))).0);
            next.insert(host.alias.clone(), sender);
        }
        *known = next;
    }

    /// Replaces a server's snapshot. One of a server that is gone, or of its former
    /// configuration, is dropped.
    pub fn publish(&self, snapshot: Snapshot) {
        let known = self.hosts.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(sender) = known.get(snapshot.host.alias.as_str())
            && sender.borrow().host == snapshot.host
        {
            sender.send_replace(Arc::new(snapshot));
        }
    }

    /// Every server's latest snapshot, by alias.
    #[must_use]
    pub fn all(&self) -> Vec<Arc<Snapshot>> {
        let known = self.hosts.read().unwrap_or_else(PoisonError::into_inner);
        known.values().map(|sender| sender.borrow().clone()).collect()
    }

    /// One server's snapshots, from the latest on.
    #[must_use]
    pub fn watch(&self, alias: &str) -> Option<watch::Receiver<Arc<Snapshot>>> {
        let known = self.hosts.read().unwrap_or_else(PoisonError::into_inner);
        known.get(alias).map(watch::Sender::subscribe)
    }
}
