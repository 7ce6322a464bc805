//! A simulated machine: what it is made of and the load formulas of each part, all from one seed.
//! Never knows the time; [`crate::model::Model`] puts the two together.

pub mod catalog;
mod parts;
mod profile;
pub mod script;

use crate::load::{Bump, Curve, DAY_SECS, HOUR_SECS, Level, Pulse, hash, unit, within};
use crate::spec::{HostSpec, Role};
use catalog::{ContainerKind, ContainerKindState, ProgramKind};
use parts::{disks, mounts, nics, sensors};
use profile::profile;
use script::CrashLoop;

const GIB: u64 = 1 << 30;
/// Share of half hours in which a health check fails, where nothing is scripted.
const BAD_SHARE: f64 = 0.025;

/// A network interface.
#[derive(Clone, Debug)]
pub struct Nic {
    /// Name.
    pub name: &'static str,
    /// Speed in bits per second as Glances computes it, 0 when unknown.
    pub speed: u64,
    /// Bytes received per second.
    pub recv: Curve,
    /// Bytes sent per second.
    pub sent: Curve,
}

/// A block device.
#[derive(Clone, Debug)]
pub struct Disk {
    /// Name.
    pub name: String,
    /// Bytes read per second.
    pub read: Curve,
    /// Bytes written per second.
    pub write: Curve,
    /// Bytes of a usual operation.
    pub bytes_per_op: f64,
    /// Milliseconds of a usual operation.
    pub ms_per_op: f64,
}

/// A mounted filesystem.
#[derive(Clone, Debug)]
pub struct Mount {
    /// Where.
    pub path: &'static str,
    /// What.
    pub device: String,
    /// Kind of filesystem.
    pub kind: &'static str,
    /// Mount options.
    pub options: &'static str,
    /// Bytes.
    pub size: u64,
    /// Used share, 0 to 1.
    pub used: Level,
}

/// A process.
#[derive(Clone, Debug)]
pub struct Process {
    /// What it runs.
    pub kind: &'static ProgramKind,
    /// Identifier.
    pub pid: u32,
    /// Seconds after boot at which it starts.
    pub start_secs: f64,
    /// Cores kept busy: 1.0 is one core.
    pub cpu: Curve,
    /// Share of the host's used memory.
    pub mem_share: f64,
    /// Noise of its disk traffic.
    pub seed: u64,
    /// Bytes beside that share, such as of a leak.
    pub grown: Vec<Bump>,
    /// When it dies again and again.
    pub crashes: Vec<CrashLoop>,
}

/// A container.
#[derive(Clone, Debug)]
pub struct Container {
    /// What it runs.
    pub kind: &'static ContainerKind,
    /// Identifier: 64 hexadecimal digits.
    pub id: String,
    /// Seconds before boot at which it was created.
    pub age_secs: f64,
    /// Cores kept busy.
    pub cpu: Curve,
    /// Bytes of memory.
    pub mem: Level,
    /// Bytes received per second.
    pub rx: Curve,
    /// Bytes sent per second.
    pub tx: Curve,
    /// Decides its bad moments.
    pub seed: u64,
    /// Share of half hours in which its health check fails.
    pub bad_share: f64,
    /// When it dies again and again.
    pub crashes: Vec<CrashLoop>,
    /// When it was made anew, such as by a deploy.
    pub remade: Vec<f64>,
}

/// A sensor.
#[derive(Clone, Debug)]
pub struct Sensor {
    /// Label.
    pub label: String,
    /// Kind, in Glances' own words.
    pub kind: &'static str,
    /// Unit: `C`, `R` or `%`.
    pub unit: &'static str,
    /// Value at rest.
    pub low: f64,
    /// Value at full load.
    pub high: f64,
    /// System's own warning and critical values.
    pub limits: Option<(i64, i64)>,
}

/// A machine.
#[derive(Clone, Debug)]
pub struct Host {
    /// What the caller asked for.
    pub spec: HostSpec,
    /// Logical cores.
    pub cores: u32,
    /// Bytes of memory.
    pub mem_total: u64,
    /// Bytes of swap, 0 for none.
    pub swap_total: u64,
    /// Busy share of all cores, 0 to 1.
    pub cpu: Curve,
    /// Share of time waiting for disks, 0 to 1.
    pub iowait: Curve,
    /// Share of time taken by neighbours on the same hardware, beside the usual, 0 to 1.
    pub steal: Curve,
    /// Used share of memory, 0 to 1.
    pub mem: Level,
    /// Used share of swap, 0 to 1.
    pub swap: Level,
    /// Bytes swapped per second, each way.
    pub swap_io: Curve,
    /// Context switches per second.
    pub ctx_switches: Curve,
    /// Interrupts per second.
    pub interrupts: Curve,
    /// Network interfaces.
    pub nics: Vec<Nic>,
    /// Disks.
    pub disks: Vec<Disk>,
    /// Filesystems.
    pub mounts: Vec<Mount>,
    /// Processes, in order of their identifiers.
    pub processes: Vec<Process>,
    /// Containers.
    pub containers: Vec<Container>,
    /// Sensors; none on virtual machines.
    pub sensors: Vec<Sensor>,
}

impl Host {
    /// The machine that follows from a specification.
    #[must_use]
    pub fn new(spec: HostSpec) -> Self {
        let seed = spec.seed;
        let profile = profile(spec.role);
        let size = (hash(seed, 20) % 3) as usize;
        let cores = profile.cores.get(size).copied().unwrap_or(2);
        let mem_total = profile.mem_gib.get(size).copied().unwrap_or(4) * GIB - 137 * 4_096;
        let mut cpu = Curve::new(profile.busy * within(seed, 21, 0.7, 1.2), hash(seed, 22));
        if spec.role == Role::Batch {
            cpu = cpu.with_pulse(Pulse {
                period_secs: HOUR_SECS,
                length_secs: within(seed, 23, 300.0, 1_500.0),
                phase_secs: within(seed, 24, 0.0, HOUR_SECS),
                height: within(seed, 25, 0.45, 0.68),
            });
        }
        let mut mem = Level::steady(profile.mem * within(seed, 26, 0.85, 1.15), hash(seed, 27));
        if hash(seed, 28).is_multiple_of(6) {
            // A leak: grows for days until somebody restarts the program.
            mem.saw_height = 0.12;
            mem.saw_period_secs = within(seed, 29, 2.0, 9.0) * DAY_SECS;
        }
        let has_swap = hash(seed, 30).is_multiple_of(2);
        let mut host = Self {
            cores,
            mem_total,
            swap_total: if has_swap { 2 * GIB } else { 0 },
            iowait: Curve::new(profile.iowait, hash(seed, 31)),
            steal: Curve::new(0.0, 0),
            mem,
            swap: Level::filling(0.02, 0.3, 40.0 * DAY_SECS, hash(seed, 32)),
            swap_io: Curve::new(if has_swap { 900.0 } else { 0.0 }, hash(seed, 33)),
            ctx_switches: cpu.derive(60_000.0 * f64::from(cores).sqrt(), hash(seed, 34)),
            interrupts: cpu.derive(25_000.0 * f64::from(cores).sqrt(), hash(seed, 35)),
            nics: nics(&spec, &cpu, profile.net / profile.busy),
            disks: disks(&spec, &cpu, profile.disk / profile.busy),
            mounts: mounts(&spec),
            processes: Vec::new(),
            containers: Vec::new(),
            sensors: sensors(&spec),
            cpu,
            spec,
        };
        host.processes = processes(&host);
        host.containers = containers(&host);
        host
    }

    /// When the host was last booted before that time, unless somebody rebooted it since: a function
    /// of the seed and the time alone.
    #[must_use]
    pub fn boot_before(&self, time: f64) -> f64 {
        let period = within(self.spec.seed, 40, 20.0, 200.0) * DAY_SECS;
        let phase = period * unit(self.spec.seed, 41);
        ((time + phase) / period).floor() * period - phase
    }

    /// Whether this is real hardware, with sensors and an array of disks.
    #[must_use]
    pub fn is_physical(&self) -> bool {
        !self.sensors.is_empty()
    }

    /// Whether a container engine runs here.
    #[must_use]
    pub fn has_engine(&self) -> bool {
        self.spec.role == Role::ContainerHost
    }
}

fn processes(host: &Host) -> Vec<Process> {
    let seed = host.spec.seed;
    let hostile: &[ProgramKind] = if host.spec.hostile { catalog::HOSTILE } else { &[] };
    let kinds: Vec<&'static ProgramKind> =
        catalog::BASE.iter().chain(catalog::programs(host.spec.role)).chain(hostile).collect();
    let mut expanded = Vec::new();
    for (i, &kind) in kinds.iter().enumerate() {
        let spread = u64::from(kind.count.1 - kind.count.0 + 1);
        let count = kind.count.0 + (hash(seed, 1_000 + i as u64) % spread) as u32;
        expanded.extend((0..count).map(|_| kind));
    }
    let cpu_sum: f64 = expanded.iter().map(|kind| kind.cpu).sum();
    let mem_sum: f64 = expanded.iter().map(|kind| kind.mem).sum();
    // On an idle host the programs use little of what the host uses.
    let cpu_scale = 0.95 * f64::from(host.cores) / cpu_sum.max(8.0);
    let mem_scale = 0.85 / mem_sum.max(12.0);
    let mut pid = 0;
    let build = |(i, kind): (usize, &'static ProgramKind)| {
        let own = hash(seed, 2_000 + i as u64);
        pid += 1 + if i == 0 { 0 } else { (own % 37) as u32 };
        Process {
            kind,
            pid,
            start_secs: 2.0 + i as f64 * 0.3,
            cpu: host.cpu.derive(kind.cpu * cpu_scale, own),
            mem_share: kind.mem * mem_scale,
            seed: own,
            grown: Vec::new(),
            crashes: Vec::new(),
        }
    };
    expanded.into_iter().enumerate().map(build).collect()
}

fn containers(host: &Host) -> Vec<Container> {
    if !host.has_engine() {
        return Vec::new();
    }
    let hostile: &[ContainerKind] =
        if host.spec.hostile { std::slice::from_ref(&catalog::HOSTILE_CONTAINER) } else { &[] };
    let seed = host.spec.seed;
    let crash_loops = hash(seed, 90).is_multiple_of(3);
    catalog::CONTAINERS
        .iter()
        .chain(hostile)
        .filter(|kind| kind.state != ContainerKindState::CrashLoop || crash_loops)
        .enumerate()
        .map(|(i, kind)| {
            let own = hash(seed, 3_000 + i as u64);
            let id = (0..4).map(|part| format!("{:016x}", hash(own, part))).collect();
            let moves = kind.state != ContainerKindState::Paused;
            let share = if moves { 1.0 } else { 0.0 };
            Container {
                kind,
                id,
                age_secs: within(own, 5, 1.0, 30.0) * DAY_SECS,
                cpu: host.cpu.derive(kind.cpu * f64::from(host.cores) * share, own),
                mem: Level::steady(kind.mem, own),
                rx: Curve::new(kind.rx * share, hash(own, 6)),
                tx: Curve::new(kind.rx * share * 1.3, hash(own, 7)),
                seed: own,
                bad_share: if host.spec.sound { 0.0 } else { BAD_SHARE },
                crashes: Vec::new(),
                remade: Vec::new(),
            }
        })
        .collect()
}
