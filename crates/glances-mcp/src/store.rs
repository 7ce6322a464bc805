//! History: samples, programs and events, behind one trait. Never reads the clock, never judges
//! a number, never answers a caller by itself.
//!
//! Samples are kept at three levels ([`Level`]). A poll is one packed row a server; two hours of
//! them are sealed into one compressed block a server, and the coarser levels are made from the
//! rows in the same transaction. Times are seconds since the epoch, UTC.

mod audit;
mod block;
#[cfg(test)]
mod conformance;
mod error;
mod history;
mod level;
mod lock;
mod memory;
mod programs;
mod row;
mod rows;
mod sql;

use async_trait::async_trait;

pub use self::{
    audit::{AuditEntry, AuditRow, Broken, Ends, verify},
    error::{StoreError, chain},
    history::History,
    level::{Level, Point, coarser, dense, rounded},
    memory::Memory,
    sql::{Sql, backup},
};
use crate::model::HostName;
pub use crate::model::SeriesName;

/// Everything that one poll of one server measured.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// Which server.
    pub host: HostName,
    /// When the poll began, seconds since the epoch.
    pub secs: i64,
    /// Finite values, each series once.
    pub values: Vec<(SeriesName, f64)>,
}

/// What used most of a server at one moment: names and numbers, no command lines.
#[derive(Clone, Debug, PartialEq)]
pub struct Programs {
    /// Which server.
    pub host: HostName,
    /// When, seconds since the epoch.
    pub secs: i64,
    /// The top ones by CPU, by memory and by I/O, each once, by name.
    pub top: Vec<Program>,
}

/// One program of a moment.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Program {
    /// Its name, cleaned and bounded.
    pub name: String,
    /// Of one core.
    pub cpu_percent: Option<f64>,
    /// Resident.
    pub memory_bytes: Option<u64>,
    /// Read and written.
    pub io_bytes_per_second: Option<f64>,
    /// How many processes.
    pub processes: u32,
}

/// Something that happened to a server, or to ourselves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Which server; `None` for ourselves.
    pub host: Option<HostName>,
    /// When, seconds since the epoch.
    pub secs: i64,
    /// What, as a word of `ingest::changes`.
    pub kind: String,
    /// What it is about, such as a container's name; may be empty.
    pub item: String,
    /// For people.
    pub detail: String,
}

/// Something that happened to an alert, and the alert as it is then. What is in them is the
/// matter of whoever writes them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlertChange {
    /// Which server; `None` for the fleet.
    pub host: Option<HostName>,
    /// The alert.
    pub id: String,
    /// First breach, seconds since the epoch.
    pub began: i64,
    /// When it happened.
    pub secs: i64,
    /// The alert is over.
    pub over: bool,
    /// The alert, encoded.
    pub alert: String,
    /// What happened to it, encoded.
    pub change: String,
}

/// What an operator says of an alert. A later one replaces an earlier one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerdictNote {
    /// Which server; `None` for the fleet.
    pub host: Option<HostName>,
    /// The alert.
    pub alert: String,
    /// The verdict.
    pub verdict: KeptVerdict,
}

/// A verdict as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptVerdict {
    /// When it was given, seconds since the epoch.
    pub secs: i64,
    /// Who gave it.
    pub by: String,
    /// Its word, the matter of whoever writes it.
    pub word: String,
    /// Why; may be empty.
    pub why: String,
}

/// An alert as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptAlert {
    /// Which server; `None` for the fleet.
    pub host: Option<HostName>,
    /// First breach, seconds since the epoch.
    pub began: i64,
    /// When it was over; `None` while it is open.
    pub closed: Option<i64>,
    /// The alert, encoded.
    pub alert: String,
    /// What an operator says of it.
    pub verdict: Option<KeptVerdict>,
}

/// What is written together: all of it or nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Batch {
    /// One a poll. A second one of the same server and second changes nothing.
    pub samples: Vec<Sample>,
    /// One a minute and server at most.
    pub programs: Vec<Programs>,
    /// Each of a server, second, kind and item once.
    pub events: Vec<Event>,
    /// In their order.
    pub alerts: Vec<AlertChange>,
    /// What operators say of alerts.
    pub verdicts: Vec<VerdictNote>,
    /// What operators did, in their order. Each time that a batch is written it is one entry.
    pub audit: Vec<AuditEntry>,
    /// State of ours under a name; replaces what was there.
    pub kept: Vec<(String, String)>,
    /// We were watching from the first second to the second.
    pub watched: Option<(i64, i64)>,
}

impl Batch {
    /// Whether there is nothing to write.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.samples.is_empty()
            && self.programs.is_empty()
            && self.events.is_empty()
            && self.alerts.is_empty()
            && self.verdicts.is_empty()
            && self.audit.is_empty()
            && self.kept.is_empty()
            && self.watched.is_none()
    }
}

/// A half-open span of time: from the first second, up to and without the second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// First second in it.
    pub from: i64,
    /// First second after it.
    pub to: i64,
}

impl Span {
    /// Whether a second lies in it.
    #[must_use]
    pub fn holds(&self, secs: i64) -> bool {
        (self.from..self.to).contains(&secs)
    }

    /// Its length, seconds; 0 for one that ends before it begins.
    #[must_use]
    pub fn secs(&self) -> i64 {
        self.to.saturating_sub(self.from).max(0)
    }
}

/// For how long what is kept, seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keep {
    /// Raw samples, and the top programs.
    pub raw_secs: i64,
    /// Events, and what operators did.
    pub event_secs: i64,
    /// Alerts that are over.
    pub alert_secs: i64,
}

/// What upkeep did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Upkeep {
    /// Blocks sealed.
    pub sealed: usize,
    /// Blocks, programs and events forgotten.
    pub forgotten: u64,
}

/// How much there is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Size {
    /// On disk; 0 in memory.
    pub bytes: u64,
    /// Raw samples: values, not rows.
    pub values: u64,
}

/// The most alerts, or changes of them, that one answer holds.
pub const ALERTS_MAX: usize = 5_000;

/// The most audit entries that one answer holds.
pub const AUDIT_MAX: usize = 1_000;

/// The most events that one answer holds.
pub const EVENTS_MAX: usize = 2_000;

/// A place for history. Every backend passes the same suite (`store/conformance.rs`).
#[async_trait]
pub trait Store: Send + Sync {
    /// Writes a batch; when this answers, it outlives a crash of this process.
    async fn append(&self, batch: &Batch) -> Result<(), StoreError>;

    /// The series that were ever kept of a server, by name.
    async fn series(&self, host: &HostName) -> Result<Vec<SeriesName>, StoreError>;

    /// Points of series of one server over a span, in time order, one list for each name asked
    /// for. Coarser levels hold the time that is not sealed yet as well. A block that cannot be
    /// read is left out and logged.
    async fn range(
        &self,
        host: &HostName,
        series: &[SeriesName],
        span: Span,
        level: Level,
    ) -> Result<Vec<Vec<Point>>, StoreError>;

    /// Events of these servers and of ourselves, newest first, at most [`EVENTS_MAX`].
    async fn events(&self, hosts: &[HostName], span: Span) -> Result<Vec<Event>, StoreError>;

    /// The same of these kinds alone, so that what is rare is not lost among what is frequent.
    async fn events_of(
        &self,
        kinds: &[&str],
        hosts: &[HostName],
        span: Span,
    ) -> Result<Vec<Event>, StoreError>;

    /// The top programs of a server over a span, in time order.
    async fn programs(&self, host: &HostName, span: Span) -> Result<Vec<Programs>, StoreError>;

    /// Alerts of these servers and of the fleet that were open at some time of the span, newest
    /// first, at most [`ALERTS_MAX`].
    async fn alerts(&self, hosts: &[HostName], span: Span) -> Result<Vec<KeptAlert>, StoreError>;

    /// What happened to alerts from this second on, in order, encoded; at most [`ALERTS_MAX`].
    async fn alert_changes(&self, since: i64) -> Result<Vec<String>, StoreError>;

    /// What operators did after this number, in order; at most [`AUDIT_MAX`].
    async fn audit(&self, after: i64) -> Result<Vec<AuditRow>, StoreError>;

    /// Where the chain of what operators did begins and ends. [`verify`] needs both.
    async fn audit_ends(&self) -> Result<Ends, StoreError> {
        let kept = self.recall(audit::KEPT_AS).await?;
        Ok(Ends::of(kept.as_deref()))
    }

    /// State of ours that was kept under a name.
    async fn recall(&self, name: &str) -> Result<Option<String>, StoreError>;

    /// The spans within this one in which we were watching, in time order.
    async fn watched(&self, span: Span) -> Result<Vec<Span>, StoreError>;

    /// Seals what is old enough and forgets what is too old, at this second. Bounded work: call
    /// it again while it reports any.
    async fn upkeep(&self, now: i64, keep: &Keep) -> Result<Upkeep, StoreError>;

    /// How much there is.
    async fn size(&self) -> Result<Size, StoreError>;
}
