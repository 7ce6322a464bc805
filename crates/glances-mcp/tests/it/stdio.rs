//! MCP on stdin and stdout: the server itself, and the way to a running one.

use fleet_sim::{Flavor, Fleet, Role};
use serde_json::{Value, json};

use crate::support::{Binary, MODERN, Server, config, modern, spec};

fn message(id: u32, method: &str, params: &Value) -> Value {
    json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params})
}

fn hello(version: &str) -> Value {
    message(
        1,
        "initialize",
        &json!({
            "protocolVersion": version, "capabilities": {},
            "clientInfo": {"name": "tests", "version": "1"},
        }),
    )
}

/// A conversation of the era with sessions.
async fn legacy(binary: &mut Binary, version: &str) {
    let hello = binary.ask(&hello(version)).await;
    assert_eq!(hello["result"]["protocolVersion"], version, "{hello}");
    assert_eq!(hello["result"]["serverInfo"]["name"], "glances-mcp");
    binary.tell(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"}));
    let listed = binary.ask(&message(2, "tools/list", &json!({}))).await;
    assert!(listed["result"]["tools"].as_array().unwrap().len() >= 7, "{listed}");
    let call = json!({"name": "get_system_overview", "arguments": {}});
    let called = binary.ask(&message(3, "tools/call", &call)).await;
    assert_eq!(called["result"]["isError"], false, "{called}");
    assert_eq!(called["result"]["structuredContent"]["coverage"]["selected"], 2);
}

/// A conversation of the era without.
async fn stateless(binary: &mut Binary) {
    for (id, method, params) in [
        (1, "server/discover", Value::Null),
        (2, "tools/list", Value::Null),
        (3, "tools/call", json!({"name": "get_network_stats", "arguments": {}})),
    ] {
        let (_, body) = modern(method, params);
        let mut body: Value = serde_json::from_str(&body).unwrap();
        body["id"] = json!(id);
        let answer = binary.ask(&body).await;
        assert!(answer.get("error").is_none(), "{method}: {answer}");
        assert_eq!(answer["result"]["resultType"], "complete", "{method}: {answer}");
        if method == "server/discover" {
            let versions = answer["result"]["supportedVersions"].as_array().unwrap();
            assert!(versions.contains(&json!(MODERN)), "{answer}");
        }
    }
}

async fn ends_with_its_client(binary: &mut Binary) {
    binary.hang_up();
    assert_eq!(binary.ended().await, Some(0));
    assert_eq!(binary.rest().await, Vec::<String>::new());
}

#[tokio::test]
async fn stdio_speaks_the_versions_with_sessions_and_ends_with_its_client() {
    let fleet = Fleet::mixed(2, 1).await.unwrap();
    for version in ["2025-06-18", "2025-11-25"] {
        let serve = ["serve", "--stdio", "--config", "{config}", "--log-level", "debug"];
        let mut binary = Binary::start(&config(&fleet), &serve);
        legacy(&mut binary, version).await;
        ends_with_its_client(&mut binary).await;
    }
}

#[tokio::test]
async fn stdio_speaks_the_version_without_sessions() {
    let fleet = Fleet::mixed(2, 1).await.unwrap();
    let mut binary = Binary::start(&config(&fleet), &["serve", "--stdio", "--config", "{config}"]);
    stateless(&mut binary).await;
    ends_with_its_client(&mut binary).await;
}

#[tokio::test]
async fn a_client_that_says_nothing_and_leaves_has_done_nothing_wrong() {
    let fleet = Fleet::mixed(1, 1).await.unwrap();
    let mut binary = Binary::start(&config(&fleet), &["serve", "--stdio", "--config", "{config}"]);
    ends_with_its_client(&mut binary).await;
}

#[tokio::test]
async fn the_first_calls_on_stdio_are_complete_with_rates() {
    // A Glances that has just been started has no counters in its first sample up to 4.3.
    let fleet = Fleet::start(vec![
        spec("new-1", Flavor::V4_5_8, Role::Web),
        spec("old-1", Flavor::V3_4_0_5, Role::Web),
    ]);
    let fleet = fleet.await.unwrap();
    let mut slow = config(&fleet);
    slow["poll"] = json!({"interval": "10s"});
    let started = std::time::Instant::now();
    let mut binary = Binary::start(&slow, &["serve", "--stdio", "--config", "{config}"]);
    legacy(&mut binary, "2025-11-25").await;
    let call = json!({"name": "get_network_stats", "arguments": {"interface": "eth0"}});
    let called = binary.ask(&message(4, "tools/call", &call)).await;
    let rows = called["result"]["structuredContent"]["interfaces"].as_array().unwrap().clone();
    assert_eq!(rows.len(), 2, "{called}");
    assert!(rows.iter().all(|row| row["in_bits_per_second"].is_number()), "{called}");
    assert!(started.elapsed().as_secs() < 10, "{:?}", started.elapsed());
}

#[tokio::test]
async fn connect_passes_both_eras_on_to_a_running_server() {
    let fleet = Fleet::mixed(2, 1).await.unwrap();
    let server = Server::of(&fleet).await;
    let url = format!("http://{}/mcp", server.address);
    let mut binary = Binary::start(&Value::Null, &["connect", &url]);
    legacy(&mut binary, "2025-11-25").await;
    ends_with_its_client(&mut binary).await;
    let mut binary = Binary::start(&Value::Null, &["connect", &url]);
    stateless(&mut binary).await;
    ends_with_its_client(&mut binary).await;
}

#[tokio::test]
async fn connect_brings_its_token_and_never_shows_it() {
    let fleet = Fleet::mixed(2, 1).await.unwrap();
    let mut config = config(&fleet);
    config["http"]["token"] = json!("s3cret-of-the-test");
    let server = Server::start(&config).await;
    server.ready().await;
    let url = format!("http://{}/mcp", server.address);
    let dir = tempfile::TempDir::new().unwrap();
    let file = dir.path().join("token");
    std::fs::write(&file, "s3cret-of-the-test\n").unwrap();
    let token = format!("file:{}", file.display());
    let mut binary = Binary::start(&Value::Null, &["connect", &url, "--token", &token]);
    legacy(&mut binary, "2025-11-25").await;
    ends_with_its_client(&mut binary).await;
}

#[tokio::test]
async fn connect_says_when_nobody_is_there() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/mcp", listener.local_addr().unwrap());
    drop(listener);
    let mut binary = Binary::start(&Value::Null, &["connect", &url]);
    binary.tell(&hello("2025-11-25"));
    binary.logged("is the server running?").await;
    assert_eq!(binary.ended().await, Some(1));
}

#[tokio::test]
async fn connect_outlives_a_server_that_goes_and_comes_back() {
    let fleet = Fleet::mixed(2, 1).await.unwrap();
    let (mut server, address) = Binary::serve(&config(&fleet), &["--log-level", "info"]).await;
    let url = format!("http://{address}/mcp");
    let mut binary = Binary::start(&Value::Null, &["connect", &url]);
    legacy(&mut binary, "2025-11-25").await;
    server.signal("KILL");
    server.ended().await;
    let refused = binary.ask(&message(4, "tools/list", &json!({}))).await;
    let problem = refused["error"]["message"].as_str().unwrap();
    assert!(problem.contains("is the server running?"), "{refused}");
    let mut same_port = config(&fleet);
    same_port["http"]["port"] = json!(address.port());
    let _server = Server::start(&same_port).await;
    let listed = binary.ask(&message(5, "tools/list", &json!({}))).await;
    assert!(listed["result"]["tools"].is_array(), "{listed}");
    ends_with_its_client(&mut binary).await;
}
