//! Every number of the catalogue, by section; over a fleet, the problems.

use std::collections::BTreeMap;

use glances_client::Plugin;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::{
    Context, Output, Tool, ToolError,
    args::{Cursor, Format, Limit, Servers},
    listing::Cut,
    view::{self, NAME_CHARS, shown_age},
};
use crate::{
    metric::{self, METRICS, Metric},
    model::{HostName, Severity},
    query::coverage::{Coverage, Tally},
    redact::clip,
    snapshot::Snapshot,
};

pub(in super::super) struct GetDetailedMetrics;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct Input {
    #[serde(default)]
    servers: Servers,
    /// Default: cpu, memory, swap, io
    #[serde(default)]
    #[schemars(length(max = 16))]
    sections: Vec<Section>,
    #[serde(default)]
    format: Format,
    limit: Option<Limit>,
    cursor: Option<Cursor>,
    #[serde(default)]
    fresh: bool,
}

#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
enum Section {
    Cpu,
    Memory,
    Swap,
    Io,
    Network,
    Disk,
    Processes,
    Connections,
    Sensors,
    Gpu,
    Npu,
    Raid,
    Smart,
    Folders,
    Vms,
    Ports,
    Amps,
    Wifi,
    Irq,
}

const DEFAULT: &[Section] = &[Section::Cpu, Section::Memory, Section::Swap, Section::Io];

impl Section {
    /// The plugins whose metrics make up the section.
    const fn plugins(self) -> &'static [Plugin] {
        match self {
            Self::Cpu => &[Plugin::Cpu, Plugin::PerCpu, Plugin::Load],
            Self::Memory => &[Plugin::Mem],
            Self::Swap => &[Plugin::MemSwap],
            Self::Io => &[Plugin::DiskIo],
            Self::Network => &[Plugin::Network],
            Self::Disk => &[Plugin::Fs],
            Self::Processes => &[Plugin::ProcessCount],
            Self::Connections => &[Plugin::Connections],
            Self::Sensors => &[Plugin::Sensors],
            Self::Gpu => &[Plugin::Gpu],
            Self::Npu => &[Plugin::Npu],
            Self::Raid => &[Plugin::Raid],
            Self::Smart => &[Plugin::Smart],
            Self::Folders => &[Plugin::Folders],
            Self::Vms => &[Plugin::Vms],
            Self::Ports => &[Plugin::Ports],
            Self::Amps => &[Plugin::Amps],
            Self::Wifi => &[Plugin::Wifi],
            Self::Irq => &[Plugin::Irq],
        }
    }
}

#[derive(Debug, Serialize, JsonSchema)]
pub(in super::super) struct Detailed {
    /// Numbers of one server, or of each in `detailed`; else what is at or beyond a threshold.
    metrics: Vec<Row>,
    /// Metrics at or beyond a threshold on all selected servers.
    problems: usize,
    /// What is no number: RAID arrays, SMART attributes, virtual machines.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    facts: Vec<Fact>,
    /// Sections that the one server does not serve, or that are empty there.
    nothing_in: Option<String>,
    /// Disks and interfaces that stand still, left out; `detailed` lists them.
    idle_items: Option<usize>,
    age_seconds: Option<f64>,
    coverage: Coverage,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Row {
    #[schemars(with = "String")]
    server: HostName,
    /// Metric path with its item.
    metric: String,
    value: f64,
    unit: &'static str,
    severity: Option<Severity>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Fact {
    #[schemars(with = "String")]
    server: HostName,
    section: &'static str,
    fact: String,
}

/// Facts in one reply.
const FACTS_MAX: usize = 40;
/// Rows about one server: its numbers are few and belong together.
const ROWS_ONE: usize = 100;

impl Tool for GetDetailedMetrics {
    const NAME: &'static str = "get_detailed_metrics";
    const TITLE: &'static str = "Detailed metrics";
    const DESCRIPTION: &'static str = "Every number of one server by section: CPU shares, context \
        switches, interrupts, memory breakdown, swap, disk I/O; on request sensors, gpu, raid, \
        smart, folders, vms, ports and more. Over several servers it lists only what is beyond a \
        threshold; `detailed` lists all.";
    type Input = Input;
    type Output = Detailed;

    async fn call(cx: Context, input: Self::Input) -> Result<Self::Output, ToolError> {
        let sections = if input.sections.is_empty() { DEFAULT } else { &input.sections };
        let plugins: Vec<Plugin> =
            sections.iter().flat_map(|section| section.plugins()).copied().collect();
        let selection = cx.select_fresh(&input.servers, input.fresh, &plugins).await?;
        let whole = selection.single().is_some() || input.format.detailed();
        let limit = match (selection.single(), input.limit) {
            (Some(_), None) => Some(Limit(ROWS_ONE)),
            (_, limit) => limit,
        };
        let cut = Cut::new(&selection, input.format, limit, None, input.cursor.as_ref())?;
        let tally = Tally::new(&selection);
        let (mut rows, mut facts, mut problems, mut idle) = (Vec::new(), Vec::new(), 0, 0);
        for snapshot in tally.answering() {
            let still =
                if input.format.detailed() { Vec::new() } else { still(snapshot, &plugins) };
            idle += still.len();
            for row in rows_of(snapshot, &plugins, &still) {
                problems += usize::from(row.severity.is_some());
                if whole || row.severity.is_some() {
                    rows.push(row);
                }
            }
            if whole {
                facts.extend(facts_of(snapshot, &plugins));
            }
        }
        facts.truncate(FACTS_MAX);
        if !whole {
            rows.sort_by(|a, b| {
                b.severity
                    .cmp(&a.severity)
                    .then_with(|| (&a.server, &a.metric).cmp(&(&b.server, &b.metric)))
            });
        }
        let one = selection.single();
        let nothing_in = one
            .filter(|snapshot| snapshot.status(selection.now).answers())
            .and_then(|_| nothing_in(sections, &rows, &facts));
        let age_seconds = one.and_then(|snapshot| shown_age(snapshot, Plugin::Cpu, selection.now));
        let idle_items = (whole && idle > 0).then_some(idle);
        let (metrics, coverage) = cut.rows(rows, tally, |row| &row.server, "metrics");
        Ok(Detailed { metrics, problems, facts, nothing_in, idle_items, age_seconds, coverage })
    }
}

/// The sections that have neither a number nor a fact.
fn nothing_in(sections: &[Section], rows: &[Row], facts: &[Fact]) -> Option<String> {
    let plugin_of = |row: &Row| row.metric.split('.').next().and_then(Plugin::parse);
    let served = |plugin: &Plugin| {
        rows.iter().any(|row| plugin_of(row) == Some(*plugin))
            || facts.iter().any(|fact| fact.section == plugin.name())
    };
    let empty = sections.iter().filter(|section| !section.plugins().iter().any(served));
    let names: Vec<&str> =
        empty.filter_map(|section| section.plugins().first()).map(|plugin| plugin.name()).collect();
    (!names.is_empty()).then(|| names.join(", "))
}

fn of_plugins<'a>(plugins: &'a [Plugin]) -> impl Iterator<Item = &'static Metric> + 'a {
    METRICS.iter().filter(|metric| metric.plugin().is_some_and(|plugin| plugins.contains(&plugin)))
}

/// Disks and interfaces of which every number is 0, such as a dozen loop devices.
fn still(snapshot: &Snapshot, plugins: &[Plugin]) -> Vec<(Plugin, String)> {
    let mut moves: BTreeMap<(Plugin, String), bool> = BTreeMap::new();
    for plugin in [Plugin::DiskIo, Plugin::Network] {
        if !plugins.contains(&plugin) {
            continue;
        }
        for (item, value) in of_plugins(&[plugin]).flat_map(|metric| metric.values(snapshot)) {
            if let Some(item) = item {
                *moves.entry((plugin, item)).or_default() |= value != 0.0;
            }
        }
    }
    moves.into_iter().filter(|(_, moves)| !moves).map(|(item, _)| item).collect()
}

fn rows_of(snapshot: &Snapshot, plugins: &[Plugin], still: &[(Plugin, String)]) -> Vec<Row> {
    let row = |metric: &'static Metric, item: Option<String>, value: f64| {
        let severity = metric.judge(snapshot, value).map(|(severity, _)| severity);
        let series = metric::series(metric.path, item.as_deref());
        Row {
            server: snapshot.host.alias.clone(),
            metric: clip(&series, NAME_CHARS).into_owned(),
            value,
            unit: metric.unit.word(),
            severity: severity.filter(|severity| *severity != Severity::Ok),
        }
    };
    of_plugins(plugins)
        .flat_map(|metric| {
            let plugin = metric.plugin();
            let is_still = move |item: &Option<String>| {
                still.iter().any(|(of, name)| Some(*of) == plugin && Some(name) == item.as_ref())
            };
            let values = metric.values(snapshot).into_iter();
            values
                .filter(move |(item, _)| !is_still(item))
                .map(move |(item, value)| row(metric, item, value))
        })
        .collect()
}

fn facts_of(snapshot: &Snapshot, plugins: &[Plugin]) -> Vec<Fact> {
    let mut facts = Vec::new();
    let mut add = |plugin: Plugin, text: String| {
        if plugins.contains(&plugin) {
            facts.push(Fact {
                server: snapshot.host.alias.clone(),
                section: plugin.name(),
                fact: text,
            });
        }
    };
    for array in snapshot.raid().into_iter().flatten() {
        let disks = array.disks_used.zip(array.disks_available);
        let disks =
            disks.map_or_else(String::new, |(used, all)| format!(", {used} of {all} disks"));
        let config = array.config.as_deref().unwrap_or_default();
        add(
            Plugin::Raid,
            format!("{} {} {}{disks} {config}", array.name, array.level, array.status),
        );
    }
    for disk in snapshot.smart().into_iter().flatten() {
        for attribute in &disk.attributes {
            let near = attribute
                .value
                .zip(attribute.threshold)
                .is_some_and(|(value, limit)| limit > 0.0 && value <= limit);
            if near || attribute.when_failed.is_some() {
                add(
                    Plugin::Smart,
                    format!(
                        "{}: {} is {} (limit {}), raw {}",
                        clip(&disk.name, NAME_CHARS),
                        attribute.name,
                        attribute.value.unwrap_or_default(),
                        attribute.threshold.unwrap_or_default(),
                        clip(&attribute.raw, NAME_CHARS)
                    ),
                );
            }
        }
        add(
            Plugin::Smart,
            format!("{}: {} attributes", clip(&disk.name, NAME_CHARS), disk.attributes.len()),
        );
    }
    for vm in snapshot.vms().into_iter().flatten() {
        add(Plugin::Vms, format!("{} {} ({})", clip(&vm.name, NAME_CHARS), vm.status, vm.engine));
    }
    for amp in snapshot.amps().into_iter().flatten() {
        if let Some(result) = &amp.result {
            add(Plugin::Amps, format!("{}: {}", amp.name, clip(result, view::LINE_CHARS)));
        }
    }
    facts
}

impl Output for Detailed {
    fn headline(&self) -> String {
        let answered = self.coverage.selected
            - self.coverage.unavailable.iter().map(|group| group.count).sum::<usize>();
        format!(
            "{} metrics at or beyond a threshold on {answered} of {} servers.",
            self.problems, self.coverage.selected
        )
    }
}
