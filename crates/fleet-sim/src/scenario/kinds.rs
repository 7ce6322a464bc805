//! The kinds of incidents, one row each: whom they fit, how long they last, what they do. To add one,
//! add a variant and a row.

use super::stage::Stage;
use crate::host::Host;
use crate::load::{Bump, DAY_SECS, HOUR_SECS};

/// A kind of incident.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A program takes more and more memory, until it is killed.
    MemoryLeak,
    /// A filesystem fills.
    DiskFilling,
    /// A program takes every core.
    CpuRunaway,
    /// Others on the same hardware take CPU time.
    NoisyNeighbour,
    /// A link is full.
    NetworkSaturation,
    /// One host fails, then those that need it.
    CascadingFailure,
    /// A container, or a program, dies again and again.
    CrashLoop,
    /// A new release needs more than the old one.
    DeployShift,
    /// Load goes up and down around a threshold.
    Flapping,
    /// A job every night.
    BackupWindow,
    /// The host's clock is wrong.
    ClockSkew,
    /// Glances is started anew.
    GlancesRestart,
    /// The machine is started anew.
    Reboot,
    /// Nobody answers.
    Outage,
}

impl Kind {
    /// Its row.
    #[must_use]
    pub fn row(self) -> &'static KindRow {
        // Every kind has a row, which a test checks.
        KINDS.iter().find(|row| row.kind == self).unwrap_or(&FIRST)
    }
}

/// A kind of incident as data.
pub struct KindRow {
    /// Which.
    pub kind: Kind,
    /// Its name, for tables.
    pub name: &'static str,
    /// Shortest and longest, seconds.
    pub secs: (f64, f64),
    /// How many hosts it strikes.
    pub hosts: usize,
    /// Seconds from one host to the next.
    pub lag_secs: f64,
    /// Whether it belongs to the usual course of things.
    pub usual: bool,
    /// Which hosts it can strike.
    pub fits: fn(&Host) -> bool,
    /// What it does to one host.
    pub(super) play: fn(&mut Stage<'_>),
}

const fn row(
    kind: Kind,
    name: &'static str,
    secs: (f64, f64),
    fits: fn(&Host) -> bool,
    play: fn(&mut Stage<'_>),
) -> KindRow {
    KindRow { kind, name, secs, hosts: 1, lag_secs: 0.0, usual: false, fits, play }
}

const FIRST: KindRow =
    row(Kind::MemoryLeak, "memory leak", (4.0 * HOUR_SECS, 48.0 * HOUR_SECS), any, |stage| {
        let until = stage.draw(1, 0.9, 0.97);
        stage.leaks(until);
    });

/// Flaps of one incident.
const FLAPS_MAX: usize = 200;
/// Nights of one backup.
const NIGHTS_MAX: usize = 400;

/// Every kind.
pub const KINDS: &[KindRow] = &[
    FIRST,
    row(
        Kind::DiskFilling,
        "disk filling",
        (3.0 * HOUR_SECS, 60.0 * HOUR_SECS),
        |host| !host.mounts.is_empty(),
        |stage| {
            let until = stage.draw(1, 0.9, 0.94);
            stage.fills(until);
        },
    ),
    row(Kind::CpuRunaway, "CPU runaway", (900.0, 6.0 * HOUR_SECS), any, |stage| {
        let share = stage.draw(1, 0.5, 0.9);
        stage.busy(share);
    }),
    row(
        Kind::NoisyNeighbour,
        "noisy neighbour",
        (1_200.0, 4.0 * HOUR_SECS),
        |host| !host.is_physical(),
        |stage| {
            let share = stage.draw(1, 0.15, 0.4);
            stage.stolen(share);
        },
    ),
    row(
        Kind::NetworkSaturation,
        "network saturation",
        (600.0, 2.0 * HOUR_SECS),
        |host| host.nics.iter().any(|nic| nic.name == "eth0" && nic.speed > 0),
        |stage| {
            let share = stage.draw(1, 0.75, 0.93);
            stage.sends(share, 0.1);
        },
    ),
    KindRow {
        hosts: 4,
        lag_secs: 240.0,
        ..row(Kind::CascadingFailure, "cascading failure", (1_800.0, 7_200.0), any, cascade)
    },
    row(Kind::CrashLoop, "crash loop", (1_800.0, 6.0 * HOUR_SECS), any, |stage| {
        let period = stage.draw(1, 180.0, 600.0);
        stage.crashes(period);
    }),
    row(Kind::DeployShift, "deploy with a level shift", (DAY_SECS, 5.0 * DAY_SECS), any, |stage| {
        let (busy, memory) = (stage.draw(1, 0.12, 0.25), stage.draw(2, 0.06, 0.12));
        stage.deploys();
        stage.busy(busy);
        stage.holds(memory);
    }),
    row(Kind::Flapping, "flapping", (HOUR_SECS, 4.0 * HOUR_SECS), any, flap),
    KindRow {
        usual: true,
        ..row(Kind::BackupWindow, "backup window", (3.0 * DAY_SECS, 30.0 * DAY_SECS), any, backup)
    },
    row(Kind::ClockSkew, "clock skew", (HOUR_SECS, DAY_SECS), any, |stage| {
        let secs = stage.draw(1, 120.0, 7_200.0);
        stage.skews(if stage.draw(2, 0.0, 1.0) < 0.5 { -secs } else { secs });
    }),
    row(Kind::GlancesRestart, "restart of Glances", (5.0, 90.0), any, |stage| {
        stage.restarts_glances();
    }),
    row(Kind::Reboot, "reboot", (60.0, 300.0), any, |stage| {
        stage.reboots();
    }),
    row(Kind::Outage, "outage", (300.0, 3.0 * HOUR_SECS), any, |stage| {
        stage.is_silent();
    }),
];

const fn any(_: &Host) -> bool {
    true
}

/// The disk of the first is slow; those that need it queue up, run out of workers, then do not answer.
fn cascade(stage: &mut Stage<'_>) {
    match stage.order {
        0 => {
            let (share, rate) = (stage.draw(1, 0.4, 0.6), stage.draw(2, 2e8, 4e8));
            stage.waits(share);
            stage.writes(rate, true);
        }
        1 => {
            let (share, memory) = (stage.draw(1, 0.35, 0.6), stage.draw(2, 0.1, 0.2));
            stage.busy(share);
            stage.holds(memory);
        }
        2 => {
            let share = stage.draw(1, 1.2, 2.5);
            stage.traffic(share);
            stage.busy(0.3);
        }
        _ => stage.is_silent(),
    }
}

/// Up and down in turns, every few minutes.
fn flap(stage: &mut Stage<'_>) {
    let (period, share) = (stage.draw(1, 240.0, 900.0), stage.draw(2, 0.45, 0.65));
    let span = stage.span;
    let count = ((span.secs() / period).floor() as usize).min(FLAPS_MAX);
    let bumps: Vec<Bump> = (0..count)
        .map(|number| {
            let begin = span.begin + number as f64 * period;
            Bump::block(begin, begin + period / 2.0, share).soft(10.0, 10.0)
        })
        .collect();
    stage.busy_while(&bumps);
}

/// Every night at its hour: disks are read, a part of it is sent, and programs wait.
fn backup(stage: &mut Stage<'_>) {
    let (hour, secs) = (stage.draw(1, 0.5, 4.5), stage.draw(2, 1_200.0, 5_400.0));
    let (rate, share) = (stage.draw(3, 8e7, 3e8), stage.draw(4, 0.15, 0.5));
    let span = stage.span;
    let first = (span.begin / DAY_SECS).ceil() as i64;
    let nights = (0..NIGHTS_MAX as i64)
        .map(|night| (first + night) as f64 * DAY_SECS + hour * HOUR_SECS)
        .take_while(|begin| begin + secs < span.end);
    for begin in nights {
        let bump = |height| Bump::block(begin, begin + secs, height).soft(60.0, 60.0);
        stage.disk(bump(rate), true);
        stage.sends_while(bump(share), 0.0);
    }
}
