//! `audit`: what operators did, and whether that is what was written.

use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::{ConfigArgs, say};
use crate::{
    config::{Config, Env, StoreConfig},
    render,
    store::{AuditRow, Ends, Sql, Store as _, verify},
};

/// People give orders seldom; a script that gives one after the other is not waited for.
const READS_MAX: usize = 10;

#[derive(Debug, Args)]
pub(super) struct Audit {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Check that no entry was changed, put in or taken out; exit code 1 when one was
    Verify(ConfigArgs),
    /// Show the last entries, the newest last
    Tail {
        /// How many
        #[arg(short = 'n', long, default_value_t = 20)]
        lines: usize,
        #[command(flatten)]
        config: ConfigArgs,
    },
}

impl Audit {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        match self.what {
            What::Verify(config) => {
                let (ends, rows) = chain(&open(&config).await?).await?;
                if let Err(broken) = verify(&ends, &rows) {
                    say(format!("not what was written: {broken}"));
                    return Ok(ExitCode::FAILURE);
                }
                let (count, (seq, hash)) = (render::count(rows.len(), "order"), ends.last);
                say(format!("whole: {count}; the last is {seq}, {hash}"));
            }
            What::Tail { lines, config } => {
                let rows = all(&open(&config).await?).await?;
                let skipped = rows.len().saturating_sub(lines);
                rows.iter().skip(skipped).for_each(|row| say(line(row)));
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

async fn open(config: &ConfigArgs) -> anyhow::Result<Sql> {
    let source = config.source();
    let config = Config::load(source.path.as_deref(), &source.overrides, &Env::read())?;
    let StoreConfig::File(file) = &config.store else {
        anyhow::bail!("`store.url` is `memory:`: what operators did is gone with the process")
    };
    Ok(Sql::look(file).await?)
}

/// The whole chain with its ends, of one moment: while it grows it is read again.
async fn chain(store: &Sql) -> anyhow::Result<(Ends, Vec<AuditRow>)> {
    for _ in 0..READS_MAX {
        let (ends, rows) = (store.audit_ends().await?, all(store).await?);
        if store.audit_ends().await? == ends {
            return Ok((ends, rows));
        }
    }
    anyhow::bail!("operators are at work: try again")
}

async fn all(store: &Sql) -> anyhow::Result<Vec<AuditRow>> {
    let mut rows: Vec<AuditRow> = Vec::new();
    loop {
        let more = store.audit(rows.last().map_or(0, |row| row.seq)).await?;
        if more.is_empty() {
            return Ok(rows);
        }
        rows.extend(more);
    }
}

fn line(row: &AuditRow) -> String {
    let AuditRow { seq, entry, .. } = row;
    let at = jiff::Timestamp::from_second(entry.secs).map(|at| at.to_string()).unwrap_or_default();
    format!(
        "{seq} {at} {} {} {}: {} {}",
        entry.principal, entry.action, entry.outcome, entry.target, entry.detail
    )
}
