//! What is remembered: over calls, over a restart, and without a disk.

use fleet_sim::{Fault, Flavor, Fleet, Role};
use serde_json::{Value, json};

use crate::support::{Binary, Server, config, request, run, spec, text, until};

/// A configuration that keeps history in this file.
pub(crate) fn kept(fleet: &Fleet, file: &std::path::Path) -> Value {
    let mut config = config(fleet);
    config["store"] = json!({"url": file});
    config
}

/// Waits until a series has so many samples in all.
async fn samples(server: &Server, metric: &str, least: u64) -> Value {
    until(&format!("{least} samples of {metric}"), async || {
        let call = server.call("query_metrics", json!({"metrics": [metric]})).await;
        let rows = call["structuredContent"]["series"].as_array()?.clone();
        let count: u64 = rows.iter().filter_map(|row| row["samples"].as_u64()).sum();
        (count >= least).then(|| json!(rows))
    })
    .await
}

#[tokio::test]
async fn polls_are_remembered_over_a_restart_once_each() {
    let dir = tempfile::TempDir::new().unwrap();
    let file = dir.path().join("history.db");
    let fleet = Fleet::mixed(2, 1).await.unwrap();
    let server = Server::start(&kept(&fleet, &file)).await;
    let before = samples(&server, "cpu.total", 6).await;
    drop(server);
    let server = until("the file is free", async || {
        let other = glances_mcp::store::Sql::open(&file, "a look").await.ok()?;
        drop(other);
        Some(Server::start(&kept(&fleet, &file)).await)
    })
    .await;
    let after = samples(&server, "cpu.total", 10).await;
    for row in before.as_array().unwrap() {
        let same = after.as_array().unwrap().iter().find(|it| it["server"] == row["server"]);
        assert!(same.unwrap()["samples"].as_u64() >= row["samples"].as_u64(), "{before} {after}");
    }
    let reply = server.ask("query_metrics", json!({"metrics": ["cpu.total"], "points": 500})).await;
    let points = reply["series"][0]["points"].as_array().unwrap();
    let times: Vec<f64> = points.iter().map(|point| point[0].as_f64().unwrap()).collect();
    assert!(times.windows(2).all(|pair| pair[0] < pair[1]), "{times:?}");
}

#[tokio::test]
async fn the_account_of_a_server_that_was_down_has_its_outage() {
    let fleet = Fleet::start(vec![spec("web-1", Flavor::V4_5_8, Role::Web)]).await.unwrap();
    let server = Server::of(&fleet).await;
    samples(&server, "server.up", 2).await;
    fleet.set_fault(0, Some(Fault::Refuse));
    server.counts("down", 1).await;
    let lasting = until("an outage", async || {
        let reply = server.ask("get_server_status", json!({})).await;
        let outage = reply["availability"]["outages"][0].clone();
        outage.is_object().then_some((outage, reply))
    })
    .await;
    assert!(lasting.0["until"].is_null() && lasting.0["reason"] != "", "{}", lasting.0);
    let answered = lasting.1["availability"]["answered"][0]["answered_percent"].as_f64().unwrap();
    assert!(answered > 0.0 && answered < 100.0, "{answered}");
    // The past of a server that is down can be asked for.
    samples(&server, "cpu.total", 1).await;
    fleet.set_fault(0, None);
    server.counts("up", 1).await;
    let over = until("its end", async || {
        let reply = server.ask("get_server_status", json!({"since": "-1h"})).await;
        let outage = reply["availability"]["outages"][0].clone();
        outage["until"].is_string().then_some(outage)
    })
    .await;
    assert!(over["length_seconds"].as_f64().unwrap() > 0.0, "{over}");
}

#[tokio::test]
async fn a_reboot_and_the_programs_of_a_past_moment_are_told() {
    let fleet = Fleet::start(vec![spec("db-1", Flavor::V4_5_8, Role::Db)]).await.unwrap();
    let server = Server::of(&fleet).await;
    samples(&server, "uptime.seconds", 2).await;
    fleet.reboot(0);
    let reboot = until("the reboot", async || {
        let reply = server.ask("get_server_status", json!({"since": "-10m"})).await;
        reply["availability"]["reboots"][0].as_object().cloned()
    })
    .await;
    assert!(reboot["detail"].as_str().unwrap().contains("up for"), "{reboot:?}");
    let one = server.ask("get_system_overview", json!({})).await;
    let kinds: Vec<&str> = one["one"]["events"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["what"].as_str().unwrap())
        .collect();
    assert!(kinds.contains(&"reboot"), "{kinds:?}");
    let past = until("programs of the past", async || {
        let reply =
            server.ask("get_top_processes", json!({"at": "-1s", "sort_by": "memory"})).await;
        (!reply["processes"].as_array()?.is_empty()).then_some(reply)
    })
    .await;
    assert!(past["at"].is_string() && past["processes"][0]["memory_bytes"].is_number(), "{past}");
    assert!(past["processes"][0]["command"].is_null());
}

#[tokio::test]
async fn a_caller_has_only_the_past_of_servers_that_they_see() {
    use glances_mcp::access::{Principal, Role as Access, Scope};
    let names = ["open-1", "vault-1"];
    let specs = names.map(|name| spec(name, Flavor::V4_5_8, Role::Web)).to_vec();
    let fleet = Fleet::start(specs).await.unwrap();
    let server = Server::of(&fleet).await;
    samples(&server, "cpu.total", 4).await;
    let only = vec![glances_mcp::model::HostName::parse("open-1").unwrap()];
    let viewer =
        Principal { id: "viewer".into(), role: Access::Viewer, servers: Scope::Only(only.into()) };
    let cx = server.context(viewer);
    let defs = glances_mcp::tools::all();
    for (tool, arguments) in [
        ("query_metrics", json!({"metrics": ["cpu.*"]})),
        ("query_metrics", json!({"metrics": ["cpu.total"], "aggregate": "fleet"})),
        ("query_metrics", json!({})),
        ("get_server_status", json!({"since": "-1h"})),
        ("get_top_processes", json!({"at": "-1s"})),
    ] {
        let def = defs.iter().find(|def| def.name == tool).unwrap();
        let reply = def.call(cx.clone(), crate::support::arguments(arguments)).await.unwrap();
        assert!(!reply.text.contains("vault"), "{}", reply.text);
        assert!(!reply.structured.to_string().contains("vault"), "{}", reply.structured);
        assert_eq!(reply.structured["coverage"]["selected"], 1);
    }
}

#[tokio::test]
async fn two_processes_never_write_one_history() {
    let dir = tempfile::TempDir::new().unwrap();
    let file = dir.path().join("history.db");
    let fleet = Fleet::mixed(1, 1).await.unwrap();
    let more = ["--log-level", "info"];
    let (first, address) = Binary::serve(&kept(&fleet, &file), &more).await;
    let serve = ["serve", "--stdio", "--config", "{config}"];
    let mut second = Binary::start(&kept(&fleet, &file), &serve);
    let said = second.logged("is in use by").await;
    assert!(said.contains(&format!("http://{address}/mcp")), "{said}");
    let said = if said.contains("connect") { said } else { second.logged("connect").await };
    assert!(said.contains(&format!("glances-mcp connect http://{address}/mcp")), "{said}");
    assert_eq!(second.ended().await, Some(1));
    // A copy can be had meanwhile.
    let copy = dir.path().join("copy.db").display().to_string();
    let config = first.dir().join("glances-mcp.json").display().to_string();
    let done = run(&["backup", &copy, "--config", &config]).await;
    assert!(done.status.success(), "{}", text(&done.stderr));
    assert!(text(&done.stdout).contains("copied"), "{}", text(&done.stdout));
    let again = run(&["backup", &copy, "--config", &config]).await;
    assert!(!again.status.success() && text(&again.stderr).contains("copy.db"));
}

#[tokio::test]
async fn a_damaged_history_is_told_and_live_tools_go_on() {
    let dir = tempfile::TempDir::new().unwrap();
    let file = dir.path().join("history.db");
    std::fs::write(&file, vec![0x5a; 40_000]).unwrap();
    let fleet = Fleet::mixed(2, 1).await.unwrap();
    let (mut binary, address) = Binary::serve(&kept(&fleet, &file), &["--log-level", "info"]).await;
    let ready = until("ready", async || {
        let ready = request(address, "GET", "/ready", &[], "").await;
        (ready.status == 200).then(|| ready.json())
    })
    .await;
    let notices = ready["notices"].to_string();
    assert!(notices.contains("is damaged") && notices.contains("move it away"), "{notices}");
    binary.signal("TERM");
    assert_eq!(binary.ended().await, Some(0));
    assert_eq!(std::fs::read(&file).unwrap(), vec![0x5a; 40_000], "it is left as it was");
}

#[tokio::test]
async fn a_metric_that_these_servers_do_not_serve_is_noted_beside_those_that_they_do() {
    let fleet = Fleet::start(vec![spec("web-1", Flavor::V4_5_8, Role::Web)]).await.unwrap();
    let server = Server::of(&fleet).await;
    samples(&server, "cpu.total", 1).await;
    let asked = json!({"metrics": ["cpu.total", "wifi.quality_level", "npu.load"]});
    let reply = server.ask("query_metrics", asked).await;
    assert_eq!(reply["series"].as_array().unwrap().len(), 1, "{reply}");
    let note = reply["notes"][0].as_str().unwrap();
    assert!(note.contains("`wifi.quality_level`, `npu.load`"), "{note}");
    // A word that is no metric, and metrics of which none is there, are refused as ever.
    for metrics in [json!(["cpu.total", "cpu.totl"]), json!(["wifi.quality_level", "npu.load"])] {
        server.refused("query_metrics", json!({"metrics": metrics})).await;
    }
}

#[tokio::test]
async fn a_series_that_is_not_there_is_told_with_the_nearest() {
    let fleet = Fleet::mixed(1, 1).await.unwrap();
    let server = Server::of(&fleet).await;
    samples(&server, "cpu.total", 1).await;
    for (arguments, words) in [
        (json!({"metrics": ["cpu.totl"]}), ["`cpu.totl`", "`cpu.total`"]),
        (json!({"metrics": ["cpu.total"], "since": "yesterday"}), ["`since`", "RFC 3339"]),
        (
            json!({"metrics": ["cpu.total"], "since": "-1h", "until": "-2h"}),
            ["`since`", "not before"],
        ),
        (json!({"metrics": ["cpu.total"], "timezone": "Mars"}), ["`timezone`", "`Mars`"]),
        (json!({"aggregate": "rack"}), ["`aggregate`", "environment"]),
    ] {
        let refused = server.refused("query_metrics", arguments.clone()).await;
        for word in words {
            assert!(refused.contains(word), "{arguments}: {refused}");
        }
    }
}

/// Three weeks of a web server, a poll every ten minutes: a disk that fills by two points a day up to
/// 70 %, a busy and an idle processor by day and night, memory that stays.
pub(crate) async fn three_weeks(file: &std::path::Path, name: &str, idle: bool) {
    use glances_mcp::store::{Batch, Keep, Sample, Sql, Store as _};
    const DAY: i64 = 86_400;
    let store = Sql::open(file, "a test").await.unwrap();
    let now = jiff::Timestamp::now().as_second();
    let host = glances_mcp::model::HostName::parse(name).unwrap();
    let begin = now - 21 * DAY;
    let polls: Vec<Sample> = (0..21 * 144_i32)
        .map(|n| {
            let days = f64::from(n) / 144.0;
            let noise = f64::from(n * 7_919 % 13) / 13.0 - 0.5;
            let busy = days.fract() < 0.25 && !idle;
            let cpu = if busy { 92.0 } else { 8.0 } + noise;
            let values = vec![
                ("fs.percent[/var/log]".into(), 28.0 + 2.0 * days + noise),
                ("fs.percent[/]".into(), 40.0 + noise),
                ("mem.percent".into(), 30.0 + noise),
                ("cpu.total".into(), cpu),
            ];
            Sample { host: host.clone(), secs: begin + i64::from(n) * 600, values }
        })
        .collect();
    for samples in polls.chunks(500) {
        let batch = Batch { samples: samples.to_vec(), ..Batch::default() };
        store.append(&batch).await.unwrap();
    }
    let keep = Keep { raw_secs: 30 * DAY, event_secs: 400 * DAY, alert_secs: 30 * DAY };
    while store.upkeep(now, &keep).await.unwrap().sealed > 0 {}
}

#[tokio::test]
async fn a_filling_disk_has_its_date_and_a_calm_one_has_none() {
    let dir = tempfile::TempDir::new().unwrap();
    let file = dir.path().join("history.db");
    three_weeks(&file, "web-1", false).await;
    three_weeks(&file, "spare-1", true).await;
    let names = ["web-1", "spare-1", "new-1"];
    let specs = names.map(|name| spec(name, Flavor::V4_5_8, Role::Web)).to_vec();
    let fleet = Fleet::start(specs).await.unwrap();
    let mut config = kept(&fleet, &file);
    config["performance_baseline_retention"] = json!(30);
    for (index, cost) in [(0, 50.0), (1, 200.0)] {
        config["servers"][index]["cost_per_month"] = json!(cost);
    }
    let server = Server::start(&config).await;
    server.ready().await;
    let reply = until("the judgement", async || {
        let reply = server.ask("capacity_analysis", json!({"servers": ["web-1"]})).await;
        reply["judged_at"].is_string().then_some(reply)
    })
    .await;
    let row = |reply: &Value, item: &str| {
        let rows = reply["resources"].as_array().unwrap().clone();
        rows.into_iter().find(|row| row["item"] == item || row["resource"] == item)
    };
    let filling = row(&reply, "/var/log").unwrap();
    assert_eq!(filling["outlook"], "fills", "{filling}");
    // From 70 % with 2 points a day it is full in 15 days.
    let likely = filling["likely_full_days"].as_f64().unwrap();
    assert!((13.5..=16.5).contains(&likely), "{filling}");
    assert!(filling["earliest_days"].as_f64() <= Some(15.0), "{filling}");
    assert!(filling["latest_days"].as_f64() >= Some(14.0), "{filling}");
    assert!((filling["growth_percent_per_day"].as_f64().unwrap() - 2.0).abs() < 0.1, "{filling}");
    assert_eq!(row(&reply, "/").unwrap()["outlook"], "does not grow");
    let cpu = row(&reply, "cpu").unwrap();
    assert_eq!(cpu["outlook"], "busy", "{cpu}");
    // Six hours a day, of which the first and the last are in part another hour's.
    assert!((20.0..=26.0).contains(&cpu["busy_percent"].as_f64().unwrap()), "{cpu}");

    let soon = server.ask("capacity_analysis", json!({"within": 30})).await;
    let soon = soon["resources"].as_array().unwrap().clone();
    assert!(soon.iter().all(|row| row["item"] == "/var/log"), "{soon:?}");
    assert_eq!(soon.len(), 2, "both of the old servers: {soon:?}");
    let sooner = server.ask("capacity_analysis", json!({"within": 7})).await;
    assert_eq!(sooner["resources"], json!([]));

    let idle_reply = server.ask("capacity_analysis", json!({"idle": true})).await;
    let idle = idle_reply["idle"].as_array().unwrap().clone();
    assert_eq!(idle.len(), 1, "{idle:?}");
    assert_eq!(idle[0]["server"], "spare-1");
    assert!(idle[0]["enough_cores"].as_f64() < idle[0]["cores"].as_f64(), "{idle:?}");
    // p95 of CPU 8.5 % and of memory 30.5 %: one core, and 30.5 / 80 of the memory, is enough.
    let cores = idle[0]["cores"].as_f64().unwrap();
    let kept = (1.0 / cores).max(30.5 / 80.0);
    let saving = idle[0]["saving_per_month"].as_f64().unwrap();
    assert!((saving - 200.0 * (1.0 - kept)).abs() < 2.0, "{idle:?}");
    let cost = &idle_reply["cost"];
    assert_eq!((&cost["priced_servers"], &cost["cost_per_month"]), (&json!(1), &json!(200)));
    assert!(idle_reply["notes"].to_string().contains("in your currency"), "{idle_reply}");

    // A server without history is told of, and not judged.
    let new = server.ask("capacity_analysis", json!({"servers": ["new-1"]})).await;
    assert!(new["without_history"].as_u64().unwrap() > 0, "{new}");
    assert!(new["notes"].to_string().contains("needs 3 days"), "{new}");

    // The ten busiest by p95, over two weeks.
    let busiest = json!({"metrics": ["cpu.total"], "since": "-14d", "sort_by": "p95", "limit": 1});
    let busiest = server.ask("query_metrics", busiest).await;
    assert_eq!(busiest["series"][0]["server"], "web-1", "{busiest}");
    assert_eq!(busiest["resolution"], "means of 5 minutes");
    assert!(busiest["series"][0]["last_at"].is_null(), "it is polled: {busiest}");
}

#[tokio::test]
async fn a_forecast_has_its_error_beside_it_and_thin_history_is_refused() {
    let dir = tempfile::TempDir::new().unwrap();
    let file = dir.path().join("history.db");
    three_weeks(&file, "web-1", false).await;
    let specs = ["web-1", "new-1"].map(|name| spec(name, Flavor::V4_5_8, Role::Web)).to_vec();
    let fleet = Fleet::start(specs).await.unwrap();
    let server = Server::start(&kept(&fleet, &file)).await;
    server.ready().await;
    samples(&server, "mem.percent", 2).await;
    let reply = server.ask("predict_resource_needs", json!({})).await;
    let rows = reply["forecasts"].as_array().unwrap().clone();
    let cpu = rows.iter().find(|row| row["metric"] == "cpu.total").unwrap();
    assert_eq!(cpu["server"], "web-1");
    // 92 % for six hours a day: to have that at 70 %, a third more is needed.
    assert!((cpu["peak_p50"].as_f64().unwrap() - 92.0).abs() < 5.0, "{cpu}");
    assert!((120.0..160.0).contains(&cpu["needed_percent"].as_f64().unwrap()), "{cpu}");
    assert!(cpu["backtest_error"].as_f64().unwrap() < 10.0, "{cpu}");
    assert_ne!(cpu["season"], "none", "{cpu}");
    assert!(cpu["last_at"].is_null(), "it is polled: {cpu}");
    let refused = reply["refused"].as_array().unwrap().clone();
    assert!(
        refused.iter().any(|row| row["servers"] == json!(["new-1"]) && row["need_days"] == 7),
        "{reply}"
    );

    let one = json!({"servers": ["web-1"], "metrics": ["mem.percent"], "growth_percent": 100});
    let one = server.ask("predict_resource_needs", one).await;
    let peak = one["forecasts"][0]["peak_p50"].as_f64().unwrap();
    assert!((55.0..65.0).contains(&peak), "memory of 30 % doubled: {one}");
    let course = one["course"].as_array().unwrap().clone();
    assert_eq!(course.len(), 12);
    for step in &course {
        let number = |key: &str| step[key].as_f64().unwrap();
        assert!(number("low") <= number("likely") && number("likely") <= number("high"), "{step}");
    }
    assert!(one["cost"].is_null(), "no price is known: {one}");
    let priced = json!({"metrics": ["mem.percent"], "growth_percent": 100, "cost_per_month": 80});
    let priced = server.ask("predict_resource_needs", priced).await;
    let (cost, row) = (&priced["cost"], &priced["forecasts"][0]);
    assert_eq!((&cost["priced_servers"], &cost["now_per_month"]), (&json!(1), &json!(80)));
    // 30 % and some noise of memory at 80 %, and the same doubled at the end of the day.
    let needed = |at: usize| cost["scenarios"][at]["needed_per_month"].as_f64().unwrap();
    assert!((29.0..34.0).contains(&needed(0)) && (58.0..68.0).contains(&needed(1)), "{cost}");
    assert_eq!(row["needed_cost_per_month"].as_f64(), Some(needed(1)), "{priced}");
    // A week needs four of history.
    let week = json!({"servers": ["web-1"], "horizon": "7d"});
    let week = server.ask("predict_resource_needs", week).await;
    assert_eq!(week["forecasts"], json!([]));
    assert_eq!(week["refused"][0]["need_days"], 28, "{week}");
    let refused = server.refused("predict_resource_needs", json!({"horizon": "1y"})).await;
    assert!(refused.contains("`horizon`") && refused.contains("24h"), "{refused}");
}
