//! Checked settings in, the settings of this program out: meanings that one value alone does not
//! show.

use std::{net::IpAddr, path::PathBuf};

use super::{
    address,
    check::Check,
    env::Env,
    keys::LOG_FORMATS,
    nearest::nearest,
    problem::Place,
    read::Settings,
    settings::{
        HttpConfig, LimitsConfig, LogConfig, LogFormat, PollConfig, Retention, StoreConfig,
        ToolsConfig,
    },
    tree::quoted,
};

/// A shorter token is guessed.
const TOKEN_CHARS_MIN: usize = 16;

pub(super) fn poll(values: &Settings) -> PollConfig {
    let span = |path| values.span(path).unwrap_or_default();
    PollConfig {
        interval: span("poll.interval"),
        containers_interval: span("poll.containers_interval"),
        processes_interval: span("poll.processes_interval"),
        backoff_first: span("poll.backoff_first"),
        retry_attempts: values.whole("poll.retry_attempts"),
    }
}

pub(super) fn limits(values: &Settings) -> LimitsConfig {
    LimitsConfig {
        concurrent_requests: values.whole("limits.concurrent_requests"),
        glances_timeout: values.span("limits.glances_timeout").unwrap_or_default(),
    }
}

pub(super) fn retention(values: &Settings) -> Retention {
    Retention {
        baseline_days: values.whole("performance_baseline_retention"),
        alert_days: values.whole("alert_history_retention"),
    }
}

/// The file of history in the data folder.
const STORE_FILE: &str = "history.db";

pub(super) fn store(check: &mut Check<'_>, values: &Settings) -> StoreConfig {
    let Some(text) = values.text("store.url").filter(|text| !text.is_empty()) else {
        return StoreConfig::File(data_dir(check.env).join(STORE_FILE));
    };
    let path = text.strip_prefix("sqlite:").unwrap_or(text);
    let path = path.strip_prefix("//").unwrap_or(path);
    if text == "memory:" {
        return StoreConfig::Memory;
    }
    if path.contains("://") || path.is_empty() {
        let place = values.place("store.url").cloned().unwrap_or_default();
        let problem = format!("{} is no place for history", quoted(text));
        check.report.add_fix(&place, problem, "give the path of a file, or `memory:`");
    }
    StoreConfig::File(check.env.dir().join(path))
}

/// Where programs of this user keep data: what systemd gives a service (`StateDirectory`), else the
/// platform's folder; the working directory where no home is known.
fn data_dir(env: &Env) -> PathBuf {
    if let Some(state) = env.get("STATE_DIRECTORY").filter(|path| !path.is_empty()) {
        return PathBuf::from(state);
    }
    let home = || env.get("HOME").map(PathBuf::from);
    let base = if cfg!(windows) {
        env.get("LOCALAPPDATA").map(PathBuf::from)
    } else if cfg!(target_os = "macos") {
        home().map(|home| home.join("Library/Application Support"))
    } else {
        let own = env.get("XDG_DATA_HOME").map(PathBuf::from);
        own.or_else(|| home().map(|home| home.join(".local/share")))
    };
    base.map_or_else(|| env.dir().to_owned(), |base| base.join("glances-mcp"))
}

pub(super) fn tools(check: &mut Check<'_>, values: &Settings) -> ToolsConfig {
    let enable = values.has("tools.enable").then(|| values.plain_words("tools.enable"));
    let disable = values.plain_words("tools.disable");
    for (name, place) in values.words("tools.enable") {
        if disable.contains(name) {
            let problem = format!("{} is enabled and disabled", quoted(name));
            check.report.add_fix(place, problem, "keep one of them");
        }
    }
    ToolsConfig { enable, disable, read_only: values.flag("tools.read_only") }
}

pub(super) fn http(check: &mut Check<'_>, values: &Settings) -> HttpConfig {
    let host = listen_host(check, values);
    for (name, place) in values.words("http.allowed_hosts") {
        let bare = name.rsplit_once(':').filter(|(_, port)| port.parse::<u16>().is_ok());
        if let Err((problem, fix)) = address::host(bare.map_or(name, |(host, _)| host)) {
            check.report.add_fix(place, problem, fix);
        }
    }
    let token = values.secret("http.token").cloned();
    if token.as_ref().is_some_and(|token| {
        secrecy::ExposeSecret::expose_secret(token).chars().count() < TOKEN_CHARS_MIN
    }) {
        let place = values.place("http.token").cloned().unwrap_or_default();
        let warning = format!("{place}: shorter than {TOKEN_CHARS_MIN} characters: easy to guess");
        check.warnings.push(warning);
    }
    HttpConfig {
        host,
        port: values.whole("http.port"),
        token,
        allow_unauthenticated: values.flag("http.allow_unauthenticated"),
        allowed_hosts: values.plain_words("http.allowed_hosts"),
        allowed_origins: origins(check, values, "http.allowed_origins"),
        cors_origins: origins(check, values, "http.cors_origins"),
        sessions: values.flag("http.sessions"),
        sessions_max: values.whole("http.sessions_max"),
        session_idle: values.span("http.session_idle").unwrap_or_default(),
        body_bytes_max: values.whole("http.body_bytes_max"),
    }
}

/// The address as the system takes it: IPv6 without brackets.
fn listen_host(check: &mut Check<'_>, values: &Settings) -> String {
    let text = values.text("http.host").unwrap_or_default();
    match address::host(text) {
        Ok(host) => host.trim_matches(['[', ']']).to_owned(),
        Err((problem, fix)) => {
            let place = values.place("http.host").cloned().unwrap_or_default();
            check.report.add_fix(&place, problem, fix);
            text.to_owned()
        }
    }
}

/// Whether only this machine reaches an address.
pub(super) fn is_loopback(host: &str) -> bool {
    match host.parse::<IpAddr>() {
        Ok(address) => address.to_canonical().is_loopback(),
        Err(_) => host.eq_ignore_ascii_case("localhost"),
    }
}

fn origins(check: &mut Check<'_>, values: &Settings, path: &str) -> Vec<String> {
    let mut origins = Vec::new();
    for (text, place) in values.words(path) {
        let origin = text.trim_end_matches('/');
        let known = origin.split_once("://").is_some_and(|(scheme, rest)| {
            !scheme.is_empty() && !rest.is_empty() && !rest.contains(['/', '@', '?', '#', '*'])
        });
        if known || origin == "*" {
            origins.push(origin.to_ascii_lowercase());
        } else {
            let problem = format!("{} is not a web origin", quoted(text));
            check.report.add_fix(place, problem, "write it like `https://chat.example.org`");
        }
    }
    origins
}

pub(super) fn log(check: &mut Check<'_>, values: &Settings) -> LogConfig {
    let text = values.text("log.level").unwrap_or_default();
    let place = values.place("log.level").cloned().unwrap_or_default();
    let json = values.text("log.format") == LOG_FORMATS.last().copied();
    LogConfig {
        level: log_level(check, text, &place),
        format: if json { LogFormat::Json } else { LogFormat::Readable },
        file: values.file("log.file").map(std::path::Path::to_owned),
    }
}

const LEVELS: &[&str] = &["off", "error", "warn", "info", "debug", "trace"];

/// A level in our words, or a filter as it is.
fn log_level(check: &mut Check<'_>, text: &str, place: &Place) -> String {
    let lower = text.to_ascii_lowercase();
    let level = match lower.as_str() {
        // The words of Python's logging.
        "warning" => "warn",
        "critical" | "fatal" => "error",
        "notset" => "trace",
        word => word,
    };
    if LEVELS.contains(&level) {
        return level.to_owned();
    }
    let is_filter = text.contains(['=', ',', '[']);
    let wrong = text.split(',').find(|part| match part.rsplit_once('=') {
        Some((target, level)) if !level.ends_with(']') => {
            target.trim().is_empty()
                || !LEVELS.contains(&level.trim().to_ascii_lowercase().as_str())
        }
        _ => part.trim().is_empty(),
    });
    if !is_filter || wrong.is_some() {
        let shown = wrong.filter(|_| is_filter).unwrap_or(text);
        let word = shown.rsplit('=').next().unwrap_or(shown).trim().to_ascii_lowercase();
        let hint = match nearest(&word, LEVELS.iter().copied()) {
            Some(near) => format!("did you mean `{near}`? "),
            None => String::new(),
        };
        let fix = format!(
            "{hint}Use error, warn, info, debug, trace, off, or a filter such as \
             `info,glances_mcp=debug`"
        );
        check.report.add_fix(place, format!("{} is not a log level", quoted(shown)), fix);
    }
    text.to_owned()
}
