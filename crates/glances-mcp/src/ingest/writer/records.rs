//! What must not be lost before samples are: what happened to alerts, and the state that goes with it.
//! While the store fails it waits here, in order, up to a limit of its own.

use std::{
    collections::{BTreeMap, VecDeque},
    mem::take,
};

use crate::store::{AlertChange, Batch};

/// Changes of alerts kept while the store fails, about 3 kB each: a day of two thousand servers of
/// which one in a hundred flaps.
const CHANGES_HELD_MAX: usize = 20_000;
/// Changes of one transaction.
const CHANGES_AT_ONCE: usize = 1_024;

/// Records that are not written yet.
#[derive(Default)]
pub(super) struct Records {
    alerts: VecDeque<AlertChange>,
    /// The last under each name.
    kept: BTreeMap<String, String>,
}

impl Records {
    /// What of a batch belongs here; the rest stays.
    pub(super) fn split(batch: &mut Batch) -> Option<Batch> {
        let records = Batch {
            alerts: take(&mut batch.alerts),
            kept: take(&mut batch.kept),
            ..Batch::default()
        };
        (!records.is_empty()).then_some(records)
    }

    /// Adds what comes after; answers how many of the oldest changes were lost for it.
    pub(super) fn add(&mut self, records: Batch) -> usize {
        self.alerts.extend(records.alerts);
        self.kept.extend(records.kept);
        let over = self.alerts.len().saturating_sub(CHANGES_HELD_MAX);
        self.alerts.drain(..over);
        over
    }

    pub(super) fn is_empty(&self) -> bool {
        self.alerts.is_empty() && self.kept.is_empty()
    }

    /// Adds the oldest to a batch. State comes with the last change, since it stands for all before.
    pub(super) fn copy_to(&self, batch: &mut Batch) {
        batch.alerts.extend(self.alerts.iter().take(CHANGES_AT_ONCE).cloned());
        if self.alerts.len() <= CHANGES_AT_ONCE {
            let state = self.kept.iter().map(|(name, body)| (name.clone(), body.clone()));
            batch.kept.extend(state);
        }
    }

    /// A batch that these were copied to is written.
    pub(super) fn written(&mut self, batch: &Batch) {
        self.alerts.drain(..batch.alerts.len().min(self.alerts.len()));
        self.kept.retain(|name, _| !batch.kept.iter().any(|(written, _)| written == name));
    }
}
