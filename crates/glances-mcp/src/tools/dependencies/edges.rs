//! Which server needs which: what the configuration says, and what the checks of Glances name. Pure.
//! Never guesses: a target that is no configured server is no edge.

use std::{collections::BTreeSet, net::IpAddr, sync::Arc};

use glances_client::model::{CheckOutcome, PortCheck};
use schemars::JsonSchema;
use serde::Serialize;

use super::super::view::NAME_CHARS;
use crate::{model::HostName, redact::clip, snapshot::Snapshot};

/// How an edge is known, surest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub(super) enum Kind {
    /// `depends_on` of the configuration: does not work without.
    Declared,
    /// A port or web check of its Glances names the other.
    Checked,
    /// They move together; no fact.
    Hypothesis,
}

/// One server needs another.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Edge {
    pub(super) from: HostName,
    pub(super) to: HostName,
    pub(super) kind: Kind,
    pub(super) evidence: String,
}

/// Edges of one server that are taken: a configuration has some, a hostile Glances has any number.
const EDGES_OF_A_SERVER: usize = 100;

/// All edges between these servers, by server; each pair once a kind.
pub(super) fn between(servers: &[Arc<Snapshot>]) -> Vec<Edge> {
    let known: BTreeSet<&HostName> = servers.iter().map(|it| &it.host.alias).collect();
    let names: Vec<Names<'_>> = servers.iter().map(|it| Names::of(it)).collect();
    let mut edges = Vec::new();
    for (snapshot, own) in servers.iter().zip(&names) {
        let from = &snapshot.host.alias;
        let declared = snapshot.host.depends_on.iter().filter(|to| known.contains(to));
        edges.extend(declared.take(EDGES_OF_A_SERVER).map(|to| Edge {
            from: from.clone(),
            to: to.clone(),
            kind: Kind::Declared,
            evidence: "depends_on in the configuration".to_owned(),
        }));
        let mut seen = BTreeSet::new();
        for check in snapshot.ports().into_iter().flatten().take(EDGES_OF_A_SERVER) {
            let (host, port) = endpoint(check);
            if is_here(&host) || own.fit(&host) {
                continue;
            }
            let targets = servers.iter().zip(&names).filter(|(_, names)| names.fit(&host));
            let fresh = targets.filter(|(it, _)| seen.insert(it.host.alias.clone()));
            edges.extend(fresh.map(|(target, _)| Edge {
                from: from.clone(),
                to: target.host.alias.clone(),
                kind: Kind::Checked,
                evidence: evidence(&host, port, check),
            }));
        }
    }
    edges
}

fn evidence(host: &str, port: Option<u16>, check: &PortCheck) -> String {
    let at = port.map(|port| format!(":{port}")).unwrap_or_default();
    let outcome = match check.outcome {
        CheckOutcome::Up { .. } => "is up",
        CheckOutcome::Down => "fails now",
        CheckOutcome::NotYet => "was not made yet",
    };
    format!("its check of {}{at} {outcome}", clip(host, NAME_CHARS))
}

/// Host and port of a check. Of a web check no path and no query: they may hold what is secret.
fn endpoint(check: &PortCheck) -> (String, Option<u16>) {
    let Some((_, rest)) = check.target.split_once("://") else {
        return (check.target.to_lowercase(), check.port);
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let (host, port) = split_port(authority);
    (host.to_lowercase(), port.or(check.port))
}

/// `host:port`, `host`, `[::1]:port`; what stands before an `@` is left out.
fn split_port(authority: &str) -> (&str, Option<u16>) {
    let authority = authority.rsplit('@').next().unwrap_or_default();
    if let Some((host, rest)) = authority.strip_prefix('[').and_then(|it| it.split_once(']')) {
        return (host, rest.strip_prefix(':').and_then(|port| port.parse().ok()));
    }
    match authority.rsplit_once(':') {
        Some((host, port)) => (host, port.parse().ok()),
        None => (authority, None),
    }
}

/// Whether a name means the machine that says it.
fn is_here(host: &str) -> bool {
    let address = host.parse::<IpAddr>();
    host.is_empty() || host == "localhost" || address.is_ok_and(|it| it.is_loopback())
}

/// Everything that a server is called, in lower case.
struct Names<'a> {
    all: BTreeSet<String>,
    alias: &'a str,
}

impl<'a> Names<'a> {
    fn of(snapshot: &'a Snapshot) -> Self {
        let url = snapshot.host.url.split_once("://").map_or("", |(_, rest)| rest);
        let (address, _) = split_port(url.split('/').next().unwrap_or_default());
        let system = snapshot.system().map(|system| system.hostname.as_str());
        let ip = snapshot.ip().and_then(|ip| ip.address.as_deref());
        let alias = snapshot.host.alias.as_str();
        let all = [Some(alias), Some(address), system, ip].into_iter().flatten();
        // All that run behind one tunnel or on one machine are called so.
        let all = all.map(str::to_lowercase).filter(|name| !is_here(name));
        Self { all: all.collect(), alias }
    }

    /// A name in full, or its first label where that is the alias.
    fn fit(&self, host: &str) -> bool {
        let is_address = host.parse::<IpAddr>().is_ok();
        let label = host.split('.').next().unwrap_or_default();
        self.all.contains(host) || (!is_address && label.eq_ignore_ascii_case(self.alias))
    }
}

#[cfg(test)]
mod tests {
    use glances_client::{
        Plugin,
        model::{Ip, Payload},
    };

    use super::*;
    use crate::snapshot::{Host, Reading};

    fn check(target: &str, port: Option<u16>) -> PortCheck {
        PortCheck {
            target: target.to_owned(),
            port,
            description: String::new(),
            outcome: CheckOutcome::Down,
            http_status: None,
            rtt_warning: None,
        }
    }

    fn server(alias: &str, depends_on: &[&str], payloads: Vec<(Plugin, Payload)>) -> Arc<Snapshot> {
        at(&format!("http://{alias}.example:61208"), alias, depends_on, payloads)
    }

    fn at(
        url: &str,
        alias: &str,
        depends_on: &[&str],
        payloads: Vec<(Plugin, Payload)>,
    ) -> Arc<Snapshot> {
        let name = |text: &&str| HostName::parse(text).unwrap();
        let host = Host {
            depends_on: depends_on.iter().map(name).collect(),
            ..Host::at(name(&alias), url)
        };
        let mut snapshot = Snapshot::unseen(Arc::new(host));
        for (plugin, payload) in payloads {
            let reading = Reading { payload: Some(Arc::new(payload)), at: None, tried: None };
            snapshot.readings.insert(plugin, reading);
        }
        Arc::new(snapshot)
    }

    #[test]
    fn the_configuration_and_the_checks_name_servers() {
        let ip = Ip { address: Some("10.0.0.7".to_owned()), ..Ip::default() };
        let checks = vec![
            check("10.0.0.7", Some(5_432)),
            check("https://user:pw@CACHE-1.corp.internal:8443/health?token=abc", None),
            check("localhost", Some(80)),
            check("http://web-1.example/", None),
            check("8.8.8.8", None),
            check("db-1", Some(9_100)),
        ];
        let servers = [
            server("cache-1", &[], vec![]),
            server("db-1", &[], vec![(Plugin::Ip, Payload::Ip(ip))]),
            server("web-1", &["db-1", "secret-1"], vec![(Plugin::Ports, Payload::Ports(checks))]),
        ];
        let found: Vec<(String, Kind, String)> = between(&servers)
            .into_iter()
            .map(|edge| (format!("{} {}", edge.from, edge.to), edge.kind, edge.evidence))
            .collect();
        let edge =
            |names: &str, kind, evidence: &str| (names.to_owned(), kind, evidence.to_owned());
        assert_eq!(
            found,
            [
                edge("web-1 db-1", Kind::Declared, "depends_on in the configuration"),
                edge("web-1 db-1", Kind::Checked, "its check of 10.0.0.7:5432 fails now"),
                edge(
                    "web-1 cache-1",
                    Kind::Checked,
                    "its check of cache-1.corp.internal:8443 fails now"
                ),
            ]
        );
    }

    #[test]
    fn servers_behind_one_address_are_not_each_others() {
        let tunnelled = |alias: &str, checks: Vec<PortCheck>| {
            let payloads = vec![(Plugin::Ports, Payload::Ports(checks))];
            at("http://127.0.0.1:61208", alias, &[], payloads)
        };
        let servers =
            [tunnelled("a", vec![check("127.0.0.1", Some(22))]), tunnelled("b", Vec::new())];
        assert_eq!(between(&servers), []);
    }
}
