//! What concerns files alone: those of earlier releases, damaged ones, and the room they take.

use std::path::Path;

use super::*;

#[tokio::test]
async fn what_is_in_a_file_is_there_after_it_was_closed() {
    let dir = tempfile::TempDir::new().unwrap();
    let file = dir.path().join("history.db");
    let store = Sql::open(&file, "the first").await.unwrap();
    store.append(&of(vec![sample("kept", 10, &[("cpu.total", 1.0)])])).await.unwrap();
    let refused = Sql::open(&file, "the second").await.map(|_| ()).unwrap_err();
    assert!(refused.to_string().contains("in use by the first"), "{refused}");
    let copy = dir.path().join("it's a copy.db");
    backup(&file, &copy).await.unwrap();
    drop(store);
    for file in [&file, &copy] {
        let store = Sql::open(file, "the third").await.unwrap();
        assert_eq!(points(&store, "kept", "cpu.total", Level::Raw).await, [Point::one(10, 1.0)]);
        // A new series gets a number of its own.
        store.append(&of(vec![sample("kept", 20, &[("mem.percent", 2.0)])])).await.unwrap();
        assert_eq!(points(&store, "kept", "mem.percent", Level::Raw).await, [Point::one(20, 2.0)]);
    }
    assert!(backup(&file, &copy).await.is_err(), "a copy is never overwritten");
}

/// A day of one server, of which the last hours are left, as the first release kept it: blocks of the
/// first version, coarse rows and programs that are not sealed.
const FIRST_SCHEMA: &[u8] = include_bytes!("../../../tests/fixtures/history-schema-1.db");

#[tokio::test]
async fn a_file_of_the_first_release_reads_the_same_before_and_after_it_is_sealed_anew() {
    let dir = tempfile::TempDir::new().unwrap();
    let file = dir.path().join("history.db");
    std::fs::write(&file, FIRST_SCHEMA).unwrap();
    let store = Sql::open(&file, "a test").await.unwrap();
    let (of, end) = (host("sim-002"), 1_795_478_352);
    let names = store.series(&of).await.unwrap();
    let read = async || {
        let mut levels = Vec::new();
        for level in Level::ALL {
            levels.push(store.range(&of, &names, ALWAYS, level).await.unwrap());
        }
        (levels, store.programs(&of, ALWAYS).await.unwrap())
    };
    let (before, programs) = read().await;
    let cpu = names.iter().position(|name| &**name == "cpu.total").unwrap();
    let counts: Vec<usize> = before.iter().map(|level| level[cpu].len()).collect();
    // Two blocks of two hours and eleven polls; a block of six hours, what was made of polls, and what
    // is left of them.
    assert_eq!(counts, [251, 82, 4]);
    assert_eq!((programs.len(), programs.last().unwrap().secs), (181, end));
    all_upkeep(&store, end + 6 * 86_400).await;
    let (after, sealed) = read().await;
    assert_eq!(before[0], after[0]);
    assert_eq!(programs, sealed);
    for (before, after) in before.iter().flatten().zip(after.iter().flatten()) {
        assert_eq!(before.len(), after.len());
        for (one, other) in before.iter().zip(after) {
            assert_eq!((one.secs, one.max, one.count), (other.secs, other.max, other.count));
            assert!((one.mean - other.mean).abs() <= one.mean.abs() * 2e-6, "{one:?} {other:?}");
        }
    }
    let tables = "SELECT (SELECT COUNT(*) FROM head), (SELECT COUNT(*) FROM program)";
    let left = store.counted(tables).await;
    assert_eq!(left, [0, 0], "everything is sealed");
}

#[tokio::test]
async fn a_file_of_the_first_release_is_written_on() {
    let dir = tempfile::TempDir::new().unwrap();
    let file = dir.path().join("history.db");
    std::fs::write(&file, FIRST_SCHEMA).unwrap();
    let store = Sql::open(&file, "a test").await.unwrap();
    let end = 1_795_478_352;
    let polls = (1..=600).map(|n| sample("sim-002", end + n * 60, &[("cpu.total", n as f64)]));
    store.append(&of(polls.collect())).await.unwrap();
    all_upkeep(&store, end + 40_000).await;
    let found = points(&store, "sim-002", "cpu.total", Level::Raw).await;
    assert_eq!(found.len(), 251 + 600);
    assert!(found.is_sorted_by_key(|point| point.secs));
    assert_eq!(found.last(), Some(&Point::one(end + 600 * 60, 600.0)));
}

#[tokio::test]
async fn upkeep_of_many_servers_seals_each_window_once_and_forgets_what_is_old() {
    const BEGIN: i64 = 1_760_004_000;
    let dir = tempfile::TempDir::new().unwrap();
    let store = Sql::open(&dir.path().join("history.db"), "a test").await.unwrap();
    let program = Program {
        name: "java".to_owned(),
        cpu_percent: Some(1.0),
        memory_bytes: None,
        io_bytes_per_second: None,
        processes: 1,
    };
    for n in 0..50 {
        let name = format!("many-{n}");
        let samples =
            (0..100).map(|n| sample(&name, BEGIN + n * 60, &[("cpu.total", n as f64)])).collect();
        let programs = (0..100)
            .map(|n| Programs {
                host: host(&name),
                secs: BEGIN + n * 60,
                top: vec![program.clone()],
            })
            .collect();
        store.append(&Batch { samples, programs, ..Batch::default() }).await.unwrap();
    }
    let blocks = "SELECT (SELECT COUNT(*) FROM block), (SELECT COUNT(*) FROM program_block)";
    assert_eq!(store.upkeep(BEGIN + 7_200, &KEEP).await.unwrap().sealed, 0, "the window is open");
    let sealed = all_upkeep(&store, BEGIN + 8_000).await;
    assert_eq!((sealed, store.counted(blocks).await), (100, [150, 50]));
    assert_eq!(all_upkeep(&store, BEGIN + 8_000).await, 0);
    // Polls and programs are kept for a week; what was made of them longer.
    let later = BEGIN + KEEP.raw_secs + 20_000;
    assert_eq!(store.upkeep(later, &KEEP).await.unwrap().forgotten, 0, "a block may reach further");
    let later = later + 8 * 3_600;
    assert_eq!(store.upkeep(later, &KEEP).await.unwrap().forgotten, 100);
    assert_eq!(store.counted(blocks).await, [100, 0]);
    assert_eq!(points(&store, "many-7", "cpu.total", Level::Hour).await.len(), 2);
}

#[tokio::test]
async fn a_file_gives_back_what_it_does_not_need() {
    const BEGIN: i64 = 1_770_004_800;
    let dir = tempfile::TempDir::new().unwrap();
    let file = dir.path().join("history.db");
    let store = Sql::open(&file, "a test").await.unwrap();
    let values: Vec<(String, f64)> = (0..200).map(|n| (format!("s[{n}]"), 0.1)).collect();
    let values: Vec<(&str, f64)> =
        values.iter().map(|(name, value)| (name.as_str(), *value)).collect();
    let samples = (0..700).map(|n| sample("shrunk", BEGIN + n * 10, &values)).collect();
    store.append(&of(samples)).await.unwrap();
    let pages = "SELECT page_count, 0 FROM pragma_page_count";
    let before = store.counted(pages).await[0];
    all_upkeep(&store, BEGIN + 9_000).await;
    let after = store.counted(pages).await[0];
    assert!(before > 100 && after < before / 3, "{before} to {after}");
    assert_eq!(points(&store, "shrunk", "s[7]", Level::Raw).await.len(), 700);
}

#[tokio::test]
async fn a_file_that_is_no_database_is_named_with_what_to_do() {
    let dir = tempfile::TempDir::new().unwrap();
    let whole = dir.path().join("whole.db");
    let store = Sql::open(&whole, "a test").await.unwrap();
    let samples = (0..5_000).map(|n| sample("x", n, &[("cpu.total", 1.0)])).collect();
    store.append(&of(samples)).await.unwrap();
    drop(store);
    let copy = dir.path().join("copy.db");
    backup(&whole, &copy).await.unwrap();
    let bytes = std::fs::read(&copy).unwrap();
    for (name, bytes) in
        [("garbage", vec![0x5a; 50_000]), ("truncated", bytes[..bytes.len() / 2].to_vec())]
    {
        let file = dir.path().join(name);
        std::fs::write(&file, bytes).unwrap();
        let refused = Sql::open(&file, "a test").await.map(|_| ()).unwrap_err();
        assert!(matches!(refused, StoreError::Damaged { .. }), "{name}: {refused:?}");
        assert!(refused.to_string().contains("move it away"), "{refused}");
    }
    let refused = Sql::open(Path::new("/dev/null/history.db"), "a test").await.map(|_| ());
    assert!(matches!(refused, Err(StoreError::Open { .. })), "{refused:?}");
}
