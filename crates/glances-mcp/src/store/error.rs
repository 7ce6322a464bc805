//! Why history could not be written or read: one variant for each thing an operator does about it.

/// A failure of the store. Live tools go on without it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another process writes this file.
    #[error("`{path}` is in use by {holder}")]
    Held {
        /// The database file.
        path: String,
        /// Who has it, as far as they said.
        holder: String,
    },
    /// The file or its folder cannot be opened or made.
    #[error("`{path}` cannot be opened")]
    Open {
        /// The database file.
        path: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The file is no database, or is damaged.
    #[error("`{path}` is damaged: {problem}; move it away, a new one is made then")]
    Damaged {
        /// The database file.
        path: String,
        /// What the check said.
        problem: String,
    },
    /// It was written by a newer release.
    #[error("the history was written by a newer release: {0}")]
    Newer(String),
    /// The database refused.
    #[error("the history could not be {doing}")]
    Database {
        /// Such as `written`.
        doing: &'static str,
        /// Why.
        #[source]
        source: sqlx::Error,
    },
}

impl StoreError {
    pub(super) fn of(doing: &'static str) -> impl Fn(sqlx::Error) -> Self {
        move |source| Self::Database { doing, source }
    }
}

/// An error with its causes.
#[must_use]
pub fn chain(err: &dyn std::error::Error) -> String {
    let mut text = err.to_string();
    let mut cause = err.source();
    while let Some(err) = cause {
        // Some errors say what their cause says.
        let more = err.to_string();
        if !text.contains(&more) {
            text.push_str(": ");
            text.push_str(&more);
        }
        cause = err.source();
    }
    text
}
