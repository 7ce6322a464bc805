//! API 4 (Glances 4.x): `<field>_gauge` is the counter.
//!
//! `<field>` itself is the increase since anybody's last request, or the raw counter in a first
//! sample, and `<field>_rate_per_sec` is rounded down: neither is used.

use super::{IRQ_PER_SECOND_SINCE, Reader, Refusal, Release, common, containers, object, rows};
use crate::Plugin;
use crate::model::{Interface, Irq, Meter, Payload};

pub(super) fn payload(
    plugin: Plugin,
    body: Reader<'_>,
    release: Option<Release>,
) -> Result<Payload, Refusal> {
    Ok(match plugin {
        Plugin::Containers => Payload::Containers(rows(body)?.filter_map(containers::v4).collect()),
        Plugin::Cpu => Payload::Cpu(common::cpu(object(body)?, gauge)),
        Plugin::DiskIo => {
            Payload::DiskIo(rows(body)?.filter_map(|row| common::disk(row, gauge)).collect())
        }
        Plugin::Irq => Payload::Irq(rows(body)?.filter_map(|row| irq(row, release)).collect()),
        Plugin::MemSwap => Payload::MemSwap(common::swap(object(body)?, total)),
        Plugin::Network => Payload::Network(rows(body)?.filter_map(interface).collect()),
        other => return common::payload(other, body),
    })
}

fn gauge(row: Reader<'_>, field: &str) -> Meter {
    Meter { total: row.get(&format!("{field}_gauge")).num(), per_sec: None }
}

fn total(row: Reader<'_>, field: &str) -> Meter {
    Meter { total: row.get(field).num(), per_sec: None }
}

fn interface(row: Reader<'_>) -> Option<Interface> {
    Some(Interface {
        bytes_recv: gauge(row, "bytes_recv"),
        bytes_sent: gauge(row, "bytes_sent"),
        speed_bits: common::binary_megabits(row.get("speed").num()),
        ..common::interface(row)?
    })
}

/// Per second since 4.5.8, the increase before: without the release it could be either.
fn irq(row: Reader<'_>, release: Option<Release>) -> Option<Irq> {
    let rate = row.get("irq_rate").num().filter(|&rate| rate >= 0.0);
    let interval = row.get("time_since_update").interval_secs().filter(|&secs| secs >= 0.5);
    let per_sec = match release {
        Some(release) if release >= IRQ_PER_SECOND_SINCE => rate.filter(|_| interval.is_some()),
        Some(_) => rate.zip(interval).map(|(increase, secs)| increase / secs),
        None => None,
    };
    Some(Irq { line: row.get("irq_line").text()?, per_sec })
}
