//! Paths as a voice sees them: when each packet comes, by seed.

use bytes::Bytes;

use super::{Arrival, PACKET_MICROS};
use crate::testing::Dice;

/// One direction of a path. Delays in milliseconds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Path {
    pub(super) delay_ms: f64,
    /// Standard deviation of the delay, which changes within some 50 ms.
    pub(super) jitter_ms: f64,
    pub(super) loss: Loss,
    /// Share of packets that come [`OVERTAKEN_MS`] late, alone.
    pub(super) reordered: f64,
    pub(super) spikes: Option<Spikes>,
    pub(super) queue: Queue,
}

/// Which packets are lost.
#[derive(Clone, Copy, Debug)]
pub(super) enum Loss {
    None,
    Random(f64),
    /// Gilbert: probabilities that a burst begins and ends.
    Bursts(f64, f64),
    All,
}

/// Nothing comes for a while and then all at once, again and again.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spikes {
    pub(super) every_ms: u64,
    pub(super) length_ms: u64,
}

/// What stands before a bottleneck.
#[derive(Clone, Copy, Debug)]
pub(super) enum Queue {
    Empty,
    /// Too little capacity: the queue fills within a second and stays between these, milliseconds.
    Full(f64, f64),
    /// Somebody's TCP: fills it to this many milliseconds in so many seconds and lets it empty.
    Sawtooth(f64, f64),
}

impl Path {
    pub(super) const CLEAN: Self = Self {
        delay_ms: 1.0,
        jitter_ms: 0.0,
        loss: Loss::None,
        reordered: 0.0,
        spikes: None,
        queue: Queue::Empty,
    };

    pub(super) const fn late(self, delay_ms: f64, jitter_ms: f64) -> Self {
        Self {
            delay_ms,
            jitter_ms,
            ..self
        }
    }

    pub(super) const fn losing(self, loss: Loss) -> Self {
        Self { loss, ..self }
    }

    pub(super) const fn mixing(self, reordered: f64) -> Self {
        Self { reordered, ..self }
    }

    pub(super) const fn spiking(self, every_ms: u64, length_ms: u64) -> Self {
        let spikes = Some(Spikes {
            every_ms,
            length_ms,
        });
        Self { spikes, ..self }
    }

    pub(super) const fn queueing(self, queue: Queue) -> Self {
        Self { queue, ..self }
    }

    pub(super) const fn longer(self, by_ms: f64) -> Self {
        let delay_ms = self.delay_ms + by_ms;
        Self { delay_ms, ..self }
    }

    const fn has_loss(&self) -> bool {
        !matches!(self.loss, Loss::None)
    }
}

/// The paths of the network lab by their names there, as far as a voice notices.
pub(super) const PROFILES: &[(&str, Path)] = &[
    ("clean", Path::CLEAN),
    ("good", Path::CLEAN.late(10.0, 1.0)),
    ("home", Path::CLEAN.late(20.0, 3.0)),
    (
        "wifi",
        Path::CLEAN
            .late(8.0, 6.0)
            .losing(Loss::Bursts(0.003, 0.3))
            .mixing(0.001),
    ),
    ("lte", Path::CLEAN.late(35.0, 10.0)),
    (
        "moderate",
        Path::CLEAN.late(100.0, 25.0).losing(Loss::Random(0.05)),
    ),
    (
        "bad",
        Path::CLEAN
            .late(60.0, 20.0)
            .losing(Loss::Bursts(0.01, 0.25))
            .mixing(0.01),
    ),
    (
        "awful",
        Path::CLEAN
            .late(250.0, 100.0)
            .losing(Loss::Bursts(0.03, 0.25))
            .mixing(0.05),
    ),
    (
        "loss10",
        Path::CLEAN.late(25.0, 5.0).losing(Loss::Random(0.10)),
    ),
    (
        "burst10",
        Path::CLEAN
            .late(25.0, 5.0)
            .losing(Loss::Bursts(0.039, 0.35)),
    ),
    (
        "satellite",
        Path::CLEAN.late(280.0, 10.0).losing(Loss::Random(0.005)),
    ),
];

/// When the packets of `seconds` of sound come, captured from 0 on, over a path that is one of
/// `steps` after the other, each from so many milliseconds on.
pub(super) fn travel(seed: u64, seconds: u64, steps: &[(u64, Path)]) -> Vec<Arrival> {
    let mut chance = Chance::new(seed);
    (0..seconds * 1_000_000 / PACKET_MICROS)
        .filter_map(|sequence| {
            let sent = (sequence + 1) * PACKET_MICROS;
            let (from, path) = *steps.iter().rev().find(|it| it.0 * 1000 <= sent)?;
            let at = chance.carry(&path, sent, sent - from * 1000)?;
            let copies = steps.iter().any(|it| it.1.has_loss());
            Some(arrival(sequence, at, copies))
        })
        .collect()
}

/// The same packets, where those that come between `from_ms` and `to_ms` come at its end: at once,
/// or `drain` times as fast as they were sent.
pub(super) fn hold(arrivals: &mut [Arrival], from_ms: u64, to_ms: u64, drain: Option<f64>) {
    let (from, to) = (from_ms * 1000, to_ms * 1000);
    for it in arrivals.iter_mut().filter(|it| it.at >= from) {
        let earliest = match drain {
            None => to,
            Some(speed) => to + ((it.at - from) as f64 / speed) as u64,
        };
        it.at = it.at.max(earliest);
    }
}

/// A packet whose payload says which it is; with copies it holds the one before it too.
pub(super) fn arrival(sequence: u64, at: u64, copies: bool) -> Arrival {
    let flags = if copies { 0b0100_0000 } else { 0b1000_0000 };
    let mut payload = vec![15 << 3, flags];
    payload.extend((sequence as u32).to_be_bytes());
    Arrival {
        at,
        sequence,
        time: (sequence * PACKET_MICROS) as i64,
        payload: Bytes::from(payload),
        synchronised: true,
    }
}

struct Chance {
    loss: Dice,
    jitter: Dice,
    order: Dice,
    in_burst: bool,
    shaken: f64,
    /// The latest arrival of a packet that keeps its order.
    latest: u64,
}

impl Chance {
    fn new(seed: u64) -> Self {
        Self {
            loss: Dice::new(seed * 3),
            jitter: Dice::new(seed * 3 + 1),
            order: Dice::new(seed * 3 + 2),
            in_burst: false,
            shaken: 0.0,
            latest: 0,
        }
    }

    /// When a packet arrives that is sent at `sent`, `since` after this path began.
    fn carry(&mut self, path: &Path, sent: u64, since: u64) -> Option<u64> {
        let lost = self.loses(path.loss);
        let delay_ms = path.delay_ms + self.shake() * path.jitter_ms + queued_ms(path.queue, since);
        let mut at = sent + (delay_ms.max(0.0) * 1000.0) as u64;
        if let Some(spikes) = path.spikes {
            let into = at % (spikes.every_ms * 1000);
            at += (spikes.length_ms * 1000).saturating_sub(into);
        }
        if self.order.chance(path.reordered) {
            at += OVERTAKEN_MS * 1000;
        } else {
            self.latest = self.latest.max(at);
            at = self.latest;
        }
        (!lost).then_some(at)
    }

    fn loses(&mut self, loss: Loss) -> bool {
        let roll = self.loss.roll();
        match loss {
            Loss::None => false,
            Loss::Random(share) => roll < share,
            Loss::Bursts(begins, ends) => {
                self.in_burst = if self.in_burst {
                    roll >= ends
                } else {
                    roll < begins
                };
                self.in_burst
            }
            Loss::All => true,
        }
    }

    /// Deviations from the mean, Ornstein–Uhlenbeck, cut off at two.
    fn shake(&mut self) -> f64 {
        let fresh = (0..12).map(|_| self.jitter.roll()).sum::<f64>() - 6.0;
        let kept = (-(PACKET_MICROS as f64) / 50_000.0).exp();
        self.shaken = kept * self.shaken + (1.0 - kept * kept).sqrt() * fresh;
        self.shaken.clamp(-2.0, 2.0)
    }
}

fn queued_ms(queue: Queue, since: u64) -> f64 {
    let seconds = since as f64 / 1e6;
    match queue {
        Queue::Empty => 0.0,
        Queue::Full(least, most) => {
            let wave = (seconds * std::f64::consts::TAU / 1.7).cos();
            (seconds * most).min((least + most) / 2.0 - wave * (most - least) / 2.0)
        }
        Queue::Sawtooth(most, period) => most * (seconds / period).fract(),
    }
}

const OVERTAKEN_MS: u64 = 66;
