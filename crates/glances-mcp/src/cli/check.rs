//! `check`: is the configuration right, and does every server answer?

use std::{process::ExitCode, time::Duration};

use clap::Args;
use futures_util::{StreamExt, stream};
use glances_client::Client;

use super::{ConfigArgs, say};
use crate::{
    app,
    config::{Config, Problems, ServerConfig},
    query::fix,
    render,
};

/// Servers probed at a time.
const PROBES_AT_ONCE: usize = 16;
/// Longest that one server may take.
const DEADLINE: Duration = Duration::from_secs(5);
/// Exit code when the configuration is right and a server does not answer.
const UNREACHABLE: u8 = 2;

#[derive(Debug, Args)]
pub(super) struct Check {
    #[command(flatten)]
    config: ConfigArgs,
    /// Check the file alone
    #[arg(long)]
    no_probe: bool,
}

impl Check {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let config = match app::load(&self.config.source()).await {
            Ok(config) => config,
            Err(problems) => {
                say(format!("{}:\n{problems}", render::count(problems.0.len(), "problem")));
                return Ok(ExitCode::FAILURE);
            }
        };
        let rules = app::alert_rules(&config).err();
        let runbooks = app::runbooks(&config);
        let wrong = rules.into_iter().chain(runbooks.as_ref().err().cloned());
        let problems = Problems(wrong.flat_map(|it| it.0).collect());
        if !problems.0.is_empty() {
            say(format!("{}:\n{problems}", render::count(problems.0.len(), "problem")));
            return Ok(ExitCode::FAILURE);
        }
        let exposure = match config.check_exposure() {
            Ok(warning) => warning,
            Err(problem) => {
                say(format!("1 problem:\n{problem}"));
                return Ok(ExitCode::FAILURE);
            }
        };
        for warning in exposure.iter().chain(&config.warnings) {
            say(format!("warning: {warning}"));
        }
        let files: Vec<String> =
            config.sources.iter().map(|path| path.display().to_string()).collect();
        say(format!(
            "configuration: {} servers from {}",
            config.servers.len(),
            if files.is_empty() { "the command line".to_owned() } else { files.join(", ") }
        ));
        let alerting = &config.alerting;
        say(format!(
            "alerts: {}, {}; all others are built in (`glances-mcp docs alerts`)",
            render::count(alerting.thresholds.len(), "threshold"),
            render::count(alerting.windows.len(), "maintenance window"),
        ));
        let own = config.runbooks.len();
        let all = runbooks.map_or(own, |runbooks| runbooks.all().len());
        say(format!("{}, {own} of them your own", render::count(all, "runbook")));
        if self.no_probe {
            return Ok(ExitCode::SUCCESS);
        }
        let all_answer = probe_all(&config).await;
        Ok(if all_answer { ExitCode::SUCCESS } else { ExitCode::from(UNREACHABLE) })
    }
}

/// Prints a line a server, in their order; whether all answer.
async fn probe_all(config: &Config) -> bool {
    let width = config.servers.iter().map(|s| s.alias.as_str().len()).max().unwrap_or(0);
    let mut probes = stream::iter(&config.servers).map(probe).buffered(PROBES_AT_ONCE);
    let mut all = true;
    while let Some((alias, ok, line)) = probes.next().await {
        all &= ok;
        say(format!("{} {alias:width$}  {line}", if ok { "ok  " } else { "FAIL" }));
    }
    all
}

async fn probe(server: &ServerConfig) -> (&str, bool, String) {
    let alias = server.alias.as_str();
    if server.paused {
        return (alias, true, "paused".to_owned());
    }
    let started = std::time::Instant::now();
    let client = match Client::new(app::client_options(server)) {
        Ok(client) => client,
        Err(err) => return (alias, false, err.to_string()),
    };
    match client.connect(DEADLINE.min(server.timeout)).await {
        Ok(info) => {
            let version = info.version.as_deref().unwrap_or("of unknown version");
            let plugins = info.plugins.len();
            let took = started.elapsed().as_millis();
            (
                alias,
                true,
                format!(
                    "Glances {version}, API {}, {plugins} plugins, {took} ms  {}",
                    info.api, server.url
                ),
            )
        }
        Err(error) => (alias, false, format!("{error}  {}\n     fix: {}", server.url, fix(&error))),
    }
}
