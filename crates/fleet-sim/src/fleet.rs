//! Many servers in one process, and the handles by which a test breaks and mends them.

use std::future::poll_fn;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::clock;
use crate::fault::Fault;
use crate::flavor::Flavor;
use crate::http::connection;
use crate::load::hash;
use crate::server::Server;
use crate::spec::HostSpec;

/// Pause before the next try when a port or a descriptor could not be had.
const RETRY: Duration = Duration::from_millis(50);

/// What the shipped configuration of Glances switches off.
const OFF_BY_DEFAULT: [&str; 6] = ["connections", "irq", "raid", "smart", "vms", "npu"];

/// One server of a fleet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SimServer {
    /// Name of the host.
    pub name: String,
    /// Port on 127.0.0.1.
    pub port: u16,
    /// Version and kind.
    pub flavor: Flavor,
}

/// Running servers; dropping it stops them.
///
/// Methods that take an index ignore one that no server has.
#[derive(Debug)]
pub struct Fleet {
    servers: Vec<Arc<Server>>,
    stop: CancellationToken,
}

impl Fleet {
    /// Starts one server per specification on 127.0.0.1, on ports chosen by the system.
    ///
    /// # Errors
    /// When a port cannot be had, mostly because the limit of open files is too low.
    pub async fn start(specs: Vec<HostSpec>) -> anyhow::Result<Self> {
        Self::start_at(specs, 0).await
    }

    /// Starts the servers on consecutive ports from `base_port`; 0 lets the system choose.
    ///
    /// # Errors
    /// When a port cannot be had.
    pub async fn start_at(specs: Vec<HostSpec>, base_port: u16) -> anyhow::Result<Self> {
        let tasks = TaskTracker::new();
        let mut fleet =
            Self { servers: Vec::with_capacity(specs.len()), stop: CancellationToken::new() };
        for (i, spec) in specs.into_iter().enumerate() {
            let port = match base_port {
                0 => 0,
                base => u16::try_from(usize::from(base) + i).context("no ports left")?,
            };
            let name = spec.name.clone();
            let server = Server::listen(spec, port, clock::now())
                .with_context(|| format!("cannot listen for `{name}` on port {port}"))?;
            let server = Arc::new(server);
            tasks.spawn(accept(server.clone(), tasks.clone(), fleet.stop.clone()));
            fleet.servers.push(server);
        }
        Ok(fleet)
    }

    /// Starts `count` servers of mixed versions and roles, named `sim-001` and so on.
    ///
    /// # Errors
    /// When a port cannot be had.
    pub async fn mixed(count: usize, seed: u64) -> anyhow::Result<Self> {
        Self::start(Self::mixed_specs(count, seed)).await
    }

    /// The specifications that [`Fleet::mixed`] starts.
    #[must_use]
    pub fn mixed_specs(count: usize, seed: u64) -> Vec<HostSpec> {
        (0..count).map(|i| mixed_spec(i, hash(seed, i as u64))).collect()
    }

    /// The servers, in order.
    #[must_use]
    pub fn servers(&self) -> Vec<SimServer> {
        let describe = |server: &Arc<Server>| SimServer {
            name: server.host.spec.name.clone(),
            port: server.port,
            flavor: server.flavor(),
        };
        self.servers.iter().map(describe).collect()
    }

    /// `http://127.0.0.1:port`, with port 0 for an index that no server has.
    #[must_use]
    pub fn url(&self, index: usize) -> String {
        let port = self.servers.get(index).map_or(0, |server| server.port);
        format!("http://127.0.0.1:{port}")
    }

    /// Sets the fault of a server, or mends it. Takes effect at once: open connections are closed.
    /// [`Fault::Refuse`] closes the listener, and any other value opens the same port again.
    pub fn set_fault(&self, index: usize, fault: Option<Fault>) {
        if let Some(server) = self.servers.get(index) {
            server.set_fault(fault);
        }
    }

    /// Sets the fault of one plugin, or mends it. The next request for the plugin meets it; a request
    /// that hangs ends when the plugin is mended.
    pub fn set_plugin_fault(&self, index: usize, plugin: &str, fault: Option<Fault>) {
        if let Some(server) = self.servers.get(index) {
            server.set_plugin_fault(plugin, fault);
        }
    }

    /// Restarts Glances: connections end, the next samples are first ones, events are forgotten. The
    /// machine stays up, so its counters and uptime go on.
    pub fn restart(&self, index: usize) {
        if let Some(server) = self.servers.get(index) {
            server.restart(clock::now(), false);
        }
    }

    /// Reboots the machine: like a restart, and uptime and counters begin at zero.
    pub fn reboot(&self, index: usize) {
        if let Some(server) = self.servers.get(index) {
            server.restart(clock::now(), true);
        }
    }

    /// Requests received so far, answered or not.
    #[must_use]
    pub fn requests(&self, index: usize) -> u64 {
        self.servers.get(index).map_or(0, |server| server.requests())
    }

    /// The fleet as a configuration: `{"servers": [{"alias", "host", "port", …}]}`.
    #[must_use]
    pub fn config_json(&self) -> Value {
        let entry = |server: &Arc<Server>| {
            let spec = &server.host.spec;
            json!({
                "alias": spec.name,
                "host": "127.0.0.1",
                "port": server.port,
                "environment": pick(&["production", "production", "staging", "development"], spec.seed, 1),
                "region": pick(&["eu-west", "us-east", "ap-south"], spec.seed, 2),
                "tags": [spec.role.name(), format!("glances-{}", spec.flavor.api())],
            })
        };
        json!({ "servers": self.servers.iter().map(entry).collect::<Vec<_>>() })
    }
}

impl Drop for Fleet {
    fn drop(&mut self) {
        self.stop.cancel();
        for server in &self.servers {
            server.stop();
        }
    }
}

fn pick<'a>(words: &[&'a str], seed: u64, salt: u64) -> &'a str {
    let index = hash(seed, 900 + salt) % words.len().max(1) as u64;
    words.get(index as usize).copied().unwrap_or_default()
}

/// Most servers are recent; each version comes early, so that a small fleet has them all.
fn mixed_spec(i: usize, seed: u64) -> HostSpec {
    const MIX: [Flavor; 10] = [
        Flavor::V4_5_8,
        Flavor::V4_3_3,
        Flavor::V3_4_0_5,
        Flavor::V5Python,
        Flavor::V4_0_8,
        Flavor::V5Rust,
        Flavor::V4_5_8,
        Flavor::V4_5_8,
        Flavor::V4_3_3,
        Flavor::V4_5_8,
    ];
    let flavor = MIX.get(i % MIX.len()).copied().unwrap_or(Flavor::V4_5_8);
    let mut spec = HostSpec::new(format!("sim-{:03}", i + 1), flavor, seed);
    if hash(seed, 910).is_multiple_of(3) {
        spec.disabled = OFF_BY_DEFAULT.map(str::to_owned).to_vec();
    }
    spec
}

/// Accepts connections of one server until the fleet stops.
async fn accept(server: Arc<Server>, tasks: TaskTracker, stop: CancellationToken) {
    let mut changes = server.door_changes();
    loop {
        if server.door_is_stuck() {
            tokio::time::sleep(RETRY).await;
            server.open_door();
        }
        tokio::select! {
            () = stop.cancelled() => return,
            _ = changes.changed() => {}
            accepted = poll_fn(|cx| server.poll_accept(cx)) => match accepted {
                Ok(stream) => {
                    tasks.spawn(connection::serve(server.clone(), stream));
                }
                // Mostly too many open files; the peer waits in the backlog.
                Err(_) => tokio::time::sleep(RETRY).await,
            },
        }
    }
}
