//! What every backend has to do, as one suite; PostgreSQL runs it when the set-up has one.

mod files;

mod operators;

use std::process::Command;

use proptest::{
    prelude::{Strategy, any, prop},
    strategy::ValueTree,
    test_runner::TestRunner,
};

use super::*;

fn host(name: &str) -> HostName {
    HostName::parse(name).unwrap()
}

fn sample(name: &str, secs: i64, values: &[(&str, f64)]) -> Sample {
    let values = values.iter().map(|(name, value)| (SeriesName::from(*name), *value)).collect();
    Sample { host: host(name), secs, values }
}

fn of(samples: Vec<Sample>) -> Batch {
    Batch { samples, ..Batch::default() }
}

fn event(secs: i64, name: Option<&str>, kind: &str) -> Event {
    let (kind, item, detail) = (kind.to_owned(), String::new(), "it happened".to_owned());
    Event { host: name.map(host), secs, kind, item, detail }
}

const ALWAYS: Span = Span { from: 0, to: i64::MAX / 2 };
const KEEP: Keep = Keep { raw_secs: 7 * 86_400, event_secs: 400 * 86_400, alert_secs: 30 * 86_400 };

async fn points(store: &dyn Store, name: &str, series: &str, level: Level) -> Vec<Point> {
    let mut all = store.range(&host(name), &[series.into()], ALWAYS, level).await.unwrap();
    all.pop().unwrap()
}

async fn all_upkeep(store: &dyn Store, now: i64) -> usize {
    let mut sealed = 0;
    loop {
        let done = store.upkeep(now, &KEEP).await.unwrap();
        sealed += done.sealed;
        if done.sealed == 0 {
            return sealed;
        }
    }
}

/// The whole suite, each part on a store of its own server names.
async fn conforms(store: &dyn Store) {
    what_was_written_is_read(store).await;
    the_second_of_a_second_changes_nothing(store).await;
    levels_agree_before_and_after_sealing(store).await;
    series_come_and_go(store).await;
    late_polls_find_their_place(store).await;
    late_polls_are_in_coarser_levels_too(store).await;
    few_polls_share_a_block_and_many_have_their_own(store).await;
    events_and_programs_come_back(store).await;
    programs_are_the_same_before_and_after_sealing(store).await;
    alerts_are_kept_as_they_were_last(store).await;
    operators::the_last_verdict_on_an_alert_holds_whatever_happens_to_it(store).await;
    operators::what_operators_did_is_a_chain(store).await;
    operators::audit_entries_are_forgotten_from_the_beginning(store).await;
}

async fn what_was_written_is_read(store: &dyn Store) {
    let batch = of(vec![
        sample("read", 100, &[("cpu.total", 1.5), ("fs.percent[/]", 80.0)]),
        sample("read", 110, &[("cpu.total", 2.5), ("mem.percent", f64::NAN)]),
        sample("other", 100, &[("cpu.total", 9.0)]),
    ]);
    store.append(&batch).await.unwrap();
    let read = host("read");
    let names = store.series(&read).await.unwrap();
    assert!(names.contains(&"cpu.total".into()) && names.contains(&"fs.percent[/]".into()));
    let asked: Vec<SeriesName> = vec!["fs.percent[/]".into(), "no.such".into(), "cpu.total".into()];
    let all = store.range(&read, &asked, ALWAYS, Level::Raw).await.unwrap();
    assert_eq!(all[0], [Point::one(100, 80.0)]);
    assert_eq!(all[1], []);
    assert_eq!(all[2], [Point::one(100, 1.5), Point::one(110, 2.5)]);
    let span = Span { from: 101, to: 110 };
    let none = store.range(&read, &asked, span, Level::Raw).await.unwrap();
    assert!(none.iter().all(Vec::is_empty), "a span is half open");
    assert_eq!(points(store, "nobody", "cpu.total", Level::Raw).await, []);
    assert_eq!(store.series(&host("nobody")).await.unwrap(), Vec::<SeriesName>::new());
}

async fn the_second_of_a_second_changes_nothing(store: &dyn Store) {
    for value in [1.0, 2.0] {
        store.append(&of(vec![sample("twice", 50, &[("cpu.total", value)])])).await.unwrap();
    }
    assert_eq!(points(store, "twice", "cpu.total", Level::Raw).await, [Point::one(50, 1.0)]);
}

async fn levels_agree_before_and_after_sealing(store: &dyn Store) {
    const BEGIN: i64 = 1_700_006_400;
    let samples = (0..3_000_i32).map(|n| {
        let values = [("cpu.total", f64::from(n % 97)), ("slow", f64::from(n))];
        let values = if n % 6 == 0 { &values[..] } else { &values[..1] };
        sample("levels", BEGIN + i64::from(n) * 10, values)
    });
    let samples: Vec<Sample> = samples.collect();
    for batch in samples.chunks(500) {
        store.append(&of(batch.to_vec())).await.unwrap();
    }
    let mut before = Vec::new();
    for level in Level::ALL {
        before.push(points(store, "levels", "cpu.total", level).await);
    }
    assert_eq!(before[0].len(), 3_000);
    assert_eq!((before[1].len(), before[2].len()), (100, 9));
    all_upkeep(store, BEGIN + 40_000).await;
    for (level, before) in Level::ALL.into_iter().zip(&before) {
        let after = points(store, "levels", "cpu.total", level).await;
        assert_eq!(after.len(), before.len(), "{level:?}");
        for (one, other) in after.iter().zip(before) {
            assert!((one.mean - other.mean).abs() <= other.mean.abs() * 2e-6, "{one:?} {other:?}");
            assert_eq!((one.secs, one.max, one.count), (other.secs, other.max, other.count));
            if level != Level::FiveMinutes {
                assert_eq!(one.min, other.min);
            }
        }
    }
    assert_eq!(points(store, "levels", "slow", Level::Raw).await.len(), 500);
    let size = store.size().await.unwrap();
    assert!(size.values >= 3_500, "{size:?}");
    // Raw points go after their time, coarser ones stay.
    let later = BEGIN + 9 * 86_400;
    all_upkeep(store, later).await;
    assert!(points(store, "levels", "cpu.total", Level::Hour).await.len() == 9);
}

async fn series_come_and_go(store: &dyn Store) {
    const BEGIN: i64 = 1_710_000_000;
    let poll = |n: i64| {
        let name = format!("containers.cpu_percent[c{}]", n / 300);
        sample("churn", BEGIN + n * 10, &[("cpu.total", 1.0), (name.as_str(), 2.0)])
    };
    for from in (0..1_500).step_by(20) {
        store.append(&of((from..from + 20).map(poll).collect())).await.unwrap();
    }
    all_upkeep(store, BEGIN + 30_000).await;
    for index in 0..5 {
        let name = format!("containers.cpu_percent[c{index}]");
        let found = points(store, "churn", &name, Level::Raw).await;
        assert_eq!(found.len(), 300, "{name}");
        assert!(found.iter().all(|point| point.mean == 2.0));
    }
    assert_eq!(points(store, "churn", "cpu.total", Level::Raw).await.len(), 1_500);
}

async fn late_polls_find_their_place(store: &dyn Store) {
    const BEGIN: i64 = 1_720_000_800;
    let poll = |n: i64| sample("late", BEGIN + n * 60, &[("cpu.total", 1.0)]);
    store.append(&of((0..120).filter(|n| n % 10 != 3).map(poll).collect())).await.unwrap();
    all_upkeep(store, BEGIN + 30_000).await;
    store.append(&of((0..120).map(poll).collect())).await.unwrap();
    for _ in 0..2 {
        let found = points(store, "late", "cpu.total", Level::Raw).await;
        assert_eq!(found.len(), 120);
        assert!(found.is_sorted_by_key(|point| point.secs));
        all_upkeep(store, BEGIN + 30_000).await;
    }
}

async fn late_polls_are_in_coarser_levels_too(store: &dyn Store) {
    const BEGIN: i64 = 1_730_001_600;
    let poll = |n: i64| sample("later", BEGIN + n * 60, &[("cpu.total", n as f64)]);
    store.append(&of((0..120).filter(|n| n % 2 == 0).map(poll).collect())).await.unwrap();
    all_upkeep(store, BEGIN + 30_000).await;
    store.append(&of((0..120).map(poll).collect())).await.unwrap();
    all_upkeep(store, BEGIN + 30_000).await;
    let hours = points(store, "later", "cpu.total", Level::Hour).await;
    let told: Vec<_> =
        hours.iter().map(|hour| (hour.mean, hour.min, hour.max, hour.count)).collect();
    assert_eq!(told, [(29.5, Some(0.0), 59.0, 60), (89.5, Some(60.0), 119.0, 60)]);
}

/// Eight hours of polls, a minute apart and ten seconds apart: what is read is the same however it is
/// sealed, window by window or at once.
async fn few_polls_share_a_block_and_many_have_their_own(store: &dyn Store) {
    const BEGIN: i64 = 1_740_009_600;
    for (name, every) in [("few", 60), ("many", 10)] {
        let polls = 8 * 3_600 / every;
        let poll = |n: i64| {
            let value = (n * 7_919 % 1_009) as f64;
            sample(name, BEGIN + n * every, &[("cpu.total", value), ("mem.percent", 50.0)])
        };
        for hours in 0..8 {
            let (from, to) = (hours * polls / 8, (hours + 1) * polls / 8);
            store.append(&of((from..to).map(poll).collect())).await.unwrap();
            all_upkeep(store, BEGIN + (hours + 1) * 3_600 + 900).await;
        }
        let found = points(store, name, "cpu.total", Level::Raw).await;
        let expected: Vec<Point> =
            (0..polls).map(|n| Point::one(BEGIN + n * every, (n * 7_919 % 1_009) as f64)).collect();
        assert_eq!(found, expected, "{name}");
        let hour = Span { from: BEGIN + 3 * 3_600, to: BEGIN + 4 * 3_600 };
        let asked = [SeriesName::from("mem.percent"), SeriesName::from("cpu.total")];
        let some = store.range(&host(name), &asked, hour, Level::Raw).await.unwrap();
        assert!(some.iter().all(|points| points.len() as i64 == 3_600 / every), "{name}");
        let steps = store.range(&host(name), &asked, hour, Level::FiveMinutes).await.unwrap();
        assert_eq!(steps[1].len(), 12, "{name}");
        assert_eq!(points(store, name, "mem.percent", Level::Hour).await.len(), 8, "{name}");
    }
}

async fn programs_are_the_same_before_and_after_sealing(store: &dyn Store) {
    const BEGIN: i64 = 1_750_003_200;
    let list = |n: i64| {
        let program = |name: &str, uses: i64| Program {
            name: name.to_owned(),
            cpu_percent: (uses % 4 != 0).then_some((uses % 100) as f64 / 10.0),
            memory_bytes: Some(1 << 30 | (uses as u64) << 20),
            io_bytes_per_second: (uses % 3 == 0).then_some((uses * 4_096) as f64),
            processes: 1 + (uses % 7) as u32,
        };
        let mut top = vec![program("java", n), program("näme, \"odd\"", n * 3)];
        top.extend((n % 10 == 0).then(|| program(&format!("zcat {n}"), n)));
        Programs { host: host("tops"), secs: BEGIN + n * 60, top }
    };
    let lists: Vec<Programs> = (0..600).map(list).collect();
    let noted = |programs: &[Programs]| Batch { programs: programs.to_vec(), ..Batch::default() };
    for (index, some) in lists.chunks(75).enumerate() {
        // Some come late, and some twice.
        let some: Vec<Programs> = some.iter().filter(|list| list.secs % 7 != 0).cloned().collect();
        store.append(&noted(&some)).await.unwrap();
        all_upkeep(store, BEGIN + (index as i64 + 1) * 75 * 60 + 600).await;
    }
    store.append(&noted(&lists)).await.unwrap();
    for _ in 0..2 {
        let found = store.programs(&host("tops"), ALWAYS).await.unwrap();
        assert_eq!(found.len(), lists.len());
        for (one, other) in found.iter().zip(&lists) {
            assert_eq!(one, other);
        }
        let span = Span { from: BEGIN + 6_000, to: BEGIN + 9_000 };
        assert_eq!(store.programs(&host("tops"), span).await.unwrap(), lists[100..150]);
        all_upkeep(store, BEGIN + 60_000).await;
    }
}

async fn events_and_programs_come_back(store: &dyn Store) {
    let program = Program {
        name: "java".to_owned(),
        cpu_percent: Some(12.5),
        memory_bytes: Some(1 << 40),
        io_bytes_per_second: None,
        processes: 3,
    };
    let top = Programs { host: host("ev"), secs: 500, top: vec![program] };
    let batch = Batch {
        events: vec![
            event(500, Some("ev"), "reboot"),
            event(500, Some("ev"), "reboot"),
            event(600, Some("hidden"), "reboot"),
            event(700, None, "not_watching"),
        ],
        programs: vec![top.clone()],
        watched: Some((100, 300)),
        ..Batch::default()
    };
    store.append(&batch).await.unwrap();
    let more = Batch { watched: Some((100, 400)), ..Batch::default() };
    store.append(&more).await.unwrap();
    let seen = store.events(&[host("ev")], ALWAYS).await.unwrap();
    assert_eq!(seen, [event(700, None, "not_watching"), event(500, Some("ev"), "reboot")]);
    let seen = store.events_of(&["reboot", "other"], &[host("ev")], ALWAYS).await.unwrap();
    assert_eq!(seen, [event(500, Some("ev"), "reboot")]);
    assert_eq!(store.programs(&host("ev"), ALWAYS).await.unwrap(), [top]);
    let watched = store.watched(Span { from: 150, to: 1_000 }).await.unwrap();
    assert_eq!(watched, [Span { from: 150, to: 400 }]);
}

async fn alerts_are_kept_as_they_were_last(store: &dyn Store) {
    let change = |name: Option<&str>, id: &str, secs: i64, over: bool| AlertChange {
        host: name.map(host),
        id: id.to_owned(),
        began: 2_000_000_000,
        secs,
        over,
        alert: format!("{id} at {secs}"),
        change: format!("{id} changed at {secs}"),
    };
    let batch = Batch {
        alerts: vec![
            change(Some("al"), "a", 2_000_000_000, false),
            change(Some("al"), "a", 2_000_000_060, false),
            change(Some("al"), "a", 2_000_000_500, true),
            change(Some("al"), "b", 2_000_000_100, false),
            change(Some("hidden"), "c", 2_000_000_100, false),
            change(None, "d", 2_000_000_100, false),
        ],
        kept: vec![("engine".to_owned(), "one".to_owned())],
        ..Batch::default()
    };
    store.append(&batch).await.unwrap();
    // A batch whose answer was lost is written again.
    store.append(&Batch { alerts: batch.alerts[2..3].to_vec(), ..Batch::default() }).await.unwrap();
    let seen = |alerts: Vec<KeptAlert>| -> Vec<(String, Option<i64>)> {
        alerts.into_iter().map(|alert| (alert.alert, alert.closed)).collect()
    };
    let later = Span { from: 2_000_000_400, to: 2_000_001_000 };
    let found = seen(store.alerts(&[host("al")], later).await.unwrap());
    let a = ("a at 2000000500".to_owned(), Some(2_000_000_500));
    let (b, d) = (("b at 2000000100".to_owned(), None), ("d at 2000000100".to_owned(), None));
    assert_eq!(found, [a, b.clone(), d.clone()]);
    let over = Span { from: 2_000_000_600, to: 2_000_001_000 };
    assert_eq!(seen(store.alerts(&[host("al")], over).await.unwrap()), [b, d]);
    let changes = store.alert_changes(2_000_000_100).await.unwrap();
    assert!(changes.contains(&"a changed at 2000000500".to_owned()), "{changes:?}");
    assert!(!changes.contains(&"a changed at 2000000060".to_owned()), "{changes:?}");
    assert_eq!(store.recall("engine").await.unwrap().as_deref(), Some("one"));
    assert_eq!(store.recall("nothing").await.unwrap(), None);
}

#[tokio::test]
async fn memory_conforms() {
    conforms(&Memory::unbounded()).await;
}

#[tokio::test]
async fn sqlite_conforms() {
    let dir = tempfile::TempDir::new().unwrap();
    let store = Sql::open(&dir.path().join("a folder/history?.db"), "a test").await.unwrap();
    conforms(&store).await;
}

/// Any batches, in any order, interleaved with sealing, read as in memory.
#[tokio::test]
async fn sqlite_and_memory_never_differ() {
    let dir = tempfile::TempDir::new().unwrap();
    let row = (0..3_u8, 0..40_000_i64, prop::collection::vec((0..5_u8, -1e9_f64..1e9), 0..5));
    let step = (prop::collection::vec(row, 0..30), any::<bool>());
    let steps = prop::collection::vec(step, 1..9);
    let mut runner = TestRunner::deterministic();
    for case in 0..16 {
        let file = dir.path().join(format!("{case}.db"));
        let (sql, memory) = (Sql::open(&file, "a test").await.unwrap(), Memory::unbounded());
        for (rows, seal) in steps.new_tree(&mut runner).unwrap().current() {
            let samples = rows.into_iter().map(|(of, secs, values)| {
                let values: std::collections::BTreeMap<String, f64> =
                    values.into_iter().map(|(n, value)| (format!("s[{n}]"), value)).collect();
                let values: Vec<(&str, f64)> =
                    values.iter().map(|(name, value)| (name.as_str(), *value)).collect();
                sample(&format!("h{of}"), secs, &values)
            });
            let batch = of(samples.collect());
            sql.append(&batch).await.unwrap();
            memory.append(&batch).await.unwrap();
            if seal {
                all_upkeep(&sql, 60_000).await;
            }
        }
        for name in ["h0", "h1", "h2"] {
            for series in ["s[0]", "s[1]", "s[2]", "s[3]", "s[4]"] {
                let one = points(&sql, name, series, Level::Raw).await;
                let other = points(&memory, name, series, Level::Raw).await;
                assert_eq!(one, other, "case {case}: {name} {series}");
            }
        }
    }
}

/// A PostgreSQL of this test alone, on a socket in a folder.
struct Postgres {
    dir: tempfile::TempDir,
    bin: std::path::PathBuf,
}

impl Postgres {
    fn start() -> Option<Self> {
        let bin = std::path::PathBuf::from(std::env::var("GLANCES_E2E_POSTGRES").ok()?);
        let dir = tempfile::TempDir::new().unwrap();
        let postgres = Self { dir, bin };
        let root =
            String::from_utf8(Command::new("id").arg("-u").output().unwrap().stdout).unwrap();
        if root.trim() == "0" {
            // initdb refuses to run as root.
            let own = Command::new("chown").arg("postgres").arg(postgres.dir.path()).status();
            assert!(own.unwrap().success());
        }
        let data = postgres.dir.path().join("data").display().to_string();
        postgres.run("initdb", &["-D", &data, "-A", "trust", "-U", "test", "--no-sync"]);
        let socket =
            format!("-k {} -c fsync=off -c listen_addresses=''", postgres.dir.path().display());
        let log = postgres.dir.path().join("log").display().to_string();
        postgres.run("pg_ctl", &["-D", &data, "-o", &socket, "-l", &log, "-w", "start"]);
        Some(postgres)
    }

    fn run(&self, program: &str, arguments: &[&str]) {
        let program = self.bin.join(program);
        let root = std::fs::metadata(self.dir.path()).unwrap();
        let is_ours = std::os::unix::fs::MetadataExt::uid(&root) == current_uid();
        let mut command = if is_ours {
            Command::new(program)
        } else {
            let mut command = Command::new("runuser");
            command.args(["-u", "postgres", "--"]).arg(program);
            command
        };
        let done = command.args(arguments).stdout(std::process::Stdio::null()).status().unwrap();
        assert!(done.success(), "{arguments:?}");
    }

    fn url(&self) -> String {
        let socket = self.dir.path().display().to_string().replace('/', "%2F");
        format!("postgres://test@{socket}/postgres")
    }
}

fn current_uid() -> u32 {
    let said = Command::new("id").arg("-u").output().unwrap();
    String::from_utf8(said.stdout).unwrap().trim().parse().unwrap()
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let data = self.dir.path().join("data").display().to_string();
        self.run("pg_ctl", &["-D", &data, "-m", "immediate", "stop"]);
    }
}

#[tokio::test]
async fn postgres_conforms() {
    let Some(postgres) = Postgres::start() else {
        let unattended = std::env::var("CI").is_ok_and(|ci| ci == "true");
        assert!(!unattended, "the gate runs this: `cargo xtask test` says where PostgreSQL is");
        println!("no PostgreSQL: `cargo xtask setup` finds or installs one");
        return;
    };
    conforms(&Sql::postgres(&postgres.url()).await.unwrap()).await;
}
