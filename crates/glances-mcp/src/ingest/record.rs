//! What history keeps of a poll: every number that is new since the one before, and the programs
//! that used most. Pure.

use std::collections::BTreeMap;

use glances_client::{Plugin, model::Process};

use crate::{
    metric::{self, Kind, METRICS, Metric, Unit},
    snapshot::Snapshot,
    store::{Program, Programs, Sample, rounded},
};

/// Values of one poll: a machine with thousands of items is a mistake or an attack.
const VALUES_MAX: usize = 10_000;
/// Programs kept by each of CPU, memory and I/O.
const TOP: usize = 5;
/// Mantissa of rates and times, bits: an error of eight millionths at most. The time that a rate is
/// divided by is known to some milliseconds of ten seconds.
const RATE_BITS: u32 = 16;
/// Mantissa of what a program uses, bits: an error of half a thousandth, for a list that ranks.
const PROGRAM_BITS: u32 = 10;
/// Least time between two lists of programs, seconds.
const PROGRAMS_EVERY_SECS: i64 = 60;
/// Older lists are not of the moment at which an alert fires, seconds.
const AT_HAND_SECS: i64 = 150;
/// Lists that are polled once a minute come a little early or late.
const PROGRAMS_EARLY_SECS: i64 = 10;

/// The numbers of a poll that were not noted before. A poll that failed is one number:
/// `server.up` is 0.
pub(super) fn sample(before: Option<&Snapshot>, snapshot: &Snapshot) -> Option<Sample> {
    let secs = snapshot.reach.last_attempt?.as_second();
    let values = METRICS
        .iter()
        .filter(|metric| is_new(metric, before, snapshot))
        .flat_map(|metric| {
            metric.values(snapshot).into_iter().map(|(item, value)| {
                (metric::series(metric.path, item.as_deref()).into(), kept(metric, value))
            })
        })
        .take(VALUES_MAX)
        .collect();
    Some(Sample { host: snapshot.host.alias.clone(), secs, values })
}

/// Whether the plugin of a metric was read since; what is about reaching the server always is.
fn is_new(metric: &Metric, before: Option<&Snapshot>, snapshot: &Snapshot) -> bool {
    let Some(plugin) = metric.plugin() else { return true };
    let read = |of: &Snapshot| of.readings.get(&plugin).and_then(|reading| reading.at);
    read(snapshot).is_some() && before.and_then(read) != read(snapshot)
}

/// Without the noise of a division, which does not compress: percentages have three decimals, rates
/// and times five digits.
fn kept(metric: &Metric, value: f64) -> f64 {
    match (metric.unit, metric.kind) {
        (Unit::Percent | Unit::PercentOfCore, _) => thousandths(value),
        (Unit::Milliseconds, _) | (_, Kind::Rate) => rounded(value, RATE_BITS),
        _ => value,
    }
}

fn thousandths(value: f64) -> f64 {
    (value * 1_000.0).round() / 1_000.0
}

/// The top programs, when the list that was kept `last` is a minute old.
pub(super) fn programs(last: Option<i64>, snapshot: &Snapshot) -> Option<Programs> {
    let secs = listed_at(snapshot)?;
    if last.is_some_and(|last| secs - last < PROGRAMS_EVERY_SECS - PROGRAMS_EARLY_SECS) {
        return None;
    }
    top(snapshot)
}

/// The top programs as they are at hand, unless the server stopped telling them.
pub(super) fn programs_at_hand(snapshot: &Snapshot) -> Option<Programs> {
    let age_secs = snapshot.reach.last_attempt?.as_second() - listed_at(snapshot)?;
    if age_secs > AT_HAND_SECS { None } else { top(snapshot) }
}

/// When the programs of a snapshot were read.
fn listed_at(of: &Snapshot) -> Option<i64> {
    let list = if of.programs().is_some() { Plugin::ProgramList } else { Plugin::ProcessList };
    Some(of.readings.get(&list)?.at?.as_second())
}

fn top(snapshot: &Snapshot) -> Option<Programs> {
    let secs = listed_at(snapshot)?;
    let all = snapshot.grouped()?;
    let all: Vec<Program> = all.iter().map(|process| program(process)).collect();
    let mut top: BTreeMap<&str, &Program> = BTreeMap::new();
    let measures: [fn(&Program) -> f64; 3] = [
        |it| it.cpu_percent.unwrap_or(0.0),
        #[expect(clippy::cast_precision_loss, reason = "bytes stay below 2^53")]
        |it| it.memory_bytes.unwrap_or(0) as f64,
        |it| it.io_bytes_per_second.unwrap_or(0.0),
    ];
    for measure in measures {
        let mut ranked: Vec<&Program> = all.iter().filter(|it| measure(it) > 0.0).collect();
        ranked.sort_by(|a, b| measure(b).total_cmp(&measure(a)).then_with(|| a.name.cmp(&b.name)));
        top.extend(ranked.into_iter().take(TOP).map(|it| (it.name.as_str(), it)));
    }
    let top: Vec<Program> = top.into_values().cloned().collect();
    let host = snapshot.host.alias.clone();
    (!top.is_empty()).then_some(Programs { host, secs, top })
}

/// As Glances tells it.
fn tenths(percent: f64) -> f64 {
    (percent * 10.0).round() / 10.0
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "bytes stay below 2^53"
)]
fn three_digits(bytes: u64) -> u64 {
    rounded(bytes as f64, PROGRAM_BITS) as u64
}

fn program(process: &Process) -> Program {
    let (read, write) = (process.io_read.per_sec, process.io_write.per_sec);
    let moved = read.or(write).map(|_| read.unwrap_or(0.0) + write.unwrap_or(0.0));
    Program {
        name: process.name.clone(),
        cpu_percent: process.cpu_percent.map(tenths),
        memory_bytes: process.memory.rss.map(three_digits),
        io_bytes_per_second: moved.map(|moved| rounded(moved.round(), PROGRAM_BITS)),
        processes: process.processes,
    }
}
