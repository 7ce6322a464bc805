//! What could shrink, and what that is worth.

use analytics::{CPU_TARGET, MEMORY_TARGET};
use glances_client::Plugin;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use crate::{judge::Judged, model::HostName, render, snapshot::Snapshot, tools::view::old_age};

/// Below these p95, percent, a server is idle.
pub(super) const IDLE_CPU_PERCENT: f64 = 20.0;
pub(super) const IDLE_MEMORY_PERCENT: f64 = 50.0;
/// Days before a server is called idle: a week has a quiet and a busy end.
const IDLE_DAYS: usize = 7;
/// What is assumed of prices.
pub(super) const PRICES: &str = "costs are plain numbers a month as in `cost_per_month`, in your \
    currency; a saving assumes that the price follows the greater of cores and memory";

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub(super) struct Idle {
    #[schemars(with = "String")]
    pub(super) server: HostName,
    pub(super) cpu_p95_percent: f64,
    memory_p95_percent: f64,
    cores: Option<u32>,
    /// Cores at which the p95 would be 70 %.
    enough_cores: Option<f64>,
    memory_total_bytes: Option<u64>,
    /// Memory at which the p95 would be 80 %.
    enough_memory_bytes: Option<f64>,
    history_days: usize,
    /// What it costs.
    cost_per_month: Option<f64>,
    /// What enough of it would not cost, if the price follows the greater of cores and memory.
    saving_per_month: Option<f64>,
    /// Of the last reading, where the server does not answer.
    age_seconds: Option<f64>,
    #[serde(skip)]
    pub(super) answers: bool,
}

/// What the idle servers cost.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub(super) struct IdleCost {
    /// Servers that could shrink.
    idle_servers: usize,
    /// Of these, those whose price is configured.
    priced_servers: usize,
    cost_per_month: f64,
    saving_per_month: f64,
}

impl IdleCost {
    /// `None` when no price is known.
    pub(super) fn of(idle: &[Idle]) -> Option<Self> {
        let priced: Vec<f64> = idle.iter().filter_map(|row| row.cost_per_month).collect();
        (!priced.is_empty()).then(|| Self {
            idle_servers: idle.len(),
            priced_servers: priced.len(),
            cost_per_month: priced.iter().sum(),
            saving_per_month: idle.iter().filter_map(|row| row.saving_per_month).sum(),
        })
    }

    /// For the headline.
    pub(super) fn words(&self) -> String {
        format!(
            "; {} of {} with a price cost {} a month, of which {} could be saved",
            self.priced_servers,
            self.idle_servers,
            render::short(self.cost_per_month),
            render::short(self.saving_per_month),
        )
    }
}

impl Idle {
    /// `None` for a server that is used, whose week is not known, or that never answered.
    pub(super) fn of(snapshot: &Snapshot, judged: &Judged, now: Timestamp) -> Option<Self> {
        snapshot.cpu()?;
        let cpu = judged.verdicts.get("cpu.total")?.over?;
        let memory = judged.verdicts.get("mem.percent")?;
        let over = memory.over?;
        let history_days = memory.fills.as_ref()?.as_ref().ok()?.history_days;
        let idle = cpu.p95 < IDLE_CPU_PERCENT && over.p95 < IDLE_MEMORY_PERCENT;
        if !idle || history_days < IDLE_DAYS {
            return None;
        }
        let cores = snapshot.core_count();
        let total = snapshot.mem().and_then(|mem| mem.total);
        let enough_cores =
            cores.map(|cores| (f64::from(cores) * cpu.p95 / 100.0 / CPU_TARGET).ceil().max(1.0));
        let enough_memory = over.p95 / 100.0 / MEMORY_TARGET;
        let cost = snapshot.host.cost_per_month;
        let kept = cores.zip(enough_cores).map(|(all, enough)| enough / f64::from(all));
        let kept = kept.map(|cores| cores.max(enough_memory).min(1.0));
        #[expect(clippy::cast_precision_loss, reason = "bytes stay below 2^53")]
        Some(Self {
            server: snapshot.host.alias.clone(),
            cpu_p95_percent: cpu.p95,
            memory_p95_percent: over.p95,
            cores,
            enough_cores,
            memory_total_bytes: total,
            enough_memory_bytes: total.map(|total| total as f64 * enough_memory),
            history_days,
            cost_per_month: cost,
            saving_per_month: cost.zip(kept).map(|(cost, kept)| cost * (1.0 - kept)),
            age_seconds: old_age(snapshot, Plugin::Cpu, now),
            answers: snapshot.status(now).answers(),
        })
    }
}
