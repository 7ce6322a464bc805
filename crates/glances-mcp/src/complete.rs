//! What may be typed next: values for the arguments of prompts and the variables of resources, made
//! from what the caller may see. Best first, bounded, and never waits for a monitored machine.

mod rank;
mod sources;

use std::collections::HashMap;

use crate::{query::parts, tools::Context};

/// Most values of one answer, as the protocol has it.
pub const VALUES_MAX: usize = 100;

/// Longest text that is completed, characters: no argument is longer.
const TYPED_CHARS_MAX: usize = 500;

/// What completes an argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Values {
    /// Nothing does: it is free text.
    Free,
    /// One alias.
    Server,
    /// Aliases, `env:`, `region:`, `tag:`; after the last comma.
    Selectors,
    /// An environment that a server has.
    Environment,
    /// A plugin of which there are data of the chosen server (`alias`, `server` or `servers`).
    Plugin,
    /// A metric path; with the items of the chosen server.
    Metric,
    /// The id of an open or recent alert.
    Alert,
    /// A mount point of the chosen server.
    Mount,
    /// An interface of the chosen server.
    Interface,
    /// The name of a runbook.
    Runbook,
    /// A time that is past, in the grammar of every tool.
    Time,
    /// A time to come, in the grammar of every tool.
    Future,
    /// A length of time.
    Length,
    /// The name of a time zone.
    Zone,
    /// One of these.
    OneOf(&'static [&'static str]),
}

/// What completes a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Completed {
    /// The best, at most [`VALUES_MAX`].
    pub values: Vec<String>,
    /// How many there are in all; `None` when there were too many to look at.
    pub total: Option<usize>,
}

impl Completed {
    /// Nothing does.
    #[must_use]
    pub fn none() -> Self {
        Self { values: Vec::new(), total: Some(0) }
    }

    /// Whether there are more than those shown.
    #[must_use]
    pub fn has_more(&self) -> bool {
        self.total.is_none_or(|total| total > self.values.len())
    }
}

/// What completes `typed`, best first: the same, what begins so, what has it inside, what has its
/// letters in order; and where nothing has, what is alike. `others` are the arguments that have been
/// chosen already.
pub async fn complete(
    cx: &Context,
    values: Values,
    typed: &str,
    others: &HashMap<String, String>,
) -> Completed {
    if typed.chars().nth(TYPED_CHARS_MAX).is_some() {
        return Completed::none();
    }
    // Of a list only the last part is completed; those before stay as they are.
    let (before, last) = match values {
        Values::Selectors => typed.split_at(last_part(typed)),
        _ => ("", typed),
    };
    let mut found = sources::all(cx, values, last, others).await;
    if !before.is_empty() {
        let chosen: Vec<&str> = parts(before).map(str::trim).collect();
        found.candidates.retain(|it| !chosen.contains(&it.value.as_str()));
    }
    let mut best = rank::best(last, found);
    for value in &mut best.values {
        value.insert_str(0, before);
    }
    best
}

/// Where the last part of a list begins.
fn last_part(typed: &str) -> usize {
    typed.len() - parts(typed).last().unwrap_or_default().trim_start().len()
}
