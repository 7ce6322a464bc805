//! Reading: rows that are not sealed and blocks, merged by time. Both come from one statement, or the
//! rows first, so that what is sealed in between is seen twice and not never.

use std::{collections::BTreeMap, path::PathBuf};

use sqlx::{AnyConnection, AssertSqlSafe, Row as _, any::AnyRow};

use super::{
    super::{
        ALERTS_MAX, EVENTS_MAX, Event, KeptAlert, KeptVerdict, Level, Point, Programs, SeriesName,
        Size, Span, block, coarser, programs, row,
    },
    OURSELVES, Sql,
    catalog::Known,
};
use crate::model::HostName;

/// Servers that one question about events names; more are asked for in turns.
const HOSTS_AT_ONCE: usize = 500;

/// Bytes of blocks out of which one series is read at once, which takes a millisecond; more are read
/// beside the threads that answer.
const UNPACKED_AT_ONCE_MAX: usize = 2 * 1024 * 1024;

/// Which series are wanted: the place of each in the answer, by its number.
type Wanted = BTreeMap<u32, usize>;

impl Sql {
    pub(super) async fn read_range(
        &self,
        host: &HostName,
        series: &[SeriesName],
        span: Span,
        level: Level,
    ) -> sqlx::Result<Vec<Vec<Point>>> {
        let nothing = vec![Vec::new(); series.len()];
        let mut connection = self.pool.acquire().await?;
        let Some(known) = self.catalog.known(&mut connection, host).await? else {
            return Ok(nothing);
        };
        let numbers = series.iter().enumerate();
        let wanted: Wanted =
            numbers.filter_map(|(place, name)| Some((known.number(name)?, place))).collect();
        if wanted.is_empty() || span.secs() == 0 {
            return Ok(nothing);
        }
        let found = stored(&mut connection, &known, level, span).await?;
        drop(connection);
        let step = level.step_secs();
        let mut points = nothing;
        let mut fine = vec![Vec::new(); series.len()];
        if level != Level::Raw {
            add_rows(&mut fine, &known, &wanted, Level::Raw, &found.polls);
        }
        for (points, fine) in points.iter_mut().zip(fine) {
            points.extend(coarser(&fine, step));
        }
        add_rows(&mut points, &known, &wanted, level, &found.rows);
        let bytes: usize = found.blocks.iter().map(Vec::len).sum();
        let unpack = move || {
            add_blocks(&mut points, &wanted, level, &found.blocks);
            for points in &mut points {
                points.retain(|point| span.holds(point.secs));
                points.sort_by_key(|point| point.secs);
                points.dedup_by_key(|point| point.secs);
            }
            points
        };
        if series.len() == 1 && bytes <= UNPACKED_AT_ONCE_MAX {
            return Ok(unpack());
        }
        // Too much work for a thread that others wait for.
        tokio::task::spawn_blocking(unpack).await.map_err(|_| sqlx::Error::WorkerCrashed)
    }

    /// Events of these kinds; of all when none is named.
    pub(super) async fn read_events(
        &self,
        kinds: &[&str],
        hosts: &[HostName],
        span: Span,
    ) -> sqlx::Result<Vec<Event>> {
        let mut connection = self.pool.acquire().await?;
        let mut ids: BTreeMap<i64, Option<&HostName>> = [(OURSELVES, None)].into();
        for host in hosts {
            if let Some(known) = self.catalog.known(&mut connection, host).await? {
                ids.insert(known.id, Some(host));
            }
        }
        let mut events = Vec::new();
        let all: Vec<i64> = ids.keys().copied().collect();
        for some in all.chunks(HOSTS_AT_ONCE) {
            let places = |from: usize, count: usize| -> String {
                let all: Vec<String> = (from..from + count).map(|n| format!("${n}")).collect();
                all.join(", ")
            };
            let of_kinds = match kinds.len() {
                0 => String::new(),
                count => format!("AND kind IN ({}) ", places(some.len() + 3, count)),
            };
            let sql = format!(
                "SELECT host_id, secs, kind, item, detail FROM event \
                 WHERE secs >= $1 AND secs < $2 AND host_id IN ({}) {of_kinds}\
                 ORDER BY secs DESC, host_id, kind, item LIMIT {EVENTS_MAX}",
                places(3, some.len())
            );
            let query = sqlx::query(AssertSqlSafe(sql)).bind(span.from).bind(span.to);
            let query = some.iter().fold(query, |query, id| query.bind(*id));
            let query = kinds.iter().fold(query, |query, kind| query.bind((*kind).to_owned()));
            for row in query.fetch_all(&mut *connection).await? {
                let id: i64 = row.try_get(0)?;
                events.push(Event {
                    host: ids.get(&id).copied().flatten().cloned(),
                    secs: row.try_get(1)?,
                    kind: row.try_get(2)?,
                    item: row.try_get(3)?,
                    detail: row.try_get(4)?,
                });
            }
        }
        events.sort_by(|a, b| {
            b.secs
                .cmp(&a.secs)
                .then_with(|| (&a.host, &a.kind, &a.item).cmp(&(&b.host, &b.kind, &b.item)))
        });
        events.truncate(EVENTS_MAX);
        Ok(events)
    }

    pub(super) async fn read_alerts(
        &self,
        hosts: &[HostName],
        span: Span,
    ) -> sqlx::Result<Vec<KeptAlert>> {
        let mut connection = self.pool.acquire().await?;
        let mut ids: BTreeMap<i64, Option<&HostName>> = [(OURSELVES, None)].into();
        for host in hosts {
            if let Some(known) = self.catalog.known(&mut connection, host).await? {
                ids.insert(known.id, Some(host));
            }
        }
        let sql = "SELECT a.host_id, a.began, a.closed, a.body, v.secs, v.principal, v.word, v.why \
                   FROM alert a LEFT JOIN verdict v ON v.host_id = a.host_id AND v.alert_id = a.id \
                   WHERE a.began < $1 AND (a.closed = 0 OR a.closed >= $2) \
                   ORDER BY a.began DESC, a.id";
        let query = sqlx::query(sql).bind(span.to).bind(span.from);
        let mut alerts = Vec::new();
        for row in query.fetch_all(&mut *connection).await? {
            let (id, closed): (i64, i64) = (row.try_get(0)?, row.try_get(2)?);
            let Some(host) = ids.get(&id) else { continue };
            alerts.push(KeptAlert {
                host: host.cloned(),
                began: row.try_get(1)?,
                closed: (closed > 0).then_some(closed),
                alert: row.try_get(3)?,
                verdict: verdict(&row)?,
            });
            if alerts.len() == ALERTS_MAX {
                break;
            }
        }
        Ok(alerts)
    }

    pub(super) async fn read_alert_changes(&self, since: i64) -> sqlx::Result<Vec<String>> {
        let sql = "SELECT body FROM transition WHERE secs >= $1 ORDER BY secs, host_id, alert_id";
        let rows = sqlx::query(sql).bind(since).fetch_all(&self.pool).await?;
        rows.iter().take(ALERTS_MAX).map(|row| row.try_get(0)).collect()
    }

    pub(super) async fn read_programs(
        &self,
        host: &HostName,
        span: Span,
    ) -> sqlx::Result<Vec<Programs>> {
        let mut connection = self.pool.acquire().await?;
        let Some(known) = self.catalog.known(&mut connection, host).await? else {
            return Ok(Vec::new());
        };
        let mut found = lists(&mut connection, host, known.id, span).await?;
        let sql = "SELECT data FROM program_block \
                   WHERE host_id = $1 AND t0 > $2 AND t0 < $3 AND t1 >= $4 ORDER BY t0";
        let query = sqlx::query(sql)
            .bind(known.id)
            .bind(span.from.saturating_sub(Level::Raw.block_secs()))
            .bind(span.to)
            .bind(span.from);
        for row in query.fetch_all(&mut *connection).await? {
            let data: Vec<u8> = row.try_get(0)?;
            let Some(sealed) = programs::unpack_block(host, &data) else {
                tracing::warn!("a block of programs is damaged and left out");
                continue;
            };
            found.extend(sealed.into_iter().filter(|list| span.holds(list.secs)));
        }
        found.sort_by_key(|list| list.secs);
        found.dedup_by_key(|list| list.secs);
        Ok(found)
    }

    pub(super) async fn measure(&self) -> sqlx::Result<Size> {
        let sql = "SELECT CAST((SELECT COALESCE(SUM(cells), 0) FROM block WHERE level = 0) + \
                   (SELECT COALESCE(SUM(LENGTH(cells)), 0) / 8 FROM head WHERE level = 0) AS BIGINT)";
        let values: i64 = sqlx::query(sql).fetch_one(&self.pool).await?.try_get(0)?;
        let beside = |ending: &str| {
            let mut name = self.file.clone().unwrap_or_default().into_os_string();
            name.push(ending);
            std::fs::metadata(PathBuf::from(name)).map_or(0, |file| file.len())
        };
        let bytes = self.file.as_ref().map_or(0, |_| beside("") + beside("-wal"));
        Ok(Size { bytes, values: u64::try_from(values).unwrap_or(0) })
    }
}

/// The verdict beside an alert, if there is one.
fn verdict(row: &AnyRow) -> sqlx::Result<Option<KeptVerdict>> {
    let Some(secs) = row.try_get(4)? else { return Ok(None) };
    let (by, word, why) = (row.try_get(5)?, row.try_get(6)?, row.try_get(7)?);
    Ok(Some(KeptVerdict { secs, by, word, why }))
}

/// Lists of programs that are not sealed, in time order.
pub(super) async fn lists(
    connection: &mut AnyConnection,
    host: &HostName,
    id: i64,
    span: Span,
) -> sqlx::Result<Vec<Programs>> {
    let sql = "SELECT secs, top FROM program \
               WHERE host_id = $1 AND secs >= $2 AND secs < $3 ORDER BY secs";
    let query = sqlx::query(sql).bind(id).bind(span.from).bind(span.to);
    let rows = query.fetch_all(connection).await?;
    let lists = rows.iter().filter_map(|row| {
        let top = programs::unpack(&row.try_get::<String, _>(1).ok()?)?;
        Some(Programs { host: host.clone(), secs: row.try_get(0).ok()?, top })
    });
    Ok(lists.collect())
}

/// A row as it is kept: time, layout, cells.
pub(super) struct Packed {
    pub(super) secs: i64,
    pub(super) layout: i64,
    pub(super) cells: Vec<u8>,
}

/// Rows that are not sealed, in time order.
pub(super) async fn rows(
    connection: &mut AnyConnection,
    known: &Known,
    level: Level,
    span: Span,
) -> sqlx::Result<Vec<Packed>> {
    let sql = "SELECT secs, layout_id, cells FROM head \
               WHERE host_id = $1 AND level = $2 AND secs >= $3 AND secs < $4 ORDER BY secs";
    let query = sqlx::query(sql).bind(known.id).bind(level.id()).bind(span.from).bind(span.to);
    let packed = |row: &AnyRow| {
        Ok(Packed { secs: row.try_get(0)?, layout: row.try_get(1)?, cells: row.try_get(2)? })
    };
    query.fetch_all(connection).await?.iter().map(packed).collect()
}

/// What is stored of a span.
#[derive(Default)]
struct Stored {
    /// Rows of the level that are not sealed.
    rows: Vec<Packed>,
    /// Polls that are not sealed, of whole steps of a coarser level.
    polls: Vec<Packed>,
    blocks: Vec<Vec<u8>>,
}

/// Reads what a span needs in one statement: one moment's truth, and one round trip.
async fn stored(
    connection: &mut AnyConnection,
    known: &Known,
    level: Level,
    span: Span,
) -> sqlx::Result<Stored> {
    /// Rows of the answer that are blocks stand under a level that is none.
    const BLOCK: i64 = -1;
    const SQL: &str = "\
        SELECT level, secs, layout_id, cells FROM head \
        WHERE host_id = $1 AND level = $2 AND secs >= $3 AND secs < $4 \
        UNION ALL SELECT CAST(-1 AS BIGINT), t0, t1, data FROM block \
        WHERE host_id = $1 AND level = $2 AND t0 > $5 AND t0 < $4 AND t1 >= $3";
    const POLLS: &str = " UNION ALL SELECT level, secs, layout_id, cells FROM head \
        WHERE host_id = $1 AND level = 0 AND secs >= $6 AND secs < $7";
    let raw = level == Level::Raw;
    let sql = if raw { SQL.to_owned() } else { format!("{SQL}{POLLS}") };
    let mut query = sqlx::query(AssertSqlSafe(sql))
        .bind(known.id)
        .bind(level.id())
        .bind(span.from)
        .bind(span.to)
        .bind(span.from.saturating_sub(level.block_secs()));
    if !raw {
        // Whole steps, so that the first and the last are not cut.
        let step = level.step_secs();
        let to = span.to.saturating_add(step - 1).div_euclid(step) * step;
        query = query.bind(span.from.div_euclid(step) * step).bind(to);
    }
    let mut stored = Stored::default();
    for row in query.fetch_all(connection).await? {
        let of: i64 = row.try_get(0)?;
        if of == BLOCK {
            stored.blocks.push(row.try_get(3)?);
            continue;
        }
        let packed =
            Packed { secs: row.try_get(1)?, layout: row.try_get(2)?, cells: row.try_get(3)? };
        if of == level.id() { &mut stored.rows } else { &mut stored.polls }.push(packed);
    }
    stored.rows.sort_by_key(|row| row.secs);
    stored.polls.sort_by_key(|row| row.secs);
    Ok(stored)
}

fn add_rows(
    points: &mut [Vec<Point>],
    known: &Known,
    wanted: &Wanted,
    level: Level,
    rows: &[Packed],
) {
    let fields = level.fields().len();
    for packed in rows {
        let Some(layout) = known.layout(packed.layout) else { continue };
        let Some(cells) = row::unpack(&packed.cells, layout.len() * fields) else { continue };
        for (column, number) in layout.iter().enumerate() {
            let Some(points) = wanted.get(number).and_then(|place| points.get_mut(*place)) else {
                continue;
            };
            let read = |field: usize| cells.get(column * fields + field).copied().flatten();
            points.extend(Point::of(packed.secs, level, read));
        }
    }
}

fn add_blocks(points: &mut [Vec<Point>], wanted: &Wanted, level: Level, blocks: &[Vec<u8>]) {
    let fields = level.fields().len();
    for bytes in blocks {
        let Some(block) = block::unpack(bytes, |number| wanted.contains_key(&number)) else {
            tracing::warn!(level = ?level, "a block of history is damaged and left out");
            continue;
        };
        let mut by_series: BTreeMap<u32, Vec<Option<&[Option<f64>]>>> = BTreeMap::new();
        for column in &block.columns {
            let columns = by_series.entry(column.series).or_insert_with(|| vec![None; fields]);
            if let Some(place) = columns.get_mut(usize::from(column.field)) {
                *place = Some(&column.values);
            }
        }
        for (number, columns) in by_series {
            let Some(points) = wanted.get(&number).and_then(|place| points.get_mut(*place)) else {
                continue;
            };
            for (index, secs) in block.secs.iter().enumerate() {
                let read = |field: usize| *columns.get(field).copied().flatten()?.get(index)?;
                points.extend(Point::of(*secs, level, read));
            }
        }
    }
}
