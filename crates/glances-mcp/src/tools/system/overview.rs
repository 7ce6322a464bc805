//! The first question of every session: how is everything?

use glances_client::{Plugin, model::Health};
use jiff::ToSpan as _;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::{
    Context, Output, Tool, ToolError,
    args::{Cursor, Format, Limit, Servers},
    listing::Cut,
    view::{self, busiest_disk, busiest_interface, fullest_mount, problem_words, shown_age},
};
use crate::{
    model::{HostName, Severity},
    query::{
        coverage::{Coverage, Tally},
        window::Window,
    },
    redact::clip,
    render,
    snapshot::{Snapshot, Status},
    store::Event,
};

pub(in super::super) struct GetSystemOverview;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct Input {
    #[serde(default)]
    servers: Servers,
    #[serde(default)]
    format: Format,
    limit: Option<Limit>,
    cursor: Option<Cursor>,
    /// Poll now and wait; at most 5 servers.
    #[serde(default)]
    fresh: bool,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(in super::super) struct Overview {
    /// Over all servers that answered.
    fleet: Rollup,
    /// One row a server, worst first.
    servers: Vec<Row>,
    /// More about the one server that was asked for.
    one: Option<Box<One>>,
    coverage: Coverage,
}

/// Sums and extremes over every server that answered, never over a sample.
#[derive(Debug, Default, Serialize, JsonSchema)]
#[schemars(inline)]
struct Rollup {
    answered: usize,
    with_critical: usize,
    with_warning: usize,
    with_careful: usize,
    cores: Option<u32>,
    /// CPU time not idle, weighted by cores.
    cpu_percent: Option<f64>,
    memory_used_bytes: Option<u64>,
    memory_total_bytes: Option<u64>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Row {
    #[schemars(with = "String")]
    server: HostName,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<Status>,
    #[serde(skip_serializing_if = "Option::is_none")]
    age_seconds: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cpu_percent: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    memory_percent: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    swap_percent: Option<f64>,
    /// 5-minute load average divided by cores.
    #[serde(skip_serializing_if = "Option::is_none")]
    load_per_core: Option<f64>,
    /// At or beyond a default threshold, worst first.
    #[serde(skip_serializing_if = "Option::is_none")]
    problems: Option<String>,
    // What `detailed` adds.
    #[serde(skip_serializing_if = "Option::is_none")]
    cores: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    memory_used_bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    memory_available_bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    memory_total_bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    load_1m: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    load_15m: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    uptime_seconds: Option<f64>,
}

/// What a reply about one server adds.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct One {
    system: Option<String>,
    hostname: Option<String>,
    glances: Option<String>,
    uptime_seconds: Option<f64>,
    cores: Option<u32>,
    /// CPU time not idle, by core.
    per_core_percent: Vec<f64>,
    load_1m: Option<f64>,
    load_5m: Option<f64>,
    load_15m: Option<f64>,
    memory: Option<Memory>,
    swap_used_bytes: Option<u64>,
    swap_total_bytes: Option<u64>,
    fullest_mount: Option<view::MountLine>,
    busiest_disk: Option<view::DiskLine>,
    busiest_interface: Option<view::InterfaceLine>,
    top_programs: Vec<view::ProgramLine>,
    containers_running: Option<usize>,
    unhealthy_containers: Vec<String>,
    /// How old the values are that are not polled with the rest.
    ages: Option<String>,
    caveat: Option<&'static str>,
    /// What happened in the last day, newest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    events: Vec<EventLine>,
    note: &'static str,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct EventLine {
    at: String,
    what: String,
    item: Option<String>,
    detail: Option<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Memory {
    used_bytes: Option<u64>,
    available_bytes: Option<u64>,
    cached_bytes: Option<u64>,
    buffers_bytes: Option<u64>,
    total_bytes: Option<u64>,
}

/// Programs shown of one server.
const PROGRAMS_SHOWN: usize = 5;
/// Events shown of one server.
const EVENTS_SHOWN: usize = 5;
/// Problems named in one row.
const PROBLEMS_IN_ROW: usize = 3;

impl Tool for GetSystemOverview {
    const NAME: &'static str = "get_system_overview";
    const TITLE: &'static str = "System overview";
    const DESCRIPTION: &'static str = "How the servers do now, worst first: CPU, memory, swap, \
        load per core and every value beyond a threshold, with a rollup of the whole fleet. Start \
        here. For exactly one server also cores, memory detail, fullest mount, busiest disk and \
        interface, top programs, unhealthy containers and the last events.";
    type Input = Input;
    type Output = Overview;

    async fn call(cx: Context, input: Self::Input) -> Result<Self::Output, ToolError> {
        let plugins = [Plugin::Cpu, Plugin::Mem, Plugin::Load];
        let selection = cx.select_fresh(&input.servers, input.fresh, &plugins).await?;
        let cut = Cut::new(&selection, input.format, input.limit, None, input.cursor.as_ref())?;
        let tally = Tally::new(&selection);
        let mut fleet = Fold::default();
        let mut ranked: Vec<&Snapshot> = tally.answering().map(AsRef::as_ref).collect();
        ranked.iter().for_each(|snapshot| fleet.add(snapshot));
        view::sort_worst_first(&mut ranked);
        let one = match selection.single() {
            Some(snapshot) if snapshot.status(selection.now).answers() => {
                let events = events(&cx, &snapshot.host.alias, selection.now).await?;
                Some(Box::new(One { events, ..One::of(snapshot, selection.now) }))
            }
            _ => None,
        };
        let (kept, coverage) = cut.rows(ranked, tally, |snapshot| &snapshot.host.alias, "servers");
        let row = |snapshot: &&Snapshot| Row::of(snapshot, selection.now, input.format);
        let servers = kept.iter().map(row).collect();
        Ok(Overview { fleet: fleet.rollup(), servers, one, coverage })
    }
}

/// What happened to a server in the last day.
async fn events(
    cx: &Context,
    host: &HostName,
    now: jiff::Timestamp,
) -> Result<Vec<EventLine>, ToolError> {
    let day = Window::parse(None, None, None, 1.day(), now)?;
    let hosts = std::slice::from_ref(host);
    let events = cx.query.events(&cx.principal, hosts, day.span()).await?;
    let line = |event: Event| {
        let at = jiff::Timestamp::from_second(event.secs).ok()?;
        let given =
            |text: &str| (!text.is_empty()).then(|| clip(text, view::NAME_CHARS).into_owned());
        Some(EventLine {
            at: day.written(at),
            what: event.kind.replace('_', " "),
            item: given(&event.item),
            detail: given(&event.detail),
        })
    };
    Ok(events.into_iter().filter_map(line).take(EVENTS_SHOWN).collect())
}

/// Sums on the way to a [`Rollup`].
#[derive(Default)]
struct Fold {
    rollup: Rollup,
    busy_cores: f64,
    cores_with_cpu: f64,
}

impl Fold {
    fn add(&mut self, snapshot: &Snapshot) {
        let rollup = &mut self.rollup;
        rollup.answered += 1;
        match snapshot.findings.first().map(|finding| finding.severity) {
            Some(Severity::Critical) => rollup.with_critical += 1,
            Some(Severity::Warning) => rollup.with_warning += 1,
            Some(Severity::Careful) => rollup.with_careful += 1,
            Some(Severity::Ok) | None => {}
        }
        let cores = snapshot.core_count();
        if let Some(cores) = cores {
            *rollup.cores.get_or_insert(0) += cores;
        }
        if let (Some(cores), Some(total)) = (cores, snapshot.cpu().and_then(|cpu| cpu.total)) {
            self.cores_with_cpu += f64::from(cores);
            self.busy_cores += f64::from(cores) * total;
        }
        if let Some((used, total)) = snapshot.mem().and_then(|mem| mem.used.zip(mem.total)) {
            *rollup.memory_used_bytes.get_or_insert(0) += used;
            *rollup.memory_total_bytes.get_or_insert(0) += total;
        }
    }

    fn rollup(mut self) -> Rollup {
        self.rollup.cpu_percent =
            (self.cores_with_cpu > 0.0).then(|| self.busy_cores / self.cores_with_cpu);
        self.rollup
    }
}

impl Row {
    fn of(snapshot: &Snapshot, now: jiff::Timestamp, format: Format) -> Self {
        let status = snapshot.status(now);
        let load = snapshot.load();
        let per_core = |load: f64| Some(load / f64::from(snapshot.core_count()?));
        let more = format.detailed().then_some(snapshot);
        let (more_mem, more_load) = (more.and_then(Snapshot::mem), more.and_then(Snapshot::load));
        Self {
            server: snapshot.host.alias.clone(),
            status: (status != Status::Up).then_some(status),
            age_seconds: shown_age(snapshot, Plugin::Cpu, now),
            cpu_percent: snapshot.cpu().and_then(|cpu| cpu.total),
            memory_percent: snapshot.mem().and_then(|mem| mem.percent),
            swap_percent: snapshot
                .swap()
                .filter(|swap| swap.used.is_some_and(|used| used > 0))
                .and_then(|swap| swap.percent),
            load_per_core: load.and_then(|load| load.min5).and_then(per_core),
            problems: problem_words(&snapshot.findings, PROBLEMS_IN_ROW),
            cores: more.and_then(Snapshot::core_count),
            memory_used_bytes: more_mem.and_then(|mem| mem.used),
            memory_available_bytes: more_mem.and_then(|mem| mem.available),
            memory_total_bytes: more_mem.and_then(|mem| mem.total),
            load_1m: more_load.and_then(|load| load.min1),
            load_15m: more_load.and_then(|load| load.min15),
            uptime_seconds: more.and_then(Snapshot::uptime_secs).copied(),
        }
    }
}

impl One {
    fn of(snapshot: &Snapshot, now: jiff::Timestamp) -> Self {
        let (mem, load, swap) = (snapshot.mem(), snapshot.load(), snapshot.swap());
        let system = snapshot.system();
        let unhealthy = snapshot.containers().into_iter().flatten();
        let unhealthy = unhealthy.filter(|c| c.health == Some(Health::Unhealthy));
        Self {
            system: system.map(view::system_words),
            hostname: system.map(|system| system.hostname.clone()),
            glances: snapshot.glances_version(),
            uptime_seconds: snapshot.uptime_secs().copied(),
            cores: snapshot.core_count(),
            per_core_percent: snapshot
                .cores()
                .into_iter()
                .flatten()
                .take(view::CORES_SHOWN_MAX)
                .filter_map(|core| core.total)
                .collect(),
            load_1m: load.and_then(|load| load.min1),
            load_5m: load.and_then(|load| load.min5),
            load_15m: load.and_then(|load| load.min15),
            memory: mem.map(|mem| Memory {
                used_bytes: mem.used,
                available_bytes: mem.available,
                cached_bytes: mem.cached,
                buffers_bytes: mem.buffers,
                total_bytes: mem.total,
            }),
            swap_used_bytes: swap.and_then(|swap| swap.used),
            swap_total_bytes: swap.and_then(|swap| swap.total),
            fullest_mount: fullest_mount(snapshot),
            busiest_disk: busiest_disk(snapshot),
            busiest_interface: busiest_interface(snapshot),
            top_programs: view::top_programs(snapshot, PROGRAMS_SHOWN),
            containers_running: snapshot.containers().map(|containers| {
                containers
                    .iter()
                    .filter(|c| c.state == glances_client::model::ContainerState::Running)
                    .count()
            }),
            unhealthy_containers: unhealthy.map(|c| c.name.clone()).collect(),
            ages: view::slow_ages(
                snapshot,
                &[Plugin::Fs, Plugin::ProgramList, Plugin::ProcessList, Plugin::Containers],
                now,
            ),
            caveat: snapshot.container_view().then_some(view::CONTAINER_VIEW),
            events: Vec::new(),
            note: "problems are values beyond default thresholds; check_alert_conditions has the alerts",
        }
    }
}

impl Output for Overview {
    fn headline(&self) -> String {
        let (fleet, selected) = (&self.fleet, self.coverage.selected);
        let beyond = fleet.with_critical + fleet.with_warning + fleet.with_careful;
        let state = match (fleet.answered, beyond) {
            (0, _) => "nothing is known".to_owned(),
            (_, 0) => "none is beyond a threshold".to_owned(),
            _ => format!(
                "{} critical, {} warning, {} careful",
                fleet.with_critical, fleet.with_warning, fleet.with_careful
            ),
        };
        let all = render::count(selected, "server");
        match selected - fleet.answered.min(selected) {
            0 => format!("{all}, all answer: {state}."),
            gone => {
                format!("{} of {all} answer, {gone} cannot be reached: {state}.", fleet.answered)
            }
        }
    }
}
