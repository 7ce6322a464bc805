//! What the configuration says, as the caller may know it: how servers are reached, which limits hold.
//! Never a password, a token or the value of a header.

use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError},
    time::Duration,
};

use jiff::Timestamp;

use super::{Query, compact};
use crate::{
    access::{Principal, Scope},
    alert::{Rules, ToldRule},
    model::HostName,
    selector::Selector,
    snapshot::Host,
};

/// How a server is told who asks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Auth {
    /// Not at all.
    #[default]
    None,
    /// By a password, with every request.
    Password,
    /// By a token, for which a password is exchanged.
    Token,
    /// By headers of the configuration.
    Headers,
}

/// How a server is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connection {
    /// How it is told who asks.
    pub auth: Auth,
    /// Its certificate is checked.
    pub verify_tls: bool,
    /// Against certificates of the configuration.
    pub own_ca: bool,
    /// Longest that one attempt takes.
    pub timeout: Duration,
    /// Plugins that are never asked for.
    pub disabled: Vec<&'static str>,
}

/// What the configuration says that is in force.
pub struct Configured {
    /// When it was taken; `None` before that.
    pub at: Option<Timestamp>,
    /// How each server is reached.
    pub connections: BTreeMap<HostName, Connection>,
    /// The rules of alerts.
    pub rules: Arc<Rules>,
}

impl Default for Configured {
    /// Before a configuration is taken: no server, and the built-in rules.
    fn default() -> Self {
        let rules = Arc::new(Rules::built_in());
        Self { at: None, connections: BTreeMap::new(), rules }
    }
}

impl Query {
    /// Replaces what the configuration says.
    pub fn set_configured(&self, configured: Configured) {
        let mut kept = self.configured.write().unwrap_or_else(PoisonError::into_inner);
        *kept = configured.into();
    }

    fn configured(&self) -> Arc<Configured> {
        self.configured.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// When the configuration in force was taken.
    #[must_use]
    pub fn configured_at(&self) -> Option<Timestamp> {
        self.configured().at
    }

    /// The rules of alerts, to judge one snapshot by. What they say names servers: callers are told
    /// by [`Self::told_rules`].
    #[must_use]
    pub fn rules(&self) -> Arc<Rules> {
        self.configured().rules.clone()
    }

    /// How a server is reached.
    #[must_use]
    pub fn connection(&self, principal: &Principal, host: &HostName) -> Option<Connection> {
        principal.sees(host).then(|| self.configured().connections.get(host).cloned()).flatten()
    }

    /// The rules of alerts that are about servers that the caller may see; who does not see all gets
    /// aliases in place of selectors, which may name others.
    #[must_use]
    pub fn told_rules(&self, principal: &Principal) -> Vec<ToldRule> {
        let rules = self.configured().rules.told();
        if principal.servers == Scope::Fleet {
            return rules;
        }
        let visible = self.visible(principal);
        rules
            .into_iter()
            .filter_map(|mut rule| {
                if rule.servers.is_empty() {
                    return Some(rule);
                }
                let selectors: Vec<Selector> =
                    rule.servers.iter().filter_map(|text| Selector::parse(text).ok()).collect();
                let fits = |host: &Host| selectors.iter().any(|selector| selector.fits(host));
                let seen = visible.iter().filter(|snapshot| fits(&snapshot.host));
                let seen: Vec<&str> = seen.map(|snapshot| snapshot.host.alias.as_str()).collect();
                rule.servers = compact(&seen);
                (!seen.is_empty()).then_some(rule)
            })
            .collect()
    }
}
