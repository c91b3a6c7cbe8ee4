//! Units that a bare number would hide.

use std::fmt;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// A rate of data, in bits per second.
///
/// ```
/// use media::units::Bitrate;
///
/// let rate = Bitrate::from_kbps(1_200);
/// assert_eq!(rate.scaled(0.5).to_string(), "600 kb/s");
/// ```
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

    /// The most pixels of a shared screen that are sent: level 4 of H.264 allows as many.
    pub const FULL_HD: Self = Self::new(1920, 1080);

    /// The largest picture that a peer may send: a 4K frame. A decoder refuses more before it
    /// allocates.
    pub const MAX: Self = Self::new(3840, 2160);

    /// The shortest side that can be encoded: one macroblock (H.264, 3.87).
    pub const MIN_SIDE_PX: u32 = 16;

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

    /// The pixels of a picture.
    #[must_use]
    pub const fn pixels(self) -> u64 {
        self.width as u64 * self.height as u64
    }

    /// The size at which pictures of this size are encoded when there shall be about as many pixels
    /// as `most` has: in their own shape, not enlarged, both sides even.
    ///
    /// What comes out can always be encoded, so pictures with a side below [`Size::MIN_SIDE_PX`]
    /// are enlarged all the same. Only where one side is more than 240 times the other the shape
    /// cannot be kept.
    ///
    /// ```
    /// use media::units::Size;
    ///
    /// let camera = Size::new(1600, 1200);
    /// assert_eq!(camera.within_pixels_of(Size::HD), Size::new(1108, 832));
    /// assert_eq!(Size::new(640, 480).within_pixels_of(Size::HD), Size::new(640, 480));
    /// ```
    #[must_use]
    pub fn within_pixels_of(self, most: Self) -> Self {
        let (width, height) = (f64::from(self.width.max(1)), f64::from(self.height.max(1)));
        let (long, short) = (width.max(height), width.min(height));
        // Down to the pixels of `most`, unless that are hardly fewer: scaling costs sharpness.
        let pixels = most.pixels().max(1) as f64;
        let shrunk = if width * height <= pixels * HARDLY_FEWER {
            1.0
        } else {
            (pixels / (width * height)).sqrt()
        };
        // Up to a whole macroblock, but never beyond what decoders take.
        let least = f64::from(Self::MIN_SIDE_PX) / short;
        let largest = (f64::from(Self::MAX.width) / long).min(f64::from(Self::MAX.height) / short);
        let scale = shrunk.max(least).min(largest);
        let side = |side: f64| ((side * scale / 2.0).round() as u32 * 2).max(Self::MIN_SIDE_PX);
        Self::new(side(width), side(height))
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}", self.width, self.height)
    }
}

/// Two pixels in a hundred more are not worth scaling.
const HARDLY_FEWER: f64 = 1.02;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn pictures_of_any_shape_are_encoded_in_their_shape_and_not_enlarged() {
        for (size, most, encoded) in [
            ((1280, 720), (1280, 720), (1280, 720)),
            ((1920, 1080), (1280, 720), (1280, 720)),
            ((640, 480), (1280, 720), (640, 480)),
            ((640, 480), (640, 360), (554, 416)),
            ((1440, 1080), (1280, 720), (1108, 832)),
            ((720, 1280), (1280, 720), (720, 1280)),
            ((1080, 1920), (1280, 720), (720, 1280)),
            ((2560, 1080), (1280, 720), (1478, 624)),
            ((1080, 1080), (1280, 720), (960, 960)),
            ((641, 481), (1280, 720), (642, 482)),
            ((1288, 724), (1280, 720), (1288, 724)),
            ((3840, 240), (1280, 720), (3840, 240)),
            ((16, 16), (1280, 720), (16, 16)),
            ((2, 2), (1280, 720), (16, 16)),
            ((8, 6), (320, 180), (22, 16)),
            ((4, 64), (320, 180), (16, 256)),
            ((3840, 2), (320, 180), (3840, 16)),
            ((3840, 3840), (3840, 3840), (2160, 2160)),
            ((0, 0), (0, 0), (16, 16)),
        ] {
            let [size, most, encoded] =
                [size, most, encoded].map(|(width, height)| Size::new(width, height));
            assert_eq!(size.within_pixels_of(most), encoded, "{size} for {most}");
        }
    }

    proptest! {
        #[test]
        fn what_shall_be_encoded_can_be_and_keeps_its_shape(
            (width, height) in (1..=3840_u32, 1..=3840_u32),
            most in (0..=3840_u32, 0..=3840_u32),
        ) {
            let (size, most) = (Size::new(width, height), Size::new(most.0, most.1));
            let encoded = size.within_pixels_of(most);
            let (long, short) = (encoded.width.max(encoded.height), encoded.width.min(encoded.height));
            prop_assert!(encoded.is_valid() && short >= Size::MIN_SIDE_PX);
            prop_assert!(long <= Size::MAX.width && short <= Size::MAX.height);
            // The height that the encoded width asks for, within the rounding to even sides.
            let scale = f64::from(encoded.width) / f64::from(width);
            let off = (f64::from(encoded.height) - scale * f64::from(height)).abs();
            let rounding = 1.0 + f64::from(height) / f64::from(width);
            let shapely = width.max(height) <= 240 * width.min(height);
            prop_assert!(!shapely || off <= rounding + 1e-6, "{size} as {encoded}");
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
