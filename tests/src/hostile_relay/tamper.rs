//! What can be done with an envelope.

use std::time::Duration;

use super::Envelope;

/// Decides what becomes of each envelope, in the order in which they come.
pub trait Tamper: Send {
    /// What is delivered instead of this envelope; nothing drops it.
    fn pass(&mut self, envelope: Envelope) -> Vec<Delivery>;
}

impl<F: FnMut(Envelope) -> Vec<Delivery> + Send> Tamper for F {
    fn pass(&mut self, envelope: Envelope) -> Vec<Delivery> {
        self(envelope)
    }
}

/// Something to be delivered.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// How much later.
    pub after: Duration,
    /// What.
    pub envelope: Envelope,
}

/// The delivery of an envelope at once.
#[must_use]
pub fn pass(envelope: Envelope) -> Delivery {
    Delivery {
        after: Duration::ZERO,
        envelope,
    }
}

/// Passes everything on as it is.
#[derive(Clone, Copy, Debug)]
pub struct Faithful;

impl Tamper for Faithful {
    fn pass(&mut self, envelope: Envelope) -> Vec<Delivery> {
        vec![pass(envelope)]
    }
}

/// Numbers that look random and are the same in every run (xorshift64*).
#[derive(Clone, Copy, Debug)]
pub struct Random(u64);

impl Random {
    /// A sequence of its own for each seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed ^ 0x9e37_79b9_7f4a_7c15)
    }

    /// The next number below `bound`, which is not 0.
    pub const fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let number = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 32;
        number as usize % bound
    }

    /// A delay below `bound`.
    pub fn delay(&mut self, bound: Duration) -> Duration {
        let millis = usize::try_from(bound.as_millis()).unwrap_or(usize::MAX);
        Duration::from_millis(self.below(millis.max(1)) as u64)
    }
}
