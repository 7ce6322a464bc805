//! What clients rely on: the tools' contracts, their cost, the command line.

use serde_json::{Value, json};

use crate::support::{Server, Session, run, text, tokens};
use fleet_sim::Fleet;
use glances_mcp::{
    access::Permission,
    mcp::INSTRUCTIONS,
    tools::{self, Effect},
};

/// One name for one parameter, everywhere.
const PARAMETERS: &[&str] = &[
    "servers",
    "server",
    "format",
    "limit",
    "filter",
    "sort_by",
    "fresh",
    "metrics",
    "since",
    "until",
    "baseline",
    "horizon",
    "severity",
    "pid",
    "name",
    "container",
    "mount",
    "interface",
    "environment",
    "thresholds",
    "chart",
    "timezone",
    // named in the table of tools, or where lists are cut
    "per_server",
    "cursor",
    "probe",
    "security",
    "sections",
    "extended",
    "at",
    // of one tool each
    "group",
    "min_percent",
    "resource",
    "within",
    "growth_percent",
    "cost_per_month",
    "idle",
    "aggregate",
    "order",
    "points",
    "state",
    // of what operators say of alerts
    "action",
    "id",
    "for",
    "schedule",
    "verdict",
    "reason",
    "scenario",
    "kind",
    "sensitivity",
    "change_at",
];

/// Clients cut longer descriptions.
const DESCRIPTION_CHARS_MAX: usize = 1_024;
/// Clients cut longer instructions.
const INSTRUCTIONS_BYTES_MAX: usize = 2_048;
/// What a model reads of a tool, on average.
const TOOL_TOKENS_AVERAGE: usize = 260;
/// What a model reads of all tools.
const TOOLS_TOKENS_MAX: usize = 6_500;

#[test]
fn every_contract_of_a_tool_is_reviewed() {
    for def in tools::all() {
        let effect = match def.effect {
            Effect::ReadOnly => "read only",
            Effect::BrieflyChanges => "briefly changes a setting",
            Effect::Manages => "changes what we keep",
        };
        let permission = match def.permission {
            Permission::Read => "read",
            Permission::Operate => "operate",
        };
        insta::with_settings!({
            prepend_module_to_snapshot => false,
            snapshot_path => "../snapshots/tools",
            omit_expression => true,
        }, {
            insta::assert_json_snapshot!(def.name, json!({
                "name": def.name,
                "title": def.title,
                "description": def.description,
                "permission": permission,
                "effect": effect,
                "inputSchema": *def.input_schema,
                "outputSchema": *def.output_schema,
            }));
        });
    }
}

#[test]
fn a_snapshot_of_a_tool_that_is_gone_is_removed() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/snapshots/tools");
    let known: Vec<String> = tools::all().iter().map(|def| format!("{}.snap", def.name)).collect();
    for entry in std::fs::read_dir(folder).into_iter().flatten() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let is_known = known.iter().any(|known| name.trim_end_matches(".new") == known);
        assert!(is_known, "{name} is of no tool");
    }
}

#[tokio::test]
async fn the_help_of_every_command_is_reviewed() {
    let commands = ["", "serve", "connect", "check", "probe", "audit", "docs", "completions"];
    for command in commands {
        let mut arguments: Vec<&str> = command.split_whitespace().collect();
        arguments.push("--help");
        let output = run(&arguments).await;
        assert!(output.status.success(), "{command}");
        let name = if command.is_empty() { "glances-mcp" } else { command };
        insta::with_settings!({
            prepend_module_to_snapshot => false,
            snapshot_path => "../snapshots/help",
            omit_expression => true,
        }, {
            insta::assert_snapshot!(name, text(&output.stdout));
        });
    }
}

#[test]
fn what_a_model_reads_of_a_tool_is_within_its_budget() {
    let mut costs = Vec::new();
    for def in tools::all() {
        let length = def.description.chars().count();
        assert!(length <= DESCRIPTION_CHARS_MAX, "{}: {length} characters", def.name);
        let schema = Value::Object((*def.input_schema).clone()).to_string();
        let read = format!("{}\n{}\n{}\n{schema}", def.name, def.title, def.description);
        costs.push((tokens(&read), def.name));
    }
    let sum: usize = costs.iter().map(|(cost, _)| cost).sum();
    costs.sort_unstable();
    assert!(sum <= TOOLS_TOKENS_MAX, "{sum} tokens in all: {costs:?}");
    let average = sum / costs.len();
    assert!(average <= TOOL_TOKENS_AVERAGE, "{average} tokens on average: {costs:?}");
}

#[test]
fn instructions_fit_where_clients_cut_them_and_name_only_tools_that_exist() {
    let bytes = INSTRUCTIONS.len();
    assert!(bytes <= INSTRUCTIONS_BYTES_MAX, "{bytes} bytes");
    let names: Vec<&str> = tools::all().iter().map(|def| def.name).collect();
    for word in INSTRUCTIONS.split(|c: char| !c.is_ascii_alphanumeric() && c != '_') {
        if word.starts_with("get_") || word.starts_with("list_") {
            assert!(names.contains(&word), "instructions name `{word}`");
        }
    }
}

#[test]
fn descriptions_name_only_tools_that_exist() {
    let names: Vec<&str> = tools::all().iter().map(|def| def.name).collect();
    for def in tools::all() {
        for word in def.description.split(|c: char| !c.is_ascii_alphanumeric() && c != '_') {
            if word.starts_with("get_") || word.starts_with("list_") {
                assert!(names.contains(&word), "{} names `{word}`", def.name);
            }
        }
    }
}

#[test]
fn one_name_stands_for_one_parameter() {
    for def in tools::all() {
        let properties = def.input_schema.get("properties").and_then(Value::as_object);
        for name in properties.into_iter().flatten().map(|(name, _)| name) {
            assert!(PARAMETERS.contains(&name.as_str()), "{} takes `{name}`", def.name);
        }
        assert_eq!(
            def.input_schema.get("additionalProperties"),
            Some(&json!(false)),
            "{}",
            def.name
        );
    }
}

#[tokio::test]
async fn a_list_of_tools_holds_all_that_a_client_needs() {
    let fleet = Fleet::mixed(1, 1).await.unwrap();
    let server = Server::of(&fleet).await;
    let modern = server.rpc("tools/list", Value::Null).await.message()["result"].take();
    let session = Session::open(server.address, "2025-11-25").await;
    let legacy = session.rpc("tools/list", json!({})).await["result"].take();
    assert_eq!(modern["tools"], legacy["tools"]);
    assert_eq!(modern["cacheScope"], "private");
    assert!(modern["ttlMs"].as_u64().unwrap() > 0);
    let listed = modern["tools"].as_array().unwrap();
    let defs = tools::all();
    assert_eq!(listed.len(), defs.len());
    for (tool, def) in listed.iter().zip(defs) {
        assert_eq!(tool["name"], def.name);
        assert_eq!(tool["title"], def.title);
        for hint in ["readOnlyHint", "destructiveHint", "idempotentHint", "openWorldHint"] {
            assert!(tool["annotations"][hint].is_boolean(), "{}: {hint}", def.name);
        }
        let read_only = def.effect == Effect::ReadOnly;
        assert_eq!(tool["annotations"]["readOnlyHint"], read_only, "{}", def.name);
        let idempotent = def.effect != Effect::Manages;
        assert_eq!(tool["annotations"]["idempotentHint"], idempotent, "{}", def.name);
        assert_eq!(tool["outputSchema"]["type"], "object", "{}", def.name);
        assert!(jsonschema::meta::is_valid(&tool["inputSchema"]), "{}", def.name);
        assert!(jsonschema::meta::is_valid(&tool["outputSchema"]), "{}", def.name);
    }
}
