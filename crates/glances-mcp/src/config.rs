//! The configuration: raw files, variables and flags in, one valid [`Config`] or all problems out.
//! Never talks to a server, never prints a secret.
//!
//! Order, later ones win: defaults, file, `conf.d`, environment, flags.

mod address;
mod alerting;
mod build;
mod check;
mod cron;
mod details;
mod env;
mod files;
mod fleet;
mod keys;
mod nearest;
mod outside;
mod problem;
mod range;
mod read;
mod reference;
mod runbooks;
mod secret;
mod servers;
mod settings;
#[cfg(test)]
mod tests;
mod tree;

use std::path::{Path, PathBuf};

pub use self::{
    alerting::{AlertingConfig, MaintenanceWindow, Threshold, ThresholdSource, WindowTime},
    env::Env,
    files::find,
    keys::{KEYS, Key, Kind, WORD_CHARS_MAX},
    problem::{Problem, Problems},
    reference::reference,
    runbooks::RunbookFile,
    servers::{AuthKind, ServerConfig},
    settings::{
        HttpConfig, LimitsConfig, LogConfig, LogFormat, PollConfig, Retention, StoreConfig,
        ToolsConfig,
    },
};
use self::{
    check::Check,
    files::Files,
    problem::Report,
    read::{Gathered, Settings},
};

/// Everything that an operator can set, checked.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// In the order of the files; aliases are unique.
    pub servers: Vec<ServerConfig>,
    /// When monitored machines are asked.
    pub poll: PollConfig,
    /// The HTTP endpoint.
    pub http: HttpConfig,
    /// The log.
    pub log: LogConfig,
    /// Where history is kept.
    pub store: StoreConfig,
    /// Which tools callers see.
    pub tools: ToolsConfig,
    /// Bounds on our own work.
    pub limits: LimitsConfig,
    /// Thresholds and maintenance windows.
    pub alerting: AlertingConfig,
    /// For how long history is kept.
    pub retention: Retention,
    /// The operator's own runbooks, by file.
    pub runbooks: Vec<RunbookFile>,
    /// Files read, for watching: the file itself first, then drop-ins, then secrets and
    /// certificates.
    pub sources: Vec<PathBuf>,
    /// Directories of drop-ins and of runbooks, for watching.
    pub watch_dirs: Vec<PathBuf>,
    /// What is allowed and yet worth a line in the log.
    pub warnings: Vec<String>,
}

/// What the command line says.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    /// Address to listen on.
    pub host: Option<String>,
    /// Port to listen on.
    pub port: Option<u16>,
    /// Log level or filter.
    pub log_level: Option<String>,
    /// `readable` or `json`.
    pub log_format: Option<String>,
    /// Log file.
    pub log_file: Option<PathBuf>,
    /// Where history is kept: a file, or `memory:`.
    pub store: Option<String>,
    /// Bearer token: a value, `env:NAME` or `file:PATH`.
    pub token: Option<String>,
    /// Listen beyond this machine without a token.
    pub allow_unauthenticated: bool,
    /// `[alias=]URL`, used instead of the servers of a file.
    pub servers: Vec<String>,
}

impl Config {
    /// Reads and checks everything.
    ///
    /// Without `path`: `GLANCES_MCP_CONFIG`, else what [`find`] finds, else the defaults, with no
    /// server.
    ///
    /// # Errors
    /// All problems at once.
    pub fn load(path: Option<&Path>, overrides: &Overrides, env: &Env) -> Result<Self, Problems> {
        let mut check = Check {
            report: Report::default(),
            env,
            base: env.dir().to_owned(),
            files: Vec::new(),
            warnings: env.warnings().to_vec(),
        };
        let named = path.map(Path::to_owned).or_else(|| env.get(keys::CONFIG).map(PathBuf::from));
        let files = match named.or_else(|| find(env)) {
            Some(path) => Files::read(&mut check, &path),
            None => Files::default(),
        };
        env.dir().clone_into(&mut check.base);
        let config = build(&mut check, files, overrides);
        check.report.finish()?;
        Ok(config)
    }

    /// Refuses to listen beyond this machine without authentication; gives the warning when that
    /// is wanted.
    ///
    /// # Errors
    /// A non-loopback `http.host` without `http.token` and without `http.allow_unauthenticated`.
    pub fn check_exposure(&self) -> Result<Option<String>, Problem> {
        let HttpConfig { host, port, .. } = &self.http;
        if build::is_loopback(host) || self.http.token.is_some() {
            return Ok(None);
        }
        if self.http.allow_unauthenticated {
            return Ok(Some(format!(
                "{host}:{port} is open to everyone who can reach it: `http.allow_unauthenticated` \
                 is set and `http.token` is not"
            )));
        }
        Err(Problem {
            place: "http.host".to_owned(),
            problem: format!("`{host}` is reachable from other machines, without a token"),
            fix: Some(
                "set `http.token` (GLANCES_MCP_HTTP_TOKEN), or listen on 127.0.0.1, or allow it \
                 with `http.allow_unauthenticated = true` (GLANCES_MCP_ALLOW_UNAUTHENTICATED)"
                    .to_owned(),
            ),
        })
    }
}

/// Puts the layers over each other and gives them their meaning.
fn build(check: &mut Check<'_>, files: Files, overrides: &Overrides) -> Config {
    let Files { gathered, mut sources, mut watch_dirs } = files;
    let Gathered { settings, defaults, servers, thresholds, windows } = gathered;
    let catalogue = Settings::of_catalogue(check);
    let variables = outside::variables(check);
    let flags = outside::flags(check, overrides);
    let values = flags.over(&variables).over(&settings).over(&catalogue);

    let ad_hoc = !overrides.servers.is_empty();
    let rows = if ad_hoc { outside::servers(&overrides.servers) } else { servers };
    let servers = fleet::build(check, &rows, &defaults.over(&catalogue));
    // The windows of a file are about its own servers.
    let in_file = (!ad_hoc).then_some(servers.as_slice());
    let alerting = AlertingConfig {
        thresholds: alerting::thresholds(check, &thresholds),
        source: alerting::source(&values),
        windows: alerting::windows(check, &windows, &catalogue, in_file),
    };
    let config = Config {
        poll: build::poll(&values),
        http: build::http(check, &values),
        log: build::log(check, &values),
        store: build::store(check, &values),
        tools: build::tools(check, &values),
        limits: build::limits(&values),
        retention: build::retention(&values),
        runbooks: runbooks::read(check, &values, &mut watch_dirs),
        alerting,
        servers,
        sources: Vec::new(),
        watch_dirs,
        warnings: std::mem::take(&mut check.warnings),
    };
    for file in check.files.drain(..) {
        if !sources.contains(&file) {
            sources.push(file);
        }
    }
    Config { sources, ..config }
}

/// A secret given on the command line: a value, `env:NAME` or `file:PATH`.
///
/// # Errors
/// What is wrong with it, without any value.
pub fn read_secret(text: &str, env: &Env) -> Result<secrecy::SecretString, Problems> {
    secret::resolve(text, env, env.dir()).map(|resolved| resolved.secret).map_err(
        |(problem, fix)| {
            let place = "command line".to_owned();
            Problems(vec![Problem { place, problem, fix: Some(fix) }])
        },
    )
}
