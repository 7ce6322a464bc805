//! Orders of operators: weighed by the engine, stored with their audit entry in one transaction, only
//! then in force, and answered when whoever asks next sees it. One at a time, so that each begins with
//! what the last one left.

use tokio::sync::oneshot;

use super::{Alerting, Writer, changes::kind};
use crate::{
    alert::{Said, Word},
    command::{Order, OrderError, What},
    model::HostName,
    store::{AuditEntry, Batch, Event, KeptVerdict, VerdictNote},
};

/// The name under which all that quiets and was said by people is kept.
pub const SAID: &str = "said";

/// An order that waits for the writer.
pub(super) struct Underway {
    step: Step,
    written: oneshot::Receiver<Result<(), String>>,
    /// What the order comes to, if it is stored.
    outcome: Result<(), OrderError>,
    reply: oneshot::Sender<Result<(), OrderError>>,
}

/// What the writer does of an order.
enum Step {
    /// It stores the order, and what is said from then on if the order is about that.
    Store(Option<Said>),
    /// It shows readers what came of it.
    Show,
}

/// How the writing of the order went; never, when there is none.
pub(super) async fn written(underway: &mut Option<Underway>) -> Result<(), String> {
    match underway {
        Some(order) => {
            let answer = (&mut order.written).await;
            answer.unwrap_or_else(|_| Err("this server is stopping".to_owned()))
        }
        None => std::future::pending().await,
    }
}

impl Alerting {
    /// Weighs an order and has it stored. `None` when whoever gave it has gone.
    pub(super) fn begin(&mut self, order: Order, writer: &Writer, now: i64) -> Option<Underway> {
        let Order { what, by, target, reply } = order;
        if reply.is_closed() {
            return None;
        }
        let mut batch = Batch::default();
        let (action, detail) = described(&what);
        let outcome = match what {
            What::Say(word) => self.engine.weigh(word).map(Some),
            What::Judge { host, alert, verdict, why } => {
                let word = verdict.word().to_owned();
                let verdict = KeptVerdict { secs: now, by: by.clone(), word, why };
                batch.verdicts.push(VerdictNote { host, alert, verdict });
                Ok(None)
            }
            What::Note { hosts, text } => {
                let secs = self.note_secs(now, &mut batch);
                let on = |host: Option<HostName>| Event {
                    host,
                    secs,
                    kind: kind::NOTE.to_owned(),
                    item: by.clone(),
                    detail: text.clone(),
                };
                let fleet = hosts.is_empty().then(|| on(None));
                batch.events.extend(hosts.into_iter().map(Some).map(on).chain(fleet));
                Ok(None)
            }
        };
        let (said, outcome) = match outcome {
            Ok(said) => (said, Ok(())),
            Err(why) => (None, Err(OrderError::Refused(why))),
        };
        batch.kept.extend(said.as_ref().and_then(|said| {
            let text = serde_json::to_string(said).ok()?;
            Some((SAID.to_owned(), text))
        }));
        batch.audit.push(AuditEntry {
            secs: now,
            principal: by,
            action: action.to_owned(),
            target,
            detail,
            outcome: if outcome.is_ok() { "done" } else { "refused" }.to_owned(),
        });
        let step = Step::Store(said);
        Some(Underway { step, written: writer.store(batch), outcome, reply })
    }

    /// Goes on with an order after the writer did its part: puts what is stored in force and has it
    /// shown, or tells who gave it. `None` when it is done.
    pub(super) fn go_on(
        &mut self,
        order: Underway,
        written: Result<(), String>,
        writer: &Writer,
        now: i64,
    ) -> Option<Underway> {
        let outcome = match (order.step, written) {
            (Step::Store(_), Err(why)) => Err(OrderError::NotStored(why)),
            (Step::Store(Some(said)), Ok(())) => {
                self.engine.hear(said);
                self.touched = true;
                let batch = self.tick(now);
                writer.note_alerts(batch, self.open());
                return Some(Underway { step: Step::Show, written: writer.flush(), ..order });
            }
            // What the order does is stored, whatever becomes of what came of it.
            (Step::Store(None) | Step::Show, _) => order.outcome,
        };
        // Whoever gave it may have gone.
        let _ = order.reply.send(outcome);
        None
    }
}

/// The word of an order, and all of it as JSON, for the audit table.
fn described(what: &What) -> (&'static str, String) {
    let (action, detail) = match what {
        What::Say(Word::Silence(silence)) => ("silence", serde_json::to_string(silence)),
        What::Say(Word::Acknowledge(known)) => ("acknowledge", serde_json::to_string(known)),
        What::Say(Word::Expect(expectation)) => ("expect", serde_json::to_string(expectation)),
        What::Say(Word::End(id)) => ("end", serde_json::to_string(id)),
        What::Judge { verdict, why, .. } => {
            ("verdict", serde_json::to_string(&(verdict.word(), why)))
        }
        What::Note { text, .. } => ("note", serde_json::to_string(text)),
    };
    (action, detail.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{
        alert::{Rules, Silence},
        ingest::writer::tests::{Disk, started},
        model::Verdict,
        store::{History, Store as _, verify},
    };

    fn order(what: What) -> (Order, oneshot::Receiver<Result<(), OrderError>>) {
        let (reply, answer) = oneshot::channel();
        (Order { what, by: "ann".to_owned(), target: "all".to_owned(), reply }, answer)
    }

    fn silence(id: &str) -> What {
        What::Say(Word::Silence(Silence {
            id: id.to_owned(),
            servers: vec!["*".to_owned()],
            series: None,
            rule: None,
            until: 2_000_000_000,
            by: "ann".to_owned(),
            why: "x".to_owned(),
        }))
    }

    /// Gives an order, carries it out, and answers with how it went.
    async fn give(alerting: &mut Alerting, writer: &Writer, what: What) -> Result<(), OrderError> {
        let (order, answer) = order(what);
        let now = 1_900_000_000;
        let mut underway = alerting.begin(order, writer, now);
        let before = alerting.engine.said();
        let stored = written(&mut underway).await;
        assert_eq!(alerting.engine.said(), before, "nothing is in force before it is stored");
        underway = alerting.go_on(underway.unwrap(), stored, writer, now);
        while underway.is_some() {
            let shown = written(&mut underway).await;
            underway = alerting.go_on(underway.unwrap(), shown, writer, now);
        }
        answer.await.unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_in_force_is_stored_with_one_entry_each_and_restored() {
        let disk = Arc::new(Disk::default());
        let (history, writer, writing, stop) = started(&disk);
        let mut alerting = Alerting::restore(Rules::built_in(), &history).await;
        let scene = async {
            assert_eq!(give(&mut alerting, &writer, silence("s-1")).await, Ok(()));
            let end = What::Say(Word::End("s-2".to_owned()));
            let refused = OrderError::Refused("nothing `s-2` is in force".to_owned());
            assert_eq!(give(&mut alerting, &writer, end).await, Err(refused));
            let judge = What::Judge {
                host: None,
                alert: "a".to_owned(),
                verdict: Verdict::Noise,
                why: String::new(),
            };
            assert_eq!(give(&mut alerting, &writer, judge).await, Ok(()));
            stop.cancel();
        };
        tokio::join!(writing, scene);
        let rows = disk.audit(0).await.unwrap();
        let told: Vec<(&str, &str)> = rows
            .iter()
            .map(|row| (row.entry.action.as_str(), row.entry.outcome.as_str()))
            .collect();
        assert_eq!(told, [("silence", "done"), ("end", "refused"), ("verdict", "done")]);
        assert_eq!(verify(&disk.audit_ends().await.unwrap(), &rows), Ok(()));
        let again = Alerting::restore(Rules::built_in(), &History::new(disk.clone())).await;
        assert_eq!(again.engine.said().silences[0].id, "s-1");
    }

    #[tokio::test(start_paused = true)]
    async fn an_order_that_cannot_be_stored_changes_nothing_and_says_so() {
        let disk = Arc::new(Disk::default());
        let (history, writer, writing, stop) = started(&disk);
        let mut alerting = Alerting::restore(Rules::built_in(), &history).await;
        let scene = async {
            disk.fill(true);
            let refused = give(&mut alerting, &writer, silence("s-1")).await.unwrap_err();
            assert!(refused.to_string().starts_with("nothing was changed"), "{refused}");
            assert!(alerting.engine.said().silences.is_empty());
            disk.fill(false);
            assert_eq!(give(&mut alerting, &writer, silence("s-2")).await, Ok(()));
            stop.cancel();
        };
        tokio::join!(writing, scene);
        let rows = disk.audit(0).await.unwrap();
        assert_eq!(rows.len(), 1, "what failed is not tried again");
        assert_eq!(alerting.engine.said().silences[0].id, "s-2");
    }

    #[tokio::test(start_paused = true)]
    async fn two_notes_of_one_second_are_two_also_over_a_restart() {
        let disk = Arc::new(Disk::default());
        let (history, writer, writing, stop) = started(&disk);
        let note = |text: &str| What::Note { hosts: Vec::new(), text: text.to_owned() };
        let scene = async {
            for text in ["one", "two", "three"] {
                let mut alerting = Alerting::restore(Rules::built_in(), &history).await;
                assert_eq!(give(&mut alerting, &writer, note(text)).await, Ok(()));
            }
            stop.cancel();
        };
        tokio::join!(writing, scene);
        let span = crate::store::Span { from: 0, to: 2_000_000_000 };
        let events = disk.events_of(&[kind::NOTE], &[], span).await.unwrap();
        let texts: Vec<&str> = events.iter().map(|event| event.detail.as_str()).collect();
        assert_eq!(texts, ["three", "two", "one"]);
    }
}
