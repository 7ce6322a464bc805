//! Upkeep: rows of a finished window become one block, and coarser rows, in one transaction; what is
//! too old is forgotten.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::{Any, AnyConnection, Row as _, Transaction};

use super::{
    super::{Keep, Level, Point, Span, Upkeep, block, coarser, level::Field, row},
    Sql,
    catalog::Catalog,
    read::{self, Packed},
    run,
};
use crate::model::HostName;

/// Blocks sealed in one call, so that writers wait for a moment and not for minutes.
const SEALS_MAX: usize = 32;
/// A window is sealed this long after its end: late polls are in it then.
const GRACE_SECS: i64 = 60;
/// Servers seal their windows spread over this time.
const SPREAD_SECS: i64 = 600;

/// The numbers of one series over the rows of a window, a list for each field.
type Columns = BTreeMap<u32, Vec<Vec<Option<f64>>>>;

impl Sql {
    pub(super) async fn seal_and_forget(&self, now: i64, keep: &Keep) -> sqlx::Result<Upkeep> {
        let mut done = Upkeep::default();
        let hosts = Catalog::hosts(&mut *self.pool.acquire().await?).await?;
        for (index, host) in hosts.iter().enumerate() {
            let spread = i64::try_from(index).unwrap_or(0).wrapping_mul(37) % SPREAD_SECS;
            for level in Level::ALL {
                let window = level.block_secs();
                let end = (now - GRACE_SECS - spread).div_euclid(window) * window;
                while done.sealed < SEALS_MAX && self.seal_next(host, level, end).await? {
                    done.sealed += 1;
                }
            }
        }
        for host in &hosts {
            done.forgotten += self.forget_old(host, now, keep).await?;
        }
        done.forgotten += self.forget_own(now, keep).await?;
        Ok(done)
    }

    /// Seals the oldest window that ends by then, if there is one with rows.
    async fn seal_next(&self, host: &HostName, level: Level, end: i64) -> sqlx::Result<bool> {
        let mut tx = self.pool.begin().await?;
        let Some(known) = self.catalog.known(&mut tx, host).await? else { return Ok(false) };
        let sql = "SELECT MIN(secs) FROM head WHERE host_id = $1 AND level = $2";
        let oldest = sqlx::query(sql).bind(known.id).bind(level.id()).fetch_one(&mut *tx).await?;
        let Some(oldest): Option<i64> = oldest.try_get(0)? else { return Ok(false) };
        let window = level.block_secs();
        let from = oldest.div_euclid(window) * window;
        let span = Span { from, to: from + window };
        if span.to > end {
            return Ok(false);
        }
        let rows = read::rows(&mut tx, &known, level, span).await?;
        let (mut secs, mut columns) = (Vec::new(), Columns::new());
        let fields = level.fields().len();
        let earlier = merge_sealed(&mut tx, known.id, level, span, &mut secs, &mut columns).await?;
        let sealed: BTreeSet<i64> = secs.iter().copied().collect();
        for packed in rows.iter().filter(|packed| !sealed.contains(&packed.secs)) {
            let Some(layout) = read::series_of(&known, packed) else { continue };
            add_row(&mut secs, &mut columns, &layout, packed, fields);
        }
        pad(&mut columns, secs.len());
        sort(&mut secs, &mut columns);
        write_block(&mut tx, known.id, level, &secs, &columns, fields).await?;
        if level == Level::Raw && !earlier {
            for coarse in [Level::FiveMinutes, Level::Hour] {
                self.write_coarser(&mut tx, host, coarse, &secs, &columns).await?;
            }
        }
        let sql = "DELETE FROM head WHERE host_id = $1 AND level = $2 AND secs >= $3 AND secs < $4";
        let query = sqlx::query(sql).bind(known.id).bind(level.id()).bind(span.from).bind(span.to);
        run(&mut tx, query).await?;
        if level == Level::Raw {
            // Series that have gone do not burden new rows.
            self.catalog.narrow(&mut tx, host, columns.keys().copied().collect()).await?;
            self.catalog.tidy(&mut tx, host).await?;
        }
        tx.commit().await?;
        Ok(true)
    }

    /// Writes the rows of a coarser level for a window of polls.
    async fn write_coarser(
        &self,
        tx: &mut Transaction<'static, Any>,
        host: &HostName,
        level: Level,
        secs: &[i64],
        columns: &Columns,
    ) -> sqlx::Result<()> {
        let series: Vec<u32> = columns.keys().copied().collect();
        let layout = self.catalog.narrow(tx, host, series).await?;
        let id = self.catalog.host_id(tx, host).await?;
        let fields = level.fields();
        let mut steps: BTreeMap<i64, Vec<Option<f64>>> = BTreeMap::new();
        let width = columns.len() * fields.len();
        for (column, values) in columns.values().enumerate() {
            let means = values.first().into_iter().flatten();
            let points: Vec<Point> = secs
                .iter()
                .zip(means)
                .filter_map(|(secs, value)| Some(Point::one(*secs, (*value)?)))
                .collect();
            for point in coarser(&points, level.step_secs()) {
                let cells = steps.entry(point.secs).or_insert_with(|| vec![None; width]);
                for (index, field) in fields.iter().enumerate() {
                    if let Some(cell) = cells.get_mut(column * fields.len() + index) {
                        *cell = kept(&point, *field);
                    }
                }
            }
        }
        for (secs, cells) in steps {
            let sql = "INSERT INTO head (host_id, level, secs, layout_id, cells) \
                       VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING";
            let query = sqlx::query(sql)
                .bind(id)
                .bind(level.id())
                .bind(secs)
                .bind(layout)
                .bind(row::pack(&cells));
            run(tx, query).await?;
        }
        Ok(())
    }

    async fn forget_old(&self, host: &HostName, now: i64, keep: &Keep) -> sqlx::Result<u64> {
        let mut tx = self.pool.begin().await?;
        let id = self.catalog.host_id(&mut tx, host).await?;
        let mut forgotten = 0;
        for level in Level::ALL {
            let sql = "DELETE FROM block WHERE host_id = $1 AND level = $2 AND t0 < $3";
            let before = now - level.kept_secs(keep.raw_secs) - level.block_secs();
            let query = sqlx::query(sql).bind(id).bind(level.id()).bind(before);
            forgotten += query.execute(&mut *tx).await?.rows_affected();
        }
        let sql = "DELETE FROM program WHERE host_id = $1 AND secs < $2";
        let query = sqlx::query(sql).bind(id).bind(now - keep.raw_secs);
        forgotten += query.execute(&mut *tx).await?.rows_affected();
        tx.commit().await?;
        Ok(forgotten)
    }

    async fn forget_own(&self, now: i64, keep: &Keep) -> sqlx::Result<u64> {
        let mut forgotten = 0;
        let (events, alerts) = (now - keep.event_secs, now - keep.alert_secs);
        for (sql, before) in [
            ("DELETE FROM event WHERE secs < $1", events),
            ("DELETE FROM watch WHERE t1 < $1", events),
            ("DELETE FROM alert WHERE closed > 0 AND closed < $1", alerts),
            ("DELETE FROM transition WHERE secs < $1", alerts),
            (
                "DELETE FROM verdict WHERE secs < $1 AND NOT EXISTS (SELECT 1 FROM alert a \
                 WHERE a.host_id = verdict.host_id AND a.id = verdict.alert_id)",
                alerts,
            ),
        ] {
            let query = sqlx::query(sql).bind(before);
            forgotten += query.execute(&self.pool).await?.rows_affected();
        }
        forgotten += self.forget_audit(events).await?;
        Ok(forgotten)
    }
}

/// The number that a coarser level keeps; a mean has no more digits than a measurement.
fn kept(point: &Point, field: Field) -> Option<f64> {
    /// 24 bits of the mantissa: seven digits. What follows is noise of the division, and does not
    /// compress.
    const MASK: u64 = !((1 << 29) - 1);
    let value = point.field(field)?;
    match field {
        Field::Mean if point.count > 1 => Some(f64::from_bits(value.to_bits() & MASK)),
        _ => Some(value),
    }
}

fn add_row(
    secs: &mut Vec<i64>,
    columns: &mut Columns,
    layout: &[u32],
    packed: &Packed,
    fields: usize,
) {
    let Some(cells) = row::unpack(&packed.cells, layout.len() * fields) else { return };
    let at = secs.len();
    secs.push(packed.secs);
    for (column, number) in layout.iter().enumerate() {
        for field in 0..fields {
            let Some(value) = cells.get(column * fields + field).copied().flatten() else {
                continue;
            };
            let lists = columns.entry(*number).or_insert_with(|| vec![Vec::new(); fields]);
            if let Some(list) = lists.get_mut(field) {
                list.resize(at, None);
                list.push(Some(value));
            }
        }
    }
}

/// Fills columns up to the number of rows.
fn pad(columns: &mut Columns, rows: usize) {
    columns.values_mut().flatten().for_each(|list| list.resize(rows, None));
}

/// Brings rows into time order.
fn sort(secs: &mut Vec<i64>, columns: &mut Columns) {
    if secs.is_sorted() {
        return;
    }
    let mut order: Vec<usize> = (0..secs.len()).collect();
    order.sort_by_key(|index| secs.get(*index).copied());
    *secs = order.iter().filter_map(|index| secs.get(*index).copied()).collect();
    for list in columns.values_mut().flatten() {
        *list = order.iter().map(|index| list.get(*index).copied().flatten()).collect();
    }
}

/// Takes what is sealed of a window already back into its rows: polls that came late go into the
/// same block. Answers whether there was any.
async fn merge_sealed(
    tx: &mut Transaction<'static, Any>,
    host: i64,
    level: Level,
    span: Span,
    secs: &mut Vec<i64>,
    columns: &mut Columns,
) -> sqlx::Result<bool> {
    let sql = "SELECT t0, data FROM block \
               WHERE host_id = $1 AND level = $2 AND t0 >= $3 AND t0 < $4 ORDER BY t0";
    let query = sqlx::query(sql).bind(host).bind(level.id()).bind(span.from).bind(span.to);
    let fields = level.fields().len();
    let mut found = false;
    for row in query.fetch_all(&mut **tx).await? {
        let (t0, data): (i64, Vec<u8>) = (row.try_get(0)?, row.try_get(1)?);
        let Some(block) = block::unpack(&data, |_| true) else { continue };
        found = true;
        let at = secs.len();
        secs.extend(block.secs);
        for column in block.columns {
            let lists = columns.entry(column.series).or_insert_with(|| vec![Vec::new(); fields]);
            if let Some(list) = lists.get_mut(usize::from(column.field)) {
                list.resize(at, None);
                list.extend(column.values);
            }
        }
        pad(columns, secs.len());
        let sql = "DELETE FROM block WHERE host_id = $1 AND level = $2 AND t0 = $3";
        run(tx, sqlx::query(sql).bind(host).bind(level.id()).bind(t0)).await?;
    }
    Ok(found)
}

async fn write_block(
    connection: &mut AnyConnection,
    host: i64,
    level: Level,
    secs: &[i64],
    columns: &Columns,
    fields: usize,
) -> sqlx::Result<()> {
    let mut packed = Vec::with_capacity(columns.len() * fields);
    for (series, lists) in columns {
        for (field, values) in lists.iter().enumerate() {
            let field = u8::try_from(field).unwrap_or(u8::MAX);
            packed.push(block::Column { series: *series, field, values: values.clone() });
        }
    }
    let cells: usize = packed.iter().map(|column| column.values.iter().flatten().count()).sum();
    let count = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
    let (Some(t0), Some(t1)) = (secs.first().copied(), secs.last().copied()) else { return Ok(()) };
    let rows = secs.to_vec();
    let data = tokio::task::spawn_blocking(move || block::pack(&rows, &packed));
    let data = data.await.map_err(|_| sqlx::Error::WorkerCrashed)?;
    // Rows are forgotten only for a block that holds them.
    let data = data.ok_or_else(|| sqlx::Error::Protocol("the rows fit in no block".to_owned()))?;
    let sql = "INSERT INTO block (host_id, level, t0, t1, rows, cells, data) \
               VALUES ($1, $2, $3, $4, $5, $6, $7)";
    let query = sqlx::query(sql)
        .bind(host)
        .bind(level.id())
        .bind(t0)
        .bind(t1)
        .bind(count(secs.len()))
        .bind(count(cells))
        .bind(data);
    run(connection, query).await
}
