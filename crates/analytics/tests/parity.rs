//! The scores against those of the numpy prototype, on synthetic series (`fixtures/make_scores.py`).

#![expect(clippy::unwrap_used, reason = "a fixture that cannot be read fails the test")]

use analytics::{Detector, Sample, Scale, Settings, Steps, score_series};
use serde_json::Value;

const TOLERANCE: f64 = 1e-3;

struct Case {
    name: String,
    steps: Steps,
    samples: Vec<Sample>,
    pooled: Vec<f64>,
    daily: Vec<f64>,
}

fn cases() -> Vec<Case> {
    let numbers = |list: &Value| -> Vec<f64> {
        let list = list.as_array().unwrap();
        list.iter().map(|value| value.as_f64().unwrap_or(f64::NAN)).collect()
    };
    let all: Value = serde_json::from_str(include_str!("fixtures/scores.json")).unwrap();
    let case = |case: &Value| {
        let steps = Steps::new(case["step"].as_u64().unwrap().try_into().unwrap()).unwrap();
        let first = case["first"].as_i64().unwrap();
        let mut samples = steps.samples(first, &numbers(&case["values"]));
        if let Some(slots) = case["slots"].as_array() {
            for (sample, slot) in samples.iter_mut().zip(slots) {
                sample.slot = steps.at(first + slot.as_i64().unwrap() * i64::from(steps.secs()));
            }
        }
        let name = case["name"].as_str().unwrap().to_owned();
        let (pooled, daily) = (numbers(&case["pooled"]), numbers(&case["daily"]));
        Case { name, steps, samples, pooled, daily }
    };
    all.as_array().unwrap().iter().map(case).collect()
}

fn assert_scores(case: &Case, scale: Scale, expected: &[f64]) {
    let settings = Settings { scale, ..Settings::default() };
    let scores = score_series(&case.samples, case.steps, &settings);
    assert_eq!(scores.len(), expected.len());
    for (at, (score, expected)) in scores.iter().zip(expected).enumerate() {
        let z = score.map_or(0.0, |score| score.z);
        let off = (z - expected).abs() / expected.max(1.0);
        assert!(off <= TOLERANCE, "{} at {at}: {z} instead of {expected}", case.name);
    }
}

#[test]
fn pooled_scores_are_those_of_the_prototype() {
    cases().iter().for_each(|case| assert_scores(case, Scale::Pooled, &case.pooled));
}

#[test]
fn daily_scores_are_those_of_the_prototype_with_the_daily_scale() {
    cases().iter().for_each(|case| assert_scores(case, Scale::Daily, &case.daily));
}

#[test]
fn a_detector_that_learns_each_day_says_what_the_whole_series_says() {
    let settings = Settings::default();
    for case in cases() {
        let whole = score_series(&case.samples, case.steps, &settings);
        let mut seen = 0;
        for day in 3..60 {
            let day = case.samples.first().unwrap().slot.day + day;
            // Learned one hour into the day.
            let hour = 3_600 / case.steps.secs() as usize;
            let known = |sample: &Sample| {
                sample.slot.day < day || (sample.slot.day == day && sample.slot.index < hour)
            };
            let (history, later): (Vec<Sample>, Vec<Sample>) =
                case.samples.iter().partition(|sample| known(sample));
            if history.last().is_none_or(|sample| sample.slot.day != day) {
                continue;
            }
            let Some(mut detector) = Detector::learn(&history, case.steps, &settings) else {
                continue;
            };
            let scores = whole.iter().skip(history.len());
            for (sample, expected) in
                later.iter().zip(scores).take_while(|(sample, _)| sample.slot.day == day)
            {
                let z = detector.push(*sample).map(|score| score.z);
                assert_eq!(z.is_some(), expected.is_some(), "{} {sample:?}", case.name);
                let off = (z.unwrap_or(0.0) - expected.map_or(0.0, |score| score.z)).abs();
                assert!(off < 1e-9, "{} {sample:?}: {z:?} instead of {expected:?}", case.name);
                seen += 1;
            }
        }
        assert!(seen > 100, "{}: {seen}", case.name);
    }
}
