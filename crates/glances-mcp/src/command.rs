//! What a caller may ask of the write side, as messages. The only road from a tool to a
//! monitored machine.

use std::time::Duration;

use glances_client::{FetchError, Plugin, diagnose::Diagnosis, model::Extended};
use tokio::sync::{mpsc, oneshot};

use crate::{
    access::{Denied, Permission, Principal},
    model::HostName,
};

/// Commands that may wait for the write side; more are refused.
const COMMANDS_QUEUED_MAX: usize = 64;

/// Longest that a caller waits for a command that talks to a monitored machine.
const COMMAND_WAIT: Duration = Duration::from_secs(20);

/// One request to the write side.
#[derive(Debug)]
pub enum Command {
    /// Poll these plugins now. Nobody waits here: the caller watches the snapshots.
    Refresh {
        /// Which server.
        alias: HostName,
        /// Which plugins.
        plugins: Vec<Plugin>,
    },
    /// Diagnose the connection, layer by layer.
    Probe {
        /// Which server.
        alias: HostName,
        /// Takes the result.
        reply: oneshot::Sender<Diagnosis>,
    },
    /// Have the server watch one process for a moment, and stop watching.
    Extended {
        /// Which server.
        alias: HostName,
        /// Which process.
        pid: u32,
        /// Takes the result.
        reply: oneshot::Sender<Result<Extended, FetchError>>,
    },
}

/// Why a command came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// The caller may not.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// Too many at once, the server is gone, or it took too long.
    #[error("the request could not be carried out now; try again in a few seconds")]
    Busy,
    /// The monitored machine said no.
    #[error(transparent)]
    Fetch(#[from] FetchError),
}

/// Sends commands. Cheap to clone.
#[derive(Clone)]
pub struct Commands(mpsc::Sender<Command>);

impl Commands {
    /// The sender, and the receiver for the write side.
    #[must_use]
    pub fn channel() -> (Self, mpsc::Receiver<Command>) {
        let (sender, receiver) = mpsc::channel(COMMANDS_QUEUED_MAX);
        (Self(sender), receiver)
    }

    /// Asks for a poll now; whoever asks watches the snapshots. Drops the wish when too many wait.
    pub fn refresh(&self, alias: HostName, plugins: Vec<Plugin>) {
        // A full queue means that polls are on their way anyway.
        let _ = self.0.try_send(Command::Refresh { alias, plugins });
    }

    /// Diagnoses the connection to one server.
    ///
    /// # Errors
    /// [`CommandError::Busy`].
    pub async fn probe(&self, alias: HostName) -> Result<Diagnosis, CommandError> {
        let (reply, answer) = oneshot::channel();
        self.ask(Command::Probe { alias, reply }, answer).await
    }

    /// Has one process watched for a moment: changes a setting of that Glances server, briefly.
    ///
    /// # Errors
    /// When the caller is no operator, or the server refuses.
    pub async fn extended(
        &self,
        principal: &Principal,
        alias: HostName,
        pid: u32,
    ) -> Result<Extended, CommandError> {
        principal.require(Permission::Operate, "extended")?;
        let (reply, answer) = oneshot::channel();
        Ok(self.ask(Command::Extended { alias, pid, reply }, answer).await??)
    }

    async fn ask<T>(
        &self,
        command: Command,
        answer: oneshot::Receiver<T>,
    ) -> Result<T, CommandError> {
        self.0.try_send(command).map_err(|_| CommandError::Busy)?;
        let answer = tokio::time::timeout(COMMAND_WAIT, answer).await;
        answer.map_err(|_| CommandError::Busy)?.map_err(|_| CommandError::Busy)
    }
}
