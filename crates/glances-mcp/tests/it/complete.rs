//! What completes an argument: of the right servers, in a good order, bounded, and over the
//! protocol in both eras.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::{Duration, Instant},
};

use fleet_sim::{Flavor, Fleet, Role};
use glances_client::{
    ApiVersion, Plugin, ServerInfo,
    model::{Filesystem, Interface, Payload},
};
use glances_mcp::{
    access::{Principal, Role as AccessRole, Scope},
    alert::{Alert, State},
    command::Commands,
    complete::{VALUES_MAX, Values, complete},
    live::Live,
    model::{HostName, Severity},
    query::Query,
    redact,
    snapshot::{Host, Reading, Snapshot},
    store::{AlertChange, Batch, History, Memory, Store},
    tools::Context,
};
use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::support::{Server, Session, config, spec, until};

const NOW: i64 = 1_795_000_000;

fn now() -> Timestamp {
    Timestamp::from_second(NOW).unwrap()
}

/// One server of a fleet that is made up.
struct Made {
    alias: String,
    environment: &'static str,
    tags: &'static [&'static str],
    mounts: Vec<String>,
    interfaces: Vec<String>,
}

impl Made {
    fn new(alias: &str, environment: &'static str, mounts: &[&str]) -> Self {
        Self {
            alias: alias.to_owned(),
            environment,
            tags: &["web"],
            mounts: mounts.iter().map(|mount| (*mount).to_owned()).collect(),
            interfaces: vec!["eth0".to_owned(), format!("veth-{alias}")],
        }
    }

    fn snapshot(self) -> Arc<Snapshot> {
        let host = Host {
            environment: Some(self.environment.to_owned()),
            region: Some("eu".to_owned()),
            tags: self.tags.iter().map(|tag| (*tag).to_owned()).collect(),
            ..Host::at(HostName::parse(&self.alias).unwrap(), "http://127.0.0.1:1")
        };
        let mut snapshot = Snapshot::unseen(Arc::new(host));
        snapshot.info = Some(Arc::new(ServerInfo {
            api: ApiVersion::V4,
            version: Some("4.5.8".to_owned()),
            plugins: [Plugin::Cpu, Plugin::Fs, Plugin::Network].into(),
            burst: false,
        }));
        let mounts = self.mounts.into_iter().map(|mount| Filesystem {
            device: format!("/dev/{mount}"),
            mount,
            kind: "ext4".to_owned(),
            size: Some(100),
            percent: Some(10.0),
            ..Filesystem::default()
        });
        let interfaces =
            self.interfaces.into_iter().map(|name| Interface { name, ..Interface::default() });
        let payloads = [
            (Plugin::Fs, Payload::Fs(mounts.collect())),
            (Plugin::Network, Payload::Network(interfaces.collect())),
        ];
        for (plugin, payload) in payloads {
            let payload = Some(Arc::new(payload));
            snapshot
                .readings
                .insert(plugin, Reading { payload, at: Some(now()), tried: Some(now()) });
        }
        Arc::new(snapshot)
    }
}

async fn context(made: Vec<Made>, open: Vec<Alert>, past: Vec<Alert>) -> Context {
    let live = Live::default();
    let snapshots: Vec<Arc<Snapshot>> = made.into_iter().map(Made::snapshot).collect();
    live.set_hosts(snapshots.iter().map(|snapshot| snapshot.host.clone()).collect());
    snapshots.into_iter().for_each(|snapshot| assert!(live.publish(snapshot)));
    let store = Arc::new(Memory::default());
    let change = |alert: &Alert, over: bool| AlertChange {
        host: alert.host.clone(),
        id: alert.id.clone(),
        began: alert.began,
        secs: alert.began + 60,
        over,
        alert: serde_json::to_string(alert).unwrap(),
        change: "{}".to_owned(),
    };
    let alerts = past.iter().map(|alert| change(alert, true));
    let alerts = alerts.chain(open.iter().map(|alert| change(alert, false))).collect();
    store.append(&Batch { alerts, ..Batch::default() }).await.unwrap();
    let judgements = watch::channel(Arc::default()).1;
    let open = watch::channel(Arc::new(open)).1;
    let query = Query::new(live, History::new(store), judgements, open);
    let (commands, ..) = Commands::channel();
    let principal = Principal::local();
    Context::new(principal, query, commands, now)
}

async fn small() -> Context {
    let made = vec![
        Made::new("web-1", "production", &["/", "/data", "/var"]),
        Made::new("web-10", "production", &["/", "/data"]),
        Made { tags: &["db"], ..Made::new("db-1", "staging", &["/", "/pg"]) },
    ];
    context(made, Vec::new(), Vec::new()).await
}

fn viewer_of(cx: &Context, aliases: &[&str]) -> Context {
    let seen: Vec<HostName> = aliases.iter().map(|alias| HostName::parse(alias).unwrap()).collect();
    let servers = Scope::Only(Arc::from(seen));
    Context {
        principal: Principal { id: "some".into(), role: AccessRole::Viewer, servers },
        ..cx.clone()
    }
}

fn chosen(pairs: &[(&str, &str)]) -> HashMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

async fn values(cx: &Context, values: Values, typed: &str, others: &[(&str, &str)]) -> Vec<String> {
    complete(cx, values, typed, &chosen(others)).await.values
}

#[tokio::test]
async fn an_alias_is_completed_and_the_exact_one_comes_first() {
    let cx = small().await;
    assert_eq!(values(&cx, Values::Server, "web-1", &[]).await, ["web-1", "web-10"]);
    assert_eq!(values(&cx, Values::Server, "1", &[]).await, ["db-1", "web-1", "web-10"]);
    assert_eq!(values(&cx, Values::Server, "w10", &[]).await, ["web-10"]);
    assert_eq!(values(&cx, Values::Server, "wbe-10", &[]).await, ["web-10", "web-1"]);
}

#[tokio::test]
async fn of_a_list_the_last_part_is_completed_and_the_rest_stays() {
    let cx = small().await;
    let all = values(&cx, Values::Selectors, "", &[]).await;
    assert_eq!(
        all,
        [
            "env:production",
            "env:staging",
            "region:eu",
            "tag:web",
            "tag:db",
            "db-1",
            "web-1",
            "web-10"
        ]
    );
    let rest = values(&cx, Values::Selectors, "env:staging, web-1", &[]).await;
    assert_eq!(rest, ["env:staging, web-1", "env:staging, web-10"]);
    let without = values(&cx, Values::Selectors, "web-1,web", &[]).await;
    assert_eq!(without, ["web-1,web-10", "web-1,tag:web"]);
    let after_glob = values(&cx, Values::Selectors, "web-{1,10},d", &[]).await;
    assert!(after_glob.contains(&"web-{1,10},db-1".to_owned()), "{after_glob:?}");
    let words = values(&cx, Values::Selectors, "prod", &[]).await;
    assert_eq!(words, ["env:production"]);
}

#[tokio::test]
async fn names_are_those_of_the_chosen_server() {
    let cx = small().await;
    for other in ["alias", "server", "servers"] {
        let found = values(&cx, Values::Mount, "", &[(other, "db-1")]).await;
        assert_eq!(found, ["/", "/pg"], "{other}");
        let found = values(&cx, Values::Interface, "", &[(other, "web-1")]).await;
        assert_eq!(found, ["eth0", "veth-web-1"]);
        let found = values(&cx, Values::Plugin, "", &[(other, "web-1")]).await;
        assert_eq!(found, ["fs", "network"]);
        let found = values(&cx, Values::Metric, "fs.percent", &[(other, "db-1")]).await;
        assert_eq!(found, ["fs.percent", "fs.percent[/]", "fs.percent[/pg]"]);
    }
    let several = values(&cx, Values::Mount, "", &[("servers", "env:production")]).await;
    assert_eq!(several, ["/", "/data", "/var"]);
    let empty = values(&cx, Values::Mount, "", &[("server", " ")]).await;
    assert_eq!(empty, ["/", "/data", "/pg", "/var"], "nothing is chosen: all servers");
    let unknown = values(&cx, Values::Mount, "", &[("server", "nobody")]).await;
    assert_eq!(unknown, Vec::<String>::new());
}

#[tokio::test]
async fn a_metric_has_items_once_a_server_or_its_path_is_there() {
    let cx = small().await;
    assert_eq!(values(&cx, Values::Metric, "fs.perc", &[]).await, ["fs.percent"]);
    let items = values(&cx, Values::Metric, "fs.percent[/d", &[]).await;
    assert_eq!(items, ["fs.percent[/data]"]);
    let paths = complete(&cx, Values::Metric, "", &HashMap::new()).await;
    assert_eq!(
        paths.values.first().map(String::as_str),
        Some(glances_mcp::metric::METRICS[0].path)
    );
}

#[tokio::test]
async fn a_runbook_is_found_by_its_name_and_by_what_it_serves() {
    let cx = small().await;
    let all = complete(&cx, Values::Runbook, "", &HashMap::new()).await;
    assert_eq!(all.total, Some(cx.query.runbooks().all().len()));
    assert_eq!(
        values(&cx, Values::Runbook, "disk-fi", &[]).await,
        ["disk-filling", "disk-failing"]
    );
    assert_eq!(values(&cx, Values::Runbook, "server_auth", &[]).await, ["access-refused"]);
}

#[tokio::test]
async fn words_and_times_are_completed() {
    let cx = small().await;
    let words = Values::OneOf(&["memory", "cpu", "disk"]);
    assert_eq!(values(&cx, words, "", &[]).await, ["memory", "cpu", "disk"]);
    assert_eq!(values(&cx, words, "CP", &[]).await, ["cpu"]);
    assert_eq!(values(&cx, Values::Environment, "st", &[]).await, ["staging"]);
    assert_eq!(values(&cx, Values::Time, "-7", &[]).await, ["-7d", "-7h", "-7m"]);
    assert_eq!(values(&cx, Values::Future, "+2", &[]).await, ["+2h", "+24h", "+2d", "+2m"]);
    assert_eq!(values(&cx, Values::Length, "90", &[]).await, ["90d", "90h", "90m"]);
    assert_eq!(values(&cx, Values::Zone, "", &[]).await[0], "UTC");
    assert_eq!(values(&cx, Values::Zone, "berlin", &[]).await, ["Europe/Berlin"]);
    assert_eq!(values(&cx, Values::Free, "anything", &[]).await, Vec::<String>::new());
}

fn alert(id: &str, host: Option<&str>, series: &str, state: State, began: i64) -> Alert {
    let severity = match state {
        State::Firing { severity, .. } | State::Pending { severity, .. } => severity,
        _ => Severity::Warning,
    };
    Alert {
        id: id.to_owned(),
        fingerprint: format!("{host:?}/{series}"),
        host: host.map(|host| HostName::parse(host).unwrap()),
        environment: None,
        rule: "fs_full".to_owned(),
        series: series.to_owned(),
        state,
        began,
        peak: severity,
        value: 1.0,
        worst: 1.0,
        threshold: 1.0,
        unit: "percent".to_owned(),
        as_of: began,
        says: "full".to_owned(),
        flapping: false,
        suppressed_by: Vec::new(),
    }
}

async fn alerting() -> Context {
    let (hour, day) = (3_600, 86_400);
    let firing = |severity| State::Firing { since: NOW - hour, severity };
    let over = State::Resolved { since: NOW - 2 * day, at: NOW - day };
    let open = vec![
        alert("0aa1", Some("web-1"), "fs.percent[/]", firing(Severity::Warning), NOW - hour),
        alert("0aa2", Some("db-1"), "mem.percent", firing(Severity::Critical), NOW - 2 * hour),
        alert(
            "0aa3",
            Some("web-10"),
            "cpu.total",
            State::Pending { since: NOW - 60, severity: Severity::Critical },
            NOW - 60,
        ),
        alert("0aa4", None, "fleet.down", firing(Severity::Critical), NOW - hour),
    ];
    let past = vec![
        alert("0bb1", Some("web-1"), "cpu.total", over, NOW - 2 * day),
        alert("0bb2", Some("db-1"), "fs.percent[/pg]", over, NOW - 3 * day),
        alert("0bb3", Some("db-1"), "fs.percent[/pg]", over, NOW - 30 * day),
    ];
    let made = ["web-1", "web-10", "db-1"].map(|alias| Made::new(alias, "production", &["/"]));
    context(made.into(), open, past).await
}

#[tokio::test]
async fn open_alerts_come_first_the_worst_before_all_and_then_recent_ones() {
    let cx = alerting().await;
    let all = values(&cx, Values::Alert, "", &[]).await;
    assert_eq!(all, ["0aa4", "0aa2", "0aa1", "0aa3", "0bb1", "0bb2", "0bb3"][..6]);
    assert_eq!(values(&cx, Values::Alert, "0bb2", &[]).await, ["0bb2"]);
    // By what they are about, too.
    assert_eq!(values(&cx, Values::Alert, "web-1 ", &[]).await, ["0aa1", "0bb1"]);
    assert_eq!(values(&cx, Values::Alert, "mem.", &[]).await, ["0aa2"]);
}

#[tokio::test]
async fn alerts_are_those_of_servers_that_the_caller_sees() {
    let cx = alerting().await;
    let viewer = viewer_of(&cx, &["web-1", "web-10"]);
    let seen = values(&viewer, Values::Alert, "", &[]).await;
    assert_eq!(seen, ["0aa1", "0aa3", "0bb1"], "neither of db-1 nor of the fleet");
    assert_eq!(values(&viewer, Values::Alert, "0bb2", &[]).await, ["0bb1"], "what is alike");
    let of_hidden = complete(&viewer, Values::Alert, "", &chosen(&[("server", "db-1")])).await;
    assert_eq!((of_hidden.values.len(), of_hidden.total), (0, Some(0)));
}

#[tokio::test]
async fn nothing_is_completed_from_servers_that_the_caller_may_not_see() {
    let cx = small().await;
    let viewer = viewer_of(&cx, &["web-1", "web-10"]);
    let every = [
        Values::Server,
        Values::Selectors,
        Values::Environment,
        Values::Plugin,
        Values::Metric,
        Values::Mount,
        Values::Interface,
    ];
    for what in every {
        for typed in ["", "d", "db-1", "/p", "fs.percent[", "staging", "tag:"] {
            let found = complete(&viewer, what, typed, &HashMap::new()).await;
            let told = found.values.iter().any(|value| {
                ["db-1", "staging", "tag:db", "/pg"].iter().any(|hidden| value.contains(hidden))
            });
            assert!(!told, "{what:?} {typed}: {found:?}");
            assert!(found.total.unwrap() == found.values.len(), "{what:?} {typed}: {found:?}");
            let ask = async |alias: &str| {
                complete(&viewer, what, typed, &chosen(&[("server", alias)])).await
            };
            assert_eq!(ask("db-1").await, ask("no-1").await, "{what:?} {typed}");
        }
    }
}

#[tokio::test]
async fn a_thousand_servers_with_many_mounts_are_completed_in_bounded_time() {
    let made = (0..1_000).map(|n| {
        let mounts: Vec<String> = (0..60).map(|m| format!("/srv/{n:03}/volume-{m:02}")).collect();
        let mounts: Vec<&str> = mounts.iter().map(String::as_str).chain(["/"]).collect();
        Made::new(&format!("web-{n:03}"), "production", &mounts)
    });
    let cx = context(made.collect(), Vec::new(), Vec::new()).await;
    let began = Instant::now();
    let mounts = complete(&cx, Values::Mount, "", &HashMap::new()).await;
    assert_eq!(mounts.values[0], "/", "what most servers have comes first");
    assert_eq!((mounts.values.len(), mounts.total), (VALUES_MAX, None), "not all were looked at");
    assert!(mounts.has_more());
    let servers = complete(&cx, Values::Server, "web-", &HashMap::new()).await;
    assert_eq!((servers.values.len(), servers.total), (VALUES_MAX, Some(1_000)));
    let chosen = chosen(&[("servers", "env:production")]);
    let series = complete(&cx, Values::Metric, "zzz", &chosen).await;
    assert_eq!((series.values.len(), series.total), (0, None));
    let long = complete(&cx, Values::Selectors, &"web-001,".repeat(60), &HashMap::new()).await;
    assert_eq!(long.values.len(), VALUES_MAX);
    let took = began.elapsed();
    assert!(took < Duration::from_secs(8), "four answers took {took:?}");
}

#[tokio::test]
async fn a_text_longer_than_any_argument_is_completed_with_nothing() {
    let cx = small().await;
    for what in [Values::Server, Values::Selectors, Values::Metric, Values::Time] {
        let found = complete(&cx, what, &"web-1,".repeat(10_000), &HashMap::new()).await;
        assert_eq!((found.values.len(), found.total, found.has_more()), (0, Some(0), false));
        let many = chosen(&[("servers", &"web-*,".repeat(10_000))]);
        let found = complete(&cx, what, "", &many).await;
        assert!(!found.values.is_empty(), "{what:?}");
    }
}

#[tokio::test]
async fn names_that_a_machine_made_up_are_clean() {
    let hostile = fleet_sim::HostSpec {
        hostile: true,
        ..spec("evil-1", Flavor::V4_5_8, Role::ContainerHost)
    };
    let fleet = Fleet::start(vec![hostile]).await.unwrap();
    let server = Server::start(&config(&fleet)).await;
    server.ready().await;
    let cx = server.context(Principal::local());
    let others = chosen(&[("server", "evil-1")]);
    let found = until("items of containers", async || {
        let found = complete(&cx, Values::Metric, "containers.memory_usage[", &others).await;
        found.values.iter().all(|value| value.contains('[')).then_some(found)
    })
    .await;
    for value in &found.values {
        let item = value.split_once('[').unwrap().1.strip_suffix(']').unwrap();
        assert_eq!(redact::clean(item), item);
        assert!(item.chars().count() <= redact::TEXT_CHARS_MAX);
        assert!(!value.contains(|c: char| c.is_control() || c == '\u{202e}'), "{value:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_typed_text_gives_bounded_values_and_an_exact_match_comes_first(
        typed in ".{0,60}",
        other in ".{0,30}",
        at in any::<prop::sample::Index>(),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            let cx = alerting().await;
            let every = [
                Values::Free, Values::Server, Values::Selectors, Values::Environment,
                Values::Plugin, Values::Metric, Values::Alert, Values::Mount, Values::Interface,
                Values::Runbook, Values::Time, Values::Future, Values::Length, Values::Zone,
                Values::OneOf(&["cpu", "memory"]),
            ];
            for what in every {
                let others = chosen(&[("server", &other)]);
                for others in [&others, &HashMap::new()] {
                    let found = complete(&cx, what, &typed, others).await;
                    assert!(found.values.len() <= VALUES_MAX);
                    assert!(found.total.is_none_or(|total| total >= found.values.len()));
                }
                let all = complete(&cx, what, "", &HashMap::new()).await.values;
                if !all.is_empty() {
                    let exact = at.get(&all);
                    let found = complete(&cx, what, exact, &HashMap::new()).await;
                    assert_eq!(found.values.first(), Some(exact), "{what:?}");
                }
            }
        });
    }
}

/// A reference with what is typed, as the protocol has it.
fn asked(reference: &Value, argument: &str, typed: &str) -> Value {
    json!({ "ref": reference, "argument": { "name": argument, "value": typed } })
}

async fn both(server: &Server, params: Value) -> Value {
    let modern = server.rpc("completion/complete", params.clone()).await.message();
    let session = Session::open(server.address, "2025-11-25").await;
    let legacy = session.rpc("completion/complete", params).await;
    assert_eq!(modern["result"]["completion"], legacy["result"]["completion"]);
    assert_eq!(modern["error"]["message"], legacy["error"]["message"]);
    modern
}

fn prompt(name: &str) -> Value {
    json!({ "type": "ref/prompt", "name": name })
}

fn template(uri: &str) -> Value {
    json!({ "type": "ref/resource", "uri": uri })
}

#[tokio::test]
async fn prompts_and_templates_are_completed_in_both_eras() {
    let fleet = Fleet::mixed(3, 1).await.unwrap();
    let server = Server::of(&fleet).await;
    let names: Vec<String> = crate::support::names(&fleet).into_iter().collect();
    let of_template =
        both(&server, asked(&template("glances://servers/{alias}"), "alias", "")).await;
    let completion = &of_template["result"]["completion"];
    assert_eq!(completion["values"], json!(names));
    assert_eq!((&completion["total"], &completion["hasMore"]), (&json!(3), &json!(false)));
    let typed = format!("{},{}", names[0], &names[1]);
    let of_prompt = asked(&prompt("system_health_analysis"), "servers", &typed);
    let of_prompt = both(&server, of_prompt).await;
    assert_eq!(of_prompt["result"]["completion"]["values"][0], typed);
}

#[tokio::test]
async fn every_argument_of_every_prompt_and_template_is_completed_or_free() {
    let fleet = Fleet::mixed(2, 1).await.unwrap();
    let server = Server::of(&fleet).await;
    let mut asked_of: BTreeMap<String, usize> = BTreeMap::new();
    let prompts = glances_mcp::prompts::all();
    let of_prompts = prompts
        .iter()
        .flat_map(|def| def.arguments.iter().map(|it| (prompt(def.name), it.name, it.values)));
    let resources = glances_mcp::resources::all();
    let templates = resources.iter().filter(|def| def.is_template());
    let of_templates = templates.flat_map(|def| {
        def.variables.iter().map(|(name, values)| (template(def.uri), *name, *values))
    });
    for (reference, argument, values) in of_prompts.chain(of_templates) {
        let reply = server.rpc("completion/complete", asked(&reference, argument, "")).await;
        let found = reply.message()["result"]["completion"]["values"].as_array().unwrap().len();
        let may_be_empty = [Values::Free, Values::Alert].contains(&values);
        assert!(found > 0 || may_be_empty, "{reference} {argument}: {values:?}");
        *asked_of.entry(argument.to_owned()).or_default() += 1;
    }
    assert!(asked_of.contains_key("alias") && asked_of.contains_key("servers"), "{asked_of:?}");
}

#[tokio::test]
async fn what_is_nearly_a_name_of_ours_is_an_error_that_says_which() {
    let fleet = Fleet::mixed(1, 1).await.unwrap();
    let server = Server::of(&fleet).await;
    for (reference, argument, near) in [
        (prompt("system_health_analisis"), "servers", "did you mean `system_health_analysis`?"),
        (prompt("system_health_analysis"), "server", "did you mean `servers`?"),
        (
            template("glances://server/{alias}"),
            "alias",
            "did you mean `glances://servers/{alias}`?",
        ),
        (template("glances://servers/{alias}"), "alas", "did you mean `alias`?"),
    ] {
        let refused = both(&server, asked(&reference, argument, "")).await;
        assert_eq!(refused["error"]["code"], -32602, "{refused}");
        let message = refused["error"]["message"].as_str().unwrap();
        assert!(message.contains(near), "{reference}: {message}");
    }
    let unlike = both(&server, asked(&prompt("system_health_analysis"), "zzz", "")).await;
    assert_eq!(unlike["error"]["code"], -32602, "{unlike}");
}

#[tokio::test]
async fn a_name_like_none_of_ours_has_no_completions() {
    let fleet = Fleet::mixed(1, 1).await.unwrap();
    let server = Server::of(&fleet).await;
    // What the official conformance suite asks.
    let reply = both(&server, asked(&prompt("test_prompt_with_arguments"), "arg1", "test")).await;
    let none = json!({ "values": [], "total": 0, "hasMore": false });
    assert_eq!(reply["result"]["completion"], none);
}
