//! One running server: its host, what its clients and the test have done to it, and its listener.
//! Knows no HTTP; `http` asks it for samples and faults.

use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::runtime::Handle;
use tokio::sync::watch;

use crate::fault::Fault;
use crate::flavor::Flavor;
use crate::host::Host;
use crate::load::DAY_SECS;
use crate::model::Moment;
use crate::sampler::{Sample, Sampler};
use crate::spec::HostSpec;

/// Connections that may wait for the accept loop.
const BACKLOG: u32 = 1_024;

/// A sample of one plugin as the answer needs it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sampled {
    pub(crate) moment: Moment,
    pub(crate) wait_secs: f64,
    pub(crate) ready: bool,
}

/// The process whose extended statistics are on, and the samples taken when that was asked for.
#[derive(Clone, Copy, Debug)]
struct Extended {
    pid: u32,
    samples_before: u64,
}

#[derive(Debug)]
struct State {
    sampler: Sampler,
    boot: f64,
    started: f64,
    fault: Option<Fault>,
    plugin_faults: BTreeMap<String, Fault>,
    extended: Option<Extended>,
}

#[derive(Debug)]
enum Door {
    Open(TcpListener),
    /// The socket stays bound without listening, so that nobody else gets the port.
    Closed(Option<TcpSocket>),
    /// Should be open, but the port could not be had yet.
    Wanted,
}

/// One simulated server.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) host: Host,
    pub(crate) port: u16,
    /// The plugins that are on, in the server's own order.
    pub(crate) plugins: Vec<&'static str>,
    state: Mutex<State>,
    door: Mutex<Door>,
    requests: AtomicU64,
    /// Changes when every connection must be closed.
    connections: watch::Sender<u64>,
    /// Changes when a fault of a plugin is set or removed.
    plugin_faults: watch::Sender<u64>,
    /// Changes when the door is opened or closed.
    door_changes: watch::Sender<u64>,
    runtime: Handle,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn bump(sender: &watch::Sender<u64>) {
    sender.send_modify(|count| *count = count.wrapping_add(1));
}

/// A socket bound to a port of the loopback interface.
fn bound(port: u16) -> io::Result<TcpSocket> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))?;
    Ok(socket)
}

impl Server {
    /// Starts to listen; port 0 lets the system choose. Must be called within a runtime.
    pub(crate) fn listen(spec: HostSpec, port: u16, now: f64) -> io::Result<Self> {
        let flavor = spec.flavor;
        let listener = bound(port)?.listen(BACKLOG)?;
        let port = listener.local_addr()?.port();
        let plugins: Vec<_> =
            flavor.plugins().filter(|name| !spec.disabled.iter().any(|off| off == name)).collect();
        let host = Host::new(spec);
        // The Python preview samples by itself, so it has data from the beginning.
        let first = if flavor == Flavor::V5Python { now - 60.0 } else { now };
        let boot = host.boot_before(now);
        let state = State {
            sampler: Sampler::new(flavor, &plugins, first),
            boot,
            started: (boot + 30.0).max(now - DAY_SECS).min(now),
            fault: None,
            plugin_faults: BTreeMap::new(),
            extended: None,
        };
        Ok(Self {
            host,
            port,
            plugins,
            state: Mutex::new(state),
            door: Mutex::new(Door::Open(listener)),
            requests: AtomicU64::new(0),
            connections: watch::Sender::new(0),
            plugin_faults: watch::Sender::new(0),
            door_changes: watch::Sender::new(0),
            runtime: Handle::current(),
        })
    }

    pub(crate) fn flavor(&self) -> Flavor {
        self.host.spec.flavor
    }

    /// Samples a plugin as a request for it does; `None` when it is unknown or off.
    pub(crate) fn sample(&self, plugin: &str, now: f64) -> Option<Sampled> {
        let mut state = lock(&self.state);
        let sample = state.sampler.request(plugin, now)?;
        Some(state.sampled(plugin, sample))
    }

    /// Samples as a request for everything does.
    pub(crate) fn sample_all(&self, now: f64) -> Vec<(&'static str, Sampled)> {
        let mut state = lock(&self.state);
        let samples = state.sampler.request_all(now);
        samples.into_iter().map(|(name, sample)| (name, state.sampled(name, sample))).collect()
    }

    /// The last sample of a plugin, without a new one.
    pub(crate) fn last(&self, plugin: &str) -> Option<Sampled> {
        let state = lock(&self.state);
        Some(state.sampled(plugin, state.sampler.last(plugin)?))
    }

    /// Forgets the events so far.
    pub(crate) fn clear_events(&self, now: f64) {
        lock(&self.state).started = now;
    }

    /// Turns extended statistics on for one process, or off.
    pub(crate) fn extend(&self, pid: Option<u32>) {
        let mut state = lock(&self.state);
        let samples_before = state.sampler.samples("processlist");
        state.extended = pid.map(|pid| Extended { pid, samples_before });
    }

    /// The process whose extended statistics are on and were measured: that takes two samples.
    pub(crate) fn extended(&self) -> Option<u32> {
        let state = lock(&self.state);
        let extended = state.extended?;
        let samples = state.sampler.samples("processlist") - extended.samples_before;
        (samples >= 2).then_some(extended.pid)
    }

    /// Stops and starts Glances; with `reboot` the machine too.
    pub(crate) fn restart(&self, now: f64, reboot: bool) {
        let mut state = lock(&self.state);
        state.sampler = Sampler::new(self.flavor(), &self.plugins, now);
        state.started = now;
        state.extended = None;
        if reboot {
            state.boot = now;
        }
        drop(state);
        bump(&self.connections);
    }

    /// How far the machine's clock is ahead, seconds.
    pub(crate) fn skew(&self) -> f64 {
        match lock(&self.state).fault {
            Some(Fault::ClockSkew(secs)) => secs as f64,
            _ => 0.0,
        }
    }

    /// The fault of the whole server.
    pub(crate) fn fault(&self) -> Option<Fault> {
        lock(&self.state).fault.clone()
    }

    /// The fault of a plugin.
    pub(crate) fn plugin_fault(&self, plugin: &str) -> Option<Fault> {
        lock(&self.state).plugin_faults.get(plugin).cloned()
    }

    /// The faults of all plugins.
    pub(crate) fn plugin_faults(&self) -> Vec<(String, Fault)> {
        let state = lock(&self.state);
        state.plugin_faults.iter().map(|(name, fault)| (name.clone(), fault.clone())).collect()
    }

    /// Sets or removes the fault of the whole server and closes its connections.
    pub(crate) fn set_fault(&self, fault: Option<Fault>) {
        let refuses = fault == Some(Fault::Refuse);
        lock(&self.state).fault = fault;
        if refuses {
            self.close_door();
        } else {
            self.open_door();
        }
        bump(&self.connections);
    }

    /// Sets or removes the fault of a plugin.
    pub(crate) fn set_plugin_fault(&self, plugin: &str, fault: Option<Fault>) {
        let mut state = lock(&self.state);
        match fault {
            Some(fault) => state.plugin_faults.insert(plugin.to_owned(), fault),
            None => state.plugin_faults.remove(plugin),
        };
        drop(state);
        bump(&self.plugin_faults);
    }

    /// Changes when every connection must be closed.
    pub(crate) fn connections_closed(&self) -> watch::Receiver<u64> {
        self.connections.subscribe()
    }

    /// Changes when a fault of a plugin is set or removed.
    pub(crate) fn plugin_faults_changed(&self) -> watch::Receiver<u64> {
        self.plugin_faults.subscribe()
    }

    /// Changes when the door is opened or closed.
    pub(crate) fn door_changes(&self) -> watch::Receiver<u64> {
        self.door_changes.subscribe()
    }

    /// The next connection; pending while the door is closed.
    pub(crate) fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<io::Result<TcpStream>> {
        match &*lock(&self.door) {
            Door::Open(listener) => {
                listener.poll_accept(cx).map(|accepted| accepted.map(|(stream, _)| stream))
            }
            Door::Closed(_) | Door::Wanted => Poll::Pending,
        }
    }

    /// Whether the door should be open and is not.
    pub(crate) fn door_is_stuck(&self) -> bool {
        matches!(*lock(&self.door), Door::Wanted)
    }

    /// Closes the listener for good and every connection.
    pub(crate) fn stop(&self) {
        *lock(&self.door) = Door::Closed(None);
        bump(&self.connections);
    }

    fn close_door(&self) {
        let mut door = lock(&self.door);
        if matches!(*door, Door::Closed(_)) {
            return;
        }
        // The listener goes first: its port cannot be bound again while it listens.
        *door = Door::Closed(None);
        *door = Door::Closed(bound(self.port).ok());
        drop(door);
        bump(&self.door_changes);
    }

    /// Listens again on the same port if the door is closed.
    pub(crate) fn open_door(&self) {
        let _within_the_runtime = self.runtime.enter();
        let mut door = lock(&self.door);
        if matches!(*door, Door::Open(_)) {
            return;
        }
        let socket = match std::mem::replace(&mut *door, Door::Wanted) {
            Door::Closed(Some(socket)) => Ok(socket),
            Door::Closed(None) | Door::Wanted | Door::Open(_) => bound(self.port),
        };
        if let Ok(listener) = socket.and_then(|socket| socket.listen(BACKLOG)) {
            *door = Door::Open(listener);
        }
        drop(door);
        bump(&self.door_changes);
    }

    pub(crate) fn count_request(&self) {
        self.requests.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }
}

impl State {
    fn sampled(&self, plugin: &str, sample: Sample) -> Sampled {
        let skew = [self.fault.as_ref(), self.plugin_faults.get(plugin)]
            .into_iter()
            .flatten()
            .find_map(|fault| match fault {
                Fault::ClockSkew(secs) => Some(*secs as f64),
                _ => None,
            });
        let moment = Moment {
            at: sample.at,
            prev: sample.prev,
            boot: self.boot,
            started: self.started,
            skew: skew.unwrap_or(0.0),
        };
        Sampled { moment, wait_secs: sample.wait_secs, ready: sample.ready }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flavor;
    use crate::model::Model;

    const NOW: f64 = 1_795_378_000.0;

    #[tokio::test]
    async fn extended_statistics_take_two_samples() {
        let spec = HostSpec::new("sim", Flavor::V4_5_8, 1);
        let server = Server::listen(spec, 0, NOW).unwrap();
        server.sample("processlist", NOW + 5.0);
        let pid = server.host.processes[0].pid;
        server.extend(Some(pid));
        server.sample("processlist", NOW + 8.0);
        assert_eq!(server.extended(), None);
        server.sample("processlist", NOW + 11.0);
        assert_eq!(server.extended(), Some(pid));
        server.extend(None);
        assert_eq!(server.extended(), None);
    }

    #[tokio::test]
    async fn rates_from_gauges_are_right_across_polls_at_any_distance() {
        for flavor in [Flavor::V4_0_8, Flavor::V4_3_3, Flavor::V4_5_8] {
            let server = Server::listen(HostSpec::new("sim", flavor, 5), 0, NOW).unwrap();
            let mut last: Option<(f64, u64)> = None;
            for step in [2.5, 15.0, 15.0, 3.0, 60.0, 7.0] {
                let at = last.map_or(NOW, |(at, _)| at) + step;
                let sampled = server.sample("network", at).unwrap();
                let model = Model { host: &server.host, moment: sampled.moment };
                let text = flavor::body(&model, "network").unwrap();
                let body: serde_json::Value = serde_json::from_str(&text).unwrap();
                let gauge = body[1]["bytes_recv_gauge"].as_u64().unwrap();
                if let Some((before, counted)) = last {
                    let rate = (gauge - counted) as f64 / (at - before);
                    let expected = server.host.nics[1].recv.mean(before, at);
                    assert!((rate - expected).abs() < 1.0, "{flavor:?}: {rate} {expected}");
                }
                last = Some((at, gauge));
            }
        }
    }
}
