//! The fleet itself: who is in it, and how reaching them goes.

mod availability;
mod security;

use glances_client::{Plugin, diagnose::Outcome as StepOutcome};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::{
    availability::{Availability, availability},
    security::{Security, security},
};
use super::{
    Context, Output, Tool, ToolError,
    args::{Cursor, Format, Limit, Servers},
    listing::Cut,
    selecting::FRESH_SERVERS_MAX,
};
use crate::{
    model::HostName,
    query::{
        self,
        coverage::{Coverage, Tally},
        fix,
    },
    render,
    snapshot::{Snapshot, Status, seconds_between},
};

pub(super) struct ListServers;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ListServersInput {
    #[serde(default)]
    servers: Servers,
    #[serde(default)]
    format: Format,
    limit: Option<Limit>,
    cursor: Option<Cursor>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct ListServersOutput {
    /// Number of servers by status.
    statuses: std::collections::BTreeMap<&'static str, usize>,
    /// Number of servers by environment.
    environments: std::collections::BTreeMap<String, usize>,
    /// Number of servers by Glances version.
    glances_versions: std::collections::BTreeMap<String, usize>,
    /// One row a server, those with trouble first.
    servers: Vec<ServerRow>,
    /// About this program itself.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notices: Vec<String>,
    coverage: Coverage,
}

#[derive(Debug, Serialize, JsonSchema)]
struct ServerRow {
    #[schemars(with = "String")]
    server: HostName,
    status: Status,
    environment: Option<String>,
    region: Option<String>,
    tags: Option<String>,
    glances: Option<String>,
    api: Option<u8>,
    os: Option<String>,
    /// Address without credentials; `detailed` only.
    url: Option<String>,
    /// Enabled plugins; `detailed` only.
    plugins: Option<String>,
    /// Tools that have nothing to show for this server.
    without: Option<String>,
}

/// Tools that need a plugin which can be off.
const NEEDS: &[(&str, Plugin)] = &[
    ("get_disk_usage", Plugin::Fs),
    ("get_disk_io_stats", Plugin::DiskIo),
    ("get_network_stats", Plugin::Network),
    ("get_network_connections", Plugin::Connections),
    ("get_containers", Plugin::Containers),
    ("get_top_processes", Plugin::ProcessList),
];

impl Tool for ListServers {
    const NAME: &'static str = "list_servers";
    const TITLE: &'static str = "List servers";
    const DESCRIPTION: &'static str = "Inventory of the monitored servers: alias, status, \
        environment, region, tags, Glances and API version, OS, and which tools have nothing for \
        a server. Use it to learn names and selectors. For load use get_system_overview.";
    type Input = ListServersInput;
    type Output = ListServersOutput;

    async fn call(cx: Context, input: Self::Input) -> Result<Self::Output, ToolError> {
        let selection = cx.select(&input.servers).await?;
        let cut = Cut::new(&selection, input.format, input.limit, None, input.cursor.as_ref())?;
        let mut tally = Tally::new(&selection);
        // An inventory lists whoever is in it; only rows that are cut are not shown.
        tally.all_answer();
        let mut output = ListServersOutput {
            statuses: std::collections::BTreeMap::new(),
            environments: std::collections::BTreeMap::new(),
            glances_versions: std::collections::BTreeMap::new(),
            servers: Vec::new(),
            notices: cx.query.notices(&cx.principal),
            coverage: Tally::new(&selection).coverage(),
        };
        let mut rows: Vec<ServerRow> = Vec::new();
        for snapshot in selection.servers.iter() {
            let row = ServerRow::of(snapshot, snapshot.status(selection.now), input.format);
            *output.statuses.entry(row.status.word()).or_default() += 1;
            let environment = row.environment.clone().unwrap_or_else(|| "none".to_owned());
            *output.environments.entry(environment).or_default() += 1;
            let version = row.glances.clone().unwrap_or_else(|| "unknown".to_owned());
            *output.glances_versions.entry(version).or_default() += 1;
            rows.push(row);
        }
        rows.sort_by(|a, b| a.status.cmp(&b.status).then_with(|| a.server.cmp(&b.server)));
        (output.servers, output.coverage) = cut.rows(rows, tally, |row| &row.server, "servers");
        Ok(output)
    }
}

impl ServerRow {
    fn of(snapshot: &Snapshot, status: Status, format: Format) -> Self {
        let host = &snapshot.host;
        let info = snapshot.info.as_deref();
        let missing: Vec<&str> = NEEDS
            .iter()
            .filter(|(_, plugin)| snapshot.serves(*plugin) == Some(false))
            .map(|(tool, _)| *tool)
            .collect();
        let names = |info: &glances_client::ServerInfo| {
            info.plugins.iter().map(|plugin| plugin.name()).collect::<Vec<_>>().join(" ")
        };
        Self {
            server: host.alias.clone(),
            status,
            environment: host.environment.clone(),
            region: host.region.clone(),
            tags: (!host.tags.is_empty()).then(|| host.tags.join(" ")),
            glances: snapshot.glances_version(),
            api: info.map(|info| info.api.number()),
            os: snapshot
                .system()
                .map(|system| system.distro.clone().unwrap_or_else(|| system.os_name.clone())),
            url: format.detailed().then(|| host.url.clone()),
            plugins: info.filter(|_| format.detailed()).map(names),
            without: (!missing.is_empty()).then(|| missing.join(" ")),
        }
    }
}

impl Output for ListServersOutput {
    fn headline(&self) -> String {
        let statuses: Vec<String> =
            self.statuses.iter().map(|(status, count)| format!("{count} {status}")).collect();
        match self.coverage.selected {
            0 => "No servers are configured for you.".to_owned(),
            count => format!("{}: {}.", render::count(count, "server"), statuses.join(", ")),
        }
    }
}

pub(super) struct GetServerStatus;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct GetServerStatusInput {
    #[serde(default)]
    servers: Servers,
    /// Diagnose live, layer by layer, with the fix; at most 5 servers.
    #[serde(default)]
    probe: bool,
    /// How each is guarded, with the fix, in place of `servers`
    #[serde(default)]
    security: bool,
    /// Availability since then: RFC 3339, -7d, 03:10; default -24h for up to 5 servers
    since: Option<String>,
    until: Option<String>,
    timezone: Option<String>,
    #[serde(default)]
    format: Format,
    limit: Option<Limit>,
    cursor: Option<Cursor>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct GetServerStatusOutput {
    /// Number of servers by status.
    statuses: std::collections::BTreeMap<&'static str, usize>,
    /// One row a server, worst first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    servers: Vec<StatusRow>,
    /// How they are guarded, when asked for.
    security: Option<Security>,
    /// Live diagnosis, when asked for: the layers that were tried.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    probes: Vec<LayerRow>,
    /// What mends the first failing layer of each probed server.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    probe_fixes: Vec<ProbeFix>,
    /// Over a time: polls answered, outages, reboots.
    availability: Option<Availability>,
    note: Option<String>,
    coverage: Coverage,
}

#[derive(Debug, Serialize, JsonSchema)]
struct StatusRow {
    #[schemars(with = "String")]
    server: HostName,
    status: Status,
    glances: Option<String>,
    api: Option<u8>,
    /// Time to the first answer of a poll: the last one.
    last_ms: Option<f64>,
    /// Median of the last polls.
    p50_ms: Option<f64>,
    p95_ms: Option<f64>,
    last_success_age_seconds: Option<f64>,
    failures_in_row: Option<u32>,
    /// Polls that failed since we watch, percent.
    failed_percent: Option<f64>,
    error: Option<String>,
    fix: Option<String>,
    /// Plugins that fail while the server answers.
    failing_plugins: Option<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct LayerRow {
    #[schemars(with = "String")]
    server: HostName,
    layer: &'static str,
    outcome: &'static str,
    detail: String,
    took_ms: u64,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct ProbeFix {
    #[schemars(with = "String")]
    server: HostName,
    fix: String,
}

impl Tool for GetServerStatus {
    const NAME: &'static str = "get_server_status";
    const TITLE: &'static str = "Server status";
    const DESCRIPTION: &'static str = "Whether Glances servers can be reached: status, response \
        time, last success, failures in a row, error and its fix; over a time the share of polls \
        answered, outages and reboots. `probe: true` diagnoses live (DNS, TCP, TLS, HTTP, auth, \
        host check, API, plugins). `security: true` checks how they are guarded (vulnerabilities, \
        password, HTTPS, CORS, host names, secrets shown, containers), with the fixes. Use it when \
        data are missing or old. For the machines' load use get_system_overview.";
    type Input = GetServerStatusInput;
    type Output = GetServerStatusOutput;

    async fn call(cx: Context, input: Self::Input) -> Result<Self::Output, ToolError> {
        let selection = cx.select(&input.servers).await?;
        let cut = Cut::new(&selection, input.format, input.limit, None, input.cursor.as_ref())?;
        let (probes, probe_fixes) = match input.probe {
            true => probe(&cx, &selection).await?,
            false => (Vec::new(), Vec::new()),
        };
        let times = [&input.since, &input.until, &input.timezone].map(|time| time.as_deref());
        let availability = match input.security && input.since.is_none() && input.until.is_none() {
            true => None,
            false => availability(&cx, &selection, times).await?,
        };
        let note = cx.query.outage().or_else(|| {
            let unasked = "give `since` for availability, outages and reboots of many servers";
            (availability.is_none() && !input.security).then(|| unasked.to_owned())
        });
        let mut statuses = std::collections::BTreeMap::new();
        for snapshot in selection.servers.iter() {
            *statuses.entry(snapshot.status(selection.now).word()).or_default() += 1;
        }
        let (servers, security, coverage) = match input.security {
            true => {
                let (security, coverage) = security(&cx, &selection, input.format, &cut).await?;
                (Vec::new(), Some(security), coverage)
            }
            false => {
                let (servers, coverage) = status_rows(&selection, &cut);
                (servers, None, coverage)
            }
        };
        Ok(GetServerStatusOutput {
            statuses,
            servers,
            security,
            probes,
            probe_fixes,
            availability,
            note,
            coverage,
        })
    }
}

fn status_rows(selection: &query::Selection, cut: &Cut) -> (Vec<StatusRow>, Coverage) {
    let row = |snapshot: &std::sync::Arc<Snapshot>| StatusRow::of(snapshot, selection.now);
    let mut rows: Vec<StatusRow> = selection.servers.iter().map(row).collect();
    rows.sort_by(|a, b| {
        a.status
            .cmp(&b.status)
            .then(b.last_ms.unwrap_or(0.0).total_cmp(&a.last_ms.unwrap_or(0.0)))
            .then_with(|| a.server.cmp(&b.server))
    });
    let mut tally = Tally::new(selection);
    tally.all_answer();
    cut.rows(rows, tally, |row| &row.server, "servers")
}

async fn probe(
    cx: &Context,
    selection: &query::Selection,
) -> Result<(Vec<LayerRow>, Vec<ProbeFix>), ToolError> {
    let count = selection.servers.len();
    if count > FRESH_SERVERS_MAX {
        return Err(ToolError::Refused(format!(
            "`probe` diagnoses at most {FRESH_SERVERS_MAX} servers a call and {count} are selected: \
             name them in `servers`"
        )));
    }
    let total = f64::from(u32::try_from(count).unwrap_or(u32::MAX));
    let (mut layers, mut fixes) = (Vec::new(), Vec::new());
    for (done, snapshot) in (0_u32..).zip(selection.servers.iter()) {
        let server = &snapshot.host.alias;
        cx.progress.step(f64::from(done), total, format!("probing {server}"));
        let diagnosis = cx.commands.probe(server.clone()).await?;
        let tried = diagnosis.steps.iter().filter(|step| step.outcome != StepOutcome::Skipped);
        layers.extend(tried.map(|step| LayerRow {
            server: server.clone(),
            layer: step.layer.name(),
            outcome: match step.outcome {
                StepOutcome::Passed => "passed",
                StepOutcome::Warned => "warned",
                StepOutcome::Failed => "failed",
                StepOutcome::Skipped => "skipped",
            },
            detail: step.detail.clone(),
            took_ms: step.took_ms,
        }));
        let fix = diagnosis.fix().map(str::to_owned);
        fixes.extend(fix.map(|fix| ProbeFix { server: server.clone(), fix }));
    }
    Ok((layers, fixes))
}

impl StatusRow {
    fn of(snapshot: &Snapshot, now: jiff::Timestamp) -> Self {
        let reach = &snapshot.reach;
        let info = snapshot.info.as_deref();
        let failing: Vec<String> = snapshot
            .failing_plugins()
            .map(|(plugin, error)| format!("{plugin}: {error}"))
            .collect();
        #[expect(clippy::cast_precision_loss, reason = "attempts stay far below 2^53")]
        let failed = (reach.failures > 0)
            .then(|| reach.failures as f64 / reach.attempts.max(1) as f64 * 100.0);
        Self {
            server: snapshot.host.alias.clone(),
            status: snapshot.status(now),
            glances: snapshot.glances_version(),
            api: info.map(|info| info.api.number()),
            last_ms: reach.latency_ms.last().copied(),
            p50_ms: analytics::quantile(&reach.latency_ms, 0.5),
            p95_ms: analytics::quantile(&reach.latency_ms, 0.95),
            last_success_age_seconds: reach.last_success.map(|at| seconds_between(at, now)),
            failures_in_row: (reach.failures_in_row > 0).then_some(reach.failures_in_row),
            failed_percent: failed,
            error: reach.error.as_ref().map(ToString::to_string),
            fix: reach.error.as_ref().map(fix),
            failing_plugins: (!failing.is_empty()).then(|| failing.join("; ")),
        }
    }
}

impl Output for GetServerStatusOutput {
    fn headline(&self) -> String {
        let statuses: Vec<String> =
            self.statuses.iter().map(|(status, count)| format!("{count} {status}")).collect();
        let servers = render::count(self.coverage.selected, "server");
        let security = self.security.as_ref().map(|it| format!(" {}", it.headline()));
        format!("{servers}: {}.{}", statuses.join(", "), security.unwrap_or_default())
    }
}
