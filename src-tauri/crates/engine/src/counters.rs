//! Counters of the pipelines: written by one thread each, read by the control task once a second.

use std::sync::atomic::{AtomicI64, AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

/// Loudness of a stream, 0 to 1: written by the thread that meters it.
#[derive(Debug, Default)]
pub(crate) struct Level(AtomicU32);

impl Level {
    /// The loudness that was set last.
    pub(crate) fn get(&self) -> f32 {
        f32::from_bits(self.0.load(Ordering::Relaxed))
    }

    /// Replaces the value.
    pub(crate) fn set(&self, level: f32) {
        self.0.store(level.to_bits(), Ordering::Relaxed);
    }
}

/// A number that only grows.
#[derive(Debug, Default)]
pub(crate) struct Count(AtomicU64);

impl Count {
    /// Counts `by` more.
    pub(crate) fn add(&self, by: u64) {
        self.0.fetch_add(by, Ordering::Relaxed);
    }

    /// What was counted so far.
    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    /// Takes over a number that is counted elsewhere.
    pub(crate) fn set(&self, to: u64) {
        self.0.store(to, Ordering::Relaxed);
    }

    /// Counts a span in microseconds.
    pub(crate) fn add_time(&self, span: Duration) {
        self.add(u64::try_from(span.as_micros()).unwrap_or(u64::MAX));
    }
}

/// A moment, in microseconds after the engine's epoch; unset at first, and set only once.
#[derive(Debug)]
pub(crate) struct Moment(AtomicI64);

impl Default for Moment {
    fn default() -> Self {
        Self(AtomicI64::new(i64::MIN))
    }
}

impl Moment {
    /// Remembers the moment unless one is remembered already.
    pub(crate) fn mark(&self, micros: i64) {
        let unset = i64::MIN;
        let _ = self
            .0
            .compare_exchange(unset, micros, Ordering::Relaxed, Ordering::Relaxed);
    }

    /// The moment, if it came.
    pub(crate) fn get(&self) -> Option<i64> {
        let micros = self.0.load(Ordering::Relaxed);
        (micros != i64::MIN).then_some(micros)
    }
}

/// A signed figure that may be unknown.
#[derive(Debug)]
pub(crate) struct Gauge(AtomicI64);

impl Default for Gauge {
    fn default() -> Self {
        Self(AtomicI64::new(i64::MIN))
    }
}

impl Gauge {
    /// Replaces the value.
    pub(crate) fn set(&self, to: i64) {
        self.0.store(to, Ordering::Relaxed);
    }

    /// The last value, if there is one.
    pub(crate) fn get(&self) -> Option<i64> {
        let value = self.0.load(Ordering::Relaxed);
        (value != i64::MIN).then_some(value)
    }
}

/// A figure with a fraction that may be unknown.
#[derive(Debug)]
pub(crate) struct Figure(AtomicU64);

impl Default for Figure {
    fn default() -> Self {
        Self(AtomicU64::new(f64::NAN.to_bits()))
    }
}

impl Figure {
    /// Replaces the value; what is not finite counts as unknown.
    pub(crate) fn set(&self, to: Option<f64>) {
        let bits = to.unwrap_or(f64::NAN).to_bits();
        self.0.store(bits, Ordering::Relaxed);
    }

    /// The last value, if it is known.
    pub(crate) fn get(&self) -> Option<f64> {
        let value = f64::from_bits(self.0.load(Ordering::Relaxed));
        value.is_finite().then_some(value)
    }
}

/// The greatest energy of a stretch of sound since it was taken last.
#[derive(Debug, Default)]
pub(crate) struct Loudest(AtomicU32);

impl Loudest {
    /// A stretch of sound has this [energy](media::level::energy). Floats that are not negative are
    /// ordered like their bits.
    pub(crate) fn raise(&self, energy: f32) {
        self.0
            .fetch_max(energy.max(0.0).to_bits(), Ordering::Relaxed);
    }

    /// The greatest so far; the next one is counted anew.
    pub(crate) fn take(&self) -> f32 {
        f32::from_bits(self.0.swap(0, Ordering::Relaxed))
    }
}

/// Sound that leaves.
#[derive(Debug, Default)]
pub(crate) struct AudioOut {
    /// Packets.
    pub(crate) packets: Count,
    /// Bytes of them.
    pub(crate) bytes: Count,
    /// How loud it was after processing, before any gate.
    pub(crate) loudest: Loudest,
    /// The same, summed: the energy of chunks in [`AudioOut::ENERGY_UNIT`].
    pub(crate) energy: Count,
    /// Chunks that were summed.
    pub(crate) chunks: Count,
    /// Chunks for which the microphone gave anything but digital silence.
    pub(crate) with_sound: Count,
    /// How well the speaker's echo is removed.
    pub(crate) echo: Echo,
}

/// How well the speaker's echo is removed from what the microphone hears, in dB.
#[derive(Debug, Default)]
pub(crate) struct Echo {
    /// What the room takes away.
    pub(crate) return_loss: Figure,
    /// What is taken away beyond that.
    pub(crate) return_loss_enhancement: Figure,
}

impl AudioOut {
    /// -100 dB of full scale, below what 16 bits can say; and sums of years fit.
    pub(crate) const ENERGY_UNIT: f64 = 1e-10;

    /// A chunk came out of the processor with this [energy](media::level::energy).
    pub(crate) fn processed(&self, energy: f32) {
        self.loudest.raise(energy);
        let units = f64::from(energy) / Self::ENERGY_UNIT;
        self.energy.add(units.round() as u64);
        self.chunks.add(1);
    }

    /// One packet left.
    pub(crate) fn sent(&self, bytes: usize) {
        self.packets.add(1);
        self.bytes.add(bytes as u64);
    }
}

/// Pictures that leave.
#[derive(Debug, Default)]
pub(crate) struct VideoOut {
    /// Pictures encoded.
    pub(crate) frames: Count,
    /// Bytes of them.
    pub(crate) bytes: Count,
    /// Keyframes among them.
    pub(crate) keyframes: Count,
    /// Time spent encoding, microseconds.
    pub(crate) encode_us: Count,
    /// Width of the last picture, pixels.
    pub(crate) width: Count,
    /// Height of the last picture, pixels.
    pub(crate) height: Count,
}

/// Sound that comes.
#[derive(Debug, Default)]
pub(crate) struct AudioIn {
    /// Packets.
    pub(crate) packets: Count,
    /// Bytes of packets.
    pub(crate) bytes: Count,
    /// How loud it is as it is played.
    pub(crate) loudest: Loudest,
    /// Samples played, concealed ones too.
    pub(crate) samples: Count,
    /// Samples concealed.
    pub(crate) concealed: Count,
    /// Time that samples waited, in microseconds summed over emitted samples.
    pub(crate) waited_us: Count,
    /// Samples emitted from packets.
    pub(crate) emitted: Count,
    /// When the first packet's sound was handed to the speaker.
    pub(crate) first_played: Moment,
}

/// Pictures that come.
#[derive(Debug, Default)]
pub(crate) struct VideoIn {
    /// Pictures decoded.
    pub(crate) decoded: Count,
    /// Keyframes among them.
    pub(crate) keyframes: Count,
    /// Frames that were not decoded or not shown.
    pub(crate) dropped: Count,
    /// Bytes of frames.
    pub(crate) bytes: Count,
    /// Time spent decoding, microseconds.
    pub(crate) decode_us: Count,
    /// Freezes, by the rule of webrtc-stats.
    pub(crate) freezes: Count,
    /// How long they lasted, microseconds.
    pub(crate) frozen_us: Count,
    /// Width of the last picture, pixels.
    pub(crate) width: Count,
    /// Height of the last picture, pixels.
    pub(crate) height: Count,
    /// When the first picture was decoded.
    pub(crate) first_decoded: Moment,
    /// By how much the last picture was shown after its sound, microseconds.
    pub(crate) lip_sync: Gauge,
}
