//! One server: its series under their rules, its open alerts, and what of them is a consequence.

use std::{collections::BTreeMap, sync::Arc};

use analytics::Side;
use serde::{Deserialize, Serialize};

use super::{
    Observation,
    memory::Memory,
    quiet::{Now, Reason},
    rule::{Judged, Rules},
    source::{
        AUTH_FAILED, DISK_FILLING, DISK_FULL, NO_DATA, NO_DATA_RULE, SERVER_DOWN, Seen, series,
        unanswered,
    },
    state::{Alert, Change, State, Transition, Verdict},
    track::{FORGOTTEN_SECS, Judgement, Track},
    turn::{Subject, apply, end, fingerprint, quieten},
};
use crate::{
    metric::Unit,
    model::Severity,
    snapshot::{DOWN_AFTER, Host},
};

/// Series of one server that are judged: a machine with more is a mistake or an attack.
pub const SERIES_MAX: usize = 2_000;
/// After a gap of our own states are held for so many intervals.
pub const HELD_INTERVALS: i64 = 3;
/// A server of which nobody brought a snapshot, good or bad, for so long has no data …
const NO_DATA_SECS: i64 = 300;
/// … or for so many intervals, where those are long.
const NO_DATA_INTERVALS: i64 = 4;

/// While one of these fires, all else about the server is out of date.
const OUT_OF_REACH: &[&str] = &[SERVER_DOWN, AUTH_FAILED, NO_DATA];

/// One server.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Server {
    /// Not known after a restart until its first snapshot.
    #[serde(skip)]
    host: Option<Arc<Host>>,
    interval_secs: i64,
    seen: i64,
    held_until: i64,
    failing_since: Option<i64>,
    /// When it last came back: what is older is out of date.
    back_at: i64,
    memory: Memory,
    /// By path and item.
    tracks: BTreeMap<String, BTreeMap<String, Track>>,
    /// Open ones by series.
    pub(super) alerts: BTreeMap<String, Alert>,
}

impl Server {
    /// Takes a poll.
    pub(super) fn observe(
        &mut self,
        rules: &Rules,
        observation: &Observation<'_>,
        out: &mut Vec<Transition>,
    ) {
        let Observation { snapshot, secs, clock_skew_secs } = *observation;
        let fresh = self.memory.note(snapshot, secs);
        self.host = Some(snapshot.host.clone());
        self.interval_secs = i64::try_from(snapshot.host.interval.as_secs()).unwrap_or(i64::MAX);
        self.seen = secs;
        if secs < self.held_until || snapshot.host.paused {
            return;
        }
        self.no_data(Verdict::Calm, secs, out);
        let failing = self.memory.has_answered() && unanswered(snapshot) >= DOWN_AFTER;
        self.failing_since = failing.then(|| self.failing_since.unwrap_or(secs));
        let memory = std::mem::take(&mut self.memory);
        let seen = Seen { snapshot, memory: &memory, secs, clock_skew_secs };
        for judged in &rules.sources {
            match judged.source.plugin() {
                Some(plugin) if !fresh.contains(&plugin) => {}
                Some(_) | None => self.judge(rules, judged, &seen, out),
            }
        }
        self.memory = memory;
        if snapshot.reach.error.is_none() {
            self.forget_series(secs, out);
        }
    }

    fn judge(
        &mut self,
        rules: &Rules,
        judged: &Judged,
        seen: &Seen<'_>,
        out: &mut Vec<Transition>,
    ) {
        let (host, secs) = (&seen.snapshot.host, seen.secs);
        let mut room = SERIES_MAX.saturating_sub(self.tracks.values().map(BTreeMap::len).sum());
        let mut tracks = self.tracks.remove(judged.source.path()).unwrap_or_default();
        let mut present = Vec::new();
        for (item, value) in judged.source.values(seen) {
            let item = item.unwrap_or_default();
            let Some(rule) = judged.rules.iter().find(|rule| rule.fits(host, &item)) else {
                continue;
            };
            let limits = rules.limits(rule, seen.snapshot, &item);
            let cores = if rule.per_core { seen.snapshot.core_count() } else { Some(1) };
            let (false, Some(cores)) = (limits.is_empty(), cores) else { continue };
            if !tracks.contains_key(&item) {
                if room == 0 {
                    continue;
                }
                room -= 1;
            }
            let value = value / f64::from(cores);
            let track = tracks.entry(item.clone()).or_default();
            if let Some(judgement) = track.take(secs, value, rule.pace, &limits) {
                let series = judged.series(&item);
                if judgement.verdict != Verdict::Calm || self.alerts.contains_key(&series) {
                    let says = rule.says(seen);
                    let subject = Subject {
                        host: Some(host),
                        series: &series,
                        rule: &rule.name,
                        unit: judged.source.unit(),
                        says,
                    };
                    apply(&mut self.alerts, &subject, &judgement, secs, out);
                    self.came_back(&series, secs, out);
                }
            }
            present.push(item);
        }
        tracks.retain(|item, track| {
            let gone = !present.contains(item) && track.miss(secs);
            if gone {
                end(&mut self.alerts, &judged.series(item), secs, out);
            }
            !gone
        });
        if !tracks.is_empty() {
            self.tracks.insert(judged.source.path().to_owned(), tracks);
        }
    }

    /// Notes when the alert that the server does not answer has just ended.
    fn came_back(&mut self, series: &str, secs: i64, out: &[Transition]) {
        let ended = out.last().is_some_and(|it| {
            it.change == Change::Resolved
                && it.alert.series == series
                && OUT_OF_REACH.contains(&series)
        });
        if ended {
            self.back_at = secs;
        }
    }

    /// Ends what was not heard of for long: its plugin or its rule is no more.
    fn forget_series(&mut self, secs: i64, out: &mut Vec<Transition>) {
        let alerts = &mut self.alerts;
        self.tracks.retain(|path, tracks| {
            tracks.retain(|item, track| {
                let forgotten = track.is_forgotten(secs);
                if forgotten {
                    end(alerts, &series(path, item), secs, out);
                }
                !forgotten
            });
            !tracks.is_empty()
        });
        // One that was held over a restart may have no track any more.
        let tracked = |alert: &Alert| {
            self.tracks.get(alert.path()).is_some_and(|it| it.contains_key(alert.item()))
        };
        let lost = self.alerts.values().filter(|alert| !tracked(alert));
        let lost = lost.filter(|alert| secs.saturating_sub(alert.as_of) > FORGOTTEN_SECS);
        let lost: Vec<String> = lost.map(|alert| alert.series.clone()).collect();
        lost.iter().for_each(|series| end(&mut self.alerts, series, secs, out));
    }

    /// Time passed: whether somebody still brings its snapshots.
    pub(super) fn tick(&mut self, now: i64, out: &mut Vec<Transition>) {
        let late = NO_DATA_SECS.max(self.interval_secs.saturating_mul(NO_DATA_INTERVALS));
        if self.host.as_ref().is_some_and(|host| host.paused) {
            return;
        }
        if self.seen != 0 && now >= self.held_until && now - self.seen.max(self.held_until) > late {
            self.failing_since.get_or_insert(now);
            self.no_data(Verdict::Up(Severity::Warning), now, out);
        }
    }

    fn no_data(&mut self, verdict: Verdict, at: i64, out: &mut Vec<Transition>) {
        if verdict == Verdict::Calm && !self.alerts.contains_key(NO_DATA) {
            return;
        }
        #[expect(clippy::cast_precision_loss, reason = "seconds of a gap")]
        let judgement = Judgement {
            verdict,
            value: (at - self.seen) as f64,
            threshold: NO_DATA_SECS as f64,
            side: Side::Above,
            flapping: false,
        };
        let Some(host) = self.host.clone() else { return };
        let subject = Subject {
            host: Some(&host),
            series: NO_DATA,
            rule: NO_DATA_RULE,
            unit: Unit::Seconds,
            says: "nothing was polled of the server".to_owned(),
        };
        apply(&mut self.alerts, &subject, &judgement, at, out);
    }

    /// We were away: states are held for some intervals, and go on from there.
    pub(super) fn hold(&mut self, now: i64) {
        let intervals = self.interval_secs.clamp(1, 3_600).saturating_mul(HELD_INTERVALS);
        self.held_until = now.saturating_add(intervals);
        self.failing_since = None;
        self.tracks.values_mut().flat_map(BTreeMap::values_mut).for_each(Track::resume);
    }

    /// The server is no longer ours: its alerts are gone.
    pub(super) fn leave(&mut self, now: i64, out: &mut Vec<Transition>) {
        let open: Vec<String> = self.alerts.keys().cloned().collect();
        open.iter().for_each(|series| end(&mut self.alerts, series, now, out));
    }

    /// Gives every alert its reasons, and tells which of those that fire begin or cease to count.
    pub(super) fn quieten(
        &mut self,
        now: &Now<'_>,
        fleet: bool,
        at: i64,
        out: &mut Vec<Transition>,
    ) {
        // Without its configuration the reasons of before hold.
        let Some(host) = &self.host else { return };
        let fires = |path: &str| self.alerts.get(path).is_some_and(|it| it.state.is_firing());
        let unknown = OUT_OF_REACH.iter().any(|path| fires(path));
        let full: Vec<String> = self
            .alerts
            .values()
            .filter(|it| it.state.is_firing())
            .filter(|it| it.path() == DISK_FULL)
            .map(|it| it.item().to_owned())
            .collect();
        let host_alias = &host.alias;
        for alert in self.alerts.values_mut() {
            let mut reasons = now.reasons(Some(host), alert);
            let about_reach = OUT_OF_REACH.contains(&alert.series.as_str());
            if fleet && about_reach {
                reasons.insert(0, Reason::FleetUnreachable);
            }
            if !about_reach && (unknown || alert.as_of < self.back_at) {
                reasons.insert(0, Reason::ServerDown);
            }
            if alert.path() == DISK_FILLING && full.iter().any(|item| item == alert.item()) {
                let cause = series(DISK_FULL, alert.item());
                reasons.push(Reason::Cause { fingerprint: fingerprint(Some(host_alias), &cause) });
            }
            quieten(alert, reasons, at, out);
        }
    }

    /// Until when its states are held.
    pub(super) fn held_until(&self) -> i64 {
        self.held_until
    }

    pub(super) fn failing_since(&self) -> Option<i64> {
        self.failing_since
    }

    pub(super) fn has_answered(&self) -> bool {
        self.memory.has_answered()
    }

    /// Without what a restart voids anyway.
    pub(super) fn to_keep(&self) -> Self {
        let mut kept = self.clone();
        kept.host = None;
        kept.tracks.values_mut().for_each(|tracks| tracks.retain(|_, it| !it.is_calm()));
        kept.tracks.retain(|_, tracks| !tracks.is_empty());
        kept
    }

    /// Takes an alert over from a transition that was stored after the last state.
    pub(super) fn catch_up(&mut self, transition: &Transition) {
        let alert = &transition.alert;
        let tracks = self.tracks.entry(alert.path().to_owned()).or_default();
        match alert.state {
            State::Firing { since, severity } => {
                let raised = Track::raised(severity, since, transition.at);
                tracks.insert(alert.item().to_owned(), raised);
                self.alerts.insert(alert.series.clone(), alert.clone());
            }
            State::Pending { .. } => {
                self.alerts.insert(alert.series.clone(), alert.clone());
            }
            State::Inactive | State::Resolved { .. } => {
                tracks.remove(alert.item());
                self.alerts.remove(&alert.series);
            }
        }
        self.seen = self.seen.max(transition.at);
    }
}
