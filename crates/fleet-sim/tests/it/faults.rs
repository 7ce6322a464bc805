//! What each fault does on the wire, and that it goes away.

use std::time::{Duration, Instant};

use fleet_sim::{DRIP_INTERVAL, Fault, Flavor, Fleet, HUGE_BYTES, HostSpec, Role};
use serde_json::Value;
use tokio::io::AsyncReadExt;

use crate::client::{Client, get, one, path};

#[tokio::test]
async fn a_refusing_server_is_gone_and_comes_back_on_the_same_port() {
    let fleet = one(Flavor::V4_5_8).await;
    let before = fleet.servers();
    for _ in 0..20 {
        let mut idle = Client::connect(&fleet, 0).await.unwrap();
        assert_eq!(idle.get("/api/4/status").await.unwrap().status, 200);
        fleet.set_fault(0, Some(Fault::Refuse));
        let refused = Client::connect(&fleet, 0).await.err().unwrap();
        assert_eq!(refused.kind(), std::io::ErrorKind::ConnectionRefused);
        assert!(idle.is_closed().await, "idle connections end too");
        fleet.set_fault(0, None);
        assert_eq!(get(&fleet, 0, "/api/4/status").await.status, 200);
    }
    assert_eq!(fleet.servers(), before);
}

#[tokio::test]
async fn nobody_else_gets_the_port_of_a_refusing_server() {
    let fleet = one(Flavor::V4_5_8).await;
    fleet.set_fault(0, Some(Fault::Refuse));
    let port = fleet.servers().first().unwrap().port;
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    assert!(socket.bind(([127, 0, 0, 1], port).into()).is_err());
}

#[tokio::test]
async fn a_hanging_server_accepts_and_never_answers() {
    let fleet = one(Flavor::V4_5_8).await;
    let mut idle = Client::connect(&fleet, 0).await.unwrap();
    assert_eq!(idle.get("/api/4/cpu").await.unwrap().status, 200);
    fleet.set_fault(0, Some(Fault::Hang));
    assert!(idle.is_closed().await);
    let mut client = Client::connect(&fleet, 0).await.unwrap();
    client.send("GET /api/4/status", "").await;
    assert!(client.is_silent().await);
    assert_eq!(fleet.requests(0), 2, "a request without an answer counts");
    fleet.set_fault(0, None);
    assert!(client.is_closed().await, "mending ends what hangs");
    assert_eq!(get(&fleet, 0, "/api/4/status").await.status, 200);
}

#[tokio::test]
async fn a_slow_server_answers_after_its_time() {
    let fleet = one(Flavor::V4_5_8).await;
    let time = Duration::from_millis(250);
    fleet.set_fault(0, Some(Fault::Slow(time)));
    let started = Instant::now();
    assert_eq!(get(&fleet, 0, "/api/4/cpu").await.status, 200);
    assert!(started.elapsed() >= time);
}

#[tokio::test]
async fn a_dripping_server_sends_byte_by_byte() {
    let fleet = one(Flavor::V4_5_8).await;
    fleet.set_fault(0, Some(Fault::Drip));
    let mut client = Client::connect(&fleet, 0).await.unwrap();
    client.send("GET /api/4/status", "").await;
    let mut buffer = [0; 64];
    assert_eq!(client.stream.read(&mut buffer).await.unwrap(), 1);
    let started = Instant::now();
    let mut received = 0;
    while received < 4 {
        received += client.stream.read(&mut buffer).await.unwrap();
    }
    assert!(started.elapsed() >= DRIP_INTERVAL * 3, "{received} in {:?}", started.elapsed());
}

#[tokio::test]
async fn faults_of_http_have_the_status_and_text_of_their_version() {
    for flavor in Flavor::ALL {
        let fleet = one(flavor).await;
        let path = path(flavor, "mem");
        let set = async |fault| {
            fleet.set_fault(0, Some(fault));
            get(&fleet, 0, &path).await
        };
        let refused = set(Fault::Unauthorized).await;
        assert_eq!(refused.status, 401);
        assert!(refused.head.contains("www-authenticate: Basic"));
        let host = set(Fault::BadHost).await;
        assert_eq!((host.status, host.text().as_str()), (400, "Invalid host header"));
        let failed = set(Fault::Status500).await;
        assert_eq!(failed.status, 500);
        assert_eq!(failed.head.contains("text/html"), flavor.api() == 3);
        fleet.set_fault(0, None);
        assert_eq!(get(&fleet, 0, &path).await.status, 200);
    }
}

#[tokio::test]
async fn garbage_is_neither_text_nor_json() {
    let fleet = one(Flavor::V4_5_8).await;
    fleet.set_fault(0, Some(Fault::Garbage));
    let reply = get(&fleet, 0, "/api/4/cpu").await;
    assert_eq!(reply.status, 200);
    assert!(std::str::from_utf8(&reply.body).is_err());
    assert!(serde_json::from_slice::<Value>(&reply.body).is_err());
}

#[tokio::test]
async fn a_truncated_body_is_shorter_than_promised() {
    for flavor in Flavor::ALL {
        let fleet = one(flavor).await;
        fleet.set_fault(0, Some(Fault::Truncated));
        let reply = get(&fleet, 0, &path(flavor, "mem")).await;
        assert!(!reply.body.is_empty() && reply.body.len() < reply.promised);
    }
}

#[tokio::test]
async fn a_huge_body_is_fifty_megabytes_of_json() {
    let fleet = one(Flavor::V4_5_8).await;
    fleet.set_fault(0, Some(Fault::Huge));
    let reply = get(&fleet, 0, "/api/4/cpu").await;
    assert_eq!((reply.promised, reply.body.len()), (HUGE_BYTES, HUGE_BYTES));
    assert!(reply.body.starts_with(b"[") && reply.body.ends_with(b",0]"));
}

#[tokio::test]
async fn a_wrong_type_is_a_list_for_an_object_and_the_other_way_round() {
    let fleet = one(Flavor::V4_5_8).await;
    fleet.set_plugin_fault(0, "cpu", Some(Fault::WrongType));
    fleet.set_plugin_fault(0, "network", Some(Fault::WrongType));
    assert!(get(&fleet, 0, "/api/4/cpu").await.json().is_array());
    assert!(get(&fleet, 0, "/api/4/network").await.json().is_object());
    assert!(get(&fleet, 0, "/api/4/mem").await.json().is_object());
    let all = get(&fleet, 0, "/api/4/all").await.json();
    assert!(all["cpu"].is_array() && all["network"].is_object() && all["mem"].is_object());
}

#[tokio::test]
async fn a_skewed_clock_shows_in_the_time_of_the_host() {
    let fleet = one(Flavor::V4_5_8).await;
    let year = async || {
        let now = get(&fleet, 0, "/api/4/now").await.json();
        now["iso"].as_str().unwrap().get(..4).unwrap().parse::<i64>().unwrap()
    };
    let before = year().await;
    fleet.set_fault(0, Some(Fault::ClockSkew(-10 * 366 * 86_400)));
    assert!((9..=11).contains(&(before - year().await)));
}

#[tokio::test]
async fn a_hung_engine_holds_up_containers_and_all_but_nothing_else() {
    let mut spec = HostSpec::new("sim-001", Flavor::V4_5_8, 7);
    spec.role = Role::ContainerHost;
    let fleet = Fleet::start(vec![spec]).await.unwrap();
    assert!(!get(&fleet, 0, "/api/4/containers").await.json().as_array().unwrap().is_empty());
    fleet.set_fault(0, Some(Fault::HungContainers));
    for path in ["/api/4/containers", "/api/4/all"] {
        let mut client = Client::connect(&fleet, 0).await.unwrap();
        client.send(&format!("GET {path}"), "").await;
        assert!(client.is_silent().await, "{path}");
    }
    for plugin in ["cpu", "mem", "status", "processlist"] {
        assert_eq!(get(&fleet, 0, &format!("/api/4/{plugin}")).await.status, 200);
    }
    let without = one(Flavor::V5Python).await;
    without.set_fault(0, Some(Fault::HungContainers));
    assert_eq!(get(&without, 0, "/api/5/all").await.status, 200);
}

#[tokio::test]
async fn a_fault_of_a_plugin_leaves_the_others_and_their_connections_alone() {
    let fleet = one(Flavor::V4_5_8).await;
    let mut other = Client::connect(&fleet, 0).await.unwrap();
    assert_eq!(other.get("/api/4/mem").await.unwrap().status, 200);
    fleet.set_plugin_fault(0, "cpu", Some(Fault::Hang));
    let mut hanging = Client::connect(&fleet, 0).await.unwrap();
    hanging.send("GET /api/4/cpu", "").await;
    assert!(hanging.is_silent().await);
    assert_eq!(other.get("/api/4/mem").await.unwrap().status, 200);
    fleet.set_plugin_fault(0, "cpu", None);
    assert!(hanging.is_closed().await);
    assert_eq!(other.get("/api/4/cpu").await.unwrap().status, 200);
}

#[tokio::test]
async fn a_restart_begins_with_a_first_sample_and_keeps_the_uptime() {
    let fleet = one(Flavor::V4_5_8).await;
    let mut idle = Client::connect(&fleet, 0).await.unwrap();
    let uptime = idle.get("/api/4/uptime").await.unwrap().json();
    assert!(uptime.as_str().unwrap().contains("day"));
    fleet.restart(0);
    assert!(idle.is_closed().await);
    let disks = get(&fleet, 0, "/api/4/diskio").await.json();
    assert_eq!(disks[0].get("read_bytes_gauge"), None);
    assert!(disks[0]["read_bytes"].as_u64().unwrap() > 1_000_000);
    let after = get(&fleet, 0, "/api/4/uptime").await.json();
    assert!(after.as_str().unwrap().contains("day"));
}

#[tokio::test]
async fn a_reboot_begins_uptime_and_counters_anew() {
    for flavor in [Flavor::V3_4_0_5, Flavor::V4_5_8] {
        let fleet = one(flavor).await;
        let received = async || {
            let nics = get(&fleet, 0, &path(flavor, "network")).await.json();
            let nic = nics.get(1).unwrap();
            let counter = nic.get("bytes_recv_gauge").or(nic.get("cumulative_rx")).unwrap();
            counter.as_u64().unwrap()
        };
        let before = received().await;
        fleet.reboot(0);
        assert!(received().await < before / 1_000);
        let uptime = get(&fleet, 0, &path(flavor, "uptime")).await.json();
        assert!(uptime.as_str().unwrap().starts_with("0:00:0"));
    }
}

#[tokio::test]
async fn a_python_preview_has_no_data_right_after_its_restart() {
    let fleet = one(Flavor::V5Python).await;
    assert!(get(&fleet, 0, "/api/5/cpu").await.json().is_object());
    fleet.restart(0);
    assert_eq!(get(&fleet, 0, "/api/5/cpu").await.json(), Value::Null);
}

#[tokio::test]
async fn dropping_a_fleet_closes_its_ports_and_connections() {
    let fleet = one(Flavor::V4_5_8).await;
    let port = fleet.servers().first().unwrap().port;
    let mut client = Client::connect(&fleet, 0).await.unwrap();
    assert_eq!(client.get("/api/4/status").await.unwrap().status, 200);
    drop(fleet);
    assert!(tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_err());
    assert!(client.is_closed().await);
}

#[tokio::test]
async fn an_index_without_a_server_is_ignored() {
    let fleet = one(Flavor::V4_5_8).await;
    fleet.set_fault(9, Some(Fault::Hang));
    fleet.set_plugin_fault(9, "cpu", Some(Fault::Hang));
    fleet.restart(9);
    fleet.reboot(9);
    assert_eq!((fleet.requests(9), fleet.url(9).as_str()), (0, "http://127.0.0.1:0"));
}
