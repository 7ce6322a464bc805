//! From notes to the store: collects, writes once a second, seals and forgets. A store that fails
//! stops nobody: notes wait up to a bound, then the oldest are lost, and that is told.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use tokio::{
    sync::{mpsc, oneshot, watch},
    time::{Instant, MissedTickBehavior, interval},
};
use tokio_util::sync::CancellationToken;

use super::changes::kind;
use crate::{
    alert::Alert,
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

/// What is written, and the alerts that are open when it is.
#[derive(Default)]
struct Note {
    batch: Batch,
    open: Option<Arc<Vec<Alert>>>,
}

/// What is written at once and by itself, with somebody waiting for it. Never tried again: who
/// waits is told.
struct Asked {
    batch: Batch,
    stored: oneshot::Sender<Result<(), String>>,
}

/// Takes notes for the store. Cheap to clone.
#[derive(Clone)]
pub struct Writer {
    notes: mpsc::Sender<Note>,
    asked: mpsc::Sender<Asked>,
    history: History,
}

/// What waits to be written.
pub struct Queue {
    notes: mpsc::Receiver<Note>,
    asked: mpsc::Receiver<Asked>,
}

impl Writer {
    /// The end that takes notes, and the one that writes them.
    #[must_use]
    pub fn channel(history: &History) -> (Self, Queue) {
        let (notes, queue) = mpsc::channel(NOTES_QUEUED_MAX);
        // One order at a time is carried out.
        let (asked, asked_queue) = mpsc::channel(1);
        (
            Self { notes, asked, history: history.clone() },
            Queue { notes: queue, asked: asked_queue },
        )
    }

    /// Has a batch written now, in a transaction of its own; the answer comes when it outlives a
    /// crash, or with why it was not written.
    pub fn store(&self, batch: Batch) -> oneshot::Receiver<Result<(), String>> {
        let (stored, answer) = oneshot::channel();
        if let Err(refused) = self.asked.try_send(Asked { batch, stored }) {
            let why = "the store has not answered the last one yet".to_owned();
            let _ = refused.into_inner().stored.send(Err(why));
        }
        answer
    }

    /// Notes a poll or an event; never waits.
    pub fn note(&self, batch: Batch) {
        self.note_alerts(batch, None);
    }

    /// The same, with the open alerts, which readers see once the note is written.
    pub fn note_alerts(&self, batch: Batch, open: Option<Arc<Vec<Alert>>>) {
        let nothing = batch.is_empty() && open.is_none();
        if !nothing && self.notes.try_send(Note { batch, open }).is_err() {
            self.history.lose(1);
        }
    }
}

/// Writes notes until it is told to stop, and then those that are left.
pub async fn write(
    history: History,
    mut queue: Queue,
    publish: watch::Sender<Arc<Vec<Alert>>>,
    keep: Keep,
    now: fn() -> Timestamp,
    stop: CancellationToken,
) {
    let began = now().as_second();
    let mut held = Held { history, publish, notes: Vec::new(), began, last: began, failing: None };
    held.note_gap().await;
    let mut tick = interval(WRITE_EVERY);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut upkeep_at = Instant::now() + WRITE_EVERY;
    loop {
        tokio::select! {
            Some(asked) = queue.asked.recv() => {
                held.store(asked).await;
                continue;
            }
            _ = tick.tick() => {}
            () = stop.cancelled() => {}
        }
        while let Ok(asked) = queue.asked.try_recv() {
            held.store(asked).await;
        }
        let mut open = !stop.is_cancelled();
        while held.notes.len() < NOTES_HELD_MAX {
            match queue.notes.try_recv() {
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
    publish: watch::Sender<Arc<Vec<Alert>>>,
    notes: Vec<Note>,
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
        let batch = Batch { events: vec![event], ..Batch::default() };
        self.notes.push(Note { batch, open: None });
    }

    /// Writes what somebody waits for, and tells how it went.
    async fn store(&self, Asked { batch, stored }: Asked) {
        let written = self.history.store.append(&batch).await;
        // Who asked may have gone.
        let _ = stored.send(written.map_err(|err| store::chain(&err)));
    }

    /// Writes what is held. Answers whether the store took it.
    async fn write(&mut self, now: Timestamp) -> bool {
        let mut first = true;
        while first || !self.notes.is_empty() {
            first = false;
            let count = self.notes.len().min(NOTES_AT_ONCE);
            let mut batch =
                Batch { watched: Some((self.began, now.as_second())), ..Batch::default() };
            for note in self.notes.iter().take(count).map(|note| &note.batch) {
                batch.samples.extend(note.samples.iter().cloned());
                batch.programs.extend(note.programs.iter().cloned());
                batch.events.extend(note.events.iter().cloned());
                batch.alerts.extend(note.alerts.iter().cloned());
                batch.kept.extend(note.kept.iter().cloned());
            }
            let written = self.history.store.append(&batch).await;
            // Stored before it is told; while nothing can be stored, told all the same.
            let open = self.notes.iter_mut().take(count).rev().find_map(|note| note.open.take());
            if let Some(open) = open {
                self.publish.send_replace(open);
            }
            match written {
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

#[cfg(test)]
pub(super) mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use async_trait::async_trait;

    use super::*;
    use crate::{
        model::{HostName, SeriesName},
        store::{AuditRow, KeptAlert, Level, Memory, Point, Programs, Sample, Size, Store, Upkeep},
    };

    /// A store whose disk can be full.
    pub(in super::super) struct Disk {
        memory: Memory,
        full: AtomicBool,
    }

    impl Default for Disk {
        fn default() -> Self {
            Self { memory: Memory::unbounded(), full: AtomicBool::new(false) }
        }
    }

    impl Disk {
        pub(in super::super) fn fill(&self, full: bool) {
            self.full.store(full, Ordering::Relaxed);
        }
    }

    #[async_trait]
    impl Store for Disk {
        async fn append(&self, batch: &Batch) -> Result<(), StoreError> {
            if self.full.load(Ordering::Relaxed) {
                let source = std::io::ErrorKind::StorageFull.into();
                return Err(StoreError::Open { path: "history.db".to_owned(), source });
            }
            self.memory.append(batch).await
        }
        async fn series(&self, host: &HostName) -> Result<Vec<SeriesName>, StoreError> {
            self.memory.series(host).await
        }
        async fn range(
            &self,
            host: &HostName,
            series: &[SeriesName],
            span: Span,
            level: Level,
        ) -> Result<Vec<Vec<Point>>, StoreError> {
            self.memory.range(host, series, span, level).await
        }
        async fn events(&self, hosts: &[HostName], span: Span) -> Result<Vec<Event>, StoreError> {
            self.memory.events(hosts, span).await
        }
        async fn events_of(
            &self,
            kinds: &[&str],
            hosts: &[HostName],
            span: Span,
        ) -> Result<Vec<Event>, StoreError> {
            self.memory.events_of(kinds, hosts, span).await
        }
        async fn programs(&self, host: &HostName, span: Span) -> Result<Vec<Programs>, StoreError> {
            self.memory.programs(host, span).await
        }
        async fn alerts(
            &self,
            hosts: &[HostName],
            span: Span,
        ) -> Result<Vec<KeptAlert>, StoreError> {
            self.memory.alerts(hosts, span).await
        }
        async fn alert_changes(&self, since: i64) -> Result<Vec<String>, StoreError> {
            self.memory.alert_changes(since).await
        }
        async fn audit(&self, after: i64) -> Result<Vec<AuditRow>, StoreError> {
            self.memory.audit(after).await
        }
        async fn recall(&self, name: &str) -> Result<Option<String>, StoreError> {
            self.memory.recall(name).await
        }
        async fn watched(&self, span: Span) -> Result<Vec<Span>, StoreError> {
            self.memory.watched(span).await
        }
        async fn upkeep(&self, now: i64, keep: &Keep) -> Result<Upkeep, StoreError> {
            self.memory.upkeep(now, keep).await
        }
        async fn size(&self) -> Result<Size, StoreError> {
            self.memory.size().await
        }
    }

    const ALWAYS: Span = Span { from: 0, to: i64::MAX / 2 };
    const KEEP: Keep = Keep { raw_secs: 86_400, event_secs: 86_400, alert_secs: 86_400 };

    fn note(secs: i64) -> Batch {
        let host = HostName::parse("web-1").unwrap();
        let sample = Sample { host, secs, values: vec![("cpu.total".into(), 1.0)] };
        Batch { samples: vec![sample], ..Batch::default() }
    }

    async fn count(store: &dyn Store) -> usize {
        let host = HostName::parse("web-1").unwrap();
        let points = store.range(&host, &["cpu.total".into()], ALWAYS, Level::Raw).await.unwrap();
        points[0].len()
    }

    pub(in super::super) fn started(
        disk: &Arc<Disk>,
    ) -> (History, Writer, impl Future<Output = ()>, CancellationToken) {
        let history = History::new(disk.clone());
        let (writer, notes) = Writer::channel(&history);
        let stop = CancellationToken::new();
        let publish = watch::channel(Arc::default()).0;
        let now = Timestamp::now;
        let writing = write(history.clone(), notes, publish, KEEP, now, stop.clone());
        (history, writer, writing, stop)
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_noted_before_the_end_is_written() {
        let disk = Arc::new(Disk::default());
        let (_, writer, writing, stop) = started(&disk);
        (0..1_000).for_each(|secs| writer.note(note(secs)));
        stop.cancel();
        writing.await;
        assert_eq!(count(&*disk).await, 1_000);
    }

    #[tokio::test(start_paused = true)]
    async fn notes_wait_for_a_full_disk_and_the_outage_is_told_while_it_lasts() {
        let disk = Arc::new(Disk::default());
        disk.full.store(true, Ordering::Relaxed);
        let (history, writer, writing, stop) = started(&disk);
        let scene = async {
            (0..100).for_each(|secs| writer.note(note(secs)));
            tokio::time::sleep(Duration::from_secs(5)).await;
            let outage = history.outage().unwrap();
            assert!(outage.contains("not written since"), "{outage}");
            assert_eq!((count(&*disk).await, history.lost()), (0, 0));
            disk.full.store(false, Ordering::Relaxed);
            tokio::time::sleep(Duration::from_secs(5)).await;
            assert_eq!(history.outage(), None);
            assert_eq!((count(&*disk).await, history.lost()), (100, 0));
            stop.cancel();
        };
        tokio::join!(writing, scene);
    }

    #[tokio::test(start_paused = true)]
    async fn beyond_the_bound_the_oldest_are_lost_and_counted() {
        let disk = Arc::new(Disk::default());
        disk.full.store(true, Ordering::Relaxed);
        let (history, writer, writing, stop) = started(&disk);
        let scene = async {
            for round in 0..5 {
                (0..4_000).for_each(|n| writer.note(note(round * 4_000 + n)));
                tokio::time::sleep(Duration::from_secs(3)).await;
            }
            disk.full.store(false, Ordering::Relaxed);
            tokio::time::sleep(Duration::from_secs(5)).await;
            stop.cancel();
        };
        tokio::join!(writing, scene);
        let lost = usize::try_from(history.lost()).unwrap();
        assert!(lost > 0);
        assert_eq!(count(&*disk).await + lost, 20_000);
        let host = HostName::parse("web-1").unwrap();
        let points = disk.range(&host, &["cpu.total".into()], ALWAYS, Level::Raw).await.unwrap();
        assert_eq!(points[0].last().unwrap().secs, 19_999, "the newest are kept");
    }

    #[tokio::test(start_paused = true)]
    async fn the_time_without_us_is_an_event() {
        let disk = Arc::new(Disk::default());
        let now = Timestamp::now().as_second();
        let before = Batch { watched: Some((now - 9_000, now - 7_200)), ..Batch::default() };
        disk.append(&before).await.unwrap();
        let (_, _writer, writing, stop) = started(&disk);
        stop.cancel();
        writing.await;
        let events = disk.events(&[], ALWAYS).await.unwrap();
        assert_eq!(events.len(), 1);
        assert_eq!((events[0].kind.as_str(), events[0].secs), ("not_watching", now - 7_200));
        assert!(events[0].detail.starts_with("for 2h"), "{}", events[0].detail);
    }
}
