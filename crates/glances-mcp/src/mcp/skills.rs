//! Runbooks as skills (SEP-2640): each is one file, which is a resource as well.

use rmcp::{
    ErrorData, RoleServer,
    model::{Resource, ResourceContents, Skill, SkillFrontmatter, SkillResource, SkillResources},
    service::RequestContext,
};

use super::{Calls, call::Call, refusal, unknown};
use crate::{
    access::Principal,
    resources::{Contents, Document, Markdown},
    runbooks::{Runbook, skill_markdown},
};

/// The form of the addresses; names are in kebab case.
const URI: &str = "skill://{name}/SKILL.md";

fn uri_of(runbook: &Runbook) -> String {
    URI.replace("{name}", &runbook.name)
}

/// What is in a skill, with the digest of its file.
pub(super) fn describe(runbook: &Runbook) -> Skill {
    let (uri, text) = (uri_of(runbook), skill_markdown(runbook));
    let file = SkillResource::from_bytes(uri.clone(), text.as_bytes());
    let front = SkillFrontmatter::new(&runbook.name, &runbook.description);
    Skill::new(uri, front, SkillResources::Files(vec![file]))
}

/// Its file, as a list of resources has it.
pub(super) fn resource(runbook: &Runbook) -> Resource {
    Resource::new(uri_of(runbook), &runbook.name)
        .with_title(&runbook.title)
        .with_description(&runbook.description)
        .with_mime_type(Markdown::MIME)
}

/// The skill at an address.
pub(super) fn get(calls: &Calls, uri: &str) -> Result<Skill, ErrorData> {
    let runbooks = calls.runbooks();
    match runbooks.all().iter().find(|runbook| uri_of(runbook) == uri) {
        Some(runbook) => Ok(describe(runbook)),
        None => {
            let known: Vec<String> = runbooks.all().iter().map(uri_of).collect();
            Err(unknown("skill", uri, known.iter().map(String::as_str)))
        }
    }
}

/// The file of a skill; `None` when none has this address.
pub(super) async fn read(
    calls: &Calls,
    principal: Principal,
    uri: &str,
    cx: &RequestContext<RoleServer>,
) -> Option<Result<ResourceContents, ErrorData>> {
    let runbooks = calls.runbooks();
    let runbook = runbooks.all().iter().find(|runbook| uri_of(runbook) == uri)?;
    let call = Call { method: "resources/read", name: URI, principal };
    let work = async |_| Ok(Contents { mime: Markdown::MIME, text: skill_markdown(runbook) });
    let read = match calls.run(call, cx, work).await {
        Ok(read) => read.map_err(|error| refusal(&error)),
        Err(error) => Err(error),
    };
    let contents = |it: Contents| ResourceContents::text(it.text, uri).with_mime_type(it.mime);
    Some(read.map(contents))
}
