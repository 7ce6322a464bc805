//! What recorded replies of real Glances servers take: decoded by the client, replayed every minute
//! with small changes, since one recording has no time in it.

use std::{collections::BTreeMap, path::Path, sync::Arc, time::Duration};

use fleet_sim::load::{hash, unit};
use glances_client::{
    ApiVersion, Client, ClientOptions, Plugin,
    model::{Meter, Payload},
};
use glances_mcp::{
    ingest::Recorded,
    model::{Criticality, HostName},
    snapshot::{Host, Reach, Reading, Snapshot},
    store::{Sql, Store as _},
};
use jiff::Timestamp;
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

use super::{BEGIN, UPKEEP_EVERY, feed, size};

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../glances-client/fixtures/4.5.8");
const INTERVAL_SECS: u32 = 60;
const DEADLINE: Duration = Duration::from_secs(5);

pub(crate) async fn run(hours: u32) {
    let payloads = recorded_payloads().await;
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("history.db");
    let store = Sql::open(&file, "bench").await.unwrap();
    let host = Arc::new(Host {
        alias: HostName::parse("recorded").unwrap(),
        url: "http://recorded:61208".to_owned(),
        environment: None,
        region: None,
        tags: Vec::new(),
        criticality: Criticality::Normal,
        cost_per_month: None,
        paused: false,
        interval: Duration::from_secs(INTERVAL_SECS.into()),
        depends_on: Vec::new(),
        timezone: jiff::tz::TimeZone::UTC,
    });
    let mut recorded = Recorded::default();
    let rounds = u64::from(hours * 3_600 / INTERVAL_SECS);
    for round in 0..rounds {
        let secs = BEGIN as i64 + round as i64 * i64::from(INTERVAL_SECS);
        let snapshot = snapshot(&host, &payloads, secs, round);
        store.append(&feed::noted(&mut recorded, &[Arc::new(snapshot)])).await.unwrap();
        if round % UPKEEP_EVERY == UPKEEP_EVERY - 1 {
            feed::keep_up(&store, secs).await;
        }
    }
    let written = store.size().await.unwrap();
    drop(store);
    println!(
        "recorded replies of Glances 4.5.8, {} plugins, replayed {rounds} times with a random walk of \
         1 % on every number that moves\n",
        payloads.len()
    );
    size::table(&file, written.values).await;
}

fn snapshot(
    host: &Arc<Host>,
    payloads: &BTreeMap<Plugin, Payload>,
    secs: i64,
    round: u64,
) -> Snapshot {
    let at = Timestamp::from_second(secs).unwrap();
    let readings = payloads.iter().map(|(plugin, payload)| {
        let mut payload = payload.clone();
        shake(&mut payload, round);
        let payload = Some(Arc::new(payload));
        (*plugin, Reading { payload, at: Some(at), tried: Some(at) })
    });
    let reach = Reach {
        first_attempt: Some(at),
        last_attempt: Some(at),
        last_success: Some(at),
        attempts: round + 1,
        latency_ms: [3.0 + 2.0 * unit(round, 9)].into(),
        ..Reach::default()
    };
    Snapshot {
        readings: readings.collect(),
        reach,
        settled: true,
        ..Snapshot::unseen(host.clone())
    }
}

/// A slow walk around 1, different for every number.
fn walk(round: u64, salt: u64) -> f64 {
    let step = |scale: u64| unit(hash(salt, scale), round / scale) - 0.5;
    1.0 + 0.01 * (step(1) + step(13) + step(97))
}

/// Moves the numbers that move on a real machine, in the steps in which Glances tells them.
fn shake(payload: &mut Payload, round: u64) {
    let percent = |value: &mut Option<f64>, salt| {
        if let Some(value) = value.as_mut().filter(|value| **value != 0.0) {
            *value = (*value * walk(round, salt) * 10.0).round() / 10.0;
        }
    };
    let bytes = |value: &mut Option<u64>, salt| {
        if let Some(value) = value {
            *value = (*value as f64 * walk(round, salt)) as u64 / 4_096 * 4_096;
        }
    };
    let rate = |meter: &mut Meter, salt| {
        // Counters count whole things; the client divides by its own clock.
        let elapsed = f64::from(INTERVAL_SECS) + 0.01 * unit(salt, round);
        let per_sec = meter.per_sec.unwrap_or_default();
        let grown = (per_sec * elapsed * (0.5 + unit(salt, hash(round, 1)))).floor();
        meter.per_sec = Some(grown / elapsed);
    };
    match payload {
        Payload::Cpu(cpu) => {
            let all =
                [&mut cpu.total, &mut cpu.user, &mut cpu.system, &mut cpu.idle, &mut cpu.iowait];
            all.into_iter().zip(0..).for_each(|(value, salt)| percent(value, salt));
            let all = [&mut cpu.ctx_switches, &mut cpu.interrupts, &mut cpu.soft_interrupts];
            all.into_iter().zip(10..).for_each(|(meter, salt)| rate(meter, salt));
        }
        Payload::PerCpu(cores) => {
            cores.iter_mut().zip(20..).for_each(|(core, salt)| percent(&mut core.total, salt));
        }
        Payload::Load(load) => {
            for (value, salt) in
                [&mut load.min1, &mut load.min5, &mut load.min15].into_iter().zip(40..)
            {
                *value = value.map(|it| (it * walk(round, salt) * 2_048.0).round() / 2_048.0);
            }
        }
        Payload::Mem(mem) => {
            percent(&mut mem.percent, 50);
            let all = [&mut mem.used, &mut mem.available, &mut mem.free, &mut mem.cached];
            all.into_iter().zip(51..).for_each(|(value, salt)| bytes(value, salt));
            let all = [&mut mem.active, &mut mem.inactive, &mut mem.buffers, &mut mem.shared];
            all.into_iter().zip(55..).for_each(|(value, salt)| bytes(value, salt));
        }
        Payload::Fs(all) => {
            for (fs, salt) in all.iter_mut().zip(60..) {
                bytes(&mut fs.used, salt);
                bytes(&mut fs.free, salt);
            }
        }
        Payload::DiskIo(all) => {
            for (disk, salt) in all.iter_mut().zip((100..).step_by(8)) {
                let meters = [
                    &mut disk.read_bytes,
                    &mut disk.write_bytes,
                    &mut disk.read_count,
                    &mut disk.write_count,
                    &mut disk.read_time_ms,
                    &mut disk.write_time_ms,
                ];
                meters.into_iter().zip(salt..).for_each(|(meter, salt)| rate(meter, salt));
            }
        }
        Payload::Network(all) => {
            for (nic, salt) in all.iter_mut().zip((500..).step_by(2)) {
                rate(&mut nic.bytes_recv, salt);
                rate(&mut nic.bytes_sent, salt + 1);
            }
        }
        Payload::Containers(all) => {
            for (container, salt) in all.iter_mut().zip((700..).step_by(4)) {
                container.cpu_percent = container.cpu_percent.map(|it| it * walk(round, salt));
                bytes(&mut container.memory_used, salt + 1);
                rate(&mut container.network_recv, salt + 2);
                rate(&mut container.network_sent, salt + 3);
            }
        }
        Payload::Uptime(secs) => *secs += (round * u64::from(INTERVAL_SECS)) as f64,
        _ => {}
    }
}

/// The recorded bodies, through the client that decodes them in the product.
async fn recorded_payloads() -> BTreeMap<Plugin, Payload> {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let read = async {
        let client = Client::new(ClientOptions::new(url)).unwrap();
        let mut payloads = BTreeMap::new();
        for plugin in Plugin::ALL {
            if let Ok(payload) = client.fetch(ApiVersion::V4, *plugin, DEADLINE).await {
                payloads.insert(*plugin, payload);
            }
        }
        payloads
    };
    tokio::select! {
        payloads = read => payloads,
        () = serve(&listener) => unreachable!("it serves on and on"),
    }
}

/// Answers one request a connection with the recording of its plugin.
async fn serve(listener: &TcpListener) {
    loop {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = vec![0; 4_096];
        let length = stream.read(&mut request).await.unwrap();
        let text = String::from_utf8_lossy(&request[..length]).into_owned();
        let path = text.split(' ').nth(1).unwrap_or_default();
        let plugin = path.rsplit('/').next().unwrap_or_default();
        let body = std::fs::read(Path::new(FIXTURES).join(format!("{plugin}.json")));
        let (status, body) = body.map_or((404, b"{}".to_vec()), |body| (200, body));
        let head = format!(
            "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\
             connection: close\r\n\r\n",
            body.len()
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(&body).await.unwrap();
    }
}
