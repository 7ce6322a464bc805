//! The choke point: every call of every tool goes through [`Calls::run`].

use std::{sync::Arc, time::Instant};

use rmcp::{ErrorData, RoleServer, model::ProgressNotificationParam, service::RequestContext};
use serde_json::{Map, Value};
use tokio::sync::{Semaphore, mpsc};
use tracing::Instrument;

use crate::{
    access::{Principal, Role},
    audit::{AuditSink, Event, Outcome},
    command::Commands,
    query::Query,
    telemetry::Counters,
    tools::{self, CALL_DEADLINE, Context, Progress, Reply, ToolDef, ToolError},
};

/// Progress reports that wait for a slow client; later ones are dropped.
const REPORTS_QUEUED_MAX: usize = 16;

/// What the operator allows.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Only these tools; all when `None`.
    pub enable: Option<Vec<String>>,
    /// Not these tools.
    pub disable: Vec<String>,
    /// Nobody operates, whatever their role.
    pub read_only: bool,
    /// Calls at a time; others wait.
    pub concurrent: usize,
}

/// Runs tools for callers.
pub struct Calls {
    tools: Vec<ToolDef>,
    read_only: bool,
    slots: Semaphore,
    query: Query,
    commands: Commands,
    audit: Arc<dyn AuditSink>,
    counters: Arc<Counters>,
}

/// What the caller gets: a reply, or an error to act on.
type Answer = Result<Reply, String>;

impl Calls {
    /// Offers the tools that the settings allow.
    #[must_use]
    pub fn new(
        settings: &Settings,
        query: Query,
        commands: Commands,
        audit: Arc<dyn AuditSink>,
        counters: Arc<Counters>,
    ) -> Self {
        let mut tools = tools::all();
        let named = |names: &[String], def: &ToolDef| names.iter().any(|name| name == def.name);
        tools.retain(|def| {
            settings.enable.as_deref().is_none_or(|names| named(names, def))
                && !named(&settings.disable, def)
        });
        Self {
            tools,
            read_only: settings.read_only,
            slots: Semaphore::new(settings.concurrent.max(1)),
            query,
            commands,
            audit,
            counters,
        }
    }

    /// All offered tools.
    pub(super) fn tools(&self) -> &[ToolDef] {
        &self.tools
    }

    /// The tools that a caller may call.
    pub(super) fn visible(&self, principal: &Principal) -> impl Iterator<Item = &ToolDef> {
        self.tools.iter().filter(|def| principal.may(def.permission))
    }

    /// A caller as the settings allow.
    pub(super) fn restrict(&self, mut principal: Principal) -> Principal {
        if self.read_only {
            principal.role = Role::Viewer;
        }
        principal
    }

    /// Runs one call: a slot, the deadline, cancellation, progress, counters, audit.
    pub(super) async fn run(
        &self,
        def: &ToolDef,
        principal: Principal,
        arguments: Map<String, Value>,
        cx: &RequestContext<RoleServer>,
    ) -> Result<Answer, ErrorData> {
        let started = Instant::now();
        let id = principal.id.clone();
        let span = tracing::debug_span!("tools/call", tool = def.name, request = %cx.id);
        let work = async {
            let _slot = self.slots.acquire().await;
            self.with_progress(def, principal, arguments, cx).await
        };
        let (outcome, answer) = tokio::select! {
            () = cx.ct.cancelled() => (Outcome::Cancelled, None),
            done = tokio::time::timeout(CALL_DEADLINE, work.instrument(span)) => match done {
                Ok(Ok(reply)) => (Outcome::Ok, Some(Ok(reply))),
                Ok(Err(error)) => (outcome_of(&error), Some(Err(to_text(&error)))),
                Err(_) => {
                    let text = format!("no answer within {} s; try again with fewer servers",
                        CALL_DEADLINE.as_secs());
                    (Outcome::Cancelled, Some(Err(text)))
                }
            },
        };
        let text_bytes = match &answer {
            Some(Ok(reply)) => reply.text.len(),
            Some(Err(text)) => text.len(),
            None => 0,
        };
        let image_bytes = match &answer {
            Some(Ok(reply)) => reply.images.iter().map(|image| image.bytes().len()).sum(),
            Some(Err(_)) | None => 0,
        };
        self.counters.call(outcome != Outcome::Ok);
        self.audit.record(&Event {
            principal: id,
            tool: def.name,
            outcome,
            took: started.elapsed(),
            text_bytes,
            image_bytes,
        });
        answer.ok_or_else(|| ErrorData::internal_error("cancelled", None))
    }

    async fn with_progress(
        &self,
        def: &ToolDef,
        principal: Principal,
        arguments: Map<String, Value>,
        cx: &RequestContext<RoleServer>,
    ) -> Result<Reply, ToolError> {
        let (progress, mut reports) = match cx.meta.get_progress_token() {
            None => (Progress::default(), None),
            Some(token) => {
                let (sender, reports) = mpsc::channel(REPORTS_QUEUED_MAX);
                let report = move |done, total, message| {
                    let param = ProgressNotificationParam::new(token.clone(), done)
                        .with_total(total)
                        .with_message(message);
                    // A client too slow for its own reports misses some.
                    let _ = sender.try_send(param);
                };
                (Progress::new(report), Some(reports))
            }
        };
        let context = Context {
            principal,
            query: self.query.clone(),
            commands: self.commands.clone(),
            now: crate::snapshot::now,
            progress,
        };
        let call = def.call(context, arguments);
        tokio::pin!(call);
        loop {
            tokio::select! {
                biased;
                done = &mut call => return done,
                Some(report) = next(&mut reports) => {
                    // A client that is gone cancels the call by another way.
                    let _ = cx.peer.notify_progress(report).await;
                }
            }
        }
    }
}

async fn next<T>(reports: &mut Option<mpsc::Receiver<T>>) -> Option<T> {
    match reports {
        Some(reports) => reports.recv().await,
        None => std::future::pending().await,
    }
}

fn outcome_of(error: &ToolError) -> Outcome {
    match error {
        ToolError::Encode(_) | ToolError::TooLong { .. } => Outcome::Failed,
        _ => Outcome::Refused,
    }
}

/// The whole chain on one line: the only place where causes become text for a caller.
fn to_text(error: &ToolError) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(err) = cause {
        text.push_str(": ");
        text.push_str(&err.to_string());
        cause = err.source();
    }
    text
}
