use std::{collections::BTreeMap, sync::Arc};

use glances_client::{
    FetchError,
    model::{
        Amp, Container, ContainerState, Cpu, Filesystem, Health, Limits, Load, Mem, MemSwap, Meter,
        Payload, RaidArray, Sensor, SensorUnit,
    },
};
use jiff::Timestamp;

use super::*;
use crate::{
    model::{Criticality, Severity},
    snapshot::{Host, Reading},
};

mod fleets;
mod quieting;
mod random;
mod servers;

/// Some Monday.
const START: i64 = 1_767_571_200;
const INTERVAL: i64 = 10;

/// A machine that is polled, and the engine that watches it.
struct Machine {
    snapshot: Snapshot,
}

impl Machine {
    fn new(alias: &str) -> Self {
        let host = Host {
            environment: Some("production".to_owned()),
            criticality: Criticality::High,
            ..Host::at(HostName::parse(alias).unwrap(), format!("http://{alias}"))
        };
        Self { snapshot: Snapshot::unseen(Arc::new(host)) }
    }

    /// A poll that read these plugins, and a core one, so that nothing is stale.
    fn answer(&mut self, secs: i64, mut payloads: Vec<Payload>) -> &Snapshot {
        if !payloads.iter().any(|it| matches!(it, Payload::Load(_))) {
            payloads.push(Payload::Load(Load::default()));
        }
        let at = Timestamp::from_second(secs).ok();
        for payload in payloads {
            let reading = Reading { at, tried: at, payload: None };
            let reading = Reading { payload: Some(Arc::new(payload.clone())), ..reading };
            self.snapshot.readings.insert(payload.plugin(), reading);
        }
        let reach = &mut self.snapshot.reach;
        (reach.last_attempt, reach.last_success) = (at, at);
        (reach.failures_in_row, reach.error) = (0, None);
        reach.attempts += 1;
        self.snapshot.settled = true;
        &self.snapshot
    }

    /// A poll that failed.
    fn fail(&mut self, secs: i64) -> &Snapshot {
        let reach = &mut self.snapshot.reach;
        reach.last_attempt = Timestamp::from_second(secs).ok();
        reach.failures_in_row += 1;
        reach.error = Some(FetchError::Refused);
        reach.attempts += 1;
        self.snapshot.settled = true;
        &self.snapshot
    }
}

fn observe(engine: &mut Engine, snapshot: &Snapshot, secs: i64) -> Vec<Transition> {
    let transitions = engine.observe(&Observation { snapshot, secs, clock_skew_secs: None });
    // Whoever stores them reads the same back.
    let text = serde_json::to_string(&transitions).unwrap();
    assert_eq!(serde_json::from_str::<Vec<Transition>>(&text).unwrap(), transitions);
    transitions
}

/// Polls every ten seconds from `from` until before `to`, and ticks.
fn run(
    engine: &mut Engine,
    machine: &mut Machine,
    (from, to): (i64, i64),
    payloads: impl Fn(i64) -> Vec<Payload>,
) -> Vec<Transition> {
    let mut all = Vec::new();
    let mut secs = from;
    while secs < to {
        let snapshot = machine.answer(secs, payloads(secs));
        all.extend(observe(engine, snapshot, secs));
        all.extend(engine.tick(secs));
        secs += INTERVAL;
    }
    all
}

/// `change rule series` with the minute since the start.
fn told(transitions: &[Transition]) -> Vec<String> {
    let line = |it: &Transition| {
        let change = format!("{:?}", it.change);
        let change = change.split_whitespace().next().unwrap_or_default().to_lowercase();
        let hidden = if it.alert.suppressed_by.is_empty() { "" } else { " (suppressed)" };
        let minute = (it.at - START) / 60;
        let severity = format!("{:?}", it.alert.severity()).to_lowercase();
        format!("{minute} {change} {severity} {}{hidden}", it.alert.series)
    };
    transitions.iter().map(line).collect()
}

fn firing(engine: &Engine) -> Vec<String> {
    let open = engine.open().filter(|alert| alert.state.is_firing());
    open.map(|alert| alert.fingerprint.clone()).collect()
}

fn minutes(count: i64) -> i64 {
    count * 60
}

fn cpu(total: f64) -> Payload {
    Payload::Cpu(Cpu { total: Some(total), cores: Some(4), ..Cpu::default() })
}

fn mem(percent: f64) -> Payload {
    Payload::Mem(Mem { percent: Some(percent), ..Mem::default() })
}

fn fs(mount: &str, device: &str, percent: f64) -> Filesystem {
    Filesystem {
        mount: mount.to_owned(),
        device: device.to_owned(),
        kind: "ext4".to_owned(),
        size: Some(1_000_000),
        free: Some(((100.0 - percent) * 10_000.0) as u64),
        percent: Some(percent),
        read_only: Some(false),
        used: None,
    }
}

fn raid(used: u32) -> Payload {
    let array = RaidArray {
        name: "md0".to_owned(),
        status: "active".to_owned(),
        disks_available: Some(2),
        disks_used: Some(used),
        ..RaidArray::default()
    };
    Payload::Raid(vec![array])
}

fn container(name: &str, id: &str, health: Health) -> Container {
    Container {
        name: name.to_owned(),
        id: id.to_owned(),
        engine: "docker".to_owned(),
        state: ContainerState::Running,
        health: Some(health),
        image: String::new(),
        command: None,
        created: None,
        uptime: None,
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
    }
}

fn own(metric: &str, warning: f64, critical: f64) -> Threshold {
    Threshold { metric: metric.to_owned(), warning, critical, ..Threshold::default() }
}

fn engine_of(thresholds: &[Threshold]) -> Engine {
    Engine::new(Rules::new(thresholds, Defaults::Ours).ok().unwrap())
}

fn reread(saved: &Saved) -> Saved {
    let text = serde_json::to_string(saved).unwrap();
    let read: Saved = serde_json::from_str(&text).unwrap();
    assert_eq!(read, *saved, "written and read back to the bit");
    read
}
