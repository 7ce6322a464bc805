//! Errors of the HTTP library → [`FetchError`], by walking their causes. URLs are never printed.

use std::error::Error;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use crate::FetchError;

/// The system's words are cut here; a hostile certificate can hold long names.
const REASON_CHARS_MAX: usize = 200;

/// The system's resolver, whose failures can be told from other failures.
pub(super) struct Resolver;

/// The name does not resolve.
#[derive(Debug, thiserror::Error)]
#[error("name does not resolve")]
struct Unresolved(#[source] io::Error);

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            // The port is put in by the caller.
            let found = tokio::net::lookup_host((name.as_str(), 0)).await.map_err(Unresolved)?;
            let found: Vec<SocketAddr> = found.collect();
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

/// What an operator would call this failure.
pub(super) fn classify(
    error: &reqwest::Error,
    host: &str,
    filter: fn(&str) -> String,
) -> FetchError {
    let reason =
        || -> String { filter(&root_cause(error)).chars().take(REASON_CHARS_MAX).collect() };
    for cause in causes(error) {
        if cause.is::<Unresolved>() {
            return FetchError::Dns { host: host.to_owned() };
        }
        if cause.is::<rustls::Error>() {
            return FetchError::Tls { reason: reason() };
        }
        if let Some(http) = cause.downcast_ref::<hyper::Error>()
            && http.is_parse()
        {
            return FetchError::Malformed { reason: "no HTTP reply".to_owned() };
        }
        match cause.downcast_ref::<io::Error>().map(io::Error::kind) {
            Some(ErrorKind::ConnectionRefused) => return FetchError::Refused,
            Some(ErrorKind::TimedOut) => {
                return FetchError::Connection { reason: "timed out in the system".to_owned() };
            }
            _ => {}
        }
    }
    // The library calls every failure while decompressing so, also that of the connection.
    if error.is_decode() && !causes(error).any(<dyn Error>::is::<hyper::Error>) {
        return FetchError::Malformed { reason: "body cannot be decompressed".to_owned() };
    }
    FetchError::Connection { reason: reason() }
}

/// Whether the connection ended before a reply began, as a pooled one does when the server has
/// just given it up.
pub(super) fn closed_before_reply(error: &reqwest::Error) -> bool {
    if error.is_connect() {
        return false;
    }
    causes(error).any(|cause| {
        let http = cause.downcast_ref::<hyper::Error>();
        let io = cause.downcast_ref::<io::Error>().map(io::Error::kind);
        http.is_some_and(|http| http.is_incomplete_message() || http.is_canceled())
            || matches!(
                io,
                Some(
                    ErrorKind::ConnectionReset
                        | ErrorKind::ConnectionAborted
                        | ErrorKind::BrokenPipe
                )
            )
    })
}

/// The words of the innermost cause.
pub(crate) fn root_cause(error: &(dyn Error + 'static)) -> String {
    causes(error).last().map(ToString::to_string).unwrap_or_default()
}

/// The error and its causes. `io::Error` hides what it wraps from `source`.
fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&cause| {
        let wrapped = cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        match wrapped {
            Some(wrapped) => Some(wrapped as &(dyn Error + 'static)),
            None => cause.source(),
        }
    })
}
