//! Parts of replies that several tools share.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

use glances_client::{
    Plugin,
    model::{Process, System},
};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::ToolError;
use crate::{
    judge::{Judged, Verdict},
    metric::{self, METRICS},
    model::Severity,
    redact::clip,
    render,
    snapshot::{Finding, Snapshot, Status, mounts},
};

/// Cores shown of one server: the largest machines have hundreds.
pub(super) const CORES_SHOWN_MAX: usize = 64;

/// Longest name of an item in a reply, in characters.
pub(super) const NAME_CHARS: usize = 60;

/// Longest line of free text in a list, in characters.
pub(super) const LINE_CHARS: usize = 100;

/// Older than three rounds of the slowest plugin (SMART, 5 minutes) a reply tells nothing of now.
pub(super) const OLD_SECS: f64 = 900.0;

/// Said where Glances sees a container in place of its machine.
pub(super) const CONTAINER_VIEW: &str = "view: container. This Glances runs inside a container \
    and may see only its processes and mounts; run it with `--pid host --network host` and the \
    host's root mounted";

/// A finding as few words: `fs.percent[/var] 97% critical`.
pub(super) fn problem(finding: &Finding) -> String {
    let severity = match finding.severity {
        Severity::Critical => "critical",
        Severity::Warning => "warning",
        Severity::Careful | Severity::Ok => "careful",
    };
    let value = render::in_unit(finding.value, finding.unit);
    format!("{} {value} {severity}", clip(&finding.series, NAME_CHARS))
}

/// The worst findings in one text, with how many more there are.
pub(super) fn problem_words(findings: &[Finding], most: usize) -> Option<String> {
    let mut words: Vec<String> = findings.iter().take(most).map(problem).collect();
    if findings.len() > most {
        words.push(format!("+{}", findings.len() - most));
    }
    (!words.is_empty()).then(|| words.join(", "))
}

/// Sorts servers that are in the order of their aliases: worst finding, then how much that matters,
/// then CPU and memory; equal ones stay in order.
pub(super) fn sort_worst_first(servers: &mut [&Snapshot]) {
    servers.sort_by_cached_key(|of| {
        let severity = of.findings.first().map(|worst| worst.severity);
        let weight: u32 = of.findings.iter().map(|finding| u32::from(finding.weight)).sum();
        let cpu = of.cpu().and_then(|cpu| cpu.total).unwrap_or(0.0);
        let memory = of.mem().and_then(|mem| mem.percent).unwrap_or(0.0);
        // Numbers that are not negative have the order of their bits.
        let pressure = cpu.max(memory).max(0.0).to_bits();
        Reverse((severity, of.host.criticality, weight, pressure))
    });
}

/// The age of a plugin's values, when they are older than one poll interval.
pub(super) fn shown_age(snapshot: &Snapshot, plugin: Plugin, now: Timestamp) -> Option<f64> {
    let interval = snapshot.host.interval.as_secs_f64();
    // A poll arrives up to its own length after its tick.
    snapshot.age_secs(plugin, now).filter(|age| *age > interval * 1.25)
}

/// The age of a plugin's values where they are not the present ones: the server does not answer or is
/// stale, or they are old.
pub(super) fn old_age(snapshot: &Snapshot, plugin: Plugin, now: Timestamp) -> Option<f64> {
    let fresh = matches!(snapshot.status(now), Status::Up | Status::Degraded);
    snapshot.age_secs(plugin, now).filter(|age| !fresh || *age > OLD_SECS)
}

/// What history says of the series that the last replies still have, each with its last value. History
/// keeps every name for ever; what was unmounted, unplugged or switched off is not in it.
pub(super) fn still_there<'a>(
    snapshot: &Snapshot,
    judged: &'a Judged,
) -> Vec<(&'a str, &'a Verdict, f64)> {
    let path = |series: &'a str| series.split('[').next().unwrap_or_default();
    let paths: BTreeSet<&str> = judged.verdicts.keys().map(|series| path(series)).collect();
    let last: BTreeMap<String, f64> = METRICS
        .iter()
        .filter(|metric| paths.contains(metric.path))
        .flat_map(|metric| {
            let values = metric.values(snapshot).into_iter();
            values.map(|(item, value)| (metric::series(metric.path, item.as_deref()), value))
        })
        .collect();
    let verdicts = judged.verdicts.iter();
    verdicts.filter_map(|(name, it)| Some((&**name, it, *last.get(&**name)?))).collect()
}

/// Ages of plugins that are polled less often, in one text: `fs ≤ 62s, containers 12s`. Where
/// Glances keeps values for a while itself, that is added as a bound.
pub(super) fn slow_ages(snapshot: &Snapshot, plugins: &[Plugin], now: Timestamp) -> Option<String> {
    let age = |plugin: &Plugin| {
        let age = snapshot.age_secs(*plugin, now)?;
        Some(match snapshot.refresh_secs(*plugin) {
            Some(refresh) => format!("{plugin} ≤ {}", render::duration(age + refresh)),
            None => format!("{plugin} {}", render::duration(age)),
        })
    };
    let ages: Vec<String> = plugins.iter().filter_map(age).collect();
    (!ages.is_empty()).then(|| ages.join(", "))
}

/// Operating system and kernel in one text.
pub(super) fn system_words(system: &System) -> String {
    let name = system.distro.as_deref().unwrap_or(&system.os_name);
    match &system.os_version {
        Some(version) => format!("{name}, {version}"),
        None => name.to_owned(),
    }
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub(super) struct MountLine {
    mount: String,
    use_percent: Option<f64>,
    free_bytes: Option<u64>,
}

/// The fullest mount that can fill up.
pub(super) fn fullest_mount(snapshot: &Snapshot) -> Option<MountLine> {
    let mounts = mounts::distinct(snapshot.filesystems()?);
    let full = |mount: &&mounts::Mount<'_>| mount.fs.percent.unwrap_or(0.0);
    mounts
        .iter()
        .filter(|mount| mounts::can_fill(mount.fs))
        .max_by(|a, b| full(a).total_cmp(&full(b)))
        .map(|mount| MountLine {
            mount: mount.fs.mount.clone(),
            use_percent: mount.fs.percent,
            free_bytes: mount.fs.free,
        })
}

/// Use of the fullest mount that can fill up, percent.
pub(super) fn fullest_percent(snapshot: &Snapshot) -> Option<f64> {
    fullest_mount(snapshot)?.use_percent
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub(super) struct DiskLine {
    disk: String,
    read_bytes_per_second: f64,
    write_bytes_per_second: f64,
}

/// The disk that moves most bytes; `None` before rates exist.
pub(super) fn busiest_disk(snapshot: &Snapshot) -> Option<DiskLine> {
    let line = |disk: &glances_client::model::Disk| {
        Some(DiskLine {
            disk: disk.name.clone(),
            read_bytes_per_second: disk.read_bytes.per_sec?,
            write_bytes_per_second: disk.write_bytes.per_sec?,
        })
    };
    let moved = |line: &DiskLine| line.read_bytes_per_second + line.write_bytes_per_second;
    snapshot.disks()?.iter().filter_map(line).max_by(|a, b| moved(a).total_cmp(&moved(b)))
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub(super) struct InterfaceLine {
    interface: String,
    in_bits_per_second: f64,
    out_bits_per_second: f64,
}

/// The interface that moves most; `None` before rates exist.
pub(super) fn busiest_interface(snapshot: &Snapshot) -> Option<InterfaceLine> {
    let line = |nic: &glances_client::model::Interface| {
        Some(InterfaceLine {
            interface: nic.name.clone(),
            in_bits_per_second: nic.bytes_recv.per_sec? * 8.0,
            out_bits_per_second: nic.bytes_sent.per_sec? * 8.0,
        })
    };
    let moved = |line: &InterfaceLine| line.in_bits_per_second + line.out_bits_per_second;
    snapshot.interfaces()?.iter().filter_map(line).max_by(|a, b| moved(a).total_cmp(&moved(b)))
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub(super) struct ProgramLine {
    program: String,
    /// Of one core.
    cpu_percent: Option<f64>,
    memory_bytes: Option<u64>,
    processes: u32,
}

/// The programs that use most CPU.
pub(super) fn top_programs(snapshot: &Snapshot, most: usize) -> Vec<ProgramLine> {
    let mut programs = snapshot.grouped().unwrap_or_default();
    let cpu = |program: &Process| program.cpu_percent.unwrap_or(0.0);
    programs.sort_by(|a, b| cpu(b).total_cmp(&cpu(a)).then_with(|| a.name.cmp(&b.name)));
    programs
        .into_iter()
        .take(most)
        .map(|program| ProgramLine {
            program: clip(&program.name, NAME_CHARS).into_owned(),
            cpu_percent: program.cpu_percent,
            memory_bytes: program.memory.rss,
            processes: program.processes,
        })
        .collect()
}

/// A name or glob that a caller gave for items.
pub(super) fn pattern(
    argument: &str,
    text: Option<&str>,
) -> Result<Option<globset::GlobMatcher>, ToolError> {
    let Some(text) = text else { return Ok(None) };
    // Mount points and images have slashes, which `*` is to cross; case is nobody's concern.
    let glob =
        globset::GlobBuilder::new(text).literal_separator(false).case_insensitive(true).build();
    match glob {
        Ok(glob) => Ok(Some(glob.compile_matcher())),
        Err(err) => Err(ToolError::Refused(format!(
            "`{argument}` is no name or glob ({}); such as `web*`",
            err.kind()
        ))),
    }
}

/// Whether an item has the wanted name; every item has when none is wanted.
pub(super) fn fits(wanted: Option<&globset::GlobMatcher>, name: &str) -> bool {
    wanted.is_none_or(|glob| glob.is_match(name))
}

/// Says that a filter fits nothing, so that an empty list is not taken for good news.
pub(super) fn nothing_fits<T>(
    rows: &[T],
    argument: &str,
    text: Option<&str>,
) -> Result<(), ToolError> {
    match text {
        Some(text) if rows.is_empty() => {
            let text = crate::redact::clean(text);
            Err(ToolError::Refused(format!(
                "nothing fits `{argument}` = `{}` on the selected servers that answer; globs such \
                 as `*{}*` find parts of names",
                clip(&text, NAME_CHARS),
                clip(text.trim_matches('*'), NAME_CHARS)
            )))
        }
        _ => Ok(()),
    }
}

/// The first words of a list, and how many more there are.
pub(super) fn some_words<S: AsRef<str>>(words: &[S], most: usize) -> String {
    let mut shown: Vec<String> =
        words.iter().take(most).map(|word| clip(word.as_ref(), NAME_CHARS).into_owned()).collect();
    if words.len() > most {
        shown.push(format!("+{}", words.len() - most));
    }
    shown.join(", ")
}
