//! Units that a bare number would hide.

use std::fmt;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// A rate of data, in bits per second.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS,
)]
pub struct Bitrate(#[ts(type = "number")] u64);

impl Bitrate {
    /// A rate of `bps` bits per second.
    #[must_use]
    pub const fn from_bps(bps: u64) -> Self {
        Self(bps)
    }

    /// A rate of `kbps` thousand bits per second.
    #[must_use]
    pub const fn from_kbps(kbps: u64) -> Self {
        Self(kbps.saturating_mul(1000))
    }

    /// Bits per second.
    #[must_use]
    pub const fn bps(self) -> u64 {
        self.0
    }

    /// Thousands of bits per second, rounded down.
    #[must_use]
    pub const fn kbps(self) -> u64 {
        self.0 / 1000
    }

    /// This rate times `factor`, which must not be negative.
    #[must_use]
    pub fn scaled(self, factor: f64) -> Self {
        Self((self.0 as f64 * factor).max(0.0) as u64)
    }
}

impl fmt::Display for Bitrate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} kb/s", self.kbps())
    }
}

/// Width and height of a picture, in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
pub struct Size {
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
}

impl Size {
    /// What a call sends at first.
    pub const HD: Self = Self::new(1280, 720);

    /// The largest picture that a peer may send: a 4K frame. A decoder refuses more before it
    /// allocates.
    pub const MAX: Self = Self::new(3840, 2160);

    /// A size of `width` columns and `height` rows.
    #[must_use]
    pub const fn new(width: u32, height: u32) -> Self {
        Self { width, height }
    }

    /// Whether a picture of this size can be stored: not empty, both sides even (4:2:0), and no
    /// side beyond [`Size::MAX`]'s longer one.
    #[must_use]
    pub const fn is_valid(self) -> bool {
        self.width > 0
            && self.height > 0
            && self.width.is_multiple_of(2)
            && self.height.is_multiple_of(2)
            && self.width <= Self::MAX.width
            && self.height <= Self::MAX.width
    }
}

impl Size {
    /// This size, or what it becomes when it is made to fit into `bounds` in its own shape: never
    /// larger, both sides even.
    #[must_use]
    pub fn within(self, bounds: Self) -> Self {
        let ratio = |bound: u32, side: u32| f64::from(bound) / f64::from(side.max(1));
        let scale = ratio(bounds.width, self.width).min(ratio(bounds.height, self.height));
        if scale >= 1.0 {
            return self;
        }
        let side = |side: u32| ((f64::from(side) * scale / 2.0).round() as u32 * 2).max(2);
        Self::new(side(self.width), side(self.height))
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}", self.width, self.height)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_within_bounds_keeps_its_shape_and_never_grows() {
        for (size, bounds, within) in [
            ((640, 480), (1280, 720), (640, 480)),
            ((640, 480), (640, 360), (480, 360)),
            ((1920, 1080), (1280, 720), (1280, 720)),
            ((720, 1280), (1280, 720), (406, 720)),
            ((1280, 720), (1280, 720), (1280, 720)),
            ((3840, 2), (320, 180), (320, 2)),
        ] {
            let [size, bounds, within] =
                [size, bounds, within].map(|(width, height)| Size::new(width, height));
            assert_eq!(size.within(bounds), within, "{size} in {bounds}");
        }
    }

    #[test]
    fn rates_scale_and_never_wrap() {
        assert_eq!(
            Bitrate::from_kbps(1000).scaled(0.85),
            Bitrate::from_bps(850_000)
        );
        assert_eq!(Bitrate::from_kbps(1000).scaled(-1.0).bps(), 0);
        assert_eq!(Bitrate::from_kbps(u64::MAX).bps(), u64::MAX);
        assert_eq!(Bitrate::from_bps(1999).kbps(), 1);
        assert_eq!(Bitrate::from_kbps(64).to_string(), "64 kb/s");
    }

    #[test]
    fn sizes_that_cannot_be_stored_are_refused() {
        for (width, height) in [(1280, 720), (2, 2), (3840, 2160), (2160, 3840)] {
            assert!(Size::new(width, height).is_valid(), "{width}x{height}");
        }
        for (width, height) in [(0, 2), (2, 0), (3, 2), (2, 3), (3842, 2), (2, u32::MAX - 1)] {
            assert!(!Size::new(width, height).is_valid(), "{width}x{height}");
        }
    }
}
