//! The plugins that every version spells alike, and the rows that differ in their counters only.

use super::{Reader, Refusal, devices, object, processes, rows};
use crate::Plugin;
use crate::model::{
    Cloud, Connections, Core, CoreTimes, Cpu, Disk, Event, Filesystem, Interface, Ip, Load, Mem,
    MemSwap, Meter, Payload, ProcessCount, QuickLook, System,
};

/// How one version spells a counter: its row and the field's name → what is known of it.
pub(super) type MeterOf = fn(Reader<'_>, &str) -> Meter;

/// What every version serves alike.
pub(super) fn payload(plugin: Plugin, body: Reader<'_>) -> Result<Payload, Refusal> {
    Ok(match plugin {
        Plugin::Alert => Payload::Alert(rows(body)?.map(event).collect()),
        Plugin::Amps => Payload::Amps(rows(body)?.filter_map(devices::amp).collect()),
        Plugin::Cloud => Payload::Cloud(cloud(object(body)?)),
        Plugin::Connections => Payload::Connections(connections(object(body)?)),
        Plugin::Core => Payload::Core(core(object(body)?)),
        Plugin::Folders => Payload::Folders(rows(body)?.filter_map(devices::folder).collect()),
        Plugin::Fs => Payload::Fs(rows(body)?.filter_map(filesystem).collect()),
        Plugin::Gpu => Payload::Gpu(rows(body)?.filter_map(devices::gpu).collect()),
        Plugin::Ip => Payload::Ip(ip(object(body)?)),
        Plugin::Load => Payload::Load(load(object(body)?)),
        Plugin::Mem => Payload::Mem(mem(object(body)?)),
        Plugin::Npu => Payload::Npu(rows(body)?.filter_map(devices::npu).collect()),
        Plugin::PerCpu => Payload::PerCpu(rows(body)?.filter_map(core_times).collect()),
        Plugin::Ports => Payload::Ports(rows(body)?.filter_map(devices::port_check).collect()),
        Plugin::ProcessCount => Payload::ProcessCount(process_count(object(body)?)),
        Plugin::ProcessList => {
            Payload::ProcessList(rows(body)?.filter_map(processes::process).collect())
        }
        Plugin::ProgramList => {
            Payload::ProgramList(rows(body)?.filter_map(processes::program).collect())
        }
        Plugin::QuickLook => Payload::QuickLook(quicklook(object(body)?)),
        Plugin::Raid => Payload::Raid(devices::raid(object(body)?)),
        Plugin::Sensors => Payload::Sensors(rows(body)?.filter_map(devices::sensor).collect()),
        Plugin::Smart => Payload::Smart(rows(body)?.map(devices::smart_disk).collect()),
        Plugin::System => Payload::System(system(object(body)?)),
        Plugin::Uptime => Payload::Uptime(uptime(body)?),
        Plugin::Version => Payload::Version(version(body)?),
        Plugin::Vms => Payload::Vms(rows(body)?.filter_map(devices::vm).collect()),
        Plugin::Wifi => Payload::Wifi(rows(body)?.filter_map(devices::wifi).collect()),
        // Spelled differently by each version, which therefore reads them itself.
        Plugin::Containers
        | Plugin::Cpu
        | Plugin::DiskIo
        | Plugin::Irq
        | Plugin::MemSwap
        | Plugin::Network => return Err(Refusal::Null),
    })
}

/// `cpu`. Before its first sample Glances serves zeros, idle included, which cannot be. It measures
/// the total and the shares apart, and either can be unsampled while the other holds: psutil
/// remembers the time before by thread, and a web server has several.
pub(super) fn cpu(row: Reader<'_>, meter: MeterOf) -> Cpu {
    let unsampled = all_shares_are_zero(row);
    let share = |field| if unsampled { None } else { row.get(field).num() };
    let total = match row.get("total").num() {
        Some(0.0) if unsampled => None,
        // As psutil counts it: neither idle nor waiting for I/O.
        Some(0.0) => share("idle").map(|idle| {
            let busy = 100.0 - idle - share("iowait").unwrap_or(0.0);
            // Rounded shares of an idle machine do not add up exactly.
            busy.clamp(0.0, 100.0)
        }),
        total => total,
    };
    let counter = |field| {
        let mut counter = meter(row, field);
        if total.is_none() {
            counter.per_sec = None;
        }
        counter
    };
    Cpu {
        total,
        user: share("user"),
        system: share("system"),
        idle: share("idle"),
        iowait: share("iowait"),
        nice: share("nice"),
        irq: share("irq"),
        softirq: share("softirq"),
        steal: share("steal"),
        guest: share("guest"),
        dpc: share("dpc"),
        cores: row.get("cpucore").small(),
        ctx_switches: counter("ctx_switches"),
        interrupts: counter("interrupts"),
        soft_interrupts: counter("soft_interrupts"),
        window_secs: row.get("time_since_update").interval_secs(),
    }
}

pub(super) fn swap(row: Reader<'_>, meter: MeterOf) -> MemSwap {
    MemSwap {
        total: row.get("total").count(),
        used: row.get("used").count(),
        free: row.get("free").count(),
        percent: row.get("percent").num(),
        swapped_in: meter(row, "sin"),
        swapped_out: meter(row, "sout"),
    }
}

pub(super) fn disk(row: Reader<'_>, meter: MeterOf) -> Option<Disk> {
    Some(Disk {
        name: row.get("disk_name").text()?,
        read_count: meter(row, "read_count"),
        write_count: meter(row, "write_count"),
        read_bytes: meter(row, "read_bytes"),
        write_bytes: meter(row, "write_bytes"),
        read_time_ms: meter(row, "read_time"),
        write_time_ms: meter(row, "write_time"),
    })
}

/// What all versions say of an interface; counters and speed are the caller's.
pub(super) fn interface(row: Reader<'_>) -> Option<Interface> {
    Some(Interface {
        name: row.get("interface_name").text()?,
        alias: row.get("alias").text(),
        is_up: row.get("is_up").flag(),
        ..Interface::default()
    })
}

/// Glances multiplies megabits by 2^20; decimal bits are meant. 0 is "unknown".
pub(super) fn binary_megabits(speed: Option<f64>) -> Option<f64> {
    speed.filter(|&bits| bits > 0.0).map(|bits| bits / 1_048_576.0 * 1_000_000.0)
}

/// Whether the shares of CPU time are served and add up to nothing, idle included.
fn all_shares_are_zero(row: Reader<'_>) -> bool {
    const SHARES: [&str; 9] =
        ["user", "system", "idle", "nice", "iowait", "irq", "softirq", "steal", "guest"];
    let mut served = SHARES.iter().filter_map(|share| row.get(share).num()).peekable();
    served.peek().is_some() && served.all(|share| share == 0.0)
}

/// One core. Its total is 100 less its idle share, so it says nothing before the first sample.
fn core_times(row: Reader<'_>) -> Option<CoreTimes> {
    let unsampled = all_shares_are_zero(row);
    let share = |field| if unsampled { None } else { row.get(field).num() };
    Some(CoreTimes {
        number: row.get("cpu_number").small()?,
        total: share("total"),
        user: share("user"),
        system: share("system"),
        idle: share("idle"),
        iowait: share("iowait"),
        steal: share("steal"),
    })
}

fn load(row: Reader<'_>) -> Load {
    Load {
        min1: row.get("min1").num(),
        min5: row.get("min5").num(),
        min15: row.get("min15").num(),
        cores: row.get("cpucore").small(),
    }
}

/// `mem`. glances-rs leaves the caches out of `used`, so `used` is computed where it can be; a
/// `free` equal to `available` is the latter under another name.
fn mem(row: Reader<'_>) -> Mem {
    let total = row.get("total").count();
    let available = row.get("available").count();
    let unavailable =
        total.zip(available).and_then(|(total, available)| total.checked_sub(available));
    Mem {
        total,
        available,
        used: unavailable.or_else(|| row.get("used").count()),
        free: row.get("free").count().filter(|&free| Some(free) != available),
        percent: row.get("percent").num(),
        active: row.get("active").count(),
        inactive: row.get("inactive").count(),
        buffers: row.get("buffers").count(),
        cached: row.get("cached").count(),
        shared: row.get("shared").count(),
        wired: row.get("wired").count(),
    }
}

fn filesystem(row: Reader<'_>) -> Option<Filesystem> {
    let read_only = |options: &str| options.split(',').any(|option| option.trim() == "ro");
    Some(Filesystem {
        mount: row.get("mnt_point").text()?,
        device: row.get("device_name").text_or_empty(),
        kind: row.get("fs_type").text_or_empty(),
        size: row.get("size").count(),
        used: row.get("used").count(),
        free: row.get("free").count(),
        percent: row.get("percent").num(),
        read_only: row.get("options").word().map(read_only),
    })
}

/// `connections`: the states are the fields spelled in capitals.
fn connections(row: Reader<'_>) -> Connections {
    let is_state = |name: &str| {
        name.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
    };
    let counted = row.get("net_connections_enabled").flag() != Some(false);
    let tracked = row.get("nf_conntrack_enabled").flag() != Some(false);
    let conntrack = |field| row.get(field).num().filter(|_| tracked);
    Connections {
        by_state: row
            .entries()
            .filter(|(name, _)| counted && is_state(name))
            .filter_map(|(name, count)| Some((row.clean(name), count.count()?)))
            .collect(),
        conntrack_count: conntrack("nf_conntrack_count"),
        conntrack_max: conntrack("nf_conntrack_max"),
        conntrack_percent: conntrack("nf_conntrack_percent"),
    }
}

fn core(row: Reader<'_>) -> Core {
    Core { physical: row.get("phys").small(), logical: row.get("log").small() }
}

fn process_count(row: Reader<'_>) -> ProcessCount {
    ProcessCount {
        total: row.get("total").count(),
        running: row.get("running").count(),
        sleeping: row.get("sleeping").count(),
        threads: row.get("thread").count(),
    }
}

fn quicklook(row: Reader<'_>) -> QuickLook {
    QuickLook {
        cpu_name: row.get("cpu_name").text(),
        cpu_hz: row.get("cpu_hz_current").num().filter(|&hertz| hertz > 0.0),
    }
}

fn system(row: Reader<'_>) -> System {
    System {
        hostname: row.get("hostname").text_or_empty(),
        os_name: row.get("os_name").text_or_empty(),
        os_version: row.get("os_version").text(),
        distro: row.get("linux_distro").text(),
        platform: row.get("platform").text(),
    }
}

fn ip(row: Reader<'_>) -> Ip {
    Ip {
        address: row.get("address").text(),
        mask_bits: row.get("mask_cidr").small().filter(|&bits| bits <= 128),
        public_address: row.get("public_address").text(),
    }
}

fn cloud(row: Reader<'_>) -> Cloud {
    Cloud {
        platform: row.get("platform").text(),
        id: row.get("id").text(),
        kind: row.get("type").text(),
        region: row.get("region").text(),
    }
}

fn event(row: Reader<'_>) -> Event {
    Event {
        kind: row.get("type").text_or_empty(),
        state: row.get("state").text_or_empty(),
        begin_secs: row.get("begin").num(),
        end_secs: row.get("end").num().filter(|&end| end >= 0.0),
        min_avg_max: (row.get("min").num(), row.get("avg").num(), row.get("max").num()),
        count: row.get("count").count(),
        top: row.get("top").items().filter_map(Reader::text).collect(),
        message: row.get("global_msg").text().or_else(|| row.get("desc").text()),
    }
}

/// `uptime`: a Python `timedelta` in words, or an object with seconds (API 5).
fn uptime(body: Reader<'_>) -> Result<f64, Refusal> {
    let secs = body.get("seconds").num().or_else(|| timedelta_secs(body.word()?));
    let shape = Refusal::Shape { expected: "a duration", found: body.kind() };
    secs.filter(|&secs| secs >= 0.0).ok_or(shape)
}

/// `3:04:05`, `0:00:03.250000`, `1 day, 0:00:03`, `12 days, 3:04:05` → seconds.
fn timedelta_secs(text: &str) -> Option<f64> {
    let (days, clock) = match text.split_once(',') {
        Some((days, clock)) => (days.trim().split(' ').next()?.parse::<u32>().ok()?, clock),
        None => (0, text),
    };
    let mut parts = clock.trim().split(':');
    let hours: u32 = parts.next()?.parse().ok()?;
    let minutes: u32 = parts.next()?.parse().ok()?;
    let secs: f64 = parts.next()?.parse().ok()?;
    let whole = parts.next().is_none() && minutes < 60 && (0.0..60.0).contains(&secs);
    let total = f64::from(days) * 86_400.0 + f64::from(hours) * 3_600.0;
    whole.then_some(total + f64::from(minutes) * 60.0 + secs)
}

fn version(body: Reader<'_>) -> Result<String, Refusal> {
    let shape = Refusal::Shape { expected: "a version", found: body.kind() };
    body.text().or_else(|| body.get("version").text()).ok_or(shape)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_python_timedelta_is_seconds() {
        let table = [
            ("0:16:43", Some(1003.0)),
            ("1 day, 0:00:03", Some(86_403.0)),
            ("12 days, 3:04:05", Some(1_047_845.0)),
            ("400 days, 23:59:59.500000", Some(34_646_399.5)),
            ("0:00:00", Some(0.0)),
            ("", None),
            ("soon", None),
            ("1 day", None),
            ("-1 day, 23:59:00", None),
            ("1:2", None),
            ("0:61:00", None),
            ("0:00:NaN", None),
            ("1:2:3:4", None),
        ];
        for (text, secs) in table {
            assert_eq!(timedelta_secs(text), secs, "{text}");
        }
    }

    #[test]
    fn link_speed_is_decimal_bits_and_zero_is_unknown() {
        assert_eq!(binary_megabits(Some(1_048_576_000.0)), Some(1e9));
        assert_eq!(binary_megabits(Some(0.0)), None);
        assert_eq!(binary_megabits(None), None);
    }
}
