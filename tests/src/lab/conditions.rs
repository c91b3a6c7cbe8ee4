//! What one direction of a link does to packets.

use std::time::Duration;

/// The conditions of one direction. [`Conditions::CLEAN`] does nothing to packets.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Conditions {
    /// Bits that leave in a second, headers of the network included; as many as come without one.
    pub rate_bps: Option<u64>,
    /// A packet that would wait longer than this for its turn is dropped. Counts with a rate only.
    pub queue: Duration,
    /// How long each packet is on its way, beyond the time that its bits need.
    pub delay: Duration,
    /// Standard deviation of the delay: normal, cut off at two deviations and at zero. Packets
    /// that it would let overtake others arrive together with them.
    pub jitter: Duration,
    /// Which packets are lost.
    pub loss: Loss,
    /// Share of packets that [`Conditions::OVERTAKEN`] holds back alone, so that others overtake
    /// them.
    pub reordered: f64,
    /// Share of packets that arrive twice.
    pub repeated: f64,
    /// Nothing passes: what is sent is lost, what is on its way arrives.
    pub outage: bool,
}

/// Which packets are lost on their way. They use up the rate like others.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Loss {
    /// None.
    None,
    /// Each with this probability, whatever became of others.
    Random(f64),
    /// All in a bad state and none in a good one (Gilbert): before each packet a good state turns
    /// bad with probability `begins`, and a bad one good with `ends`. The share that is lost is
    /// `begins / (begins + ends)`, and `1 / ends` of them in a row.
    Bursts {
        /// From good to bad.
        begins: f64,
        /// From bad to good.
        ends: f64,
    },
}

impl Conditions {
    /// Packets pass as they come.
    pub const CLEAN: Self = Self {
        rate_bps: None,
        queue: Duration::ZERO,
        delay: Duration::ZERO,
        jitter: Duration::ZERO,
        loss: Loss::None,
        reordered: 0.0,
        repeated: 0.0,
        outage: false,
    };

    /// How much later a packet arrives that others shall overtake: two pictures' time at 30 a
    /// second, which is more than the gap between packets of any call.
    pub const OVERTAKEN: Duration = Duration::from_millis(66);

    /// The same with a delay and its jitter, both in milliseconds.
    #[must_use]
    pub const fn late(self, delay_ms: u64, jitter_ms: u64) -> Self {
        Self {
            delay: Duration::from_millis(delay_ms),
            jitter: Duration::from_millis(jitter_ms),
            ..self
        }
    }

    /// The same at a rate, with a queue of so many milliseconds before it.
    #[must_use]
    pub const fn at_kbps(self, kbps: u64, queue_ms: u64) -> Self {
        Self {
            rate_bps: Some(kbps * 1000),
            queue: Duration::from_millis(queue_ms),
            ..self
        }
    }

    /// The same with this loss.
    #[must_use]
    pub const fn losing(self, loss: Loss) -> Self {
        Self { loss, ..self }
    }

    /// The same with these shares of packets out of order, and twice.
    #[must_use]
    pub const fn mixing(self, reordered: f64, repeated: f64) -> Self {
        Self {
            reordered,
            repeated,
            ..self
        }
    }
}

impl Default for Conditions {
    fn default() -> Self {
        Self::CLEAN
    }
}
