//! Resources, in the protocol's words.

use rmcp::{
    ErrorData, RoleServer,
    model::{
        Annotations, CacheScope, ReadResourceRequestParams, ReadResourceResult, Resource,
        ResourceContents, ResourceTemplate, Role,
    },
    service::RequestContext,
};
use serde_json::json;

use super::{Calls, call::Call, call::to_text, refusal, skills};
use crate::{
    access::Principal,
    query::{QueryError, coverage::rfc3339},
    resources::{self, Audience, Changes, ResourceDef},
    tools::{Context, ToolError},
};

pub(super) fn describe(def: &ResourceDef, cx: &Context) -> Resource {
    Resource::new(def.uri, def.name)
        .with_title(def.title)
        .with_description(def.description)
        .with_mime_type(def.mime)
        .with_annotations(annotations(def, cx))
}

pub(super) fn describe_template(def: &ResourceDef, cx: &Context) -> ResourceTemplate {
    ResourceTemplate::new(def.uri, def.name)
        .with_title(def.title)
        .with_description(def.description)
        .with_mime_type(def.mime)
        .with_annotations(annotations(def, cx))
}

fn annotations(def: &ResourceDef, cx: &Context) -> Annotations {
    let audience = match def.audience {
        Audience::User => vec![Role::User],
        Audience::Assistant => vec![Role::Assistant],
        Audience::Both => vec![Role::User, Role::Assistant],
    };
    let mut annotations =
        Annotations::default().with_audience(audience).with_priority(def.priority);
    annotations.last_modified = def.modified(cx).map(rfc3339);
    annotations
}

pub(super) async fn read(
    calls: &Calls,
    principal: Principal,
    request: ReadResourceRequestParams,
    cx: &RequestContext<RoleServer>,
) -> Result<ReadResourceResult, ErrorData> {
    let uri = request.uri;
    if let Some(read) = skills::read(calls, principal.clone(), &uri, cx).await {
        return Ok(ReadResourceResult::new(vec![read?])
            .with_ttl_ms(Changes::Configured.ttl_ms())
            .with_cache_scope(CacheScope::Private));
    }
    let Some((def, variables)) = resources::find(calls.resources(), &uri) else {
        return Err(not_found(resources::unknown(&uri), &uri));
    };
    let call = Call { method: "resources/read", name: def.uri, principal };
    let contents = calls.run(call, cx, |context| def.read(context, variables)).await?;
    let contents = contents.map_err(|error| refused(&error, &uri))?;
    let contents = ResourceContents::text(contents.text, uri).with_mime_type(contents.mime);
    Ok(ReadResourceResult::new(vec![contents])
        .with_ttl_ms(def.changes.ttl_ms())
        .with_cache_scope(CacheScope::Private))
}

/// Why a resource cannot be read, or not be waited for.
pub(super) fn refused(error: &ToolError, uri: &str) -> ErrorData {
    match error {
        ToolError::Missing(_) | ToolError::Query(QueryError::Selector(_)) => {
            not_found(to_text(error), uri)
        }
        _ => refusal(error),
    }
}

fn not_found(text: String, uri: &str) -> ErrorData {
    ErrorData::resource_not_found(text, Some(json!({ "uri": uri })))
}
