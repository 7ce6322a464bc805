//! The choke point: every call of a tool, a prompt or a resource goes through [`Calls::run`].

use std::{future::Future, sync::Arc, time::Instant};

use rmcp::{ErrorData, RoleServer, model::ProgressNotificationParam, service::RequestContext};
use tokio::sync::{Semaphore, mpsc, watch};
use tracing::Instrument;

use crate::{
    access::{Principal, Role},
    audit::{AuditSink, Event, Outcome},
    command::Commands,
    prompts::{self, PromptDef, Told},
    query::Query,
    resources::{self, Contents, ResourceDef},
    runbooks::Runbooks,
    telemetry::Counters,
    tools::{self, CALL_DEADLINE, Context, Progress, Reply, ToolDef, ToolError},
    watching::Watches,
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

/// Runs what callers ask for.
pub struct Calls {
    tools: Vec<&'static ToolDef>,
    /// Those that are not offered.
    off: Arc<[&'static str]>,
    prompts: Vec<PromptDef>,
    resources: Vec<ResourceDef>,
    read_only: bool,
    slots: Semaphore,
    query: Query,
    commands: Commands,
    audit: Arc<dyn AuditSink>,
    counters: Arc<Counters>,
    watches: Watches,
}

/// A call that is about to run.
pub(super) struct Call {
    /// The protocol's method.
    pub method: &'static str,
    /// What is called, for the audit log.
    pub name: &'static str,
    /// Who calls.
    pub principal: Principal,
}

/// What a call gives back.
pub(super) trait Answer {
    /// Size of its text, for the audit log.
    fn text_bytes(&self) -> usize;

    /// Size of its pictures, for the audit log.
    fn image_bytes(&self) -> usize {
        0
    }
}

impl Answer for Reply {
    fn text_bytes(&self) -> usize {
        self.text.len()
    }

    fn image_bytes(&self) -> usize {
        self.images.iter().map(|image| image.bytes().len()).sum()
    }
}

impl Answer for Told {
    fn text_bytes(&self) -> usize {
        self.text.len()
    }
}

impl Answer for Contents {
    fn text_bytes(&self) -> usize {
        self.text.len()
    }
}

impl Calls {
    /// Offers the tools that the settings allow.
    #[must_use]
    pub fn new(
        settings: &Settings,
        query: Query,
        commands: Commands,
        audit: Arc<dyn AuditSink>,
        counters: Arc<Counters>,
        watches: Watches,
    ) -> Self {
        let named = |names: &[String], def: &ToolDef| names.iter().any(|name| name == def.name);
        let (tools, off): (Vec<_>, Vec<_>) = tools::all().iter().partition(|def| {
            settings.enable.as_deref().is_none_or(|names| named(names, def))
                && !named(&settings.disable, def)
        });
        Self {
            tools,
            off: off.iter().map(|def| def.name).collect(),
            prompts: prompts::all(),
            resources: resources::all(),
            read_only: settings.read_only,
            slots: Semaphore::new(settings.concurrent.max(1)),
            query,
            commands,
            audit,
            counters,
            watches,
        }
    }

    /// All offered tools.
    pub(super) fn tools(&self) -> &[&'static ToolDef] {
        &self.tools
    }

    /// All prompts.
    pub(super) fn prompts(&self) -> &[PromptDef] {
        &self.prompts
    }

    /// All resources and templates.
    pub(super) fn resources(&self) -> &[ResourceDef] {
        &self.resources
    }

    /// Whether anybody waits for news.
    #[must_use]
    pub fn anybody_waits(&self) -> bool {
        self.watches.any()
    }

    /// What is offered as skills.
    pub(super) fn runbooks(&self) -> Runbooks {
        self.query.runbooks()
    }

    /// Who waits for which resource.
    pub(super) fn watches(&self) -> &Watches {
        &self.watches
    }

    /// Whether clients may wait for a resource, whoever they are.
    pub(super) fn is_watchable(&self, uri: &str) -> bool {
        resources::find(&self.resources, uri).is_some_and(|(def, _)| def.is_watchable())
    }

    /// Told of every new configuration.
    pub(super) fn reloads(&self) -> watch::Receiver<()> {
        self.query.reloads()
    }

    /// The tools that a caller may call.
    pub(super) fn visible(&self, principal: &Principal) -> impl Iterator<Item = &'static ToolDef> {
        self.tools.iter().copied().filter(|def| principal.may(def.permission))
    }

    /// A caller as the settings allow.
    pub(super) fn restrict(&self, mut principal: Principal) -> Principal {
        if self.read_only {
            principal.role = Role::Viewer;
        }
        principal
    }

    /// Runs one call: a slot, the deadline, cancellation, progress, counters, audit.
    ///
    /// # Errors
    /// Outside: the caller went away. Inside: what the caller has to know.
    pub(super) async fn run<T: Answer, Work>(
        &self,
        call: Call,
        cx: &RequestContext<RoleServer>,
        work: impl FnOnce(Context) -> Work,
    ) -> Result<Result<T, ToolError>, ErrorData>
    where
        Work: Future<Output = Result<T, ToolError>>,
    {
        let started = Instant::now();
        let Call { method, name, principal } = call;
        let id = principal.id.clone();
        let span = tracing::debug_span!("call", method, name, request = %cx.id);
        let work = async {
            let _slot = self.slots.acquire().await;
            self.with_progress(principal, cx, work).await
        };
        let answer = tokio::select! {
            () = cx.ct.cancelled() => None,
            done = tokio::time::timeout(CALL_DEADLINE, work.instrument(span)) => {
                Some(done.unwrap_or(Err(ToolError::Deadline)))
            }
        };
        let outcome = match &answer {
            None => Outcome::Cancelled,
            Some(Ok(_)) => Outcome::Ok,
            Some(Err(error)) => outcome_of(error),
        };
        let text_bytes = match &answer {
            Some(Ok(answer)) => answer.text_bytes(),
            Some(Err(error)) => to_text(error).len(),
            None => 0,
        };
        let image_bytes = match &answer {
            Some(Ok(answer)) => answer.image_bytes(),
            Some(Err(_)) | None => 0,
        };
        self.counters.call(outcome != Outcome::Ok);
        self.audit.record(&Event {
            principal: id,
            method,
            name,
            outcome,
            took: started.elapsed(),
            text_bytes,
            image_bytes,
        });
        answer.ok_or_else(|| ErrorData::internal_error("cancelled", None))
    }

    /// What a caller may touch outside a call that is counted: lists and completion.
    pub(super) fn context(&self, principal: Principal, progress: Progress) -> Context {
        let now = crate::snapshot::now;
        let cx = Context::new(principal, self.query.clone(), self.commands.clone(), now);
        Context { progress, off: self.off.clone(), ..cx }
    }

    async fn with_progress<T, Work>(
        &self,
        principal: Principal,
        cx: &RequestContext<RoleServer>,
        work: impl FnOnce(Context) -> Work,
    ) -> Result<T, ToolError>
    where
        Work: Future<Output = Result<T, ToolError>>,
    {
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
        let call = work(self.context(principal, progress));
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
        ToolError::Deadline => Outcome::Cancelled,
        ToolError::Encode(_) | ToolError::TooLong { .. } => Outcome::Failed,
        _ => Outcome::Refused,
    }
}

/// The whole chain on one line: the only place where causes become text for a caller.
pub(super) fn to_text(error: &ToolError) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(err) = cause {
        text.push_str(": ");
        text.push_str(&err.to_string());
        cause = err.source();
    }
    text
}
