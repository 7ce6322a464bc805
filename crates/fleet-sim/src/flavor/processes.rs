//! The bodies of `processlist`, `programlist` and the extended record of one process.

use crate::flavor::{Flavor, cut};
use crate::json::{Json, tenth};
use crate::load::hash;
use crate::model::{Model, ProcessNow};

/// Group identifiers follow from the owner.
fn group(user: &str) -> u64 {
    match user {
        "root" => 0,
        "www-data" => 33,
        "postgres" => 104,
        "nobody" => 65_534,
        other => 900 + other.bytes().map(u64::from).sum::<u64>() % 100,
    }
}

/// Resident, virtual, shared, text, library, data and dirty bytes.
fn memory(now: &ProcessNow<'_>) -> [u64; 7] {
    let rss = now.rss;
    [rss, rss * 3, rss / 5, if rss == 0 { 0 } else { 4_096 }, 0, rss, 0]
}

/// Seconds in programs, in the kernel, the same of children, and waiting.
fn times(now: &ProcessNow<'_>) -> [f64; 5] {
    let hundredth = |secs: f64| (secs * 100.0).round() / 100.0;
    [hundredth(now.cpu_secs * 0.7), hundredth(now.cpu_secs * 0.3), 0.0, 0.0, 0.0]
}

/// Bytes read and written now and at the sample before; the last number says whether that is known.
fn io(now: &ProcessNow<'_>) -> [u64; 5] {
    match (now.read.prev, now.write.prev) {
        (Some(read), Some(write)) => [now.read.now, now.write.now, read, write, 1],
        _ => [now.read.now, now.write.now, 0, 0, 0],
    }
}

const MEMORY_NAMES: [&str; 7] = ["rss", "vms", "shared", "text", "lib", "data", "dirty"];
const TIMES_NAMES: [&str; 5] = ["user", "system", "children_user", "children_system", "iowait"];
const GROUP_NAMES: [&str; 3] = ["real", "effective", "saved"];

/// A tuple: an array in API 3, an object later.
fn tuple<T: crate::json::Put + Copy>(
    w: &mut Json,
    flavor: Flavor,
    key: &str,
    names: &[&str],
    values: &[T],
) {
    w.key(key);
    if flavor.api() == 3 {
        w.value(values);
    } else {
        w.object(|w| {
            for (name, &value) in names.iter().zip(values) {
                w.field(name, value);
            }
        });
    }
}

/// The fields of one process. `siblings` are the processes whose counters a defect of 4.3 appends.
fn record(model: &Model<'_>, now: &ProcessNow<'_>, siblings: &[ProcessNow<'_>], w: &mut Json) {
    let flavor = model.host.spec.flavor;
    let process = now.process;
    let gid = group(process.kind.user);
    tuple(w, flavor, "gids", &GROUP_NAMES, &[gid; 3]);
    tuple(w, flavor, "memory_info", &MEMORY_NAMES, &memory(now));
    w.field("pid", process.pid);
    w.field("name", process.kind.name);
    w.field("nice", process.kind.nice);
    w.key("io_counters").array(|w| {
        for number in siblings.iter().chain([now]).flat_map(io) {
            w.value(number);
        }
    });
    tuple(w, flavor, "cpu_times", &TIMES_NAMES, &times(now));
    w.field("memory_percent", 100.0 * now.rss as f64 / model.host.mem_total as f64);
    w.field("status", now.status);
    w.field("cpu_percent", now.cpu_percent);
    w.field("num_threads", process.kind.threads);
    w.field("key", "pid");
    w.field("time_since_update", model.moment.since());
    w.field("cmdline", process.kind.cmdline);
    w.field("username", process.kind.user);
    if flavor == Flavor::V5Python {
        w.field("cpu_num", hash(process.seed, 7) % u64::from(model.host.cores));
    }
}

/// Writes the list of processes, the busiest first.
pub(super) fn list(model: &Model<'_>, w: &mut Json, count: Option<i64>) {
    let processes = model.processes();
    let kept = count.map_or(processes.len(), |count| cut(processes.len(), count));
    let doubled = model.host.spec.flavor == Flavor::V4_3_3;
    let mut seen = Vec::new();
    w.records(processes.iter().take(kept), |w, now| {
        let name = now.process.kind.name;
        let first = doubled && !seen.contains(&name);
        // From 4.3.0 to 4.5.6 the first process of a program carries the counters of all of them.
        let siblings: Vec<ProcessNow<'_>> = if first {
            seen.push(name);
            processes
                .iter()
                .filter(|other| {
                    other.process.kind.name == name && other.process.pid != now.process.pid
                })
                .copied()
                .collect()
        } else {
            Vec::new()
        };
        record(model, now, &siblings, w);
    });
}

/// Writes the body of one process.
pub(super) fn one(model: &Model<'_>, now: &ProcessNow<'_>, w: &mut Json) {
    w.object(|w| record(model, now, &[], w));
}

/// Writes the fields of up to `count` of the busiest processes as records of an array.
pub(super) fn busiest(model: &Model<'_>, count: usize, w: &mut Json) {
    w.records(model.processes().iter().take(count), |w, now| record(model, now, &[], w));
}

/// The extended record of a process, or `None` when there is no such process.
#[must_use]
pub fn extended(model: &Model<'_>, pid: u32, with_details: bool) -> Option<String> {
    let now = model.process_of(pid)?;
    let mut w = Json::new(false);
    if !with_details {
        one(model, &now, &mut w);
        return Some(w.finish());
    }
    let seed = now.process.seed;
    let memory = 100.0 * now.rss as f64 / model.host.mem_total as f64;
    w.object(|w| {
        record(model, &now, &[], w);
        w.field("num_fds", 8 + hash(seed, 1) % 300);
        w.key("ionice").object(|w| {
            w.field("ioclass", 0_u32);
            w.field("value", 0_u32);
        });
        w.key("cpu_affinity").array(|w| (0..model.host.cores).for_each(|core| w.value(core)));
        w.key("num_ctx_switches").object(|w| {
            w.field("voluntary", (now.cpu_secs * 180.0) as u64);
            w.field("involuntary", (now.cpu_secs * 25.0) as u64);
        });
        w.field("memory_swap", 0_u32);
        w.field("tcp", hash(seed, 2) % 20);
        w.field("udp", hash(seed, 3) % 3);
        for (name, value) in [("cpu", now.cpu_percent), ("memory", memory)] {
            w.key_of(name, "_min").value(value * 0.7);
            w.key_of(name, "_max").value(value * 1.3);
            w.key_of(name, "_mean_sum").value(value * 4.0);
            w.key_of(name, "_mean_counter").value(4_u32);
            w.key_of(name, "_mean").value(value);
        }
        w.field("extended_stats", true);
    });
    Some(w.finish())
}

/// Writes the processes merged by name, the busiest first.
pub(super) fn programs(model: &Model<'_>, w: &mut Json) {
    let processes = model.processes();
    let mut groups: Vec<Vec<ProcessNow<'_>>> = Vec::new();
    for now in processes {
        let same = |group: &&mut Vec<ProcessNow<'_>>| {
            group.first().is_some_and(|first| first.process.kind.name == now.process.kind.name)
        };
        match groups.iter_mut().find(same) {
            Some(group) => group.push(now),
            None => groups.push(vec![now]),
        }
    }
    let cpu = |group: &[ProcessNow<'_>]| group.iter().map(|now| now.cpu_percent).sum::<f64>();
    groups.sort_by(|a, b| cpu(b).total_cmp(&cpu(a)));
    w.records(&groups, |w, group| program(model, group, w));
}

fn program(model: &Model<'_>, group: &[ProcessNow<'_>], w: &mut Json) {
    let Some(first) = group.first() else { return };
    let flavor = model.host.spec.flavor;
    let sum = |of: &dyn Fn(&ProcessNow<'_>) -> f64| group.iter().map(of).sum::<f64>();
    let sums = |of: &dyn Fn(&ProcessNow<'_>) -> u64| group.iter().map(of).sum::<u64>();
    let threads: u32 = group.iter().map(|now| now.process.kind.threads).sum();
    w.field("time_since_update", model.moment.since());
    w.field("num_threads", threads);
    w.field("cpu_percent", tenth(sum(&|now| now.cpu_percent)));
    w.field("memory_percent", 100.0 * sum(&|now| now.rss as f64) / model.host.mem_total as f64);
    let all_memory = std::array::from_fn::<u64, 7, _>(|i| {
        sums(&|now| memory(now).get(i).copied().unwrap_or_default())
    });
    let all_times = std::array::from_fn::<f64, 5, _>(|i| {
        sum(&|now| times(now).get(i).copied().unwrap_or_default())
    });
    tuple(w, flavor, "cpu_times", &TIMES_NAMES, &all_times);
    tuple(w, flavor, "memory_info", &MEMORY_NAMES, &all_memory);
    w.key("io_counters").array(|w| {
        if flavor == Flavor::V4_5_8 {
            for i in 0..4 {
                w.value(sums(&|now| io(now).get(i).copied().unwrap_or_default()));
            }
            w.value(io(first)[4]);
        } else {
            // Concatenated instead of added up before 4.5.7.
            group.iter().flat_map(io).for_each(|number| w.value(number));
        }
    });
    if flavor.api() == 4 {
        w.key("childrens").array(|w| group.iter().for_each(|now| w.value(now.process.pid)));
        w.field("pid", "_");
    }
    w.field("name", first.process.kind.name);
    w.field("cmdline", [first.process.kind.name].as_slice());
    let mixed = |of: &dyn Fn(&ProcessNow<'_>) -> bool| !group.iter().all(of);
    let user = first.process.kind.user;
    w.field("username", if mixed(&|now| now.process.kind.user == user) { "_" } else { user });
    if mixed(&|now| now.process.kind.nice == first.process.kind.nice) {
        w.field("nice", "_");
    } else {
        w.field("nice", first.process.kind.nice);
    }
    w.field("status", if mixed(&|now| now.status == first.status) { "_" } else { first.status });
    w.field("nprocs", group.len());
}

/// Names of the busiest processes, for an event.
pub(super) fn names(model: &Model<'_>, count: usize, w: &mut Json) {
    w.array(|w| {
        model.processes().iter().take(count).for_each(|now| w.value(now.process.kind.name));
    });
}
