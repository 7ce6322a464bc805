//! Structured replies as text for people and models. One renderer for all tools: the unit of a
//! number is the ending of its name (`_percent`, `_bytes`, `_seconds` …).

use std::fmt::Write as _;

use serde_json::{Map, Value};

/// Leaves out what is not known and rounds what is: three significant digits are more than a
/// sampled number is worth, and cost tokens.
pub fn tidy(value: &mut Value) {
    match value {
        Value::Object(map) => {
            // Most maps are whole, and closing gaps costs.
            if map.values().any(Value::is_null) {
                map.retain(|_, value| !value.is_null());
            }
            map.values_mut().for_each(tidy);
        }
        Value::Array(items) => items.iter_mut().for_each(tidy),
        Value::Number(number) if number.is_f64() => {
            *value = number.as_f64().map_or(Value::Null, rounded);
        }
        _ => {}
    }
}

fn rounded(value: f64) -> Value {
    let digits = if value.abs() >= 100.0 {
        0
    } else if value.abs() >= 1.0 {
        1
    } else {
        3
    };
    let scale = 10_f64.powi(digits);
    let near = (value * scale).round() / scale;
    #[expect(clippy::cast_possible_truncation, reason = "checked to be a small whole number")]
    if near.fract() == 0.0 && near.abs() < 9.0e15 {
        return Value::from(near as i64);
    }
    Value::from(near)
}

/// The text form of a reply: the headline, then every field.
#[must_use]
pub fn text(headline: &str, value: &Value) -> String {
    let mut out = format!("{headline}\n");
    if let Value::Object(fields) = value {
        let rest = fields.iter().filter(|(key, _)| *key != "coverage");
        rest.for_each(|field| write_field(&mut out, field, 0));
        if let Some(Value::Object(coverage)) = fields.get("coverage") {
            write_coverage(&mut out, coverage);
        }
    }
    out.truncate(out.trim_end().len());
    out
}

fn write_field(out: &mut String, (key, value): (&String, &Value), depth: usize) {
    let indent = "  ".repeat(depth);
    match value {
        Value::Array(rows) if rows.iter().any(Value::is_object) => {
            let _ = writeln!(out, "{indent}{}:", label(key));
            write_table(out, rows);
        }
        Value::Array(items) if items.is_empty() => {}
        Value::Object(inner) if inner.is_empty() => {}
        Value::Object(inner)
            if inner.values().any(|value| value.is_object() || value.is_array()) =>
        {
            let _ = writeln!(out, "{indent}{}:", label(key));
            inner.iter().for_each(|field| write_field(out, field, depth + 1));
        }
        _ => {
            let _ = writeln!(out, "{indent}{}: {}", label(key), cell(key, value));
        }
    }
}

/// Columns whose numbers are in the unit that their row names.
const IN_UNIT: &[&str] = &[
    "value",
    "median",
    "last",
    "min",
    "max",
    "avg",
    "p95",
    "peak_p50",
    "peak_p90",
    "peak_p95",
    "backtest_error",
    "naive_error",
    "before",
    "after",
    "shift",
    "p95_shift",
    "smallest_told",
    "expected",
    "likely",
    "low",
    "high",
    "threshold",
    "worst",
    "before",
    "after",
];

/// Rows as a Markdown table, of the columns that any row has.
fn write_table(out: &mut String, rows: &[Value]) {
    let mut columns: Vec<&str> = Vec::new();
    for row in rows.iter().filter_map(Value::as_object) {
        for key in row.keys() {
            if !columns.contains(&key.as_str()) {
                columns.push(key);
            }
        }
    }
    // Numbers beside the name of their unit are written in it.
    let measured = |row: &Value| IN_UNIT.iter().any(|column| row.get(column).is_some());
    let with_unit = columns.contains(&"unit") && rows.iter().all(measured);
    columns.retain(|column| !(with_unit && *column == "unit"));
    let head: Vec<String> = columns.iter().map(|column| label(column)).collect();
    let rule: Vec<&str> = columns.iter().map(|_| "-").collect();
    let _ = writeln!(out, "\n|{}|\n|{}|", head.join("|"), rule.join("|"));
    for row in rows.iter().filter_map(Value::as_object) {
        let row_unit = with_unit.then(|| row.get("unit")?.as_str()).flatten();
        // Most rows have their fields in the order of the columns, and need no search.
        let mut fields = row.iter().peekable();
        out.push('|');
        for column in &columns {
            let in_order = fields.next_if(|(key, _)| key == column).map(|(_, value)| value);
            match (in_order.or_else(|| row.get(*column)), row_unit) {
                (Some(Value::Number(value)), Some(unit)) if IN_UNIT.contains(column) => {
                    out.push_str(&in_unit(value.as_f64().unwrap_or_default(), unit));
                }
                (Some(value), _) => out.push_str(&cell(column, value)),
                (None, _) => {}
            }
            out.push('|');
        }
        out.push('\n');
    }
    out.push('\n');
}

fn write_coverage(out: &mut String, coverage: &Map<String, Value>) {
    let count = |key: &str| coverage.get(key).and_then(Value::as_u64).unwrap_or(0);
    let groups = |key: &str| coverage.get(key).and_then(Value::as_array).into_iter().flatten();
    let strings = |value: &Value| {
        let words = value.as_array().into_iter().flatten().filter_map(Value::as_str);
        words.collect::<Vec<_>>().join(", ")
    };
    let shown = count("shown");
    let as_of = coverage.get("as_of").and_then(Value::as_str).unwrap_or_default();
    out.truncate(out.trim_end().len());
    let _ = write!(out, "\n\nAs of {as_of}: {} selected, {shown} shown", count("selected"));
    if let Some(Value::Object(by_status)) = coverage.get("not_shown") {
        for (status, aliases) in by_status {
            let _ = write!(out, "; not shown, {status}: {}", strings(aliases));
        }
    }
    out.push('\n');
    for group in groups("unavailable").filter_map(Value::as_object) {
        let field = |key: &str| group.get(key).and_then(Value::as_str).unwrap_or_default();
        let servers = group.get("servers").map(strings).unwrap_or_default();
        let _ = write!(out, "Unavailable: {servers} ({}", field("reason"));
        if let Some(age) = group.get("last_answer_age_seconds") {
            let _ = write!(out, "; last answer {} ago", cell("age_seconds", age));
        }
        let _ = writeln!(out, "). Fix: {}.", field("fix"));
    }
    if let Some(more) = coverage.get("more").and_then(Value::as_str) {
        let _ = writeln!(out, "More: {more}.");
    }
    if let Some(cursor) = coverage.get("next_cursor").and_then(Value::as_str) {
        let _ = writeln!(out, "Next cursor: {cursor}");
    }
}

type UnitEnding = (&'static str, fn(f64) -> String);

/// Endings that name a unit, with how a number of it is written. The longest come first.
const UNITS: &[UnitEnding] = &[
    ("_bytes_per_day", |value| format!("{}/day", bytes(value))),
    ("_bytes_per_second", |value| format!("{}/s", bytes(value))),
    ("_bits_per_second", bits_per_second),
    ("_per_second", |value| format!("{}/s", short(value))),
    ("_percent", |value| format!("{}%", short(value))),
    ("_bytes", bytes),
    ("_seconds", duration),
    ("_ms", |value| format!("{} ms", short(value))),
    ("_celsius", |value| format!("{} °C", short(value))),
    ("_hz", |value| format!("{} GHz", short(value / 1e9))),
];

fn unit(key: &str) -> Option<&'static UnitEnding> {
    UNITS.iter().find(|(ending, _)| key.ends_with(ending))
}

/// A name for people: without its unit and its underscores.
fn label(key: &str) -> String {
    let stem = unit(key).and_then(|(ending, _)| key.strip_suffix(ending)).unwrap_or(key);
    stem.replace('_', " ")
}

fn cell(key: &str, value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Bool(yes) => if *yes { "yes" } else { "no" }.to_owned(),
        Value::Number(number) => {
            let number = number.as_f64().unwrap_or_default();
            unit(key).map_or_else(|| short(number), |(_, write)| write(number))
        }
        // A bar would end the cell.
        Value::String(text) => text.replace('|', "¦"),
        Value::Array(items) if items.iter().any(Value::is_array) => {
            let pair = |item: &Value| cell(key, item).replace(", ", " ");
            items.iter().map(pair).collect::<Vec<_>>().join("; ")
        }
        Value::Array(items) => {
            items.iter().map(|item| cell(key, item)).collect::<Vec<_>>().join(", ")
        }
        Value::Object(map) => {
            // A key without a unit can be data, a state or a version, and stays as it is.
            let name = |key: &String| if unit(key).is_some() { label(key) } else { key.clone() };
            let pairs =
                map.iter().map(|(key, value)| format!("{} {}", name(key), cell(key, value)));
            pairs.collect::<Vec<_>>().join(", ")
        }
    }
}

/// A number in a unit of the metric catalogue.
#[must_use]
pub fn in_unit(value: f64, unit: &str) -> String {
    match unit {
        "percent" => format!("{}%", short(value)),
        "percent of one core" => format!("{}% of a core", short(value)),
        "bytes" => bytes(value),
        "bytes/s" => format!("{}/s", bytes(value)),
        "bits/s" => bits_per_second(value),
        "seconds" => duration(value),
        "1/s" => format!("{}/s", short(value)),
        "count" | "tasks" | "0 or 1" => short(value),
        other => format!("{} {other}", short(value)),
    }
}

/// A number without trailing zeros.
#[must_use]
pub fn short(value: f64) -> String {
    match rounded(value) {
        Value::Number(number) => number.to_string(),
        _ => String::new(),
    }
}

/// A number of things: `1 server`, `3 servers`.
#[must_use]
pub fn count(number: usize, thing: &str) -> String {
    let ending = if number == 1 { "" } else { "s" };
    format!("{number} {thing}{ending}")
}

/// Bytes in binary units: `1.5 GiB`.
#[must_use]
pub fn bytes(value: f64) -> String {
    const UNITS: [&str; 6] = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
    let mut value = value;
    let mut name = "B";
    for unit in UNITS {
        name = unit;
        if value.abs() < 1_024.0 {
            break;
        }
        if unit != "PiB" {
            value /= 1_024.0;
        }
    }
    format!("{} {name}", short(value))
}

/// Bits per second in decimal units: `12.5 Mbit/s`.
#[must_use]
pub fn bits_per_second(value: f64) -> String {
    let (value, name) = match value.abs() {
        v if v >= 1e9 => (value / 1e9, "Gbit/s"),
        v if v >= 1e6 => (value / 1e6, "Mbit/s"),
        v if v >= 1e3 => (value / 1e3, "kbit/s"),
        _ => (value, "bit/s"),
    };
    format!("{} {name}", short(value))
}

/// A span of time with its two largest units: `3d 4h`, `12s`.
#[must_use]
pub fn duration(seconds: f64) -> String {
    if seconds < 10.0 {
        return format!("{}s", short(seconds));
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at least 10")]
    let whole = seconds.round().min(1e15) as u64;
    let (days, hours) = (whole / 86_400, whole % 86_400 / 3_600);
    let (minutes, secs) = (whole % 3_600 / 60, whole % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{secs}s"),
        (0, 0, _) => format!("{minutes}m {secs}s"),
        (0, _, _) => format!("{hours}h {minutes}m"),
        _ => format!("{days}d {hours}h"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn tidied(mut value: Value) -> Value {
        tidy(&mut value);
        value
    }

    #[test]
    fn numbers_are_written_by_the_ending_of_their_name() {
        let value = json!({"cpu_percent": 93.14, "free_bytes": 1_610_612_736_u64, "up_seconds": 100_000,
            "in_bits_per_second": 12_500_000, "wait_ms": 0.5, "name": "a|b", "on": true});
        assert_eq!(
            text("Head", &tidied(value)),
            "Head\ncpu: 93.1%\nfree: 1.5 GiB\nup: 1d 3h\nin: 12.5 Mbit/s\nwait: 0.5 ms\n\
             name: a¦b\non: yes"
        );
    }

    #[test]
    fn rows_become_a_table_of_all_their_columns() {
        let value = json!({"rows": [{"server": "a"}, {"server": "b", "cpu_percent": 5}]});
        assert_eq!(text("H", &value), "H\nrows:\n\n|server|cpu|\n|-|-|\n|a||\n|b|5%|");
    }

    #[test]
    fn what_is_not_known_is_left_out() {
        assert_eq!(tidied(json!({"a": null, "b": [{"c": null}]})), json!({"b": [{}]}));
    }
}
