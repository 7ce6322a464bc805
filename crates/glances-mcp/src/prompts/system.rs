//! How everything does.

use serde_json::json;

use super::{Arguments, PromptDef, SERVERS, Told};
use crate::tools::{self, Context, ToolError};

pub(super) const HEALTH: PromptDef = PromptDef {
    name: "system_health_analysis",
    title: "System health analysis",
    description: "How healthy the fleet is, what is wrong, and what to do first.",
    arguments: &[SERVERS],
    write: |cx, arguments| Box::pin(health(cx, arguments)),
};

async fn health(cx: Context, arguments: Arguments) -> Result<Told, ToolError> {
    let reply =
        tools::ask(cx, "get_system_overview", json!({ "servers": arguments.list("servers") }));
    Ok(Told { text: reply.await?.text })
}
