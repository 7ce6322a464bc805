//! Days of a simulated fleet through the real write path, faster than they pass: models become
//! snapshots, without JSON and HTTP, and those what history keeps. Shared by tests and benches; time
//! comes from the scenario.

#[path = "feed/payload.rs"]
mod payload;

use std::{sync::Arc, time::Duration};

use fleet_sim::{
    load::unit,
    model::{Model, Moment},
    scenario::Scenario,
};
use glances_client::{ApiVersion, FetchError, Plugin, ServerInfo};
use glances_mcp::{
    ingest::Recorded,
    model::{Criticality, HostName},
    snapshot::{Host, Reach, Reading, Readings, Snapshot},
    store::{Batch, Keep, Store},
};
use jiff::Timestamp;

/// Polls reach a server some milliseconds early or late.
const JITTER_SECS: f64 = 0.03;

/// Raw samples are kept for two weeks, which is what is fed at most; events as the product does.
pub(crate) const KEEP: Keep =
    Keep { raw_secs: 14 * 86_400, event_secs: 400 * 86_400, alert_secs: 30 * 86_400 };

/// Simulated servers being polled.
pub(crate) struct Feed {
    scenario: Scenario,
    every_secs: f64,
    polled: Vec<Polled>,
}

/// What a poller would remember of one server.
struct Polled {
    host: Arc<Host>,
    info: Arc<ServerInfo>,
    readings: Readings,
    reach: Reach,
    last: Option<Moment>,
    rounds: u64,
}

/// Rounds that are made before they are written.
const ROUNDS_AHEAD_MAX: usize = 8;

/// What was written.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Fed {
    began: Option<i64>,
    pub(crate) polls: u64,
    pub(crate) values: u64,
}

impl Feed {
    /// Polls the hosts of a scenario every so many seconds, from its begin on.
    pub(crate) fn new(scenario: Scenario, every_secs: u32) -> Self {
        let every = Duration::from_secs(every_secs.into());
        let polled = scenario.actors().iter().map(|actor| Polled::new(actor, every)).collect();
        Self { scenario, every_secs: every.as_secs_f64(), polled }
    }

    /// How many rounds the scenario has.
    pub(crate) fn rounds(&self) -> u64 {
        (self.scenario.span().secs() / self.every_secs) as u64
    }

    /// The second at which a round ends.
    pub(crate) fn end_of(&self, round: u64) -> i64 {
        (self.scenario.span().begin + self.every_secs * (round + 1) as f64) as i64
    }

    /// The snapshots of one round: every server once, spread over the interval.
    pub(crate) fn snapshots(&mut self, round: u64) -> Vec<Arc<Snapshot>> {
        let begin = self.scenario.span().begin + self.every_secs * round as f64;
        let spread = self.every_secs - 1.0;
        let poll = |(actor, polled): (&fleet_sim::scenario::Actor, &mut Polled)| {
            let seed = actor.host.spec.seed;
            let at = begin + spread * unit(seed, 41_000) + JITTER_SECS * unit(seed, round);
            polled.poll(actor, at);
            Arc::new(polled.snapshot())
        };
        self.scenario.actors().iter().zip(&mut self.polled).map(poll).collect()
    }
}

/// What history has to note of some snapshots, as one batch.
pub(crate) fn noted(recorded: &mut Recorded, snapshots: &[Arc<Snapshot>]) -> Batch {
    let mut batch = Batch::default();
    for note in snapshots.iter().filter_map(|snapshot| recorded.next(snapshot)) {
        batch.samples.extend(note.samples);
        batch.programs.extend(note.programs);
        batch.events.extend(note.events);
    }
    batch
}

/// All rounds into a store, one transaction each, and upkeep after every so many: the models are
/// made on a thread of their own while the store writes.
pub(crate) async fn fill(mut feed: Feed, store: &dyn Store, upkeep_every: u64) -> Fed {
    let (sender, mut made) = tokio::sync::mpsc::channel(ROUNDS_AHEAD_MAX);
    let making = tokio::task::spawn_blocking(move || {
        for round in 0..feed.rounds() {
            let snapshots = feed.snapshots(round);
            if sender.blocking_send((round, feed.end_of(round), snapshots)).is_err() {
                return;
            }
        }
    });
    let (mut recorded, mut fed) = (Recorded::default(), Fed::default());
    while let Some((round, end, snapshots)) = made.recv().await {
        let mut batch = noted(&mut recorded, &snapshots);
        fed.began.get_or_insert(end);
        batch.watched = fed.began.map(|began| (began, end));
        store.append(&batch).await.unwrap();
        fed.polls += batch.samples.len() as u64;
        fed.values += values(&batch);
        if round % upkeep_every == upkeep_every - 1 {
            keep_up(store, end).await;
        }
    }
    making.await.unwrap();
    fed
}

/// How many values a batch has.
pub(crate) fn values(batch: &Batch) -> u64 {
    batch.samples.iter().map(|sample| sample.values.len() as u64).sum()
}

/// Seals and forgets until there is nothing left to do.
pub(crate) async fn keep_up(store: &dyn Store, now: i64) {
    while store.upkeep(now, &KEEP).await.unwrap().sealed > 0 {}
}

impl Polled {
    fn new(actor: &fleet_sim::scenario::Actor, interval: Duration) -> Self {
        let spec = &actor.host.spec;
        let host = Host {
            environment: Some("production".to_owned()),
            tags: vec![spec.role.name().to_owned()],
            criticality: Criticality::High,
            interval,
            ..Host::at(HostName::parse(&spec.name).unwrap(), format!("http://{}:61208", spec.name))
        };
        let on = |name: &&str| !spec.disabled.iter().any(|off| off == name);
        let names = spec.flavor.plugins().filter(on);
        let info = ServerInfo {
            api: match spec.flavor.api() {
                3 => ApiVersion::V3,
                4 => ApiVersion::V4,
                _ => ApiVersion::V5,
            },
            version: Some(spec.flavor.version().to_owned()),
            plugins: names.filter_map(Plugin::parse).collect(),
            burst: false,
        };
        Self {
            host: Arc::new(host),
            info: Arc::new(info),
            readings: Readings::default(),
            reach: Reach::default(),
            last: None,
            rounds: 0,
        }
    }

    fn poll(&mut self, actor: &fleet_sim::scenario::Actor, at: f64) {
        let time = timestamp(at);
        self.reach.first_attempt.get_or_insert(time);
        self.reach.last_attempt = Some(time);
        self.reach.attempts += 1;
        // Counters are compared with those of the last answer, while the machine stayed up.
        let Some(moment) = actor.moment(at, self.last.map(|last| last.at)) else {
            self.reach.failures += 1;
            self.reach.failures_in_row += 1;
            self.reach.error = Some(FetchError::Refused);
            return;
        };
        let model = Model { host: &actor.host, moment };
        for plugin in &self.info.plugins {
            if let Some(payload) = payload::of(&model, *plugin) {
                let (payload, at) = (Some(Arc::new(payload)), Some(time));
                self.readings.insert(*plugin, Reading { payload, at, tried: at });
            }
        }
        self.reach.last_success = Some(time);
        self.reach.failures_in_row = 0;
        self.reach.error = None;
        self.reach.latency_ms = [model.response_ms()].into();
        self.rounds += 1;
        self.last = Some(moment);
    }

    fn snapshot(&self) -> Snapshot {
        Snapshot {
            info: Some(self.info.clone()),
            readings: self.readings.clone(),
            reach: self.reach.clone(),
            rounds: self.rounds,
            settled: true,
            ..Snapshot::unseen(self.host.clone())
        }
    }
}

fn timestamp(secs: f64) -> Timestamp {
    Timestamp::from_microsecond((secs * 1e6) as i64).unwrap()
}
