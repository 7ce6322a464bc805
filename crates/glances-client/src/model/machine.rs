//! The machine itself: CPU, memory, identity.

use schemars::JsonSchema;
use serde::Serialize;

/// A growing counter and its rate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct Meter {
    /// The counter since boot, where the server serves it (API 3 network, API 4).
    pub total: Option<f64>,
    /// Increase per second: from two counters and our own clock, or as served
    /// where no counter is (API 3 disks, API 5). Absent on a first sample and after a restart.
    pub per_sec: Option<f64>,
}

impl Meter {
    /// Whether neither is known: it is left out where readings are written.
    #[must_use]
    pub const fn is_unknown(&self) -> bool {
        self.total.is_none() && self.per_sec.is_none()
    }
}

/// `cpu`: shares of the whole machine's CPU time since the previous sample, percent 0-100.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct Cpu {
    /// CPU time not idle.
    pub total: Option<f64>,
    /// In user space.
    pub user: Option<f64>,
    /// In the kernel.
    pub system: Option<f64>,
    /// Idle.
    pub idle: Option<f64>,
    /// Waiting for I/O (Linux).
    pub iowait: Option<f64>,
    /// Niced processes.
    pub nice: Option<f64>,
    /// Hardware interrupts.
    pub irq: Option<f64>,
    /// Software interrupts (API 3).
    pub softirq: Option<f64>,
    /// Taken by the hypervisor.
    pub steal: Option<f64>,
    /// Running guests.
    pub guest: Option<f64>,
    /// Deferred procedure calls (Windows).
    pub dpc: Option<f64>,
    /// Logical cores.
    pub cores: Option<u32>,
    /// Context switches.
    #[serde(skip_serializing_if = "Meter::is_unknown")]
    pub ctx_switches: Meter,
    /// Hardware interrupts.
    #[serde(skip_serializing_if = "Meter::is_unknown")]
    pub interrupts: Meter,
    /// Software interrupts.
    #[serde(skip_serializing_if = "Meter::is_unknown")]
    pub soft_interrupts: Meter,
    /// Seconds that the shares cover, as Glances says.
    pub window_secs: Option<f64>,
}

/// One element of `percpu`: shares of one core's time, percent 0-100.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct CoreTimes {
    /// Number of the core, from 0.
    pub number: u32,
    /// Not idle.
    pub total: Option<f64>,
    /// In user space.
    pub user: Option<f64>,
    /// In the kernel.
    pub system: Option<f64>,
    /// Idle.
    pub idle: Option<f64>,
    /// Waiting for I/O.
    pub iowait: Option<f64>,
    /// Taken by the hypervisor.
    pub steal: Option<f64>,
}

/// `load`: mean number of runnable (Linux: and uninterruptible) tasks. Not percent.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct Load {
    /// Over 1 minute.
    pub min1: Option<f64>,
    /// Over 5 minutes.
    pub min5: Option<f64>,
    /// Over 15 minutes.
    pub min15: Option<f64>,
    /// Logical cores, to divide by.
    pub cores: Option<u32>,
}

/// `mem`, bytes. `used` is `total - available` on every version (glances-rs serves another).
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct Mem {
    /// Installed and visible to the kernel.
    pub total: Option<u64>,
    /// Can be given to programs without swapping.
    pub available: Option<u64>,
    /// Not available.
    pub used: Option<u64>,
    /// Unused pages. Absent before Glances 4.4, which reports `available` under this name.
    pub free: Option<u64>,
    /// Used, percent 0-100 of total.
    pub percent: Option<f64>,
    /// Recently used.
    pub active: Option<u64>,
    /// Not recently used.
    pub inactive: Option<u64>,
    /// Block device buffers.
    pub buffers: Option<u64>,
    /// Page cache.
    pub cached: Option<u64>,
    /// Shared memory.
    pub shared: Option<u64>,
    /// Cannot be paged out (macOS, BSD).
    pub wired: Option<u64>,
}

/// `memswap`, bytes. A machine without swap has `total` 0.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct MemSwap {
    /// Size of all swap areas.
    pub total: Option<u64>,
    /// In use.
    pub used: Option<u64>,
    /// Not in use.
    pub free: Option<u64>,
    /// Used, percent 0-100.
    pub percent: Option<f64>,
    /// Bytes read from swap.
    #[serde(skip_serializing_if = "Meter::is_unknown")]
    pub swapped_in: Meter,
    /// Bytes written to swap.
    #[serde(skip_serializing_if = "Meter::is_unknown")]
    pub swapped_out: Meter,
}

/// `ip`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct Ip {
    /// First private address.
    pub address: Option<String>,
    /// Prefix length.
    pub mask_bits: Option<u32>,
    /// Address seen from outside, where Glances looks it up.
    pub public_address: Option<String>,
}

/// `cloud`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct Cloud {
    /// Provider.
    pub platform: Option<String>,
    /// Instance id.
    pub id: Option<String>,
    /// Instance type.
    pub kind: Option<String>,
    /// Region.
    pub region: Option<String>,
}

/// One event of `alert`: Glances' own judgement, which exists only while somebody polls.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct Event {
    /// Such as `MEM` or `CPU_TOTAL`.
    pub kind: String,
    /// `WARNING` or `CRITICAL`.
    pub state: String,
    /// Seconds since the epoch by the server's clock.
    pub begin_secs: Option<f64>,
    /// Absent while it goes on.
    pub end_secs: Option<f64>,
    /// Lowest, mean and highest value.
    #[schemars(with = "Vec<serde_json::Value>")]
    pub min_avg_max: (Option<f64>, Option<f64>, Option<f64>),
    /// Samples in it.
    pub count: Option<u64>,
    /// Names of up to three busy processes.
    pub top: Vec<String>,
    /// Glances' verdict in words.
    pub message: Option<String>,
}

/// `system`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct System {
    /// Host name; 12 hexadecimal digits inside a container.
    pub hostname: String,
    /// `Linux`, `Windows`, `Darwin` …
    pub os_name: String,
    /// Kernel or build.
    pub os_version: Option<String>,
    /// Linux distribution.
    pub distro: Option<String>,
    /// `64bit` or `32bit`.
    pub platform: Option<String>,
}

/// `core`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct Core {
    /// Physical cores; absent in some virtual machines.
    pub physical: Option<u32>,
    /// Logical cores.
    pub logical: Option<u32>,
}

/// `quicklook`: what `cpu`, `mem` and `load` do not say.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct QuickLook {
    /// CPU model.
    pub cpu_name: Option<String>,
    /// Current clock, hertz.
    pub cpu_hz: Option<f64>,
}
