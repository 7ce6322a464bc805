//! Requests and replies; the sole user of reqwest, with `tls` and `failure` beside it.

mod failure;
mod tls;
mod token;

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use reqwest::Method;
pub(crate) use reqwest::Url;
use reqwest::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_ORIGIN, AUTHORIZATION, DATE, HOST,
    HeaderMap, HeaderName, HeaderValue, ORIGIN,
};
use secrecy::{ExposeSecret, SecretString};
use tokio::time::Instant;

use super::options::{Auth, BuildError, ClientOptions};
use crate::{ApiVersion, FetchError};
use failure::Resolver;
pub(crate) use failure::root_cause;
use token::Token;

/// Glances closes an idle connection after 5 s; ours must not be older when it is used again.
const POOL_IDLE: Duration = Duration::from_secs(4);

/// A poller sends few requests at once to one server.
const POOL_IDLE_CONNECTIONS_MAX: usize = 4;

const USER_AGENT: &str = concat!("glances-mcp/", env!("CARGO_PKG_VERSION"));

/// HTTP to one server.
pub(super) struct Transport {
    http: reqwest::Client,
    /// Scheme, host, port and prefix, without a slash at the end.
    base: String,
    host: String,
    credentials: Credentials,
    body_bytes_max: usize,
    filter: fn(&str) -> String,
    /// What the last answer said of the time.
    clock: Mutex<Option<Clock>>,
}

/// The time of a server, as one of its answers told it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clock {
    /// Its `Date` header, such as `Tue, 24 Nov 2026 09:00:00 GMT`.
    pub date: String,
    /// When it arrived.
    pub at: Instant,
}

/// Longest `Date` header: a date has 29 characters.
const DATE_BYTES_MAX: usize = 64;

enum Credentials {
    None,
    Basic(HeaderValue),
    Token(Token),
}

/// A request: its path, and what it pretends.
struct Ask<'a> {
    method: Method,
    path: &'a str,
    guise: Guise,
}

impl Ask<'_> {
    fn request(&self, transport: &Transport) -> reqwest::RequestBuilder {
        let url = format!("{}{}", transport.base, self.path);
        let request = transport.http.request(self.method.clone(), url);
        match self.guise {
            Guise::None => request,
            Guise::Origin(origin) => request.header(ORIGIN, origin),
            Guise::Host(host) => request.header(HOST, host),
        }
    }
}

/// What a request pretends, to find out whether the server minds.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Guise {
    /// Nothing.
    None,
    /// A browser sends it on behalf of this website.
    Origin(&'static str),
    /// It is meant for a server of this name.
    Host(&'static str),
}

/// A whole answer.
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
    /// The website whose scripts may read it; `*` is any.
    pub(crate) readable_by: Option<String>,
    /// Whether they may ask in the name of the browser's user.
    pub(crate) readable_with_credentials: bool,
}

impl Reply {
    /// Whether it is what was asked for.
    pub(crate) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// Whether the body contains the words.
    pub(super) fn says(&self, words: &str) -> bool {
        self.body.windows(words.len()).any(|window| window == words.as_bytes())
    }

    pub(super) fn is_html(&self) -> bool {
        self.body.trim_ascii_start().starts_with(b"<")
    }
}

impl Transport {
    /// Whether requests carry a password or token.
    pub(super) fn has_credentials(&self) -> bool {
        !matches!(self.credentials, Credentials::None)
    }

    pub(super) fn new(options: ClientOptions) -> Result<Self, BuildError> {
        let url = base_url(&options.base_url)?;
        let tls = tls::config(&options, url.scheme() == "https")?;
        let http = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .default_headers(headers(&options.headers)?)
            .user_agent(USER_AGENT)
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .no_proxy()
            .gzip(true)
            .http1_only()
            .tcp_nodelay(true)
            .pool_idle_timeout(POOL_IDLE)
            .pool_max_idle_per_host(POOL_IDLE_CONNECTIONS_MAX)
            .dns_resolver(Resolver)
            .build()
            .map_err(|error| BuildError::Tls { reason: failure::root_cause(&error) })?;
        Ok(Self {
            http,
            base: url.as_str().trim_end_matches('/').to_owned(),
            host: url.host_str().unwrap_or_default().to_owned(),
            credentials: credentials(options.auth)?,
            body_bytes_max: options.body_bytes_max,
            filter: options.text_filter,
            clock: Mutex::default(),
        })
    }

    /// What the last answer said of the time, if it did.
    pub(super) fn clock(&self) -> Option<Clock> {
        self.clock.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn note_clock(&self, headers: &HeaderMap) {
        let date = headers.get(DATE).and_then(|date| date.to_str().ok());
        let date = date.filter(|date| date.len() <= DATE_BYTES_MAX);
        let told = date.map(|date| Clock { date: date.to_owned(), at: Instant::now() });
        *self.clock.lock().unwrap_or_else(PoisonError::into_inner) = told;
    }

    /// A GET, once more when the server closed a pooled connection under it.
    pub(super) async fn get(&self, api: ApiVersion, path: &str) -> Result<Reply, FetchError> {
        self.get_as(api, path, Guise::None).await
    }

    /// The same, pretending something.
    pub(super) async fn get_as(
        &self,
        api: ApiVersion,
        path: &str,
        guise: Guise,
    ) -> Result<Reply, FetchError> {
        self.send(api, &Ask { method: Method::GET, path, guise }).await
    }

    /// A POST without body.
    pub(super) async fn post(&self, api: ApiVersion, path: &str) -> Result<Reply, FetchError> {
        self.send(api, &Ask { method: Method::POST, path, guise: Guise::None }).await
    }

    /// With the credentials; a token that the server has forgotten is renewed once.
    async fn send(&self, api: ApiVersion, ask: &Ask<'_>) -> Result<Reply, FetchError> {
        let token = match &self.credentials {
            Credentials::None => return self.attempt(ask, None).await,
            Credentials::Basic(value) => return self.attempt(ask, Some(value)).await,
            Credentials::Token(token) => token,
        };
        let value = token.current(self, api).await?;
        let reply = self.attempt(ask, Some(&value)).await?;
        if reply.status != 401 {
            return Ok(reply);
        }
        let Some(renewed) = token.renewed(self, api, &value).await? else { return Ok(reply) };
        self.attempt(ask, Some(&renewed)).await
    }

    async fn attempt(
        &self,
        ask: &Ask<'_>,
        authorization: Option<&HeaderValue>,
    ) -> Result<Reply, FetchError> {
        let request = || match authorization {
            Some(value) => ask.request(self).header(AUTHORIZATION, value.clone()),
            None => ask.request(self),
        };
        let response = match request().send().await {
            Err(error) if ask.method == Method::GET && failure::closed_before_reply(&error) => {
                request().send().await
            }
            sent => sent,
        };
        self.read(response).await
    }

    /// JSON to the token endpoint, without credentials of another kind.
    async fn post_json(&self, path: &str, body: String) -> Result<Reply, FetchError> {
        let request = self.http.post(format!("{}{path}", self.base));
        let request = request.header(reqwest::header::CONTENT_TYPE, "application/json").body(body);
        self.read(request.send().await).await
    }

    /// Reads the body in pieces, so that a long one is dropped before it is in memory.
    async fn read(
        &self,
        response: Result<reqwest::Response, reqwest::Error>,
    ) -> Result<Reply, FetchError> {
        let fail = |error: reqwest::Error| failure::classify(&error, &self.host, self.filter);
        let limit_bytes = self.body_bytes_max;
        let too_large = FetchError::TooLarge { limit_bytes };
        let mut response = response.map_err(fail)?;
        self.note_clock(response.headers());
        let status = response.status().as_u16();
        let said = |name| response.headers().get(name)?.to_str().ok().map(str::to_owned);
        let readable_by = said(ACCESS_CONTROL_ALLOW_ORIGIN);
        let readable_with_credentials =
            said(ACCESS_CONTROL_ALLOW_CREDENTIALS).is_some_and(|word| word == "true");
        let announced = response.content_length().unwrap_or(0);
        if announced > u64::try_from(limit_bytes).unwrap_or(u64::MAX) {
            return Err(too_large);
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(fail)? {
            if chunk.len() > limit_bytes - body.len() {
                return Err(too_large);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Reply { status, body, readable_by, readable_with_credentials })
    }
}

/// Parses and checks a base URL.
pub(crate) fn base_url(text: &str) -> Result<Url, BuildError> {
    let reason = |reason| BuildError::Url { reason };
    let url = Url::parse(text.trim())
        .map_err(|_| reason("not a URL; write it like `http://host:61208`"))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(reason("must begin with `http://` or `https://`"));
    }
    if url.host_str().is_none_or(str::is_empty) {
        return Err(reason("has no host"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(reason("must not contain credentials; set `username` and `password`"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(reason("must end with the host or the prefix, without `?` or `#`"));
    }
    if url.path_segments().is_some_and(|mut parts| parts.any(|part| part == "api")) {
        return Err(reason("must end before `/api`"));
    }
    Ok(url)
}

fn headers(headers: &[(String, SecretString)]) -> Result<HeaderMap, BuildError> {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        let refuse = || BuildError::Header { name: name.clone() };
        let key = HeaderName::try_from(name.as_str()).map_err(|_| refuse())?;
        let mut value = HeaderValue::from_str(value.expose_secret()).map_err(|_| refuse())?;
        value.set_sensitive(true);
        map.append(key, value);
    }
    Ok(map)
}

fn credentials(auth: Auth) -> Result<Credentials, BuildError> {
    Ok(match auth {
        Auth::None => Credentials::None,
        Auth::Basic { username, password } => {
            Credentials::Basic(token::basic(&username, &password)?)
        }
        Auth::Token { username, password } => Credentials::Token(Token::new(username, password)?),
    })
}
