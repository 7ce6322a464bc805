//! `glances://live/dashboard`: how the fleet does now.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use super::{
    Changes, Resource, Variables,
    parts::{Composed, Part, Parts, ask},
};
use crate::{
    query::coverage::rfc3339,
    tools::{Context, ToolError},
};

pub(super) struct Dashboard;

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Head {
    /// When this was true, UTC.
    as_of: String,
    /// Servers by status; those without one are left out.
    servers_by_status: BTreeMap<&'static str, usize>,
    /// About this program itself.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notices: Vec<String>,
}

/// Notices of one document.
const NOTICES_MAX: usize = 10;

impl Parts for Dashboard {
    type Head = Head;
    const PARTS: &'static [Part] = &[
        Part {
            key: "overview",
            tool: "get_system_overview",
            arguments: |_| json!({}),
            keep: &["fleet", "servers", "coverage"],
        },
        Part {
            key: "alerts",
            tool: "check_alert_conditions",
            arguments: |_| json!({}),
            keep: &["firing", "pending", "suppressed", "groups", "alerts", "evaluated", "notes"],
        },
        Part {
            key: "health",
            tool: "generate_health_score",
            arguments: |_| json!({}),
            keep: &["fleet", "environments", "servers", "deductions", "notes"],
        },
        Part {
            key: "last_hour",
            tool: "query_metrics",
            arguments: |_| {
                json!({ "metrics": ["cpu.total", "mem.percent", "load.min5"],
                    "since": "-1h", "aggregate": "fleet" })
            },
            keep: &["from", "until", "resolution", "series", "notes"],
        },
    ];
}

impl Resource for Dashboard {
    const URI: &'static str = "glances://live/dashboard";
    const NAME: &'static str = "live_dashboard";
    const TITLE: &'static str = "Live dashboard";
    const DESCRIPTION: &'static str = "How the fleet does now: totals, the worst servers, alerts \
        in groups with their cause, health scores, and the last hour as sparklines. Can be watched.";
    const PRIORITY: f32 = 1.0;
    const CHANGES: Changes = Changes::Live;
    type Document = Composed<Self>;

    async fn read(cx: Context, variables: Variables) -> Result<Self::Document, ToolError> {
        let answers = ask::<Self>(&cx, &variables).await;
        let now = (cx.now)();
        let statuses = cx.query.statuses(&cx.principal, now).into_iter();
        let servers = statuses.filter(|(_, count)| *count > 0);
        let notices = cx.query.notices(&cx.principal).into_iter().take(NOTICES_MAX).collect();
        let head = Head {
            as_of: rfc3339(now),
            servers_by_status: servers.map(|(status, count)| (status.word(), count)).collect(),
            notices,
        };
        Ok(Composed { head, answers })
    }
}
