//! What a document says, without what time alone changes: two readings with one digest say the same
//! to whoever would act on them.
//!
//! Left out are fields that differ between any two moments ([`PASSING`], [`PASSING_ENDS`]): when it
//! was read, ages, how long an answer took, how long something has been so, and the past drawn as
//! sparklines. Of numbers the last digits are left out, since a machine never stands still: whole
//! numbers count by their first three digits, so that up to 999 each count is exact, and fractions
//! by their first two, so that 41.2 % and 41.4 % are one. Words, states, times at which something
//! happened, and whether something is there at all count as they are.

use std::hash::{DefaultHasher, Hash, Hasher};

use serde_json::{Number, Value};

/// Names of fields that time alone changes.
const PASSING: &[&str] = &[
    "as_of",
    "age",
    "ago",
    "last_attempt",
    "last_success",
    "last_poll",
    "latency",
    "read_at",
    "sampled",
    "sampled_at",
    "sparkline",
    "uptime",
];
/// Ends of such names, after a `_`; units follow them.
const PASSING_ENDS: &[&str] =
    &["age", "ago", "as_of", "for", "latency", "sparkline", "took", "uptime"];
/// Units that stand last in a name.
const UNITS: &[&str] = &["_ms", "_secs"];

/// Of JSON what it says, of any other text all of it.
pub(super) fn digest(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    match serde_json::from_str(text) {
        Ok(value) => feed(&value, &mut hasher),
        Err(_) => text.hash(&mut hasher),
    }
    hasher.finish()
}

fn feed(value: &Value, hasher: &mut DefaultHasher) {
    match value {
        Value::Null => 0_u8.hash(hasher),
        Value::Bool(yes) => (1_u8, yes).hash(hasher),
        Value::Number(number) => (2_u8, rounded(number)).hash(hasher),
        Value::String(text) => (3_u8, text).hash(hasher),
        Value::Array(items) => {
            (4_u8, items.len()).hash(hasher);
            items.iter().for_each(|item| feed(item, hasher));
        }
        Value::Object(fields) => {
            5_u8.hash(hasher);
            for (name, value) in fields.iter().filter(|(name, _)| !passes(name)) {
                name.hash(hasher);
                feed(value, hasher);
            }
            6_u8.hash(hasher);
        }
    }
}

/// Whether time alone changes the field of this name.
fn passes(name: &str) -> bool {
    let bare = UNITS.iter().find_map(|unit| name.strip_suffix(unit)).unwrap_or(name);
    let last = bare.rsplit_once('_').map(|(_, last)| last);
    PASSING.contains(&bare) || last.is_some_and(|last| PASSING_ENDS.contains(&last))
}

fn rounded(number: &Number) -> String {
    let value = number.as_f64().unwrap_or_default();
    // Nothing is -0.
    let value = if value == 0.0 { 0.0 } else { value };
    if number.is_f64() { format!("{value:.1e}") } else { format!("{value:.2e}") }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn same(a: &Value, b: &Value) -> bool {
        digest(&a.to_string()) == digest(&b.to_string())
    }

    #[test]
    fn what_time_alone_changes_is_no_change() {
        let at = |secs: u64| {
            json!({
                "as_of": format!("2026-11-24T12:00:{secs:02}Z"), "age_secs": secs,
                "data_age_secs": secs, "latency_ms": secs * 3, "uptime_secs": 86_400 + secs,
                "firing_for_secs": secs, "cpu_sparkline": [secs, secs + 1], "state": "up",
                "servers": [{"server": "web-1", "age_secs": secs, "last_attempt": secs}],
            })
        };
        assert!(same(&at(1), &at(59)));
    }

    #[test]
    fn the_last_digits_of_a_number_are_no_change_and_the_first_are() {
        assert!(same(&json!({"cpu": 41.2}), &json!({"cpu": 41.4})));
        assert!(!same(&json!({"cpu": 41.2}), &json!({"cpu": 43.0})));
        assert!(same(&json!({"used_bytes": 8_123_456}), &json!({"used_bytes": 8_124_000})));
        assert!(!same(&json!({"used_bytes": 8_123_456}), &json!({"used_bytes": 8_223_456})));
        assert!(!same(&json!({"up": 998}), &json!({"up": 999})));
        assert!(same(&json!(0.0), &json!(-0.0)));
    }

    #[test]
    fn words_states_and_whether_something_is_there_count() {
        let before = json!({"alerts": [{"since": "2026-11-24T12:00:00Z", "state": "pending"}]});
        for after in [
            json!({"alerts": [{"since": "2026-11-24T12:00:00Z", "state": "firing"}]}),
            json!({"alerts": [{"since": "2026-11-24T12:00:10Z", "state": "pending"}]}),
            json!({"alerts": []}),
            json!({"alerts": null}),
            json!({"alerts": [{"since": "2026-11-24T12:00:00Z", "state": "pending", "more": null}]}),
        ] {
            assert!(!same(&before, &after), "{after}");
        }
        assert!(!same(&json!([[1], 2]), &json!([[1, 2]])));
        assert!(!same(&json!({"platform": 1}), &json!({"platform": 2})));
        assert_ne!(digest("# One"), digest("# Two"));
        assert_eq!(digest("# One"), digest("# One"));
    }
}
