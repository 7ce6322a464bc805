//! Which files are read, in which order. Reads them; judges nothing but their form.

use std::path::{Path, PathBuf};

use super::{
    check::Check,
    env::Env,
    problem::Place,
    read::Gathered,
    secret,
    tree::{Format, SyntaxError},
};

/// Name of the file that is searched for, without its ending.
const STEM: &str = "glances-mcp";
/// Drop-ins beside the file, besides those in `<stem>.d`.
const DROP_INS: &str = "conf.d";

/// The file that is read when none is named: `./glances-mcp.*`, then that of the user, then that
/// in `/etc/glances-mcp/`.
#[must_use]
pub fn find(env: &Env) -> Option<PathBuf> {
    let home = || env.get("HOME").map(|home| Path::new(home).join(".config"));
    let user = env.get("XDG_CONFIG_HOME").map(PathBuf::from).or_else(home);
    let mut dirs = vec![env.dir().to_owned()];
    dirs.extend(user.map(|dir| dir.join(STEM)));
    dirs.push(Path::new("/etc").join(STEM));
    let files = dirs.iter().flat_map(|dir| {
        Format::ENDINGS.iter().map(move |(ending, _)| dir.join(format!("{STEM}.{ending}")))
    });
    files.into_iter().find(|file| file.is_file())
}

/// What was read.
#[derive(Default)]
pub(super) struct Files {
    pub(super) gathered: Gathered,
    pub(super) sources: Vec<PathBuf>,
    pub(super) watch_dirs: Vec<PathBuf>,
}

impl Files {
    /// Reads a file and its drop-ins.
    pub(super) fn read(check: &mut Check<'_>, path: &Path) -> Self {
        let mut files = Self::default();
        files.add(check, path);
        let dir = path.parent().unwrap_or(Path::new(""));
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        for name in [format!("{stem}.d"), DROP_INS.to_owned()] {
            files.add_drop_ins(check, &dir.join(name));
        }
        files
    }

    fn add_drop_ins(&mut self, check: &mut Check<'_>, dir: &Path) {
        let Ok(entries) = dir.read_dir() else { return };
        self.watch_dirs.push(dir.to_owned());
        let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
        paths.retain(|path| path.is_file() && format_of(path).is_some() && !is_hidden(path));
        paths.sort();
        for path in paths {
            self.add(check, &path);
        }
    }

    fn add(&mut self, check: &mut Check<'_>, path: &Path) {
        let shown = path.display().to_string();
        let place = Place { file: Some((self.sources.len(), shown.into())), ..Place::default() };
        self.sources.push(path.to_owned());
        let Some(format) = format_of(path) else {
            let problem = "the ending of the file does not say how it is written";
            check.report.add_fix(&place, problem, "use .toml, .json, .yaml or .yml");
            return;
        };
        let text = match secret::read_bounded(path).map(String::from_utf8) {
            Ok(Ok(text)) => text,
            Ok(Err(_)) => {
                check.report.add_fix(&place, "is not UTF-8 text", "save it as UTF-8");
                return;
            }
            Err(reason) => {
                let problem = format!("cannot read {reason}");
                check.report.add_fix(&place, problem, "check the path and its permissions");
                return;
            }
        };
        path.parent().unwrap_or(Path::new("")).clone_into(&mut check.base);
        match format.parse(&text) {
            Ok(tree) => self.gathered.add(check, &tree, &place),
            Err(errors) => {
                for SyntaxError { line, message } in errors {
                    check.report.add(&Place { line, ..place.clone() }, message);
                }
            }
        }
    }
}

fn format_of(path: &Path) -> Option<Format> {
    Format::of(path.extension()?.to_str()?)
}

fn is_hidden(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'))
}
