//! Bytes on disk, by table and for each value.

use std::time::Instant;

use glances_mcp::store::{Sql, Store as _};
use sqlx::{Row as _, any::AnyPoolOptions};

use super::{BEGIN, feed, filled, place};

/// What takes space, with the bytes of its payload.
const PARTS: &[(&str, &str)] = &[
    ("raw, sealed", "SELECT COALESCE(SUM(LENGTH(data)), 0) FROM block WHERE level = 0"),
    ("5 minutes, sealed", "SELECT COALESCE(SUM(LENGTH(data)), 0) FROM block WHERE level = 300"),
    ("hours, sealed", "SELECT COALESCE(SUM(LENGTH(data)), 0) FROM block WHERE level = 3600"),
    ("rows not sealed", "SELECT COALESCE(SUM(LENGTH(cells)), 0) FROM head"),
    ("programs, sealed", "SELECT COALESCE(SUM(LENGTH(data)), 0) FROM program_block"),
    ("programs, not sealed", "SELECT COALESCE(SUM(LENGTH(top)), 0) FROM program"),
    (
        "events",
        "SELECT COALESCE(SUM(LENGTH(kind) + LENGTH(item) + LENGTH(detail) + 16), 0) FROM event",
    ),
];

pub(crate) async fn run(servers: u32, days: u32, every_secs: u32) {
    let store = filled(servers, days, every_secs).await;
    let values = store.size().await.unwrap().values;
    idle(&store, days).await;
    drop(store);
    table(&place(servers, days, every_secs), values).await;
}

/// How long a round takes in which nothing is due.
async fn idle(store: &Sql, days: u32) {
    const TIMES: u32 = 20;
    let now = BEGIN as i64 + i64::from(days) * 86_400;
    feed::keep_up(store, now).await;
    let started = Instant::now();
    for _ in 0..TIMES {
        feed::keep_up(store, now).await;
    }
    let each = started.elapsed() / TIMES;
    println!("A round of upkeep in which nothing is due: {:.2} ms.\n", each.as_secs_f64() * 1e3);
}

/// Prints what takes how much of a file.
pub(crate) async fn table(file: &std::path::Path, values: u64) {
    sqlx::any::install_default_drivers();
    let url = format!("sqlite://{}?mode=rw", file.display());
    let pool = AnyPoolOptions::new().max_connections(1).connect(&url).await.unwrap();
    // What is in the log is counted once, where it will stand.
    sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").fetch_all(&pool).await.unwrap();
    let bytes = std::fs::metadata(file).unwrap().len();
    println!("| part | MB | bytes a raw value |\n|---|---|---|");
    let mut rest = bytes as i64;
    for (part, sql) in PARTS {
        let part_bytes: i64 = sqlx::query(*sql).fetch_one(&pool).await.unwrap().get(0);
        rest -= part_bytes;
        println!(
            "| {part} | {:.1} | {:.3} |",
            part_bytes as f64 / 1e6,
            part_bytes as f64 / values as f64
        );
    }
    // Rows that were sealed leave pages behind, which the next rows take.
    let sql = "SELECT freelist_count * page_size FROM pragma_freelist_count, pragma_page_size";
    let free: i64 = sqlx::query(sql).fetch_one(&pool).await.unwrap().get(0);
    for (part, part_bytes) in [("free pages", free), ("pages and keys", rest - free)] {
        let each = part_bytes as f64 / values as f64;
        println!("| {part} | {:.1} | {each:.3} |", part_bytes as f64 / 1e6);
    }
    println!(
        "| **all** | {:.1} | **{:.2}** |\n\n{values} raw values.",
        bytes as f64 / 1e6,
        bytes as f64 / values as f64
    );
    pool.close().await;
}
