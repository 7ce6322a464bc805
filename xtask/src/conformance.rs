//! `cargo xtask conformance`: the official MCP conformance suite, per protocol version, with a
//! baseline of the checks that cannot pass yet. A check outside the baseline that fails is an
//! error, and so is a baseline line whose check passes by now.

use std::fs;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context as _, Result, bail};

use crate::{paths, process, say, stack};

const VERSIONS: &[&str] = &["2025-11-25", "2026-07-28"];
const SUITE: &str = "node/node_modules/@modelcontextprotocol/conformance/dist/index.js";

pub(crate) fn run(args: &[String]) -> Result<()> {
    match args {
        [] => {
            let (_, _glances, server) = stack::debug()?;
            check(&server.endpoint())
        }
        [url] if url.starts_with("http://") || url.starts_with("https://") => check(url),
        _ => bail!("`cargo xtask conformance` takes the URL of an MCP endpoint, or nothing"),
    }
}

/// Runs every version, also after one failed, so that one run shows everything.
fn check(url: &str) -> Result<()> {
    let suite = paths::e2e()?.join(SUITE);
    if !suite.exists() {
        bail!("{} is missing: run `cargo xtask setup`", suite.display());
    }
    let mut failed = Vec::new();
    for version in VERSIONS {
        let started = Instant::now();
        let baseline = paths::root()?.join(format!("tests/conformance/{version}.yml"));
        let out = stack::scratch()?.join(format!("conformance-{version}"));
        if out.exists() {
            fs::remove_dir_all(&out)
                .with_context(|| format!("could not remove {}", out.display()))?;
        }
        let mut command = Command::new(paths::node()?);
        command
            .arg(&suite)
            .args(["server", "--url", url, "--suite", "all", "--spec-version", version])
            .arg("--expected-failures")
            .arg(&baseline)
            .arg("-o")
            .arg(&out);
        match process::run_quietly(&mut command, "a check differs from the baseline") {
            Ok(_) => {
                let secs = started.elapsed().as_secs_f64();
                say!("conformance {version}: as its baseline says ({secs:.0} s)");
            }
            Err(err) => {
                let said = format!("{err:#}");
                say!("conformance {version}: {}", verdict(&said));
                say!("every message is in {}", out.display());
                failed.push(*version);
            }
        }
    }
    if !failed.is_empty() {
        bail!("conformance failed for {}", failed.join(" and "));
    }
    Ok(())
}

/// The suite prints every check; what differs from the baseline comes last.
fn verdict(said: &str) -> &str {
    const MARKS: [&str; 2] = ["Stale baseline entries", "Unexpected failures"];
    let from = MARKS.iter().filter_map(|mark| said.find(mark)).min();
    from.and_then(|from| said.get(from..)).unwrap_or(said)
}

#[cfg(test)]
mod tests {
    use super::verdict;

    #[test]
    fn of_a_long_report_only_the_difference_is_shown() {
        let said = "many checks\nStale baseline entries (…):\n  a\nUnexpected failures: b";
        assert!(verdict(said).starts_with("Stale"));
        assert_eq!(verdict("connection refused"), "connection refused");
    }
}
