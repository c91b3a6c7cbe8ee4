//! How the samples of a WAVE file are stored (the `fmt ` chunk).

use super::Error;

/// The description of the samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Format {
    kind: Kind,
    pub(super) channels: u16,
    pub(super) rate_hz: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Unsigned8,
    Signed16,
    Signed24,
    Signed32,
    Float32,
    Float64,
}

impl Format {
    /// The bytes of the longest chunk whose fields are all known.
    pub(super) const LONGEST: usize = 40;

    /// Understands the bytes of the chunk, at most [`Format::LONGEST`].
    pub(super) fn parse(head: &[u8]) -> Result<Self, Error> {
        let short = |at: usize| u16::from_le_bytes([head[at], head[at + 1]]);
        if head.len() < SHORTEST {
            return Err(Error::NoFormat);
        }
        let rate_hz = u32::from_le_bytes([head[4], head[5], head[6], head[7]]);
        let (channels, bits) = (short(2), short(14));
        // The extensible format keeps the real tag in the first bytes of its identifier.
        let format = if short(0) == EXTENSIBLE && head.len() == Self::LONGEST {
            short(24)
        } else {
            short(0)
        };
        let kind = match (format, bits) {
            (INTEGER, 8) => Kind::Unsigned8,
            (INTEGER, 16) => Kind::Signed16,
            (INTEGER, 24) => Kind::Signed24,
            (INTEGER, 32) => Kind::Signed32,
            (FLOAT, 32) => Kind::Float32,
            (FLOAT, 64) => Kind::Float64,
            _ => return Err(Error::Unsupported { format, bits }),
        };
        if !(1..=MOST_CHANNELS).contains(&channels) || !RATES_HZ.contains(&rate_hz) {
            return Err(Error::BadLayout { channels, rate_hz });
        }
        Ok(Self {
            kind,
            channels,
            rate_hz,
        })
    }

    /// The bytes of one sample of each channel.
    pub(super) const fn frame_len(self) -> usize {
        self.kind.width() * self.channels as usize
    }

    /// The samples in `bytes`, channel after channel of each frame, -1 to 1.
    pub(super) fn samples(self, bytes: &[u8]) -> impl Iterator<Item = f32> {
        bytes
            .chunks_exact(self.kind.width())
            .map(move |it| self.kind.sample(it))
    }
}

impl Kind {
    const fn width(self) -> usize {
        match self {
            Self::Unsigned8 => 1,
            Self::Signed16 => 2,
            Self::Signed24 => 3,
            Self::Signed32 | Self::Float32 => 4,
            Self::Float64 => 8,
        }
    }

    fn sample(self, bytes: &[u8]) -> f32 {
        match (self, bytes) {
            (Self::Unsigned8, [a]) => (f32::from(*a) - 128.0) / 128.0,
            (Self::Signed16, [a, b]) => f32::from(i16::from_le_bytes([*a, *b])) / 32_768.0,
            (Self::Signed24, [a, b, c]) => {
                i32::from_le_bytes([0, *a, *b, *c]) as f32 / 2_147_483_648.0
            }
            (Self::Signed32, [a, b, c, d]) => {
                i32::from_le_bytes([*a, *b, *c, *d]) as f32 / 2_147_483_648.0
            }
            (Self::Float32, [a, b, c, d]) => level(f32::from_le_bytes([*a, *b, *c, *d])),
            (Self::Float64, bytes) => {
                level(bytes.try_into().map_or(0.0, f64::from_le_bytes) as f32)
            }
            _ => 0.0,
        }
    }
}

/// `sample` within -1 to 1; what is no number is silence.
const fn level(sample: f32) -> f32 {
    if sample.is_finite() {
        sample.clamp(-1.0, 1.0)
    } else {
        0.0
    }
}

/// The tag of integer samples.
pub(super) const INTEGER: u16 = 1;
const FLOAT: u16 = 3;
const EXTENSIBLE: u16 = 0xFFFE;

/// The bytes up to the bits per sample.
const SHORTEST: usize = 16;

const MOST_CHANNELS: u16 = 32;

/// From less than a telephone to four times what studios use at most.
const RATES_HZ: std::ops::RangeInclusive<u32> = 4000..=384_000;
