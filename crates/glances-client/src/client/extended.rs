//! The extended record of one process: a loan that is always given back.
//!
//! The server watches one process closely, for all its clients, until it is told to stop; so the
//! order to stop goes out even when the caller gives up or is cancelled.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::OwnedMutexGuard;
use tokio::time::sleep;

use super::{Client, Inner, api_path, refuse_foreign, refuse_plugin, within};
use crate::model::Extended;
use crate::{ApiVersion, FetchError, Plugin};

/// Glances refreshes its processes at most every 2 s.
const REFRESH_PAUSE: Duration = Duration::from_millis(2_200);

/// Two refreshes fill the record; the rest is for a server that others keep busy.
const REFRESHES_MAX: usize = 4;

/// Time for the order to stop watching, after the caller has gone.
const DISABLE_WITHIN: Duration = Duration::from_secs(3);

const API: ApiVersion = ApiVersion::V4;

impl Client {
    /// Reads the details that Glances 4.3.1 on collects for one process at a time: open files,
    /// sockets, context switches. Takes about 3 s, and changes state on the server, which is
    /// restored in any case. Calls on clones of one client wait for each other.
    ///
    /// # Errors
    /// [`FetchError::Status`] 404 when there is no such process, [`FetchError::NotAvailable`]
    /// when the server cannot do this, otherwise whatever kept it from an answer.
    pub async fn extended(&self, pid: u32, deadline: Duration) -> Result<Extended, FetchError> {
        self.extended_with_pause(pid, deadline, REFRESH_PAUSE).await
    }

    pub(super) async fn extended_with_pause(
        &self,
        pid: u32,
        deadline: Duration,
        pause: Duration,
    ) -> Result<Extended, FetchError> {
        within(deadline, async {
            let lock = Arc::clone(&self.inner.watch).lock_owned().await;
            let watch = Watch { inner: Some((Arc::clone(&self.inner), lock)) };
            let record = self.watch(pid, pause).await;
            watch.end().await;
            record
        })
        .await
    }

    async fn watch(&self, pid: u32, pause: Duration) -> Result<Extended, FetchError> {
        let unavailable = FetchError::NotAvailable { plugin: Plugin::ProcessList };
        if !self.order(pid).await? {
            // The server may not have looked since the process was born.
            self.refresh().await?;
            if !self.order(pid).await? {
                return Err(FetchError::Status { status: 404 });
            }
        }
        for refresh in 0..REFRESHES_MAX {
            if refresh > 0 {
                sleep(pause).await;
            }
            self.refresh().await?;
            let path = api_path(API, "processes/extended");
            let reply = self.inner.transport.get(API, &path).await?;
            if let Some(error) = refuse_plugin(&reply, API, Plugin::ProcessList) {
                return Err(error);
            }
            let record = self.decoder(API).extended(&reply.body)?;
            if let Some(record) = record.filter(|record| record.pid == Some(pid)) {
                return Ok(record);
            }
        }
        Err(unavailable)
    }

    /// Orders the process to be watched; `false` when the server does not know it.
    async fn order(&self, pid: u32) -> Result<bool, FetchError> {
        let path = api_path(API, &format!("processes/extended/{pid}"));
        let reply = self.inner.transport.post(API, &path).await?;
        match refuse_foreign(&reply) {
            None => Ok(true),
            Some(FetchError::Status { status: 404 }) if reply.says("Unknown PID") => Ok(false),
            Some(FetchError::Status { status: 400 | 404 | 405 }) => {
                Err(FetchError::NotAvailable { plugin: Plugin::ProcessList })
            }
            Some(error) => Err(error),
        }
    }

    /// Makes the server look at its processes; the shortest reply that does so.
    async fn refresh(&self) -> Result<(), FetchError> {
        let reply = self.inner.transport.get(API, &api_path(API, "processlist/top/1")).await?;
        refuse_plugin(&reply, API, Plugin::ProcessList).map_or(Ok(()), Err)
    }
}

/// The loan. Whoever drops it without [`Watch::end`] has it given back in the background.
struct Watch {
    inner: Option<(Arc<Inner>, OwnedMutexGuard<()>)>,
}

impl Watch {
    /// Gives back now. When that is cut short, the drop does it again.
    async fn end(mut self) {
        if let Some((inner, _)) = &self.inner {
            disable(inner).await;
        }
        self.inner = None;
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let Some((inner, lock)) = self.inner.take() else { return };
        // Nobody is left to wait for it, and without a runtime nothing can be sent.
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        runtime.spawn(async move {
            disable(&inner).await;
            drop(lock);
        });
    }
}

async fn disable(inner: &Inner) {
    let path = api_path(API, "processes/extended/disable");
    let order = inner.transport.post(API, &path);
    let failed = match within(DISABLE_WITHIN, order).await {
        Ok(reply) => refuse_foreign(&reply),
        Err(error) => Some(error),
    };
    if let Some(error) = failed {
        tracing::debug!(%error, "the order to stop watching a process failed");
    }
}
