//! What a caller may ask of the write side, as messages. The only road from a tool to a
//! monitored machine.

use std::{collections::BTreeMap, time::Duration};

use glances_client::{
    ApiVersion, FetchError, Plugin, diagnose::Diagnosis, exposure::Exposure, model::Extended,
};
use jiff::Timestamp;
use tokio::{
    sync::{mpsc, oneshot},
    time::{Instant, timeout_at},
};

use crate::{
    access::{Denied, Permission, Principal},
    alert::Word,
    model::{HostName, Verdict},
};

/// Commands that may wait for the write side; more are refused.
const COMMANDS_QUEUED_MAX: usize = 64;

/// Orders of operators that may wait: each is stored by itself, and people are slow.
const ORDERS_QUEUED_MAX: usize = 16;

/// Longest that a caller waits for a command that talks to a monitored machine.
const COMMAND_WAIT: Duration = Duration::from_secs(20);

/// Longest that a caller waits for a look at servers from outside; what is under way by then goes
/// on, for the next who asks.
pub const EXPOSURE_WAIT: Duration = Duration::from_secs(10);

/// What a look from outside saw of one server, or why it saw nothing.
#[derive(Clone, Debug)]
pub struct Look {
    /// When.
    pub at: Timestamp,
    /// What.
    pub seen: Result<Exposure, FetchError>,
}

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
    /// Look at servers as an outsider does, or tell the last look if it is not long ago.
    Exposure {
        /// Which servers, and the API that each has.
        servers: Vec<(HostName, ApiVersion)>,
        /// Takes the looks as they come; all are done when it closes.
        reply: mpsc::Sender<(HostName, Look)>,
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

/// What an operator wants said or noted of alerts. Carried out whole and stored, or not at all.
#[derive(Debug)]
pub struct Order {
    /// What.
    pub what: What,
    /// Who.
    pub by: String,
    /// What it is about, for the audit table.
    pub target: String,
    /// Takes the result, once it is stored.
    pub reply: oneshot::Sender<Result<(), OrderError>>,
}

/// What an order is.
#[derive(Clone, Debug)]
pub enum What {
    /// Something that quiets alerts, or ends that.
    Say(Word),
    /// A verdict on an alert that fires or fired.
    Judge {
        /// Its server; `None` for the fleet.
        host: Option<HostName>,
        /// Its id.
        alert: String,
        /// The verdict.
        verdict: Verdict,
        /// Why; may be empty.
        why: String,
    },
    /// A note on the time line.
    Note {
        /// On these servers; none are the fleet.
        hosts: Vec<HostName>,
        /// Its words.
        text: String,
    },
}

/// Why an order was not carried out: nothing of it was.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum OrderError {
    /// It does not fit what there is.
    #[error("{0}")]
    Refused(String),
    /// It could not be stored.
    #[error("nothing was changed, since it could not be stored: {0}")]
    NotStored(String),
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
    /// An order was not carried out.
    #[error(transparent)]
    Order(#[from] OrderError),
    /// An order was taken, and nobody knows yet what became of it.
    #[error(
        "no answer within {} s: it may still be carried out, ask what is in force before you repeat it",
        COMMAND_WAIT.as_secs()
    )]
    Unsure,
}

/// Sends commands and orders. Cheap to clone.
#[derive(Clone)]
pub struct Commands {
    commands: mpsc::Sender<Command>,
    orders: mpsc::Sender<Order>,
}

impl Commands {
    /// The sender, and the receivers for the pollers and for alerts.
    #[must_use]
    pub fn channel() -> (Self, mpsc::Receiver<Command>, mpsc::Receiver<Order>) {
        let (commands, of_pollers) = mpsc::channel(COMMANDS_QUEUED_MAX);
        let (orders, of_alerts) = mpsc::channel(ORDERS_QUEUED_MAX);
        (Self { commands, orders }, of_pollers, of_alerts)
    }

    /// Asks for a poll now; whoever asks watches the snapshots. Drops the wish when too many wait.
    pub fn refresh(&self, alias: HostName, plugins: Vec<Plugin>) {
        // A full queue means that polls are on their way anyway.
        let _ = self.commands.try_send(Command::Refresh { alias, plugins });
    }

    /// Diagnoses the connection to one server.
    ///
    /// # Errors
    /// [`CommandError::Busy`].
    pub async fn probe(&self, alias: HostName) -> Result<Diagnosis, CommandError> {
        let (reply, answer) = oneshot::channel();
        self.ask(Command::Probe { alias, reply }, answer).await
    }

    /// Looks at servers as an outsider does. Those that do not answer within [`EXPOSURE_WAIT`] are
    /// not in the answer.
    ///
    /// # Errors
    /// [`CommandError::Busy`].
    pub async fn exposure(
        &self,
        servers: Vec<(HostName, ApiVersion)>,
    ) -> Result<BTreeMap<HostName, Look>, CommandError> {
        let deadline = Instant::now() + EXPOSURE_WAIT;
        let (reply, mut looks) = mpsc::channel(servers.len().max(1));
        let command = Command::Exposure { servers, reply };
        self.commands.try_send(command).map_err(|_| CommandError::Busy)?;
        let mut seen = BTreeMap::new();
        while let Ok(Some((alias, look))) = timeout_at(deadline, looks.recv()).await {
            seen.insert(alias, look);
        }
        Ok(seen)
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

    /// Has an order carried out and stored. `target` is what it is about, for the audit table.
    ///
    /// # Errors
    /// When the caller is no operator, the order does not fit, or it cannot be stored.
    pub async fn order(
        &self,
        principal: &Principal,
        what: What,
        target: String,
    ) -> Result<(), CommandError> {
        principal.require(Permission::Operate, "an order about alerts")?;
        let (reply, answer) = oneshot::channel();
        let order = Order { what, by: principal.id.to_string(), target, reply };
        self.orders.try_send(order).map_err(|_| CommandError::Busy)?;
        let answer = tokio::time::timeout(COMMAND_WAIT, answer).await;
        // One that goes away without an answer ends with everything else.
        Ok(answer.map_err(|_| CommandError::Unsure)?.map_err(|_| CommandError::Unsure)??)
    }

    async fn ask<T>(
        &self,
        command: Command,
        answer: oneshot::Receiver<T>,
    ) -> Result<T, CommandError> {
        self.commands.try_send(command).map_err(|_| CommandError::Busy)?;
        let answer = tokio::time::timeout(COMMAND_WAIT, answer).await;
        answer.map_err(|_| CommandError::Busy)?.map_err(|_| CommandError::Busy)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn looks_that_come_too_late_are_not_waited_for() {
        let (commands, mut received, _orders) = Commands::channel();
        let alias = |name: &str| HostName::parse(name).unwrap();
        let servers = vec![(alias("quick"), ApiVersion::V4), (alias("slow"), ApiVersion::V4)];
        let seen = commands.exposure(servers);
        let answer = async {
            let Some(Command::Exposure { reply, .. }) = received.recv().await else { panic!() };
            let look = Look { at: Timestamp::UNIX_EPOCH, seen: Ok(Exposure::default()) };
            reply.send((alias("quick"), look)).await.unwrap();
            // Held open: somebody still looks at the other one.
            reply
        };
        let since = Instant::now();
        let (seen, _held) = tokio::join!(seen, answer);
        assert_eq!(seen.unwrap().into_keys().collect::<Vec<_>>(), [alias("quick")]);
        assert_eq!(since.elapsed(), EXPOSURE_WAIT);
    }

    #[tokio::test]
    async fn nobody_waits_for_pollers_that_are_gone() {
        let (commands, received, _orders) = Commands::channel();
        drop(received);
        let refused = commands.exposure(Vec::new()).await;
        assert!(matches!(refused, Err(CommandError::Busy)), "{refused:?}");
    }
}
