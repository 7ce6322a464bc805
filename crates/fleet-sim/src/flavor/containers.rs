//! The body of `containers` in its three spellings: 3.4, 4.0 to 4.3, and 4.5.

use crate::calendar::iso;
use crate::flavor::Flavor;
use crate::json::{Json, Null};
use crate::model::{ContainerNow, ContainerState, Model};

pub(super) fn write(model: &Model<'_>, w: &mut Json) {
    match model.host.spec.flavor {
        Flavor::V3_4_0_5 => w.object(|w| {
            w.key("version").object(|_| ());
            w.key("version_podman").object(|_| ());
            w.key("containers").records(model.containers(), |w, now| old(model, &now, w));
        }),
        // Without an engine library these versions answer an object.
        Flavor::V4_0_8 | Flavor::V4_3_3 if !model.host.has_engine() => w.object(|_| ()),
        flavor => w.records(model.containers(), |w, now| record(model, flavor, &now, w)),
    }
}

/// The word for a state; the verdict of a health check shows since 4.5 only.
fn status(state: ContainerState, shows_health: bool) -> &'static str {
    match state {
        ContainerState::Running => "running",
        ContainerState::Healthy if shows_health => "healthy",
        ContainerState::Unhealthy if shows_health => "unhealthy",
        ContainerState::Starting if shows_health => "starting",
        ContainerState::Healthy | ContainerState::Unhealthy | ContainerState::Starting => "running",
        ContainerState::Paused => "paused",
        ContainerState::Exited => "exited",
        ContainerState::Restarting => "restarting",
    }
}

/// A span in the words of a container's uptime.
#[must_use]
pub fn humanised(secs: f64) -> String {
    let (minutes, hours, days) = (secs / 60.0, secs / 3_600.0, secs / 86_400.0);
    match () {
        () if secs < 60.0 => format!("{} secs", secs as u64),
        () if minutes < 2.0 => "a min".to_owned(),
        () if minutes < 60.0 => format!("{} mins", minutes as u64),
        () if hours < 2.0 => "an hour".to_owned(),
        () if hours < 24.0 => format!("{} hours", hours as u64),
        () if days < 2.0 => "yesterday".to_owned(),
        () if days < 7.0 => format!("{} days", days as u64),
        () if days < 14.0 => "a week".to_owned(),
        () => format!("{} weeks", (days / 7.0) as u64),
    }
}

fn network(model: &Model<'_>, now: &ContainerNow<'_>, w: &mut Json) {
    w.key("network").object(|w| {
        w.field("cumulative_rx", now.rx.now);
        w.field("cumulative_tx", now.tx.now);
        if now.rx.prev.is_some() {
            w.field("time_since_update", model.moment.since().round() as u64);
            w.field("rx", now.rx.delta());
            w.field("tx", now.tx.delta());
        }
    });
}

/// Growth since the sample before, per second unless the version says it per sample.
fn traffic(model: &Model<'_>, counter: crate::model::Counter, per_second: bool) -> Option<u64> {
    counter.prev?;
    let delta = counter.delta();
    Some(if per_second { (delta as f64 / model.moment.since().max(1.0)) as u64 } else { delta })
}

fn limit(model: &Model<'_>, now: &ContainerNow<'_>) -> u64 {
    match now.container.kind.mem_limit {
        0 => model.host.mem_total,
        limit => limit,
    }
}

fn created(now: &ContainerNow<'_>) -> String {
    format!("{}.{:09}Z", iso(now.created), now.container.seed % 1_000_000_000)
}

fn empty(w: &mut Json, names: &[&str]) {
    for name in names {
        w.key(name).object(|_| ());
    }
}

fn nulls(w: &mut Json, names: &[&str]) {
    for name in names {
        w.field(name, Null);
    }
}

/// A record of API 4.
fn record(model: &Model<'_>, flavor: Flavor, now: &ContainerNow<'_>, w: &mut Json) {
    let newest = flavor == Flavor::V4_5_8;
    let measured = now.state.is_measured(newest);
    let kind = now.container.kind;
    w.field("key", "name");
    w.field("name", kind.name);
    w.field("id", now.id().as_str());
    w.field("status", status(now.state, newest));
    w.field("created", created(now).as_str());
    if measured {
        w.field("command", kind.command.join(" ").as_str());
    } else {
        w.field("command", kind.command);
    }
    w.key("io").object(|_| ());
    if measured {
        measures(model, now, newest, w);
    } else {
        empty(w, &["cpu", "memory", "network"]);
        nulls(w, &["io_rx", "io_wx", "cpu_percent", "memory_percent", "network_rx", "network_tx"]);
    }
    if newest {
        w.field("ports", kind.ports);
    }
    w.field("uptime", measured.then(|| humanised(now.uptime_secs)).as_deref());
    w.field("image", [kind.image].as_slice());
    w.field("engine", "docker");
}

fn measures(model: &Model<'_>, now: &ContainerNow<'_>, newest: bool, w: &mut Json) {
    let cores = f64::from(model.host.cores);
    let limit = limit(model, now);
    w.key("cpu").object(|w| {
        w.field("total", now.cpu_percent);
        if newest {
            w.field("limit", cores);
        }
    });
    w.key("memory").object(|w| {
        w.field("usage", now.memory);
        w.field("limit", limit);
        w.field("inactive_file", now.memory / 16);
    });
    network(model, now, w);
    nulls(w, &["io_rx", "io_wx"]);
    w.field("cpu_percent", now.cpu_percent);
    w.field("memory_percent", Null);
    w.field("network_rx", traffic(model, now.rx, true));
    w.field("network_tx", traffic(model, now.tx, true));
    if newest {
        w.field("cpu_limit", cores);
    }
    w.field("memory_usage", now.memory);
    w.field("memory_inactive_file", now.memory / 16);
    w.field("memory_limit", limit);
}

/// A record of API 3.
fn old(model: &Model<'_>, now: &ContainerNow<'_>, w: &mut Json) {
    let measured = now.state.is_measured(false);
    let kind = now.container.kind;
    w.field("key", "name");
    w.field("name", kind.name);
    w.field("Id", now.id().as_str());
    w.field("Status", status(now.state, false));
    w.field("Created", created(now).as_str());
    w.field("Command", kind.command);
    w.field("Image", [kind.image].as_slice());
    w.key("io").object(|_| ());
    nulls(w, &["io_r", "io_w"]);
    if measured {
        let cache = now.memory / 16;
        w.key("cpu").object(|w| w.field("total", now.cpu_percent));
        w.key("memory").object(|w| {
            w.field("usage", now.memory + cache);
            w.field("limit", limit(model, now));
            w.field("rss", now.memory / 2);
            w.field("max_usage", Null);
            w.field("cache", cache);
        });
        network(model, now, w);
        w.field("cpu_percent", now.cpu_percent);
        w.field("memory_usage", now.memory);
        w.field("network_rx", traffic(model, now.rx, false));
        w.field("network_tx", traffic(model, now.tx, false));
    } else {
        empty(w, &["cpu", "memory", "network"]);
        nulls(w, &["cpu_percent", "memory_percent", "network_rx", "network_tx"]);
    }
    w.field("Uptime", measured.then(|| humanised(now.uptime_secs)).as_deref());
    w.field("engine", "docker");
}
