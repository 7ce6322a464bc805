//! What forecasts promise, and that they are those of the numpy prototype.

use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::{draws::Draws, numbers::count};

/// The candidates and the mixing of the prototype.
const PROTOTYPE: [(&str, Method); 8] = [
    ("m_snaive", Method::LastSeason),
    ("m_snaive7", Method::LastLongSeason),
    ("m_day", Method::Profile),
    ("m_day_level", Method::ProfileAndOffset),
    ("m_week", Method::LongProfile),
    ("m_des_ses", Method::SmoothedOffset),
    ("m_mean", Method::LongMedian),
    ("m_last", Method::Now),
];
const PROTOTYPE_MIXING: Mixing =
    Mixing { origins: 6, members_max: 4, power: 2.0, decay: 1.0, widening: 0.85 };

fn fixture() -> Value {
    serde_json::from_str(include_str!("../../tests/fixtures/forecast.json")).unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|value| value.as_f64().unwrap()).collect()
}

/// Within 1e-3, or within the eight digits that the fixture holds.
fn assert_same(ours: &[f64], theirs: &[f64], what: &str) {
    assert_eq!(ours.len(), theirs.len(), "{what}");
    for (step, (ours, theirs)) in ours.iter().zip(theirs).enumerate() {
        let allowed = (theirs.abs() * 5e-8).max(1e-3);
        assert!((ours - theirs).abs() <= allowed, "{what}[{step}]: {ours}, wanted {theirs}");
    }
}

/// Hours of a server: a day, calmer weekends, noise.
fn server(days: usize, seed: u64) -> Vec<f64> {
    let mut draws = Draws::new(seed);
    let mut hour = |at: usize| {
        let weekend = if (at / 24) % 7 >= 5 { 0.5 } else { 1.0 };
        40.0 + 20.0 * weekend * (count(at % 24) / 24.0 * std::f64::consts::TAU).sin()
            + 2.0 * draws.normal()
    };
    (0..24 * days).map(&mut hour).collect()
}

#[test]
fn each_candidate_is_the_prototypes() {
    for (name, series) in fixture().as_object().unwrap() {
        let values = numbers(&series["values"]);
        for (candidate, method) in PROTOTYPE {
            let ours = method.predict(&values, 24, Cadence::Hourly.seasons()).unwrap();
            let theirs = numbers(&series["candidates"][candidate]);
            assert_same(&ours, &theirs, &format!("{name}.{candidate}"));
        }
    }
}

#[test]
fn mixed_like_the_prototype_forecast_and_intervals_are_the_prototypes() {
    let methods: Vec<Method> = PROTOTYPE.iter().map(|(_, method)| *method).collect();
    for (name, series) in fixture().as_object().unwrap() {
        let values = numbers(&series["values"]);
        for horizon in [24, 168] {
            let ours = forecast_with(
                &values,
                Cadence::Hourly,
                &methods,
                horizon,
                Bounds::NONE,
                &PROTOTYPE_MIXING,
            )
            .unwrap();
            let theirs = &series[format!("h{horizon}")];
            let check = |key: &str, read: fn(&ForecastStep) -> f64, edge: usize| {
                let ours: Vec<f64> = ours.steps.iter().map(read).collect();
                let theirs = numbers(&theirs[key]);
                let inner = edge..horizon - edge;
                let what = format!("{name}.h{horizon}.{key}");
                assert_same(&ours[inner.clone()], &theirs[inner], &what);
            };
            check("mean", |step| step.point, 0);
            // The prototype takes what is beyond the horizon for 0 when it smooths the widths.
            check("lo80", |step| step.p80.low, 3);
            check("hi80", |step| step.p80.high, 3);
            check("lo95", |step| step.p95.low, 3);
            check("hi95", |step| step.p95.high, 3);
        }
    }
}

#[test]
fn intervals_hold_what_they_promise() {
    let (mut in_80, mut in_95, mut all) = (0, 0, 0);
    for seed in 0..40 {
        let values = server(29, seed);
        let (history, ahead) = values.split_at(28 * 24);
        let made = forecast(history, Cadence::Hourly, 24, Bounds::PERCENT).unwrap();
        for (truth, step) in ahead.iter().zip(&made.steps) {
            in_80 += usize::from((step.p80.low..=step.p80.high).contains(truth));
            in_95 += usize::from((step.p95.low..=step.p95.high).contains(truth));
            all += 1;
        }
    }
    let (in_80, in_95) = (count(in_80) / count(all), count(in_95) / count(all));
    assert!((0.75..=0.93).contains(&in_80), "{in_80}");
    assert!((0.92..=0.995).contains(&in_95), "{in_95}");
}

#[test]
fn the_mixture_beats_the_free_forecast_and_says_by_how_much() {
    let made = forecast(&server(28, 1), Cadence::Hourly, 24, Bounds::PERCENT).unwrap();
    assert!(made.backtest.relative().unwrap() < 0.9, "{:?}", made.backtest);
    assert_eq!(made.backtest.origins, 6);
    assert!(made.members.len() <= 6);
    assert!((made.members.iter().map(|it| it.weight).sum::<f64>() - 1.0).abs() < 1e-9);
    assert!(made.members.is_sorted_by(|one, next| one.mae <= next.mae));
}

#[test]
fn seasons_are_found_where_they_are_and_nowhere_else() {
    let made = forecast(&server(28, 2), Cadence::Hourly, 168, Bounds::PERCENT).unwrap();
    assert!(made.seasonality.has_season() && made.seasonality.has_long_season());
    let mut draws = Draws::new(3);
    let noise: Vec<f64> = (0..28 * 24).map(|_| draws.normal()).collect();
    let made = forecast(&noise, Cadence::Hourly, 24, Bounds::NONE).unwrap();
    assert!(!made.seasonality.has_season(), "{:?}", made.seasonality);
    assert!(!made.seasonality.has_long_season(), "{:?}", made.seasonality);
}

#[test]
fn too_little_history_says_how_much_is_missing() {
    let need = |hours: usize, horizon: usize| {
        forecast(&server(hours.div_ceil(24), 1)[..hours], Cadence::Hourly, horizon, Bounds::NONE)
            .unwrap_err()
    };
    let missing = need(100, 24);
    assert_eq!(missing, NotEnough { have_days: 4, need_days: 7 });
    assert_eq!(missing.missing_days(), 3);
    assert_eq!(need(20 * 24, 168).need_days, 28);
    assert_eq!(need(20 * 24, 14 * 24).need_days, 42);
    let days: Vec<f64> = (0..60).map(count).collect();
    let missing = forecast(&days, Cadence::Daily, 30, Bounds::NONE).unwrap_err();
    assert_eq!(missing, NotEnough { have_days: 60, need_days: 90 });
}

#[test]
fn a_gap_is_skipped_and_never_taken_for_zero() {
    let whole = server(28, 5);
    let mut gappy = whole.clone();
    for at in (0..gappy.len()).filter(|at| at % 11 == 0 || (300..330).contains(at)) {
        gappy[at] = f64::NAN;
    }
    let whole = forecast(&whole, Cadence::Hourly, 24, Bounds::PERCENT).unwrap();
    let gappy = forecast(&gappy, Cadence::Hourly, 24, Bounds::PERCENT).unwrap();
    for (whole, gappy) in whole.steps.iter().zip(&gappy.steps) {
        assert!((whole.point - gappy.point).abs() < 3.0, "{} {}", whole.point, gappy.point);
    }
}

#[test]
fn a_history_that_ends_in_a_long_gap_cannot_be_tested() {
    let mut values = server(28, 5);
    values[15 * 24..].fill(f64::NAN);
    let made = forecast(&values, Cadence::Hourly, 24, Bounds::PERCENT);
    assert_eq!(made, Err(NotEnough { have_days: 0, need_days: 7 }));
}

#[test]
fn a_flat_series_stays_flat() {
    let made = forecast(&[7.0; 240], Cadence::Hourly, 24, Bounds::PERCENT).unwrap();
    assert!(made.steps.iter().all(|step| (step.point - 7.0).abs() < 1e-9 && step.p95.high < 7.001));
    assert_eq!(made.backtest.relative(), None);
    assert!(!made.seasonality.has_season());
}

#[test]
fn one_spike_is_not_forecast() {
    let mut values = vec![10.0; 24 * 14];
    values[24 * 14 - 1] = 5_000.0;
    let made = forecast(&values, Cadence::Hourly, 24, Bounds::NON_NEGATIVE).unwrap();
    assert!(made.steps.iter().all(|step| (step.point - 10.0).abs() < 1e-9), "{:?}", made.steps);
}

#[test]
fn daily_values_follow_a_trend_that_fades() {
    let growing: Vec<f64> = (0..120).map(|day| 100.0 + 2.0 * count(day)).collect();
    let made = forecast(&growing, Cadence::Daily, 30, Bounds::NON_NEGATIVE).unwrap();
    let last = made.steps.last().unwrap().point;
    assert!((360.0..=398.0).contains(&last), "{last}");
    assert_eq!(made.members[0].method, Method::Trend);
}

#[test]
fn bounds_hold_the_point_and_its_intervals() {
    let full: Vec<f64> = server(14, 9).iter().map(|value| (value * 2.0).min(100.0)).collect();
    let made = forecast(&full, Cadence::Hourly, 24, Bounds::PERCENT).unwrap();
    let ends = made.steps.iter().flat_map(|step| [step.p95.low, step.point, step.p95.high]);
    assert!(ends.into_iter().all(|end| (0.0..=100.0).contains(&end)));
    let absurd = Bounds { low: 5.0, high: f64::NAN };
    assert!(forecast(&full, Cadence::Hourly, 24, absurd).is_ok());
}

#[test]
fn growth_scales_each_step_by_its_time() {
    let base = forecast(&[50.0; 240], Cadence::Hourly, 48, Bounds::NONE);
    assert!(base.is_err(), "48 hours need more than ten days");
    let base = forecast(&[50.0; 24 * 14], Cadence::Hourly, 48, Bounds::NONE).unwrap();
    let grown = base.under(&Scenario::Growth { rate: 0.44, over_steps: 48 });
    assert!((grown.steps[47].point - 72.0).abs() < 1e-6);
    assert!((grown.steps[23].point - 60.0).abs() < 1e-6, "half way: × √1.44");
    let demand = grown.demand().unwrap();
    assert!((demand.p50 - 72.0).abs() < 1e-6);
    assert!(demand.p50 <= demand.p90 && demand.p90 <= demand.p95);
    assert_eq!(base.under(&Scenario::Base), base);
    let absurd = base.under(&Scenario::Growth { rate: f64::NAN, over_steps: 0 });
    assert!(absurd.steps.iter().all(|step| step.point.is_finite()));
}

proptest! {
    // Each case tests and mixes a dozen candidates.
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_history_yields_a_finite_forecast_or_what_is_missing(
        values in prop::collection::vec(
            prop_oneof![
                8 => -1e3_f64..1e3,
                1 => Just(f64::NAN),
                1 => prop_oneof![Just(0.0), Just(1e15), Just(f64::INFINITY), Just(f64::MAX)],
            ],
            0..400,
        ),
        horizon in 0_usize..60,
    ) {
        for cadence in [Cadence::Hourly, Cadence::Daily] {
            match forecast(&values, cadence, horizon, Bounds::NONE) {
                Ok(made) => {
                    prop_assert_eq!(made.steps.len(), horizon.max(1));
                    for step in &made.steps {
                        prop_assert!(step.point.is_finite());
                        prop_assert!(step.p95.low <= step.p90.low && step.p90.low <= step.p80.low);
                        prop_assert!(step.p80.low <= step.point && step.point <= step.p80.high);
                        prop_assert!(step.p80.high <= step.p90.high);
                        prop_assert!(step.p90.high <= step.p95.high && step.p95.high.is_finite());
                    }
                }
                Err(missing) => prop_assert!(missing.have_days < missing.need_days),
            }
        }
    }

    #[test]
    fn a_forecast_moves_and_grows_with_its_series(seed in 0_u64..1_000, by in 0.1_f64..1e6) {
        let values = server(14, seed);
        let base = forecast(&values, Cadence::Hourly, 24, Bounds::NONE).unwrap();
        let scaled: Vec<f64> = values.iter().map(|value| value * by + 3.0 * by).collect();
        let scaled = forecast(&scaled, Cadence::Hourly, 24, Bounds::NONE).unwrap();
        for (base, scaled) in base.steps.iter().zip(&scaled.steps) {
            prop_assert!((scaled.point / by - 3.0 - base.point).abs() < 1e-3);
        }
    }
}
