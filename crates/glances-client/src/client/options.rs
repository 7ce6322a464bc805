//! What a client is built from. Nothing here prints a secret.

use std::fmt;

use secrecy::SecretString;

/// Cap of a decompressed body unless set otherwise. 2,000 processes are 1.2 MB.
pub const BODY_BYTES_MAX: usize = 16 * 1024 * 1024;

/// How we prove who we are.
#[derive(Clone)]
pub enum Auth {
    /// The server has no password.
    None,
    /// HTTP Basic, on every Glances.
    Basic {
        /// Glances' own default is `glances`.
        username: String,
        /// As given to `glances --password`.
        password: SecretString,
    },
    /// A bearer token, got with the password and renewed when the server forgets it (4.5 on).
    /// Where the server has no tokens, Basic is used instead.
    Token {
        /// Glances' own default is `glances`.
        username: String,
        /// As given to `glances --password`.
        password: SecretString,
    },
}

impl fmt::Debug for Auth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("None"),
            Self::Basic { username, .. } => write!(f, "Basic({username})"),
            Self::Token { username, .. } => write!(f, "Token({username})"),
        }
    }
}

/// Where a server is and how to speak to it.
#[derive(Clone)]
pub struct ClientOptions {
    /// `http://host:61208`, or with Glances' `url_prefix` `https://host:443/glances`; no `/api`,
    /// no credentials.
    pub base_url: String,
    /// Credentials.
    pub auth: Auth,
    /// Certificates in PEM form to trust besides the system's.
    pub ca_pem: Option<Vec<u8>>,
    /// Whether the server's certificate must be valid. `false` leaves the connection open to
    /// whoever stands in between.
    pub verify_tls: bool,
    /// Sent with every request, for a reverse proxy.
    pub headers: Vec<(String, SecretString)>,
    /// Cap of a decompressed body.
    pub body_bytes_max: usize,
    /// Every text of the monitored machine passes it on its way into the model and into errors.
    pub text_filter: fn(&str) -> String,
}

impl ClientOptions {
    /// No credentials, system roots, verified TLS, [`BODY_BYTES_MAX`], texts unchanged.
    #[must_use]
    pub fn new(base_url: impl Into<String>) -> Self {
        Self {
            base_url: base_url.into(),
            auth: Auth::None,
            ca_pem: None,
            verify_tls: true,
            headers: Vec::new(),
            body_bytes_max: BODY_BYTES_MAX,
            text_filter: str::to_owned,
        }
    }
}

impl fmt::Debug for ClientOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.headers.iter().map(|(name, _)| name.as_str()).collect();
        // Credentials in the URL are refused later, but must not be printed before.
        let base_url = if self.base_url.contains('@') { "(hidden)" } else { &self.base_url };
        f.debug_struct("ClientOptions")
            .field("base_url", &base_url)
            .field("auth", &self.auth)
            .field("ca_pem", &self.ca_pem.as_ref().map(Vec::len))
            .field("verify_tls", &self.verify_tls)
            .field("headers", &names)
            .field("body_bytes_max", &self.body_bytes_max)
            .finish_non_exhaustive()
    }
}

/// Options that no client can be built from. Never carries a secret.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum BuildError {
    /// The base URL is of no use.
    #[error("URL of the server: {reason}")]
    Url {
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A header has an impossible name or value.
    #[error("header `{name}` cannot be sent")]
    Header {
        /// Its name.
        name: String,
    },
    /// The CA bundle is no PEM, or has no certificate.
    #[error("CA certificates: {reason}")]
    Ca {
        /// What is wrong with it.
        reason: String,
    },
    /// No certificate can be checked, e.g. because the system has no roots.
    #[error("TLS cannot be set up: {reason}")]
    Tls {
        /// The library's words.
        reason: String,
    },
}
