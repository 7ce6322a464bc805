//! `compare_servers`: numbers side by side, the outlier marked, and configuration drift.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    super::{
        Context, Output, Tool, ToolError,
        args::{Cursor, Format, Limit, Servers},
        listing::Cut,
        view,
    },
    drift::{Drift, drift},
};
use crate::{
    model::HostName,
    query::coverage::{Coverage, Tally},
    render,
    snapshot::Snapshot,
};

pub(in super::super) struct CompareServers;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct Input {
    #[serde(default)]
    servers: Servers,
    #[serde(default)]
    format: Format,
    limit: Option<Limit>,
    cursor: Option<Cursor>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(in super::super) struct Comparison {
    /// Median over the servers that answered.
    median: Median,
    /// Values far from the others (robust z of 3.5 and more); needs four servers.
    outliers_found: usize,
    /// The farthest; all in `detailed`.
    outliers: Vec<Outlier>,
    /// One row a server, worst first.
    servers: Vec<Row>,
    /// Attributes of the configuration that are not the same everywhere.
    attributes_differing: usize,
    /// The first of them; more in `detailed`.
    drift: Vec<Drift>,
    coverage: Coverage,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Median {
    cpu_percent: Option<f64>,
    memory_percent: Option<f64>,
    load_per_core: Option<f64>,
    fullest_mount_percent: Option<f64>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Outlier {
    #[schemars(with = "String")]
    server: HostName,
    what: &'static str,
    value: f64,
    median: f64,
    unit: &'static str,
    /// Distance from the median in robust standard deviations.
    robust_z: f64,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Row {
    #[schemars(with = "String")]
    server: HostName,
    cpu_percent: Option<f64>,
    memory_percent: Option<f64>,
    load_per_core: Option<f64>,
    fullest_mount_percent: Option<f64>,
    disk_bytes_per_second: Option<f64>,
    network_bits_per_second: Option<f64>,
    cores: Option<u32>,
    memory_total_bytes: Option<u64>,
    /// Cores that idle.
    spare_cores: Option<f64>,
    spare_memory_bytes: Option<u64>,
    uptime_seconds: Option<f64>,
}

/// A measure with its unit, how it is read, and the least spread that counts as one: values closer
/// than that are the same for an operator.
type Measure = (&'static str, &'static str, fn(&Row) -> Option<f64>, f64);

const MEASURES: &[Measure] = &[
    ("cpu", "percent", |row| row.cpu_percent, 5.0),
    ("memory", "percent", |row| row.memory_percent, 5.0),
    ("load", "per core", |row| row.load_per_core, 0.2),
    ("fullest mount", "percent", |row| row.fullest_mount_percent, 5.0),
    ("disk", "bytes/s", |row| row.disk_bytes_per_second, 1e6),
    ("network", "bits/s", |row| row.network_bits_per_second, 5e6),
];

/// Iglewicz & Hoaglin (1993) recommend 3.5 for labelling outliers by the modified z-score.
const OUTLIER_Z: f64 = 3.5;
/// Outliers and drift rows in a concise reply.
const CONCISE_MAX: usize = 5;

impl Tool for CompareServers {
    const NAME: &'static str = "compare_servers";
    const TITLE: &'static str = "Compare servers";
    const DESCRIPTION: &'static str = "Servers side by side: CPU, memory, load, disk, network, \
        spare capacity; which one is out of line; and configuration drift (OS, kernel, Glances \
        version, cores, memory, plugins, mounts, thresholds). Name like servers, such as web-*. \
        For production against staging use environment_analysis.";
    type Input = Input;
    type Output = Comparison;

    async fn call(cx: Context, input: Self::Input) -> Result<Self::Output, ToolError> {
        let selection = cx.select(&input.servers).await?;
        if let Some(only) = selection.single().filter(|_| !input.servers.0.is_empty()) {
            return Err(ToolError::Refused(format!(
                "`{}` alone has nothing to be compared with: select two servers or more",
                only.host.alias
            )));
        }
        let cut = Cut::new(&selection, input.format, input.limit, None, input.cursor.as_ref())?;
        let mut tally = Tally::new(&selection);
        let answering: Vec<&Snapshot> = tally.answering().map(AsRef::as_ref).collect();
        let mut ranked = answering.clone();
        view::sort_worst_first(&mut ranked);
        let rows: Vec<Row> = ranked.iter().map(|snapshot| Row::of(snapshot)).collect();
        let median = |read: fn(&Row) -> Option<f64>| {
            analytics::median(&rows.iter().filter_map(read).collect::<Vec<_>>())
        };
        let median = Median {
            cpu_percent: median(|row| row.cpu_percent),
            memory_percent: median(|row| row.memory_percent),
            load_per_core: median(|row| row.load_per_core),
            fullest_mount_percent: median(|row| row.fullest_mount_percent),
        };
        let (mut outliers, mut drift) = (outliers(&rows), drift(&answering));
        let (outliers_found, attributes_differing) = (outliers.len(), drift.len());
        if !input.format.detailed() {
            outliers.truncate(CONCISE_MAX);
            drift.truncate(CONCISE_MAX);
        }
        outliers.iter().for_each(|outlier| tally.shown(&outlier.server));
        let (servers, coverage) = cut.rows(rows, tally, |row| &row.server, "servers");
        Ok(Comparison {
            median,
            outliers_found,
            outliers,
            servers,
            attributes_differing,
            drift,
            coverage,
        })
    }
}

fn outliers(rows: &[Row]) -> Vec<Outlier> {
    let mut found = Vec::new();
    for (what, unit, read, floor) in MEASURES {
        let values: Vec<f64> = rows.iter().filter_map(read).collect();
        let Some(median) = analytics::median(&values) else { continue };
        for row in rows {
            let Some(value) = read(row) else { continue };
            let Some(z) = analytics::robust_z(&values, value, *floor) else { continue };
            if z.abs() >= OUTLIER_Z {
                found.push(Outlier {
                    server: row.server.clone(),
                    what,
                    value,
                    median,
                    unit,
                    robust_z: z,
                });
            }
        }
    }
    found.sort_by(|a, b| {
        b.robust_z.abs().total_cmp(&a.robust_z.abs()).then_with(|| a.server.cmp(&b.server))
    });
    found
}

impl Row {
    fn of(snapshot: &Snapshot) -> Self {
        let (cpu, mem) = (snapshot.cpu().and_then(|cpu| cpu.total), snapshot.mem());
        let cores = snapshot.core_count();
        let sum = |values: Vec<f64>| (!values.is_empty()).then(|| values.iter().sum::<f64>());
        let disks = snapshot.disks().into_iter().flatten();
        let nics = snapshot.interfaces().into_iter().flatten().filter(|nic| nic.name != "lo");
        Self {
            server: snapshot.host.alias.clone(),
            cpu_percent: cpu,
            memory_percent: mem.and_then(|mem| mem.percent),
            load_per_core: snapshot
                .load()
                .and_then(|load| load.min5)
                .zip(cores)
                .map(|(load, cores)| load / f64::from(cores)),
            fullest_mount_percent: view::fullest_percent(snapshot),
            disk_bytes_per_second: sum(disks
                .filter_map(|disk| Some(disk.read_bytes.per_sec? + disk.write_bytes.per_sec?))
                .collect()),
            network_bits_per_second: sum(nics
                .filter_map(|nic| Some((nic.bytes_recv.per_sec? + nic.bytes_sent.per_sec?) * 8.0))
                .collect()),
            cores,
            memory_total_bytes: mem.and_then(|mem| mem.total),
            spare_cores: cpu.zip(cores).map(|(cpu, cores)| f64::from(cores) * (1.0 - cpu / 100.0)),
            spare_memory_bytes: mem.and_then(|mem| mem.available),
            uptime_seconds: snapshot.uptime_secs().copied(),
        }
    }
}

impl Output for Comparison {
    fn headline(&self) -> String {
        let first = self.outliers.first().map_or_else(
            || "none is out of line".to_owned(),
            |outlier| {
                format!(
                    "{} is out of line: {} {} against a median of {}",
                    outlier.server,
                    outlier.what,
                    render::in_unit(outlier.value, outlier.unit),
                    render::in_unit(outlier.median, outlier.unit)
                )
            },
        );
        format!(
            "{} servers: {first}; {} attributes differ.",
            self.coverage.selected, self.attributes_differing
        )
    }
}
