//! Who waits for which document: one watcher for each document as one scope of callers sees it,
//! however many wait. It reads when something may have changed, at most once a poll interval, and
//! tells when what the document says is another thing. Knows no transport, and nobody who publishes
//! waits for it.

mod digest;
mod seats;

use std::{
    future::Future,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    sync::{Semaphore, watch},
    time::Instant,
};
use tokio_util::sync::CancellationToken;

use self::digest::digest;
pub use self::seats::Seat;
use self::seats::Seats;
use crate::{
    access::{Principal, Role, Scope},
    query::Changes,
    resources::{self, ResourceDef, Variables},
    tasks::Tasks,
    telemetry::Counters,
    tools::{CALL_DEADLINE, Context, ToolError},
};

/// Resources that one stream or session watches: each piece of news looks at all of them.
pub const PER_CLIENT_MAX: usize = 64;
/// Watchers that read at a time, so that calls of tools and pollers keep their cores.
const READS_AT_ONCE: usize = 2;
/// Between two looks of one who sees no server that is polled.
const UNPOLLED_INTERVAL: Duration = Duration::from_secs(10);

/// The watchers and those who wait on them. Cheap to clone.
#[derive(Clone)]
pub struct Watches(Arc<Inner>);

struct Inner {
    tasks: Tasks,
    stop: CancellationToken,
    seats: Arc<Seats>,
    watchers: Mutex<Vec<Watcher>>,
    reads: Semaphore,
}

/// A running watcher. At most one a seat, so that their number is bounded as well.
struct Watcher {
    uri: String,
    role: Role,
    servers: Scope,
    revision: Arc<watch::Sender<u64>>,
}

/// One who waits for one document. Its watcher ends with the last of them.
pub struct Watch {
    /// As it was asked for.
    pub uri: String,
    revision: watch::Receiver<u64>,
    _seat: Seat,
}

impl Watch {
    /// Waits until the document says another thing than when this was last answered; for ever once
    /// the server stops.
    pub async fn changed(&mut self) {
        if self.revision.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

impl Watches {
    /// None yet. `stop` tells that the server stops: streams have to end.
    #[must_use]
    pub fn new(tasks: Tasks, counters: Arc<Counters>, stop: CancellationToken) -> Self {
        Self(Arc::new(Inner {
            tasks,
            stop,
            seats: Arc::new(Seats::new(counters)),
            watchers: Mutex::default(),
            reads: Semaphore::new(READS_AT_ONCE),
        }))
    }

    /// Runs the tasks of whoever passes news on.
    #[must_use]
    pub fn tasks(&self) -> &Tasks {
        &self.0.tasks
    }

    /// Cancelled when the server stops.
    #[must_use]
    pub fn stopping(&self) -> &CancellationToken {
        &self.0.stop
    }

    /// Whether anybody has a seat.
    #[must_use]
    pub fn any(&self) -> bool {
        self.0.seats.any()
    }

    /// How many documents are watched, each as one scope of callers sees it.
    #[must_use]
    pub fn documents(&self) -> usize {
        self.watchers().len()
    }

    /// A seat for something that stays open and watches nothing by itself, such as a stream.
    ///
    /// # Errors
    /// That there are too many.
    pub fn seat(&self, principal: &Principal) -> Result<Seat, ToolError> {
        self.0.seats.take(&principal.id)
    }

    /// Waits for a document from now on, as this caller sees it. Reads it first: what they may not
    /// read they may not watch, with the same error.
    ///
    /// # Errors
    /// That it is no resource, does not change with the polls, cannot be read by this caller, or
    /// that there are too many.
    pub async fn watch(
        &self,
        defs: &[ResourceDef],
        uri: &str,
        cx: Context,
    ) -> Result<Watch, ToolError> {
        let (def, variables) = resources::find(defs, uri)
            .ok_or_else(|| ToolError::Missing(resources::unknown(uri)))?;
        if !def.is_watchable() {
            let text = format!("`{}` does not change with the polls: read it when needed", def.uri);
            return Err(ToolError::Refused(text));
        }
        let seat = self.seat(&cx.principal)?;
        // From before the first look, so that nothing between is missed.
        let changes = cx.query.changes();
        let said = digest(&def.read(cx.clone(), variables.clone()).await?.text);
        let reader = Reader { def: def.clone(), variables, cx, changes };
        let revision = self.join(uri, reader, said);
        Ok(Watch { uri: uri.to_owned(), revision, _seat: seat })
    }

    /// Waits on the watcher that there is, or on a new one.
    fn join(&self, uri: &str, reader: Reader, said: u64) -> watch::Receiver<u64> {
        let Principal { role, servers, .. } = reader.cx.principal.clone();
        let mut watchers = self.watchers();
        let same = |it: &&Watcher| it.uri == uri && it.role == role && it.servers == servers;
        if let Some(watcher) = watchers.iter().find(same) {
            return watcher.revision.subscribe();
        }
        let revision = Arc::new(watch::Sender::new(0));
        let receiver = revision.subscribe();
        watchers.push(Watcher { uri: uri.to_owned(), role, servers, revision: revision.clone() });
        let all = self.clone();
        self.0.tasks.spawn("watch", async move {
            tokio::select! {
                () = all.deserted(&revision) => {}
                () = observe(reader, said, &revision, &all.0.reads) => {}
            }
        });
        receiver
    }

    /// Waits until nobody waits on a watcher, and forgets it.
    async fn deserted(&self, revision: &Arc<watch::Sender<u64>>) {
        loop {
            revision.closed().await;
            // Nobody joins meanwhile.
            let mut watchers = self.watchers();
            if revision.receiver_count() == 0 {
                watchers.retain(|it| !Arc::ptr_eq(&it.revision, revision));
                return;
            }
        }
    }

    fn watchers(&self) -> MutexGuard<'_, Vec<Watcher>> {
        self.0.watchers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a watcher looks at.
trait Look {
    /// Waits until something may have changed since the last time.
    fn changed(&mut self) -> impl Future<Output = ()> + Send;
    /// The digest of what it says now.
    fn read(&self) -> impl Future<Output = u64> + Send;
    /// How often it can change.
    fn every(&self) -> Duration;
}

/// Looks whenever something may have changed, at most once an interval; never ends.
async fn observe(
    mut look: impl Look,
    mut said: u64,
    revision: &watch::Sender<u64>,
    reads: &Semaphore,
) {
    loop {
        // First the pause, then what came in it: a fleet whose servers are polled at any moment is
        // read once an interval all the same.
        tokio::time::sleep_until(Instant::now() + look.every()).await;
        look.changed().await;
        let says = {
            let _turn = reads.acquire().await;
            look.read().await
        };
        if says != said {
            said = says;
            revision.send_modify(|revision| *revision += 1);
        }
    }
}

/// One resource as one scope of callers sees it.
struct Reader {
    def: ResourceDef,
    variables: Variables,
    cx: Context,
    changes: Changes,
}

impl Look for Reader {
    async fn changed(&mut self) {
        self.changes.next().await;
    }

    async fn read(&self) -> u64 {
        let reading = self.def.read(self.cx.clone(), self.variables.clone());
        match tokio::time::timeout(CALL_DEADLINE, reading).await {
            Ok(Ok(contents)) => digest(&contents.text),
            // A server that is gone: whoever waits reads the error, as often as it is another one.
            Ok(Err(error)) => digest(&error.to_string()),
            Err(_) => digest(&ToolError::Deadline.to_string()),
        }
    }

    /// That of the server that it is about, or the shortest of all that the caller sees.
    fn every(&self) -> Duration {
        let visible = self.cx.query.visible(&self.cx.principal);
        let alias = self.variables.get("alias");
        let about = |alias_of: &str| alias.is_empty() || alias == alias_of;
        let hosts = visible.iter().map(|snapshot| &snapshot.host);
        let polled = hosts.filter(|host| !host.paused && about(host.alias.as_str()));
        polled.map(|host| host.interval).min().unwrap_or(UNPOLLED_INTERVAL)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

    use super::*;

    const EVERY: Duration = Duration::from_secs(10);

    /// Says what it is told to, and counts how often it was asked.
    #[derive(Clone)]
    struct Fake {
        says: Arc<AtomicU64>,
        reads: Arc<AtomicUsize>,
        polled: watch::Receiver<()>,
    }

    impl Look for Fake {
        async fn changed(&mut self) {
            self.polled.changed().await.unwrap();
        }

        async fn read(&self) -> u64 {
            self.reads.fetch_add(1, Ordering::Relaxed);
            self.says.load(Ordering::Relaxed)
        }

        fn every(&self) -> Duration {
            EVERY
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_watcher_reads_once_an_interval_when_something_may_have_changed() {
        let (poll, polled) = watch::channel(());
        let fake = Fake { says: Arc::default(), reads: Arc::default(), polled };
        let (revision, reads) = (watch::Sender::new(0), Semaphore::new(1));
        let mut told = revision.subscribe();
        let read = || fake.reads.load(Ordering::Relaxed);
        let script = async {
            // Nothing is polled: nothing is read.
            tokio::time::sleep(EVERY * 5).await;
            assert_eq!(read(), 0);
            // Polls about a second apart, for ten intervals.
            for _ in 0..100 {
                poll.send_replace(());
                tokio::time::sleep(Duration::from_millis(970)).await;
            }
            assert_eq!(read(), 10);
            assert!(!told.has_changed().unwrap(), "it said the same all the time");
            fake.says.store(7, Ordering::Relaxed);
            poll.send_replace(());
            told.changed().await.unwrap();
            assert_eq!(read(), 11);
            // Says another thing each second, and is told of once an interval.
            let mut updates = 0;
            for says in 8..68 {
                fake.says.store(says, Ordering::Relaxed);
                poll.send_replace(());
                tokio::time::sleep(Duration::from_millis(970)).await;
                updates += usize::from(told.has_changed().unwrap());
                told.mark_unchanged();
            }
            assert_eq!(updates, 5, "in 58 s");
        };
        tokio::select! {
            () = observe(fake.clone(), 0, &revision, &reads) => {}
            () = script => {}
        }
    }
}
