//! Containers at a moment: what the engine says of each.

use super::{Counter, Model, Moment};
use crate::host::catalog::ContainerKindState;
use crate::host::{Container, script};
use crate::load::{Curve, hash, unit};

/// What the engine says about a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContainerState {
    /// Runs, has no health check.
    Running,
    /// Runs, its health check passes.
    Healthy,
    /// Runs, its health check fails.
    Unhealthy,
    /// Runs, its health check has not passed yet.
    Starting,
    /// Paused.
    Paused,
    /// Ended.
    Exited,
    /// Between two failures.
    Restarting,
}

/// A container at a moment.
#[derive(Clone, Copy, Debug)]
pub struct ContainerNow<'h> {
    /// The container.
    pub container: &'h Container,
    /// Its state.
    pub state: ContainerState,
    /// How often it has been made anew.
    pub remade: u64,
    /// Percent of one core.
    pub cpu_percent: f64,
    /// Bytes.
    pub memory: u64,
    /// Bytes received.
    pub rx: Counter,
    /// Bytes sent.
    pub tx: Counter,
    /// Time of creation.
    pub created: f64,
    /// Seconds it has been running.
    pub uptime_secs: f64,
}

impl ContainerState {
    /// Whether a server measures a container in this state; one that shows the verdict of health
    /// checks in place of the state measures none whose check has not passed.
    #[must_use]
    pub const fn is_measured(self, shows_health: bool) -> bool {
        match self {
            Self::Running | Self::Healthy | Self::Paused => true,
            Self::Unhealthy | Self::Starting => !shows_health,
            Self::Exited | Self::Restarting => false,
        }
    }
}

impl ContainerNow<'_> {
    /// Its identifier: 64 hexadecimal digits, others whenever it was made anew.
    #[must_use]
    pub fn id(&self) -> String {
        if self.remade == 0 {
            return self.container.id.clone();
        }
        let own = hash(self.container.seed, self.remade);
        (0..4).map(|part| format!("{:016x}", hash(own, part))).collect()
    }
}

impl<'h> Model<'h> {
    /// Every container.
    pub fn containers(&self) -> impl Iterator<Item = ContainerNow<'h>> {
        let model = *self;
        self.host.containers.iter().map(move |container| model.container(container))
    }

    fn container(&self, container: &'h Container) -> ContainerNow<'h> {
        let Moment { at, boot, .. } = self.moment;
        let crashing = script::alive_secs(&container.crashes, at);
        let made = container.remade.iter().copied().filter(|made| *made <= at).fold(boot, f64::max);
        let started = script::mended(&container.crashes, at).unwrap_or(made).max(made);
        let alive_secs = crashing.unwrap_or(at - started - 20.0).max(1.0);
        let state = match container.kind.state {
            _ if crashing.is_some_and(|secs| secs <= 0.0) => ContainerState::Restarting,
            ContainerKindState::Running => ContainerState::Running,
            ContainerKindState::Paused => ContainerState::Paused,
            ContainerKindState::Exited => ContainerState::Exited,
            ContainerKindState::CrashLoop => ContainerState::Restarting,
            ContainerKindState::Checked if alive_secs < 70.0 => ContainerState::Starting,
            ContainerKindState::Checked => {
                let bad = unit(container.seed, (at / 1_800.0) as u64) < container.bad_share;
                if bad { ContainerState::Unhealthy } else { ContainerState::Healthy }
            }
        };
        // What was just started has not filled its caches yet.
        let warm = crashing.map_or(1.0, |secs| 0.2 + 0.8 * (secs / 600.0).min(1.0));
        let remade = container.remade.iter().filter(|made| **made <= at).count();
        ContainerNow {
            container,
            state,
            remade: remade as u64,
            cpu_percent: 100.0 * self.mean(&container.cpu),
            memory: (container.mem.value(at) * warm) as u64 / 4_096 * 4_096,
            rx: self.since(at - alive_secs, &container.rx),
            tx: self.since(at - alive_secs, &container.tx),
            created: if remade == 0 { boot - container.age_secs } else { made },
            uptime_secs: alive_secs,
        }
    }

    /// A counter that begins at zero when its container starts.
    fn since(&self, start: f64, curve: &Curve) -> Counter {
        let counter = self.counter_from(start, curve, 1.0);
        Counter { prev: counter.prev.filter(|_| self.moment.prev >= Some(start)), ..counter }
    }
}
