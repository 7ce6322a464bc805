//! Where a secret comes from: its own text, a variable, or a file. Never shows one.

use std::{
    fs::File,
    io::Read,
    path::{Path, PathBuf},
};

use secrecy::SecretString;

use super::env::Env;

/// A file of certificates of all authorities is a quarter of it.
const FILE_BYTES_MAX: u64 = 1_048_576;

/// A secret and the file it was read from, if any.
pub(super) struct Resolved {
    pub(super) secret: SecretString,
    pub(super) file: Option<PathBuf>,
}

/// Finds the secret that `text` means; the error is a problem and its fix, without any value.
pub(super) fn resolve(text: &str, env: &Env, base: &Path) -> Result<Resolved, (String, String)> {
    if let Some(name) = text.strip_prefix("env:") {
        return from_env(name.trim(), env);
    }
    if let Some(path) = text.strip_prefix("file:") {
        return from_file(base.join(path.trim()));
    }
    if text.is_empty() {
        let fix = "give a value, \"env:NAME\" or \"file:PATH\", or leave the key out";
        return Err(("the secret is empty".to_owned(), fix.to_owned()));
    }
    Ok(Resolved { secret: text.into(), file: None })
}

fn from_env(name: &str, env: &Env) -> Result<Resolved, (String, String)> {
    let like_a_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if name.is_empty() || !name.chars().all(like_a_name) {
        let fix = "write \"env:NAME\" with letters, digits and `_`";
        return Err((
            "`env:` is not followed by the name of a variable".to_owned(),
            fix.to_owned(),
        ));
    }
    match env.get(name) {
        Some(value) => Ok(Resolved { secret: value.into(), file: None }),
        None => Err((
            format!("the variable `{name}` is not set"),
            format!("set `{name}`, also possible in `.env`"),
        )),
    }
}

fn from_file(path: PathBuf) -> Result<Resolved, (String, String)> {
    let fix = || "check the path (it starts at the file that names it) and its permissions";
    let bytes = read_bounded(&path)
        .map_err(|reason| (format!("cannot read the secret: {reason}"), fix().to_owned()))?;
    let text = String::from_utf8(bytes).map_err(|_| {
        (format!("`{}` is not UTF-8 text", path.display()), "write the secret as text".to_owned())
    })?;
    let value = text.trim_end_matches(['\r', '\n']);
    if value.is_empty() {
        let problem = format!("`{}` holds no secret", path.display());
        return Err((problem, "write the secret into it".to_owned()));
    }
    Ok(Resolved { secret: value.into(), file: Some(path) })
}

/// A whole file of at most [`FILE_BYTES_MAX`] bytes, or the reason why not, naming it.
pub(super) fn read_bounded(path: &Path) -> Result<Vec<u8>, String> {
    read_at_most(path, FILE_BYTES_MAX)
}

/// A whole file of at most so many bytes, or the reason why not, naming it.
pub(super) fn read_at_most(path: &Path, bytes_max: u64) -> Result<Vec<u8>, String> {
    let shown = path.display();
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(|err| format!("`{shown}`: {}", io_words(&err)))?;
    file.take(bytes_max + 1)
        .read_to_end(&mut bytes)
        .map_err(|err| format!("`{shown}`: {}", io_words(&err)))?;
    if bytes.len() as u64 > bytes_max {
        return Err(format!("`{shown}` is larger than {bytes_max} bytes"));
    }
    Ok(bytes)
}

/// An error of the system without its number.
pub(super) fn io_words(err: &std::io::Error) -> String {
    let words = err.to_string();
    words.split(" (os error").next().unwrap_or_default().to_lowercase()
}
