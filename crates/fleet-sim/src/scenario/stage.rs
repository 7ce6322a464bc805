//! What an incident can do to a host: each verb changes the host and notes the series that move.

use super::{Actor, Span};
use crate::host::script::CrashLoop;
use crate::load::{Bump, hash, within};

/// Longest that a change takes to show in full, seconds.
const SOFT_SECS: f64 = 20.0;

/// What can happen, in the product's words.
const CONTAINER_RESTARTED: &str = "container restarted";
const PROGRAM_CAME_BACK: &str = "program came back";
const GLANCES_RESTARTED: &str = "glances restarted";
const REBOOT: &str = "reboot";
const DOWN: &str = "down";
const UP: &str = "up";

/// One host under one incident.
pub(super) struct Stage<'a> {
    pub(super) actor: &'a mut Actor,
    /// From when to when on this host.
    pub(super) span: Span,
    /// The how many-th host it is, from 0.
    pub(super) order: usize,
    pub(super) seed: u64,
    series: Vec<String>,
    events: Vec<(&'static str, String)>,
}

impl<'a> Stage<'a> {
    pub(super) const fn new(actor: &'a mut Actor, span: Span, order: usize, seed: u64) -> Self {
        Self { actor, span, order, seed, series: Vec::new(), events: Vec::new() }
    }

    /// What moved and what happened, as far as the host serves the plugins that show it: the truth
    /// of a series that nobody can read is no truth to be scored.
    pub(super) fn seen(self) -> (Vec<String>, Vec<(&'static str, String)>) {
        let spec = &self.actor.host.spec;
        let on = |plugin: &str| {
            spec.flavor.plugins().any(|name| name == plugin)
                && !spec.disabled.iter().any(|off| off == plugin)
        };
        let of_series = |name: &String| match name.split('.').next().unwrap_or_default() {
            "server" => true,
            plugin => on(plugin),
        };
        let of_event = |(what, _): &(&str, String)| match *what {
            CONTAINER_RESTARTED => on("containers"),
            PROGRAM_CAME_BACK | GLANCES_RESTARTED => on("processlist"),
            _ => true,
        };
        let series = self.series.into_iter().filter(of_series).collect();
        (series, self.events.into_iter().filter(of_event).collect())
    }

    /// A hashed number in `low..high`.
    pub(super) fn draw(&self, salt: u64, low: f64, high: f64) -> f64 {
        within(hash(self.seed, self.order as u64), salt, low, high)
    }

    fn moves(&mut self, series: &[&str]) {
        for name in series {
            if !self.series.iter().any(|known| known == name) {
                self.series.push((*name).to_owned());
            }
        }
    }

    fn moves_item(&mut self, path: &str, item: &str) {
        self.moves(&[&format!("{path}[{item}]")]);
    }

    fn block(&self, height: f64) -> Bump {
        Bump::block(self.span.begin, self.span.end, height).soft(SOFT_SECS, SOFT_SECS)
    }

    /// So much more of all cores is busy, by one program.
    pub(super) fn busy(&mut self, share: f64) {
        let bump = self.block(share);
        self.busy_while(&[bump]);
    }

    /// The same in several bumps.
    pub(super) fn busy_while(&mut self, bumps: &[Bump]) {
        let host = &mut self.actor.host;
        let cores = f64::from(host.cores);
        let index = hash(self.seed, 3) as usize % host.processes.len().max(1);
        for bump in bumps {
            host.cpu.add(*bump);
            if let Some(process) = host.processes.get_mut(index) {
                process.cpu.add(Bump { height: bump.height * cores, ..*bump });
            }
        }
        self.moves(&["cpu.total", "cpu.user", "cpu.idle", "load.min1", "load.min5", "load.min15"]);
    }

    /// Everybody waits for disks.
    pub(super) fn waits(&mut self, share: f64) {
        let bump = self.block(share);
        self.actor.host.iowait.add(bump);
        self.moves(&["cpu.iowait", "cpu.idle"]);
    }

    /// Neighbours take so much of all cores.
    pub(super) fn stolen(&mut self, share: f64) {
        let bump = self.block(share);
        self.actor.host.steal.add(bump);
        self.moves(&["cpu.steal", "cpu.total", "cpu.idle", "load.min5", "server.response"]);
    }

    /// One program grows until so much of all memory is used.
    pub(super) fn leaks(&mut self, until_share: f64) {
        let host = &mut self.actor.host;
        let more = (until_share - host.mem.wave.base()).max(0.05);
        let Span { begin, end } = self.span;
        host.mem.wave.add(Bump::ramp(begin, end, more));
        let bytes = Bump::ramp(begin, end, more * host.mem_total as f64 * 0.9);
        let largest = host.processes.iter_mut().max_by(|a, b| a.mem_share.total_cmp(&b.mem_share));
        if let Some(process) = largest {
            process.grown.push(bytes);
        }
        let late = begin + (end - begin) * 0.75;
        host.swap.wave.add(Bump::ramp(late, end, 0.5));
        let swaps = host.swap_total > 0;
        if swaps {
            host.swap_io.add(Bump::ramp(late, end, 3e6));
        }
        self.moves(&["mem.percent", "mem.used", "mem.available", "mem.free"]);
        if swaps {
            self.moves(&["memswap.percent", "memswap.sin", "memswap.sout"]);
        }
    }

    /// Memory is used by so much more or less.
    pub(super) fn holds(&mut self, share: f64) {
        let bump = self.block(share);
        self.actor.host.mem.wave.add(bump);
        self.moves(&["mem.percent", "mem.used", "mem.available"]);
    }

    /// The last filesystem fills until so much is used.
    pub(super) fn fills(&mut self, until_share: f64) {
        let Span { begin, end } = self.span;
        let host = &mut self.actor.host;
        let Some(mount) = host.mounts.last_mut() else { return };
        let more = (until_share - mount.used.value(begin)).max(0.03);
        mount.used.wave.add(Bump::ramp(begin, end, more));
        let (path, rate) = (mount.path, mount.size as f64 * more / (end - begin).max(1.0));
        self.moves_item("fs.percent", path);
        self.moves_item("fs.used", path);
        self.moves_item("fs.free", path);
        self.writes(rate, false);
    }

    /// So many bytes more a second are written to the last disk; with `reads` they are read.
    pub(super) fn writes(&mut self, rate: f64, reads: bool) {
        let bump = self.block(rate);
        self.disk(bump, reads);
    }

    /// The same in one bump.
    pub(super) fn disk(&mut self, bump: Bump, reads: bool) {
        let Some(disk) = self.actor.host.disks.last_mut() else { return };
        let usual = if reads { disk.read.base() } else { disk.write.base() };
        let name = disk.name.clone();
        if reads {
            disk.read.add(bump);
        } else {
            disk.write.add(bump);
        }
        // What drowns in the usual traffic does not show.
        if bump.height > usual * 0.5 {
            let (bytes, count) = match reads {
                true => ("diskio.read_bytes", "diskio.read_count"),
                false => ("diskio.write_bytes", "diskio.write_count"),
            };
            self.moves_item(bytes, &name);
            self.moves_item(count, &name);
        }
    }

    /// The network sends, and receives a part of it, up to this share of the link.
    pub(super) fn sends(&mut self, share: f64, answers: f64) {
        let Span { begin, end } = self.span;
        self.sends_while(Bump::block(begin, end, share).soft(SOFT_SECS, SOFT_SECS), answers);
    }

    /// The same in one bump, whose height is the share of the link.
    pub(super) fn sends_while(&mut self, share: Bump, answers: f64) {
        let nics = &mut self.actor.host.nics;
        let Some(nic) = nics.iter_mut().find(|nic| nic.name == "eth0") else { return };
        let bytes = nic.speed as f64 / 8.0 * share.height;
        nic.sent.add(Bump { height: bytes, ..share });
        nic.recv.add(Bump { height: bytes * answers, ..share });
        self.moves(&["network.bytes_sent[eth0]", "network.use[eth0]"]);
        if answers > 0.05 {
            self.moves(&["network.bytes_recv[eth0]"]);
        }
    }

    /// A container dies again and again; without containers a program does.
    pub(super) fn crashes(&mut self, period_secs: f64) {
        let Span { begin, end } = self.span;
        let crash = CrashLoop { begin, end, period_secs };
        let host = &mut self.actor.host;
        let mut named = Vec::new();
        if let Some(container) = host.containers.first_mut() {
            container.crashes.push(crash);
            let name = container.kind.name;
            named.push(format!("containers.memory_usage[{name}]"));
            named.push(format!("containers.cpu_percent[{name}]"));
            self.events.push((CONTAINER_RESTARTED, name.to_owned()));
        } else {
            let programs = host.processes.iter().filter(|it| !it.kind.cmdline.is_empty());
            let largest = programs.max_by(|a, b| a.mem_share.total_cmp(&b.mem_share));
            if let Some(name) = largest.map(|process| process.kind.name) {
                let all = host.processes.iter_mut().filter(|it| it.kind.name == name);
                all.for_each(|process| process.crashes.push(crash));
                named.push("processcount.total".to_owned());
                self.events.push((PROGRAM_CAME_BACK, name.to_owned()));
            }
        }
        self.series.extend(named);
    }

    /// Every container is made anew.
    pub(super) fn deploys(&mut self) {
        let begin = self.span.begin;
        for container in &mut self.actor.host.containers {
            container.remade.push(begin);
            self.events.push((CONTAINER_RESTARTED, container.kind.name.to_owned()));
        }
    }

    /// Requests grow or shrink by this share of the usual, on every interface.
    pub(super) fn traffic(&mut self, share: f64) {
        let Span { begin, end } = self.span;
        for nic in self.actor.host.nics.iter_mut().filter(|nic| nic.name != "lo") {
            for curve in [&mut nic.recv, &mut nic.sent] {
                let height = curve.base() * share;
                curve.add(Bump::block(begin, end, height).soft(SOFT_SECS, SOFT_SECS));
            }
        }
        self.moves(&["network.bytes_recv[eth0]", "network.bytes_sent[eth0]"]);
    }

    /// The clock is wrong by so many seconds.
    pub(super) fn skews(&mut self, secs: f64) {
        self.actor.skews.push((self.span, secs));
    }

    /// Nobody answers.
    pub(super) fn is_silent(&mut self) {
        let span = self.span;
        self.actor.silences.push(span);
        self.events.extend([DOWN, UP].map(|what| (what, String::new())));
        self.moves(&["server.up", "server.response"]);
    }

    /// Glances ends and is started again when the time is over.
    pub(super) fn restarts_glances(&mut self) {
        self.is_silent();
        let end = self.span.end;
        insert(&mut self.actor.starts, end);
        self.events.push((GLANCES_RESTARTED, String::new()));
    }

    /// The machine goes down and is up again when the time is over.
    pub(super) fn reboots(&mut self) {
        self.is_silent();
        let end = self.span.end;
        insert(&mut self.actor.boots, end);
        self.events.push((REBOOT, String::new()));
        self.moves(&["uptime.seconds"]);
    }
}

/// Keeps times in order.
fn insert(times: &mut Vec<f64>, time: f64) {
    let place = times.partition_point(|known| *known <= time);
    times.insert(place, time);
}
