//! Random numbers for simulations: a seed in, the same numbers out on every machine.
//! Not for secrets.

use std::f64::consts::TAU;

use crate::numbers::count;

/// SplitMix64: Steele, Lea & Flood, "Fast Splittable Pseudorandom Number Generators" (2014).
/// Passes BigCrush, and any seed is as good as any other.
pub(crate) struct Draws(u64);

impl Draws {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }

    /// Uniform in 0..1, 1 excluded.
    #[expect(clippy::cast_precision_loss, reason = "53 bits are what a float holds")]
    pub(crate) fn uniform(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// One of 0..n; 0 for an empty range.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within 0..n")]
    pub(crate) fn below(&mut self, n: usize) -> usize {
        ((self.uniform() * count(n)) as usize).min(n.saturating_sub(1))
    }

    /// Standard normal (Box & Muller 1958).
    pub(crate) fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.uniform()).ln()).sqrt();
        radius * (TAU * self.uniform()).cos()
    }

    /// Puts a list into random order (Fisher & Yates).
    pub(crate) fn shuffle(&mut self, list: &mut [f64]) {
        for end in (1..list.len()).rev() {
            list.swap(end, self.below(end + 1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_draws_the_same_numbers() {
        let (mut one, mut other) = (Draws::new(7), Draws::new(7));
        assert!((0..100).all(|_| one.bits() == other.bits()));
    }

    #[test]
    fn normal_draws_have_mean_0_and_deviation_1() {
        let mut draws = Draws::new(1);
        let drawn: Vec<f64> = (0..20_000).map(|_| draws.normal()).collect();
        let mean = drawn.iter().sum::<f64>() / 20_000.0;
        let variance = drawn.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 20_000.0;
        assert!(mean.abs() < 0.03 && (variance - 1.0).abs() < 0.05, "{mean} {variance}");
    }

    #[test]
    fn an_index_stays_in_its_range() {
        let mut draws = Draws::new(2);
        assert!((0..1_000).all(|_| draws.below(3) < 3));
        assert_eq!(draws.below(0), 0);
    }
}
