//! The environment: variables of the process and of a `.env` file, read once. Never changes the
//! process environment, never prints a value.

use std::{collections::BTreeMap, fmt, path::PathBuf};

/// A snapshot of the environment.
#[derive(Clone, Default)]
pub struct Env {
    variables: BTreeMap<String, String>,
    /// Where the program was started; relative paths of variables and flags begin here.
    dir: PathBuf,
    warnings: Vec<String>,
}

impl Env {
    /// The variables of this process, and those of `.env` in the working directory that the
    /// process does not have.
    #[must_use]
    pub fn read() -> Self {
        let own = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        let mut env = Self { variables: own, ..Self::default() };
        if let Ok(text) = std::fs::read_to_string(".env") {
            env.add_dotenv(&text);
        }
        env
    }

    /// Exactly these variables, for tests.
    #[must_use]
    pub fn from_pairs<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let variables =
            pairs.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        Self { variables, ..Self::default() }
    }

    /// The same, as if the program had been started in `dir`.
    #[must_use]
    pub fn in_dir(mut self, dir: impl Into<PathBuf>) -> Self {
        self.dir = dir.into();
        self
    }

    /// A variable; one that is empty counts as absent.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// Names of all variables.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.variables.keys().map(String::as_str)
    }

    pub(super) fn dir(&self) -> &std::path::Path {
        &self.dir
    }

    pub(super) fn warnings(&self) -> &[String] {
        &self.warnings
    }

    pub(super) fn add_dotenv(&mut self, text: &str) {
        for item in dotenvy::from_read_iter(text.as_bytes()) {
            match item {
                Ok((name, value)) => {
                    self.variables.entry(name).or_insert(value);
                }
                Err(err) => self.warnings.push(dotenv_warning(text, &err)),
            }
        }
    }
}

/// Names the line, and never shows it: it may hold a secret.
fn dotenv_warning(text: &str, err: &dotenvy::Error) -> String {
    let line = match err {
        dotenvy::Error::LineParse(bad, _) => {
            let first = bad.lines().next().unwrap_or_default();
            text.lines().position(|line| line == first)
        }
        _ => None,
    };
    match line {
        Some(index) => format!(".env:{}: not of the form NAME=value, left out", index + 1),
        None => ".env: a line is not of the form NAME=value, left out".to_owned(),
    }
}

impl fmt::Debug for Env {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Env").field("names", &self.variables.keys()).finish_non_exhaustive()
    }
}
