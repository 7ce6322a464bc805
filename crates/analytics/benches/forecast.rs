//! What one answer costs: a forecast, a date of exhaustion, a comparison, a pair's correlation.

use analytics::{
    Better, Bounds, Cadence, Terms, compare_days, correlate, forecast, time_to_exhaustion,
};
use divan::{Bencher, black_box};

fn main() {
    divan::main();
}

/// Values with a day, a slope and noise from a linear congruential generator.
fn series(steps: u32, day: u32, slope: f64) -> Vec<f64> {
    let mut bits = 1_u32;
    let step = |at: u32| {
        bits = bits.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let noise = f64::from(bits >> 8) / f64::from(1 << 24);
        let shape = (f64::from(at % day) / f64::from(day) * std::f64::consts::TAU).sin();
        40.0 + 10.0 * shape + slope * f64::from(at) + noise
    };
    (0..steps).map(step).collect()
}

#[divan::bench(args = [24, 168])]
fn forecast_of_28_days(bencher: Bencher<'_, '_>, horizon: usize) {
    let history = series(28 * 24, 24, 0.0);
    bencher.bench(|| forecast(black_box(&history), Cadence::Hourly, horizon, Bounds::PERCENT));
}

#[divan::bench]
fn exhaustion_of_30_days(bencher: Bencher<'_, '_>) {
    let history = series(30 * 24, 24, 0.02);
    bencher.bench(|| time_to_exhaustion(black_box(&history), 100.0, 1));
}

#[divan::bench]
fn comparison_of_a_day_with_seven(bencher: Bencher<'_, '_>) {
    let history = series(8 * 288, 288, 0.0);
    let terms = Terms { better: Better::Lower, floor: 1.0, seed: 1 };
    bencher.bench(|| {
        let mut days: Vec<&[f64]> = black_box(&history).chunks_exact(288).collect();
        days.pop().map(|day| compare_days(&days, day, &terms))
    });
}

#[divan::bench]
fn correlation_of_seven_days(bencher: Bencher<'_, '_>) {
    let (left, right) = (series(7 * 288, 288, 0.0), series(7 * 288, 144, 0.0));
    bencher.bench(|| correlate(black_box(&left), black_box(&right), &[], 288));
}
