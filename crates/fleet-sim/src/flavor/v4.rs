//! The bodies that only API 4 spells this way: each rate field as delta, gauge and rate.

use crate::calendar::{iso, plain};
use crate::flavor::{Flavor, common};
use crate::json::{Json, tenth};
use crate::model::{Counter, Model};

/// Writes a plugin of Glances 4; `false` when there is no such plugin.
pub(super) fn write(model: &Model<'_>, plugin: &str, w: &mut Json) -> bool {
    match plugin {
        "cpu" => w.object(|w| cpu(model, w)),
        "mem" => w.object(|w| mem(model, w)),
        "now" => w.object(|w| now(model, w)),
        "psutilversion" => w.value("7.2.2"),
        "version" => w.value(model.host.spec.flavor.version()),
        "network" => network(model, w),
        "diskio" => diskio(model, w),
        other => return common::write(model, other, w),
    }
    true
}

/// Writes the current time in the two spellings of the server.
pub(super) fn now(model: &Model<'_>, w: &mut Json) {
    let clock = model.moment.own_clock();
    w.field("iso", format!("{}+00:00", iso(clock)).as_str());
    w.field("custom", plain(clock).as_str());
}

fn cpu(model: &Model<'_>, w: &mut Json) {
    let cpu = model.cpu();
    w.field("total", tenth(cpu.total));
    w.field("user", tenth(cpu.user));
    w.field("nice", tenth(cpu.nice));
    w.field("system", tenth(cpu.system));
    w.field("idle", tenth(cpu.idle));
    w.field("iowait", tenth(cpu.iowait));
    w.field("irq", 0.0);
    w.field("steal", tenth(cpu.steal));
    w.field("guest", 0.0);
    w.field("cpucore", model.host.cores);
    w.field("time_since_update", model.moment.since());
    let host = model.host;
    let none = Counter { now: 0, prev: Some(0) };
    for (name, counter) in [
        ("ctx_switches", model.counter(&host.ctx_switches, 1.0)),
        ("interrupts", model.counter(&host.interrupts, 1.0)),
        ("soft_interrupts", model.counter(&host.interrupts, 0.55)),
        ("syscalls", none),
    ] {
        // This plugin alone has gauges in its first sample, with deltas of zero.
        let prev = counter.prev.or(Some(counter.now));
        rate_field(model, name, Counter { prev, ..counter }, w);
    }
}

/// The fields of memory that every version before 5 has.
pub(super) fn mem_fields(model: &Model<'_>, w: &mut Json) {
    let mem = model.mem();
    w.field("total", mem.total);
    w.field("available", mem.available);
    w.field("percent", tenth(mem.percent));
    w.field("used", mem.used);
    // Before 4.4 this is the available memory.
    let kernels = matches!(model.host.spec.flavor, Flavor::V4_5_8);
    w.field("free", if kernels { mem.free } else { mem.available });
    w.field("active", mem.used / 4_096 * 3_072);
    w.field("inactive", mem.cached);
    w.field("buffers", mem.cached / 64);
    w.field("cached", mem.cached);
    w.field("shared", mem.total / 4_096 * 16);
}

fn mem(model: &Model<'_>, w: &mut Json) {
    mem_fields(model, w);
    if model.host.spec.flavor == Flavor::V4_5_8 {
        let [least, most, mean] = model.mem_extremes();
        w.field("percent_min", tenth(least));
        w.field("percent_max", tenth(most));
        w.field("percent_mean", (mean * 100.0).round() / 100.0);
    }
}

/// Writes the delta, gauge and rate of a counter; a first sample is the counter itself, alone.
fn rate_field(model: &Model<'_>, name: &str, counter: Counter, w: &mut Json) {
    w.field(name, counter.delta());
    if counter.prev.is_some() {
        w.key_of(name, "_gauge").value(counter.now);
        let rate = (counter.delta() as f64 / model.moment.since()).floor();
        w.key_of(name, "_rate_per_sec").value(rate);
    }
}

fn network(model: &Model<'_>, w: &mut Json) {
    w.records(&model.host.nics, |w, nic| {
        w.field("speed", nic.speed);
        w.field("key", "interface_name");
        w.field("interface_name", nic.name);
        w.field("alias", None::<&str>);
        let (recv, sent) = (model.counter(&nic.recv, 1.0), model.counter(&nic.sent, 1.0));
        rate_field(model, "bytes_recv", recv, w);
        rate_field(model, "bytes_sent", sent, w);
        rate_field(model, "bytes_all", recv.plus(sent), w);
        if model.moment.prev.is_some() {
            w.field("time_since_update", model.moment.since());
        }
    });
}

fn diskio(model: &Model<'_>, w: &mut Json) {
    let timed = model.host.spec.flavor == Flavor::V4_5_8;
    w.records(&model.host.disks, |w, disk| {
        let [read_count, write_count, read_bytes, write_bytes, read_time, write_time] =
            model.disk(disk);
        w.field("key", "disk_name");
        w.field("disk_name", disk.name.as_str());
        rate_field(model, "read_count", read_count, w);
        rate_field(model, "write_count", write_count, w);
        rate_field(model, "read_bytes", read_bytes, w);
        rate_field(model, "write_bytes", write_bytes, w);
        if timed {
            rate_field(model, "read_time", read_time, w);
            rate_field(model, "write_time", write_time, w);
            w.field("read_latency", latency(read_time, read_count));
            w.field("write_latency", latency(write_time, write_count));
        }
        if model.moment.prev.is_some() {
            w.field("time_since_update", model.moment.since());
        }
    });
}

/// Whole milliseconds of an operation; 0 when idle or in a first sample.
fn latency(time: Counter, count: Counter) -> u64 {
    match (time.prev, count.delta()) {
        (None, _) | (_, 0) => 0,
        (Some(_), operations) => time.delta() / operations,
    }
}
