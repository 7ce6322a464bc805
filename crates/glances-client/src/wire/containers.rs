//! `containers`: the same record in the two spellings of API 3 and of API 4.

use super::Reader;
use crate::model::{Container, ContainerState, Health, Meter};

/// API 3: capitals, and `network_rx` is an increase, not a rate.
pub(super) fn v3(row: Reader<'_>) -> Option<Container> {
    let network = row.get("network");
    // Docker's reads are rounded to whole seconds here, and no shorter than one.
    let interval = network.get("time_since_update").num().filter(|&secs| secs >= 1.0);
    let rate = |increase: Reader<'_>| increase.num().zip(interval).map(|(by, secs)| by / secs);
    record(row, &API_3, rate(row.get("network_rx")), rate(row.get("network_tx")))
}

/// API 4, and API 5 for when it has containers: `network_rx` is bytes per second.
pub(super) fn v4(row: Reader<'_>) -> Option<Container> {
    record(row, &API_4, row.get("network_rx").num(), row.get("network_tx").num())
}

/// Names of the fields that were renamed between the two.
struct Spelling {
    id: &'static str,
    status: &'static str,
    image: &'static str,
    command: &'static str,
    created: &'static str,
    uptime: &'static str,
}

const API_3: Spelling = Spelling {
    id: "Id",
    status: "Status",
    image: "Image",
    command: "Command",
    created: "Created",
    uptime: "Uptime",
};

const API_4: Spelling = Spelling {
    id: "id",
    status: "status",
    image: "image",
    command: "command",
    created: "created",
    uptime: "uptime",
};

fn record(
    row: Reader<'_>,
    spelling: &Spelling,
    recv_rate: Option<f64>,
    sent_rate: Option<f64>,
) -> Option<Container> {
    let (state, health) = state(row.get(spelling.status).word().unwrap_or_default());
    let engine = row.get("engine").text_or_empty();
    let (network, io, memory) = (row.get("network"), row.get("io"), row.get("memory"));
    // Podman's "rates" are its counters passed through: better none than those.
    let honest = engine != "podman";
    let counter = |counters: Reader<'_>, field, rate: Option<f64>| {
        let total = counters.get(field).num();
        let served = rate.filter(|&rate| total.is_none() && honest && rate >= 0.0);
        Meter { total, per_sec: served }
    };
    Some(Container {
        name: row.get("name").text()?,
        id: row.get(spelling.id).text_or_empty(),
        state,
        health,
        image: row.get(spelling.image).joined(",").unwrap_or_default(),
        command: row.get(spelling.command).joined(" "),
        created: row.get(spelling.created).text(),
        uptime: row.get(spelling.uptime).text(),
        cpu_percent: row.get("cpu_percent").num(),
        cpu_limit_cores: row.get("cpu_limit").num().filter(|&cores| cores > 0.0),
        memory_used: memory_used(row),
        memory_limit: row.get("memory_limit").count().or_else(|| memory.get("limit").count()),
        network_recv: counter(network, "cumulative_rx", recv_rate),
        network_sent: counter(network, "cumulative_tx", sent_rate),
        io_read: counter(io, "cumulative_ior", row.get("io_rx").num()),
        io_write: counter(io, "cumulative_iow", row.get("io_wx").num()),
        ports: ports(row.get("ports")),
        pod: row.get("pod_name").text(),
        engine,
    })
}

/// The page cache that the kernel would drop first is no use of the container's. API 3 has
/// already left it out.
fn memory_used(row: Reader<'_>) -> Option<u64> {
    let usage = row.get("memory_usage").count()?;
    let inactive = row
        .get("memory_inactive_file")
        .count()
        .or_else(|| row.get("memory").get("inactive_file").count());
    Some(usage.saturating_sub(inactive.unwrap_or(0)))
}

/// Since 4.5 the verdict of a health check stands in place of the state, and only a running
/// container has one.
fn state(status: &str) -> (ContainerState, Option<Health>) {
    let word = status.to_ascii_lowercase();
    match word.as_str() {
        "healthy" => (ContainerState::Running, Some(Health::Healthy)),
        "unhealthy" => (ContainerState::Running, Some(Health::Unhealthy)),
        "starting" => (ContainerState::Running, Some(Health::Starting)),
        "running" => (ContainerState::Running, None),
        "paused" | "frozen" => (ContainerState::Paused, None),
        "restarting" => (ContainerState::Restarting, None),
        "exited" | "stopped" => (ContainerState::Exited, None),
        "created" | "configured" | "initialized" => (ContainerState::Created, None),
        "dead" | "removing" => (ContainerState::Dead, None),
        _ => (ContainerState::Unknown, None),
    }
}

/// `8080->80/tcp,443/tcp`; an empty text means none, no field means that nobody said.
fn ports(ports: Reader<'_>) -> Option<Vec<String>> {
    let list = ports.word()?;
    let published = list.split(',').map(str::trim).filter(|port| !port.is_empty());
    Some(published.map(|port| ports.clean(port)).collect())
}
