//! What holds for every reply: the account of servers, the size, the texts that must not be in it.

use std::collections::BTreeSet;

use serde_json::Value;

/// All texts of a value, keys as well.
pub(crate) fn texts(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) => found.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|item| texts(item, found)),
        Value::Object(map) => {
            for (key, value) in map {
                found.push(key.clone());
                texts(value, found);
            }
        }
        _ => {}
    }
}

/// What a text costs a model.
pub(crate) fn tokens(text: &str) -> usize {
    tiktoken_rs::o200k_base_singleton().encode_ordinary(text).len()
}

/// What is wrong with the size of a reply: both forms stay within so many tokens each.
#[must_use]
pub(crate) fn bounded(what: &str, result: &Value, most: usize) -> Vec<String> {
    let text = result["content"][0]["text"].as_str().unwrap_or_default();
    let structured = result["structuredContent"].to_string();
    let costs = [("text", tokens(text)), ("structured", tokens(&structured))];
    let over = costs.into_iter().filter(|(_, cost)| *cost > most);
    over.map(|(form, cost)| format!("{what}: {form} costs {cost} tokens, over {most}")).collect()
}

/// `sim-[001-003]` and `db` are four names.
fn expand(word: &str) -> Vec<String> {
    let run = word.split_once('[').and_then(|(stem, rest)| {
        let (from, to) = rest.strip_suffix(']')?.split_once('-')?;
        Some((stem, from.parse::<u32>().ok()?, to.parse::<u32>().ok()?, from.len()))
    });
    match run {
        Some((stem, from, to, width)) => {
            (from..=to).map(|number| format!("{stem}{number:0width$}")).collect()
        }
        None => vec![word.to_owned()],
    }
}

/// What is wrong with the account of servers. `selected = shown + not_shown + unavailable`: every
/// server that was asked about is in exactly one place, and a row is about one that is shown, or says
/// how old it is and is about one that is unavailable.
#[must_use]
pub(crate) fn accounted(what: &str, structured: &Value, asked: &BTreeSet<String>) -> Vec<String> {
    let mut problems = Vec::new();
    let mut check = |holds: bool, problem: &str| {
        if !holds {
            problems.push(format!("{what}: {problem}: {}", structured["coverage"]));
        }
    };
    let coverage = &structured["coverage"];
    check(coverage["selected"] == asked.len(), "not all that were asked about");
    let mut aside = Vec::new();
    for words in coverage["not_shown"].as_object().into_iter().flatten().map(|(_, words)| words) {
        aside.extend(named(words));
    }
    let unshown = aside.len();
    for group in coverage["unavailable"].as_array().into_iter().flatten() {
        let text = |key: &str| group[key].as_str().unwrap_or_default();
        check(!text("reason").is_empty() && !text("fix").is_empty(), "no reason or no fix");
        aside.extend(named(&group["servers"]));
    }
    let unavailable: BTreeSet<String> = aside.iter().skip(unshown).cloned().collect();
    let distinct: BTreeSet<String> = aside.iter().cloned().collect();
    check(distinct.len() == aside.len(), "a server is in two places");
    check(distinct.is_subset(asked), "a server that was not asked about");
    let shown = usize::try_from(coverage["shown"].as_u64().unwrap_or_default()).unwrap();
    check(shown + distinct.len() == asked.len(), "the sum is wrong");
    let mut rows = BTreeSet::new();
    servers_of_rows(structured, &unavailable, &mut rows);
    let gone: Vec<&String> = rows.intersection(&distinct).collect();
    check(gone.is_empty(), &format!("rows about {gone:?}, which are said not to be shown"));
    problems
}

fn named(words: &Value) -> Vec<String> {
    words.as_array().into_iter().flatten().filter_map(Value::as_str).flat_map(expand).collect()
}

/// Of all rows but those that say their age and are about servers of which only the past is known.
fn servers_of_rows(value: &Value, past: &BTreeSet<String>, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(map) => {
            let old = map.get("age_seconds").is_some_and(Value::is_number);
            for (key, value) in map {
                match value {
                    Value::String(name) if key == "server" && !(old && past.contains(name)) => {
                        found.insert(name.clone());
                    }
                    _ if key != "coverage" => servers_of_rows(value, past, found),
                    _ => {}
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| servers_of_rows(item, past, found)),
        _ => {}
    }
}

/// Characters that change how a text is read without being seen.
pub(crate) fn forbidden(text: &str) -> Option<char> {
    text.chars().find(|c| {
        (c.is_control() && *c != '\n')
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
    })
}
