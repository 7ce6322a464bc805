//! `cargo xtask coverage`: line coverage of what users run, with a floor.
//!
//! The toolchain carries no llvm-tools, so they come from the system: their version must be able
//! to read what this rustc writes.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::{paths, process, say, setup, tools};

const LINES_MIN_PERCENT: &str = "90";
/// Chores and the simulator's command line are no part of the product.
const IGNORED: &str = r"(^|/)(xtask/|fleet-sim/src/main\.rs)";
/// rustc 1.95 writes profiles of LLVM 22.
const LLVM_MIN: u32 = 22;
const LLVM_MAX: u32 = 29;

pub(crate) fn run(args: &[String]) -> Result<()> {
    let may_install = args.iter().any(|arg| arg == "--install");
    let passed_on: Vec<&String> = args.iter().filter(|arg| *arg != "--install").collect();
    let llvm = llvm(may_install)?;
    tools::ensure(&tools::NEXTEST)?;
    tools::ensure(&tools::LLVM_COV)?;
    setup::run(&[])?;
    let mut cargo = tools::cargo()?;
    cargo.args(["llvm-cov", "nextest"]);
    let narrowed = |arg: &&String| matches!(arg.as_str(), "-p" | "--package" | "--workspace");
    if !passed_on.iter().any(narrowed) {
        cargo.arg("--workspace");
    }
    cargo
        .args(["--ignore-filename-regex", IGNORED, "--fail-under-lines", LINES_MIN_PERCENT])
        .args(passed_on)
        .env("LLVM_COV", llvm.join("llvm-cov"))
        .env("LLVM_PROFDATA", llvm.join("llvm-profdata"))
        .env(paths::E2E_VARIABLE, paths::e2e()?)
        .env("INSTA_UPDATE", "no");
    if let Some(bin) = setup::postgres::bin()? {
        cargo.env(paths::POSTGRES_VARIABLE, bin);
    }
    process::run(
        &mut cargo,
        &format!("a test failed, or fewer than {LINES_MIN_PERCENT} % of lines are covered"),
    )
}

/// The folder of llvm-cov and llvm-profdata.
fn llvm(may_install: bool) -> Result<PathBuf> {
    if let Some(found) = find() {
        return Ok(found);
    }
    let package = format!("llvm-{LLVM_MIN}");
    let root = process::answer("id", &["-u"]).as_deref() == Some("0");
    if !root || !(may_install || paths::in_ci()) {
        bail!(
            "llvm-cov and llvm-profdata {LLVM_MIN} or newer are missing. One of these helps:\n  \
             rustup component add llvm-tools\n  \
             apt-get install {package}   (or, as root, `cargo xtask coverage --install`)"
        );
    }
    say!("installing {package}");
    let fix = format!("install {package} by hand, or `rustup component add llvm-tools`");
    process::run_quietly(Command::new("apt-get").args(["update", "-qq"]), &fix)?;
    let mut install = Command::new("apt-get");
    install.args(["install", "-y", "-qq", "--no-install-recommends", &package]);
    process::run_quietly(install.env("DEBIAN_FRONTEND", "noninteractive"), &fix)?;
    find().with_context(|| format!("{package} is installed but holds no llvm-cov: {fix}"))
}

/// rustup's llvm-tools, or those of the system.
fn find() -> Option<PathBuf> {
    let rustup = process::answer("rustc", &["--print", "target-libdir"])
        .and_then(|dir| Some(Path::new(&dir).parent()?.join("bin")));
    let system = (LLVM_MIN..=LLVM_MAX).map(|it| PathBuf::from(format!("/usr/lib/llvm-{it}/bin")));
    let given = env::var_os("LLVM_COV").and_then(|it| Some(Path::new(&it).parent()?.to_path_buf()));
    given
        .into_iter()
        .chain(rustup)
        .chain(system)
        .find(|dir| dir.join("llvm-cov").exists() && dir.join("llvm-profdata").exists())
}
