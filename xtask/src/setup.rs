//! `cargo xtask setup`: what the tests need, installed once into the cache folder.
//!
//! Each item carries a stamp that says what it was made of; an item whose stamp fits is left
//! alone, any other is made anew. Only pip, npm, cargo and, for root, apt-get fetch anything.

pub(crate) mod node;
pub(crate) mod postgres;
pub(crate) mod python;

use std::fs::{self, File};
use std::path::Path;
use std::time::Instant;

use anyhow::{Context as _, Result};

use crate::{no_arguments, paths, say};

/// The Glances releases that the end-to-end tests run against.
pub(crate) const GLANCES: &[python::Venv] = &[
    python::Venv { name: "glances-4.5.8", packages: &["glances[web]==4.5.8"] },
    python::Venv { name: "glances-4.3.3", packages: &["glances[web]==4.3.3"] },
    python::Venv { name: "glances-4.0.8", packages: &["glances[web]==4.0.8", "orjson"] },
    python::Venv { name: "glances-3.4.0.5", packages: &["glances[web]==3.4.0.5"] },
];

/// The release that `quickstart` starts.
pub(crate) const GLANCES_CURRENT: python::Venv =
    python::Venv { name: "glances-4.5.8", packages: &["glances[web]==4.5.8"] };

/// The Python MCP clients.
pub(crate) const CLIENTS: python::Venv =
    python::Venv { name: "clients", packages: &["mcp==2.3.0", "fastmcp==4.1.2"] };

/// What the given scoring programs of `cargo xtask eval` need.
pub(crate) const EVALUATION: python::Venv =
    python::Venv { name: "eval", packages: &["numpy==2.4.6", "pandas==3.1.1", "numba==0.68.1"] };

pub(crate) fn run(args: &[String]) -> Result<()> {
    no_arguments("setup", args)?;
    let dir = paths::e2e()?;
    say!("set-up in {}", dir.display());
    let _lock = lock(&dir)?;
    for venv in GLANCES {
        item(venv.name, || python::ensure(&dir, venv))?;
    }
    item(CLIENTS.name, || python::ensure(&dir, &CLIENTS))?;
    item("postgres", || postgres::ensure(&dir))?;
    item("node", || node::ensure_node(&dir))?;
    item("npm packages", || node::ensure_packages(&dir))?;
    Ok(())
}

/// Only the Glances that `quickstart` starts.
pub(crate) fn glances_current() -> Result<()> {
    let dir = paths::e2e()?;
    let _lock = lock(&dir)?;
    item(GLANCES_CURRENT.name, || python::ensure(&dir, &GLANCES_CURRENT))
}

/// Only what `eval` needs.
pub(crate) fn evaluation() -> Result<()> {
    let dir = paths::e2e()?;
    let _lock = lock(&dir)?;
    item(EVALUATION.name, || python::ensure(&dir, &EVALUATION))
}

/// Whether an item was there or had to be made.
pub(crate) enum Done {
    Already,
    Installed,
}

fn item(name: &str, ensure: impl FnOnce() -> Result<Done>) -> Result<()> {
    let started = Instant::now();
    let done = ensure().with_context(|| format!("set-up of {name}"))?;
    match done {
        Done::Already => say!("  {name:<16} ready"),
        Done::Installed => {
            say!("  {name:<16} installed in {:.0} s", started.elapsed().as_secs_f64());
        }
    }
    Ok(())
}

/// One set-up at a time in one folder; the lock goes with the returned file.
fn lock(dir: &Path) -> Result<File> {
    fs::create_dir_all(dir).with_context(|| {
        let name = paths::E2E_VARIABLE;
        format!("could not create `{}`; set {name} to a folder of yours", dir.display())
    })?;
    let path = dir.join("setup.lock");
    let file = File::create(&path).with_context(|| format!("could not open {}", path.display()))?;
    if file.try_lock().is_err() {
        say!("  waiting for another set-up in the same folder");
        file.lock().with_context(|| format!("could not lock {}", path.display()))?;
    }
    Ok(file)
}

const STAMP: &str = ".glances-mcp-stamp";

/// Whether the item in `dir` was completed with these very contents.
fn stamped(dir: &Path, contents: &str) -> bool {
    fs::read_to_string(dir.join(STAMP)).is_ok_and(|stamp| stamp == contents)
}

fn stamp(dir: &Path, contents: &str) -> Result<()> {
    let path = dir.join(STAMP);
    fs::write(&path, contents).with_context(|| format!("could not write {}", path.display()))
}

/// Makes way for an item that is to be made anew.
fn clear(dir: &Path) -> Result<()> {
    if dir.exists() {
        fs::remove_dir_all(dir)
            .with_context(|| format!("could not remove {}; remove it by hand", dir.display()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_item_is_done_only_with_the_stamp_of_its_very_contents() {
        let dir = std::env::temp_dir().join(format!("xtask-stamp-{}", std::process::id()));
        fs::create_dir_all(&dir).unwrap();
        assert!(!stamped(&dir, "a==1"));
        stamp(&dir, "a==1").unwrap();
        assert!(stamped(&dir, "a==1"));
        assert!(!stamped(&dir, "a==2"));
        clear(&dir).unwrap();
        assert!(!dir.exists());
    }

    #[test]
    fn quickstart_starts_a_release_that_the_tests_know() {
        assert!(GLANCES.iter().any(|venv| venv.packages == GLANCES_CURRENT.packages));
    }
}
