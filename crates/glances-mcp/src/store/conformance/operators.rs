//! What every backend has to do with what operators say and did.

use super::*;

pub(super) async fn the_last_verdict_on_an_alert_holds_whatever_happens_to_it(store: &dyn Store) {
    let change = |secs: i64, id: &str| AlertChange {
        host: Some(host("judged")),
        id: id.to_owned(),
        began: 2_100_000_000,
        secs,
        over: secs > 2_100_000_000,
        alert: id.to_owned(),
        change: format!("{id} at {secs}"),
    };
    let verdict = |secs: i64, word: &str| VerdictNote {
        host: Some(host("judged")),
        alert: "a".to_owned(),
        verdict: KeptVerdict {
            secs,
            by: "ann".to_owned(),
            word: word.to_owned(),
            why: String::new(),
        },
    };
    let alerts = vec![change(2_100_000_000, "a"), change(2_100_000_000, "b")];
    store.append(&Batch { alerts, ..Batch::default() }).await.unwrap();
    for (secs, word) in [(2_100_000_010, "real"), (2_100_000_020, "noise")] {
        let verdicts = vec![verdict(secs, word)];
        store.append(&Batch { verdicts, ..Batch::default() }).await.unwrap();
    }
    let alerts = vec![change(2_100_000_100, "a")];
    store.append(&Batch { alerts, ..Batch::default() }).await.unwrap();
    let span = Span { from: 2_100_000_000, to: 2_100_001_000 };
    let found = store.alerts(&[host("judged")], span).await.unwrap();
    let found = found.into_iter().filter(|it| it.began == 2_100_000_000);
    let said: Vec<(String, Option<KeptVerdict>)> = found.map(|it| (it.alert, it.verdict)).collect();
    let last = verdict(2_100_000_020, "noise").verdict;
    assert_eq!(said, [("a".to_owned(), Some(last)), ("b".to_owned(), None)]);
}

fn done(secs: i64, action: &str) -> AuditEntry {
    AuditEntry {
        secs,
        principal: "ann".to_owned(),
        action: action.to_owned(),
        target: "web-*".to_owned(),
        detail: "{\"why\":\"ü\"}".to_owned(),
        outcome: "done".to_owned(),
    }
}

pub(super) async fn what_operators_did_is_a_chain(store: &dyn Store) {
    let before = store.audit(0).await.unwrap().len();
    let audit = vec![done(2_200_000_000, "one"), done(2_200_000_000, "two")];
    store.append(&Batch { audit, ..Batch::default() }).await.unwrap();
    // Something else that is kept does not touch the chain.
    let kept = vec![("engine".to_owned(), "two".to_owned())];
    store.append(&Batch { kept, ..Batch::default() }).await.unwrap();
    let audit = vec![done(2_200_000_060, "three")];
    store.append(&Batch { audit, ..Batch::default() }).await.unwrap();
    let rows = store.audit(0).await.unwrap();
    let actions: Vec<&str> = rows.iter().skip(before).map(|it| it.entry.action.as_str()).collect();
    assert_eq!(actions, ["one", "two", "three"]);
    assert_eq!(rows.last().unwrap().entry, done(2_200_000_060, "three"));
    let ends = store.audit_ends().await.unwrap();
    assert_eq!(verify(&ends, &rows), Ok(()));
    assert_eq!(store.audit(rows[rows.len() - 2].seq).await.unwrap(), rows[rows.len() - 1..]);
    let mut changed = rows.clone();
    changed[1].entry.principal = "bob".to_owned();
    assert_eq!(verify(&ends, &changed), Err(Broken::Changed { seq: changed[1].seq }));
    assert!(verify(&ends, &rows[..rows.len() - 1]).is_err(), "the last one is missing");
}

pub(super) async fn audit_entries_are_forgotten_from_the_beginning(store: &dyn Store) {
    // The clock was set back in between: what follows what is kept is kept.
    let audit = vec![done(2_300_000_000, "later"), done(2_200_000_100, "set back")];
    store.append(&Batch { audit, ..Batch::default() }).await.unwrap();
    let now = 2_200_000_200 + KEEP.event_secs;
    store.upkeep(now, &KEEP).await.unwrap();
    let rows = store.audit(0).await.unwrap();
    let actions: Vec<&str> = rows.iter().map(|it| it.entry.action.as_str()).collect();
    assert_eq!(actions, ["later", "set back"]);
    let ends = store.audit_ends().await.unwrap();
    assert_eq!(verify(&ends, &rows), Ok(()));
    assert!(verify(&ends, &rows[1..]).is_err());
}
