//! What it costs to keep 6,000 series judged: 100 servers with 60 metrics, a sample a minute.

#![expect(clippy::unwrap_used, reason = "a benchmark that cannot start has nothing to say")]

use analytics::{
    Debounce, Detector, HostFusion, Judge, Rule, Sample, Settings, Side, Steps, change_points,
    fleet_outliers, score_series,
};
use divan::{Bencher, black_box};

const SERIES: usize = 6_000;
const DAYS: i64 = 28;

fn main() {
    divan::main();
}

fn load(series: i64, at: i64, slots: i64) -> f64 {
    let noise = ((at ^ series << 20) as u64).wrapping_mul(6_364_136_223_846_793_005) >> 40;
    let rhythm = (at % slots) as f64 / slots as f64 * std::f64::consts::TAU;
    30.0 + (series % 3) as f64 * 10.0 * rhythm.sin() + noise as f64 / 1_677_721.0
}

fn history(series: i64, steps: Steps) -> Vec<Sample> {
    let slots = steps.per_day() as i64;
    let values: Vec<f64> =
        (0..DAYS * slots - slots / 2).map(|at| load(series, at, slots)).collect();
    steps.samples(0, &values)
}

fn learned(steps: Steps) -> Vec<(Detector, Judge)> {
    let kinds: Vec<Detector> = (0..30)
        .map(|series| {
            Detector::learn(&history(series, steps), steps, &Settings::default()).unwrap()
        })
        .collect();
    kinds.into_iter().cycle().take(SERIES).map(|kind| (kind, Judge::new(steps))).collect()
}

/// One sample of every series: score and gates. The product does this once a step.
#[divan::bench(args = [60, 300])]
fn rescore_6000_series(bencher: Bencher, step_secs: u32) {
    let steps = Steps::new(step_secs).unwrap();
    let mut fleet = learned(steps);
    let slots = steps.per_day() as i64;
    // Up to a day and a half before it is time to learn again; then the bench starts anew.
    let first = DAYS * slots - slots / 2;
    let mut at = first;
    bencher.bench_local(|| {
        if at >= (DAYS + 1) * slots {
            fleet = learned(steps);
            at = first;
        }
        let slot = steps.at(at * i64::from(step_secs));
        let judged = (0..).zip(&mut fleet).filter_map(|(series, (detector, judge))| {
            let score = detector.push(Sample { slot, value: load(series, at, slots) })?;
            judge.push(slot, score.z)
        });
        let alarms = judged.count();
        at += 1;
        alarms
    });
}

/// Once a day and series.
#[divan::bench(args = [60, 300])]
fn learn_one_series(bencher: Bencher, step_secs: u32) {
    let steps = Steps::new(step_secs).unwrap();
    let history = history(1, steps);
    bencher.bench_local(|| Detector::learn(black_box(&history), steps, &Settings::default()));
}

/// All scores of 28 days of one series at 5 minutes.
#[divan::bench]
fn score_28_days(bencher: Bencher) {
    let steps = Steps::new(300).unwrap();
    let history = history(1, steps);
    bencher.bench_local(|| score_series(black_box(&history), steps, &Settings::default()));
}

#[divan::bench]
fn fuse_100_hosts_of_60_metrics(bencher: Bencher) {
    let scores: Vec<f64> = (0..60).map(|metric| load(metric, 3, 288)).collect();
    let mut hosts = vec![HostFusion::default(); 100];
    bencher.bench_local(|| hosts.iter_mut().filter_map(|host| host.push(&scores)).count());
}

#[divan::bench]
fn step_6000_thresholds(bencher: Bencher) {
    let mut rules = vec![Debounce::new(Rule::critical(Side::Above, 35.0, 32.0)); SERIES];
    let mut at = 0;
    bencher.bench_local(|| {
        at += 60;
        let value = Some(load(1, at, 1_440));
        rules.iter_mut().filter_map(|rule| rule.step(at, value).is_up().then_some(())).count()
    });
}

#[divan::bench]
fn change_points_of_30_days(bencher: Bencher) {
    let hours: Vec<f64> = (0..720).map(|at| load(1, at, 24)).collect();
    bencher.bench_local(|| change_points(black_box(&hours), 24));
}

#[divan::bench]
fn outliers_among_100_hosts(bencher: Bencher) {
    let values: Vec<f64> = (0..100).map(|host| load(host, 5, 288)).collect();
    bencher.bench_local(|| fleet_outliers(black_box(&values), 3.0));
}
