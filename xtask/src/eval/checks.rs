//! Others count again: the scoring programs that came with the data, over our detections and
//! forecasts, and the numpy prototype, over the same series. A difference is an error.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};

use super::bars::SETS;
use super::rows::{Row, Rows};
use crate::{paths, process, say, setup};

/// Files of detections: the table and rule whose numbers they have to give.
const DETECTIONS: &[(&str, &str, &str)] = &[
    ("best.jsonl", "best, daily", ""),
    ("info.jsonl", "policy", "info"),
    ("warning.jsonl", "policy", "warning"),
    ("critical.jsonl", "policy", "critical"),
];
/// Our sums run in another order than numpy's.
const SAME: f64 = 1e-6;
/// How near a score has to be to that of the prototype, relative to it and at least to 1.
const PARITY: f64 = 1e-3;
const PARITY_PROGRAM: &str = include_str!("parity.py");

pub(super) fn run(folder: &Path, out: &Path, rows: &Rows) -> Result<Rows> {
    let bench = folder.join("bench");
    if !bench.join("score_anomaly.py").is_file() {
        bail!("no bench/score_anomaly.py in `{}`: nobody counts again", folder.display());
    }
    let mut checked = 0;
    for (file, table, rule) in DETECTIONS {
        let said = python(&[
            &bench.join("score_anomaly.py"),
            Path::new("--labels"),
            &folder.join("corpus/labels.json"),
            Path::new("--detections"),
            &out.join(file),
            Path::new("--json"),
        ])?;
        for set in SETS {
            let ours =
                rows.find(table, set, rule).with_context(|| format!("no {table} of {set}"))?;
            checked += same_counts(ours, Row::of(&said).under("groups").under(set))
                .with_context(|| format!("{file}, {set}"))?;
        }
    }
    let said = python(&[
        &bench.join("score_forecast.py"),
        Path::new("--actuals"),
        &folder.join("corpus_forecast/hourly.jsonl.gz"),
        Path::new("--forecasts"),
        &out.join("forecasts.jsonl"),
        Path::new("--json"),
    ])?;
    for horizon in ["24", "168"] {
        let ours = rows.find("forecast", horizon, "ALL").context("no forecasts")?;
        checked += same_errors(ours, Row::of(&said).under(&format!("{horizon}/ALL")))
            .with_context(|| format!("forecasts of {horizon} h"))?;
    }
    say!("the given scorers count the same: {checked} numbers");

    let program = out.join("parity.py");
    std::fs::write(&program, PARITY_PROGRAM).context("could not write parity.py")?;
    let parity = python(&[&program, folder, &out.join("pooled.jsonl")])?;
    let (off, worst) = (Row::of(&parity).number("off"), Row::of(&parity).number("worst"));
    say!("the prototype's scores: {parity}");
    if off != 0.0 || worst.is_nan() || worst > PARITY {
        bail!("scores differ from the prototype's by more than {PARITY}: {parity}");
    }
    Ok(Rows::of(vec![parity, json!({"table": "scorers", "numbers": checked})]))
}

fn same_counts(ours: Row<'_>, theirs: Row<'_>) -> Result<u32> {
    for (key, their_key) in [("found", "tp"), ("incidents", "incidents"), ("false", "fp")] {
        same(key, ours.number(key), theirs.number(their_key))?;
    }
    Ok(3)
}

fn same_errors(ours: Row<'_>, theirs: Row<'_>) -> Result<u32> {
    for (key, their_key) in [("relative", "relMAE"), ("in_80", "cov80"), ("in_95", "cov95")] {
        same(key, ours.number(key), theirs.number(their_key))?;
    }
    Ok(3)
}

fn same(key: &str, ours: f64, theirs: f64) -> Result<()> {
    if (ours - theirs).abs() <= SAME {
        return Ok(());
    }
    bail!("`{key}`: we count {ours}, the given scorer {theirs}");
}

/// The JSON that a program of the evaluation's environment prints.
fn python(arguments: &[&Path]) -> Result<Value> {
    let mut command = Command::new(paths::venv_program(setup::EVALUATION.name, "python")?);
    let text = process::run_quietly(command.args(arguments), "are the given programs whole?")?;
    serde_json::from_str(text.trim()).with_context(|| format!("no JSON: {text}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_alert_more_is_a_difference() {
        let ours = json!({"found": 8, "incidents": 39, "false": 0});
        let theirs = |fp: u32| json!({"tp": 8, "incidents": 39, "fp": fp});
        assert!(same_counts(Row::of(&ours), Row::of(&theirs(0))).is_ok());
        let problem = same_counts(Row::of(&ours), Row::of(&theirs(1))).unwrap_err();
        assert!(problem.to_string().contains("`false`"), "{problem}");
        assert!(same_counts(Row::of(&ours), Row::of(&Value::Null)).is_err());
    }
}
