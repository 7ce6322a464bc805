//! Counters and the caller's clock → rates. A restart, a new item or a first sample is a gap,
//! never a spike.

use std::collections::HashMap;
use std::time::Duration;

use crate::model::{Container, Cpu, Disk, Interface, MemSwap, Meter, Payload};

/// A shorter interval gives a rate that is mostly noise.
const ELAPSED_MIN: Duration = Duration::from_millis(500);

/// Fills the rates of `current` from the counters of `previous`, which was read `elapsed` earlier.
///
/// A rate is `None` where the counter fell, the item is new, or less than half a second passed.
/// Where the server serves no counter, its own rate stays. Payloads of different plugins and
/// plugins without such counters are left alone.
pub fn advance(previous: &Payload, current: &mut Payload, elapsed: Duration) {
    let step = Step { elapsed_secs: (elapsed >= ELAPSED_MIN).then_some(elapsed.as_secs_f64()) };
    match (previous, current) {
        (Payload::Cpu(old), Payload::Cpu(new)) => new.advance(Some(old), &step),
        (Payload::MemSwap(old), Payload::MemSwap(new)) => new.advance(Some(old), &step),
        (Payload::DiskIo(old), Payload::DiskIo(new)) => step.items(old, new),
        (Payload::Network(old), Payload::Network(new)) => step.items(old, new),
        (Payload::Containers(old), Payload::Containers(new)) => step.items(old, new),
        _ => {}
    }
}

/// Whether `current` has the very counters of `previous`: within its own refresh time a server
/// repeats itself, and a rate from the repetition would be a standstill that never was.
#[must_use]
pub fn repeats(previous: &Payload, current: &Payload) -> bool {
    fn all<T: Metered>(old: &[T], new: &[T]) -> bool {
        let same = |(old, new): (&T, &T)| old.key() == new.key() && old.same_counters(new);
        old.len() == new.len() && !new.is_empty() && old.iter().zip(new).all(same)
    }
    match (previous, current) {
        (Payload::MemSwap(old), Payload::MemSwap(new)) => old.same_counters(new),
        (Payload::DiskIo(old), Payload::DiskIo(new)) => all(old, new),
        (Payload::Network(old), Payload::Network(new)) => all(old, new),
        (Payload::Containers(old), Payload::Containers(new)) => all(old, new),
        _ => false,
    }
}

/// Something with counters that can be recognised in the next reply.
trait Metered {
    /// Items of one list that have the same key are the same thing.
    fn key(&self) -> (&str, &str);
    /// Whether all counters are equal.
    fn same_counters(&self, other: &Self) -> bool;
    /// Fills every rate from the same item's earlier counters, if there was one.
    fn advance(&mut self, old: Option<&Self>, step: &Step);
}

macro_rules! metered {
    ($($type:ty, $key:expr => $($meter:ident)+;)*) => {$(
        impl Metered for $type {
            fn key(&self) -> (&str, &str) {
                let key: fn(&Self) -> (&str, &str) = $key;
                key(self)
            }

            fn same_counters(&self, other: &Self) -> bool {
                $(self.$meter.total == other.$meter.total)&&+
            }

            fn advance(&mut self, old: Option<&Self>, step: &Step) {
                $(step.meter(old.and_then(|old| old.$meter.total), &mut self.$meter);)+
            }
        }
    )*};
}

metered! {
    Cpu, |_| ("", "") => ctx_switches interrupts soft_interrupts;
    MemSwap, |_| ("", "") => swapped_in swapped_out;
    Disk, |it| (&it.name, "") =>
        read_count write_count read_bytes write_bytes read_time_ms write_time_ms;
    Interface, |it| (&it.name, "") =>
        bytes_recv bytes_sent errors_in errors_out dropped_in dropped_out;
    Container, |it| (&it.engine, if it.id.is_empty() { &it.name } else { &it.id }) =>
        network_recv network_sent io_read io_write;
}

/// One step of the caller's clock; `None` when it is too short for a rate.
struct Step {
    elapsed_secs: Option<f64>,
}

impl Step {
    fn items<T: Metered>(&self, old: &[T], new: &mut [T]) {
        let by_key: HashMap<_, &T> = old.iter().map(|item| (item.key(), item)).collect();
        for item in new {
            let before = by_key.get(&item.key()).copied();
            item.advance(before, self);
        }
    }

    fn meter(&self, before: Option<f64>, meter: &mut Meter) {
        let Some(now) = meter.total else { return };
        meter.per_sec = self.rate(before, now);
    }

    fn rate(&self, before: Option<f64>, now: f64) -> Option<f64> {
        let increase = now - before?;
        (increase >= 0.0).then_some(increase / self.elapsed_secs?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ContainerState, Load};

    const TWO_SECS: Duration = Duration::from_secs(2);

    fn counted(total: f64) -> Meter {
        Meter { total: Some(total), per_sec: None }
    }

    #[test]
    fn a_reply_with_the_same_counters_is_a_repetition() {
        let at = |total| Payload::DiskIo(vec![disk("vda", counted(total))]);
        assert!(repeats(&at(5.0), &at(5.0)));
        assert!(!repeats(&at(5.0), &at(6.0)));
        assert!(!repeats(&Payload::DiskIo(Vec::new()), &Payload::DiskIo(Vec::new())));
    }

    fn disk(name: &str, read: Meter) -> Disk {
        Disk { name: name.to_owned(), read_bytes: read, ..Disk::default() }
    }

    fn container(engine: &str, id: &str, recv: f64) -> Container {
        Container {
            name: "same".to_owned(),
            id: id.to_owned(),
            engine: engine.to_owned(),
            state: ContainerState::Running,
            health: None,
            image: String::new(),
            command: None,
            created: None,
            uptime: None,
            cpu_percent: None,
            cpu_limit_cores: None,
            memory_used: None,
            memory_limit: None,
            network_recv: counted(recv),
            network_sent: Meter::default(),
            io_read: Meter::default(),
            io_write: Meter::default(),
            ports: None,
            pod: None,
        }
    }

    fn read_rates(old: &[Disk], new: &[Disk], elapsed: Duration) -> Vec<Option<f64>> {
        let mut current = Payload::DiskIo(new.to_vec());
        advance(&Payload::DiskIo(old.to_vec()), &mut current, elapsed);
        current.disks().unwrap().iter().map(|disk| disk.read_bytes.per_sec).collect()
    }

    #[test]
    fn a_rate_is_the_increase_over_our_own_clock_by_name_not_by_place() {
        let old = [disk("a", counted(100.0)), disk("b", counted(50.0))];
        let new = [disk("b", counted(70.0)), disk("a", counted(100.0))];
        assert_eq!(read_rates(&old, &new, TWO_SECS), [Some(10.0), Some(0.0)]);
    }

    #[test]
    fn a_restart_a_new_item_and_a_short_step_are_gaps() {
        let old = [disk("a", counted(100.0)), disk("b", Meter::default())];
        let fell = [disk("a", counted(99.0))];
        assert_eq!(read_rates(&old, &fell, TWO_SECS), [None]);
        let new = [disk("c", counted(1e9)), disk("b", counted(1e9))];
        assert_eq!(read_rates(&old, &new, TWO_SECS), [None, None]);
        let grown = [disk("a", counted(200.0))];
        assert_eq!(read_rates(&old, &grown, Duration::from_millis(499)), [None]);
        assert_eq!(read_rates(&old, &grown, Duration::from_millis(500)), [Some(200.0)]);
        assert_eq!(read_rates(&old, &grown, Duration::ZERO), [None]);
    }

    #[test]
    fn a_served_rate_stays_where_there_is_no_counter() {
        let served = Meter { total: None, per_sec: Some(7.0) };
        let old = [disk("a", served)];
        assert_eq!(read_rates(&old, &[disk("a", served)], TWO_SECS), [Some(7.0)]);
        assert_eq!(read_rates(&[], &[disk("a", served)], Duration::ZERO), [Some(7.0)]);
    }

    #[test]
    fn a_rate_of_an_earlier_step_does_not_outlive_its_counter() {
        let stale = Meter { total: Some(5.0), per_sec: Some(99.0) };
        assert_eq!(read_rates(&[], &[disk("a", stale)], TWO_SECS), [None]);
    }

    #[test]
    fn containers_of_two_engines_are_told_apart() {
        let old = [container("docker", "1", 100.0), container("podman", "1", 900.0)];
        let new = [container("podman", "1", 1000.0), container("docker", "1", 104.0)];
        let mut current = Payload::Containers(new.to_vec());
        advance(&Payload::Containers(old.to_vec()), &mut current, TWO_SECS);
        let rates: Vec<_> =
            current.containers().unwrap().iter().map(|it| it.network_recv.per_sec).collect();
        assert_eq!(rates, [Some(50.0), Some(2.0)]);
    }

    #[test]
    fn every_counter_of_every_plugin_is_advanced() {
        let grow = |from: f64| counted(from);
        let cpu = |from| Cpu {
            ctx_switches: grow(from),
            interrupts: grow(from),
            soft_interrupts: grow(from),
            ..Cpu::default()
        };
        let swap = |from| MemSwap {
            swapped_in: grow(from),
            swapped_out: grow(from),
            ..MemSwap::default()
        };
        let disk = |from| Disk {
            name: "d".to_owned(),
            read_count: grow(from),
            write_count: grow(from),
            read_bytes: grow(from),
            write_bytes: grow(from),
            read_time_ms: grow(from),
            write_time_ms: grow(from),
        };
        let interface = |from| Interface {
            name: "i".to_owned(),
            bytes_recv: grow(from),
            bytes_sent: grow(from),
            errors_in: grow(from),
            errors_out: grow(from),
            dropped_in: grow(from),
            dropped_out: grow(from),
            ..Interface::default()
        };
        let steps = [
            (Payload::Cpu(cpu(1.0)), Payload::Cpu(cpu(5.0)), 3),
            (Payload::MemSwap(swap(1.0)), Payload::MemSwap(swap(5.0)), 2),
            (Payload::DiskIo(vec![disk(1.0)]), Payload::DiskIo(vec![disk(5.0)]), 6),
            (Payload::Network(vec![interface(1.0)]), Payload::Network(vec![interface(5.0)]), 6),
        ];
        for (old, mut new, meters) in steps {
            advance(&old, &mut new, TWO_SECS);
            let advanced = format!("{new:?}").matches("per_sec: Some(2.0)").count();
            assert_eq!(advanced, meters, "{new:?}");
        }
    }

    #[test]
    fn payloads_of_different_plugins_are_left_alone() {
        let mut current = Payload::DiskIo(vec![disk("a", counted(5.0))]);
        let before = current.clone();
        advance(&Payload::Load(Load::default()), &mut current, TWO_SECS);
        assert_eq!(current, before);
    }
}
