//! How each Glances server is guarded: named controls, what each found, and the line that mends it.
//! Pure: judges what was seen, asks nobody, and says so where nothing could be seen.

pub mod advisories;
mod checks;

use glances_client::{ApiVersion, exposure::Exposure};
use serde::Deserialize;

use self::advisories::Release;
use crate::snapshot::Snapshot;

/// How bad it is when a control fails. Ordered worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Risk {
    /// Secrets are in the open.
    Critical,
    /// The server can be read or attacked by whoever reaches it.
    High,
    /// It takes a detour.
    Medium,
    /// Worth a look.
    Low,
}

impl Risk {
    /// The word in replies.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::High => "high",
            Self::Medium => "medium",
            Self::Low => "low",
        }
    }
}

/// What a control found of one server. The texts may hold names from the monitored machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// As it should be.
    Pass,
    /// Not as it should be, and what was seen.
    Fail(String),
    /// Cannot be seen, and why.
    Unseen(String),
}

/// One thing that is to be so.
pub struct Control {
    /// Its name.
    pub id: &'static str,
    /// How bad it is when it fails.
    pub risk: Risk,
    /// What is true where it passes.
    pub holds: &'static str,
    /// What mends it; `{host}` stands for the host name in the server's address.
    fix: &'static str,
    check: fn(&Case<'_>) -> Verdict,
}

/// What was seen of one server.
pub struct Case<'a> {
    /// By polling.
    pub snapshot: &'a Snapshot,
    /// As an outsider; or why not.
    pub exposure: Result<&'a Exposure, &'a str>,
}

impl Control {
    /// What it finds.
    #[must_use]
    pub fn check(&self, case: &Case<'_>) -> Verdict {
        (self.check)(case)
    }

    /// What mends it, for any server.
    #[must_use]
    pub fn fix(&self) -> String {
        self.fix.replace("{host}", "<its host name>")
    }

    /// What mends it on this server, where that is another line than elsewhere.
    #[must_use]
    pub fn own_fix(&self, case: &Case<'_>) -> Option<String> {
        let host = case.host()?;
        // Loopback is allowed anyway.
        let name = if self.fix.contains(&host) { String::new() } else { format!(",{host}") };
        self.fix.contains("{host}").then(|| self.fix.replace(",{host}", &name))
    }
}

impl Case<'_> {
    /// The release that it tells.
    #[must_use]
    pub fn release(&self) -> Release {
        let Some(info) = self.snapshot.info.as_deref() else { return Release::Unknown };
        match (info.version.as_deref().map(advisories::parse_version), info.api) {
            // The preview still counts on from 4.5, whose code it does not have.
            (_, ApiVersion::V5) => Release::Preview,
            (Some(Some(version)), _) => Release::Exact(version),
            (None, ApiVersion::V3) => Release::SomeThree,
            _ => Release::Unknown,
        }
    }

    /// Host name of its address, without brackets.
    fn host(&self) -> Option<String> {
        let url: http::Uri = self.snapshot.host.url.parse().ok()?;
        Some(url.host()?.trim_matches(['[', ']']).to_owned())
    }
}

/// All controls, worst first. Adding one is a row here.
pub const CONTROLS: &[Control] = &[
    Control {
        id: "secrets",
        risk: Risk::Critical,
        holds: "/config and /args show no secret without a password",
        fix: "`pip install --upgrade glances` (4.5.6 on masks secrets), start it with `--password`, \
              and change the secrets that were shown",
        check: checks::secrets,
    },
    Control {
        id: "authentication",
        risk: Risk::High,
        holds: "the API asks for a password",
        fix: "start it as `glances -w --password`, then set `password` of the server here",
        check: checks::authentication,
    },
    Control {
        id: "vulnerabilities",
        risk: Risk::High,
        holds: "its release has no published vulnerability",
        fix: "`pip install --upgrade glances`, or a newer image, and restart it",
        check: checks::vulnerabilities,
    },
    Control {
        id: "encryption",
        risk: Risk::High,
        holds: "HTTPS, unless on loopback",
        fix: "`[outputs]` `ssl_certfile=CERT.pem` `ssl_keyfile=KEY.pem` (4.5 on, else a TLS proxy), \
              then `protocol = \"https\"` here",
        check: checks::encryption,
    },
    Control {
        id: "cors",
        risk: Risk::Medium,
        holds: "no website may read it",
        fix: "`[outputs]` `cors_origins=` with nothing behind it (4.0.8 on)",
        check: checks::cors,
    },
    Control {
        id: "host_check",
        risk: Risk::Medium,
        holds: "alien host names are refused (DNS rebinding)",
        fix: "`[outputs]` `webui_allowed_hosts=localhost,127.0.0.1,{host}` (4.5.2 on)",
        check: checks::host_check,
    },
    Control {
        id: "command_lines",
        risk: Risk::Medium,
        holds: "no process has a secret in its command line",
        fix: "hand it over by a file or the environment; whoever may read the API sees the rest",
        check: checks::command_lines,
    },
    Control {
        id: "container_health",
        risk: Risk::Medium,
        holds: "no container is unhealthy, restarting or dead",
        fix: "`docker logs NAME` on that machine; get_container_details has its course",
        check: checks::container_health,
    },
    Control {
        id: "container_images",
        risk: Risk::Low,
        holds: "no container runs `latest`",
        fix: "name a version or a digest of the image",
        check: checks::container_images,
    },
    Control {
        id: "container_ports",
        risk: Risk::Low,
        holds: "no container publishes a port",
        fix: "publish what only that machine needs on loopback: `-p 127.0.0.1:8080:80`",
        check: checks::container_ports,
    },
];

#[cfg(test)]
mod tests;
