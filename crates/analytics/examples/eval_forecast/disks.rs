//! Dates of exhaustion of simulated disks whose true date is known: 30 days of hours, then 150
//! days of future. The first five shapes are those of `exp_capacity.py`. The others came later:
//! growth on working days only and growth by batches led to changes of the method, so they are
//! no independent test of it; logs that are rotated once a week led to none.

use analytics::{Outlook, TimeLeft, time_to_exhaustion};

use serde_json::{Value, json};

use crate::{count, mean, share, wilson};

const HISTORY: usize = 24 * 30;
const TRIALS: u64 = 600;
const SHAPES: [&str; 5] = ["linear", "saw", "step", "accel", "flat"];
const OTHER_SHAPES: [&str; 3] = ["weekday", "batch", "rotate"];

/// SplitMix64, so that the disks are the same on every machine.
struct Random(u64);

impl Random {
    fn uniform(&mut self, low: f64, high: f64) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^= bits >> 31;
        let bits = u32::try_from(bits >> 32).unwrap_or_default();
        low + (high - low) * f64::from(bits) / (f64::from(u32::MAX) + 1.0)
    }

    fn normal(&mut self, deviation: f64) -> f64 {
        let radius = (-2.0 * (1.0 - self.uniform(0.0, 1.0)).ln()).sqrt();
        deviation * radius * (std::f64::consts::TAU * self.uniform(0.0, 1.0)).cos()
    }
}

/// Hours of a disk in percent, and the days from the end of its history until it is full: `None`
/// when it was full before.
fn disk(shape: &str, random: &mut Random) -> Option<(Vec<f64>, f64)> {
    let rate = random.uniform(0.2, 2.0);
    let start = random.uniform(20.0, 60.0);
    let saw = random.uniform(1.5, 6.0);
    let step_at = random.uniform(5.0, 28.0);
    let step = random.uniform(10.0, 25.0);
    let turn = random.uniform(15.0, 25.0);
    let (mut drift, mut batches) = (0.0, 0.0);
    let mut hour = |at: usize| {
        let day = count(at) / 24.0;
        drift += 0.3 * random.normal(0.03 * rate);
        let noise = drift + random.normal(0.1);
        // A batch every other day on the mean, at any hour, of rate to three times it.
        if random.uniform(0.0, 1.0) < 1.0 / 48.0 {
            batches += rate * random.uniform(1.0, 3.0);
        }
        start
            + match shape {
                "saw" => rate * day + noise + saw * day.fract(),
                "step" => 0.1 * rate * day + noise + if day > step_at { step } else { 0.0 },
                "accel" => 0.2 * rate * day + (day - turn).max(0.0) * rate + noise,
                "weekday" => {
                    let working = 5.0 * (day / 7.0).floor() + (day % 7.0).min(5.0);
                    rate * working * 1.4 + noise
                }
                "batch" => batches + noise,
                // At most 60 + 7 · 2 · 2 + noise: never full.
                "rotate" => 2.0 * rate * ((day + turn) % 7.0) + noise,
                "flat" => 0.5 * noise + random.normal(0.5),
                _ => rate * day + noise,
            }
    };
    let hours: Vec<f64> = (0..6 * HISTORY).map(&mut hour).collect();
    let full = hours.iter().position(|percent| *percent >= 100.0);
    let left = match full {
        Some(at) => (count(at.checked_sub(HISTORY + 1)?) + 1.0) / 24.0,
        None => f64::INFINITY,
    };
    Some((hours.into_iter().take(HISTORY).collect(), left))
}

#[derive(Default)]
struct Scores {
    errors: Vec<f64>,
    covered: Vec<bool>,
    widths: Vec<f64>,
    alarms: Vec<bool>,
}

pub(crate) fn evaluate(rows: &mut Vec<Value>) {
    println!("\ntime to exhaustion: {TRIALS} disks of each shape");
    println!("shape    med.error cover90 (95 % bounds)  width med/mean d  false <30 d  (n, n)");
    let mut all = Scores::default();
    for shape in SHAPES {
        let mut scores = Scores::of(shape);
        scores.print(shape);
        rows.push(scores.row(shape));
        all.errors.append(&mut scores.errors);
        all.covered.append(&mut scores.covered);
        all.widths.append(&mut scores.widths);
        all.alarms.append(&mut scores.alarms);
    }
    all.print("all five");
    rows.push(all.row("all five"));
    for shape in OTHER_SHAPES {
        let scores = Scores::of(shape);
        scores.print(shape);
        rows.push(scores.row(shape));
    }
}

impl Scores {
    fn of(shape: &str) -> Self {
        let mut scores = Self::default();
        for trial in 0..TRIALS {
            let mut random = Random(trial * 1_000_003 + 17);
            if let Some((hours, left)) = disk(shape, &mut random) {
                scores.add(&hours, left, trial);
            }
        }
        scores
    }

    fn add(&mut self, hours: &[f64], left: f64, seed: u64) {
        let days = |time| if let TimeLeft::Days(days) = time { days } else { f64::INFINITY };
        let outlook = time_to_exhaustion(hours, 100.0, seed).map(|it| it.outlook);
        let (low, middle, high) = match outlook {
            Ok(Outlook::Fills { p5, p50, p95 }) => (days(p5), days(p50), days(p95)),
            Ok(Outlook::Full) => (0.0, 0.0, 0.0),
            Ok(Outlook::NotGrowing) | Err(_) => (f64::INFINITY, f64::INFINITY, f64::INFINITY),
        };
        if left < 120.0 {
            self.errors.push((middle.min(365.0) - left).abs() / left);
            self.covered.push(low <= left && left <= high);
            self.widths.push(high.min(180.0) - low.min(180.0));
        }
        if left > 60.0 {
            self.alarms.push(middle < 30.0);
        }
    }

    fn row(&self, shape: &str) -> Value {
        let covered = self.covered.iter().filter(|it| **it).count();
        let alarms = self.alarms.iter().filter(|it| **it).count();
        json!({
            "table": "exhaustion", "set": shape, "error": analytics::median(&self.errors),
            "disks": self.covered.len(), "covered": covered,
            "width_days": analytics::median(&self.widths),
            "calm": self.alarms.len(), "false": alarms,
        })
    }

    fn print(&self, shape: &str) {
        let middle = |values: &[f64]| analytics::median(values).unwrap_or(f64::NAN);
        let (low, high) = wilson(&self.covered);
        println!(
            "{shape:8} {:8.3} {:7.3} ({low:.3}-{high:.3})  {:13.2} / {:5.2} {:9.3}     ({}, {})",
            middle(&self.errors),
            share(&self.covered),
            middle(&self.widths),
            mean(&self.widths),
            share(&self.alarms),
            self.covered.len(),
            self.alarms.len(),
        );
    }
}
