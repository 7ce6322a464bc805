//! Plugins out of one `/all`, for API 3 with a password: it derives the key from the password anew
//! for every request, about 0.4 s of a machine whose single thread serves everybody. A poll of
//! twenty plugins would take longer than its interval; `/all` costs as much as one of them.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::{sync::Mutex, time::Instant};

use super::{Client, api_path, refuse_foreign};
use crate::{ApiVersion, FetchError, Plugin, model::Payload};

/// Plugins that are asked for within this time come from one reply. Glances itself renews nothing
/// within a second.
const FRESH: Duration = Duration::from_secs(1);

/// The last reply and when it arrived. Held while a new one is fetched, so that one is enough.
pub(super) type Cache = Mutex<Option<(Instant, Arc<Value>)>>;

impl Client {
    pub(super) async fn out_of_all(
        &self,
        api: ApiVersion,
        plugin: Plugin,
    ) -> Result<Payload, FetchError> {
        let all = self.all(api).await?;
        match all.get(plugin.name()) {
            Some(part) => self.decoder(api).payload_of(plugin, part),
            None => Err(FetchError::NotAvailable { plugin }),
        }
    }

    async fn all(&self, api: ApiVersion) -> Result<Arc<Value>, FetchError> {
        let mut last = self.inner.all.lock().await;
        if let Some((_, all)) = last.as_ref().filter(|(at, _)| at.elapsed() < FRESH) {
            return Ok(all.clone());
        }
        let reply = self.inner.transport.get(api, &api_path(api, "all")).await?;
        if let Some(error) = refuse_foreign(&reply) {
            return Err(error);
        }
        let all = Arc::new(self.decoder(api).parse(&reply.body)?);
        *last = Some((Instant::now(), all.clone()));
        Ok(all)
    }
}
