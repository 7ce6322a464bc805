//! What may be typed next: values for the arguments of prompts and the variables of resources, made
//! from what the caller may see.

use std::collections::HashMap;

use crate::tools::Context;

/// Most values of one answer, as the protocol has it.
pub const VALUES_MAX: usize = 100;

/// What completes an argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Values {
    /// Nothing does: it is free text.
    Free,
    /// One alias.
    Server,
    /// Aliases, `env:`, `region:`, `tag:`; after the last comma.
    Selectors,
    /// A plugin that the chosen server (`alias` or `server`) serves.
    Plugin,
    /// A metric path.
    Metric,
    /// The id of an open or recent alert.
    Alert,
    /// A mount point of the chosen server.
    Mount,
    /// An interface of the chosen server.
    Interface,
    /// The name of a runbook.
    Runbook,
    /// One of these.
    OneOf(&'static [&'static str]),
}

/// What completes `typed`, best first, and how many there are in all. `others` are the arguments
/// that have been chosen already.
#[must_use]
pub fn complete(
    cx: &Context,
    values: Values,
    typed: &str,
    others: &HashMap<String, String>,
) -> (Vec<String>, usize) {
    let _ = others;
    let mut found: Vec<String> = match values {
        Values::Server | Values::Selectors => {
            let visible = cx.query.visible(&cx.principal);
            visible.iter().map(|snapshot| snapshot.host.alias.to_string()).collect()
        }
        Values::OneOf(words) => words.iter().map(|word| (*word).to_owned()).collect(),
        _ => Vec::new(),
    };
    found.retain(|value| value.starts_with(typed));
    let total = found.len();
    found.truncate(VALUES_MAX);
    (found, total)
}
