//! Questions about alerts. One of a server that the caller may not see is not there; those of the
//! fleet as a whole are for who sees all of it.

use std::collections::BTreeSet;

use super::{Query, QueryError, Selection};
use crate::{
    access::{Principal, Scope},
    alert::Alert,
    model::{HostName, Verdict},
    store::{KeptVerdict, Span},
};

/// An alert of the past or the present.
#[derive(Clone, Debug)]
pub struct PastAlert {
    /// As it was last.
    pub alert: Alert,
    /// When it was over; `None` while it is open.
    pub closed: Option<i64>,
    /// What an operator says of it, and with which of our words.
    pub verdict: Option<(Verdict, KeptVerdict)>,
}

impl Query {
    /// Alerts of the selected servers that are pending or firing.
    #[must_use]
    pub fn open_alerts(&self, principal: &Principal, selection: &Selection) -> Vec<Alert> {
        let hosts = hosts(selection);
        let open = self.alerts.borrow().clone();
        open.iter().filter(|alert| shown(principal, &hosts, alert)).cloned().collect()
    }

    /// Alerts of the selected servers that fired at some time of the span, newest first.
    ///
    /// # Errors
    /// When history cannot be read.
    pub async fn past_alerts(
        &self,
        principal: &Principal,
        selection: &Selection,
        span: Span,
    ) -> Result<Vec<PastAlert>, QueryError> {
        let hosts = hosts(selection);
        let asked: Vec<HostName> = hosts.iter().map(|host| (*host).clone()).collect();
        let kept = self.history.store.alerts(&asked, span).await?;
        let read = |kept: crate::store::KeptAlert| {
            let alert: Alert = serde_json::from_str(&kept.alert).ok()?;
            let verdict = kept.verdict.and_then(|it| Some((Verdict::of(&it.word)?, it)));
            Some(PastAlert { alert, closed: kept.closed, verdict })
        };
        let mut found: Vec<PastAlert> = kept.into_iter().filter_map(read).collect();
        found.retain(|past| shown(principal, &hosts, &past.alert));
        Ok(found)
    }
}

fn hosts(selection: &Selection) -> BTreeSet<&HostName> {
    selection.servers.iter().map(|snapshot| &snapshot.host.alias).collect()
}

fn shown(principal: &Principal, hosts: &BTreeSet<&HostName>, alert: &Alert) -> bool {
    match &alert.host {
        Some(host) => principal.sees(host) && hosts.contains(host),
        None => principal.servers == Scope::Fleet,
    }
}
