//! `cargo xtask clients`: real MCP clients against a debug build on a real Glances, over HTTP and
//! over stdio, in each protocol era that the client speaks; then every prompt and resource of a fleet
//! of all releases, of which one stops while clients wait for news.

use std::ffi::OsString;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use crate::process::Waiting;
use crate::{no_arguments, paths, process, say, setup, stack};

const FIX: &str = "the client's reason is below; `cargo xtask setup` installs the clients";

const INSPECTOR: &str = "node/node_modules/.bin/mcp-inspector";
/// Every server has been polled more than once, also those that take seconds for a poll.
const ALL_POLLED: Duration = Duration::from_secs(12);
/// Two polls of a server that is gone have failed.
const STOPPED_NOTICED: Duration = Duration::from_secs(8);

pub(crate) fn run(args: &[String]) -> Result<()> {
    no_arguments("clients", args)?;
    let (binary, glances, server) = stack::debug()?;
    let http: Vec<OsString> = vec!["http".into(), server.endpoint().into()];
    let stdio: Vec<OsString> = vec![
        "stdio".into(),
        binary.clone().into(),
        "serve".into(),
        "--stdio".into(),
        "--server".into(),
        format!("local={}", glances.url()).into(),
        // Two that run beside each other would want the same file.
        "--store".into(),
        "memory:".into(),
    ];
    let python = paths::venv_program(setup::CLIENTS.name, "python")?;
    let node = paths::node()?;
    let runs: &[(&str, &Path, &str, &[&str])] = &[
        ("Python mcp, newest", &python, "python_client.py", &["--mode", "auto"]),
        ("Python mcp, legacy", &python, "python_client.py", &["--mode", "legacy"]),
        ("Python fastmcp", &python, "python_client.py", &["--mode", "fastmcp"]),
        ("TypeScript SDK v1", &node, "ts_client.mjs", &[]),
    ];
    let mut failed = 0_usize;
    let mut report = |name: &str, seen: Result<String>| match seen {
        Ok(seen) => say!("{name}: {}", seen.trim()),
        Err(err) => {
            say!("{name}: {err:#}");
            failed += 1;
        }
    };
    for (name, program, script, options) in runs {
        for target in [&http, &stdio] {
            let transport = target.first().map(|it| it.to_string_lossy()).unwrap_or_default();
            let mut client = client(program, script)?;
            let seen = process::run_quietly(client.args(*options).args(target), FIX);
            report(&format!("{name}, {transport}"), seen);
        }
    }
    for era in ["modern", "legacy"] {
        for words in [["tools/list", "--strict"], ["skills/list", "--verify"]] {
            let mut inspector = Command::new(&node);
            inspector
                .arg(paths::e2e()?.join(INSPECTOR))
                .args(["--cli", &server.endpoint(), "--transport", "http", "-q"])
                .args(["--protocol-era", era, "--method"])
                .args(words);
            let seen = process::run_quietly(&mut inspector, FIX).map(|_| "clean".to_owned());
            report(&format!("Inspector, {era}, {}", words.join(" ")), seen);
        }
    }
    drop((server, glances));

    // One of every release, of which one stops: what is said of all of them.
    let (mut fleet, server) = stack::mixed(&binary)?;
    thread::sleep(ALL_POLLED);
    let stopped = stack::alias(setup::GLANCES.get(1).context("two releases")?);
    // Those who wait for news when it stops.
    let news_runs: &[(&str, &Path, &str, &[&str])] = &[
        ("Python mcp, newest", &python, "python_news.py", &["--mode", "auto"]),
        ("Python mcp, legacy", &python, "python_news.py", &["--mode", "legacy"]),
        ("TypeScript client, modern", &node, "ts_news.mjs", &["modern"]),
        ("TypeScript client, legacy", &node, "ts_news.mjs", &["legacy"]),
    ];
    let mut waiting = Vec::new();
    for (name, program, script, options) in news_runs {
        let mut client = client(program, script)?;
        client.args(*options).arg(server.endpoint()).arg(&stopped);
        waiting.push((format!("{name}, waits for news of `{stopped}`"), Waiting::start(client)?));
    }
    drop(fleet.swap_remove(1));
    for (name, client) in waiting {
        report(&name, client.ended(FIX));
    }
    thread::sleep(STOPPED_NOTICED);
    let fleet_runs: &[(&str, &Path, &str, &[&str])] = &[
        ("Python mcp, newest", &python, "python_fleet.py", &["--mode", "auto"]),
        ("Python mcp, legacy", &python, "python_fleet.py", &["--mode", "legacy"]),
        ("TypeScript client, modern", &node, "ts_fleet.mjs", &["modern"]),
        ("TypeScript client, legacy", &node, "ts_fleet.mjs", &["legacy"]),
    ];
    for (name, program, script, options) in fleet_runs {
        let mut client = client(program, script)?;
        client.args(*options).arg(server.endpoint()).arg(&stopped);
        let seen = process::run_quietly(&mut client, FIX);
        report(&format!("{name}, a mixed fleet without `{stopped}`"), seen);
    }
    if failed > 0 {
        bail!("{failed} client runs failed");
    }
    Ok(())
}

fn client(program: &Path, script: &str) -> Result<Command> {
    let mut command = Command::new(program);
    command
        .arg(paths::root()?.join("tests/clients").join(script))
        .current_dir(stack::scratch()?)
        .env(paths::E2E_VARIABLE, paths::e2e()?);
    Ok(command)
}
