//! One server at a time.

use schemars::JsonSchema;
use serde::Serialize;

use super::{Changes, Resource, Variables};
use crate::{
    complete::Values,
    query::coverage::rfc3339,
    snapshot::Status,
    tools::{Context, ToolError},
};

/// How one server does.
pub(super) struct OneServer;

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct ServerDocument {
    /// When this was true, UTC.
    as_of: String,
    /// Its alias.
    server: String,
    status: Status,
}

impl Resource for OneServer {
    const URI: &'static str = "glances://servers/{alias}";
    const NAME: &'static str = "server";
    const TITLE: &'static str = "One server";
    const DESCRIPTION: &'static str = "How one server does now.";
    const PRIORITY: f32 = 0.7;
    const CHANGES: Changes = Changes::Live;
    const VARIABLES: &'static [(&'static str, Values)] = &[("alias", Values::Server)];
    type Document = ServerDocument;

    async fn read(cx: Context, variables: Variables) -> Result<Self::Document, ToolError> {
        let selectors = [variables.get("alias").to_owned()];
        let selection = cx.query.select(&cx.principal, &selectors, cx.now).await?;
        let only = selection.single().ok_or_else(|| {
            ToolError::Missing(format!("`{}` is not one server", variables.get("alias")))
        })?;
        Ok(ServerDocument {
            as_of: rfc3339(selection.now),
            server: only.host.alias.to_string(),
            status: only.status(selection.now),
        })
    }
}
