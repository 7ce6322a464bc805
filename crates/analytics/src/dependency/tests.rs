//! What correlations promise, and that they are those of numpy.

use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::draws::Draws;

/// Five days of a walk with a shared day, as 5-minute values.
fn walk(own: &[f64], day: f64) -> Vec<f64> {
    let mut level = 0.0;
    let mut at = |(step, own): (usize, &f64)| {
        level += own;
        level + day * (count(step % 288) / 288.0 * std::f64::consts::TAU).sin()
    };
    own.iter().enumerate().map(&mut at).collect()
}

fn noise(seed: u64) -> Vec<f64> {
    let mut draws = Draws::new(seed);
    (0..5 * 288).map(|_| draws.normal()).collect()
}

fn mixed(one: &[f64], share: f64, other: &[f64]) -> Vec<f64> {
    let rest = (1.0 - share * share).sqrt();
    one.iter().zip(other).map(|(one, other)| share * one + rest * other).collect()
}

#[test]
fn lagged_and_partial_correlation_are_those_of_numpy() {
    let fixture: Value =
        serde_json::from_str(include_str!("../../tests/fixtures/dependency.json")).unwrap();
    let series = fixture["series"].as_array().unwrap().iter();
    let series: Vec<Vec<f64>> = series
        .map(|one| one.as_array().unwrap().iter().map(|it| it.as_f64().unwrap()).collect())
        .collect();
    let ours = correlate(&series[0], &series[1], &[&series[2]], 0).unwrap();
    assert!((ours.r - fixture["r"].as_f64().unwrap()).abs() < 1e-6, "{ours:?}");
    assert!((ours.partial - fixture["partial"].as_f64().unwrap()).abs() < 1e-6, "{ours:?}");
    assert_eq!((ours.lag_steps, ours.pairs), (0, 399));
}

#[test]
fn a_shared_day_is_no_dependency() {
    let (one, other) = (walk(&noise(1), 400.0), walk(&noise(2), 400.0));
    let found = correlate(&one, &other, &[], 288).unwrap();
    assert!(found.r.abs() < 0.15, "{found:?}");
    assert!(hypotheses(&[&one, &other], &[], 288).is_empty());
    assert!(correlate(&one, &other, &[], 0).unwrap().r > 0.9, "unless the day is left in");
}

#[test]
fn a_true_pair_is_listed_and_a_common_cause_is_not() {
    let cause = noise(1);
    let (caller, service) = (noise(2), noise(3));
    let service = mixed(&caller, 0.95, &service);
    let (busy, idle) = (mixed(&cause, 0.95, &noise(4)), mixed(&cause, 0.95, &noise(5)));
    let all: Vec<Vec<f64>> = [caller, service, busy, idle].iter().map(|it| walk(it, 9.0)).collect();
    let all: Vec<&[f64]> = all.iter().map(Vec::as_slice).collect();
    let cause = walk(&cause, 9.0);
    let found = hypotheses(&all, &[&cause], 288);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!((found[0].left, found[0].right), (0, 1));
    assert_eq!(hypotheses(&all, &[], 288).len(), 2, "unless the cause is not known");
}

#[test]
fn what_held_in_one_half_only_is_no_hypothesis() {
    let one = noise(1);
    let mut other = noise(2);
    other[..700].copy_from_slice(&one[..700]);
    other.iter_mut().take(700).for_each(|it| *it *= 3.0);
    let mut strong = one.clone();
    strong.iter_mut().take(700).for_each(|it| *it *= 3.0);
    let (one, other) = (walk(&strong, 0.0), walk(&other, 0.0));
    let found = correlate(&one, &other, &[], 288).unwrap();
    assert!(found.r > 0.8 && !found.is_stable(), "{found:?}");
    assert!(hypotheses(&[&one, &other], &[], 288).is_empty());
}

#[test]
fn short_and_flat_series_have_no_correlation() {
    let walk = walk(&noise(1), 0.0);
    assert_eq!(correlate(&walk, &[5.0; 1_440], &[], 288), None);
    assert_eq!(correlate(&walk[..280], &walk[..280], &[], 288), None);
    assert_eq!(correlate(&[], &[], &[], 0), None);
    let found = correlate(&walk, &walk, &[&[5.0; 1_440]], 288).unwrap();
    assert!((found.partial - 0.8).abs() < 1e-9, "a flat covariate explains nothing");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_series_correlate_within_their_limits(
        values in prop::collection::vec(
            prop_oneof![
                8 => -1e3_f64..1e3, 1 => Just(f64::NAN), 1 => Just(1e15), 1 => Just(f64::INFINITY),
            ],
            0..1_400,
        ),
        shift in 0_usize..10,
    ) {
        let other = &values[shift.min(values.len())..];
        let found = correlate(&values, other, &[other], 100);
        if let Some(found) = found {
            prop_assert!(found.r.abs() <= 1.0 && found.partial.abs() <= 1.0);
            prop_assert!((0.0..=1.0).contains(&found.p));
        }
        let listed = hypotheses(&[&values, other], &[], 100);
        prop_assert!(listed.len() <= 1);
    }
}
