//! The rows themselves.

use glances_client::model::{CheckOutcome, Meter, SensorUnit};

use super::{Kind, Metric, Read, Unit, Worse};
use crate::snapshot::{Snapshot, mounts};

const fn one(
    path: &'static str,
    unit: Unit,
    help: &'static str,
    read: fn(&Snapshot) -> Option<f64>,
) -> Metric {
    row(path, unit, help, Read::One(read))
}

const fn many(
    path: &'static str,
    unit: Unit,
    help: &'static str,
    read: fn(&Snapshot) -> Vec<(String, f64)>,
) -> Metric {
    row(path, unit, help, Read::Many(read))
}

const fn row(path: &'static str, unit: Unit, help: &'static str, read: Read) -> Metric {
    Metric {
        path,
        unit,
        help,
        kind: Kind::Gauge,
        worse: Worse::Neither,
        thresholds: None,
        per_core: false,
        weight: 0,
        judged: false,
        share_of: None,
        read,
    }
}

impl Metric {
    const fn high(mut self, careful: f64, warning: f64, critical: f64) -> Self {
        self.worse = Worse::High;
        self.thresholds = Some([careful, warning, critical]);
        self
    }
    const fn low(mut self, careful: f64, warning: f64, critical: f64) -> Self {
        self.worse = Worse::Low;
        self.thresholds = Some([careful, warning, critical]);
        self
    }
    const fn worse_high(mut self) -> Self {
        self.worse = Worse::High;
        self
    }
    const fn worse_low(mut self) -> Self {
        self.worse = Worse::Low;
        self
    }
    const fn weight(mut self, weight: u8) -> Self {
        self.weight = weight;
        self
    }
    const fn rate(mut self) -> Self {
        self.kind = Kind::Rate;
        self
    }
    const fn per_core(mut self) -> Self {
        self.per_core = true;
        self
    }
    const fn judged(mut self) -> Self {
        self.judged = true;
        self
    }
    const fn part_of(mut self, path: &'static str) -> Self {
        self.share_of = Some(path);
        self
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts and bytes stay below 2^53")]
const fn float(value: u64) -> f64 {
    value as f64
}

fn bytes(value: Option<u64>) -> Option<f64> {
    value.map(float)
}

/// One value an item, those without a value left out.
fn each<T>(
    items: Option<&Vec<T>>,
    label: impl Fn(&T) -> String,
    value: impl Fn(&T) -> Option<f64>,
) -> Vec<(String, f64)> {
    items.into_iter().flatten().filter_map(|item| Some((label(item), value(item)?))).collect()
}

fn each_mount(s: &Snapshot, value: fn(&mounts::Mount<'_>) -> Option<f64>) -> Vec<(String, f64)> {
    let mounts = s.filesystems().map(|all| mounts::distinct(all)).unwrap_or_default();
    let judged = mounts.iter().filter(|mount| mounts::can_fill(mount.fs));
    judged.filter_map(|mount| Some((mount.fs.mount.clone(), value(mount)?))).collect()
}

fn each_disk(s: &Snapshot, meter: fn(&glances_client::model::Disk) -> Meter) -> Vec<(String, f64)> {
    each(s.disks(), |d| d.name.clone(), |d| meter(d).per_sec)
}

fn each_nic(
    s: &Snapshot,
    meter: fn(&glances_client::model::Interface) -> Meter,
) -> Vec<(String, f64)> {
    each(s.interfaces(), |i| i.name.clone(), |i| meter(i).per_sec)
}

fn each_container(
    s: &Snapshot,
    value: fn(&glances_client::model::Container) -> Option<f64>,
) -> Vec<(String, f64)> {
    each(s.containers(), |c| c.name.clone(), value)
}

fn each_sensor(s: &Snapshot, unit: SensorUnit) -> Vec<(String, f64)> {
    let all = s.sensors().into_iter().flatten().filter(|sensor| sensor.unit == unit);
    all.filter_map(|sensor| Some((sensor.label.clone(), sensor.value?))).collect()
}

use Unit::{
    Bytes, BytesPerSecond, Celsius, Count, Dbm, Flag, Load, Milliseconds, PerSecond, Percent,
    PercentOfCore, Rpm, Seconds, Watts,
};

/// Every series that a poll yields.
pub static METRICS: &[Metric] = &[
    one("cpu.total", Percent, "CPU time not idle", |s| s.cpu()?.total)
        .high(75.0, 85.0, 95.0)
        .weight(8)
        .judged(),
    one("cpu.user", Percent, "CPU time in user space", |s| s.cpu()?.user)
        .worse_high()
        .part_of("cpu.total"),
    one("cpu.system", Percent, "CPU time in the kernel", |s| s.cpu()?.system)
        .high(50.0, 70.0, 90.0)
        .weight(3)
        .part_of("cpu.total"),
    one("cpu.iowait", Percent, "CPU time waiting for I/O (Linux)", |s| s.cpu()?.iowait)
        .high(20.0, 35.0, 50.0)
        .weight(6)
        .part_of("cpu.total")
        .judged(),
    one("cpu.steal", Percent, "CPU time taken by the hypervisor", |s| s.cpu()?.steal)
        .high(10.0, 20.0, 40.0)
        .weight(5)
        .part_of("cpu.total")
        .judged(),
    one("cpu.nice", Percent, "CPU time of niced processes", |s| s.cpu()?.nice).part_of("cpu.total"),
    one("cpu.irq", Percent, "CPU time of hardware interrupts", |s| s.cpu()?.irq)
        .part_of("cpu.total"),
    one("cpu.idle", Percent, "CPU time idle", |s| s.cpu()?.idle).worse_low(),
    one("cpu.guest", Percent, "CPU time of guests", |s| s.cpu()?.guest).part_of("cpu.total"),
    one("cpu.ctx_switches", PerSecond, "Context switches", |s| s.cpu()?.ctx_switches.per_sec)
        .rate(),
    one("cpu.interrupts", PerSecond, "Hardware interrupts", |s| s.cpu()?.interrupts.per_sec).rate(),
    one("cpu.soft_interrupts", PerSecond, "Software interrupts", |s| {
        s.cpu()?.soft_interrupts.per_sec
    })
    .rate(),
    many("percpu.total", Percent, "One core's time not idle", |s| {
        each(s.cores(), |c| c.number.to_string(), |c| c.total)
    })
    .worse_high(),
    one("load.min1", Load, "Load average over 1 minute", |s| s.load()?.min1).worse_high(),
    one("load.min5", Load, "Load average over 5 minutes", |s| s.load()?.min5)
        .high(1.0, 2.0, 4.0)
        .per_core()
        .weight(6)
        .judged(),
    one("load.min15", Load, "Load average over 15 minutes", |s| s.load()?.min15).worse_high(),
    one("mem.percent", Percent, "Memory that is not available", |s| s.mem()?.percent)
        .high(80.0, 90.0, 95.0)
        .weight(8)
        .judged(),
    one("mem.used", Bytes, "Memory that is not available", |s| bytes(s.mem()?.used))
        .worse_high()
        .part_of("mem.total"),
    one("mem.available", Bytes, "Memory that programs can still get", |s| {
        bytes(s.mem()?.available)
    })
    .worse_low()
    .part_of("mem.total"),
    one("mem.total", Bytes, "Memory of the machine", |s| bytes(s.mem()?.total)),
    one("mem.cached", Bytes, "Page cache", |s| bytes(s.mem()?.cached)).part_of("mem.total"),
    one("mem.free", Bytes, "Memory that nothing uses (Glances 4.4)", |s| bytes(s.mem()?.free))
        .part_of("mem.total"),
    one("mem.active", Bytes, "Memory used lately", |s| bytes(s.mem()?.active)).part_of("mem.total"),
    one("mem.inactive", Bytes, "Memory not used lately", |s| bytes(s.mem()?.inactive))
        .part_of("mem.total"),
    one("mem.shared", Bytes, "Shared memory", |s| bytes(s.mem()?.shared)).part_of("mem.total"),
    one("mem.buffers", Bytes, "Block device buffers", |s| bytes(s.mem()?.buffers))
        .part_of("mem.total"),
    one("memswap.percent", Percent, "Swap in use", |s| {
        s.swap().filter(|swap| swap.total.is_some_and(|total| total > 0))?.percent
    })
    .high(50.0, 70.0, 90.0)
    .weight(4)
    .judged(),
    one("memswap.used", Bytes, "Swap in use", |s| bytes(s.swap()?.used)).worse_high(),
    one("memswap.total", Bytes, "Size of swap", |s| bytes(s.swap()?.total)),
    one("memswap.sin", BytesPerSecond, "Bytes read from swap", |s| s.swap()?.swapped_in.per_sec)
        .rate()
        .high(1e6, 1e7, 5e7)
        .weight(5),
    one("memswap.sout", BytesPerSecond, "Bytes written to swap", |s| s.swap()?.swapped_out.per_sec)
        .rate()
        .high(1e6, 1e7, 5e7)
        .weight(5),
    many("fs.percent", Percent, "Space in use, one row a filesystem", |s| {
        each_mount(s, |m| m.fs.percent)
    })
    .high(80.0, 90.0, 95.0)
    .weight(9)
    .judged(),
    many("fs.used", Bytes, "Space in use", |s| each_mount(s, |m| bytes(m.fs.used)))
        .worse_high()
        .part_of("fs.size"),
    many("fs.free", Bytes, "Space that users can still take", |s| {
        each_mount(s, |m| bytes(m.fs.free))
    })
    .worse_low()
    .part_of("fs.size"),
    many("fs.size", Bytes, "Size", |s| each_mount(s, |m| bytes(m.fs.size))),
    many("diskio.read_bytes", BytesPerSecond, "Bytes read", |s| each_disk(s, |d| d.read_bytes))
        .rate()
        .judged(),
    many("diskio.write_bytes", BytesPerSecond, "Bytes written", |s| {
        each_disk(s, |d| d.write_bytes)
    })
    .rate()
    .judged(),
    many("diskio.read_count", PerSecond, "Read operations", |s| each_disk(s, |d| d.read_count))
        .rate(),
    many("diskio.write_count", PerSecond, "Write operations", |s| each_disk(s, |d| d.write_count))
        .rate(),
    many("diskio.read_latency", Milliseconds, "Time of one read (Glances 4.4)", |s| {
        each(s.disks(), |d| d.name.clone(), |d| latency_ms(d.read_time_ms, d.read_count))
    })
    .worse_high()
    .judged(),
    many("diskio.write_latency", Milliseconds, "Time of one write (Glances 4.4)", |s| {
        each(s.disks(), |d| d.name.clone(), |d| latency_ms(d.write_time_ms, d.write_count))
    })
    .worse_high()
    .judged(),
    many("network.bytes_recv", BytesPerSecond, "Bytes received", |s| each_nic(s, |i| i.bytes_recv))
        .rate()
        .judged(),
    many("network.bytes_sent", BytesPerSecond, "Bytes sent", |s| each_nic(s, |i| i.bytes_sent))
        .rate()
        .judged(),
    many("network.use", Percent, "Busier direction's share of the link speed", |s| {
        each(
            s.interfaces(),
            |i| i.name.clone(),
            |i| {
                let busiest = i.bytes_recv.per_sec?.max(i.bytes_sent.per_sec?);
                Some(busiest * 8.0 / i.speed_bits? * 100.0)
            },
        )
    })
    .high(70.0, 80.0, 90.0)
    .weight(4),
    many("network.errors_in", PerSecond, "Receive errors (v5 preview)", |s| {
        each_nic(s, |i| i.errors_in)
    })
    .rate()
    .worse_high(),
    many("network.errors_out", PerSecond, "Send errors (v5 preview)", |s| {
        each_nic(s, |i| i.errors_out)
    })
    .rate()
    .worse_high(),
    many("connections.count", Count, "TCP sockets by state", |s| {
        let states = s.connections().map(|c| &c.by_state);
        states.into_iter().flatten().map(|(state, n)| (state.clone(), float(*n))).collect()
    }),
    one("connections.nf_conntrack_percent", Percent, "Connection tracking table in use", |s| {
        s.connections()?.conntrack_percent
    })
    .high(70.0, 80.0, 90.0)
    .weight(5),
    one("processcount.total", Count, "Processes", |s| bytes(s.process_count()?.total)).judged(),
    one("processcount.running", Count, "Running processes", |s| bytes(s.process_count()?.running)),
    one("processcount.thread", Count, "Threads", |s| bytes(s.process_count()?.threads)),
    many("sensors.temperature", Celsius, "Temperature", |s| each_sensor(s, SensorUnit::Celsius))
        .high(70.0, 80.0, 90.0)
        .weight(4),
    many("sensors.fan", Rpm, "Fan speed", |s| each_sensor(s, SensorUnit::Rpm)),
    many("sensors.battery", Percent, "Battery charge", |s| each_sensor(s, SensorUnit::Percent))
        .low(30.0, 20.0, 10.0)
        .weight(2),
    many("gpu.proc", Percent, "GPU in use", |s| {
        each(s.gpus(), |g| g.id.clone(), |g| g.processor_percent)
    }),
    many("gpu.mem", Percent, "GPU memory in use", |s| {
        each(s.gpus(), |g| g.id.clone(), |g| g.memory_percent)
    })
    .worse_high(),
    many("gpu.temperature", Celsius, "GPU temperature", |s| {
        each(s.gpus(), |g| g.id.clone(), |g| g.temperature)
    })
    .high(75.0, 85.0, 95.0)
    .weight(3),
    many("npu.load", Percent, "NPU in use", |s| {
        each(s.npus(), |n| n.id.clone(), |n| n.load_percent)
    }),
    many("npu.power", Watts, "NPU power", |s| each(s.npus(), |n| n.id.clone(), |n| n.power)),
    many("raid.degraded", Flag, "A disk of the array is missing", |s| {
        each(s.raid(), |a| a.name.clone(), |a| a.degraded().map(flag))
    })
    .high(1.0, 1.0, 1.0)
    .weight(9),
    many("smart.failed", Flag, "A SMART attribute is at its vendor's limit", |s| {
        each(
            s.smart(),
            |d| d.name.clone(),
            |disk| {
                let failed = |a: &glances_client::model::SmartAttribute| {
                    a.value
                        .zip(a.threshold)
                        .is_some_and(|(value, limit)| limit > 0.0 && value <= limit)
                };
                Some(flag(disk.attributes.iter().any(failed)))
            },
        )
    })
    .high(1.0, 1.0, 1.0)
    .weight(8),
    many("folders.size", Bytes, "Size of a watched folder", |s| {
        each(s.folders(), |f| f.path.clone(), |f| bytes(f.size))
    }),
    many("ports.up", Flag, "A check made by Glances succeeds", |s| {
        each(s.ports(), check_label, |p| match p.outcome {
            CheckOutcome::Up { .. } => Some(1.0),
            CheckOutcome::Down => Some(0.0),
            CheckOutcome::NotYet => None,
        })
    })
    .low(0.0, 0.0, 0.0)
    .weight(7),
    many("ports.rtt", Seconds, "Round trip of a check made by Glances", |s| {
        each(s.ports(), check_label, |p| match p.outcome {
            CheckOutcome::Up { seconds } => seconds,
            CheckOutcome::Down | CheckOutcome::NotYet => None,
        })
    })
    .worse_high(),
    many("containers.cpu_percent", PercentOfCore, "CPU of a container", |s| {
        each_container(s, |c| c.cpu_percent)
    }),
    many("containers.memory_usage", Bytes, "Memory of a container, file cache left out", |s| {
        each_container(s, |c| bytes(c.memory_used))
    }),
    many("containers.memory_percent", Percent, "Memory of a container's limit", |s| {
        each_container(s, |c| {
            let limit = c.memory_limit.filter(|limit| *limit > 0)?;
            Some(float(c.memory_used?) / float(limit) * 100.0)
        })
    })
    .high(80.0, 90.0, 95.0)
    .weight(5),
    many("containers.unhealthy", Flag, "A container's own health check fails", |s| {
        each_container(s, |c| {
            c.health.map(|health| flag(health == glances_client::model::Health::Unhealthy))
        })
    })
    .high(1.0, 1.0, 1.0)
    .weight(7),
    many("containers.network_rx", BytesPerSecond, "Bytes received by a container", |s| {
        each_container(s, |c| c.network_recv.per_sec)
    })
    .rate(),
    many("containers.network_tx", BytesPerSecond, "Bytes sent by a container", |s| {
        each_container(s, |c| c.network_sent.per_sec)
    })
    .rate(),
    many("amps.count", Count, "Processes of a monitored application", |s| {
        each(s.amps(), |a| a.name.clone(), |a| bytes(a.count))
    }),
    many("wifi.quality_level", Dbm, "Signal", |s| {
        each(s.wifi(), |w| w.name.clone(), |w| w.signal_dbm)
    })
    .worse_low(),
    many("irq.irq_rate", PerSecond, "Interrupts of a line", |s| {
        each(s.irqs(), |i| i.line.clone(), |i| i.per_sec)
    })
    .rate(),
    one("uptime.seconds", Seconds, "Time since the machine started", |s| s.uptime_secs().copied()),
    one("server.up", Flag, "Glances answered the poll", |s| {
        s.reach.last_attempt.map(|_| flag(s.reach.error.is_none()))
    })
    .worse_low(),
    one("server.response", Milliseconds, "Time to Glances' first answer in a poll", |s| {
        s.reach.latency_ms.last().copied().filter(|_| s.reach.error.is_none())
    })
    .worse_high()
    .judged(),
];

fn flag(on: bool) -> f64 {
    if on { 1.0 } else { 0.0 }
}

fn check_label(check: &glances_client::model::PortCheck) -> String {
    check.port.map_or_else(|| check.target.clone(), |port| format!("{}:{port}", check.target))
}

/// Milliseconds of one operation: time spent over operations done; `None` when none was done.
fn latency_ms(time_ms: Meter, count: Meter) -> Option<f64> {
    let count = count.per_sec.filter(|count| *count > 0.0)?;
    Some(time_ms.per_sec? / count)
}
