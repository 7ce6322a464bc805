//! The order of what fits a typed text. Pure.
//!
//! By kind of fit first, and within a kind as the source has it. Libraries of fuzzy search weigh all
//! kinds into one number, so that a lucky subsequence can overtake a beginning; what they have beside
//! that is speed on lists a thousand times longer than these. What is merely alike is told by the
//! measure that finds the nearest name for an error.

use super::{Completed, VALUES_MAX};
use crate::query::alike;

/// Candidates up to which those that are merely alike are looked for: it costs much more than the rest.
const ALIKE_MAX: usize = 2_000;
/// Longest text that is compared so, characters.
const ALIKE_CHARS_MAX: usize = 80;
/// What is less alike than the best by more than this was not meant.
const ALIKE_BEHIND_MAX: f64 = 0.1;

/// What might complete a text, the best first, and whether these are all.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub candidates: Vec<Candidate>,
    pub whole: bool,
}

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Candidate {
    /// What the argument becomes.
    pub value: String,
    /// What else it is known by.
    pub label: Option<String>,
}

impl Found {
    /// All there are, by their values alone.
    pub(super) fn all(values: impl IntoIterator<Item = String>) -> Self {
        let bare = |value| Candidate { value, label: None };
        Self { candidates: values.into_iter().map(bare).collect(), whole: true }
    }
}

/// How a candidate fits, best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    /// To the letter.
    Same,
    /// But for upper and lower case.
    SameLetters,
    /// It begins so.
    Begins,
    /// One of its words begins so.
    WordBegins,
    /// It has the text inside.
    Has,
    /// It has the letters, in order, with so many others between them.
    HasLetters(usize),
}

pub(super) fn best(typed: &str, found: Found) -> Completed {
    let Found { candidates, whole } = found;
    let lower = typed.to_lowercase();
    let mut fitting: Vec<(Fit, usize)> = candidates
        .iter()
        .enumerate()
        .filter_map(|(at, candidate)| Some((fit_of(typed, &lower, candidate)?, at)))
        .collect();
    fitting.sort_unstable();
    let mut order: Vec<usize> = fitting.into_iter().map(|(_, at)| at).collect();
    let mut known = whole;
    if order.is_empty() {
        // Who types `web-1` has not mistyped `web-2`: what is alike is for when nothing fits.
        order = mistyped(&lower, &candidates);
        known &= candidates.len() <= ALIKE_MAX;
    }
    let total = known.then_some(order.len());
    let values = order.into_iter().take(VALUES_MAX);
    let values = values.filter_map(|at| Some(candidates.get(at)?.value.clone())).collect();
    Completed { values, total }
}

fn fit_of(typed: &str, lower: &str, candidate: &Candidate) -> Option<Fit> {
    let of_value = fit(typed, lower, &candidate.value);
    // A label helps to find the value; it is not what was typed, and has letters enough for any text.
    let of_label = candidate.label.as_deref().and_then(|label| fit(typed, lower, label));
    let of_label = of_label.filter(|fit| *fit <= Fit::Has).map(|fit| fit.max(Fit::Begins));
    of_value.into_iter().chain(of_label).min()
}

fn fit(typed: &str, lower: &str, text: &str) -> Option<Fit> {
    if text == typed {
        return Some(Fit::Same);
    }
    let text = text.to_lowercase();
    if text == lower {
        return Some(Fit::SameLetters);
    }
    if text.starts_with(lower) {
        return Some(Fit::Begins);
    }
    let starts_word = |(at, _): (usize, &str)| {
        text.get(..at).is_some_and(|before| !before.ends_with(char::is_alphanumeric))
    };
    if text.match_indices(lower).any(starts_word) {
        return Some(Fit::WordBegins);
    }
    if text.contains(lower) {
        return Some(Fit::Has);
    }
    letters(lower, &text).map(Fit::HasLetters)
}

/// How many other letters stand between those of `lower` in `text`, if it has them in order.
fn letters(lower: &str, text: &str) -> Option<usize> {
    let mut rest = text.chars();
    let mut between = 0;
    for (index, letter) in lower.chars().enumerate() {
        let skipped = rest.position(|it| it == letter)?;
        between += if index == 0 { 0 } else { skipped };
    }
    Some(between)
}

/// Those that are alike, the most first.
fn mistyped(lower: &str, candidates: &[Candidate]) -> Vec<usize> {
    let short = |text: &str| text.chars().nth(ALIKE_CHARS_MAX).is_none();
    if !short(lower) {
        return Vec::new();
    }
    let looked_at = candidates.iter().take(ALIKE_MAX).enumerate();
    let mut alike: Vec<(f64, usize)> = looked_at
        .filter(|(_, candidate)| short(&candidate.value))
        .filter_map(|(at, candidate)| Some((alike(lower, &candidate.value)?, at)))
        .collect();
    alike.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    let least = alike.first().map_or(0.0, |(best, _)| best - ALIKE_BEHIND_MAX);
    alike.into_iter().take_while(|(score, _)| *score >= least).map(|(_, at)| at).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn found(values: &[&str]) -> Found {
        Found::all(values.iter().map(|value| (*value).to_owned()))
    }

    fn order(typed: &str, values: &[&str]) -> Vec<String> {
        best(typed, found(values)).values
    }

    #[test]
    fn a_beginning_goes_before_an_inside_and_that_before_letters_in_order() {
        let values = ["x1-wx-web", "myweb", "a-web", "w-e-b", "wxexb", "WEB", "web-1", "web", "db"];
        assert_eq!(
            order("web", &values),
            ["web", "WEB", "web-1", "x1-wx-web", "a-web", "myweb", "w-e-b", "wxexb"]
        );
    }

    #[test]
    fn within_a_kind_the_order_of_the_source_stays() {
        assert_eq!(order("-", &["-1h", "-24h", "-7d"]), ["-1h", "-24h", "-7d"]);
        assert_eq!(order("", &["b", "a", "c"]), ["b", "a", "c"]);
    }

    #[test]
    fn fewer_letters_between_are_better() {
        assert_eq!(order("pd", &["prod", "p-x-x-x-d", "pxd"]), ["pxd", "prod", "p-x-x-x-d"]);
    }

    #[test]
    fn what_is_alike_is_found_only_where_nothing_fits() {
        assert_eq!(order("wbe-1", &["web-1", "db-1"]), ["web-1"]);
        assert_eq!(order("web-1", &["web-1", "web-2"]), ["web-1"]);
        assert_eq!(order("zzz", &["web-1", "db-1"]), Vec::<String>::new());
    }

    #[test]
    fn a_label_leads_to_its_value_but_is_not_the_same() {
        let labelled = |value: &str, label: &str| Candidate {
            value: value.to_owned(),
            label: Some(label.to_owned()),
        };
        let candidates =
            vec![labelled("0a", "web-1"), labelled("0b", "db-1"), labelled("web-1", "x")];
        let best = best("web-1", Found { candidates, whole: true });
        assert_eq!(best.values, ["web-1", "0a"]);
    }

    #[test]
    fn the_total_counts_what_is_not_shown_and_is_unknown_where_not_all_was_looked_at() {
        let many = || Found::all((0..250).map(|n| format!("web-{n:03}")));
        let all = best("web", many());
        assert_eq!((all.values.len(), all.total, all.has_more()), (VALUES_MAX, Some(250), true));
        let part = best("web", Found { whole: false, ..many() });
        assert_eq!((part.total, part.has_more()), (None, true));
        let few = best("web-249", many());
        assert_eq!((few.values.len(), few.total, few.has_more()), (1, Some(1), false));
    }

    #[test]
    fn much_that_is_long_is_not_compared_for_long() {
        let began = std::time::Instant::now();
        let long = || (0..50_000).map(|n| format!("{n}{}", "x".repeat(300)));
        let best = best(&"y".repeat(500), Found::all(long()));
        assert_eq!(best.values, Vec::<String>::new());
        assert!(began.elapsed().as_secs() < 5, "{:?}", began.elapsed());
    }

    proptest! {
        #[test]
        fn any_text_gives_bounded_values_of_the_source(
            typed in ".{0,40}",
            values in prop::collection::hash_set(".{0,20}", 0..200),
        ) {
            let all = best(&typed, Found::all(values.clone()));
            prop_assert!(all.values.len() <= VALUES_MAX);
            prop_assert!(all.values.iter().all(|value| values.contains(value)));
            prop_assert!(all.total.unwrap() >= all.values.len());
            prop_assert_eq!(all.has_more(), all.total.unwrap() > VALUES_MAX);
        }

        #[test]
        fn an_exact_match_comes_first(
            values in prop::collection::vec("[a-cA-C/-]{0,4}", 1..300),
            at in any::<prop::sample::Index>(),
        ) {
            let typed = at.get(&values).clone();
            let all = best(&typed, Found::all(values));
            prop_assert_eq!(all.values.first(), Some(&typed));
        }
    }
}
