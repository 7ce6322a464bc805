//! The store as readers see it: where it is, and whether it can be written.

use std::sync::{
    Arc, PoisonError, RwLock,
    atomic::{AtomicU64, Ordering},
};

use super::Store;

/// What readers know of history: where it is, and since when it cannot be written.
#[derive(Clone)]
pub struct History {
    /// Where it is kept.
    pub store: Arc<dyn Store>,
    outage: Arc<RwLock<Option<String>>>,
    lost: Arc<AtomicU64>,
}

impl History {
    /// History in this store.
    #[must_use]
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self { store, outage: Arc::default(), lost: Arc::default() }
    }

    /// Why history is not written at the moment, and since when; `None` while all is well.
    #[must_use]
    pub fn outage(&self) -> Option<String> {
        self.outage.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Polls that were lost because history could not be written.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }

    /// Counts polls that were lost.
    pub fn lose(&self, polls: u64) {
        self.lost.fetch_add(polls, Ordering::Relaxed);
    }

    /// Says that history is not kept.
    pub fn set_outage(&self, outage: Option<String>) {
        *self.outage.write().unwrap_or_else(PoisonError::into_inner) = outage;
    }
}
