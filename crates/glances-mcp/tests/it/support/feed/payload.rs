//! A simulated model as what the client decodes from a server: the same units, the same rounding, the
//! same gaps on a first sample.

use fleet_sim::{
    Flavor, flavor,
    load::{Curve, hash},
    model::{ContainerState as Simulated, Counter, Model},
};
use glances_client::{Plugin, model::*};

/// Process ids of Glances begin above those of the other programs.
const GLANCES_PIDS: u32 = 1_000_000;

/// What a server tells of a plugin; `None` for one that says nothing that history keeps.
pub(super) fn of(model: &Model<'_>, plugin: Plugin) -> Option<Payload> {
    let host = model.host;
    Some(match plugin {
        Plugin::Cpu => Payload::Cpu(cpu(model)),
        Plugin::PerCpu => Payload::PerCpu(cores(model)),
        Plugin::Load => {
            let [min1, min5, min15] = model.load().map(Some);
            Payload::Load(Load { min1, min5, min15, cores: Some(host.cores) })
        }
        Plugin::Mem => Payload::Mem(mem(model)),
        Plugin::MemSwap => Payload::MemSwap(swap(model)),
        Plugin::Fs => Payload::Fs(host.mounts.iter().map(|it| filesystem(model, it)).collect()),
        Plugin::DiskIo => Payload::DiskIo(host.disks.iter().map(|it| disk(model, it)).collect()),
        Plugin::Network => {
            Payload::Network(host.nics.iter().map(|it| interface(model, it)).collect())
        }
        Plugin::Uptime => Payload::Uptime((model.moment.at - model.moment.boot).floor()),
        Plugin::Core => Payload::Core(Core {
            physical: Some((host.cores / 2).max(1)),
            logical: Some(host.cores),
        }),
        Plugin::ProcessCount => {
            let total = host.processes.len() as u64 - dead(model);
            let running = (model.cpu().total / 100.0 * f64::from(host.cores)).ceil() as u64;
            let threads = host.processes.iter().map(|it| u64::from(it.kind.threads)).sum();
            Payload::ProcessCount(ProcessCount {
                total: Some(total),
                running: Some(running),
                sleeping: Some(total - running.min(total)),
                threads: Some(threads),
            })
        }
        Plugin::ProcessList => Payload::ProcessList(processes(model)),
        Plugin::ProgramList => {
            let processes = processes(model);
            let programs = glances_mcp::snapshot::programs::merged(processes.iter());
            Payload::ProgramList(programs.into_iter().map(std::borrow::Cow::into_owned).collect())
        }
        Plugin::Containers if host.has_engine() => {
            Payload::Containers(model.containers().map(|it| container(model, &it)).collect())
        }
        Plugin::Sensors if host.is_physical() => Payload::Sensors(sensors(model)),
        Plugin::Connections => Payload::Connections(connections(model)),
        _ => return None,
    })
}

fn dead(model: &Model<'_>) -> u64 {
    let loops = model.host.processes.iter().map(|process| &process.crashes);
    let dead = |crashes: &Vec<_>| {
        fleet_sim::host::script::alive_secs(crashes, model.moment.at).is_some_and(|it| it <= 0.0)
    };
    loops.filter(|crashes| dead(crashes)).count() as u64
}

fn tenth(value: f64) -> Option<f64> {
    Some((value * 10.0).round() / 10.0)
}

/// A counter as the client makes a rate of it.
fn meter(model: &Model<'_>, counter: Counter) -> Meter {
    let per_sec = counter.prev.map(|_| counter.delta() as f64 / model.moment.since());
    Meter { total: Some(counter.now as f64), per_sec }
}

fn counted(model: &Model<'_>, curve: &Curve) -> Meter {
    meter(model, model.counter(curve, 1.0))
}

fn cpu(model: &Model<'_>) -> Cpu {
    let cpu = model.cpu();
    let (switches, interrupts) = (&model.host.ctx_switches, &model.host.interrupts);
    Cpu {
        total: tenth(cpu.total),
        user: tenth(cpu.user),
        system: tenth(cpu.system),
        idle: tenth(cpu.idle),
        iowait: tenth(cpu.iowait),
        nice: tenth(cpu.nice),
        irq: Some(0.0),
        softirq: Some(0.0),
        steal: tenth(cpu.steal),
        guest: Some(0.0),
        dpc: None,
        cores: Some(model.host.cores),
        ctx_switches: counted(model, switches),
        interrupts: counted(model, interrupts),
        soft_interrupts: meter(model, model.counter(interrupts, 0.4)),
        window_secs: Some(model.moment.since()),
    }
}

fn cores(model: &Model<'_>) -> Vec<CoreTimes> {
    let core = |(number, cpu): (u32, fleet_sim::model::Cpu)| CoreTimes {
        number,
        total: tenth(cpu.total),
        user: tenth(cpu.user),
        system: tenth(cpu.system),
        idle: tenth(cpu.idle),
        iowait: tenth(cpu.iowait),
        steal: tenth(cpu.steal),
    };
    model.cores().map(core).collect()
}

fn mem(model: &Model<'_>) -> Mem {
    let mem = model.mem();
    let newest = model.host.spec.flavor == Flavor::V4_5_8;
    Mem {
        total: Some(mem.total),
        available: Some(mem.available),
        used: Some(mem.used),
        free: newest.then_some(mem.free),
        percent: tenth(mem.percent),
        active: Some(mem.used / 4_096 * 3_072),
        inactive: Some(mem.cached),
        buffers: Some(mem.cached / 64),
        cached: Some(mem.cached),
        shared: Some(mem.total / 4_096 * 16),
        wired: None,
    }
}

fn swap(model: &Model<'_>) -> MemSwap {
    let (total, used) = (model.host.swap_total, model.swap_used());
    let moved = |scale: f64| {
        let counter = model.counter(&model.host.swap_io, scale);
        let pages = |bytes: u64| bytes / 4_096 * 4_096;
        meter(model, Counter { now: pages(counter.now), prev: counter.prev.map(pages) })
    };
    MemSwap {
        total: Some(total),
        used: Some(used),
        free: Some(total - used),
        percent: tenth(100.0 * used as f64 / total.max(1) as f64),
        swapped_in: moved(0.5),
        swapped_out: moved(1.0),
    }
}

fn filesystem(model: &Model<'_>, mount: &fleet_sim::host::Mount) -> Filesystem {
    let usage = model.usage(mount);
    Filesystem {
        mount: mount.path.to_owned(),
        device: mount.device.clone(),
        kind: mount.kind.to_owned(),
        size: Some(mount.size),
        used: Some(usage.used),
        free: Some(usage.free),
        percent: tenth(usage.percent),
        read_only: Some(false),
    }
}

fn disk(model: &Model<'_>, disk: &fleet_sim::host::Disk) -> Disk {
    let newest = model.host.spec.flavor == Flavor::V4_5_8;
    let [reads, writes, read, written, reading, writing] =
        model.disk(disk).map(|counter| meter(model, counter));
    Disk {
        name: disk.name.clone(),
        read_count: reads,
        write_count: writes,
        read_bytes: read,
        write_bytes: written,
        read_time_ms: if newest { reading } else { Meter::default() },
        write_time_ms: if newest { writing } else { Meter::default() },
    }
}

fn interface(model: &Model<'_>, nic: &fleet_sim::host::Nic) -> Interface {
    Interface {
        name: nic.name.to_owned(),
        bytes_recv: counted(model, &nic.recv),
        bytes_sent: counted(model, &nic.sent),
        speed_bits: (nic.speed > 0).then_some(nic.speed as f64),
        is_up: Some(true),
        ..Interface::default()
    }
}

/// The processes by name. Their I/O is that of their curves, without a counter each.
fn processes(model: &Model<'_>) -> Vec<Process> {
    let used = model.mem().used as f64;
    let at = model.moment.at;
    let dead = |crashes: &[_]| {
        fleet_sim::host::script::alive_secs(crashes, at).is_some_and(|secs| secs <= 0.0)
    };
    let living = model.host.processes.iter().filter(|process| !dead(&process.crashes));
    let one = |process: &fleet_sim::host::Process| {
        let grown: f64 = process.grown.iter().map(|bump| bump.value(at)).sum();
        let io = |base: f64, salt| {
            let moved = |base| model.mean(&Curve::new(base, hash(process.seed, salt)));
            let per_sec = model.moment.prev.map(|_| if base > 0.0 { moved(base) } else { 0.0 });
            Meter { total: None, per_sec }
        };
        let busy = model.moment.prev.map_or(0.0, |_| model.mean(&process.cpu));
        let rss = (used * process.mem_share + grown) as u64 / 4_096 * 4_096;
        Process {
            pid: Some(pid(model, process)),
            command: Some(process.kind.cmdline.join(" ")),
            name: process.kind.name.to_owned(),
            user: Some(process.kind.user.to_owned()),
            status: Some('S'),
            threads: Some(u64::from(process.kind.threads)),
            cpu_percent: tenth(busy * 100.0),
            memory_percent: Some(rss as f64 * 100.0 / model.host.mem_total as f64),
            memory: ProcessMemory { rss: Some(rss), ..ProcessMemory::default() },
            io_read: io(process.kind.read, 1),
            io_write: io(process.kind.write, 2),
            processes: 1,
            ..Process::default()
        }
    };
    living.map(one).collect()
}

/// Glances has another process id whenever it is started, as programs have.
fn pid(model: &Model<'_>, process: &fleet_sim::host::Process) -> u32 {
    match process.kind.name {
        "glances" => GLANCES_PIDS + model.moment.started as u32 % GLANCES_PIDS,
        _ => process.pid,
    }
}

fn container(model: &Model<'_>, now: &fleet_sim::model::ContainerNow<'_>) -> Container {
    let kind = now.container.kind;
    // In place of the state, and such a server measures none that has not passed.
    let shows_health = model.host.spec.flavor == Flavor::V4_5_8;
    let (state, health) = match now.state {
        Simulated::Running => (ContainerState::Running, None),
        Simulated::Healthy => (ContainerState::Running, Some(Health::Healthy)),
        Simulated::Unhealthy => (ContainerState::Running, Some(Health::Unhealthy)),
        Simulated::Starting => (ContainerState::Running, Some(Health::Starting)),
        Simulated::Paused => (ContainerState::Paused, None),
        Simulated::Exited => (ContainerState::Exited, None),
        Simulated::Restarting => (ContainerState::Restarting, None),
    };
    let measured = now.state.is_measured(shows_health);
    let health = health.filter(|_| shows_health);
    let limit = if kind.mem_limit == 0 { model.host.mem_total } else { kind.mem_limit };
    let traffic = |counter| if measured { meter(model, counter) } else { Meter::default() };
    Container {
        name: kind.name.to_owned(),
        id: now.id(),
        engine: "docker".to_owned(),
        state,
        health,
        image: kind.image.to_owned(),
        command: None,
        created: None,
        uptime: measured.then(|| flavor::humanised(now.uptime_secs)),
        cpu_percent: measured.then_some(now.cpu_percent),
        cpu_limit_cores: Some(f64::from(model.host.cores)),
        memory_used: measured.then_some(now.memory - now.memory / 16),
        memory_limit: measured.then_some(limit),
        network_recv: traffic(now.rx),
        network_sent: traffic(now.tx),
        io_read: Meter::default(),
        io_write: Meter::default(),
        ports: None,
        pod: None,
    }
}

fn sensors(model: &Model<'_>) -> Vec<Sensor> {
    let one = |sensor: &fleet_sim::host::Sensor| Sensor {
        label: sensor.label.clone(),
        kind: sensor.kind.to_owned(),
        value: Some(model.sensor(sensor) as f64),
        unit: match sensor.unit {
            "C" => SensorUnit::Celsius,
            "R" => SensorUnit::Rpm,
            _ => SensorUnit::Percent,
        },
        warning: None,
        critical: None,
        status: None,
    };
    model.host.sensors.iter().map(one).collect()
}

fn connections(model: &Model<'_>) -> Connections {
    let open = (model.host.cpu.value(model.moment.at) * 400.0) as u64 + 2;
    let states = [("LISTEN", 7), ("ESTABLISHED", open), ("TIME_WAIT", open / 2)];
    let tracked = (open + open / 2) as f64;
    Connections {
        by_state: states.map(|(state, count)| (state.to_owned(), count)).into(),
        conntrack_count: Some(tracked),
        conntrack_max: Some(262_144.0),
        conntrack_percent: Some(100.0 * tracked / 262_144.0),
    }
}
