//! What happened to a server between two polls: reboots, new versions, containers, programs, mounts
//! and disks that came or went. Pure.

use std::collections::{BTreeMap, BTreeSet};

use glances_client::{
    Plugin,
    model::{Container, Process},
};

use crate::{
    render,
    snapshot::{
        DOWN_AFTER, Snapshot,
        lives::{Life, Restart},
    },
    store::Event,
};

/// Words of what can happen.
pub mod kind {
    /// The machine started anew.
    pub const REBOOT: &str = "reboot";
    /// Glances started anew, on a machine that did not.
    pub const GLANCES_RESTARTED: &str = "glances_restarted";
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
    /// An operator wrote something down; the item is who.
    pub const NOTE: &str = "note";
    /// The configuration has another limit; the item is the rule.
    pub const THRESHOLD: &str = "threshold_changed";
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

/// What happened from the poll `before` to the poll `after`; bounded.
#[must_use]
pub fn between(before: &Snapshot, after: &Snapshot) -> Vec<Event> {
    let Some(secs) = after.reach.last_attempt.map(jiff::Timestamp::as_second) else {
        return Vec::new();
    };
    let mut found = Found { before, after, secs, events: Vec::new() };
    found.reach();
    found.machine();
    found.glances();
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

    /// Whether the machine started after a plugin was read in the earlier one.
    fn booted_since(&self, plugin: Plugin) -> bool {
        let at = |of: &Snapshot, plugin| of.readings.get(&plugin).and_then(|reading| reading.at);
        let read = at(self.before, plugin);
        let booted = at(self.after, Plugin::Uptime).zip(self.after.uptime_secs());
        booted.zip(read).is_some_and(|((at, secs), read)| {
            at.duration_since(read).as_secs_f64() + UPTIME_SLACK_SECS > *secs
        })
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

    /// Glances tells neither when it started nor under which process id it answers. Its own entry
    /// in the list of processes does, where one process alone serves its API.
    fn glances(&mut self) {
        let rebooted = self.events.iter().any(|event| event.kind == kind::REBOOT);
        if rebooted || !self.reread(Plugin::ProcessList) {
            return;
        }
        let (Some(old), Some(new)) = (serving(self.before), serving(self.after)) else { return };
        let runs = |of: &Snapshot, pid| {
            of.processes().into_iter().flatten().any(|process| process.pid == pid)
        };
        let spent = |of: &Process| of.cpu_user_secs;
        let replaced =
            old.pid != new.pid && !runs(self.after, old.pid) && !runs(self.before, new.pid);
        // In a container the process id is the same again, but CPU time only ever grows.
        let anew = old.pid == new.pid && spent(new).zip(spent(old)).is_some_and(|(a, b)| a < b);
        if replaced || anew {
            let detail = match (old.pid, new.pid) {
                (Some(old), Some(new)) if replaced => format!("process {old} to {new}"),
                _ => "the same process id began anew".to_owned(),
            };
            self.add(kind::GLANCES_RESTARTED, "", detail);
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
        let booted = self.booted_since(Plugin::Containers);
        for (name, container) in &new {
            let Some(was) = old.get(name) else {
                self.add(kind::CONTAINER_CAME, name, container.image.clone());
                continue;
            };
            if let Some(how) = Life::of(container).restarted_since(&Life::of(was)) {
                // Whatever runs on a machine starts when it does.
                if how == Restart::MadeAnew || !booted {
                    self.add(kind::CONTAINER_RESTARTED, name, restart(how, was, container));
                }
            } else if was.health != container.health {
                let word = |of: &Container| {
                    let health = of.health.map(|health| format!("{health:?}").to_lowercase());
                    health.unwrap_or_else(|| "none".to_owned())
                };
                let detail = format!("{} to {}", word(was), word(container));
                self.add(kind::CONTAINER_HEALTH, name, detail);
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

fn restart(how: Restart, was: &Container, now: &Container) -> String {
    match how {
        Restart::MadeAnew => format!("made anew from {}", now.image),
        Restart::Died => "it died, and its engine starts it again".to_owned(),
        Restart::Started => "it had ended".to_owned(),
        Restart::Younger => format!("it had run for {}", was.uptime.as_deref().unwrap_or("longer")),
        Restart::Unchecked => "its health check begins anew".to_owned(),
    }
}

/// The one process that serves Glances' API, if it is one: `glances -w`, or `python -m glances -w`.
fn serving(of: &Snapshot) -> Option<&Process> {
    let serves = |process: &&Process| {
        let command = process.command.as_deref().unwrap_or_default();
        let mut arguments = command.split(' ');
        let glances = |argument: &str| argument.rsplit('/').next() == Some("glances");
        process.pid.is_some()
            && (process.name == "glances" || arguments.clone().any(glances))
            && arguments.any(|argument| argument == "-w" || argument == "--webserver")
    };
    let mut found = of.processes()?.iter().filter(serves);
    found.next().filter(|_| found.next().is_none())
}

fn mounts(of: &Snapshot) -> BTreeSet<String> {
    of.filesystems().into_iter().flatten().map(|fs| fs.mount.clone()).collect()
}

fn disks(of: &Snapshot) -> BTreeSet<String> {
    of.disks().into_iter().flatten().map(|disk| disk.name.clone()).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use glances_client::{
        FetchError,
        model::{
            ContainerState, Cpu, Disk, Filesystem, Health, Mem, Meter, Payload, Process,
            ProcessMemory,
        },
    };
    use jiff::Timestamp;

    use super::*;
    use crate::{
        ingest::Recorded,
        model::HostName,
        snapshot::{Host, Reading},
    };

    fn host() -> Arc<Host> {
        Arc::new(Host::at(HostName::parse("web-1").unwrap(), "http://web-1:61208"))
    }

    /// The n-th poll, all of whose plugins are new.
    fn poll(n: i64, payloads: Vec<(Plugin, Payload)>) -> Snapshot {
        let at = Timestamp::from_second(1_000 + n * 60).unwrap();
        let mut snapshot = Snapshot::unseen(host());
        snapshot.settled = true;
        snapshot.reach.attempts = u64::try_from(n).unwrap() + 1;
        snapshot.reach.last_attempt = Some(at);
        snapshot.reach.last_success = Some(at);
        for (plugin, payload) in payloads {
            let reading =
                Reading { payload: Some(Arc::new(payload)), at: Some(at), tried: Some(at) };
            snapshot.readings.insert(plugin, reading);
        }
        snapshot
    }

    fn words(before: &Snapshot, after: &Snapshot) -> Vec<String> {
        let events = between(before, after);
        assert!(events.iter().all(|event| event.secs == 1_060));
        events.iter().map(|event| format!("{} {}", event.kind, event.item)).collect()
    }

    fn mount(name: &str) -> Filesystem {
        Filesystem { mount: name.to_owned(), ..Filesystem::default() }
    }

    fn program(name: &str, mib: u64) -> Process {
        let memory = ProcessMemory { rss: Some(mib << 20), ..ProcessMemory::default() };
        Process { name: name.to_owned(), memory, processes: 1, ..Process::default() }
    }

    #[test]
    fn nothing_happened_when_nothing_changed() {
        let payloads = || {
            vec![
                (Plugin::Uptime, Payload::Uptime(5_000.0)),
                (Plugin::Fs, Payload::Fs(vec![mount("/")])),
                (Plugin::ProgramList, Payload::ProgramList(vec![program("java", 900)])),
            ]
        };
        assert_eq!(words(&poll(0, payloads()), &poll(1, payloads())), Vec::<String>::new());
    }

    #[test]
    fn a_smaller_uptime_is_a_reboot() {
        let up = |n, secs| poll(n, vec![(Plugin::Uptime, Payload::Uptime(secs))]);
        assert_eq!(words(&up(0, 90_000.0), &up(1, 40.0)), ["reboot "]);
        assert_eq!(words(&up(0, 90_000.0), &up(1, 89_999.0)), Vec::<String>::new());
    }

    fn docker(n: i64, uptime: &str, health: Option<Health>, machine_secs: f64) -> Snapshot {
        let container = Container {
            name: "api".to_owned(),
            id: "a".to_owned(),
            engine: "docker".to_owned(),
            state: ContainerState::Running,
            health,
            image: "api:1".to_owned(),
            command: None,
            created: None,
            uptime: Some(uptime.to_owned()),
            cpu_percent: None,
            cpu_limit_cores: None,
            memory_used: None,
            memory_limit: None,
            network_recv: Meter::default(),
            network_sent: Meter::default(),
            io_read: Meter::default(),
            io_write: Meter::default(),
            ports: None,
            pod: None,
        };
        let containers = Payload::Containers(vec![container]);
        let payloads =
            vec![(Plugin::Uptime, Payload::Uptime(machine_secs)), (Plugin::Containers, containers)];
        poll(n, payloads)
    }

    #[test]
    fn a_container_that_keeps_its_id_and_is_younger_was_restarted() {
        let (before, after) =
            (docker(0, "5 mins", None, 9e5), docker(1, "10 secs", None, 9e5 + 60.0));
        assert_eq!(words(&before, &after), ["container_restarted api"]);
        assert_eq!(between(&before, &after)[0].detail, "it had run for 5 mins");
        let later = docker(1, "6 mins", None, 9e5 + 60.0);
        assert_eq!(words(&before, &later), Vec::<String>::new());
    }

    #[test]
    fn containers_of_a_machine_that_started_anew_are_no_events() {
        let (before, after) = (docker(0, "5 mins", None, 9e5), docker(1, "10 secs", None, 40.0));
        assert_eq!(words(&before, &after), ["reboot "]);
        // The containers are read less often than the uptime.
        let mut known = docker(0, "5 mins", None, 9e5);
        let up = (Plugin::Uptime, Payload::Uptime(20.0));
        known
            .readings
            .insert(up.0, poll(0, vec![up]).readings.get(&Plugin::Uptime).unwrap().clone());
        assert_eq!(words(&known, &after), Vec::<String>::new());
    }

    #[test]
    fn a_health_check_that_turns_is_told_and_one_that_begins_anew_is_a_restart() {
        let of = |n, health| docker(n, "5 mins", Some(health), 9e5 + 60.0 * n as f64);
        let (healthy, sick) = (of(0, Health::Healthy), of(1, Health::Unhealthy));
        assert_eq!(words(&healthy, &sick), ["container_health api"]);
        assert_eq!(between(&healthy, &sick)[0].detail, "healthy to unhealthy");
        assert_eq!(words(&healthy, &of(1, Health::Starting)), ["container_restarted api"]);
    }

    fn process(pid: u32, command: &str, spent: f64) -> Process {
        Process {
            pid: Some(pid),
            name: command.split(' ').next().unwrap().to_owned(),
            command: Some(command.to_owned()),
            cpu_user_secs: Some(spent),
            processes: 1,
            ..Process::default()
        }
    }

    fn running(n: i64, processes: Vec<Process>) -> Snapshot {
        poll(n, vec![(Plugin::ProcessList, Payload::ProcessList(processes))])
    }

    #[test]
    fn glances_began_anew_when_its_one_process_did() {
        let own = |pid, spent| process(pid, "glances -w -B 127.0.0.1", spent);
        let told = |old: Vec<Process>, new: Vec<Process>| words(&running(0, old), &running(1, new));
        let nothing = Vec::<String>::new();
        assert_eq!(told(vec![own(100, 9.0)], vec![own(200, 0.5)]), ["glances_restarted "]);
        assert_eq!(told(vec![own(100, 9.0)], vec![own(100, 9.5)]), nothing);
        // In a container it is the same process id each time.
        let contained = |spent| process(1, "python3 -m glances -C /etc/glances.conf -w", spent);
        assert_eq!(told(vec![contained(9.0)], vec![contained(0.5)]), ["glances_restarted "]);
        // A terminal on the machine comes and goes.
        let terminal = process(300, "glances --theme-white", 0.1);
        assert_eq!(told(vec![own(100, 9.0)], vec![own(100, 9.1), terminal.clone()]), nothing);
        assert_eq!(told(vec![terminal], vec![process(301, "glances", 0.1)]), nothing);
    }

    #[test]
    fn whether_glances_began_anew_is_not_told_when_it_cannot_be_known() {
        let own = |pid| process(pid, "glances --webserver", 1.0);
        let told = |old: Vec<Process>, new: Vec<Process>| words(&running(0, old), &running(1, new));
        let nothing = Vec::<String>::new();
        // One of two, and not known which of them answers.
        assert_eq!(told(vec![own(100), own(200)], vec![own(100), own(300)]), nothing);
        // A second one started; the first was no longer listed as what it is.
        let hidden = Process { command: None, name: "python3".to_owned(), ..own(100) };
        assert_eq!(told(vec![own(100)], vec![hidden, own(200)]), nothing);
        assert_eq!(told(vec![own(100)], Vec::new()), nothing);
        // A reboot says it all.
        let booted = |n, secs, pid| {
            poll(
                n,
                vec![
                    (Plugin::Uptime, Payload::Uptime(secs)),
                    (Plugin::ProcessList, Payload::ProcessList(vec![own(pid)])),
                ],
            )
        };
        assert_eq!(words(&booted(0, 9_000.0, 100), &booted(1, 30.0, 200)), ["reboot "]);
    }

    #[test]
    fn programs_at_hand_are_kept_when_an_alert_fires_on_their_server() {
        let listed = |n, name: &str| {
            poll(n, vec![(Plugin::ProgramList, Payload::ProgramList(vec![program(name, 900)]))])
        };
        let web = HostName::parse("web-1").unwrap();
        let fired = BTreeSet::from([web.clone(), HostName::parse("gone-1").unwrap()]);
        let mut recorded = Recorded::default();
        let mut batch = recorded.next(&Arc::new(listed(0, "java"))).unwrap();
        recorded.add_programs(&fired, &mut batch);
        assert_eq!(batch.programs.len(), 1, "the list of the minute is the one at hand");
        // Twenty seconds later another program is on top, and no list is due.
        let mut soon = listed(1, "backup");
        let at = Timestamp::from_second(1_020).unwrap();
        soon.reach.last_attempt = Some(at);
        soon.readings.of(Plugin::ProgramList).at = Some(at);
        let mut batch = recorded.next(&Arc::new(soon)).unwrap();
        assert_eq!(batch.programs, []);
        recorded.add_programs(&fired, &mut batch);
        let told: Vec<_> =
            batch.programs.iter().map(|it| (&it.host, it.secs, &*it.top[0].name)).collect();
        assert_eq!(told, [(&web, 1_020, "backup")]);
        // Of a server that is silent, nothing is at hand.
        let mut silent = listed(1, "backup");
        silent.reach.attempts += 1;
        silent.reach.last_attempt = Timestamp::from_second(9_000).ok();
        let mut batch = recorded.next(&Arc::new(silent)).unwrap();
        batch.programs.clear();
        recorded.add_programs(&fired, &mut batch);
        assert_eq!(batch.programs, []);
    }

    #[test]
    fn going_down_and_coming_up_are_told_once_each() {
        let mut down = poll(1, Vec::new());
        down.reach.failures_in_row = DOWN_AFTER;
        down.reach.error = Some(FetchError::Refused);
        assert_eq!(words(&poll(0, Vec::new()), &down), ["down "]);
        let mut still = poll(1, Vec::new());
        still.reach.failures_in_row = DOWN_AFTER + 1;
        let mut before = down.clone();
        before.reach.last_attempt = poll(0, Vec::new()).reach.last_attempt;
        assert_eq!(words(&before, &still), Vec::<String>::new());
        assert_eq!(words(&before, &poll(1, Vec::new())), ["up "]);
        // A server that never answered is a mistake in the configuration, and no event.
        let mut never = down.clone();
        never.reach.last_success = None;
        assert_eq!(words(&poll(0, Vec::new()), &never), Vec::<String>::new());
    }

    #[test]
    fn mounts_disks_and_large_programs_come_and_go() {
        let before = vec![
            (Plugin::Fs, Payload::Fs(vec![mount("/"), mount("/old")])),
            (
                Plugin::DiskIo,
                Payload::DiskIo(vec![Disk { name: "sda".to_owned(), ..Disk::default() }]),
            ),
            (
                Plugin::ProgramList,
                Payload::ProgramList(vec![program("java", 900), program("sh", 2)]),
            ),
        ];
        let after = vec![
            (Plugin::Fs, Payload::Fs(vec![mount("/"), mount("/new")])),
            (Plugin::DiskIo, Payload::DiskIo(Vec::new())),
            (
                Plugin::ProgramList,
                Payload::ProgramList(vec![program("postgres", 300), program("ls", 2)]),
            ),
        ];
        assert_eq!(
            words(&poll(0, before), &poll(1, after)),
            [
                "program_came postgres",
                "program_went java",
                "mount_came /new",
                "mount_went /old",
                "disk_went sda"
            ]
        );
    }

    #[test]
    fn another_size_of_memory_is_told_and_a_little_more_is_not() {
        let sized = |n, total| {
            let mem = Mem { total: Some(total), ..Mem::default() };
            poll(n, vec![(Plugin::Mem, Payload::Mem(mem))])
        };
        assert_eq!(words(&sized(0, 8 << 30), &sized(1, 16 << 30)), ["hardware_changed memory"]);
        assert_eq!(words(&sized(0, 8 << 30), &sized(1, (8 << 30) + 4_096)), Vec::<String>::new());
    }

    #[test]
    fn a_host_that_changes_everything_is_bounded() {
        let many = |n, prefix: &str| {
            let all = (0..500).map(|index| mount(&format!("/{prefix}{index}"))).collect();
            poll(n, vec![(Plugin::Fs, Payload::Fs(all))])
        };
        assert_eq!(words(&many(0, "a"), &many(1, "b")).len(), EVENTS_MAX);
    }

    #[test]
    fn a_poll_is_noted_once_and_only_what_is_new_in_it() {
        let cpu = |total| Payload::Cpu(Cpu { total: Some(total), ..Cpu::default() });
        let mut recorded = Recorded::default();
        let first = Arc::new(poll(
            0,
            vec![(Plugin::Cpu, cpu(12.345_678)), (Plugin::Fs, Payload::Fs(Vec::new()))],
        ));
        let batch = recorded.next(&first).unwrap();
        let values = &batch.samples[0].values;
        assert!(values.contains(&("cpu.total".into(), 12.346)), "{values:?}");
        assert!(values.contains(&("server.up".into(), 1.0)), "{values:?}");
        assert_eq!(recorded.next(&first), None, "the same poll");
        let mut open = poll(1, vec![(Plugin::Cpu, cpu(20.0))]);
        open.settled = false;
        assert_eq!(recorded.next(&Arc::new(open)), None, "a poll that is not over");
        // The next poll failed: what was read before is not read again.
        let mut failed = (*first).clone();
        failed.reach.attempts += 1;
        failed.reach.last_attempt = Timestamp::from_second(1_060).ok();
        failed.reach.error = Some(FetchError::Refused);
        let batch = recorded.next(&Arc::new(failed)).unwrap();
        assert_eq!(batch.samples[0].values, [("server.up".into(), 0.0)]);
        assert_eq!(batch.samples[0].secs, 1_060);
    }
}
