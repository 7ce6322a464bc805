//! Why a server cannot be read, layer by layer, with the fix for each.
//!
//! Reads only; the one server that it speaks to is the configured one. Text for an operator:
//! programs should look at [`FetchError`] instead.

mod advice;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use crate::client::{Url, base_url, root_cause};
use crate::{Client, ClientOptions, FetchError, ServerInfo};

/// Share of the deadline that the name and the port may use; the rest is for HTTP.
const CONNECT_SHARE: u32 = 3;

/// Time to find out whether a port that speaks no HTTP speaks TLS; other services may say nothing.
const TLS_PROBE_MAX: Duration = Duration::from_secs(1);

/// A layer between us and the statistics, in the order in which they are tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Layer {
    /// The configuration itself.
    Url,
    /// Name → addresses.
    Dns,
    /// Something listens.
    Tcp,
    /// Handshake and certificate.
    Tls,
    /// It answers in HTTP.
    Http,
    /// It accepts our credentials.
    Auth,
    /// It accepts the host name that we use.
    HostCheck,
    /// It is a Glances that we understand.
    Api,
    /// The plugins that matter are on.
    Plugins,
}

impl Layer {
    /// All layers, first to last.
    pub const ALL: [Self; 9] = [
        Self::Url,
        Self::Dns,
        Self::Tcp,
        Self::Tls,
        Self::Http,
        Self::Auth,
        Self::HostCheck,
        Self::Api,
        Self::Plugins,
    ];

    /// A stable word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Url => "url",
            Self::Dns => "dns",
            Self::Tcp => "tcp",
            Self::Tls => "tls",
            Self::Http => "http",
            Self::Auth => "auth",
            Self::HostCheck => "host_check",
            Self::Api => "api",
            Self::Plugins => "plugins",
        }
    }
}

/// How a layer fared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// As it should be.
    Passed,
    /// Works, but costs something.
    Warned,
    /// Ends here.
    Failed,
    /// Not reached, or nothing to check.
    Skipped,
}

/// One layer's finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Which layer.
    pub layer: Layer,
    /// How it fared.
    pub outcome: Outcome,
    /// What was seen.
    pub detail: String,
    /// What to do about it.
    pub fix: Option<String>,
    /// Milliseconds spent on it; an exchange that tells about several layers counts for the
    /// first of them.
    pub took_ms: u64,
}

/// All layers' findings, in order; one step for each of [`Layer::ALL`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnosis {
    /// The findings.
    pub steps: Vec<Step>,
    /// The server, when it was reached.
    pub info: Option<ServerInfo>,
}

impl Diagnosis {
    /// What to do about the layer that failed; `None` when none did.
    #[must_use]
    pub fn fix(&self) -> Option<&str> {
        let failed = self.steps.iter().find(|step| step.outcome == Outcome::Failed);
        failed.and_then(|step| step.fix.as_deref())
    }
}

/// Tries every layer between us and the server of `options`, within the deadline as a whole.
pub async fn diagnose(options: &ClientOptions, deadline: Duration) -> Diagnosis {
    let started = Instant::now();
    let mut report = Report { steps: Vec::new(), since: started };
    let info = try_layers(options, deadline, started, &mut report).await;
    for layer in Layer::ALL.into_iter().skip(report.steps.len()) {
        report.note(layer, Outcome::Skipped, "not reached".to_owned(), None);
    }
    Diagnosis { steps: report.steps, info }
}

/// The steps so far and when the last one ended.
struct Report {
    steps: Vec<Step>,
    since: Instant,
}

impl Report {
    fn note(&mut self, layer: Layer, outcome: Outcome, detail: String, fix: Option<String>) {
        let now = Instant::now();
        let took = now.duration_since(std::mem::replace(&mut self.since, now));
        let took_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        self.steps.push(Step { layer, outcome, detail, fix, took_ms });
    }

    fn passed(&mut self, layer: Layer, detail: impl Into<String>) {
        self.note(layer, Outcome::Passed, detail.into(), None);
    }

    fn skipped(&mut self, layer: Layer, detail: &str) {
        self.note(layer, Outcome::Skipped, detail.to_owned(), None);
    }

    fn failed(&mut self, layer: Layer, detail: String, fix: String) {
        self.note(layer, Outcome::Failed, detail, Some(fix));
    }
}

/// Stops at the first layer that fails; `None` then.
async fn try_layers(
    options: &ClientOptions,
    deadline: Duration,
    started: Instant,
    report: &mut Report,
) -> Option<ServerInfo> {
    let (client, url) = try_url(options, report)?;
    let addresses = try_dns(&url, deadline / CONNECT_SHARE, report).await?;
    try_tcp(&url, &addresses, deadline / CONNECT_SHARE, report).await?;
    let left = deadline.saturating_sub(started.elapsed());
    match client.connect(left).await {
        Ok(info) => {
            passed_up_to(Layer::Api, &url, report);
            let (outcome, detail, fix) = advice::api(&info);
            report.note(Layer::Api, outcome, detail, fix);
            let (outcome, detail, fix) = advice::plugins(&info);
            report.note(Layer::Plugins, outcome, detail, fix);
            Some(info)
        }
        Err(error) => {
            let spoke_tls = match error {
                FetchError::Connection { .. } | FetchError::Malformed { .. } => {
                    let left = deadline.saturating_sub(started.elapsed()).min(TLS_PROBE_MAX);
                    url.scheme() == "http" && advice::speaks_tls(options, left).await
                }
                _ => false,
            };
            let (layer, fix) = advice::failure(&error, &url, spoke_tls);
            passed_up_to(layer, &url, report);
            report.failed(layer, error.to_string(), fix);
            None
        }
    }
}

fn try_url(options: &ClientOptions, report: &mut Report) -> Option<(Client, Url)> {
    let built = base_url(&options.base_url)
        .and_then(|url| Client::new(options.clone()).map(|client| (client, url)));
    match built {
        Ok((client, url)) => {
            let (outcome, detail, fix) = advice::url(&url);
            report.note(Layer::Url, outcome, detail, fix);
            Some((client, url))
        }
        Err(error) => {
            report.failed(Layer::Url, error.to_string(), advice::unusable(&error));
            None
        }
    }
}

async fn try_dns(url: &Url, deadline: Duration, report: &mut Report) -> Option<Vec<SocketAddr>> {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    let port = url.port_or_known_default().unwrap_or_default();
    if let Ok(address) = host.parse() {
        report.skipped(Layer::Dns, "the URL has an address");
        return Some(vec![SocketAddr::new(address, port)]);
    }
    let detail = match tokio::time::timeout(deadline, tokio::net::lookup_host((host, port))).await {
        Ok(Ok(found)) => {
            let addresses: Vec<SocketAddr> = found.collect();
            let list: Vec<String> = addresses.iter().map(|it| it.ip().to_string()).collect();
            report.passed(Layer::Dns, format!("`{host}` is {}", list.join(", ")));
            return Some(addresses);
        }
        Ok(Err(error)) => format!("`{host}` does not resolve: {}", root_cause(&error)),
        Err(_) => format!("the resolver did not answer for `{host}`"),
    };
    report.failed(Layer::Dns, detail, advice::unresolved(host));
    None
}

/// Any one address suffices.
async fn try_tcp(
    url: &Url,
    addresses: &[SocketAddr],
    deadline: Duration,
    report: &mut Report,
) -> Option<()> {
    let attempt = tokio::net::TcpStream::connect(addresses);
    let (detail, refused) = match tokio::time::timeout(deadline, attempt).await {
        Ok(Ok(stream)) => {
            let peer = stream.peer_addr().map(|peer| peer.to_string()).unwrap_or_default();
            report.passed(Layer::Tcp, format!("{peer} accepts connections"));
            return Some(());
        }
        Ok(Err(error)) => {
            let refused = error.kind() == std::io::ErrorKind::ConnectionRefused;
            (root_cause(&error), refused)
        }
        Err(_) => (format!("no answer within {} ms", deadline.as_millis()), false),
    };
    let fix = if refused { advice::refused(url) } else { advice::unreachable(url) };
    report.failed(Layer::Tcp, detail, fix);
    None
}

/// One exchange tells about several layers: those before the one that spoke have passed.
fn passed_up_to(layer: Layer, url: &Url, report: &mut Report) {
    for passed in [Layer::Tls, Layer::Http, Layer::Auth, Layer::HostCheck] {
        if passed >= layer {
            break;
        }
        match passed {
            Layer::Tls if url.scheme() == "http" => report.skipped(passed, "plain HTTP"),
            Layer::Tls => report.passed(passed, "handshake done"),
            Layer::Http => report.passed(passed, "answers"),
            Layer::Auth => report.passed(passed, "not refused"),
            _ => report.passed(passed, "the host name is accepted"),
        }
    }
}

#[cfg(test)]
mod tests;
