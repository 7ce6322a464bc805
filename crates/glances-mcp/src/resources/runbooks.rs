//! `glances://knowledge/runbooks` and `glances://runbooks/{name}`: what to do about each alert.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::{
    Changes, Markdown, Resource, Variables,
    rows::{NAME_CHARS, fitting, unknown},
};
use crate::{
    complete::Values,
    redact::clip,
    runbooks::{Runbook, SECTIONS},
    tools::{Context, ToolError},
};

pub(super) struct Index;

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct IndexDocument {
    runbooks_total: usize,
    /// The parts of each of ours; an operator's own may have others.
    sections: Vec<&'static str>,
    /// For alerts, by name.
    procedures: Vec<Entry>,
    /// About no single alert: triage, maintenance, noise and the like.
    practices: Vec<Entry>,
    /// When to call whom, in general, in Markdown; that of one alert is in its runbook.
    escalation: Option<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Entry {
    /// The text is `glances://runbooks/{name}`.
    name: String,
    title: String,
    /// What it is for and when to use it.
    description: String,
    /// The rules of alerts that it serves.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    rules: Vec<String>,
    /// The metrics that it is about, the most telling first; at most 3.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    metrics: Vec<String>,
    /// An operator wrote it.
    own: Option<bool>,
}

/// Bytes of all entries of a kind.
const PROCEDURES_BYTES_MAX: usize = 20_000;
const PRACTICES_BYTES_MAX: usize = 5_000;
const DESCRIPTION_CHARS: usize = 260;
const METRICS_MAX: usize = 3;
const RULES_MAX: usize = 8;
/// The runbook that says how to escalate, and how much of it is told.
const GENERAL: &str = "incident-triage";
const ESCALATION: &str = "Escalate";
const ESCALATION_CHARS: usize = 1_500;

impl Resource for Index {
    const URI: &'static str = "glances://knowledge/runbooks";
    const NAME: &'static str = "knowledge_runbooks";
    const TITLE: &'static str = "Runbooks";
    const DESCRIPTION: &'static str = "All runbooks: for which alerts and metrics each is, practices \
        beside them, and when to escalate. The text of one: glances://runbooks/{name}.";
    const PRIORITY: f32 = 0.5;
    const CHANGES: Changes = Changes::Configured;
    type Document = IndexDocument;

    /// Nobody keeps when a runbook was written.
    fn modified(_: &Context) -> Option<Timestamp> {
        None
    }

    async fn read(cx: Context, _: Variables) -> Result<Self::Document, ToolError> {
        let runbooks = cx.query.runbooks();
        let (procedures, practices): (Vec<&Runbook>, Vec<&Runbook>) =
            runbooks.all().iter().partition(|runbook| !runbook.rules.is_empty());
        let entries = |of: &[&Runbook], bytes_max| {
            fitting(of.iter().map(|runbook| Entry::of(runbook)).collect(), bytes_max)
        };
        let general = runbooks.by_name(GENERAL).and_then(|it| it.section(ESCALATION));
        Ok(IndexDocument {
            runbooks_total: runbooks.all().len(),
            sections: SECTIONS.to_vec(),
            procedures: entries(&procedures, PROCEDURES_BYTES_MAX),
            practices: entries(&practices, PRACTICES_BYTES_MAX),
            escalation: general.map(|text| clip(text, ESCALATION_CHARS).into_owned()),
        })
    }
}

impl Entry {
    fn of(runbook: &Runbook) -> Self {
        let Runbook { name, title, description, rules, metrics, own, .. } = runbook;
        Self {
            name: name.clone(),
            title: clip(title, NAME_CHARS * 2).into_owned(),
            description: clip(description, DESCRIPTION_CHARS).into_owned(),
            rules: rules.iter().take(RULES_MAX).cloned().collect(),
            metrics: metrics.iter().take(METRICS_MAX).cloned().collect(),
            own: own.then_some(true),
        }
    }
}

pub(super) struct OneRunbook;

impl Resource for OneRunbook {
    const URI: &'static str = "glances://runbooks/{name}";
    const NAME: &'static str = "runbook";
    const TITLE: &'static str = "One runbook";
    const DESCRIPTION: &'static str = "What to do about an alert: symptoms, first calls, decisions, \
        remedies, when to escalate. Markdown.";
    const PRIORITY: f32 = 0.6;
    const CHANGES: Changes = Changes::Configured;
    const VARIABLES: &'static [(&'static str, Values)] = &[("name", Values::Runbook)];
    type Document = Markdown;

    /// Nobody keeps when a runbook was written.
    fn modified(_: &Context) -> Option<Timestamp> {
        None
    }

    async fn read(cx: Context, variables: Variables) -> Result<Self::Document, ToolError> {
        let runbooks = cx.query.runbooks();
        let name = variables.get("name");
        let known = || runbooks.all().iter().map(|runbook| runbook.name.as_str());
        let found = runbooks.by_name(name).ok_or_else(|| unknown("runbook", name, known()))?;
        Ok(Markdown(found.markdown()))
    }
}
