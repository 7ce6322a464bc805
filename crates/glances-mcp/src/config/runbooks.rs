//! Operators' own runbooks: the files of a folder, bounded. What they say is read elsewhere.

use std::path::{Path, PathBuf};

use super::{check::Check, problem::Place, read::Settings, secret};

/// Files in the folder.
const FILES_MAX: usize = 200;
/// A runbook of ours is a twentieth of it.
const FILE_BYTES_MAX: u64 = 65_536;
const ENDING: &str = "md";

/// A runbook that an operator wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunbookFile {
    /// Where it is.
    pub path: PathBuf,
    /// All of it.
    pub text: String,
}

/// The files of the folder that the configuration names, by name; what cannot be read is reported.
pub(super) fn read(
    check: &mut Check<'_>,
    values: &Settings,
    watch_dirs: &mut Vec<PathBuf>,
) -> Vec<RunbookFile> {
    let Some(folder) = values.file("runbooks.folder") else { return Vec::new() };
    let place = values.place("runbooks.folder").cloned().unwrap_or_default();
    let mut paths = match markdown_files(folder) {
        Ok(paths) => paths,
        Err(err) => {
            let problem = format!("cannot read `{}`: {}", folder.display(), secret::io_words(&err));
            check.report.add_fix(&place, problem, "name a folder with runbooks in it");
            return Vec::new();
        }
    };
    watch_dirs.push(folder.to_owned());
    if paths.len() > FILES_MAX {
        let problem = format!("{} files in `{}`", paths.len(), folder.display());
        check.report.add_fix(&place, problem, format!("keep at most {FILES_MAX} runbooks"));
    }
    paths.sort();
    paths.truncate(FILES_MAX);
    paths.into_iter().filter_map(|path| file(check, &place, path)).collect()
}

/// Hidden files are those of editors.
fn markdown_files(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let entries = folder.read_dir()?;
    let paths = entries.flatten().map(|entry| entry.path());
    let hidden =
        |path: &Path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
    let ours = |path: &PathBuf| {
        path.extension().is_some_and(|ending| ending == ENDING) && !hidden(path) && path.is_file()
    };
    Ok(paths.filter(ours).collect())
}

fn file(check: &mut Check<'_>, place: &Place, path: PathBuf) -> Option<RunbookFile> {
    let read = secret::read_at_most(&path, FILE_BYTES_MAX).and_then(|bytes| {
        String::from_utf8(bytes).map_err(|_| format!("`{}` is not UTF-8 text", path.display()))
    });
    match read {
        Ok(text) => Some(RunbookFile { path, text }),
        Err(problem) => {
            check.report.add_fix(place, problem, "mend the file or take it out of the folder");
            None
        }
    }
}
