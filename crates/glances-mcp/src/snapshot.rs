//! Everything known of one server at one moment: immutable, replaced whole.

pub mod lives;
pub mod mounts;
pub mod programs;
mod readings;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use glances_client::{
    ApiVersion, FetchError, Plugin, ServerInfo,
    model::{
        Amp, Cloud, Connections, Container, Core, CoreTimes, Cpu, Disk, Event, Filesystem, Folder,
        Gpu, Interface, Ip, Irq, Limits, Load, Mem, MemSwap, Npu, PortCheck, Process, ProcessCount,
        QuickLook, RaidArray, Sensor, SmartDisk, System, Vm, Wifi,
    },
};
use jiff::{Timestamp, tz::TimeZone};
use serde::Serialize;

pub use self::readings::{Reading, Readings};
use crate::model::{Criticality, HostName, Severity};

/// What the configuration says of one server, credentials left out.
#[derive(Clone, Debug, PartialEq)]
pub struct Host {
    /// Its name.
    pub alias: HostName,
    /// Base address, without credentials.
    pub url: String,
    /// Such as `production`.
    pub environment: Option<String>,
    /// Free word.
    pub region: Option<String>,
    /// Free words, sorted.
    pub tags: Vec<String>,
    /// How much its failure matters.
    pub criticality: Criticality,
    /// What it costs a month, in a currency that only the operator knows.
    pub cost_per_month: Option<f64>,
    /// Not polled on purpose.
    pub paused: bool,
    /// Time between two polls.
    pub interval: Duration,
    /// Servers it does not work without.
    pub depends_on: Vec<HostName>,
    /// Where its days begin: nightly jobs keep their hour there. UTC unless configured.
    pub timezone: TimeZone,
}

impl Host {
    /// A server of which only the name and the address are configured; all else is the default.
    #[must_use]
    pub fn at(alias: HostName, url: impl Into<String>) -> Self {
        Self {
            alias,
            url: url.into(),
            environment: None,
            region: None,
            tags: Vec::new(),
            criticality: Criticality::default(),
            cost_per_month: None,
            paused: false,
            interval: Duration::from_secs(10),
            depends_on: Vec::new(),
            timezone: TimeZone::UTC,
        }
    }
}

/// Plugins whose age decides whether a server is `stale`.
pub const CORE_PLUGINS: &[Plugin] = &[Plugin::Cpu, Plugin::Mem, Plugin::Load];

/// Failed attempts in a row after which a server is `down`.
pub const DOWN_AFTER: u32 = 2;

/// Intervals without fresh core data after which a server is `stale`.
const STALE_AFTER_INTERVALS: u32 = 3;

/// How a server is doing, as seen from here. Ordered worst first.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum Status {
    /// Two attempts in a row failed.
    Down,
    /// The last answer was 401 or 403.
    AuthFailed,
    /// No answer yet.
    NeverSeen,
    /// Answers, but core data are older than three intervals.
    Stale,
    /// Core data are fresh, another plugin fails.
    Degraded,
    /// All well.
    Up,
    /// Switched off in the configuration.
    Paused,
}

impl Status {
    /// All, worst first.
    pub const ALL: &[Self] = &[
        Self::Down,
        Self::AuthFailed,
        Self::NeverSeen,
        Self::Stale,
        Self::Degraded,
        Self::Up,
        Self::Paused,
    ];

    /// The word in replies.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Down => "down",
            Self::AuthFailed => "auth_failed",
            Self::NeverSeen => "never_seen",
            Self::Stale => "stale",
            Self::Degraded => "degraded",
            Self::Up => "up",
            Self::Paused => "paused",
        }
    }

    /// Whether the last data may be shown as present.
    #[must_use]
    pub const fn answers(self) -> bool {
        matches!(self, Self::Stale | Self::Degraded | Self::Up)
    }
}

/// Attempts to reach a server, newest last.
#[derive(Clone, Debug, Default)]
pub struct Reach {
    /// When we first tried.
    pub first_attempt: Option<Timestamp>,
    /// When we last tried.
    pub last_attempt: Option<Timestamp>,
    /// When it last answered with what we asked for.
    pub last_success: Option<Timestamp>,
    /// Failed attempts since.
    pub failures_in_row: u32,
    /// All attempts.
    pub attempts: u64,
    /// All failed attempts.
    pub failures: u64,
    /// Why the last attempt failed; `None` after a good one.
    pub error: Option<FetchError>,
    /// Response times of the first request of a poll, milliseconds, oldest first.
    pub latency_ms: Arc<[f64]>,
    /// How far its clock was ahead of ours at the last answer, seconds; within a second, or two.
    /// `None` where it does not tell the time.
    pub clock_skew_secs: Option<f64>,
}

/// A value at or beyond a threshold of the catalogue.
#[derive(Clone, Debug)]
pub struct Finding {
    /// `fs.percent[/var]`.
    pub series: String,
    /// The value, in the metric's unit.
    pub value: f64,
    /// The word for the unit.
    pub unit: &'static str,
    /// How bad.
    pub severity: Severity,
    /// The threshold that it reached, for the value as it is (per core where the metric says so).
    pub threshold: f64,
    /// Value relative to the critical threshold: 1 is critical. For ranking.
    pub pressure: f64,
    /// Weight of the metric.
    pub weight: u8,
}

/// One server at one moment.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// Configuration of the server.
    pub host: Arc<Host>,
    /// API, version and plugins, once it has answered.
    pub info: Option<Arc<ServerInfo>>,
    /// Thresholds and refresh times of its glances.conf.
    pub limits: Arc<Limits>,
    /// By plugin.
    pub readings: Readings,
    /// Why the last attempt at a plugin gave nothing. Mostly empty: every call looks here.
    pub errors: BTreeMap<Plugin, FetchError>,
    /// How reaching it went.
    pub reach: Reach,
    /// Completed polls; rates exist from the second on.
    pub rounds: u64,
    /// The last attempt is over and no request of it but slow ones is open.
    pub settled: bool,
    /// What is beyond a default threshold, worst first. Judged once, when the snapshot comes in.
    pub findings: Arc<[Finding]>,
}

macro_rules! accessors {
    ($($accessor:ident: $plugin:ident -> $type:ty,)*) => {
        impl Snapshot {
            $(
                /// Last decoded reply of the plugin; `None` when it is not available.
                #[must_use]
                pub fn $accessor(&self) -> Option<&$type> {
                    self.readings.get(&Plugin::$plugin)?.payload.as_ref()?.$accessor()
                }
            )*
        }
    };
}

accessors! {
    alert: Alert -> Vec<Event>,
    amps: Amps -> Vec<Amp>,
    cloud: Cloud -> Cloud,
    connections: Connections -> Connections,
    containers: Containers -> Vec<Container>,
    core: Core -> Core,
    cpu: Cpu -> Cpu,
    disks: DiskIo -> Vec<Disk>,
    folders: Folders -> Vec<Folder>,
    filesystems: Fs -> Vec<Filesystem>,
    gpus: Gpu -> Vec<Gpu>,
    ip: Ip -> Ip,
    irqs: Irq -> Vec<Irq>,
    load: Load -> Load,
    mem: Mem -> Mem,
    swap: MemSwap -> MemSwap,
    interfaces: Network -> Vec<Interface>,
    npus: Npu -> Vec<Npu>,
    cores: PerCpu -> Vec<CoreTimes>,
    ports: Ports -> Vec<PortCheck>,
    process_count: ProcessCount -> ProcessCount,
    processes: ProcessList -> Vec<Process>,
    programs: ProgramList -> Vec<Process>,
    quicklook: QuickLook -> QuickLook,
    raid: Raid -> Vec<RaidArray>,
    sensors: Sensors -> Vec<Sensor>,
    smart: Smart -> Vec<SmartDisk>,
    system: System -> System,
    uptime_secs: Uptime -> f64,
    vms: Vms -> Vec<Vm>,
    wifi: Wifi -> Vec<Wifi>,
}

impl Snapshot {
    /// A server that was never tried.
    #[must_use]
    pub fn unseen(host: Arc<Host>) -> Self {
        Self {
            host,
            info: None,
            limits: Arc::default(),
            readings: Readings::default(),
            errors: BTreeMap::new(),
            reach: Reach::default(),
            rounds: 0,
            settled: false,
            findings: Arc::default(),
        }
    }

    /// Status at a moment, by the order of the specification.
    #[must_use]
    pub fn status(&self, now: Timestamp) -> Status {
        if self.host.paused {
            return Status::Paused;
        }
        if matches!(self.reach.error, Some(FetchError::Auth { .. })) {
            return Status::AuthFailed;
        }
        if self.reach.last_success.is_none() {
            return Status::NeverSeen;
        }
        if self.reach.failures_in_row >= DOWN_AFTER {
            return Status::Down;
        }
        let limit = self.host.interval.as_secs_f64() * f64::from(STALE_AFTER_INTERVALS);
        if self.core_age_secs(now).is_none_or(|age| age > limit) {
            return Status::Stale;
        }
        if self.failing_plugins().next().is_some() {
            return Status::Degraded;
        }
        Status::Up
    }

    /// Plugins that the server offers and whose last fetch failed, with the reason.
    pub fn failing_plugins(&self) -> impl Iterator<Item = (Plugin, &FetchError)> {
        let fails = |error: &FetchError| !matches!(error, FetchError::NotAvailable { .. });
        let errors = self.errors.iter().map(|(plugin, error)| (*plugin, error));
        errors.filter(move |(_, error)| fails(error))
    }

    /// Age of the oldest core plugin that the server serves, seconds.
    #[must_use]
    pub fn core_age_secs(&self, now: Timestamp) -> Option<f64> {
        CORE_PLUGINS
            .iter()
            .filter_map(|plugin| self.readings.get(plugin)?.at)
            .map(|at| seconds_between(at, now))
            .reduce(f64::max)
    }

    /// Age of a plugin's last reply, seconds; the plugin's own refresh time is not in it.
    #[must_use]
    pub fn age_secs(&self, plugin: Plugin, now: Timestamp) -> Option<f64> {
        Some(seconds_between(self.readings.get(&plugin)?.at?, now))
    }

    /// Seconds by which a value can be older than its reply, where Glances keeps the plugin that
    /// long; `None` when it refreshes faster than we ask.
    #[must_use]
    pub fn refresh_secs(&self, plugin: Plugin) -> Option<f64> {
        self.limits.refresh_secs(plugin).filter(|secs| *secs > self.host.interval.as_secs_f64())
    }

    /// Whether the server lists the plugin as enabled; `None` before its first answer.
    #[must_use]
    pub fn serves(&self, plugin: Plugin) -> Option<bool> {
        Some(self.info.as_ref()?.plugins.contains(&plugin))
    }

    /// Release of Glances; the family where it serves none. `None` before its first answer.
    #[must_use]
    pub fn glances_version(&self) -> Option<String> {
        let info = self.info.as_ref()?;
        Some(info.version.clone().unwrap_or_else(|| {
            let family = match info.api {
                ApiVersion::V3 => "3.x",
                ApiVersion::V4 => "4.x",
                ApiVersion::V5 => "glances-rs",
            };
            family.to_owned()
        }))
    }

    /// Logical cores, from whichever plugin says.
    #[must_use]
    pub fn core_count(&self) -> Option<u32> {
        self.core()
            .and_then(|core| core.logical)
            .or_else(|| self.cpu()?.cores)
            .or_else(|| self.load()?.cores)
            .filter(|cores| *cores > 0)
    }

    /// Glances runs inside a container and sees that container's processes and mounts: a host
    /// name of 12 hexadecimal digits, or `/etc/hosts` as a mount.
    #[must_use]
    pub fn container_view(&self) -> bool {
        let hex = |name: &str| name.len() == 12 && name.chars().all(|c| c.is_ascii_hexdigit());
        self.system().is_some_and(|system| hex(&system.hostname))
            || self.filesystems().is_some_and(|mounts| {
                mounts.iter().any(|fs| fs.mount == "/etc/hosts" || fs.mount == "/etc/hostname")
            })
    }
}

/// Seconds from one moment to a later one; 0 when the clock stepped back.
#[must_use]
pub fn seconds_between(from: Timestamp, to: Timestamp) -> f64 {
    to.duration_since(from).as_secs_f64().max(0.0)
}

/// The wall clock: replies count ages from here.
#[must_use]
pub fn now() -> Timestamp {
    Timestamp::now()
}
