//! `backup`: a copy of the history.

use std::{path::PathBuf, process::ExitCode};

use anyhow::Context as _;
use clap::Args;

use super::{ConfigArgs, say};
use crate::{
    config::{Config, Env, StoreConfig},
    render, store,
};

#[derive(Debug, Args)]
pub(super) struct Backup {
    /// File to write; it must not exist yet
    #[arg(value_name = "FILE")]
    copy: PathBuf,
    #[command(flatten)]
    config: ConfigArgs,
}

impl Backup {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let source = self.config.source();
        let config = Config::load(source.path.as_deref(), &source.overrides, &Env::read())?;
        let StoreConfig::File(file) = &config.store else {
            anyhow::bail!("`store.url` is `memory:`: there is no file to copy")
        };
        store::backup(file, &self.copy).await?;
        let bytes = std::fs::metadata(&self.copy).context("the copy is not there")?.len();
        #[expect(clippy::cast_precision_loss, reason = "bytes stay below 2^53")]
        let size = render::bytes(bytes as f64);
        say(format!("copied {} to {}: {size}", file.display(), self.copy.display()));
        Ok(ExitCode::SUCCESS)
    }
}
