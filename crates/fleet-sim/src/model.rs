//! A host at a moment, in numbers: what a server of any version would measure. Never spells JSON and
//! never reads a clock: host and moment in, numbers out.

mod containers;

pub use containers::{ContainerNow, ContainerState};

use crate::host::{Disk, Host, Mount, Process, Sensor, script};
use crate::load::{Curve, HOUR_SECS, hash, unit};

/// When a plugin was sampled, and what the sample is compared with. Seconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Moment {
    /// Time of the sample.
    pub at: f64,
    /// Time of the sample before; `None` for the first one since the server started.
    pub prev: Option<f64>,
    /// When the machine was booted: its counters are zero then.
    pub boot: f64,
    /// When Glances was started: its alerts and extremes begin then.
    pub started: f64,
    /// Error of the host's clock in seconds.
    pub skew: f64,
}

impl Moment {
    /// Seconds since the sample before, or since the start of the server.
    #[must_use]
    pub fn since(&self) -> f64 {
        (self.at - self.prev.unwrap_or(self.started)).clamp(1e-4, 1e9)
    }

    /// What the host's own clock says.
    #[must_use]
    pub fn own_clock(&self) -> f64 {
        self.at + self.skew
    }
}

/// A host at a moment.
#[derive(Clone, Copy, Debug)]
pub struct Model<'h> {
    /// The host.
    pub host: &'h Host,
    /// The moment.
    pub moment: Moment,
}

/// A counter of the operating system at two samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counter {
    /// Value at the sample.
    pub now: u64,
    /// Value at the sample before.
    pub prev: Option<u64>,
}

impl Counter {
    /// Growth since the sample before; what a first sample shows instead is the counter itself.
    #[must_use]
    pub const fn delta(self) -> u64 {
        match self.prev {
            Some(prev) => self.now.saturating_sub(prev),
            None => self.now,
        }
    }

    /// Both counters added up.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        let prev = self.prev.zip(other.prev).map(|(a, b)| a + b);
        Self { now: self.now + other.now, prev }
    }
}

/// Shares of CPU time in percent.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Cpu {
    /// Everything but idle and waiting.
    pub total: f64,
    /// Programs.
    pub user: f64,
    /// Kernel.
    pub system: f64,
    /// Programs of low priority.
    pub nice: f64,
    /// Nothing to do.
    pub idle: f64,
    /// Waiting for disks.
    pub iowait: f64,
    /// Taken by the hypervisor.
    pub steal: f64,
}

impl Cpu {
    /// `stolen` is what neighbours take: first of what is idle, then of what our own programs had.
    fn of(busy: f64, iowait: f64, stolen: f64, physical: bool) -> Self {
        let stolen = stolen.clamp(0.0, 1.0);
        let busy = busy.clamp(0.0, 1.0 - stolen);
        let iowait = iowait.clamp(0.0, 1.0 - stolen - busy);
        let steal = if physical { 0.0 } else { 0.015 };
        Self {
            total: 100.0 * (busy + stolen),
            user: 100.0 * busy * (0.71 - steal),
            system: 100.0 * busy * 0.27,
            nice: 100.0 * busy * 0.02,
            idle: 100.0 * (1.0 - stolen - busy - iowait),
            iowait: 100.0 * iowait,
            steal: 100.0 * (busy * steal + stolen),
        }
    }
}

/// Memory in bytes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mem {
    /// Installed.
    pub total: u64,
    /// Not available.
    pub used: u64,
    /// Available to programs.
    pub available: u64,
    /// Unused, as the kernel says.
    pub free: u64,
    /// Page cache.
    pub cached: u64,
    /// Used share in percent.
    pub percent: f64,
}

/// A filesystem in bytes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Usage {
    /// Used.
    pub used: u64,
    /// Free to ordinary users.
    pub free: u64,
    /// Used of what ordinary users may use, in percent.
    pub percent: f64,
}

/// A process at a moment.
#[derive(Clone, Copy, Debug)]
pub struct ProcessNow<'h> {
    /// The process.
    pub process: &'h Process,
    /// Percent of one core.
    pub cpu_percent: f64,
    /// Seconds of CPU time so far.
    pub cpu_secs: f64,
    /// Resident bytes.
    pub rss: u64,
    /// One letter.
    pub status: &'static str,
    /// Bytes read so far.
    pub read: Counter,
    /// Bytes written so far.
    pub write: Counter,
}

impl<'h> Model<'h> {
    /// The counter that grows by `curve` times `scale` since boot.
    #[must_use]
    pub fn counter(&self, curve: &Curve, scale: f64) -> Counter {
        self.counter_from(self.moment.boot, curve, scale)
    }

    fn counter_from(&self, start: f64, curve: &Curve, scale: f64) -> Counter {
        let at = |time: f64| (curve.integral(start, time.max(start)) * scale) as u64;
        Counter { now: at(self.moment.at), prev: self.moment.prev.map(at) }
    }

    /// Mean of a rate since the sample before.
    #[must_use]
    pub fn mean(&self, curve: &Curve) -> f64 {
        match self.moment.prev {
            Some(prev) => curve.mean(prev, self.moment.at),
            None => curve.value(self.moment.at),
        }
    }

    /// CPU time since the sample before; all zero for a first sample.
    #[must_use]
    pub fn cpu(&self) -> Cpu {
        if self.moment.prev.is_none() {
            return Cpu::default();
        }
        let host = self.host;
        let stolen = self.mean(&host.steal);
        Cpu::of(self.mean(&host.cpu), self.mean(&host.iowait), stolen, host.is_physical())
    }

    /// CPU time by core since the sample before.
    pub fn cores(&self) -> impl Iterator<Item = (u32, Cpu)> {
        let model = *self;
        (0..self.host.cores).map(move |core| {
            if model.moment.prev.is_none() {
                return (core, Cpu { total: 100.0, ..Cpu::default() });
            }
            let own = model.host.cpu.derive(1.0, hash(model.host.spec.seed, 500 + u64::from(core)));
            let host = model.host;
            let (iowait, stolen) = (model.mean(&host.iowait), model.mean(&host.steal));
            (core, Cpu::of(model.mean(&own), iowait, stolen, host.is_physical()))
        })
    }

    /// The load averages over 1, 5 and 15 minutes.
    #[must_use]
    pub fn load(&self) -> [f64; 3] {
        [60.0, 300.0, 900.0].map(|span| {
            let from = (self.moment.at - span).max(self.moment.boot);
            let busy = self.host.cpu.mean(from, self.moment.at)
                + self.host.steal.mean(from, self.moment.at);
            // The kernel counts in steps of 1/2048.
            (busy * 1.15 * f64::from(self.host.cores) * 2_048.0).round() / 2_048.0
        })
    }

    /// Memory.
    #[must_use]
    pub fn mem(&self) -> Mem {
        self.mem_at(self.moment.at)
    }

    fn mem_at(&self, time: f64) -> Mem {
        let total = self.host.mem_total;
        let share = self.host.mem.value(time).clamp(0.02, 0.97);
        let used = (total as f64 * share) as u64 / 4_096 * 4_096;
        let available = total - used;
        let cached = available / 2 / 4_096 * 4_096;
        Mem {
            total,
            used,
            available,
            free: available / 5 * 2 / 4_096 * 4_096,
            cached,
            percent: 100.0 * used as f64 / total as f64,
        }
    }

    /// Least, largest and mean use of memory since the server started, in percent.
    #[must_use]
    pub fn mem_extremes(&self) -> [f64; 3] {
        let (started, at) = (self.moment.started.min(self.moment.at), self.moment.at);
        let points = [0.0, 0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875, 1.0]
            .map(|share| self.mem_at(started + (at - started) * share).percent);
        [
            points.iter().copied().fold(100.0, f64::min),
            points.iter().copied().fold(0.0, f64::max),
            points.iter().sum::<f64>() / points.len() as f64,
        ]
    }

    /// Used bytes of swap.
    #[must_use]
    pub fn swap_used(&self) -> u64 {
        let share = self.host.swap.value(self.moment.at).clamp(0.0, 1.0);
        (self.host.swap_total as f64 * share) as u64 / 4_096 * 4_096
    }

    /// Bytes swapped in or out since boot.
    #[must_use]
    pub fn swap_io(&self) -> Counter {
        self.counter(&self.host.swap_io, 1.0)
    }

    /// A filesystem; one twentieth is reserved for the administrator.
    #[must_use]
    pub fn usage(&self, mount: &Mount) -> Usage {
        let share = mount.used.value(self.moment.at).clamp(0.0, 0.95);
        let used = (mount.size as f64 * share) as u64 / 4_096 * 4_096;
        let free = (mount.size / 20 * 19).saturating_sub(used);
        Usage { used, free, percent: 100.0 * used as f64 / (used + free).max(1) as f64 }
    }

    /// Operations, bytes and milliseconds of a disk, read and written.
    #[must_use]
    pub fn disk(&self, disk: &Disk) -> [Counter; 6] {
        let ops = 1.0 / disk.bytes_per_op;
        let millis = ops * disk.ms_per_op;
        [
            self.counter(&disk.read, ops),
            self.counter(&disk.write, ops),
            self.counter(&disk.read, 1.0),
            self.counter(&disk.write, 1.0),
            self.counter(&disk.read, millis),
            self.counter(&disk.write, millis),
        ]
    }

    /// Every process that lives, the busiest first.
    #[must_use]
    pub fn processes(&self) -> Vec<ProcessNow<'h>> {
        let used = self.mem().used as f64;
        let dead = |process: &Process| {
            script::alive_secs(&process.crashes, self.moment.at).is_some_and(|secs| secs <= 0.0)
        };
        let living = self.host.processes.iter().filter(|process| !dead(process));
        let mut list: Vec<_> = living.map(|process| self.process(process, used)).collect();
        list.sort_by(|a, b| b.cpu_percent.total_cmp(&a.cpu_percent));
        list
    }

    /// The process of that identifier.
    #[must_use]
    pub fn process_of(&self, pid: u32) -> Option<ProcessNow<'h>> {
        let process = self.host.processes.iter().find(|process| process.pid == pid)?;
        Some(self.process(process, self.mem().used as f64))
    }

    fn process(&self, process: &'h Process, used: f64) -> ProcessNow<'h> {
        let start = self.moment.boot + process.start_secs;
        let rates = |rate: f64, salt| Curve::new(rate, hash(process.seed, salt));
        let cpu_percent = match self.moment.prev {
            Some(_) => (self.mean(&process.cpu) * 1_000.0).round() / 10.0,
            None => 0.0,
        };
        let grown: f64 = process.grown.iter().map(|bump| bump.value(self.moment.at)).sum();
        let kernel = process.kind.cmdline.is_empty();
        let status = match () {
            () if cpu_percent > 40.0 => "R",
            () if kernel && process.kind.name.starts_with("kworker") => "I",
            () => "S",
        };
        ProcessNow {
            process,
            cpu_percent,
            cpu_secs: process.cpu.integral(start, self.moment.at.max(start)),
            rss: (used * process.mem_share + grown) as u64 / 4_096 * 4_096,
            status,
            read: self.counter_from(start, &rates(process.kind.read, 1), 1.0),
            write: self.counter_from(start, &rates(process.kind.write, 2), 1.0),
        }
    }

    /// Milliseconds until Glances answers: longer on a busy machine and while others steal from it.
    #[must_use]
    pub fn response_ms(&self) -> f64 {
        let host = self.host;
        let (busy, stolen) = (self.mean(&host.cpu), self.mean(&host.steal));
        let idle = (1.0 - busy - stolen).clamp(0.02, 1.0);
        let noise = unit(hash(host.spec.seed, 77), (self.moment.at * 10.0) as u64);
        (2.5 + 3.0 * noise * noise) / idle.sqrt()
    }

    /// Value of a sensor.
    #[must_use]
    pub fn sensor(&self, sensor: &Sensor) -> i64 {
        let busy = self.host.cpu.mean(self.moment.at - 120.0, self.moment.at);
        (sensor.low + (sensor.high - sensor.low) * busy).round() as i64
    }

    /// Spans of the last two hours in which the CPU was busier than `limit`, newest first: begin, end
    /// (`None` while it lasts) and mean, the times by the host's own clock.
    #[must_use]
    pub fn busy_spans(&self, limit: f64) -> Vec<(f64, Option<f64>, f64)> {
        const STEP_SECS: f64 = 120.0;
        let Moment { at, started, skew, .. } = self.moment;
        let mut spans: Vec<(f64, f64, f64)> = Vec::new();
        let mut from = ((at - 2.0 * HOUR_SECS).max(started) / STEP_SECS).ceil() * STEP_SECS;
        while from < at {
            let to = (from + STEP_SECS).min(at);
            let busy = self.host.cpu.mean(from, to);
            if busy > limit {
                match spans.last_mut() {
                    Some(last) if last.1 == from => {
                        last.2 = (last.2 * (from - last.0) + busy * (to - from)) / (to - last.0);
                        last.1 = to;
                    }
                    _ => spans.push((from, to, busy)),
                }
            }
            from += STEP_SECS;
        }
        spans
            .into_iter()
            .rev()
            .map(|(begin, end, mean)| (begin + skew, (end < at).then_some(end + skew), mean))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flavor::Flavor;
    use crate::spec::{HostSpec, Role};

    const NOW: f64 = 1_795_378_000.0;

    fn hosts() -> impl Iterator<Item = Host> {
        (0..60).map(|seed| {
            let mut spec = HostSpec::new("sim", Flavor::V4_5_8, seed);
            spec.role = Role::ALL[seed as usize % 6];
            Host::new(spec)
        })
    }

    fn moment(host: &Host, at: f64, prev: Option<f64>) -> Moment {
        let boot = host.boot_before(NOW);
        Moment { at, prev, boot, started: boot + 30.0, skew: 0.0 }
    }

    #[test]
    fn counters_grow_by_the_integral_of_their_rate() {
        for host in hosts() {
            for nic in &host.nics {
                let model = |at, prev| Model { host: &host, moment: moment(&host, at, prev) };
                let mut counted = model(NOW, None).counter(&nic.recv, 1.0).now;
                for step in 0..200 {
                    let (from, to) = (f64::from(step) * 15.0, f64::from(step + 1) * 15.0);
                    let counter = model(NOW + to, Some(NOW + from)).counter(&nic.recv, 1.0);
                    assert_eq!(counter.prev, Some(counted), "samples meet");
                    counted = counter.now;
                    let expected = nic.recv.integral(NOW + from, NOW + to);
                    assert!((counter.delta() as f64 - expected).abs() <= 2.0);
                }
            }
        }
    }

    #[test]
    fn shares_of_cpu_time_add_up_and_stay_in_bounds() {
        for host in hosts() {
            for hour in 0..200 {
                let at = NOW + f64::from(hour) * 613.0;
                let model = Model { host: &host, moment: moment(&host, at, Some(at - 15.0)) };
                let cpu = model.cpu();
                let parts = cpu.user + cpu.system + cpu.nice + cpu.steal;
                assert!((parts - cpu.total).abs() < 0.01);
                assert!((cpu.total + cpu.idle + cpu.iowait - 100.0).abs() < 0.01);
                assert!((0.0..=100.0).contains(&cpu.idle));
                assert!(model.load()[0] <= 1.2 * f64::from(host.cores));
            }
        }
    }

    #[test]
    fn the_processes_explain_the_load_and_the_memory_of_their_host() {
        for host in hosts() {
            let model = Model { host: &host, moment: moment(&host, NOW, Some(NOW - 15.0)) };
            let processes = model.processes();
            let cpu: f64 = processes.iter().map(|process| process.cpu_percent).sum();
            let whole = model.cpu().total * f64::from(host.cores);
            assert!(cpu <= whole * 1.4 + 2.0, "{:?}: {cpu} of {whole}", host.spec.role);
            let rss: u64 = processes.iter().map(|process| process.rss).sum();
            assert!(rss <= model.mem().used);
            assert!(processes.is_sorted_by(|a, b| a.cpu_percent >= b.cpu_percent));
        }
    }

    #[test]
    fn every_role_is_up_for_a_while_and_a_batch_host_has_busy_spans() {
        assert!(hosts().all(|host| host.boot_before(NOW) < NOW));
        let busy = hosts().filter(|host| host.spec.role == Role::Batch).any(|host| {
            !Model { host: &host, moment: moment(&host, NOW, None) }.busy_spans(0.6).is_empty()
        });
        assert!(busy);
    }
}
