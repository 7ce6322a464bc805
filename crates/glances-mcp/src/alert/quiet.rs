//! Why nobody is told of an alert: maintenance, silences, acknowledgements, what is expected. An
//! alert that is suppressed goes on, is counted and explained. Never decides what is wrong.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{
    pattern::Pattern,
    state::Alert,
    window::{Opening, When},
};
use crate::{selector::Selector, snapshot::Host};

/// Silences, acknowledgements and expectations of each kind: more are a script gone wrong.
pub const QUIETINGS_MAX: usize = 1_000;
/// Maintenance windows.
pub const WINDOWS_MAX: usize = 1_000;

/// Why nobody is told of an alert.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The server does not answer: all else about it is a consequence or out of date.
    ServerDown,
    /// Much of the fleet fails together.
    FleetUnreachable,
    /// Another alert of the server says the same, and worse.
    Cause {
        /// Its fingerprint.
        fingerprint: String,
    },
    /// A maintenance window is open.
    Maintenance {
        /// Its name.
        name: String,
    },
    /// Somebody silenced it.
    Silenced {
        /// The silence.
        id: String,
        /// Its end.
        until: i64,
    },
    /// Somebody knows of it.
    Acknowledged {
        /// Who.
        by: String,
        /// Until when.
        until: i64,
    },
    /// It is usual at this time.
    Expected {
        /// The expectation.
        id: String,
    },
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = |secs: &i64| {
            jiff::Timestamp::from_second(*secs).map(|at| at.to_string()).unwrap_or_default()
        };
        match self {
            Self::ServerDown => f.write_str("its server is down"),
            Self::FleetUnreachable => f.write_str("much of the fleet fails together"),
            Self::Cause { .. } => f.write_str("another alert says the same, and worse"),
            Self::Maintenance { name } => write!(f, "maintenance `{name}`"),
            Self::Silenced { until, .. } => write!(f, "silenced until {}", at(until)),
            Self::Acknowledged { by, until } => {
                write!(f, "acknowledged by {by} until {}", at(until))
            }
            Self::Expected { .. } => f.write_str("expected at this time"),
        }
    }
}

/// A time when work on servers is expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window {
    /// Name for people.
    pub name: String,
    /// Selectors; empty means all servers.
    pub servers: Vec<String>,
    /// When.
    pub when: When,
}

/// Nobody wants to be told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Silence {
    /// Its name among silences.
    pub id: String,
    /// Selectors; empty means all servers.
    pub servers: Vec<String>,
    /// Pattern of series such as `fs.*`, `fs.percent` or `fs.percent[/data/*]`; `None` means all.
    pub series: Option<String>,
    /// Name of a rule; `None` means all.
    pub rule: Option<String>,
    /// Its end.
    pub until: i64,
    /// Who.
    pub by: String,
    /// Why.
    pub why: String,
}

/// Somebody knows of an alert. Ends with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acknowledgement {
    /// Id of the alert: the next one of the same series is news again.
    pub alert: String,
    /// Its end.
    pub until: i64,
    /// Who.
    pub by: String,
    /// Why.
    pub why: String,
}

/// What is usual at a time: the backup at two loads the disks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Expectation {
    /// Its name among expectations.
    pub id: String,
    /// Selectors; empty means all servers.
    pub servers: Vec<String>,
    /// Pattern of series; `None` means all.
    pub series: Option<String>,
    /// Name of a rule; `None` means all.
    #[serde(default)]
    pub rule: Option<String>,
    /// When it is usual.
    pub when: When,
    /// Its end, if it has one.
    pub until: Option<i64>,
    /// Who.
    pub by: String,
    /// Why.
    pub why: String,
}

/// What people said, to be written down.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Said {
    /// Silences.
    pub silences: Vec<Silence>,
    /// Acknowledgements.
    pub acknowledgements: Vec<Acknowledgement>,
    /// Expectations.
    pub expectations: Vec<Expectation>,
}

/// Something that an operator says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Word {
    /// A silence, or another end of one.
    Silence(Silence),
    /// Somebody knows of an open alert.
    Acknowledge(Acknowledgement),
    /// Something is usual at a time.
    Expect(Expectation),
    /// A silence or an expectation, by its id, or the acknowledgement of an alert, by the id of the
    /// alert, is over.
    End(String),
}

impl Said {
    /// What would have been said after this word as well. Changes nothing.
    ///
    /// # Errors
    /// What cannot be read, what is not there, or that there are too many.
    pub fn with(&self, word: Word) -> Result<Self, String> {
        let mut quiet = Quiet::default();
        quiet.recall(self.clone());
        match word {
            Word::Silence(silence) => quiet.silence(silence)?,
            Word::Acknowledge(known) => quiet.acknowledge(known)?,
            Word::Expect(expectation) => quiet.expect(expectation)?,
            Word::End(id) if quiet.end(&id) => {}
            Word::End(id) => return Err(format!("nothing `{}` is in force", id.escape_debug())),
        }
        Ok(quiet.said())
    }
}

impl Silence {
    /// Whether it is about this alert of this server; `None` is the fleet.
    #[must_use]
    pub fn fits(&self, host: Option<&Host>, alert: &Alert) -> bool {
        let scope = Scope::parse(&self.servers, self.series.as_deref());
        self.rule.as_ref().is_none_or(|rule| *rule == alert.rule)
            && scope.is_ok_and(|scope| scope.fits(host, &alert.series))
    }
}

impl Expectation {
    /// Whether it is about this alert of this server; `None` is the fleet.
    #[must_use]
    pub fn fits(&self, host: Option<&Host>, alert: &Alert) -> bool {
        let scope = Scope::parse(&self.servers, self.series.as_deref());
        self.rule.as_ref().is_none_or(|rule| *rule == alert.rule)
            && scope.is_ok_and(|scope| scope.fits(host, &alert.series))
    }

    /// Whether its time is now.
    #[must_use]
    pub fn is_open(&self, now: i64) -> bool {
        self.until.is_none_or(|until| until > now)
            && Opening::parse(&self.when).is_ok_and(|opening| opening.is_open(now))
    }
}

/// Everything that quiets, read and ready.
#[derive(Default)]
pub(super) struct Quiet {
    windows: Vec<(String, Scope, Opening)>,
    silences: Vec<(Silence, Scope)>,
    acknowledgements: Vec<Acknowledgement>,
    expectations: Vec<(Expectation, Scope, Opening)>,
}

/// Which alerts.
struct Scope {
    servers: Vec<Selector>,
    series: Option<Pattern>,
}

impl Scope {
    fn parse(servers: &[String], series: Option<&str>) -> Result<Self, String> {
        let selectors = servers.iter().map(|text| Selector::parse(text));
        let servers: Result<Vec<Selector>, _> = selectors.collect();
        let servers = servers.map_err(|why| why.to_string())?;
        Ok(Self { servers, series: series.map(Pattern::parse).transpose()? })
    }

    /// The fleet as a whole has no host: only what is about all servers is about it. A pattern
    /// without an item is about all items.
    fn fits(&self, host: Option<&Host>, series: &str) -> bool {
        let servers = self.servers.is_empty()
            || host.is_some_and(|host| self.servers.iter().any(|it| it.fits(host)));
        let path = series.split('[').next().unwrap_or_default();
        let fits = |pattern: &Pattern| pattern.fits(series) || pattern.fits(path);
        servers && self.series.as_ref().is_none_or(fits)
    }
}

impl Quiet {
    pub(super) fn set_windows(&mut self, windows: &[Window]) -> Result<(), String> {
        if windows.len() > WINDOWS_MAX {
            return Err(format!("more than {WINDOWS_MAX} maintenance windows"));
        }
        let read = windows.iter().map(|window| {
            let named = |why: String| format!("maintenance window `{}`: {why}", window.name);
            let scope = Scope::parse(&window.servers, None).map_err(named)?;
            Ok((window.name.clone(), scope, Opening::parse(&window.when).map_err(named)?))
        });
        self.windows = read.collect::<Result<_, String>>()?;
        Ok(())
    }

    pub(super) fn silence(&mut self, silence: Silence) -> Result<(), String> {
        let scope = Scope::parse(&silence.servers, silence.series.as_deref())?;
        self.silences.retain(|(other, _)| other.id != silence.id);
        room(self.silences.len(), "silences")?;
        self.silences.push((silence, scope));
        Ok(())
    }

    pub(super) fn acknowledge(&mut self, known: Acknowledgement) -> Result<(), String> {
        self.acknowledgements.retain(|other| other.alert != known.alert);
        room(self.acknowledgements.len(), "acknowledgements")?;
        self.acknowledgements.push(known);
        Ok(())
    }

    pub(super) fn expect(&mut self, expectation: Expectation) -> Result<(), String> {
        let scope = Scope::parse(&expectation.servers, expectation.series.as_deref())?;
        let opening = Opening::parse(&expectation.when)?;
        self.expectations.retain(|(other, ..)| other.id != expectation.id);
        room(self.expectations.len(), "expectations")?;
        self.expectations.push((expectation, scope, opening));
        Ok(())
    }

    /// Ends a silence, an expectation or the acknowledgement of an alert; whether there was one.
    pub(super) fn end(&mut self, id: &str) -> bool {
        let count =
            |it: &Self| it.silences.len() + it.acknowledgements.len() + it.expectations.len();
        let before = count(self);
        self.silences.retain(|(silence, _)| silence.id != id);
        self.acknowledgements.retain(|known| known.alert != id);
        self.expectations.retain(|(expectation, ..)| expectation.id != id);
        count(self) < before
    }

    /// Forgets what is over.
    pub(super) fn expire(&mut self, now: i64, is_open: impl Fn(&str) -> bool) {
        self.silences.retain(|(silence, _)| silence.until > now);
        self.acknowledgements.retain(|known| known.until > now && is_open(&known.alert));
        self.expectations.retain(|(it, ..)| it.until.is_none_or(|until| until > now));
    }

    pub(super) fn said(&self) -> Said {
        Said {
            silences: self.silences.iter().map(|(silence, _)| silence.clone()).collect(),
            acknowledgements: self.acknowledgements.clone(),
            expectations: self.expectations.iter().map(|(it, ..)| it.clone()).collect(),
        }
    }

    /// What people said, in place of all that they said before.
    pub(super) fn hear(&mut self, said: Said) {
        self.silences.clear();
        self.acknowledgements.clear();
        self.expectations.clear();
        self.recall(said);
    }

    /// What people said before; what cannot be read any more is left out.
    pub(super) fn recall(&mut self, said: Said) {
        for silence in said.silences.into_iter().take(QUIETINGS_MAX) {
            let _ = self.silence(silence);
        }
        for known in said.acknowledgements.into_iter().take(QUIETINGS_MAX) {
            let _ = self.acknowledge(known);
        }
        for expectation in said.expectations.into_iter().take(QUIETINGS_MAX) {
            let _ = self.expect(expectation);
        }
    }

    /// What quiets at a moment: asked once, used for every alert.
    pub(super) fn at(&self, now: i64) -> Now<'_> {
        let windows = self.windows.iter().filter(|(.., opening)| opening.is_open(now));
        let silences = self.silences.iter().filter(|(silence, _)| silence.until > now);
        let open = self.expectations.iter().filter(|(it, _, opening)| {
            it.until.is_none_or(|until| until > now) && opening.is_open(now)
        });
        Now {
            windows: windows.map(|(name, scope, _)| (name.as_str(), scope)).collect(),
            silences: silences.collect(),
            acknowledgements: &self.acknowledgements,
            expectations: open.map(|(it, scope, _)| (it, scope)).collect(),
            now,
        }
    }
}

/// What quiets at one moment.
pub(super) struct Now<'a> {
    windows: Vec<(&'a str, &'a Scope)>,
    silences: Vec<&'a (Silence, Scope)>,
    acknowledgements: &'a [Acknowledgement],
    expectations: Vec<(&'a Expectation, &'a Scope)>,
    now: i64,
}

impl Now<'_> {
    pub(super) fn reasons(&self, host: Option<&Host>, alert: &Alert) -> Vec<Reason> {
        let series = alert.series.as_str();
        let windows = self.windows.iter().filter(|(_, scope)| scope.fits(host, series));
        let windows = windows.map(|(name, _)| Reason::Maintenance { name: (*name).to_owned() });
        let of_rule = |rule: &Option<String>| rule.as_ref().is_none_or(|it| *it == alert.rule);
        let silences = self
            .silences
            .iter()
            .filter(|(silence, scope)| of_rule(&silence.rule) && scope.fits(host, series));
        let silences = silences
            .map(|(silence, _)| Reason::Silenced { id: silence.id.clone(), until: silence.until });
        let known = self.acknowledgements.iter();
        let known = known.filter(|it| it.until > self.now && it.alert == alert.id);
        let known = known.map(|it| Reason::Acknowledged { by: it.by.clone(), until: it.until });
        let expected = self
            .expectations
            .iter()
            .filter(|(it, scope)| of_rule(&it.rule) && scope.fits(host, series));
        let expected = expected.map(|(it, _)| Reason::Expected { id: it.id.clone() });
        windows.chain(silences).chain(known).chain(expected).collect()
    }
}

fn room(count: usize, what: &str) -> Result<(), String> {
    if count < QUIETINGS_MAX {
        return Ok(());
    }
    Err(format!("there are {QUIETINGS_MAX} {what} already; end some first"))
}
