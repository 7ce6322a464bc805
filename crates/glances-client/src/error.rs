//! What can go wrong between us and one Glances server.

use crate::Plugin;

/// A failed request: one variant per thing that an operator does differently.
///
/// Never carries a credential; text of the server is bounded and filtered.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum FetchError {
    /// The host name does not resolve.
    #[error("`{host}` does not resolve")]
    Dns {
        /// Name that was looked up.
        host: String,
    },
    /// Nobody listens at the address.
    #[error("connection refused")]
    Refused,
    /// No route, reset, closed early, or another failure of the connection.
    #[error("connection failed: {reason}")]
    Connection {
        /// The system's words.
        reason: String,
    },
    /// No complete answer in time.
    #[error("no answer within {after_ms} ms")]
    Timeout {
        /// The deadline that passed.
        after_ms: u64,
    },
    /// Handshake or certificate; also plain HTTP where TLS is spoken and the reverse.
    #[error("TLS failed: {reason}")]
    Tls {
        /// The library's words.
        reason: String,
    },
    /// HTTP 401 or 403.
    #[error("HTTP {status}: credentials missing or wrong")]
    Auth {
        /// HTTP status.
        status: u16,
    },
    /// HTTP 400 or 421 `Invalid host header`: the server checks names and ours is not allowed.
    #[error("HTTP {status}: the server does not accept the host name we use")]
    HostRejected {
        /// HTTP status.
        status: u16,
    },
    /// The API is not there: no Glances, another prefix, or a version not spoken here.
    #[error("no Glances API 3, 4 or 5 at this address")]
    NoApi,
    /// The plugin is off, unknown to this version, or has no data.
    #[error("plugin `{plugin}` is not available")]
    NotAvailable {
        /// Which plugin.
        plugin: Plugin,
    },
    /// Another HTTP status.
    #[error("HTTP {status}")]
    Status {
        /// HTTP status.
        status: u16,
    },
    /// Longer than the cap.
    #[error("reply longer than {limit_bytes} bytes")]
    TooLarge {
        /// The cap.
        limit_bytes: usize,
    },
    /// Not JSON, or JSON of another shape than the plugin's.
    #[error("reply not understood: {reason}")]
    Malformed {
        /// What was expected where.
        reason: String,
    },
}

impl FetchError {
    /// A stable word for counters, groups and replies.
    #[must_use]
    pub const fn class(&self) -> &'static str {
        match self {
            Self::Dns { .. } => "dns",
            Self::Refused => "refused",
            Self::Connection { .. } => "connection",
            Self::Timeout { .. } => "timeout",
            Self::Tls { .. } => "tls",
            Self::Auth { .. } => "auth",
            Self::HostRejected { .. } => "host_rejected",
            Self::NoApi => "no_api",
            Self::NotAvailable { .. } => "not_available",
            Self::Status { .. } => "http_status",
            Self::TooLarge { .. } => "too_large",
            Self::Malformed { .. } => "malformed",
        }
    }
}
