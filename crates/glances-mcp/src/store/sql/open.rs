//! Opening a database: the only place where SQLite and PostgreSQL differ.

use std::{
    borrow::Cow,
    fmt::Write as _,
    path::{Path, PathBuf},
    sync::Once,
    time::Duration,
};

use sqlx::{
    AnyConnection, AnyPool, AssertSqlSafe, Connection as _, Row as _, SqlSafeStr as _,
    any::AnyPoolOptions,
    migrate::{MigrateError, Migration, MigrationType, Migrator},
};
use tokio::sync::Mutex;

use super::{
    super::{StoreError, lock::Lock},
    Catalog, Sql,
};

/// Connections: one writes, the others read.
const CONNECTIONS_MAX: u32 = 4;
/// Longest that a caller waits for a connection.
const CONNECTION_WAIT: Duration = Duration::from_secs(5);
/// A file up to this size is read whole at the start to see that it is sound: well under a second.
const CHECKED_BYTES_MAX: u64 = 128 * 1024 * 1024;

/// Schema changes of each engine, oldest first: number, name, statements. The numbers are the same
/// in both.
type Changes<'a> = &'a [(i64, &'static str, &'static str)];

const SQLITE: Changes<'static> = &[
    (1, "history", include_str!("../../../migrations/sqlite/0001_history.sql")),
    (2, "alerts", include_str!("../../../migrations/sqlite/0002_alerts.sql")),
    (4, "program blocks", include_str!("../../../migrations/sqlite/0004_program_blocks.sql")),
    (5, "operators", include_str!("../../../migrations/sqlite/0005_operators.sql")),
];
#[cfg(test)]
const POSTGRES: Changes<'static> = &[
    (1, "history", include_str!("../../../migrations/postgres/0001_history.sql")),
    (2, "alerts", include_str!("../../../migrations/postgres/0002_alerts.sql")),
    (4, "program blocks", include_str!("../../../migrations/postgres/0004_program_blocks.sql")),
    (5, "operators", include_str!("../../../migrations/postgres/0005_operators.sql")),
];

/// What a file is made with, before anything is in it: pages that hold a few polls, and those that
/// become free go back in steps. Said to a file that is there, the second would write to it.
const MADE_WITH: &[&str] = &["PRAGMA page_size = 8192", "PRAGMA auto_vacuum = INCREMENTAL"];

/// How a connection to SQLite behaves. The write-ahead log lets readers read beside the writer; a
/// commit is on the disk when it returns.
const PRAGMAS: &[&str] = &[
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA busy_timeout = 5000",
    "PRAGMA cache_size = -4000",
    "PRAGMA journal_size_limit = 67108864",
];

impl Sql {
    /// Opens a SQLite file, makes it if there is none, and takes it for this process. `who` is told
    /// to another process that wants it as well.
    ///
    /// # Errors
    /// The file is taken, cannot be opened, is damaged or was written by a newer release.
    pub async fn open(file: &Path, who: &str) -> Result<Self, StoreError> {
        let shown = file.display().to_string();
        if let Some(folder) = file.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder)
                .map_err(|source| StoreError::Open { path: shown.clone(), source })?;
        }
        let lock = Lock::take(file, who)?;
        let url = sqlite_url(file, "rwc");
        // A pool would try a broken file until its time is over.
        check(&url, file, &shown).await?;
        let pool = connect(&url, PRAGMAS).await.map_err(|err| opening(&shown, err))?;
        migrate(&pool, SQLITE, &shown).await?;
        Ok(Self::over(pool, Some(file.to_owned()), Some(lock)))
    }

    /// Opens a SQLite file to read it beside the process that writes it.
    ///
    /// # Errors
    /// There is no such file, or it cannot be read.
    pub async fn look(file: &Path) -> Result<Self, StoreError> {
        let shown = file.display().to_string();
        std::fs::metadata(file)
            .map_err(|source| StoreError::Open { path: shown.clone(), source })?;
        let pool = connect(&sqlite_url(file, "ro"), &[]).await;
        Ok(Self::over(pool.map_err(|err| opening(&shown, err))?, Some(file.to_owned()), None))
    }

    /// Opens a PostgreSQL database.
    #[cfg(test)]
    pub(in super::super) async fn postgres(url: &str) -> Result<Self, StoreError> {
        let pool = connect(url, &[]).await.map_err(|err| opening(url, err))?;
        migrate(&pool, POSTGRES, url).await?;
        Ok(Self::over(pool, None, None))
    }

    fn over(pool: AnyPool, file: Option<PathBuf>, lock: Option<Lock>) -> Self {
        Self { pool, catalog: Catalog::default(), writer: Mutex::default(), file, _lock: lock }
    }
}

fn install_drivers() {
    static DRIVERS: Once = Once::new();
    DRIVERS.call_once(sqlx::any::install_default_drivers);
}

async fn prepare(
    connection: &mut AnyConnection,
    pragmas: &'static [&'static str],
) -> sqlx::Result<()> {
    for pragma in pragmas {
        sqlx::query(*pragma).fetch_all(&mut *connection).await?;
    }
    Ok(())
}

async fn connect(url: &str, pragmas: &'static [&'static str]) -> sqlx::Result<AnyPool> {
    install_drivers();
    AnyPoolOptions::new()
        .max_connections(CONNECTIONS_MAX)
        .acquire_timeout(CONNECTION_WAIT)
        // A file does not hang up; a server may.
        .test_before_acquire(pragmas.is_empty())
        .after_connect(move |connection, _| Box::pin(prepare(connection, pragmas)))
        // A transaction that failed on a full disk can stay open; the next one on its connection
        // would be a part of it, and answered as written when it is not. The ping comes after the
        // rollback that waits.
        .after_release(|connection, _| {
            Box::pin(async move {
                connection.ping().await?;
                Ok(!connection.is_in_transaction())
            })
        })
        .connect(url)
        .await
}

/// Opens the file once by itself, and reads it whole unless that would take long.
async fn check(url: &str, file: &Path, shown: &str) -> Result<(), StoreError> {
    install_drivers();
    let bytes = std::fs::metadata(file).map_or(0, |file| file.len());
    let whole = bytes <= CHECKED_BYTES_MAX;
    let asked = async {
        let mut connection = AnyConnection::connect(url).await?;
        if bytes == 0 {
            prepare(&mut connection, MADE_WITH).await?;
        }
        prepare(&mut connection, PRAGMAS).await?;
        let said = if whole {
            let row = sqlx::query("PRAGMA quick_check(1)").fetch_one(&mut connection).await?;
            row.try_get::<String, _>(0)?
        } else {
            "ok".to_owned()
        };
        connection.close().await?;
        Ok(said)
    };
    let said = asked.await.map_err(|err| opening(shown, err))?;
    if said == "ok" {
        return Ok(());
    }
    Err(StoreError::Damaged { path: shown.to_owned(), problem: said })
}

async fn migrate(pool: &AnyPool, changes: Changes<'_>, shown: &str) -> Result<(), StoreError> {
    let migrations = changes.iter().map(|(number, name, sql)| {
        let name = Cow::Borrowed(*name);
        Migration::new(*number, name, MigrationType::Simple, sql.into_sql_str(), false)
    });
    let migrator = Migrator { migrations: Cow::Owned(migrations.collect()), ..Migrator::DEFAULT };
    migrator.run(pool).await.map_err(|err| match err {
        MigrateError::VersionMissing(number) => StoreError::Newer(format!(
            "it has schema {number}, this release knows {}",
            changes.iter().map(|(number, ..)| *number).max().unwrap_or(0)
        )),
        MigrateError::Execute(source) | MigrateError::ExecuteMigration(source, _) => {
            opening(shown, source)
        }
        other => StoreError::Database {
            doing: "opened",
            source: sqlx::Error::Protocol(other.to_string()),
        },
    })
}

/// What an error of the engine means to an operator.
fn opening(shown: &str, err: sqlx::Error) -> StoreError {
    /// SQLITE_CORRUPT and SQLITE_NOTADB.
    const DAMAGED: [&str; 2] = ["11", "26"];
    /// SQLITE_CANTOPEN and SQLITE_READONLY.
    const REFUSED: [&str; 2] = ["14", "8"];
    let code = err.as_database_error().and_then(|err| err.code().map(Cow::into_owned));
    // Extended codes hold the plain one in their low byte.
    let plain =
        code.and_then(|code| code.parse::<u32>().ok()).map(|code| (code & 0xff).to_string());
    match plain.as_deref() {
        Some(code) if DAMAGED.contains(&code) => {
            StoreError::Damaged { path: shown.to_owned(), problem: err.to_string() }
        }
        Some(code) if REFUSED.contains(&code) => StoreError::Open {
            path: shown.to_owned(),
            source: std::io::Error::new(std::io::ErrorKind::PermissionDenied, err.to_string()),
        },
        _ => StoreError::Database { doing: "opened", source: err },
    }
}

/// A file as the URL that sqlx takes; every unusual byte is escaped.
fn sqlite_url(file: &Path, mode: &str) -> String {
    let mut url = String::from("sqlite://");
    for byte in file.as_os_str().as_encoded_bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'-' | b'_' | b'~' | b':' => {
                url.push(char::from(*byte));
            }
            other => {
                let _ = write!(url, "%{other:02X}");
            }
        }
    }
    let _ = write!(url, "?mode={mode}");
    url
}

/// Writes a consistent copy of a SQLite file that may be in use. The copy must not exist yet.
///
/// # Errors
/// The file cannot be read, or the copy not be written.
pub async fn backup(file: &Path, copy: &Path) -> Result<(), StoreError> {
    let shown = copy.display().to_string();
    let open = |path: &Path, source| StoreError::Open { path: path.display().to_string(), source };
    std::fs::metadata(file).map_err(|source| open(file, source))?;
    if copy.exists() {
        return Err(open(copy, std::io::ErrorKind::AlreadyExists.into()));
    }
    let pool = connect(&sqlite_url(file, "ro"), &[]).await;
    let pool = pool.map_err(|err| opening(&file.display().to_string(), err))?;
    let quoted = shown.replace('\'', "''");
    let sql = AssertSqlSafe(format!("VACUUM INTO '{quoted}'"));
    let done = sqlx::query(sql).execute(&pool).await;
    pool.close().await;
    done.map(|_| ()).map_err(|err| opening(&shown, err))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_two_engines_have_the_same_changes() {
        let numbers = |changes: Changes<'static>| -> Vec<(i64, &str)> {
            changes.iter().map(|(number, name, _)| (*number, *name)).collect()
        };
        assert_eq!(numbers(SQLITE), numbers(POSTGRES));
    }

    /// Two releases may each have brought a change that the other did not know.
    #[tokio::test]
    async fn a_change_that_was_left_out_is_made_up_for() {
        let dir = tempfile::TempDir::new().unwrap();
        let url = sqlite_url(&dir.path().join("history.db"), "rwc");
        let pool = connect(&url, PRAGMAS).await.unwrap();
        let without: Vec<_> = SQLITE.iter().filter(|(number, ..)| *number != 2).copied().collect();
        migrate(&pool, &without, "a test").await.unwrap();
        migrate(&pool, SQLITE, "a test").await.unwrap();
        let query = sqlx::query("SELECT COUNT(*) FROM transition");
        assert_eq!(query.fetch_one(&pool).await.unwrap().get::<i64, _>(0), 0);
        let newer = migrate(&pool, &without, "a test").await.unwrap_err();
        assert!(newer.to_string().contains("schema 2"), "{newer}");
    }

    #[test]
    fn any_path_is_a_url() {
        assert_eq!(
            sqlite_url(Path::new("/a b/ü?#.db"), "rwc"),
            "sqlite:///a%20b/%C3%BC%3F%23.db?mode=rwc"
        );
    }
}
