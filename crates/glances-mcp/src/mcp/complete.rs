//! Completion, in the protocol's words.

use std::collections::HashMap;

use rmcp::{
    ErrorData,
    model::{CompleteRequestParams, CompleteResult, CompletionInfo, Reference},
};

use super::{Calls, unknown};
use crate::{
    access::Principal,
    complete::{self, Values},
    tools::Progress,
};

pub(super) fn complete(
    calls: &Calls,
    principal: Principal,
    request: CompleteRequestParams,
) -> Result<CompleteResult, ErrorData> {
    let values = values_of(calls, &request)?;
    let others = request.context.and_then(|context| context.arguments).unwrap_or_default();
    let none = HashMap::new();
    let others = if others.len() > complete::VALUES_MAX { &none } else { &others };
    let cx = calls.context(principal, Progress::default());
    let (found, total) = complete::complete(&cx, values, &request.argument.value, others);
    let more = total > found.len();
    let info = CompletionInfo::with_pagination(found, u32::try_from(total).ok(), more)
        .map_err(|err| ErrorData::internal_error(err, None))?;
    Ok(CompleteResult::new(info))
}

fn values_of(calls: &Calls, request: &CompleteRequestParams) -> Result<Values, ErrorData> {
    let wanted = &request.argument.name;
    match &request.r#ref {
        Reference::Prompt(prompt) => {
            let known = || calls.prompts().iter();
            let def = known()
                .find(|def| def.name == prompt.name)
                .ok_or_else(|| unknown("prompt", &prompt.name, known().map(|def| def.name)))?;
            let names = def.arguments.iter().map(|argument| argument.name);
            let found = def.arguments.iter().find(|argument| argument.name == *wanted);
            found.map(|it| it.values).ok_or_else(|| unknown("argument", wanted, names))
        }
        Reference::Resource(template) => {
            let known = || calls.resources().iter().filter(|def| def.is_template());
            let def = known()
                .find(|def| def.uri == template.uri)
                .ok_or_else(|| unknown("template", &template.uri, known().map(|def| def.uri)))?;
            let names = def.variables.iter().map(|(name, _)| *name);
            let found = def.variables.iter().find(|(name, _)| name == wanted);
            found.map(|(_, values)| *values).ok_or_else(|| unknown("variable", wanted, names))
        }
        _ => Err(ErrorData::invalid_params("complete `ref/prompt` or `ref/resource`", None)),
    }
}
