//! `capacity_analysis`: what fills up and when, what is busy, and what could shrink.

mod idle;

use std::cmp::Ordering;

use analytics::{Confidence, Exhaustion, Outlook, TimeLeft, TimeOver};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::idle::{IDLE_CPU_PERCENT, IDLE_MEMORY_PERCENT, Idle, IdleCost};
use super::{
    Context, Output, Tool, ToolError,
    args::{Cursor, Format, Limit, Servers},
    listing::Cut,
    view::NAME_CHARS,
};
use crate::{
    judge::{BUSY_PERCENT, JUDGED_DAYS, Judged},
    model::HostName,
    query::coverage::{Coverage, Tally},
    redact::clip,
    render,
    snapshot::Snapshot,
};

pub(super) struct CapacityAnalysis;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CapacityAnalysisInput {
    #[serde(default)]
    servers: Servers,
    resource: Option<Resource>,
    /// Only what is likely full within so many days
    #[schemars(range(min = 1, max = 180))]
    within: Option<u32>,
    /// List what could shrink instead
    #[serde(default)]
    idle: bool,
    #[serde(default)]
    format: Format,
    limit: Option<Limit>,
    cursor: Option<Cursor>,
}

#[derive(Clone, Copy, Debug, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
enum Resource {
    Disk,
    Memory,
    Swap,
    Cpu,
    Network,
    Connections,
}

impl Resource {
    /// What a series is about; `None` for a resource that is not judged.
    fn of(series: &str) -> Option<Self> {
        Some(match series.split('[').next()? {
            "fs.percent" => Self::Disk,
            "mem.percent" => Self::Memory,
            "memswap.percent" => Self::Swap,
            "cpu.total" => Self::Cpu,
            "network.use" => Self::Network,
            "connections.nf_conntrack_percent" => Self::Connections,
            _ => return None,
        })
    }
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct CapacityAnalysisOutput {
    /// When this was judged; anew every 10 minutes.
    judged_at: Option<String>,
    /// What is full, fills or is busy, soonest first; in `detailed` and for one server, all.
    resources: Vec<Row>,
    /// What could shrink, idlest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    idle: Vec<Idle>,
    /// Of all that could shrink, where a price is known.
    cost: Option<IdleCost>,
    /// Resources that neither fill nor are busy.
    calm: usize,
    /// Resources with too little history for a date.
    without_history: usize,
    notes: Vec<String>,
    coverage: Coverage,
    #[serde(skip)]
    shrinking: bool,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Row {
    #[schemars(with = "String")]
    server: HostName,
    resource: Resource,
    item: Option<String>,
    use_percent: Option<f64>,
    outlook: &'static str,
    /// As likely full before as after.
    likely_full_days: Option<f64>,
    /// One in twenty is full before.
    earliest_days: Option<f64>,
    /// One in twenty is full after; absent beyond 180 days.
    latest_days: Option<f64>,
    /// Growth of the daily peak, in points of the whole.
    growth_percent_per_day: Option<f64>,
    /// A single jump that was not taken for growth.
    one_off_percent: Option<f64>,
    /// Share of the hours whose mean was above 80 %.
    busy_percent: Option<f64>,
    p95_percent: Option<f64>,
    history_days: Option<usize>,
    confidence: Option<&'static str>,
    advice: Option<&'static str>,
}

/// A share of busy hours that is worth a row, percent.
const BUSY_SHARE_PERCENT: f64 = 5.0;
/// Above this use, percent, a resource is shown whatever its trend.
const FULL_PERCENT: f64 = 85.0;

impl Tool for CapacityAnalysis {
    const NAME: &'static str = "capacity_analysis";
    const TITLE: &'static str = "Capacity analysis";
    const DESCRIPTION: &'static str = "Which disks, memory, swap and connection tables fill up and \
        when (a range, from the trend of up to 4 weeks), and which CPUs and links are busy for how \
        much of the time, with what to do. `within` keeps what is full within so many days, `idle` \
        lists servers that could shrink, with cost where \
        a price is configured. For the present use get_disk_usage.";
    type Input = CapacityAnalysisInput;
    type Output = CapacityAnalysisOutput;

    async fn call(cx: Context, input: Self::Input) -> Result<Self::Output, ToolError> {
        let selection = cx.select(&input.servers).await?;
        let cut = Cut::new(&selection, input.format, input.limit, None, input.cursor.as_ref())?;
        let (mut rows, mut idle) = (Vec::new(), Vec::new());
        let (mut calm, mut without_history, mut judged_at) = (0, 0, None);
        let whole = input.format.detailed() || selection.single().is_some();
        for snapshot in selection.servers.iter() {
            let judged = cx.query.judged(&cx.principal, &snapshot.host.alias);
            let Some((at, judged)) = judged else { continue };
            judged_at = Some(crate::query::coverage::rfc3339(at));
            if input.idle {
                idle.extend(Idle::of(snapshot, &judged));
                continue;
            }
            for row in rows_of(snapshot, &judged) {
                if input.resource.is_some_and(|resource| row.resource != resource) {
                    continue;
                }
                without_history += usize::from(row.outlook == NEEDS_HISTORY);
                let soon = input.within.map(f64::from).map(|days| row.is_full_within(days));
                match soon.unwrap_or(whole || row.matters()) {
                    true => rows.push(row),
                    false => calm += usize::from(row.outlook != NEEDS_HISTORY),
                }
            }
        }
        rows.sort_by(Row::order);
        idle.sort_by(|a, b| {
            let cpu = a.cpu_p95_percent.total_cmp(&b.cpu_p95_percent);
            cpu.then_with(|| a.server.cmp(&b.server))
        });
        let mut notes: Vec<String> = cx.query.outage().into_iter().collect();
        if judged_at.is_none() && !selection.servers.is_empty() {
            notes.push("history is not judged yet; try again in a minute".to_owned());
        }
        if without_history > 0 {
            notes.push("a date needs 3 days of history, a good one 14".to_owned());
        }
        let cost = IdleCost::of(&idle);
        if cost.is_some() {
            notes.push(idle::PRICES.to_owned());
        }
        let tally = Tally::new(&selection);
        let (resources, idle, coverage) = if input.idle {
            let (idle, coverage) = cut.rows(idle, tally, |row| &row.server, "servers");
            (Vec::new(), idle, coverage)
        } else {
            let (rows, coverage) = cut.rows(rows, tally, |row| &row.server, "resources");
            (rows, Vec::new(), coverage)
        };
        Ok(CapacityAnalysisOutput {
            judged_at,
            resources,
            idle,
            cost,
            calm,
            without_history,
            notes,
            coverage,
            shrinking: input.idle,
        })
    }
}

const NEEDS_HISTORY: &str = "needs history";

fn rows_of(snapshot: &Snapshot, judged: &Judged) -> Vec<Row> {
    let row = |(series, verdict): (&crate::model::SeriesName, &crate::judge::Verdict)| {
        let item = series.split_once('[').and_then(|(_, item)| item.strip_suffix(']'));
        let mut row = Row {
            server: snapshot.host.alias.clone(),
            resource: Resource::of(series)?,
            item: item.map(|item| clip(item, NAME_CHARS).into_owned()),
            use_percent: None,
            outlook: "does not fill",
            likely_full_days: None,
            earliest_days: None,
            latest_days: None,
            growth_percent_per_day: None,
            one_off_percent: None,
            busy_percent: None,
            p95_percent: None,
            history_days: None,
            confidence: None,
            advice: None,
        };
        match &verdict.fills {
            Some(Ok(exhaustion)) => row.fills(exhaustion),
            Some(Err(missing)) => {
                row.outlook = NEEDS_HISTORY;
                row.history_days = Some(missing.have_days);
            }
            None => row.busy(verdict.over.as_ref()),
        }
        row.advice = row.advice();
        Some(row)
    };
    judged.verdicts.iter().filter_map(row).collect()
}

impl Row {
    fn fills(&mut self, exhaustion: &Exhaustion) {
        let days = |left: TimeLeft| match left {
            TimeLeft::Days(days) => Some(days),
            TimeLeft::Beyond => None,
        };
        self.use_percent = Some(exhaustion.used_percent);
        self.growth_percent_per_day = Some(exhaustion.growth_percent_per_day);
        self.one_off_percent = exhaustion.one_off_percent;
        self.history_days = Some(exhaustion.history_days);
        self.confidence = Some(match exhaustion.confidence {
            Confidence::Low => "low",
            Confidence::Medium => "medium",
            Confidence::High => "high",
        });
        match exhaustion.outlook {
            Outlook::Full => self.outlook = "full",
            Outlook::NotGrowing => self.outlook = "does not grow",
            Outlook::Fills { p5, p50, p95 } => {
                self.outlook = "fills";
                self.earliest_days = days(p5);
                self.likely_full_days = days(p50);
                self.latest_days = days(p95);
            }
        }
    }

    fn busy(&mut self, over: Option<&TimeOver>) {
        let Some(over) = over else { return };
        self.busy_percent = Some(over.share * 100.0);
        self.p95_percent = Some(over.p95);
        if over.share * 100.0 >= BUSY_SHARE_PERCENT {
            self.outlook = "busy";
        }
    }

    fn is_full_within(&self, days: f64) -> bool {
        self.outlook == "full" || self.likely_full_days.is_some_and(|left| left <= days)
    }

    fn matters(&self) -> bool {
        matches!(self.outlook, "full" | "busy")
            || self.likely_full_days.is_some()
            || self.use_percent.is_some_and(|percent| percent >= FULL_PERCENT)
    }

    fn advice(&self) -> Option<&'static str> {
        const WEEK: f64 = 7.0;
        const MONTH: f64 = 30.0;
        let soon = self.likely_full_days;
        Some(match (self.resource, self.outlook) {
            (Resource::Disk, "full") => "free space now",
            (Resource::Disk, _) if soon.is_some_and(|days| days <= WEEK) => {
                "free or add space this week"
            }
            (Resource::Disk, _) if soon.is_some_and(|days| days <= MONTH) => {
                "plan more space, or find what grows"
            }
            (Resource::Memory, _) if soon.is_some_and(|days| days <= MONTH) => {
                "look for a leak with get_top_processes; else plan more memory"
            }
            (Resource::Swap, _) if soon.is_some_and(|days| days <= MONTH) => {
                "memory is short: more swap only delays it"
            }
            (Resource::Connections, _) if soon.is_some_and(|days| days <= MONTH) => {
                "raise nf_conntrack_max, or find who opens connections"
            }
            (Resource::Cpu, "busy") => "move work away, or add cores",
            (Resource::Network, "busy") => "a faster link, or fewer bytes",
            _ => return None,
        })
    }

    /// Full first, then by the likely day, then the busiest, then the fullest.
    fn order(&self, other: &Self) -> Ordering {
        let rank = |row: &Self| match row.outlook {
            "full" => 0,
            "fills" if row.likely_full_days.is_some() => 1,
            "busy" => 2,
            _ => 3,
        };
        let down = |a: Option<f64>, b: Option<f64>| b.unwrap_or(-1.0).total_cmp(&a.unwrap_or(-1.0));
        let days = |row: &Self| row.likely_full_days.unwrap_or(f64::INFINITY);
        rank(self)
            .cmp(&rank(other))
            .then_with(|| days(self).total_cmp(&days(other)))
            .then_with(|| down(self.busy_percent, other.busy_percent))
            .then_with(|| down(self.use_percent, other.use_percent))
            .then_with(|| (&self.server, &self.item).cmp(&(&other.server, &other.item)))
    }
}

impl Output for CapacityAnalysisOutput {
    fn headline(&self) -> String {
        if self.shrinking {
            let count = render::count(self.idle.len(), "server");
            return format!(
                "{count} shown that could shrink (p95 of CPU below {IDLE_CPU_PERCENT}%, of memory \
                 below {IDLE_MEMORY_PERCENT}%, over {JUDGED_DAYS} days){}.",
                self.cost.as_ref().map(IdleCost::words).unwrap_or_default()
            );
        }
        let Some(first) = self.resources.first() else {
            return format!("Nothing fills up or is busy; {} are calm.", self.calm);
        };
        let item = first.item.as_deref().unwrap_or_default();
        let what = match (first.outlook, first.likely_full_days, first.busy_percent) {
            ("full", ..) => "is full".to_owned(),
            ("fills", Some(days), _) => format!("is likely full in {} days", render::short(days)),
            ("busy", _, Some(share)) => {
                format!("is above {BUSY_PERCENT}% for {}% of the time", render::short(share))
            }
            (outlook, ..) => outlook.to_owned(),
        };
        let resource = format!("{:?}", first.resource).to_lowercase();
        format!("First: {resource} {item} on {} {what}.", first.server).replace("  ", " ")
    }
}
