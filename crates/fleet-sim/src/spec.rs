//! What a caller says about a simulated host: its name, version, role and seed. Holds no behaviour.

use crate::flavor::Flavor;
use crate::load::hash;

/// What a host does, which decides its load, processes, disks and containers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// A web server with application workers.
    Web,
    /// A database on physical hardware.
    Db,
    /// An in-memory cache.
    Cache,
    /// A host of hourly jobs.
    Batch,
    /// A host of containers.
    ContainerHost,
    /// A host with next to nothing to do.
    Idle,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 6] =
        [Self::Web, Self::Db, Self::Cache, Self::Batch, Self::ContainerHost, Self::Idle];

    /// The name used as a tag.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Web => "web",
            Self::Db => "db",
            Self::Cache => "cache",
            Self::Batch => "batch",
            Self::ContainerHost => "containers",
            Self::Idle => "idle",
        }
    }

    fn from_seed(seed: u64) -> Self {
        match hash(seed, 11) % 10 {
            0..=2 => Self::Web,
            3..=4 => Self::Db,
            5 => Self::Cache,
            6 => Self::Batch,
            7..=8 => Self::ContainerHost,
            _ => Self::Idle,
        }
    }
}

/// A host to simulate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostSpec {
    /// The name, also the host name that the server reports.
    pub name: String,
    /// The server's version and kind.
    pub flavor: Flavor,
    /// Everything else about the host follows from this number.
    pub seed: u64,
    /// What the host does.
    pub role: Role,
    /// When set, the server asks for it (user `glances`).
    pub password: Option<String>,
    /// Adds hostile texts: escapes, bidirectional marks, injected prompts, secrets in command lines
    /// and in glances.conf.
    pub hostile: bool,
    /// Answers no alien host and no alien website, where the version can be told so.
    pub hardened: bool,
    /// No health check of a container fails by itself, whatever the hour.
    pub sound: bool,
    /// Plugins that are switched off.
    pub disabled: Vec<String>,
}

impl HostSpec {
    /// A friendly host without a password, with every plugin on and a role chosen by the seed.
    #[must_use]
    pub fn new(name: impl Into<String>, flavor: Flavor, seed: u64) -> Self {
        Self {
            name: name.into(),
            flavor,
            seed,
            role: Role::from_seed(seed),
            password: None,
            hostile: false,
            hardened: false,
            sound: false,
            disabled: Vec::new(),
        }
    }
}
