//! What a score promises.

use proptest::prelude::*;

use super::*;

const ALL: [HealthSignalKind; 12] = [
    health_signals::FAILURES,
    health_signals::DISK_PERCENT,
    health_signals::DAYS_TO_FULL,
    health_signals::MEMORY_AVAILABLE_PERCENT,
    health_signals::LOAD_PER_CORE,
    health_signals::IOWAIT_PERCENT,
    health_signals::SLO_BURN,
    health_signals::CPU_PERCENT,
    health_signals::MEMORY_PERCENT,
    health_signals::NETWORK_PERCENT,
    health_signals::ANOMALY_Z,
    health_signals::BREACH_PROBABILITY,
];

fn score(signals: &[(&HealthSignalKind, f64)]) -> Health {
    let signals: Vec<HealthSignal> =
        signals.iter().map(|(kind, value)| HealthSignal::of(kind, Some(*value))).collect();
    health(&signals, None).unwrap()
}

#[test]
fn a_worked_example_adds_up() {
    let health = score(&[
        (&health_signals::DISK_PERCENT, 90.0), // b 0.5, w b 0.5
        (&health_signals::MEMORY_AVAILABLE_PERCENT, 6.0), // b 0.8, w b 0.72: the worst
        (&health_signals::LOAD_PER_CORE, 1.0), // b 0
        (&health_signals::CPU_PERCENT, 91.0),  // b 0.5, w b 0.25
    ]);
    // Σ w = 1 + 0.9 + 0.8 + 0.5 = 3.2; Σ w b = 1.47
    // loss = 0.75 · 0.72 + 0.25 · 1.47 / 3.2 = 0.54 + 0.11484375
    assert!((health.score - 34.515_625).abs() < 1e-9, "{health:?}");
    assert_eq!(health.grade, Grade::Critical);
    let points: Vec<(&str, f64)> =
        health.deductions.iter().map(|it| (it.name, it.points)).collect();
    let expected = [
        ("memory_available_percent", 54.0 + 5.625),
        ("disk_used_percent", 3.906_25),
        ("cpu_percent", 1.953_125),
    ];
    for (ours, by_hand) in points.iter().zip(expected) {
        assert_eq!(ours.0, by_hand.0);
        assert!((ours.1 - by_hand.1).abs() < 1e-9, "{ours:?} {by_hand:?}");
    }
    assert_eq!(points.len(), 3, "what is well costs nothing");
}

#[test]
fn a_full_disk_cannot_hide_among_idle_signals() {
    let mut signals: Vec<(&HealthSignalKind, f64)> = vec![(&health_signals::DISK_PERCENT, 99.0)];
    signals.extend([(&health_signals::CPU_PERCENT, 1.0), (&health_signals::LOAD_PER_CORE, 0.1)]);
    signals.extend([(&health_signals::IOWAIT_PERCENT, 0.0), (&health_signals::SLO_BURN, 0.0)]);
    assert!(score(&signals).score < 25.0);
}

#[test]
fn a_busy_host_that_is_not_saturated_loses_forty_points_at_most() {
    let busy = score(&[
        (&health_signals::CPU_PERCENT, 100.0),
        (&health_signals::MEMORY_PERCENT, 100.0),
        (&health_signals::NETWORK_PERCENT, 100.0),
        (&health_signals::LOAD_PER_CORE, 1.0),
    ]);
    assert!((busy.score - 60.0).abs() < 1e-9, "{busy:?}");
}

#[test]
fn an_unseen_host_is_unknown_and_a_half_seen_one_is_uncertain() {
    assert_eq!(health(&[], None), None);
    assert_eq!(health(&[HealthSignal::of(&health_signals::CPU_PERCENT, None)], None), None);
    let seen = |seen: usize| {
        let value = |at| if at < seen { Some(0.0) } else { None };
        let signals: Vec<HealthSignal> =
            (0..10).map(|at| HealthSignal::of(&health_signals::CPU_PERCENT, value(at))).collect();
        health(&signals, None).unwrap().confidence
    };
    assert_eq!(seen(5), Confidence::Low);
    assert_eq!(seen(6), Confidence::Medium);
    assert_eq!(seen(9), Confidence::High);
}

#[test]
fn a_grade_falls_at_once_and_rises_late() {
    use Grade as G;
    assert_eq!(Grade::after(None, 90.0), G::Good);
    assert_eq!(Grade::after(Some(G::Good), 40.0), G::Critical);
    assert_eq!(Grade::after(Some(G::Critical), 54.9), G::Critical);
    assert_eq!(Grade::after(Some(G::Critical), 55.0), G::Poor);
    assert_eq!(Grade::after(Some(G::Critical), 100.0), G::Good);
    assert_eq!(Grade::after(Some(G::Critical), 92.0), G::Fair);
}

#[test]
fn badness_is_linear_either_way_round() {
    let (more, less) = (health_signals::IOWAIT_PERCENT.limits, health_signals::DAYS_TO_FULL.limits);
    assert_eq!(more.badness(35.0), Some(0.5));
    assert_eq!(less.badness(4.0), Some(0.5));
    assert_eq!(less.badness(200.0), Some(0.0));
    let same = HealthLimits { warning: 1.0, critical: 1.0 };
    assert_eq!((same.badness(0.9), same.badness(1.0)), (Some(0.0), Some(1.0)));
    assert_eq!(HealthLimits { warning: f64::NAN, critical: 1.0 }.badness(1.0), None);
}

#[test]
fn a_fleet_is_judged_by_its_tenth_percentile() {
    let mut hosts = vec![(Some(100.0), 1.0); 18];
    hosts.extend([(Some(73.0), 1.0), (Some(20.0), 1.0), (None, 1.0)]);
    let fleet = fleet_health(&hosts).unwrap();
    assert_eq!((fleet.p10_host, fleet.grade(), fleet.unknown), (18, Grade::Poor, 1));
    assert_eq!(fleet.grades, [18, 0, 1, 1]);
    assert_eq!(fleet_health(&[(None, 1.0)]), None);
}

#[test]
fn what_matters_little_weighs_little_in_a_fleet() {
    // A tenth of 1 + 8 + 4 is 1.3: the ill one of weight 1 alone does not reach it.
    let fleet = fleet_health(&[(Some(9.0), 1.0), (Some(99.0), 8.0), (Some(70.0), 4.0)]).unwrap();
    assert_eq!(fleet.p10_host, 2);
    // A tenth of 4 + 1 + 1 is 0.6, which it reaches.
    let fleet = fleet_health(&[(Some(9.0), 4.0), (Some(99.0), 1.0), (Some(70.0), 1.0)]).unwrap();
    assert_eq!(fleet.p10_host, 0);
}

proptest! {
    #[test]
    fn deductions_always_explain_the_score(
        values in prop::collection::vec(
            prop::option::of(prop_oneof![4 => -10.0_f64..150.0, 1 => Just(f64::NAN)]), 0..12,
        ),
    ) {
        let signals: Vec<HealthSignal> =
            ALL.iter().zip(&values).map(|(kind, value)| HealthSignal::of(kind, *value)).collect();
        if let Some(health) = health(&signals, None) {
            prop_assert!((0.0..=100.0).contains(&health.score));
            let points: f64 = health.deductions.iter().map(|it| it.points).sum();
            prop_assert!((100.0 - health.score - points).abs() < 1e-6, "{:?}", health);
            prop_assert!(health.deductions.is_sorted_by(|one, next| one.points >= next.points));
            prop_assert!((0.0..=1.0).contains(&health.coverage));
        }
    }

    #[test]
    fn a_worse_value_never_raises_the_score(
        load in 0.0_f64..5.0, more in 0.0_f64..5.0, cpu in 0.0_f64..100.0,
    ) {
        let at = |load| score(&[(&health_signals::LOAD_PER_CORE, load), (&health_signals::CPU_PERCENT, cpu)]).score;
        prop_assert!(at(load + more) <= at(load) + 1e-9);
    }
}
