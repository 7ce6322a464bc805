//! Days of servers that nothing was done to, each compared with the seven days before it: as it
//! is (any verdict is false) and × 1.2 (every other verdict is a miss). As `exp_compare.py`.

use std::path::Path;

use analytics::{Better, Terms, Untestable, Verdict, compare_days, quantile};
use serde_json::{Map, Value, json};

use crate::{Result, count, mean, read, share, wilson};

const SLOTS: usize = 288;
const SLOT_SECS: u64 = 300;
const DAY_SECS: f64 = 86_400.0;

#[derive(Default)]
struct Scores {
    false_calls: Vec<bool>,
    found: Vec<bool>,
    untestable: usize,
    /// +20 % found where the answer said that 20 % could be told, and whether it did say so.
    found_if_told: Vec<bool>,
}

pub(crate) fn evaluate(
    set: &str,
    labels: &Map<String, Value>,
    corpus: &Path,
) -> Result<Option<Value>> {
    let mut scores = Scores::default();
    for (name, label) in labels.iter().filter(|(name, _)| name.starts_with(&format!("{set}/"))) {
        let file = label["file"].as_str().ok_or("a label without a file")?;
        let Ok(table) = read(&corpus.join(file)) else {
            println!("SKIPPED: {name} (no {file})");
            continue;
        };
        let step = label["step"].as_u64().ok_or("a label without a step")?;
        let each = usize::try_from(SLOT_SECS / step)?;
        let columns = columns(&table);
        let (Some(times), Some(end)) = (columns.first(), label["eval_start"].as_f64()) else {
            return Err(format!("{name}: no times").into());
        };
        let start = times.first().copied().unwrap_or(end);
        let days = (1..).take_while(|days| start + count(*days) * DAY_SECS <= end).count();
        for metric in columns.iter().skip(1) {
            let slots: Vec<f64> = metric.chunks_exact(each).map(mean).take(days * SLOTS).collect();
            scores.add(&slots.chunks_exact(SLOTS).collect::<Vec<_>>());
        }
    }
    if scores.found.is_empty() {
        println!("SKIPPED: days of {set} (no series)");
        return Ok(None);
    }
    let (low, high) = wilson(&scores.false_calls);
    println!("\ndays of {set}: {} trials, one day against seven", scores.found.len());
    println!("  false verdicts {:.3} ({low:.3}-{high:.3})", share(&scores.false_calls));
    let (low, high) = wilson(&scores.found);
    println!("  found +20 %    {:.3} ({low:.3}-{high:.3})", share(&scores.found));
    let told = &scores.found_if_told;
    println!("  found +20 % where 20 % can be told {:.3} ({} trials)", share(told), told.len());
    println!("  not testable   {}", scores.untestable);
    let count = |truths: &[bool]| truths.iter().filter(|truth| **truth).count();
    Ok(Some(json!({
        "table": "compare", "set": set, "trials": scores.found.len(),
        "false": count(&scores.false_calls), "found": count(&scores.found),
        "told": told.len(), "found_if_told": count(told), "untestable": scores.untestable,
    })))
}

impl Scores {
    fn add(&mut self, days: &[&[f64]]) {
        let all: Vec<f64> = days.iter().flat_map(|day| day.iter().map(|it| it.abs())).collect();
        let flat = quantile(&all, 0.0) == quantile(&all, 1.0);
        if flat || analytics::median(&all).is_none_or(|median| median < 1e-3) {
            return;
        }
        let terms = Terms { better: Better::Neither, floor: 0.0, seed: 1 };
        for window in days.windows(8).skip(1).step_by(3) {
            let Some((day, baseline)) = window.split_last() else { continue };
            let same = compare_days(baseline, day, &terms);
            let more: Vec<f64> = day.iter().map(|value| value * 1.2).collect();
            let more = compare_days(baseline, &more, &terms);
            self.false_calls.push(same.verdict == Verdict::Changed);
            self.found.push(more.verdict == Verdict::Changed);
            let is_differing = Verdict::NotTestable(Untestable::DaysDiffer);
            self.untestable += usize::from(same.verdict == is_differing);
            let level = same.shift.zip(same.shift_share).map(|(shift, share)| shift / share);
            if same.smallest_told.zip(level).is_some_and(|(told, level)| told < 0.2 * level) {
                self.found_if_told.push(more.verdict == Verdict::Changed);
            }
        }
    }
}

/// The columns of a table with a header.
fn columns(table: &str) -> Vec<Vec<f64>> {
    let mut columns: Vec<Vec<f64>> = Vec::new();
    for line in table.lines().skip(1) {
        let cells = line.split(',').map(|cell| cell.parse().unwrap_or(f64::NAN));
        for (at, cell) in cells.enumerate() {
            if columns.len() <= at {
                columns.push(Vec::new());
            }
            columns.iter_mut().skip(at).take(1).for_each(|column| column.push(cell));
        }
    }
    columns
}
