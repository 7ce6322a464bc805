//! Our own runbooks: one row a file of `runbooks/`, part of the program.

use std::sync::LazyLock;

use super::{File, Runbook, parse};

macro_rules! files {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("../../runbooks/", $name, ".md")))),*]
    };
}

/// Names and texts, by name.
pub const FILES: &[(&str, &str)] = files![
    "access-refused",
    "clock-skew",
    "connection-exhaustion",
    "conntrack-full",
    "container-memory",
    "container-restart-loop",
    "cpu-busy",
    "cpu-steal",
    "disk-failing",
    "disk-filling",
    "disk-full",
    "failed-check",
    "fleet-unreachable",
    "high-load",
    "incident-triage",
    "inodes-exhausted",
    "io-wait",
    "kernel-time",
    "load-with-idle-cpu",
    "memory-leak",
    "memory-shortage",
    "no-data",
    "noisy-alert",
    "overheating",
    "planned-maintenance",
    "program-count",
    "raid-degraded",
    "read-only-filesystem",
    "reboot",
    "runaway-process",
    "saturated-link",
    "server-unreachable",
    "slow-glances",
    "stale-data",
    "swap-in-use",
    "swap-storm",
    "unhealthy-container",
    "zombie-processes",
];

/// All of ours. A test reads each of them, so that none is left out.
pub(super) fn all() -> Vec<Runbook> {
    static ALL: LazyLock<Vec<Runbook>> = LazyLock::new(|| {
        let read = |(name, text): &(&str, &str)| {
            parse::runbook(&File { path: name, stem: name, text }).ok()
        };
        FILES.iter().filter_map(read).collect()
    });
    ALL.clone()
}
