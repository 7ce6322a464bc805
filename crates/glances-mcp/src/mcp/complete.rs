//! Completion, in the protocol's words.

use std::collections::HashMap;

use rmcp::{
    ErrorData,
    model::{CompleteRequestParams, CompleteResult, CompletionInfo, Reference},
};

use super::{Calls, stamp, unknown};
use crate::{
    access::Principal,
    complete::{self, Completed, Values},
    query::nearest,
    tools::Progress,
};

/// Arguments that have been chosen already; no prompt has so many.
const OTHERS_MAX: usize = 50;

pub(super) async fn complete(
    calls: &Calls,
    principal: Principal,
    request: CompleteRequestParams,
) -> Result<CompleteResult, ErrorData> {
    let Some(values) = values_of(calls, &request)? else { return result(Completed::none()) };
    let others = request.context.and_then(|context| context.arguments).unwrap_or_default();
    let none = HashMap::new();
    let others = if others.len() > OTHERS_MAX { &none } else { &others };
    let cx = calls.context(principal, Progress::default());
    result(complete::complete(&cx, values, &request.argument.value, others).await)
}

fn result(completed: Completed) -> Result<CompleteResult, ErrorData> {
    let more = completed.has_more();
    let total = completed.total.and_then(|total| u32::try_from(total).ok());
    let info = CompletionInfo::with_pagination(completed.values, total, more)
        .map_err(|err| ErrorData::internal_error(err, None))?;
    let mut result = CompleteResult::new(info);
    stamp(&mut result.meta);
    Ok(result)
}

/// What completes the argument of a request; `None` for a prompt or template that is like none of
/// ours.
fn values_of(calls: &Calls, request: &CompleteRequestParams) -> Result<Option<Values>, ErrorData> {
    let wanted = &request.argument.name;
    match &request.r#ref {
        Reference::Prompt(prompt) => {
            let known = || calls.prompts().iter();
            let Some(def) = known().find(|def| def.name == prompt.name) else {
                return mistaken("prompt", &prompt.name, known().map(|def| def.name));
            };
            let names = def.arguments.iter().map(|argument| argument.name);
            let found = def.arguments.iter().find(|argument| argument.name == *wanted);
            let found = found.map(|it| it.values);
            found.map(Some).ok_or_else(|| unknown("argument", wanted, names))
        }
        Reference::Resource(template) => {
            let known = || calls.resources().iter().filter(|def| def.is_template());
            let Some(def) = known().find(|def| def.uri == template.uri) else {
                return mistaken("template", &template.uri, known().map(|def| def.uri));
            };
            let names = def.variables.iter().map(|(name, _)| *name);
            let found = def.variables.iter().find(|(name, _)| name == wanted);
            let found = found.map(|(_, values)| *values);
            found.map(Some).ok_or_else(|| unknown("variable", wanted, names))
        }
        _ => Err(ErrorData::invalid_params("complete `ref/prompt` or `ref/resource`", None)),
    }
}

/// A name that is nearly one of ours is a mistake that its maker can mend. One like none of them is
/// answered with nothing: clients ask at every keystroke, and the official conformance suite asks
/// about a prompt of its own.
fn mistaken<'n>(
    what: &str,
    name: &str,
    known: impl Iterator<Item = &'n str> + Clone,
) -> Result<Option<Values>, ErrorData> {
    match nearest(name, known.clone()) {
        Some(_) => Err(unknown(what, name, known)),
        None => Ok(None),
    }
}
