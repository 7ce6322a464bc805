//! What changed: on incidents whose truth is known, on calm days, and where history is missing.

use std::sync::Arc;

use fleet_sim::{
    Flavor, Fleet, HostSpec, Role,
    scenario::{Kind, Scenario, Span as Days},
};
use glances_mcp::store::{Batch, Keep, Memory, Program, Programs, Sample, Sql, Store};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::support::{
    judged::{self, Judged, days},
    past::{Past, last},
};

/// A Monday, ten in the morning.
const END: i64 = 1_795_392_000 + 10 * 3_600;
const HOUR: f64 = 3_600.0;
const POLLED: u32 = 60;

fn now() -> Timestamp {
    Timestamp::from_second(END).unwrap()
}

fn specs(count: usize) -> Vec<HostSpec> {
    let mut specs = Fleet::mixed_specs(count, 5);
    specs.iter_mut().for_each(|spec| spec.flavor = Flavor::V4_5_8);
    specs
}

/// Two hours and a bit up to now.
fn calm(count: usize) -> Scenario {
    calm_of(specs(count))
}

fn calm_of(specs: Vec<HostSpec>) -> Scenario {
    #[expect(clippy::cast_precision_loss, reason = "seconds")]
    let end = END as f64;
    Scenario::calm(specs, Days { begin: end - 2.2 * HOUR, end }, 5)
}

fn rows<'v>(reply: &'v Value, list: &str) -> &'v Vec<Value> {
    reply[list].as_array().unwrap_or_else(|| panic!("no `{list}` in {reply}"))
}

#[tokio::test]
async fn the_server_and_the_metric_of_a_busy_machine_come_first() {
    first_of(&[Kind::CpuRunaway, Kind::NoisyNeighbour]).await;
}

#[tokio::test]
async fn those_of_a_full_link_and_of_a_deploy_come_first() {
    first_of(&[Kind::NetworkSaturation, Kind::DeployShift]).await;
}

#[tokio::test]
async fn those_of_what_fills_up_come_first() {
    first_of(&[Kind::MemoryLeak, Kind::DiskFilling]).await;
}

#[tokio::test]
async fn a_server_that_falls_silent_comes_first() {
    first_of(&[Kind::Outage]).await;
}

/// Kinds whose trace is no series: what happened, and to what, is the first of the events.
#[tokio::test]
async fn what_dies_again_and_again_and_a_new_glances_are_the_first_events() {
    for (kind, secs) in [(Kind::CrashLoop, 0.5 * HOUR), (Kind::GlancesRestart, 40.0)] {
        let mut specs = specs(4);
        specs[2].role = Role::ContainerHost;
        let mut scenario = calm_of(specs);
        let begin = scenario.span().end - 0.6 * HOUR;
        assert!(scenario.play(kind, &[2], begin, secs));
        let effect = scenario.incidents()[0].effects[0].clone();
        let past = Past::played(scenario, POLLED, now).await;
        let reply = past.ask("what_changed", json!({})).await;
        let events = rows(&reply, "events");
        let told = |row: &&Value| effect.events.iter().any(|(what, _)| row["what"] == *what);
        let row = events.iter().find(told).unwrap_or_else(|| panic!("{kind:?}: {events:?}"));
        assert_eq!(row["servers"], *effect.name, "{kind:?}: {events:?}");
        if kind == Kind::CrashLoop {
            assert_eq!(row["what"], "container restarted");
            assert!(row["times"].as_u64().unwrap() >= 3, "{row}");
        }
    }
}

async fn first_of(kinds: &[Kind]) {
    for kind in kinds.iter().copied() {
        let mut scenario = calm(6);
        let fits = |host: &usize| (kind.row().fits)(&scenario.actors()[*host].host);
        let host = (1..6).find(fits).unwrap();
        let begin = scenario.span().end - 0.6 * HOUR;
        assert!(scenario.play(kind, &[host], begin, 1.2 * HOUR));
        let effect = scenario.incidents()[0].effects[0].clone();
        let past = Past::played(scenario, POLLED, now).await;
        let reply = past.ask("what_changed", json!({})).await;
        let first: Vec<&Value> = rows(&reply, "moves").iter().take(3).collect();
        let told = first.iter().any(|row| {
            let metric = row["metric"].as_str().unwrap();
            row["server"] == *effect.name && effect.series.iter().any(|it| it == metric)
        });
        assert!(told, "{kind:?} on {}: {first:?}", effect.name);
        let change = &rows(&reply, "changes")[0];
        assert!(change["servers"].as_str().unwrap().contains(&effect.name), "{kind:?}: {reply}");
        let began: Timestamp = change["began"].as_str().unwrap().parse().unwrap();
        let late = began.as_second() - begin as i64;
        // A ramp has to be on its way before it can be seen, and begins in the noise.
        let ramp = matches!(kind, Kind::MemoryLeak | Kind::DiskFilling);
        let (early, most) = if ramp { (-600, 1_800) } else { (-150, 150) };
        assert!((early..=most).contains(&late), "{kind:?}: {late} s late: {change}");
    }
}

#[tokio::test]
async fn a_cascade_is_told_in_its_order() {
    let mut scenario = calm(8);
    let hosts = [3, 1, 5, 6];
    let begin = scenario.span().end - 0.7 * HOUR;
    assert!(scenario.play(Kind::CascadingFailure, &hosts, begin, HOUR));
    let names: Vec<String> =
        scenario.incidents()[0].effects.iter().map(|it| it.name.clone()).collect();
    let past = Past::played(scenario, POLLED, now).await;
    let reply = past.ask("what_changed", json!({})).await;
    let change = &rows(&reply, "changes")[0];
    assert_eq!(change["verdict"], "cascading", "{reply}");
    assert_ne!(change["confidence"], "high", "nothing says that they need each other");
    assert!(reply["notes"].to_string().contains("depends_on"), "{reply}");
    let order = change["order"].as_str().unwrap();
    let places: Vec<Option<usize>> = names.iter().map(|name| order.find(name.as_str())).collect();
    assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{names:?}: {order}");
    // The last one does not answer any more.
    let events = rows(&reply, "events");
    assert!(events.iter().any(|row| row["what"] == "down" && row["change"] == 1), "{events:?}");
}

#[tokio::test]
async fn one_moment_on_all_servers_is_simultaneous() {
    let mut scenario = calm(6);
    let begin = scenario.span().end - 0.5 * HOUR;
    for host in 0..6 {
        assert!(scenario.play(Kind::CpuRunaway, &[host], begin, HOUR));
    }
    let past = Past::played(scenario, POLLED, now).await;
    let reply = past.ask("what_changed", json!({})).await;
    let change = &rows(&reply, "changes")[0];
    assert_eq!((&change["verdict"], &change["server_count"]), (&json!("simultaneous"), &json!(6)));
    // What took the CPU is told of the first of them.
    assert!(!rows(&reply, "programs").is_empty(), "{reply}");
}

#[tokio::test]
async fn a_quiet_fleet_says_that_nothing_changed_and_what_was_looked_at() {
    let past = Past::played(calm(8), POLLED, now).await;
    let (text, reply) = past.reply("what_changed", json!({})).await.unwrap();
    assert_eq!(rows(&reply, "changes").len(), 0, "{text}");
    assert!(text.starts_with("Nothing changed") && text.contains("8 servers"), "{text}");
    assert!(reply["evidence"]["series_tested"].as_u64().unwrap() > 60, "{reply}");
}

#[tokio::test(start_paused = true)]
async fn the_rhythm_of_a_calm_week_is_no_change_however_long_the_window() {
    let past = Judged::of(Scenario::calm(judged::specs(20, 6), days(8.0), 6)).await;
    for since in ["-1h", "-12h", "-24h", "-48h"] {
        let reply = past.ask("what_changed", json!({ "since": since })).await;
        assert_eq!(rows(&reply, "changes").len(), 0, "{since}: {reply:#}");
        assert!(reply["evidence"]["series_tested"].as_u64() > Some(100), "{since}: {reply:#}");
    }
}

/// Hand-made polls every 30 s: CPU and memory of a server, by the second before now.
async fn polls(store: &dyn Store, host: &str, back: i64, cpu: impl Fn(i64) -> Option<f64>) {
    let host = glances_mcp::model::HostName::parse(host).unwrap();
    let noise = |n: i64| f64::from(i32::try_from(n * 7_919 % 13).unwrap()) / 13.0;
    let samples = (1..=back / 30).rev().filter_map(|n| {
        let values = vec![
            ("cpu.total".into(), cpu(n * 30)? + noise(n)),
            ("mem.percent".into(), 40.0 + noise(n + 5)),
        ];
        Some(Sample { host: host.clone(), secs: END - n * 30, values })
    });
    let batch =
        Batch { samples: samples.collect(), watched: Some((END - back, END)), ..Batch::default() };
    store.append(&batch).await.unwrap();
}

fn two() -> Vec<Arc<glances_mcp::snapshot::Snapshot>> {
    last(calm(2), POLLED)
}

#[tokio::test]
async fn what_is_missing_on_a_side_is_said() {
    let store = Arc::new(Memory::default());
    polls(&*store, "sim-001", 7_200, |back| Some(if back < 1_200 { 90.0 } else { 20.0 })).await;
    polls(&*store, "sim-002", 7_200, |back| (back > 3_600).then_some(20.0)).await;
    let past = Past::of(store.clone(), &two(), now);
    let (text, reply) = past.reply("what_changed", json!({})).await.unwrap();
    assert_eq!(rows(&reply, "moves")[0]["server"], "sim-001", "{text}");
    let notes = reply["notes"].to_string();
    assert!(notes.contains("in the window less than half") && notes.contains("sim-002"), "{notes}");
    assert_eq!(reply["evidence"]["series_untestable"], 2, "{reply}");
    // Three days of history say what is usual at this hour; here there are two hours.
    assert!(notes.contains("usual at this hour"), "{notes}");
    assert_eq!(rows(&reply, "changes")[0]["confidence"], "medium");

    let begun = Arc::new(Memory::default());
    polls(&*begun, "sim-001", 1_800, |_| Some(20.0)).await;
    let past = Past::of(begun, &two(), now);
    let (text, _) = past.reply("what_changed", json!({})).await.unwrap();
    assert!(text.starts_with("Too little history"), "{text}");
    assert!(text.contains("in the time before less than half"), "{text}");
}

#[tokio::test]
async fn a_job_of_every_day_is_usual_and_the_program_that_grew_is_named() {
    const DAY: i64 = 86_400;
    let dir = tempfile::TempDir::new().unwrap();
    let store: Arc<dyn Store> =
        Arc::new(Sql::open(&dir.path().join("history.db"), "a test").await.unwrap());
    let daily = |back: i64| Some(if back % DAY < 1_200 { 80.0 } else { 20.0 });
    polls(&*store, "sim-001", 5 * DAY, daily).await;
    polls(&*store, "sim-002", 5 * DAY, |back| Some(if back < 1_200 { 80.0 } else { 20.0 })).await;
    let lists = (1..=120_i64).map(|minute| Programs {
        host: glances_mcp::model::HostName::parse("sim-002").unwrap(),
        secs: END - minute * 60,
        top: vec![
            Program {
                name: "reindex".to_owned(),
                cpu_percent: Some(if minute <= 20 { 240.0 } else { 4.0 }),
                memory_bytes: Some(1 << 28),
                io_bytes_per_second: None,
                processes: 1,
            },
            Program {
                name: "postgres".to_owned(),
                cpu_percent: Some(50.0),
                memory_bytes: Some(1 << 30),
                io_bytes_per_second: None,
                processes: 9,
            },
        ],
    });
    let batch = Batch { programs: lists.collect(), ..Batch::default() };
    store.append(&batch).await.unwrap();
    let past = Past::of(store, &two(), now);
    let (text, reply) = past.reply("what_changed", json!({})).await.unwrap();
    let changes = rows(&reply, "changes");
    assert_eq!((changes.len(), &changes[0]["servers"]), (1, &json!("sim-002")), "{text}");
    assert_eq!(
        (&changes[0]["verdict"], &changes[0]["confidence"]),
        (&json!("isolated"), &json!("high"))
    );
    assert_eq!(reply["evidence"]["usual_moves"], 1, "{text}");
    let programs = rows(&reply, "programs");
    assert_eq!(programs.len(), 1, "{programs:?}");
    assert_eq!(programs[0]["program"], "reindex");
    assert_eq!(
        (&programs[0]["cpu_before_percent"], &programs[0]["cpu_after_percent"]),
        (&json!(4), &json!(240))
    );
    // An incident of the past is asked for by its time, also over hours and days.
    let day = past.ask("what_changed", json!({"since": "-2d", "servers": ["sim-002"]})).await;
    assert_eq!(day["evidence"]["resolution"], "means of 5 minutes, in steps of 30m 0s", "{day}");
}

#[tokio::test]
async fn windows_that_tell_nothing_are_refused() {
    let past = Past::of(Arc::new(Memory::default()), &two(), now);
    let refused = past.reply("what_changed", json!({"since": "-1m"})).await.unwrap_err();
    assert!(refused.contains("300 s"), "{refused}");
    let refused = past.reply("what_changed", json!({"metrics": ["cpu.totl"]})).await.unwrap_err();
    assert!(refused.contains("cpu.totl"), "{refused}");
}

/// A day of a hundred servers in SQLite; prints how long a call takes.
#[tokio::test]
#[ignore = "a measurement"]
async fn a_hundred_servers_are_compared_in_time() {
    #[expect(clippy::cast_precision_loss, reason = "seconds")]
    let end = END as f64;
    let span = Days { begin: end - 2.2 * HOUR, end };
    let scenario = Scenario::eventful(Fleet::mixed_specs(100, 7), span, 7, 12.0);
    let dir = tempfile::TempDir::new().unwrap();
    let file = dir.path().join("history.db");
    let store: Arc<dyn Store> = Arc::new(Sql::open(&file, "a measurement").await.unwrap());
    let last = last(scenario.clone(), 10);
    crate::support::feed::fill(
        crate::support::feed::Feed::new(
            scenario,
            std::env::var("EVERY").map_or(10, |it| it.parse().unwrap()),
        ),
        &*store,
        60,
    )
    .await;
    let keep = Keep { raw_secs: 14 * 86_400, event_secs: 86_400, alert_secs: 86_400 };
    while store.upkeep(END, &keep).await.unwrap().sealed > 0 {}
    let past = Past::of(store, &last, now);
    let few = json!({"metrics": ["cpu.total"]});
    for arguments in [json!({}), json!({}), json!({}), few, json!({"since": "-30m"})] {
        let started = std::time::Instant::now();
        let (text, reply) = past.reply("what_changed", arguments.clone()).await.unwrap();
        let took = started.elapsed();
        eprintln!(
            "{arguments}: {took:?}, {} characters\n{text}\n{}",
            text.len(),
            reply["evidence"]
        );
    }
}
