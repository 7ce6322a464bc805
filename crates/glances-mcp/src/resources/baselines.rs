//! `glances://knowledge/baselines`: what is normal for each server, what fills up, what could shrink.

use jiff::ToSpan as _;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use super::{
    Changes, Resource, Variables,
    parts::{Composed, Part, Parts, ask},
    rows::{Account, Rest, all_of, fitting},
};
use crate::{
    query::{Past, Selection, window::Window},
    snapshot::Snapshot,
    store::Level,
    tools::{Context, ToolError},
};

pub(super) struct Baselines;

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Head {
    #[serde(flatten)]
    account: Account,
    /// Days that `normal` is made of, at most.
    days: i64,
    /// What is normal, by server: median and p95 of hourly means.
    normal: Vec<Normal>,
    not_shown: Option<Rest>,
    /// Servers without history.
    without_history: Option<Rest>,
    notes: Vec<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Normal {
    server: String,
    /// Hours with values.
    hours: usize,
    /// Median and p95.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    cpu_percent: Vec<f64>,
    /// Median and p95.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    memory_percent: Vec<f64>,
    /// Median and p95 of the 5-minute load divided by cores.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    load_per_core: Vec<f64>,
}

/// Series that say what is normal.
const OF_A_SERVER: [&str; 3] = ["cpu.total", "mem.percent", "load.min5"];
/// How far back is looked: two of each weekday.
const NORMAL_DAYS: i64 = 14;
/// Bytes of all servers.
const ROWS_BYTES_MAX: usize = 12_500;

impl Parts for Baselines {
    type Head = Head;
    const PARTS: &'static [Part] = &[
        Part {
            key: "capacity",
            tool: "capacity_analysis",
            arguments: |_| json!({ "limit": 15 }),
            keep: &["judged_at", "resources", "calm", "without_history", "notes"],
        },
        Part {
            key: "optimisation",
            tool: "capacity_analysis",
            arguments: |_| json!({ "idle": true }),
            keep: &["idle", "cost", "notes"],
        },
    ];
}

impl Resource for Baselines {
    const URI: &'static str = "glances://knowledge/baselines";
    const NAME: &'static str = "knowledge_baselines";
    const TITLE: &'static str = "Baselines and capacity";
    const DESCRIPTION: &'static str = "What is normal for each server over two weeks (median and \
        p95 of CPU, memory and load), what fills up when and how fast it grows, and which servers \
        could shrink. By hour of the week: glances://history/performance.";
    const PRIORITY: f32 = 0.5;
    const CHANGES: Changes = Changes::Slowly;
    type Document = Composed<Self>;

    async fn read(cx: Context, variables: Variables) -> Result<Self::Document, ToolError> {
        let all = all_of(&cx);
        let window = Window::parse(None, None, None, (NORMAL_DAYS * 24).hours(), all.now)?;
        let asked = all.aliases().into_iter();
        let asked = asked.map(|host| (host, OF_A_SERVER.iter().map(|&it| it.into()).collect()));
        let past = cx.query.past(&cx.principal, asked.collect(), window.span(), Level::Hour);
        let (past, answers) = futures_util::join!(past, ask::<Self>(&cx, &variables));
        let mut notes: Vec<String> = cx.query.outage().into_iter().collect();
        let past = past.unwrap_or_else(|error| {
            notes.push(error.to_string());
            Vec::new()
        });
        let (normal, without) = normal(&all, &past);
        let aliases: Vec<String> = normal.iter().map(|row| row.server.clone()).collect();
        let normal = fitting(normal, ROWS_BYTES_MAX);
        let rest: Vec<&str> = aliases.iter().skip(normal.len()).map(String::as_str).collect();
        let head = Head {
            account: Account::of(&all),
            days: NORMAL_DAYS,
            normal,
            not_shown: Rest::of(&rest),
            without_history: Rest::of(&without),
            notes,
        };
        Ok(Composed { head, answers })
    }
}

/// What is normal for each server, and those of which nothing is known.
fn normal<'a>(all: &'a Selection, past: &[Past]) -> (Vec<Normal>, Vec<&'a str>) {
    let (mut rows, mut without) = (Vec::new(), Vec::new());
    for snapshot in all.servers.iter() {
        match Normal::of(snapshot, past) {
            Some(row) => rows.push(row),
            None => without.push(snapshot.host.alias.as_str()),
        }
    }
    (rows, without)
}

impl Normal {
    fn of(snapshot: &Snapshot, past: &[Past]) -> Option<Self> {
        let alias = &snapshot.host.alias;
        // By server, since that is how they were asked for.
        let begin = past.partition_point(|series| series.host < *alias);
        let own = past.iter().skip(begin).take_while(|series| series.host == *alias);
        let own: Vec<&Past> = own.collect();
        let hours = own.iter().map(|series| series.points.len()).max().filter(|it| *it > 0)?;
        let typical = |name: &str, divisor: Option<u32>| -> Vec<f64> {
            let series = own.iter().find(|series| *series.series == *name);
            let divisor = f64::from(divisor.unwrap_or(1));
            let values: Vec<f64> =
                series.into_iter().flat_map(|it| &it.points).map(|it| it.mean / divisor).collect();
            [0.5, 0.95].iter().filter_map(|share| analytics::quantile(&values, *share)).collect()
        };
        let [cpu, memory, load] = OF_A_SERVER;
        let cores = snapshot.core_count();
        Some(Self {
            server: alias.to_string(),
            hours,
            cpu_percent: typical(cpu, None),
            memory_percent: typical(memory, None),
            load_per_core: if cores.is_some() { typical(load, cores) } else { Vec::new() },
        })
    }
}
