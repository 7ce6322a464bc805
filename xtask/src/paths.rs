//! Where things are: the repository, the build output, the cache of installed test tools.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

/// Tells tests where [`e2e`] is.
pub(crate) const E2E_VARIABLE: &str = "GLANCES_E2E_DIR";

/// Tells tests where the programs of a PostgreSQL are.
pub(crate) const POSTGRES_VARIABLE: &str = "GLANCES_E2E_POSTGRES";

/// The repository's root.
pub(crate) fn root() -> Result<PathBuf> {
    let manifest = env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    let root = manifest.parent().with_context(|| {
        format!("`{}` has no parent folder; run `cargo xtask` in the clone", manifest.display())
    })?;
    Ok(root.to_path_buf())
}

/// Cargo's build output.
pub(crate) fn target() -> Result<PathBuf> {
    let root = root()?;
    Ok(env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |dir| root.join(dir)))
}

/// The cache of installed test tools: virtual environments, Node, npm packages, cargo tools.
pub(crate) fn e2e() -> Result<PathBuf> {
    if let Some(dir) = env::var_os(E2E_VARIABLE).filter(|dir| !dir.is_empty()) {
        let dir = PathBuf::from(dir);
        if dir.is_relative() {
            bail!("{E2E_VARIABLE} is the relative path `{}`; make it absolute", dir.display());
        }
        return Ok(dir);
    }
    let cache = env::var_os("XDG_CACHE_HOME").map(PathBuf::from).filter(|dir| dir.is_absolute());
    let cache = match cache {
        Some(cache) => cache,
        None => {
            let home = env::var_os("HOME")
                .with_context(|| format!("HOME is not set; set {E2E_VARIABLE} to a folder"))?;
            Path::new(&home).join(".cache")
        }
    };
    Ok(cache.join("glances-mcp").join("e2e"))
}

/// A program of a virtual environment in the cache.
pub(crate) fn venv_program(venv: &str, program: &str) -> Result<PathBuf> {
    Ok(e2e()?.join(venv).join("bin").join(program))
}

/// Node, whether it is the system's or the one that `setup` installed.
pub(crate) fn node() -> Result<PathBuf> {
    Ok(e2e()?.join("bin").join("node"))
}

/// Whether this run is unattended.
pub(crate) fn in_ci() -> bool {
    env::var("CI").is_ok_and(|value| !value.is_empty() && value != "false" && value != "0")
}
