//! Forecasts of the hourly corpus, scored against the seasonal naive forecast as
//! `score_forecast.py` does.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{BufWriter, Write},
    path::Path,
    time::{Duration, Instant},
};

use analytics::{Band, Bounds, Cadence, ForecastStep, forecast};
use serde_json::{Value, json};

use crate::{Result, count, mean, share};

const SEASON: usize = 24;

#[derive(Default)]
struct Scores {
    /// ln(error / error of the seasonal naive forecast).
    relative: Vec<f64>,
    wins: Vec<bool>,
    in_80: Vec<f64>,
    in_95: Vec<f64>,
    failed: usize,
    took: Duration,
}

pub(crate) fn evaluate(series: &str, output: &Path, rows: &mut Vec<Value>) -> Result<()> {
    let mut out = BufWriter::new(File::create(output)?);
    let mut scores: BTreeMap<(usize, String), Scores> = BTreeMap::new();
    for line in series.lines() {
        let series = &serde_json::from_str::<Value>(line)?;
        let values = numbers(&series["values"]);
        let name = series["series"].as_str().unwrap_or_default();
        let group = series["group"].as_str().unwrap_or_default();
        for task in series["tasks"].as_array().into_iter().flatten() {
            let (Some(origin), Some(h)) = (number(&task["origin"]), number(&task["h"])) else {
                return Err(format!("{name}: a task without origin or h").into());
            };
            let (history, ahead) = values.split_at(origin);
            let start = Instant::now();
            let made = forecast(history, Cadence::Hourly, h, Bounds::NONE);
            let took = start.elapsed();
            for group in ["ALL", group] {
                let scores = scores.entry((h, group.to_owned())).or_default();
                scores.took += took;
                match &made {
                    Ok(made) => scores.add(history, ahead, &made.steps),
                    Err(_) => scores.failed += 1,
                }
            }
            match made {
                Ok(made) => writeln!(out, "{}", line_of(name, origin, h, &made.steps))?,
                Err(error) => println!("no forecast of {name} at {origin}: {error}"),
            }
        }
    }
    println!("forecasts: errors relative to seasonal naive, coverage of the intervals");
    println!("   h group        tasks relMAE   win  cov80  cov95 failed  ms");
    for ((h, group), it) in &scores {
        println!(
            "{h:4} {group:12} {:5} {:6.3} {:5.2} {:6.3} {:6.3} {:6} {:4.2}",
            it.relative.len(),
            mean(&it.relative).exp(),
            share(&it.wins),
            mean(&it.in_80),
            mean(&it.in_95),
            it.failed,
            it.took.as_secs_f64() * 1e3 / count(it.in_80.len() + it.failed),
        );
        rows.push(json!({
            "table": "forecast", "set": h.to_string(), "rule": group, "tasks": it.in_80.len(),
            "relative": mean(&it.relative).exp(), "win": share(&it.wins),
            "in_80": mean(&it.in_80), "in_95": mean(&it.in_95), "failed": it.failed,
        }));
    }
    Ok(())
}

impl Scores {
    fn add(&mut self, history: &[f64], ahead: &[f64], steps: &[ForecastStep]) {
        let naive = history.iter().skip(history.len() - SEASON).cycle();
        let error = |made: &mut dyn Iterator<Item = f64>| {
            mean(
                &ahead
                    .iter()
                    .zip(made)
                    .map(|(y, made)| (y - made).abs())
                    .take(steps.len())
                    .collect::<Vec<_>>(),
            )
        };
        let ours = error(&mut steps.iter().map(|step| step.point));
        let naive = error(&mut naive.copied());
        if ours > 0.0 && naive > 0.0 {
            self.relative.push((ours / naive).ln());
        }
        self.wins.push(ours < naive);
        let inside = |band: fn(&ForecastStep) -> Band| {
            let hits = ahead.iter().zip(steps).map(|(y, step)| {
                let band = band(step);
                *y >= band.low && *y <= band.high
            });
            share(&hits.collect::<Vec<_>>())
        };
        self.in_80.push(inside(|step| step.p80));
        self.in_95.push(inside(|step| step.p95));
    }
}

fn line_of(series: &str, origin: usize, h: usize, steps: &[ForecastStep]) -> Value {
    let all = |read: fn(&ForecastStep) -> f64| steps.iter().map(read).collect::<Vec<f64>>();
    json!({
        "series": series, "origin": origin, "h": h,
        "mean": all(|step| step.point),
        "lo80": all(|step| step.p80.low), "hi80": all(|step| step.p80.high),
        "lo95": all(|step| step.p95.low), "hi95": all(|step| step.p95.high),
    })
}

fn number(value: &Value) -> Option<usize> {
    usize::try_from(value.as_u64()?).ok()
}

fn numbers(values: &Value) -> Vec<f64> {
    let values = values.as_array().into_iter().flatten();
    values.map(|value| value.as_f64().unwrap_or(f64::NAN)).collect()
}
