//! A PostgreSQL for one test: the system's, or one from PyPI in the cache. Root gets Debian's,
//! because PostgreSQL refuses to run as root and other users cannot read root's cache.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};

use super::{Done, python};
use crate::{paths, process};

const VENV: python::Venv = python::Venv { name: "postgres", packages: &["pgserver==0.1.4"] };
/// Where Debian and Ubuntu put each release.
const SYSTEM: &str = "/usr/lib/postgresql";
const FIX: &str = "install PostgreSQL (Debian and Ubuntu: `apt-get install postgresql`)";

pub(crate) fn ensure(e2e: &Path) -> Result<Done> {
    if find(e2e).is_some() {
        return Ok(Done::Already);
    }
    if process::answer("id", &["-u"]).as_deref() != Some("0") {
        return python::ensure(e2e, &VENV);
    }
    process::run_quietly(Command::new("apt-get").args(["update", "-qq"]), FIX)?;
    let mut install = Command::new("apt-get");
    install.args(["install", "-y", "-qq", "--no-install-recommends", "postgresql"]);
    process::run_quietly(install.env("DEBIAN_FRONTEND", "noninteractive"), FIX)?;
    find(e2e).context(FIX)?;
    Ok(Done::Installed)
}

/// The folder of `initdb` and `pg_ctl`.
pub(crate) fn find(e2e: &Path) -> Option<PathBuf> {
    let releases = fs::read_dir(SYSTEM).into_iter().flatten().flatten();
    let mut system: Vec<PathBuf> = releases.map(|release| release.path().join("bin")).collect();
    system.sort();
    let libraries = fs::read_dir(e2e.join(VENV.name).join("lib")).into_iter().flatten().flatten();
    let own = libraries.map(|it| it.path().join("site-packages/pgserver/pginstall/bin"));
    let mut found = system.into_iter().rev().chain(own);
    found.find(|bin| bin.join("initdb").exists() && bin.join("pg_ctl").exists())
}

/// The same, for tests.
pub(crate) fn bin() -> Result<Option<PathBuf>> {
    Ok(find(&paths::e2e()?))
}
