//! Much of the fleet fails together: that is one alert, about us or our network. Looks at who
//! fails since when, and at nothing else.

use std::collections::{BTreeMap, BTreeSet};

use analytics::Side;
use serde::{Deserialize, Serialize};

use super::{
    server::Server,
    source::{FLEET, FLEET_RULE},
    state::{Alert, Transition, Verdict},
    track::Judgement,
    turn::{Subject, apply},
};
use crate::{
    metric::Unit,
    model::{HostName, Severity},
};

/// Three of ten machines do not break at once …
const SHARE_PERCENT: usize = 30;
/// … but two of five may.
const SERVERS_MIN: usize = 3;
/// At once is within five minutes.
const TOGETHER_SECS: i64 = 300;

/// A single slow server does not hold the fleet longer than this.
const HELD_SECS_MAX: i64 = 300;

/// The fleet as a whole.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Fleet {
    members: BTreeSet<HostName>,
    held_until: i64,
    pub(super) alerts: BTreeMap<String, Alert>,
}

impl Fleet {
    /// Whether this server's failure is a part of that of the fleet.
    pub(super) fn holds(&self, alias: &HostName) -> bool {
        !self.alerts.is_empty() && self.members.contains(alias)
    }

    /// We were away: as long as most servers are held the fleet is.
    pub(super) fn hold(&mut self, servers: &BTreeMap<HostName, Server>, now: i64) {
        let latest = servers.values().map(Server::held_until).max().unwrap_or(now);
        // Each server must have been seen once after that.
        let seen = latest.saturating_sub(now).saturating_mul(2).min(HELD_SECS_MAX);
        self.held_until = now.saturating_add(seen);
    }

    /// Takes an alert over from a transition that was stored after the last state.
    pub(super) fn catch_up(&mut self, alert: &Alert) {
        if alert.state.is_open() {
            self.alerts.insert(alert.series.clone(), alert.clone());
        } else {
            self.alerts.remove(&alert.series);
        }
    }

    /// Judges who fails; whether anything changed.
    pub(super) fn judge(
        &mut self,
        servers: &BTreeMap<HostName, Server>,
        at: i64,
        out: &mut Vec<Transition>,
    ) -> bool {
        if at < self.held_until {
            return false;
        }
        let known = servers.values().filter(|server| server.has_answered()).count();
        let quota = (known * SHARE_PERCENT).div_ceil(100).max(SERVERS_MIN);
        let active = !self.alerts.is_empty();
        let together = |alias: &HostName, since: i64| {
            at - since <= TOGETHER_SECS || (active && self.members.contains(alias))
        };
        let failing = servers.iter().filter_map(|(alias, it)| Some((alias, it.failing_since()?)));
        let members: BTreeSet<HostName> = failing
            .filter(|(alias, since)| together(alias, *since))
            .map(|(alias, _)| alias.clone())
            .collect();
        // It ends when fewer than half as many as began it still fail.
        let up = if active { members.len() * 2 >= quota } else { members.len() >= quota };
        if !up && !active {
            return false;
        }
        let changed = up != active || members != self.members;
        #[expect(clippy::cast_precision_loss, reason = "servers of a fleet")]
        let judgement = Judgement {
            verdict: if up { Verdict::Up(Severity::Critical) } else { Verdict::Calm },
            value: members.len() as f64,
            threshold: quota as f64,
            side: Side::Above,
            flapping: false,
        };
        let says = format!(
            "{} of {known} servers stopped answering together: look at our own network first",
            members.len()
        );
        let subject =
            Subject { host: None, series: FLEET, rule: FLEET_RULE, unit: Unit::Count, says };
        apply(&mut self.alerts, &subject, &judgement, at, out);
        self.members = if up { members } else { BTreeSet::new() };
        changed
    }
}
