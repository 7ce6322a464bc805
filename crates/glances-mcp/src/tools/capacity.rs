//! `capacity_analysis`: what fills up and when, what is busy, and what could shrink.

mod idle;
mod words;

use std::{cmp::Ordering, slice, sync::Arc};

use analytics::{Confidence, Exhaustion, Outlook, TimeLeft, TimeOver};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::idle::{Idle, IdleCost};
use super::{
    Context, Tool, ToolError,
    args::{Cursor, Format, Limit, Servers},
    listing::Cut,
    view::{NAME_CHARS, old_age, still_there},
};
use crate::{
    judge::{Judged, Verdict},
    metric,
    model::HostName,
    query::{
        Selection,
        coverage::{Coverage, Tally, rfc3339},
    },
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

    const fn word(self) -> &'static str {
        match self {
            Self::Disk => "disk",
            Self::Memory => "memory",
            Self::Swap => "swap",
            Self::Cpu => "CPU",
            Self::Network => "link",
            Self::Connections => "connection table",
        }
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
    /// Resources that are neither full, nor fill, nor are busy, listed or not.
    calm: usize,
    /// Resources with too little history for a date.
    without_history: usize,
    notes: Vec<String>,
    coverage: Coverage,
    #[serde(skip)]
    asked: Asked,
    /// Rows before the list was cut, and those of them that matter.
    #[serde(skip)]
    found: (usize, usize),
    #[serde(skip)]
    unjudged: usize,
}

/// What the caller asks.
#[derive(Clone, Copy, Debug)]
struct Asked {
    resource: Option<Resource>,
    within: Option<u32>,
    idle: bool,
    /// All rows, not only what matters.
    whole: bool,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Row {
    #[schemars(with = "String")]
    server: HostName,
    resource: Resource,
    item: Option<String>,
    /// Of what can fill, by the last reading.
    use_percent: Option<f64>,
    /// full, fills, does not grow, was full (in the last hours); busy, does not fill; needs history.
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
    /// Of the last reading, where it is old: all of the row is of then.
    age_seconds: Option<f64>,
    #[serde(skip)]
    answers: bool,
}

const FULL: &str = "full";
const FILLS: &str = "fills";
const WAS_FULL: &str = "was full";
const BUSY: &str = "busy";
const NEEDS_HISTORY: &str = "needs history";

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
        let asked = Asked {
            resource: input.resource,
            within: input.within,
            idle: input.idle,
            whole: input.format.detailed() || selection.single().is_some(),
        };
        let judged = |host: &HostName| cx.query.judged(&cx.principal, host);
        let mut output = answer(asked, &selection, &cut, judged);
        output.notes.splice(0..0, cx.query.outage());
        Ok(output)
    }
}

/// The reply, from what is said of each server.
fn answer(
    asked: Asked,
    selection: &Selection,
    cut: &Cut,
    judged: impl Fn(&HostName) -> Option<(Timestamp, Arc<Judged>)>,
) -> CapacityAnalysisOutput {
    let (mut rows, mut idle) = (Vec::new(), Vec::new());
    let (mut calm, mut without_history, mut unjudged, mut judged_at) = (0, 0, 0_usize, None);
    for snapshot in selection.servers.iter() {
        let Some((at, judged)) = judged(&snapshot.host.alias) else {
            unjudged += 1;
            continue;
        };
        judged_at = Some(rfc3339(at));
        if asked.idle {
            idle.extend(Idle::of(snapshot, &judged, selection.now));
            continue;
        }
        for row in rows_of(snapshot, &judged, selection.now) {
            if asked.resource.is_some_and(|resource| row.resource != resource) {
                continue;
            }
            without_history += usize::from(row.outlook == NEEDS_HISTORY);
            calm += usize::from(row.is_calm());
            let soon = asked.within.map(f64::from).map(|days| row.is_full_within(days));
            if soon.unwrap_or(asked.whole || row.matters()) {
                rows.push(row);
            }
        }
    }
    rows.sort_by(Row::order);
    idle.sort_by(|a, b| {
        let cpu = a.cpu_p95_percent.total_cmp(&b.cpu_p95_percent);
        cpu.then_with(|| a.server.cmp(&b.server))
    });
    let cost = IdleCost::of(&idle);
    let tally = Tally::new(selection);
    let found = (rows.len(), rows.iter().filter(|row| row.matters()).count());
    let (resources, idle, coverage) = if asked.idle {
        let (idle, coverage) =
            cut.groups(idle, tally, |row| shown(&row.server, row.answers), "servers");
        (Vec::new(), idle, coverage)
    } else {
        let (rows, coverage) =
            cut.groups(rows, tally, |row| shown(&row.server, row.answers), "resources");
        (rows, Vec::new(), coverage)
    };
    let mut notes = Vec::new();
    if unjudged > 0 {
        let servers = render::count(unjudged, "server");
        notes.push(format!("history of {servers} is not judged yet; try again in a minute"));
    }
    if without_history > 0 {
        notes.push("a date needs 3 days of history, a good one 14".to_owned());
    }
    if cost.is_some() {
        notes.push(idle::PRICES.to_owned());
    }
    CapacityAnalysisOutput {
        judged_at,
        resources,
        idle,
        cost,
        calm,
        without_history,
        notes,
        coverage,
        asked,
        found,
        unjudged,
    }
}

/// Which server a row shows: what does not answer stays unavailable, and its rows say how old they are.
const fn shown(server: &HostName, answers: bool) -> &[HostName] {
    if answers { slice::from_ref(server) } else { &[] }
}

fn rows_of(snapshot: &Snapshot, judged: &Judged, now: Timestamp) -> Vec<Row> {
    let there = still_there(snapshot, judged).into_iter();
    there.filter_map(|(series, it, last)| Row::of(snapshot, (series, it, last), now)).collect()
}

impl Row {
    fn of(
        snapshot: &Snapshot,
        (series, verdict, last): (&str, &Verdict, f64),
        now: Timestamp,
    ) -> Option<Self> {
        let item = series.split_once('[').and_then(|(_, item)| item.strip_suffix(']'));
        let plugin = metric::of_series(series)?.plugin()?;
        let mut row = Self {
            server: snapshot.host.alias.clone(),
            resource: Resource::of(series)?,
            item: item.map(|item| clip(item, NAME_CHARS).into_owned()),
            use_percent: None,
            outlook: NEEDS_HISTORY,
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
            age_seconds: old_age(snapshot, plugin, now),
            answers: snapshot.status(now).answers(),
        };
        match &verdict.fills {
            Some(fills) => {
                row.use_percent = Some(last);
                match fills {
                    Ok(exhaustion) => row.fills(exhaustion),
                    Err(missing) => row.history_days = Some(missing.have_days),
                }
                row.full_by(last);
            }
            None => row.busy(verdict.over.as_ref()),
        }
        row.advice = row.advice();
        Some(row)
    }

    /// The last reading has the last word on what is full: history knows peaks of whole hours.
    fn full_by(&mut self, last: f64) {
        if last >= 100.0 {
            self.outlook = FULL;
            (self.likely_full_days, self.earliest_days, self.latest_days) = (None, None, None);
        } else if self.outlook == FULL {
            self.outlook = WAS_FULL;
        }
    }

    fn fills(&mut self, exhaustion: &Exhaustion) {
        let days = |left: TimeLeft| match left {
            TimeLeft::Days(days) => Some(days),
            TimeLeft::Beyond => None,
        };
        self.growth_percent_per_day = Some(exhaustion.growth_percent_per_day);
        self.one_off_percent = exhaustion.one_off_percent;
        self.history_days = Some(exhaustion.history_days);
        self.confidence = Some(match exhaustion.confidence {
            Confidence::Low => "low",
            Confidence::Medium => "medium",
            Confidence::High => "high",
        });
        match exhaustion.outlook {
            Outlook::Full => self.outlook = FULL,
            Outlook::NotGrowing => self.outlook = "does not grow",
            Outlook::Fills { p5, p50, p95 } => {
                self.outlook = FILLS;
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
        let busy = over.share * 100.0 >= BUSY_SHARE_PERCENT;
        self.outlook = if busy { BUSY } else { "does not fill" };
    }

    fn is_full_within(&self, days: f64) -> bool {
        self.outlook == FULL || self.likely_full_days.is_some_and(|left| left <= days)
    }

    fn matters(&self) -> bool {
        matches!(self.outlook, FULL | WAS_FULL | BUSY)
            || self.likely_full_days.is_some()
            || self.use_percent.is_some_and(|percent| percent >= FULL_PERCENT)
    }

    fn is_calm(&self) -> bool {
        !self.matters() && self.outlook != NEEDS_HISTORY
    }

    fn advice(&self) -> Option<&'static str> {
        const WEEK: f64 = 7.0;
        const MONTH: f64 = 30.0;
        let soon = self.likely_full_days;
        Some(match (self.resource, self.outlook) {
            (Resource::Disk, FULL) => "free space now",
            (Resource::Disk, WAS_FULL) => "find what filled it",
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
            (Resource::Cpu, BUSY) => "move work away, or add cores",
            (Resource::Network, BUSY) => "a faster link, or fewer bytes",
            _ => return None,
        })
    }

    /// Full first, then by the likely day, then the busiest, then the fullest; what is calm last.
    fn order(&self, other: &Self) -> Ordering {
        let rank = |row: &Self| match row.outlook {
            FULL => 0,
            FILLS if row.likely_full_days.is_some() => 1,
            BUSY => 2,
            _ if row.matters() => 3,
            _ => 4,
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

#[cfg(test)]
mod tests;
