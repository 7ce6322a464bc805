//! What happened to a server between two polls: reboots, new versions, containers, programs, mounts
//! and disks that came or went. Pure.

use std::collections::{BTreeMap, BTreeSet};

use glances_client::{Plugin, model::Container};

use crate::{
    render,
    snapshot::{DOWN_AFTER, Snapshot},
    store::Event,
};

/// Words of what can happen.
pub mod kind {
    /// The machine started anew.
    pub const REBOOT: &str = "reboot";
    /// Another release of Glances, or another API.
    pub const GLANCES_CHANGED: &str = "glances_changed";
    /// The server stopped answering.
    pub const DOWN: &str = "down";
    /// The server answers again.
    pub const UP: &str = "up";
    /// A container is there that was not.
    pub const CONTAINER_CAME: &str = "container_came";
    /// A container is gone.
    pub const CONTAINER_WENT: &str = "container_went";
    /// A container of the same name started anew.
    pub const CONTAINER_RESTARTED: &str = "container_restarted";
    /// A container's own health check turned.
    pub const CONTAINER_HEALTH: &str = "container_health";
    /// A large program is there that was not.
    pub const PROGRAM_CAME: &str = "program_came";
    /// A large program is gone.
    pub const PROGRAM_WENT: &str = "program_went";
    /// A filesystem was mounted.
    pub const MOUNT_CAME: &str = "mount_came";
    /// A filesystem was unmounted.
    pub const MOUNT_WENT: &str = "mount_went";
    /// A disk appeared.
    pub const DISK_CAME: &str = "disk_came";
    /// A disk is gone.
    pub const DISK_WENT: &str = "disk_went";
    /// Another number of cores, or another size of memory.
    pub const HARDWARE_CHANGED: &str = "hardware_changed";
    /// We read a changed configuration.
    pub const CONFIGURATION: &str = "configuration_reloaded";
    /// We were not running, or not polling.
    pub const NOT_WATCHING: &str = "not_watching";
}

/// Events of one server and poll; a host that changes everything at once is one of the last.
const EVENTS_MAX: usize = 50;
/// Programs below this come and go all the time.
const LARGE_BYTES: u64 = 64 * 1024 * 1024;
/// Uptimes are rounded to seconds and read a moment apart.
const UPTIME_SLACK_SECS: f64 = 5.0;
/// A virtual machine's memory moves by some pages without meaning.
const MEMORY_SLACK: f64 = 0.01;

/// What happened from the poll `before` to the poll `after`, at most [`EVENTS_MAX`].
#[must_use]
pub fn between(before: &Snapshot, after: &Snapshot) -> Vec<Event> {
    let Some(secs) = after.reach.last_attempt.map(jiff::Timestamp::as_second) else {
        return Vec::new();
    };
    let mut found = Found { before, after, secs, events: Vec::new() };
    found.reach();
    found.machine();
    found.containers();
    found.programs();
    found.named(Plugin::Fs, [kind::MOUNT_CAME, kind::MOUNT_WENT], mounts);
    found.named(Plugin::DiskIo, [kind::DISK_CAME, kind::DISK_WENT], disks);
    found.events.truncate(EVENTS_MAX);
    found.events
}

struct Found<'a> {
    before: &'a Snapshot,
    after: &'a Snapshot,
    secs: i64,
    events: Vec<Event>,
}

impl Found<'_> {
    fn add(&mut self, kind: &str, item: &str, detail: String) {
        self.events.push(Event {
            host: Some(self.after.host.alias.clone()),
            secs: self.secs,
            kind: kind.to_owned(),
            item: item.to_owned(),
            detail,
        });
    }

    /// Whether a plugin was read in both, and again in the later one.
    fn reread(&self, plugin: Plugin) -> bool {
        let at = |of: &Snapshot| of.readings.get(&plugin).and_then(|reading| reading.at);
        at(self.before).is_some() && at(self.after).is_some() && at(self.before) != at(self.after)
    }

    fn reach(&mut self) {
        let down = |of: &Snapshot| of.reach.failures_in_row >= DOWN_AFTER;
        match (down(self.before), down(self.after)) {
            (false, true) if self.after.reach.last_success.is_some() => {
                let reason = self.after.reach.error.as_ref().map(ToString::to_string);
                self.add(kind::DOWN, "", reason.unwrap_or_default());
            }
            (true, false) if self.before.reach.last_success.is_some() => {
                let failures = self.before.reach.failures_in_row;
                self.add(
                    kind::UP,
                    "",
                    format!("after {}", render::count(failures as usize, "failed poll")),
                );
            }
            _ => {}
        }
        let version = |of: &Snapshot| of.info.as_ref().map(|info| (info.api, info.version.clone()));
        let (old, new) = (version(self.before), version(self.after));
        if let (Some(old), Some(new)) = (old, new)
            && old != new
        {
            let word = |(api, version): (glances_client::ApiVersion, Option<String>)| {
                format!("{} (API {api})", version.unwrap_or_else(|| "unknown".to_owned()))
            };
            self.add(kind::GLANCES_CHANGED, "", format!("{} to {}", word(old), word(new)));
        }
    }

    fn machine(&mut self) {
        if self.reread(Plugin::Uptime)
            && let (Some(old), Some(new)) = (self.before.uptime_secs(), self.after.uptime_secs())
            && *new + UPTIME_SLACK_SECS < *old
        {
            self.add(kind::REBOOT, "", format!("it had been up for {}", render::duration(*old)));
        }
        let cores = (self.before.core_count(), self.after.core_count());
        if let (Some(old), Some(new)) = cores
            && old != new
        {
            self.add(kind::HARDWARE_CHANGED, "cores", format!("{old} to {new}"));
        }
        let total = |of: &Snapshot| of.mem().and_then(|mem| mem.total);
        #[expect(clippy::cast_precision_loss, reason = "bytes stay below 2^53")]
        if let (Some(old), Some(new)) = (total(self.before), total(self.after))
            && (old as f64 - new as f64).abs() > old as f64 * MEMORY_SLACK
        {
            let detail = format!("{} to {}", render::bytes(old as f64), render::bytes(new as f64));
            self.add(kind::HARDWARE_CHANGED, "memory", detail);
        }
    }

    fn containers(&mut self) {
        if !self.reread(Plugin::Containers) {
            return;
        }
        let by_name = |of: &'_ Snapshot| -> BTreeMap<String, Container> {
            let all = of.containers().into_iter().flatten();
            all.map(|container| (container.name.clone(), container.clone())).collect()
        };
        let (old, new) = (by_name(self.before), by_name(self.after));
        for (name, container) in &new {
            let image = || container.image.clone();
            match old.get(name) {
                None => self.add(kind::CONTAINER_CAME, name, image()),
                Some(was) if was.id != container.id => {
                    self.add(
                        kind::CONTAINER_RESTARTED,
                        name,
                        format!("made anew from {}", image()),
                    );
                }
                Some(was) if was.health != container.health => {
                    let word = |of: &Container| {
                        of.health.map_or("none".to_owned(), |health| {
                            format!("{health:?}").to_lowercase()
                        })
                    };
                    let detail = format!("{} to {}", word(was), word(container));
                    self.add(kind::CONTAINER_HEALTH, name, detail);
                }
                Some(_) => {}
            }
        }
        for name in old.keys().filter(|name| !new.contains_key(*name)) {
            self.add(kind::CONTAINER_WENT, name, String::new());
        }
    }

    fn programs(&mut self) {
        let list = match self.after.programs() {
            Some(_) => Plugin::ProgramList,
            None => Plugin::ProcessList,
        };
        if !self.reread(list) {
            return;
        }
        let memory = |of: &Snapshot| -> BTreeMap<String, u64> {
            let all = of.grouped().unwrap_or_default();
            all.iter().map(|it| (it.name.clone(), it.memory.rss.unwrap_or(0))).collect()
        };
        let (old, new) = (memory(self.before), memory(self.after));
        #[expect(clippy::cast_precision_loss, reason = "bytes stay below 2^53")]
        let size = |bytes: u64| render::bytes(bytes as f64);
        for (name, bytes) in
            new.iter().filter(|(name, bytes)| **bytes >= LARGE_BYTES && !old.contains_key(*name))
        {
            self.add(kind::PROGRAM_CAME, name, size(*bytes));
        }
        for (name, bytes) in
            old.iter().filter(|(name, bytes)| **bytes >= LARGE_BYTES && !new.contains_key(*name))
        {
            self.add(kind::PROGRAM_WENT, name, size(*bytes));
        }
    }

    /// Items that have a name and nothing else.
    fn named(
        &mut self,
        plugin: Plugin,
        [came, went]: [&str; 2],
        names: fn(&Snapshot) -> BTreeSet<String>,
    ) {
        if !self.reread(plugin) {
            return;
        }
        let (old, new) = (names(self.before), names(self.after));
        new.difference(&old).for_each(|name| self.add(came, name, String::new()));
        old.difference(&new).for_each(|name| self.add(went, name, String::new()));
    }
}

fn mounts(of: &Snapshot) -> BTreeSet<String> {
    of.filesystems().into_iter().flatten().map(|fs| fs.mount.clone()).collect()
}

fn disks(of: &Snapshot) -> BTreeSet<String> {
    of.disks().into_iter().flatten().map(|disk| disk.name.clone()).collect()
}
