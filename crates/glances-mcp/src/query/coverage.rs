//! Who was asked and who is in the answer: every selected server, in exactly one place.

use std::{collections::BTreeMap, sync::Arc};

use glances_client::Plugin;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::{Gone, Selection, compact};
use crate::{
    model::HostName,
    snapshot::{Snapshot, Status, seconds_between},
};

/// Which of the selected servers an answer shows: `selected = shown + not_shown + unavailable`.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct Coverage {
    /// When this was true, UTC.
    pub as_of: String,
    /// Servers asked about.
    pub selected: usize,
    /// Servers with rows in this reply.
    pub shown: usize,
    /// Servers that answered and have no row here, by status; `web-[01-20]` is a run.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub not_shown: BTreeMap<&'static str, Vec<String>>,
    /// Servers that could not be asked, by reason.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unavailable: Vec<Unavailable>,
    /// What this reply leaves out, and how to get it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub more: Option<String>,
    /// Pass as `cursor` for the next part.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// Servers that share a reason for having no say.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct Unavailable {
    /// What is the matter.
    pub reason: String,
    /// What mends it.
    pub fix: String,
    /// How many servers.
    pub count: usize,
    /// Which servers.
    pub servers: Vec<String>,
    /// Age of the oldest last answer among them, seconds; absent when one never answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_answer_age_seconds: Option<f64>,
}

/// Counts servers into a [`Coverage`].
pub struct Tally<'a> {
    now: Timestamp,
    /// By alias, as the selection is.
    states: Vec<State<'a>>,
}

struct State<'a> {
    snapshot: &'a Arc<Snapshot>,
    status: Status,
    shown: bool,
    gone: Option<Gone>,
}

impl<'a> Tally<'a> {
    /// Nobody is shown; servers that do not answer are unavailable.
    #[must_use]
    pub fn new(selection: &'a Selection) -> Self {
        let state = |snapshot: &'a Arc<Snapshot>| {
            let status = snapshot.status(selection.now);
            State { snapshot, status, shown: false, gone: Gone::of_server(snapshot, status) }
        };
        Self { now: selection.now, states: selection.servers.iter().map(state).collect() }
    }

    /// Servers that answer.
    pub fn answering(&self) -> std::vec::IntoIter<&'a Arc<Snapshot>> {
        let answers = |state: &State<'a>| state.gone.is_none().then_some(state.snapshot);
        self.states.iter().filter_map(answers).collect::<Vec<_>>().into_iter()
    }

    /// Notes that a server that answers has nothing of a plugin to show, and why.
    pub fn lacks(&mut self, snapshot: &Snapshot, plugin: Plugin) {
        if let Some(state) = self.state(&snapshot.host.alias)
            && let Some(gone) = Gone::of_plugin(snapshot, plugin)
        {
            state.gone = Some(gone);
        }
    }

    /// Notes that a server has a row.
    pub fn shown(&mut self, alias: &HostName) {
        if let Some(state) = self.state(alias) {
            state.shown = true;
        }
    }

    fn state(&mut self, alias: &HostName) -> Option<&mut State<'a>> {
        let found = self.states.binary_search_by(|state| state.snapshot.host.alias.cmp(alias));
        self.states.get_mut(found.ok()?)
    }

    /// Counts servers that cannot be reached among those that answered: for tools about reaching
    /// them, which have a row for each.
    pub fn all_answer(&mut self) {
        self.states.iter_mut().for_each(|state| state.gone = None);
    }

    /// The account. A server with a row counts as shown, whatever else is true of it.
    #[must_use]
    pub fn coverage(self) -> Coverage {
        let mut not_shown: BTreeMap<Status, Vec<&str>> = BTreeMap::new();
        let mut unavailable: BTreeMap<&Gone, Vec<&Snapshot>> = BTreeMap::new();
        for state in self.states.iter().filter(|state| !state.shown) {
            match &state.gone {
                Some(gone) => unavailable.entry(gone).or_default().push(state.snapshot),
                None => {
                    let alias = state.snapshot.host.alias.as_str();
                    not_shown.entry(state.status).or_default().push(alias);
                }
            }
        }
        Coverage {
            as_of: rfc3339(self.now),
            selected: self.states.len(),
            shown: self.states.iter().filter(|state| state.shown).count(),
            not_shown: not_shown
                .into_iter()
                .map(|(status, aliases)| (status.word(), compact(&aliases)))
                .collect(),
            unavailable: unavailable
                .into_iter()
                .map(|(gone, servers)| group(gone, &servers, self.now))
                .collect(),
            more: None,
            next_cursor: None,
        }
    }
}

fn group(gone: &Gone, servers: &[&Snapshot], now: Timestamp) -> Unavailable {
    let aliases: Vec<&str> = servers.iter().map(|snapshot| snapshot.host.alias.as_str()).collect();
    let ages: Option<Vec<f64>> = servers
        .iter()
        .map(|snapshot| Some(seconds_between(snapshot.reach.last_success?, now)))
        .collect();
    Unavailable {
        reason: gone.reason.clone(),
        fix: gone.fix.clone(),
        count: aliases.len(),
        servers: compact(&aliases),
        last_answer_age_seconds: ages.and_then(|ages| ages.into_iter().reduce(f64::max)),
    }
}

/// A moment as replies print it: UTC, whole seconds.
#[must_use]
pub fn rfc3339(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
