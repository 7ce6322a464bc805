//! `serve`: the server itself.

use std::process::ExitCode;

use clap::Args;
use tokio_util::sync::CancellationToken;

use super::ConfigArgs;
use crate::{
    app::{self, App},
    config::{Config, LogFormat},
    telemetry::{self, LogForm},
    web,
};

#[derive(Debug, Args)]
pub(super) struct Serve {
    #[command(flatten)]
    config: ConfigArgs,
    /// Speak MCP on stdin and stdout instead of HTTP: for one client that starts this command
    #[arg(long)]
    stdio: bool,
    /// Address to listen on
    #[arg(long)]
    host: Option<String>,
    /// Port to listen on; 0 takes a free one
    #[arg(long)]
    port: Option<u16>,
    /// Bearer token that callers need: a value, env:NAME or file:PATH
    #[arg(long)]
    token: Option<String>,
    /// Listen beyond this machine without a token: everybody who reaches the port sees everything
    #[arg(long)]
    allow_unauthenticated: bool,
}

impl Serve {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let mut source = self.config.source();
        source.overrides.host = self.host;
        source.overrides.port = self.port;
        source.overrides.token = self.token;
        source.overrides.allow_unauthenticated = self.allow_unauthenticated;
        let config = app::load(&source).await?;
        init_logs(&config)?;
        for warning in &config.warnings {
            tracing::warn!("{warning}");
        }
        let (host, port) = (config.http.host.clone(), config.http.port);
        let stop = stop_on_signal();
        if self.stdio {
            let app = App::start(config, source, None).await?;
            tracing::info!("serving MCP on stdio for {} servers", app.servers());
            app.serve_stdio(stop).await?;
            tracing::info!("stopped");
            return Ok(ExitCode::SUCCESS);
        }
        if let Some(warning) = config.check_exposure()? {
            tracing::warn!("{warning}");
        }
        let (listener, address) = web::bind(&host, port).await?;
        let endpoint = format!("http://{address}/mcp");
        let app = App::start(config, source, Some(&endpoint)).await?;
        tracing::info!(%address, "serving MCP at {endpoint} for {} servers", app.servers());
        app.serve_http(listener, stop).await?;
        tracing::info!("stopped");
        Ok(ExitCode::SUCCESS)
    }
}

fn init_logs(config: &Config) -> anyhow::Result<()> {
    let form = match config.log.format {
        LogFormat::Readable => LogForm::Readable,
        LogFormat::Json => LogForm::Json,
    };
    telemetry::init_logs(&config.log.level, form, config.log.file.as_deref())
}

/// Cancelled by Ctrl-C or, on Unix, SIGTERM.
fn stop_on_signal() -> CancellationToken {
    let stop = CancellationToken::new();
    let cancel = stop.clone();
    let wait = async move {
        #[cfg(unix)]
        {
            let kind = tokio::signal::unix::SignalKind::terminate();
            if let Ok(mut terminate) = tokio::signal::unix::signal(kind) {
                tokio::select! {
                    _ = tokio::signal::ctrl_c() => {}
                    _ = terminate.recv() => {}
                }
                cancel.cancel();
                return;
            }
        }
        let _ = tokio::signal::ctrl_c().await;
        cancel.cancel();
    };
    #[expect(clippy::disallowed_methods, reason = "ends with the process, whose end it causes")]
    tokio::spawn(wait);
    stop
}
