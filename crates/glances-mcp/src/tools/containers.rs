//! Containers of the fleet, and one of them in full.

use std::collections::BTreeMap;

use glances_client::{
    Plugin,
    model::{Container, ContainerState, Health},
};
use jiff::ToSpan as _;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Context, Output, Tool, ToolError,
    args::{Cursor, Format, Limit, Servers},
    history,
    listing::Cut,
    view::{self, NAME_CHARS, fits},
};
use crate::{
    metric,
    model::HostName,
    query::{
        Gone,
        coverage::{Coverage, Tally},
        nearest,
        window::Window,
    },
    redact::clip,
    render,
    snapshot::Snapshot,
};

pub(super) struct GetContainers;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct GetContainersInput {
    #[serde(default)]
    servers: Servers,
    /// Container or image name, or glob
    filter: Option<String>,
    #[serde(default)]
    state: StateFilter,
    #[serde(default)]
    sort_by: ContainerSort,
    #[serde(default)]
    format: Format,
    limit: Option<Limit>,
    per_server: Option<Limit>,
    cursor: Option<Cursor>,
    #[serde(default)]
    fresh: bool,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
enum StateFilter {
    #[default]
    All,
    Running,
    Stopped,
    Unhealthy,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
enum ContainerSort {
    /// Unhealthy and restarting ones first, then CPU.
    #[default]
    Trouble,
    Cpu,
    Memory,
    Network,
    Name,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct GetContainersOutput {
    /// Over all containers that fit.
    total: ContainerTotal,
    /// One row a container.
    containers: Vec<ContainerRow>,
    note: &'static str,
    coverage: Coverage,
}

#[derive(Debug, Default, Serialize, JsonSchema)]
#[schemars(inline)]
struct ContainerTotal {
    containers: usize,
    /// Number by state.
    states: BTreeMap<&'static str, usize>,
    unhealthy: usize,
    memory_used_bytes: u64,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct ContainerRow {
    #[schemars(with = "String")]
    server: HostName,
    container: String,
    state: &'static str,
    /// Verdict of its own health check, where it has one and Glances serves it (4.5).
    health: Option<&'static str>,
    /// Of one core.
    cpu_percent: Option<f64>,
    memory_used_bytes: Option<u64>,
    /// Of its limit; absent when it is unlimited.
    memory_percent: Option<f64>,
    network_in_bytes_per_second: Option<f64>,
    network_out_bytes_per_second: Option<f64>,
    io_read_bytes_per_second: Option<f64>,
    io_write_bytes_per_second: Option<f64>,
    image: Option<String>,
    /// In the engine's words.
    uptime: Option<String>,
    engine: Option<String>,
    ports: Option<String>,
    age_seconds: Option<f64>,
}

const NOT_SERVED: &str = "Glances serves no labels, volumes, environment, restart counts, exit \
    codes or logs of containers; stopped ones only with `[containers] all=True`";

impl Tool for GetContainers {
    const NAME: &'static str = "get_containers";
    const TITLE: &'static str = "Containers";
    const DESCRIPTION: &'static str = "Docker, Podman and LXD containers of all servers, those \
        in trouble first: state, health, CPU, memory and share of its limit, network and disk \
        I/O, image, uptime. Find by name or image with `filter`. For everything of one use \
        get_container_details.";
    type Input = GetContainersInput;
    type Output = GetContainersOutput;

    async fn call(cx: Context, input: Self::Input) -> Result<Self::Output, ToolError> {
        let wanted = view::pattern("filter", input.filter.as_deref())?;
        let plugins = [Plugin::Containers];
        let selection = cx.select_fresh(&input.servers, input.fresh, &plugins).await?;
        let cut = Cut::new(
            &selection,
            input.format,
            input.limit,
            input.per_server,
            input.cursor.as_ref(),
        )?;
        let mut tally = Tally::new(&selection);
        let (mut found, mut total) = (Vec::new(), ContainerTotal::default());
        for snapshot in tally.answering() {
            let Some(containers) = snapshot.containers() else {
                tally.lacks(snapshot, Plugin::Containers);
                continue;
            };
            let named =
                |c: &&Container| fits(wanted.as_ref(), &c.name) || fits(wanted.as_ref(), &c.image);
            for container in containers.iter().filter(named).filter(|c| input.state.takes(c)) {
                total.add(container);
                found.push((snapshot.as_ref(), container));
            }
        }
        view::nothing_fits(&found, "filter", input.filter.as_deref())?;
        found.sort_by(|a, b| input.sort_by.order(a, b));
        let detailed = input.format.detailed();
        let rows = found
            .into_iter()
            .map(|(snapshot, c)| ContainerRow::of(snapshot, c, selection.now, detailed))
            .collect();
        let (containers, coverage) = cut.rows(rows, tally, |row| &row.server, "containers");
        Ok(GetContainersOutput { total, containers, note: NOT_SERVED, coverage })
    }
}

impl StateFilter {
    fn takes(self, container: &Container) -> bool {
        match self {
            Self::All => true,
            Self::Running => container.state == ContainerState::Running,
            Self::Stopped => {
                matches!(container.state, ContainerState::Exited | ContainerState::Dead)
            }
            Self::Unhealthy => in_trouble(container),
        }
    }
}

impl ContainerSort {
    fn order(self, a: &(&Snapshot, &Container), b: &(&Snapshot, &Container)) -> std::cmp::Ordering {
        let value = |of: &(&Snapshot, &Container)| match self {
            Self::Trouble | Self::Cpu => of.1.cpu_percent.unwrap_or(-1.0),
            Self::Memory => of.1.memory_used.map_or(-1.0, float),
            Self::Network => {
                let rate = |meter: glances_client::model::Meter| meter.per_sec.unwrap_or(0.0);
                rate(of.1.network_recv) + rate(of.1.network_sent)
            }
            Self::Name => 0.0,
        };
        let trouble = |of: &(&Snapshot, &Container)| self == Self::Trouble && in_trouble(of.1);
        trouble(b)
            .cmp(&trouble(a))
            .then(value(b).total_cmp(&value(a)))
            .then_with(|| a.1.name.cmp(&b.1.name))
            .then_with(|| a.0.host.alias.cmp(&b.0.host.alias))
    }
}

#[expect(clippy::cast_precision_loss, reason = "bytes stay below 2^53")]
fn float(value: u64) -> f64 {
    value as f64
}

fn in_trouble(container: &Container) -> bool {
    container.health == Some(Health::Unhealthy)
        || matches!(container.state, ContainerState::Restarting | ContainerState::Dead)
}

fn state_word(state: ContainerState) -> &'static str {
    match state {
        ContainerState::Running => "running",
        ContainerState::Paused => "paused",
        ContainerState::Restarting => "restarting",
        ContainerState::Exited => "exited",
        ContainerState::Created => "created",
        ContainerState::Dead => "dead",
        ContainerState::Unknown => "unknown",
    }
}

fn health_word(health: Health) -> &'static str {
    match health {
        Health::Healthy => "healthy",
        Health::Unhealthy => "unhealthy",
        Health::Starting => "starting",
    }
}

/// Share of a real limit: engines report the machine's memory when there is none.
fn memory_percent(snapshot: &Snapshot, container: &Container) -> Option<f64> {
    let limit = container.memory_limit.filter(|limit| *limit > 0)?;
    let machine = snapshot.mem().and_then(|mem| mem.total);
    if machine.is_some_and(|machine| limit >= machine) {
        return None;
    }
    Some(float(container.memory_used?) / float(limit) * 100.0)
}

impl ContainerTotal {
    fn add(&mut self, container: &Container) {
        self.containers += 1;
        *self.states.entry(state_word(container.state)).or_default() += 1;
        self.unhealthy += usize::from(container.health == Some(Health::Unhealthy));
        self.memory_used_bytes += container.memory_used.unwrap_or(0);
    }
}

impl ContainerRow {
    fn of(
        snapshot: &Snapshot,
        container: &Container,
        now: jiff::Timestamp,
        detailed: bool,
    ) -> Self {
        let ports = container.ports.as_ref().filter(|ports| detailed && !ports.is_empty());
        Self {
            server: snapshot.host.alias.clone(),
            container: clip(&container.name, NAME_CHARS).into_owned(),
            state: state_word(container.state),
            health: container.health.map(health_word),
            cpu_percent: container.cpu_percent,
            memory_used_bytes: container.memory_used,
            memory_percent: memory_percent(snapshot, container),
            network_in_bytes_per_second: container.network_recv.per_sec,
            network_out_bytes_per_second: container.network_sent.per_sec,
            io_read_bytes_per_second: container.io_read.per_sec,
            io_write_bytes_per_second: container.io_write.per_sec,
            image: Some(clip(&container.image, NAME_CHARS).into_owned()),
            uptime: container.uptime.clone(),
            engine: detailed.then(|| container.engine.clone()),
            ports: ports.map(|ports| view::some_words(ports, 6)),
            age_seconds: snapshot
                .age_secs(Plugin::Containers, now)
                .filter(|age| *age > snapshot.host.interval.as_secs_f64()),
        }
    }
}

impl Output for GetContainersOutput {
    fn headline(&self) -> String {
        let states: Vec<String> =
            self.total.states.iter().map(|(state, count)| format!("{count} {state}")).collect();
        match self.total.containers {
            0 => "No containers on the selected servers that serve them.".to_owned(),
            count => format!(
                "{count} containers: {}; {} unhealthy; {} of memory.",
                states.join(", "),
                self.total.unhealthy,
                render::bytes(float(self.total.memory_used_bytes))
            ),
        }
    }
}

pub(super) struct GetContainerDetails;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct GetContainerDetailsInput {
    /// Alias of the server
    server: String,
    /// Name or id (12 digits are enough)
    container: String,
    #[serde(default)]
    fresh: bool,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct GetContainerDetailsOutput {
    #[schemars(with = "String")]
    server: HostName,
    container: String,
    id: String,
    engine: String,
    state: &'static str,
    health: Option<&'static str>,
    image: String,
    /// Secrets taken out.
    command: Option<String>,
    created: Option<String>,
    /// In the engine's words.
    uptime: Option<String>,
    pod: Option<String>,
    /// Of one core.
    cpu_percent: Option<f64>,
    cpu_limit_cores: Option<f64>,
    memory_used_bytes: Option<u64>,
    memory_limit_bytes: Option<u64>,
    /// Of its limit; absent when it is unlimited.
    memory_percent: Option<f64>,
    network_in_bytes_per_second: Option<f64>,
    network_out_bytes_per_second: Option<f64>,
    network_received_total_bytes: Option<f64>,
    network_sent_total_bytes: Option<f64>,
    io_read_bytes_per_second: Option<f64>,
    io_write_bytes_per_second: Option<f64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    ports: Vec<String>,
    age_seconds: Option<f64>,
    /// Its CPU and memory over the last 6 hours.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    history: Vec<history::Row>,
    notes: Vec<&'static str>,
    as_of: String,
}

/// Published ports shown of one container.
const PORTS_MAX: usize = 50;

impl Tool for GetContainerDetails {
    const NAME: &'static str = "get_container_details";
    const TITLE: &'static str = "Container details";
    const DESCRIPTION: &'static str = "Everything that Glances serves of one container on one \
        server: state, health, image, command without secrets, limits, CPU, memory, network, \
        I/O, published ports, and its CPU and memory over the last hours. Find names with \
        get_containers.";
    type Input = GetContainerDetailsInput;
    type Output = GetContainerDetailsOutput;

    async fn call(cx: Context, input: Self::Input) -> Result<Self::Output, ToolError> {
        let plugins = [Plugin::Containers];
        let selection = cx.the_server(&input.server, input.fresh, &plugins).await?;
        let gone = || ToolError::Refused(format!("`{}` has no data yet", input.server));
        let snapshot = selection.single().ok_or_else(gone)?;
        let Some(containers) = snapshot.containers() else {
            let why = Gone::of_plugin(snapshot, Plugin::Containers).ok_or_else(gone)?;
            return Err(ToolError::Refused(format!(
                "`{}`: {}. Fix: {}",
                input.server, why.reason, why.fix
            )));
        };
        let container = find(containers, &input.container, &input.server)?;
        let window = Window::parse(None, None, None, 6.hours(), selection.now)?;
        let series = ["containers.cpu_percent", "containers.memory_usage"]
            .map(|path| metric::series(path, Some(&container.name)).into());
        let host = &snapshot.host.alias;
        let history = history::lines(&cx, host, series.to_vec(), &window).await?;
        let present = GetContainerDetailsOutput::of(snapshot, container, selection.now);
        Ok(GetContainerDetailsOutput { history, ..present })
    }
}

/// Shortest id that is taken for one.
const ID_CHARS_MIN: usize = 6;

fn find<'a>(
    containers: &'a [Container],
    wanted: &str,
    server: &str,
) -> Result<&'a Container, ToolError> {
    let by_id = |c: &&Container| wanted.len() >= ID_CHARS_MIN && c.id.starts_with(wanted);
    let named: Vec<&Container> = containers.iter().filter(|c| c.name == wanted).collect();
    let found = if named.is_empty() { containers.iter().filter(by_id).collect() } else { named };
    match found.as_slice() {
        [only] => Ok(only),
        [] => {
            let names: Vec<&str> = containers.iter().map(|c| c.name.as_str()).collect();
            let hint = nearest(wanted, names.iter().copied())
                .map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
            let wanted = crate::redact::clean(wanted);
            let there = match names.len() {
                0 => "it shows none".to_owned(),
                count => format!("{count} there: {}", view::some_words(&names, 8)),
            };
            let wanted = clip(&wanted, NAME_CHARS);
            Err(ToolError::Refused(format!(
                "no container `{wanted}` on `{server}`{hint} ({there})"
            )))
        }
        several => {
            let ids: Vec<String> =
                several.iter().map(|c| format!("{} {}", c.engine, clip(&c.id, 12))).collect();
            Err(ToolError::Refused(format!(
                "{} containers have that name; give the id: {}",
                several.len(),
                view::some_words(&ids, 8)
            )))
        }
    }
}

impl GetContainerDetailsOutput {
    fn of(snapshot: &Snapshot, c: &Container, now: jiff::Timestamp) -> Self {
        let mut notes = vec![NOT_SERVED];
        if c.ports.is_none() {
            notes.push("ports are not served before Glances 4.4");
        }
        let ports = c.ports.iter().flatten().take(PORTS_MAX);
        Self {
            server: snapshot.host.alias.clone(),
            container: c.name.clone(),
            id: c.id.clone(),
            engine: c.engine.clone(),
            state: state_word(c.state),
            health: c.health.map(health_word),
            image: c.image.clone(),
            command: c.command.clone(),
            created: c.created.clone(),
            uptime: c.uptime.clone(),
            pod: c.pod.clone(),
            cpu_percent: c.cpu_percent,
            cpu_limit_cores: c.cpu_limit_cores,
            memory_used_bytes: c.memory_used,
            memory_limit_bytes: c.memory_limit,
            memory_percent: memory_percent(snapshot, c),
            network_in_bytes_per_second: c.network_recv.per_sec,
            network_out_bytes_per_second: c.network_sent.per_sec,
            network_received_total_bytes: c.network_recv.total,
            network_sent_total_bytes: c.network_sent.total,
            io_read_bytes_per_second: c.io_read.per_sec,
            io_write_bytes_per_second: c.io_write.per_sec,
            ports: ports.map(|port| clip(port, NAME_CHARS).into_owned()).collect(),
            age_seconds: snapshot.age_secs(Plugin::Containers, now),
            history: Vec::new(),
            notes,
            as_of: crate::query::coverage::rfc3339(now),
        }
    }
}

impl Output for GetContainerDetailsOutput {
    fn headline(&self) -> String {
        let health = self.health.map_or_else(String::new, |word| format!(", {word}"));
        format!("Container {} on {}: {}{health}.", self.container, self.server, self.state)
    }
}
