//! THE WRITE PATH, on one page: a snapshot comes in, alerts are judged, history notes it, everyone
//! who reads sees it. Never answers a caller, never waits for a disk.

mod alerting;
pub mod changes;
mod limits;
mod orders;
mod record;
mod writer;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use jiff::Timestamp;
use tokio::{
    sync::mpsc,
    time::{MissedTickBehavior, interval},
};

use self::orders::Underway;
pub use self::{
    alerting::{AlertOrders, AlertSettings, Alerting, OpenAlerts},
    limits::Limits,
    orders::SAID,
    writer::{Queue, Writer, write},
};
use crate::{
    command::Order, live::Live, metric, model::HostName, snapshot::Snapshot, store::Batch,
};

/// A stalled reader of snapshots slows the pollers instead of eating memory.
pub const SNAPSHOTS_QUEUED_MAX: usize = 64;

/// Between two looks at what time alone changes: who is silent, what opens, closes and expires.
const TICK_EVERY: Duration = Duration::from_secs(1);

/// Takes snapshots in until all pollers are gone.
pub async fn run(
    mut snapshots: mpsc::Receiver<Snapshot>,
    live: Live,
    history: Writer,
    mut alerting: Alerting,
    mut settings: mpsc::Receiver<AlertSettings>,
    mut orders: mpsc::Receiver<Order>,
    now: fn() -> Timestamp,
) {
    let mut recorded = Recorded::default();
    // The order that is being carried out; the next one begins with what it leaves.
    let mut underway: Option<Underway> = None;
    let mut tick = interval(TICK_EVERY);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            snapshot = snapshots.recv() => {
                let Some(mut snapshot) = snapshot else { return };
                snapshot.findings = metric::findings(&snapshot).into();
                let snapshot = Arc::new(snapshot);
                if live.publish(snapshot.clone())
                    && let Some(mut batch) = recorded.next(&snapshot)
                {
                    alerting.observe(&snapshot, &mut batch);
                    recorded.add_programs(&alerting.take_fired(), &mut batch);
                    history.note(batch);
                }
                recorded.forget_gone(&live);
            }
            _ = tick.tick() => {
                let mut batch = alerting.tick(now().as_second());
                recorded.add_programs(&alerting.take_fired(), &mut batch);
                history.note_alerts(batch, alerting.open());
            }
            Some(settings) = settings.recv() => {
                history.note(alerting.configure(settings, now().as_second()));
            }
            Some(order) = orders.recv(), if underway.is_none() => {
                underway = alerting.begin(order, &history, now().as_second());
            }
            written = orders::written(&mut underway) => {
                let now = now().as_second();
                underway = underway
                    .take()
                    .and_then(|order| alerting.go_on(order, written, &history, now));
            }
        }
    }
}

/// What history noted last of each server.
#[derive(Default)]
pub struct Recorded(BTreeMap<HostName, Noted>);

struct Noted {
    snapshot: Arc<Snapshot>,
    /// When its programs were listed that were kept last, seconds since the epoch.
    listed: Option<i64>,
}

/// Servers that have gone and are still remembered.
const GONE_MAX: usize = 64;

impl Recorded {
    /// What history has to note of a snapshot, if its poll is over and not noted yet.
    pub fn next(&mut self, snapshot: &Arc<Snapshot>) -> Option<Batch> {
        let alias = &snapshot.host.alias;
        let last = self.0.get(alias).filter(|last| last.snapshot.host == snapshot.host);
        let before = last.map(|last| last.snapshot.as_ref());
        let attempts = before.map_or(0, |before| before.reach.attempts);
        if !snapshot.settled || snapshot.reach.attempts <= attempts {
            return None;
        }
        let listed = last.and_then(|last| last.listed);
        let programs = record::programs(listed, snapshot);
        let listed = programs.as_ref().map(|list| list.secs).or(listed);
        let batch = Batch {
            samples: record::sample(before, snapshot).into_iter().collect(),
            programs: programs.into_iter().collect(),
            events: before.map(|before| changes::between(before, snapshot)).unwrap_or_default(),
            ..Batch::default()
        };
        self.0.insert(alias.clone(), Noted { snapshot: snapshot.clone(), listed });
        Some(batch)
    }

    /// Adds the programs at hand of servers that an alert began to fire on: what used the machine then.
    fn add_programs(&self, fired: &BTreeSet<HostName>, batch: &mut Batch) {
        for host in fired {
            let noted = batch.programs.iter().any(|list| list.host == *host);
            let last = self.0.get(host).filter(|_| !noted);
            batch.programs.extend(last.and_then(|it| record::programs_at_hand(&it.snapshot)));
        }
    }

    fn forget_gone(&mut self, live: &Live) {
        if self.0.len() > live.len() + GONE_MAX {
            self.0.retain(|alias, _| live.watch(alias.as_str()).is_some());
        }
    }
}

#[cfg(test)]
mod tests {
    use glances_client::{
        Plugin,
        model::{Mem, Payload, Process, ProcessMemory},
    };
    use tokio::sync::watch;
    use tokio_util::sync::CancellationToken;

    use super::*;
    use crate::{
        alert::{Defaults, Rules, Threshold},
        snapshot::{Host, Reading},
        store::{History, Keep, Memory, Span},
    };

    fn host() -> Arc<Host> {
        Arc::new(Host::at(HostName::parse("web-1").unwrap(), "http://web-1:61208"))
    }

    /// A poll in which one program uses most of the machine.
    fn poll(round: i64, program: &str, mem_percent: f64) -> Snapshot {
        let at = Timestamp::from_second(1_700_000_000 + round * 20).ok();
        let mut snapshot = Snapshot::unseen(host());
        let memory = ProcessMemory { rss: Some(1 << 30), ..ProcessMemory::default() };
        let program = Process { name: program.to_owned(), memory, ..Process::default() };
        let mem = Mem { percent: Some(mem_percent), ..Mem::default() };
        for (plugin, payload) in [
            (Plugin::Mem, Payload::Mem(mem)),
            (Plugin::ProgramList, Payload::ProgramList(vec![program])),
        ] {
            let payload = Some(Arc::new(payload));
            snapshot.readings.insert(plugin, Reading { payload, at, tried: at });
        }
        snapshot.settled = true;
        snapshot.reach.attempts = u64::try_from(round).unwrap() + 1;
        snapshot.reach.last_attempt = at;
        snapshot.reach.last_success = at;
        snapshot
    }

    #[tokio::test(start_paused = true)]
    async fn what_ran_when_an_alert_began_to_fire_is_kept_between_two_minutes() {
        let history = History::new(Arc::new(Memory::default()));
        let threshold = Threshold {
            metric: "mem.percent".to_owned(),
            warning: 80.0,
            critical: 90.0,
            for_secs: Some(0),
            ..Threshold::default()
        };
        let rules = Rules::new(&[threshold], Defaults::Ours).ok().unwrap();
        let alerting = Alerting::restore(rules, &history).await;
        let live = Live::default();
        live.set_hosts(vec![host()]);
        let (writer, noted) = Writer::channel(&history);
        let (snapshots, incoming) = mpsc::channel(8);
        let (_configured, settings) = AlertOrders::channel();
        let (_commands, _of_pollers, orders) = crate::command::Commands::channel();
        let publish = watch::channel(Arc::default()).0;
        let now = || Timestamp::from_second(1_700_000_100).unwrap();
        let keep = Keep { raw_secs: 86_400, event_secs: 86_400, alert_secs: 86_400 };
        let stop = CancellationToken::new();
        let writing = write(history.clone(), noted, publish, keep, now, stop);
        let calm = |round| (round, "java", 50.0);
        let busy = |round| (round, "backup", 95.0);
        for (round, program, mem) in [calm(0), calm(1), busy(2), busy(3), busy(4)] {
            snapshots.send(poll(round, program, mem)).await.unwrap();
        }
        drop(snapshots);
        tokio::join!(run(incoming, live, writer, alerting, settings, orders, now), writing);
        let span = Span { from: 0, to: i64::MAX / 2 };
        let alias = &host().alias;
        let alerts = history.store.alerts(std::slice::from_ref(alias), span).await.unwrap();
        assert_eq!(alerts.len(), 1, "{alerts:?}");
        let lists = history.store.programs(alias, span).await.unwrap();
        let told: Vec<(i64, &str)> =
            lists.iter().map(|it| (it.secs - 1_700_000_000, &*it.top[0].name)).collect();
        // The lists of two minutes, although they are read more often, and the one of the moment.
        assert_eq!(told, [(0, "java"), (40, "backup"), (60, "backup")]);
    }
}
