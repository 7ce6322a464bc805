//! Cargo subcommands that the gate needs: the installed one, or one built into the cache.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use crate::{paths, process, say};

/// A cargo subcommand that does not come with Rust.
pub(crate) struct Tool {
    /// The subcommand, as in `cargo NAME`.
    name: &'static str,
    package: &'static str,
    /// The version that is built when none is installed.
    version: &'static str,
    /// The start of versions that fit.
    fits: &'static str,
}

pub(crate) const NEXTEST: Tool =
    Tool { name: "nextest", package: "cargo-nextest", version: "0.9.143", fits: "0.9." };
pub(crate) const DENY: Tool =
    Tool { name: "deny", package: "cargo-deny", version: "0.20.2", fits: "0.20." };
pub(crate) const LLVM_COV: Tool =
    Tool { name: "llvm-cov", package: "cargo-llvm-cov", version: "0.9.1", fits: "0." };

/// Cargo itself, with the cache's tools on its path and the repository as its folder.
pub(crate) fn cargo() -> Result<Command> {
    let mut cargo = Command::new("cargo");
    cargo.current_dir(paths::root()?).env("PATH", path_with_cache()?);
    // What cargo told this program of itself: some build scripts read it, and `cargo xtask` after
    // `cargo` would compile all that stands on them anew.
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
            cargo.env_remove(name);
        }
    }
    Ok(cargo)
}

/// Makes sure that `cargo NAME` works; building one takes minutes, once.
pub(crate) fn ensure(tool: &Tool) -> Result<()> {
    if fits(tool)? {
        return Ok(());
    }
    let Tool { name, package, version, .. } = tool;
    say!("building {package} {version} into the cache (some minutes, once)");
    let root = cargo_root()?;
    process::run(
        Command::new("cargo")
            .args(["install", "--quiet", "--locked", package, "--version", version, "--force"])
            .arg("--root")
            .arg(&root)
            // Kept apart from the repository's build output, and thrown away.
            .env_remove("CARGO_TARGET_DIR"),
        &format!("is crates.io reachable? `cargo {name}` may also be installed in another way"),
    )
}

fn fits(tool: &Tool) -> Result<bool> {
    let output = cargo()?.args([tool.name, "--version"]).output();
    // "cargo-deny 0.20.2", "cargo-nextest 0.9.143 (…)"
    Ok(output.is_ok_and(|output| {
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let version = text.split_whitespace().nth(1).unwrap_or("");
        output.status.success() && version.starts_with(tool.fits)
    }))
}

fn cargo_root() -> Result<PathBuf> {
    Ok(paths::e2e()?.join("cargo"))
}

fn path_with_cache() -> Result<std::ffi::OsString> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let dirs = std::iter::once(cargo_root()?.join("bin")).chain(std::env::split_paths(&path));
    Ok(std::env::join_paths(dirs)?)
}
