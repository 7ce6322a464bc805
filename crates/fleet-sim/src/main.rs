//! The command line of the simulator: starts a fleet, writes its configuration, runs until stopped.

use std::io::{self, Write as _};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use clap::Parser;
use fleet_sim::{Fault, Flavor, Fleet};
use tokio::signal::unix::{SignalKind, signal};

/// How long a slow server takes.
const SLOW: Duration = Duration::from_secs(3);

/// With `--hostile`, one host of this many has hostile texts.
const HOSTILE_EVERY: usize = 3;

/// Simulates a fleet of Glances servers on 127.0.0.1.
#[derive(Debug, Parser)]
#[command(version)]
struct Args {
    /// Number of servers.
    #[arg(long, default_value_t = 10)]
    servers: usize,
    /// Everything about the fleet follows from this number.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// First port; 0 lets the system choose all of them.
    #[arg(long, default_value_t = 0)]
    base_port: u16,
    /// Number of servers that accept requests and never answer.
    #[arg(long, default_value_t = 0)]
    hang: usize,
    /// Number of servers that refuse connections.
    #[arg(long, default_value_t = 0)]
    refuse: usize,
    /// Number of servers that take three seconds for each answer.
    #[arg(long, default_value_t = 0)]
    slow: usize,
    /// Put hostile texts on every third host.
    #[arg(long)]
    hostile: bool,
    /// Where to write the configuration with all servers.
    #[arg(long, value_name = "FILE")]
    config_out: PathBuf,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    let mut specs = Fleet::mixed_specs(args.servers, args.seed);
    for spec in specs.iter_mut().step_by(HOSTILE_EVERY) {
        spec.hostile = args.hostile;
    }
    let fleet = Fleet::start_at(specs, args.base_port).await?;
    let faults = set_faults(&fleet, &args);
    let config = serde_json::to_vec_pretty(&fleet.config_json())?;
    tokio::fs::write(&args.config_out, config)
        .await
        .with_context(|| format!("cannot write `{}`", args.config_out.display()))?;
    summarise(&fleet, &args, faults)?;
    stopped().await
}

/// Breaks servers from the last one backwards; returns how many.
fn set_faults(fleet: &Fleet, args: &Args) -> usize {
    let wanted = std::iter::repeat_n(Fault::Hang, args.hang)
        .chain(std::iter::repeat_n(Fault::Refuse, args.refuse))
        .chain(std::iter::repeat_n(Fault::Slow(SLOW), args.slow));
    let mut broken = 0;
    for (index, fault) in (0..args.servers).rev().zip(wanted) {
        fleet.set_fault(index, Some(fault));
        broken += 1;
    }
    broken
}

fn summarise(fleet: &Fleet, args: &Args, faults: usize) -> io::Result<()> {
    let mut out = io::stdout().lock();
    let servers = fleet.servers();
    for flavor in Flavor::ALL {
        let count = servers.iter().filter(|server| server.flavor == flavor).count();
        writeln!(out, "{count:>5} servers of API {} ({})", flavor.api(), flavor.version())?;
    }
    writeln!(
        out,
        "{faults:>5} of them broken ({} hang, {} refuse, {} slow)",
        args.hang, args.refuse, args.slow
    )?;
    let (first, last) = (servers.first(), servers.last());
    if let (Some(first), Some(last)) = (first, last) {
        writeln!(out, "ports {} to {} on 127.0.0.1", first.port, last.port)?;
    }
    writeln!(out, "configuration in {}", args.config_out.display())?;
    out.flush()
}

/// Returns when the process is told to stop.
async fn stopped() -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted?,
        _ = terminate.recv() => {}
    }
    Ok(())
}
