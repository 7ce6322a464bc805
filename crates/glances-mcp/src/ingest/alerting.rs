//! The one owner of the alert engine: polls and the passing of time in, notes for the store out.
//! What happened to an alert is noted before readers see it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use tokio::sync::{mpsc, watch};

use super::{
    limits::{self, Limits},
    orders::SAID,
};
use crate::{
    alert::{Alert, Change, Engine, Observation, Rules, Said, Saved, Transition, Window},
    model::HostName,
    snapshot::Snapshot,
    store::{AlertChange, Batch, History},
};

/// Where readers see which alerts are open. Cheap to clone.
pub type OpenAlerts = watch::Receiver<Arc<Vec<Alert>>>;

/// Changed configurations that may wait.
const ORDERS_QUEUED_MAX: usize = 8;
/// Between two notes of the whole state, seconds; what happens in between is noted by itself.
const SAVE_EVERY_SECS: i64 = 60;
/// The name under which the state is kept.
const KEPT_AS: &str = "alerts";
/// The name under which the second of the last note is kept.
const NOTED: &str = "noted";

/// What the configuration says of alerts.
pub struct AlertSettings {
    /// When something is an alert.
    pub rules: Arc<Rules>,
    /// When it is expected.
    pub windows: Vec<Window>,
    /// The same limits in words, to tell what changed.
    pub limits: Limits,
    /// Servers whose alerts are kept.
    pub servers: BTreeSet<HostName>,
}

/// Hands changed settings on. Cheap to clone.
#[derive(Clone)]
pub struct AlertOrders(mpsc::Sender<AlertSettings>);

impl AlertOrders {
    /// The end that hands them on, and the one that takes them.
    #[must_use]
    pub fn channel() -> (Self, mpsc::Receiver<AlertSettings>) {
        let (sender, receiver) = mpsc::channel(ORDERS_QUEUED_MAX);
        (Self(sender), receiver)
    }

    /// Has these settings taken; waits while others do.
    pub async fn configure(&self, settings: AlertSettings) {
        // Fails only when everything ends.
        let _ = self.0.send(settings).await;
    }
}

/// Drives the engine.
pub struct Alerting {
    pub(super) engine: Engine,
    saved_at: i64,
    pub(super) touched: bool,
    /// The second of the last note of an operator.
    noted_at: i64,
    /// The limits taken last, in words.
    limits: Option<BTreeMap<String, String>>,
    /// Servers on which an alert began to fire since they were asked for.
    fired: BTreeSet<HostName>,
}

impl Alerting {
    /// Goes on where history says that we were.
    pub async fn restore(rules: impl Into<Arc<Rules>>, history: &History) -> Self {
        let kept = history.store.recall(KEPT_AS).await.ok().flatten();
        let kept: Option<(i64, Saved)> = kept.and_then(|text| {
            let read = serde_json::from_str(&text);
            read.inspect_err(|err| tracing::warn!("the state of alerts is not taken over: {err}"))
                .ok()
        });
        let mut engine = match &kept {
            Some((_, saved)) => Engine::restore(rules, saved.clone()),
            None => Engine::new(rules),
        };
        let since = kept.map_or(0, |(at, _)| at);
        let changes = history.store.alert_changes(since).await.unwrap_or_default();
        let changes: Vec<Transition> =
            changes.iter().filter_map(|text| serde_json::from_str(text).ok()).collect();
        engine.catch_up(&changes);
        if let Some(said) = said(history).await {
            engine.hear(said);
        }
        let limits = history.store.recall(limits::KEPT_AS).await.ok().flatten();
        let limits = limits.and_then(|text| serde_json::from_str(&text).ok());
        let noted = history.store.recall(NOTED).await.ok().flatten();
        let noted_at = noted.and_then(|text| text.parse().ok()).unwrap_or(0);
        Self { engine, saved_at: 0, touched: true, noted_at, limits, fired: BTreeSet::new() }
    }

    /// A second for a note, and remembers it: two of one person in one second would be one event.
    pub(super) fn note_secs(&mut self, now: i64, batch: &mut Batch) -> i64 {
        self.noted_at = now.max(self.noted_at.saturating_add(1));
        batch.kept.push((NOTED.to_owned(), self.noted_at.to_string()));
        self.noted_at
    }

    /// Takes other settings.
    pub fn configure(&mut self, settings: AlertSettings, now: i64) -> Batch {
        let AlertSettings { rules, windows, limits, servers } = settings;
        self.engine.set_rules(rules);
        if let Err(problem) = self.engine.set_windows(&windows) {
            tracing::error!("maintenance windows are not taken: {problem}");
        }
        let gone = self.engine.keep(now, |alias| servers.contains(alias));
        let mut batch = self.noted(&gone);
        self.note_limits(limits, now, &mut batch);
        batch
    }

    /// Notes which limits are others than those taken last, also those of before a restart. There
    /// is nothing to tell of the first ones.
    fn note_limits(&mut self, limits: Limits, now: i64, batch: &mut Batch) {
        if let Some(before) = &self.limits {
            batch.events = limits.changes(before, now);
        }
        if self.limits.as_ref() != Some(&limits.words) {
            let text = serde_json::to_string(&limits.words).ok();
            batch.kept.extend(text.map(|text| (limits::KEPT_AS.to_owned(), text)));
            self.limits = Some(limits.words);
        }
    }

    /// Takes a settled poll, with what happened into its note.
    pub fn observe(&mut self, snapshot: &Snapshot, batch: &mut Batch) {
        let Some(at) = snapshot.reach.last_attempt else { return };
        let secs = at.as_second();
        let answered = snapshot.reach.failures_in_row == 0;
        let clock_skew_secs = snapshot.reach.clock_skew_secs.filter(|_| answered);
        let happened = self.engine.observe(&Observation { snapshot, secs, clock_skew_secs });
        batch.alerts.extend(self.noted(&happened).alerts);
        self.touched = true;
    }

    /// Time passed.
    pub fn tick(&mut self, now: i64) -> Batch {
        let happened = self.engine.tick(now);
        let mut batch = self.noted(&happened);
        if now - self.saved_at >= SAVE_EVERY_SECS {
            self.saved_at = now;
            if let Ok(text) = serde_json::to_string(&(now, self.engine.saved())) {
                batch.kept.push((KEPT_AS.to_owned(), text));
            }
        }
        batch
    }

    /// The open alerts, if any may have changed since they were asked for.
    pub fn open(&mut self) -> Option<Arc<Vec<Alert>>> {
        std::mem::take(&mut self.touched).then(|| Arc::new(self.engine.open().cloned().collect()))
    }

    /// The servers on which an alert began to fire since this was asked.
    pub fn take_fired(&mut self) -> BTreeSet<HostName> {
        std::mem::take(&mut self.fired)
    }

    /// What is stored of transitions. One that never fired is no alert.
    fn noted(&mut self, happened: &[Transition]) -> Batch {
        self.touched |= !happened.is_empty();
        let firing = happened.iter().filter(|it| it.change == Change::Firing);
        self.fired.extend(firing.filter_map(|it| it.alert.host.clone()));
        let fired = |it: &&Transition| !matches!(it.change, Change::Pending | Change::Dropped);
        let change = |it: &Transition| {
            tracing::info!(
                alert.id = %it.alert.id,
                alert.rule = %it.alert.rule,
                host.name = it.alert.host.as_ref().map(HostName::as_str),
                "alert {:?}: {}", it.change, it.alert.says
            );
            Some(AlertChange {
                host: it.alert.host.clone(),
                id: it.alert.id.clone(),
                began: it.alert.began,
                secs: it.at,
                over: matches!(it.change, Change::Resolved | Change::Gone),
                alert: serde_json::to_string(&it.alert).ok()?,
                change: serde_json::to_string(it).ok()?,
            })
        };
        let alerts = happened.iter().filter(fired).filter_map(change).collect();
        Batch { alerts, ..Batch::default() }
    }
}

/// What people said and was stored with each word of theirs, which the saved state may be behind.
async fn said(history: &History) -> Option<Said> {
    let kept = history.store.recall(SAID).await.ok().flatten()?;
    let read = serde_json::from_str(&kept);
    read.inspect_err(|err| tracing::error!("silences are not taken over: {err}")).ok()
}
