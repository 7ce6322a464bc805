//! `connect`: a running server for clients that only start commands.

use std::process::ExitCode;

use clap::Args;

use crate::{
    config::{self, Env},
    mcp,
    telemetry::{self, LogForm},
};

#[derive(Debug, Args)]
pub(super) struct Connect {
    /// Endpoint of the running server
    #[arg(default_value = "http://127.0.0.1:8080/mcp")]
    url: String,
    /// Bearer token: env:NAME or file:PATH (a value would be seen by other users)
    #[arg(long)]
    token: Option<String>,
}

impl Connect {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        telemetry::init_logs("warn,rmcp=off", LogForm::Readable, None)?;
        let token = match self.token {
            Some(text) => Some(config::read_secret(&text, &Env::read())?),
            None => None,
        };
        mcp::connect(&self.url, token).await?;
        Ok(ExitCode::SUCCESS)
    }
}
