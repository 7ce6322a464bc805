//! What comparisons promise, and that their statistics are those of numpy and scipy.

use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::numbers::count;

const TERMS: Terms = Terms { better: Better::Lower, floor: 0.0, seed: 1 };

fn fixture() -> Value {
    serde_json::from_str(include_str!("../../tests/fixtures/compare.json")).unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|value| value.as_f64().unwrap()).collect()
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap()
}

/// A day of 5-minute values around a level, with a shape of the day and noise.
fn day(level: f64, noise: f64, seed: u64) -> Vec<f64> {
    let mut draws = Draws::new(seed);
    let shape = |slot: usize| (count(slot) / 288.0 * std::f64::consts::TAU).sin();
    (0..288).map(|slot| level * (1.0 + 0.3 * shape(slot)) + noise * draws.normal()).collect()
}

fn week(level: f64, noise: f64, between: f64, seed: u64) -> Vec<Vec<f64>> {
    let mut draws = Draws::new(seed);
    (0..7).map(|at| day(level + between * draws.normal(), noise, seed * 100 + at)).collect()
}

fn slices(days: &[Vec<f64>]) -> Vec<&[f64]> {
    days.iter().map(Vec::as_slice).collect()
}

#[test]
fn shifts_of_days_are_the_prototypes() {
    for case in fixture()["days"].as_array().unwrap() {
        let baseline: Vec<Vec<f64>> =
            case["baseline"].as_array().unwrap().iter().map(numbers).collect();
        let answer = compare_days(&slices(&baseline), &numbers(&case["day"]), &TERMS);
        assert!((answer.shift.unwrap() - number(&case["shift"])).abs() < 1e-6);
        let (shifts, _) = left_out(&slices(&baseline));
        for (ours, theirs) in shifts.iter().zip(numbers(&case["shifts"])) {
            assert!((ours - theirs).abs() < 1e-6, "{ours} {theirs}");
        }
    }
}

#[test]
fn ranks_and_adjusted_p_values_are_those_of_scipy() {
    let fixture = fixture();
    for case in fixture["ranks"].as_array().unwrap() {
        let test = mann_whitney(&numbers(&case["before"]), &numbers(&case["after"])).unwrap();
        assert_eq!(test.u, number(&case["u"]));
        assert!((test.p - number(&case["p"])).abs() < 1e-7, "{test:?}");
    }
    let ours = adjust_p_values(&numbers(&fixture["p_values"]));
    for (ours, theirs) in ours.iter().zip(numbers(&fixture["adjusted"])) {
        assert!((ours - theirs).abs() < 1e-7);
    }
}

#[test]
fn a_day_like_the_others_is_no_change_and_a_fifth_more_is() {
    let (mut called, mut found) = (0, 0);
    for seed in 1..=50 {
        let baseline = week(50.0, 2.0, 1.0, seed);
        let mut draws = Draws::new(seed + 7_000);
        let today = day(50.0 + draws.normal(), 2.0, seed + 9_000);
        called += usize::from(
            compare_days(&slices(&baseline), &today, &TERMS).verdict != Verdict::NoChange,
        );
        let more: Vec<f64> = today.iter().map(|value| value * 1.2).collect();
        let answer = compare_days(&slices(&baseline), &more, &TERMS);
        found += usize::from(answer.verdict == Verdict::Worse);
        let interval = answer.interval.unwrap();
        assert!(interval.low <= answer.shift.unwrap() && answer.shift.unwrap() <= interval.high);
    }
    assert!(called <= 1, "{called} of 50");
    assert!(found >= 48, "{found} of 50");
}

#[test]
fn better_and_worse_depend_on_which_way_is_up() {
    let baseline = week(50.0, 1.0, 0.5, 3);
    let more = day(70.0, 1.0, 4);
    let say = |better| compare_days(&slices(&baseline), &more, &Terms { better, ..TERMS }).verdict;
    assert_eq!(say(Better::Lower), Verdict::Worse);
    assert_eq!(say(Better::Higher), Verdict::Better);
    assert_eq!(say(Better::Neither), Verdict::Changed);
}

#[test]
fn a_shift_below_the_floor_is_none() {
    let baseline = week(1.0, 0.01, 0.0, 3);
    let more = day(1.2, 0.01, 4);
    let say = |floor| compare_days(&slices(&baseline), &more, &Terms { floor, ..TERMS }).verdict;
    assert_eq!(say(0.1), Verdict::Worse);
    assert_eq!(say(1.0), Verdict::NoChange);
}

#[test]
fn one_incident_among_the_baseline_days_does_not_blind_the_test() {
    let mut baseline = week(50.0, 2.0, 0.5, 6);
    baseline[3].iter_mut().for_each(|value| *value *= 3.0);
    let more = day(60.0, 2.0, 9);
    assert_eq!(compare_days(&slices(&baseline), &more, &TERMS).verdict, Verdict::Worse);
}

#[test]
fn what_cannot_be_told_is_not_called_the_same() {
    let two = week(50.0, 1.0, 1.0, 1);
    let answer = compare_days(&slices(&two[..2]), &two[2], &TERMS);
    let days = Untestable::Days { have: 2, need: 3 };
    assert_eq!(answer.verdict, Verdict::NotTestable(days));
    let mut gappy = two[2].clone();
    gappy[20..].fill(f64::NAN);
    let answer = compare_days(&slices(&two), &gappy, &TERMS);
    let values = Untestable::Values { have: 20, need: 30 };
    assert_eq!(answer.verdict, Verdict::NotTestable(values));
    let wild: Vec<Vec<f64>> =
        [5.0, 200.0, 40.0, 900.0, 90.0].iter().map(|level| day(*level, 1.0, 2)).collect();
    let answer = compare_days(&slices(&wild), &day(80.0, 1.0, 3), &TERMS);
    assert_eq!(answer.verdict, Verdict::NotTestable(Untestable::DaysDiffer));
    assert!(answer.smallest_told.unwrap() > 80.0);
}

#[test]
fn a_chance_among_many_metrics_is_no_finding() {
    let mut draws = Draws::new(5);
    let noise: Vec<Vec<f64>> =
        (0..80).map(|_| (0..40).map(|_| 10.0 + draws.normal()).collect()).collect();
    let metrics: Vec<Windows<'_>> = noise
        .chunks_exact(2)
        .map(|pair| Windows { before: &pair[0], after: &pair[1], terms: TERMS })
        .collect();
    let answers = compare_windows(&metrics);
    assert_eq!(answers.len(), 40);
    assert!(answers.iter().all(|answer| answer.verdict == Verdict::NoChange));
    assert!(answers.iter().all(|answer| answer.p.unwrap() <= 1.0));
}

#[test]
fn short_windows_are_not_testable_and_keep_their_place() {
    let (long, short) = ([1.0; 40], [1.0; 10]);
    let windows = |before| Windows { before, after: &long, terms: TERMS };
    let answers = compare_windows(&[windows(&short), windows(&long)]);
    let values = Untestable::Values { have: 10, need: 30 };
    assert_eq!(answers[0].verdict, Verdict::NotTestable(values));
    assert_eq!((answers[1].verdict, answers[1].shift), (Verdict::NoChange, Some(0.0)));
    assert!(compare_windows(&[]).is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_days_are_compared_without_a_panic(
        days in prop::collection::vec(
            prop::collection::vec(
                prop_oneof![
                    6 => -1e3_f64..1e3, 1 => Just(0.0), 1 => Just(1e15), 1 => Just(f64::NAN),
                    1 => Just(f64::INFINITY),
                ],
                0..80,
            ),
            0..6,
        ),
    ) {
        if let Some((day, baseline)) = days.split_last() {
            let answer = compare_days(&slices(baseline), day, &TERMS);
            prop_assert!(answer.shift.is_none_or(f64::is_finite));
            prop_assert!(answer.delta.is_none_or(|delta| delta.abs() <= 1.0));
            let before = baseline.first().map(Vec::as_slice).unwrap_or_default();
            let windows = compare_windows(&[Windows { before, after: day, terms: TERMS }]);
            prop_assert!(windows[0].p.is_none_or(|p| (0.0..=1.0).contains(&p)));
        }
    }
}
