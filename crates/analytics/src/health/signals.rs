//! The signals of a score: what they weigh, and from where to where they are bad.

/// What a signal tells of a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Aspect {
    /// Something failed.
    Errors,
    /// Work waits.
    Saturation,
    /// Work is slow or wrong, as its callers see it.
    Service,
    /// Something is busy. That alone is no harm: it costs at most 40 points.
    Utilisation,
    /// Something is unusual, or will be bad soon.
    Outlook,
}

/// From where a value is a worry to where it is an emergency, in the unit of the signal. Where
/// less is worse, `critical` is below `warning`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HealthLimits {
    /// Up to here all is well.
    pub warning: f64,
    /// From here on it cannot get worse.
    pub critical: f64,
}

impl HealthLimits {
    /// 0 at `warning` or better, 1 at `critical` or worse, linear between. Where the two are the
    /// same, 1 from there upwards. `None` for a value or a limit that is not finite.
    ///
    /// ```
    /// use analytics::HealthLimits;
    ///
    /// let free_memory = HealthLimits { warning: 10.0, critical: 5.0 };
    /// assert_eq!(free_memory.badness(7.5), Some(0.5));
    /// assert_eq!(free_memory.badness(60.0), Some(0.0));
    /// assert_eq!(free_memory.badness(f64::NAN), None);
    /// ```
    #[must_use]
    pub fn badness(&self, value: f64) -> Option<f64> {
        let (way, whole) = (value - self.warning, self.critical - self.warning);
        if !way.is_finite() || !whole.is_finite() {
            None
        } else if whole == 0.0 {
            Some(if way >= 0.0 { 1.0 } else { 0.0 })
        } else {
            Some((way / whole).clamp(0.0, 1.0))
        }
    }
}

/// A kind of signal.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HealthSignalKind {
    /// What it is called in the deductions.
    pub name: &'static str,
    /// What it tells.
    pub aspect: Aspect,
    /// How much of the score it can cost, 0..=1.
    pub weight: f64,
    /// From where to where it is bad.
    pub limits: HealthLimits,
}

/// An expected signal of a host.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HealthSignal {
    /// Which one.
    pub kind: HealthSignalKind,
    /// Its debounced value; `None` when it was not measured.
    pub value: Option<f64>,
}

impl HealthSignal {
    /// A signal of that kind.
    #[must_use]
    pub const fn of(kind: &HealthSignalKind, value: Option<f64>) -> Self {
        Self { kind: *kind, value }
    }
}

/// The signals that are known, one row each.
pub mod health_signals {
    use super::{Aspect, HealthLimits, HealthSignalKind};

    const fn kind(
        name: &'static str,
        aspect: Aspect,
        weight: f64,
        [warning, critical]: [f64; 2],
    ) -> HealthSignalKind {
        HealthSignalKind { name, aspect, weight, limits: HealthLimits { warning, critical } }
    }

    use Aspect::{Errors, Outlook, Saturation, Service, Utilisation};

    /// Failed disks, arrays, units, containers; processes killed for memory. One is half bad, two
    /// are an emergency.
    pub const FAILURES: HealthSignalKind = kind("failures", Errors, 1.0, [0.0, 2.0]);
    /// Fullest file system or inode table.
    pub const DISK_PERCENT: HealthSignalKind =
        kind("disk_used_percent", Saturation, 1.0, [85.0, 95.0]);
    /// Median of the days until a file system is full.
    pub const DAYS_TO_FULL: HealthSignalKind = kind("days_to_full", Saturation, 1.0, [7.0, 1.0]);
    /// Memory that can be had without swapping.
    pub const MEMORY_AVAILABLE_PERCENT: HealthSignalKind =
        kind("memory_available_percent", Saturation, 0.9, [10.0, 5.0]);
    /// Five-minute load for each core.
    pub const LOAD_PER_CORE: HealthSignalKind = kind("load_per_core", Saturation, 0.8, [1.5, 3.0]);
    /// Share of CPU time that waits for disks.
    pub const IOWAIT_PERCENT: HealthSignalKind =
        kind("iowait_percent", Saturation, 0.8, [20.0, 50.0]);
    /// How many times too fast the error budget burns (SRE workbook, multi-window).
    pub const SLO_BURN: HealthSignalKind = kind("slo_burn", Service, 1.0, [6.0, 14.4]);
    /// Share of CPU time that is not idle.
    pub const CPU_PERCENT: HealthSignalKind = kind("cpu_percent", Utilisation, 0.5, [85.0, 97.0]);
    /// Share of memory in use.
    pub const MEMORY_PERCENT: HealthSignalKind =
        kind("memory_percent", Utilisation, 0.6, [85.0, 95.0]);
    /// Busiest interface, share of its speed.
    pub const NETWORK_PERCENT: HealthSignalKind =
        kind("network_percent", Utilisation, 0.5, [70.0, 90.0]);
    /// Strongest record-breaking anomaly, in usual errors.
    pub const ANOMALY_Z: HealthSignalKind = kind("anomaly_z", Outlook, 0.3, [6.0, 12.0]);
    /// Probability that a limit is crossed within a day, 0..=1.
    pub const BREACH_PROBABILITY: HealthSignalKind =
        kind("breach_probability", Outlook, 0.3, [0.5, 0.95]);
}
