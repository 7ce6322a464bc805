//! The command line: what it prints and how it ends.

use std::path::Path;

use fleet_sim::{Fault, Fleet};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{config, run, run_in, text};

fn written(config: &Value) -> TempDir {
    let dir = TempDir::new().unwrap();
    std::fs::write(dir.path().join("glances-mcp.json"), config.to_string()).unwrap();
    dir
}

async fn check(dir: &Path, more: &[&str]) -> (Option<i32>, String) {
    let mut arguments = vec!["check"];
    arguments.extend(more);
    let output = run_in(dir, &arguments).await;
    (output.status.code(), text(&output.stdout))
}

/// The address of nobody.
fn dead_url() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

#[tokio::test]
async fn check_is_content_when_every_server_answers() {
    let fleet = Fleet::mixed(3, 1).await.unwrap();
    let (code, said) = check(written(&config(&fleet)).path(), &[]).await;
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("3 servers from"), "{said}");
    for server in fleet.servers() {
        let line = said.lines().find(|line| line.contains(&server.name)).unwrap();
        assert!(line.starts_with("ok"), "{line}");
        assert!(line.contains(&format!("API {}", server.flavor.api())), "{line}");
    }
}

#[tokio::test]
async fn check_builds_the_rules_of_the_file_and_reports_bad_ones_with_their_place() {
    let fleet = Fleet::mixed(1, 1).await.unwrap();
    let mut config = config(&fleet);
    config["alert_thresholds"] =
        json!([{"metric": "mem.percent", "warning": 80, "critical": 90, "unit": "percent"}]);
    let (code, said) = check(written(&config).path(), &["--no-probe"]).await;
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("alerts: 1 threshold, 0 maintenance windows"), "{said}");
    config["alert_thresholds"] = json!([
        {"metric": "mem.pct", "warning": 80, "critical": 90},
        {"metric": "cpu.total", "warning": 80, "critical": 90, "unit": "GiB"},
    ]);
    let (code, said) = check(written(&config).path(), &["--no-probe"]).await;
    assert_eq!(code, Some(1), "{said}");
    for words in ["2 problems", "alert_thresholds[0].metric", "alert_thresholds[1].unit"] {
        assert!(said.contains(words), "{words} is not in {said}");
    }
}

#[tokio::test]
async fn check_reports_all_problems_of_a_file_at_once_with_their_places() {
    let bad = json!({
        "servers": [
            {"alias": "a", "host": "127.0.0.1", "port": 99_999},
            {"alias": "a", "hots": "127.0.0.1"},
            {"host": "127.0.0.1", "protocol": "gopher"},
        ],
        "poll": {"interval": "1ms"},
        "htpp": {},
    });
    let (code, said) = check(written(&bad).path(), &[]).await;
    assert_eq!(code, Some(1), "{said}");
    for place in ["servers[0].port", "servers[1]", "servers[2]", "poll.interval", "htpp"] {
        assert!(said.contains(place), "{place} is not in {said}");
    }
    assert!(said.contains("`host`") && said.contains("`http`"), "{said}");
}

#[tokio::test]
async fn check_tells_a_server_that_cannot_be_reached_with_its_fix() {
    let fleet = Fleet::mixed(2, 1).await.unwrap();
    fleet.set_fault(1, Some(Fault::Refuse));
    let dir = written(&config(&fleet));
    let (code, said) = check(dir.path(), &[]).await;
    assert_eq!(code, Some(2), "{said}");
    assert!(said.lines().any(|line| line.starts_with("ok") && line.contains("sim-001")), "{said}");
    assert!(
        said.lines().any(|line| line.starts_with("FAIL") && line.contains("sim-002")),
        "{said}"
    );
    assert!(said.contains("fix: start Glances"), "{said}");
    let (code, said) = check(dir.path(), &["--no-probe"]).await;
    assert_eq!(code, Some(0), "{said}");
}

#[tokio::test]
async fn check_without_any_configuration_says_what_to_do() {
    let (code, said) = check(TempDir::new().unwrap().path(), &["--config", "none.toml"]).await;
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("none.toml"), "{said}");
}

#[tokio::test]
async fn probe_goes_layer_by_layer_and_is_content_with_a_server_that_answers() {
    let fleet = Fleet::mixed(1, 1).await.unwrap();
    let output = run(&["probe", &fleet.url(0)]).await;
    let said = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{said}");
    for layer in ["TCP", "HTTP", "API"] {
        assert!(said.to_uppercase().contains(layer), "{said}");
    }
    assert!(!said.contains("FAIL"), "{said}");
}

#[tokio::test]
async fn probe_of_a_dead_port_ends_with_the_fix() {
    let output = run(&["probe", &dead_url()]).await;
    let said = text(&output.stdout);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("FAIL"), "{said}");
    assert!(said.trim_end().lines().last().unwrap().starts_with("fix: "), "{said}");
}

#[tokio::test]
async fn probe_finds_a_missing_password() {
    let mut spec = fleet_sim::HostSpec::new("box-1", fleet_sim::Flavor::V4_5_8, 1);
    spec.password = Some("opensesame".to_owned());
    let fleet = Fleet::start(vec![spec]).await.unwrap();
    let said = text(&run(&["probe", &fleet.url(0)]).await.stdout);
    assert!(said.contains("FAIL") && said.contains("password"), "{said}");
    let dir = TempDir::new().unwrap();
    std::fs::write(dir.path().join("password"), "opensesame").unwrap();
    let output = run_in(dir.path(), &["probe", &fleet.url(0), "--password", "file:password"]).await;
    let said = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(!said.contains("opensesame"), "{said}");
}

#[tokio::test]
async fn the_version_has_the_commit() {
    let said = text(&run(&["--version"]).await.stdout);
    let (version, commit) = said.trim().split_once(" (").unwrap();
    assert_eq!(version, concat!("glances-mcp ", env!("CARGO_PKG_VERSION")));
    let commit = commit.strip_suffix(')').unwrap();
    assert!(commit == "unknown commit" || commit.chars().all(|c| c.is_ascii_hexdigit()), "{said}");
}

#[tokio::test]
async fn a_wrong_command_names_the_nearest() {
    let output = run(&["serv"]).await;
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("'serve'"));
}

#[tokio::test]
async fn completions_are_printed_for_the_common_shells() {
    for shell in ["bash", "zsh", "fish"] {
        let output = run(&["completions", shell]).await;
        assert!(output.status.success() && text(&output.stdout).contains("glances-mcp"), "{shell}");
    }
}

#[tokio::test]
async fn servers_of_the_command_line_need_no_file() {
    let fleet = Fleet::mixed(1, 1).await.unwrap();
    let server = format!("web={}", fleet.url(0));
    let output = run(&["check", "--server", &server]).await;
    let said = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(said.contains("ok   web"), "{said}");
}
