//! History in an SQL database. One code for SQLite (a file, embedded) and PostgreSQL: only opening
//! differs. One writer at a time; readers beside it.

mod catalog;
mod forget;
mod open;
mod operators;
mod read;
mod seal;

use std::path::PathBuf;

use async_trait::async_trait;
use sqlx::{Any, AnyConnection, AnyPool, AssertSqlSafe, Row as _, Transaction};
use tokio::sync::Mutex;

use self::catalog::Catalog;
pub use self::open::backup;
use super::{
    AlertChange, AuditRow, Batch, Event, Keep, KeptAlert, Level, Point, Programs, SeriesName, Size,
    Span, Store, StoreError, Upkeep, lock::Lock, programs, row,
};
use crate::model::HostName;

/// A database of history.
pub struct Sql {
    pool: AnyPool,
    catalog: Catalog,
    /// Held while a transaction writes.
    writer: Mutex<()>,
    /// Where the file is, if it is one.
    file: Option<PathBuf>,
    _lock: Option<Lock>,
}

/// A table and its columns.
type Table = (&'static str, usize);

const HEAD: Table = ("head (host_id, level, secs, layout_id, cells)", 5);
const PROGRAM: Table = ("program (host_id, secs, top)", 3);

/// Rows of one statement, most first. Each statement is handed to a thread of its own and waited for,
/// which costs more than the rows; few sizes, so that their statements stay prepared.
const ROWS_AT_ONCE: [usize; 3] = [32, 8, 1];

/// The id under which events of our own stand.
const OURSELVES: i64 = 0;

#[async_trait]
impl Store for Sql {
    async fn append(&self, batch: &Batch) -> Result<(), StoreError> {
        let _turn = self.writer.lock().await;
        let written = self.write(batch).await;
        if written.is_err() {
            // Whatever was learnt in a transaction that failed is not so.
            self.catalog.forget();
        }
        written.map_err(StoreError::of("written"))
    }

    async fn series(&self, host: &HostName) -> Result<Vec<SeriesName>, StoreError> {
        let read = async {
            let mut connection = self.pool.acquire().await?;
            let known = self.catalog.known(&mut connection, host).await?;
            Ok(known.map(|known| known.names().to_vec()).unwrap_or_default())
        };
        let mut names = read.await.map_err(StoreError::of("read"))?;
        names.sort();
        Ok(names)
    }

    async fn range(
        &self,
        host: &HostName,
        series: &[SeriesName],
        span: Span,
        level: Level,
    ) -> Result<Vec<Vec<Point>>, StoreError> {
        self.read_range(host, series, span, level).await.map_err(StoreError::of("read"))
    }

    async fn events(&self, hosts: &[HostName], span: Span) -> Result<Vec<Event>, StoreError> {
        self.read_events(&[], hosts, span).await.map_err(StoreError::of("read"))
    }

    async fn events_of(
        &self,
        kinds: &[&str],
        hosts: &[HostName],
        span: Span,
    ) -> Result<Vec<Event>, StoreError> {
        self.read_events(kinds, hosts, span).await.map_err(StoreError::of("read"))
    }

    async fn programs(&self, host: &HostName, span: Span) -> Result<Vec<Programs>, StoreError> {
        self.read_programs(host, span).await.map_err(StoreError::of("read"))
    }

    async fn alerts(&self, hosts: &[HostName], span: Span) -> Result<Vec<KeptAlert>, StoreError> {
        self.read_alerts(hosts, span).await.map_err(StoreError::of("read"))
    }

    async fn alert_changes(&self, since: i64) -> Result<Vec<String>, StoreError> {
        self.read_alert_changes(since).await.map_err(StoreError::of("read"))
    }

    async fn audit(&self, after: i64) -> Result<Vec<AuditRow>, StoreError> {
        self.read_audit(after).await.map_err(StoreError::of("read"))
    }

    async fn recall(&self, name: &str) -> Result<Option<String>, StoreError> {
        let query = sqlx::query("SELECT body FROM kept WHERE name = $1").bind(name.to_owned());
        let row = query.fetch_optional(&self.pool).await.map_err(StoreError::of("read"))?;
        row.map(|row| row.try_get(0)).transpose().map_err(StoreError::of("read"))
    }

    async fn watched(&self, span: Span) -> Result<Vec<Span>, StoreError> {
        let rows = sqlx::query("SELECT t0, t1 FROM watch WHERE t1 > $1 AND t0 < $2 ORDER BY t0")
            .bind(span.from)
            .bind(span.to)
            .fetch_all(&self.pool)
            .await
            .map_err(StoreError::of("read"))?;
        let within = |row: &sqlx::any::AnyRow| {
            let (from, to): (i64, i64) = (row.try_get(0).ok()?, row.try_get(1).ok()?);
            Some(Span { from: from.max(span.from), to: to.min(span.to) })
        };
        Ok(rows.iter().filter_map(within).collect())
    }

    async fn upkeep(&self, now: i64, keep: &Keep) -> Result<Upkeep, StoreError> {
        let _turn = self.writer.lock().await;
        let done = self.seal_and_forget(now, keep).await;
        if done.is_err() {
            self.catalog.forget();
        }
        done.map_err(StoreError::of("sealed"))
    }

    async fn size(&self) -> Result<Size, StoreError> {
        self.measure().await.map_err(StoreError::of("read"))
    }
}

impl Sql {
    async fn write(&self, batch: &Batch) -> sqlx::Result<()> {
        let mut tx = self.pool.begin().await?;
        let mut rows = Vec::with_capacity(batch.samples.len());
        for sample in &batch.samples {
            let (host, layout, columns) = self.catalog.columns(&mut tx, sample).await?;
            rows.push((host, sample.secs, layout, row::pack(&columns)));
        }
        insert(&mut tx, HEAD, &rows, |query, (host, secs, layout, cells)| {
            query.bind(*host).bind(Level::Raw.id()).bind(*secs).bind(*layout).bind(cells.clone())
        })
        .await?;
        let mut rows = Vec::with_capacity(batch.programs.len());
        for list in &batch.programs {
            let host = self.catalog.host_id(&mut tx, &list.host).await?;
            rows.push((host, list.secs, programs::pack(&list.top)));
        }
        insert(&mut tx, PROGRAM, &rows, |query, (host, secs, top)| {
            query.bind(*host).bind(*secs).bind(top.clone())
        })
        .await?;
        for event in &batch.events {
            self.write_event(&mut tx, event).await?;
        }
        for change in &batch.alerts {
            self.write_alert(&mut tx, change).await?;
        }
        for verdict in &batch.verdicts {
            self.write_verdict(&mut tx, verdict).await?;
        }
        operators::write_audit(&mut tx, &batch.audit).await?;
        for (name, body) in &batch.kept {
            keep(&mut tx, name, body).await?;
        }
        if let Some((from, to)) = batch.watched {
            let sql = "INSERT INTO watch (t0, t1) VALUES ($1, $2) \
                       ON CONFLICT (t0) DO UPDATE SET t1 = excluded.t1";
            run(&mut tx, sqlx::query(sql).bind(from).bind(to)).await?;
        }
        tx.commit().await
    }

    async fn write_event(
        &self,
        tx: &mut Transaction<'static, Any>,
        event: &Event,
    ) -> sqlx::Result<()> {
        let host = match &event.host {
            Some(host) => self.catalog.host_id(tx, host).await?,
            None => OURSELVES,
        };
        let sql = "INSERT INTO event (host_id, secs, kind, item, detail) \
                   VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING";
        let query = sqlx::query(sql)
            .bind(host)
            .bind(event.secs)
            .bind(event.kind.clone())
            .bind(event.item.clone())
            .bind(event.detail.clone());
        run(tx, query).await
    }
}

impl Sql {
    async fn write_alert(
        &self,
        tx: &mut Transaction<'static, Any>,
        change: &AlertChange,
    ) -> sqlx::Result<()> {
        let host = match &change.host {
            Some(host) => self.catalog.host_id(tx, host).await?,
            None => OURSELVES,
        };
        let sql = "INSERT INTO alert (host_id, id, began, closed, body) VALUES ($1, $2, $3, $4, $5) \
                   ON CONFLICT (host_id, id) \
                   DO UPDATE SET closed = excluded.closed, body = excluded.body";
        let query = sqlx::query(sql)
            .bind(host)
            .bind(change.id.clone())
            .bind(change.began)
            .bind(if change.over { change.secs } else { 0 })
            .bind(change.alert.clone());
        run(tx, query).await?;
        let sql = "INSERT INTO transition (host_id, alert_id, secs, body) VALUES ($1, $2, $3, $4) \
                   ON CONFLICT DO NOTHING";
        let query = sqlx::query(sql)
            .bind(host)
            .bind(change.id.clone())
            .bind(change.secs)
            .bind(change.change.clone());
        run(tx, query).await
    }
}

type Query<'q> = sqlx::query::Query<'q, Any, sqlx::any::AnyArguments>;

/// A number of things as the database counts.
fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// Runs a statement that answers nothing.
async fn run(connection: &mut AnyConnection, query: Query<'_>) -> sqlx::Result<()> {
    query.execute(connection).await.map(|_| ())
}

/// Keeps state of ours under a name.
async fn keep(connection: &mut AnyConnection, name: &str, body: &str) -> sqlx::Result<()> {
    let sql = "INSERT INTO kept (name, body) VALUES ($1, $2) \
               ON CONFLICT (name) DO UPDATE SET body = excluded.body";
    run(connection, sqlx::query(sql).bind(name.to_owned()).bind(body.to_owned())).await
}

/// Inserts rows, but those that are there already.
async fn insert<R>(
    tx: &mut Transaction<'static, Any>,
    (table, columns): Table,
    rows: &[R],
    bind: for<'q> fn(Query<'q>, &R) -> Query<'q>,
) -> sqlx::Result<()> {
    let mut rest = rows;
    while !rest.is_empty() {
        let count = ROWS_AT_ONCE.into_iter().find(|count| *count <= rest.len()).unwrap_or(1);
        let Some((some, more)) = rest.split_at_checked(count) else { break };
        let row = |row: usize| {
            let places: Vec<String> =
                (1..=columns).map(|column| format!("${}", row * columns + column)).collect();
            format!("({})", places.join(", "))
        };
        let places: Vec<String> = (0..count).map(row).collect();
        let sql =
            format!("INSERT INTO {table} VALUES {} ON CONFLICT DO NOTHING", places.join(", "));
        run(tx, some.iter().fold(sqlx::query(AssertSqlSafe(sql)), bind)).await?;
        rest = more;
    }
    Ok(())
}

#[cfg(test)]
impl Sql {
    /// The two numbers that a statement answers.
    pub(super) async fn counted(&self, sql: &'static str) -> [i64; 2] {
        let row = sqlx::query(sql).fetch_one(&self.pool).await.unwrap();
        [row.get(0), row.get(1)]
    }
}
