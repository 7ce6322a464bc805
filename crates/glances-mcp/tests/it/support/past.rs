//! Tools over a history that was fed and not waited for: the read side without pollers, at a fixed
//! time.

use std::sync::Arc;

use fleet_sim::scenario::Scenario;
use glances_mcp::{
    access::Principal,
    command::Commands,
    live::Live,
    query::Query,
    snapshot::Snapshot,
    store::{History, Memory, Store},
    tools::Context,
};
use jiff::Timestamp;
use serde_json::Value;

use super::{
    arguments,
    feed::{Feed, fill},
    tool,
};

/// The read side of a fleet whose history is in a store.
pub(crate) struct Past {
    pub(crate) context: Context,
}

impl Past {
    /// Of a store and the last that is known of each server.
    pub(crate) fn of(
        store: Arc<dyn Store>,
        last: &[Arc<Snapshot>],
        now: fn() -> Timestamp,
    ) -> Self {
        let live = Live::default();
        live.set_hosts(last.iter().map(|snapshot| snapshot.host.clone()).collect());
        last.iter().for_each(|snapshot| assert!(live.publish(snapshot.clone())));
        let judgements = tokio::sync::watch::channel(Arc::default()).1;
        let alerts = tokio::sync::watch::channel(Arc::default()).1;
        let query = Query::new(live, History::new(store), judgements, alerts);
        let (commands, ..) = Commands::channel();
        let principal = Principal::local();
        Self { context: Context::new(principal, query, commands, now) }
    }

    /// Of a scenario, polled every so many seconds to its end.
    pub(crate) async fn played(scenario: Scenario, every: u32, now: fn() -> Timestamp) -> Self {
        let store = Arc::new(Memory::default());
        let last = last(scenario.clone(), every);
        fill(Feed::new(scenario, every), &*store, 30).await;
        Self::of(store, &last, now)
    }

    pub(crate) async fn reply(&self, name: &str, of: Value) -> Result<(String, Value), String> {
        let reply = tool(name).call(self.context.clone(), arguments(of)).await;
        reply.map(|reply| (reply.text, reply.structured)).map_err(|err| err.to_string())
    }

    pub(crate) async fn ask(&self, name: &str, of: Value) -> Value {
        self.reply(name, of).await.unwrap().1
    }
}

/// The snapshots at the end of a scenario, with rates.
pub(crate) fn last(scenario: Scenario, every: u32) -> Vec<Arc<Snapshot>> {
    let mut feed = Feed::new(scenario, every);
    let rounds = feed.rounds();
    feed.snapshots(rounds - 2);
    feed.snapshots(rounds - 1)
}
