//! `glances://servers/{alias}`: everything about one server.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

use super::{
    Changes, Resource, Variables,
    inventory::ServerRow,
    parts::{Composed, Part, Parts, ask},
    rows::{LINE_CHARS, server_of},
};
use crate::{
    complete::Values,
    query::coverage::rfc3339,
    redact::clip,
    snapshot::{Snapshot, Status},
    tools::{Context, ToolError},
};

pub(super) struct OneServer;

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Head {
    /// When this was true, UTC.
    as_of: String,
    status: Status,
    /// As it is configured.
    configured: ServerRow,
    /// Its plugins: each is `glances://servers/{alias}/{plugin}`.
    plugins: Vec<PluginRow>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct PluginRow {
    plugin: &'static str,
    /// Age of its last reply; absent when there was none.
    age_seconds: Option<f64>,
    /// Why the last attempt failed.
    error: Option<String>,
}

fn of_it(variables: &Variables) -> Value {
    json!({ "servers": [variables.get("alias")] })
}

impl Parts for OneServer {
    type Head = Head;
    const PARTS: &'static [Part] = &[
        Part {
            key: "reach",
            tool: "get_server_status",
            arguments: of_it,
            keep: &["servers", "availability", "note"],
        },
        Part {
            key: "overview",
            tool: "get_system_overview",
            arguments: of_it,
            keep: &["servers", "one", "coverage"],
        },
        Part {
            key: "health",
            tool: "generate_health_score",
            arguments: of_it,
            keep: &["servers", "deductions", "not_measured", "notes"],
        },
        Part {
            key: "alerts",
            tool: "check_alert_conditions",
            arguments: of_it,
            keep: &["firing", "pending", "suppressed", "groups", "alerts"],
        },
        Part {
            key: "capacity",
            tool: "capacity_analysis",
            arguments: of_it,
            keep: &["judged_at", "resources", "without_history", "notes"],
        },
        Part {
            key: "dependencies",
            tool: "analyze_dependencies",
            arguments: of_it,
            keep: &["impact", "edges"],
        },
    ];
}

impl Resource for OneServer {
    const URI: &'static str = "glances://servers/{alias}";
    const NAME: &'static str = "server";
    const TITLE: &'static str = "One server";
    const DESCRIPTION: &'static str = "One server: as configured, how it is reached, its load, \
        health score, alerts, capacity, dependencies, and which plugins it has. Can be watched.";
    const PRIORITY: f32 = 0.7;
    const CHANGES: Changes = Changes::Live;
    const VARIABLES: &'static [(&'static str, Values)] = &[("alias", Values::Server)];
    type Document = Composed<Self>;

    async fn read(cx: Context, variables: Variables) -> Result<Self::Document, ToolError> {
        let selection = server_of(&cx, variables.get("alias")).await?;
        let Some(snapshot) = selection.single() else {
            return Err(ToolError::Missing("the server is no more".to_owned()));
        };
        let head = Head {
            as_of: rfc3339(selection.now),
            status: snapshot.status(selection.now),
            configured: ServerRow::whole(&cx, snapshot),
            plugins: plugins(snapshot, selection.now),
        };
        let answers = ask::<Self>(&cx, &variables).await;
        Ok(Composed { head, answers })
    }
}

/// Those that have been asked for and are not known to be missing.
fn plugins(snapshot: &Snapshot, now: jiff::Timestamp) -> Vec<PluginRow> {
    let row = |(plugin, reading): (glances_client::Plugin, &crate::snapshot::Reading)| {
        let error = snapshot.failing_plugins().find(|(failing, _)| *failing == plugin);
        let error = error.map(|(_, error)| clip(&error.to_string(), LINE_CHARS).into_owned());
        (reading.payload.is_some() || error.is_some()).then(|| PluginRow {
            plugin: plugin.name(),
            age_seconds: snapshot.age_secs(plugin, now),
            error,
        })
    };
    snapshot.readings.iter().filter_map(row).collect()
}
