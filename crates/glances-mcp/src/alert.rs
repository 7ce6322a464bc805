//! The alert engine: polls in, transitions of alerts out. No I/O, no clock, no task: the same
//! observations give the same transitions.
//!
//! How the write path uses it, in one task that owns the engine:
//!
//! 1. At the start [`Engine::restore`] with the last [`Saved`] of the store,
//!    [`Engine::catch_up`] with the transitions stored after it, [`Engine::set_windows`], and
//!    [`Engine::keep`] with the servers that are polled; again when the configuration changes.
//! 2. For each settled poll, failed ones too, [`Engine::observe`]; every few seconds
//!    [`Engine::tick`].
//! 3. What they return is stored, and then, where [`Transition::is_news`], told. Now and then the
//!    store gets [`Engine::saved`].
//! 4. Readers get a copy of [`Engine::open`], and [`group`] it.
//!
//! Rules come from plain [`Threshold`]s: the composition root copies them from the configuration,
//! as it does with [`Window`]s.

mod builtin;
mod check;
mod exact;
mod fleet;
mod group;
mod memory;
mod pattern;
mod quiet;
mod rule;
mod server;
mod source;
mod state;
mod subject;
#[cfg(test)]
mod tests;
mod track;
mod turn;
mod unit;
mod window;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use serde::{Deserialize, Serialize};

pub use self::{
    builtin::{default_limit, kin, reference, rules},
    check::{Breach, check, limits},
    group::{Cause, Group, group},
    quiet::{
        Acknowledgement, Expectation, QUIETINGS_MAX, Reason, Said, Silence, WINDOWS_MAX, Window,
        Word,
    },
    rule::{
        Defaults, RuleProblem, Rules, THRESHOLDS_MAX, Threshold, ToldRule, Whose, limits_of_glances,
    },
    server::{HELD_INTERVALS, SERIES_MAX},
    state::{Alert, Change, State, Transition},
    subject::{Subject, id_of},
    window::{OPEN_SECS_MAX, When},
};
use self::{fleet::Fleet, quiet::Quiet, server::Server};
use crate::{model::HostName, snapshot::Snapshot};

/// Servers that are watched: far above any fleet that one process polls.
pub const SERVERS_MAX: usize = 20_000;
/// Without an observation or a tick for so long we were suspended, or our clock jumped.
pub const GAP_SECS: i64 = 120;

/// One settled poll of one server.
#[derive(Clone, Copy)]
pub struct Observation<'a> {
    /// What is known of the server after the poll.
    pub snapshot: &'a Snapshot,
    /// When the poll was over, in seconds since the epoch.
    pub secs: i64,
    /// How far the machine's clock is ahead of ours, where that is known.
    pub clock_skew_secs: Option<f64>,
}

/// The engine: rules, what quiets, and where every alert stands.
pub struct Engine {
    rules: Arc<Rules>,
    quiet: Quiet,
    servers: BTreeMap<HostName, Server>,
    fleet: Fleet,
    /// The last moment that we know of.
    last: Option<i64>,
    /// Restored, and nothing seen since.
    restored: bool,
}

/// What survives a restart.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Saved {
    last: Option<i64>,
    servers: BTreeMap<HostName, Server>,
    fleet: Fleet,
    said: Said,
}

impl Engine {
    /// An engine without a past.
    #[must_use]
    pub fn new(rules: impl Into<Arc<Rules>>) -> Self {
        Self {
            rules: rules.into(),
            quiet: Quiet::default(),
            servers: BTreeMap::new(),
            fleet: Fleet::default(),
            last: None,
            restored: false,
        }
    }

    /// An engine that goes on. States are held until some intervals after its first observation.
    #[must_use]
    pub fn restore(rules: impl Into<Arc<Rules>>, saved: Saved) -> Self {
        let Saved { last, servers, fleet, said } = saved;
        let mut quiet = Quiet::default();
        quiet.recall(said);
        Self { rules: rules.into(), quiet, servers, fleet, last, restored: true }
    }

    /// Takes over what was stored after the state was saved, in its order.
    pub fn catch_up<'t>(&mut self, transitions: impl IntoIterator<Item = &'t Transition>) {
        for transition in transitions {
            if self.last.is_some_and(|last| transition.at < last) {
                continue;
            }
            match &transition.alert.host {
                Some(alias) => {
                    self.servers.entry(alias.clone()).or_default().catch_up(transition);
                }
                None => self.fleet.catch_up(&transition.alert),
            }
        }
        self.restored = true;
    }

    /// What survives a restart.
    #[must_use]
    pub fn saved(&self) -> Saved {
        let servers = self.servers.iter().map(|(alias, it)| (alias.clone(), it.to_keep()));
        Saved {
            last: self.last,
            servers: servers.collect(),
            fleet: self.fleet.clone(),
            said: self.quiet.said(),
        }
    }

    /// Takes other rules. Alerts that are open stay open and go on under them.
    pub fn set_rules(&mut self, rules: impl Into<Arc<Rules>>) {
        self.rules = rules.into();
    }

    /// Takes a settled poll.
    pub fn observe(&mut self, observation: &Observation<'_>) -> Vec<Transition> {
        let (snapshot, secs) = (observation.snapshot, observation.secs);
        self.advance(secs);
        let alias = &snapshot.host.alias;
        if self.servers.len() >= SERVERS_MAX && !self.servers.contains_key(alias) {
            return Vec::new();
        }
        let mut out = Vec::new();
        let server = self.servers.entry(alias.clone()).or_default();
        let failed = server.failing_since();
        server.observe(&self.rules, observation, &mut out);
        let turned = failed != server.failing_since();
        if turned && self.fleet.judge(&self.servers, secs, &mut out) {
            self.quieten_all(secs, &mut out);
        } else if let Some(server) = self.servers.get_mut(alias)
            && !server.alerts.is_empty()
        {
            let now = self.quiet.at(secs);
            server.quieten(&now, self.fleet.holds(alias), secs, &mut out);
        }
        out
    }

    /// Time passed: who is silent, what opened or closed, what is over.
    pub fn tick(&mut self, now: i64) -> Vec<Transition> {
        self.advance(now);
        let mut out = Vec::new();
        self.servers.values_mut().for_each(|server| server.tick(now, &mut out));
        self.fleet.judge(&self.servers, now, &mut out);
        let open: BTreeSet<&str> =
            open_in(&self.servers, &self.fleet).map(|it| it.id.as_str()).collect();
        self.quiet.expire(now, |id| open.contains(id));
        self.quieten_all(now, &mut out);
        out
    }

    /// Keeps these servers; the alerts of others are gone.
    pub fn keep(&mut self, now: i64, wanted: impl Fn(&HostName) -> bool) -> Vec<Transition> {
        let mut out = Vec::new();
        self.servers.retain(|alias, server| {
            let keep = wanted(alias);
            if !keep {
                server.leave(now, &mut out);
            }
            keep
        });
        out
    }

    /// Pending and firing alerts, those of the fleet first, then by server and series.
    pub fn open(&self) -> impl Iterator<Item = &Alert> {
        open_in(&self.servers, &self.fleet)
    }

    /// Sets the maintenance windows; they count from the next tick.
    ///
    /// # Errors
    /// The first window that cannot be read; those of before then stay.
    pub fn set_windows(&mut self, windows: &[Window]) -> Result<(), String> {
        self.quiet.set_windows(windows)
    }

    /// Silences alerts, or replaces the silence of the same id. Counts from the next tick or poll.
    ///
    /// # Errors
    /// What cannot be read, or that there are too many.
    pub fn silence(&mut self, silence: Silence) -> Result<(), String> {
        self.quiet.silence(silence)
    }

    /// Notes that somebody knows of an open alert.
    ///
    /// # Errors
    /// No such alert is open, or there are too many.
    pub fn acknowledge(&mut self, known: Acknowledgement) -> Result<(), String> {
        if !self.open().any(|alert| alert.id == known.alert) {
            return Err(format!("no open alert `{}`", known.alert.escape_debug()));
        }
        self.quiet.acknowledge(known)
    }

    /// Notes what is usual at a time, or replaces the expectation of the same id.
    ///
    /// # Errors
    /// What cannot be read, or that there are too many.
    pub fn expect_usual(&mut self, expectation: Expectation) -> Result<(), String> {
        self.quiet.expect(expectation)
    }

    /// Ends a silence or an expectation by its id, or the acknowledgement of an alert by the id of
    /// the alert; whether there was one.
    pub fn end(&mut self, id: &str) -> bool {
        self.quiet.end(id)
    }

    /// What people said and what still counts.
    #[must_use]
    pub fn said(&self) -> Said {
        self.quiet.said()
    }

    /// What would have been said after this word as well. Changes nothing: whoever has it stored
    /// calls [`Engine::hear`] then.
    ///
    /// # Errors
    /// What cannot be read, what is not there, or that there are too many.
    pub fn weigh(&self, word: Word) -> Result<Said, String> {
        if let Word::Acknowledge(known) = &word
            && !self.open().any(|alert| alert.id == known.alert)
        {
            return Err(format!("no open alert `{}`", known.alert.escape_debug()));
        }
        self.said().with(word)
    }

    /// Takes over everything that people said; it counts from the next tick or poll.
    pub fn hear(&mut self, said: Said) {
        self.quiet.hear(said);
    }

    /// Moves the time on; after a gap of our own all states are held.
    fn advance(&mut self, now: i64) {
        let gap = self.last.is_some_and(|last| now - last > GAP_SECS || last - now > GAP_SECS);
        if gap || self.restored {
            self.servers.values_mut().for_each(|server| server.hold(now));
            self.fleet.hold(&self.servers, now);
            self.last = Some(now);
        }
        self.restored = false;
        self.last = self.last.max(Some(now));
    }

    fn quieten_all(&mut self, at: i64, out: &mut Vec<Transition>) {
        let now = self.quiet.at(at);
        for alert in self.fleet.alerts.values_mut() {
            turn::quieten(alert, now.reasons(None, alert), at, out);
        }
        for (alias, server) in &mut self.servers {
            if !server.alerts.is_empty() {
                server.quieten(&now, self.fleet.holds(alias), at, out);
            }
        }
    }
}

fn open_in<'a>(
    servers: &'a BTreeMap<HostName, Server>,
    fleet: &'a Fleet,
) -> impl Iterator<Item = &'a Alert> {
    fleet.alerts.values().chain(servers.values().flat_map(|server| server.alerts.values()))
}
