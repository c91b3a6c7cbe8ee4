//! The jitter buffer for sound: packets in as they come, exactly 10 ms out whenever asked.
//!
//! It plays as early as the network allows. The delay aimed at covers 96 of 100 packets by what
//! was measured lately (`delay`); playout moves towards it by cutting out or repeating single
//! periods of the voice (`stretch`), jumps after an outage, and makes up what is missing from the
//! in-band copy in the next packet (RFC 6716, 4.2.4) or by the decoder's concealment, which fades
//! to silence after 100 ms.
//!
//! Owned and called by one thread, the one that pulls; the decoder is passed in. Nothing is
//! allocated while sound runs: packets keep the memory they came in.

mod adapt;
mod level;
mod opus;
mod packets;
mod refill;
mod samples;
mod stats;
mod stretch;
#[cfg(test)]
mod tests;

use std::time::{Duration, Instant};

use thiserror::Error;

pub use self::stats::Stats;

use self::level::Level;
use self::packets::{Inserted, Packets};
use self::refill::{Phase, Unexplained};
use self::samples::Samples;
use crate::backend::audio::SAMPLE_RATE_HZ;
use crate::backend::codec::{AudioDecoder, MAX_OPUS_FRAME};
use crate::frame::ReceivedFrame;
use crate::jitter::delay::{Delay, How};
use crate::time::MediaTime;

/// Samples of one pull: 10 ms at 48 kHz.
pub const PULL: usize = SAMPLE_RATE_HZ as usize / 100;

/// Bounds of the delay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Config {
    /// The least delay to aim at, from the arrival of the fastest packets to their turn.
    pub min_delay: Duration,
    /// The most delay to aim at.
    pub max_delay: Duration,
}

impl Default for Config {
    /// No delay but what the network's jitter asks for, up to 300 ms: beyond that a conversation
    /// suffers more from waiting than from gaps.
    fn default() -> Self {
        Self {
            min_delay: Duration::ZERO,
            max_delay: Duration::from_millis(300),
        }
    }
}

/// Turns packets that come when they like into sound that never stops.
pub struct JitterBuffer {
    config: Config,
    packets: Packets,
    delay: Delay,
    level: Level,
    samples: Samples,
    phase: Phase,
    /// Position after the last decoded sample: what must come next.
    end: i64,
    /// The packet decoded last.
    decoded: Option<Decoded>,
    /// Samples made up since the last real one.
    made_up: usize,
    /// The gap that lasts now.
    unexplained: Unexplained,
    /// Share of packets that did not come in time, lately.
    loss: f32,
    /// Whether playout waits one packet longer, so that lost ones can be rebuilt from the next.
    waits_for_copies: bool,
    stretch_after: Option<Instant>,
    stats: Stats,
    scratch: Box<[f32; MAX_OPUS_FRAME]>,
}

/// What a pull gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Played {
    /// Sound of the other side.
    Sound,
    /// Made up, because packets are missing.
    Concealed,
    /// Nothing: not started, or the sender pauses.
    Silence,
}

/// Where playout stands on the sender's timeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// When the sample that the next pull starts with was captured.
    pub time: MediaTime,
    /// Whether that is on the timeline shared with the pictures, see
    /// [`ReceivedFrame::synchronised`].
    pub synchronised: bool,
}

/// Why a packet was not taken.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum Rejected {
    /// Its turn has passed.
    #[error("packet is late")]
    Late,
    /// It is here already.
    #[error("packet came twice")]
    Duplicate,
    /// It is no Opus packet.
    #[error("packet is malformed")]
    Malformed,
}

impl JitterBuffer {
    /// An empty buffer.
    #[must_use]
    pub fn new(config: Config) -> Self {
        Self {
            config,
            packets: Packets::new(),
            delay: Delay::new(PRIOR),
            level: Level::default(),
            samples: Samples::new(),
            phase: Phase::NotStarted,
            end: 0,
            decoded: None,
            made_up: 0,
            unexplained: Unexplained::default(),
            loss: 0.0,
            waits_for_copies: false,
            stretch_after: None,
            stats: Stats::default(),
            scratch: Box::new([0.0; MAX_OPUS_FRAME]),
        }
    }

    /// Takes a packet, in any order. Its `arrived` says when it came; it may be inserted later.
    ///
    /// # Errors
    /// Says why the packet is of no use; nothing is to be done about it.
    pub fn insert(&mut self, frame: ReceivedFrame) -> Result<(), Rejected> {
        let arrived = frame.arrived;
        let samples = opus::samples(&frame.frame.payload).ok_or(Rejected::Malformed)?;
        if self.packets.is_late(frame.sequence) {
            let position = self.packets.place(&frame, samples);
            self.learn(arrived, position, samples, How::Reordered);
        }
        match self.packets.insert(frame) {
            Ok((inserted, position)) => {
                let how = match inserted {
                    Inserted::Waiting { reordered: false } => How::InOrder,
                    Inserted::Waiting { reordered: true } => How::Reordered,
                    Inserted::Restarted => {
                        self.restart();
                        How::InOrder
                    }
                };
                self.stats.packets_received += 1;
                self.learn(arrived, position, samples, how);
                Ok(())
            }
            Err(rejected) => {
                match rejected {
                    Rejected::Late => self.stats.packets_discarded += 1,
                    Rejected::Duplicate => self.stats.packets_duplicated += 1,
                    Rejected::Malformed => {}
                }
                Err(rejected)
            }
        }
    }

    /// Gives the next 10 ms. To be called every 10 ms of the speaker's clock; a few calls at once
    /// are fine.
    pub fn pull(
        &mut self,
        now: Instant,
        decoder: &mut dyn AudioDecoder,
        out: &mut [f32; PULL],
    ) -> Played {
        self.refill(now, decoder);
        self.adapt(now, decoder);
        let played = self.played();
        self.count(now, played);
        self.samples.pop(out);
        played
    }

    /// Where the next pull starts on the sender's timeline; `None` while nothing plays.
    #[must_use]
    pub fn position(&self) -> Option<Position> {
        let decoded = self.decoded.filter(|_| self.phase.plays())?;
        let ahead = self.front() - decoded.position;
        let time = decoded.time.micros().saturating_add(micros_of(ahead));
        let time = MediaTime::from_micros(time);
        Some(Position {
            time,
            synchronised: decoded.synchronised,
        })
    }

    /// The delay aimed at, from the arrival of the fastest packets to their turn.
    #[must_use]
    pub fn target_delay(&self) -> Duration {
        Duration::from_micros(self.target().unsigned_abs())
    }

    /// Figures since the start.
    #[must_use]
    pub const fn stats(&self) -> Stats {
        self.stats
    }

    fn learn(&mut self, arrived: Instant, position: i64, samples: usize, how: How) {
        self.delay
            .arrival(arrived, micros_of(position), micros_of(samples as i64), how);
    }

    /// The same as [`JitterBuffer::target_delay`] in microseconds.
    fn target(&self) -> i64 {
        let copies = if self.waits_for_copies {
            self.decoded.map_or(0, |it| micros_of(it.samples as i64))
        } else {
            0
        };
        let (min, max) = (
            self.config.min_delay.as_micros(),
            self.config.max_delay.as_micros(),
        );
        (self.delay.needed() + copies).clamp(min as i64, max.max(min) as i64)
    }

    /// The stream starts anew: what was measured of its timeline says nothing any more.
    fn restart(&mut self) {
        self.delay.restart();
        self.level.clear();
        self.phase = Phase::NotStarted;
    }

    /// Position of the first sample that waits decoded.
    const fn front(&self) -> i64 {
        self.end - self.samples.len() as i64
    }

    const fn played(&self) -> Played {
        if !self.phase.plays() {
            Played::Silence
        } else if self.made_up > 0 {
            Played::Concealed
        } else {
            Played::Sound
        }
    }

    /// Counts the pull that is about to be given out.
    fn count(&mut self, now: Instant, played: Played) {
        if self.phase == Phase::NotStarted {
            return;
        }
        self.stats.total_samples_received += PULL as u64;
        let (Played::Sound, Some(decoded)) = (played, self.decoded) else {
            return;
        };
        let earlier = (decoded.position - self.front()).max(0) as f64;
        let since = now.saturating_duration_since(decoded.arrived);
        let delay = since + Duration::from_secs_f64(earlier / f64::from(SAMPLE_RATE_HZ));
        self.stats.jitter_buffer_delay += delay * PULL as u32;
        self.stats.jitter_buffer_target_delay += self.target_delay() * PULL as u32;
        self.stats.jitter_buffer_emitted_count += PULL as u64;
    }
}

impl std::fmt::Debug for JitterBuffer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("JitterBuffer")
            .field("phase", &self.phase)
            .field("target", &self.target_delay())
            .field("stats", &self.stats)
            .finish_non_exhaustive()
    }
}

/// What is remembered of a packet after it was decoded.
#[derive(Clone, Copy, Debug)]
struct Decoded {
    position: i64,
    samples: usize,
    time: MediaTime,
    synchronised: bool,
    arrived: Instant,
    /// Whether it announced a pause (DTX).
    pause: bool,
}

const fn micros_of(samples: i64) -> i64 {
    (samples as i128 * 1_000_000 / SAMPLE_RATE_HZ as i128) as i64
}

/// Before anything is known a network is taken for one with some jitter.
const PRIOR: Duration = Duration::from_millis(15);
