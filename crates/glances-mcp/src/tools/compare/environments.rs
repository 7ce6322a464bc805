//! `environment_analysis`: production, staging and development side by side.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::{
    Context, Output, Tool, ToolError,
    args::{Cursor, Format, Limit, Servers},
    listing::Cut,
    view,
};
use crate::{
    model::{HostName, Severity},
    query::coverage::{Coverage, Tally},
    render,
    snapshot::{Snapshot, mounts},
};

pub(in super::super) struct EnvironmentAnalysis;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct Input {
    #[serde(default)]
    servers: Servers,
    /// Only this environment
    environment: Option<String>,
    #[serde(default)]
    format: Format,
    limit: Option<Limit>,
    cursor: Option<Cursor>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(in super::super) struct Analysis {
    /// One row an environment.
    environments: Vec<Environment>,
    /// What the numbers suggest.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    remarks: Vec<String>,
    /// The worst servers of the environments.
    worst: Vec<Worst>,
    coverage: Coverage,
}

#[derive(Debug, Default, Serialize, JsonSchema)]
#[schemars(inline)]
struct Environment {
    environment: String,
    servers: usize,
    answering: usize,
    critical: usize,
    warning: usize,
    cores: u32,
    /// Weighted by cores.
    cpu_percent: Option<f64>,
    memory_percent: Option<f64>,
    disk_percent: Option<f64>,
    memory_total_bytes: u64,
    /// Cores that idle.
    spare_cores: Option<f64>,
    spare_memory_bytes: u64,
    /// Busiest less idlest server: how unevenly work is spread.
    cpu_spread_percent: Option<f64>,
    memory_spread_percent: Option<f64>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Worst {
    environment: String,
    #[schemars(with = "String")]
    server: HostName,
    problems: Option<String>,
}

/// Environments of one reply; a word for each server is no grouping.
const ENVIRONMENTS_MAX: usize = 20;
/// What servers without one belong to.
const NONE: &str = "none";

impl Tool for EnvironmentAnalysis {
    const NAME: &'static str = "environment_analysis";
    const TITLE: &'static str = "Environment analysis";
    const DESCRIPTION: &'static str = "Production, staging, development and others side by side: \
        size, CPU, memory and disk in use, spare capacity, balance between servers, problems. Use \
        it for questions about allocation and waste. For single servers use compare_servers.";
    type Input = Input;
    type Output = Analysis;

    async fn call(cx: Context, input: Self::Input) -> Result<Self::Output, ToolError> {
        let mut selectors = input.servers.0;
        if let Some(environment) = &input.environment {
            if !selectors.is_empty() {
                return Err(ToolError::Refused(
                    "give `servers` or `environment`, not both".to_owned(),
                ));
            }
            selectors.push(format!("env:{environment}"));
        }
        let selection = cx.select(&Servers(selectors)).await?;
        let cut = Cut::new(&selection, input.format, input.limit, None, input.cursor.as_ref())?;
        let tally = Tally::new(&selection);
        let mut folds: BTreeMap<&str, Fold> = BTreeMap::new();
        for snapshot in selection.servers.iter() {
            folds.entry(name_of(snapshot)).or_default().environment.servers += 1;
        }
        let mut judged: Vec<&Snapshot> = Vec::new();
        for snapshot in tally.answering() {
            folds.entry(name_of(snapshot)).or_default().add(snapshot);
            judged.push(snapshot.as_ref());
        }
        view::sort_worst_first(&mut judged);
        let worst: Vec<Worst> = judged
            .iter()
            .filter(|snapshot| !snapshot.findings.is_empty())
            .map(|snapshot| Worst {
                environment: name_of(snapshot).to_owned(),
                server: snapshot.host.alias.clone(),
                problems: view::problem_words(&snapshot.findings, 3),
            })
            .collect();
        let mut environments: Vec<Environment> =
            folds.into_iter().map(|(name, fold)| fold.environment(name)).collect();
        environments.sort_by(|a, b| {
            b.servers.cmp(&a.servers).then_with(|| a.environment.cmp(&b.environment))
        });
        environments.truncate(ENVIRONMENTS_MAX);
        let remarks = environments.iter().flat_map(remarks).collect();
        let (worst, coverage) = cut.rows(worst, tally, |row| &row.server, "servers with problems");
        Ok(Analysis { environments, remarks, worst, coverage })
    }
}

fn name_of(snapshot: &Snapshot) -> &str {
    snapshot.host.environment.as_deref().unwrap_or(NONE)
}

/// Sums on the way to an [`Environment`].
#[derive(Default)]
struct Fold {
    environment: Environment,
    busy: f64,
    cores_with_cpu: f64,
    used_memory: u64,
    disk: (u64, u64),
    cpus: Vec<f64>,
    memories: Vec<f64>,
}

impl Fold {
    fn add(&mut self, snapshot: &Snapshot) {
        let worst = snapshot.findings.first().map(|finding| finding.severity);
        let sums = &mut self.environment;
        sums.answering += 1;
        sums.critical += usize::from(worst == Some(Severity::Critical));
        sums.warning += usize::from(worst == Some(Severity::Warning));
        let cores = snapshot.core_count();
        sums.cores += cores.unwrap_or(0);
        if let (Some(cores), Some(total)) = (cores, snapshot.cpu().and_then(|cpu| cpu.total)) {
            self.busy += f64::from(cores) * total / 100.0;
            self.cores_with_cpu += f64::from(cores);
            self.cpus.push(total);
        }
        if let Some(mem) = snapshot.mem() {
            if let (Some(used), Some(total)) = (mem.used, mem.total) {
                self.used_memory += used;
                sums.memory_total_bytes += total;
                sums.spare_memory_bytes += mem.available.unwrap_or(0);
            }
            self.memories.extend(mem.percent);
        }
        let mounts = snapshot.filesystems().map(|all| mounts::distinct(all)).unwrap_or_default();
        for mount in mounts.iter().filter(|mount| mounts::can_fill(mount.fs)) {
            self.disk.0 += mount.fs.used.unwrap_or(0);
            // As `df` counts: blocks reserved for root are nobody's room.
            self.disk.1 += mount.fs.used.unwrap_or(0) + mount.fs.free.unwrap_or(0);
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "bytes stay below 2^53")]
    fn environment(self, name: &str) -> Environment {
        let share = |part: u64, whole: u64| (whole > 0).then(|| part as f64 / whole as f64 * 100.0);
        let known = self.cores_with_cpu > 0.0;
        Environment {
            environment: name.to_owned(),
            cpu_percent: known.then(|| self.busy / self.cores_with_cpu * 100.0),
            spare_cores: known.then_some(self.cores_with_cpu - self.busy),
            memory_percent: share(self.used_memory, self.environment.memory_total_bytes),
            disk_percent: share(self.disk.0, self.disk.1),
            cpu_spread_percent: spread(&self.cpus),
            memory_spread_percent: spread(&self.memories),
            ..self.environment
        }
    }
}

/// Largest less smallest of two values and more.
fn spread(values: &[f64]) -> Option<f64> {
    let low = values.iter().copied().reduce(f64::min)?;
    let high = values.iter().copied().reduce(f64::max)?;
    (values.len() > 1).then_some(high - low)
}

/// Below this, CPU and memory together are called idle; one poll is a moment, and says so.
const IDLE_PERCENT: f64 = 15.0;
/// Above this, there is little room.
const BUSY_PERCENT: f64 = 75.0;
/// From here on servers of one environment are called uneven.
const UNEVEN_PERCENT: f64 = 60.0;

fn remarks(environment: &Environment) -> Vec<String> {
    let name = &environment.environment;
    let mut remarks = Vec::new();
    let (cpu, memory) = (environment.cpu_percent, environment.memory_percent);
    if cpu.is_some_and(|cpu| cpu < IDLE_PERCENT) && memory.is_some_and(|m| m < IDLE_PERCENT * 2.0) {
        remarks.push(format!(
            "{name}: mostly idle at this moment ({} of {} cores, {} of memory free); whether it \
             could shrink needs history",
            render::short(environment.spare_cores.unwrap_or(0.0)),
            environment.cores,
            bytes(environment.spare_memory_bytes)
        ));
    }
    if cpu.is_some_and(|cpu| cpu > BUSY_PERCENT) {
        remarks.push(format!("{name}: little CPU to spare at this moment"));
    }
    if memory.is_some_and(|memory| memory > BUSY_PERCENT) {
        remarks.push(format!("{name}: little memory to spare"));
    }
    if environment.cpu_spread_percent.is_some_and(|spread| spread > UNEVEN_PERCENT) {
        remarks.push(format!("{name}: work is spread unevenly over its servers"));
    }
    remarks
}

#[expect(clippy::cast_precision_loss, reason = "bytes stay below 2^53")]
fn bytes(value: u64) -> String {
    render::bytes(value as f64)
}

impl Output for Analysis {
    fn headline(&self) -> String {
        let part = |environment: &Environment| {
            let cpu = environment.cpu_percent.map_or_else(
                || "CPU not known".to_owned(),
                |cpu| format!("{}% CPU", render::short(cpu)),
            );
            let servers = render::count(environment.servers, "server");
            format!("{} ({servers}, {cpu})", environment.environment)
        };
        let parts: Vec<String> = self.environments.iter().map(part).collect();
        format!("{}: {}.", render::count(parts.len(), "environment"), parts.join(", "))
    }
}
