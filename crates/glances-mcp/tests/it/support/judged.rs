//! Two weeks of a simulated fleet in history, judged, and the tools over them: without HTTP, at one
//! fixed moment.

use std::sync::Arc;

use fleet_sim::{
    Flavor, Fleet, HostSpec,
    scenario::{Scenario, Span as Days},
};
use glances_mcp::{
    access::Principal,
    command::Commands,
    ingest::Recorded,
    judge::{Judgement, is_judged, judge},
    live::Live,
    query::Query,
    store::{Batch, History, Memory, Store as _},
    tasks::Tasks,
    tools::Context,
};
use jiff::Timestamp;
use serde_json::Value;
use tokio::sync::watch;

use super::{
    arguments,
    feed::{Feed, noted},
    tool,
};

/// A Monday.
const MONDAY: f64 = 1_795_392_000.0;
/// Now: a Friday, two in the afternoon.
pub(crate) const END: f64 = MONDAY + 18.0 * 86_400.0 + 14.0 * HOUR;
pub(crate) const HOUR: f64 = 3_600.0;
/// What a store in memory holds of one series, at a poll every five minutes.
const DAYS_MAX: f64 = 13.8;
const EVERY_SECS: u32 = 300;

/// So many days up to now.
pub(crate) fn days(days: f64) -> Days {
    Days { begin: END - days.min(DAYS_MAX) * 86_400.0, end: END }
}

/// What is judged; weeks of all the rest would take minutes to make.
pub(crate) const PLUGINS: &[&str] =
    &["cpu", "load", "mem", "memswap", "fs", "diskio", "network", "processcount", "system"];

/// Hosts of one flavour.
pub(crate) fn specs(count: usize, seed: u64) -> Vec<HostSpec> {
    let mut specs = Fleet::mixed_specs(count, seed);
    for spec in &mut specs {
        spec.flavor = Flavor::V4_5_8;
        let others = spec.flavor.plugins().filter(|name| !PLUGINS.contains(name));
        spec.disabled = others.map(str::to_owned).collect();
    }
    specs
}

/// The tools over a scenario that is past.
pub(crate) struct Judged {
    pub(crate) cx: Context,
    _tasks: Tasks,
}

impl Judged {
    pub(crate) async fn of(scenario: Scenario) -> Self {
        Self::polled(scenario, EVERY_SECS).await
    }

    /// Polled so often.
    pub(crate) async fn polled(scenario: Scenario, every_secs: u32) -> Self {
        let store = Arc::new(Memory::default());
        let live = Live::default();
        let mut last = Feed::new(scenario.clone(), every_secs);
        let rounds = last.rounds();
        last.snapshots(rounds - 2);
        let snapshots = last.snapshots(rounds - 1);
        live.set_hosts(snapshots.iter().map(|snapshot| snapshot.host.clone()).collect());
        snapshots.into_iter().for_each(|snapshot| assert!(live.publish(snapshot)));
        fill(Feed::new(scenario, every_secs), &store).await;
        let history = History::new(store);
        let (publish, mut judgements) = watch::channel(Arc::<Judgement>::default());
        let tasks = Tasks::default();
        tasks.spawn("judge", judge(live.clone(), history.clone(), publish, now));
        judgements.changed().await.unwrap();
        let (_, alerts) = watch::channel(Arc::default());
        let query = Query::new(live, history, judgements, alerts);
        let (commands, ..) = Commands::channel();
        let cx = Context::new(Principal::local(), query, commands, now);
        Self { cx, _tasks: tasks }
    }

    /// The structured answer of a tool.
    pub(crate) async fn ask(&self, name: &str, input: Value) -> Value {
        let reply = tool(name).call(self.cx.clone(), arguments(input)).await;
        reply.unwrap_or_else(|err| panic!("{name}: {err}")).structured
    }

    /// What a tool says instead of an answer.
    pub(crate) async fn refused(&self, name: &str, input: Value) -> String {
        let reply = tool(name).call(self.cx.clone(), arguments(input)).await;
        reply.map(|reply| reply.text).expect_err("is refused").to_string()
    }
}

/// Every poll of what is judged; of the rest nothing is asked here.
async fn fill(mut feed: Feed, store: &Memory) {
    let mut recorded = Recorded::default();
    for round in 0..feed.rounds() {
        let mut batch = noted(&mut recorded, &feed.snapshots(round));
        for sample in &mut batch.samples {
            sample.values.retain(|(name, _)| is_judged(name));
        }
        store.append(&Batch { samples: batch.samples, ..Batch::default() }).await.unwrap();
    }
}

pub(crate) fn now() -> Timestamp {
    Timestamp::from_second(END as i64).unwrap()
}
