//! The busiest programs or processes, and totals by program over the fleet.

use std::{borrow::Cow, collections::BTreeMap};

use glances_client::{Plugin, model::Process};
use globset::GlobMatcher;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::{
    Context, Output, Tool, ToolError,
    args::{Cursor, Format, Limit, Servers},
    listing::Cut,
    view::{self, NAME_CHARS, fits},
};
use super::past;
use crate::{
    model::HostName,
    query::coverage::{Coverage, Tally},
    redact::clip,
    render,
    snapshot::{Snapshot, programs::merged},
};

pub(in super::super) struct GetTopProcesses;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct Input {
    #[serde(default)]
    servers: Servers,
    #[serde(default)]
    sort_by: Sort,
    /// Program or command line: text or glob
    filter: Option<String>,
    #[serde(default)]
    group: Group,
    /// A past moment: RFC 3339, -2h, 03:10
    at: Option<String>,
    timezone: Option<String>,
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
enum Sort {
    #[default]
    Cpu,
    Memory,
    Io,
    Time,
    Name,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
enum Group {
    #[default]
    Program,
    Process,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(in super::super) struct Top {
    /// Programs that fit, summed over the servers, most first; at most 5, 20 in `detailed`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    fleet: Vec<ProgramTotal>,
    /// The past moment that this is about.
    at: Option<String>,
    /// One row a program or process and server.
    processes: Vec<Row>,
    notes: Vec<&'static str>,
    coverage: Coverage,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct ProgramTotal {
    program: String,
    servers: usize,
    processes: u32,
    /// Of one core, summed.
    cpu_percent: f64,
    memory_bytes: u64,
    io_bytes_per_second: Option<f64>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Row {
    #[schemars(with = "String")]
    server: HostName,
    name: String,
    pid: Option<u32>,
    /// Processes of the program.
    processes: Option<u32>,
    /// Of one core: above 100 with several.
    cpu_percent: Option<f64>,
    memory_bytes: Option<u64>,
    memory_share_percent: Option<f64>,
    io_bytes_per_second: Option<f64>,
    user: Option<String>,
    status: Option<String>,
    threads: Option<u64>,
    /// CPU time used since it started.
    cpu_time_seconds: Option<f64>,
    /// Cut, secrets taken out; `detailed` only.
    command: Option<String>,
    /// Against an hour and a day ago, where it was among the top programs: of one server, or in
    /// `detailed` of five.
    trend: Option<String>,
    age_seconds: Option<f64>,
}

/// Programs in the totals of a concise and of a detailed reply.
const TOTALS: (usize, usize) = (5, 20);

/// Longest command line in a list, in characters.
const COMMAND_CHARS: usize = 100;

const NO_PARENTS: &str = "no Glances serves parent processes, so programs are grouped by name in \
    place of a tree";

const PAST: &str = "of a past moment the top programs by CPU, memory and I/O are kept, once a minute \
    and without command lines";

impl Tool for GetTopProcesses {
    const NAME: &'static str = "get_top_processes";
    const TITLE: &'static str = "Top processes";
    const DESCRIPTION: &'static str = "What uses most CPU, memory, disk I/O or CPU time, by program \
        or process, and where a program runs: with `filter` (\"java\") it finds it on every \
        server and sums it over the fleet; `at` tells of a past moment. For one process in full use \
        get_process_details.";
    type Input = Input;
    type Output = Top;

    async fn call(cx: Context, input: Self::Input) -> Result<Self::Output, ToolError> {
        let wanted = Wanted::new(input.filter.as_deref())?;
        let plugins = [Plugin::ProcessList, Plugin::ProgramList];
        let selection = cx.select_fresh(&input.servers, input.fresh, &plugins).await?;
        let cut = Cut::new(
            &selection,
            input.format,
            input.limit,
            input.per_server,
            input.cursor.as_ref(),
        )?;
        let moment = match &input.at {
            Some(at) => Some(past::moment(at, input.timezone.as_deref(), &selection)?),
            None => None,
        };
        let mut tally = Tally::new(&selection);
        let mut found: Vec<(&Snapshot, Cow<'_, Process>)> = Vec::new();
        let mut container_view = false;
        if let Some(moment) = &moment {
            let programs = past::programs(&cx, &selection, moment).await?;
            let fits = programs.into_iter().filter(|(_, process)| wanted.fits(process));
            found.extend(fits.map(|(snapshot, process)| (snapshot, Cow::Owned(process))));
        }
        let present = if moment.is_none() { tally.answering().collect() } else { Vec::new() };
        for snapshot in present {
            let Some(all) = items(snapshot, input.group, &wanted) else {
                tally.lacks(snapshot, Plugin::ProcessList);
                continue;
            };
            container_view |= snapshot.container_view();
            found.extend(all.into_iter().map(|process| (snapshot.as_ref(), process)));
        }
        view::nothing_fits(&found, "filter", input.filter.as_deref())?;
        let fleet = match selection.single() {
            Some(_) => Vec::new(),
            None => totals(&found, input.sort_by, input.format),
        };
        found.sort_by(|a, b| {
            input.sort_by.order(&a.1, &b.1).then_with(|| a.0.host.alias.cmp(&b.0.host.alias))
        });
        let what = if input.group == Group::Program { "programs" } else { "processes" };
        let (kept, coverage) = cut.rows(found, tally, |(snapshot, _)| &snapshot.host.alias, what);
        let compared = moment.is_none()
            && input.group == Group::Program
            && (selection.single().is_some() || input.format.detailed());
        let before = if compared {
            let hosts = kept.iter().map(|(snapshot, _)| &snapshot.host.alias);
            past::Before::read(&cx, hosts, selection.now).await?
        } else {
            past::Before::nothing()
        };
        let mut processes: Vec<Row> = kept
            .iter()
            .map(|(snapshot, process)| Row {
                trend: before.trend(&snapshot.host.alias, process),
                ..Row::of(snapshot, process, selection.now, input.format)
            })
            .collect();
        let mut notes = vec![NO_PARENTS];
        if moment.is_some() {
            processes.iter_mut().for_each(|row| row.age_seconds = None);
            notes = vec![PAST];
        }
        if container_view {
            notes.push(view::CONTAINER_VIEW);
        }
        let at = moment.map(|moment| moment.written(moment.until));
        Ok(Top { fleet, at, processes, notes, coverage })
    }
}

/// What a caller looks for: a glob, or any part of the name or command line.
struct Wanted(Option<GlobMatcher>);

impl Wanted {
    fn new(text: Option<&str>) -> Result<Self, ToolError> {
        let part = text.map(|text| match text.contains(['*', '?', '[', '{']) {
            true => text.to_owned(),
            false => format!("*{text}*"),
        });
        view::pattern("filter", part.as_deref()).map(Self)
    }

    fn fits(&self, process: &Process) -> bool {
        let command = || process.command.as_deref().is_some_and(|text| fits(self.0.as_ref(), text));
        fits(self.0.as_ref(), &process.name) || command()
    }
}

/// Programs or processes of one server that fit. A search for programs looks at the processes,
/// whose command lines tell more than a program's name, and merges what it finds.
fn items<'a>(
    snapshot: &'a Snapshot,
    group: Group,
    wanted: &Wanted,
) -> Option<Vec<Cow<'a, Process>>> {
    let fits = |process: &&Process| wanted.fits(process);
    match (group, snapshot.processes()) {
        (Group::Process, all) => Some(all?.iter().filter(fits).map(Cow::Borrowed).collect()),
        (Group::Program, Some(all)) if wanted.0.is_some() => Some(merged(all.iter().filter(fits))),
        (Group::Program, _) => snapshot.grouped(),
    }
}

fn io(process: &Process) -> Option<f64> {
    Some(process.io_read.per_sec? + process.io_write.per_sec?)
}

fn cpu_time(process: &Process) -> Option<f64> {
    Some(process.cpu_user_secs? + process.cpu_system_secs?)
}

#[expect(clippy::cast_precision_loss, reason = "bytes stay below 2^53")]
fn memory(process: &Process) -> Option<f64> {
    process.memory.rss.map(|bytes| bytes as f64).or(process.memory_percent)
}

impl Sort {
    fn order(self, a: &Process, b: &Process) -> std::cmp::Ordering {
        let key = |process: &Process| match self {
            Self::Cpu => process.cpu_percent,
            Self::Memory => memory(process),
            Self::Io => io(process),
            Self::Time => cpu_time(process),
            Self::Name => None,
        };
        key(b)
            .unwrap_or(-1.0)
            .total_cmp(&key(a).unwrap_or(-1.0))
            .then_with(|| a.name.cmp(&b.name))
            .then_with(|| a.pid.cmp(&b.pid))
    }
}

fn totals(
    found: &[(&Snapshot, Cow<'_, Process>)],
    sort: Sort,
    format: Format,
) -> Vec<ProgramTotal> {
    let mut sums: BTreeMap<&str, (ProgramTotal, Option<&HostName>)> = BTreeMap::new();
    for (snapshot, process) in found {
        let (sum, last) = sums.entry(process.name.as_str()).or_insert_with(|| {
            let program = clip(&process.name, NAME_CHARS).into_owned();
            let total = ProgramTotal {
                program,
                servers: 0,
                processes: 0,
                cpu_percent: 0.0,
                memory_bytes: 0,
                io_bytes_per_second: None,
            };
            (total, None)
        });
        // Rows of one server come together.
        if last.replace(&snapshot.host.alias) != Some(&snapshot.host.alias) {
            sum.servers += 1;
        }
        sum.processes += process.processes.max(1);
        sum.cpu_percent += process.cpu_percent.unwrap_or(0.0);
        sum.memory_bytes += process.memory.rss.unwrap_or(0);
        if let Some(more) = io(process) {
            *sum.io_bytes_per_second.get_or_insert(0.0) += more;
        }
    }
    let mut totals: Vec<ProgramTotal> = sums.into_values().map(|(total, _)| total).collect();
    #[expect(clippy::cast_precision_loss, reason = "bytes stay below 2^53")]
    let key = |total: &ProgramTotal| match sort {
        Sort::Memory => total.memory_bytes as f64,
        Sort::Io => total.io_bytes_per_second.unwrap_or(0.0),
        Sort::Cpu | Sort::Time => total.cpu_percent,
        Sort::Name => 0.0,
    };
    totals.sort_by(|a, b| key(b).total_cmp(&key(a)).then_with(|| a.program.cmp(&b.program)));
    totals.truncate(if format.detailed() { TOTALS.1 } else { TOTALS.0 });
    totals
}

impl Row {
    fn of(snapshot: &Snapshot, process: &Process, now: jiff::Timestamp, format: Format) -> Self {
        let detailed = format.detailed();
        let command = process.command.as_deref().filter(|_| detailed);
        Self {
            server: snapshot.host.alias.clone(),
            name: clip(&process.name, NAME_CHARS).into_owned(),
            pid: process.pid,
            processes: (process.processes > 1).then_some(process.processes),
            cpu_percent: process.cpu_percent,
            memory_bytes: process.memory.rss,
            memory_share_percent: process
                .memory_percent
                .filter(|_| process.memory.rss.is_none() || detailed),
            io_bytes_per_second: io(process),
            user: process.user.as_deref().map(|user| clip(user, NAME_CHARS).into_owned()),
            status: process.status.filter(|_| detailed).map(String::from),
            threads: process.threads.filter(|_| detailed),
            cpu_time_seconds: cpu_time(process).filter(|_| detailed),
            command: command.map(|text| clip(text, COMMAND_CHARS).into_owned()),
            trend: None,
            age_seconds: snapshot
                .age_secs(Plugin::ProcessList, now)
                .filter(|age| *age > snapshot.host.interval.as_secs_f64()),
        }
    }
}

impl Output for Top {
    fn headline(&self) -> String {
        let value = |cpu: Option<f64>, memory: Option<u64>| {
            let cpu = cpu.map(|cpu| format!("{}% of a core", render::short(cpu)));
            #[expect(clippy::cast_precision_loss, reason = "bytes stay below 2^53")]
            let memory = memory.map(|bytes| render::bytes(bytes as f64));
            cpu.into_iter().chain(memory).collect::<Vec<_>>().join(", ")
        };
        if let Some(first) = self.fleet.first() {
            let servers = if first.servers == 1 { "server" } else { "servers" };
            return format!(
                "First: {} on {} {servers}, {}.",
                first.program,
                first.servers,
                value(Some(first.cpu_percent), Some(first.memory_bytes))
            );
        }
        self.processes.first().map_or_else(
            || "No processes to show.".to_owned(),
            |row| {
                format!(
                    "First: {} on {}, {}.",
                    row.name,
                    row.server,
                    value(row.cpu_percent, row.memory_bytes)
                )
            },
        )
    }
}
