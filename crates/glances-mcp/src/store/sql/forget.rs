//! Forgetting: what is too old goes, for all servers at once, and a file gives back what it does not
//! need.

use sqlx::Row as _;

use super::{
    super::{Keep, Level},
    Sql,
};

/// One part in so many of a file may be free: the next rows take it.
const FREE_PART: i64 = 8;
/// Pages given back in one go: 16 MiB, a moment's work.
const PAGES_AT_ONCE: i64 = 2_048;

impl Sql {
    /// Forgets what is too old; answers how much.
    pub(super) async fn forget(&self, now: i64, keep: &Keep) -> sqlx::Result<u64> {
        // The ids lead the keys; named, they let the engine go straight to the rows.
        const BLOCKS: &str = "DELETE FROM block WHERE host_id IN (SELECT id FROM host) \
                              AND level = $2 AND t0 < $1";
        const PROGRAMS: &str = "DELETE FROM program WHERE host_id IN (SELECT id FROM host) \
                                AND secs < $1";
        const PROGRAM_BLOCKS: &str = "DELETE FROM program_block \
                                      WHERE host_id IN (SELECT id FROM host) AND t0 < $1";
        const VERDICTS: &str = "DELETE FROM verdict WHERE secs < $1 AND NOT EXISTS (SELECT 1 \
                                FROM alert a WHERE a.host_id = verdict.host_id \
                                AND a.id = verdict.alert_id)";
        let block = |level: Level| {
            let before = now - level.kept_secs(keep.raw_secs) - level.block_secs();
            (BLOCKS, before, Some(level.id()))
        };
        let (raw, events, alerts) =
            (now - keep.raw_secs, now - keep.event_secs, now - keep.alert_secs);
        let rules = [
            (PROGRAMS, raw, None),
            (PROGRAM_BLOCKS, raw - Level::Raw.block_secs(), None),
            ("DELETE FROM event WHERE secs < $1", events, None),
            ("DELETE FROM watch WHERE t1 < $1", events, None),
            ("DELETE FROM alert WHERE closed > 0 AND closed < $1", alerts, None),
            ("DELETE FROM transition WHERE secs < $1", alerts, None),
            (VERDICTS, alerts, None),
        ];
        let mut forgotten = 0;
        let mut tx = self.pool.begin().await?;
        for (sql, before, level) in Level::ALL.map(block).into_iter().chain(rules) {
            let query = sqlx::query(sql).bind(before);
            let query = level.into_iter().fold(query, sqlx::query::Query::bind);
            forgotten += query.execute(&mut *tx).await?.rows_affected();
        }
        tx.commit().await?;
        Ok(forgotten + self.forget_audit(events).await?)
    }

    /// Gives free pages of a file back, when they are many. A file that an older release made keeps
    /// them, for rows to come.
    pub(super) async fn shrink(&self) -> sqlx::Result<()> {
        if self.file.is_none() {
            return Ok(());
        }
        const FREE: &str = "SELECT freelist_count, page_count, auto_vacuum \
                            FROM pragma_freelist_count, pragma_page_count, pragma_auto_vacuum";
        /// Pages are given back when they are asked for.
        const INCREMENTAL: i64 = 2;
        let row = sqlx::query(FREE).fetch_one(&self.pool).await?;
        let [free, all, vacuum]: [i64; 3] = [row.try_get(0)?, row.try_get(1)?, row.try_get(2)?];
        if vacuum == INCREMENTAL && free > all / FREE_PART {
            let sql = sqlx::AssertSqlSafe(format!("PRAGMA incremental_vacuum({PAGES_AT_ONCE})"));
            sqlx::query(sql).fetch_all(&self.pool).await?;
        }
        Ok(())
    }
}
