//! The catalogue of keys: one row for everything that can be set. The check of a file, the
//! variables and the reference all follow from it. Reads nothing itself.

/// What can be set: one row.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// Where in a file: `poll.interval`; `servers[].port` is a key of every server.
    pub path: &'static str,
    /// What it takes.
    pub kind: Kind,
    /// What holds without it, as it would be written; empty for nothing.
    pub default: &'static str,
    /// The variable that sets it, if one does.
    pub env: Option<&'static str>,
    /// What it means.
    pub help: &'static str,
}

/// What a key takes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// Any text that is not empty.
    Text,
    /// A name such as an environment or a tag: at most [`WORD_CHARS_MAX`] characters.
    Word,
    /// `true` or `false`.
    Flag,
    /// A whole number within these bounds.
    Whole(u64, u64),
    /// A number within these bounds.
    Number(f64, f64),
    /// A time span within these bounds, in milliseconds.
    Span(u64, u64),
    /// A point in time with its offset.
    Moment,
    /// One of these words; upper and lower case are the same.
    Choice(&'static [&'static str]),
    /// A list of names.
    Words,
    /// A file, relative to the file that names it.
    File,
    /// A secret: a value, `env:NAME` or `file:PATH`.
    Secret,
    /// A table of secrets.
    Secrets,
}

/// Longest word, in characters.
pub const WORD_CHARS_MAX: usize = 64;

const SECOND: u64 = 1_000;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

const fn key(path: &'static str, kind: Kind, default: &'static str, help: &'static str) -> Key {
    Key { path, kind, default, env: None, help }
}

impl Key {
    const fn var(mut self, name: &'static str) -> Self {
        self.env = Some(name);
        self
    }
}

/// What a `protocol` may be.
pub(super) const PROTOCOLS: &[&str] = &["http", "https"];
/// What an `auth` may be.
pub(super) const AUTH_KINDS: &[&str] = &["basic", "token"];
const CRITICALITIES: &[&str] = &["low", "normal", "high", "critical"];
/// What a `log.format` may be.
pub(super) const LOG_FORMATS: &[&str] = &["readable", "json"];

/// What `thresholds` may be.
pub(super) const THRESHOLDS: &[&str] = &["ours", "glances"];

/// Everything that can be set, in the order of the reference.
pub const KEYS: &[Key] = &[
    key("servers[].alias", Kind::Text, "", "Name of the server, unique; `web-[01-20]` makes twenty."),
    key("servers[].host", Kind::Text, "", "Name or address of the machine; takes the range of `alias`."),
    key("servers[].port", Kind::Whole(1, 65_535), "61208", "Port of Glances."),
    key("servers[].protocol", Kind::Choice(PROTOCOLS), "http", "How Glances is reached."),
    key("servers[].url", Kind::Text, "", "`scheme://host:port[/prefix]` in place of `host`, `port`, `protocol` and `url_prefix`. Without a port: 61208 for http, 443 for https."),
    key("servers[].url_prefix", Kind::Text, "", "`--url-prefix` of Glances, or the path at a reverse proxy."),
    key("servers[].username", Kind::Text, "", "User of Glances; `glances` when only a password is given."),
    key("servers[].password", Kind::Secret, "", "Password of Glances."),
    key("servers[].auth", Kind::Choice(AUTH_KINDS), "basic", "How the password is sent: with every request, or once for a token (Glances 4.5 and newer)."),
    key("servers[].headers", Kind::Secrets, "", "Headers sent with every request, such as those a reverse proxy asks for."),
    key("servers[].environment", Kind::Word, "", "Any word; `prod`, `stage` and `dev` mean `production`, `staging` and `development`."),
    key("servers[].region", Kind::Word, "", "Any word."),
    key("servers[].tags", Kind::Words, "", "Any words."),
    key("servers[].timeout", Kind::Span(SECOND, 300 * SECOND), "30s", "Ceiling of the deadline of one attempt; the deadline itself is at most 0.8 of the interval."),
    key("servers[].interval", Kind::Span(2 * SECOND, HOUR), "", "Between two polls of this server, in place of `poll.interval`."),
    key("servers[].ca_file", Kind::File, "", "Certificates (PEM) to trust besides those of the system."),
    key("servers[].verify_tls", Kind::Flag, "true", "Whether the certificate of the server is checked."),
    key("servers[].disabled_plugins", Kind::Words, "", "Plugins of Glances that are never asked for."),
    key("servers[].paused", Kind::Flag, "false", "Listed but not polled."),
    key("servers[].criticality", Kind::Choice(CRITICALITIES), "", "How much a failure matters: `high` in production and `normal` elsewhere, if not given."),
    key("servers[].timezone", Kind::Text, "", "Time zone of the server, such as `Europe/Berlin`."),
    key("servers[].cost_per_month", Kind::Number(0.0, 1e9), "", "What it costs, in your currency."),
    key("servers[].depends_on", Kind::Words, "", "Aliases of servers it does not work without."),
    key("poll.interval", Kind::Span(2 * SECOND, HOUR), "10s", "Between two polls of a server.").var("GLANCES_MCP_POLL_INTERVAL"),
    key("poll.containers_interval", Kind::Span(2 * SECOND, HOUR), "30s", "Between two container lists of a server."),
    key("poll.processes_interval", Kind::Span(2 * SECOND, HOUR), "1m", "Between two process lists of a server."),
    key("poll.backoff_first", Kind::Span(100, MINUTE), "5s", "First wait after a failed poll; later ones double, up to a minute.").var("GLANCES_MCP_GLANCES_RETRY_DELAY"),
    key("poll.retry_attempts", Kind::Whole(1, 10), "3", "Attempts of a call that asks a server directly (`fresh`, `probe`).").var("GLANCES_MCP_GLANCES_RETRY_ATTEMPTS"),
    key("http.host", Kind::Text, "127.0.0.1", "Address to listen on; beyond this machine only with `http.token` or `http.allow_unauthenticated`.").var("GLANCES_MCP_HOST"),
    key("http.port", Kind::Whole(0, 65_535), "8080", "Port to listen on; 0 takes a free one.").var("GLANCES_MCP_PORT"),
    key("http.token", Kind::Secret, "", "Bearer token that every caller must send.").var("GLANCES_MCP_HTTP_TOKEN"),
    key("http.allow_unauthenticated", Kind::Flag, "false", "Listen beyond this machine without a token.").var("GLANCES_MCP_ALLOW_UNAUTHENTICATED"),
    key("http.allowed_hosts", Kind::Words, "", "Names by which callers may reach us, beside `localhost` and `http.host`.").var("GLANCES_MCP_ALLOWED_HOSTS"),
    key("http.allowed_origins", Kind::Words, "", "Web origins that may call.").var("GLANCES_MCP_ALLOWED_ORIGINS"),
    key("http.cors_origins", Kind::Words, "", "Web origins that get CORS headers; none switches CORS off.").var("GLANCES_MCP_CORS_ORIGINS"),
    key("http.sessions", Kind::Flag, "true", "Sessions for clients of the protocol versions that have them."),
    key("http.sessions_max", Kind::Whole(1, 100_000), "1000", "Most sessions at a time."),
    key("http.session_idle", Kind::Span(10 * SECOND, DAY), "5m", "After this long without a request a session ends, unless its client listens for what it subscribed to."),
    key("http.body_bytes_max", Kind::Whole(1_024, 16_777_216), "262144", "Largest request body, in bytes."),
    key("log.level", Kind::Text, "info", "`error`, `warn`, `info`, `debug`, `trace`, `off`, or a filter such as `info,glances_mcp=debug`.").var("GLANCES_MCP_LOG_LEVEL"),
    key("log.format", Kind::Choice(LOG_FORMATS), "readable", "How a line looks.").var("GLANCES_MCP_LOG_FORMAT"),
    key("log.file", Kind::File, "", "File to append to instead of stderr.").var("GLANCES_MCP_LOG_FILE"),
    key("store.url", Kind::Text, "", "Where history is kept: a file, or `memory:` for one that ends with the process. Without it `glances-mcp/history.db` in the user's data folder.").var("GLANCES_MCP_STORE_URL"),
    key("tools.enable", Kind::Words, "", "Only these tools; none given means all."),
    key("tools.disable", Kind::Words, "", "All tools but these."),
    key("tools.read_only", Kind::Flag, "false", "Leave out tools that change anything.").var("GLANCES_MCP_READ_ONLY"),
    key("limits.concurrent_requests", Kind::Whole(1, 10_000), "100", "Tool calls in flight.").var("GLANCES_MCP_MAX_CONCURRENT_REQUESTS"),
    key("limits.glances_timeout", Kind::Span(SECOND, 300 * SECOND), "30s", "Ceiling of every request to a Glances server, whatever its `timeout` says.").var("GLANCES_MCP_GLANCES_TIMEOUT"),
    key("runbooks.folder", Kind::File, "", "Folder with your own runbooks: up to 200 `.md` files of at most 64 KiB; one with the name of ours replaces it."),
    key("alert_thresholds[].metric", Kind::Text, "", "Path of the metric, such as `cpu.total` or `fs.percent[/]`."),
    key("alert_thresholds[].warning", Kind::Number(-1e15, 1e15), "", "From here on a warning."),
    key("alert_thresholds[].critical", Kind::Number(-1e15, 1e15), "", "From here on critical; below `warning` where low values are the bad ones."),
    key("alert_thresholds[].unit", Kind::Word, "", "Unit of the numbers where it is not the metric's own: such as `GiB` for bytes or `ms` for seconds."),
    key("alert_thresholds[].careful", Kind::Number(-1e15, 1e15), "", "From here on careful, the mildest."),
    key("alert_thresholds[].clear", Kind::Number(-1e15, 1e15), "", "Back beyond this value the alert may end; without it 5 % of the limit away from it."),
    key("alert_thresholds[].for", Kind::Span(0, DAY), "", "How long it must be so before an alert: that many minutes of a third more. `0` is at once; without it 10 minutes for a warning and 11 for critical."),
    key("alert_thresholds[].clear_after", Kind::Span(0, 7 * DAY), "", "How long it must be over before the alert ends; without it 30 minutes for a warning and 45 for critical."),
    key("alert_thresholds[].servers", Kind::Words, "", "Selectors of servers; none means all."),
    key("alert_thresholds[].per_core", Kind::Flag, "false", "The numbers hold for the value divided by the number of cores, as for `load.min5`."),
    key("maintenance_windows[].name", Kind::Text, "", "Name for people."),
    key("maintenance_windows[].servers", Kind::Words, "", "Selectors of servers; none means all."),
    key("maintenance_windows[].start", Kind::Moment, "", "Opens, once: `2026-01-31T22:00:00Z`."),
    key("maintenance_windows[].end", Kind::Moment, "", "Closes."),
    key("maintenance_windows[].schedule", Kind::Text, "", "Opens, again and again: a cron line of five fields, `0 2 * * sun`."),
    key("maintenance_windows[].duration", Kind::Span(MINUTE, 7 * DAY), "", "For how long it stays open."),
    key("maintenance_windows[].timezone", Kind::Text, "UTC", "Time zone of `schedule`."),
    key("thresholds", Kind::Choice(THRESHOLDS), "ours", "Whose thresholds hold where `alert_thresholds` says nothing: ours, or those of each server's glances.conf."),
    key("performance_baseline_retention", Kind::Whole(1, 400), "7", "Days for which raw samples and baselines are kept.").var("GLANCES_MCP_BASELINE_RETENTION_DAYS"),
    key("alert_history_retention", Kind::Whole(1, 3_650), "30", "Days for which alerts that are over are kept.").var("GLANCES_MCP_ALERT_HISTORY_RETENTION_DAYS"),
];

/// Prefix of all our variables.
pub(super) const PREFIX: &str = "GLANCES_MCP_";
/// Names the file to read.
pub(super) const CONFIG: &str = "GLANCES_MCP_CONFIG";
/// Sets the log level to `debug`.
pub(super) const DEBUG: &str = "GLANCES_MCP_DEBUG";

/// Variables that set no key, with what they mean.
pub(super) const OTHER_VARIABLES: &[(&str, &str)] = &[
    (CONFIG, "The configuration file, in place of the search."),
    (DEBUG, "`true` sets the log level to `debug`, whatever else says of it but a flag."),
];

/// Keys of a server that belong to one server alone: `[defaults]` does not take them.
pub(super) const NOT_IN_DEFAULTS: &[&str] = &["alias", "host", "url"];

/// Words that people write, and the key that they mean.
pub(super) const SYNONYMS: &[(&str, &str)] = &[
    ("name", "alias"),
    ("hostname", "host"),
    ("address", "host"),
    ("ip", "host"),
    ("scheme", "protocol"),
    ("user", "username"),
    ("pass", "password"),
    ("env", "environment"),
    ("labels", "tags"),
    ("verify_ssl", "verify_tls"),
    ("insecure", "verify_tls"),
    ("tz", "timezone"),
    ("cost", "cost_per_month"),
    ("bind", "host"),
    ("max_concurrent_requests", "concurrent_requests"),
    ("retry_delay", "backoff_first"),
    ("baseline_retention_days", "performance_baseline_retention"),
    ("alert_history_retention_days", "alert_history_retention"),
    ("cron", "schedule"),
    ("duration", "for"),
    ("hysteresis", "clear"),
    ("keep_firing_for", "clear_after"),
    ("selectors", "servers"),
    ("info", "careful"),
];

/// The row of a path, by its path in the catalogue.
pub(super) fn by_path(path: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.path == path)
}

/// The rows of a section, such as `poll` or `servers`, with their names within it.
pub(super) fn of_section(section: &str) -> impl Iterator<Item = (&'static str, &'static Key)> {
    KEYS.iter().filter_map(move |key| Some((name_in(key.path, section)?, key)))
}

fn name_in<'k>(path: &'k str, section: &str) -> Option<&'k str> {
    let (front, name) = path.split_once('.')?;
    (front.strip_suffix("[]").unwrap_or(front) == section).then_some(name)
}

/// The names at the top of a file: sections, lists of tables, single keys.
pub(super) fn top_names() -> Vec<&'static str> {
    let mut names: Vec<&'static str> = Vec::new();
    for key in KEYS {
        let front = key.path.split(['.', '[']).next().unwrap_or(key.path);
        if !names.contains(&front) {
            names.push(front);
        }
    }
    names.insert(names.len().min(1), "defaults");
    names
}

impl Kind {
    /// What is expected, for messages and the reference.
    #[must_use]
    pub fn expects(self) -> String {
        match self {
            Self::Text => "a text".to_owned(),
            Self::Word => format!("a word of at most {WORD_CHARS_MAX} characters"),
            Self::Flag => "true or false".to_owned(),
            Self::Whole(min, max) => format!("a whole number from {min} to {max}"),
            Self::Number(min, max) if min.abs() < 1e12 && max < 1e12 => {
                format!("a number from {min} to {max}")
            }
            Self::Number(..) => "a number".to_owned(),
            Self::Span(min, max) => format!(
                "a time from {} to {}, such as \"10s\", \"2m\", \"500ms\", or a number of seconds",
                span_text(min),
                span_text(max)
            ),
            Self::Moment => "a time with its offset, such as \"2026-01-31T22:00:00Z\"".to_owned(),
            Self::Choice(words) => format!("one of {}", quoted_list(words)),
            Self::Words => "a list of texts".to_owned(),
            Self::File => "a path".to_owned(),
            Self::Secret => "a text, \"env:NAME\" or \"file:PATH\"".to_owned(),
            Self::Secrets => {
                "a table of texts, each a value, \"env:NAME\" or \"file:PATH\"".to_owned()
            }
        }
    }
}

/// `a`, `b` or `c`, each in backquotes.
pub(super) fn quoted_list(words: &[&str]) -> String {
    let words: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    words.join(", ")
}

/// A span as it is written in a file, in its largest whole unit.
pub(super) fn span_text(milliseconds: u64) -> String {
    if milliseconds == 0 {
        return "0s".to_owned();
    }
    let units = [(DAY, "d"), (HOUR, "h"), (MINUTE, "m"), (SECOND, "s")];
    match units.iter().find(|(size, _)| milliseconds.is_multiple_of(*size)) {
        Some((size, unit)) => format!("{}{unit}", milliseconds / size),
        None => format!("{milliseconds}ms"),
    }
}
