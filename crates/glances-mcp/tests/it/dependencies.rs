//! Which server needs which, and what follows when one fails.

use std::sync::Arc;

use fleet_sim::{
    Fleet,
    scenario::{Scenario, Span as Days},
};
use glances_client::{
    Plugin,
    model::{CheckOutcome, Payload, PortCheck},
};
use glances_mcp::{
    model::HostName,
    snapshot::{Host, Reading, Snapshot},
    store::{Batch, Memory, Sample, Sql, Store},
};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::support::past::{Past, last};

const END: i64 = 1_795_392_000;
const DAY: i64 = 86_400;

fn now() -> Timestamp {
    Timestamp::from_second(END).unwrap()
}

fn name(text: &str) -> HostName {
    HostName::parse(text).unwrap()
}

/// Servers sim-001 … of which some need others: pairs of numbers.
fn servers(count: usize, declared: &[(usize, usize)]) -> Vec<Arc<Snapshot>> {
    #[expect(clippy::cast_precision_loss, reason = "seconds")]
    let end = END as f64;
    let specs = Fleet::mixed_specs(count, 3);
    let all = last(Scenario::calm(specs, Days { begin: end - 600.0, end }, 3), 60);
    let with = |(index, snapshot): (usize, &Arc<Snapshot>)| {
        let needs = declared.iter().filter(|(from, _)| *from == index + 1);
        let depends_on = needs.map(|(_, to)| name(&format!("sim-{to:03}"))).collect();
        let host = Arc::new(Host { depends_on, ..(*snapshot.host).clone() });
        let mut snapshot = Snapshot { host, ..(**snapshot).clone() };
        snapshot.readings.retain(|plugin| plugin != Plugin::Ports);
        Arc::new(snapshot)
    };
    all.iter().enumerate().map(with).collect()
}

fn checks(snapshot: &mut Arc<Snapshot>, target: &str) {
    let check = PortCheck {
        target: target.to_owned(),
        port: None,
        description: String::new(),
        outcome: CheckOutcome::Up { seconds: None },
        http_status: Some(200),
        rtt_warning: None,
    };
    let payload = Some(Arc::new(Payload::Ports(vec![check])));
    let mut changed = (**snapshot).clone();
    changed
        .readings
        .insert(Plugin::Ports, Reading { payload, at: Some(now()), tried: Some(now()) });
    *snapshot = Arc::new(changed);
}

fn rows<'v>(reply: &'v Value, list: &str) -> &'v Vec<Value> {
    reply[list].as_array().unwrap_or_else(|| panic!("no `{list}` in {reply}"))
}

#[tokio::test]
async fn a_failure_is_followed_along_what_is_declared_and_checked() {
    // Two web servers need the application, that needs the database; another one checks it.
    let mut all = servers(5, &[(1, 3), (2, 3), (3, 4)]);
    checks(&mut all[4], "https://watch:s3cr3t@sim-004:5432/ready?token=abc");
    let past = Past::of(Arc::new(Memory::default()), &all, now);
    let (text, reply) =
        past.reply("analyze_dependencies", json!({"scenario": "sim-004"})).await.unwrap();
    let scenario = &reply["scenario"];
    assert_eq!(scenario["stop"], json!(["sim-003", "sim-001", "sim-002"]), "{text}");
    assert_eq!(scenario["touched"], json!(["sim-005"]));
    assert!(
        text.starts_with(
            "When sim-004 fails, sim-003 stop as declared, and through them sim-001, sim-002; \
             sim-005 are touched"
        ),
        "{text}"
    );
    assert!(!text.contains("s3cr3t") && !text.contains("abc"), "{text}");
    let first = &rows(&reply, "impact")[0];
    assert_eq!(
        (&first["server"], &first["directly"], &first["in_all"]),
        (&json!("sim-004"), &json!(2), &json!(4))
    );
    assert_eq!(first["single_point_of_failure"], true);
    assert_eq!((&reply["declared"], &reply["checked"]), (&json!(3), &json!(1)));
    assert!(reply["notes"].to_string().contains("remote peers"), "{text}");
    assert!(reply["notes"].to_string().contains("289"), "what hypotheses need: {text}");
    // Of one server, what it needs and what needs it, wherever that is.
    let one = past.ask("analyze_dependencies", json!({"servers": ["sim-003"]})).await;
    assert_eq!(rows(&one, "edges").len(), 3, "{one}");
}

#[tokio::test]
async fn circles_and_servers_without_edges_are_said() {
    let past = Past::of(Arc::new(Memory::default()), &servers(4, &[(1, 2), (2, 1)]), now);
    let reply = past.ask("analyze_dependencies", json!({})).await;
    assert_eq!(reply["cycles"], json!(["sim-001 needs sim-002 needs sim-001"]));
    let (text, _) =
        past.reply("analyze_dependencies", json!({"scenario": "sim-003"})).await.unwrap();
    assert!(text.starts_with("Nothing is declared that stops when sim-003 fails"), "{text}");
    for (arguments, words) in [
        (json!({"scenario": "sim-00*"}), "one server"),
        (json!({"scenario": "nobody"}), "nobody"),
        (json!({"since": "-30d"}), "7 days"),
    ] {
        let refused = past.reply("analyze_dependencies", arguments).await.unwrap_err();
        assert!(refused.contains(words), "{refused}");
    }
}

/// Two days of traffic each 5 minutes: the second server follows the first one step later, the third
/// is its own.
async fn traffic(store: &dyn Store) {
    let noise = |salt: u64, n: i64| fleet_sim::load::unit(salt, n.unsigned_abs());
    let mut samples = Vec::new();
    for (host, salt, late) in [("sim-001", 1, 0), ("sim-002", 1, 1), ("sim-003", 9, 0)] {
        samples.extend((0..2 * DAY / 300).map(|n| Sample {
            host: name(host),
            secs: END - 2 * DAY + n * 300,
            values: vec![
                ("network.bytes_recv[eth0]".into(), 1e6 * (1.0 + noise(salt, n - late))),
                ("network.bytes_recv[lo]".into(), 1e3),
            ],
        }));
    }
    samples.sort_by_key(|sample| sample.secs);
    store.append(&Batch { samples, ..Batch::default() }).await.unwrap();
}

#[tokio::test]
async fn what_moves_together_is_a_hypothesis_and_stops_nothing() {
    let dir = tempfile::TempDir::new().unwrap();
    let store: Arc<dyn Store> =
        Arc::new(Sql::open(&dir.path().join("history.db"), "a test").await.unwrap());
    traffic(&*store).await;
    let past = Past::of(store, &servers(3, &[]), now);
    let (text, reply) =
        past.reply("analyze_dependencies", json!({"scenario": "sim-001"})).await.unwrap();
    let edges = rows(&reply, "edges");
    assert_eq!((edges.len(), &edges[0]["kind"]), (1, &json!("hypothesis")), "{text}");
    let evidence = edges[0]["evidence"].as_str().unwrap();
    assert!(evidence.contains("sim-002 5m 0s later"), "{evidence}");
    assert_eq!(reply["evidence"]["pairs_compared"], 3);
    assert_eq!(reply["scenario"]["stop"], json!([]));
    assert_eq!(reply["scenario"]["perhaps"], json!(["sim-002"]));
    assert!(text.contains("a hypothesis only: sim-002"), "{text}");
    assert_eq!(reply["impact"], json!([]), "{text}");
}
