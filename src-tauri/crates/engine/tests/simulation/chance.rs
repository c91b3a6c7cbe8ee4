//! What chance decides.

use std::time::Duration;

use media::testing::Dice;

/// Draws of one run.
pub(crate) struct Draws(Dice);

impl Draws {
    pub(crate) fn new(seed: u64) -> Self {
        Self(Dice::new(seed))
    }

    /// True so often, 0 to 1.
    pub(crate) fn chance(&mut self, probability: f64) -> bool {
        self.0.chance(probability)
    }

    /// One of these, each as often as the number beside it says.
    pub(crate) fn weighted<T: Copy>(&mut self, all: &[(u32, T)]) -> T {
        let sum: u32 = all.iter().map(|(weight, _)| weight).sum();
        let mut at = self.0.roll() * f64::from(sum);
        for (weight, it) in all {
            at -= f64::from(*weight);
            if at < 0.0 {
                return *it;
            }
        }
        all[all.len() - 1].1
    }

    /// Between these, short ones more often.
    pub(crate) fn time(&mut self, from: Duration, to: Duration) -> Duration {
        let roll = self.0.roll();
        from + (to - from).mul_f64(roll * roll)
    }

    /// Zero or one.
    pub(crate) fn side(&mut self) -> usize {
        usize::from(self.0.chance(0.5))
    }
}
