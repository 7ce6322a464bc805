//! One server: which API it has, its credentials, its deadlines.
//!
//! Never follows a redirect, never uses a proxy, never keeps a reply longer than the cap.

mod all;
mod extended;
mod options;
mod transport;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

pub use options::{Auth, BODY_BYTES_MAX, BuildError, ClientOptions};
pub use transport::Clock;
pub(crate) use transport::{Guise, Reply, Url, base_url, root_cause};

use crate::model::{Limits, Payload};
use crate::wire::{self, Decoder, Release};
use crate::{ApiVersion, FetchError, Plugin};
use transport::Transport;

/// Glances 4.4 updates only the plugin that is asked for; before, every request updates all.
const LONE_UPDATES_SINCE: Release = (4, 4, 0);

/// What [`Client::connect`] found out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerInfo {
    /// The REST API of the server.
    pub api: ApiVersion,
    /// Its release, such as `4.5.8`. `None` when it does not serve one (3.x, glances-rs).
    pub version: Option<String>,
    /// Its enabled plugins, those that this client decodes.
    pub plugins: BTreeSet<Plugin>,
    /// Whether every request refreshes all plugins: API 3 and 4.x below 4.4. Requests are then
    /// best sent close together.
    pub burst: bool,
}

/// A client of one server. Cheap to clone; clones share connections and the token.
#[derive(Clone)]
pub struct Client {
    inner: Arc<Inner>,
}

struct Inner {
    transport: Transport,
    filter: wire::TextFilter,
    /// Release that the last [`Client::connect`] saw, packed; 0 is unknown.
    release: AtomicU32,
    /// One process at a time can be watched closely, by anybody, on the whole server.
    watch: Arc<tokio::sync::Mutex<()>>,
    /// The last `/all`, where that is how plugins are read.
    all: all::Cache,
}

impl Client {
    /// Prepares a client; nothing is sent.
    ///
    /// # Errors
    /// When the URL, a header, or the CA of `options` cannot be used.
    pub fn new(options: ClientOptions) -> Result<Self, BuildError> {
        let filter = options.text_filter;
        let transport = Transport::new(options)?;
        let (release, watch) = (AtomicU32::new(0), Arc::default());
        let all = all::Cache::default();
        Ok(Self { inner: Arc::new(Inner { transport, filter, release, watch, all }) })
    }

    /// Finds out which API the server has (4, then 5, then 3), its version and its plugins.
    ///
    /// # Errors
    /// [`FetchError::NoApi`] when something answers that is no Glances; otherwise whatever kept
    /// the probe from an answer. Wrong credentials are reported at once.
    pub async fn connect(&self, deadline: Duration) -> Result<ServerInfo, FetchError> {
        let info = within(deadline, self.probe()).await?;
        let release = info.version.as_deref().and_then(wire::release);
        self.inner.release.store(release.map_or(0, pack), Ordering::Relaxed);
        Ok(info)
    }

    /// What the server's last answer said of the time; `None` when it said nothing.
    #[must_use]
    pub fn clock(&self) -> Option<Clock> {
        self.inner.transport.clock()
    }

    /// Asks whether the server is there, by the cheapest request of its API.
    ///
    /// # Errors
    /// Whatever keeps the server from a success.
    pub async fn alive(&self, api: ApiVersion, deadline: Duration) -> Result<(), FetchError> {
        let path = match api {
            ApiVersion::V3 | ApiVersion::V4 => api_path(api, "status"),
            // At the root: it wakes no collector of glances-rs.
            ApiVersion::V5 => "/status".to_owned(),
        };
        let reply = within(deadline, self.inner.transport.get(api, &path)).await?;
        refuse_foreign(&reply).map_or(Ok(()), Err)
    }

    /// Reads one plugin.
    ///
    /// Interrupt rates of API 4 changed their unit with 4.5.8: they are `None` unless
    /// [`connect`](Self::connect) has learnt the server's version before.
    ///
    /// # Errors
    /// [`FetchError::NotAvailable`] when the plugin is off, unknown to this version, or has no
    /// data yet; otherwise whatever kept the server from an answer.
    pub async fn fetch(
        &self,
        api: ApiVersion,
        plugin: Plugin,
        deadline: Duration,
    ) -> Result<Payload, FetchError> {
        if api == ApiVersion::V3 && self.inner.transport.has_credentials() {
            return within(deadline, self.out_of_all(api, plugin)).await;
        }
        let path = api_path(api, plugin.name());
        let reply = within(deadline, self.inner.transport.get(api, &path)).await?;
        if let Some(error) = refuse_plugin(&reply, api, plugin) {
            return Err(error);
        }
        self.decoder(api).payload(plugin, &reply.body)
    }

    /// Reads the thresholds and refresh times of the server; empty on API 5, which has none.
    ///
    /// # Errors
    /// Whatever kept the server from an answer.
    pub async fn limits(&self, api: ApiVersion, deadline: Duration) -> Result<Limits, FetchError> {
        if api == ApiVersion::V5 {
            return Ok(Limits::default());
        }
        let path = api_path(api, "all/limits");
        let reply = within(deadline, self.inner.transport.get(api, &path)).await?;
        if let Some(error) = refuse_foreign(&reply) {
            return Err(error);
        }
        self.decoder(api).limits(&reply.body)
    }

    /// Reads a path of the API as it is, whatever its status; the body is for the caller's eyes.
    pub(crate) async fn raw(
        &self,
        api: ApiVersion,
        rest: &str,
        guise: Guise,
    ) -> Result<Reply, FetchError> {
        self.inner.transport.get_as(api, &api_path(api, rest), guise).await
    }

    pub(crate) fn decoder(&self, api: ApiVersion) -> Decoder {
        let release = unpack(self.inner.release.load(Ordering::Relaxed));
        Decoder { api, release, filter: self.inner.filter }
    }

    async fn probe(&self) -> Result<ServerInfo, FetchError> {
        for api in [ApiVersion::V4, ApiVersion::V5, ApiVersion::V3] {
            let Some(version) = self.probe_version(api).await? else { continue };
            let Some(plugins) = self.probe_plugins(api).await? else { continue };
            let release = version.as_deref().and_then(wire::release);
            let burst = match api {
                ApiVersion::V3 => true,
                ApiVersion::V4 => release.is_some_and(|release| release < LONE_UPDATES_SINCE),
                ApiVersion::V5 => false,
            };
            let version = match api {
                ApiVersion::V5 => self.preview_version(&plugins).await?,
                ApiVersion::V3 | ApiVersion::V4 => version,
            };
            return Ok(ServerInfo { api, version, plugins, burst });
        }
        Err(FetchError::NoApi)
    }

    /// `None` when the server has no such API; `Some(None)` when only the plugin list can tell.
    async fn probe_version(&self, api: ApiVersion) -> Result<Option<Option<String>>, FetchError> {
        if api != ApiVersion::V4 {
            return Ok(Some(None));
        }
        let reply = self.inner.transport.get(api, &api_path(api, "status")).await?;
        if !found(&reply)? {
            return Ok(None);
        }
        Ok(self.decoder(api).status_version(&reply.body).map(Some))
    }

    async fn probe_plugins(&self, api: ApiVersion) -> Result<Option<BTreeSet<Plugin>>, FetchError> {
        let reply = self.inner.transport.get(api, &api_path(api, "pluginslist")).await?;
        if !found(&reply)? {
            return Ok(None);
        }
        Ok(self.decoder(api).plugins(&reply.body))
    }

    async fn preview_version(
        &self,
        plugins: &BTreeSet<Plugin>,
    ) -> Result<Option<String>, FetchError> {
        if !plugins.contains(&Plugin::Version) {
            return Ok(None);
        }
        let path = api_path(ApiVersion::V5, Plugin::Version.name());
        let reply = self.inner.transport.get(ApiVersion::V5, &path).await?;
        Ok(self.decoder(ApiVersion::V5).status_version(&reply.body))
    }
}

fn api_path(api: ApiVersion, rest: &str) -> String {
    format!("/api/{api}/{rest}")
}

fn pack((major, minor, patch): Release) -> u32 {
    u32::from_be_bytes([0, major, minor, patch])
}

fn unpack(packed: u32) -> Option<Release> {
    let [_, major, minor, patch] = packed.to_be_bytes();
    (packed != 0).then_some((major, minor, patch))
}

/// The whole operation must end within the deadline: connection, request and body.
pub(crate) async fn within<T>(
    deadline: Duration,
    operation: impl Future<Output = Result<T, FetchError>>,
) -> Result<T, FetchError> {
    let after_ms = u64::try_from(deadline.as_millis()).unwrap_or(u64::MAX);
    let outcome = tokio::time::timeout(deadline, operation).await;
    outcome.unwrap_or(Err(FetchError::Timeout { after_ms }))
}

/// Whether a probed path is there. Statuses that say more than "not here" are errors.
fn found(reply: &Reply) -> Result<bool, FetchError> {
    match refuse_foreign(reply) {
        None => Ok(true),
        Some(FetchError::Status { status: 300..=399 | 400 | 404..=406 | 410 }) => Ok(false),
        Some(error) => Err(error),
    }
}

/// What any reply can say against us, whatever was asked.
fn refuse_foreign(reply: &Reply) -> Option<FetchError> {
    let status = reply.status;
    match status {
        200..=299 => None,
        401 | 403 => Some(FetchError::Auth { status }),
        421 => Some(FetchError::HostRejected { status }),
        400 if reply.says("Invalid host header") => Some(FetchError::HostRejected { status }),
        400 if reply.says("HTTPS port") || reply.says("HTTPS server") => {
            Some(FetchError::Tls { reason: "the port speaks TLS, we spoke plain HTTP".to_owned() })
        }
        _ => Some(FetchError::Status { status }),
    }
}

/// What the reply of a plugin can say against it.
fn refuse_plugin(reply: &Reply, api: ApiVersion, plugin: Plugin) -> Option<FetchError> {
    let error = refuse_foreign(reply)?;
    let FetchError::Status { status } = error else { return Some(error) };
    Some(match (api, status) {
        // The route itself is gone: the server was replaced by one of another API.
        (ApiVersion::V3 | ApiVersion::V4, 404)
            if reply.says(r#""detail":"Not Found""#) || reply.says("Not found: &#039;/api/") =>
        {
            FetchError::NoApi
        }
        (_, 400 | 404) => FetchError::NotAvailable { plugin },
        (ApiVersion::V5, 503) if !reply.is_html() => FetchError::NotAvailable { plugin },
        _ => error,
    })
}

#[cfg(test)]
mod tests;
