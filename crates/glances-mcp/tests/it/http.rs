//! The endpoint as clients meet it: both eras, sessions, who may come in, health, the end.

use std::time::{Duration, Instant};

use fleet_sim::Fleet;
use serde_json::{Value, json};

use crate::support::{Binary, MODERN, Response, Server, Session, config, modern, request, run_in};

/// A server of one machine with these settings of `http`.
async fn server_with(http: Value) -> (Fleet, Server) {
    let fleet = Fleet::mixed(1, 1).await.unwrap();
    let mut config = config(&fleet);
    for (key, value) in http.as_object().unwrap() {
        config["http"][key] = value.clone();
    }
    let server = Server::start(&config).await;
    (fleet, server)
}

/// One `server/discover` with more headers, some of them in place of the usual ones.
async fn discover(server: &Server, more: &[(&str, &str)]) -> Response {
    let (headers, body) = modern("server/discover", Value::Null);
    let usual = headers.iter().map(|(name, value)| (*name, value.as_str()));
    let usual = usual.filter(|(name, _)| !more.iter().any(|(other, _)| name == other));
    let headers: Vec<(&str, &str)> = usual.chain(more.iter().copied()).collect();
    request(server.address, "POST", "/mcp", &headers, &body).await
}

#[tokio::test]
async fn every_version_with_sessions_is_spoken() {
    let (_fleet, server) = server_with(json!({})).await;
    for version in ["2025-03-26", "2025-06-18", "2025-11-25"] {
        let session = Session::open(server.address, version).await;
        assert_eq!(session.server["protocolVersion"], version);
        assert_eq!(session.server["serverInfo"]["name"], "glances-mcp");
        assert_eq!(session.server["serverInfo"]["version"], env!("CARGO_PKG_VERSION"));
        assert!(session.server["instructions"].as_str().unwrap().contains("get_system_overview"));
        assert!(session.id.len() >= 32, "{}", session.id);
        let listed = session.rpc("tools/list", json!({})).await;
        assert!(!listed["result"]["tools"].as_array().unwrap().is_empty());
        let call = json!({"name": "list_servers", "arguments": {}});
        let called = session.rpc("tools/call", call).await;
        assert_eq!(called["result"]["isError"], false, "{called}");
        assert_eq!(called["result"]["structuredContent"]["coverage"]["selected"], 1);
    }
}

#[tokio::test]
async fn the_version_without_sessions_is_spoken_on_the_same_endpoint() {
    let (_fleet, server) = server_with(json!({})).await;
    let response = server.rpc("server/discover", Value::Null).await;
    assert_eq!(response.header("mcp-session-id"), None);
    let discovered = response.message()["result"].take();
    let versions: Vec<&str> = discovered["supportedVersions"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(Value::as_str)
        .collect();
    assert_eq!(versions, ["2025-03-26", "2025-06-18", "2025-11-25", MODERN]);
    assert_eq!(discovered["resultType"], "complete");
    assert_eq!(discovered["cacheScope"], "public");
    let called = server.call("list_servers", json!({})).await;
    assert_eq!(called["resultType"], "complete");
    let stamp = &called["_meta"]["io.modelcontextprotocol/serverInfo"];
    assert_eq!(stamp["name"], "glances-mcp");
}

#[tokio::test]
async fn a_session_ends_when_its_client_says_so() {
    let (_fleet, server) = server_with(json!({})).await;
    let session = Session::open(server.address, "2025-11-25").await;
    let ended = session.send("DELETE", "").await;
    assert!((200..300).contains(&ended.status), "{ended:?}");
    let list = json!({"jsonrpc": "2.0", "id": 2, "method": "tools/list"}).to_string();
    assert_eq!(session.send("POST", &list).await.status, 404);
}

#[tokio::test]
async fn an_unknown_session_is_not_found() {
    let (_fleet, server) = server_with(json!({})).await;
    let mut session = Session::open(server.address, "2025-11-25").await;
    session.id = "00000000-0000-0000-0000-000000000000".to_owned();
    let list = json!({"jsonrpc": "2.0", "id": 2, "method": "tools/list"}).to_string();
    for method in ["POST", "DELETE", "GET"] {
        let response = session.send(method, &list).await;
        assert_eq!(response.status, 404, "{method}: {response:?}");
    }
}

#[tokio::test]
async fn each_session_has_an_id_of_its_own_and_there_are_only_so_many() {
    let (_fleet, server) = server_with(json!({"sessions_max": 2})).await;
    let first = Session::open(server.address, "2025-11-25").await;
    let second = Session::open(server.address, "2025-11-25").await;
    assert_ne!(first.id, second.id);
    let third = Session::initialize(server.address, "2025-11-25", &[]).await;
    assert_eq!(third.status, 503, "{third:?}");
    assert!(third.body.contains("too many sessions"), "{third:?}");
    // Callers without a session need no room.
    assert_eq!(server.rpc("tools/list", Value::Null).await.status, 200);
    first.send("DELETE", "").await;
    Session::open(server.address, "2025-11-25").await;
}

#[tokio::test]
async fn an_unknown_version_is_refused_with_those_that_are_spoken() {
    let (_fleet, server) = server_with(json!({})).await;
    let (headers, body) = modern("server/discover", Value::Null);
    let body = body.replace(MODERN, "2027-01-01");
    let headers: Vec<(&str, &str)> = headers
        .iter()
        .map(|(name, value)| (*name, if value == MODERN { "2027-01-01" } else { value }))
        .collect();
    let response = request(server.address, "POST", "/mcp", &headers, &body).await;
    assert_eq!(response.status, 400, "{response:?}");
    let error = response.json()["error"].take();
    assert_eq!(error["code"], -32022, "{error}");
    assert!(error["data"]["supported"].as_array().unwrap().contains(&json!(MODERN)), "{error}");
    let asked = Session::initialize(server.address, "1999-01-01", &[]).await;
    let offered = asked.message()["result"]["protocolVersion"].take();
    assert_eq!(offered, "2025-11-25", "a client of an unknown version is offered a known one");
}

#[tokio::test]
async fn a_header_that_contradicts_the_body_is_refused() {
    let (_fleet, server) = server_with(json!({})).await;
    let response = discover(&server, &[("mcp-method", "tools/list")]).await;
    assert_eq!(response.status, 400, "{response:?}");
    assert_eq!(response.json()["error"]["code"], -32020);
}

#[tokio::test]
async fn a_batch_gets_a_clear_error() {
    let (_fleet, server) = server_with(json!({})).await;
    let (headers, body) = modern("tools/list", Value::Null);
    let headers: Vec<(&str, &str)> =
        headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let response =
        request(server.address, "POST", "/mcp", &headers, &format!("[{body},{body}]")).await;
    assert_eq!(response.status, 400);
    let message = response.json()["error"]["message"].as_str().unwrap().to_owned();
    assert!(message.contains("batches are not supported"), "{message}");
}

#[tokio::test]
async fn an_unknown_method_and_an_unknown_tool_are_errors_of_the_protocol() {
    let (_fleet, server) = server_with(json!({})).await;
    let response = server.rpc("tools/lst", Value::Null).await;
    assert_eq!(response.json()["error"]["code"], -32601);
    let error = server.call("get_disk_usge", json!({})).await["error"].take();
    assert_eq!(error["code"], -32602);
    assert!(
        error["message"].as_str().unwrap().contains("did you mean `get_disk_usage`"),
        "{error}"
    );
    let page = server.rpc("tools/list", json!({"cursor": "x"})).await.json();
    assert_eq!(page["error"]["code"], -32602, "{page}");
}

#[tokio::test]
async fn pages_of_foreign_origins_and_foreign_host_names_are_refused() {
    let (_fleet, server) =
        server_with(json!({"allowed_hosts": ["mcp.test"], "allowed_origins": ["https://ok.test"]}))
            .await;
    for (headers, status) in [
        (("origin", "https://evil.test"), 403),
        (("origin", "null"), 403),
        (("origin", "http://localhost.evil.test"), 403),
        (("origin", "https://ok.test"), 200),
        (("origin", "http://localhost:3000"), 200),
        (("host", "evil.test"), 403),
        (("host", "127.0.0.1.evil.test"), 403),
        (("host", "mcp.test"), 200),
        (("host", "localhost:8080"), 200),
    ] {
        let response = discover(&server, &[headers]).await;
        assert_eq!(response.status, status, "{headers:?}: {response:?}");
    }
}

#[tokio::test]
async fn a_token_opens_the_door_and_nothing_else_does() {
    let token = "s3cret-of-the-test";
    let (_fleet, server) = server_with(json!({"token": token})).await;
    let good = format!("Bearer {token}");
    let lower = format!("bearer {token}");
    for wrong in [None, Some("Bearer wrong"), Some("Basic czNjcmV0"), Some("Bearer "), Some(token)]
    {
        let headers: Vec<(&str, &str)> =
            wrong.iter().map(|value| ("authorization", *value)).collect();
        let response = discover(&server, &headers).await;
        assert_eq!(response.status, 401, "{wrong:?}");
        assert!(response.header("www-authenticate").unwrap().starts_with("Bearer"));
        assert!(!response.body.contains(token));
        let initialized = Session::initialize(server.address, "2025-11-25", &headers).await;
        assert_eq!(initialized.status, 401, "{wrong:?}");
    }
    for right in [&good, &lower] {
        assert_eq!(discover(&server, &[("authorization", right)]).await.status, 200);
        let headers = [("authorization", right.as_str())];
        assert_eq!(Session::initialize(server.address, "2025-11-25", &headers).await.status, 200);
    }
    // Whoever watches that we live needs no token, and learns no name.
    assert_eq!(server.get("/health").await.status, 200);
    let ready = server.ready().await;
    assert!(!ready.to_string().contains("sim-001"), "{ready}");
}

#[tokio::test]
async fn a_session_needs_the_token_with_every_request() {
    let (_fleet, server) = server_with(json!({"token": "s3cret-of-the-test"})).await;
    let headers = [("authorization", "Bearer s3cret-of-the-test")];
    let opened = Session::initialize(server.address, "2025-11-25", &headers).await;
    let id = opened.header("mcp-session-id").unwrap();
    let list = json!({"jsonrpc": "2.0", "id": 2, "method": "tools/list"}).to_string();
    let headers = [("mcp-session-id", id), ("content-type", "application/json")];
    let response = request(server.address, "POST", "/mcp", &headers, &list).await;
    assert_eq!(response.status, 401);
}

#[tokio::test]
async fn a_body_that_is_too_long_is_refused_with_the_limit() {
    let (_fleet, server) = server_with(json!({"body_bytes_max": 1024})).await;
    let params = json!({"name": "list_servers", "arguments": {"servers": ["x".repeat(2000)]}});
    let response = server.rpc("tools/call", params).await;
    assert_eq!(response.status, 413);
    assert!(response.body.contains("1024 bytes"), "{response:?}");
    assert_eq!(server.rpc("tools/list", Value::Null).await.status, 200);
}

#[tokio::test]
async fn a_body_that_is_no_json_is_refused_and_harms_nobody() {
    let (_fleet, server) = server_with(json!({})).await;
    let (headers, _) = modern("tools/list", Value::Null);
    let headers: Vec<(&str, &str)> =
        headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    for body in ["", "{", "null", "\"text\"", "{\"jsonrpc\": \"2.0\"}", "\u{0}"] {
        let response = request(server.address, "POST", "/mcp", &headers, body).await;
        assert!((400..500).contains(&response.status), "{body:?}: {response:?}");
    }
    assert_eq!(server.rpc("tools/list", Value::Null).await.status, 200);
}

#[tokio::test]
async fn health_is_alive_and_ready_tells_how_many_servers_are_how() {
    let fleet = Fleet::mixed(3, 1).await.unwrap();
    fleet.set_fault(0, Some(fleet_sim::Fault::Refuse));
    let server = Server::of(&fleet).await;
    let health = server.get("/health").await;
    assert_eq!((health.status, health.json()), (200, json!({"status": "alive"})));
    let ready = server.ready().await;
    assert_eq!((&ready["ready"], &ready["not_tried_yet"]), (&json!(true), &json!(0)));
    let counts = ready["servers"].as_object().unwrap().values();
    assert_eq!(counts.filter_map(Value::as_u64).sum::<u64>(), 3, "{ready}");
    assert_eq!(ready["notices"], json!([]));
    assert_eq!(server.get("/nothing").await.status, 404);
}

#[tokio::test]
async fn a_server_that_was_not_tried_yet_is_not_ready() {
    let fleet = Fleet::mixed(1, 1).await.unwrap();
    fleet.set_fault(0, Some(fleet_sim::Fault::Hang));
    let server = Server::start(&config(&fleet)).await;
    let first = server.get("/ready").await;
    assert_eq!(first.status, 503, "{first:?}");
    assert_eq!(first.json()["not_tried_yet"], 1);
    server.ready().await;
}

#[tokio::test]
async fn cors_is_off_until_it_is_configured() {
    let preflight = [
        ("origin", "https://app.test"),
        ("access-control-request-method", "POST"),
        ("access-control-request-headers", "content-type,mcp-protocol-version"),
    ];
    let (_fleet, server) = server_with(json!({})).await;
    let off = request(server.address, "OPTIONS", "/mcp", &preflight, "").await;
    assert_eq!(off.header("access-control-allow-origin"), None, "{off:?}");
    let (_fleet, server) = server_with(json!({"cors_origins": ["https://app.test"]})).await;
    let on = request(server.address, "OPTIONS", "/mcp", &preflight, "").await;
    assert_eq!(on.status, 200, "{on:?}");
    assert_eq!(on.header("access-control-allow-origin"), Some("https://app.test"));
    let call = discover(&server, &[("origin", "https://app.test")]).await;
    assert_eq!(call.status, 200);
    assert_eq!(call.header("access-control-allow-origin"), Some("https://app.test"));
    let other = discover(&server, &[("origin", "https://other.test")]).await;
    assert_eq!(other.status, 403);
    assert_eq!(other.header("access-control-allow-origin"), None);
}

#[tokio::test]
async fn an_address_beyond_this_machine_needs_a_token_or_a_word() {
    let fleet = Fleet::mixed(1, 1).await.unwrap();
    let dir = tempfile::TempDir::new().unwrap();
    let file = dir.path().join("glances-mcp.json");
    let mut config = config(&fleet);
    config["http"] = json!({"host": "0.0.0.0", "port": 0});
    std::fs::write(&file, config.to_string()).unwrap();
    let output = run_in(dir.path(), &["serve", "--config", "glances-mcp.json"]).await;
    assert!(!output.status.success());
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    for word in ["0.0.0.0", "http.token", "127.0.0.1", "allow_unauthenticated"] {
        assert!(said.contains(word), "{said}");
    }
}

#[tokio::test]
async fn an_open_door_is_said_in_the_log_and_by_ready_and_by_list_servers() {
    let fleet = Fleet::mixed(1, 1).await.unwrap();
    let mut config = config(&fleet);
    config["http"] = json!({"host": "0.0.0.0", "port": 0, "allow_unauthenticated": true});
    let mut binary =
        Binary::start(&config, &["serve", "--config", "{config}", "--log-level", "info"]);
    binary.logged("is open to everyone").await;
    let line = binary.logged("serving MCP at").await;
    let (_, port) = line.split_once("http://0.0.0.0:").unwrap();
    let (port, _) = port.split_once("/mcp").unwrap();
    let address = format!("127.0.0.1:{port}").parse().unwrap();
    let ready = request(address, "GET", "/ready", &[], "").await.json();
    assert!(ready["notices"][0].as_str().unwrap().contains("is open to everyone"), "{ready}");
    let (headers, body) = modern("tools/call", json!({"name": "list_servers", "arguments": {}}));
    let headers: Vec<(&str, &str)> =
        headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let listed = request(address, "POST", "/mcp", &headers, &body).await.message();
    let notices = listed["result"]["structuredContent"]["notices"].to_string();
    assert!(notices.contains("is open to everyone"), "{listed}");
}

#[tokio::test]
async fn the_server_ends_soon_after_it_is_told_to() {
    let fleet = Fleet::mixed(2, 1).await.unwrap();
    fleet.set_fault(1, Some(fleet_sim::Fault::Hang));
    for name in ["TERM", "INT"] {
        let (mut binary, address) = Binary::serve(&config(&fleet), &["--log-level", "info"]).await;
        let session = Session::open(address, "2025-11-25").await;
        // An open stream of events must not hold it.
        let stream =
            tokio::time::timeout(Duration::from_millis(300), session.send("GET", "")).await;
        assert!(stream.is_err(), "{stream:?}");
        let told = Instant::now();
        binary.signal(name);
        assert_eq!(binary.ended().await, Some(0), "SIG{name}");
        assert!(told.elapsed() < Duration::from_secs(5), "SIG{name}: {:?}", told.elapsed());
    }
}

#[tokio::test]
async fn long_work_reports_progress_to_whom_listens() {
    let (_fleet, server) = server_with(json!({})).await;
    server.ready().await;
    let params = json!({
        "name": "get_server_status",
        "arguments": {"servers": ["sim-001"], "probe": true},
        "_meta": {"progressToken": "p1"},
    });
    let response = server.rpc("tools/call", params).await;
    let events = response.messages();
    let progress: Vec<&Value> =
        events.iter().filter(|event| event["method"] == "notifications/progress").collect();
    assert!(!progress.is_empty(), "{response:?}");
    assert!(progress.iter().all(|event| event["params"]["progressToken"] == "p1"));
    assert_eq!(response.message()["result"]["isError"], false);
}

#[tokio::test]
async fn tools_that_are_switched_off_are_neither_listed_nor_called() {
    let fleet = Fleet::mixed(1, 1).await.unwrap();
    let mut config = config(&fleet);
    config["tools"] = json!({"disable": ["get_disk_usage"]});
    let server = Server::start(&config).await;
    let listed = server.rpc("tools/list", Value::Null).await.body;
    assert!(listed.contains("\"list_servers\"") && !listed.contains("\"name\":\"get_disk_usage\""));
    server.refused("get_disk_usage", json!({})).await;
    config["tools"] = json!({"enable": ["list_servers"]});
    let server = Server::start(&config).await;
    let listed = server.rpc("tools/list", Value::Null).await.json();
    assert_eq!(listed["result"]["tools"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn nobody_operates_where_everything_is_read_only() {
    let fleet = Fleet::mixed(1, 1).await.unwrap();
    let mut config = config(&fleet);
    config["tools"] = json!({"read_only": true});
    let server = Server::start(&config).await;
    let arguments = json!({"server": "sim-001", "name": "systemd", "extended": true});
    let text = server.refused("get_process_details", arguments).await;
    assert!(text.contains("operator"), "{text}");
}
