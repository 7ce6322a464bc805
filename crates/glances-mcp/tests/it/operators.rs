//! What operators say of alerts: by whom, for which servers, kept over a restart, and audited.

use fleet_sim::{Flavor, Fleet, Role};
use glances_mcp::{
    access::{Principal, Role as Access, Scope},
    model::HostName,
    store::{AuditRow, Sql, Store as _, verify},
    tools::Context,
};
use serde_json::{Value, json};

use crate::support::{Server, arguments, config, run, spec, text, tool, until};

/// A server over two machines with an alert each.
async fn two(extra: impl FnOnce(&mut Value)) -> (Fleet, Value, Server) {
    let specs = ["open-1", "vault-1"].map(|name| spec(name, Flavor::V4_5_8, Role::Web)).to_vec();
    let fleet = Fleet::start(specs).await.unwrap();
    let mut config = config(&fleet);
    config["alert_thresholds"] = json!([
        {"metric": "mem.percent", "warning": 0.5, "critical": 1, "unit": "percent", "for": 0}
    ]);
    extra(&mut config);
    let server = Server::start(&config).await;
    (fleet, config, server)
}

/// The alert about the memory of a server, once it fires and is history.
async fn alert(server: &Server, host: &str) -> Value {
    let asked = json!({"filter": "mem.percent", "servers": [host]});
    until("an alert", async || {
        let reply = server.ask("get_alert_history", asked.clone()).await;
        let row = reply["alerts"][0].clone();
        let open = server.ask("check_alert_conditions", json!({"servers": [host]})).await;
        (row.is_object() && open["firing"].as_u64() > Some(0)).then_some(row)
    })
    .await
}

fn principal(id: &str, role: Access, host: &str) -> Principal {
    let only = vec![HostName::parse(host).unwrap()];
    Principal { id: id.into(), role, servers: Scope::Only(only.into()) }
}

async fn told(cx: &Context, value: Value) -> Result<Value, String> {
    let reply = tool("manage_alerts").call(cx.clone(), arguments(value)).await;
    reply.map(|reply| reply.structured).map_err(|err| err.to_string())
}

#[tokio::test]
async fn a_viewer_neither_sees_the_tool_nor_may_call_it() {
    let (_fleet, _, server) = two(|config| config["tools"] = json!({"read_only": true})).await;
    let listed = server.rpc("tools/list", Value::Null).await.message()["result"].take();
    let names = listed["tools"].as_array().unwrap().iter().map(|tool| tool["name"].as_str());
    assert!(!names.flatten().any(|name| name == "manage_alerts"), "{listed}");
    server.refused("manage_alerts", json!({})).await;
    let viewer = server.context(principal("eve", Access::Viewer, "open-1"));
    for value in [json!({}), json!({"action": "note", "reason": "x"})] {
        let refused = told(&viewer, value).await.unwrap_err();
        assert!(refused.contains("`manage_alerts` needs the operator role"), "{refused}");
    }
}

#[tokio::test]
async fn an_operator_of_some_servers_silences_and_learns_of_no_other() {
    let (_fleet, _, server) = two(|_| ()).await;
    let (open, vault) = (alert(&server, "open-1").await, alert(&server, "vault-1").await);
    let half = server.context(principal("half", Access::Operator, "open-1"));
    let order = json!({"action": "silence", "servers": ["*"], "filter": "mem.*", "for": "1h",
        "reason": "mine"});
    let reply = told(&half, order.clone()).await.unwrap();
    assert_eq!(reply["in_force"][0]["servers"], json!(["open-1"]), "{reply}");
    // Whoever silences and asks then sees it, not what was a second ago.
    let reply = server.ask("check_alert_conditions", json!({"format": "detailed"})).await;
    assert_eq!(reply["suppressed"], 1, "{reply}");
    let reply = server.ask("check_alert_conditions", json!({"servers": ["vault-1"]})).await;
    assert_eq!(reply["suppressed"], 0, "{reply}");

    // What the whole fleet's operator says is seen for what it means here, and is not theirs to end.
    let all =
        json!({"action": "silence", "servers": ["*"], "for": "2h", "reason": "vault-1 moves"});
    let made = server.ask("manage_alerts", all).await["in_force"][0].take();
    let listed = told(&half, json!({})).await.unwrap();
    assert_eq!(listed["in_force"].as_array().unwrap().len(), 2, "{listed}");
    assert!(!listed.to_string().contains("vault"), "{listed}");
    let end = json!({"action": "end", "id": made["id"]});
    let refused = told(&half, end.clone()).await.unwrap_err();
    assert!(refused.contains("ask them to end it") && !refused.contains("vault"), "{refused}");
    server.ask("manage_alerts", end).await;

    for (action, id) in [("acknowledge", &vault["id"]), ("verdict", &vault["id"])] {
        let mut order = json!({"action": action, "id": id});
        if action == "verdict" {
            order["verdict"] = json!("noise");
        }
        let refused = told(&half, order).await.unwrap_err();
        assert!(refused.contains("alert `") && !refused.contains("vault"), "{refused}");
    }
    let known = json!({"action": "acknowledge", "id": open["id"], "for": "2h", "reason": "on it"});
    let reply = told(&half, known).await.unwrap();
    assert_eq!(reply["in_force"][0]["kind"], "acknowledgement", "{reply}");
}

#[tokio::test]
async fn what_is_wrong_with_an_order_is_said_with_what_would_be_right() {
    let (_fleet, _, server) = two(|_| ()).await;
    let open = alert(&server, "open-1").await["id"].as_str().unwrap().to_owned();
    let near = format!("{}x", &open[..15]);
    for (order, words) in [
        (json!({"action": "acknowledge"}), vec!["`acknowledge` needs `id`", "`for`"]),
        (json!({"action": "quiet"}), vec!["`action`", "silence", "acknowledge"]),
        (json!({"action": "acknowledge", "id": near}), vec!["no open alert", &open]),
        (
            json!({"action": "verdict", "id": "zzz", "verdict": "noise"}),
            vec!["no alert `zzz`", &open],
        ),
        (json!({"action": "verdict", "id": open}), vec!["needs `verdict`"]),
        (json!({"action": "verdict", "id": open, "verdict": "bad"}), vec!["`verdict`", "noise"]),
        (json!({"action": "silence", "reason": "x", "for": "1h"}), vec!["`id`", "`filter`"]),
        (json!({"action": "silence", "reason": "x", "filter": "fs.*"}), vec!["needs an end"]),
        (
            json!({"action": "silence", "reason": "x", "filter": "fs.pct", "for": "1h"}),
            vec!["`fs.percent`"],
        ),
        (
            json!({"action": "silence", "reason": "x", "filter": "fs.*", "for": "60d"}),
            vec!["`for` is at most 30 days"],
        ),
        (
            json!({"action": "silence", "reason": "x", "filter": "fs.*", "until": "-1h"}),
            vec!["`until`", "+2h"],
        ),
        (
            json!({"action": "silence", "reason": "x", "servers": ["open1"], "for": "1h"}),
            vec!["did you mean `open-1`"],
        ),
        (
            json!({"action": "expect", "reason": "x", "filter": "fs.*", "for": "1h",
                "schedule": "at night"}),
            vec!["`schedule`", "`sun 02:00`"],
        ),
        (
            json!({"action": "expect", "reason": "x", "filter": "fs.*", "for": "1h",
                "schedule": "02:00", "timezone": "Europe/Berln"}),
            vec!["`timezone`", "Europe/Berlin"],
        ),
        (json!({"action": "end", "id": "s-1"}), vec!["nothing in force has the id `s-1`"]),
        (json!({"action": "list", "reason": "x"}), vec!["does not take `reason`"]),
    ] {
        let refused = server.refused("manage_alerts", order.clone()).await;
        for word in words {
            assert!(refused.contains(word), "{order}: {word} is not in {refused}");
        }
    }
    let listed = server.ask("manage_alerts", json!({})).await;
    assert!(listed["in_force"][0].is_null(), "{listed}");
}

/// The store of a server that has ended.
async fn reopened(file: &std::path::Path) -> Sql {
    until("the file is free", async || Sql::open(file, "a look").await.ok()).await
}

async fn tamper(file: &std::path::Path, sql: &'static str) {
    use sqlx::Connection as _;
    sqlx::any::install_default_drivers();
    let url = format!("sqlite://{}?mode=rw", file.display());
    let mut connection = sqlx::AnyConnection::connect(&url).await.unwrap();
    sqlx::query(sql).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

async fn audited(file: &std::path::Path) -> Vec<AuditRow> {
    let store = reopened(file).await;
    let rows = store.audit(0).await.unwrap();
    assert_eq!(verify(&store.audit_ends().await.unwrap(), &rows), Ok(()));
    rows
}

#[tokio::test]
async fn what_was_said_holds_after_a_restart_and_each_order_is_in_the_audit_table_once() {
    let dir = tempfile::TempDir::new().unwrap();
    let file = dir.path().join("history.db");
    let (_fleet, config, server) = two(|config| config["store"] = json!({"url": file})).await;
    let (open, vault) = (alert(&server, "open-1").await, alert(&server, "vault-1").await);
    for order in [
        json!({"action": "silence", "id": open["id"], "for": "2h", "reason": "known"}),
        json!({"action": "expect", "servers": ["vault-1"], "filter": "mem.percent",
            "schedule": "00:00", "for": "24h", "timezone": "Europe/Berlin", "reason": "backup"}),
        json!({"action": "verdict", "id": open["id"], "verdict": "real", "reason": "leak"}),
        json!({"action": "verdict", "id": vault["id"], "verdict": "noise"}),
        json!({"action": "verdict", "id": vault["id"], "verdict": "real"}),
        json!({"action": "note", "servers": ["open-1"], "reason": "new release\u{202e} is out"}),
    ] {
        let reply = server.ask("manage_alerts", order.clone()).await;
        assert!(reply["done"].is_string(), "{order}: {reply}");
    }
    // What is refused leaves no entry: nothing was changed.
    server.refused("manage_alerts", json!({"action": "end", "id": "no"})).await;
    // Beside the server that writes.
    let store = file.display().to_string();
    let check = ["audit", "verify", "--store", &store, "--server", "http://127.0.0.1:1"];
    let checked = run(&check).await;
    let said = text(&checked.stdout);
    assert!(checked.status.success() && said.starts_with("whole: 6 orders"), "{said}");
    let show = ["audit", "tail", "-n", "1", "--store", &store, "--server", "http://127.0.0.1:1"];
    let last = text(&run(&show).await.stdout);
    assert!(last.contains("local note done: open-1") && last.lines().count() == 1, "{last}");
    drop(server);
    let rows = audited(&file).await;
    let actions: Vec<&str> = rows.iter().map(|row| row.entry.action.as_str()).collect();
    assert_eq!(actions, ["silence", "expect", "verdict", "verdict", "verdict", "note"]);
    assert!(rows.iter().all(|row| row.entry.principal == "local" && row.entry.outcome == "done"));
    assert!(rows[0].entry.target.contains("mem.percent on open-1"), "{:?}", rows[0]);
    let copy = dir.path().join("copy.db");
    glances_mcp::store::backup(&file, &copy).await.unwrap();
    tamper(&copy, "UPDATE audit SET principal = 'eve' WHERE seq = 3").await;
    let copied = copy.display().to_string();
    let check = ["audit", "verify", "--store", &copied, "--server", "http://127.0.0.1:1"];
    let checked = run(&check).await;
    let said = text(&checked.stdout);
    assert!(!checked.status.success() && said.contains("entry 3 was changed"), "{said}");

    let server = Server::start(&config).await;
    until("both are suppressed", async || {
        let reply = server.ask("check_alert_conditions", json!({"format": "detailed"})).await;
        let of = |host: &str| {
            let rows = reply["alerts"].as_array().unwrap();
            let row =
                rows.iter().find(|row| row["server"] == host && row["metric"] == "mem.percent");
            row.and_then(|row| row["suppressed_by"].as_str()).unwrap_or_default().to_owned()
        };
        let expected = of("vault-1").contains("expected");
        (of("open-1").contains("silenced") && expected).then_some(())
    })
    .await;
    let past = server.ask("get_alert_history", json!({"filter": "mem.percent"})).await;
    let rule = &past["rules"][0];
    assert_eq!((&rule["judged"], &rule["precision_percent"]), (&json!(2), &json!(100)), "{past}");
    let least = rule["precision_least_percent"].as_f64().unwrap();
    assert!((34.0..35.0).contains(&least), "two of two is little: {least}");
    let said: Vec<&str> =
        past["alerts"].as_array().unwrap().iter().filter_map(|it| it["verdict"].as_str()).collect();
    assert!(said.contains(&"real by local: leak") && said.contains(&"real by local"), "{past}");
    assert_eq!(past["noted"][0]["text"], "new release is out", "{past}");
    assert_eq!(past["noted"][0]["server"], "open-1");
    let one = server.ask("get_system_overview", json!({"servers": ["open-1"]})).await;
    assert!(one.to_string().contains("new release is out"), "{one}");
}

#[tokio::test]
async fn limits_that_the_configuration_changes_are_told_with_the_file() {
    let (_fleet, mut config, server) = two(|_| ()).await;
    server.ready().await;
    config["alert_thresholds"][0]["critical"] = json!(95);
    std::fs::write(&server.file, config.to_string()).unwrap();
    let past = until("a changed limit", async || {
        let reply = server.ask("get_alert_history", json!({})).await;
        reply["limits_changed"][0].is_object().then_some(reply)
    })
    .await;
    let changed = &past["limits_changed"][0];
    assert_eq!(changed["of"], "mem.percent", "{past}");
    let text = changed["text"].as_str().unwrap();
    assert!(
        text.contains("critical 1 ") && text.contains("→") && text.contains("critical 95"),
        "{text}"
    );
    assert!(text.ends_with("(glances-mcp.json)"), "{text}");
}
