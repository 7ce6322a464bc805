//! When each plugin was last sampled: the rules by which the versions decide whether a request measures
//! anew or repeats the last values. Time is an argument.

use crate::flavor::Flavor;

/// A second during which a server of API 3 or 4 updates nothing again (`--cached-time`).
const CACHED_SECS: f64 = 1.0;
/// How often a server of API 5 samples.
const V5_SECS: f64 = 2.0;
/// `glances-rs` stops sampling a plugin that nobody asked for in this time.
const IDLE_SECS: f64 = 10.0;
/// What `glances-rs` needs for two samples after such a pause.
const COLD_SECS: f64 = 0.251;
/// After a restart the Python preview knows its plugins before it has data.
const NO_DATA_SECS: f64 = 1.0;

/// The samples that an answer is made of.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample {
    /// Time of the sample.
    pub at: f64,
    /// Time of the sample before.
    pub prev: Option<f64>,
    /// Seconds that the answer takes longer.
    pub wait_secs: f64,
    /// Whether there is anything to show yet.
    pub ready: bool,
}

#[derive(Clone, Copy, Debug)]
struct Slot {
    name: &'static str,
    at: f64,
    prev: Option<f64>,
    asked: f64,
    samples: u64,
}

impl Slot {
    fn take(&mut self, now: f64, refresh_secs: f64) {
        if now > self.at && now - self.at >= refresh_secs {
            self.prev = Some(self.at);
            self.at = now;
            self.samples += 1;
        }
    }
}

/// The last samples of a server.
#[derive(Clone, Debug)]
pub struct Sampler {
    flavor: Flavor,
    started: f64,
    updated: f64,
    slots: Vec<Slot>,
}

impl Sampler {
    /// A server that starts now and takes its first sample.
    #[must_use]
    pub fn new(flavor: Flavor, plugins: &[&'static str], now: f64) -> Self {
        let slot =
            |&name: &&'static str| Slot { name, at: now, prev: None, asked: f64::MIN, samples: 0 };
        let slots = plugins.iter().map(slot).collect();
        Self { flavor, started: now, updated: now, slots }
    }

    /// The sample that a request for the plugin sees; `None` for an unknown plugin.
    pub fn request(&mut self, plugin: &str, now: f64) -> Option<Sample> {
        if self.flavor.api() < 5 && !self.flavor.refreshes_one_plugin() {
            self.update_all(now);
        }
        let Self { flavor, started, ref mut updated, ref mut slots } = *self;
        let slot = slots.iter_mut().find(|slot| slot.name == plugin)?;
        if flavor.refreshes_one_plugin() {
            slot.take(now, flavor.refresh_secs(plugin));
            *updated = now;
        }
        Some(read(flavor, started, slot, now))
    }

    /// The samples that a request for everything sees.
    pub fn request_all(&mut self, now: f64) -> Vec<(&'static str, Sample)> {
        self.update_all(now);
        let Self { flavor, started, ref mut slots, .. } = *self;
        slots.iter_mut().map(|slot| (slot.name, read(flavor, started, slot, now))).collect()
    }

    /// The last sample of a plugin, without a new one.
    #[must_use]
    pub fn last(&self, plugin: &str) -> Option<Sample> {
        let slot = self.slots.iter().find(|slot| slot.name == plugin)?;
        Some(Sample { at: slot.at, prev: slot.prev, wait_secs: 0.0, ready: true })
    }

    /// How often a plugin has been sampled since the start.
    #[must_use]
    pub fn samples(&self, plugin: &str) -> u64 {
        self.slots.iter().find(|slot| slot.name == plugin).map_or(0, |slot| slot.samples)
    }

    /// Updates every plugin of a server of API 3 or 4, unless anything was updated a second ago.
    fn update_all(&mut self, now: f64) {
        if self.flavor.api() == 5 || now - self.updated < CACHED_SECS {
            return;
        }
        self.updated = now;
        for slot in &mut self.slots {
            slot.take(now, self.flavor.refresh_secs(slot.name));
        }
    }
}

fn read(flavor: Flavor, started: f64, slot: &mut Slot, now: f64) -> Sample {
    let mut wait_secs = 0.0;
    match flavor {
        Flavor::V3_4_0_5 | Flavor::V4_0_8 | Flavor::V4_3_3 | Flavor::V4_5_8 => {}
        Flavor::V5Python => {
            // Samples by itself, whether anybody asks or not.
            let number = ((now - started) / V5_SECS).floor().max(0.0);
            slot.at = started + number * V5_SECS;
            slot.prev = Some(slot.at - V5_SECS);
        }
        Flavor::V5Rust if now - slot.asked > IDLE_SECS => {
            let compares = matches!(slot.name, "cpu" | "diskio" | "memswap" | "network");
            wait_secs = if compares { COLD_SECS } else { 0.0 };
            slot.at = now + wait_secs;
            slot.prev = Some(now);
        }
        Flavor::V5Rust => {
            let steps = ((now - slot.at) / V5_SECS).floor();
            if steps >= 1.0 {
                slot.at += steps * V5_SECS;
                slot.prev = Some(slot.at - V5_SECS);
            }
        }
    }
    slot.asked = now;
    let ready = flavor != Flavor::V5Python || now - started >= NO_DATA_SECS;
    Sample { at: slot.at, prev: slot.prev, wait_secs, ready }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sampler(flavor: Flavor) -> Sampler {
        Sampler::new(flavor, &flavor.plugins().collect::<Vec<_>>(), 1_000.0)
    }

    fn at(sampler: &mut Sampler, plugin: &str, now: f64) -> (f64, Option<f64>) {
        let sample = sampler.request(plugin, now).unwrap();
        (sample.at, sample.prev)
    }

    #[test]
    fn within_the_refresh_time_the_first_sample_is_repeated() {
        let mut sampler = sampler(Flavor::V4_5_8);
        assert_eq!(at(&mut sampler, "diskio", 1_001.5), (1_000.0, None));
        assert_eq!(at(&mut sampler, "diskio", 1_015.0), (1_015.0, Some(1_000.0)));
        assert_eq!(at(&mut sampler, "diskio", 1_016.0), (1_015.0, Some(1_000.0)));
        assert_eq!(at(&mut sampler, "fs", 1_059.0), (1_000.0, None));
        assert_eq!(at(&mut sampler, "fs", 1_061.0), (1_061.0, Some(1_000.0)));
    }

    #[test]
    fn network_is_sampled_by_every_hit_of_version_4() {
        let mut sampler = sampler(Flavor::V4_5_8);
        assert_eq!(at(&mut sampler, "network", 1_000.3), (1_000.3, Some(1_000.0)));
        assert_eq!(at(&mut sampler, "network", 1_000.6), (1_000.6, Some(1_000.3)));
    }

    #[test]
    fn old_versions_update_everything_with_any_request() {
        let mut sampler = sampler(Flavor::V4_3_3);
        assert_eq!(at(&mut sampler, "mem", 1_010.0), (1_010.0, Some(1_000.0)));
        assert_eq!(sampler.last("diskio").unwrap().at, 1_010.0);
        let mut newer = super::tests::sampler(Flavor::V4_5_8);
        newer.request("mem", 1_010.0);
        assert_eq!(newer.last("diskio").unwrap().at, 1_000.0);
    }

    #[test]
    fn all_stays_frozen_while_somebody_asks_for_one_plugin_every_second() {
        let mut sampler = sampler(Flavor::V4_5_8);
        for i in 1..40 {
            sampler.request("cpu", 1_000.0 + f64::from(i) * 0.5);
        }
        let all = sampler.request_all(1_020.0);
        assert!(all.iter().all(|(name, sample)| *name == "cpu" || sample.at == 1_000.0));
        assert!(sampler.request_all(1_022.0).iter().any(|(_, sample)| sample.at == 1_022.0));
    }

    #[test]
    fn glances_rs_is_cold_after_a_pause_and_warm_after() {
        let mut sampler = sampler(Flavor::V5Rust);
        let cold = sampler.request("cpu", 1_050.0).unwrap();
        assert_eq!((cold.prev, cold.wait_secs), (Some(1_050.0), COLD_SECS));
        let warm = sampler.request("cpu", 1_056.0).unwrap();
        assert_eq!((warm.at - warm.prev.unwrap(), warm.wait_secs), (V5_SECS, 0.0));
        assert!(warm.at <= 1_056.0);
        assert_eq!(sampler.request("load", 1_056.0).unwrap().wait_secs, 0.0);
    }

    #[test]
    fn the_python_preview_has_no_data_right_after_a_restart() {
        let mut sampler = sampler(Flavor::V5Python);
        assert!(!sampler.request("cpu", 1_000.1).unwrap().ready);
        assert!(sampler.request("cpu", 1_003.0).unwrap().ready);
    }

    #[test]
    fn an_unknown_plugin_has_no_sample() {
        assert_eq!(sampler(Flavor::V4_5_8).request("nosuch", 1_001.0), None);
    }
}
