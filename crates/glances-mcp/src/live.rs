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

/// Every server's latest snapshot, by alias.
pub type Fleet = Arc<[Arc<Snapshot>]>;

/// Latest snapshots by alias. Cheap to clone; all clones see the same fleet.
#[derive(Clone, Default)]
pub struct Live {
    // Std locks: never held across an await.
    /// Written only when servers come and go.
    hosts: Arc<RwLock<BTreeMap<HostName, watch::Sender<Arc<Snapshot>>>>>,
    /// What [`Self::all`] answers, until a snapshot is replaced: most calls are about the whole
    /// fleet, and gathering it costs a call more than reading it.
    gathered: Arc<RwLock<Option<Fleet>>>,
    /// Woken after every change. Costs a lock that hardly anybody else takes; who waits on it does
    /// so on their own task.
    changed: watch::Sender<()>,
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
        self.scatter();
    }

    /// Replaces a server's snapshot. One of a server that is gone, or of its former
    /// configuration, is dropped. Answers whether it was taken.
    pub fn publish(&self, snapshot: Arc<Snapshot>) -> bool {
        let known = self.hosts.read().unwrap_or_else(PoisonError::into_inner);
        let sender = known.get(snapshot.host.alias.as_str());
        let Some(sender) = sender.filter(|sender| sender.borrow().host == snapshot.host) else {
            return false;
        };
        sender.send_replace(snapshot);
        self.scatter();
        true
    }

    /// Has the fleet gathered anew, and tells who waits. After a change, so that nobody keeps what was
    /// before it.
    fn scatter(&self) {
        *self.gathered.write().unwrap_or_else(PoisonError::into_inner) = None;
        self.changed.send_replace(());
    }

    /// Told of every change of any server, from now on; many that follow each other are one.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }

    /// How many servers are known.
    #[must_use]
    pub fn len(&self) -> usize {
        self.hosts.read().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Whether no server is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Every server's latest snapshot, by alias.
    #[must_use]
    pub fn all(&self) -> Fleet {
        if let Some(fleet) = &*self.gathered.read().unwrap_or_else(PoisonError::into_inner) {
            return fleet.clone();
        }
        // In this order everywhere: hosts, then gathered.
        let known = self.hosts.read().unwrap_or_else(PoisonError::into_inner);
        let mut gathered = self.gathered.write().unwrap_or_else(PoisonError::into_inner);
        let gather = || known.values().map(|sender| sender.borrow().clone()).collect();
        gathered.get_or_insert_with(gather).clone()
    }

    /// One server's snapshots, from the latest on.
    #[must_use]
    pub fn watch(&self, alias: &str) -> Option<watch::Receiver<Arc<Snapshot>>> {
        let known = self.hosts.read().unwrap_or_else(PoisonError::into_inner);
        known.get(alias).map(watch::Sender::subscribe)
    }
}
