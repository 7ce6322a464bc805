//! A scripted change on top of a rate or a level: it rises, holds and falls. Closed formulas.

/// One rise, hold and fall.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bump {
    /// When it begins to rise, seconds since 1970.
    pub begin: f64,
    /// Seconds of the rise; 0 jumps.
    pub rise_secs: f64,
    /// When it begins to fall.
    pub end: f64,
    /// Seconds of the fall; 0 drops.
    pub fall_secs: f64,
    /// Amount added while it holds.
    pub height: f64,
}

impl Bump {
    /// A jump to `height` and back.
    #[must_use]
    pub const fn block(begin: f64, end: f64, height: f64) -> Self {
        Self { begin, rise_secs: 0.0, end, fall_secs: 0.0, height }
    }

    /// A steady growth up to `height`, which is gone at once at the end.
    #[must_use]
    pub fn ramp(begin: f64, end: f64, height: f64) -> Self {
        Self { rise_secs: (end - begin).max(0.0), ..Self::block(begin, end, height) }
    }

    /// The same, not at once: it rises and falls in so many seconds.
    #[must_use]
    pub const fn soft(mut self, rise_secs: f64, fall_secs: f64) -> Self {
        self.rise_secs = rise_secs;
        self.fall_secs = fall_secs;
        self
    }

    /// The rise ends before the fall begins.
    fn rise(&self) -> f64 {
        self.rise_secs.clamp(0.0, (self.end - self.begin).max(0.0))
    }

    /// The amount at a time.
    #[must_use]
    pub fn value(&self, time: f64) -> f64 {
        if time < self.begin || time >= self.end + self.fall_secs {
            return 0.0;
        }
        let rise = self.rise();
        match () {
            () if time < self.begin + rise => self.height * (time - self.begin) / rise,
            () if time < self.end => self.height,
            () => self.height * (1.0 - (time - self.end) / self.fall_secs),
        }
    }

    /// The amount that flowed until a time.
    fn until(&self, time: f64) -> f64 {
        let rise = self.rise();
        let rising = (time - self.begin).clamp(0.0, rise);
        let holding =
            (time - self.begin - rise).clamp(0.0, (self.end - self.begin - rise).max(0.0));
        let falling = (time - self.end).clamp(0.0, self.fall_secs.max(0.0));
        let half =
            |part: f64, whole: f64| if whole > 0.0 { part * part / (2.0 * whole) } else { 0.0 };
        self.height * (half(rising, rise) + holding + falling - half(falling, self.fall_secs))
    }

    /// The amount that flowed from one time to another.
    #[must_use]
    pub fn integral(&self, from: f64, to: f64) -> f64 {
        self.until(to) - self.until(from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bump_rises_holds_falls_and_its_integral_is_the_sum_of_it() {
        let soft = Bump::block(100.0, 400.0, 6.0).soft(60.0, 120.0);
        assert_eq!(
            [90.0, 130.0, 200.0, 460.0, 520.0].map(|t| soft.value(t)),
            [0.0, 3.0, 6.0, 3.0, 0.0]
        );
        for bump in [soft, Bump::block(100.0, 400.0, 6.0), Bump::ramp(100.0, 400.0, 6.0)] {
            let step = 0.1;
            let sum: f64 = (0..6_000).map(|i| bump.value((f64::from(i) + 0.5) * step) * step).sum();
            assert!((sum - bump.integral(0.0, 600.0)).abs() < 1.0, "{bump:?} {sum}");
        }
    }

    #[test]
    fn a_rise_longer_than_the_bump_reaches_its_height_at_the_end() {
        let bump = Bump::block(0.0, 10.0, 4.0).soft(1_000.0, 0.0);
        assert!((bump.value(9.999) - 4.0).abs() < 0.01);
        assert!((bump.integral(-5.0, 50.0) - 20.0).abs() < 1e-9);
    }
}
