//! The runbooks of a configuration: ours, and those of the operator's files over them.

use crate::{
    config::{Config, Problem, Problems, RunbookFile},
    runbooks::{File, FileProblem, Runbooks},
};

/// All runbooks that hold with this configuration.
///
/// # Errors
/// All that is wrong with the operator's files, each with its place.
pub fn runbooks(config: &Config) -> Result<Runbooks, Problems> {
    let words = |file: &RunbookFile| {
        let stem = file.path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        (file.path.display().to_string(), stem)
    };
    let names: Vec<(String, String)> = config.runbooks.iter().map(words).collect();
    let files: Vec<File<'_>> = config
        .runbooks
        .iter()
        .zip(&names)
        .map(|(file, (path, stem))| File { path, stem, text: &file.text })
        .collect();
    let problem =
        |it: FileProblem| Problem { place: it.place(), problem: it.problem, fix: Some(it.fix) };
    Runbooks::with(&files).map_err(|problems| Problems(problems.into_iter().map(problem).collect()))
}
