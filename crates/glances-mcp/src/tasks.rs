//! Background tasks with names and an owner: the only place that spawns.

use std::future::Future;

use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::Instrument;

/// Spawns tasks, and ends them together.
#[derive(Clone, Default)]
pub struct Tasks {
    tracker: TaskTracker,
    stop: CancellationToken,
}

impl Tasks {
    /// Runs `task` until it ends or [`Tasks::stop`] is called.
    pub fn spawn(&self, name: &'static str, task: impl Future<Output = ()> + Send + 'static) {
        let stop = self.stop.clone();
        let owned = async move {
            tokio::select! {
                () = stop.cancelled() => {}
                () = task => {}
            }
        };
        self.tracker.spawn(owned.instrument(tracing::debug_span!("task", name)));
    }

    /// Runs a task that ends by itself soon after [`Tasks::stopping`] is cancelled, because it has
    /// something to finish.
    pub fn spawn_finishing(
        &self,
        name: &'static str,
        task: impl Future<Output = ()> + Send + 'static,
    ) {
        self.tracker.spawn(task.instrument(tracing::debug_span!("task", name)));
    }

    /// Cancelled when everything has to end.
    #[must_use]
    pub fn stopping(&self) -> CancellationToken {
        self.stop.clone()
    }

    /// Ends every task and waits for it.
    pub async fn stop(&self) {
        self.stop.cancel();
        self.tracker.close();
        self.tracker.wait().await;
    }
}
