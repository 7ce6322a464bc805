//! Addresses of monitored machines: every way to write one becomes `scheme://host:port[/prefix]`.
//! Never repeats text that may hold credentials.

use std::{fmt, net::Ipv6Addr};

use super::tree::quoted;

/// Port on which Glances listens.
pub(super) const GLANCES_PORT: u16 = 61_208;
const HTTPS_PORT: u16 = 443;
/// Longest host name of the DNS, in characters.
const HOST_CHARS_MAX: usize = 253;
const PREFIX_CHARS_MAX: usize = 200;

/// What is wrong, and the fix.
pub(super) type Wrong = (String, String);

/// Where a Glances server is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Address {
    pub(super) https: bool,
    /// A name, an IPv4 address, or an IPv6 address in brackets.
    pub(super) host: String,
    pub(super) port: u16,
    /// Empty, or begins with a slash and does not end in one.
    pub(super) prefix: String,
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.https { "https" } else { "http" };
        write!(f, "{scheme}://{}:{}{}", self.host, self.port, self.prefix)
    }
}

impl Address {
    /// A whole address.
    pub(super) fn parse(url: &str) -> Result<Self, Wrong> {
        let Some((scheme, rest)) = url.split_once("://") else {
            let fix = "write it like `http://web-1:61208`";
            return Err(("a URL begins with `http://` or `https://`".to_owned(), fix.to_owned()));
        };
        let https = match scheme.to_ascii_lowercase().as_str() {
            "http" => false,
            "https" => true,
            _ => {
                let problem = format!("{} is not a protocol of Glances", quoted(scheme));
                return Err((problem, "use `http` or `https`".to_owned()));
            }
        };
        if rest.contains('@') {
            let fix = "take them out and set `username` and `password` (also as \"env:NAME\" or \
                       \"file:PATH\")";
            return Err(("credentials do not belong into a URL".to_owned(), fix.to_owned()));
        }
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let (host_text, port_text) = split_port(authority);
        let default = if https { HTTPS_PORT } else { GLANCES_PORT };
        let port = port_text.map_or(Ok(default), parse_port)?;
        Ok(Self { https, host: host(host_text)?, port, prefix: prefix(path)? })
    }
}

/// `host:port`, `[v6]:port`, or only one of them.
fn split_port(authority: &str) -> (&str, Option<&str>) {
    match authority.rsplit_once(':') {
        Some((host, port))
            if !port.contains(']') && (!host.contains(':') || host.ends_with(']')) =>
        {
            (host, Some(port))
        }
        _ => (authority, None),
    }
}

fn parse_port(text: &str) -> Result<u16, Wrong> {
    match text.parse::<u16>() {
        Ok(port) if port > 0 => Ok(port),
        _ => Err((
            format!("{} is not a port", quoted(text)),
            "use a whole number from 1 to 65535".to_owned(),
        )),
    }
}

/// A name or an address of a machine, in lower case; IPv6 with brackets.
pub(super) fn host(text: &str) -> Result<String, Wrong> {
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    if let Ok(address) = bare.parse::<Ipv6Addr>() {
        return Ok(format!("[{address}]"));
    }
    if text.contains('@') {
        let fix = "take them out and set `username` and `password`";
        return Err(("credentials do not belong into a host name".to_owned(), fix.to_owned()));
    }
    if text.contains("://") {
        let fix = "write the whole address as `url` in place of `host`";
        return Err(("a host has no protocol".to_owned(), fix.to_owned()));
    }
    if let Some((_, port)) = text.rsplit_once(':')
        && port.parse::<u16>().is_ok()
    {
        let fix = "write the port as `port`";
        return Err(("a host has no port".to_owned(), fix.to_owned()));
    }
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    if text.is_empty() || text.len() > HOST_CHARS_MAX || !text.chars().all(plain) {
        let fix = "use a name such as `web-1.example.org`, an IPv4 or an IPv6 address; a range is \
                   written `web-[01-20]`";
        return Err((format!("{} is not a host name", quoted(text)), fix.to_owned()));
    }
    Ok(text.to_ascii_lowercase())
}

/// A path before Glances' own: empty, or `/a/b`.
pub(super) fn prefix(text: &str) -> Result<String, Wrong> {
    let path = text.trim_matches('/');
    if path.contains(['?', '#']) {
        let fix = "leave out everything from the `?` or `#` on";
        return Err(("an address has no query and no fragment".to_owned(), fix.to_owned()));
    }
    let plain = |c: char| c.is_ascii_alphanumeric() || "/-_.~%+:,;=".contains(c);
    if path.len() > PREFIX_CHARS_MAX || !path.chars().all(plain) || path.contains("//") {
        let fix = "use a path such as `/glances`";
        return Err((format!("{} is not a path", quoted(text)), fix.to_owned()));
    }
    if path.split('/').next_back() == Some("api") || names_a_version(path) {
        let fix = "leave out `/api` and the version: it is found out by asking the server";
        return Err(("an address does not name the API version".to_owned(), fix.to_owned()));
    }
    Ok(if path.is_empty() { String::new() } else { format!("/{path}") })
}

fn names_a_version(path: &str) -> bool {
    let parts: Vec<&str> = path.split('/').collect();
    parts.windows(2).any(|pair| match pair {
        ["api", version] => version.parse::<u8>().is_ok(),
        _ => false,
    })
}
