//! Traffic of interfaces, sockets, and the checks that Glances makes.

use std::collections::BTreeMap;

use glances_client::{
    Plugin,
    model::{CheckOutcome, Interface, PortCheck},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Context, Output, Tool, ToolError,
    args::{Cursor, Format, Limit, Servers},
    listing::Cut,
    view::{self, NAME_CHARS, fits, shown_age},
};
use crate::{
    model::HostName,
    query::{
        compact,
        coverage::{Coverage, Tally},
    },
    redact::clip,
    render,
    snapshot::Snapshot,
};

pub(super) struct GetNetworkStats;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct GetNetworkStatsInput {
    #[serde(default)]
    servers: Servers,
    /// Interface name or glob, such as eth*
    interface: Option<String>,
    #[serde(default)]
    format: Format,
    limit: Option<Limit>,
    per_server: Option<Limit>,
    cursor: Option<Cursor>,
    #[serde(default)]
    fresh: bool,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct GetNetworkStatsOutput {
    /// Over all interfaces but loopback.
    total: Traffic,
    /// One row an interface, busiest first.
    interfaces: Vec<InterfaceRow>,
    /// Interfaces without traffic, left out of a concise reply.
    idle_interfaces: usize,
    /// TCP sockets by state over the servers that serve them.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    connections: BTreeMap<String, u64>,
    notes: Vec<String>,
    coverage: Coverage,
}

#[derive(Debug, Default, Serialize, JsonSchema)]
#[schemars(inline)]
struct Traffic {
    in_bits_per_second: f64,
    out_bits_per_second: f64,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct InterfaceRow {
    #[schemars(with = "String")]
    server: HostName,
    interface: String,
    in_bits_per_second: Option<f64>,
    out_bits_per_second: Option<f64>,
    /// Busier direction's share of the link speed; absent when the speed is unknown.
    use_percent: Option<f64>,
    speed_bits_per_second: Option<f64>,
    up: Option<bool>,
    errors_per_second: Option<f64>,
    drops_per_second: Option<f64>,
    /// Since boot; `detailed` only.
    received_total_bytes: Option<f64>,
    sent_total_bytes: Option<f64>,
    age_seconds: Option<f64>,
}

impl Tool for GetNetworkStats {
    const NAME: &'static str = "get_network_stats";
    const TITLE: &'static str = "Network traffic";
    const DESCRIPTION: &'static str = "Traffic of each network interface now, busiest first: bits \
        per second in and out, share of link speed, up or down where served, TCP socket counts. \
        Packets and errors are hardly served by Glances. For sockets and port checks use \
        get_network_connections.";
    type Input = GetNetworkStatsInput;
    type Output = GetNetworkStatsOutput;

    async fn call(cx: Context, input: Self::Input) -> Result<Self::Output, ToolError> {
        let wanted = view::pattern("interface", input.interface.as_deref())?;
        let plugins = [Plugin::Network];
        let selection = cx.select_fresh(&input.servers, input.fresh, &plugins).await?;
        let cut = Cut::new(
            &selection,
            input.format,
            input.limit,
            input.per_server,
            input.cursor.as_ref(),
        )?;
        let mut tally = Tally::new(&selection);
        let (mut rows, mut idle, mut total) = (Vec::new(), 0, Traffic::default());
        let mut connections: BTreeMap<String, u64> = BTreeMap::new();
        for snapshot in tally.answering() {
            let Some(nics) = snapshot.interfaces() else {
                tally.lacks(snapshot, Plugin::Network);
                continue;
            };
            for (state, count) in snapshot.connections().into_iter().flat_map(|c| &c.by_state) {
                *connections.entry(state.clone()).or_default() += count;
            }
            for nic in nics {
                total.add(nic);
                let named = fits(wanted.as_ref(), &nic.name)
                    || nic.alias.as_ref().is_some_and(|alias| fits(wanted.as_ref(), alias));
                if !named {
                    continue;
                }
                let row = InterfaceRow::of(snapshot, nic, selection.now, input.format.detailed());
                if row.traffic() == Some(0.0) && !input.format.detailed() && wanted.is_none() {
                    idle += 1;
                } else {
                    rows.push(row);
                }
            }
        }
        view::nothing_fits(&rows, "interface", input.interface.as_deref())?;
        rows.sort_by(|a, b| {
            let key = |row: &InterfaceRow| row.traffic().unwrap_or(-1.0);
            key(b)
                .total_cmp(&key(a))
                .then_with(|| (&a.server, &a.interface).cmp(&(&b.server, &b.interface)))
        });
        let mut notes = vec![
            "packets, errors and drops are not served by Glances 3 and 4; link state only by API 3 \
             and 5"
                .to_owned(),
        ];
        if rows.iter().any(|row| row.in_bits_per_second.is_none()) {
            notes.push("a rate needs two samples: absent ones come with the next poll".to_owned());
        }
        let (interfaces, coverage) = cut.rows(rows, tally, |row| &row.server, "interfaces");
        Ok(GetNetworkStatsOutput {
            total,
            interfaces,
            idle_interfaces: idle,
            connections,
            notes,
            coverage,
        })
    }
}

impl Traffic {
    fn add(&mut self, nic: &Interface) {
        if nic.name == "lo" || nic.name.starts_with("Loopback") {
            return;
        }
        self.in_bits_per_second += nic.bytes_recv.per_sec.unwrap_or(0.0) * 8.0;
        self.out_bits_per_second += nic.bytes_sent.per_sec.unwrap_or(0.0) * 8.0;
    }
}

impl InterfaceRow {
    fn of(snapshot: &Snapshot, nic: &Interface, now: jiff::Timestamp, detailed: bool) -> Self {
        let inward = nic.bytes_recv.per_sec.map(|bytes| bytes * 8.0);
        let outward = nic.bytes_sent.per_sec.map(|bytes| bytes * 8.0);
        let sum = |a: Option<f64>, b: Option<f64>| Some(a? + b?);
        Self {
            server: snapshot.host.alias.clone(),
            interface: clip(&nic.name, NAME_CHARS).into_owned(),
            in_bits_per_second: inward,
            out_bits_per_second: outward,
            use_percent: inward
                .zip(outward)
                .zip(nic.speed_bits)
                .map(|((inward, outward), speed)| inward.max(outward) / speed * 100.0),
            speed_bits_per_second: nic.speed_bits,
            up: nic.is_up,
            errors_per_second: sum(nic.errors_in.per_sec, nic.errors_out.per_sec),
            drops_per_second: sum(nic.dropped_in.per_sec, nic.dropped_out.per_sec),
            received_total_bytes: nic.bytes_recv.total.filter(|_| detailed),
            sent_total_bytes: nic.bytes_sent.total.filter(|_| detailed),
            age_seconds: shown_age(snapshot, Plugin::Network, now),
        }
    }

    fn traffic(&self) -> Option<f64> {
        Some(self.in_bits_per_second? + self.out_bits_per_second?)
    }
}

impl Output for GetNetworkStatsOutput {
    fn headline(&self) -> String {
        format!(
            "In all {} in, {} out, loopback left out.",
            render::bits_per_second(self.total.in_bits_per_second),
            render::bits_per_second(self.total.out_bits_per_second)
        )
    }
}

pub(super) struct GetNetworkConnections;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct GetNetworkConnectionsInput {
    #[serde(default)]
    servers: Servers,
    #[serde(default)]
    format: Format,
    limit: Option<Limit>,
    cursor: Option<Cursor>,
    #[serde(default)]
    fresh: bool,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct GetNetworkConnectionsOutput {
    /// TCP sockets by state over all servers that serve them.
    tcp: BTreeMap<String, u64>,
    /// One row a server, most sockets first.
    servers: Vec<SocketRow>,
    /// Port and web checks made by Glances, failing ones first; at most 50.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    checks: Vec<CheckRow>,
    checks_failing: usize,
    checks_total: usize,
    notes: Vec<String>,
    coverage: Coverage,
}

/// Checks in one reply.
const CHECKS_MAX: usize = 50;
/// Checks in a concise reply, failing ones first.
const CHECKS_CONCISE: usize = 10;

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct SocketRow {
    #[schemars(with = "String")]
    server: HostName,
    established: Option<u64>,
    listening: Option<u64>,
    time_wait: Option<u64>,
    close_wait: Option<u64>,
    /// Other states.
    other: Option<String>,
    /// Use of the connection tracking table.
    conntrack_percent: Option<f64>,
    age_seconds: Option<f64>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct CheckRow {
    #[schemars(with = "String")]
    server: HostName,
    target: String,
    description: String,
    /// `up`, `slow`, `down` or `not tried yet`.
    state: &'static str,
    response_seconds: Option<f64>,
    http_status: Option<u16>,
}

impl Tool for GetNetworkConnections {
    const NAME: &'static str = "get_network_connections";
    const TITLE: &'static str = "Connections";
    const DESCRIPTION: &'static str = "TCP sockets by state (established, listening, time_wait …), \
        connection tracking, and the port and web checks that Glances makes. Glances serves \
        counts only: no remote peers, no list of ports, no UDP. For traffic use \
        get_network_stats.";
    type Input = GetNetworkConnectionsInput;
    type Output = GetNetworkConnectionsOutput;

    async fn call(cx: Context, input: Self::Input) -> Result<Self::Output, ToolError> {
        let plugins = [Plugin::Connections, Plugin::Ports];
        let selection = cx.select_fresh(&input.servers, input.fresh, &plugins).await?;
        let cut = Cut::new(&selection, input.format, input.limit, None, input.cursor.as_ref())?;
        let mut tally = Tally::new(&selection);
        let (mut tcp, mut rows, mut checks) = (BTreeMap::new(), Vec::new(), Vec::new());
        let mut unserved: Vec<&str> = Vec::new();
        for snapshot in tally.answering() {
            let ports = snapshot.ports().into_iter().flatten();
            checks.extend(ports.map(|check| CheckRow::of(snapshot, check)));
            match snapshot.connections() {
                Some(found) => {
                    for (state, count) in &found.by_state {
                        *tcp.entry(state.clone()).or_default() += count;
                    }
                    rows.push(SocketRow::of(snapshot, selection.now));
                }
                // Its checks say something all the same.
                None if snapshot.ports().is_some_and(|ports| !ports.is_empty()) => {
                    unserved.push(snapshot.host.alias.as_str());
                    rows.push(SocketRow::of(snapshot, selection.now));
                }
                None => {
                    tally.lacks(snapshot, Plugin::Connections);
                }
            }
        }
        rows.sort_by(|a, b| {
            b.established.cmp(&a.established).then_with(|| a.server.cmp(&b.server))
        });
        checks.sort_by(|a, b| {
            (a.rank(), &a.server, &a.target).cmp(&(b.rank(), &b.server, &b.target))
        });
        let checks_total = checks.len();
        let checks_failing = checks.iter().filter(|check| check.state == "down").count();
        checks.truncate(if input.format.detailed() { CHECKS_MAX } else { CHECKS_CONCISE });
        checks.iter().for_each(|check| tally.shown(&check.server));
        let mut notes = vec![
            "Glances serves no remote addresses, no listening port numbers and no UDP; count \
             sockets of one process with get_process_details, `extended`"
                .to_owned(),
        ];
        if !unserved.is_empty() {
            let names = compact(&unserved).join(", ");
            notes.push(format!("socket counts are off (`[connections] disable=False`): {names}"));
        }
        if checks.len() < checks_total {
            notes.push(format!("{} of {checks_total} checks shown", checks.len()));
        }
        let (servers, coverage) = cut.rows(rows, tally, |row| &row.server, "servers");
        Ok(GetNetworkConnectionsOutput {
            tcp,
            servers,
            checks,
            checks_failing,
            checks_total,
            notes,
            coverage,
        })
    }
}

impl SocketRow {
    fn of(snapshot: &Snapshot, now: jiff::Timestamp) -> Self {
        const NAMED: &[&str] = &["ESTABLISHED", "LISTEN", "TIME_WAIT", "CLOSE_WAIT"];
        let found = snapshot.connections();
        let state = |name: &str| found.and_then(|found| found.by_state.get(name)).copied();
        let other: Vec<String> = found
            .into_iter()
            .flat_map(|found| &found.by_state)
            .filter(|(name, count)| **count > 0 && !NAMED.contains(&name.as_str()))
            .map(|(name, count)| format!("{} {count}", clip(name, NAME_CHARS)))
            .collect();
        Self {
            server: snapshot.host.alias.clone(),
            established: state("ESTABLISHED"),
            listening: state("LISTEN"),
            time_wait: state("TIME_WAIT"),
            close_wait: state("CLOSE_WAIT"),
            other: (!other.is_empty()).then(|| view::some_words(&other, 8)),
            conntrack_percent: found.and_then(|found| found.conntrack_percent),
            age_seconds: shown_age(snapshot, Plugin::Connections, now).filter(|age| *age > 40.0),
        }
    }
}

impl CheckRow {
    fn of(snapshot: &Snapshot, check: &PortCheck) -> Self {
        let target = match check.port {
            Some(port) => format!("{}:{port}", check.target),
            None => check.target.clone(),
        };
        let (state, response_seconds) = match check.outcome {
            CheckOutcome::Down => ("down", None),
            CheckOutcome::NotYet => ("not tried yet", None),
            CheckOutcome::Up { seconds } => {
                let slow = seconds.zip(check.rtt_warning).is_some_and(|(took, limit)| took > limit);
                (if slow { "slow" } else { "up" }, seconds)
            }
        };
        Self {
            server: snapshot.host.alias.clone(),
            target: clip(&target, NAME_CHARS).into_owned(),
            description: clip(&check.description, NAME_CHARS).into_owned(),
            state,
            response_seconds,
            http_status: check.http_status,
        }
    }

    fn rank(&self) -> u8 {
        match self.state {
            "down" => 0,
            "slow" => 1,
            "up" => 2,
            _ => 3,
        }
    }
}

impl Output for GetNetworkConnectionsOutput {
    fn headline(&self) -> String {
        let state = |name: &str| self.tcp.get(name).copied().unwrap_or(0);
        let checks = match self.checks_total {
            0 => "no port checks are configured".to_owned(),
            total => format!("{} of {total} checks fail", self.checks_failing),
        };
        if self.tcp.is_empty() {
            return format!("No selected server serves socket counts; {checks}.");
        }
        format!(
            "{} established, {} listening TCP sockets; {checks}.",
            state("ESTABLISHED"),
            state("LISTEN")
        )
    }
}
