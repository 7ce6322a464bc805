//! Virtual environments: found or made with the system's Python, filled by pip.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, bail};

use super::{Done, clear, stamp, stamped};
use crate::process;

/// A virtual environment in the cache.
pub(crate) struct Venv {
    /// Its folder.
    pub(crate) name: &'static str,
    /// What pip is asked to install.
    pub(crate) packages: &'static [&'static str],
}

/// Glances 4.5 and the MCP clients need this.
const PYTHON_MIN: &str = "3.10";
const PYTHONS: &[&str] =
    &["python3", "python3.13", "python3.12", "python3.11", "python3.10", "python3.14", "python"];

/// Exit code 0 when every argument `name==version` or `name` is installed.
const FITS: &str = "\
import sys
from importlib.metadata import version
for wanted in sys.argv[1:]:
    name, _, number = wanted.partition('==')
    found = version(name.partition('[')[0])
    if number and found != number:
        sys.exit(f'{name} is {found}')
";

pub(crate) fn ensure(e2e: &Path, venv: &Venv) -> Result<Done> {
    let dir = e2e.join(venv.name);
    let python = dir.join("bin").join("python");
    let contents = venv.packages.join(" ");
    let fits = process::answer(&python, &[&["-c", FITS], venv.packages].concat()).is_some();
    if fits {
        if !stamped(&dir, &contents) {
            stamp(&dir, &contents)?;
        }
        return Ok(Done::Already);
    }
    clear(&dir)?;
    let system = system_python()?;
    process::run_quietly(
        Command::new(&system).args(["-m", "venv"]).arg(&dir),
        "Debian and Ubuntu: `apt-get install python3-venv`; Fedora: `dnf install python3`",
    )?;
    process::run_quietly(
        Command::new(&python)
            .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"])
            .args(venv.packages),
        "is PyPI reachable? behind a proxy set HTTPS_PROXY, with a mirror PIP_INDEX_URL",
    )?;
    process::run_quietly(
        Command::new(&python).args(["-c", FITS]).args(venv.packages),
        "pip installed something else than asked for",
    )?;
    stamp(&dir, &contents)?;
    Ok(Done::Installed)
}

/// The first Python on the path that is new enough.
fn system_python() -> Result<PathBuf> {
    for name in PYTHONS {
        let asked = "import sys; print(*sys.version_info[:2], sep='.'); print(sys.executable)";
        let Some(answer) = process::answer(name, &["-c", asked]) else { continue };
        let mut lines = answer.lines();
        let (version, path) = (lines.next().unwrap_or(""), lines.next().unwrap_or(""));
        if at_least(version, PYTHON_MIN) && !path.is_empty() {
            return Ok(PathBuf::from(path));
        }
    }
    bail!(
        "no Python {PYTHON_MIN} or newer on the path; install it \
         (Debian and Ubuntu: `apt-get install python3 python3-venv`)"
    )
}

/// Compares `major.minor` versions; what is no version is older than any.
pub(super) fn at_least(version: &str, minimum: &str) -> bool {
    let parts = |text: &str| -> Option<(u32, u32)> {
        let mut numbers = text.trim_start_matches('v').split('.').map(str::parse);
        let major = numbers.next()?.ok()?;
        Some((major, numbers.next().map_or(Some(0), Result::ok)?))
    };
    parts(version).is_some_and(|version| parts(minimum).is_some_and(|minimum| version >= minimum))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_by_number() {
        assert!(at_least("3.10", "3.10") && at_least("3.11", "3.9") && at_least("4.0", "3.10"));
        assert!(!at_least("3.9", "3.10") && !at_least("", "3.10") && !at_least("x.y", "3.10"));
        assert!(at_least("v22.20.0", "22") && !at_least("v20.20.2", "22"));
    }
}
