//! What dates of exhaustion promise, and that their lines are those of the numpy prototype.

use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::draws::Draws;

/// Days of a disk that fills by `rate` percent a day from `start`, with noise and nightly jobs.
fn disk(days: usize, start: f64, rate: f64, seed: u64) -> Vec<f64> {
    let mut draws = Draws::new(seed);
    let mut hour = |at: usize| {
        let night = if at % 24 < 3 { 1.0 } else { 0.0 };
        start + rate * count(at) / 24.0 + night + 0.2 * draws.normal()
    };
    (0..24 * days).map(&mut hour).collect()
}

fn range(exhaustion: &Exhaustion) -> (f64, f64, f64) {
    let days = |time| if let TimeLeft::Days(days) = time { days } else { f64::INFINITY };
    let Outlook::Fills { p5, p50, p95 } = exhaustion.outlook else { panic!("{exhaustion:?}") };
    (days(p5), days(p50), days(p95))
}

#[test]
fn segment_slope_and_level_are_the_prototypes() {
    let fixture: Value =
        serde_json::from_str(include_str!("../../tests/fixtures/capacity.json")).unwrap();
    for disk in fixture.as_array().unwrap() {
        let hours = disk["values"].as_array().unwrap().iter();
        let hours: Vec<f64> = hours.map(|value| value.as_f64().unwrap()).collect();
        let days = days(&hours);
        let start = segment::start(&days.medians).unwrap();
        assert_eq!(Some(start as u64), disk["start"].as_u64());
        let peaks = &days.peaks[start..];
        let slope = segment::slope(peaks).unwrap();
        assert!((slope - disk["slope"].as_f64().unwrap()).abs() < 1e-3);
        let level = segment::level(peaks, slope).unwrap();
        assert!((level - disk["level"].as_f64().unwrap()).abs() < 1e-3);
    }
}

#[test]
fn a_filling_disk_is_dated_within_a_tenth_and_its_range_holds_the_truth() {
    let mut held = 0;
    for seed in 0..10 {
        // The nightly peak passes 100 when 20 + t + 1 does.
        let truth = 79.0 - 30.0;
        let exhaustion = time_to_exhaustion(&disk(30, 20.0, 1.0, seed), 100.0, seed).unwrap();
        let (low, middle, high) = range(&exhaustion);
        assert!((middle - truth).abs() < 0.1 * truth, "seed {seed}: {middle}");
        assert!((exhaustion.growth_percent_per_day - 1.0).abs() < 0.05);
        held += usize::from(low <= truth && truth <= high);
    }
    assert!(held >= 9, "{held} of 10");
}

#[test]
fn a_disk_that_grows_faster_since_last_week_is_dated_by_last_week() {
    let mut hours = disk(20, 30.0, 0.1, 3);
    hours.extend(disk(10, 32.0, 2.0, 4));
    let exhaustion = time_to_exhaustion(&hours, 100.0, 1).unwrap();
    let (_, middle, _) = range(&exhaustion);
    assert!((8..=12).contains(&exhaustion.segment_days), "{exhaustion:?}");
    assert!((middle - 24.0).abs() < 2.0, "{middle}");
}

#[test]
fn a_single_deployment_is_no_growth() {
    for day in [6, 15, 27] {
        let mut hours = disk(30, 40.0, 0.05, 5);
        hours[day * 24 + 7..].iter_mut().for_each(|percent| *percent += 20.0);
        let exhaustion = time_to_exhaustion(&hours, 100.0, 1).unwrap();
        assert!((exhaustion.one_off_percent.unwrap() - 20.0).abs() < 1.5, "{exhaustion:?}");
        assert!(exhaustion.growth_percent_per_day < 0.15, "{exhaustion:?}");
        assert!(!exhaustion.is_pressing(30.0));
    }
}

#[test]
fn logs_that_are_rotated_once_a_week_do_not_fill_the_disk() {
    for phase in 0..7 {
        let hour = |at: usize| 40.0 + 4.0 * count((at + 24 * phase) % 168) / 24.0;
        let hours: Vec<f64> = (0..30 * 24).map(hour).collect();
        let exhaustion = time_to_exhaustion(&hours, 100.0, 1).unwrap();
        assert!(!exhaustion.is_pressing(30.0), "phase {phase}: {exhaustion:?}");
    }
}

#[test]
fn growth_on_working_days_is_dated_as_growth() {
    let worked = |day: f64| 5.0 * (day / 7.0).floor() + (day % 7.0).min(5.0);
    let hours: Vec<f64> = (0..28 * 24).map(|at| 20.0 + worked(count(at) / 24.0)).collect();
    // 60 percent to go, 5 a week
    let (low, middle, high) = range(&time_to_exhaustion(&hours, 100.0, 1).unwrap());
    assert!((middle - 84.0).abs() < 8.4, "{middle}");
    assert!(low <= 84.0 && 84.0 <= high && high - low < 42.0, "{low} {high}");
}

#[test]
fn a_flat_disk_does_not_grow_and_a_full_one_is_full() {
    let flat = time_to_exhaustion(&[55.0; 24 * 20], 100.0, 1).unwrap();
    assert_eq!((flat.outlook, flat.trend_p), (Outlook::NotGrowing, 1.0));
    let full = time_to_exhaustion(&[100.0; 24 * 20], 100.0, 1).unwrap();
    assert_eq!(full.outlook, Outlook::Full);
    assert!(full.is_pressing(1.0));
}

#[test]
fn slow_growth_is_beyond_and_never_infinite() {
    let slow = time_to_exhaustion(&disk(30, 10.0, 0.1, 2), 100.0, 1).unwrap();
    let Outlook::Fills { p50, .. } = slow.outlook else { panic!("{slow:?}") };
    assert_eq!(p50, TimeLeft::Beyond);
    assert!(!p50.is_within(1e9));
}

#[test]
fn an_alert_needs_use_a_near_date_and_a_near_pessimist() {
    let near = time_to_exhaustion(&disk(30, 50.0, 1.0, 1), 100.0, 1).unwrap();
    assert!(near.is_pressing(30.0) && !near.is_pressing(10.0), "{near:?}");
    let empty = Exhaustion { used_percent: 59.0, ..near };
    assert!(!empty.is_pressing(30.0));
    let vague = Outlook::Fills {
        p5: TimeLeft::Days(1.0),
        p50: TimeLeft::Days(20.0),
        p95: TimeLeft::Beyond,
    };
    assert!(!Exhaustion { outlook: vague, ..near }.is_pressing(30.0));
}

#[test]
fn confidence_grows_with_the_history() {
    let of = |days| time_to_exhaustion(&disk(days, 20.0, 2.0, 1), 100.0, 1);
    assert_eq!(of(2).unwrap_err(), NotEnough { have_days: 2, need_days: 3 });
    let seen: Vec<Confidence> =
        [3, 6, 7, 13, 14].into_iter().map(|days| of(days).unwrap().confidence).collect();
    use Confidence as C;
    assert_eq!(seen, [C::Low, C::Low, C::Medium, C::Medium, C::High]);
    assert!(matches!(of(3).unwrap().outlook, Outlook::Fills { .. }), "each peak is above the last");
}

#[test]
fn the_unit_does_not_matter() {
    let percent = disk(30, 20.0, 1.0, 7);
    let bytes: Vec<f64> = percent.iter().map(|percent| percent * 4e10).collect();
    let one = time_to_exhaustion(&percent, 100.0, 1).unwrap();
    let other = time_to_exhaustion(&bytes, 4e12, 1).unwrap();
    assert!((range(&one).1 - range(&other).1).abs() < 0.1);
}

#[test]
fn an_absurd_limit_is_no_history() {
    let hours = disk(30, 20.0, 1.0, 1);
    for limit in [0.0, -5.0, f64::NAN, f64::INFINITY] {
        assert_eq!(time_to_exhaustion(&hours, limit, 1).unwrap_err().have_days, 0);
    }
}

#[test]
fn a_steady_rise_of_ten_days_is_no_chance() {
    let rising: Vec<f64> = (0..10).map(count).collect();
    // S = 45, variance 125: z = 44 / √125
    assert!((segment::trend_p(&rising).unwrap() - 8.3e-5).abs() < 1e-6);
    assert_eq!(segment::trend_p(&[1.0, 2.0]), None);
    assert_eq!(segment::trend_p(&[1.0; 8]), Some(1.0));
}

#[test]
fn gaps_count_neither_as_busy_nor_as_idle() {
    let mut hours: Vec<f64> = (0..96).map(|at| if at % 24 < 6 { 90.0 } else { 20.0 }).collect();
    hours[..24].fill(f64::NAN);
    let over = time_over(&hours, 80.0).unwrap();
    assert_eq!(over.share, 0.25);
    assert_eq!(over.trend_p, Some(1.0));
    assert_eq!(time_over(&[f64::NAN; 30], 80.0), None);
    assert_eq!(time_over(&[85.0; 30], 80.0).unwrap().p95_per_day, None);
}

proptest! {
    // Each case simulates hundreds of futures.
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_history_has_an_ordered_answer_or_too_few_days(
        values in prop::collection::vec(
            prop_oneof![
                6 => 0.0_f64..100.0,
                1 => Just(50.0),
                1 => Just(f64::NAN),
                1 => prop_oneof![Just(1e15), Just(-1e15), Just(f64::MAX), Just(f64::INFINITY)],
            ],
            0..300,
        ),
        limit in 1.0_f64..1e6,
    ) {
        match time_to_exhaustion(&values, limit, 3) {
            Ok(exhaustion) => {
                prop_assert!(exhaustion.growth_percent_per_day.is_finite());
                prop_assert!((0.0..=1.0).contains(&exhaustion.trend_p));
                if matches!(exhaustion.outlook, Outlook::Fills { .. }) {
                    let (low, middle, high) = range(&exhaustion);
                    prop_assert!(0.0 <= low && low <= middle && middle <= high);
                }
            }
            Err(missing) => prop_assert!(missing.have_days < missing.need_days),
        }
        if let Some(over) = time_over(&values, 80.0) {
            prop_assert!((0.0..=1.0).contains(&over.share));
        }
    }

    #[test]
    fn the_same_seed_yields_the_same_date(seed in any::<u64>()) {
        let hours = disk(14, 40.0, 1.5, 1);
        prop_assert_eq!(
            time_to_exhaustion(&hours, 100.0, seed),
            time_to_exhaustion(&hours, 100.0, seed)
        );
    }
}
