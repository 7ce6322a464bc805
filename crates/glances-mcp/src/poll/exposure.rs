//! Looks at servers from outside: few at once, one for all who ask about a server, and not again soon.

use std::{sync::Arc, time::Duration};

use glances_client::{ApiVersion, exposure};
use jiff::Timestamp;
use tokio::{
    sync::{Mutex, Semaphore, mpsc},
    time::Instant,
};

use super::Target;
use crate::{command::Look, model::HostName};

/// Looks under way at once: those that hang must leave room for the others.
pub(super) const AT_ONCE: usize = 32;

/// Longest that a look takes: its four requests, or fewer, are cheap.
const DEADLINE: Duration = Duration::from_secs(4);

/// How long a look is told again: what it sees changes with a restart of Glances.
const KEPT: Duration = Duration::from_secs(600);

/// How long one that did not see everything is.
const PART_KEPT: Duration = Duration::from_secs(30);

/// The last look at one server.
#[derive(Default)]
pub(super) struct Last(Mutex<Option<(Instant, Look)>>);

impl Last {
    /// Tells the last look, after a new one if it is too old. Who asks meanwhile waits for that.
    pub(super) async fn tell(
        self: Arc<Self>,
        target: Target,
        api: ApiVersion,
        places: Arc<Semaphore>,
        reply: mpsc::Sender<(HostName, Look)>,
    ) {
        let mut last = self.0.lock().await;
        let is_whole = |look: &Look| look.seen.as_ref().is_ok_and(exposure::Exposure::is_whole);
        let still = last.as_ref().filter(|(since, look)| {
            since.elapsed() < if is_whole(look) { KEPT } else { PART_KEPT }
        });
        let look = match still {
            Some((_, look)) => look.clone(),
            None => {
                let Ok(_place) = places.acquire().await else { return };
                // The callers may have gone while this waited for its turn.
                if reply.is_closed() {
                    return;
                }
                let seen = exposure::look(&target.client, &target.options, api, DEADLINE).await;
                let look = Look { at: Timestamp::now(), seen };
                last.insert((Instant::now(), look)).1.clone()
            }
        };
        // Whoever no longer waits finds it next time.
        let _ = reply.send((target.host.alias.clone(), look)).await;
    }
}
