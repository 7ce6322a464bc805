//! The bodies that only API 3 spells this way: counters as deltas, no gauges.

use crate::calendar::plain;
use crate::flavor::common;
use crate::json::Json;
use crate::model::Model;

/// Writes a plugin of Glances 3; `false` when there is no such plugin.
pub(super) fn write(model: &Model<'_>, plugin: &str, w: &mut Json) -> bool {
    match plugin {
        "cpu" => w.object(|w| cpu(model, w)),
        "mem" => w.object(|w| super::v4::mem_fields(model, w)),
        "now" => w.value(plain(model.moment.own_clock()).as_str()),
        "psutilversion" => w.value([7_u32, 2, 2].as_slice()),
        "network" => network(model, w),
        "diskio" => diskio(model, w),
        other => return common::write(model, other, w),
    }
    true
}

fn cpu(model: &Model<'_>, w: &mut Json) {
    let cpu = model.cpu();
    common::core_shares(&cpu, w);
    w.field("time_since_update", model.moment.since());
    w.field("cpucore", model.host.cores);
    // A first sample has nothing to compare with and says zero.
    let delta = |curve, scale| {
        let counter = model.counter(curve, scale);
        counter.prev.map_or(0, |_| counter.delta())
    };
    w.field("ctx_switches", delta(&model.host.ctx_switches, 1.0));
    w.field("interrupts", delta(&model.host.interrupts, 1.0));
    w.field("soft_interrupts", delta(&model.host.interrupts, 0.55));
    w.field("syscalls", 0_u32);
}

fn network(model: &Model<'_>, w: &mut Json) {
    w.records(&model.host.nics, |w, nic| {
        let (rx, tx) = (model.counter(&nic.recv, 1.0), model.counter(&nic.sent, 1.0));
        w.field("interface_name", nic.name);
        w.field("alias", None::<&str>);
        w.field("time_since_update", model.moment.since());
        for (name, counter) in [("rx", rx), ("tx", tx), ("cx", rx.plus(tx))] {
            w.key_of("cumulative_", name).value(counter.now);
            w.field(name, counter.prev.map_or(0, |_| counter.delta()));
        }
        w.field("is_up", true);
        w.field("speed", nic.speed);
        w.field("key", "interface_name");
    });
}

fn diskio(model: &Model<'_>, w: &mut Json) {
    w.records(&model.host.disks, |w, disk| {
        let [read_count, write_count, read_bytes, write_bytes, ..] = model.disk(disk);
        w.field("time_since_update", model.moment.since());
        w.field("disk_name", disk.name.as_str());
        w.field("read_count", read_count.delta());
        w.field("write_count", write_count.delta());
        w.field("read_bytes", read_bytes.delta());
        w.field("write_bytes", write_bytes.delta());
        w.field("key", "disk_name");
    });
}
