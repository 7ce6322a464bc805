//! The read side: the only door from tools to data. Filters by caller first, so that no answer,
//! count or error can tell of a server that the caller may not see. Never writes.

mod alerts;
mod changes;
mod configured;
pub mod coverage;
mod gone;
mod history;
mod said;
pub mod window;

use std::{
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use jiff::Timestamp;
use tokio::{sync::watch, time::Instant};

pub use self::{
    alerts::PastAlert,
    changes::Changes,
    configured::{Auth, Configured, Connection},
    gone::{Gone, fix},
    history::{Past, level_for},
    said::{InForce, Kind},
};
pub use crate::ingest::changes::kind::{NOTE, THRESHOLD};
pub use crate::selector::{Selector, SelectorError, alike, compact, nearest, parts};
use crate::{
    access::{Principal, Scope},
    ingest::OpenAlerts,
    judge::Judgements,
    live::{Fleet, Live},
    model::HostName,
    runbooks::Runbooks,
    snapshot::{Snapshot, Status},
    store::{History, StoreError},
};

/// Longest that a call waits for servers that have just been added.
pub const SETTLE_WAIT: Duration = Duration::from_secs(4);

/// Polls after which a server's rates exist.
const SETTLED_ROUNDS: u64 = 2;

/// What a call was about and cannot be found, or cannot be done.
#[derive(Debug, thiserror::Error)]
pub enum QueryError {
    /// A selector that fits nothing.
    #[error(transparent)]
    Selector(#[from] SelectorError),
    /// History cannot be read.
    #[error("history cannot be read now: {0}")]
    History(#[from] StoreError),
}

/// The servers that a call is about: visible to the caller and selected, by alias.
pub struct Selection {
    /// Their snapshots, by alias; everything that one reply says of a server comes from one of them.
    pub servers: Fleet,
    /// The moment that ages are counted from.
    pub now: Timestamp,
}

impl Selection {
    /// Their names.
    #[must_use]
    pub fn aliases(&self) -> Vec<HostName> {
        self.servers.iter().map(|snapshot| snapshot.host.alias.clone()).collect()
    }

    /// Exactly one server: replies go deeper.
    #[must_use]
    pub fn single(&self) -> Option<&Arc<Snapshot>> {
        match &*self.servers {
            [only] => Some(only),
            _ => None,
        }
    }
}

/// Answers questions about the fleet. Cheap to clone.
#[derive(Clone)]
pub struct Query {
    live: Live,
    history: History,
    judgements: Judgements,
    alerts: OpenAlerts,
    notices: Arc<RwLock<Vec<String>>>,
    configured: Arc<RwLock<Arc<Configured>>>,
    runbooks: Arc<RwLock<Runbooks>>,
    reloads: watch::Sender<()>,
}

impl Query {
    /// Reads what is live, history, what is said of it, and which alerts are open.
    #[must_use]
    pub fn new(live: Live, history: History, judgements: Judgements, alerts: OpenAlerts) -> Self {
        Self {
            live,
            history,
            judgements,
            alerts,
            notices: Arc::default(),
            configured: Arc::default(),
            runbooks: Arc::default(),
            reloads: watch::Sender::default(),
        }
    }

    /// What to do about alerts: our runbooks under the operator's. The same for every caller.
    #[must_use]
    pub fn runbooks(&self) -> Runbooks {
        self.runbooks.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Replaces the runbooks.
    pub fn set_runbooks(&self, runbooks: Runbooks) {
        *self.runbooks.write().unwrap_or_else(PoisonError::into_inner) = runbooks;
    }

    /// Things that every operator has to know of this program itself: a configuration that could
    /// not be taken, an open door. They name servers and files, so that only who may see all
    /// servers reads them.
    #[must_use]
    pub fn notices(&self, principal: &Principal) -> Vec<String> {
        if principal.servers != Scope::Fleet {
            return Vec::new();
        }
        let notices = self.notices.read().unwrap_or_else(PoisonError::into_inner);
        notices.iter().cloned().chain(self.history.outage()).collect()
    }

    /// Why history is not written at the moment; `None` while all is well.
    #[must_use]
    pub fn outage(&self) -> Option<String> {
        self.history.outage()
    }

    /// Replaces the notices.
    pub fn set_notices(&self, notices: Vec<String>) {
        *self.notices.write().unwrap_or_else(PoisonError::into_inner) = notices;
    }

    /// Every server that the caller may see.
    #[must_use]
    pub fn visible(&self, principal: &Principal) -> Fleet {
        let all = self.live.all();
        if principal.servers == Scope::Fleet {
            return all;
        }
        all.iter().filter(|snapshot| principal.sees(&snapshot.host.alias)).cloned().collect()
    }

    /// The servers that fit any of the selectors; all visible ones when there are none. Waits a
    /// little for those that have just been added.
    ///
    /// # Errors
    /// A selector that fits nothing, with the nearest match.
    pub async fn select(
        &self,
        principal: &Principal,
        selectors: &[String],
        now: impl Fn() -> Timestamp,
    ) -> Result<Selection, QueryError> {
        let chosen = self.choose(principal, selectors)?;
        if self.settle(&chosen).await {
            let servers = self.choose(principal, selectors)?;
            return Ok(Selection { servers, now: now() });
        }
        Ok(Selection { servers: chosen, now: now() })
    }

    fn choose(&self, principal: &Principal, selectors: &[String]) -> Result<Fleet, QueryError> {
        let visible = self.visible(principal);
        if selectors.is_empty() {
            return Ok(visible);
        }
        let mut chosen = vec![false; visible.len()];
        for text in selectors {
            let selector = Selector::parse(text)?;
            let mut hit = false;
            for (mark, snapshot) in chosen.iter_mut().zip(visible.iter()) {
                if selector.fits(&snapshot.host) {
                    (*mark, hit) = (true, true);
                }
            }
            if !hit {
                return Err(SelectorError::nothing(text, &selector, &visible).into());
            }
        }
        let pairs = chosen.into_iter().zip(visible.iter());
        Ok(pairs.filter(|(mark, _)| *mark).map(|(_, snapshot)| snapshot.clone()).collect())
    }

    /// Waits for servers whose first samples are under way. Answers whether it had to.
    async fn settle(&self, servers: &[Arc<Snapshot>]) -> bool {
        let settled = |snapshot: &Snapshot| {
            snapshot.host.paused || snapshot.rounds >= SETTLED_ROUNDS || snapshot.reach.failures > 0
        };
        let deadline = Instant::now() + SETTLE_WAIT;
        let mut waited = false;
        for snapshot in servers.iter().filter(|snapshot| !settled(snapshot)) {
            let Some(mut updates) = self.live.watch(snapshot.host.alias.as_str()) else { continue };
            waited = true;
            let arrived = updates.wait_for(|snapshot| settled(snapshot));
            if tokio::time::timeout_at(deadline, arrived).await.is_err() {
                break;
            }
        }
        waited
    }

    /// A server's snapshots as they come, if the caller may see it.
    #[must_use]
    pub fn watch(
        &self,
        principal: &Principal,
        alias: &HostName,
    ) -> Option<watch::Receiver<Arc<Snapshot>>> {
        principal.sees(alias).then(|| self.live.watch(alias.as_str())).flatten()
    }

    /// How many servers have not been tried yet.
    #[must_use]
    pub fn untried(&self) -> usize {
        let untried =
            |snapshot: &&Arc<Snapshot>| !snapshot.host.paused && snapshot.reach.attempts == 0;
        self.live.all().iter().filter(untried).count()
    }

    /// How many visible servers have which status.
    #[must_use]
    pub fn statuses(&self, principal: &Principal, now: Timestamp) -> Vec<(Status, usize)> {
        let visible = self.visible(principal);
        let count = |status: Status| {
            visible.iter().filter(|snapshot| snapshot.status(now) == status).count()
        };
        Status::ALL.iter().map(|status| (*status, count(*status))).collect()
    }
}
