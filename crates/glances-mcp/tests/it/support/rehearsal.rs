//! A scenario through the real write path, faster than it passes, and tools asked in the middle of
//! it: what they say can be held against the truth of the script.

use std::{cell::Cell, sync::Arc};

use fleet_sim::scenario::Scenario;
use glances_mcp::{
    access::Principal,
    alert::{Alert, Change, Rules, Transition},
    command::Commands,
    ingest::{Alerting, Recorded},
    judge::{self, Judgements},
    live::Live,
    metric,
    query::Query,
    store::{Batch, History, Memory},
    tasks::Tasks,
    tools::Context,
};
use jiff::Timestamp;
use serde_json::Value;
use tokio::sync::watch;

use super::{
    arguments,
    feed::{Feed, keep_up},
    tool,
};

/// Polls are a minute apart, as configured by default.
const EVERY_SECS: u32 = 60;
/// Between two rounds of upkeep: an hour.
const UPKEEP_ROUNDS: u64 = 60;

thread_local! {
    /// The clock of the tools that are asked: the time of the rehearsal. One rehearsal a thread, in
    /// a runtime that stays on it.
    static NOW: Cell<Option<i64>> = const { Cell::new(None) };
}

fn now() -> Timestamp {
    let secs = NOW.get().expect("a rehearsal is played on the thread that asks for its time");
    Timestamp::from_second(secs).unwrap()
}

/// Points of a series that are remembered: a week of polls.
const POINTS_MAX: usize = 7 * 1_440;

/// What is remembered of a rehearsal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Memories {
    /// All, as the product does.
    History,
    /// Only what the alert engine remembers by itself: much faster.
    AlertsOnly,
}

/// A fleet that is being played.
pub(crate) struct Rehearsal {
    feed: Feed,
    memories: Memories,
    live: Live,
    history: History,
    recorded: Recorded,
    alerting: Alerting,
    tasks: Tasks,
    judgements: Option<Judgements>,
    round: u64,
    began: i64,
    /// Alerts that fired, in their order.
    pub(crate) fired: Vec<Alert>,
}

impl Rehearsal {
    pub(crate) async fn of(scenario: Scenario, memories: Memories) -> Self {
        let history = History::new(Arc::new(Memory::keeping(POINTS_MAX)));
        let alerting = Alerting::restore(Rules::built_in(), &history).await;
        let feed = Feed::new(scenario, EVERY_SECS);
        let began = feed.end_of(0);
        Self {
            feed,
            memories,
            live: Live::default(),
            history,
            recorded: Recorded::default(),
            alerting,
            tasks: Tasks::default(),
            judgements: None,
            round: 0,
            began,
            fired: Vec::new(),
        }
    }

    /// Polls until the end of the scenario or past this second.
    pub(crate) async fn play_until(&mut self, secs: f64) {
        while self.round < self.feed.rounds() && (self.feed.end_of(self.round) as f64) <= secs {
            self.play_round().await;
        }
    }

    async fn play_round(&mut self) {
        let end = self.feed.end_of(self.round);
        let mut snapshots = self.feed.snapshots(self.round);
        snapshots.sort_by_key(|snapshot| snapshot.reach.last_attempt);
        if self.round == 0 {
            self.live.set_hosts(snapshots.iter().map(|it| it.host.clone()).collect());
        }
        let mut noted = Batch { watched: Some((self.began, end)), ..Batch::default() };
        for snapshot in snapshots {
            let mut snapshot = Arc::unwrap_or_clone(snapshot);
            snapshot.findings = metric::findings(&snapshot).into();
            let snapshot = Arc::new(snapshot);
            self.live.publish(snapshot.clone());
            if let Some(mut batch) = self.recorded.next(&snapshot) {
                self.alerting.observe(&snapshot, &mut batch);
                append(&mut noted, batch);
            }
        }
        append(&mut noted, self.alerting.tick(end));
        self.fired.extend(noted.alerts.iter().filter_map(|noted| {
            let happened: Transition = serde_json::from_str(&noted.change).unwrap();
            (happened.change == Change::Firing).then_some(happened.alert)
        }));
        if self.memories == Memories::History {
            self.history.store.append(&noted).await.unwrap();
            if self.round % UPKEEP_ROUNDS == UPKEEP_ROUNDS - 1 {
                keep_up(&*self.history.store, end).await;
            }
        }
        self.round += 1;
        NOW.set(Some(end));
    }

    /// The structured reply of a tool at this moment of the scenario, judged afresh. Time must be
    /// paused: the judge waits ten minutes between two looks.
    pub(crate) async fn ask(&mut self, name: &str, call: Value) -> Value {
        let judgements = self.judged().await;
        let (_alerts, open) = watch::channel(self.alerting.open().unwrap_or_default());
        let query = Query::new(self.live.clone(), self.history.clone(), judgements, open);
        let (commands, ..) = Commands::channel();
        let principal = Principal::local();
        let context = Context::new(principal, query, commands, now);
        let reply = tool(name).call(context, arguments(call)).await;
        reply.unwrap_or_else(|err| panic!("{name}: {err:?}")).structured
    }

    async fn judged(&mut self) -> Judgements {
        let (live, history) = (self.live.clone(), self.history.clone());
        let judgements = self.judgements.get_or_insert_with(|| {
            let (publish, judgements) = watch::channel(Arc::default());
            self.tasks.spawn("judge", judge::judge(live, history, publish, now));
            judgements
        });
        judgements.mark_unchanged();
        judgements.changed().await.unwrap();
        judgements.clone()
    }
}

fn append(all: &mut Batch, more: Batch) {
    all.samples.extend(more.samples);
    all.programs.extend(more.programs);
    all.events.extend(more.events);
    all.alerts.extend(more.alerts);
    all.kept.extend(more.kept);
}
