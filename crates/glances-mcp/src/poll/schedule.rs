//! What is asked of a server and how often: one row per plugin. Pure; time is an argument.

use std::{collections::BTreeMap, time::Duration};

use glances_client::{Plugin, model::Limits};
use tokio::time::Instant;

/// Longest pause between two full polls of a server that answers and gives nothing.
pub(super) const BACKOFF_MAX: Duration = Duration::from_secs(60);

/// How often the kinds of plugins are polled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cadence {
    /// Cheap plugins, and liveness.
    pub interval: Duration,
    /// Containers and virtual machines.
    pub containers: Duration,
    /// Processes and programs.
    pub processes: Duration,
    /// First pause between full polls that fail; doubles up to a minute.
    pub backoff_first: Duration,
}

/// How a plugin is fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lane {
    /// First in every poll; tells whether the server answers.
    Core,
    /// Cheap: right after the core.
    Cheap,
    /// Can take long (a container engine, a disk's firmware): beside everything else.
    Slow,
}

#[derive(Clone, Copy)]
enum Every {
    Interval,
    Containers,
    Processes,
    /// Things that change with a person's hands.
    Secs(u64),
}

use Every::{Containers, Interval, Processes, Secs};
use Lane::{Cheap, Core, Slow};

const ROWS: &[(Plugin, Lane, Every)] = &[
    (Plugin::Cpu, Core, Interval),
    (Plugin::Mem, Core, Interval),
    (Plugin::Load, Core, Interval),
    (Plugin::MemSwap, Cheap, Interval),
    (Plugin::Network, Cheap, Interval),
    (Plugin::DiskIo, Cheap, Interval),
    (Plugin::Fs, Cheap, Interval),
    (Plugin::PerCpu, Cheap, Interval),
    (Plugin::Uptime, Cheap, Interval),
    (Plugin::ProcessCount, Cheap, Interval),
    (Plugin::Connections, Cheap, Secs(30)),
    (Plugin::Sensors, Cheap, Secs(30)),
    (Plugin::Gpu, Cheap, Secs(30)),
    (Plugin::Npu, Cheap, Secs(30)),
    (Plugin::Ports, Cheap, Secs(30)),
    (Plugin::Amps, Cheap, Secs(30)),
    (Plugin::Alert, Cheap, Secs(30)),
    (Plugin::Raid, Cheap, Secs(60)),
    (Plugin::Folders, Cheap, Secs(60)),
    (Plugin::Wifi, Cheap, Secs(60)),
    (Plugin::Irq, Cheap, Secs(60)),
    (Plugin::System, Cheap, Secs(300)),
    (Plugin::Core, Cheap, Secs(300)),
    (Plugin::QuickLook, Cheap, Secs(300)),
    (Plugin::Ip, Cheap, Secs(300)),
    (Plugin::Cloud, Cheap, Secs(300)),
    (Plugin::ProcessList, Slow, Processes),
    (Plugin::ProgramList, Slow, Processes),
    (Plugin::Containers, Slow, Containers),
    (Plugin::Vms, Slow, Containers),
    (Plugin::Smart, Slow, Secs(300)),
];

/// Which plugins of one server are due when.
#[derive(Debug, Default)]
pub(super) struct Schedule {
    next: BTreeMap<Plugin, Instant>,
}

impl Schedule {
    /// The plugins of a lane that are due, in table order, of those that the server serves.
    pub(super) fn due(
        &self,
        lane: Lane,
        now: Instant,
        serves: impl Fn(Plugin) -> bool,
    ) -> Vec<Plugin> {
        ROWS.iter()
            .filter(|(plugin, of, _)| *of == lane && serves(*plugin))
            .filter(|(plugin, ..)| self.next.get(plugin).is_none_or(|next| *next <= now))
            .map(|(plugin, ..)| *plugin)
            .collect()
    }

    /// Notes that a plugin was asked for at `now`; it is due again after its period, and never
    /// sooner than its own refresh time on the server, within which it repeats itself.
    pub(super) fn asked(
        &mut self,
        plugin: Plugin,
        now: Instant,
        cadence: &Cadence,
        limits: &Limits,
    ) {
        let every = ROWS.iter().find(|(of, ..)| *of == plugin).map_or(Interval, |(.., e)| *e);
        let period = match every {
            Interval => cadence.interval,
            Containers => cadence.containers,
            Processes => cadence.processes,
            Secs(secs) => Duration::from_secs(secs).max(cadence.interval),
        };
        let refresh = limits.refresh_secs(plugin).filter(|secs| secs.is_finite() && *secs > 0.0);
        let refresh = Duration::from_secs_f64(refresh.unwrap_or(0.0).min(3_600.0));
        // A little early, so that a tick of the same period never just misses it.
        let slack = cadence.interval / 4;
        self.next.insert(plugin, now + period.max(refresh).saturating_sub(slack));
    }

    /// Makes plugins due at once.
    pub(super) fn force(&mut self, plugins: impl IntoIterator<Item = Plugin>) {
        for plugin in plugins {
            self.next.remove(&plugin);
        }
    }
}

/// Whether a plugin's values need a second sample before they say anything.
pub(super) fn has_rates(plugin: Plugin) -> bool {
    matches!(
        plugin,
        Plugin::MemSwap
            | Plugin::Network
            | Plugin::DiskIo
            | Plugin::Containers
            | Plugin::PerCpu
            | Plugin::ProcessList
            | Plugin::ProgramList
    )
}

/// Pause before the next full poll after so many that failed in a row: doubles, at most a
/// minute, spread by `jitter` in 0..1 so that a fleet does not come back in step.
pub(super) fn backoff(first: Duration, failed: u32, jitter: f64) -> Duration {
    let doubled = first.saturating_mul(1_u32.checked_shl(failed.min(16)).unwrap_or(u32::MAX));
    doubled.min(BACKOFF_MAX).mul_f64(0.75 + jitter.clamp(0.0, 1.0) / 4.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cadence() -> Cadence {
        Cadence {
            interval: Duration::from_secs(10),
            containers: Duration::from_secs(30),
            processes: Duration::from_secs(60),
            backoff_first: Duration::from_secs(5),
        }
    }

    #[test]
    fn every_plugin_but_the_version_is_polled_once() {
        let mut polled: Vec<_> = ROWS.iter().map(|(plugin, ..)| *plugin).collect();
        polled.sort();
        let expected: Vec<_> =
            Plugin::ALL.iter().copied().filter(|p| *p != Plugin::Version).collect();
        assert_eq!(polled, expected);
    }

    #[test]
    fn a_plugin_is_not_asked_again_within_its_own_refresh_time() {
        let now = Instant::now();
        let mut schedule = Schedule::default();
        let mut limits = Limits::default();
        limits.numbers.entry("fs".into()).or_default().insert("fs_refresh".into(), 60.0);
        schedule.asked(Plugin::Fs, now, &cadence(), &limits);
        schedule.asked(Plugin::DiskIo, now, &cadence(), &limits);
        let due = |secs| schedule.due(Cheap, now + Duration::from_secs(secs), |_| true);
        assert!(due(10).contains(&Plugin::DiskIo));
        assert!(!due(10).contains(&Plugin::Fs));
        assert!(due(60).contains(&Plugin::Fs));
    }

    #[test]
    fn backoff_doubles_and_stays_within_a_minute() {
        let first = Duration::from_secs(5);
        assert_eq!(backoff(first, 0, 1.0), first);
        assert_eq!(backoff(first, 2, 1.0), Duration::from_secs(20));
        assert_eq!(backoff(first, 60, 1.0), BACKOFF_MAX);
        assert!(backoff(first, 60, 0.0) >= BACKOFF_MAX / 2);
    }
}
