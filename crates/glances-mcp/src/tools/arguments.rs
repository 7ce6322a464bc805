//! Checks arguments against a tool's schema, so that limits hold that serde does not know, and
//! reports all problems at once: the place, the valid values, the nearest match.

use serde_json::{Map, Value};

use crate::{query::nearest, redact};

/// Longest part of a bad value that an error repeats, in characters.
const ECHO_CHARS: usize = 40;

/// Everything that is wrong with the arguments of one call.
#[derive(Debug, thiserror::Error)]
#[error("invalid arguments: {}", .0.join("; "))]
pub struct Problems(pub Vec<String>);

/// Arguments that fit the schema; `null` counts as not given.
///
/// # Errors
/// All problems together.
pub fn check(
    schema: &Map<String, Value>,
    mut arguments: Map<String, Value>,
) -> Result<Map<String, Value>, Problems> {
    arguments.retain(|_, value| !value.is_null());
    let mut problems = Vec::new();
    let none = Map::new();
    let properties = schema.get("properties").and_then(Value::as_object).unwrap_or(&none);
    for (name, value) in &arguments {
        match properties.get(name) {
            Some(property) => check_value(name, property, value, &mut problems),
            None => problems.push(unknown(name, properties)),
        }
    }
    let required = schema.get("required").and_then(Value::as_array).into_iter().flatten();
    for name in required.filter_map(Value::as_str) {
        if !arguments.contains_key(name) {
            let help = properties.get(name).and_then(|property| property.get("description"));
            let help = help.and_then(Value::as_str).unwrap_or_default();
            problems.push(format!("`{name}` is missing ({})", help.trim_end_matches('.')));
        }
    }
    if problems.is_empty() { Ok(arguments) } else { Err(Problems(problems)) }
}

fn unknown(name: &str, properties: &Map<String, Value>) -> String {
    let shown = echo(&Value::from(name));
    let known: Vec<&str> = properties.keys().map(String::as_str).collect();
    match nearest(name, known.iter().copied()) {
        Some(near) => {
            format!("no argument {shown}; did you mean `{near}`? (known: {})", known.join(", "))
        }
        None if known.is_empty() => format!("no argument {shown}; this tool takes none"),
        None => format!("no argument {shown}; known: {}", known.join(", ")),
    }
}

fn check_value(place: &str, schema: &Value, value: &Value, problems: &mut Vec<String>) {
    if let Some(allowed) = allowed_words(schema) {
        if !value.as_str().is_some_and(|word| allowed.contains(&word)) {
            problems.push(format!(
                "`{place}` is {}; valid: {}{}",
                echo(value),
                allowed.join(", "),
                value
                    .as_str()
                    .and_then(|word| nearest(word, allowed.iter().copied()))
                    .map_or_else(String::new, |near| format!("; did you mean `{near}`?"))
            ));
        }
        return;
    }
    let kind = schema.get("type").and_then(Value::as_str).unwrap_or_default();
    let expected = match kind {
        "string" if !value.is_string() => "a text",
        "boolean" if !value.is_boolean() => "true or false",
        "integer" if !is_whole(value) => "a whole number",
        "number" if !value.is_number() => "a number",
        "array" if !value.is_array() => "a list, such as [\"…\"]",
        "object" if !value.is_object() => "an object",
        _ => "",
    };
    if !expected.is_empty() {
        problems.push(format!("`{place}` is {}; it takes {expected}", echo(value)));
        return;
    }
    check_bounds(place, schema, value, problems);
    if let (Some(items), Some(values)) = (schema.get("items"), value.as_array()) {
        for (index, item) in values.iter().enumerate() {
            check_value(&format!("{place}[{index}]"), items, item, problems);
        }
    }
}

fn is_whole(value: &Value) -> bool {
    value.is_i64() || value.is_u64()
}

fn check_bounds(place: &str, schema: &Value, value: &Value, problems: &mut Vec<String>) {
    let bound = |key: &str| schema.get(key).and_then(Value::as_f64);
    if let Some(number) = value.as_f64() {
        let (low, high) = (bound("minimum"), bound("maximum"));
        if low.is_some_and(|low| number < low) || high.is_some_and(|high| number > high) {
            problems.push(format!("`{place}` is {number}; it takes {}", range(low, high)));
        }
    }
    let length = match value {
        Value::String(text) => Some((text.chars().count(), "minLength", "maxLength", "characters")),
        Value::Array(items) => Some((items.len(), "minItems", "maxItems", "items")),
        _ => None,
    };
    if let Some((length, low, high, what)) = length {
        let (low, high) = (bound(low), bound(high));
        #[expect(clippy::cast_precision_loss, reason = "lengths are small")]
        let length = length as f64;
        if low.is_some_and(|low| length < low) || high.is_some_and(|high| length > high) {
            let range = range(low, high);
            problems.push(format!("`{place}` has {length} {what}; it takes {range}"));
        }
    }
}

fn range(low: Option<f64>, high: Option<f64>) -> String {
    match (low, high) {
        (Some(low), Some(high)) => format!("{low} to {high}"),
        (Some(low), None) => format!("{low} and more"),
        (None, Some(high)) => format!("at most {high}"),
        (None, None) => String::new(),
    }
}

/// The words of an enumeration: `enum`, or `oneOf`/`anyOf` of constants.
fn allowed_words(schema: &Value) -> Option<Vec<&str>> {
    if let Some(words) = schema.get("enum").and_then(Value::as_array) {
        return Some(words.iter().filter_map(Value::as_str).collect());
    }
    let parts = schema.get("oneOf").or_else(|| schema.get("anyOf"))?.as_array()?;
    let mut words = Vec::new();
    for part in parts {
        match (word_of(part), part.get("enum").and_then(Value::as_array)) {
            (Some(constant), _) => words.push(constant),
            (None, Some(list)) => words.extend(list.iter().filter_map(Value::as_str)),
            (None, None) => return None,
        }
    }
    Some(words)
}

fn word_of(part: &Value) -> Option<&str> {
    part.get("const")?.as_str()
}

fn echo(value: &Value) -> String {
    let text = match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    format!("`{}`", redact::clip(&redact::clean(&text), ECHO_CHARS))
}
