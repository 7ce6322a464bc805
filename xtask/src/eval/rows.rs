//! What the programs counted: one JSON object a row, found by its table, its set and its rule.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};
use serde_json::Value;

/// All rows.
#[derive(Default)]
pub(super) struct Rows(Vec<Value>);

/// One row.
#[derive(Clone, Copy)]
pub(super) struct Row<'a>(&'a Value);

impl Rows {
    pub(super) fn of(rows: Vec<Value>) -> Self {
        Self(rows)
    }

    pub(super) fn read(names: &[&str], folder: &Path) -> Result<Self> {
        let mut rows = Self::default();
        for name in names {
            let path = folder.join(name);
            let text = fs::read_to_string(&path)
                .with_context(|| format!("could not read {}", path.display()))?;
            let lines = text.lines().map(serde_json::from_str);
            let read: Vec<Value> = lines
                .collect::<Result<_, _>>()
                .with_context(|| format!("{} is no JSON", path.display()))?;
            rows.extend(Self(read));
        }
        Ok(rows)
    }

    pub(super) fn extend(&mut self, more: Self) {
        self.0.extend(more.0);
    }

    /// Rows of a table, in the order in which they were counted.
    pub(super) fn table(&self, table: &str) -> impl Iterator<Item = Row<'_>> {
        self.0.iter().map(Row).filter(move |row| row.text("table") == table)
    }

    /// The row of a table with this set and rule; an empty rule fits any.
    pub(super) fn find(&self, table: &str, set: &str, rule: &str) -> Option<Row<'_>> {
        self.table(table).find(|row| {
            row.text("set") == set && (rule.is_empty() || row.text("rule").starts_with(rule))
        })
    }
}

impl<'a> Row<'a> {
    pub(super) fn of(value: &'a Value) -> Self {
        Self(value)
    }

    fn field(self, key: &str) -> &'a Value {
        self.0.get(key).unwrap_or(&Value::Null)
    }

    pub(super) fn text(self, key: &str) -> &'a str {
        self.field(key).as_str().unwrap_or_default()
    }

    /// NaN where there is none.
    pub(super) fn number(self, key: &str) -> f64 {
        self.field(key).as_f64().unwrap_or(f64::NAN)
    }

    pub(super) fn truth(self, key: &str) -> bool {
        *self.field(key) == true
    }

    pub(super) fn rows(self, key: &str) -> impl Iterator<Item = Row<'a>> {
        self.field(key).as_array().into_iter().flatten().map(Row)
    }

    /// The number at a place of a list; NaN where there is none.
    pub(super) fn at(self, place: usize) -> f64 {
        self.0.get(place).and_then(Value::as_f64).unwrap_or(f64::NAN)
    }

    pub(super) fn under(self, key: &str) -> Row<'a> {
        Row(self.field(key))
    }

    pub(super) fn keys(self) -> impl Iterator<Item = &'a str> {
        self.0.as_object().into_iter().flatten().map(|(key, _)| key.as_str())
    }

    /// Right ones of all alerts, by incidents: found / (found + false).
    pub(super) fn precision(self) -> Share {
        let right = if self.field("right").is_null() { "found" } else { "right" };
        let right = self.number(right);
        Share { part: right, whole: right + self.number("false") }
    }

    /// Found ones of all incidents.
    pub(super) fn recall(self) -> Share {
        Share { part: self.number("found"), whole: self.number("incidents") }
    }

    pub(super) fn f1(self) -> f64 {
        let (precision, recall) = (self.precision().share(), self.recall().share());
        if precision + recall > 0.0 { 2.0 * precision * recall / (precision + recall) } else { 0.0 }
    }

    pub(super) fn false_per_day(self) -> f64 {
        self.number("false") / self.number("days")
    }
}

/// A share that knows what it was counted on.
#[derive(Clone, Copy)]
pub(super) struct Share {
    pub(super) part: f64,
    pub(super) whole: f64,
}

/// Deviations of a 95 % interval.
const Z: f64 = 1.96;

impl Share {
    pub(super) fn of(row: Row<'_>, part: &str, whole: &str) -> Self {
        Self { part: row.number(part), whole: row.number(whole) }
    }

    /// NaN of nothing.
    pub(super) fn share(self) -> f64 {
        self.part / self.whole
    }

    /// Wilson's 95 % interval.
    pub(super) fn bounds(self) -> (f64, f64) {
        let (n, p) = (self.whole, self.share());
        let middle = (p + Z * Z / (2.0 * n)) / (1.0 + Z * Z / n);
        let half = Z / (1.0 + Z * Z / n) * (p * (1.0 - p) / n + Z * Z / (4.0 * n * n)).sqrt();
        ((middle - half).max(0.0), (middle + half).min(1.0))
    }

    /// The lower end.
    pub(super) fn at_least(self) -> f64 {
        self.bounds().0
    }

    /// The upper end.
    pub(super) fn at_most(self) -> f64 {
        self.bounds().1
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_share_has_the_bounds_of_wilson() {
        // The published example: 73 right of 73 are above 95 %.
        assert!(Share { part: 73.0, whole: 73.0 }.at_least() > 0.95);
        assert!(Share { part: 72.0, whole: 72.0 }.at_least() < 0.95);
        let (low, high) = Share { part: 8.0, whole: 10.0 }.bounds();
        assert!((low - 0.490).abs() < 1e-3 && (high - 0.943).abs() < 1e-3, "{low} {high}");
    }

    #[test]
    fn a_row_is_found_by_its_words_and_counts() {
        let row = json!({"table": "policy", "set": "asd", "rule": "critical", "found": 8,
            "incidents": 39, "false": 2, "days": 4.0});
        let rows = Rows::of(vec![row]);
        let row = rows.find("policy", "asd", "critical").unwrap();
        assert_eq!((row.precision().share(), row.false_per_day()), (0.8, 0.5));
        assert!((row.f1() - 2.0 * 0.8 * (8.0 / 39.0) / (0.8 + 8.0 / 39.0)).abs() < 1e-12);
        assert!(rows.find("policy", "smd", "").is_none());
    }
}
