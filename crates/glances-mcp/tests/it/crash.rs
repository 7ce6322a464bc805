//! The machine we run on fails: killed at any moment, a store that is broken, a disk that is full.
//! What was readable stays readable, and live tools answer meanwhile.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use fleet_sim::{
    Fleet, HostSpec,
    load::{hash, within},
    scenario::{Scenario, Span as Days},
};
use glances_mcp::{
    ingest::Recorded,
    model::HostName,
    store::{AuditRow, EVENTS_MAX, Level, Point, SeriesName, Span, Sql, Store as _, verify},
};
use serde_json::{Value, json};
use sqlx::{Connection as _, Row as _};
use tempfile::TempDir;

use crate::support::{
    Binary, config,
    feed::{self, Feed, noted},
    modern, request, until,
};

/// What the log has to tell.
const INFO: &[&str] = &["--log-level", "info"];
const SERVERS: usize = 6;
const SEED: u64 = 11;
/// Hours of the past that are written before each start, so that there is much to seal at once.
const PAST_HOURS: f64 = 4.0;
/// Longest that a store may take to open after a crash.
const OPENS_WITHIN: Duration = Duration::from_secs(1);

#[tokio::test]
async fn what_was_readable_before_a_kill_is_readable_after_it() {
    kills(4).await;
}

#[tokio::test]
#[ignore = "takes minutes"]
async fn what_was_readable_before_any_of_fifty_kills_is_readable_after_it() {
    kills(50).await;
}

/// Every raw value, by server, series and second; how many programs there are in a list stands as a
/// series of its own.
type Values = BTreeMap<(HostName, SeriesName), BTreeMap<i64, u64>>;

async fn kills(count: u64) {
    let specs = Fleet::mixed_specs(SERVERS, SEED);
    let fleet = Fleet::start(specs.clone()).await.unwrap();
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("history.db");
    let mut config = config(&fleet);
    config["store"] = json!({"url": file});
    // What is old may be forgotten, but not here.
    config["performance_baseline_retention"] = json!(400);
    let began = now();
    let mut known = Values::new();
    let (mut slowest, mut noted) = (Duration::ZERO, 0);
    for number in 0..count {
        let store = Sql::open(&file, "test").await.unwrap();
        write_past(&store, &specs, began, number).await;
        take_in(&mut known, &store, &specs).await;
        drop(store);

        let (binary, address) = Binary::serve(&config, INFO).await;
        let lives = within(hash(SEED, number), 3, 0.4, 2.6);
        tokio::time::sleep(Duration::from_secs_f64(lives)).await;
        let readable = samples(address, began).await;
        let mut answered = Vec::new();
        note(address, number, 0).await;
        let moment = Duration::from_secs_f64(within(hash(SEED, number), 4, 0.0, 0.2));
        tokio::select! {
            () = tokio::time::sleep(moment) => {}
            () = note_on(address, number, &mut answered) => {}
        }
        // A kill of nine, from which nothing can be saved any more.
        drop(binary);
        answered.push(words(number, 0));

        let started = Instant::now();
        let store = Sql::open(&file, "test").await.unwrap();
        slowest = slowest.max(started.elapsed());
        check(&file).await;
        take_in(&mut known, &store, &specs).await;
        noted += answered.len();
        check_audit(&store, &answered).await;
        for (host, (until, counted)) in readable {
            let span = began..until;
            let series = (HostName::parse(&host).unwrap(), SeriesName::from("cpu.total"));
            let kept = known.get(&series).map_or(0, |values| values.range(span).count());
            assert!(kept >= counted, "{host}: {counted} were readable, {kept} are left");
        }
    }
    assert!(slowest < OPENS_WITHIN, "opened after {slowest:?}");
    let live = known.values().flat_map(BTreeMap::keys).filter(|secs| **secs >= began).count();
    assert!(live > SERVERS * 10, "the binary wrote {live} values only");
    assert!(noted > usize::try_from(count).unwrap(), "{noted} orders were answered only");
}

/// The words of a note.
fn words(number: u64, index: u64) -> String {
    format!("note {number}.{index}.")
}

/// Gives an order, and waits until it is answered.
async fn note(address: SocketAddr, number: u64, index: u64) {
    let order = json!({"action": "note", "reason": words(number, index)});
    let result = call(address, "manage_alerts", order).await;
    assert_eq!(result["isError"], false, "{result}");
}

/// Gives one order after the other; which were answered is in the list.
async fn note_on(address: SocketAddr, number: u64, answered: &mut Vec<String>) {
    for index in 1.. {
        note(address, number, index).await;
        answered.push(words(number, index));
    }
}

/// The audit table is whole, each order that was answered is in it once, no other one is twice, and
/// what it did is there exactly when its entry is.
async fn check_audit(store: &Sql, answered: &[String]) {
    let mut rows = Vec::new();
    loop {
        let more = store.audit(rows.last().map_or(0, |row: &AuditRow| row.seq)).await.unwrap();
        if more.is_empty() {
            break;
        }
        rows.extend(more);
    }
    assert_eq!(verify(&store.audit_ends().await.unwrap(), &rows), Ok(()));
    // Some minutes at a time: one question is answered with so many events at most. Notes of one
    // second follow each other by a second, so that a burst reaches into the future.
    let mut done = Vec::new();
    let first = rows.first().map_or(0, |row| row.entry.secs);
    for from in (first - 600..now() + 86_400).step_by(600) {
        let span = Span { from, to: from + 600 };
        let notes = store.events_of(&["note"], &[], span).await.unwrap();
        assert!(notes.len() < EVENTS_MAX, "more notes than can be read");
        done.extend(notes.into_iter().map(|it| format!("{:?}", it.detail)));
    }
    let mut entries: Vec<String> = rows.into_iter().map(|row| row.entry.detail).collect();
    done.sort_unstable();
    entries.sort_unstable();
    assert_eq!(done, entries);
    assert!(entries.windows(2).all(|pair| pair[0] != pair[1]), "an order is there twice");
    for words in answered {
        assert!(entries.contains(&format!("{words:?}")), "{words} is lost");
    }
}

fn now() -> i64 {
    jiff::Timestamp::now().as_second()
}

/// Writes hours of a day before, another one each time, without sealing them.
async fn write_past(store: &Sql, specs: &[HostSpec], now: i64, number: u64) {
    let end = (now - 86_400 / 2 * (number as i64 + 1)) as f64;
    let span = Days { begin: end - PAST_HOURS * 3_600.0, end };
    let mut feed = Feed::new(Scenario::calm(specs.to_vec(), span, SEED), 120);
    let mut recorded = Recorded::default();
    for round in 0..feed.rounds() {
        let snapshots = feed.snapshots(round);
        store.append(&noted(&mut recorded, &snapshots)).await.unwrap();
    }
}

/// Reads everything, and checks that all that was known is still so.
async fn take_in(known: &mut Values, store: &Sql, specs: &[HostSpec]) {
    let mut found = Values::new();
    for spec in specs {
        let host = HostName::parse(&spec.name).unwrap();
        let names = store.series(&host).await.unwrap();
        let span = Span { from: 0, to: now() + 86_400 };
        let points = store.range(&host, &names, span, Level::Raw).await.unwrap();
        for (name, points) in names.into_iter().zip(points) {
            let value = |point: &Point| (point.secs, point.mean.to_bits());
            found.insert((host.clone(), name), points.iter().map(value).collect());
        }
        let lists = store.programs(&host, span).await.unwrap();
        let lists = lists.iter().map(|list| (list.secs, list.top.len() as u64)).collect();
        found.insert((host, "programs".into()), lists);
    }
    for ((host, series), values) in known.iter() {
        let kept = &found[&(host.clone(), series.clone())];
        for (secs, value) in values {
            assert_eq!(kept.get(secs), Some(value), "{host} {series} at {secs} is lost or changed");
        }
    }
    *known = found;
}

/// The file is sound, and no poll is in it twice: not as a row beside its block, and not in two
/// blocks.
async fn check(file: &Path) {
    const DOUBLED: &str = "SELECT COUNT(*) FROM head h JOIN block b \
        ON b.host_id = h.host_id AND b.level = h.level AND h.secs BETWEEN b.t0 AND b.t1";
    const OVERLAPPING: &str = "SELECT COUNT(*) FROM block a JOIN block b \
        ON a.host_id = b.host_id AND a.level = b.level AND a.t0 < b.t0 AND a.t1 >= b.t0";
    const PROGRAMS_DOUBLED: &str = "SELECT COUNT(*) FROM program p JOIN program_block b \
        ON b.host_id = p.host_id AND p.secs BETWEEN b.t0 AND b.t1";
    const PROGRAMS_OVERLAPPING: &str = "SELECT COUNT(*) FROM program_block a JOIN program_block b \
        ON a.host_id = b.host_id AND a.t0 < b.t0 AND a.t1 >= b.t0";
    sqlx::any::install_default_drivers();
    let url = format!("sqlite://{}?mode=ro", file.display());
    let mut connection = sqlx::AnyConnection::connect(&url).await.unwrap();
    let said: String =
        sqlx::query("PRAGMA quick_check").fetch_one(&mut connection).await.unwrap().get(0);
    assert_eq!(said, "ok");
    for sql in [DOUBLED, OVERLAPPING, PROGRAMS_DOUBLED, PROGRAMS_OVERLAPPING] {
        let count: i64 = sqlx::query(sql).fetch_one(&mut connection).await.unwrap().get(0);
        assert_eq!(count, 0, "{sql}");
    }
    connection.close().await.unwrap();
}

/// How many samples of the CPU each server can show since a second, and until when.
async fn samples(address: SocketAddr, since: i64) -> BTreeMap<String, (i64, usize)> {
    let until = now();
    let time = |secs: i64| jiff::Timestamp::from_second(secs).unwrap().to_string();
    let arguments = json!({"metrics": ["cpu.total"], "since": time(since), "until": time(until)});
    if until <= since {
        return BTreeMap::new();
    }
    let result = call(address, "query_metrics", arguments).await;
    let rows = result["structuredContent"]["series"].as_array().cloned().unwrap_or_default();
    let count = |row: &Value| {
        let samples = row["samples"].as_u64().unwrap() as usize;
        (row["server"].as_str().unwrap().to_owned(), (until, samples))
    };
    rows.iter().map(count).collect()
}

async fn call(address: SocketAddr, tool: &str, arguments: Value) -> Value {
    let (headers, body) = modern("tools/call", json!({"name": tool, "arguments": arguments}));
    let headers: Vec<(&str, &str)> =
        headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let mut message = request(address, "POST", "/mcp", &headers, &body).await.message();
    message["result"].take()
}

/// What `/ready` tells the operator.
async fn notices(address: SocketAddr) -> String {
    request(address, "GET", "/ready", &[], "").await.json()["notices"].to_string()
}

/// A fleet of two, the configuration of a server on it, and the file of its history.
async fn broken(write: impl FnOnce(&Path)) -> (Fleet, Value, TempDir, PathBuf) {
    let fleet = Fleet::mixed(2, SEED).await.unwrap();
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("history.db");
    write(&file);
    let mut config = config(&fleet);
    config["store"] = json!({"url": file});
    (fleet, config, dir, file)
}

/// Live tools answer for both servers.
async fn live_tools_answer(address: SocketAddr) {
    until("live answers", async || {
        let result = call(address, "get_system_overview", json!({})).await;
        (result["structuredContent"]["coverage"]["shown"] == 2).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_file_that_is_no_database_is_told_of_left_alone_and_live_tools_answer() {
    let garbage: Vec<u8> = (0..20_000_u64).map(|n| hash(n, 1) as u8).collect();
    let (_fleet, config, _dir, file) = broken(|file| std::fs::write(file, &garbage).unwrap()).await;
    let (_binary, address) = Binary::serve(&config, INFO).await;
    let told = notices(address).await;
    assert!(told.contains("history is not kept") && told.contains("is damaged"), "{told}");
    assert!(told.contains("history.db") && told.contains("move it away"), "{told}");
    live_tools_answer(address).await;
    assert_eq!(std::fs::read(&file).unwrap(), garbage);
}

#[tokio::test]
async fn a_file_that_was_cut_is_told_of_and_live_tools_answer() {
    let (_fleet, config, _dir, file) = broken(|_| {}).await;
    let specs = Fleet::mixed_specs(2, SEED);
    let store = Sql::open(&file, "test").await.unwrap();
    write_past(&store, &specs, now(), 0).await;
    feed::keep_up(&store, now()).await;
    drop(store);
    // A checkpoint brings everything into the file, of which then a half is left.
    vacuum(&file).await;
    let length = std::fs::metadata(&file).unwrap().len();
    let cut = std::fs::OpenOptions::new().write(true).open(&file).unwrap();
    cut.set_len(length / 2 + 1_000).unwrap();
    let (_binary, address) = Binary::serve(&config, INFO).await;
    let told = notices(address).await;
    assert!(told.contains("history is not kept") && told.contains("is damaged"), "{told}");
    live_tools_answer(address).await;
}

async fn vacuum(file: &Path) {
    sqlx::any::install_default_drivers();
    let url = format!("sqlite://{}?mode=rw", file.display());
    let mut connection = sqlx::AnyConnection::connect(&url).await.unwrap();
    for sql in ["VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)"] {
        sqlx::query(sql).fetch_all(&mut connection).await.unwrap();
    }
    connection.close().await.unwrap();
}

#[tokio::test]
async fn a_file_that_cannot_be_written_is_told_of_and_live_tools_answer() {
    let (_fleet, config, _dir, file) = broken(|_| {}).await;
    drop(Sql::open(&file, "test").await.unwrap());
    vacuum(&file).await;
    let mut permissions = std::fs::metadata(&file).unwrap().permissions();
    permissions.set_readonly(true);
    std::fs::set_permissions(&file, permissions).unwrap();
    // The administrator may write what nobody may, unless that right is taken away.
    let root = std::fs::OpenOptions::new().write(true).open(&file).is_ok();
    let starter: &[&str] =
        if root { &["setpriv", "--bounding-set", "-dac_override", "--"] } else { &[] };
    let (_binary, address) = Binary::serve_through(starter, &config, INFO).await;
    let told = until("a notice", async || {
        let told = notices(address).await;
        told.contains("history").then_some(told)
    })
    .await;
    assert!(told.contains("history is not"), "{told}");
    assert!(told.contains("readonly") || told.contains("permission"), "{told}");
    live_tools_answer(address).await;
}

#[tokio::test]
async fn a_full_disk_stops_history_alone_and_it_goes_on_when_there_is_room() {
    let (_fleet, config, _dir, file) = broken(|_| {}).await;
    // A process that may not write longer files gets a signal, or an error when it ignores it.
    let starter = ["sh", "-c", "trap '' XFSZ; exec \"$0\" \"$@\""];
    let (mut binary, address) = Binary::serve_through(&starter, &config, INFO).await;
    live_tools_answer(address).await;
    let asked = json!({"metrics": ["cpu.total"]});
    until("a first history", async || {
        (call(address, "query_metrics", asked.clone()).await["isError"] == false).then_some(())
    })
    .await;
    let began = now();
    limit_files(&binary, "4096:");
    let told = until("an outage", async || {
        let told = notices(address).await;
        told.contains("history is not written since").then_some(told)
    })
    .await;
    binary.logged("history cannot be written; live tools go on").await;
    live_tools_answer(address).await;
    let result = call(address, "query_metrics", asked).await;
    let notes = result["structuredContent"]["notes"].to_string();
    assert!(notes.contains("history is not written since"), "{told}: {result}");
    tokio::time::sleep(Duration::from_secs(3)).await;
    let room = now();
    limit_files(&binary, "unlimited:");
    binary.logged("history is written again").await;
    until("no outage", async || (notices(address).await == "[]").then_some(())).await;
    drop(binary);
    check(&file).await;
    let store = Sql::open(&file, "test").await.unwrap();
    let host = HostName::parse("sim-001").unwrap();
    let span = Span { from: began + 1, to: room };
    let points = store.range(&host, &["cpu.total".into()], span, Level::Raw).await.unwrap();
    assert!(!points[0].is_empty(), "what was measured meanwhile was not kept");
}

/// Sets the soft limit of the size of files of a running process.
fn limit_files(binary: &Binary, limit: &str) {
    let id = binary.id().to_string();
    let limit = format!("--fsize={limit}");
    let set = Command::new("prlimit").args(["--pid", &id, &limit]).status().unwrap();
    assert!(set.success());
}
