//! Where an alert stands: inactive, pending, firing, resolved, and one total match between them.
//! The patience behind it is that of `analytics`.

use serde::{Deserialize, Serialize};

use super::quiet::Reason;
use crate::model::{HostName, Severity};

/// What the rule says of a series now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Nothing is wrong.
    Calm,
    /// A limit is breached, not often enough.
    Breach(Severity),
    /// Raised, or not yet recovered for long enough.
    Up(Severity),
    /// There is no such series any more.
    Gone,
}

/// A state of the alert of one series.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Nothing.
    #[default]
    Inactive,
    /// Breached, not often enough.
    Pending {
        /// Since when.
        since: i64,
        /// Of the worst limit breached.
        severity: Severity,
    },
    /// Up.
    Firing {
        /// Since when.
        since: i64,
        /// Of the worst limit that is up.
        severity: Severity,
    },
    /// Over. Not kept: the next breach begins a new alert.
    Resolved {
        /// When it fired.
        since: i64,
        /// When it ended.
        at: i64,
    },
}

impl State {
    /// The next state: the only way from one to another.
    #[must_use]
    pub(super) fn next(self, verdict: Verdict, at: i64) -> Self {
        match (self, verdict) {
            (Self::Inactive | Self::Resolved { .. }, Verdict::Calm | Verdict::Gone) => {
                Self::Inactive
            }
            (Self::Inactive | Self::Resolved { .. }, Verdict::Breach(severity)) => {
                Self::Pending { since: at, severity }
            }
            (Self::Inactive | Self::Resolved { .. }, Verdict::Up(severity)) => {
                Self::Firing { since: at, severity }
            }
            (Self::Pending { .. }, Verdict::Calm | Verdict::Gone) => Self::Inactive,
            (Self::Pending { since, .. }, Verdict::Breach(severity)) => {
                Self::Pending { since, severity }
            }
            (Self::Pending { .. }, Verdict::Up(severity)) => Self::Firing { since: at, severity },
            (Self::Firing { since, .. }, Verdict::Calm | Verdict::Gone) => {
                Self::Resolved { since, at }
            }
            // Not up and yet breached: it has not ended, whatever it was.
            (Self::Firing { since, severity }, Verdict::Breach(_)) => {
                Self::Firing { since, severity }
            }
            (Self::Firing { since, .. }, Verdict::Up(severity)) => Self::Firing { since, severity },
        }
    }

    /// How bad, while it is open.
    #[must_use]
    pub const fn severity(self) -> Option<Severity> {
        match self {
            Self::Pending { severity, .. } | Self::Firing { severity, .. } => Some(severity),
            Self::Inactive | Self::Resolved { .. } => None,
        }
    }

    /// Whether it is up.
    #[must_use]
    pub const fn is_firing(self) -> bool {
        matches!(self, Self::Firing { .. })
    }

    /// Whether it is pending or up.
    #[must_use]
    pub const fn is_open(self) -> bool {
        self.severity().is_some()
    }
}

/// What happened to an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// It began, and waits for certainty.
    Pending,
    /// It began without ever firing, and is over.
    Dropped,
    /// It fires.
    Firing,
    /// It fires on, and is worse.
    Worsened {
        /// What it was.
        from: Severity,
    },
    /// It fires on, and is milder.
    Eased {
        /// What it was.
        from: Severity,
    },
    /// It fires on, and turns so often that its turns are told no more.
    Flapping,
    /// It fires on, and something suppresses it now.
    Hidden,
    /// It fires on, and nothing suppresses it any more.
    Surfaced,
    /// It is over.
    Resolved,
    /// It is over because its series or its server is no more.
    Gone,
}

impl Change {
    /// What a change of state is called; `None` for none.
    pub(super) fn between(before: State, after: State, verdict: Verdict) -> Option<Self> {
        match (before, after) {
            (State::Inactive | State::Resolved { .. }, State::Pending { .. }) => {
                Some(Self::Pending)
            }
            (State::Pending { .. }, State::Inactive | State::Resolved { .. }) => {
                Some(Self::Dropped)
            }
            (
                State::Inactive | State::Resolved { .. } | State::Pending { .. },
                State::Firing { .. },
            ) => Some(Self::Firing),
            (State::Firing { .. }, State::Inactive | State::Resolved { .. }) => {
                Some(if verdict == Verdict::Gone { Self::Gone } else { Self::Resolved })
            }
            (State::Firing { severity: from, .. }, State::Firing { severity, .. }) => {
                match severity.cmp(&from) {
                    std::cmp::Ordering::Greater => Some(Self::Worsened { from }),
                    std::cmp::Ordering::Less => Some(Self::Eased { from }),
                    std::cmp::Ordering::Equal => None,
                }
            }
            // A firing alert never goes back to pending, and what is not open has nothing to tell.
            (State::Firing { .. } | State::Pending { .. }, State::Pending { .. })
            | (
                State::Inactive | State::Resolved { .. },
                State::Inactive | State::Resolved { .. },
            ) => None,
        }
    }
}

/// One alert, pending or firing; in a [`Transition`] also one that is over.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Alert {
    /// Of this one occurrence: from the fingerprint and its beginning.
    pub id: String,
    /// Of the series: of two alerts with one fingerprint only one is open.
    pub fingerprint: String,
    /// Which server; `None` for the fleet.
    pub host: Option<HostName>,
    /// The server's environment.
    pub environment: Option<String>,
    /// Name of the rule.
    pub rule: String,
    /// Series that is bad, such as `fs.percent[/]`.
    pub series: String,
    /// Where it stands, with its severity and since when.
    pub state: State,
    /// First breach.
    pub began: i64,
    /// Worst severity so far.
    pub peak: Severity,
    /// Value when last judged, per core where the rule says so.
    pub value: f64,
    /// Worst value so far.
    pub worst: f64,
    /// The limit of the present severity.
    pub threshold: f64,
    /// Unit of these three.
    pub unit: String,
    /// When last judged: older than a few polls while its state is held.
    pub as_of: i64,
    /// What is wrong, in words.
    pub says: String,
    /// It turns often; single turns are not told.
    pub flapping: bool,
    /// Why nobody is told; empty when it counts.
    pub suppressed_by: Vec<Reason>,
}

impl Alert {
    /// How bad it is; of one that is over how bad it was.
    #[must_use]
    pub fn severity(&self) -> Severity {
        self.state.severity().unwrap_or(self.peak)
    }

    /// Path of the series, without its item.
    #[must_use]
    pub fn path(&self) -> &str {
        self.series.split('[').next().unwrap_or_default()
    }

    /// Item of the series, `""` for none.
    #[must_use]
    pub fn item(&self) -> &str {
        let item = self.series.split_once('[').and_then(|(_, rest)| rest.strip_suffix(']'));
        item.unwrap_or_default()
    }
}

/// A change that must be stored before anybody is told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Transition {
    /// When it was seen.
    pub at: i64,
    /// What happened.
    pub change: Change,
    /// The alert after it.
    pub alert: Alert,
}

impl Transition {
    /// Whether it is worth telling somebody: neither pending nor suppressed.
    #[must_use]
    pub fn is_news(&self) -> bool {
        let told = match self.change {
            Change::Pending | Change::Dropped | Change::Hidden => false,
            Change::Firing
            | Change::Worsened { .. }
            | Change::Eased { .. }
            | Change::Flapping
            | Change::Surfaced
            | Change::Resolved
            | Change::Gone => true,
        };
        told && self.alert.suppressed_by.is_empty()
    }
}

/// FNV-1a: short names that are the same on every machine.
pub(super) fn short_id(text: &str, began: i64) -> String {
    const START: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0000_0100_0000_01b3;
    let bytes = text.bytes().chain(began.to_be_bytes());
    let hash = bytes.fold(START, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(PRIME));
    format!("{hash:016x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alert_goes_from_pending_to_firing_to_resolved() {
        let states = [
            (Verdict::Breach(Severity::Warning), 1),
            (Verdict::Up(Severity::Warning), 2),
            (Verdict::Up(Severity::Critical), 3),
            (Verdict::Calm, 4),
        ]
        .into_iter()
        .scan(State::Inactive, |state, (verdict, at)| {
            let before = *state;
            *state = state.next(verdict, at);
            Change::between(before, *state, verdict)
        });
        let expected = [
            Change::Pending,
            Change::Firing,
            Change::Worsened { from: Severity::Warning },
            Change::Resolved,
        ];
        assert_eq!(states.collect::<Vec<_>>(), expected);
    }

    #[test]
    fn a_breach_alone_never_fires_and_never_ends_what_fires() {
        let pending = State::Inactive.next(Verdict::Breach(Severity::Critical), 1);
        assert_eq!(pending, State::Pending { since: 1, severity: Severity::Critical });
        let firing = State::Firing { since: 1, severity: Severity::Critical };
        assert_eq!(firing.next(Verdict::Breach(Severity::Warning), 9), firing);
    }
}
