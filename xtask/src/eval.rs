//! `cargo xtask eval FOLDER`: how right the shipped code is, as a program. Runs it over labelled data
//! that are not part of this project and over scripted incidents of `fleet-sim`, has independent
//! programs count again, and writes `docs/accuracy.md`. Fits nothing.

mod bars;
mod checks;
mod goals;
mod page;
mod rows;

use std::path::{Path, PathBuf};
use std::{env, fs};

use anyhow::{Context as _, Result, bail};

use self::rows::Rows;
use crate::{paths, process, say, setup, tools};

/// Seeds of scripted incidents and calm days: 2,500 calm days of a server.
const SEEDS: &str = "50";
/// The tests of the product run unoptimised; fifty seeds of them take hours then.
const OPTIMISED: &str = "profile.dev.package.glances-mcp.opt-level=2";
const PAGE: &str = "docs/accuracy.md";

struct Wish {
    folder: PathBuf,
    write: bool,
    seeds: String,
}

pub(crate) fn run(args: &[String]) -> Result<()> {
    let wish = wish(args)?;
    if !wish.folder.join("corpus/labels.json").is_file() {
        say!("\nNOT EVALUATED: no corpus/labels.json in `{}`.", wish.folder.display());
        say!("The labelled data are not part of this project: give the folder that holds them.\n");
        return Ok(());
    }
    let out = paths::target()?.join("eval");
    fs::create_dir_all(&out).with_context(|| format!("could not create {}", out.display()))?;
    setup::evaluation()?;
    examples(&wish.folder, &out)?;
    incidents(&out, &wish.seeds)?;
    let mut rows = Rows::read(&["detect.jsonl", "forecast.jsonl", "incidents.jsonl"], &out)?;
    rows.extend(checks::run(&wish.folder, &out, &rows)?);
    let page = page::page(&rows, &today());
    say!("\n{}", goals::goals(&rows));
    let path = paths::root()?.join(PAGE);
    if wish.write {
        fs::write(&path, page).with_context(|| format!("could not write {}", path.display()))?;
        say!("written: {PAGE}");
        return Ok(());
    }
    let undated = |text: &str| -> String {
        text.lines().filter(|line| !line.starts_with(page::DATED)).collect::<Vec<_>>().join("\n")
    };
    if undated(&page) != undated(&fs::read_to_string(&path).unwrap_or_default()) {
        bail!("{PAGE} has other numbers; `cargo xtask eval FOLDER --write` renews it");
    }
    say!("{PAGE} has the same numbers");
    Ok(())
}

fn wish(args: &[String]) -> Result<Wish> {
    let mut wish = Wish { folder: PathBuf::new(), write: false, seeds: SEEDS.to_owned() };
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--write" => wish.write = true,
            "--seeds" => match args.next().filter(|it| it.parse::<u32>().is_ok()) {
                Some(seeds) => wish.seeds.clone_from(seeds),
                None => bail!("`--seeds` needs a number, such as {SEEDS}"),
            },
            flag if flag.starts_with('-') => {
                bail!("`cargo xtask eval` takes FOLDER, --write and --seeds N, got `{flag}`")
            }
            folder => wish.folder = env::current_dir()?.join(folder),
        }
    }
    if wish.folder.as_os_str().is_empty() {
        bail!(
            "`cargo xtask eval` needs the folder of the labelled data, such as ../shared/analytics"
        );
    }
    Ok(wish)
}

/// The shipped code over the labelled data.
fn examples(folder: &Path, out: &Path) -> Result<()> {
    for example in ["eval_detect", "eval_forecast"] {
        let mut cargo = tools::cargo()?;
        cargo.args(["run", "--quiet", "--release", "-p", "analytics", "--example", example, "--"]);
        process::run(cargo.arg(folder).arg(out), "are the data whole?")?;
    }
    Ok(())
}

/// Calm days and scripted incidents, through the write path and the tools. `cargo test` knows no time
/// limit, and fifty seeds take half an hour of two cores; no seed keeps what was counted last.
fn incidents(out: &Path, seeds: &str) -> Result<()> {
    let file = out.join("incidents.jsonl");
    if seeds == "0" && file.is_file() {
        say!("\nscripted incidents and calm days: as counted last");
        return Ok(());
    }
    // The tests add to it.
    fs::write(&file, "").with_context(|| format!("could not write {}", file.display()))?;
    say!("\nscripted incidents and calm days of {seeds} seeds (a minute of a core each)");
    let mut cargo = tools::cargo()?;
    cargo
        .args(["--config", OPTIMISED, "test", "--quiet", "-p", "glances-mcp"])
        .args(["--test", "it", "incidents::"])
        .env("GLANCES_EVAL_SEEDS", seeds)
        .env("GLANCES_EVAL_OUT", &file)
        // Each of them uses every core.
        .env("RUST_TEST_THREADS", "1");
    process::run(&mut cargo, "a limit of the incidents' tests does not hold over so many seeds")
}

fn today() -> String {
    process::answer("date", &["-u", "+%F"]).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(words: &[&str]) -> Result<Wish> {
        wish(&words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn a_folder_is_needed_and_what_is_not_known_is_refused() {
        let wish = given(&["/data", "--write", "--seeds", "7"]).unwrap();
        assert_eq!((wish.folder.to_str(), wish.write), (Some("/data"), true));
        assert_eq!(wish.seeds, "7");
        for (words, said) in [
            (&["--write"][..], "needs the folder"),
            (&["/data", "--seeds", "many"], "needs a number"),
            (&["/data", "--wirte"], "`--wirte`"),
        ] {
            let problem = given(words).err().unwrap().to_string();
            assert!(problem.contains(said), "{problem}");
        }
    }

    #[test]
    fn a_folder_without_data_is_said_and_is_no_failure() {
        run(&["/nowhere/at/all".to_owned(), "--write".to_owned()]).unwrap();
    }
}
