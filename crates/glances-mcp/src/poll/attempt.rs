//! One attempt: does the server answer, what is it, and its core plugins.

use std::{sync::Arc, time::Duration};

use glances_client::{
    ApiVersion, Client, FetchError, Plugin, ServerInfo,
    model::{Limits, Payload},
};
use tokio::time::Instant;

use crate::snapshot::CORE_PLUGINS;

/// Whether the server answered.
pub(super) struct Reached {
    /// An answer of any use, or why there was none.
    pub(super) outcome: Result<(), FetchError>,
    /// Time to the first answer.
    pub(super) latency: Duration,
}

/// What one attempt brought.
pub(super) struct Attempt {
    pub(super) reached: Reached,
    /// Set when the server was asked what it is.
    pub(super) learnt: Option<(ServerInfo, Limits)>,
    /// Core plugins, with the moment of arrival.
    pub(super) results: Vec<(Plugin, Result<Payload, FetchError>, Instant)>,
    /// Only liveness was tried.
    pub(super) quiet: bool,
}

/// Tries one server once, within the deadline. Asks what it is unless that is known; with `quiet`
/// asks only whether it lives.
pub(super) async fn attempt(
    client: Client,
    known: Option<Arc<ServerInfo>>,
    limits: Arc<Limits>,
    disabled: Vec<Plugin>,
    quiet: bool,
    deadline: Duration,
) -> Attempt {
    let started = Instant::now();
    let left = || deadline.saturating_sub(started.elapsed());
    let mut done = Attempt {
        reached: Reached { outcome: Ok(()), latency: Duration::ZERO },
        learnt: None,
        results: Vec::new(),
        quiet,
    };
    let (api, serves): (ApiVersion, _) = match known {
        Some(info) => (info.api, info.plugins.clone()),
        None => match client.connect(left()).await {
            Ok(info) => {
                done.reached.latency = started.elapsed();
                // Thresholds are a help, not a need: without them the known ones stay.
                let limits =
                    client.limits(info.api, left()).await.unwrap_or_else(|_| (*limits).clone());
                let (api, serves) = (info.api, info.plugins.clone());
                done.learnt = Some((info, limits));
                (api, serves)
            }
            Err(error) => {
                done.reached.outcome = Err(whole(error, deadline));
                return done;
            }
        },
    };
    if quiet {
        done.reached.outcome = client.alive(api, left()).await;
        done.reached.latency = started.elapsed();
        return done;
    }
    let wanted = |plugin: &&Plugin| serves.contains(*plugin) && !disabled.contains(*plugin);
    for plugin in CORE_PLUGINS.iter().filter(wanted) {
        let asked = Instant::now();
        let result = client.fetch(api, *plugin, left()).await;
        if done.reached.latency.is_zero() {
            done.reached.latency = asked.elapsed();
        }
        if let Some(error) = result.as_ref().err().filter(|error| breaks_attempt(error)) {
            done.reached.outcome = Err(whole(error.clone(), deadline));
            return done;
        }
        done.results.push((*plugin, result, Instant::now()));
    }
    // Nothing of the core came back: does it live at all?
    if done.results.iter().all(|(_, result, _)| result.is_err()) && done.learnt.is_none() {
        done.reached.outcome = client.alive(api, left()).await;
    }
    done
}

/// An operator knows the deadline of the attempt, and not what was left of it for one request.
fn whole(error: FetchError, deadline: Duration) -> FetchError {
    match error {
        FetchError::Timeout { .. } => FetchError::Timeout {
            after_ms: u64::try_from(deadline.as_millis()).unwrap_or(u64::MAX),
        },
        other => other,
    }
}

/// Failures of the server as a whole; the others are one plugin's.
fn breaks_attempt(error: &FetchError) -> bool {
    !matches!(
        error,
        FetchError::NotAvailable { .. }
            | FetchError::Status { .. }
            | FetchError::TooLarge { .. }
            | FetchError::Malformed { .. }
    )
}
