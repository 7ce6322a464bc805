use proptest::prelude::*;

use super::*;

fn steps() -> Steps {
    Steps::new(1_800).unwrap()
}

/// A rhythm of the day with a little noise.
fn usual(at: i64) -> f64 {
    let noise = (at as u64).wrapping_mul(6_364_136_223_846_793_005) >> 40;
    50.0 + 20.0 * ((at % 48) as f64 / 7.6).sin() + noise as f64 / 8_388_608.0
}

fn zs(values: &[f64], settings: &Settings) -> Vec<f64> {
    let scores = score_series(&steps().samples(0, values), steps(), settings);
    scores.iter().map(|score| score.map_or(f64::NAN, |score| score.z)).collect()
}

fn series(days: i64) -> Vec<f64> {
    (0..days * 48).map(usual).collect()
}

#[test]
fn what_is_usual_at_noon_is_strange_at_night() {
    let mut values = series(20);
    let noon = usual(19 * 48 + 12);
    values[19 * 48 + 36] = noon;
    let z = zs(&values, &Settings::default());
    assert!(z[19 * 48 + 12] < 3.0);
    assert!(z[19 * 48 + 36] > 10.0);
}

#[test]
fn there_is_no_score_before_there_is_a_scale() {
    let z = zs(&series(5), &Settings::default());
    assert!(z[..3 * 48].iter().all(|z| z.is_nan()));
    assert!(z[4 * 48..].iter().all(|z| z.is_finite()));
    assert_eq!(
        Detector::learn(&steps().samples(0, &series(3)), steps(), &Settings::default()).map(|_| ()),
        None
    );
    assert!(score_series(&[], steps(), &Settings::default()).is_empty());
}

#[test]
fn a_flat_series_that_changes_is_one_event_of_the_unit_floor() {
    let mut values = vec![0.0; 48 * 12];
    values[48 * 11..].fill(5.0);
    let bare = zs(&values, &Settings::default());
    assert_eq!(bare[48 * 11 - 1], 0.0);
    assert_eq!(bare[48 * 11], 1_000.0);
    let floored = zs(&values, &Settings { unit_floor: 1.0, ..Settings::default() });
    assert_eq!(floored[48 * 11], 5.0);
    assert_eq!(floored[48 * 11 + 10], 0.0);
}

#[test]
fn a_gap_has_no_score_and_is_not_zero() {
    let mut values = series(12);
    values[11 * 48 + 5] = f64::NAN;
    let z = zs(&values, &Settings::default());
    assert!(z[11 * 48 + 5].is_nan());
    assert!(z[11 * 48 + 6] < 3.0);
}

#[test]
fn an_incident_does_not_blind_the_next_two_weeks() {
    let mut values = series(24);
    values[15 * 48 + 10..15 * 48 + 14].fill(9_000.0);
    values[20 * 48 + 30] = 120.0;
    let z = zs(&values, &Settings::default());
    assert!(z[15 * 48 + 10] > 100.0);
    assert!(z[20 * 48 + 30] > 15.0);
    // Nor does it become the habit of its hour.
    assert!(z[16 * 48 + 10] < 7.0);
}

#[test]
fn a_new_nightly_job_stops_alarming_within_days() {
    let mut values = series(30);
    for day in 14..30 {
        values[day * 48 + 3..day * 48 + 6].fill(140.0);
    }
    let scores = score_series(&steps().samples(0, &values), steps(), &Settings::default());
    let mut judge = Judge::new(steps());
    let mut alarms = Vec::new();
    for (at, score) in scores.iter().enumerate() {
        let Some(score) = score else { continue };
        if judge.push(steps().at(at as i64 * 1_800), score.z) >= Some(Severity::Warning) {
            alarms.push(at / 48);
        }
    }
    alarms.dedup();
    assert!(alarms.contains(&14));
    assert!(alarms.iter().all(|&day| (14..18).contains(&day)), "{alarms:?}");
}

#[test]
fn a_clock_change_moves_the_rhythm_with_it() {
    // The rhythm is that of local time, an hour is skipped on day 15.
    let local = |at: i64| if at < 15 * 48 + 4 { at } else { at + 2 };
    let sample = |at: i64| Sample { slot: steps().at(local(at) * 1_800), value: usual(local(at)) };
    let samples: Vec<Sample> = (0..20 * 48).map(sample).collect();
    let scores = score_series(&samples, steps(), &Settings::default());
    assert!(scores[14 * 48..].iter().flatten().all(|score| score.z < 4.0));
}

#[test]
fn a_detector_knows_today_and_tomorrow() {
    let history = steps().samples(0, &series(12));
    let mut detector = Detector::learn(&history, steps(), &Settings::default()).unwrap();
    assert_eq!(detector.rhythm(), Rhythm::Daily);
    let sample = |at: i64| Sample { slot: steps().at(at * 1_800), value: usual(at) };
    assert_eq!(detector.push(sample(100)), None);
    assert!(detector.push(sample(12 * 48)).unwrap().z < 4.0);
    assert_eq!(detector.push(Sample { value: f64::NAN, ..sample(12 * 48 + 1) }), None);
    assert!(detector.push(sample(12 * 48 + 4)).unwrap().z < 4.0);
    assert_eq!(detector.push(sample(13 * 48)), None);
}

fn odd() -> impl Strategy<Value = f64> {
    prop_oneof![
        4 => -100.0_f64..100.0,
        2 => Just(7.0),
        1 => Just(f64::NAN),
        1 => Just(f64::INFINITY),
        1 => Just(1e15),
        1 => Just(f64::MAX),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_score_is_finite_whatever_comes(
        block in prop::collection::vec(odd(), 1..200),
        repeats in 1_usize..12,
        slots in prop::collection::vec((-3_i64..30, 0_usize..60), 0..40),
        scale in prop_oneof![Just(Scale::Daily), Just(Scale::Pooled)],
    ) {
        let values = block.repeat(repeats);
        let mut samples = steps().samples(0, &values);
        // Duplicates, a clock that jumps, slots that do not exist.
        samples.extend(slots.iter().map(|&(day, index)| Sample { slot: Slot { day, index }, value: 3.0 }));
        let settings = Settings { scale, unit_floor: 0.0 };
        let scores = score_series(&samples, steps(), &settings);
        prop_assert_eq!(scores.len(), samples.len());
        prop_assert!(scores.iter().flatten().all(|score| (0.0..=1_000.0).contains(&score.z)));
        let mut judge = Judge::new(steps());
        if let Some(mut detector) = Detector::learn(&samples, steps(), &settings) {
            for sample in &samples {
                if let Some(score) = detector.push(*sample) {
                    prop_assert!((0.0..=1_000.0).contains(&score.z));
                    judge.push(sample.slot, score.z);
                }
            }
        }
        prop_assert!(early_z(&values, 1.0, steps(), 0.0).is_none_or(|z| (0.0..=1_000.0).contains(&z)));
    }

    #[test]
    fn a_constant_series_is_never_strange(value in -1e15_f64..1e15, days in 4_usize..20) {
        let z = zs(&vec![value; days * 48], &Settings::default());
        prop_assert!(z.iter().all(|z| z.is_nan() || *z < 1.0));
    }
}
