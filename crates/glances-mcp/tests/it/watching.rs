//! Watchers of resources, with time that a test moves.

use std::{sync::Arc, time::Duration};

use glances_mcp::{
    access::{Principal, Role, Scope},
    command::Commands,
    live::Live,
    model::HostName,
    query::Query,
    resources::{self, Changes},
    snapshot::Host,
    store::{History, Memory},
    tasks::Tasks,
    telemetry::Counters,
    tools::Context,
    watching::Watches,
};
use tokio::sync::watch;

const DASHBOARD: &str = "glances://live/dashboard";
const EVERY: Duration = Duration::from_secs(10);

fn host(alias: &str) -> Arc<Host> {
    Arc::new(Host {
        // Nothing is waited for.
        paused: true,
        interval: EVERY,
        ..Host::at(HostName::parse(alias).unwrap(), format!("http://{alias}:61208"))
    })
}

fn fleet(aliases: &[&str]) -> (Live, Context) {
    let live = Live::default();
    live.set_hosts(aliases.iter().map(|alias| host(alias)).collect());
    let judgements = watch::channel(Arc::default()).1;
    let alerts = watch::channel(Arc::default()).1;
    let history = History::new(Arc::new(Memory::default()));
    let query = Query::new(live.clone(), history, judgements, alerts);
    let (commands, ..) = Commands::channel();
    let now = || jiff::Timestamp::from_second(1_700_000_000).unwrap();
    (live, Context::new(Principal::local(), query, commands, now))
}

fn only(cx: &Context, aliases: &[&str]) -> Context {
    let hosts: Vec<HostName> = aliases.iter().map(|it| HostName::parse(it).unwrap()).collect();
    let principal =
        Principal { id: "viewer".into(), role: Role::Viewer, servers: Scope::Only(hosts.into()) };
    Context { principal, ..cx.clone() }
}

fn watches() -> (Watches, Tasks, Arc<Counters>) {
    let (tasks, counters) = (Tasks::default(), Arc::new(Counters::default()));
    (Watches::new(tasks.clone(), counters.clone(), tasks.stopping()), tasks, counters)
}

#[tokio::test(start_paused = true)]
async fn two_hundred_who_wait_for_one_document_are_one_watcher_that_ends_with_the_last() {
    let (live, cx) = fleet(&["web-1", "web-2"]);
    let (watches, tasks, counters) = watches();
    let defs = resources::all();
    let mut waiting = Vec::new();
    for _ in 0..200 {
        waiting.push(watches.watch(&defs, DASHBOARD, cx.clone()).await.unwrap());
    }
    assert_eq!((watches.documents(), counters.subscriptions()), (1, 200));
    // Another scope is another watcher, another name of the same scope is not.
    let mut viewer = watches.watch(&defs, DASHBOARD, only(&cx, &["web-1"])).await.unwrap();
    let other = only(&cx, &["web-1"]);
    let other = Context { principal: Principal { id: "b".into(), ..other.principal }, ..other };
    let other = watches.watch(&defs, DASHBOARD, other).await.unwrap();
    assert_eq!(watches.documents(), 2);
    // A third server: who sees the fleet is told, all of them; who sees one server is not.
    live.set_hosts(["web-1", "web-2", "web-3"].map(host).to_vec());
    for watch in &mut waiting {
        watch.changed().await;
    }
    let quiet = tokio::time::timeout(EVERY * 3, viewer.changed()).await;
    assert!(quiet.is_err(), "a server that they may not see");
    drop(waiting);
    tokio::time::timeout(EVERY, async {
        while watches.documents() > 1 {
            tokio::task::yield_now().await;
        }
    })
    .await
    .unwrap();
    assert_eq!(counters.subscriptions(), 2);
    drop((viewer, other));
    assert!(!watches.any());
    // Whoever comes next gets a watcher that runs.
    let mut next = watches.watch(&defs, DASHBOARD, cx.clone()).await.unwrap();
    live.set_hosts(vec![host("web-1")]);
    next.changed().await;
    tasks.stop().await;
    let ended = tokio::time::timeout(EVERY, next.changed()).await;
    assert!(ended.is_err(), "a server that stops tells of nothing");
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_read_or_does_not_change_cannot_be_watched() {
    let (_live, cx) = fleet(&["web-1", "web-2"]);
    let (watches, _tasks, counters) = watches();
    let mut defs = resources::all();
    for uri in ["glances://nothing", "glances://servers/web-9", "glances://servers/web-2"] {
        let refused = watches.watch(&defs, uri, only(&cx, &["web-1"])).await.err().unwrap();
        assert!(!refused.to_string().is_empty(), "{uri}");
        assert!(!refused.to_string().contains("web-2`?"), "{refused}");
    }
    assert!(watches.watch(&defs, "glances://servers/web-2", cx.clone()).await.is_ok());
    for def in &mut defs {
        def.changes = Changes::Configured;
    }
    let refused = watches.watch(&defs, DASHBOARD, cx).await.err().unwrap().to_string();
    assert!(refused.contains("does not change with the polls"), "{refused}");
    assert_eq!(counters.subscriptions(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_is_gone_is_news_for_who_watches_it() {
    let (live, cx) = fleet(&["web-1", "web-2"]);
    let (watches, _tasks, _) = watches();
    let defs = resources::all();
    let mut watch = watches.watch(&defs, "glances://servers/web-2", cx).await.unwrap();
    live.set_hosts(vec![host("web-1")]);
    watch.changed().await;
}
