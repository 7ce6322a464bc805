//! All runbooks against what they speak of: metrics, rules, tools and their arguments, headings,
//! sizes, sources. And operators' own, from the file to the reply.

use std::collections::BTreeSet;

use fleet_sim::{Fault, Flavor, Fleet, Role};
use glances_mcp::{
    alert::{self, Subject},
    metric::METRICS,
    runbooks::{self, Runbook, Runbooks, SECTIONS},
    tools::{self, arguments},
};
use serde_json::{Value, json};

use crate::support::{Server, bounded, config, run_in, spec, text, tokens, until};

/// The whole text of a runbook, and what most of them should cost.
const TOKENS_MAX: usize = 900;
const TOKENS_USUAL: usize = 600;
/// A concise reply about 100 servers, and a detailed one.
const CONCISE_TOKENS: usize = 2_000;
const DETAILED_TOKENS: usize = 8_000;
/// Longest line of a list, in characters: one thought.
const LINE_CHARS_MAX: usize = 420;
/// Sources are on these sites, or pages of the manual, or ours.
const SITES: &[&str] = &[
    "https://chrony-project.org/",
    "https://docs.docker.com/",
    "https://docs.kernel.org/",
    "https://glances.readthedocs.io/",
    "https://sre.google/",
    "https://www.brendangregg.com/",
    "https://www.rfc-editor.org/rfc/rfc",
    "https://www.smartmontools.org/",
];
/// Words with an underscore that are neither tool nor rule: states, and keys of the configuration.
const OTHER_WORDS: &[&str] = &[
    "alert_thresholds",
    "auth_failed",
    "change_at",
    "containers_interval",
    "depends_on",
    "disabled_plugins",
    "maintenance_windows",
    "processes_interval",
    "start_period",
];

fn all() -> Vec<Runbook> {
    Runbooks::default().all().to_vec()
}

/// What stands in backquotes.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

fn is_word(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    text.starts_with(|c: char| c.is_ascii_lowercase()) && text.chars().all(plain)
}

#[test]
fn every_metric_and_word_that_a_runbook_names_is_there() {
    let mut unknown = Vec::new();
    let tools: Vec<&str> = tools::all().iter().map(|def| def.name).collect();
    let names: BTreeSet<String> = all().into_iter().map(|it| it.name).collect();
    for runbook in all() {
        for word in quoted(&runbook.body) {
            let path = word.split('[').next().unwrap();
            let known = match path.split_once('.') {
                Some((plugin, field)) if is_word(plugin) && is_word(field) => {
                    METRICS.iter().any(|metric| metric.path == path) || Subject::parse(path).is_ok()
                }
                None if is_word(word) && word.contains('_') => {
                    tools.contains(&word)
                        || alert::rules().any(|rule| rule == word)
                        || OTHER_WORDS.contains(&word)
                }
                None if word.contains('-') && is_word(&word.replace('-', "_")) => {
                    names.contains(word)
                }
                _ => true,
            };
            if !known {
                unknown.push(format!("{}: `{word}`", runbook.name));
            }
        }
        for path in &runbook.metrics {
            if !METRICS.iter().any(|metric| metric.path == path) {
                unknown.push(format!("{}: metric {path}", runbook.name));
            }
        }
        for rule in &runbook.rules {
            if !alert::rules().any(|known| known == rule) {
                unknown.push(format!("{}: rule {rule}", runbook.name));
            }
        }
    }
    assert_eq!(unknown, Vec::<String>::new());
}

#[test]
fn every_call_of_a_runbook_fits_its_tool() {
    let defs = tools::all();
    let mut wrong = Vec::new();
    for runbook in all() {
        let steps = runbook.first_steps(Some("web-1"));
        assert_eq!(steps.len(), 3, "{}", runbook.name);
        for step in &steps {
            let call = step.call.as_deref().unwrap_or_else(|| panic!("{}", runbook.name));
            assert!(step.text.ends_with(call), "{}: {} is cut", runbook.name, step.text);
        }
        let about_fleet = ["incident-triage", "noisy-alert", "fleet-unreachable"];
        let about_server = steps[0].text.contains("web-1");
        assert!(about_server || about_fleet.contains(&&*runbook.name), "{}", runbook.name);
        for call in
            quoted(&runbook.body).filter(|word| word.contains(" {\"") || word.ends_with(" {}"))
        {
            let (tool, text) = call.split_once(' ').unwrap();
            let Some(def) = defs.iter().find(|def| def.name == tool) else {
                wrong.push(format!("{}: no tool {tool}", runbook.name));
                continue;
            };
            let arguments: Value = serde_json::from_str(text).unwrap_or_else(|err| {
                panic!("{}: {text}: {err}", runbook.name);
            });
            let arguments = arguments.as_object().unwrap().clone();
            if let Some(paths) = arguments.get("metrics").and_then(Value::as_array) {
                for path in paths.iter().filter_map(Value::as_str) {
                    if !METRICS.iter().any(|metric| metric.path == path) {
                        wrong.push(format!("{}: {tool} asks for {path}", runbook.name));
                    }
                }
            }
            if let Err(problems) = arguments::check(&def.input_schema, arguments) {
                wrong.push(format!("{}: {call}: {problems}", runbook.name));
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn every_runbook_has_the_same_headings_and_tells_what_is_unsafe() {
    for runbook in all() {
        let headings: Vec<&str> =
            runbook.body.lines().filter_map(|line| line.strip_prefix("## ")).collect();
        assert_eq!(headings, SECTIONS, "{}", runbook.name);
        for section in SECTIONS {
            let text = runbook.section(section).unwrap();
            assert!(text.contains("- ") || text.contains("1. "), "{}: {section}", runbook.name);
        }
        let remedies = runbook.section("Remedies").unwrap();
        let (safe, unsafe_) = (remedies.find("**Safe**"), remedies.find("**Unsafe"));
        assert!(safe.is_some() && safe < unsafe_, "{}", runbook.name);
        let digits = |name| runbook.section(name).unwrap().contains(|c: char| c.is_ascii_digit());
        assert!(digits("Decide") || digits("Symptoms"), "{}: no numbers", runbook.name);
        assert!(runbook.description.contains("Use "), "{}: when to use it", runbook.name);
    }
}

#[test]
fn a_runbook_is_short() {
    let mut costs: Vec<(usize, String)> =
        all().iter().map(|it| (tokens(&it.markdown()), it.name.clone())).collect();
    costs.sort();
    let most = costs.last().unwrap();
    assert!(most.0 <= TOKENS_MAX, "{costs:?}");
    let usual = costs[costs.len() / 2].0;
    assert!(usual <= TOKENS_USUAL, "{usual}: {costs:?}");
    for runbook in all() {
        for line in runbook.body.lines() {
            assert!(line.chars().count() <= LINE_CHARS_MAX, "{}: {line}", runbook.name);
        }
    }
}

#[test]
fn every_source_is_one_that_can_be_looked_up() {
    for runbook in all() {
        for line in runbook.section("Sources").unwrap().lines() {
            let manual = line.contains("(1)") || line.contains("(8)") || line.contains("(2)");
            let manual = manual || line.contains("(5)") || line.contains("(7)");
            let ours = line.ends_with("docs/troubleshooting.md");
            let site = line.find("https://").map(|at| &line[at..]);
            let known = site.is_some_and(|url| SITES.iter().any(|site| url.starts_with(site)));
            assert!(known || (site.is_none() && (manual || ours)), "{}: {line}", runbook.name);
        }
        let elsewhere = runbook.body.split("## Sources").next().unwrap();
        assert!(!elsewhere.contains("http"), "{}: addresses are sources", runbook.name);
    }
}

#[test]
fn what_was_asked_for_has_a_runbook() {
    for name in [
        "load-with-idle-cpu",
        "io-wait",
        "memory-leak",
        "swap-storm",
        "disk-full",
        "disk-filling",
        "inodes-exhausted",
        "saturated-link",
        "connection-exhaustion",
        "zombie-processes",
        "runaway-process",
        "container-restart-loop",
        "unhealthy-container",
        "cpu-steal",
        "clock-skew",
        "server-unreachable",
        "slow-glances",
    ] {
        assert!(Runbooks::default().by_name(name).is_some(), "{name}");
    }
    let skills: BTreeSet<String> = all().iter().map(runbooks::skill_markdown).collect();
    assert_eq!(skills.len(), all().len());
}

#[test]
fn the_example_of_the_manual_can_be_read() {
    let manual = include_str!("../../../../docs/configuration.md");
    let example = manual.split("```markdown\n").nth(1).unwrap().split("```").next().unwrap();
    let file = runbooks::File { path: "disk-full.md", stem: "disk-full", text: example };
    let all = Runbooks::with(&[file]).unwrap();
    let own = all.for_rule("disk_full").unwrap();
    assert!(own.own && own.body.contains("Over 95 % on"), "{}", own.body);
    let first = own.first_steps(Some("db-1")).swap_remove(0);
    assert_eq!(first.call.as_deref(), Some(r#"get_disk_usage {"servers": ["db-1"]}"#));
}

const OWN: &str = "---\nname: server-unreachable\ntitle: Ours\ndescription: For us. Use it.\n---\n\n\
    ## First calls\n\n1. Ask the pager: `manage_alerts {\"action\": \"list\"}`\n2. Call Ann.\n";

/// Waits until all these series of a server have been noted.
async fn history(server: &Server, alias: &str, metrics: &[&str]) {
    let asked = json!({"servers": [alias], "metrics": metrics});
    until("history", async || {
        let reply = server.call("query_metrics", asked.clone()).await;
        let whole = reply["structuredContent"]["notes"].as_array().is_none_or(Vec::is_empty);
        (reply["isError"] == false && whole).then_some(())
    })
    .await;
}

async fn down(fleet: &Fleet, server: &Server) -> Value {
    history(server, "web-1", &["load.min5", "memswap.percent"]).await;
    fleet.set_fault(0, Some(Fault::Refuse));
    until("the alert", async || {
        let reply = server.ask("check_alert_conditions", json!({})).await;
        (reply["firing"] == 1).then(|| reply["groups"][0].clone())
    })
    .await
}

#[tokio::test]
async fn a_group_of_alerts_names_its_runbook_and_the_first_calls_which_work() {
    let fleet = Fleet::start(vec![spec("web-1", Flavor::V4_5_8, Role::Web)]).await.unwrap();
    let server = Server::of(&fleet).await;
    let group = down(&fleet, &server).await;
    assert_eq!(group["runbook"], "glances://runbooks/server-unreachable", "{group}");
    let next = group["next"].as_str().unwrap();
    assert_eq!(next, r#"get_server_status {"servers": ["web-1"], "probe": true}"#);
    assert_eq!(group["first_steps"].as_array().unwrap().len(), 1, "{group}");
    let detailed = server.ask("check_alert_conditions", json!({"format": "detailed"})).await;
    let steps = detailed["groups"][0]["first_steps"].as_array().unwrap().clone();
    assert_eq!(steps.len(), 2, "{detailed}");
    for step in steps {
        let (_, call) = step.as_str().unwrap().split_once(": ").unwrap();
        let (tool, arguments) = call.split_once(' ').unwrap();
        server.ask(tool, serde_json::from_str(arguments).unwrap()).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_first_call_of_every_runbook_is_answered() {
    // One with containers, and hardware that has sensors.
    let specs = [("box-1", Role::ContainerHost), ("db-1", Role::Db)];
    let specs = specs.map(|(name, role)| spec(name, Flavor::V4_5_8, role)).to_vec();
    let fleet = Fleet::start(specs).await.unwrap();
    let server = Server::of(&fleet).await;
    history(&server, "box-1", &["memswap.sin", "diskio.read_bytes", "ports.up"]).await;
    history(&server, "box-1", &["containers.memory_usage", "containers.memory_percent"]).await;
    history(&server, "db-1", &["cpu.total", "sensors.temperature"]).await;
    let mut refused = Vec::new();
    for runbook in all() {
        for step in runbook.first_steps(Some("box-1")) {
            let (tool, arguments) = step.call.as_deref().unwrap().split_once(' ').unwrap();
            let reply = server.call(tool, serde_json::from_str(arguments).unwrap()).await;
            if reply["isError"] != false {
                let why = reply["content"][0]["text"].as_str().unwrap_or_default().to_owned();
                refused.push(format!("{}: {tool} {arguments}: {why}", runbook.name));
            }
        }
    }
    assert_eq!(refused, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_groups_with_their_runbooks_fit_in_a_reply_about_a_hundred_servers() {
    const METRICS: &[&str] = &[
        "mem.percent",
        "fs.percent",
        "load.min5",
        "cpu.total",
        "mem.used",
        "processcount.total",
        "server.response",
        "uptime.seconds",
        "mem.total",
        "mem.available",
        "fs.used",
        "fs.size",
    ];
    let fleet = Fleet::mixed(100, 2).await.unwrap();
    let mut config = config(&fleet);
    config["poll"] = json!({"interval": "10s"});
    let threshold = |(index, metric): (usize, &&str)| {
        let server = &fleet.servers()[index].name;
        json!({"metric": metric, "servers": [server], "warning": 1e-6, "critical": 1e-3, "for": 0})
    };
    let thresholds: Vec<Value> = METRICS.iter().enumerate().map(threshold).collect();
    config["alert_thresholds"] = json!(thresholds);
    // What fails on several servers of one environment is one group.
    for (index, server) in config["servers"].as_array_mut().unwrap().iter_mut().enumerate() {
        server["environment"] = json!(format!("environment-{index}"));
    }
    let server = Server::start(&config).await;
    server.ready().await;
    let result = until("ten groups", async || {
        let result = server.call("check_alert_conditions", json!({})).await;
        let groups = result["structuredContent"]["groups"].as_array().unwrap();
        (groups.len() == 10).then(|| result.clone())
    })
    .await;
    let groups = result["structuredContent"]["groups"].as_array().unwrap();
    assert!(groups.iter().filter(|group| group["runbook"].is_string()).count() >= 8, "{groups:?}");
    let costs = bounded("check_alert_conditions", &result, CONCISE_TOKENS);
    assert_eq!(costs, Vec::<String>::new(), "{}", result["content"][0]["text"].as_str().unwrap());
    let detailed = server.call("check_alert_conditions", json!({"format": "detailed"})).await;
    assert_eq!(bounded("detailed", &detailed, DETAILED_TOKENS), Vec::<String>::new());
}

#[tokio::test]
async fn an_operators_runbook_replaces_ours_and_its_change_is_taken_while_running() {
    let fleet = Fleet::start(vec![spec("web-1", Flavor::V4_5_8, Role::Web)]).await.unwrap();
    let folder = tempfile::TempDir::new().unwrap();
    let file = folder.path().join("server-unreachable.md");
    std::fs::write(&file, OWN).unwrap();
    let mut config = config(&fleet);
    config["runbooks"] = json!({"folder": folder.path()});
    let server = Server::start(&config).await;
    let group = down(&fleet, &server).await;
    assert_eq!(group["next"], r#"manage_alerts {"action": "list"}"#, "{group}");
    assert_eq!(group["first_steps"], json!(["Call Ann."]));

    std::fs::write(&file, OWN.replace("Ann", "Bob")).unwrap();
    let steps = json!(["Call Bob."]);
    until("the changed runbook", async || {
        let reply = server.ask("check_alert_conditions", json!({})).await;
        (reply["groups"][0]["first_steps"] == steps).then_some(())
    })
    .await;

    std::fs::write(&file, OWN.replace("title", "titel")).unwrap();
    let notice = until("the notice", async || {
        let ready = server.get("/ready").await.json();
        ready["notices"][0].as_str().map(str::to_owned)
    })
    .await;
    assert!(notice.contains("server-unreachable.md:3") && notice.contains("titel"), "{notice}");
    let reply = server.ask("check_alert_conditions", json!({})).await;
    assert_eq!(reply["groups"][0]["first_steps"], steps, "a bad one changes nothing");
}

#[tokio::test]
async fn check_tells_all_that_is_wrong_with_runbooks_and_thresholds_together() {
    let dir = tempfile::TempDir::new().unwrap();
    std::fs::create_dir(dir.path().join("own")).unwrap();
    let write = |name: &str, text: &str| std::fs::write(dir.path().join(name), text).unwrap();
    let servers = "[[servers]]\nalias = \"a\"\nhost = \"127.0.0.1\"\n";
    let bad = "[[alert_thresholds]]\nmetric = \"cpu.totl\"\nwarning = 1\ncritical = 2\n";
    let folder = "[runbooks]\nfolder = \"own\"\n";
    write("c.toml", &format!("{folder}{servers}{bad}"));
    write("own/a.md", "# No front matter\n");
    write("own/b.md", "---\nname: c\ntitle: B\ndescription: For us.\nrules: [nope]\n---\nText\n");
    let check = ["check", "--no-probe", "--config", "c.toml"];
    let output = run_in(dir.path(), &check).await;
    let said = text(&output.stdout);
    assert!(!output.status.success() && said.starts_with("4 problems:"), "{said}");
    for words in [
        "cpu.totl",
        "own/a.md:1: there is no front matter",
        "own/b.md:2: ",
        "own/b.md:5: there is no rule `nope`",
    ] {
        assert!(said.contains(words), "{words}: {said}");
    }
    write("c.toml", &format!("{folder}{servers}"));
    write("own/a.md", "---\nname: a\ntitle: A\ndescription: For us.\n---\nText\n");
    std::fs::remove_file(dir.path().join("own/b.md")).unwrap();
    let output = run_in(dir.path(), &check).await;
    let said = text(&output.stdout);
    assert!(output.status.success() && said.contains("1 of them your own"), "{said}");
}
