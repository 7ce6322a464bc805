//! One process, or all of one name on one server.

use glances_client::{
    Plugin,
    model::{Extended, Process},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::{
    Context, Effect, Output, Tool, ToolError,
    view::{self, NAME_CHARS},
};
use crate::{
    access::Permission,
    model::HostName,
    query::{Gone, coverage::rfc3339, nearest},
    redact::clip,
    snapshot::Snapshot,
};

pub(in super::super) struct GetProcessDetails;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct Input {
    /// Alias of the server
    server: String,
    #[schemars(range(min = 0, max = 4_294_967_295_u32))]
    pid: Option<u32>,
    /// Name, in place of a pid
    name: Option<String>,
    /// Also open files, sockets, affinity: Glances watches it for 5 s (operator role)
    #[serde(default)]
    extended: bool,
    #[serde(default)]
    fresh: bool,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(in super::super) struct Details {
    #[schemars(with = "String")]
    server: HostName,
    /// Processes that fit.
    found: usize,
    /// Busiest first; at most 10.
    processes: Vec<Detail>,
    extended: Option<ExtendedDetail>,
    notes: Vec<String>,
    age_seconds: Option<f64>,
    as_of: String,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Detail {
    name: String,
    pid: Option<u32>,
    user: Option<String>,
    /// State in words.
    status: Option<String>,
    nice: Option<i32>,
    threads: Option<u64>,
    /// Of one core.
    cpu_percent: Option<f64>,
    cpu_user_seconds: Option<f64>,
    cpu_system_seconds: Option<f64>,
    memory_share_percent: Option<f64>,
    /// Resident.
    memory_bytes: Option<u64>,
    virtual_bytes: Option<u64>,
    shared_bytes: Option<u64>,
    code_bytes: Option<u64>,
    data_bytes: Option<u64>,
    read_bytes_per_second: Option<f64>,
    write_bytes_per_second: Option<f64>,
    /// Since it started.
    read_total_bytes: Option<f64>,
    written_total_bytes: Option<f64>,
    /// Secrets taken out.
    command: Option<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct ExtendedDetail {
    open_files: Option<u64>,
    handles: Option<u64>,
    tcp_sockets: Option<u64>,
    udp_sockets: Option<u64>,
    /// Cores that it may run on.
    cpu_affinity: Option<String>,
    io_class: Option<i64>,
    io_level: Option<i64>,
    swapped_bytes: Option<u64>,
    voluntary_switches: Option<u64>,
    involuntary_switches: Option<u64>,
}

/// Processes of one name shown.
const PROCESSES_MAX: usize = 10;
/// Cores listed of an affinity.
const AFFINITY_MAX: usize = 32;

impl Tool for GetProcessDetails {
    const NAME: &'static str = "get_process_details";
    const TITLE: &'static str = "Process details";
    const DESCRIPTION: &'static str = "One process on one server by pid, or those of a name: state, \
        nice, threads, CPU time, memory by kind, disk I/O, command without secrets. `extended` \
        adds counts of open files and sockets (Glances 4.3.1 on). Find pids with \
        get_top_processes, `group: process`.";
    const EFFECT: Effect = Effect::BrieflyChanges;
    type Input = Input;
    type Output = Details;

    async fn call(cx: Context, input: Self::Input) -> Result<Self::Output, ToolError> {
        if input.extended {
            cx.principal.require(Permission::Operate, "extended")?;
        }
        if input.pid.is_some() == input.name.is_some() {
            return Err(ToolError::Refused("give either `pid` or `name`".to_owned()));
        }
        let plugins = [Plugin::ProcessList];
        let selection = cx.the_server(&input.server, input.fresh, &plugins).await?;
        let gone = || ToolError::Refused(format!("`{}` has no data yet", input.server));
        let snapshot = selection.single().ok_or_else(gone)?;
        let Some(all) = snapshot.processes() else {
            let why = Gone::of_plugin(snapshot, Plugin::ProcessList).ok_or_else(gone)?;
            return Err(ToolError::Refused(format!(
                "`{}`: {}. Fix: {}",
                input.server, why.reason, why.fix
            )));
        };
        let found = find(all, &input)?;
        let extended = match (input.extended, found.as_slice()) {
            (false, _) => None,
            (true, [Process { pid: Some(pid), .. }]) => Some(watch(&cx, snapshot, *pid).await?),
            (true, several) => {
                return Err(ToolError::Refused(format!(
                    "`extended` is about one process and {} are named so: give a `pid`, such as {}",
                    several.len(),
                    several
                        .iter()
                        .filter_map(|p| p.pid)
                        .take(5)
                        .map(|pid| pid.to_string())
                        .collect::<Vec<_>>()
                        .join(", ")
                )));
            }
        };
        let mut notes = vec![
            "Glances serves no parent, start time, environment, open file names or remote \
             addresses of a process"
                .to_owned(),
        ];
        if found.len() > PROCESSES_MAX {
            notes.push(format!(
                "{PROCESSES_MAX} of {} shown: give a `pid`, or list with get_top_processes",
                found.len()
            ));
        }
        if snapshot.container_view() {
            notes.push(view::CONTAINER_VIEW.to_owned());
        }
        Ok(Details {
            server: snapshot.host.alias.clone(),
            found: found.len(),
            processes: found
                .iter()
                .take(PROCESSES_MAX)
                .map(|process| Detail::of(process))
                .collect(),
            extended,
            notes,
            age_seconds: snapshot.age_secs(Plugin::ProcessList, selection.now),
            as_of: rfc3339(selection.now),
        })
    }
}

async fn watch(cx: &Context, snapshot: &Snapshot, pid: u32) -> Result<ExtendedDetail, ToolError> {
    cx.progress.step(0.0, 1.0, "Glances watches the process for two refreshes, about 5 s");
    let alias = snapshot.host.alias.clone();
    let extended = cx.commands.extended(&cx.principal, alias, pid).await?;
    Ok(ExtendedDetail::of(&extended))
}

fn find<'a>(all: &'a [Process], input: &Input) -> Result<Vec<&'a Process>, ToolError> {
    let named = |process: &&Process| match (&input.pid, &input.name) {
        (Some(pid), _) => process.pid == Some(*pid),
        (None, Some(name)) => process.name.eq_ignore_ascii_case(name),
        (None, None) => false,
    };
    let mut found: Vec<&Process> = all.iter().filter(named).collect();
    let cpu = |process: &Process| process.cpu_percent.unwrap_or(0.0);
    found.sort_by(|a, b| cpu(b).total_cmp(&cpu(a)).then_with(|| a.pid.cmp(&b.pid)));
    if !found.is_empty() {
        return Ok(found);
    }
    Err(ToolError::Refused(match (&input.pid, &input.name) {
        (Some(pid), _) => format!(
            "no process {pid} on `{}` in its last list; it may have ended: try `fresh`",
            input.server
        ),
        (None, name) => {
            let name = name.as_deref().unwrap_or_default();
            let hint = nearest(name, all.iter().map(|process| process.name.as_str()))
                .map_or_else(String::new, |near| {
                    format!("; did you mean `{}`?", clip(near, NAME_CHARS))
                });
            let name = crate::redact::clean(name);
            format!(
                "no process named `{}` on `{}`{hint} (get_top_processes with `filter` also looks \
                 at command lines)",
                clip(&name, NAME_CHARS),
                input.server
            )
        }
    }))
}

fn status_words(letter: char) -> String {
    let words = match letter {
        'R' => "running",
        'S' => "sleeping",
        'D' => "waiting for disk, cannot be interrupted",
        'Z' => "zombie",
        'T' | 't' => "stopped",
        'I' => "idle kernel thread",
        'W' => "waking",
        'X' => "dead",
        other => return other.to_string(),
    };
    words.to_owned()
}

impl Detail {
    fn of(process: &Process) -> Self {
        let memory = process.memory;
        Self {
            name: clip(&process.name, NAME_CHARS).into_owned(),
            pid: process.pid,
            user: process.user.clone(),
            status: process.status.map(status_words),
            nice: process.nice,
            threads: process.threads,
            cpu_percent: process.cpu_percent,
            cpu_user_seconds: process.cpu_user_secs,
            cpu_system_seconds: process.cpu_system_secs,
            memory_share_percent: process.memory_percent,
            memory_bytes: memory.rss,
            virtual_bytes: memory.vms,
            shared_bytes: memory.shared,
            code_bytes: memory.text,
            data_bytes: memory.data,
            read_bytes_per_second: process.io_read.per_sec,
            write_bytes_per_second: process.io_write.per_sec,
            read_total_bytes: process.io_read.total,
            written_total_bytes: process.io_write.total,
            command: process.command.clone(),
        }
    }
}

impl ExtendedDetail {
    fn of(extended: &Extended) -> Self {
        let cores: Vec<String> = extended.cpu_affinity.iter().map(ToString::to_string).collect();
        Self {
            open_files: extended.open_files,
            handles: extended.handles,
            tcp_sockets: extended.tcp_sockets,
            udp_sockets: extended.udp_sockets,
            cpu_affinity: (!cores.is_empty()).then(|| view::some_words(&cores, AFFINITY_MAX)),
            io_class: extended.ionice.map(|(class, _)| class),
            io_level: extended.ionice.map(|(_, level)| level),
            swapped_bytes: extended.memory_swap,
            voluntary_switches: extended.voluntary_switches,
            involuntary_switches: extended.involuntary_switches,
        }
    }
}

impl Output for Details {
    fn headline(&self) -> String {
        match self.processes.as_slice() {
            [only] => format!(
                "{} ({}) on {}.",
                only.name,
                only.pid.map_or_else(|| "no pid".to_owned(), |pid| format!("pid {pid}")),
                self.server
            ),
            _ => format!("{} processes on {}.", self.found, self.server),
        }
    }
}
