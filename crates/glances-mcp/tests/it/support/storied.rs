//! A hundred simulated servers with days of history, judged, and with alerts that are open at this
//! moment: what prompts and tools say of a fleet in trouble, without HTTP and always the same.

use std::sync::Arc;

use fleet_sim::{
    Fleet, HostSpec,
    scenario::{Kind, Scenario},
};
use glances_mcp::{
    access::Principal,
    alert::{Alert, Rules},
    command::Commands,
    ingest::{Alerting, Recorded},
    judge::{Judgement, is_judged, judge},
    live::Live,
    metric,
    query::Query,
    store::{Batch, History, Memory},
    tasks::Tasks,
    tools::Context,
};
use tokio::sync::watch;

use super::{
    feed::{Feed, keep_up},
    judged::{END, HOUR, PLUGINS, days, now},
};

/// Enough for habits of the day, and for what fills up.
const DAYS: f64 = 4.0;
/// Polls of the days before …
const PAST_SECS: u32 = 600;
/// … and of the last hours, in which alerts are judged as well.
const LAST_SECS: u32 = 60;
const LAST_HOURS: f64 = 1.5;
const SEED: u64 = 11;

/// A fleet in trouble at one moment.
pub(crate) struct Storied {
    pub(crate) cx: Context,
    /// What is open at the end.
    pub(crate) alerts: Arc<Vec<Alert>>,
    _tasks: Tasks,
}

/// Whose processor runs away, whose disk and memory fill, who fails after whom, who is gone.
fn scripted(specs: Vec<HostSpec>) -> Scenario {
    let count = specs.len();
    let mut scenario = Scenario::calm(specs, days(DAYS), SEED);
    let mut play = |kind: Kind, hosts: &[usize], hours_ago: f64| {
        let hosts: Vec<usize> = hosts.iter().map(|host| host % count).collect();
        scenario.play(kind, &hosts, END - hours_ago * HOUR, hours_ago * HOUR);
    };
    play(Kind::CpuRunaway, &[3], 1.2);
    play(Kind::DiskFilling, &[7], 40.0);
    play(Kind::MemoryLeak, &[11], 30.0);
    play(Kind::NoisyNeighbour, &[19, 20, 21], 0.8);
    play(Kind::CrashLoop, &[26], 1.0);
    play(Kind::DeployShift, &[31], 20.0);
    play(Kind::Outage, &[40, 41, 42], 0.5);
    scenario
}

impl Storied {
    /// So many servers, after days and hours like these.
    pub(crate) async fn of(specs: Vec<HostSpec>) -> Self {
        let mut slim = specs.clone();
        for spec in &mut slim {
            let others = spec.flavor.plugins().filter(|name| !PLUGINS.contains(name));
            spec.disabled = others.map(str::to_owned).collect();
        }
        let history = History::new(Arc::new(Memory::default()));
        let mut recorded = Recorded::default();
        let began = (END - DAYS * 24.0 * HOUR) as i64;
        let mut past = Feed::new(scripted(slim), PAST_SECS);
        for round in 0..past.rounds() {
            let end = past.end_of(round);
            if end as f64 > END - LAST_HOURS * HOUR {
                break;
            }
            let mut batch = super::feed::noted(&mut recorded, &past.snapshots(round));
            batch.watched = Some((began, end));
            let kept = |name: &str| is_judged(name) || name == "server.up";
            batch.samples.iter_mut().for_each(|it| it.values.retain(|(name, _)| kept(name)));
            history.store.append(&batch).await.unwrap();
        }
        Self::last_hours(scripted(specs), history, recorded, began).await
    }

    async fn last_hours(
        scenario: Scenario,
        history: History,
        mut recorded: Recorded,
        began: i64,
    ) -> Self {
        let live = Live::default();
        let mut alerting = Alerting::restore(Rules::built_in(), &history).await;
        let mut feed = Feed::new(scenario, LAST_SECS);
        let rounds = feed.rounds();
        let last = (LAST_HOURS * HOUR) as u64 / u64::from(LAST_SECS);
        for round in rounds.saturating_sub(last)..rounds {
            let (end, snapshots) = (feed.end_of(round), feed.snapshots(round));
            if round + last == rounds {
                live.set_hosts(snapshots.iter().map(|it| it.host.clone()).collect());
            }
            let mut noted = Batch { watched: Some((began, end)), ..Batch::default() };
            for snapshot in snapshots {
                let mut snapshot = Arc::unwrap_or_clone(snapshot);
                snapshot.findings = metric::findings(&snapshot).into();
                let snapshot = Arc::new(snapshot);
                live.publish(snapshot.clone());
                if let Some(mut batch) = recorded.next(&snapshot) {
                    alerting.observe(&snapshot, &mut batch);
                    noted.samples.extend(batch.samples);
                    noted.programs.extend(batch.programs);
                    noted.events.extend(batch.events);
                    noted.alerts.extend(batch.alerts);
                }
            }
            noted.alerts.extend(alerting.tick(end).alerts);
            history.store.append(&noted).await.unwrap();
        }
        keep_up(&*history.store, END as i64).await;
        let (publish, mut judgements) = watch::channel(Arc::<Judgement>::default());
        let tasks = Tasks::default();
        tasks.spawn("judge", judge(live.clone(), history.clone(), publish, now));
        judgements.changed().await.unwrap();
        let alerts = alerting.open().unwrap_or_default();
        let (_, open) = watch::channel(alerts.clone());
        let query = Query::new(live, history, judgements, open);
        let (commands, ..) = Commands::channel();
        let principal = Principal::local();
        let cx = Context::new(principal, query, commands, now);
        Self { cx, alerts, _tasks: tasks }
    }

    /// A mixed fleet of so many.
    pub(crate) async fn mixed(count: usize) -> Self {
        Self::of(Fleet::mixed_specs(count, SEED)).await
    }

    /// The open alert about a series of this path.
    pub(crate) fn alert(&self, path: &str) -> &Alert {
        self.alerts.iter().find(|alert| alert.path() == path).unwrap()
    }
}
