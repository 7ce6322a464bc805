//! What a score looks at: a row a signal. Weights and limits are those of the catalogue of metrics,
//! so that a score, a finding and an alert call the same number bad.

use std::sync::LazyLock;

use analytics::{Aspect, HealthLimits, HealthSignalKind, health_signals};

use crate::metric::{METRICS, Metric, Worse};

/// When a value counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Proof {
    /// As it is: a state, or a mean of minutes already.
    Itself,
    /// While its alert fires: the number of one poll jumps, and the alert is patient.
    Alert,
    /// While the load says that work waits: no rule watches it unless the operator wants one.
    Load,
}

/// One row.
pub(super) struct Signal {
    pub(super) metric: &'static Metric,
    pub(super) aspect: Aspect,
    pub(super) proof: Proof,
    /// Every machine has it: without it the score is less sure.
    pub(super) expected: bool,
}

use Aspect::{Errors, Outlook, Saturation, Service, Utilisation};

const ROWS: &[(&str, Aspect, Proof, bool)] = &[
    ("fs.percent", Saturation, Proof::Itself, true),
    // What is in use and what is available are one number, and count once.
    ("mem.percent", Saturation, Proof::Itself, true),
    ("load.min5", Saturation, Proof::Itself, true),
    ("cpu.total", Utilisation, Proof::Alert, true),
    ("cpu.iowait", Saturation, Proof::Load, false),
    ("cpu.steal", Saturation, Proof::Alert, false),
    ("memswap.percent", Utilisation, Proof::Itself, false),
    ("network.use", Utilisation, Proof::Alert, false),
    ("connections.nf_conntrack_percent", Saturation, Proof::Itself, false),
    // Chips have limits of their own, which the alert knows.
    ("sensors.temperature", Saturation, Proof::Alert, false),
    ("gpu.temperature", Saturation, Proof::Alert, false),
    ("raid.degraded", Errors, Proof::Itself, false),
    ("smart.failed", Errors, Proof::Itself, false),
    // One lost packet is none.
    ("ports.up", Errors, Proof::Alert, false),
    ("containers.unhealthy", Errors, Proof::Itself, false),
    ("containers.memory_percent", Saturation, Proof::Itself, false),
];

/// Weights of the catalogue that no signal of its own has: `cpu.system` is a part of `cpu.total`,
/// swapping is judged by the alert on both directions at once, a battery is not health.
#[cfg(test)]
const LEFT_OUT: &[&str] = &["cpu.system", "memswap.sin", "memswap.sout", "sensors.battery"];

/// The rows with their metrics.
pub(super) static SIGNALS: LazyLock<Vec<Signal>> = LazyLock::new(|| {
    let signal = |(path, aspect, proof, expected): &(&str, Aspect, Proof, bool)| {
        let metric = METRICS.iter().find(|metric| metric.path == *path)?;
        Some(Signal { metric, aspect: *aspect, proof: *proof, expected: *expected })
    };
    ROWS.iter().filter_map(signal).collect()
});

/// The paths whose past is read, to score it.
pub fn paths() -> impl Iterator<Item = &'static str> {
    SIGNALS.iter().map(|signal| signal.metric.path)
}

impl Signal {
    /// Weight, and from where to where it is bad: warning to critical of the catalogue. A metric
    /// that is worse when low is turned around. Errors are counted: one is half bad, two are an
    /// emergency.
    pub(super) fn kind(&self) -> HealthSignalKind {
        let [_, warning, critical] = self.metric.thresholds.unwrap_or([f64::NAN; 3]);
        let limits = match self.aspect {
            Errors => health_signals::FAILURES.limits,
            _ => HealthLimits { warning: self.turned(warning), critical: self.turned(critical) },
        };
        let weight = f64::from(self.metric.weight) / WEIGHT_WHOLE;
        HealthSignalKind { name: self.metric.path, aspect: self.aspect, weight, limits }
    }

    /// A value so that more is worse.
    pub(super) fn turned(&self, value: f64) -> f64 {
        if self.metric.worse == Worse::Low { -value } else { value }
    }

    /// The value beyond which an item is bad. A flag is set when it was for half of an hour.
    pub(super) fn well_up_to(&self) -> f64 {
        if self.aspect == Errors { FLAG_SET } else { self.threshold() }
    }

    /// The limit from which on it costs points.
    pub(super) fn threshold(&self) -> f64 {
        self.metric.thresholds.map_or(f64::NAN, |[_, warning, _]| warning)
    }
}

/// A flag is set or not; the mean of an hour may be between.
const FLAG_SET: f64 = 0.5;
/// Weights of the catalogue are from 0 to this.
const WEIGHT_WHOLE: f64 = 10.0;

/// Series that only alerts look at, with their weight.
pub(super) const ALERTED: &[(&str, Aspect, f64)] = &[
    ("fs.read_only", Errors, 0.9),
    ("fs.full_in", Saturation, 0.9),
    ("memswap.storm", Saturation, 0.8),
    ("containers.restarting", Errors, 0.5),
    ("amps.out_of_range", Errors, 0.5),
    ("server.clock_skew", Errors, 0.3),
    ("server.rebooted", Outlook, 0.2),
];

/// What other alerts weigh: the operator wants to know, and we do not know how bad it is.
pub(super) const OTHER_ALERT: (&str, Aspect, f64) = ("alert", Errors, 0.4);

/// Alerts about reaching a server: it has no score then, or one that is marked by its age.
pub(super) const ABOUT_REACH: &[&str] =
    &["server.failures", "server.auth_failed", "server.no_data", "server.stale"];

/// Share of our polls of a day that were answered, percent. A quarter of an hour a day is nothing,
/// two hours and a half are an emergency.
pub const ANSWERED: HealthSignalKind = HealthSignalKind {
    name: "polls_answered_24h",
    aspect: Service,
    weight: 0.5,
    limits: HealthLimits { warning: 99.0, critical: 90.0 },
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_weight_of_the_catalogue_is_a_signal_or_left_out_by_name() {
        assert_eq!(SIGNALS.len(), ROWS.len(), "each row names a metric");
        for metric in METRICS.iter().filter(|metric| metric.weight > 0) {
            let used = SIGNALS.iter().any(|signal| signal.metric.path == metric.path);
            let left_out = LEFT_OUT.contains(&metric.path);
            assert!(used != left_out, "{}", metric.path);
        }
        for signal in SIGNALS.iter() {
            let kind = signal.kind();
            assert!(kind.weight > 0.0 && kind.limits.badness(0.0).is_some(), "{}", kind.name);
        }
    }
}
