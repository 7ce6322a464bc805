//! What operators said of alerts and what still counts. A caller learns of a silence what it means
//! for the servers that he may see.

use std::collections::BTreeMap;

use super::{Query, QueryError, Selection, compact};
use crate::{
    access::{Principal, Scope},
    alert::{Alert, Said, When},
    ingest::SAID,
    model::HostName,
    selector::Selector,
    snapshot::Host,
};

/// What was said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Nobody wants to be told.
    Silence,
    /// Somebody knows.
    Acknowledgement,
    /// It is usual at a time.
    Expectation,
}

impl Kind {
    /// The word in replies.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Silence => "silence",
            Self::Acknowledgement => "acknowledgement",
            Self::Expectation => "expectation",
        }
    }
}

/// Something that was said and still counts.
#[derive(Clone, Debug)]
pub struct InForce {
    /// What.
    pub kind: Kind,
    /// Its name; of an acknowledgement the alert's.
    pub id: String,
    /// Selectors, or the aliases that the caller may see; empty means all servers.
    pub servers: Vec<String>,
    /// Pattern of series, or a rule; `None` means all.
    pub subject: Option<String>,
    /// When it is usual.
    pub when: Option<When>,
    /// Its end.
    pub until: Option<i64>,
    /// It quiets at this moment.
    pub active: bool,
    /// Who said it; `None` when it is about servers that the caller may not see, too.
    pub by: Option<String>,
    /// Why; as `by`.
    pub why: Option<String>,
    /// It is also about servers that the caller may not see.
    pub wider: bool,
    /// The selected servers that it is about.
    pub hosts: Vec<HostName>,
    /// Open alerts of the selected servers that it is about.
    pub alerts: usize,
}

impl Query {
    /// What was said of alerts of the selected servers and still counts: silences, acknowledgements,
    /// expectations, each by its end.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn in_force(
        &self,
        principal: &Principal,
        selection: &Selection,
    ) -> Result<Vec<InForce>, QueryError> {
        self.said_of(principal, selection, self.open_alerts(principal, selection)).await
    }

    /// What was said, still counts and is about this one open alert of the only selected server.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn said_of_alert(
        &self,
        principal: &Principal,
        selection: &Selection,
        alert: &Alert,
    ) -> Result<Vec<InForce>, QueryError> {
        let mut found = self.said_of(principal, selection, vec![alert.clone()]).await?;
        found.retain(|it| it.alerts > 0);
        Ok(found)
    }

    async fn said_of(
        &self,
        principal: &Principal,
        selection: &Selection,
        open: Vec<Alert>,
    ) -> Result<Vec<InForce>, QueryError> {
        let kept = self.history.store.recall(SAID).await?;
        let said: Said = kept.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
        let now = selection.now.as_second();
        let hosts: BTreeMap<&HostName, &Host> = selection
            .servers
            .iter()
            .map(|snapshot| (&snapshot.host.alias, snapshot.host.as_ref()))
            .collect();
        let count = |fits: &dyn Fn(Option<&Host>, &Alert) -> bool| {
            let host = |alert: &Alert| alert.host.as_ref().and_then(|it| hosts.get(it)).copied();
            open.iter().filter(|alert| fits(host(alert), alert)).count()
        };
        let mut found = Vec::new();
        for it in said.silences.iter().filter(|it| it.until > now) {
            let whole = InForce {
                kind: Kind::Silence,
                id: it.id.clone(),
                servers: it.servers.clone(),
                subject: it.series.clone().or_else(|| it.rule.clone()),
                when: None,
                until: Some(it.until),
                active: true,
                by: Some(it.by.clone()),
                why: Some(it.why.clone()),
                wider: false,
                hosts: Vec::new(),
                alerts: count(&|host, alert| it.fits(host, alert)),
            };
            found.extend(self.as_seen(principal, selection, whole));
        }
        for it in said.expectations.iter().filter(|it| it.until.is_none_or(|until| until > now)) {
            let whole = InForce {
                kind: Kind::Expectation,
                id: it.id.clone(),
                servers: it.servers.clone(),
                subject: it.series.clone().or_else(|| it.rule.clone()),
                when: Some(it.when.clone()),
                until: it.until,
                active: it.is_open(now),
                by: Some(it.by.clone()),
                why: Some(it.why.clone()),
                wider: false,
                hosts: Vec::new(),
                alerts: count(&|host, alert| it.fits(host, alert)),
            };
            found.extend(self.as_seen(principal, selection, whole));
        }
        for it in said.acknowledgements.iter().filter(|it| it.until > now) {
            let Some(alert) = open.iter().find(|alert| alert.id == it.alert) else { continue };
            found.push(InForce {
                kind: Kind::Acknowledgement,
                id: it.alert.clone(),
                servers: alert.host.iter().map(ToString::to_string).collect(),
                subject: Some(alert.series.clone()),
                when: None,
                until: Some(it.until),
                active: true,
                by: Some(it.by.clone()),
                why: Some(it.why.clone()),
                wider: false,
                hosts: alert.host.iter().cloned().collect(),
                alerts: 1,
            });
        }
        found.sort_by(|a, b| (a.kind, a.until, &a.id).cmp(&(b.kind, b.until, &b.id)));
        Ok(found)
    }

    /// What this caller may know of something that was said; `None` when it is about no selected
    /// server. What is about no server that there is is told to who sees all.
    fn as_seen(
        &self,
        principal: &Principal,
        selection: &Selection,
        mut it: InForce,
    ) -> Option<InForce> {
        let selectors: Vec<Selector> =
            it.servers.iter().filter_map(|text| Selector::parse(text).ok()).collect();
        let about =
            |host: &Host| selectors.is_empty() || selectors.iter().any(|one| one.fits(host));
        let selected = selection.servers.iter().filter(|snapshot| about(&snapshot.host));
        it.hosts = selected.map(|snapshot| snapshot.host.alias.clone()).collect();
        let all = self.live.all();
        let all: Vec<&HostName> = all
            .iter()
            .filter(|snapshot| about(&snapshot.host))
            .map(|snapshot| &snapshot.host.alias)
            .collect();
        if principal.servers == Scope::Fleet {
            return (!it.hosts.is_empty() || all.is_empty()).then_some(it);
        }
        let seen = all.iter().filter(|alias| principal.sees(alias));
        let seen: Vec<&str> = seen.map(|alias| alias.as_str()).collect();
        it.wider = it.servers.is_empty() || seen.len() < all.len();
        it.servers = compact(&seen);
        if it.wider {
            // Its words may name servers that the caller may not know of.
            (it.by, it.why) = (None, None);
        }
        (!it.hosts.is_empty()).then_some(it)
    }
}
