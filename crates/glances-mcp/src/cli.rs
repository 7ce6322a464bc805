//! The command line: one file a subcommand. The only owner of clap and of stdout.

mod audit;
mod backup;
mod check;
mod connect;
mod docs;
mod probe;
mod serve;

use std::{io::Write, path::PathBuf, process::ExitCode};

use clap::{Args, CommandFactory, Parser, Subcommand};

use crate::{app::Source, config::Overrides};

/// Version with the commit that it was built from.
const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), " (", env!("BUILD_COMMIT"), ")");

/// One MCP endpoint through which an AI assistant sees a whole fleet of Glances servers.
#[derive(Debug, Parser)]
#[command(name = "glances-mcp", version = VERSION, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the server: MCP over HTTP at /mcp, or over stdin and stdout with --stdio
    Serve(serve::Serve),
    /// Speak MCP on stdin and stdout and pass it on to a running server
    Connect(connect::Connect),
    /// Check the configuration, report all its problems, and probe every server
    Check(check::Check),
    /// Diagnose one Glances server, layer by layer, and say what mends it
    Probe(probe::Probe),
    /// Write a consistent copy of the history, also while the server runs
    Backup(backup::Backup),
    /// Check the chain of what operators did, or show the last of it, also while the server runs
    Audit(audit::Audit),
    /// Print the reference of tools, prompts, resources, metrics, alerts, runbooks and configuration
    Docs(docs::Docs),
    /// Print completions for a shell
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
}

/// Where the configuration comes from.
#[derive(Debug, Default, Args)]
struct ConfigArgs {
    /// Configuration file (TOML, JSON or YAML); without it ./glances-mcp.*, the user's, /etc
    #[arg(long, value_name = "FILE", env = "GLANCES_MCP_CONFIG")]
    config: Option<PathBuf>,
    /// Monitor this Glances instead of the configured servers; repeatable
    #[arg(long = "server", value_name = "[ALIAS=]URL")]
    servers: Vec<String>,
    /// Keep history in this file; memory: keeps none beyond the process
    #[arg(long, value_name = "FILE")]
    store: Option<String>,
    /// Least level of log lines: error, warn, info, debug, trace
    #[arg(long, value_name = "LEVEL")]
    log_level: Option<String>,
    /// Form of log lines: readable or json
    #[arg(long, value_name = "FORM")]
    log_format: Option<String>,
    /// Write the log to this file instead of stderr
    #[arg(long, value_name = "FILE")]
    log_file: Option<PathBuf>,
}

impl ConfigArgs {
    fn source(&self) -> Source {
        Source {
            path: self.config.clone(),
            overrides: Overrides {
                servers: self.servers.clone(),
                store: self.store.clone(),
                log_level: self.log_level.clone(),
                log_format: self.log_format.clone(),
                log_file: self.log_file.clone(),
                ..Overrides::default()
            },
        }
    }
}

/// Parses the command line, runs the command, and says how it went.
#[must_use]
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(err) => return fail(&anyhow::Error::from(err)),
    };
    let result = runtime.block_on(run(cli.command));
    // A read of stdin that nobody waits for any more must not keep the process.
    runtime.shutdown_background();
    match result {
        Ok(code) => code,
        Err(error) => fail(&error),
    }
}

async fn run(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Serve(serve) => serve.run().await,
        Command::Connect(connect) => connect.run().await,
        Command::Check(check) => check.run().await,
        Command::Probe(probe) => probe.run().await,
        Command::Backup(backup) => backup.run().await,
        Command::Audit(audit) => audit.run().await,
        Command::Docs(docs) => docs.run(),
        Command::Completions { shell } => {
            clap_complete::generate(
                shell,
                &mut Cli::command(),
                "glances-mcp",
                &mut std::io::stdout(),
            );
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// The whole chain of an error, once, on stderr.
fn fail(error: &anyhow::Error) -> ExitCode {
    let _ = writeln!(std::io::stderr(), "glances-mcp: {error:#}");
    ExitCode::FAILURE
}

/// Writes to stdout; a reader that went away is no error of ours.
fn say(text: impl AsRef<str>) {
    let _ = writeln!(std::io::stdout(), "{}", text.as_ref());
}
