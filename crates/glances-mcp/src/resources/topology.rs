//! `glances://live/topology`: what there is, where it is, what can be reached and what needs what.

mod mermaid;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

use self::mermaid::{Box, Drawing, Line, Stroke};
use super::{
    Changes, Resource, Variables,
    parts::{Answers, Composed, Part, Parts, ask},
    rows::{Account, NAME_CHARS, Rest, all_of, bytes_of, spend},
};
use crate::{
    query::{Selection, compact},
    redact::clip,
    snapshot::{Snapshot, Status},
    tools::{Context, ToolError},
};

pub(super) struct Topology;

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Head {
    #[serde(flatten)]
    account: Account,
    /// Servers by status; those without one are left out.
    servers_by_status: BTreeMap<&'static str, usize>,
    /// Servers that share environment, region and tags.
    places: Vec<Place>,
    not_shown: Option<Rest>,
    /// What runs where, the most spread first; at most 20.
    containers: Vec<Running>,
    /// Different names of containers.
    containers_total: usize,
    /// The same as a Mermaid flowchart, for people: solid arrows are declared, dotted ones checked,
    /// dotted lines hypotheses; at most 40 servers.
    mermaid: String,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Place {
    environment: Option<String>,
    region: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tags: Vec<String>,
    servers: Vec<Node>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Node {
    server: String,
    /// Left out of a server that is up.
    status: Option<Status>,
    /// Time to the last answer, from here.
    latency_ms: Option<f64>,
    /// Containers that its Glances lists.
    containers: Option<usize>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Running {
    container: String,
    /// How many servers have one.
    count: usize,
    /// Some of them; `web-[01-20]` is a run.
    servers: Vec<String>,
}

/// Bytes of all servers.
const PLACES_BYTES_MAX: usize = 8_500;
/// Names of containers in one document, and servers in each row.
const CONTAINERS_MAX: usize = 20;
const SERVERS_MAX: usize = 5;
/// Containers of one server that are looked at: a hostile Glances lists any number.
const CONTAINERS_OF_A_SERVER: usize = 500;
/// Tags of one place.
const TAGS_MAX: usize = 8;

impl Parts for Topology {
    type Head = Head;
    const PARTS: &'static [Part] = &[
        Part {
            key: "dependencies",
            tool: "analyze_dependencies",
            arguments: |_| json!({ "limit": 20 }),
            keep: &[
                "impact",
                "cycles",
                "edges",
                "declared",
                "checked",
                "hypotheses",
                "evidence",
                "notes",
            ],
        },
        Part {
            key: "checks",
            tool: "get_network_connections",
            arguments: |_| json!({}),
            keep: &["checks", "checks_failing", "checks_total"],
        },
    ];
}

impl Resource for Topology {
    const URI: &'static str = "glances://live/topology";
    const NAME: &'static str = "live_topology";
    const TITLE: &'static str = "Topology";
    const DESCRIPTION: &'static str = "Servers by environment, region and tags with their status and \
        latency, what containers run where, port checks, and which server needs which with the kind \
        of each edge (declared, checked, hypothesis) and its evidence; also as Mermaid. Can be \
        watched.";
    const PRIORITY: f32 = 0.6;
    const CHANGES: Changes = Changes::Live;
    type Document = Composed<Self>;

    async fn read(cx: Context, variables: Variables) -> Result<Self::Document, ToolError> {
        let answers = ask::<Self>(&cx, &variables).await;
        let all = all_of(&cx);
        let statuses = cx.query.statuses(&cx.principal, all.now).into_iter();
        let servers = statuses.filter(|(_, count)| *count > 0);
        let (places, rest) = places(&all);
        let (containers, containers_total) = containers(&all);
        let head = Head {
            account: Account::of(&all),
            servers_by_status: servers.map(|(status, count)| (status.word(), count)).collect(),
            places,
            not_shown: Rest::of(&rest),
            containers,
            containers_total,
            mermaid: drawn(&all, &answers),
        };
        Ok(Composed { head, answers })
    }
}

type At<'a> = (Option<&'a str>, Option<&'a str>, &'a [String]);

fn place_of(snapshot: &Snapshot) -> At<'_> {
    let host = &snapshot.host;
    (host.environment.as_deref(), host.region.as_deref(), &host.tags)
}

/// Servers by place, as many as fit; and the names of the others.
fn places(all: &Selection) -> (Vec<Place>, Vec<&str>) {
    let mut sorted: Vec<&Snapshot> = all.servers.iter().map(std::convert::AsRef::as_ref).collect();
    sorted.sort_by_key(|snapshot| (place_of(snapshot), &snapshot.host.alias));
    let mut left = PLACES_BYTES_MAX;
    let mut places: Vec<(At<'_>, Place)> = Vec::new();
    for snapshot in &sorted {
        let (at, node) = (place_of(snapshot), Node::of(snapshot, all.now));
        let place = places.last_mut().filter(|(last, _)| *last == at);
        let beside = if place.is_some() { 0 } else { bytes_of(&Place::of(at)) };
        if !spend(&mut left, bytes_of(&node) + beside) {
            break;
        }
        match place {
            Some((_, place)) => place.servers.push(node),
            None => places.push((at, Place { servers: vec![node], ..Place::of(at) })),
        }
    }
    let shown: usize = places.iter().map(|(_, place)| place.servers.len()).sum();
    let rest = sorted.iter().skip(shown).map(|snapshot| snapshot.host.alias.as_str()).collect();
    (places.into_iter().map(|(_, place)| place).collect(), rest)
}

impl Place {
    /// Without servers.
    fn of((environment, region, tags): At<'_>) -> Self {
        let name = |text: &str| clip(text, NAME_CHARS).into_owned();
        Self {
            environment: environment.map(name),
            region: region.map(name),
            tags: tags.iter().take(TAGS_MAX).map(|tag| name(tag)).collect(),
            servers: Vec::new(),
        }
    }
}

impl Node {
    fn of(snapshot: &Snapshot, now: jiff::Timestamp) -> Self {
        let status = snapshot.status(now);
        Self {
            server: snapshot.host.alias.to_string(),
            status: (status != Status::Up).then_some(status),
            latency_ms: snapshot.reach.latency_ms.last().copied().filter(|_| status.answers()),
            containers: snapshot.containers().map(Vec::len).filter(|count| *count > 0),
        }
    }
}

/// Which servers have a container of a name, and how many names there are.
fn containers(all: &Selection) -> (Vec<Running>, usize) {
    let mut by_name: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for snapshot in all.servers.iter() {
        let listed = snapshot.containers().into_iter().flatten().take(CONTAINERS_OF_A_SERVER);
        for container in listed {
            let servers = by_name.entry(container.name.as_str()).or_default();
            let alias = snapshot.host.alias.as_str();
            if servers.last() != Some(&alias) {
                servers.push(alias);
            }
        }
    }
    let total = by_name.len();
    let mut rows: Vec<Running> = by_name
        .into_iter()
        .map(|(name, servers)| Running {
            container: clip(name, NAME_CHARS).into_owned(),
            count: servers.len(),
            servers: compact(&servers).into_iter().take(SERVERS_MAX).collect(),
        })
        .collect();
    rows.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.container.cmp(&b.container)));
    rows.truncate(CONTAINERS_MAX);
    (rows, total)
}

/// Rows of an answer.
fn rows<'a>(answers: &'a Answers, part: &str, key: &str) -> impl Iterator<Item = &'a Value> {
    let rows = answers.get(part).and_then(|part| part.get(key)).and_then(Value::as_array);
    rows.into_iter().flatten()
}

/// The picture: servers that something is known of come first.
fn drawn(all: &Selection, answers: &Answers) -> String {
    let text = |row: &Value, key: &str| {
        row.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    let mut lines: Vec<Line> = Vec::new();
    for edge in rows(answers, "dependencies", "edges") {
        let stroke = match edge.get("kind").and_then(Value::as_str) {
            Some("declared") => Stroke::Arrow,
            Some("checked") => Stroke::DottedArrow,
            _ => Stroke::Dotted,
        };
        lines.push(Line { from: text(edge, "from"), to: text(edge, "to"), stroke });
    }
    let mut boxes: Vec<Box> = all
        .servers
        .iter()
        .map(|snapshot| Box {
            name: snapshot.host.alias.to_string(),
            place: snapshot.host.environment.clone(),
            status: snapshot.status(all.now).word(),
        })
        .collect();
    let known = |name: &str| lines.iter().any(|line| line.from == name || line.to == name);
    boxes.sort_by_key(|it| (!known(&it.name), it.status == Status::Up.word(), it.name.clone()));
    let failing = rows(answers, "checks", "checks").filter(|row| text(row, "state") == "down");
    let failing = failing.map(|row| (text(row, "server"), text(row, "target"))).collect();
    Drawing { boxes, lines, failing }.written()
}
