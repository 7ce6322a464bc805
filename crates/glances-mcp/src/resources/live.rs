//! What is live: the dashboard.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use super::{Changes, Resource, Variables};
use crate::{
    query::coverage::rfc3339,
    tools::{Context, ToolError},
};

/// How the fleet does.
pub(super) struct Dashboard;

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct DashboardDocument {
    /// When this was true, UTC.
    as_of: String,
    /// Servers by status.
    servers: BTreeMap<&'static str, usize>,
}

impl Resource for Dashboard {
    const URI: &'static str = "glances://live/dashboard";
    const NAME: &'static str = "live_dashboard";
    const TITLE: &'static str = "Live dashboard";
    const DESCRIPTION: &'static str = "How the fleet does now.";
    const PRIORITY: f32 = 1.0;
    const CHANGES: Changes = Changes::Live;
    type Document = DashboardDocument;

    async fn read(cx: Context, _: Variables) -> Result<Self::Document, ToolError> {
        let now = (cx.now)();
        let statuses = cx.query.statuses(&cx.principal, now);
        let servers = statuses.into_iter().map(|(status, count)| (status.word(), count)).collect();
        Ok(DashboardDocument { as_of: rfc3339(now), servers })
    }
}
