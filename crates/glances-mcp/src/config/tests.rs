use std::{fs, path::Path, time::Duration};

use secrecy::ExposeSecret;
use tempfile::TempDir;

use super::*;
use crate::model::Criticality;

mod bad;
mod bad_tables;
mod catalogue;
mod good;
mod outside;
mod runbooks;

/// A directory with these files; the first is the configuration.
struct Fixture {
    dir: TempDir,
    first: String,
}

impl Fixture {
    fn new(files: &[(&str, &str)]) -> Self {
        let dir = TempDir::new().unwrap();
        for (name, text) in files {
            let path = dir.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        Self { dir, first: files.first().map(|(name, _)| (*name).to_owned()).unwrap_or_default() }
    }

    fn path(&self) -> std::path::PathBuf {
        self.dir.path().join(&self.first)
    }

    fn load(&self, env: &[(&str, &str)]) -> Result<Config, Problems> {
        self.load_with(env, &Overrides::default())
    }

    fn load_with(&self, env: &[(&str, &str)], overrides: &Overrides) -> Result<Config, Problems> {
        let env = Env::from_pairs(env.iter().copied()).in_dir(self.dir.path());
        Config::load(Some(&self.path()), overrides, &env)
    }

    /// Problems with the directory left out of their places and words.
    fn problems(&self, env: &[(&str, &str)]) -> Vec<String> {
        let front = format!("{}/", self.dir.path().display());
        let problems = self.load(env).expect_err("the configuration is bad");
        problems.0.iter().map(|problem| problem.to_string().replace(&front, "")).collect()
    }
}

fn toml(text: &str) -> Config {
    Fixture::new(&[("glances-mcp.toml", text)]).load(&[]).unwrap_or_else(|err| panic!("{err}"))
}

fn secs(count: u64) -> Duration {
    Duration::from_secs(count)
}
