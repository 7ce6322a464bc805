//! Prompts, in the protocol's words.

use rmcp::{
    ErrorData, RoleServer,
    model::{
        GetPromptRequestParams, GetPromptResult, JsonObject, Prompt, PromptArgument, PromptMessage,
        Role,
    },
    service::RequestContext,
};
use serde_json::Value;

use super::{Calls, call::Call, refusal, unknown};
use crate::{access::Principal, prompts::PromptDef};

pub(super) fn describe(def: &PromptDef) -> Prompt {
    let arguments = def.arguments.iter().map(|argument| {
        PromptArgument::new(argument.name)
            .with_title(argument.title)
            .with_description(argument.description)
            .with_required(argument.required)
    });
    Prompt::new(def.name, Some(def.description), Some(arguments.collect())).with_title(def.title)
}

pub(super) async fn get(
    calls: &Calls,
    principal: Principal,
    request: GetPromptRequestParams,
    cx: &RequestContext<RoleServer>,
) -> Result<GetPromptResult, ErrorData> {
    let Some(def) = calls.prompts().iter().find(|def| def.name == request.name) else {
        return Err(unknown("prompt", &request.name, calls.prompts().iter().map(|def| def.name)));
    };
    let given = texts(request.arguments.unwrap_or_default());
    let call = Call { method: "prompts/get", name: def.name, principal };
    let told = calls.run(call, cx, |context| def.get(context, given.into_iter())).await?;
    let told = told.map_err(|error| refusal(&error))?;
    let message = PromptMessage::new_text(Role::User, told.text);
    Ok(GetPromptResult::new(vec![message]).with_description(def.description))
}

/// Arguments are texts; a client that sends a number means its digits.
fn texts(arguments: JsonObject) -> Vec<(String, String)> {
    let text = |value: Value| match value {
        Value::String(text) => text,
        Value::Null => String::new(),
        other => other.to_string(),
    };
    arguments.into_iter().map(|(name, value)| (name, text(value))).collect()
}
