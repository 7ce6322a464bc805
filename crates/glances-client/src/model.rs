//! One normalised shape per plugin, whatever Glances version served it.
//!
//! Units are fixed: bytes, seconds, percent 0-100, events per second. `None` means that the
//! server did not say; a value is never guessed. Every text comes from the monitored machine and
//! has passed the client's text filter (see [`crate::ClientOptions::text_filter`]).

use std::collections::BTreeMap;

use crate::Plugin;

/// A growing counter and its rate.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Meter {
    /// The counter since boot, where the server serves it (API 3 network, API 4).
    pub total: Option<f64>,
    /// Increase per second: from two counters and our own clock ([`crate::rate`]), or as served
    /// where no counter is (API 3 disks, API 5). `None` on a first sample and after a restart.
    pub per_sec: Option<f64>,
}

/// `cpu`: shares of the whole machine's CPU time since the previous sample, percent 0-100.
#[derive(Clone, Debug, Default, PartialEq)]
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
    pub ctx_switches: Meter,
    /// Hardware interrupts.
    pub interrupts: Meter,
    /// Software interrupts.
    pub soft_interrupts: Meter,
    /// Seconds that the shares cover, as Glances says.
    pub window_secs: Option<f64>,
}

/// One element of `percpu`: shares of one core's time, percent 0-100.
#[derive(Clone, Debug, Default, PartialEq)]
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
#[derive(Clone, Debug, Default, PartialEq)]
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
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Mem {
    /// Installed and visible to the kernel.
    pub total: Option<u64>,
    /// Can be given to programs without swapping.
    pub available: Option<u64>,
    /// Not available.
    pub used: Option<u64>,
    /// Unused pages. `None` before Glances 4.4, which reports `available` under this name.
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
#[derive(Clone, Debug, Default, PartialEq)]
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
    pub swapped_in: Meter,
    /// Bytes written to swap.
    pub swapped_out: Meter,
}

/// One element of `fs`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filesystem {
    /// Where it is mounted.
    pub mount: String,
    /// Device or source.
    pub device: String,
    /// Type such as `ext4`.
    pub kind: String,
    /// Bytes.
    pub size: Option<u64>,
    /// Bytes.
    pub used: Option<u64>,
    /// Bytes free to unprivileged users.
    pub free: Option<u64>,
    /// Used, percent 0-100, root-reserved blocks excluded (glances-rs: included).
    pub percent: Option<f64>,
    /// Mounted read-only; `None` where the version does not serve mount options (before 4.3.2).
    pub read_only: Option<bool>,
}

/// One element of `diskio`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Disk {
    /// Device name; partitions and their parents are both listed.
    pub name: String,
    /// Read operations.
    pub read_count: Meter,
    /// Write operations.
    pub write_count: Meter,
    /// Bytes read.
    pub read_bytes: Meter,
    /// Bytes written.
    pub write_bytes: Meter,
    /// Milliseconds spent reading (Glances 4.4).
    pub read_time_ms: Meter,
    /// Milliseconds spent writing (Glances 4.4).
    pub write_time_ms: Meter,
}

/// One element of `network`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Interface {
    /// Interface name.
    pub name: String,
    /// Name given by the administrator.
    pub alias: Option<String>,
    /// Bytes received.
    pub bytes_recv: Meter,
    /// Bytes sent.
    pub bytes_sent: Meter,
    /// Receive errors (v5 Python preview only).
    pub errors_in: Meter,
    /// Send errors (v5 Python preview only).
    pub errors_out: Meter,
    /// Received packets dropped (v5 Python preview only).
    pub dropped_in: Meter,
    /// Sent packets dropped (v5 Python preview only).
    pub dropped_out: Meter,
    /// Link speed in bits per second (decimal); `None` when unknown.
    pub speed_bits: Option<f64>,
    /// Link state, where the version serves it (API 3 and 5).
    pub is_up: Option<bool>,
}

/// `connections`: TCP sockets by state, and the connection tracking table.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Connections {
    /// Count by state, in the kernel's words (`LISTEN`, `ESTABLISHED` …).
    pub by_state: BTreeMap<String, u64>,
    /// Entries of the connection tracking table.
    pub conntrack_count: Option<f64>,
    /// Its size.
    pub conntrack_max: Option<f64>,
    /// Its use, percent 0-100.
    pub conntrack_percent: Option<f64>,
}

/// Outcome of one configured check of `ports`.
#[derive(Clone, Debug, PartialEq)]
pub enum CheckOutcome {
    /// Answered after so many seconds (web checks: HTTP status below 400).
    Up {
        /// Round-trip time, seconds, where served.
        seconds: Option<f64>,
    },
    /// Did not answer, or with an error.
    Down,
    /// Not tried yet.
    NotYet,
}

/// One element of `ports`: a TCP, ICMP or web check that Glances makes from its host.
#[derive(Clone, Debug, PartialEq)]
pub struct PortCheck {
    /// Host name (port check) or URL without credentials (web check).
    pub target: String,
    /// TCP port; `None` for ICMP and web checks.
    pub port: Option<u16>,
    /// The administrator's words.
    pub description: String,
    /// What came of it.
    pub outcome: CheckOutcome,
    /// HTTP status of a web check.
    pub http_status: Option<u16>,
    /// Slower than this is a warning, seconds.
    pub rtt_warning: Option<f64>,
}

/// State of a container, apart from its health.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Health {
    /// Passes.
    Healthy,
    /// Fails.
    Unhealthy,
    /// Not decided yet.
    Starting,
}

/// One container of `containers`.
#[derive(Clone, Debug, PartialEq)]
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
    pub network_recv: Meter,
    /// Bytes sent.
    pub network_sent: Meter,
    /// Bytes read from block devices.
    pub io_read: Meter,
    /// Bytes written to block devices.
    pub io_write: Meter,
    /// Published ports, such as `8080->80/tcp`; `None` before Glances 4.4.
    pub ports: Option<Vec<String>>,
    /// Podman pod.
    pub pod: Option<String>,
}

/// `processcount`.
#[derive(Clone, Debug, Default, PartialEq)]
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
#[derive(Clone, Copy, Debug, Default, PartialEq)]
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
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Process {
    /// Process id; `None` for a program of several processes.
    pub pid: Option<u32>,
    /// Name.
    pub name: String,
    /// Command line, joined with spaces; `None` for kernel threads or where hidden.
    pub command: Option<String>,
    /// Owner; `None` when denied or mixed.
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
    pub io_read: Meter,
    /// Bytes written to disk.
    pub io_write: Meter,
    /// Processes merged into this program; 1 for a process.
    pub processes: u32,
    /// Ids of the merged processes.
    pub children: Vec<u32>,
}

/// `processes/extended`: details of the one process that the server was asked to watch.
#[derive(Clone, Debug, Default, PartialEq)]
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
    pub ionice: Option<(i64, i64)>,
    /// Bytes swapped out.
    pub memory_swap: Option<u64>,
    /// Context switches that it asked for.
    pub voluntary_switches: Option<u64>,
    /// Context switches forced on it.
    pub involuntary_switches: Option<u64>,
    /// Lowest, mean and highest CPU percent while watched.
    pub cpu_min_mean_max: Option<(f64, f64, f64)>,
}

/// What a sensor measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SensorUnit {
    /// Degrees Celsius.
    Celsius,
    /// Revolutions per minute.
    Rpm,
    /// Battery charge, percent 0-100.
    Percent,
    /// A unit this client does not know.
    Unknown,
}

/// One element of `sensors`.
#[derive(Clone, Debug, PartialEq)]
pub struct Sensor {
    /// Label.
    pub label: String,
    /// Glances' kind, such as `temperature_core`.
    pub kind: String,
    /// Measured value; `None` when the sensor sleeps or fails.
    pub value: Option<f64>,
    /// Its unit.
    pub unit: SensorUnit,
    /// The chip's own high threshold.
    pub warning: Option<f64>,
    /// The chip's own critical threshold.
    pub critical: Option<f64>,
    /// Battery state, such as `Charging`.
    pub status: Option<String>,
}

/// One element of `gpu`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Gpu {
    /// Identifier such as `nvidia0`.
    pub id: String,
    /// Product name.
    pub name: String,
    /// Processor use, percent 0-100.
    pub processor_percent: Option<f64>,
    /// Memory use, percent 0-100.
    pub memory_percent: Option<f64>,
    /// Degrees Celsius.
    pub temperature: Option<f64>,
    /// Fan, percent on NVIDIA.
    pub fan_percent: Option<f64>,
}

/// One element of `npu`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Npu {
    /// Identifier.
    pub id: String,
    /// Product name.
    pub name: String,
    /// Use, percent 0-100.
    pub load_percent: Option<f64>,
    /// Memory use, percent 0-100.
    pub memory_percent: Option<f64>,
    /// Hertz.
    pub frequency_hz: Option<f64>,
    /// Degrees Celsius.
    pub temperature: Option<f64>,
    /// Watts.
    pub power: Option<f64>,
}

/// One array of `raid`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RaidArray {
    /// Device, such as `md0`.
    pub name: String,
    /// Level, such as `raid1`.
    pub level: String,
    /// `active` or `inactive`.
    pub status: String,
    /// Disks that the array should have.
    pub disks_available: Option<u32>,
    /// Disks in use.
    pub disks_used: Option<u32>,
    /// One letter a disk: `U` up, `_` missing.
    pub config: Option<String>,
}

impl RaidArray {
    /// Whether a disk is missing or the array is not active; `None` when the server does not say.
    #[must_use]
    pub fn degraded(&self) -> Option<bool> {
        let short = self.disks_available.zip(self.disks_used).map(|(have, used)| used < have);
        let hole = self.config.as_ref().map(|config| config.contains('_'));
        let inactive = self.status == "inactive";
        match (short, hole) {
            _ if inactive => Some(true),
            (None, None) => None,
            (short, hole) => Some(short == Some(true) || hole == Some(true)),
        }
    }
}

/// One attribute of a disk's SMART table.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SmartAttribute {
    /// Attribute name.
    pub name: String,
    /// Normalised value; lower is worse.
    pub value: Option<f64>,
    /// Lowest value seen.
    pub worst: Option<f64>,
    /// The vendor's limit: at or below it the disk has failed.
    pub threshold: Option<f64>,
    /// Vendor's raw text.
    pub raw: String,
    /// When it failed, if it did.
    pub when_failed: Option<String>,
}

/// One disk of `smart`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SmartDisk {
    /// Device and model.
    pub name: String,
    /// Its attributes.
    pub attributes: Vec<SmartAttribute>,
}

/// One element of `folders`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Folder {
    /// Path.
    pub path: String,
    /// Bytes; `None` when it could not be read.
    pub size: Option<u64>,
    /// Limits set by the administrator, bytes: careful, warning, critical.
    pub limits: [Option<u64>; 3],
}

/// One element of `vms`.
#[derive(Clone, Debug, Default, PartialEq)]
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

/// One element of `irq`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Irq {
    /// Interrupt line.
    pub line: String,
    /// Interrupts per second. `None` on API 4 while the server's release is unknown: what is
    /// served became a rate with 4.5.8.
    pub per_sec: Option<f64>,
}

/// One element of `wifi`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Wifi {
    /// Interface or network name.
    pub name: String,
    /// Quality, the driver's scale (usually 0-70).
    pub quality: Option<f64>,
    /// Signal, dBm.
    pub signal_dbm: Option<f64>,
}

/// One element of `amps`.
#[derive(Clone, Debug, Default, PartialEq)]
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

/// `ip`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ip {
    /// First private address.
    pub address: Option<String>,
    /// Prefix length.
    pub mask_bits: Option<u32>,
    /// Address seen from outside, where Glances looks it up.
    pub public_address: Option<String>,
}

/// `cloud`.
#[derive(Clone, Debug, Default, PartialEq)]
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
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Event {
    /// Such as `MEM` or `CPU_TOTAL`.
    pub kind: String,
    /// `WARNING` or `CRITICAL`.
    pub state: String,
    /// Seconds since the epoch by the server's clock.
    pub begin_secs: Option<f64>,
    /// `None` while it goes on.
    pub end_secs: Option<f64>,
    /// Lowest, mean and highest value.
    pub min_avg_max: (Option<f64>, Option<f64>, Option<f64>),
    /// Samples in it.
    pub count: Option<u64>,
    /// Names of up to three busy processes.
    pub top: Vec<String>,
    /// Glances' verdict in words.
    pub message: Option<String>,
}

/// `system`.
#[derive(Clone, Debug, Default, PartialEq)]
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
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Core {
    /// Physical cores; `None` in some virtual machines.
    pub physical: Option<u32>,
    /// Logical cores.
    pub logical: Option<u32>,
}

/// `quicklook`: what `cpu`, `mem` and `load` do not say.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct QuickLook {
    /// CPU model.
    pub cpu_name: Option<String>,
    /// Current clock, hertz.
    pub cpu_hz: Option<f64>,
}

/// `/all/limits`: thresholds and refresh times as the server is configured.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Limits {
    /// Numeric settings by plugin and key, such as `("fs", "fs_critical") → 90`.
    pub numbers: BTreeMap<String, BTreeMap<String, f64>>,
}

impl Limits {
    /// Seconds between two real samples of a plugin, where its `<plugin>_refresh` is set.
    #[must_use]
    pub fn refresh_secs(&self, plugin: Plugin) -> Option<f64> {
        self.numbers.get(plugin.name())?.get(&format!("{plugin}_refresh")).copied()
    }
}

macro_rules! payloads {
    ($($(#[$doc:meta])* $variant:ident($type:ty) as $accessor:ident,)*) => {
        /// The decoded reply of one plugin.
        #[derive(Clone, Debug, PartialEq)]
        pub enum Payload { $($(#[$doc])* $variant($type),)* }

        impl Payload {
            /// Which plugin's reply this is.
            #[must_use]
            pub const fn plugin(&self) -> Plugin {
                match self { $(Self::$variant(_) => Plugin::$variant,)* }
            }
            $(
                $(#[$doc])*
                #[must_use]
                pub const fn $accessor(&self) -> Option<&$type> {
                    if let Self::$variant(inner) = self { Some(inner) } else { None }
                }
            )*
        }
    };
}

payloads! {
    /// Newest first.
    Alert(Vec<Event>) as alert,
    /// In configuration order.
    Amps(Vec<Amp>) as amps,
    /// Empty fields on bare metal.
    Cloud(Cloud) as cloud,
    /// TCP only.
    Connections(Connections) as connections,
    /// Running ones, unless `[containers] all=True`.
    Containers(Vec<Container>) as containers,
    /// Core counts.
    Core(Core) as core,
    /// Whole machine.
    Cpu(Cpu) as cpu,
    /// By device.
    DiskIo(Vec<Disk>) as disks,
    /// Configured folders.
    Folders(Vec<Folder>) as folders,
    /// Mounted filesystems.
    Fs(Vec<Filesystem>) as filesystems,
    /// Graphics processors.
    Gpu(Vec<Gpu>) as gpus,
    /// First address.
    Ip(Ip) as ip,
    /// Interrupt lines.
    Irq(Vec<Irq>) as irqs,
    /// Load averages.
    Load(Load) as load,
    /// Memory.
    Mem(Mem) as mem,
    /// Swap.
    MemSwap(MemSwap) as swap,
    /// By interface.
    Network(Vec<Interface>) as interfaces,
    /// Neural processors.
    Npu(Vec<Npu>) as npus,
    /// By core.
    PerCpu(Vec<CoreTimes>) as cores,
    /// Checks made by Glances.
    Ports(Vec<PortCheck>) as ports,
    /// Counts.
    ProcessCount(ProcessCount) as process_count,
    /// All processes.
    ProcessList(Vec<Process>) as processes,
    /// Merged by name.
    ProgramList(Vec<Process>) as programs,
    /// Clock and model.
    QuickLook(QuickLook) as quicklook,
    /// Software RAID.
    Raid(Vec<RaidArray>) as raid,
    /// Sensors.
    Sensors(Vec<Sensor>) as sensors,
    /// SMART.
    Smart(Vec<SmartDisk>) as smart,
    /// Identity.
    System(System) as system,
    /// Seconds since boot.
    Uptime(f64) as uptime_secs,
    /// Glances version, such as `4.5.8`.
    Version(String) as version,
    /// Virtual machines.
    Vms(Vec<Vm>) as vms,
    /// Wireless.
    Wifi(Vec<Wifi>) as wifi,
}
