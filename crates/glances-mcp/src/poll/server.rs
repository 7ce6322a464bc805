//! The task of one server. Its loop never waits for a request: requests are futures beside it, so
//! that a slow plugin slows only itself.

use std::{
    collections::BTreeMap,
    hash::{DefaultHasher, Hash, Hasher},
    sync::Arc,
    time::Duration,
};

use futures_util::{FutureExt, StreamExt, future::BoxFuture, stream::FuturesUnordered};
use glances_client::{ApiVersion, FetchError, Plugin, ServerInfo, model::Payload, rate};
use jiff::Timestamp;
use tokio::{
    sync::{Semaphore, mpsc},
    time::{Instant, sleep_until},
};

use super::{
    Target,
    attempt::{Attempt, Reached, attempt},
    clock::skew,
    schedule::{self, Lane, Schedule},
};
use crate::snapshot::{DOWN_AFTER, Snapshot};

/// Pause between the samples of first contact: just above Glances' refresh time of 2 s, so that each
/// is a new one and rates exist.
const NEXT_SAMPLE_AFTER: Duration = Duration::from_millis(2_200);

/// Longest that the first sample waits, however long the interval is.
const FIRST_SAMPLE_WITHIN: Duration = Duration::from_millis(500);

/// Share of the interval after which an attempt is given up, so that it ends before the next.
const DEADLINE_SHARE: f64 = 0.8;

/// Requests go to a server one after the other. Glances answers each on a thread of a pool, and
/// psutil measures CPU time since the last call of the same thread: requests side by side spread
/// over several threads, and every new one reports 0 %.
const REQUESTS_AT_ONCE: usize = 1;

/// After this long the next request goes beside one that is still open, so that a slow plugin
/// slows only itself.
const PATIENCE: Duration = Duration::from_secs(1);

/// Longest that a finished core poll waits for its cheap plugins before it is published.
const PUBLISH_AFTER: Duration = Duration::from_secs(1);

/// Least time between two polls of a server that callers ask for: within it Glances repeats itself.
const REFRESH_EVERY: Duration = Duration::from_secs(2);

/// Glances renews values every 2 s, by a timer that starts anew with each renewal: a reply within
/// this time can be the one before.
const REPEATS_WITHIN: Duration = Duration::from_millis(3_000);

/// What a server is, and which plugins it serves, is asked again after this long: it may have
/// been updated or its glances.conf changed.
const RELEARN_EVERY: Duration = Duration::from_secs(300);

/// Response times kept for the percentiles: ten minutes at the default interval.
const LATENCIES_KEPT: usize = 60;

/// What a finished request brings.
enum Done {
    Attempt(Attempt),
    Plugin { plugin: Plugin, lane: Lane, result: Result<Payload, FetchError> },
}

struct Poller {
    target: Target,
    snapshot: Snapshot,
    schedule: Schedule,
    jobs: FuturesUnordered<BoxFuture<'static, Done>>,
    line: Arc<Semaphore>,
    in_flight: BTreeMap<Plugin, Lane>,
    attempting: bool,
    next_tick: Instant,
    /// Full polls in a row that gave nothing although the server answers.
    barren: u32,
    quiet_until: Option<Instant>,
    relearn_at: Option<Instant>,
    /// When each plugin's last reply arrived, on the clock that rates use.
    arrived: BTreeMap<Plugin, Instant>,
    latencies: Vec<f64>,
    dirty_since: Option<Instant>,
    round_open: bool,
    refreshed_at: Option<Instant>,
}

/// Polls one server until the future is dropped.
pub(super) async fn poll(
    target: Target,
    mut wishes: mpsc::Receiver<Vec<Plugin>>,
    out: mpsc::Sender<Snapshot>,
) {
    let interval = target.cadence.interval;
    let mut poller = Poller::new(target);
    loop {
        let (next_tick, publish_at) = (poller.next_tick, poller.publish_at());
        tokio::select! {
            () = sleep_until(next_tick) => {
                poller.next_tick = (poller.next_tick + interval).max(Instant::now());
                poller.tick();
            }
            Some(done) = poller.jobs.next() => poller.apply(done),
            Some(plugins) = wishes.recv() => poller.refresh(plugins),
            () = wait_until(publish_at) => {}
        }
        if poller.ready_to_publish(Instant::now())
            && out.send(poller.take_snapshot()).await.is_err()
        {
            return;
        }
    }
}

/// A server's place in the interval, always the same.
fn phase(target: &Target) -> Duration {
    let mut hasher = DefaultHasher::new();
    target.host.alias.hash(&mut hasher);
    let share = f64::from(u32::try_from(hasher.finish() >> 32).unwrap_or(0)) / f64::from(u32::MAX);
    target.cadence.interval.mul_f64(share)
}

async fn wait_until(at: Option<Instant>) {
    match at {
        Some(at) => sleep_until(at).await,
        None => std::future::pending().await,
    }
}

impl Poller {
    fn new(target: Target) -> Self {
        Self {
            snapshot: Snapshot::unseen(target.host.clone()),
            // The first sample is soon, but a fleet's are not all at once.
            next_tick: Instant::now() + (phase(&target) / 20).min(FIRST_SAMPLE_WITHIN),
            target,
            schedule: Schedule::default(),
            jobs: FuturesUnordered::new(),
            line: Arc::new(Semaphore::new(REQUESTS_AT_ONCE)),
            in_flight: BTreeMap::new(),
            attempting: false,
            barren: 0,
            quiet_until: None,
            relearn_at: None,
            arrived: BTreeMap::new(),
            latencies: Vec::new(),
            dirty_since: None,
            round_open: false,
            refreshed_at: None,
        }
    }

    /// The smaller of the server's timeout and most of the interval.
    fn deadline(&self, period: Duration) -> Duration {
        self.target.timeout.min(period.mul_f64(DEADLINE_SHARE))
    }

    fn serves(&self, plugin: Plugin) -> bool {
        !self.target.disabled.contains(&plugin)
            && self.snapshot.info.as_ref().is_some_and(|info| info.plugins.contains(&plugin))
    }

    /// Starts an attempt, unless the last is still under way.
    fn tick(&mut self) {
        if self.attempting {
            return;
        }
        let now = Instant::now();
        self.attempting = true;
        let relearn = self.relearn_at.is_none_or(|at| at <= now)
            || self.snapshot.reach.failures_in_row >= DOWN_AFTER;
        let known = self.snapshot.info.clone().filter(|_| !relearn);
        let quiet = self.quiet_until.is_some_and(|until| now < until);
        let deadline = self.deadline(self.target.cadence.interval);
        let disabled = self.target.disabled.clone();
        let limits = self.snapshot.limits.clone();
        let task = attempt(self.target.client.clone(), known, limits, disabled, quiet, deadline);
        self.jobs.push(task.map(Done::Attempt).boxed());
    }

    /// Polls what a caller wants to be fresh, at most every [`REFRESH_EVERY`].
    fn refresh(&mut self, plugins: Vec<Plugin>) {
        let now = Instant::now();
        if self.refreshed_at.is_some_and(|at| now < at + REFRESH_EVERY) {
            return;
        }
        self.refreshed_at = Some(now);
        self.schedule.force(plugins);
        self.tick();
    }

    fn apply(&mut self, done: Done) {
        match done {
            Done::Attempt(attempt) => self.apply_attempt(attempt),
            Done::Plugin { plugin, lane, result } => {
                self.in_flight.remove(&plugin);
                if lane != Lane::Slow && result.as_ref().is_err_and(is_failure) {
                    // With the next poll, however rarely it is polled when all is well.
                    self.schedule.force([plugin]);
                }
                self.note(plugin, result, Instant::now());
                self.mark_dirty();
            }
        }
    }

    fn apply_attempt(&mut self, attempt: Attempt) {
        self.attempting = false;
        self.mark_dirty();
        let now = Instant::now();
        if let Some((info, limits)) = attempt.learnt {
            self.learn(info, limits);
            self.relearn_at = Some(now + RELEARN_EVERY);
        }
        if self.snapshot.reach.failures_in_row > 0 {
            // Whatever failed with the server is asked again when it is back.
            self.schedule = Schedule::default();
        }
        self.note_reach(&attempt.reached);
        if self.snapshot.reach.attempts == 1 {
            self.next_sample_at(now + NEXT_SAMPLE_AFTER);
        }
        if attempt.reached.outcome.is_err() {
            // When it answers again its counters may have started over.
            self.arrived.clear();
            return;
        }
        let fruitful = attempt.results.iter().any(|(_, result, _)| result.is_ok());
        for (plugin, result, at) in attempt.results {
            self.note(plugin, result, at);
        }
        if attempt.quiet {
            return;
        }
        if fruitful || !self.serves_core() {
            self.barren = 0;
            self.quiet_until = None;
            self.round_open = true;
            if self.first_contact() {
                self.next_sample_at(now + NEXT_SAMPLE_AFTER);
            }
            self.start_plugins(now);
        } else {
            let first = self.target.cadence.backoff_first;
            let jitter = phase(&self.target).div_duration_f64(self.target.cadence.interval);
            self.quiet_until = Some(now + schedule::backoff(first, self.barren, jitter));
            self.barren = self.barren.saturating_add(1);
        }
    }

    fn next_sample_at(&mut self, at: Instant) {
        self.next_tick = self.next_tick.min(at);
    }

    /// Whether the next sample comes at once. Rates need two; a Glances that has only just started
    /// needs one more until it knows its own CPU time.
    fn first_contact(&self) -> bool {
        let cpu = self.snapshot.readings.get(&Plugin::Cpu);
        let known = || knows_cpu(cpu.and_then(|reading| reading.payload.as_deref()));
        match self.snapshot.rounds {
            0 => true,
            1 => self.serves(Plugin::Cpu) && !known(),
            _ => false,
        }
    }

    fn serves_core(&self) -> bool {
        crate::snapshot::CORE_PLUGINS.iter().any(|plugin| self.serves(*plugin))
    }

    fn learn(&mut self, info: ServerInfo, limits: glances_client::model::Limits) {
        let changed = self.snapshot.info.as_deref() != Some(&info);
        if changed {
            tracing::info!(
                host.name = %self.target.host.alias,
                "`{}` answers: Glances {}, API {}",
                self.target.host.alias, info.version.as_deref().unwrap_or("of unknown version"),
                info.api
            );
            // A Glances that serves a plugin no more must not leave its last data standing.
            self.snapshot.readings.retain(|plugin| info.plugins.contains(&plugin));
            self.snapshot.errors.retain(|plugin, _| info.plugins.contains(plugin));
        }
        self.snapshot.info = Some(Arc::new(info));
        self.snapshot.limits = Arc::new(limits);
    }

    fn note_reach(&mut self, reached: &Reached) {
        let reach = &mut self.snapshot.reach;
        let wall = Timestamp::now();
        reach.first_attempt.get_or_insert(wall);
        reach.last_attempt = Some(wall);
        reach.attempts += 1;
        match &reached.outcome {
            Ok(()) => {
                if reach.failures_in_row >= DOWN_AFTER {
                    tracing::info!(host.name = %self.target.host.alias,
                        "`{}` answers again", self.target.host.alias);
                }
                reach.last_success = Some(wall);
                reach.failures_in_row = 0;
                reach.error = None;
                let clock = self.target.client.clock();
                reach.clock_skew_secs = clock.and_then(|clock| skew(&clock, wall, Instant::now()));
                if self.latencies.len() >= LATENCIES_KEPT {
                    self.latencies.remove(0);
                }
                self.latencies.push(reached.latency.as_secs_f64() * 1_000.0);
                reach.latency_ms = self.latencies.as_slice().into();
            }
            Err(error) => {
                reach.failures += 1;
                reach.failures_in_row = reach.failures_in_row.saturating_add(1);
                if reach.failures_in_row == DOWN_AFTER {
                    tracing::warn!(host.name = %self.target.host.alias, error = %error,
                        "`{}` cannot be polled", self.target.host.alias);
                }
                reach.error = Some(error.clone());
            }
        }
    }

    /// Starts the cheap and slow plugins that are due.
    fn start_plugins(&mut self, now: Instant) {
        let Some(info) = self.snapshot.info.clone() else { return };
        for lane in [Lane::Cheap, Lane::Slow] {
            for plugin in self.schedule.due(lane, now, |plugin| self.serves(plugin)) {
                if self.in_flight.contains_key(&plugin) {
                    continue;
                }
                self.schedule.asked(plugin, now, &self.target.cadence, &self.snapshot.limits);
                if self.first_contact() && schedule::has_rates(plugin) {
                    self.schedule.force([plugin]);
                }
                self.in_flight.insert(plugin, lane);
                self.jobs.push(self.fetch(info.api, plugin, lane));
            }
        }
    }

    fn fetch(&self, api: ApiVersion, plugin: Plugin, lane: Lane) -> BoxFuture<'static, Done> {
        let client = self.target.client.clone();
        let period = match lane {
            Lane::Slow => self.target.cadence.containers,
            Lane::Core | Lane::Cheap => self.target.cadence.interval,
        };
        let (line, deadline) = (self.line.clone(), self.deadline(period));
        async move {
            let place = line.acquire().await;
            let fetch = client.fetch(api, plugin, deadline);
            tokio::pin!(fetch);
            let result = match tokio::time::timeout(PATIENCE, &mut fetch).await {
                Ok(result) => result,
                Err(_) => {
                    drop(place);
                    fetch.await
                }
            };
            Done::Plugin { plugin, lane, result }
        }
        .boxed()
    }

    /// Takes one plugin's reply into the snapshot, with rates against the one before.
    fn note(&mut self, plugin: Plugin, result: Result<Payload, FetchError>, at: Instant) {
        let cores = self.snapshot.core_count();
        let reading = self.snapshot.readings.of(plugin);
        let wall = Timestamp::now();
        reading.tried = Some(wall);
        match result {
            Ok(mut payload) => {
                plausible(&mut payload, cores);
                self.snapshot.errors.remove(&plugin);
                if knows_cpu(reading.payload.as_deref()) && !knows_cpu(Some(&payload)) {
                    // A new thread of Glances' pool has nothing to compare with yet; the last
                    // value stays, and its age with it.
                    return;
                }
                if let (Some(previous), Some(before)) =
                    (&reading.payload, self.arrived.get(&plugin).copied())
                {
                    let elapsed = at.saturating_duration_since(before);
                    if elapsed < REPEATS_WITHIN && rate::repeats(previous, &payload) {
                        return;
                    }
                    rate::advance(previous, &mut payload, elapsed);
                }
                self.arrived.insert(plugin, at);
                reading.payload = Some(Arc::new(payload));
                reading.at = Some(wall);
            }
            Err(error) => {
                if let FetchError::NotAvailable { .. } = error {
                    reading.payload = None;
                    reading.at = None;
                    self.arrived.remove(&plugin);
                } else if !self.snapshot.errors.contains_key(&plugin) {
                    tracing::debug!(host.name = %self.target.host.alias, error = %error,
                        "plugin `{plugin}` of `{}` failed", self.target.host.alias);
                }
                self.snapshot.errors.insert(plugin, error);
            }
        }
    }

    fn mark_dirty(&mut self) {
        self.dirty_since.get_or_insert_with(Instant::now);
    }

    fn cheap_open(&self) -> bool {
        self.attempting || self.in_flight.values().any(|lane| *lane != Lane::Slow)
    }

    fn publish_at(&self) -> Option<Instant> {
        self.dirty_since.map(|since| since + PUBLISH_AFTER)
    }

    fn ready_to_publish(&self, now: Instant) -> bool {
        self.dirty_since.is_some()
            && (!self.cheap_open() || self.publish_at().is_some_and(|at| at <= now))
    }

    fn take_snapshot(&mut self) -> Snapshot {
        self.dirty_since = None;
        self.snapshot.settled = !self.cheap_open();
        if !self.cheap_open() && std::mem::take(&mut self.round_open) {
            self.snapshot.rounds += 1;
        }
        self.snapshot.clone()
    }
}

/// An error, and not a plugin that is off.
fn is_failure(error: &FetchError) -> bool {
    !matches!(error, FetchError::NotAvailable { .. })
}

/// Whether a reply says how busy the CPU is.
fn knows_cpu(payload: Option<&Payload>) -> bool {
    matches!(payload, Some(Payload::Cpu(cpu)) if cpu.total.is_some())
}

/// A process cannot use more than all cores. Glances says so after a pause, when it divides the
/// time since its last look at the process by the time since its last look at the machine.
fn plausible(payload: &mut Payload, cores: Option<u32>) {
    /// Clocks of the two looks differ a little.
    const TOLERANCE: f64 = 1.1;
    let (Payload::ProcessList(processes) | Payload::ProgramList(processes)) = payload else {
        return;
    };
    let Some(most) = cores.map(|cores| f64::from(cores) * 100.0 * TOLERANCE) else { return };
    for process in processes {
        process.cpu_percent = process.cpu_percent.filter(|percent| *percent <= most);
    }
}
