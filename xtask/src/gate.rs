//! `cargo xtask test` and `cargo xtask ready`: the tests, and the gate that CI runs.
//!
//! The cheap steps come first. nextest comes last, so that its summary closes the output.

use std::process::Command;
use std::time::Instant;

use anyhow::{Context as _, Result};

use crate::{clients, conformance, no_arguments, paths, process, say, setup, tools};

const COMPILER: &str = "the compiler says above what is wrong";
const TESTS: &str = "the failed tests are named above; `cargo t NAME` runs one";

/// One step of a chore, announced and timed.
type Step = (&'static str, fn() -> Result<()>);

pub(crate) fn ready(args: &[String]) -> Result<()> {
    no_arguments("ready", args)?;
    steps(&[
        ("format", format),
        ("dependencies", dependencies),
        ("lint", lint),
        ("documentation", documentation),
    ])?;
    test(&[])
}

pub(crate) fn test(args: &[String]) -> Result<()> {
    if !args.is_empty() {
        return nextest(args);
    }
    steps(&[
        ("set-up", || setup::run(&[])),
        ("doctests", doctests),
        ("real clients", || clients::run(&[])),
        ("conformance", || conformance::run(&[])),
        ("tests", || nextest(&[])),
    ])
}

pub(crate) fn deny(args: &[String]) -> Result<()> {
    no_arguments("deny", args)?;
    dependencies()
}

fn steps(steps: &[Step]) -> Result<()> {
    for (name, step) in steps {
        say!("\n== {name}");
        let started = Instant::now();
        step().with_context(|| format!("the step `{name}`"))?;
        say!("== {name}: passed in {:.0} s", started.elapsed().as_secs_f64());
    }
    Ok(())
}

fn format() -> Result<()> {
    process::run(tools::cargo()?.args(["fmt", "--all", "--check"]), "`cargo fmt --all` repairs it")
}

fn lint() -> Result<()> {
    let args = ["clippy", "--workspace", "--all-targets"];
    process::run(locked(tools::cargo()?.args(args)).args(["--", "-D", "warnings"]), COMPILER)
}

fn documentation() -> Result<()> {
    let mut cargo = tools::cargo()?;
    cargo.args(["doc", "--workspace", "--no-deps"]).env("RUSTDOCFLAGS", "-D warnings");
    process::run(locked(&mut cargo), COMPILER)
}

fn dependencies() -> Result<()> {
    tools::ensure(&tools::DENY)?;
    let mut cargo = tools::cargo()?;
    cargo.args(["deny", "--log-level", "error", "check", "bans", "licenses", "sources"]);
    process::run(&mut cargo, "deny.toml says what is allowed, and why")
}

fn doctests() -> Result<()> {
    let mut cargo = tools::cargo()?;
    cargo.args(["test", "--quiet", "--workspace", "--doc"]);
    process::run(for_tests(locked(&mut cargo))?, TESTS)
}

/// All tests by nextest; by `cargo test` where nextest cannot be had.
fn nextest(args: &[String]) -> Result<()> {
    let mut cargo = tools::cargo()?;
    match tools::ensure(&tools::NEXTEST) {
        Ok(()) => {
            cargo.args(["nextest", "run", "--workspace"]);
            if paths::in_ci() {
                cargo.args(["--profile", "ci"]);
            }
        }
        Err(err) => {
            say!("no nextest, so tests share a process: {err:#}");
            cargo.args(["test", "--workspace", "--all-targets"]);
        }
    }
    process::run(for_tests(locked(&mut cargo).args(args))?, TESTS)
}

/// In CI the lock file is what counts.
fn locked(cargo: &mut Command) -> &mut Command {
    if paths::in_ci() { cargo.arg("--locked") } else { cargo }
}

/// Tells tests where the set-up is; a snapshot never changes by running a test.
fn for_tests(cargo: &mut Command) -> Result<&mut Command> {
    if let Some(bin) = setup::postgres::bin()? {
        cargo.env(paths::POSTGRES_VARIABLE, bin);
    }
    Ok(cargo.env(paths::E2E_VARIABLE, paths::e2e()?).env("INSTA_UPDATE", "no"))
}
