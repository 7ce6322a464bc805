//! Days on which nothing breaks, as machines have them: weekends, holidays, bursts of work.

use super::{Actor, Span};
use crate::calendar;
use crate::host::{Host, catalog::ContainerKindState};
use crate::load::{Bump, DAY_SECS, HOUR_SECS, Week, hash, unit, within};
use crate::spec::{HostSpec, Role};

/// Days of the year on which nobody works, month and day.
const HOLIDAYS: &[(i64, i64)] = &[(1, 1), (5, 1), (10, 3), (12, 24), (12, 25), (12, 26), (12, 31)];
/// Most memory in use: whoever has more is short of it every day, and has been told.
const MEMORY_MAX: f64 = 0.85;
/// Most of a filesystem in use; a twentieth is reserved, so that this shows as 84 %.
const DISK_MAX: f64 = 0.8;
/// In so long a slot at most one burst of work falls.
const BURST_SLOT_SECS: f64 = 3.0 * HOUR_SECS;
/// Share of slots that have one.
const BURST_SHARE: f64 = 0.08;
/// Days whose holidays and bursts are looked for: more is no scenario but a mistake.
const DAYS_MAX: i64 = 800;

/// How much of a working day's load a role has on a day off.
const fn off_share(role: Role) -> f64 {
    match role {
        Role::Web | Role::ContainerHost => 0.55,
        Role::Db | Role::Cache => 0.65,
        Role::Batch => 0.8,
        Role::Idle => 1.0,
    }
}

/// A host on calm days.
pub(super) fn actor(spec: HostSpec, span: Span, seed: u64) -> Actor {
    let mut host = Host::new(spec);
    // What grows until somebody mends it is an incident, and so is what fails by itself: incidents
    // are played.
    host.mem.saw_height = 0.0;
    host.mem.keep_below(span.begin, span.end, MEMORY_MAX);
    for mount in &mut host.mounts {
        mount.used.grow_through(span.begin, span.end);
        mount.used.keep_below(span.begin, span.end, DISK_MAX);
    }
    host.containers.retain(|it| it.kind.state != ContainerKindState::CrashLoop);
    host.containers.iter_mut().for_each(|it| it.bad_share = 0.0);
    host.swap.grow_through(span.begin, span.end);
    work_weeks(&mut host, span);
    bursts(&mut host, span, seed);
    Actor::new(host, span)
}

fn work_weeks(host: &mut Host, span: Span) {
    // Counters go back to the boot, so its holidays count as well.
    let first = (host.boot_before(span.begin) / DAY_SECS).floor() as i64;
    let last = (span.end / DAY_SECS).ceil() as i64;
    let is_holiday =
        |day: &i64| HOLIDAYS.contains(&calendar::month_and_day(*day as f64 * DAY_SECS));
    let holidays: Vec<i64> = (first..last.min(first + DAYS_MAX)).filter(is_holiday).collect();
    let week = Week::new(1.0, &holidays);
    let share = off_share(host.spec.role);
    let nics = host.nics.iter_mut().flat_map(|nic| [&mut nic.recv, &mut nic.sent]);
    let disks = host.disks.iter_mut().flat_map(|disk| [&mut disk.read, &mut disk.write]);
    let containers = host.containers.iter_mut();
    let containers = containers.flat_map(|it| [&mut it.cpu, &mut it.rx, &mut it.tx]);
    [&mut host.cpu, &mut host.ctx_switches, &mut host.interrupts]
        .into_iter()
        .chain(nics)
        .chain(disks)
        .chain(containers)
        .chain(host.processes.iter_mut().map(|process| &mut process.cpu))
        .for_each(|curve| curve.set_week(&week, share));
}

/// Some minutes of more work, now and then: a crawler, a report, a deploy of something small.
fn bursts(host: &mut Host, span: Span, seed: u64) {
    let own = hash(seed, host.spec.seed);
    let slots = (span.secs() / BURST_SLOT_SECS).floor() as u64;
    for slot in (0..slots.min(DAYS_MAX as u64 * 8)).filter(|slot| unit(own, *slot) < BURST_SHARE) {
        let one = hash(own, 10_000 + slot);
        let begin = span.begin + BURST_SLOT_SECS * (slot as f64 + unit(one, 1) * 0.8);
        let end = begin + within(one, 2, 120.0, 900.0);
        let more = within(one, 3, 0.2, 0.6);
        let bump = |base: f64| Bump::block(begin, end, base * more).soft(30.0, 60.0);
        let base = host.cpu.base();
        host.cpu.add(bump(base));
        for nic in host.nics.iter_mut().filter(|nic| nic.name != "lo") {
            for curve in [&mut nic.recv, &mut nic.sent] {
                let base = curve.base();
                curve.add(bump(base));
            }
        }
        for disk in &mut host.disks {
            let base = disk.write.base();
            disk.write.add(bump(base));
        }
    }
}
