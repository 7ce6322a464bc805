//! `probe URL`: the layered diagnosis of one server that is in no file yet.

use std::{process::ExitCode, time::Duration};

use clap::Args;
use glances_client::{diagnose, diagnose::Outcome};

use super::say;
use crate::{
    app,
    config::{Config, Env, Overrides},
};

/// Longest that one layer may take.
const DEADLINE: Duration = Duration::from_secs(10);

#[derive(Debug, Args)]
pub(super) struct Probe {
    /// Address of the Glances server, such as http://web-1:61208
    url: String,
    /// User name, when the server has a password; Glances' own default is `glances`
    #[arg(long)]
    username: Option<String>,
    /// Password: env:NAME or file:PATH (a value would be seen by other users)
    #[arg(long)]
    password: Option<String>,
    /// Accept any certificate
    #[arg(long)]
    insecure: bool,
}

impl Probe {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let env = Env::read();
        let url = if self.url.contains("://") { self.url } else { format!("http://{}", self.url) };
        let overrides = Overrides { servers: vec![format!("probe={url}")], ..Overrides::default() };
        let config = Config::load(None, &overrides, &env)?;
        let Some(mut server) = config.servers.into_iter().next() else {
            anyhow::bail!("`{url}` is no address of a server");
        };
        server.username = self.username;
        server.password = match self.password {
            Some(text) => Some(crate::config::read_secret(&text, &env)?),
            None => None,
        };
        server.verify_tls &= !self.insecure;
        let diagnosis = diagnose::diagnose(&app::client_options(&server), DEADLINE).await;
        for step in &diagnosis.steps {
            let mark = match step.outcome {
                Outcome::Passed => "ok  ",
                Outcome::Warned => "warn",
                Outcome::Failed => "FAIL",
                Outcome::Skipped => "-   ",
            };
            let took = match step.outcome {
                Outcome::Skipped => String::new(),
                _ => format!("{} ms", step.took_ms),
            };
            say(format!("{mark} {:<10} {took:>8}  {}", step.layer.name(), step.detail));
            if let (Outcome::Warned, Some(hint)) = (step.outcome, &step.fix) {
                let hint = hint.replace('\n', "\n                          ");
                say(format!("                          hint: {hint}"));
            }
        }
        match diagnosis.fix() {
            Some(fix) => {
                say(format!("\nfix: {fix}"));
                Ok(ExitCode::from(2))
            }
            None => Ok(ExitCode::SUCCESS),
        }
    }
}
