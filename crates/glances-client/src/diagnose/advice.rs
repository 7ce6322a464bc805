//! Findings in words: what it means, and the line to type or to write.

use std::time::Duration;

use super::{Layer, Outcome};
use crate::client::Url;
use crate::wire::{self, Release};
use crate::{ApiVersion, BuildError, Client, ClientOptions, FetchError, Plugin, ServerInfo};

/// Outcome, detail and fix of one step.
type Finding = (Outcome, String, Option<String>);

/// Glances' own default.
const DEFAULT_PORT: u16 = 61208;

/// Without these, the machine's main figures are missing.
const CORE_PLUGINS: [Plugin; 10] = [
    Plugin::Cpu,
    Plugin::Mem,
    Plugin::MemSwap,
    Plugin::Load,
    Plugin::Fs,
    Plugin::DiskIo,
    Plugin::Network,
    Plugin::ProcessCount,
    Plugin::System,
    Plugin::Uptime,
];

/// The liveness path needs no password from here on, and known holes are closed since 4.5.7.
const RECENT: Release = (4, 5, 7);

pub(super) fn url(url: &Url) -> Finding {
    let shown = url.as_str().trim_end_matches('/').to_owned();
    if url.port().is_some() || url.scheme() == "https" {
        return (Outcome::Passed, shown, None);
    }
    let fix = format!(
        "the URL has no port, so port 80 is used; Glances listens on {DEFAULT_PORT}: \
         `url: http://{}:{DEFAULT_PORT}`",
        host(url)
    );
    (Outcome::Warned, shown, Some(fix))
}

pub(super) fn unusable(error: &BuildError) -> String {
    match error {
        BuildError::Url { .. } => {
            format!("set `url` to scheme, host and port, e.g. `http://db-1:{DEFAULT_PORT}`")
        }
        BuildError::Header { name } => {
            format!("correct the header `{name}`: no line breaks, no control characters")
        }
        BuildError::Ca { .. } => {
            "point the CA setting to a PEM file that begins with `-----BEGIN CERTIFICATE-----`"
                .to_owned()
        }
        BuildError::Tls { .. } => {
            "install the system's CA certificates (Debian: `apt-get install ca-certificates`), or \
             set an own CA"
                .to_owned()
        }
    }
}

pub(super) fn unresolved(host: &str) -> String {
    format!(
        "check the spelling of `{host}` with `getent hosts {host}`, add it to DNS or /etc/hosts, \
         or use the address in `url`"
    )
}

pub(super) fn refused(url: &Url) -> String {
    let (host, port) = (host(url), port(url));
    let on_port = if port == DEFAULT_PORT { String::new() } else { format!(" -p {port}") };
    let address = host.trim_matches(['[', ']']).parse::<std::net::IpAddr>();
    let bind = match address {
        Ok(address) => address.to_string(),
        Err(_) => "0.0.0.0".to_owned(),
    };
    format!(
        "start Glances on that machine: `glances -w -B {bind}{on_port}`, or open port {port} in \
         its firewall"
    )
}

pub(super) fn unreachable(url: &Url) -> String {
    let (host, port) = (host(url), port(url));
    format!(
        "check that `{host}` is up and that no firewall drops port {port}: `nc -vz {host} {port}`"
    )
}

/// Which layer an error of the first exchange belongs to, and what to do.
pub(super) fn failure(error: &FetchError, url: &Url, spoke_tls: bool) -> (Layer, String) {
    match error {
        _ if spoke_tls => (
            Layer::Tls,
            format!(
                "the port speaks TLS: `url: https://{}:{}{}`",
                host(url),
                port(url),
                prefix(url)
            ),
        ),
        FetchError::Tls { reason } => (Layer::Tls, tls(reason, url)),
        FetchError::Auth { .. } => (
            Layer::Auth,
            "set `username` (Glances' default is `glances`) and `password` of this server to what \
             `glances --password` was given"
                .to_owned(),
        ),
        FetchError::HostRejected { .. } => (
            Layer::HostCheck,
            format!(
                "in glances.conf of that machine: `[outputs]` with \
                 `webui_allowed_hosts=localhost,127.0.0.1,{}`, then restart Glances",
                host(url)
            ),
        ),
        FetchError::NoApi => (Layer::Api, no_api(url)),
        FetchError::Status { status } => (Layer::Http, status_fix(*status)),
        FetchError::TooLarge { .. } => (
            Layer::Http,
            "something else than Glances answers at this address; check `url`".to_owned(),
        ),
        FetchError::Timeout { .. } => (
            Layer::Http,
            "the port is open but nothing answers in time: restart Glances there, or raise the \
             timeout if the machine is busy"
                .to_owned(),
        ),
        FetchError::Dns { host } => (Layer::Http, unresolved(host)),
        FetchError::Refused => (Layer::Http, refused(url)),
        FetchError::Connection { .. }
        | FetchError::Malformed { .. }
        | FetchError::NotAvailable { .. } => (
            Layer::Http,
            format!(
                "what listens on port {} does not speak HTTP like Glances: check the port, and \
                 that Glances was started with `-w` (not `-s`)",
                port(url)
            ),
        ),
    }
}

fn tls(reason: &str, url: &Url) -> String {
    if url.scheme() == "http" {
        return format!(
            "the port speaks TLS: `url: https://{}:{}{}`",
            host(url),
            port(url),
            prefix(url)
        );
    }
    // rustls' words for bytes that are no TLS record.
    if reason.contains("corrupt message") || reason.contains("InvalidContentType") {
        return format!(
            "the port speaks plain HTTP: `url: http://{}:{}{}`, or set `ssl_certfile` and \
             `ssl_keyfile` under `[outputs]` in glances.conf (4.5 on)",
            host(url),
            port(url),
            prefix(url)
        );
    }
    if reason.contains("not valid for name") || reason.contains("NotValidForName") {
        return format!(
            "use the name that the certificate is made for in `url`, or issue one for `{}`",
            host(url)
        );
    }
    if reason.contains("Expired") || reason.contains("expired") {
        return "renew the server's certificate, and check the clock of both machines".to_owned();
    }
    "set the CA that signed the server's certificate; for a test only, turn the check of the \
     certificate off"
        .to_owned()
}

fn no_api(url: &Url) -> String {
    match prefix(url) {
        "" => {
            "nothing there is Glances 3, 4 or 5: check the port, start Glances with `-w`, and if \
               glances.conf has `url_prefix`, add that path to `url`"
                .to_owned()
        }
        prefix => format!(
            "nothing under `{prefix}` is Glances 3, 4 or 5: `url_prefix` in glances.conf and the \
             path in `url` must be the same"
        ),
    }
}

fn status_fix(status: u16) -> String {
    match status {
        500 => "Glances fails inside: read its log (`glances -V` names the file); 4.0.1 needs \
                `pip install orjson`"
            .to_owned(),
        502..=504 => "the reverse proxy does not reach Glances: start Glances behind it".to_owned(),
        _ => "something else than Glances answers at this address; check `url`".to_owned(),
    }
}

/// Whether TLS is spoken on the port of a plain URL.
pub(super) async fn speaks_tls(options: &ClientOptions, deadline: Duration) -> bool {
    let encrypted = ClientOptions {
        base_url: options.base_url.replacen("http://", "https://", 1),
        // Nothing secret goes to a certificate that nobody checked.
        auth: crate::Auth::None,
        headers: Vec::new(),
        verify_tls: false,
        ..options.clone()
    };
    let Ok(client) = Client::new(encrypted) else { return false };
    match client.connect(deadline).await {
        Ok(_) => true,
        Err(error) => matches!(
            error,
            FetchError::Auth { .. }
                | FetchError::HostRejected { .. }
                | FetchError::NoApi
                | FetchError::Status { .. }
        ),
    }
}

pub(super) fn api(info: &ServerInfo) -> Finding {
    let release = info.version.as_deref().and_then(wire::release);
    let detail = match &info.version {
        Some(version) => format!("API {}, Glances {version}", info.api),
        None => format!("API {}", info.api),
    };
    let hint = match (info.api, release) {
        (ApiVersion::V3, _) => Some(
            "works, with less detail (no disk counters, no process groups, every request \
             refreshes everything): `pip install --upgrade glances`",
        ),
        (ApiVersion::V4, _) if info.burst => Some(
            "works, but before 4.4 every request refreshes all plugins: `pip install --upgrade \
             glances`",
        ),
        (ApiVersion::V4, Some(release)) if release < RECENT => Some(
            "works; 4.5.7 closed leaks of credentials by its API: `pip install --upgrade glances`",
        ),
        (ApiVersion::V4, _) => None,
        (ApiVersion::V5, _) => Some("a preview: fewer plugins, and rates as the server makes them"),
    };
    match hint {
        Some(hint) => (Outcome::Warned, detail, Some(hint.to_owned())),
        None => (Outcome::Passed, detail, None),
    }
}

pub(super) fn plugins(info: &ServerInfo) -> Finding {
    let missing: Vec<Plugin> =
        CORE_PLUGINS.into_iter().filter(|plugin| !info.plugins.contains(plugin)).collect();
    let detail = format!("{} plugins on", info.plugins.len());
    if missing.is_empty() {
        return (Outcome::Passed, detail, None);
    }
    let names: Vec<&str> = missing.iter().map(|plugin| plugin.name()).collect();
    let detail = format!("{detail}; off: {}", names.join(", "));
    // API 5 does not have them all yet, so there is nothing to turn on.
    if info.api == ApiVersion::V5 {
        return (Outcome::Warned, detail, None);
    }
    let lines: Vec<String> = names.iter().map(|name| format!("[{name}]\ndisable=False")).collect();
    let fix = format!("in glances.conf of that machine, then restart:\n{}", lines.join("\n"));
    (Outcome::Warned, detail, Some(fix))
}

fn host(url: &Url) -> &str {
    url.host_str().unwrap_or_default()
}

fn port(url: &Url) -> u16 {
    url.port_or_known_default().unwrap_or_default()
}

/// The path, without a slash at its end.
fn prefix(url: &Url) -> &str {
    url.path().trim_end_matches('/')
}
