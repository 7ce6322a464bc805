//! `cargo xtask clients`: real MCP clients against a debug build on a real Glances, over HTTP and
//! over stdio, in each protocol era that the client speaks.

use std::ffi::OsString;
use std::path::Path;
use std::process::Command;

use anyhow::{Result, bail};

use crate::{no_arguments, paths, process, say, setup, stack};

const FIX: &str = "the client's reason is below; `cargo xtask setup` installs the clients";

pub(crate) fn run(args: &[String]) -> Result<()> {
    no_arguments("clients", args)?;
    let (binary, glances, server) = stack::debug()?;
    let http: Vec<OsString> = vec!["http".into(), server.endpoint().into()];
    let stdio: Vec<OsString> = vec![
        "stdio".into(),
        binary.into(),
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
    for (name, program, script, options) in runs {
        for target in [&http, &stdio] {
            let transport = target.first().map(|it| it.to_string_lossy()).unwrap_or_default();
            let mut command = Command::new(program);
            command
                .arg(paths::root()?.join("tests/clients").join(script))
                .args(*options)
                .args(target)
                .current_dir(stack::scratch()?)
                .env(paths::E2E_VARIABLE, paths::e2e()?);
            match process::run_quietly(&mut command, FIX) {
                Ok(seen) => say!("{name}, {transport}: {}", seen.trim()),
                Err(err) => {
                    say!("{name}, {transport}: {err:#}");
                    failed += 1;
                }
            }
        }
    }
    if failed > 0 {
        bail!("{failed} client runs failed");
    }
    Ok(())
}
