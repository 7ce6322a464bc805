//! What servers of each version answer when nothing is broken.

use fleet_sim::{Flavor, Fleet, HostSpec, Role};
use serde_json::{Value, json};

use crate::client::{Client, get, one, path};

#[tokio::test]
async fn each_version_answers_its_own_api_and_no_other() {
    for flavor in Flavor::ALL {
        let fleet = one(flavor).await;
        for number in [3, 4, 5] {
            let reply = get(&fleet, 0, &format!("/api/{number}/pluginslist")).await;
            let expected = if number == flavor.api() { 200 } else { 404 };
            assert_eq!(reply.status, expected, "{flavor:?} /api/{number}");
        }
    }
}

#[tokio::test]
async fn the_status_is_text_then_a_version_then_at_the_root() {
    let status = async |flavor, path: &'static str| {
        let reply = get(&one(flavor).await, 0, path).await;
        (reply.status, reply.text())
    };
    assert_eq!(status(Flavor::V3_4_0_5, "/api/3/status").await, (200, "Active".to_owned()));
    let version = r#"{"version":"4.3.3"}"#.to_owned();
    assert_eq!(status(Flavor::V4_3_3, "/api/4/status").await, (200, version));
    assert_eq!(status(Flavor::V5Rust, "/status").await, (200, String::new()));
    assert_eq!(status(Flavor::V5Python, "/status").await.0, 200);
    assert_eq!(status(Flavor::V5Python, "/api/5/status").await.0, 404);
    assert_eq!(status(Flavor::V4_5_8, "/status").await.0, 404);
}

#[tokio::test]
async fn an_unknown_or_disabled_plugin_is_refused_as_each_version_does() {
    for flavor in Flavor::ALL {
        let mut spec = HostSpec::new("sim-001", flavor, 7);
        spec.disabled = vec!["fs".to_owned()];
        let fleet = Fleet::start(vec![spec]).await.unwrap();
        for plugin in ["fs", "nosuch"] {
            let reply = get(&fleet, 0, &path(flavor, plugin)).await;
            let expected = if flavor.api() == 5 { 404 } else { 400 };
            assert_eq!(reply.status, expected, "{flavor:?} {plugin}");
            assert_eq!(reply.head.contains("text/html"), flavor.api() == 3);
            assert!(reply.text().contains(&format!("Unknown plugin {plugin}")));
        }
        let listed = get(&fleet, 0, &path(flavor, "pluginslist")).await.json();
        assert!(!listed.as_array().unwrap().contains(&json!("fs")));
        assert_eq!(get(&fleet, 0, &path(flavor, "all")).await.json().get("fs"), None);
    }
}

#[tokio::test]
async fn every_plugin_answers_and_all_has_every_one_of_them() {
    let specs = Flavor::ALL.map(|flavor| HostSpec::new("sim", flavor, 3)).to_vec();
    let fleet = Fleet::start(specs).await.unwrap();
    for (index, server) in fleet.servers().into_iter().enumerate() {
        let all = get(&fleet, index, &path(server.flavor, "all")).await.json();
        let plugins: Vec<&str> = server.flavor.plugins().collect();
        assert_eq!(all.as_object().unwrap().len(), plugins.len());
        for plugin in plugins {
            let reply = get(&fleet, index, &path(server.flavor, plugin)).await;
            assert_eq!(reply.status, 200);
            let kind = |value: &Value| std::mem::discriminant(value);
            assert_eq!(kind(&reply.json()), kind(&all[plugin]), "{server:?} {plugin}");
        }
    }
}

#[tokio::test]
async fn connections_are_kept_since_version_4() {
    for flavor in [Flavor::V4_0_8, Flavor::V4_5_8, Flavor::V5Python, Flavor::V5Rust] {
        let fleet = one(flavor).await;
        let mut client = Client::connect(&fleet, 0).await.unwrap();
        for _ in 0..3 {
            assert_eq!(client.get(&path(flavor, "mem")).await.unwrap().status, 200);
        }
        assert_eq!(fleet.requests(0), 3);
    }
    let fleet = one(Flavor::V3_4_0_5).await;
    let mut client = Client::connect(&fleet, 0).await.unwrap();
    let reply = client.get("/api/3/mem").await.unwrap();
    assert!(reply.head.starts_with("HTTP/1.0 200"));
    assert!(client.is_closed().await);
}

#[tokio::test]
async fn a_head_request_gets_the_head_alone() {
    let fleet = one(Flavor::V4_5_8).await;
    let mut client = Client::connect(&fleet, 0).await.unwrap();
    client.send("HEAD /api/4/status", "").await;
    client.send("GET /api/4/status", "").await;
    let mut text = String::new();
    while !text.contains("4.5.8") {
        let mut part = [0; 512];
        let read = tokio::io::AsyncReadExt::read(&mut client.stream, &mut part).await.unwrap();
        text.push_str(&String::from_utf8_lossy(part.get(..read).unwrap()));
    }
    assert_eq!(text.matches("HTTP/1.1 200").count(), 2);
    assert_eq!(text.matches("{\"version\":\"4.5.8\"}").count(), 1);
}

async fn authorized(fleet: &Fleet, path: &str, authorization: &str) -> u16 {
    let mut client = Client::connect(fleet, 0).await.unwrap();
    client.get_with(path, &format!("Authorization: {authorization}\r\n")).await.unwrap().status
}

#[tokio::test]
async fn a_password_is_asked_for_by_every_version() {
    for flavor in Flavor::ALL {
        let mut spec = HostSpec::new("sim-001", flavor, 7);
        spec.password = Some("secret".to_owned());
        let fleet = Fleet::start(vec![spec]).await.unwrap();
        let path = path(flavor, "cpu");
        let reply = get(&fleet, 0, &path).await;
        assert_eq!(reply.status, 401, "{flavor:?}");
        assert!(reply.head.contains("www-authenticate: Basic"));
        // glances:secret and glances:wrong
        assert_eq!(authorized(&fleet, &path, "Basic Z2xhbmNlczpzZWNyZXQ=").await, 200);
        assert_eq!(authorized(&fleet, &path, "Basic Z2xhbmNlczp3cm9uZw==").await, 401);
    }
}

#[tokio::test]
async fn the_status_needs_a_password_before_4_5_5_only() {
    for (flavor, expected) in [(Flavor::V4_3_3, 401), (Flavor::V4_5_8, 200)] {
        let mut spec = HostSpec::new("sim-001", flavor, 7);
        spec.password = Some("secret".to_owned());
        let fleet = Fleet::start(vec![spec]).await.unwrap();
        assert_eq!(get(&fleet, 0, "/api/4/status").await.status, expected);
    }
}

#[tokio::test]
async fn a_token_is_given_for_the_password_and_opens_the_api() {
    let mut spec = HostSpec::new("sim-001", Flavor::V4_5_8, 7);
    spec.password = Some("secret".to_owned());
    let fleet = Fleet::start(vec![spec]).await.unwrap();
    let ask = async |body: &str| {
        let mut client = Client::connect(&fleet, 0).await.unwrap();
        client.send("POST /api/4/token", body).await;
        client.receive().await.unwrap()
    };
    let reply = ask(r#"{"username":"glances","password":"secret"}"#).await;
    let token = reply.json()["access_token"].as_str().unwrap().to_owned();
    assert_eq!(authorized(&fleet, "/api/4/cpu", &format!("Bearer {token}")).await, 200);
    assert_eq!(authorized(&fleet, "/api/4/cpu", "Bearer other").await, 401);
    assert_eq!(ask(r#"{"username":"glances","password":"wrong"}"#).await.status, 401);
    assert_eq!(ask(r#"{"username":"glances"}"#).await.status, 400);
    assert_eq!(ask("not json").await.status, 400);
    assert_eq!(ask("[]").await.status, 500);
    let open = one(Flavor::V4_5_8).await;
    let mut client = Client::connect(&open, 0).await.unwrap();
    client.send("POST /api/4/token", "{}").await;
    assert_eq!(client.receive().await.unwrap().status, 405);
    assert_eq!(client.get("/api/4/token").await.unwrap().status, 400);
}

#[tokio::test]
async fn look_ups_inside_a_body_differ_between_versions() {
    let fleet = one(Flavor::V4_5_8).await;
    let json = async |path: &str| get(&fleet, 0, path).await.json();
    assert_eq!(json("/api/4/cpu/nosuch").await, Value::Null);
    assert!(json("/api/4/mem/used").await["used"].is_u64());
    assert_eq!(json("/api/4/network/interface_name").await["interface_name"][0], "lo");
    let found = json("/api/4/fs/mnt_point/value/%2F").await;
    assert_eq!(found["/"][0]["mnt_point"], "/");
    assert_eq!(json("/api/4/fs/mnt_point/value/nosuch").await, json!({"nosuch": []}));
    assert!(json("/api/4/network/bytes_recv/lo").await["bytes_recv"].is_number());
    assert_eq!(json("/api/4/processlist/top/3").await.as_array().unwrap().len(), 3);
    assert_eq!(get(&fleet, 0, "/api/4/cpu/history/abc").await.status, 422);
    assert_eq!(get(&fleet, 0, "/api/4/a/b/c/d/e").await.status, 404);
    assert_eq!(get(&fleet, 0, "/api/4/cpu/").await.status, 307);
    let points = json("/api/4/cpu/history/3").await;
    assert_eq!(points["user"].as_array().unwrap().len(), 3);
    assert!(points["user"][0][0].as_str().unwrap().ends_with("+00:00"));
    let old = one(Flavor::V4_0_8).await;
    assert_eq!(get(&old, 0, "/api/4/network/interface_name/value/lo").await.status, 404);
    let found = get(&old, 0, "/api/4/network/interface_name/lo").await.json();
    assert_eq!(found["lo"][0]["interface_name"], "lo");
    let oldest = one(Flavor::V3_4_0_5).await;
    assert_eq!(get(&oldest, 0, "/api/3/cpu/nosuch").await.status, 404);
    assert_eq!(get(&oldest, 0, "/api/3/processlist/top/3").await.status, 404);
}

#[tokio::test]
async fn thresholds_are_served_before_version_5_only() {
    let fleet = one(Flavor::V4_5_8).await;
    let limits = get(&fleet, 0, "/api/4/all/limits").await.json();
    assert_eq!(limits["fs"]["fs_refresh"], 60.0);
    assert_eq!(get(&fleet, 0, "/api/4/fs/limits").await.json(), limits["fs"]);
    let newer = one(Flavor::V5Python).await;
    assert_eq!(get(&newer, 0, "/api/5/fs/limits").await.status, 404);
    let info = get(&newer, 0, "/api/5/fs/info").await.json();
    assert_eq!(info["mnt_point"]["primary_key"], true);
}

#[tokio::test]
async fn one_process_is_found_by_its_number_since_4_3() {
    let fleet = one(Flavor::V4_5_8).await;
    let list = get(&fleet, 0, "/api/4/processlist").await.json();
    let pid = list[0]["pid"].as_u64().unwrap();
    let found = get(&fleet, 0, &format!("/api/4/processes/{pid}")).await.json();
    assert_eq!(found["name"], list[0]["name"]);
    assert_eq!(get(&fleet, 0, "/api/4/processes/99999999").await.status, 404);
    assert_eq!(get(&fleet, 0, "/api/4/processes/abc").await.status, 500);
    let mut client = Client::connect(&fleet, 0).await.unwrap();
    client.send(&format!("POST /api/4/processes/extended/{pid}"), "").await;
    assert_eq!(client.receive().await.unwrap().json(), true);
    client.send("POST /api/4/processes/extended/disable", "").await;
    assert_eq!(client.receive().await.unwrap().json(), true);
    assert_eq!(client.get("/api/4/processes/extended").await.unwrap().json(), json!({}));
    let old = one(Flavor::V4_0_8).await;
    assert_eq!(get(&old, 0, "/api/4/processes/1").await.status, 400);
}

#[tokio::test]
async fn a_mixed_fleet_has_every_version_and_role_and_a_configuration() {
    let fleet = Fleet::mixed(200, 1).await.unwrap();
    let servers = fleet.servers();
    assert_eq!(servers.len(), 200);
    assert_eq!(servers.first().unwrap().name, "sim-001");
    assert!(Flavor::ALL.iter().all(|flavor| servers.iter().any(|s| s.flavor == *flavor)));
    let specs = Fleet::mixed_specs(200, 1);
    assert!(Role::ALL.iter().all(|role| specs.iter().any(|spec| spec.role == *role)));
    let config = fleet.config_json();
    let entries = config["servers"].as_array().unwrap();
    for (entry, server) in entries.iter().zip(&servers) {
        assert_eq!(entry["alias"], server.name.as_str());
        assert_eq!((&entry["host"], &entry["port"]), (&json!("127.0.0.1"), &json!(server.port)));
        assert!(entry["tags"].as_array().unwrap().iter().all(Value::is_string));
        assert!(entry["environment"].is_string() && entry["region"].is_string());
    }
    assert_eq!(fleet.url(0), format!("http://127.0.0.1:{}", servers.first().unwrap().port));
    for (index, server) in servers.iter().enumerate() {
        let reply = get(&fleet, index, &path(server.flavor, "pluginslist")).await;
        assert_eq!((reply.status, fleet.requests(index)), (200, 1));
    }
}

#[tokio::test]
async fn settings_show_secrets_up_to_4_3_and_masks_from_then_on() {
    for flavor in Flavor::ALL {
        let spec = HostSpec { hostile: true, ..HostSpec::new("sim", flavor, 7) };
        let fleet = Fleet::start(vec![spec]).await.unwrap();
        for what in ["config", "args"] {
            let reply = get(&fleet, 0, &path(flavor, what)).await;
            if reply.status == 404 {
                assert_eq!(flavor.api(), 5, "{flavor:?} {what}");
                continue;
            }
            let old = matches!(flavor, Flavor::V3_4_0_5 | Flavor::V4_0_8 | Flavor::V4_3_3);
            assert_eq!(reply.text().contains("hunter2"), old, "{flavor:?} {what}");
            assert_eq!(reply.text().contains("********"), !old, "{flavor:?} {what}");
        }
    }
}

#[tokio::test]
async fn websites_and_alien_hosts_are_answered_unless_the_server_was_told_otherwise() {
    for (flavor, readable) in [
        (Flavor::V3_4_0_5, "allow-origin: *"),
        (Flavor::V4_3_3, "allow-origin: https://evil.example"),
        (Flavor::V4_5_8, "allow-origin: *"),
    ] {
        for hardened in [false, true] {
            let spec = HostSpec { hardened, ..HostSpec::new("sim", flavor, 7) };
            let fleet = Fleet::start(vec![spec]).await.unwrap();
            let ask = async |header: &str| {
                let mut client = Client::connect(&fleet, 0).await.unwrap();
                client.get_with(&path(flavor, "pluginslist"), header).await.unwrap()
            };
            let is_closed = hardened && flavor == Flavor::V4_5_8;
            let reply = ask("Origin: https://evil.example\r\n").await;
            assert_eq!(reply.head.contains(readable), !is_closed, "{flavor:?} {}", reply.head);
            let with_credentials = reply.head.contains("allow-credentials: true");
            assert_eq!(with_credentials, flavor == Flavor::V4_3_3, "{flavor:?}");
            // A second `Host` wins here.
            let reply = ask("Host: evil.example\r\n").await;
            assert_eq!(reply.status, if is_closed { 400 } else { 200 }, "{flavor:?}");
        }
    }
}
