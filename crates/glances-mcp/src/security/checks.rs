//! What each control looks at.

use std::net::IpAddr;

use glances_client::{
    Plugin,
    exposure::{Cors, Exposure},
    model::{Container, ContainerState, Health},
};

use super::{
    Case, Verdict,
    advisories::{Known, PUBLISHED, Release, When, parse_version},
};
use crate::redact::{REDACTED, clip};

/// Names of items in one finding.
const NAMES_MAX: usize = 4;

/// Longest such name, in characters.
const NAME_CHARS: usize = 40;

/// Before, Glances serves states of containers and not what their health checks say.
const HEALTH_SINCE: &str = "4.5.0";

const NOT_TOLD: &str = "its answers do not tell";

fn seen(case: &Case<'_>, judge: impl FnOnce(&Exposure) -> Option<Verdict>) -> Verdict {
    match case.exposure {
        Ok(exposure) => judge(exposure).unwrap_or_else(|| Verdict::Unseen(NOT_TOLD.to_owned())),
        Err(reason) => Verdict::Unseen(reason.to_owned()),
    }
}

fn unless(failing: bool, finding: impl Into<String>) -> Verdict {
    if failing { Verdict::Fail(finding.into()) } else { Verdict::Pass }
}

pub(super) fn secrets(case: &Case<'_>) -> Verdict {
    seen(case, |exposure| match (exposure.secrets_in_config, exposure.secrets_in_args) {
        (Some(true), Some(true)) => Some(Verdict::Fail("in /config and /args".to_owned())),
        (Some(true), _) => Some(Verdict::Fail("in /config".to_owned())),
        (_, Some(true)) => Some(Verdict::Fail("in /args".to_owned())),
        (Some(false), Some(false)) => Some(Verdict::Pass),
        (None, _) | (_, None) => None,
    })
}

pub(super) fn authentication(case: &Case<'_>) -> Verdict {
    seen(case, |exposure| Some(unless(exposure.open?, "the API answers everybody")))
}

pub(super) fn vulnerabilities(case: &Case<'_>) -> Verdict {
    match PUBLISHED.of(&case.release()) {
        Known::Clean => Verdict::Pass,
        Known::Unknown(why) => Verdict::Unseen(why),
        Known::Affected(hits) => {
            let open = hits.iter().filter(|hit| hit.when == When::Api).count();
            let version = case.snapshot.glances_version().unwrap_or_default();
            let count = hits.len();
            Verdict::Fail(format!(
                "{version} has {count} vulnerabilities, {open} of them by its API"
            ))
        }
    }
}

pub(super) fn encryption(case: &Case<'_>) -> Verdict {
    let Some(host) = case.host() else {
        return Verdict::Unseen("its address cannot be read".to_owned());
    };
    if case.snapshot.host.url.starts_with("https://") || is_loopback(&host) {
        return Verdict::Pass;
    }
    let guarded = case.exposure.is_ok_and(|exposure| exposure.open == Some(false));
    let password = if guarded { ", with its password" } else { "" };
    Verdict::Fail(format!("plain HTTP to {}{password}", clip(&host, NAME_CHARS)))
}

fn is_loopback(host: &str) -> bool {
    let address = host.parse::<IpAddr>();
    address.map_or_else(
        |_| host == "localhost" || host.ends_with(".localhost"),
        |address| address.is_loopback(),
    )
}

pub(super) fn cors(case: &Case<'_>) -> Verdict {
    seen(case, |exposure| {
        Some(match exposure.cors? {
            Cors::Closed => Verdict::Pass,
            Cors::AnyOrigin => Verdict::Fail("any website may read it".to_owned()),
            Cors::AnyOriginWithCredentials => {
                Verdict::Fail("any website may read it, in the name of its user too".to_owned())
            }
        })
    })
}

pub(super) fn host_check(case: &Case<'_>) -> Verdict {
    seen(case, |exposure| Some(unless(!exposure.host_checked?, "it answers to any host name")))
}

pub(super) fn command_lines(case: &Case<'_>) -> Verdict {
    let Some(processes) = case.snapshot.processes() else {
        return Verdict::Unseen("no process list".to_owned());
    };
    // Whatever enters the snapshot has its secrets taken out.
    let shows = |command: &str| command.contains(REDACTED);
    let names: Vec<&str> = processes
        .iter()
        .filter(|process| process.command.as_deref().is_some_and(shows))
        .map(|process| process.name.as_str())
        .collect();
    unless(!names.is_empty(), format!("{}: {}", names.len(), some(&names)))
}

/// The containers that fail; where none does, why that is not sure.
fn containers(
    case: &Case<'_>,
    fails: impl Fn(&Container) -> bool,
    unseen: impl Fn(&Container) -> Option<&'static str>,
) -> Verdict {
    let Some(containers) = case.snapshot.containers() else {
        let served = case.snapshot.serves(Plugin::Containers) == Some(true);
        let why = if served { "containers not read yet" } else { "containers are not served" };
        return Verdict::Unseen(why.to_owned());
    };
    if containers.is_empty() {
        // Glances without access to an engine serves the same.
        return Verdict::Unseen("no containers are served".to_owned());
    }
    let names: Vec<&str> =
        containers.iter().filter(|it| fails(it)).map(|it| it.name.as_str()).collect();
    if !names.is_empty() {
        return Verdict::Fail(format!("{}: {}", names.len(), some(&names)));
    }
    let why = containers.iter().find_map(unseen);
    why.map_or(Verdict::Pass, |why| Verdict::Unseen(why.to_owned()))
}

pub(super) fn container_health(case: &Case<'_>) -> Verdict {
    let fails = |it: &Container| {
        it.health == Some(Health::Unhealthy)
            || matches!(it.state, ContainerState::Restarting | ContainerState::Dead)
    };
    let told = match case.release() {
        Release::Exact(version) => Some(version) >= parse_version(HEALTH_SINCE),
        Release::SomeThree => false,
        Release::Preview | Release::Unknown => true,
    };
    containers(case, fails, |_| (!told).then_some("their health is served by 4.5 on"))
}

pub(super) fn container_images(case: &Case<'_>) -> Verdict {
    // LXD gives a description in place of a name.
    containers(case, |it| it.engine != "lxd" && is_latest(&it.image), |_| None)
}

/// No version in any of its names, and no digest.
fn is_latest(images: &str) -> bool {
    let mut names = images.split(',').map(str::trim).filter(|name| !name.is_empty()).peekable();
    let latest = |name: &str| {
        let last = name.rsplit('/').next().unwrap_or_default();
        let tag = last.split_once(':').map(|(_, tag)| tag);
        let id = last.len() >= 12 && last.bytes().all(|byte| byte.is_ascii_hexdigit());
        !name.contains('@') && !id && tag.is_none_or(|tag| tag == "latest")
    };
    names.peek().is_some() && names.all(latest)
}

pub(super) fn container_ports(case: &Case<'_>) -> Verdict {
    let published = |it: &Container| it.ports.iter().flatten().any(|port| port.contains("->"));
    let unseen = |it: &Container| it.ports.is_none().then_some("ports are served by 4.4 on");
    containers(case, published, unseen)
}

/// The first names, and how many more there are.
fn some(names: &[&str]) -> String {
    let mut words: Vec<String> =
        names.iter().take(NAMES_MAX).map(|name| clip(name, NAME_CHARS).into_owned()).collect();
    if names.len() > NAMES_MAX {
        words.push(format!("+{}", names.len() - NAMES_MAX));
    }
    words.join(", ")
}
