//! From notes to the store: collects, writes once a second, seals and forgets. A store that fails
//! stops nobody: notes wait up to a bound, then the oldest are lost, and that is told. What happened to
//! alerts has a way and a bound of its own ([`Records`]), which samples do not fill.

mod records;

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use tokio::{
    sync::{mpsc, oneshot, watch},
    time::{Instant, MissedTickBehavior, interval},
};
use tokio_util::sync::CancellationToken;

use self::records::Records;
use super::changes::kind;
use crate::{
    alert::Alert,
    render,
    store::{self, Batch, Event, History, Keep, Span, StoreError},
};

/// Notes that wait for the writer: polls of a thousand servers. More are lost.
const NOTES_QUEUED_MAX: usize = 4_096;
/// Records that wait for the writer, which takes them once a second.
const RECORDS_QUEUED_MAX: usize = 4_096;
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

/// What must not be lost, and the alerts that are open when it is written.
#[derive(Default)]
struct Record {
    records: Batch,
    open: Option<Arc<Vec<Alert>>>,
}

/// What is written at once, with somebody waiting for it.
struct Asked {
    what: AskedFor,
    written: oneshot::Sender<Result<(), String>>,
}

enum AskedFor {
    /// A batch by itself. Never tried again: who waits is told.
    Store(Batch),
    /// All that was noted until now.
    Flush,
}

/// Takes notes for the store. Cheap to clone.
#[derive(Clone)]
pub struct Writer {
    notes: mpsc::Sender<Batch>,
    records: mpsc::Sender<Record>,
    asked: mpsc::Sender<Asked>,
    history: History,
}

/// What was noted and is not written yet.
pub struct Queue {
    notes: mpsc::Receiver<Batch>,
    records: mpsc::Receiver<Record>,
    asked: mpsc::Receiver<Asked>,
}

impl Writer {
    /// The end that takes notes, and what the writer takes them from.
    #[must_use]
    pub fn channel(history: &History) -> (Self, Queue) {
        let (notes, noted) = mpsc::channel(NOTES_QUEUED_MAX);
        let (records, recorded) = mpsc::channel(RECORDS_QUEUED_MAX);
        // One order at a time is carried out.
        let (asked, asked_queue) = mpsc::channel(1);
        let queue = Queue { notes: noted, records: recorded, asked: asked_queue };
        (Self { notes, records, asked, history: history.clone() }, queue)
    }

    /// Has a batch written now, in a transaction of its own; the answer comes when it outlives a
    /// crash, or with why it was not written.
    pub fn store(&self, batch: Batch) -> oneshot::Receiver<Result<(), String>> {
        self.ask(AskedFor::Store(batch))
    }

    /// Has all written now that was noted until now. When the answer comes, readers see which alerts
    /// were open, whether or not the store took it.
    pub fn flush(&self) -> oneshot::Receiver<Result<(), String>> {
        self.ask(AskedFor::Flush)
    }

    fn ask(&self, what: AskedFor) -> oneshot::Receiver<Result<(), String>> {
        let (written, answer) = oneshot::channel();
        if let Err(refused) = self.asked.try_send(Asked { what, written }) {
            let why = "the store has not answered the last one yet".to_owned();
            let _ = refused.into_inner().written.send(Err(why));
        }
        answer
    }

    /// Notes a poll or an event; never waits.
    pub fn note(&self, batch: Batch) {
        self.note_alerts(batch, None);
    }

    /// The same, with the open alerts, which readers see once the note is written.
    pub fn note_alerts(&self, mut batch: Batch, open: Option<Arc<Vec<Alert>>>) {
        let records = Records::split(&mut batch);
        if records.is_some() || open.is_some() {
            let record = Record { records: records.unwrap_or_default(), open };
            if self.records.try_send(record).is_err() {
                self.history.lose(1);
                tracing::error!("what happened to alerts is lost: the writer of history hangs");
            }
        }
        if !batch.is_empty() && self.notes.try_send(batch).is_err() {
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
    let mut held = Held {
        history,
        publish,
        notes: Vec::new(),
        records: Records::default(),
        open: None,
        began,
        last: began,
        failing: None,
    };
    held.note_gap().await;
    let mut tick = interval(WRITE_EVERY);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut upkeep_at = Instant::now() + WRITE_EVERY;
    loop {
        tokio::select! {
            Some(asked) = queue.asked.recv() => {
                held.answer(asked, &mut queue, now()).await;
                continue;
            }
            _ = tick.tick() => {}
            () = stop.cancelled() => {}
        }
        while let Ok(asked) = queue.asked.try_recv() {
            held.answer(asked, &mut queue, now()).await;
        }
        // Whoever may still note is seen before what was noted.
        let open = !stop.is_cancelled() && !queue.notes.is_closed();
        held.take_in(&mut queue);
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
    notes: Vec<Batch>,
    records: Records,
    /// The open alerts as they are when the records are written.
    open: Option<Arc<Vec<Alert>>>,
    /// Since when we have been watching without a pause.
    began: i64,
    /// When we last looked.
    last: i64,
    failing: Option<Timestamp>,
}

impl Held {
    /// Takes what was noted. Notes that do not fit stay in their queue.
    fn take_in(&mut self, queue: &mut Queue) {
        while self.notes.len() < NOTES_HELD_MAX
            && let Ok(note) = queue.notes.try_recv()
        {
            self.notes.push(note);
        }
        let mut lost = 0;
        while let Ok(record) = queue.records.try_recv() {
            lost += self.records.add(record.records);
            self.open = record.open.or(self.open.take());
        }
        if lost > 0 {
            self.history.lose(lost as u64);
            tracing::error!(changes = lost, "the oldest of what happened to alerts is lost");
        }
    }

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

    /// Writes what somebody waits for, and tells how it went.
    async fn answer(&mut self, Asked { what, written }: Asked, queue: &mut Queue, now: Timestamp) {
        let result = match what {
            AskedFor::Store(batch) => {
                self.history.store.append(&batch).await.map_err(|err| store::chain(&err))
            }
            AskedFor::Flush => {
                self.take_in(queue);
                self.note_pause(now);
                let taken = self.write(now).await;
                taken.then_some(()).ok_or_else(|| "history is not written".to_owned())
            }
        };
        // Who asked may have gone.
        let _ = written.send(result);
    }

    /// Writes what is held. Answers whether the store took it.
    async fn write(&mut self, now: Timestamp) -> bool {
        let mut first = true;
        while first || !self.notes.is_empty() || !self.records.is_empty() {
            first = false;
            let count = self.notes.len().min(NOTES_AT_ONCE);
            let mut batch =
                Batch { watched: Some((self.began, now.as_second())), ..Batch::default() };
            for note in self.notes.iter().take(count) {
                batch.samples.extend(note.samples.iter().cloned());
                batch.programs.extend(note.programs.iter().cloned());
                batch.events.extend(note.events.iter().cloned());
            }
            self.records.copy_to(&mut batch);
            let written = self.history.store.append(&batch).await;
            // Stored before it is told; while nothing can be stored, told all the same.
            if let Some(open) = self.open.take() {
                self.publish.send_replace(open);
            }
            match written {
                Ok(()) => {
                    self.notes.drain(..count);
                    self.records.written(&batch);
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
        store::{
            AlertChange, AuditRow, KeptAlert, Level, Memory, Point, Programs, Sample, Size, Store,
            Upkeep,
        },
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
        let (writer, queue) = Writer::channel(&history);
        let stop = CancellationToken::new();
        let publish = watch::channel(Arc::default()).0;
        let now = Timestamp::now;
        let writing = write(history.clone(), queue, publish, KEEP, now, stop.clone());
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

    fn change(number: i64) -> AlertChange {
        let host = HostName::parse("web-1").ok();
        let (id, text) = (format!("a-{}", number / 2), format!("{number}"));
        let over = number % 2 == 1;
        AlertChange { host, id, began: 0, secs: number, over, alert: text.clone(), change: text }
    }

    #[tokio::test(start_paused = true)]
    async fn what_happened_to_alerts_outlives_a_long_outage_in_order_and_once() {
        let disk = Arc::new(Disk::default());
        let (history, writer, writing, stop) = started(&disk);
        let scene = async {
            writer.note(Batch { alerts: vec![change(0)], ..note(0) });
            tokio::time::sleep(Duration::from_secs(3)).await;
            disk.full.store(true, Ordering::Relaxed);
            // An hour of a fleet whose samples fit into the buffer a few times over.
            let mut number = 1;
            for minute in 0..60 {
                (0..1_500).for_each(|n| writer.note(note(1 + minute * 1_500 + n)));
                let alerts = (number..number + 50).map(change).collect();
                let kept = vec![("engine".to_owned(), format!("{minute}"))];
                number += 50;
                writer.note_alerts(Batch { alerts, kept, ..Batch::default() }, None);
                tokio::time::sleep(Duration::from_secs(60)).await;
            }
            assert!(history.lost() > 50_000, "samples go first: {}", history.lost());
            assert_eq!(disk.alert_changes(0).await.unwrap().len(), 1);
            disk.full.store(false, Ordering::Relaxed);
            tokio::time::sleep(Duration::from_secs(5)).await;
            let changes = disk.alert_changes(0).await.unwrap();
            let expected: Vec<String> = (0..number).map(|number| number.to_string()).collect();
            assert_eq!(changes, expected);
            let alerts = disk.alerts(&[HostName::parse("web-1").unwrap()], ALWAYS).await.unwrap();
            assert_eq!(alerts.len(), 1_501);
            assert_eq!(disk.recall("engine").await.unwrap().as_deref(), Some("59"));
            assert_eq!(count(&*disk).await as u64 + history.lost(), 1 + 60 * 1_500);
            stop.cancel();
        };
        tokio::join!(writing, scene);
    }

    #[test]
    fn beyond_their_own_bound_the_oldest_records_are_lost_and_counted() {
        let mut records = Records::default();
        let batch = Batch { alerts: (0..20_010).map(change).collect(), ..Batch::default() };
        assert_eq!(records.add(batch), 10);
        assert_eq!(records.add(Batch { alerts: vec![change(20_010)], ..Batch::default() }), 1);
        let mut first = Batch::default();
        records.copy_to(&mut first);
        assert_eq!(first.alerts.first(), Some(&change(11)));
    }

    #[test]
    fn state_is_written_with_the_last_change_before_it() {
        let mut records = Records::default();
        let kept = vec![("engine".to_owned(), "all of it".to_owned())];
        records.add(Batch { alerts: (0..1_500).map(change).collect(), kept, ..Batch::default() });
        let mut written = Vec::new();
        while !records.is_empty() {
            let mut batch = Batch::default();
            records.copy_to(&mut batch);
            records.written(&batch);
            written.push((batch.alerts.len(), batch.kept.len()));
        }
        assert_eq!(written, [(1_024, 0), (476, 1)]);
    }

    #[tokio::test(start_paused = true)]
    async fn open_alerts_are_told_once_they_are_written() {
        let disk = Arc::new(Disk::default());
        let history = History::new(disk.clone());
        let (writer, queue) = Writer::channel(&history);
        let (publish, open) = watch::channel(Arc::default());
        let stop = CancellationToken::new();
        let writing = write(history, queue, publish, KEEP, Timestamp::now, stop.clone());
        let scene = async {
            let none = Arc::new(Vec::new());
            writer.note_alerts(Batch::default(), Some(none.clone()));
            assert!(!Arc::ptr_eq(&open.borrow(), &none), "not before");
            tokio::time::sleep(Duration::from_secs(2)).await;
            assert!(Arc::ptr_eq(&open.borrow(), &none));
            stop.cancel();
        };
        tokio::join!(writing, scene);
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
