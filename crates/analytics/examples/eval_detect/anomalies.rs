//! Event scores of the raw scores, each set at its best threshold, and of the one shipped policy.

use std::error::Error;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use analytics::{
    HostFusion, Judge, MOfN, Scale, Settings, Severity, kth_largest, quantile, score_series,
};
use serde_json::{Value, json};

use crate::corpus::Item;
use crate::events::{Tally, tally};
use crate::wilson;

/// Sets whose scores are compared one by one.
const COMPARED: [&str; 3] = ["nab", "msft", "donut"];
const SETS: [&str; 6] = ["nab", "msft", "donut", "aiops", "asd", "smd"];
/// Ranks among the metrics of a host that are tried for its raw score.
const RANKS: [usize; 5] = [1, 2, 3, 5, 8];
const RULES: [(u32, u32); 4] = [(1, 1), (2, 3), (3, 5), (5, 10)];
const THRESHOLDS: usize = 36;

/// Scores of an item: one row per time, one column per metric, NaN for none.
struct Scored<'a> {
    item: &'a Item,
    rows: Vec<Vec<f64>>,
}

impl Scored<'_> {
    fn is_host(&self) -> bool {
        self.item.columns.len() > 1
    }

    /// The `rank`-th largest of each time; 0 for none.
    fn fused(&self, rank: usize) -> Vec<f64> {
        let rank = if self.is_host() { rank } else { 1 };
        self.rows.iter().map(|row| kth_largest(row, rank).unwrap_or(0.0)).collect()
    }
}

pub(crate) fn report(
    items: &[Item],
    out: Option<&Path>,
    rows: &mut Vec<Value>,
) -> Result<(), Box<dyn Error>> {
    for scale in [Scale::Pooled, Scale::Daily] {
        let (scored, took) = score(items, scale);
        let points: usize = items.iter().map(|item| item.times.len() * item.columns.len()).sum();
        let each = took.as_secs_f64() * 1e6 / points as f64;
        println!("\n## Scale::{scale:?}: {points} points, {each:.2} µs each");
        let best = best_rules(&scored);
        print_best(&best);
        rows.extend(best.iter().map(|it| {
            let table = format!("best, {scale:?}").to_lowercase();
            it.counts.row(&table, it.set, &it.rule.to_string())
        }));
        match (scale, out) {
            (Scale::Daily, _) => {
                policy(&scored, rows);
                if let Some(out) = out {
                    write(&scored, &best, out)?;
                }
            }
            (Scale::Pooled, Some(out)) => write_scores(&scored, out)?,
            (Scale::Pooled, None) => {}
        }
    }
    Ok(())
}

fn score(items: &[Item], scale: Scale) -> (Vec<Scored<'_>>, Duration) {
    let settings = Settings { scale, ..Settings::default() };
    let mut took = Duration::ZERO;
    let mut scored = Vec::new();
    for item in items {
        let mut rows = vec![Vec::with_capacity(item.columns.len()); item.times.len()];
        for column in &item.columns {
            let samples = item.samples(column);
            let begun = Instant::now();
            let scores = score_series(&samples, item.steps, &settings);
            took += begun.elapsed();
            for (row, score) in rows.iter_mut().zip(scores) {
                row.push(score.map_or(f64::NAN, |score| score.z));
            }
        }
        scored.push(Scored { item, rows });
    }
    (scored, took)
}

/// When a score is an alert.
#[derive(Clone, Copy)]
struct Rule {
    threshold: f64,
    /// So many of so many samples.
    sustained: (u32, u32),
    /// Among the metrics of a host.
    rank: usize,
}

impl std::fmt::Display for Rule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (m, n) = self.sustained;
        write!(f, "z >= {:.2} {m}/{n} rank {}", self.threshold, self.rank)
    }
}

/// What a set gets at best.
struct Best {
    set: &'static str,
    counts: Tally,
    rule: Rule,
}

/// The best F1 per set over thresholds, m of n, and ranks.
fn best_rules(scored: &[Scored<'_>]) -> Vec<Best> {
    let none = Rule { threshold: f64::INFINITY, sustained: (1, 1), rank: 1 };
    let best = |set: &'static str| {
        let members: Vec<&Scored<'_>> = scored.iter().filter(|one| one.item.set() == set).collect();
        let ranks = if members.iter().any(|one| one.is_host()) { &RANKS[..] } else { &RANKS[..1] };
        let mut best = Best { set, counts: Tally::default(), rule: none };
        for &rank in ranks {
            let fused: Vec<Vec<f64>> = members.iter().map(|one| one.fused(rank)).collect();
            for threshold in thresholds(&fused) {
                for sustained in RULES {
                    let rule = Rule { threshold, sustained, rank };
                    let mut counts = Tally::default();
                    for (one, scores) in members.iter().zip(&fused) {
                        counts.add(tally(flags(one.item, scores, rule), &one.item.labels));
                    }
                    if counts.f1() > best.counts.f1() {
                        best = Best { set, counts, rule };
                    }
                }
            }
        }
        best
    };
    SETS.into_iter().map(best).collect()
}

fn print_best(best: &[Best]) {
    println!("set    F1    P     R     found/of  false  a day   rule");
    for Best { set, counts, rule } in best {
        println!(
            "{set:6} {:.3} {:.3} {:.3} {:>5}/{:<5} {:5} {:7.4} {rule}",
            counts.f1(),
            counts.precision(),
            counts.recall(),
            counts.found,
            counts.incidents,
            counts.false_alerts,
            counts.false_per_day(),
        );
    }
    let sum: f64 = best.iter().map(|it| it.counts.f1()).sum();
    println!("mean   {:.3}", sum / best.len() as f64);
}

fn thresholds(fused: &[Vec<f64>]) -> Vec<f64> {
    let positive: Vec<f64> = fused.iter().flatten().copied().filter(|z| *z > 0.0).collect();
    let steps = (THRESHOLDS - 1) as f64;
    let share = |at: usize| 2e-6 * (0.1_f64 / 2e-6).powf(at as f64 / steps);
    let mut found: Vec<f64> =
        (0..THRESHOLDS).filter_map(|at| quantile(&positive, 1.0 - share(at))).collect();
    found.dedup();
    found
}

/// The times at which a rule holds.
fn flags<'a>(item: &'a Item, scores: &'a [f64], rule: Rule) -> impl Iterator<Item = i64> + 'a {
    let (m, n) = rule.sustained;
    let mut sustained = MOfN::new(m, n);
    let holds = move |z: f64| sustained.as_mut().is_some_and(|it| it.push(z >= rule.threshold));
    let mut holds = holds;
    item.times.iter().zip(scores).filter(move |(_, z)| holds(**z)).map(|(at, _)| *at)
}

/// Verdicts of the shipped gates, one per time.
fn verdicts(one: &Scored<'_>) -> Vec<Option<Severity>> {
    let mut judge = Judge::new(one.item.steps);
    let mut host = HostFusion::default();
    let judged = one.item.times.iter().zip(&one.rows).map(|(&at, row)| {
        let z = if one.is_host() { host.push(row) } else { row.first().copied() };
        judge.push(one.item.steps.at(at), z?)
    });
    judged.collect()
}

fn policy(scored: &[Scored<'_>], rows: &mut Vec<Value>) {
    println!("\none policy for all series; hosts: third-largest score, peaks of two samples");
    println!("severity    set    P     >=    R     found/of  false  a day");
    let judged: Vec<Vec<Option<Severity>>> = scored.iter().map(verdicts).collect();
    for least in [Severity::Info, Severity::Warning, Severity::Critical] {
        for set in SETS {
            let mut counts = Tally::default();
            for (one, verdicts) in
                scored.iter().zip(&judged).filter(|(one, _)| one.item.set() == set)
            {
                let flagged = one.item.times.iter().zip(verdicts);
                let flagged = flagged.filter(|(_, verdict)| **verdict >= Some(least));
                counts.add(tally(flagged.map(|(at, _)| *at), &one.item.labels));
            }
            rows.push(counts.row("policy", set, &format!("{least:?}").to_lowercase()));
            println!(
                "{:11} {set:6} {:.3} {:.3} {:.3} {:>5}/{:<5} {:5} {:7.4}",
                format!("{least:?}"),
                counts.precision(),
                wilson(counts.found, counts.found + counts.false_alerts),
                counts.recall(),
                counts.found,
                counts.incidents,
                counts.false_alerts,
                counts.false_per_day(),
            );
        }
    }
}

/// Detections as JSON lines: at the best rule of each set, and one file per severity.
fn write(scored: &[Scored<'_>], best: &[Best], out: &Path) -> Result<(), Box<dyn Error>> {
    let detected = |one: &Scored<'_>, at: i64| json!({"series": one.item.key, "timestamp": at, "is_anomaly": true});
    let mut file = BufWriter::new(File::create(out.join("best.jsonl"))?);
    for one in scored {
        for Best { rule, .. } in best.iter().filter(|it| it.set == one.item.set()) {
            for at in flags(one.item, &one.fused(rule.rank), *rule) {
                writeln!(file, "{}", detected(one, at))?;
            }
        }
    }
    for least in [Severity::Info, Severity::Warning, Severity::Critical] {
        let name = format!("{least:?}.jsonl").to_lowercase();
        let mut file = BufWriter::new(File::create(out.join(name))?);
        for one in scored {
            for (at, verdict) in one.item.times.iter().zip(verdicts(one)) {
                if verdict >= Some(least) {
                    writeln!(file, "{}", detected(one, *at))?;
                }
            }
        }
    }
    Ok(())
}

/// Every score of the sets with one metric a series but the largest, for a comparison with those of
/// the prototype.
fn write_scores(scored: &[Scored<'_>], out: &Path) -> Result<(), Box<dyn Error>> {
    let mut file = BufWriter::new(File::create(out.join("pooled.jsonl"))?);
    for one in scored.iter().filter(|one| COMPARED.contains(&one.item.set())) {
        for (at, z) in one.item.times.iter().zip(one.fused(1)) {
            writeln!(file, "{}", json!({"series": one.item.key, "timestamp": at, "score": z}))?;
        }
    }
    Ok(())
}
