//! One writer a file: a lock beside the database that names its holder.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{Read as _, Write as _},
    path::{Path, PathBuf},
};

use super::StoreError;

/// Longest name of a holder.
const HOLDER_BYTES_MAX: u64 = 500;

/// Held as long as it lives; the system frees it when the process dies, however that happens.
#[derive(Debug)]
pub(super) struct Lock {
    _file: File,
}

fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    PathBuf::from(name)
}

impl Lock {
    /// Takes the lock of a database file and leaves there who we are.
    pub(super) fn take(path: &Path, who: &str) -> Result<Self, StoreError> {
        let shown = path.display().to_string();
        let open = |source| StoreError::Open { path: shown.clone(), source };
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(beside(path))
            .map_err(open)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                let read = (&file).take(HOLDER_BYTES_MAX).read_to_string(&mut holder);
                let holder = match (read, holder.trim()) {
                    (Ok(_), name) if !name.is_empty() => name.to_owned(),
                    _ => "another process".to_owned(),
                };
                return Err(StoreError::Held { path: shown, holder });
            }
            Err(TryLockError::Error(source)) => return Err(open(source)),
        }
        file.set_len(0).and_then(|()| file.write_all(who.as_bytes())).map_err(open)?;
        Ok(Self { _file: file })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_learns_who_the_first_is_and_gets_it_when_the_first_is_gone() {
        let dir = tempfile::TempDir::new().unwrap();
        let path = dir.path().join("history.db");
        let first = Lock::take(&path, "process 1 at http://127.0.0.1:8080/mcp").unwrap();
        let refused = Lock::take(&path, "process 2").unwrap_err().to_string();
        assert!(refused.contains("in use by process 1 at http://127.0.0.1:8080/mcp"), "{refused}");
        drop(first);
        Lock::take(&path, "process 2").unwrap();
    }

    #[test]
    fn a_folder_that_is_not_there_is_named() {
        let refused = Lock::take(Path::new("/nonexistent/history.db"), "me").unwrap_err();
        assert!(refused.to_string().contains("/nonexistent/history.db"), "{refused}");
    }
}
