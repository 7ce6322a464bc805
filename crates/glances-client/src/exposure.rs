//! What a server shows to whoever reaches its port, by a few requests of the kind that they make.
//!
//! Reads only, and speaks to no other host than the configured one. `/config` and `/args` are read for
//! one bit each: nothing of them leaves this module, by no value, no error and no log.

mod secrets;

use std::time::Duration;

use tokio::time::Instant;

use crate::client::{Guise, Reply, within};
use crate::{ApiVersion, Auth, Client, ClientOptions, FetchError};

/// Longest reply that is looked at: a whole glances.conf has 40 KB.
const BODY_BYTES_MAX: usize = 1024 * 1024;

/// The path that each request but two is for: every API has it, and it wakes no collector.
const PLUGINS: &str = "pluginslist";

/// A website that cannot be (RFC 6761), so that nobody allows it by name.
const ORIGIN: &str = "https://origin.invalid";
const WEBSITE: Guise = Guise::Origin(ORIGIN);

/// A server that cannot be either.
const HOST: &str = "host.invalid";

/// What was seen. `None` is what could not be seen, never a no.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Exposure {
    /// Whether the API answers without credentials.
    pub open: Option<bool>,
    /// Whether `/config` shows a secret to somebody without credentials.
    pub secrets_in_config: Option<bool>,
    /// Whether `/args` does.
    pub secrets_in_args: Option<bool>,
    /// Whether scripts of other websites may read replies.
    pub cors: Option<Cors>,
    /// Whether requests for another host name are refused, which stops DNS rebinding.
    pub host_checked: Option<bool>,
}

impl Exposure {
    /// Whether everything could be seen.
    #[must_use]
    pub const fn is_whole(&self) -> bool {
        self.open.is_some()
            && self.secrets_in_config.is_some()
            && self.secrets_in_args.is_some()
            && self.cors.is_some()
            && self.host_checked.is_some()
    }
}

/// Who may read replies from within a browser.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cors {
    /// No website that is not named.
    Closed,
    /// Every website.
    AnyOrigin,
    /// Every website, in the name of the browser's user as well.
    AnyOriginWithCredentials,
}

/// Looks at the server of `client` as somebody without its credentials and headers. One request
/// for the rules of other websites may carry them, where nothing is said without.
///
/// # Errors
/// Whatever kept the first request from an answer; what fails later is `None`.
pub async fn look(
    client: &Client,
    options: &ClientOptions,
    api: ApiVersion,
    deadline: Duration,
) -> Result<Exposure, FetchError> {
    let outsider = Client::new(without_credentials(options))
        .map_err(|error| FetchError::Connection { reason: error.to_string() })?;
    let look = Look { api, until: Instant::now() + deadline };
    let first = within(deadline, outsider.raw(api, PLUGINS, WEBSITE)).await?;
    let open = is_open(&outsider, api, &first);
    // Cheap ones first: a password costs Glances 3 half a second of its only thread.
    Ok(Exposure {
        open,
        host_checked: look.host_checked(&outsider, &first).await,
        secrets_in_config: look.secrets(&outsider, "config", open).await,
        secrets_in_args: look.secrets(&outsider, "args", open).await,
        cors: look.cors(client, &first).await,
    })
}

/// The same server, asked by somebody whom it does not know.
fn without_credentials(options: &ClientOptions) -> ClientOptions {
    ClientOptions {
        auth: Auth::None,
        headers: Vec::new(),
        body_bytes_max: options.body_bytes_max.min(BODY_BYTES_MAX),
        ..options.clone()
    }
}

/// Only the API itself counts: a page to log in may be a success as well.
fn is_open(outsider: &Client, api: ApiVersion, reply: &Reply) -> Option<bool> {
    match reply.status {
        200..=299 => Some(outsider.decoder(api).plugins(&reply.body).is_some()),
        300..=399 | 401 | 403 | 407 => Some(false),
        _ => None,
    }
}

struct Look {
    api: ApiVersion,
    until: Instant,
}

impl Look {
    async fn ask(&self, client: &Client, rest: &str, guise: Guise) -> Result<Reply, FetchError> {
        let left = self.until.saturating_duration_since(Instant::now());
        within(left, client.raw(self.api, rest, guise)).await
    }

    /// A refusal without a word on websites says nothing of what a success would say: then the
    /// configured credentials are needed.
    async fn cors(&self, client: &Client, first: &Reply) -> Option<Cors> {
        let said = |reply: &Reply| match reply.readable_by.as_deref() {
            Some("*" | ORIGIN) if reply.readable_with_credentials => Cors::AnyOriginWithCredentials,
            Some("*" | ORIGIN) => Cors::AnyOrigin,
            _ => Cors::Closed,
        };
        if first.is_success() || said(first) != Cors::Closed {
            return Some(said(first));
        }
        let reply = self.ask(client, PLUGINS, WEBSITE).await.ok()?;
        reply.is_success().then(|| said(&reply))
    }

    async fn host_checked(&self, outsider: &Client, first: &Reply) -> Option<bool> {
        if !first.is_success() && first.status != 401 {
            return None;
        }
        let reply = self.ask(outsider, PLUGINS, Guise::Host(HOST)).await.ok()?;
        match reply.status {
            status if status == first.status => Some(false),
            300..=499 => Some(true),
            _ => None,
        }
    }

    async fn secrets(&self, outsider: &Client, path: &str, open: Option<bool>) -> Option<bool> {
        if open != Some(true) {
            return open;
        }
        let reply = self.ask(outsider, path, Guise::None).await.ok()?;
        match reply.status {
            200..=299 => secrets::shown(&reply.body),
            // Not served, or not to everybody.
            300..=499 => Some(false),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests;
