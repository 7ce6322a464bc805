//! What a document says, without what time alone changes: two readings with one digest say the same
//! to whoever would act on them.
//!
//! Left out are fields that differ between any two moments ([`PASSING`], [`PASSING_ENDS`]): when it
//! was read, ages, how long answers took, how long something has been so, the bounds of a span that
//! moves with the time, and the past as series. Of numbers the last digits are left out, since a
//! machine never stands still: whole numbers up to 999 count exactly, so that each of what is counted
//! does, and all others by their first two digits, so that 41.2 % and 41.4 % are one. Fractions within
//! a text count likewise. Words, states, times at which something happened, and whether something is
//! there at all count as they are.

use std::{
    borrow::Cow,
    hash::{DefaultHasher, Hash, Hasher},
};

use serde_json::Value;

/// Names of fields that time alone changes, without their unit.
const PASSING: &[&str] = &[
    "age",
    "ages",
    "as_of",
    "last_attempt",
    "last_hour",
    "last_success",
    "latency",
    "samples",
    "sparkline",
    "uptime",
    "watched",
    "window",
];
/// Ends of such names, after a `_`.
const PASSING_ENDS: &[&str] = &["age", "ago", "for", "latency", "sparkline", "uptime"];
/// Units that stand last in a name.
const UNITS: &[&str] = &["_secs", "_seconds", "_percent"];
/// How long an answer took.
const TOOK: &str = "_ms";
/// The ends of the names of a span's bounds, which time moves together.
const BOUNDS: [&str; 2] = ["from", "until"];
/// Whole numbers from here on count by their first digits.
const EXACT_BELOW: f64 = 1_000.0;

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
        Value::Number(number) => (2_u8, rounded(number.as_f64().unwrap_or_default())).hash(hasher),
        Value::String(text) => (3_u8, without_last_digits(text)).hash(hasher),
        Value::Array(items) => {
            (4_u8, items.len()).hash(hasher);
            items.iter().for_each(|item| feed(item, hasher));
        }
        Value::Object(fields) => {
            5_u8.hash(hasher);
            let bounds = |name: &str| {
                let other = |end: &str, other: &str| {
                    let start = name.strip_suffix(end)?;
                    Some(fields.contains_key(&format!("{start}{other}")))
                };
                let [from, until] = BOUNDS;
                other(from, until).or_else(|| other(until, from)).unwrap_or(false)
            };
            for (name, value) in fields.iter().filter(|(name, _)| !passes(name) && !bounds(name)) {
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
    name.ends_with(TOOK)
        || PASSING.contains(&bare)
        || last.is_some_and(|last| PASSING_ENDS.contains(&last))
}

fn rounded(value: f64) -> String {
    let value = match value {
        // Nothing is -0.
        0.0 => 0.0,
        whole if whole.fract() == 0.0 && whole.abs() < EXACT_BELOW => whole,
        other => format!("{other:.1e}").parse().unwrap_or(other),
    };
    format!("{value:e}")
}

/// A text whose fractions are rounded: `84.1%` says what `84%` says.
fn without_last_digits(text: &str) -> Cow<'_, str> {
    if !text.contains('.') {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(|c: char| c.is_ascii_digit()) {
        let (before, number) = rest.split_at(at);
        out.push_str(before);
        let whole = number.find(|c: char| !c.is_ascii_digit()).unwrap_or(number.len());
        let (digits, after) = number.split_at(whole);
        let decimals = after.strip_prefix('.').unwrap_or_default();
        let places = decimals.find(|c: char| !c.is_ascii_digit()).unwrap_or(decimals.len());
        let fraction = if places > 0 { places + 1 } else { 0 };
        match number.get(..whole + fraction).and_then(|number| number.parse().ok()) {
            Some(value) if fraction > 0 => {
                out.push_str(&format!("{}", rounded(value).parse::<f64>().unwrap_or(value)));
            }
            _ => out.push_str(digits),
        }
        rest = after.get(fraction..).unwrap_or_default();
    }
    out.push_str(rest);
    Cow::Owned(out)
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
                "data_age_seconds": secs, "p95_ms": secs * 3, "uptime_secs": 86_400 + secs,
                "from": secs, "until": secs + 60, "seen_from": secs, "seen_until": secs + 60,
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
        assert!(!same(&json!({"used_bytes": 8_123_456}), &json!({"used_bytes": 8_323_456})));
        assert!(same(&json!({"use": 84}), &json!({"use": 84.1})), "rounded or not");
        assert!(same(&json!("cpu.total 99.8% …"), &json!("cpu.total 100% …")));
        assert!(same(&json!("fs.percent[/] 84.1% careful"), &json!("fs.percent[/] 84% careful")));
        assert!(!same(&json!("fs.percent[/] 84.1% careful"), &json!("fs.percent[/] 86% careful")));
        assert!(!same(
            &json!("fs.percent[/] 84.1% careful"),
            &json!("fs.percent[/] 84.1% warning")
        ));
        assert!(!same(&json!("server 10"), &json!("server 11")));
        assert!(!same(&json!({"up": 998}), &json!({"up": 999})));
        assert!(same(&json!(0.0), &json!(-0.0)));
    }

    proptest::proptest! {
        #[test]
        fn any_text_has_a_digest(text in ".*") {
            let text = json!(text).to_string();
            proptest::prop_assert_eq!(digest(&text), digest(&text));
        }
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
        assert!(!same(&json!({"silenced_until": 1}), &json!({"silenced_until": 2})));
        assert!(!same(&json!([[1], 2]), &json!([[1, 2]])));
        assert!(!same(&json!({"platform": 1}), &json!({"platform": 2})));
        assert_ne!(digest("# One"), digest("# Two"));
        assert_eq!(digest("# One"), digest("# One"));
    }
}
