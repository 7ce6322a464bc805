//! Who calls, what they may do, and which servers they may know of.

use std::sync::Arc;

use crate::model::HostName;

/// What a call needs, weakest first; a caller who may do one may do all before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Permission {
    /// Look.
    Read,
    /// Acknowledge, silence, or cause work on a monitored machine.
    Operate,
}

/// What a caller may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Looks only.
    Viewer,
    /// Also operates.
    Operator,
}

impl Role {
    const fn grants(self) -> Permission {
        match self {
            Self::Viewer => Permission::Read,
            Self::Operator => Permission::Operate,
        }
    }

    /// The word in replies and logs.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
        }
    }
}

/// The servers a caller may know of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// All, also those that come later.
    Fleet,
    /// These; no reply, count or suggestion tells of others.
    Only(Arc<[HostName]>),
}

/// A caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    /// Name in the audit log.
    pub id: Arc<str>,
    /// What they may do.
    pub role: Role,
    /// What they may see.
    pub servers: Scope,
}

/// A call that its caller may not make.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{what}` needs the operator role; you have the {role} role")]
pub struct Denied {
    /// Tool or argument.
    pub what: &'static str,
    /// The caller's role.
    pub role: &'static str,
}

impl Principal {
    /// The user of this machine, or whoever holds the one token: operates everything.
    #[must_use]
    pub fn local() -> Self {
        Self { id: "local".into(), role: Role::Operator, servers: Scope::Fleet }
    }

    /// Whether the caller may know of the server.
    #[must_use]
    pub fn sees(&self, host: &HostName) -> bool {
        match &self.servers {
            Scope::Fleet => true,
            Scope::Only(hosts) => hosts.contains(host),
        }
    }

    /// Whether the caller may do what needs this permission.
    #[must_use]
    pub fn may(&self, needed: Permission) -> bool {
        needed <= self.role.grants()
    }

    /// Refuses what the caller may not do.
    ///
    /// # Errors
    /// Names the tool or argument and the role it needs.
    pub fn require(&self, needed: Permission, what: &'static str) -> Result<(), Denied> {
        if self.may(needed) { Ok(()) } else { Err(Denied { what, role: self.role.word() }) }
    }
}
