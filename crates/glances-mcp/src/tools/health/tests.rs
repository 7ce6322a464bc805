//! Worked examples of a server and of a fleet; numbers by hand.

use std::sync::Arc;

use analytics::time_to_exhaustion;
use glances_client::{
    FetchError,
    model::{Cpu, Filesystem, Load, Mem, Payload},
};

use super::*;
use crate::{
    judge::{PastHealth, Verdict},
    snapshot::{Host, Reading},
};

const NOW: i64 = 1_795_392_000;

fn at(secs: i64) -> Timestamp {
    Timestamp::from_second(secs).unwrap()
}

/// A machine of four cores with one filesystem, polled `age` seconds ago.
fn machine(alias: &str, criticality: Criticality, fs_percent: f64, age: i64) -> Snapshot {
    let host = Host {
        environment: Some("production".to_owned()),
        criticality,
        ..Host::at(HostName::parse(alias).unwrap(), String::new())
    };
    let mut snapshot = Snapshot::unseen(Arc::new(host));
    let fs = Filesystem {
        mount: "/var".to_owned(),
        device: "/dev/sda1".to_owned(),
        kind: "ext4".to_owned(),
        size: Some(1_000_000),
        percent: Some(fs_percent),
        ..Filesystem::default()
    };
    let payloads = [
        Payload::Cpu(Cpu { total: Some(30.0), cores: Some(4), ..Cpu::default() }),
        Payload::Mem(Mem { percent: Some(40.0), ..Mem::default() }),
        Payload::Load(Load { min5: Some(1.0), ..Load::default() }),
        Payload::Fs(vec![fs]),
    ];
    let polled = Some(at(NOW - age));
    for payload in payloads {
        let plugin = payload.plugin();
        let reading = Reading { payload: Some(Arc::new(payload)), at: polled, tried: polled };
        snapshot.readings.insert(plugin, reading);
    }
    (snapshot.reach.last_attempt, snapshot.reach.last_success) = (polled, polled);
    snapshot
}

fn scored(snapshot: &Snapshot, judged: &Judged) -> Option<Scored> {
    Scored::of(snapshot, &[], judged, at(NOW))
}

/// By how much a disk at 100 % costs: b 1, w 0.9 of 0.9 + 0.8 + 0.6 + 0.8 = 3.1.
const FULL: f64 = 100.0 * (1.0 - 0.75 * 0.9 - 0.25 * 0.9 / 3.1);
/// At 92.5 %, half way from 90 to 95.
const HALF: f64 = 100.0 * (1.0 - 0.75 * 0.45 - 0.25 * 0.45 / 3.1);

#[test]
fn a_worked_example_of_a_fleet() {
    let new = Judged::default();
    let all: Vec<Scored> = [
        ("box-1", Criticality::Low, 100.0),
        ("web-1", Criticality::High, 92.5),
        ("db-1", Criticality::Critical, 50.0),
    ]
    .into_iter()
    .map(|(alias, criticality, fs)| scored(&machine(alias, criticality, fs, 1), &new).unwrap())
    .collect();
    let scores: Vec<f64> = all.iter().map(|one| one.row.score).collect();
    for (ours, by_hand) in scores.iter().zip([FULL, HALF, 100.0]) {
        assert!((ours - by_hand).abs() < 1e-9, "{scores:?}");
    }
    assert_eq!(all[0].row.grade, "critical");
    assert_eq!(all[1].row.grade, "poor");
    // Weights 1, 4 and 8: a tenth is 1.3, which the box alone does not reach.
    let fleet = Fleet::of(&all.iter().collect::<Vec<_>>(), 2).unwrap();
    assert!((fleet.score - HALF).abs() < 1e-9, "{fleet:?}");
    assert_eq!((fleet.servers, fleet.unknown), (3, 2));
    assert_eq!((fleet.good, fleet.fair, fleet.poor, fleet.critical), (1, 0, 1, 1));
    assert_eq!((fleet.score_24h_ago, fleet.trend), (None, None));
    assert!(Fleet::of(&[], 2).is_none(), "who does not answer is neither well nor ill");
}

#[test]
fn a_server_that_is_down_has_no_score_and_a_stale_one_has_its_age() {
    let new = Judged::default();
    let mut down = machine("web-1", Criticality::High, 50.0, 30);
    down.reach.failures_in_row = 2;
    down.reach.error = Some(FetchError::Refused);
    assert!(scored(&down, &new).is_none());
    let fresh = scored(&machine("web-1", Criticality::High, 50.0, 1), &new).unwrap();
    assert_eq!(fresh.row.age_seconds, None);
    let stale = scored(&machine("web-1", Criticality::High, 50.0, 60), &new).unwrap();
    assert_eq!(stale.row.age_seconds, Some(60.0));
    // What is older than three rounds of the slowest plugin is not measured at all.
    assert!(scored(&machine("web-1", Criticality::High, 50.0, 901), &new).is_none());
}

#[test]
fn the_next_risk_is_what_is_full_first_and_still_there() {
    let disk: Vec<f64> = (0..20 * 24).map(|hour| 30.0 + f64::from(hour) / 12.0).collect();
    let fills = || Some(time_to_exhaustion(&disk, 100.0, 0));
    let mut judged = Judged::default();
    for series in ["fs.percent[/var]", "fs.percent[/gone]"] {
        let verdict = Verdict { fills: fills(), over: None };
        judged.verdicts.insert(series.into(), verdict);
    }
    // 70 % and 2 points a day: 15 days.
    let one = scored(&machine("web-1", Criticality::High, 70.0, 1), &judged).unwrap();
    let risk = one.row.risk.unwrap();
    assert!(risk.starts_with("fs.percent[/var] likely full in 15"), "{risk}");
    assert_eq!(one.row.score, 100.0, "a fortnight costs nothing yet");
    assert!(!one.score.lacking.contains(&"days_to_full"));
    judged.verdicts.remove("fs.percent[/var]");
    let one = scored(&machine("web-1", Criticality::High, 70.0, 1), &judged).unwrap();
    assert_eq!(one.row.risk, None);
}

#[test]
fn a_trend_compares_like_with_like() {
    let judged = |now, day_ago| {
        let health = PastHealth {
            now: Some(now),
            day_ago,
            week_ago: None,
            history_hours: 30,
            answered_percent: Some(100.0),
        };
        Judged { health, ..Judged::default() }
    };
    let row = |judged: &Judged| {
        scored(&machine("web-1", Criticality::High, 50.0, 1), judged).unwrap().row
    };
    assert_eq!(row(&judged(90.0, Some(95.0))).trend, Some("worse"));
    assert_eq!(row(&judged(90.0, Some(94.0))).trend, Some("steady"));
    assert_eq!(row(&judged(90.0, Some(60.0))).trend, Some("better"));
    let short = row(&judged(90.0, None));
    assert_eq!((short.trend, short.history_hours), (None, Some(30)));
    // Only the servers whose past is known are compared with their past.
    let old = scored(&machine("web-1", Criticality::Low, 50.0, 1), &judged(90.0, Some(60.0)));
    let new = scored(&machine("web-2", Criticality::Low, 100.0, 1), &judged(10.0, None));
    let (old, new) = (old.unwrap(), new.unwrap());
    let fleet = Fleet::of(&[&old, &new], 0).unwrap();
    assert_eq!((fleet.score_24h_ago, fleet.trend), (Some(60.0), Some("better")));
}

/// What a model pays for a text.
fn tokens(text: &str) -> usize {
    tiktoken_rs::o200k_base_singleton().encode_ordinary(text).len()
}

#[test]
fn a_hundred_ill_servers_fit_in_one_reply() {
    let disk: Vec<f64> = (0..20 * 24).map(|hour| 50.0 + f64::from(hour) / 12.0).collect();
    let verdict = Verdict { fills: Some(time_to_exhaustion(&disk, 100.0, 0)), over: None };
    let past = PastHealth { day_ago: Some(97.25), week_ago: Some(12.75), ..PastHealth::default() };
    let health = PastHealth { now: Some(1.5), answered_percent: Some(93.25), ..past };
    let verdicts = BTreeMap::from([("fs.percent[/var]".into(), verdict)]);
    let judged = Judged { verdicts, health, ..Judged::default() };
    let mut servers = Vec::new();
    for number in 1..=100 {
        let alias = format!("production-web-{number:03}");
        let mut snapshot = machine(&alias, Criticality::High, 93.75, 40);
        for payload in [
            Payload::Mem(Mem { percent: Some(94.25), ..Mem::default() }),
            Payload::Load(Load { min5: Some(13.75), ..Load::default() }),
        ] {
            let (at, plugin) = (snapshot.reach.last_attempt, payload.plugin());
            let reading = Reading { payload: Some(Arc::new(payload)), at, tried: at };
            snapshot.readings.insert(plugin, reading);
        }
        servers.push(Arc::new(snapshot));
    }
    let selection = crate::query::Selection { servers: servers.into(), now: at(NOW) };
    let scored = selection.servers.iter().map(|one| scored(one, &judged).unwrap()).collect();
    let cut = Cut::new(&selection, Format::Concise, None, None, None).unwrap();
    let output = answer(scored, &[], (&cut, Tally::new(&selection)), false);
    assert_eq!((output.servers.len(), output.deductions.len()), (10, 20));
    assert_eq!(output.servers[0].deductions, 5, "{:?}", output.deductions);
    let mut structured = serde_json::to_value(&output).unwrap();
    render::tidy(&mut structured);
    let text = render::text(&output.headline(), &structured);
    let costs = (tokens(&text), tokens(&structured.to_string()));
    assert!(costs.0 <= 2_000 && costs.1 <= 2_500, "{costs:?} {text}");
}
