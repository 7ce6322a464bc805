//! What we tell of ourselves: logs on stderr (or a file), and counters of calls.

use std::{
    fs::OpenOptions,
    io::IsTerminal,
    path::Path,
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

use anyhow::Context as _;
use tracing_subscriber::{EnvFilter, fmt::writer::BoxMakeWriter};

/// Form of the log lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogForm {
    /// For people.
    Readable,
    /// One JSON object a line.
    Json,
}

/// What is quiet unless asked for: the protocol library logs three lines a request.
const QUIET: &str = "rmcp=warn,rmcp::service=off,hyper=warn,h2=warn,rustls=warn";

/// Starts logging: to stderr, never stdout, which belongs to MCP on stdio; or to a file.
///
/// # Errors
/// When `level` is no filter, or the file cannot be opened.
pub fn init_logs(level: &str, form: LogForm, file: Option<&Path>) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(format!("{QUIET},{level}")).with_context(|| {
        format!("`{level}` is no log level: use error, warn, info, debug or trace")
    })?;
    let (writer, color) = match file {
        Some(path) => {
            let file = OpenOptions::new().create(true).append(true).open(path);
            let file = file.with_context(|| format!("log file `{}`", path.display()))?;
            (BoxMakeWriter::new(Mutex::new(file)), false)
        }
        None => (BoxMakeWriter::new(std::io::stderr), std::io::stderr().is_terminal()),
    };
    let logs = tracing_subscriber::fmt().with_env_filter(filter).with_writer(writer);
    let started = match form {
        LogForm::Readable => logs.with_ansi(color).try_init(),
        LogForm::Json => logs.json().flatten_event(true).try_init(),
    };
    started.map_err(|err| anyhow::anyhow!("logging: {err}"))
}

/// Counts of calls since start, and what is open now.
#[derive(Debug, Default)]
pub struct Counters {
    calls: AtomicU64,
    errors: AtomicU64,
    subscriptions: AtomicU64,
}

impl Counters {
    /// Counts one call.
    pub fn call(&self, failed: bool) {
        self.calls.fetch_add(1, Ordering::Relaxed);
        if failed {
            self.errors.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Notes how many subscriptions are open.
    pub fn set_subscriptions(&self, open: usize) {
        self.subscriptions.store(open as u64, Ordering::Relaxed);
    }

    /// Open subscriptions: watched resources and streams, of all clients.
    #[must_use]
    pub fn subscriptions(&self) -> u64 {
        self.subscriptions.load(Ordering::Relaxed)
    }

    /// Calls, and how many of them failed.
    #[must_use]
    pub fn read(&self) -> (u64, u64) {
        (self.calls.load(Ordering::Relaxed), self.errors.load(Ordering::Relaxed))
    }
}
