//! Maintenance, silences, acknowledgements and expectations.

use super::*;

fn silence(id: &str, until: i64) -> Silence {
    Silence {
        id: id.to_owned(),
        servers: vec!["env:production".to_owned()],
        series: Some("raid.*".to_owned()),
        rule: None,
        until,
        by: "ann".to_owned(),
        why: "disk ordered".to_owned(),
    }
}

#[test]
fn a_silence_hides_what_it_names_until_its_end() {
    let (mut engine, mut db) = (Engine::new(Rules::built_in()), Machine::new("db-1"));
    engine.silence(silence("s1", START + 300)).unwrap();
    let all = run(&mut engine, &mut db, (START, START + 360), |_| vec![raid(1)]);
    let expected = [
        "0 firing critical raid.degraded[md0] (suppressed)",
        "5 surfaced critical raid.degraded[md0]",
    ];
    assert_eq!(told(&all), expected);
    assert!(!all[0].is_news() && all[1].is_news());
    assert_eq!(engine.said(), Said::default(), "what is over is forgotten");
}

#[test]
fn a_silence_that_is_ended_lets_the_alert_surface() {
    let (mut engine, mut db) = (Engine::new(Rules::built_in()), Machine::new("db-1"));
    engine.silence(silence("s1", START + 3_000)).unwrap();
    run(&mut engine, &mut db, (START, START + 60), |_| vec![raid(1)]);
    assert!(engine.end("s1") && !engine.end("s1"));
    assert_eq!(told(&engine.tick(START + 60)), ["1 surfaced critical raid.degraded[md0]"]);
}

#[test]
fn an_acknowledgement_is_of_one_alert_and_ends_with_it() {
    let (mut engine, mut db) = (Engine::new(Rules::built_in()), Machine::new("db-1"));
    run(&mut engine, &mut db, (START, START + 60), |_| vec![raid(1)]);
    let alert = engine.open().next().unwrap().id.clone();
    let known =
        Acknowledgement { alert, until: START + 90_000, by: "ann".to_owned(), why: String::new() };
    let unknown = Acknowledgement { alert: "0".to_owned(), ..known.clone() };
    assert_eq!(engine.acknowledge(unknown), Err("no open alert `0`".to_owned()));
    engine.acknowledge(known).unwrap();
    assert_eq!(
        told(&engine.tick(START + 60)),
        ["1 hidden critical raid.degraded[md0] (suppressed)"]
    );
    let all = run(&mut engine, &mut db, (START + 70, START + 900), |secs| {
        vec![raid(if secs < START + 600 { 2 } else { 1 })]
    });
    let expected = [
        "6 resolved critical raid.degraded[md0] (suppressed)",
        "10 firing critical raid.degraded[md0]",
    ];
    assert_eq!(told(&all), expected);
}

#[test]
fn a_maintenance_window_hides_while_it_is_open_for_the_servers_that_it_names() {
    let mut engine = Engine::new(Rules::built_in());
    let window = |name: &str, servers: &str, when| Window {
        name: name.to_owned(),
        servers: vec![servers.to_owned()],
        when,
    };
    // The start is a Monday, 00:00 UTC, and 01:00 in Berlin.
    let nightly = When::Repeated {
        schedule: "2 1 * * mon".to_owned(),
        duration_secs: 120,
        timezone: "Europe/Berlin".to_owned(),
    };
    let once = When::Once { start: START, end: START + 9_000 };
    engine
        .set_windows(&[window("patches", "db-*", nightly), window("other", "web-*", once)])
        .unwrap();
    let mut db = Machine::new("db-1");
    let all = run(&mut engine, &mut db, (START, START + 360), |_| vec![raid(1)]);
    let expected = [
        "0 firing critical raid.degraded[md0]",
        "2 hidden critical raid.degraded[md0] (suppressed)",
        "4 surfaced critical raid.degraded[md0]",
    ];
    assert_eq!(told(&all), expected);
    let name = "patches".to_owned();
    assert_eq!(all[1].alert.suppressed_by, [Reason::Maintenance { name }]);
    let bad = window("x", "a:b", When::Once { start: 0, end: 1 });
    assert!(engine.set_windows(&[bad]).unwrap_err().starts_with("maintenance window `x`"));
}

#[test]
fn what_is_usual_at_this_time_is_expected_and_other_times_are_news() {
    let (mut engine, mut db) = (Engine::new(Rules::built_in()), Machine::new("db-1"));
    let backup = Expectation {
        id: "backup".to_owned(),
        servers: Vec::new(),
        series: Some("raid.degraded[*]".to_owned()),
        rule: None,
        when: When::Repeated {
            schedule: "0 0 * * *".to_owned(),
            duration_secs: 60,
            timezone: "UTC".to_owned(),
        },
        until: None,
        by: "ann".to_owned(),
        why: "backup at midnight".to_owned(),
    };
    engine.expect_usual(backup).unwrap();
    let all = run(&mut engine, &mut db, (START, START + 90), |_| vec![raid(1)]);
    assert_eq!(all[0].alert.suppressed_by, [Reason::Expected { id: "backup".to_owned() }]);
    assert_eq!(told(&all)[1], "1 surfaced critical raid.degraded[md0]");
}

#[test]
fn what_people_said_survives_a_restart_and_has_a_bound() {
    let mut engine = Engine::new(Rules::built_in());
    engine.silence(silence("s1", START + 300)).unwrap();
    let engine = Engine::restore(Rules::built_in(), reread(&engine.saved()));
    assert_eq!(engine.said().silences, [silence("s1", START + 300)]);
    let mut engine = engine;
    for number in 1..QUIETINGS_MAX {
        engine.silence(silence(&format!("n{number}"), 1)).unwrap();
    }
    assert!(engine.silence(silence("more", 1)).unwrap_err().contains("end some first"));
    engine.silence(silence("s1", 1)).unwrap();
}

#[test]
fn an_alert_keeps_its_reasons_over_a_restart_until_its_server_is_seen() {
    let (mut engine, mut db) = (Engine::new(Rules::built_in()), Machine::new("db-1"));
    engine.silence(silence("s1", START + 3_000)).unwrap();
    run(&mut engine, &mut db, (START, START + 60), |_| vec![raid(1)]);
    let mut engine = Engine::restore(Rules::built_in(), reread(&engine.saved()));
    assert_eq!(engine.tick(START + 60), []);
    assert!(engine.open().all(|it| !it.suppressed_by.is_empty()));
}

#[test]
fn what_is_said_is_weighed_without_being_heard_and_then_holds_as_a_whole() {
    let (mut engine, mut db) = (Engine::new(Rules::built_in()), Machine::new("db-1"));
    run(&mut engine, &mut db, (START, START + 60), |_| vec![raid(1)]);
    let quiet = Silence { series: Some("raid.degraded".to_owned()), ..silence("s1", START + 300) };
    let said = engine.weigh(Word::Silence(quiet.clone())).unwrap();
    assert_eq!((engine.said(), engine.tick(START + 60)), (Said::default(), vec![]));
    engine.hear(said.clone());
    let hidden = ["1 hidden critical raid.degraded[md0] (suppressed)"];
    assert_eq!(told(&engine.tick(START + 60)), hidden, "a path is all its items");
    let alert = engine.open().next().unwrap();
    assert!(!quiet.fits(None, alert), "the fleet is no server of it");
    assert_eq!(said.silences, [quiet]);
    assert_eq!(
        engine.weigh(Word::End("s2".to_owned())),
        Err("nothing `s2` is in force".to_owned())
    );
    engine.hear(engine.weigh(Word::End("s1".to_owned())).unwrap());
    assert_eq!(engine.said(), Said::default());
    let unknown =
        Acknowledgement { alert: "0".to_owned(), until: 1, by: String::new(), why: String::new() };
    assert!(engine.weigh(Word::Acknowledge(unknown)).unwrap_err().contains("no open alert"));
}
