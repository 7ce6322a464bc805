//! Clients that wait for news: streams of the era without sessions, sessions, and stdio.

use std::time::{Duration, Instant};

use fleet_sim::{Fault, Flavor, Fleet, Role};
use serde_json::{Value, json};

use crate::support::{Binary, Events, Server, Session, config, modern, spec, until};

const DASHBOARD: &str = "glances://live/dashboard";
const UPDATED: &str = "notifications/resources/updated";
const LISTS: &str = "notifications/resources/list_changed";
const CONFIRMED: &str = "notifications/subscriptions/acknowledged";

async fn two() -> (Fleet, Server) {
    let specs = ["web-1", "web-2"].map(|name| spec(name, Flavor::V4_5_8, Role::Web)).to_vec();
    let fleet = Fleet::start(specs).await.unwrap();
    let server = Server::of(&fleet).await;
    server.counts("up", 2).await;
    (fleet, server)
}

async fn open(server: &Server) -> u64 {
    server.get("/ready").await.json()["subscriptions"].as_u64().unwrap()
}

/// Waits until so many subscriptions are open.
async fn opened(server: &Server, count: u64) {
    until(&format!("{count} subscriptions"), async || (open(server).await == count).then_some(()))
        .await;
}

/// Takes another configuration: a tag more.
fn reload(server: &Server, tag: &str) {
    let mut config: Value =
        serde_json::from_str(&std::fs::read_to_string(&server.file).unwrap()).unwrap();
    config["servers"][0]["tags"] = json!([tag]);
    std::fs::write(&server.file, config.to_string()).unwrap();
}

async fn firing(server: &Server) -> u64 {
    let reply = server.ask("check_alert_conditions", json!({})).await;
    reply["firing"].as_u64().unwrap()
}

#[tokio::test]
async fn a_stream_hears_of_an_incident_and_ends_with_its_client() {
    let (fleet, server) = two().await;
    let one = "glances://servers/web-1";
    let mut events = Events::listen(server.address, &[DASHBOARD, one]).await;
    let confirmed = events.next().await.unwrap();
    assert_eq!(confirmed["method"], CONFIRMED);
    let wanted = &confirmed["params"]["notifications"];
    assert_eq!(wanted["resourceSubscriptions"], json!([DASHBOARD, one]));
    assert_eq!(wanted["resourcesListChanged"], true);
    // The tools change only with a restart, and the capabilities say so.
    assert_eq!(wanted["toolsListChanged"], Value::Null);
    opened(&server, 3).await;

    fleet.set_fault(0, Some(Fault::Refuse));
    let alerted = async {
        until("the alert", async || (firing(&server).await > 0).then_some(())).await;
        Instant::now()
    };
    let heard = async {
        let mut left = vec![DASHBOARD, one];
        while !left.is_empty() {
            let news = events.hear(UPDATED).await;
            let meta = &news["params"]["_meta"];
            assert_eq!(meta["io.modelcontextprotocol/subscriptionId"], 1, "{news}");
            let uri = news["params"]["uri"].as_str().unwrap();
            let read = server.rpc("resources/read", json!({"uri": DASHBOARD})).await.message();
            let text = read["result"]["contents"][0]["text"].as_str().unwrap();
            let read: Value = serde_json::from_str(text).unwrap();
            if uri == one || read["alerts"]["firing"] != 0 {
                left.retain(|wanted| *wanted != uri);
            }
        }
        Instant::now()
    };
    // An alert that fires is told within two intervals.
    let (alerted, heard) = tokio::join!(alerted, heard);
    assert!(heard.saturating_duration_since(alerted) < Duration::from_secs(4));

    drop(events);
    opened(&server, 0).await;
}

#[tokio::test]
async fn a_session_hears_of_what_it_subscribed_to_until_it_unsubscribes() {
    let (fleet, server) = two().await;
    for version in ["2025-03-26", "2025-06-18"] {
        let session = Session::open(server.address, version).await;
        let subscribed = session.rpc("resources/subscribe", json!({"uri": DASHBOARD})).await;
        assert_eq!(subscribed["result"], json!({}), "{version}: {subscribed}");
        session.send("DELETE", "").await;
    }
    let session = Session::open(server.address, "2025-11-25").await;
    let resources = &session.server["capabilities"]["resources"];
    assert_eq!(resources, &json!({"subscribe": true, "listChanged": true}));
    let mut events = session.events().await;
    for _ in 0..2 {
        let subscribed = session.rpc("resources/subscribe", json!({"uri": DASHBOARD})).await;
        assert_eq!(subscribed["result"], json!({}), "{subscribed}");
    }
    assert_eq!(open(&server).await, 1);
    fleet.set_fault(0, Some(Fault::Refuse));
    let news = events.hear(UPDATED).await;
    assert_eq!(news["params"]["uri"], DASHBOARD);
    for _ in 0..2 {
        let over = session.rpc("resources/unsubscribe", json!({"uri": DASHBOARD})).await;
        assert_eq!(over["result"], json!({}), "{over}");
    }
    assert_eq!(open(&server).await, 0);
    fleet.set_fault(0, None);
    server.counts("up", 2).await;
    // What comes next is the new configuration, which every session is told of; an update may have
    // been on its way before the answer.
    reload(&server, "new");
    let mut late = 0;
    while events.next().await.unwrap()["method"] != LISTS {
        late += 1;
    }
    assert!(late <= 1, "{late} updates of what nobody watches");
}

#[tokio::test]
async fn a_session_that_is_over_leaves_nothing_behind() {
    let (_fleet, server) = two().await;
    let session = Session::open(server.address, "2025-11-25").await;
    session.rpc("resources/subscribe", json!({"uri": DASHBOARD})).await;
    session.rpc("resources/subscribe", json!({"uri": "glances://servers/web-1"})).await;
    opened(&server, 2).await;
    session.send("DELETE", "").await;
    opened(&server, 0).await;
}

#[tokio::test]
async fn a_session_whose_client_is_gone_ends_although_there_is_news_and_one_that_listens_stays() {
    let specs = ["web-1", "web-2"].map(|name| spec(name, Flavor::V4_5_8, Role::Web)).to_vec();
    let fleet = Fleet::start(specs).await.unwrap();
    let mut config = config(&fleet);
    config["http"]["session_idle"] = json!("10s");
    // Nothing is ever new about it.
    config["servers"][1]["paused"] = json!(true);
    let server = Server::start(&config).await;
    server.counts("up", 1).await;
    let stays = Session::open(server.address, "2025-11-25").await;
    let _heard = stays.events().await;
    stays.rpc("resources/subscribe", json!({"uri": "glances://servers/web-2"})).await;
    let gone = Session::open(server.address, "2025-11-25").await;
    let mut events = gone.events().await;
    gone.rpc("resources/subscribe", json!({"uri": DASHBOARD})).await;
    opened(&server, 2).await;
    fleet.set_fault(0, Some(Fault::Refuse));
    events.hear(UPDATED).await;
    drop(events);
    let (began, mut looks) = (Instant::now(), 0_u32);
    until("the end of the session", async || {
        looks += 1;
        fleet.set_fault(0, (looks / 60 % 2 == 0).then_some(Fault::Refuse));
        (open(&server).await == 1).then_some(())
    })
    .await;
    assert!(began.elapsed() > Duration::from_secs(5));
    let ended = json!({"jsonrpc": "2.0", "id": 2, "method": "tools/list"}).to_string();
    assert_eq!(gone.send("POST", &ended).await.status, 404);
    assert_eq!(stays.send("POST", &ended).await.status, 200);
}

#[tokio::test]
async fn what_cannot_be_read_cannot_be_watched_and_says_the_same() {
    let (_fleet, server) = two().await;
    let session = Session::open(server.address, "2025-11-25").await;
    for uri in ["glances://servers/web-3", "glances://nothing", "file:///etc/passwd"] {
        let params = json!({"uri": uri});
        let read = session.rpc("resources/read", params.clone()).await;
        let refused = session.rpc("resources/subscribe", params).await;
        assert_eq!(refused["error"], read["error"]);
        assert_eq!(refused["error"]["code"], -32002, "{refused}");
        let mut events = Events::listen(server.address, &[DASHBOARD, uri]).await;
        let confirmed = events.next().await.unwrap();
        let confirmed = &confirmed["params"]["notifications"]["resourceSubscriptions"];
        assert!(confirmed.as_array().unwrap().contains(&json!(DASHBOARD)), "{confirmed}");
        let refused = events.next().await.unwrap();
        assert_eq!(refused["error"]["code"], -32602, "{refused}");
        assert_eq!(refused["error"]["message"], read["error"]["message"]);
    }
    let many: Vec<String> = (0..65).map(|n| format!("glances://servers/web-{n}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let mut events = Events::listen(server.address, &many).await;
    assert_eq!(events.next().await.unwrap()["method"], CONFIRMED);
    let refused = events.next().await.unwrap();
    assert!(refused["error"]["message"].as_str().unwrap().contains("at most 64"), "{refused}");
    opened(&server, 0).await;
}

#[tokio::test]
async fn without_sessions_the_older_versions_are_told_how_to_subscribe() {
    let fleet = Fleet::mixed(1, 1).await.unwrap();
    let mut config = config(&fleet);
    config["http"]["sessions"] = json!(false);
    let server = Server::start(&config).await;
    server.ready().await;
    let hello = Session::initialize(server.address, "2025-11-25", &[]).await.message();
    assert_eq!(hello["result"]["capabilities"]["resources"], json!({}), "{hello}");
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": "resources/subscribe",
        "params": {"uri": DASHBOARD}});
    let headers = [
        ("content-type", "application/json"),
        ("accept", "application/json, text/event-stream"),
        ("mcp-protocol-version", "2025-11-25"),
    ];
    let address = server.address;
    let reply = crate::support::request(address, "POST", "/mcp", &headers, &body.to_string()).await;
    let error = reply.message()["error"].take();
    assert!(error["message"].as_str().unwrap().contains("http.sessions"), "{error}");
}

#[tokio::test]
async fn a_new_configuration_is_told_in_both_eras() {
    let (_fleet, server) = two().await;
    let mut stream = Events::listen(server.address, &[]).await;
    assert_eq!(stream.next().await.unwrap()["method"], CONFIRMED);
    let session = Session::open(server.address, "2025-11-25").await;
    let mut events = session.events().await;
    opened(&server, 1).await;
    reload(&server, "new");
    assert_eq!(stream.next().await.unwrap()["method"], LISTS);
    assert_eq!(events.hear(LISTS).await["method"], LISTS);
}

#[tokio::test]
async fn streams_are_told_that_the_server_stops_and_do_not_hold_it() {
    let fleet = Fleet::mixed(1, 1).await.unwrap();
    let (mut binary, address) = Binary::serve(&config(&fleet), &["--log-level", "info"]).await;
    let mut stream = Events::listen(address, &[DASHBOARD]).await;
    assert_eq!(stream.next().await.unwrap()["method"], CONFIRMED);
    // One that does not read, and a session.
    let _deaf = Events::listen(address, &[DASHBOARD]).await;
    let session = Session::open(address, "2025-11-25").await;
    let mut events = session.events().await;
    session.rpc("resources/subscribe", json!({"uri": DASHBOARD})).await;
    let began = Instant::now();
    binary.signal("TERM");
    loop {
        let message = stream.next().await.expect("an answer before the end");
        if message["id"] == 1 {
            assert_eq!(message["result"]["resultType"], "complete", "{message}");
            break;
        }
    }
    while events.next().await.is_some() {}
    assert_eq!(binary.ended().await, Some(0));
    assert!(began.elapsed() < Duration::from_secs(4), "{:?}", began.elapsed());
}

#[tokio::test]
async fn on_stdio_both_eras_hear_and_the_end_comes_at_once() {
    let fleet = Fleet::start(vec![spec("web-1", Flavor::V4_5_8, Role::Web)]).await.unwrap();
    for legacy in [true, false] {
        fleet.set_fault(0, None);
        let serve = ["serve", "--stdio", "--config", "{config}"];
        let mut binary = Binary::start(&config(&fleet), &serve);
        let call = json!({"name": "list_servers", "arguments": {}});
        if legacy {
            let hello = json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
                "protocolVersion": "2025-11-25", "capabilities": {},
                "clientInfo": {"name": "tests", "version": "1"}}});
            binary.ask(&hello).await;
            binary.tell(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"}));
            let call = json!({"jsonrpc": "2.0", "id": 3, "method": "tools/call", "params": call});
            binary.ask(&call).await;
            let subscribe = json!({"jsonrpc": "2.0", "id": 2, "method": "resources/subscribe",
                "params": {"uri": DASHBOARD}});
            assert_eq!(binary.ask(&subscribe).await["result"], json!({}));
        } else {
            let (_, body) = modern("tools/call", call);
            let mut body: Value = serde_json::from_str(&body).unwrap();
            body["id"] = json!(3);
            binary.ask(&body).await;
            let wanted = json!({"resourceSubscriptions": [DASHBOARD]});
            let (_, body) = modern("subscriptions/listen", json!({"notifications": wanted}));
            binary.tell(&serde_json::from_str(&body).unwrap());
            binary.hear(CONFIRMED).await;
        }
        fleet.set_fault(0, Some(Fault::Refuse));
        assert_eq!(binary.hear(UPDATED).await["params"]["uri"], DASHBOARD);
        let began = Instant::now();
        binary.hang_up();
        assert_eq!(binary.ended().await, Some(0));
        assert!(began.elapsed() < Duration::from_secs(4), "{:?}", began.elapsed());
    }
}

#[tokio::test]
async fn two_hundred_who_wait_slow_nobody_although_some_never_read() {
    let (fleet, server) = two().await;
    let mut reading = Vec::new();
    let mut deaf = Vec::new();
    for n in 0..200 {
        let events = Events::listen(server.address, &[DASHBOARD]).await;
        if n % 4 == 0 { deaf.push(events) } else { reading.push(events) }
    }
    opened(&server, 400).await;
    for events in &mut reading {
        assert_eq!(events.next().await.unwrap()["method"], CONFIRMED);
    }
    let polled = |fleet: &Fleet| fleet.requests(1);
    let (before, began) = (polled(&fleet), Instant::now());
    fleet.set_fault(0, Some(Fault::Refuse));
    for events in &mut reading {
        events.hear(UPDATED).await;
    }
    until("four intervals", async || (began.elapsed() > Duration::from_secs(8)).then_some(()))
        .await;
    // Some ten plugins a poll, every 2 s.
    let asked = polled(&fleet) - before;
    assert!(asked >= 24, "{asked} requests in {:?}", began.elapsed());
    assert_eq!(open(&server).await, 400, "a seat for each stream and for what it watches");
    drop((reading, deaf));
    opened(&server, 0).await;
}
