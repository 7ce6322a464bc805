//! The monitored servers: valid values, one a server.

use std::{collections::BTreeSet, path::PathBuf, time::Duration};

use glances_client::Plugin;
use secrecy::{ExposeSecret, SecretString};

use super::settings::same_secret;
use crate::model::{Criticality, HostName};

/// How a password is sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AuthKind {
    /// HTTP Basic, with every request.
    #[default]
    Basic,
    /// Exchanged for a token at Glances' token endpoint (4.5 and newer).
    Token,
}

/// One monitored server.
#[derive(Clone, Debug)]
pub struct ServerConfig {
    /// Its name; unique.
    pub alias: HostName,
    /// `scheme://host:port[/prefix]`, lower case, without credentials and trailing slash.
    pub url: String,
    /// User of Glances; set whenever `password` is.
    pub username: Option<String>,
    /// Password of Glances.
    pub password: Option<SecretString>,
    /// How the password is sent.
    pub auth: AuthKind,
    /// `production`, `staging`, `development`, or any other word.
    pub environment: Option<String>,
    /// Any word.
    pub region: Option<String>,
    /// Any words.
    pub tags: BTreeSet<String>,
    /// Ceiling of the deadline of one attempt (30 s).
    pub timeout: Duration,
    /// Between two polls, where this server differs from [`super::PollConfig::interval`].
    pub interval: Option<Duration>,
    /// Certificates to trust, as a file.
    pub ca_file: Option<PathBuf>,
    /// The content of `ca_file` (PEM); `None` over plain http.
    pub ca_pem: Option<Vec<u8>>,
    /// Whether the certificate of the server is checked.
    pub verify_tls: bool,
    /// Sent with every request.
    pub headers: Vec<(String, SecretString)>,
    /// Never asked for.
    pub disabled_plugins: BTreeSet<Plugin>,
    /// Listed but not polled.
    pub paused: bool,
    /// How much its failure matters; high in production.
    pub criticality: Criticality,
    /// IANA name of its time zone, for baselines by hour.
    pub timezone: Option<String>,
    /// What it costs, in the operator's currency.
    pub cost_per_month: Option<f64>,
    /// Servers it does not work without.
    pub depends_on: Vec<HostName>,
}

impl PartialEq for ServerConfig {
    fn eq(&self, other: &Self) -> bool {
        // Taken apart by name, so that a new field cannot be forgotten here.
        let Self { alias, url, username, password, auth, environment, region, tags, .. } = self;
        let Self { timeout, interval, ca_file, ca_pem, verify_tls, headers, .. } = self;
        let Self { disabled_plugins, paused, criticality, timezone, .. } = self;
        let Self { cost_per_month, depends_on, .. } = self;
        *alias == other.alias
            && *url == other.url
            && *username == other.username
            && same_secret(password.as_ref(), other.password.as_ref())
            && *auth == other.auth
            && *environment == other.environment
            && *region == other.region
            && *tags == other.tags
            && *timeout == other.timeout
            && *interval == other.interval
            && *ca_file == other.ca_file
            && *ca_pem == other.ca_pem
            && *verify_tls == other.verify_tls
            && same_headers(headers, &other.headers)
            && *disabled_plugins == other.disabled_plugins
            && *paused == other.paused
            && *criticality == other.criticality
            && *timezone == other.timezone
            && *cost_per_month == other.cost_per_month
            && *depends_on == other.depends_on
    }
}

fn same_headers(left: &[(String, SecretString)], right: &[(String, SecretString)]) -> bool {
    let plain =
        |(name, value): &(String, SecretString)| (name.clone(), value.expose_secret().to_owned());
    left.iter().map(plain).eq(right.iter().map(plain))
}
