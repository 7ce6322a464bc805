//! What history keeps of a poll: every number that is new since the one before, and the programs
//! that used most. Pure.

use std::collections::BTreeMap;

use glances_client::{Plugin, model::Process};

use crate::{
    metric::{self, Kind, METRICS, Metric, Unit},
    snapshot::Snapshot,
    store::{Program, Programs, Sample},
};

/// Values of one poll: a machine with thousands of items is a mistake or an attack.
const VALUES_MAX: usize = 10_000;
/// Programs kept by each of CPU, memory and I/O.
const TOP: usize = 5;
/// Least time between two lists of programs, seconds.
const PROGRAMS_EVERY_SECS: i64 = 60;
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
/// and times seven digits.
fn kept(metric: &Metric, value: f64) -> f64 {
    match (metric.unit, metric.kind) {
        (Unit::Percent | Unit::PercentOfCore, _) => thousandths(value),
        (Unit::Milliseconds, _) | (_, Kind::Rate) => seven_digits(value),
        _ => value,
    }
}

fn thousandths(value: f64) -> f64 {
    (value * 1_000.0).round() / 1_000.0
}

/// The nearest number with 24 bits of mantissa. Whole numbers up to there stay as they are.
fn seven_digits(value: f64) -> f64 {
    const DROPPED_BITS: u32 = 29;
    const HALF: u64 = 1 << (DROPPED_BITS - 1);
    let bits = value.to_bits().saturating_add(HALF) >> DROPPED_BITS << DROPPED_BITS;
    let near = f64::from_bits(bits);
    if near.is_finite() { near } else { value }
}

/// The top programs, when their list is new and the last one is a minute old.
pub(super) fn programs(before: Option<&Snapshot>, snapshot: &Snapshot) -> Option<Programs> {
    let at = |of: &Snapshot| {
        let list = if of.programs().is_some() { Plugin::ProgramList } else { Plugin::ProcessList };
        Some(of.readings.get(&list)?.at?.as_second())
    };
    let secs = at(snapshot)?;
    let last = before.and_then(at);
    if last.is_some_and(|last| secs - last < PROGRAMS_EVERY_SECS - PROGRAMS_EARLY_SECS) {
        return None;
    }
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

fn program(process: &Process) -> Program {
    let (read, write) = (process.io_read.per_sec, process.io_write.per_sec);
    let moved = read.or(write).map(|_| read.unwrap_or(0.0) + write.unwrap_or(0.0));
    Program {
        name: process.name.clone(),
        cpu_percent: process.cpu_percent.map(thousandths),
        memory_bytes: process.memory.rss,
        io_bytes_per_second: moved.map(f64::round),
        processes: process.processes,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seven_digits_are_close_and_whole_numbers_stay() {
        for value in [0.0, 1.0, 4_096.0, 12_345_678.0, -3.0, f64::MAX] {
            assert_eq!(seven_digits(value), value);
        }
        for value in [1.0 / 3.0, 987_654.321, 1e-9, 5e12 / 60.003, -2.0 / 7.0] {
            assert!((seven_digits(value) / value - 1.0).abs() < 1e-7, "{value}");
        }
    }
}
