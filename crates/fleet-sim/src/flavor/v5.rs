//! The bodies of API 5, the Python preview and `glances-rs`: one number per rate, levels beside the
//! fields, collections under `data`.

use crate::flavor::{Flavor, common, processes};
use crate::json::{Json, tenth};
use crate::load::Curve;
use crate::model::Model;

/// Writes a plugin of API 5; `false` when there is no such plugin.
pub(super) fn write(model: &Model<'_>, plugin: &str, w: &mut Json) -> bool {
    let python = model.host.spec.flavor == Flavor::V5Python;
    match plugin {
        "cpu" => envelope(model, w, |w| cpu(model, w), |w| cpu_levels(model, w)),
        "mem" => envelope(
            model,
            w,
            |w| mem(model, w),
            |w| level(w, "percent", model.mem().percent, PERCENT),
        ),
        "memswap" => {
            envelope(model, w, |w| memswap(model, w), |w| level(w, "percent", 0.0, PERCENT));
        }
        "load" => envelope(model, w, |w| load(model, w), |w| load_levels(model, w)),
        "system" => envelope(model, w, |w| common::system(model, w), |_| ()),
        "uptime" => envelope(model, w, |w| uptime(model, w), |_| ()),
        "network" => envelope(model, w, |w| network(model, w), |w| network_levels(model, w)),
        "diskio" => envelope(model, w, |w| diskio(model, w), |_| ()),
        "fs" => envelope(model, w, |w| fs(model, w), |w| fs_levels(model, w)),
        "core" if python => envelope(model, w, |w| common::core(model, w), |_| ()),
        "now" if python => envelope(model, w, |w| super::v4::now(model, w), |_| ()),
        "percpu" if python => envelope(model, w, |w| percpu(model, w), |_| ()),
        "processcount" if python => {
            envelope(model, w, |w| common::process_count(model, w), |_| ());
        }
        "processlist" if python => envelope(
            model,
            w,
            |w| processes::list(model, w.key("data"), None),
            |w| process_levels(model, w),
        ),
        "programlist" if python => {
            envelope(model, w, |w| processes::programs(model, w.key("data")), |_| ());
        }
        "psutilversion" if python => envelope(model, w, |w| w.field("version", "7.2.2"), |_| ()),
        "quicklook" if python => {
            envelope(model, w, |w| quicklook(model, w), |w| quicklook_levels(model, w));
        }
        "version" if python => {
            envelope(model, w, |w| w.field("version", model.host.spec.flavor.version()), |_| ());
        }
        _ => return false,
    }
    true
}

fn envelope(
    model: &Model<'_>,
    w: &mut Json,
    fields: impl FnOnce(&mut Json),
    levels: impl FnOnce(&mut Json),
) {
    w.object(|w| {
        fields(w);
        w.field("time_since_update", model.moment.since());
        let python = model.host.spec.flavor == Flavor::V5Python;
        w.key("_levels").object(|w| {
            // glances-rs has no levels until thresholds are configured.
            if python {
                levels(w);
            }
        });
    });
}

fn level(w: &mut Json, name: &str, value: f64, limits: [f64; 3]) {
    let [careful, warning, critical] = limits;
    let word = match value {
        value if value >= critical => "critical",
        value if value >= warning => "warning",
        value if value >= careful => "careful",
        _ => "ok",
    };
    w.key(name).object(|w| {
        w.field("level", word);
        w.field("prominent", false);
    });
}

/// The limits of a percentage.
const PERCENT: [f64; 3] = [50.0, 70.0, 90.0];

/// A rate as each server writes it: rounded by `glances-rs`, raw by the Python preview.
fn rate(model: &Model<'_>, curve: &Curve, scale: f64) -> f64 {
    let rate = if model.moment.prev.is_some() { model.mean(curve) * scale } else { 0.0 };
    if model.host.spec.flavor == Flavor::V5Rust { tenth(rate) } else { rate }
}

fn cpu(model: &Model<'_>, w: &mut Json) {
    let cpu = model.cpu();
    w.field("user", tenth(cpu.user));
    w.field("system", tenth(cpu.system));
    w.field("idle", tenth(cpu.idle));
    w.field("nice", tenth(cpu.nice));
    w.field("iowait", tenth(cpu.iowait));
    w.field("irq", 0.0);
    w.field("steal", tenth(cpu.steal));
    w.field("guest", 0.0);
    w.field("total", tenth(cpu.total));
    w.field("ctx_switches", rate(model, &model.host.ctx_switches, 1.0));
    w.field("interrupts", rate(model, &model.host.interrupts, 1.0));
    w.field("soft_interrupts", rate(model, &model.host.interrupts, 0.55));
    w.field("syscalls", 0.0);
    w.field("cpucore", model.host.cores);
}

fn cpu_levels(model: &Model<'_>, w: &mut Json) {
    let cpu = model.cpu();
    level(w, "total", cpu.total, PERCENT);
    level(w, "system", cpu.system, PERCENT);
    level(w, "user", cpu.user, PERCENT);
    level(w, "iowait", cpu.iowait, PERCENT);
    level(w, "steal", cpu.steal, [5.0, 15.0, 30.0]);
    level(w, "ctx_switches", model.mean(&model.host.ctx_switches), [3e4, 5e4, 1e5]);
}

fn mem(model: &Model<'_>, w: &mut Json) {
    let mem = model.mem();
    w.field("total", mem.total);
    w.field("available", mem.available);
    w.field("percent", tenth(mem.percent));
    w.field("used", mem.used);
    w.field("free", mem.free);
    w.field("active", mem.used / 4_096 * 3_072);
    w.field("inactive", mem.cached);
    w.field("buffers", mem.cached / 64);
    w.field("cached", mem.cached);
    if model.host.spec.flavor == Flavor::V5Python {
        w.field("shared", mem.total / 4_096 * 16);
        w.field("slab", mem.total / 4_096 * 60);
    }
}

fn memswap(model: &Model<'_>, w: &mut Json) {
    common::swap_sizes(model, w);
    w.field("sin", rate(model, &model.host.swap_io, 0.5));
    w.field("sout", rate(model, &model.host.swap_io, 1.0));
}

fn load(model: &Model<'_>, w: &mut Json) {
    if model.host.spec.flavor == Flavor::V5Python {
        return common::load(model, w);
    }
    let [min1, min5, min15] = model.load().map(|load| (load * 100.0).round() / 100.0);
    w.field("min1", min1);
    w.field("min5", min5);
    w.field("min15", min15);
    w.field("cpucore", model.host.cores);
}

fn load_levels(model: &Model<'_>, w: &mut Json) {
    let cores = f64::from(model.host.cores);
    let [_, min5, min15] = model.load();
    level(w, "min5", min5 / cores, [0.7, 1.0, 5.0]);
    level(w, "min15", min15 / cores, [0.7, 1.0, 5.0]);
}

fn uptime(model: &Model<'_>, w: &mut Json) {
    w.field("seconds", (model.moment.at - model.moment.boot).max(0.0) as u64);
}

fn network(model: &Model<'_>, w: &mut Json) {
    let python = model.host.spec.flavor == Flavor::V5Python;
    w.key("data").records(&model.host.nics, |w, nic| {
        w.field("interface_name", nic.name);
        let (recv, sent) = (rate(model, &nic.recv, 1.0), rate(model, &nic.sent, 1.0));
        w.field("bytes_recv", recv);
        w.field("bytes_sent", sent);
        // Half of the link, in bytes.
        let capacity = nic.speed / 1_048_576 * 1_000_000 / 16;
        if python {
            for name in ["errors_in", "errors_out", "dropped_in", "dropped_out"] {
                w.field(name, 0.0);
            }
            w.field("bytes_speed_rate_per_sec", capacity as f64);
        } else {
            w.field("bytes_all", recv + sent);
            w.field("bytes_speed_rate_per_sec", capacity);
            w.field("speed", nic.speed);
        }
        w.field("is_up", true);
    });
}

fn network_levels(model: &Model<'_>, w: &mut Json) {
    for nic in &model.host.nics {
        w.key(nic.name).object(|w| {
            level(w, "errors_in", 0.0, [1.0, 5.0, 20.0]);
            level(w, "errors_out", 0.0, [1.0, 5.0, 20.0]);
        });
    }
}

fn diskio(model: &Model<'_>, w: &mut Json) {
    w.key("data").records(&model.host.disks, |w, disk| {
        let ops = 1.0 / disk.bytes_per_op;
        w.field("disk_name", disk.name.as_str());
        w.field("read_count", rate(model, &disk.read, ops));
        w.field("write_count", rate(model, &disk.write, ops));
        w.field("read_bytes", rate(model, &disk.read, 1.0));
        w.field("write_bytes", rate(model, &disk.write, 1.0));
    });
}

fn fs(model: &Model<'_>, w: &mut Json) {
    w.key("data").records(&model.host.mounts, |w, mount| common::fs(model, mount, w));
}

fn fs_levels(model: &Model<'_>, w: &mut Json) {
    for mount in &model.host.mounts {
        let percent = model.usage(mount).percent;
        w.key(mount.path).object(|w| level(w, "percent", percent, [70.0, 80.0, 90.0]));
    }
}

fn percpu(model: &Model<'_>, w: &mut Json) {
    w.key("data").records(model.cores(), |w, (number, cpu)| {
        w.field("cpu_number", number);
        common::core_shares(&cpu, w);
    });
}

fn process_levels(model: &Model<'_>, w: &mut Json) {
    let total = model.host.mem_total as f64;
    for now in model.processes() {
        w.key(&now.process.pid.to_string()).object(|w| {
            level(w, "cpu_percent", now.cpu_percent, PERCENT);
            level(w, "memory_percent", 100.0 * now.rss as f64 / total, PERCENT);
        });
    }
}

fn quicklook(model: &Model<'_>, w: &mut Json) {
    let [_, _, min15] = model.load();
    w.field("cpu", tenth(model.cpu().total));
    w.key("percpu").records(model.cores(), |w, (number, cpu)| {
        w.field("cpu_number", number);
        w.field("total", tenth(cpu.total));
    });
    w.field("mem", tenth(model.mem().percent));
    w.field("swap", tenth(100.0 * model.swap_used() as f64 / model.host.swap_total.max(1) as f64));
    w.field("cpu_log_core", model.host.cores);
    w.field("load", tenth(100.0 * min15 / f64::from(model.host.cores)));
    w.field("cpu_phys_core", (model.host.cores / 2).max(1));
    w.field("cpu_hz_current", 2_245_780_000_u64);
    w.field("cpu_name", "AMD EPYC 7543 32-Core Processor");
}

fn quicklook_levels(model: &Model<'_>, w: &mut Json) {
    let [_, _, min15] = model.load();
    level(w, "cpu", model.cpu().total, PERCENT);
    level(w, "mem", model.mem().percent, PERCENT);
    level(w, "swap", 0.0, PERCENT);
    level(w, "load", 100.0 * min15 / f64::from(model.host.cores), [70.0, 100.0, 500.0]);
}
