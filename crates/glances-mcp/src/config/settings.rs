//! The settings of this program: valid values, as the rest of the code takes them.

use std::{path::PathBuf, time::Duration};

use secrecy::{ExposeSecret, SecretString};

/// When monitored machines are asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PollConfig {
    /// Between two polls of the cheap plugins of one server (10 s).
    pub interval: Duration,
    /// Between two container lists (30 s).
    pub containers_interval: Duration,
    /// Between two lists of programs and processes (60 s).
    pub processes_interval: Duration,
    /// First wait after a failed poll; later ones double (5 s).
    pub backoff_first: Duration,
    /// Attempts of a call that asks a monitored machine directly (3).
    pub retry_attempts: u32,
}

/// The HTTP endpoint.
#[derive(Clone, Debug)]
pub struct HttpConfig {
    /// Address to listen on (`127.0.0.1`).
    pub host: String,
    /// Port to listen on (8080); 0 takes a free one.
    pub port: u16,
    /// The bearer token that callers must send, if any.
    pub token: Option<SecretString>,
    /// Whether to listen beyond this machine without a token.
    pub allow_unauthenticated: bool,
    /// Names by which callers may reach us, beside loopback and `host`.
    pub allowed_hosts: Vec<String>,
    /// Web origins that may call, beside our own.
    pub allowed_origins: Vec<String>,
    /// Web origins that get CORS headers; empty switches CORS off.
    pub cors_origins: Vec<String>,
    /// Whether clients of the older protocol versions get sessions.
    pub sessions: bool,
    /// Most sessions at a time (1,000).
    pub sessions_max: usize,
    /// After this long without a request a session ends (5 min).
    pub session_idle: Duration,
    /// Largest request body, in bytes (256 KiB).
    pub body_bytes_max: usize,
}

impl PartialEq for HttpConfig {
    fn eq(&self, other: &Self) -> bool {
        let plain = |it: &Self| {
            (
                (it.host.clone(), it.port, it.allow_unauthenticated, it.sessions),
                (it.allowed_hosts.clone(), it.allowed_origins.clone(), it.cors_origins.clone()),
                (it.sessions_max, it.session_idle, it.body_bytes_max),
            )
        };
        plain(self) == plain(other) && same_secret(self.token.as_ref(), other.token.as_ref())
    }
}

/// Whether two secrets are the same. Not in constant time: both come from the configuration.
pub(super) fn same_secret(left: Option<&SecretString>, right: Option<&SecretString>) -> bool {
    left.map(ExposeSecret::expose_secret) == right.map(ExposeSecret::expose_secret)
}

/// The form of log lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    #[default]
    Readable,
    /// One JSON object a line.
    Json,
}

/// The log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogConfig {
    /// `error`, `warn`, `info` (default), `debug`, `trace`, `off`, or a whole filter such as
    /// `info,glances_mcp=debug`.
    pub level: String,
    /// How a line looks.
    pub format: LogFormat,
    /// File to append to instead of stderr.
    pub file: Option<PathBuf>,
}

/// Where history is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreConfig {
    /// In a SQLite file.
    File(PathBuf),
    /// Nowhere: it ends with the process.
    Memory,
}

/// Which tools callers see.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ToolsConfig {
    /// Only these, if given.
    pub enable: Option<Vec<String>>,
    /// All but these.
    pub disable: Vec<String>,
    /// Whether tools that change anything are left out.
    pub read_only: bool,
}

/// Bounds on our own work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LimitsConfig {
    /// Tool calls in flight (100).
    pub concurrent_requests: usize,
    /// No request to a Glances server takes longer, whatever its `timeout` says (30 s).
    pub glances_timeout: Duration,
}

/// For how long history is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Raw samples and baselines, in days (7).
    pub baseline_days: u32,
    /// Alerts that are over, in days (30).
    pub alert_days: u32,
}
