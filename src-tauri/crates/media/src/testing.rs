//! What the tests of this crate share.

use std::time::Instant;

/// Some moment: tests count from it and never ask for another.
#[expect(
    clippy::disallowed_methods,
    reason = "an Instant cannot be made any other way"
)]
pub(crate) fn some_instant() -> Instant {
    Instant::now()
}

/// Reproducible chance (xorshift64*).
#[derive(Debug)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// Evenly from 0 to 1.
    pub(crate) fn roll(&mut self) -> f64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 11) as f64 / (1_u64 << 53) as f64
    }

    pub(crate) fn chance(&mut self, probability: f64) -> bool {
        self.roll() < probability
    }
}
