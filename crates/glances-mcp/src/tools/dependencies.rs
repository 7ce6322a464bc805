//! `analyze_dependencies`: which server needs which, how that is known, and what follows when one
//! fails. Facts come from the configuration and from checks; what moves together is a hypothesis.

mod edges;
mod graph;
mod together;

use std::{collections::BTreeSet, sync::Arc};

use jiff::{Timestamp, ToSpan as _};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::{
    edges::{Edge, Kind},
    graph::Graph,
    together::Together,
};
use super::{
    Context, Output, Tool, ToolError,
    args::{Cursor, Format, Limit, Servers},
    listing::Cut,
    view::some_words,
};
use crate::{
    model::HostName,
    query::{
        Selection,
        coverage::{Coverage, Tally},
        window::Window,
    },
    render,
    snapshot::{Snapshot, Status},
};

pub(super) struct AnalyzeDependencies;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AnalyzeDependenciesInput {
    #[serde(default)]
    servers: Servers,
    /// A server that fails: what follows
    scenario: Option<String>,
    /// Time of the hypotheses: -1d to -7d; default -3d
    since: Option<String>,
    #[serde(default)]
    format: Format,
    limit: Option<Limit>,
    cursor: Option<Cursor>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct AnalyzeDependenciesOutput {
    scenario: Option<Scenario>,
    /// Servers that others need, most needed first; at most 10.
    impact: Vec<Impact>,
    /// Servers that need each other in a circle.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    cycles: Vec<String>,
    /// Facts first; a hypothesis has no direction.
    edges: Vec<EdgeRow>,
    declared: usize,
    checked: usize,
    hypotheses: usize,
    evidence: Evidence,
    notes: Vec<String>,
    coverage: Coverage,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Scenario {
    fails: String,
    status_now: &'static str,
    /// Servers that do not work without it, by what is declared.
    stop: Vec<String>,
    /// Servers that are touched, by checks as well.
    touched: Vec<String>,
    /// Hypotheses: servers that move together with it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    perhaps: Vec<String>,
    says: String,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Impact {
    server: String,
    status: &'static str,
    /// Servers that need it themselves.
    directly: usize,
    /// Servers that need it, or one that needs it.
    in_all: usize,
    /// Two or more stop without it, as far as is declared.
    single_point_of_failure: bool,
    dependents: String,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct EdgeRow {
    from: String,
    /// What `from` needs.
    to: String,
    kind: Kind,
    evidence: String,
    #[serde(skip)]
    hosts: Vec<HostName>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Evidence {
    hypotheses_from: String,
    hypotheses_until: String,
    pairs_compared: usize,
    method: &'static str,
}

const METHOD: &str = "partial correlation of differences of 5-minute traffic at lags up to 15 \
    minutes, less the day's profile and what all do: |r| >= 0.5, p < 0.01 after Benjamini & Hochberg, \
    stable in both halves";
const NO_PEERS: &str = "no Glances serves the remote peers of connections: edges are what the \
    configuration declares and what checks of Glances name; hypotheses are no facts";
const DECLARE: &str = "nothing is declared: `depends_on` of a server in the configuration names \
    what it does not work without";

/// Rows about needed servers in one reply.
const IMPACT_MAX: usize = 10;
/// Names in one cell.
const NAMES_SHOWN: usize = 6;
/// Names in one list of a scenario.
const SCENARIO_NAMES: usize = 20;
/// Servers that stop with one from which on it is a point of failure of several.
const SINGLE_POINT_MIN: usize = 2;

impl Tool for AnalyzeDependencies {
    const NAME: &'static str = "analyze_dependencies";
    const TITLE: &'static str = "Dependencies";
    const DESCRIPTION: &'static str = "Which server needs which and how that is known (declared in \
        the configuration, checked by a Glances, or a hypothesis from traffic that moves together), \
        who is hit when one fails (`scenario`: its alias), single points of failure and circles. \
        Glances serves no remote peers, so undeclared edges are missing.";
    type Input = AnalyzeDependenciesInput;
    type Output = AnalyzeDependenciesOutput;

    async fn call(cx: Context, input: Self::Input) -> Result<Self::Output, ToolError> {
        let selection = cx.select(&input.servers).await?;
        let window = Window::parse(input.since.as_deref(), None, None, 3.days(), selection.now)?;
        if window.secs() > together::DAYS_MAX * 86_400 {
            return Err(ToolError::Refused(format!(
                "`since`: hypotheses are made from at most {} days of 5-minute values",
                together::DAYS_MAX
            )));
        }
        let cut = Cut::new(&selection, input.format, input.limit, None, input.cursor.as_ref())?;
        let failing = match &input.scenario {
            Some(alias) => Some(one_server(&cx, alias).await?),
            None => None,
        };
        let mut notes = vec![NO_PEERS.to_owned()];
        notes.extend(cx.query.outage());
        let together = supposed(&cx, &selection, &window, &mut notes).await?;
        // What is needed may lie outside of what was selected.
        let visible = cx.query.visible(&cx.principal);
        let mut all = edges::between(&visible);
        all.extend(together.edges);
        let facts = [Kind::Declared, Kind::Checked];
        let graph = Graph::of(&all, &facts);
        let scenario = failing.map(|failing| Scenario::of(&failing, &all, selection.now));
        let chosen: BTreeSet<&HostName> =
            selection.servers.iter().map(|snapshot| &snapshot.host.alias).collect();
        let mut shown: Vec<&Edge> = all
            .iter()
            .filter(|edge| chosen.contains(&edge.from) || chosen.contains(&edge.to))
            .collect();
        shown.sort_by(|a, b| (a.kind, &a.to, &a.from).cmp(&(b.kind, &b.to, &b.from)));
        let count = |kind: Kind| shown.iter().filter(|edge| edge.kind == kind).count();
        let [declared, checked, hypotheses] =
            [Kind::Declared, Kind::Checked, Kind::Hypothesis].map(count);
        if declared == 0 {
            notes.push(DECLARE.to_owned());
        }
        let rows = shown.iter().map(|edge| EdgeRow::of(edge)).collect();
        let mut tally = Tally::new(&selection);
        // What needs what is known of servers that are down as well.
        tally.all_answer();
        let (edges, coverage) = cut.groups(rows, tally, |row: &EdgeRow| &row.hosts, "edges");
        Ok(AnalyzeDependenciesOutput {
            scenario,
            impact: impact(&all, &chosen, &visible, selection.now),
            cycles: graph.cycles().iter().map(|cycle| circle(cycle)).collect(),
            edges,
            declared,
            checked,
            hypotheses,
            evidence: Evidence {
                hypotheses_from: window.written(window.since),
                hypotheses_until: window.written(window.until),
                pairs_compared: together.pairs,
                method: METHOD,
            },
            notes,
            coverage,
        })
    }
}

/// The one server that a scenario names.
async fn one_server(cx: &Context, alias: &str) -> Result<Arc<Snapshot>, ToolError> {
    let found = cx.select(&Servers(vec![alias.to_owned()])).await?;
    found.single().cloned().ok_or_else(|| {
        ToolError::Refused(
            "`scenario` takes the alias of one server that fails; list_servers names them"
                .to_owned(),
        )
    })
}

/// What moves together, or why that cannot be said.
async fn supposed(
    cx: &Context,
    selection: &Selection,
    window: &Window,
    notes: &mut Vec<String>,
) -> Result<Together, ToolError> {
    let servers = selection.servers.len();
    if servers > together::SERVERS_MAX {
        notes.push(format!(
            "no hypotheses: {servers} servers are selected and the pairs of {} are compared at most; \
             narrow `servers`",
            together::SERVERS_MAX
        ));
        return Ok(Together::default());
    }
    if servers < 2 {
        return Ok(Together::default());
    }
    let found = together::hypotheses(cx, selection, window).await?;
    if found.servers < 2 {
        notes.push(format!(
            "no hypotheses: a day of 5-minute values (289) of two servers is needed, the most there \
             is since {} is {}",
            window.written(window.since),
            found.most_values
        ));
    }
    Ok(found)
}

fn circle(cycle: &[&HostName]) -> String {
    let names: Vec<&str> = cycle.iter().chain(cycle.first()).map(|host| host.as_str()).collect();
    names.join(" needs ")
}

fn impact(
    edges: &[Edge],
    chosen: &BTreeSet<&HostName>,
    visible: &[Arc<Snapshot>],
    now: Timestamp,
) -> Vec<Impact> {
    let facts = Graph::of(edges, &[Kind::Declared, Kind::Checked]);
    let declared = Graph::of(edges, &[Kind::Declared]);
    let mut rows: Vec<Impact> = Vec::new();
    for host in facts.needed() {
        let dependents = facts.dependents(host);
        let concerns =
            chosen.contains(host) || dependents.iter().any(|(it, _)| chosen.contains(it));
        if !concerns {
            continue;
        }
        let names: Vec<&str> = dependents.iter().map(|(it, _)| it.as_str()).collect();
        let status = visible.iter().find(|it| it.host.alias == *host);
        rows.push(Impact {
            server: host.to_string(),
            status: status.map_or(Status::NeverSeen, |it| it.status(now)).word(),
            directly: dependents.iter().filter(|(_, steps)| *steps == 1).count(),
            in_all: dependents.len(),
            single_point_of_failure: declared.dependents(host).len() >= SINGLE_POINT_MIN,
            dependents: some_words(&names, NAMES_SHOWN),
        });
    }
    rows.sort_by(|a, b| b.in_all.cmp(&a.in_all).then_with(|| a.server.cmp(&b.server)));
    rows.truncate(IMPACT_MAX);
    rows
}

impl Scenario {
    fn of(failing: &Snapshot, edges: &[Edge], now: Timestamp) -> Self {
        let host = &failing.host.alias;
        let declared = Graph::of(edges, &[Kind::Declared]).dependents(host);
        let facts = Graph::of(edges, &[Kind::Declared, Kind::Checked]).dependents(host);
        let stop: Vec<&HostName> = declared.iter().map(|(it, _)| *it).collect();
        let touched: Vec<&HostName> =
            facts.iter().map(|(it, _)| *it).filter(|it| !stop.contains(it)).collect();
        let supposed = edges.iter().filter(|edge| edge.kind == Kind::Hypothesis);
        let perhaps: Vec<String> = supposed
            .filter_map(|edge| match host {
                host if edge.from == *host => Some(edge.to.to_string()),
                host if edge.to == *host => Some(edge.from.to_string()),
                _ => None,
            })
            .collect();
        let says = says(host, &declared, &touched, &perhaps);
        let names = |hosts: &[&HostName]| {
            let mut names: Vec<String> =
                hosts.iter().take(SCENARIO_NAMES).map(ToString::to_string).collect();
            names.extend(
                (hosts.len() > SCENARIO_NAMES)
                    .then(|| format!("+{}", hosts.len() - SCENARIO_NAMES)),
            );
            names
        };
        Self {
            fails: host.to_string(),
            status_now: failing.status(now).word(),
            stop: names(&stop),
            touched: names(&touched),
            perhaps,
            says,
        }
    }
}

/// A scenario in plain words.
fn says(
    host: &HostName,
    declared: &[(&HostName, usize)],
    touched: &[&HostName],
    perhaps: &[String],
) -> String {
    let list = |hosts: Vec<&str>| some_words(&hosts, NAMES_SHOWN);
    let at = |first: bool| {
        let wanted = declared.iter().filter(|(_, steps)| (*steps == 1) == first);
        wanted.map(|(host, _)| host.as_str()).collect::<Vec<_>>()
    };
    let (first, then) = (at(true), at(false));
    let mut words = match (first.is_empty(), then.is_empty()) {
        (true, _) => vec![format!("nothing is declared that stops when {host} fails")],
        (false, true) => vec![format!("when {host} fails, {} stop as declared", list(first))],
        (false, false) => vec![format!(
            "when {host} fails, {} stop as declared, and through them {}",
            list(first),
            list(then)
        )],
    };
    if !touched.is_empty() {
        let names = touched.iter().map(|host| host.as_str()).collect();
        words.push(format!("{} are touched: they, or what they need, check it", list(names)));
    }
    if !perhaps.is_empty() {
        let names = perhaps.iter().map(String::as_str).collect();
        words.push(format!("a hypothesis only: {} move together with it", list(names)));
    }
    words.join("; ")
}

impl EdgeRow {
    fn of(edge: &Edge) -> Self {
        Self {
            from: edge.from.to_string(),
            to: edge.to.to_string(),
            kind: edge.kind,
            evidence: edge.evidence.clone(),
            hosts: vec![edge.from.clone(), edge.to.clone()],
        }
    }
}

impl Output for AnalyzeDependenciesOutput {
    fn headline(&self) -> String {
        if let Some(scenario) = &self.scenario {
            let mut says = scenario.says.clone();
            if let Some(first) = says.get_mut(..1) {
                first.make_ascii_uppercase();
            }
            return format!("{says}.");
        }
        let counts = format!(
            "{} declared, {} checked, {}",
            self.declared,
            self.checked,
            match self.hypotheses {
                1 => "1 hypothesis".to_owned(),
                more => format!("{more} hypotheses"),
            }
        );
        match self.impact.first() {
            Some(first) => format!(
                "{counts}; most needed: {}, by {}.",
                first.server,
                render::count(first.in_all, "server")
            ),
            None => format!("No dependencies are known: {counts}."),
        }
    }
}
