//! The table that one would write first: a row a value, in SQLite with the same settings.

use std::{collections::BTreeMap, path::Path};

use glances_mcp::store::{Batch, Point};
use sqlx::{AnyPool, Row as _, any::AnyPoolOptions};

/// As the store of the product is set.
const PRAGMAS: &[&str] = &[
    "PRAGMA page_size = 8192",
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA cache_size = -4000",
];

pub(crate) struct Naive {
    pool: AnyPool,
    ids: BTreeMap<String, i64>,
}

impl Naive {
    pub(crate) async fn open(file: &Path) -> Self {
        sqlx::any::install_default_drivers();
        let url = format!("sqlite://{}?mode=rwc", file.display());
        let pool = AnyPoolOptions::new().max_connections(1).connect(&url).await.unwrap();
        for pragma in PRAGMAS {
            sqlx::query(*pragma).fetch_all(&pool).await.unwrap();
        }
        for sql in [
            "CREATE TABLE IF NOT EXISTS series (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE)",
            "CREATE TABLE IF NOT EXISTS sample (series INTEGER NOT NULL, t INTEGER NOT NULL, \
             v REAL NOT NULL, PRIMARY KEY (series, t)) WITHOUT ROWID",
        ] {
            sqlx::query(sql).execute(&pool).await.unwrap();
        }
        Self { pool, ids: BTreeMap::new() }
    }

    pub(crate) async fn append(&mut self, batch: &Batch) {
        let mut tx = self.pool.begin().await.unwrap();
        for sample in &batch.samples {
            for (series, value) in &sample.values {
                let name = format!("{}/{series}", sample.host);
                let next = self.ids.len() as i64 + 1;
                let id = *self.ids.entry(name.clone()).or_insert(next);
                if id == next {
                    let sql = "INSERT INTO series (id, name) VALUES ($1, $2)";
                    sqlx::query(sql).bind(id).bind(name).execute(&mut *tx).await.unwrap();
                }
                let sql = "INSERT INTO sample (series, t, v) VALUES ($1, $2, $3)";
                let query = sqlx::query(sql).bind(id).bind(sample.secs).bind(*value);
                query.execute(&mut *tx).await.unwrap();
            }
        }
        tx.commit().await.unwrap();
    }

    pub(crate) async fn range(&self, name: &str, from: i64, to: i64) -> Vec<Point> {
        let id = self.ids[name];
        let sql = "SELECT t, v FROM sample WHERE series = $1 AND t >= $2 AND t < $3 ORDER BY t";
        let query = sqlx::query(sql).bind(id).bind(from).bind(to);
        let rows = query.fetch_all(&self.pool).await.unwrap();
        rows.iter().map(|row| Point::one(row.get(0), row.get(1))).collect()
    }

    pub(crate) async fn close(self) {
        self.pool.close().await;
    }
}
