//! Real questions, with the calls that answer them, the facts that the replies must hold, and what
//! they cost. Grows with every tool.

use std::collections::BTreeSet;

use fleet_sim::{
    Fault, Flavor, Fleet, HostSpec, Role,
    host::Host,
    scenario::{Kind, Scenario, Span},
};
use serde_json::{Value, json};

use crate::{
    history::{kept, three_weeks},
    support::{Server, past::Past, spec, tokens, until},
};

/// Calls that answer one question.
const CALLS_MAX: usize = 3;
/// By which factor a cost may differ from the one that was written down: what is beyond a
/// threshold comes and goes with the hour.
const COST_FACTOR: f64 = 1.6;

/// A shop: what each machine is follows from its role.
struct Shop {
    fleet: Fleet,
    server: Server,
    specs: Vec<HostSpec>,
}

impl Shop {
    async fn open() -> Self {
        let mut specs = vec![
            spec("web-1", Flavor::V4_5_8, Role::Web),
            spec("web-2", Flavor::V4_3_3, Role::Web),
            spec("db-1", Flavor::V4_5_8, Role::Db),
            spec("db-2", Flavor::V3_4_0_5, Role::Db),
            spec("cache-1", Flavor::V5Python, Role::Cache),
            spec("batch-1", Flavor::V4_5_8, Role::Batch),
            spec("box-1", Flavor::V4_5_8, Role::ContainerHost),
        ];
        specs[4].disabled = Vec::new();
        let fleet = Fleet::start(specs.clone()).await.unwrap();
        let server = Server::of(&fleet).await;
        server.counts("up", 7).await;
        // The first sample of a Glances that has just been started has no counters.
        until("rates", async || {
            let all = json!({"filter": "*", "limit": 100});
            let disks = server.ask("get_disk_io_stats", all).await;
            let all = json!({"interface": "*", "limit": 100});
            let nics = server.ask("get_network_stats", all).await;
            let known = |rows: &[Value], key: &str| rows.iter().all(|row| row[key].is_number());
            (known(rows(&disks, "disks"), "read_bytes_per_second")
                && known(rows(&nics, "interfaces"), "in_bits_per_second"))
            .then_some(())
        })
        .await;
        Self { fleet, server, specs }
    }

    fn host(&self, name: &str) -> Host {
        Host::new(self.specs.iter().find(|spec| spec.name == name).unwrap().clone())
    }

    /// A question, answered by these calls. `cost` is what all their texts take, in tokens; the
    /// structured form of a reply has about a quarter more.
    async fn ask(&self, question: &str, cost: f64, calls: &[(&str, Value)]) -> Vec<Value> {
        assert!(calls.len() <= CALLS_MAX, "{question}");
        let (mut replies, mut spent) = (Vec::new(), 0);
        for (tool, arguments) in calls {
            let mut result = self.server.call(tool, arguments.clone()).await;
            assert_eq!(result["isError"], false, "{question}: {result}");
            spent += tokens(result["content"][0]["text"].as_str().unwrap());
            replies.push(result["structuredContent"].take());
        }
        let spent = f64::from(u32::try_from(spent).unwrap());
        let fits = (cost / COST_FACTOR..=cost * COST_FACTOR).contains(&spent);
        assert!(fits, "{question}: {spent} tokens, not {cost}");
        replies
    }
}

#[track_caller]
fn rows<'v>(reply: &'v Value, list: &str) -> &'v [Value] {
    let Some(rows) = reply[list].as_array() else { panic!("no `{list}` in {reply}") };
    rows
}

#[track_caller]
fn number(row: &Value, key: &str) -> f64 {
    let Some(number) = row[key].as_f64() else { panic!("no number `{key}` in {row}") };
    number
}

#[track_caller]
fn text<'v>(row: &'v Value, key: &str) -> &'v str {
    let Some(text) = row[key].as_str() else { panic!("no text `{key}` in {row}") };
    text
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn questions_about_a_healthy_fleet() {
    let shop = Shop::open().await;
    which_disks_are_fullest(&shop).await;
    where_does_java_run_and_how_much_does_it_take_in_all(&shop).await;
    why_is_db_1_slow(&shop).await;
    which_glances_are_outdated(&shop).await;
    which_servers_are_open_to_everybody(&shop).await;
    is_there_a_container_in_trouble(&shop).await;
    who_moves_most_over_the_network(&shop).await;
    how_do_the_two_databases_differ(&shop).await;
    how_much_memory_have_we_in_all(&shop).await;
    what_is_the_pid_of_postgres_and_what_does_it_do(&shop).await;
    which_disks_work_most(&shop).await;
    does_production_have_more_to_spare_than_staging(&shop).await;
    which_servers_are_unhealthy_and_why(&shop).await;
}

async fn which_servers_are_unhealthy_and_why(shop: &Shop) {
    let question = "Which servers are unhealthy, and why?";
    let replies = shop.ask(question, 900.0, &[("generate_health_score", json!({}))]).await;
    let servers = rows(&replies[0], "servers");
    assert_eq!(servers.len(), shop.specs.len(), "{}", replies[0]);
    let scores: Vec<f64> = servers.iter().map(|row| number(row, "score")).collect();
    assert!(scores.windows(2).all(|two| two[0] <= two[1]), "{scores:?}");
    // Who lost points has reasons, who lost none has none.
    for row in servers {
        let lost = rows(&replies[0], "deductions").iter().find(|it| it["server"] == row["server"]);
        assert_eq!(lost.is_some(), number(row, "score") < 99.95, "{row}");
        assert!(lost.is_none_or(|lost| lost["value"].is_number() && lost["threshold"].is_number()));
    }
    // In a shop of seven the tenth of the weight is the worst one's.
    assert_eq!(number(&replies[0]["fleet"], "score"), scores[0], "{}", replies[0]["fleet"]);
}

async fn which_disks_are_fullest(shop: &Shop) {
    let replies =
        shop.ask("Which disks are fullest?", 490.0, &[("get_disk_usage", json!({}))]).await;
    let rows = rows(&replies[0], "filesystems");
    let percents: Vec<f64> = rows.iter().map(|row| number(row, "use_percent")).collect();
    assert!(percents.windows(2).all(|two| two[0] >= two[1]), "{percents:?}");
    // Every mount point that the machines have is one of the simulated ones, with its size.
    for row in rows {
        let host = shop.host(text(row, "server"));
        let mount = host.mounts.iter().find(|mount| mount.path == row["mount"]);
        let size = mount.unwrap_or_else(|| panic!("{row}")).size;
        let shown = number(row, "size_bytes");
        #[expect(clippy::cast_precision_loss, reason = "sizes stay below 2^53")]
        let share = shown / size as f64;
        assert!((0.9..=1.01).contains(&share), "{row}: {shown} of {size}");
    }
    let mounts: usize = shop.specs.iter().map(|spec| shop.host(&spec.name).mounts.len()).sum();
    assert_eq!(replies[0]["total"]["filesystems"], mounts, "{}", replies[0]["total"]);
}

async fn where_does_java_run_and_how_much_does_it_take_in_all(shop: &Shop) {
    let question = "Where does `java` run and how much does it take in all?";
    let call = ("get_top_processes", json!({"filter": "java"}));
    let replies = shop.ask(question, 205.0, &[call]).await;
    let count = |name: &str| {
        shop.host(name).processes.iter().filter(|process| process.kind.name == "java").count()
    };
    let expected: usize = shop.specs.iter().map(|spec| count(&spec.name)).sum();
    let homes: Vec<&str> =
        shop.specs.iter().map(|spec| spec.name.as_str()).filter(|name| count(name) > 0).collect();
    assert!(expected > 0 && !homes.is_empty());
    let total = &rows(&replies[0], "fleet")[0];
    assert_eq!(total["program"], "java", "{total}");
    assert_eq!(total["servers"], homes.len(), "{total}");
    assert_eq!(total["processes"], expected, "{total}");
    assert!(number(total, "memory_bytes") > 1e8, "{total}");
}

async fn why_is_db_1_slow(shop: &Shop) {
    let calls = [
        ("get_system_overview", json!({"servers": ["db-1"]})),
        ("get_top_processes", json!({"servers": ["db-1"]})),
    ];
    let replies = shop.ask("Why is db-1 slow?", 1_245.0, &calls).await;
    let one = &replies[0]["one"];
    let host = shop.host("db-1");
    assert_eq!(one["cores"], host.cores, "{one}");
    assert_eq!(one["memory"]["total_bytes"], host.mem_total, "{one}");
    assert_eq!(one["per_core_percent"].as_array().unwrap().len(), host.cores as usize);
    assert!(text(&one["fullest_mount"], "mount").starts_with('/'));
    assert!(text(&one["busiest_disk"], "disk").starts_with("nvme"));
    let top: Vec<&str> = rows(&replies[1], "processes")
        .iter()
        .filter_map(|row| row["name"].as_str().or(row["program"].as_str()))
        .collect();
    assert!(top.contains(&"postgres"), "{top:?}");
}

async fn which_glances_are_outdated(shop: &Shop) {
    let replies =
        shop.ask("Which Glances are outdated?", 366.0, &[("list_servers", json!({}))]).await;
    for row in rows(&replies[0], "servers") {
        let spec = shop.specs.iter().find(|spec| spec.name == row["server"]).unwrap();
        // API 3 does not tell its version, but that it is an old one.
        let version = if spec.flavor.api() > 3 { spec.flavor.version() } else { "3.x" };
        assert_eq!(row["glances"].as_str(), Some(version), "{row}");
        assert_eq!(row["api"], spec.flavor.api(), "{row}");
    }
    assert_eq!(replies[0]["glances_versions"]["4.5.8"], 4, "{}", replies[0]["glances_versions"]);
    assert_eq!(replies[0]["glances_versions"]["3.x"], 1);
}

async fn is_there_a_container_in_trouble(shop: &Shop) {
    let question = "Which containers run, and is one of them in trouble?";
    let calls = [
        ("get_containers", json!({})),
        ("get_container_details", json!({"server": "box-1", "container": "api"})),
    ];
    let replies = shop.ask(question, 797.0, &calls).await;
    let host = shop.host("box-1");
    // Glances lists stopped containers only when it is told to.
    let names: Vec<&str> =
        rows(&replies[0], "containers").iter().map(|row| text(row, "container")).collect();
    for name in ["web-1", "api", "worker", "redis"] {
        assert!(names.contains(&name), "{names:?}");
        assert!(host.containers.iter().any(|container| container.kind.name == name));
    }
    assert_eq!(replies[1]["memory_limit_bytes"], 1_u64 << 30, "{}", replies[1]);
    assert_eq!(replies[1]["image"], "registry.internal/shop/api:2026.11");
}

async fn who_moves_most_over_the_network(shop: &Shop) {
    let question = "Which machine moves most over the network?";
    let call = ("get_network_stats", json!({"interface": "eth*", "limit": 20}));
    let replies = shop.ask(question, 503.0, &[call]).await;
    let rows = rows(&replies[0], "interfaces");
    let moved =
        |row: &Value| number(row, "in_bits_per_second") + number(row, "out_bits_per_second");
    assert!(rows.windows(2).all(|two| moved(&two[0]) >= moved(&two[1])), "{rows:?}");
    let eths =
        |name: &str| shop.host(name).nics.iter().filter(|nic| nic.name.starts_with("eth")).count();
    let expected: usize = shop.specs.iter().map(|spec| eths(&spec.name)).sum();
    assert_eq!(rows.len(), expected, "{rows:?}");
    assert!(rows.iter().all(|row| text(row, "interface").starts_with("eth")));
}

async fn how_do_the_two_databases_differ(shop: &Shop) {
    let question = "How do db-1 and db-2 differ?";
    let call = ("compare_servers", json!({"servers": ["db-1", "db-2"]}));
    let replies = shop.ask(question, 338.0, &[call]).await;
    let all = replies[0].to_string();
    for fact in ["db-1", "db-2", "glances API"] {
        assert!(all.contains(fact), "{fact} is not in {all}");
    }
    for row in rows(&replies[0], "servers") {
        let host = shop.host(text(row, "server"));
        assert_eq!(row["cores"], host.cores, "{row}");
        assert_eq!(row["memory_total_bytes"], host.mem_total, "{row}");
    }
}

async fn how_much_memory_have_we_in_all(shop: &Shop) {
    let question = "How many cores and how much memory have we in all?";
    let replies = shop.ask(question, 365.0, &[("get_system_overview", json!({}))]).await;
    let hosts: Vec<Host> = shop.specs.iter().map(|spec| shop.host(&spec.name)).collect();
    let memory: u64 = hosts.iter().map(|host| host.mem_total).sum();
    assert_eq!(replies[0]["fleet"]["memory_total_bytes"], memory);
    assert_eq!(replies[0]["fleet"]["cores"], hosts.iter().map(|host| host.cores).sum::<u32>());
    assert_eq!(replies[0]["fleet"]["answered"], hosts.len());
}

async fn what_is_the_pid_of_postgres_and_what_does_it_do(shop: &Shop) {
    let question = "Which postgres processes run on db-1, and what does one of them hold open?";
    let calls = [("get_process_details", json!({"server": "db-1", "name": "postgres"}))];
    let replies = shop.ask(question, 1_160.0, &calls).await;
    let host = shop.host("db-1");
    let pids: Vec<u32> = host
        .processes
        .iter()
        .filter(|process| process.kind.name == "postgres")
        .map(|process| process.pid)
        .collect();
    assert_eq!(replies[0]["found"], pids.len(), "{}", replies[0]);
    let pid = replies[0]["processes"][0]["pid"].clone();
    assert!(pids.iter().any(|known| pid == *known), "{pid} of {pids:?}");
    let call = ("get_process_details", json!({"server": "db-1", "pid": pid, "extended": true}));
    let replies = shop.ask(question, 318.0, &[call]).await;
    assert!(replies[0]["extended"]["open_files"].is_number(), "{}", replies[0]);
}

async fn which_disks_work_most(shop: &Shop) {
    let question = "Which disks work most, and do their requests wait?";
    let calls = [("get_disk_io_stats", json!({"limit": 30}))];
    let replies = shop.ask(question, 901.0, &calls).await;
    for row in rows(&replies[0], "disks") {
        let host = shop.host(text(row, "server"));
        assert!(host.disks.iter().any(|disk| disk.name == row["disk"]), "{row}");
        assert!(row["read_bytes_per_second"].is_number(), "{row}");
    }
    // What only newer versions serve is said of the others.
    assert!(replies[0]["notes"].to_string().contains("db-2"), "{}", replies[0]["notes"]);
}

async fn which_servers_are_open_to_everybody(shop: &Shop) {
    let question = "Which servers are open to everybody, which run a vulnerable Glances, and what do I change?";
    let calls = [("get_server_status", json!({"security": true}))];
    let replies = shop.ask(question, 900.0, &calls).await;
    let security = &replies[0]["security"];
    let control = |id: &str| rows(security, "controls").iter().find(|row| row["control"] == id);
    let open = control("authentication").unwrap();
    assert_eq!((open["fail"].as_u64(), open["pass"].as_u64()), (Some(7), Some(0)), "{open}");
    assert!(text(open, "fix").contains("--password"), "{open}");
    let vulnerable = text(control("vulnerabilities").unwrap(), "failing");
    assert_eq!(vulnerable, "db-2, web-2");
    let releases = rows(security, "releases");
    assert!(releases.iter().all(|row| row["fixed_in"] == "4.5.7"), "{releases:?}");
}

async fn does_production_have_more_to_spare_than_staging(shop: &Shop) {
    let question = "Does production have more to spare than staging?";
    let replies = shop.ask(question, 435.0, &[("environment_analysis", json!({}))]).await;
    let environments = rows(&replies[0], "environments");
    let counted: u64 = environments.iter().filter_map(|row| row["servers"].as_u64()).sum();
    assert_eq!(counted, 7, "{}", replies[0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn questions_about_what_is_broken() {
    let shop = Shop::open().await;
    shop.fleet.set_fault(1, Some(Fault::Refuse));
    shop.fleet.set_fault(3, Some(Fault::Hang));
    shop.server.counts("down", 2).await;
    let question = "Which machines do we not see, since when, and what do I do?";
    let calls = [
        ("get_server_status", json!({})),
        ("get_server_status", json!({"servers": ["web-2"], "probe": true})),
    ];
    let replies = shop.ask(question, 707.0, &calls).await;
    let down: Vec<&str> = rows(&replies[0], "servers")
        .iter()
        .filter(|row| row["status"] == "down")
        .map(|row| text(row, "server"))
        .collect();
    // The slower of the two comes first, which is chance.
    assert_eq!(BTreeSet::from_iter(down), BTreeSet::from(["db-2", "web-2"]));
    let fix = &rows(&replies[1], "probe_fixes")[0];
    assert_eq!(fix["server"], "web-2");
    assert!(text(fix, "fix").contains("Glances"), "{fix}");
    let layers = rows(&replies[1], "probes");
    assert!(layers.iter().any(|layer| layer["outcome"] == "failed"), "{layers:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn questions_about_three_weeks() {
    let dir = tempfile::TempDir::new().unwrap();
    let file = dir.path().join("history.db");
    let names = ["web-1", "spare-1", "new-1"];
    three_weeks(&file, "web-1", false).await;
    three_weeks(&file, "spare-1", true).await;
    let specs = names.map(|name| spec(name, Flavor::V4_5_8, Role::Web)).to_vec();
    let fleet = Fleet::start(specs.clone()).await.unwrap();
    let mut config = kept(&fleet, &file);
    config["performance_baseline_retention"] = json!(30);
    config["servers"][1]["cost_per_month"] = json!(100);
    let server = Server::start(&config).await;
    server.ready().await;
    until("the judgement", async || {
        let reply = server.ask("capacity_analysis", json!({})).await;
        reply["judged_at"].is_string().then_some(())
    })
    .await;
    let shop = Shop { fleet, server, specs };
    who_is_busiest_and_idlest_and_what_could_shrink(&shop).await;
    which_disks_fill_within_a_month(&shop).await;
}

async fn who_is_busiest_and_idlest_and_what_could_shrink(shop: &Shop) {
    let question = "The ten busiest and the ten idlest servers by p95 of CPU over 14 days, and what could shrink?";
    let by = |order: &str| {
        json!({"metrics": ["cpu.total"], "since": "-14d", "sort_by": "p95", "limit": 10,
            "order": order})
    };
    let calls = [
        ("query_metrics", by("highest")),
        ("query_metrics", by("lowest")),
        ("capacity_analysis", json!({"idle": true})),
    ];
    let replies = shop.ask(question, 900.0, &calls).await;
    // 92 % for a quarter of the day, and 8 % all day.
    let busiest = &rows(&replies[0], "series")[0];
    assert_eq!(busiest["server"], "web-1", "{busiest}");
    assert!((number(busiest, "p95") - 92.0).abs() < 2.0, "{busiest}");
    let spare = rows(&replies[1], "series").iter().find(|row| row["server"] == "spare-1").unwrap();
    assert!((number(spare, "p95") - 8.0).abs() < 2.0, "{spare}");
    let idle = &rows(&replies[2], "idle")[0];
    assert_eq!(idle["server"], "spare-1", "{idle}");
    assert!(number(idle, "saving_per_month") > 40.0, "{idle}");
}

async fn which_disks_fill_within_a_month(shop: &Shop) {
    let question = "Which disks fill within 30 days?";
    let calls = [("capacity_analysis", json!({"resource": "disk", "within": 30}))];
    let replies = shop.ask(question, 330.0, &calls).await;
    let filling = rows(&replies[0], "resources");
    // 70 % and two points a day, on both of the old servers: 15 days.
    assert_eq!(filling.len(), 2, "{filling:?}");
    for row in filling {
        assert_eq!(row["item"], "/var/log", "{row}");
        assert!((13.0..=17.0).contains(&number(row, "likely_full_days")), "{row}");
    }
}

/// Four in the morning of a Monday.
const NIGHT: i64 = 1_795_392_000 + 4 * 3_600;

fn at_four() -> jiff::Timestamp {
    jiff::Timestamp::from_second(NIGHT).unwrap()
}

#[tokio::test]
async fn questions_about_the_past() {
    #[expect(clippy::cast_precision_loss, reason = "seconds")]
    let end = NIGHT as f64;
    let names = [("db-1", Role::Db), ("web-1", Role::Web), ("web-2", Role::Web)];
    let specs = names.map(|(name, role)| spec(name, Flavor::V4_5_8, role)).to_vec();
    let mut scenario = Scenario::calm(specs, Span { begin: end - 7_800.0, end }, 3);
    // At 03:05 a program takes the cores of db-1; at 03:20 web-1 is silent for ten minutes, at 03:30
    // web-2 starts anew.
    assert!(scenario.play(Kind::CpuRunaway, &[0], end - 3_300.0, 1_800.0));
    assert!(scenario.play(Kind::Outage, &[1], end - 2_400.0, 600.0));
    assert!(scenario.play(Kind::Reboot, &[2], end - 1_800.0, 240.0));
    let past = Past::played(scenario, 60, at_four).await;

    // What ate the CPU on db-1 at 03:10?
    let at = |at: &str| json!({"servers": ["db-1"], "at": at, "limit": 1});
    let then = past.ask("get_top_processes", at("03:10")).await;
    let usual = past.ask("get_top_processes", at("02:40")).await;
    let (then, usual) = (&rows(&then, "processes")[0], &rows(&usual, "processes")[0]);
    assert!(number(then, "cpu_percent") > 2.0 * number(usual, "cpu_percent"), "{then} {usual}");
    let changed = json!({"since": "03:00", "until": "03:30"});
    let changed = past.ask("what_changed", changed).await;
    let moves = rows(&changed, "moves");
    assert!(moves.iter().take(3).any(|row| row["server"] == "db-1"), "{moves:?}");
    let programs = rows(&changed, "programs");
    let ate = programs.iter().find(|row| row["server"] == "db-1");
    assert_eq!(ate.unwrap()["program"], then["name"], "{programs:?}");

    // Who was down or rebooted this week, and for how long?
    let week = past.ask("get_server_status", json!({"since": "-7d"})).await;
    let outages = rows(&week["availability"], "outages");
    let down = outages.iter().find(|row| row["server"] == "web-1").unwrap();
    assert!((420.0..=660.0).contains(&number(down, "length_seconds")), "{down}");
    let reboots = rows(&week["availability"], "reboots");
    assert_eq!((reboots.len(), text(&reboots[0], "server")), (1, "web-2"), "{reboots:?}");
}
