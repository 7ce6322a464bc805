//! What is remembered of one server between polls: what was read when, whether it ever answered,
//! its boot, how its disks fill, which mounts were writable, which containers restart.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use glances_client::Plugin;
use serde::{Deserialize, Serialize};

use super::{exact::Exact, source::filling};
use crate::snapshot::{Snapshot, lives::Life};

/// Uptimes are rounded to seconds and read a moment apart.
const UPTIME_SLACK_SECS: f64 = 5.0;
/// For so long a reboot is news.
const REBOOT_NEWS_SECS: i64 = 15 * 60;
/// One point of a filling disk in ten minutes …
const FILL_EVERY_SECS: i64 = 600;
/// … for six hours: a nightly job of an hour does not make a disk full tomorrow.
const FILL_POINTS_MAX: usize = 36;
/// A trend of an hour and a half says something of four hours.
const FILL_POINTS_MIN: usize = 9;
/// Growth that rises in fewer steps than this share is a jump, not a trend.
const FILL_RISING_SHARE: f64 = 0.6;
/// Emptier than this nothing is about to be full.
const FILL_PERCENT_MIN: f64 = 50.0;
/// Filesystems and containers remembered of a server: more are a mistake or an attack.
const ITEMS_MAX: usize = 256;
/// Three restarts …
const RESTARTS: usize = 3;
/// … within a quarter of an hour are a loop.
const RESTARTS_SECS: i64 = 15 * 60;

/// What is remembered.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Memory {
    answered: bool,
    /// When plugins were read, milliseconds since the epoch.
    read_ms: BTreeMap<String, i64>,
    uptime: Option<Exact>,
    rebooted: Option<i64>,
    fill: BTreeMap<String, VecDeque<(i64, Exact, Exact)>>,
    writable: BTreeSet<String>,
    containers: BTreeMap<String, Restarts>,
}

/// One container: what was read of it last, and when it started anew.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct Restarts {
    life: Life,
    at: VecDeque<i64>,
}

impl Memory {
    /// Notes a poll; gives the plugins that were read since the one before.
    pub(super) fn note(&mut self, snapshot: &Snapshot, secs: i64) -> BTreeSet<Plugin> {
        self.answered |= snapshot.reach.last_success.is_some();
        let mut fresh = BTreeSet::new();
        for (plugin, reading) in snapshot.readings.iter() {
            let Some(at) = reading.at.filter(|_| reading.payload.is_some()) else { continue };
            let at = at.as_millisecond();
            if self.read_ms.insert(plugin.name().to_owned(), at) != Some(at) {
                fresh.insert(plugin);
            }
        }
        if fresh.contains(&Plugin::Uptime) {
            self.note_uptime(snapshot, secs);
        }
        if fresh.contains(&Plugin::Fs) {
            self.note_filesystems(snapshot, secs);
        }
        if fresh.contains(&Plugin::Containers) {
            self.note_containers(snapshot, secs);
        }
        fresh
    }

    fn note_uptime(&mut self, snapshot: &Snapshot, secs: i64) {
        let Some(uptime) = snapshot.uptime_secs().copied() else { return };
        if self.uptime.is_some_and(|Exact(before)| uptime + UPTIME_SLACK_SECS < before) {
            self.rebooted = Some(secs);
        }
        self.uptime = Some(Exact(uptime));
    }

    fn note_filesystems(&mut self, snapshot: &Snapshot, secs: i64) {
        let mounts = filling(snapshot);
        self.fill.retain(|mount, _| mounts.iter().any(|it| it.fs.mount == *mount));
        for mount in mounts {
            let fs = mount.fs;
            if fs.read_only == Some(false) && self.writable.len() < ITEMS_MAX {
                self.writable.insert(fs.mount.clone());
            }
            let (Some(free), Some(percent)) = (fs.free, fs.percent) else { continue };
            if self.fill.len() >= ITEMS_MAX && !self.fill.contains_key(&fs.mount) {
                continue;
            }
            let points = self.fill.entry(fs.mount.clone()).or_default();
            if points.back().is_some_and(|(at, ..)| secs < at + FILL_EVERY_SECS) {
                continue;
            }
            if points.len() == FILL_POINTS_MAX {
                points.pop_front();
            }
            #[expect(clippy::cast_precision_loss, reason = "bytes stay below 2^53")]
            points.push_back((secs, Exact(free as f64), Exact(percent)));
        }
        // What was unmounted may come back read-only on purpose.
        let all: Vec<&str> =
            snapshot.filesystems().into_iter().flatten().map(|fs| fs.mount.as_str()).collect();
        self.writable.retain(|mount| all.contains(&mount.as_str()));
    }

    fn note_containers(&mut self, snapshot: &Snapshot, secs: i64) {
        for container in snapshot.containers().into_iter().flatten() {
            let known = self.containers.contains_key(&container.name);
            if !known && self.containers.len() >= ITEMS_MAX {
                continue;
            }
            let restarts = self.containers.entry(container.name.clone()).or_default();
            let life = Life::of(container);
            if life.restarted_since(&restarts.life).is_some() {
                restarts.at.push_back(secs);
                if restarts.at.len() > RESTARTS {
                    restarts.at.pop_front();
                }
            }
            restarts.life = life;
        }
        // Between two ids a container is absent: it is forgotten when its last restart is old.
        let present: Vec<&str> =
            snapshot.containers().into_iter().flatten().map(|it| it.name.as_str()).collect();
        self.containers.retain(|name, restarts| {
            let lately = restarts.at.back().is_some_and(|at| secs - at < RESTARTS_SECS);
            lately || present.contains(&name.as_str())
        });
    }

    /// Whether it ever answered, as far back as the memory goes.
    pub(super) fn has_answered(&self) -> bool {
        self.answered
    }

    pub(super) fn rebooted_lately(&self, secs: i64) -> bool {
        self.rebooted.is_some_and(|at| (0..REBOOT_NEWS_SECS).contains(&(secs - at)))
    }

    pub(super) fn was_writable(&self, mount: &str) -> bool {
        self.writable.contains(mount)
    }

    pub(super) fn restarts_often(&self, container: &str, secs: i64) -> bool {
        self.containers.get(container).is_some_and(|restarts| {
            let within = restarts.at.iter().filter(|at| secs - **at < RESTARTS_SECS);
            within.count() >= RESTARTS
        })
    }

    /// Seconds until filesystems are full, should they go on as in the last hours; those that do
    /// not fill are a year away.
    pub(super) fn full_in_secs(&self) -> impl Iterator<Item = (String, f64)> {
        const YEAR_SECS: f64 = 365.0 * 86_400.0;
        self.fill.iter().filter(|(_, points)| points.len() >= FILL_POINTS_MIN).map(
            |(mount, points)| {
                (mount.clone(), full_in_secs(points).map_or(YEAR_SECS, |secs| secs.min(YEAR_SECS)))
            },
        )
    }
}

/// The line of least squares through what is free, followed to zero.
fn full_in_secs(points: &VecDeque<(i64, Exact, Exact)>) -> Option<f64> {
    let (last, Exact(free), Exact(percent)) = *points.back()?;
    let falls = points.iter().zip(points.iter().skip(1)).filter(|(a, b)| b.1.0 < a.1.0).count();
    #[expect(clippy::cast_precision_loss, reason = "a few points, and hours in seconds")]
    let (steps, falls) = (points.len().saturating_sub(1) as f64, falls as f64);
    if percent < FILL_PERCENT_MIN || falls < steps * FILL_RISING_SHARE {
        return None;
    }
    #[expect(clippy::cast_precision_loss, reason = "a few points, and hours in seconds")]
    let at = |secs: i64| (secs - last) as f64;
    let count = steps + 1.0;
    let mean_at = points.iter().map(|(secs, ..)| at(*secs)).sum::<f64>() / count;
    let mean_free = points.iter().map(|(_, free, _)| free.0).sum::<f64>() / count;
    let (mut over, mut under) = (0.0, 0.0);
    for (secs, Exact(free), _) in points {
        over += (at(*secs) - mean_at) * (free - mean_free);
        under += (at(*secs) - mean_at).powi(2);
    }
    let slope = over / under;
    (slope < 0.0).then(|| free / -slope)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(free: impl IntoIterator<Item = f64>, percent: f64) -> VecDeque<(i64, Exact, Exact)> {
        (0..).zip(free).map(|(at, free)| (at * 600, Exact(free), Exact(percent))).collect()
    }

    #[test]
    fn a_disk_that_fills_steadily_is_full_when_the_line_says_so() {
        let falling = points((0..30).map(|at| 1e9 - f64::from(at) * 1e7), 80.0);
        let secs = full_in_secs(&falling).unwrap();
        assert!((secs - 42_600.0).abs() < 1.0, "71 steps of 600 s: {secs}");
    }

    #[test]
    fn one_jump_and_half_empty_disks_are_no_trend() {
        let jump = points((0..30).map(|at| if at < 15 { 1e9 } else { 5e8 }), 80.0);
        assert_eq!(full_in_secs(&jump), None);
        let empty = points((0..30).map(|at| 1e9 - f64::from(at) * 1e7), 20.0);
        assert_eq!(full_in_secs(&empty), None);
    }
}
