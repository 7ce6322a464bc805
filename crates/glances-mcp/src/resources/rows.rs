//! How documents about many servers are kept within their budget.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::tidied;
use crate::{
    query::{
        Selection, compact,
        coverage::{Tally, Unavailable, rfc3339},
        nearest,
    },
    redact::{clean, clip},
    tools::{Context, ToolError},
};

/// Longest name in a row, characters.
pub(super) const NAME_CHARS: usize = 60;
/// Longest line of words, characters.
pub(super) const LINE_CHARS: usize = 160;
/// Different words that are counted one by one.
const WORDS_MAX: usize = 20;
/// Names of servers, or runs of them, that have no row.
const ALIASES_MAX: usize = 50;

/// Servers that have no row.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub(super) struct Rest {
    count: usize,
    /// Aliases; `web-[01-20]` is a run. At most 50.
    servers: Vec<String>,
    /// What has them.
    read: &'static str,
}

impl Rest {
    /// Of these; `None` when there are none.
    pub(super) fn of(aliases: &[&str]) -> Option<Self> {
        let servers = compact(aliases).into_iter().take(ALIASES_MAX).collect();
        let read = "glances://servers/{alias}";
        (!aliases.is_empty()).then_some(Self { count: aliases.len(), servers, read })
    }
}

/// When a document about the fleet was true, and of whom it cannot tell the present.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Account {
    /// When this was true, UTC.
    as_of: String,
    /// Servers that do not answer, by reason, with the age of the last answer.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    unavailable: Vec<Unavailable>,
}

impl Account {
    pub(super) fn of(all: &Selection) -> Self {
        let coverage = Tally::new(all).coverage();
        Self { as_of: coverage.as_of, unavailable: coverage.unavailable }
    }
}

/// As many of the rows as fit into so many bytes as JSON.
pub(super) fn fitting<T: Serialize>(rows: Vec<T>, bytes_max: usize) -> Vec<T> {
    let mut left = bytes_max;
    let fits = |row: &T| spend(&mut left, bytes_of(row));
    rows.into_iter().take_while(fits).collect()
}

/// What a row takes of a document.
pub(super) fn bytes_of(row: &impl Serialize) -> usize {
    tidied(row).map_or(0, |value| value.to_string().len() + 1)
}

/// Takes so many bytes of what is left; whether there were as many.
pub(super) fn spend(left: &mut usize, bytes: usize) -> bool {
    let fits = bytes <= *left;
    *left = left.saturating_sub(bytes);
    fits
}

/// How often each word occurs, the most frequent ones.
pub(super) fn counted<'a>(words: impl Iterator<Item = &'a str>) -> BTreeMap<String, usize> {
    let mut all: BTreeMap<&str, usize> = BTreeMap::new();
    words.for_each(|word| *all.entry(word).or_default() += 1);
    let mut all: Vec<(&str, usize)> = all.into_iter().collect();
    all.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(b.0)));
    let kept = all.into_iter().take(WORDS_MAX);
    kept.map(|(word, count)| (clip(word, NAME_CHARS).into_owned(), count)).collect()
}

/// The value that most have; of those the smallest.
pub(super) fn usual<T: Ord>(values: impl Iterator<Item = T>) -> Option<T> {
    let mut all: BTreeMap<T, usize> = BTreeMap::new();
    values.for_each(|value| *all.entry(value).or_default() += 1);
    let most = all.values().copied().max()?;
    all.into_iter().find(|(_, count)| *count == most).map(|(value, _)| value)
}

/// A moment of history as text.
pub(super) fn written(secs: i64) -> String {
    Timestamp::from_second(secs).map(rfc3339).unwrap_or_default()
}

/// All servers that the caller may see.
pub(super) fn all_of(cx: &Context) -> Selection {
    Selection { servers: cx.query.visible(&cx.principal), now: (cx.now)() }
}

/// The server of an alias.
///
/// # Errors
/// No such server, with the nearest that the caller may see.
pub(super) async fn server_of(cx: &Context, alias: &str) -> Result<Selection, ToolError> {
    let visible = cx.query.visible(&cx.principal);
    let mut known = visible.iter().map(|snapshot| snapshot.host.alias.as_str());
    if !known.any(|known| known == alias) {
        return Err(unknown("server", alias, known_of(&visible)));
    }
    Ok(cx.query.select(&cx.principal, &[alias.to_owned()], cx.now).await?)
}

fn known_of(visible: &[std::sync::Arc<crate::snapshot::Snapshot>]) -> impl Iterator<Item = &str> {
    visible.iter().map(|snapshot| snapshot.host.alias.as_str())
}

/// The error of a name that nothing has.
pub(super) fn unknown<'n>(
    what: &str,
    name: &str,
    known: impl Iterator<Item = &'n str>,
) -> ToolError {
    let hint =
        nearest(name, known).map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
    let name = clean(name);
    ToolError::Missing(format!("no {what} `{}`{hint}", clip(&name, NAME_CHARS)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_taken_while_they_fit() {
        let rows = || vec!["aaaa", "bbbb", "cccc"];
        assert_eq!(fitting(rows(), 14), ["aaaa", "bbbb"]);
        assert_eq!(fitting(rows(), 0), Vec::<&str>::new());
    }

    #[test]
    fn the_usual_value_is_the_one_that_most_have() {
        assert_eq!(usual([2, 3, 3].into_iter()), Some(3));
        assert_eq!(usual(std::iter::empty::<u8>()), None);
    }

    #[test]
    fn servers_without_a_row_are_named_as_runs() {
        let names: Vec<String> = (1..=20).map(|n| format!("web-{n:02}")).collect();
        let rest = Rest::of(&names.iter().map(String::as_str).collect::<Vec<_>>()).unwrap();
        assert_eq!((rest.count, rest.servers), (20, vec!["web-[01-20]".to_owned()]));
        assert!(Rest::of(&[]).is_none());
    }
}
