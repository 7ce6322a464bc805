//! What a score of a server promises; numbers by hand.

use analytics::{Confidence, Grade, time_to_exhaustion};

use super::*;
use crate::alert::State;

/// Values by series.
fn values(of: &[(&str, f64)]) -> impl Fn(&'static Metric) -> Values {
    let of: Vec<(String, f64)> =
        of.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect();
    move |metric| {
        let found = of.iter().filter_map(|(name, value)| {
            let (path, item) = match name.split_once('[') {
                Some((path, item)) => (path, Some(item.trim_end_matches(']').to_owned())),
                None => (name.as_str(), None),
            };
            (path == metric.path).then_some((item, *value))
        });
        found.collect()
    }
}

fn alert(series: &str, value: f64, threshold: f64, severity: Severity) -> Alert {
    Alert {
        id: String::new(),
        fingerprint: String::new(),
        host: None,
        environment: None,
        rule: String::new(),
        series: series.to_owned(),
        state: State::Firing { since: 160, severity },
        began: 100,
        peak: severity,
        value,
        worst: value,
        threshold,
        unit: "percent".to_owned(),
        as_of: 200,
        says: String::new(),
        flapping: false,
        suppressed_by: Vec::new(),
    }
}

/// Four of the signals that every machine has; history tells nothing yet.
fn four(fs: f64, mem: f64, load: f64, cpu: f64) -> Vec<(&'static str, f64)> {
    vec![("fs.percent[/]", fs), ("mem.percent", mem), ("load.min5", load), ("cpu.total", cpu)]
}

fn live(of: &[(&str, f64)], alerts: &[&Alert]) -> Score {
    let evidence = Evidence { cores: Some(4), alerts: Some(alerts), ..Evidence::default() };
    score(&values(of), &evidence).unwrap()
}

#[track_caller]
fn near(ours: f64, by_hand: f64) {
    assert!((ours - by_hand).abs() < 1e-9, "{ours} {by_hand}");
}

#[test]
fn a_worked_example_of_one_server() {
    // fs: 92.5 of 90..95 is b 0.5, × 0.9 = 0.45. mem: 94 of 90..95 is b 0.8, × 0.8 = 0.64: the worst.
    // load: 12 on 4 cores is 3 of 2..4, b 0.5, × 0.6 = 0.3. cpu: 60, b 0.
    let memory = alert("mem.percent", 94.0, 90.0, Severity::Warning);
    let score = live(&four(92.5, 94.0, 12.0, 60.0), &[&memory]);
    // Σ w = 0.9 + 0.8 + 0.6 + 0.8 = 3.1; Σ w b = 1.39
    near(score.health.score, 100.0 * (1.0 - 0.75 * 0.64 - 0.25 * 1.39 / 3.1));
    assert_eq!(score.health.grade, Grade::Critical);
    let [first, second, third] = score.deductions.as_slice() else { panic!("{score:?}") };
    near(first.points, 100.0 * (0.75 * 0.64 + 0.25 * 0.64 / 3.1));
    assert_eq!((&*first.what, first.value, first.threshold), ("mem.percent", 94.0, 90.0));
    assert_eq!(first.since, Some(100), "as its alert tells");
    near(second.points, 25.0 * 0.45 / 3.1);
    assert_eq!((&*second.what, second.value, second.since), ("fs.percent[/]", 92.5, None));
    near(third.points, 25.0 * 0.3 / 3.1);
    assert_eq!((third.value, &*third.unit, third.threshold), (3.0, "tasks per core", 2.0));
    let lost: f64 = score.deductions.iter().map(|it| it.points).sum();
    near(lost, 100.0 - score.health.score);
    // Four of six that are expected: the days to full and the share answered need history.
    assert_eq!(score.health.confidence, Confidence::Medium);
    for path in ["sensors.temperature", "raid.degraded", "days_to_full", "polls_answered_24h"] {
        assert!(score.lacking.contains(&path), "{path}");
    }
}

#[test]
fn a_well_server_loses_nothing_and_an_unseen_one_has_no_score() {
    let score = live(&four(50.0, 40.0, 1.0, 30.0), &[]);
    assert_eq!((score.health.score, score.deductions.len()), (100.0, 0));
    let evidence =
        Evidence { alerts: Some(&[]), answered_percent: Some(100.0), ..Evidence::default() };
    assert!(super::score(&values(&[]), &evidence).is_none(), "polls alone tell of no machine");
}

#[test]
fn the_number_of_one_poll_counts_once_its_alert_fires() {
    let busy = four(50.0, 40.0, 1.0, 99.0);
    assert_eq!(live(&busy, &[]).health.score, 100.0);
    // The mean of minutes that the alert judged counts: 90 of 85..95 is b 0.5, × 0.8 = 0.4.
    let mut cpu = alert("cpu.total", 90.0, 85.0, Severity::Warning);
    let score = live(&busy, &[&cpu]);
    near(score.health.score, 100.0 * (1.0 - 0.75 * 0.4 - 0.25 * 0.4 / 3.1));
    assert_eq!(score.deductions[0].value, 90.0);
    cpu.state = State::Pending { since: 100, severity: Severity::Critical };
    assert_eq!(live(&busy, &[&cpu]).health.score, 100.0);
    // The past is a mean of an hour, which needs no other proof.
    let past = Evidence { cores: Some(4), ..Evidence::default() };
    let past = super::score(&values(&busy), &past).unwrap();
    // b 1, × 0.8: more than the 40 points that being busy costs at most.
    assert_eq!(past.health.score, 60.0);
}

#[test]
fn waiting_for_disks_counts_while_work_waits() {
    let mut of = four(50.0, 40.0, 3.9, 30.0);
    of.push(("cpu.iowait", 42.5));
    assert_eq!(live(&of, &[]).health.score, 100.0);
    of[2].1 = 4.0;
    // 42.5 of 35..50 is b 0.5, × 0.6 = 0.3; Σ w = 3.7
    near(live(&of, &[]).health.score, 100.0 * (1.0 - 0.75 * 0.3 - 0.25 * 0.3 / 3.7));
}

#[test]
fn failures_are_counted_and_the_first_is_named() {
    let mut of = four(50.0, 40.0, 1.0, 30.0);
    of.extend([("raid.degraded[md0]", 1.0), ("raid.degraded[md1]", 0.0)]);
    // One is half bad: 0.9 × 0.5 = 0.45; Σ w = 4
    near(live(&of, &[]).health.score, 100.0 * (1.0 - 0.75 * 0.45 - 0.25 * 0.45 / 4.0));
    of[5].1 = 1.0;
    let score = live(&of, &[]);
    near(score.health.score, 100.0 * (1.0 - 0.75 * 0.9 - 0.25 * 0.9 / 4.0));
    assert_eq!((&*score.deductions[0].what, score.deductions[0].others), ("raid.degraded[md0]", 1));
}

#[test]
fn what_only_alerts_say_costs_points_unless_it_is_expected() {
    let of = four(50.0, 85.0, 1.0, 30.0);
    let storm = alert("memswap.storm", 2e6, 1e6, Severity::Warning);
    // b 0.5, × 0.8 = 0.4; Σ w = 3.1 + 0.8
    let by_hand = 100.0 * (1.0 - 0.75 * 0.4 - 0.25 * 0.4 / 3.9);
    near(live(&of, &[&storm]).health.score, by_hand);
    let expected = Reason::Expected { id: String::new() };
    let quiet = Alert { suppressed_by: vec![expected], ..storm.clone() };
    assert_eq!(live(&of, &[&quiet]).health.score, 100.0);
    let by = Reason::Acknowledged { by: "anna".to_owned(), until: i64::MAX };
    let known = Alert { suppressed_by: vec![by], ..storm };
    near(live(&of, &[&known]).health.score, by_hand);
    // A limit of the operator's own, below that of the catalogue: 0.4 × 0.5 = 0.2; Σ w = 3.5
    let own = alert("mem.percent", 85.0, 80.0, Severity::Warning);
    let score = live(&of, &[&own]);
    near(score.health.score, 100.0 * (1.0 - 0.75 * 0.2 - 0.25 * 0.2 / 3.5));
    assert_eq!(score.deductions[0].threshold, 80.0);
    let over = Alert { value: 70.0, ..own };
    assert_eq!(live(&of, &[&over]).health.score, 100.0, "it only waits to be sure");
    let down = alert("server.failures", 3.0, 3.0, Severity::Critical);
    assert_eq!(live(&of, &[&down]).health.score, 100.0);
}

#[test]
fn a_disk_that_fills_and_polls_that_were_not_answered_cost_points() {
    // 2 points a day, 92 % now: full in 4 days, half way from 7 to 1.
    let disk: Vec<f64> = (0..20 * 24).map(|hour| 52.0 + f64::from(hour) / 12.0).collect();
    let filling = time_to_exhaustion(&disk, 100.0, 0).unwrap();
    let days = filling.used_percent;
    let of = four(70.0, 40.0, 1.0, 30.0);
    let fills = BTreeMap::from([("fs.percent[/var]", &filling)]);
    let answered_percent = Some(100.0);
    let evidence = Evidence { cores: Some(4), alerts: Some(&[]), fills, answered_percent };
    let score = super::score(&values(&of), &evidence).unwrap();
    let first = &score.deductions[0];
    assert_eq!((&*first.what, first.threshold), ("days_to_full[/var]", 7.0));
    assert!((3.0..=5.0).contains(&first.value), "{first:?} {days}");
    let cost = (7.0 - first.value) / 6.0;
    // Σ w = 3.1 + 1 + 0.5
    near(score.health.score, 100.0 * (1.0 - 0.75 * cost - 0.25 * cost / 4.6));
    assert_eq!(score.health.confidence, Confidence::High);

    // 94.5 % answered is half way from 99 to 90: 0.5 × 0.5
    let evidence = Evidence {
        cores: Some(4),
        alerts: Some(&[]),
        answered_percent: Some(94.5),
        ..Evidence::default()
    };
    let score = super::score(&values(&of), &evidence).unwrap();
    near(score.health.score, 100.0 * (1.0 - 0.75 * 0.25 - 0.25 * 0.25 / 3.6));
}
