//! API 3 (Glances 3.x): positional arrays, deltas in place of counters.

use super::{Reader, Refusal, common, containers, object, rows};
use crate::Plugin;
use crate::model::{Event, Interface, Irq, Meter, Payload};

/// Shorter intervals give rates that are mostly noise.
const INTERVAL_SECS_MIN: f64 = 0.5;

pub(super) fn payload(plugin: Plugin, body: Reader<'_>) -> Result<Payload, Refusal> {
    Ok(match plugin {
        Plugin::Alert => Payload::Alert(events(body)?),
        Plugin::Containers => {
            let list = if body.is_list() { body } else { object(body)?.get("containers") };
            let containers = list.items().filter(|row| row.is_object());
            Payload::Containers(containers.filter_map(containers::v3).collect())
        }
        Plugin::Cpu => Payload::Cpu(common::cpu(object(body)?, delta)),
        Plugin::DiskIo => {
            Payload::DiskIo(rows(body)?.filter_map(|row| common::disk(row, delta)).collect())
        }
        Plugin::Irq => Payload::Irq(rows(body)?.filter_map(irq).collect()),
        Plugin::MemSwap => Payload::MemSwap(common::swap(object(body)?, total)),
        Plugin::Network => Payload::Network(rows(body)?.filter_map(interface).collect()),
        other => return common::payload(other, body),
    })
}

/// The increase since somebody's last request, over the time since then.
fn delta(row: Reader<'_>, field: &str) -> Meter {
    Meter { total: None, per_sec: per_sec(row, row.get(field)) }
}

fn per_sec(row: Reader<'_>, increase: Reader<'_>) -> Option<f64> {
    let interval = row.get("time_since_update").interval_secs()?;
    let increase = increase.num().filter(|&increase| increase >= 0.0)?;
    (interval >= INTERVAL_SECS_MIN).then_some(increase / interval)
}

fn total(row: Reader<'_>, field: &str) -> Meter {
    Meter { total: row.get(field).num(), per_sec: None }
}

fn interface(row: Reader<'_>) -> Option<Interface> {
    Some(Interface {
        bytes_recv: total(row, "cumulative_rx"),
        bytes_sent: total(row, "cumulative_tx"),
        speed_bits: common::binary_megabits(row.get("speed").num()),
        ..common::interface(row)?
    })
}

/// `irq_rate` is the increase here, despite its name.
fn irq(row: Reader<'_>) -> Option<Irq> {
    Some(Irq { line: row.get("irq_line").text()?, per_sec: per_sec(row, row.get("irq_rate")) })
}

/// `[begin, end, state, type, max, avg, min, sum, count, [processes], description, sort]`.
fn events(body: Reader<'_>) -> Result<Vec<Event>, Refusal> {
    if !body.is_list() && !body.is_empty_object() {
        return Err(Refusal::Shape { expected: "a list", found: body.kind() });
    }
    let event = |row: Reader<'_>| Event {
        kind: row.at(3).text_or_empty(),
        state: row.at(2).text_or_empty(),
        begin_secs: row.at(0).num(),
        end_secs: row.at(1).num().filter(|&end| end >= 0.0),
        min_avg_max: (row.at(6).num(), row.at(5).num(), row.at(4).num()),
        count: row.at(8).count(),
        top: row.at(9).items().filter_map(|process| process.get("name").text()).take(3).collect(),
        message: row.at(10).text(),
    };
    Ok(body.items().filter(|row| row.is_list()).map(event).collect())
}
