//! Polling: one task a server turns its Glances into snapshots for [`crate::ingest`].
//! Never answers a caller from data, never judges a number.

mod attempt;
mod clock;
mod exposure;
mod schedule;
mod server;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use glances_client::{Client, ClientOptions, FetchError, Plugin, diagnose, model::Extended};
use tokio::sync::{Mutex, Semaphore, mpsc};
use tokio_util::sync::CancellationToken;

pub use self::schedule::Cadence;
use crate::{
    command::Command,
    model::HostName,
    snapshot::{Host, Snapshot},
    tasks::Tasks,
};

/// Wishes for fresh data that may wait at one server; each asks for much the same.
const REFRESHES_QUEUED_MAX: usize = 8;

/// Longest that a diagnosis takes on each layer.
const PROBE_DEADLINE: Duration = Duration::from_secs(10);

/// Longest that watching one process takes: two refreshes of Glances and their requests.
const EXTENDED_DEADLINE: Duration = Duration::from_secs(15);

/// One server to poll.
#[derive(Clone)]
pub struct Target {
    /// What replies say of it.
    pub host: Arc<Host>,
    /// How to reach it.
    pub options: Arc<ClientOptions>,
    /// The same, ready for use.
    pub client: Client,
    /// Ceiling of one attempt.
    pub timeout: Duration,
    /// Plugins not asked for.
    pub disabled: Vec<Plugin>,
    /// How often what is asked.
    pub cadence: Cadence,
    /// Tries of a request that a caller waits for, when the connection fails.
    pub attempts: u32,
    /// Grows when anything of the server's configuration does, credentials included.
    pub revision: u64,
}

impl Target {
    /// Whether polling this one is polling the other.
    fn same(&self, other: &Self) -> bool {
        self.revision == other.revision
            && self.host == other.host
            && self.cadence == other.cadence
            && self.timeout == other.timeout
    }

    /// Watches one process; a connection that fails is tried again at once.
    async fn extended(&self, pid: u32) -> Result<Extended, FetchError> {
        let mut left = self.attempts;
        loop {
            left = left.saturating_sub(1);
            match self.client.extended(pid, EXTENDED_DEADLINE).await {
                Err(FetchError::Connection { .. } | FetchError::Refused) if left > 0 => {}
                done => return done,
            }
        }
    }
}

struct Running {
    target: Target,
    refresh: mpsc::Sender<Vec<Plugin>>,
    /// One watched process a server: Glances has one such setting for all its clients.
    extended: Arc<Mutex<()>>,
    /// The last look at it from outside.
    exposure: Arc<exposure::Last>,
    stop: CancellationToken,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// The polling tasks of the fleet.
pub struct Pollers {
    tasks: Tasks,
    out: mpsc::Sender<Snapshot>,
    running: Mutex<BTreeMap<HostName, Running>>,
    /// Looks from outside that are under way.
    looks: Arc<Semaphore>,
}

impl Pollers {
    /// No tasks yet. Snapshots go to `out`; when it is full the pollers wait.
    #[must_use]
    pub fn new(tasks: Tasks, out: mpsc::Sender<Snapshot>) -> Self {
        let looks = Arc::new(Semaphore::new(exposure::AT_ONCE));
        Self { tasks, out, running: Mutex::default(), looks }
    }

    /// Polls exactly these servers from now on; one whose configuration is unchanged goes on
    /// undisturbed.
    pub async fn set_targets(&self, targets: Vec<Target>) {
        let mut running = self.running.lock().await;
        let mut next = BTreeMap::new();
        for target in targets {
            let alias = target.host.alias.clone();
            let same = running.remove(alias.as_str()).filter(|old| old.target.same(&target));
            let entry = same.unwrap_or_else(|| self.start(target));
            next.insert(alias, entry);
        }
        // Whatever is left was removed or replaced; dropping it stops its task.
        *running = next;
    }

    fn start(&self, target: Target) -> Running {
        let stop = CancellationToken::new();
        let (refresh, requests) = mpsc::channel(REFRESHES_QUEUED_MAX);
        if !target.host.paused {
            let task = server::poll(target.clone(), requests, self.out.clone());
            let stopped = stop.clone();
            self.tasks.spawn("poll", async move {
                tokio::select! {
                    () = stopped.cancelled() => {}
                    () = task => {}
                }
            });
        }
        Running { target, refresh, extended: Arc::default(), exposure: Arc::default(), stop }
    }

    /// Carries out commands until all senders are gone.
    pub async fn serve(self: Arc<Self>, mut commands: mpsc::Receiver<Command>) {
        while let Some(command) = commands.recv().await {
            self.carry_out(command).await;
        }
    }

    async fn carry_out(&self, command: Command) {
        let running = self.running.lock().await;
        match command {
            Command::Refresh { alias, plugins } => {
                if let Some(server) = running.get(alias.as_str()) {
                    // A full queue means that polls are on their way anyway.
                    let _ = server.refresh.try_send(plugins);
                }
            }
            Command::Probe { alias, reply } => {
                let Some(server) = running.get(alias.as_str()) else { return };
                let options = server.target.options.clone();
                self.tasks.spawn("probe", async move {
                    let _ = reply.send(diagnose::diagnose(&options, PROBE_DEADLINE).await);
                });
            }
            Command::Exposure { servers, reply } => {
                for (alias, api) in servers {
                    let Some(server) = running.get(alias.as_str()) else { continue };
                    let (last, places) = (server.exposure.clone(), self.looks.clone());
                    let look = last.tell(server.target.clone(), api, places, reply.clone());
                    self.tasks.spawn("exposure", look);
                }
            }
            Command::Extended { alias, pid, reply } => {
                let Some(server) = running.get(alias.as_str()) else { return };
                let (target, turn) = (server.target.clone(), server.extended.clone());
                self.tasks.spawn("extended", async move {
                    let _turn = turn.lock().await;
                    // The caller may have gone while this waited for its turn.
                    if !reply.is_closed() {
                        let _ = reply.send(target.extended(pid).await);
                    }
                });
            }
        }
    }
}
