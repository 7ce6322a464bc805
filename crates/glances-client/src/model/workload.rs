//! What runs: containers, processes, virtual machines.

use schemars::JsonSchema;
use serde::Serialize;

use super::Meter;

/// State of a container, apart from its health.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ContainerState {
    /// Running.
    Running,
    /// Frozen.
    Paused,
    /// Being restarted by its engine.
    Restarting,
    /// Ended.
    Exited,
    /// Created and never started.
    Created,
    /// Dead or being removed.
    Dead,
    /// A word this client does not know.
    Unknown,
}

/// Verdict of a container's own health check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Health {
    /// Passes.
    Healthy,
    /// Fails.
    Unhealthy,
    /// Not decided yet.
    Starting,
}

/// One container of `containers`.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Container {
    /// Name; unique within its engine only.
    pub name: String,
    /// Identifier of the engine.
    pub id: String,
    /// `docker`, `podman` or `lxd`.
    pub engine: String,
    /// What the container does.
    pub state: ContainerState,
    /// Its health check, served since Glances 4.5 in place of the state.
    pub health: Option<Health>,
    /// Images, one text each.
    pub image: String,
    /// Command line.
    pub command: Option<String>,
    /// RFC 3339 time of creation, as the engine gives it.
    pub created: Option<String>,
    /// Age in the engine's words ("5 mins"); no start time is served.
    pub uptime: Option<String>,
    /// Percent of one core; above 100 with several.
    pub cpu_percent: Option<f64>,
    /// Cores that it may use.
    pub cpu_limit_cores: Option<f64>,
    /// Bytes, without the file cache that the kernel would drop first, where that is served.
    pub memory_used: Option<u64>,
    /// Bytes; equal to the machine's memory when unlimited.
    pub memory_limit: Option<u64>,
    /// Bytes received.
    #[serde(skip_serializing_if = "Meter::is_unknown")]
    pub network_recv: Meter,
    /// Bytes sent.
    #[serde(skip_serializing_if = "Meter::is_unknown")]
    pub network_sent: Meter,
    /// Bytes read from block devices.
    #[serde(skip_serializing_if = "Meter::is_unknown")]
    pub io_read: Meter,
    /// Bytes written to block devices.
    #[serde(skip_serializing_if = "Meter::is_unknown")]
    pub io_write: Meter,
    /// Published ports, such as `8080->80/tcp`; absent before Glances 4.4.
    pub ports: Option<Vec<String>>,
    /// Podman pod.
    pub pod: Option<String>,
}

impl Container {
    /// The least and the most seconds that the words of [`uptime`](Self::uptime) can mean: "5 mins"
    /// are 300 to 360. `None` while it does not run, and for words that this client does not know.
    #[must_use]
    pub fn uptime_secs(&self) -> Option<[u64; 2]> {
        const MINUTE: u64 = 60;
        const HOUR: u64 = 60 * MINUTE;
        const DAY: u64 = 24 * HOUR;
        let words = self.uptime.as_deref()?;
        if words == "just now" {
            return Some([0, 10]);
        }
        if words == "yesterday" {
            return Some([DAY, 2 * DAY]);
        }
        let (count, unit) = words.split_once(' ')?;
        let count: u64 = if matches!(count, "a" | "an") { 1 } else { count.parse().ok()? };
        let secs = match unit.trim_end_matches('s') {
            "sec" => 1,
            "min" => MINUTE,
            "hour" => HOUR,
            "day" => DAY,
            "week" => 7 * DAY,
            "month" => 30 * DAY,
            "year" => 365 * DAY,
            _ => return None,
        };
        let least = count.checked_mul(secs)?;
        Some([least, least.checked_add(secs)?])
    }
}

/// `processcount`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct ProcessCount {
    /// All processes.
    pub total: Option<u64>,
    /// Running.
    pub running: Option<u64>,
    /// Sleeping.
    pub sleeping: Option<u64>,
    /// Threads.
    pub threads: Option<u64>,
}

/// Memory of a process, bytes; the fields that the platform has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct ProcessMemory {
    /// Resident.
    pub rss: Option<u64>,
    /// Virtual.
    pub vms: Option<u64>,
    /// Shared (Linux).
    pub shared: Option<u64>,
    /// Code (Linux).
    pub text: Option<u64>,
    /// Data and stack (Linux).
    pub data: Option<u64>,
}

/// One element of `processlist`, or one program of `programlist`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct Process {
    /// Process id; absent for a program of several processes.
    pub pid: Option<u32>,
    /// Name.
    pub name: String,
    /// Command line, joined with spaces; absent for kernel threads or where hidden.
    pub command: Option<String>,
    /// Owner; absent when denied or mixed.
    pub user: Option<String>,
    /// First letter of the state: R, S, D, Z, T, I …
    pub status: Option<char>,
    /// Nice value.
    pub nice: Option<i32>,
    /// Threads.
    pub threads: Option<u64>,
    /// Percent of one core (can exceed 100).
    pub cpu_percent: Option<f64>,
    /// Percent 0-100 of the machine's memory.
    pub memory_percent: Option<f64>,
    /// Memory by kind.
    pub memory: ProcessMemory,
    /// Seconds of CPU time in user space.
    pub cpu_user_secs: Option<f64>,
    /// Seconds of CPU time in the kernel.
    pub cpu_system_secs: Option<f64>,
    /// Bytes read from disk; `per_sec` is Glances' own, since the counters come with their previous.
    #[serde(skip_serializing_if = "Meter::is_unknown")]
    pub io_read: Meter,
    /// Bytes written to disk.
    #[serde(skip_serializing_if = "Meter::is_unknown")]
    pub io_write: Meter,
    /// Processes merged into this program; 1 for a process.
    pub processes: u32,
    /// Ids of the merged processes.
    pub children: Vec<u32>,
}

/// `processes/extended`: details of the one process that the server was asked to watch.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct Extended {
    /// Process id.
    pub pid: Option<u32>,
    /// Open file descriptors.
    pub open_files: Option<u64>,
    /// Open handles (Windows).
    pub handles: Option<u64>,
    /// TCP sockets.
    pub tcp_sockets: Option<u64>,
    /// UDP sockets.
    pub udp_sockets: Option<u64>,
    /// Cores that it may run on.
    pub cpu_affinity: Vec<u32>,
    /// I/O class and level.
    #[schemars(with = "Vec<serde_json::Value>")]
    pub ionice: Option<(i64, i64)>,
    /// Bytes swapped out.
    pub memory_swap: Option<u64>,
    /// Context switches that it asked for.
    pub voluntary_switches: Option<u64>,
    /// Context switches forced on it.
    pub involuntary_switches: Option<u64>,
    /// Lowest, mean and highest CPU percent while watched.
    #[schemars(with = "Vec<serde_json::Value>")]
    pub cpu_min_mean_max: Option<(f64, f64, f64)>,
}

/// One element of `vms`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct Vm {
    /// Name.
    pub name: String,
    /// State in the engine's words.
    pub status: String,
    /// Engine.
    pub engine: String,
    /// Virtual cores.
    pub cpu_count: Option<u32>,
    /// Bytes.
    pub memory_used: Option<u64>,
    /// Bytes.
    pub memory_total: Option<u64>,
    /// Load over 1 minute inside the machine.
    pub load_min1: Option<f64>,
}

/// One element of `amps`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct Amp {
    /// Name in glances.conf.
    pub name: String,
    /// Output of its script, if any.
    pub result: Option<String>,
    /// Matching processes.
    pub count: Option<u64>,
    /// Fewer is a problem.
    pub count_min: Option<u64>,
    /// More is a problem.
    pub count_max: Option<u64>,
}
