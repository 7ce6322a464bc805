//! `processlist`, `programlist` and the extended record of one process.

use super::Reader;
use crate::model::{Extended, Meter, Process, ProcessMemory};

/// Shorter intervals give rates that are mostly noise.
const INTERVAL_SECS_MIN: f64 = 0.5;

/// `[read, written, read before, written before, tag]`, once per process.
const IO_GROUP: usize = 5;

pub(super) fn process(row: Reader<'_>) -> Option<Process> {
    let pid = row.get("pid").small();
    let name = row.get("name").text();
    if pid.is_none() && name.is_none() {
        return None;
    }
    // Before 4.5.7 the first process of a program carries the counters of all: its own come first.
    let (io_read, io_write) = io(row, 1);
    Some(Process { pid, processes: 1, io_read, io_write, ..shared(row, name.unwrap_or_default()) })
}

/// A program: its `pid` is `"_"`, and so is what its processes differ in.
pub(super) fn program(row: Reader<'_>) -> Option<Process> {
    let name = row.get("name").text()?;
    let children: Vec<u32> = row.get("childrens").items().filter_map(Reader::small).collect();
    let counted = u32::try_from(children.len()).unwrap_or(u32::MAX).max(1);
    // Before 4.5.7 the counters of its processes stand side by side instead of summed.
    let (io_read, io_write) = io(row, usize::MAX);
    let common = shared(row, name);
    Some(Process {
        pid: None,
        // Glances puts the name here.
        command: common.command.filter(|command| *command != common.name),
        processes: row.get("nprocs").small().unwrap_or(counted),
        children,
        io_read,
        io_write,
        name: common.name,
        ..common
    })
}

fn shared(row: Reader<'_>, name: String) -> Process {
    let spoken = |field| row.get(field).text().filter(|text| text != "_");
    let (memory, times) = (row.get("memory_info"), row.get("cpu_times"));
    Process {
        name,
        command: row.get("cmdline").joined(" "),
        user: spoken("username"),
        status: spoken("status").and_then(|status| status.chars().next()),
        nice: row.get("nice").num().and_then(whole),
        threads: row.get("num_threads").count(),
        cpu_percent: row.get("cpu_percent").num(),
        memory_percent: row.get("memory_percent").num(),
        memory: ProcessMemory {
            rss: memory.field_or_place("rss", 0).count(),
            vms: memory.field_or_place("vms", 1).count(),
            shared: memory.field_or_place("shared", 2).count(),
            text: memory.field_or_place("text", 3).count(),
            data: memory.field_or_place("data", 5).count(),
        },
        cpu_user_secs: times.field_or_place("user", 0).num(),
        cpu_system_secs: times.field_or_place("system", 1).num(),
        ..Process::default()
    }
}

/// Read and write meters of the first `groups` groups, added up.
fn io(row: Reader<'_>, groups: usize) -> (Meter, Meter) {
    let counters = row.get("io_counters");
    let slots: Vec<Option<f64>> = counters.items().map(Reader::num).collect();
    let interval = row.get("time_since_update").interval_secs();
    let interval = interval.filter(|&secs| secs >= INTERVAL_SECS_MIN);
    let (mut read, mut write) = (Meter::default(), Meter::default());
    for group in slots.chunks_exact(IO_GROUP).take(groups) {
        let &[read_now, write_now, read_before, write_before, tag] = group else { continue };
        // Tag 0 is a process seen for the first time, or one that we may not look at (all zero).
        let seen_before = tag == Some(1.0);
        if !seen_before && read_now == Some(0.0) && write_now == Some(0.0) {
            continue;
        }
        let interval = interval.filter(|_| seen_before);
        add(&mut read, read_now, read_before, interval);
        add(&mut write, write_now, write_before, interval);
    }
    (read, write)
}

fn add(meter: &mut Meter, now: Option<f64>, before: Option<f64>, interval: Option<f64>) {
    let Some(now) = now.filter(|&now| now >= 0.0) else { return };
    meter.total = Some(meter.total.unwrap_or(0.0) + now);
    if let (Some(before), Some(interval)) = (before, interval)
        && now >= before
    {
        meter.per_sec = Some(meter.per_sec.unwrap_or(0.0) + (now - before) / interval);
    }
}

/// A number without fraction that fits.
fn whole(number: f64) -> Option<i32> {
    let fits = number.fract() == 0.0 && number.abs() < f64::from(i32::MAX);
    #[expect(clippy::cast_possible_truncation, reason = "checked in the line above")]
    fits.then_some(number as i32)
}

/// The watched process; `None` while the record has no extended fields.
pub(super) fn extended(row: Reader<'_>) -> Option<Extended> {
    let filled = ["num_fds", "num_handles", "num_ctx_switches", "memory_swap", "tcp"];
    if filled.iter().all(|field| row.get(field).is_null()) {
        return None;
    }
    let level = |field| row.get("ionice").get(field).num().and_then(whole).map(i64::from);
    let cpu = |field| row.get(field).num();
    let switches = row.get("num_ctx_switches");
    Some(Extended {
        pid: row.get("pid").small(),
        open_files: row.get("num_fds").count(),
        handles: row.get("num_handles").count(),
        tcp_sockets: row.get("tcp").count(),
        udp_sockets: row.get("udp").count(),
        cpu_affinity: row.get("cpu_affinity").items().filter_map(Reader::small).collect(),
        ionice: level("ioclass").map(|class| (class, level("value").unwrap_or(0))),
        memory_swap: row.get("memory_swap").count(),
        voluntary_switches: switches.field_or_place("voluntary", 0).count(),
        involuntary_switches: switches.field_or_place("involuntary", 1).count(),
        cpu_min_mean_max: cpu("cpu_min")
            .zip(cpu("cpu_mean"))
            .zip(cpu("cpu_max"))
            .map(|((min, mean), max)| (min, mean, max)),
    })
}
