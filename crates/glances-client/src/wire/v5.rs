//! API 5 (the Python preview and `glances-rs`): items under `data`, rates already per second.

use super::{Reader, Refusal, common, containers, object, rows};
use crate::Plugin;
use crate::model::{Interface, Irq, Meter, Payload};

/// `bytes_speed_rate_per_sec` is half the link in bytes: Mbit/s × 10^6 / 8 / 2, as its own
/// description on the server says.
const LINK_BITS_PER_SERVED_BYTE: f64 = 16.0;

pub(super) fn payload(plugin: Plugin, body: Reader<'_>) -> Result<Payload, Refusal> {
    let items = body.get("data");
    let body = if items.is_null() { body } else { items };
    Ok(match plugin {
        Plugin::Containers => Payload::Containers(rows(body)?.filter_map(containers::v4).collect()),
        Plugin::Cpu => Payload::Cpu(common::cpu(object(body)?, served)),
        Plugin::DiskIo => {
            Payload::DiskIo(rows(body)?.filter_map(|row| common::disk(row, served)).collect())
        }
        Plugin::Irq => Payload::Irq(rows(body)?.filter_map(irq).collect()),
        Plugin::MemSwap => Payload::MemSwap(common::swap(object(body)?, served)),
        Plugin::Network => Payload::Network(rows(body)?.filter_map(interface).collect()),
        other => return common::payload(other, body),
    })
}

fn served(row: Reader<'_>, field: &str) -> Meter {
    Meter { total: None, per_sec: row.get(field).num().filter(|&rate| rate >= 0.0) }
}

fn interface(row: Reader<'_>) -> Option<Interface> {
    let capacity = row.get("bytes_speed_rate_per_sec").num().filter(|&bytes| bytes > 0.0);
    Some(Interface {
        bytes_recv: served(row, "bytes_recv"),
        bytes_sent: served(row, "bytes_sent"),
        errors_in: served(row, "errors_in"),
        errors_out: served(row, "errors_out"),
        dropped_in: served(row, "dropped_in"),
        dropped_out: served(row, "dropped_out"),
        speed_bits: capacity.map(|bytes| bytes * LINK_BITS_PER_SERVED_BYTE),
        ..common::interface(row)?
    })
}

fn irq(row: Reader<'_>) -> Option<Irq> {
    Some(Irq {
        line: row.get("irq_line").text()?,
        per_sec: row.get("irq_rate").num().filter(|&rate| rate >= 0.0),
    })
}
