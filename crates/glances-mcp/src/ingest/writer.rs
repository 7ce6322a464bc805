//! From notes to the store: collects, writes once a second, seals and forgets. A store that fails
//! stops nobody: notes wait up to a bound, then the oldest are lost, and that is told.

use std::time::Duration;

use jiff::Timestamp;
use tokio::{
    sync::mpsc,
    time::{Instant, MissedTickBehavior, interval},
};
use tokio_util::sync::CancellationToken;

use super::changes::kind;
use crate::{
    render,
    store::{self, Batch, Event, History, Keep, Span, StoreError},
};

/// Notes that wait for the writer: polls of a thousand servers. More are lost.
const NOTES_QUEUED_MAX: usize = 4_096;
/// Notes kept while the store fails: ten minutes of a hundred servers.
const NOTES_HELD_MAX: usize = 8_192;
/// Notes of one transaction.
const NOTES_AT_ONCE: usize = 512;
/// Between two transactions.
const WRITE_EVERY: Duration = Duration::from_secs(1);
/// Between two looks at what can be sealed or forgotten.
const UPKEEP_EVERY: Duration = Duration::from_secs(60);
/// A silence of our own that is worth an event, seconds: shorter ones are a restart.
const GAP_SECS: i64 = 60;

/// Takes notes for the store. Cheap to clone.
#[derive(Clone)]
pub struct Writer {
    notes: mpsc::Sender<Batch>,
    history: History,
}

impl Writer {
    /// The end that takes notes, and the one that writes them.
    #[must_use]
    pub fn channel(history: &History) -> (Self, mpsc::Receiver<Batch>) {
        let (notes, queue) = mpsc::channel(NOTES_QUEUED_MAX);
        (Self { notes, history: history.clone() }, queue)
    }

    /// Notes a poll or an event; never waits.
    pub fn note(&self, batch: Batch) {
        if !batch.is_empty() && self.notes.try_send(batch).is_err() {
            self.history.lose(1);
        }
    }
}

/// Writes notes until it is told to stop, and then those that are left.
pub async fn write(
    history: History,
    mut notes: mpsc::Receiver<Batch>,
    keep: Keep,
    now: fn() -> Timestamp,
    stop: CancellationToken,
) {
    let began = now().as_second();
    let mut held = Held { history, notes: Vec::new(), began, last: began, failing: None };
    held.note_gap().await;
    let mut tick = interval(WRITE_EVERY);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut upkeep_at = Instant::now() + WRITE_EVERY;
    loop {
        tokio::select! {
            _ = tick.tick() => {}
            () = stop.cancelled() => {}
        }
        let mut open = !stop.is_cancelled();
        while held.notes.len() < NOTES_HELD_MAX {
            match notes.try_recv() {
                Ok(note) => held.notes.push(note),
                Err(mpsc::error::TryRecvError::Empty) => break,
                Err(mpsc::error::TryRecvError::Disconnected) => {
                    open = false;
                    break;
                }
            }
        }
        held.note_pause(now());
        let written = held.write(now()).await;
        if !open {
            return;
        }
        if written && Instant::now() >= upkeep_at {
            let more = held.upkeep(now(), &keep).await;
            upkeep_at = Instant::now() + if more { Duration::ZERO } else { UPKEEP_EVERY };
        }
    }
}

struct Held {
    history: History,
    notes: Vec<Batch>,
    /// Since when we have been watching without a pause.
    began: i64,
    /// When we last looked.
    last: i64,
    failing: Option<Timestamp>,
}

impl Held {
    /// An event for the time since we were last watching.
    async fn note_gap(&mut self) {
        let before = Span { from: 0, to: self.began };
        let Ok(watched) = self.history.store.watched(before).await else { return };
        let Some(last) = watched.last().filter(|last| self.began - last.to >= GAP_SECS) else {
            return;
        };
        self.note_not_watching(last.to, self.began);
    }

    /// The same when this machine slept.
    fn note_pause(&mut self, now: Timestamp) {
        let now = now.as_second();
        if now - self.last >= GAP_SECS {
            self.note_not_watching(self.last, now);
            self.began = now;
        }
        self.last = now;
    }

    fn note_not_watching(&mut self, from: i64, to: i64) {
        let event = Event {
            host: None,
            secs: from,
            kind: kind::NOT_WATCHING.to_owned(),
            item: String::new(),
            detail: format!("for {}", render::duration(seconds(to - from))),
        };
        self.notes.push(Batch { events: vec![event], ..Batch::default() });
    }

    /// Writes what is held. Answers whether the store took it.
    async fn write(&mut self, now: Timestamp) -> bool {
        let mut first = true;
        while first || !self.notes.is_empty() {
            first = false;
            let count = self.notes.len().min(NOTES_AT_ONCE);
            let mut batch =
                Batch { watched: Some((self.began, now.as_second())), ..Batch::default() };
            for note in self.notes.iter().take(count) {
                batch.samples.extend(note.samples.iter().cloned());
                batch.programs.extend(note.programs.iter().cloned());
                batch.events.extend(note.events.iter().cloned());
            }
            match self.history.store.append(&batch).await {
                Ok(()) => {
                    self.notes.drain(..count);
                    self.recovered();
                }
                Err(err) => {
                    self.failed(now, &err);
                    return false;
                }
            }
        }
        true
    }

    fn failed(&mut self, now: Timestamp, err: &StoreError) {
        if self.failing.is_none() {
            tracing::error!(error = %store::chain(err), "history cannot be written; live tools go on");
        }
        let since = *self.failing.get_or_insert(now);
        let since = since.strftime("%Y-%m-%dT%H:%M:%SZ");
        self.history.set_outage(Some(format!(
            "history is not written since {since}: {}",
            store::chain(err)
        )));
        if self.notes.len() >= NOTES_HELD_MAX {
            // The newest tell more.
            let gone = self.notes.len() / 2;
            self.notes.drain(..gone);
            self.history.lose(gone as u64);
        }
    }

    fn recovered(&mut self) {
        if self.failing.take().is_some() {
            tracing::info!("history is written again");
            self.history.set_outage(None);
        }
    }

    /// Answers whether there is more to do at once.
    async fn upkeep(&mut self, now: Timestamp, keep: &Keep) -> bool {
        match self.history.store.upkeep(now.as_second(), keep).await {
            Ok(done) => done.sealed > 0,
            Err(err) => {
                tracing::warn!(error = %store::chain(&err), "history could not be sealed");
                false
            }
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "seconds stay below 2^53")]
fn seconds(secs: i64) -> f64 {
    secs as f64
}
