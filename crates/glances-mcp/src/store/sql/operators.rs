//! What operators said and did: verdicts on alerts, and the audit table with its chain.

use sqlx::{Any, AnyConnection, Row as _, Transaction};

use super::{
    super::{AUDIT_MAX, AuditEntry, AuditRow, Ends, VerdictNote, audit},
    OURSELVES, Sql, keep, run,
};

impl Sql {
    pub(super) async fn write_verdict(
        &self,
        tx: &mut Transaction<'static, Any>,
        note: &VerdictNote,
    ) -> sqlx::Result<()> {
        let host = match &note.host {
            Some(host) => self.catalog.host_id(tx, host).await?,
            None => OURSELVES,
        };
        let sql = "INSERT INTO verdict (host_id, alert_id, secs, principal, word, why) \
                   VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (host_id, alert_id) \
                   DO UPDATE SET secs = excluded.secs, principal = excluded.principal, \
                   word = excluded.word, why = excluded.why";
        let query = sqlx::query(sql)
            .bind(host)
            .bind(note.alert.clone())
            .bind(note.verdict.secs)
            .bind(note.verdict.by.clone())
            .bind(note.verdict.word.clone())
            .bind(note.verdict.why.clone());
        run(tx, query).await
    }

    pub(super) async fn read_audit(&self, after: i64) -> sqlx::Result<Vec<AuditRow>> {
        let sql = "SELECT seq, secs, principal, action, target, detail, outcome, hash FROM audit \
                   WHERE seq > $1 ORDER BY seq LIMIT $2";
        let most = i64::try_from(AUDIT_MAX).unwrap_or(i64::MAX);
        let query = sqlx::query(sql).bind(after).bind(most);
        let rows = query.fetch_all(&self.pool).await?;
        let read = |row: &sqlx::any::AnyRow| {
            let entry = AuditEntry {
                secs: row.try_get(1)?,
                principal: row.try_get(2)?,
                action: row.try_get(3)?,
                target: row.try_get(4)?,
                detail: row.try_get(5)?,
                outcome: row.try_get(6)?,
            };
            Ok(AuditRow { seq: row.try_get(0)?, entry, hash: row.try_get(7)? })
        };
        rows.iter().map(read).collect()
    }

    /// Forgets entries that are older than this second, as a run from the beginning, so that the
    /// rest stays a chain.
    pub(super) async fn forget_audit(&self, before: i64) -> sqlx::Result<u64> {
        let mut tx = self.pool.begin().await?;
        let sql = "SELECT seq, hash FROM audit WHERE secs < $1 \
                   AND NOT EXISTS (SELECT 1 FROM audit a WHERE a.seq < audit.seq AND a.secs >= $1) \
                   ORDER BY seq DESC LIMIT 1";
        let last = sqlx::query(sql).bind(before).fetch_optional(&mut *tx).await?;
        let Some(last) = last else { return Ok(0) };
        let (seq, hash): (i64, String) = (last.try_get(0)?, last.try_get(1)?);
        let mut ends = ends(&mut tx).await?;
        ends.before = (seq, hash);
        keep(&mut tx, audit::KEPT_AS, &ends.to_keep()).await?;
        let query = sqlx::query("DELETE FROM audit WHERE seq <= $1").bind(seq);
        let forgotten = query.execute(&mut *tx).await?.rows_affected();
        tx.commit().await?;
        Ok(forgotten)
    }
}

/// Writes entries at the end of the chain.
pub(super) async fn write_audit(
    connection: &mut AnyConnection,
    entries: &[AuditEntry],
) -> sqlx::Result<()> {
    if entries.is_empty() {
        return Ok(());
    }
    let mut ends = ends(connection).await?;
    for entry in entries {
        let AuditRow { seq, entry, hash } = ends.append(entry);
        let sql = "INSERT INTO audit (seq, secs, principal, action, target, detail, outcome, hash) \
                   VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
        let query = sqlx::query(sql)
            .bind(seq)
            .bind(entry.secs)
            .bind(entry.principal)
            .bind(entry.action)
            .bind(entry.target)
            .bind(entry.detail)
            .bind(entry.outcome)
            .bind(hash);
        run(connection, query).await?;
    }
    keep(connection, audit::KEPT_AS, &ends.to_keep()).await
}

async fn ends(connection: &mut AnyConnection) -> sqlx::Result<Ends> {
    let query = sqlx::query("SELECT body FROM kept WHERE name = $1").bind(audit::KEPT_AS);
    let row = query.fetch_optional(connection).await?;
    let kept: Option<String> = row.map(|row| row.try_get(0)).transpose()?;
    Ok(Ends::of(kept.as_deref()))
}
