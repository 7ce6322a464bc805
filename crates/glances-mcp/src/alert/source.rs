//! What rules look at: every metric of the catalogue, and series that need more than one snapshot
//! or more than one metric. A series more is a row of [`DERIVED`].

use glances_client::{
    FetchError, Plugin,
    model::{ContainerState, Filesystem},
};

use super::memory::Memory;
use crate::{
    metric::{self, METRICS, Metric, Unit, Worse},
    snapshot::{Snapshot, Status, mounts},
};

/// What values are read from.
pub(super) struct Seen<'a> {
    pub(super) snapshot: &'a Snapshot,
    /// What is remembered of earlier snapshots, this one noted already.
    pub(super) memory: &'a Memory,
    /// The moment of the poll.
    pub(super) secs: i64,
    /// How far the machine's clock is from ours.
    pub(super) clock_skew_secs: Option<f64>,
}

type Values = Vec<(Option<String>, f64)>;

/// One row of [`DERIVED`].
pub(super) struct Derived {
    pub(super) path: &'static str,
    pub(super) unit: Unit,
    pub(super) worse: Worse,
    /// Judged when this plugin was read; at every poll, failed ones too, without one.
    pub(super) plugin: Option<Plugin>,
    pub(super) read: fn(&Seen<'_>) -> Values,
}

/// A series by the start of its name.
#[derive(Clone, Copy)]
pub(super) enum Source {
    Metric(&'static Metric),
    Derived(&'static Derived),
}

impl Source {
    /// The source of a path.
    pub(super) fn find(path: &str) -> Option<Self> {
        let metric = METRICS.iter().find(|metric| metric.path == path).map(Self::Metric);
        metric.or_else(|| DERIVED.iter().find(|row| row.path == path).map(Self::Derived))
    }

    /// All paths, those of the catalogue first.
    pub(super) fn paths() -> impl Iterator<Item = &'static str> {
        let metrics = METRICS.iter().map(|metric| metric.path);
        metrics.chain(DERIVED.iter().map(|row| row.path))
    }

    pub(super) const fn path(self) -> &'static str {
        match self {
            Self::Metric(metric) => metric.path,
            Self::Derived(row) => row.path,
        }
    }

    pub(super) const fn unit(self) -> Unit {
        match self {
            Self::Metric(metric) => metric.unit,
            Self::Derived(row) => row.unit,
        }
    }

    pub(super) const fn worse(self) -> Worse {
        match self {
            Self::Metric(metric) => metric.worse,
            Self::Derived(row) => row.worse,
        }
    }

    pub(super) fn plugin(self) -> Option<Plugin> {
        match self {
            Self::Metric(metric) => metric.plugin(),
            Self::Derived(row) => row.plugin,
        }
    }

    /// Thresholds of the catalogue: careful, warning, critical; and whether they are per core.
    pub(super) const fn catalogue(self) -> (Option<[f64; 3]>, bool) {
        match self {
            Self::Metric(metric) => (metric.thresholds, metric.per_core),
            Self::Derived(_) => (None, false),
        }
    }

    /// Present values with their item.
    pub(super) fn values(self, seen: &Seen<'_>) -> Values {
        match self {
            Self::Metric(metric) => metric.values(seen.snapshot),
            Self::Derived(row) => {
                (row.read)(seen).into_iter().filter(|(_, value)| value.is_finite()).collect()
            }
        }
    }
}

/// Path of the rule that a server does not answer; it hides what else is wrong with the server.
pub(super) const SERVER_DOWN: &str = "server.failures";
/// Path of the rule that a server refuses our credentials: nothing else is known of it.
pub(super) const AUTH_FAILED: &str = "server.auth_failed";
/// Path of the rule that nobody polls a server.
pub(super) const NO_DATA: &str = "server.no_data";
/// Path of the rule that much of the fleet fails together.
pub(super) const FLEET: &str = "fleet.unreachable";
/// Names of the rules of these two, which are no rows of the table.
pub(super) const NO_DATA_RULE: &str = "no_data";
pub(super) const FLEET_RULE: &str = "fleet_unreachable";
/// Path of a filesystem that fills; hidden by [`DISK_FULL`].
pub(super) const DISK_FILLING: &str = "fs.full_in";
/// Path of a full filesystem.
pub(super) const DISK_FULL: &str = "fs.percent";

const fn derived(
    path: &'static str,
    unit: Unit,
    worse: Worse,
    plugin: Option<Plugin>,
    read: fn(&Seen<'_>) -> Values,
) -> Derived {
    Derived { path, unit, worse, plugin, read }
}

/// Series of our own, beside the catalogue.
pub(super) const DERIVED: &[Derived] = &[
    derived(SERVER_DOWN, Unit::Count, Worse::High, None, |seen| {
        // Who never answered is a problem of the configuration.
        one(seen.memory.has_answered().then(|| f64::from(unanswered(seen.snapshot))))
    }),
    derived(AUTH_FAILED, Unit::Flag, Worse::High, None, |seen| {
        one(seen.memory.has_answered().then(|| flag(status(seen) == Some(Status::AuthFailed))))
    }),
    derived("server.stale", Unit::Flag, Worse::High, None, |seen| {
        // One that serves no core plugin at all is not stale, it has none.
        let core = moment(seen).and_then(|now| seen.snapshot.core_age_secs(now));
        one(core.and_then(|_| Some(flag(status(seen)? == Status::Stale))))
    }),
    derived("server.clock_skew", Unit::Seconds, Worse::High, None, |seen| {
        one(seen.clock_skew_secs.map(f64::abs))
    }),
    derived("server.rebooted", Unit::Flag, Worse::High, Some(Plugin::Uptime), |seen| {
        one(Some(flag(seen.memory.rebooted_lately(seen.secs))))
    }),
    derived(DISK_FILLING, Unit::Seconds, Worse::Low, Some(Plugin::Fs), |seen| {
        seen.memory.full_in_secs().map(|(mount, secs)| (Some(mount), secs)).collect()
    }),
    derived("fs.read_only", Unit::Flag, Worse::High, Some(Plugin::Fs), |seen| {
        let known = |fs: &&Filesystem| seen.memory.was_writable(&fs.mount);
        let mounts = seen.snapshot.filesystems().into_iter().flatten().filter(known);
        mounts.filter_map(|fs| Some((Some(fs.mount.clone()), flag(fs.read_only?)))).collect()
    }),
    derived("memswap.storm", Unit::BytesPerSecond, Worse::High, Some(Plugin::MemSwap), |seen| {
        // Pages that go out once make room; pages that come and go are memory that is missing.
        let rates = seen.snapshot.swap().map(|swap| (swap.swapped_in, swap.swapped_out));
        one(rates.and_then(|(into, out)| Some(into.per_sec?.min(out.per_sec?))))
    }),
    derived("amps.out_of_range", Unit::Flag, Worse::High, Some(Plugin::Amps), |seen| {
        let all = seen.snapshot.amps().into_iter().flatten();
        all.filter(|amp| amp.count_min.is_some() || amp.count_max.is_some())
            .filter_map(|amp| {
                let count = amp.count?;
                let short = amp.count_min.is_some_and(|min| count < min);
                let over = amp.count_max.is_some_and(|max| count > max);
                Some((Some(amp.name.clone()), flag(short || over)))
            })
            .collect()
    }),
    derived("containers.restarting", Unit::Flag, Worse::High, Some(Plugin::Containers), |seen| {
        let all = seen.snapshot.containers().into_iter().flatten();
        all.map(|container| {
            let restarting = container.state == ContainerState::Restarting;
            let often = seen.memory.restarts_often(&container.name, seen.secs);
            (Some(container.name.clone()), flag(restarting || often))
        })
        .collect()
    }),
];

fn one(value: Option<f64>) -> Values {
    value.map(|value| (None, value)).into_iter().collect()
}

fn flag(on: bool) -> f64 {
    if on { 1.0 } else { 0.0 }
}

/// Attempts in a row that got no answer; a refusal is an answer, and an alert of its own.
pub(super) fn unanswered(snapshot: &Snapshot) -> u32 {
    match snapshot.reach.error {
        Some(FetchError::Auth { .. }) => 0,
        _ => snapshot.reach.failures_in_row,
    }
}

fn status(seen: &Seen<'_>) -> Option<Status> {
    Some(seen.snapshot.status(moment(seen)?))
}

fn moment(seen: &Seen<'_>) -> Option<jiff::Timestamp> {
    jiff::Timestamp::from_second(seen.secs).ok()
}

/// Filesystems that can fill up, one a device.
pub(super) fn filling(snapshot: &Snapshot) -> Vec<mounts::Mount<'_>> {
    let all = snapshot.filesystems().map(|all| mounts::distinct(all)).unwrap_or_default();
    all.into_iter().filter(|mount| mounts::can_fill(mount.fs)).collect()
}

/// `path` or `path[item]`, where `""` is no item.
pub(super) fn series(path: &str, item: &str) -> String {
    metric::series(path, Some(item).filter(|item| !item.is_empty()))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_path_is_either_in_the_catalogue_or_derived() {
        let mut seen = BTreeSet::new();
        assert!(Source::paths().all(|path| seen.insert(path)));
        assert!(Source::paths().all(|path| Source::find(path).unwrap().path() == path));
        assert!(Source::find("no.such").is_none());
    }
}
