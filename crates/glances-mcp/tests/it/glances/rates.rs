//! Rates against the kernel's own counters.

use std::time::Duration;

use serde_json::json;

use super::{
    config_of,
    real::{Glances, loopback_bytes, traffic},
};
use crate::support::Server;

/// The truth comes from the kernel. A second client asks the same Glances four times a second,
/// which ruins the rates that Glances itself computes.
#[tokio::test(flavor = "multi_thread")]
async fn network_rates_are_true_while_another_client_polls_too() {
    const WINDOW: Duration = Duration::from_secs(10);
    let mut running = Vec::new();
    for version in ["4.5.8", "4.3.3", "3.4.0.5"] {
        running.push(Glances::start(version, None).await);
    }
    let server = Server::start(&config_of(&running, "2s")).await;
    server.counts("up", 3).await;
    let _traffic = traffic(20 << 20);
    let rivals: Vec<_> = running.iter().map(Glances::rival).collect();
    // Until every sample of a window lies within the traffic.
    tokio::time::sleep(Duration::from_secs(5)).await;
    let (before, started) = (loopback_bytes(), std::time::Instant::now());
    let mut seen: Vec<Vec<f64>> = vec![Vec::new(); running.len()];
    while started.elapsed() < WINDOW {
        for (glances, seen) in running.iter().zip(&mut seen) {
            let lo = json!({"servers": [glances.alias], "interface": "lo"});
            let reply = server.ask("get_network_stats", lo).await;
            let bits = reply["interfaces"][0]["in_bits_per_second"].as_f64().unwrap();
            if seen.last() != Some(&bits) {
                seen.push(bits);
            }
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    #[expect(clippy::cast_precision_loss, reason = "bytes stay below 2^53")]
    let truth = (loopback_bytes() - before) as f64 * 8.0 / started.elapsed().as_secs_f64();
    drop(rivals);
    for (glances, seen) in running.iter().zip(&seen) {
        assert!(seen.len() >= 3, "{}: {seen:?}", glances.alias);
        #[expect(clippy::cast_precision_loss, reason = "a handful")]
        let mean = seen.iter().sum::<f64>() / seen.len() as f64;
        let off = (mean / truth - 1.0).abs();
        assert!(off < 0.15, "{}: {mean} against {truth}, samples {seen:?}", glances.alias);
    }
}
