//! Which servers a call is about, and how fresh their data have to be.

use std::time::Duration;

use glances_client::Plugin;
use jiff::{SignedDuration, Timestamp};
use tokio::time::{Instant, timeout_at};

use super::{Context, ToolError, args::Servers};
use crate::{
    query::{Gone, Selection},
    render,
    snapshot::{Snapshot, seconds_between},
};

/// Servers of one call that can be polled on request.
pub(super) const FRESH_SERVERS_MAX: usize = 5;

/// Longest that a call waits for data polled on request.
const FRESH_WAIT: Duration = Duration::from_secs(10);

/// Data younger than this are fresh: Glances itself renews nothing faster.
const FRESH_AGE_SECS: f64 = 2.0;

impl Context {
    /// The servers that fit the selectors, as they were polled last.
    pub(super) async fn select(&self, servers: &Servers) -> Result<Selection, ToolError> {
        Ok(self.query.select(&self.principal, &servers.0, self.now).await?)
    }

    /// The same; with `fresh` these plugins of them are polled now.
    pub(super) async fn select_fresh(
        &self,
        servers: &Servers,
        fresh: bool,
        plugins: &[Plugin],
    ) -> Result<Selection, ToolError> {
        let selection = self.select(servers).await?;
        if fresh { self.freshen(selection, plugins).await } else { Ok(selection) }
    }

    /// The one server that a call names, if its data may be shown as present.
    pub(super) async fn the_server(
        &self,
        alias: &str,
        fresh: bool,
        plugins: &[Plugin],
    ) -> Result<Selection, ToolError> {
        if alias.is_empty() || alias.contains(['*', '?', '[', '{', ':']) {
            return Err(ToolError::Refused(
                "`server` takes one alias, no glob and no group; list_servers names them"
                    .to_owned(),
            ));
        }
        let selection = self.select(&Servers(vec![alias.to_owned()])).await?;
        if let Some(snapshot) = selection.single() {
            present(snapshot, selection.now)?;
        }
        if fresh { self.freshen(selection, plugins).await } else { Ok(selection) }
    }

    /// Has these plugins of the selected servers polled now, waits for them, and answers with the
    /// servers as they are then. What does not come in time is left as old as it is.
    async fn freshen(
        &self,
        selection: Selection,
        plugins: &[Plugin],
    ) -> Result<Selection, ToolError> {
        let count = selection.servers.len();
        if count > FRESH_SERVERS_MAX {
            return Err(ToolError::Refused(format!(
                "`fresh` polls at most {FRESH_SERVERS_MAX} servers a call and {count} are \
                 selected: name them in `servers`"
            )));
        }
        let asked = selection.now;
        let since =
            asked.checked_sub(SignedDuration::from_secs_f64(FRESH_AGE_SECS)).unwrap_or(asked);
        let deadline = Instant::now() + FRESH_WAIT;
        let mut waits = Vec::new();
        for snapshot in selection.servers.iter() {
            if snapshot.status(asked).answers() && is_old(snapshot, plugins, since) {
                self.commands.refresh(snapshot.host.alias.clone(), plugins.to_vec());
                waits.extend(self.query.watch(&self.principal, &snapshot.host.alias));
            }
        }
        for mut updates in waits {
            let failed = updates.borrow().reach.failures;
            let arrived = updates.wait_for(|snapshot| {
                !is_old(snapshot, plugins, since) || snapshot.reach.failures > failed
            });
            let _ = timeout_at(deadline, arrived).await;
        }
        let latest = |snapshot: &std::sync::Arc<Snapshot>| {
            let updates = self.query.watch(&self.principal, &snapshot.host.alias);
            updates.map_or_else(|| snapshot.clone(), |updates| updates.borrow().clone())
        };
        let servers = selection.servers.iter().map(latest).collect();
        Ok(Selection { servers, now: (self.now)() })
    }
}

/// Whether a plugin that the server serves was last asked for before that moment.
fn is_old(snapshot: &Snapshot, plugins: &[Plugin], since: Timestamp) -> bool {
    plugins.iter().any(|plugin| {
        let tried = snapshot.readings.get(plugin).and_then(|reading| reading.tried);
        snapshot.serves(*plugin) == Some(true) && tried < Some(since)
    })
}

/// Refuses a server whose data are of the past, with the reason, their age and the fix.
fn present(snapshot: &Snapshot, now: Timestamp) -> Result<(), ToolError> {
    let Some(gone) = Gone::of_server(snapshot, snapshot.status(now)) else { return Ok(()) };
    let age = snapshot.reach.last_success.map_or_else(
        || "it has never answered".to_owned(),
        |at| format!("its last data are {} old", render::duration(seconds_between(at, now))),
    );
    Err(ToolError::Refused(format!(
        "`{}` cannot be reached: {}; {age}. Fix: {}",
        snapshot.host.alias, gone.reason, gone.fix
    )))
}
