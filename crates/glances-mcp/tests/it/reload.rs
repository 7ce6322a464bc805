//! A changed configuration is taken while running; a bad one changes nothing and is told.

use fleet_sim::Fleet;
use serde_json::{Value, json};

use crate::support::{Binary, Server, config, request, until};

async fn listed(server: &Server) -> Vec<String> {
    let reply = server.ask("list_servers", json!({})).await;
    let rows = reply["servers"].as_array().unwrap();
    let mut names: Vec<String> =
        rows.iter().map(|row| row["server"].as_str().unwrap().to_owned()).collect();
    names.sort();
    names
}

fn without(config: &Value, index: usize) -> Value {
    let mut config = config.clone();
    config["servers"].as_array_mut().unwrap().remove(index);
    config
}

#[tokio::test]
async fn servers_come_and_go_with_the_file_without_a_restart() {
    let fleet = Fleet::mixed(3, 1).await.unwrap();
    let all = config(&fleet);
    let server = Server::start(&without(&all, 2)).await;
    server.ready().await;
    assert_eq!(listed(&server).await, ["sim-001", "sim-002"]);
    let polled = fleet.requests(0);
    std::fs::write(&server.file, without(&all, 1).to_string()).unwrap();
    until("the new servers", async || {
        (listed(&server).await == ["sim-001", "sim-003"]).then_some(())
    })
    .await;
    server.counts("up", 2).await;
    assert_eq!(fleet.servers().len(), 3);
    // The one that stayed was not met anew.
    assert!(fleet.requests(0) > polled);
    let gone = server.refused("get_system_overview", json!({"servers": ["sim-002"]})).await;
    assert!(gone.contains("no server `sim-002`"), "{gone}");
    let asked = fleet.requests(1);
    until("two more polls of the others", async || (fleet.requests(0) > polled + 60).then_some(()))
        .await;
    assert_eq!(fleet.requests(1), asked, "a server that is gone is polled no more");
}

#[tokio::test]
async fn a_bad_file_changes_nothing_and_is_told_until_a_good_one_comes() {
    let fleet = Fleet::mixed(2, 1).await.unwrap();
    let good = config(&fleet);
    let server = Server::start(&good).await;
    server.ready().await;
    assert_eq!(server.get("/ready").await.json()["notices"], json!([]));
    let mut bad = good.clone();
    bad["servers"][1]["prot"] = json!(61208);
    for text in [bad.to_string(), "{ this is no JSON".to_owned()] {
        std::fs::write(&server.file, text).unwrap();
        let notice = until("the notice", async || {
            let ready = server.get("/ready").await.json();
            ready["notices"][0].as_str().map(str::to_owned)
        })
        .await;
        assert!(notice.contains("not taken"), "{notice}");
        assert!(notice.contains("glances-mcp.json"), "{notice}");
        let reply = server.ask("list_servers", json!({})).await;
        assert_eq!(reply["coverage"]["selected"], 2);
        assert!(reply["notices"].to_string().contains("not taken"), "{reply}");
    }
    let ready = server.get("/ready").await;
    assert_eq!(ready.status, 200, "a bad file does not stop the running server");
    std::fs::write(&server.file, good.to_string()).unwrap();
    until("the end of the notice", async || {
        let ready = server.get("/ready").await.json();
        (ready["notices"] == json!([])).then_some(())
    })
    .await;
    let reply = server.ask("list_servers", json!({})).await;
    assert_eq!(reply.get("notices"), None, "{reply}");
}

#[tokio::test]
async fn the_notice_of_a_bad_file_names_place_and_nearest_key() {
    let fleet = Fleet::mixed(1, 1).await.unwrap();
    let good = config(&fleet);
    let server = Server::start(&good).await;
    server.ready().await;
    let mut bad = good.clone();
    bad["servers"][0]["prot"] = json!(61208);
    std::fs::write(&server.file, bad.to_string()).unwrap();
    let notice = until("the notice", async || {
        let ready = server.get("/ready").await.json();
        ready["notices"][0].as_str().map(str::to_owned)
    })
    .await;
    assert!(notice.contains("servers[0]") && notice.contains("`port`"), "{notice}");
}

#[tokio::test]
async fn a_change_of_what_needs_a_restart_says_so() {
    let fleet = Fleet::mixed(1, 1).await.unwrap();
    let mut config = config(&fleet);
    let server = Server::start(&config).await;
    server.ready().await;
    config["http"]["sessions_max"] = json!(7);
    std::fs::write(&server.file, config.to_string()).unwrap();
    until("the notice", async || {
        let ready = server.get("/ready").await.json();
        ready["notices"].to_string().contains("need a restart").then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_hangup_reads_the_file_again() {
    let fleet = Fleet::mixed(2, 1).await.unwrap();
    let all = config(&fleet);
    let (binary, address) = Binary::serve(&without(&all, 1), &["--log-level", "info"]).await;
    let count = async || {
        let ready = request(address, "GET", "/ready", &[], "").await.json();
        ready["servers"].as_object().unwrap().values().filter_map(Value::as_u64).sum::<u64>()
    };
    assert_eq!(count().await, 1);
    let file = binary.dir().join("glances-mcp.json");
    std::fs::write(file, all.to_string()).unwrap();
    binary.signal("HUP");
    until("both servers", async || (count().await == 2).then_some(())).await;
}
