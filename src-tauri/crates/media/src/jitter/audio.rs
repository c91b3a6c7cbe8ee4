//! The jitter buffer for sound: packets in as they come, exactly 10 ms out whenever asked.
//!
//! It plays as early as the network allows. The delay aimed at covers 96 of 100 packets by what
//! was measured lately (`delay`). Playout moves towards it by removing or repeating single periods
//! of the voice (`adapt`, `stretch`) and jumps after an outage. What is missing is rebuilt from the
//! in-band copy in the next packet (RFC 6716, 4.2.4) or concealed by the decoder, which fades to
//! silence after 100 ms (`fill`). The order of all this is in `refill`.
//!
//! Two seconds after a disturbance of the network the delay is within 20 ms of what it would be
//! without it, whether packets were held back, came unevenly, or go another way from then on: most
//! of a second tells that the cause is gone (`delay`), and another one makes up for up to 300 ms.
//! What would wait for longer is skipped. [`JitterBuffer::position`] stays true meanwhile, so that
//! pictures follow.
//!
//! Owned and called by one thread, the one that pulls; the decoder is passed in. Nothing is
//! allocated while sound runs: packets keep the memory they came in.
//!
//! ```
//! use media::backend::codec::{AudioDecoder, AudioInput, CodecError};
//! use media::frame::{EncodedFrame, ReceivedFrame};
//! use media::jitter::audio::{Config, JitterBuffer, PULL, Played};
//! use media::time::MediaTime;
//!
//! /// Stands for an Opus decoder.
//! #[derive(Debug)]
//! struct Hum;
//!
//! impl AudioDecoder for Hum {
//!     fn decode(&mut self, _: AudioInput<'_>, out: &mut [f32]) -> Result<usize, CodecError> {
//!         let samples = out.len().min(960);
//!         out[..samples].fill(0.1);
//!         Ok(samples)
//!     }
//! }
//!
//! let mut buffer = JitterBuffer::new(Config::default());
//! let mut out = [0.0; PULL];
//! let now = std::time::Instant::now();
//! assert_eq!(buffer.pull(now, &mut Hum, &mut out), Played::Silence);
//!
//! buffer.insert(ReceivedFrame {
//!     frame: EncodedFrame {
//!         time: MediaTime::from_micros(0),
//!         keyframe: true,
//!         payload: vec![15 << 3, 0, 0].into(), // 20 ms of Opus
//!     },
//!     sequence: 0,
//!     arrived: now,
//!     after_loss: false,
//!     synchronised: true,
//! })?;
//! // The delay aimed at before anything is known has passed.
//! let later = now + buffer.target_delay();
//! assert_eq!(buffer.pull(later, &mut Hum, &mut out), Played::Sound);
//! # Ok::<(), media::jitter::audio::Rejected>(())
//! ```

mod adapt;
mod counts;
mod fec;
mod fill;
pub mod opus;
mod packets;
mod phase;
mod playout_buffer;
mod refill;
mod slack;
mod stats;
mod stretch;
#[cfg(test)]
mod tests;
mod timeline;
mod units;

use std::time::{Duration, Instant};

use thiserror::Error;

pub use self::stats::Stats;

use self::counts::Counts;
use self::fec::FecWait;
use self::packets::{Inserted, Packets};
use self::phase::Phase;
use self::playout_buffer::PlayoutBuffer;
use self::slack::SlackWindow;
use self::units::{SamplePosition, Samples, Sequence};
use crate::backend::audio::SAMPLE_RATE_HZ;
use crate::backend::codec::{AudioDecoder, MAX_OPUS_FRAME};
use crate::frame::ReceivedFrame;
use crate::jitter::delay::{Delay, Order};
use crate::time::{MediaTime, TimeDelta};

/// Samples of one pull: 10 ms at 48 kHz.
pub const PULL: usize = SAMPLE_RATE_HZ as usize / 100;

/// Bounds of the delay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Config {
    /// The least delay to aim at, from the arrival of the fastest packets to their playout.
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
    slack: SlackWindow,
    fec: FecWait,
    phase: Phase,
    decoded: PlayoutBuffer,
    /// The position after the last decoded sample: what must come next.
    end: SamplePosition,
    /// The packet decoded last.
    last: Option<LastDecoded>,
    /// Samples concealed, or silent in a pause, since the last real one.
    concealed: usize,
    /// When sound may be stretched again.
    stretch_after: Option<Instant>,
    /// Pulls in a row in which sound should have been stretched and no cut was good enough.
    unfit: u32,
    counts: Counts,
    scratch: Box<[f32; MAX_OPUS_FRAME]>,
}

/// What a pull gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Played {
    /// Sound of the other side.
    Sound,
    /// Concealment, because packets are missing.
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
    /// Playout is past it.
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
            slack: SlackWindow::default(),
            fec: FecWait::default(),
            phase: Phase::NotStarted,
            decoded: PlayoutBuffer::new(),
            end: SamplePosition::ORIGIN,
            last: None,
            concealed: 0,
            stretch_after: None,
            unfit: 0,
            counts: Counts::default(),
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
        let samples = Samples::in_slice(samples);
        // A late packet is of no use, but how late it is tells of the network.
        if self.packets.is_late(Sequence::new(frame.sequence)) {
            let position = self.packets.place(&frame, samples);
            self.learn(arrived, position, samples, Order::Reordered);
        }
        match self.packets.insert(frame) {
            Ok((inserted, position)) => {
                let order = match inserted {
                    Inserted::Waiting { reordered: false } => Order::InOrder,
                    Inserted::Waiting { reordered: true } => Order::Reordered,
                    Inserted::Restarted => {
                        self.restart();
                        Order::InOrder
                    }
                };
                self.counts.received();
                self.learn(arrived, position, samples, order);
                Ok(())
            }
            Err(rejected) => {
                self.counts.rejected(rejected);
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
        self.decoded.pop(out);
        played
    }

    /// Plays nothing of what has come so far, and begins anew. Its figures go on.
    pub fn forget(&mut self) {
        *self = Self {
            counts: std::mem::take(&mut self.counts),
            ..Self::new(self.config)
        };
    }

    /// Where the next pull starts on the sender's timeline; `None` while nothing plays.
    #[must_use]
    pub fn position(&self) -> Option<Position> {
        let last = self.last.filter(|_| self.phase.plays())?;
        Some(Position {
            time: last.time + (self.front() - last.position).time(),
            synchronised: last.synchronised,
        })
    }

    /// The delay aimed at, from the arrival of the fastest packets to their playout.
    #[must_use]
    pub fn target_delay(&self) -> Duration {
        self.target().or_zero()
    }

    /// Figures since the start.
    #[must_use]
    pub const fn stats(&self) -> Stats {
        self.counts.stats()
    }

    fn learn(&mut self, arrived: Instant, at: SamplePosition, samples: Samples, order: Order) {
        self.delay
            .arrival(arrived, at.time(), samples.time(), order);
    }

    /// The same as [`JitterBuffer::target_delay`], to reckon with.
    fn target(&self) -> TimeDelta {
        let wait_for_copy = match self.last {
            Some(last) if self.fec.waits() => last.samples.time(),
            _ => TimeDelta::ZERO,
        };
        let (min, max) = (
            TimeDelta::from(self.config.min_delay),
            TimeDelta::from(self.config.max_delay),
        );
        let covering = (self.delay.needed() + wait_for_copy).clamp(min, max.max(min));
        // What is not here yet cannot be played, whatever the bounds.
        covering.max(self.delay.standing())
    }

    /// The stream starts anew: what was measured of its timeline says nothing any more.
    fn restart(&mut self) {
        self.delay.restart();
        self.slack.clear();
        self.phase = Phase::NotStarted;
    }

    /// The position of the first sample that waits decoded.
    fn front(&self) -> SamplePosition {
        self.end - Samples::in_slice(self.decoded.len())
    }

    const fn played(&self) -> Played {
        if !self.phase.plays() {
            Played::Silence
        } else if self.concealed > 0 {
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
        self.counts.pulled();
        let (Played::Sound, Some(last)) = (played, self.last) else {
            return;
        };
        let ahead_of_it = (last.position - self.front()).duration();
        let since = now.saturating_duration_since(last.arrived);
        self.counts
            .emitted(since + ahead_of_it, self.target_delay());
    }
}

impl std::fmt::Debug for JitterBuffer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("JitterBuffer")
            .field("phase", &self.phase)
            .field("target", &self.target_delay())
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}

/// What is remembered of a packet after it was decoded.
#[derive(Clone, Copy, Debug)]
struct LastDecoded {
    position: SamplePosition,
    samples: Samples,
    time: MediaTime,
    synchronised: bool,
    arrived: Instant,
    /// Whether it announced a pause (DTX).
    announces_pause: bool,
}

/// Before anything is known a network is taken for one with some jitter.
const PRIOR: Duration = Duration::from_millis(15);
