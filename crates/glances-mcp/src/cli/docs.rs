//! `docs`: the reference pages, from the same lists that the program runs on.

use std::process::ExitCode;

use clap::{Args, ValueEnum};

use super::say;
use crate::{alert, config, metric, prompts, resources, runbooks, tools};

#[derive(Debug, Args)]
pub(super) struct Docs {
    /// Which page
    #[arg(value_enum, default_value_t = Page::All)]
    page: Page,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Page {
    All,
    Tools,
    Prompts,
    Resources,
    Metrics,
    Alerts,
    Runbooks,
    Configuration,
}

impl Docs {
    #[expect(clippy::unnecessary_wraps, reason = "all commands have one form")]
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let wanted = |page: Page| matches!(self.page, Page::All) || self.page == page;
        if wanted(Page::Tools) {
            say(tools::reference());
        }
        if wanted(Page::Prompts) {
            say(prompts::reference());
        }
        if wanted(Page::Resources) {
            say(resources::reference());
        }
        if wanted(Page::Metrics) {
            say(metric::reference());
        }
        if wanted(Page::Alerts) {
            say(alert::reference());
        }
        if wanted(Page::Runbooks) {
            say(runbooks::reference());
        }
        if wanted(Page::Configuration) {
            say(config::reference());
        }
        Ok(ExitCode::SUCCESS)
    }
}
