//! One event for every call, at the one choke point. For now they go to the log.

use std::{sync::Arc, time::Duration};

/// What became of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Answered.
    Ok,
    /// Answered with an error that the caller can mend.
    Refused,
    /// Our deadline passed or the caller went away.
    Cancelled,
    /// Our fault.
    Failed,
}

impl Outcome {
    /// The word in the log.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Refused => "refused",
            Self::Cancelled => "cancelled",
            Self::Failed => "failed",
        }
    }
}

/// Who called what, and what came of it. Arguments are not in it: they may hold text of others.
#[derive(Clone, Debug)]
pub struct Event {
    /// [`crate::access::Principal::id`].
    pub principal: Arc<str>,
    /// The protocol's method: `tools/call`, `prompts/get`, `resources/read` …
    pub method: &'static str,
    /// Tool, prompt, or URI (or template) of a resource.
    pub name: &'static str,
    /// What became of it.
    pub outcome: Outcome,
    /// How long it took.
    pub took: Duration,
    /// Size of the text of the reply; the structured form is about as long again.
    pub text_bytes: usize,
    /// Size of the images beside it.
    pub image_bytes: usize,
}

/// Takes events. Must not block.
pub trait AuditSink: Send + Sync {
    /// Records one event.
    fn record(&self, event: &Event);
}

/// Writes events to the log under the target `audit`.
pub struct LogSink;

impl AuditSink for LogSink {
    fn record(&self, event: &Event) {
        tracing::info!(
            target: "audit",
            principal = %event.principal,
            method = event.method,
            name = event.name,
            outcome = event.outcome.word(),
            took_ms = u64::try_from(event.took.as_millis()).unwrap_or(u64::MAX),
            text_bytes = event.text_bytes,
            image_bytes = event.image_bytes,
            "{} of `{}` by `{}`: {}",
            event.method, event.name, event.principal, event.outcome.word()
        );
    }
}
