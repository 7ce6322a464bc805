//! Upkeep: rows of a finished window become a part of a block, and of blocks of the coarser levels, in
//! one transaction. What is due is asked of all servers at once.

use sqlx::{AnyConnection, AssertSqlSafe, Row as _, any::AnyRow};

use super::{
    super::{
        Keep, Level, Programs, Span, Upkeep,
        block::{self, Block},
        level::BLOCK_ROWS,
        programs, row,
        rows::Rows,
    },
    Sql, count,
    read::{self, Packed},
    run,
};
use crate::model::HostName;

/// Windows sealed in one call, so that writers wait for a moment and not for minutes.
const SEALS_MAX: usize = 32;
/// A window is sealed this long after its end: late polls are in it then.
const GRACE_SECS: i64 = 60;
/// Servers seal their windows spread over this time.
const SPREAD_SECS: i64 = 600;
/// A part of that time, coprime to it: the next server is not the next to seal.
const SPREAD_STEP_SECS: i64 = 37;

/// A window that is over and has rows.
struct Due {
    host: HostName,
    level: Level,
    span: Span,
}

/// A block to be written, with the first seconds of those that are in it now.
struct Joined {
    level: Level,
    ends: (i64, i64),
    rows: usize,
    cells: usize,
    data: Vec<u8>,
    replaces: Vec<i64>,
}

/// Blocks that rows of a window belong into, with their first second.
type Sealed = Vec<(i64, Vec<u8>)>;

impl Sql {
    pub(super) async fn seal_and_forget(&self, now: i64, keep: &Keep) -> sqlx::Result<Upkeep> {
        let mut done = Upkeep::default();
        for due in self.due_rows(now).await? {
            self.seal_rows(due).await?;
            done.sealed += 1;
        }
        for (host, span) in self.due_programs(now).await? {
            self.seal_programs(&host, span).await?;
            done.sealed += 1;
        }
        done.forgotten = self.forget(now, keep).await?;
        self.shrink().await?;
        Ok(done)
    }

    /// The windows with rows that are over, oldest first.
    async fn due_rows(&self, now: i64) -> sqlx::Result<Vec<Due>> {
        let spans: Vec<String> = Level::ALL
            .iter()
            .map(|level| format!("SELECT {} AS level, {} AS secs", level.id(), level.seal_secs()))
            .collect();
        let sql = format!(
            "SELECT name, CAST(level AS BIGINT), oldest FROM ( \
                 SELECT host.id AS id, host.name AS name, spans.level AS level, \
                     spans.secs AS secs, (SELECT MIN(head.secs) FROM head \
                     WHERE head.host_id = host.id AND head.level = spans.level) AS oldest \
                 FROM host CROSS JOIN ({}) AS spans) AS due \
             WHERE oldest < ($1 - id * {SPREAD_STEP_SECS} % {SPREAD_SECS}) / secs * secs \
             ORDER BY oldest, id LIMIT {SEALS_MAX}",
            spans.join(" UNION ALL ")
        );
        let query = sqlx::query(AssertSqlSafe(sql)).bind(now - GRACE_SECS);
        let due = |row: &AnyRow| {
            let host = HostName::parse(&row.try_get::<String, _>(0).ok()?).ok()?;
            let id: i64 = row.try_get(1).ok()?;
            let level = Level::ALL.into_iter().find(|level| level.id() == id)?;
            let span = around(row.try_get(2).ok()?, level.seal_secs());
            Some(Due { host, level, span })
        };
        Ok(query.fetch_all(&self.pool).await?.iter().filter_map(due).collect())
    }

    async fn seal_rows(&self, due: Due) -> sqlx::Result<()> {
        let Due { host, level, span } = due;
        let mut tx = self.pool.begin().await?;
        let Some(known) = self.catalog.known(&mut tx, &host).await? else { return Ok(()) };
        let packed = read::rows(&mut tx, &known, level, span).await?;
        let mut fresh = Rows::new(level);
        for Packed { secs, layout, cells } in &packed {
            let Some(layout) = known.layout(*layout) else { continue };
            let fields = level.fields().len();
            if let Some(cells) = row::unpack(cells, layout.len() * fields) {
                fresh.add_row(*secs, layout, &cells);
            }
        }
        let series = fresh.series();
        let mut sealed = Vec::new();
        for into in Level::ALL.into_iter().filter(|into| *into == level || level == Level::Raw) {
            let steps = || usize::try_from(span.secs() / into.step_secs()).unwrap_or(usize::MAX);
            let more = if into == level { packed.len() } else { steps() };
            sealed.push((into, sealed_near(&mut tx, known.id, into, span, more).await?));
        }
        let joined = tokio::task::spawn_blocking(move || join(fresh, &sealed, span));
        let joined = joined.await.map_err(|_| sqlx::Error::WorkerCrashed)?;
        // Rows are forgotten only for a block that holds them.
        let joined =
            joined.ok_or_else(|| sqlx::Error::Protocol("the rows fit in no block".to_owned()))?;
        for block in joined {
            write_block(&mut tx, known.id, block).await?;
        }
        let sql = "DELETE FROM head WHERE host_id = $1 AND level = $2 AND secs >= $3 AND secs < $4";
        let query = sqlx::query(sql).bind(known.id).bind(level.id()).bind(span.from).bind(span.to);
        run(&mut tx, query).await?;
        if level == Level::Raw {
            // Series that have gone do not burden new rows.
            self.catalog.narrow(&mut tx, &host, series).await?;
            self.catalog.tidy(&mut tx, &host).await?;
        }
        tx.commit().await
    }

    /// Spans that are over and have lists of programs, oldest first.
    async fn due_programs(&self, now: i64) -> sqlx::Result<Vec<(HostName, Span)>> {
        let secs = Level::Raw.seal_secs();
        let sql = format!(
            "SELECT name, oldest FROM ( \
                 SELECT host.id AS id, host.name AS name, (SELECT MIN(program.secs) FROM program \
                     WHERE program.host_id = host.id) AS oldest FROM host) AS due \
             WHERE oldest < ($1 - id * {SPREAD_STEP_SECS} % {SPREAD_SECS}) / {secs} * {secs} \
             ORDER BY oldest, id LIMIT {SEALS_MAX}"
        );
        let query = sqlx::query(AssertSqlSafe(sql)).bind(now - GRACE_SECS);
        let due = |row: &AnyRow| {
            let host = HostName::parse(&row.try_get::<String, _>(0).ok()?).ok()?;
            Some((host, around(row.try_get(1).ok()?, secs)))
        };
        Ok(query.fetch_all(&self.pool).await?.iter().filter_map(due).collect())
    }

    /// Brings the lists of a span into the block that reaches up to it, or over it.
    async fn seal_programs(&self, host: &HostName, span: Span) -> sqlx::Result<()> {
        let mut tx = self.pool.begin().await?;
        let id = self.catalog.host_id(&mut tx, host).await?;
        let mut lists = read::lists(&mut tx, host, id, span).await?;
        let group = around(span.from, Level::Raw.block_secs());
        let sql = "SELECT t0, data FROM program_block \
                   WHERE host_id = $1 AND t0 >= $2 AND t0 < $3 ORDER BY t0";
        let query = sqlx::query(sql).bind(id).bind(group.from).bind(span.to);
        for row in query.fetch_all(&mut *tx).await? {
            let (t0, data): (i64, Vec<u8>) = (row.try_get(0)?, row.try_get(1)?);
            let Some(sealed) = programs::unpack_block(host, &data) else { continue };
            // Of two lists of a second the first counts.
            lists.splice(0..0, sealed);
            let sql = "DELETE FROM program_block WHERE host_id = $1 AND t0 = $2";
            run(&mut tx, sqlx::query(sql).bind(id).bind(t0)).await?;
        }
        lists.retain(|list| !list.top.is_empty());
        lists.sort_by_key(|list| list.secs);
        lists.dedup_by_key(|list| list.secs);
        let mut rest: &[Programs] = &lists;
        while let Some(first) = rest.first() {
            let fitting = programs::fitting(rest).max(1);
            let Some((some, more)) = rest.split_at_checked(fitting) else { break };
            let last = some.last().map_or(first.secs, |list| list.secs);
            let data = programs::pack_block(some)
                .ok_or_else(|| sqlx::Error::Protocol("the programs fit in no block".to_owned()))?;
            let sql = "INSERT INTO program_block (host_id, t0, t1, lists, data) \
                       VALUES ($1, $2, $3, $4, $5) ON CONFLICT (host_id, t0) DO UPDATE SET \
                       t1 = excluded.t1, lists = excluded.lists, data = excluded.data";
            let query = sqlx::query(sql).bind(id).bind(first.secs).bind(last);
            run(&mut tx, query.bind(count(some.len())).bind(data)).await?;
            rest = more;
        }
        let sql = "DELETE FROM program WHERE host_id = $1 AND secs >= $2 AND secs < $3";
        run(&mut tx, sqlx::query(sql).bind(id).bind(span.from).bind(span.to)).await?;
        tx.commit().await
    }
}

/// The span of so many seconds that a second lies in.
fn around(secs: i64, length: i64) -> Span {
    let from = secs.div_euclid(length) * length;
    Span { from, to: from + length }
}

/// The blocks that `more` rows of a span belong into: those that reach into it, since polls may come
/// late, and the one before it while it has room.
async fn sealed_near(
    connection: &mut AnyConnection,
    host: i64,
    level: Level,
    span: Span,
    more: usize,
) -> sqlx::Result<Sealed> {
    let group = around(span.from, level.block_secs());
    let sql = "SELECT t0, t1, rows FROM block \
               WHERE host_id = $1 AND level = $2 AND t0 >= $3 AND t0 < $4 ORDER BY t0 DESC";
    let query = sqlx::query(sql).bind(host).bind(level.id()).bind(group.from).bind(span.to);
    let mut near = Vec::new();
    for row in query.fetch_all(&mut *connection).await? {
        let (t0, t1, rows): (i64, i64, i64) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
        if t1 < span.from {
            if rows <= count(BLOCK_ROWS.saturating_sub(more)) {
                near.push(t0);
            }
            break;
        }
        near.push(t0);
    }
    let mut sealed = Sealed::new();
    for t0 in near {
        let sql = "SELECT data FROM block WHERE host_id = $1 AND level = $2 AND t0 = $3";
        let query = sqlx::query(sql).bind(host).bind(level.id()).bind(t0);
        sealed.push((t0, query.fetch_one(&mut *connection).await?.try_get(0)?));
    }
    Ok(sealed)
}

/// Rows of a window with what is sealed beside them, as one block of their level, which is the first,
/// and one of each coarser. Pure.
fn join(fresh: Rows, sealed: &[(Level, Sealed)], span: Span) -> Option<Vec<Joined>> {
    let ((level, blocks), coarser) = sealed.split_first()?;
    let mut rows = Rows::new(*level);
    let replaces = add_sealed(&mut rows, blocks);
    let (secs, columns) = fresh.into_columns();
    rows.add_block(&Block { secs, columns });
    let mut joined = Vec::new();
    for (level, blocks) in coarser {
        // Made of all polls of the window, also of those that came late, and so before what is sealed.
        let mut steps = rows.coarser(*level, span);
        if steps.len() == 0 {
            continue;
        }
        let replaces = add_sealed(&mut steps, blocks);
        joined.push(packed(steps, replaces)?);
    }
    joined.push(packed(rows, replaces)?);
    Some(joined)
}

/// Adds the rows of blocks; answers the first seconds of those that could be read.
fn add_sealed(rows: &mut Rows, blocks: &Sealed) -> Vec<i64> {
    let mut added = Vec::new();
    for (t0, data) in blocks {
        let Some(block) = block::unpack(data, |_| true) else {
            tracing::warn!("a block of history is damaged and left alone");
            continue;
        };
        rows.add_block(&block);
        added.push(*t0);
    }
    added
}

fn packed(rows: Rows, replaces: Vec<i64>) -> Option<Joined> {
    let (level, ends, len, cells) = (rows.level(), rows.ends()?, rows.len(), rows.cells());
    let (secs, columns) = rows.into_columns();
    let data = block::pack(&secs, &columns)?;
    Some(Joined { level, ends, rows: len, cells, data, replaces })
}

async fn write_block(connection: &mut AnyConnection, host: i64, block: Joined) -> sqlx::Result<()> {
    let (t0, t1) = block.ends;
    for gone in block.replaces.iter().filter(|gone| **gone != t0) {
        let sql = "DELETE FROM block WHERE host_id = $1 AND level = $2 AND t0 = $3";
        run(connection, sqlx::query(sql).bind(host).bind(block.level.id()).bind(*gone)).await?;
    }
    let sql = "INSERT INTO block (host_id, level, t0, t1, rows, cells, data) \
               VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (host_id, level, t0) DO UPDATE SET \
               t1 = excluded.t1, rows = excluded.rows, cells = excluded.cells, \
               data = excluded.data";
    let query = sqlx::query(sql)
        .bind(host)
        .bind(block.level.id())
        .bind(t0)
        .bind(t1)
        .bind(count(block.rows))
        .bind(count(block.cells))
        .bind(block.data);
    run(connection, query).await
}
