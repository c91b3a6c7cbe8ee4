//! The stamp: a frame number and a clock drawn over the top edge of a picture, which survive
//! encoding, scaling and the screen, so that whoever sees the picture knows how old it is.
//!
//! Two rows of 32 square blocks, each `width / 40` wide, from the top left corner: black is 0,
//! white is 1, most significant bit first. Bits 0 to 23 hold the value, bits 24 to 31 its check
//! byte. The first row is the frame number, the second one the clock at hand-over.
//!
//! ```
//! use media::picture::Picture;
//! use media::synthetic::stamp::Stamp;
//! use media::units::Size;
//!
//! let mut picture = Picture::black(Size::new(320, 180));
//! Stamp::new(7, 5_000_000_000).write(&mut picture);
//!
//! let seen = Stamp::read(picture.planes()[0], 320, picture.size());
//! assert_eq!(seen.map(|it| (it.frame(), it.age_micros(5_023_000_000))), Some((7, 23_000)));
//! ```

use crate::picture::Picture;
use crate::units::Size;

/// What the stamp of one picture says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Stamp {
    frame: u32,
    clock: u32,
}

impl Stamp {
    /// Microseconds in one unit of the clock.
    pub const CLOCK_UNIT_MICROS: u64 = 100;

    /// The stamp of frame `number`, handed over when the machine's monotonic clock shows
    /// `monotonic_nanos`. Both are kept modulo 2^24: the clock wraps after 27 minutes.
    #[must_use]
    pub const fn new(number: u64, monotonic_nanos: u64) -> Self {
        Self {
            frame: wrap(number),
            clock: clock_of(monotonic_nanos),
        }
    }

    /// The frame number modulo 2^24.
    #[must_use]
    pub const fn frame(self) -> u32 {
        self.frame
    }

    /// The clock at hand-over, in units of 100 microseconds modulo 2^24.
    #[must_use]
    pub const fn clock(self) -> u32 {
        self.clock
    }

    /// Microseconds from hand-over to `monotonic_nanos`, to the unit of the clock; right for
    /// ages below 27 minutes.
    #[must_use]
    pub const fn age_micros(self, monotonic_nanos: u64) -> u64 {
        let units = clock_of(monotonic_nanos).wrapping_sub(self.clock) & VALUE_MASK;
        units as u64 * Self::CLOCK_UNIT_MICROS
    }

    /// Draws the stamp over the top edge of `picture`.
    pub fn write(self, picture: &mut Picture) {
        let size = picture.size();
        let (width, height) = (size.width as usize, size.height as usize);
        let [luma, u, v] = picture.planes_mut();
        for (row, value) in [self.frame, self.clock].into_iter().enumerate() {
            let word = with_check(value);
            let top = edge(row, width).min(height);
            let bottom = edge(row + 1, width).min(height);
            for line in luma.chunks_exact_mut(width).take(bottom).skip(top) {
                for bit in 0..BITS {
                    let white = word >> (BITS - 1 - bit) & 1 == 1;
                    line[edge(bit, width)..edge(bit + 1, width)].fill(if white {
                        WHITE
                    } else {
                        BLACK
                    });
                }
            }
        }
        let chroma_width = width / 2;
        let rows = edge(ROWS, width).div_ceil(2).min(height / 2);
        let columns = edge(BITS, width).div_ceil(2).min(chroma_width);
        for plane in [u, v] {
            for line in plane.chunks_exact_mut(chroma_width).take(rows) {
                line[..columns].fill(NEUTRAL);
            }
        }
    }

    /// Reads the stamp of a picture shown at any scale: `luma` starts at its top left corner,
    /// its rows are `stride` bytes apart, and it is `size` large there. `None` when there is no
    /// stamp, when it is damaged, and for a flat picture.
    #[must_use]
    pub fn read(luma: &[u8], stride: usize, size: Size) -> Option<Self> {
        if size.width < MIN_WIDTH || stride < size.width as usize {
            return None;
        }
        let frame = read_row(luma, stride, size, 0)?;
        let clock = read_row(luma, stride, size, 1)?;
        // A flat black or white picture is no stamp, although its check bytes fit.
        let flat = frame == clock && (frame == 0 || frame == VALUE_MASK);
        (!flat).then_some(Self { frame, clock })
    }
}

/// The value of one row, if all its blocks are clearly black or white and the check byte fits.
fn read_row(luma: &[u8], stride: usize, size: Size, row: usize) -> Option<u32> {
    let block = f64::from(size.width) / f64::from(BLOCKS_PER_WIDTH);
    let mut word = 0_u32;
    for bit in 0..BITS {
        let level = block_level(luma, stride, size, block, (bit, row))?;
        if level.abs_diff(MIDDLE) < GUARD {
            return None;
        }
        word = word << 1 | u32::from(level > MIDDLE);
    }
    let value = word >> CHECK_BITS;
    (with_check(value) == word).then_some(value)
}

/// Mean luma of the inner half of one block, away from the blur of its edges.
fn block_level(
    luma: &[u8],
    stride: usize,
    size: Size,
    block: f64,
    (column, row): (usize, usize),
) -> Option<u8> {
    let span = |index: usize| {
        let from = ((index as f64 + 0.25) * block).round() as usize;
        let to = ((index as f64 + 0.75) * block).round() as usize;
        from..to.max(from + 1)
    };
    let (columns, rows) = (span(column), span(row));
    if columns.end > size.width as usize || rows.end > size.height as usize {
        return None;
    }
    let count = (columns.len() * rows.len()) as u32;
    let mut sum = 0_u32;
    for y in rows {
        let start = y.checked_mul(stride)?;
        let line = luma.get(start + columns.start..start + columns.end)?;
        sum += line.iter().copied().map(u32::from).sum::<u32>();
    }
    Some((sum / count) as u8)
}

/// Where block `index` starts in a picture `width` wide; rows and columns alike.
const fn edge(index: usize, width: usize) -> usize {
    index * width / BLOCKS_PER_WIDTH as usize
}

const fn wrap(value: u64) -> u32 {
    (value & VALUE_MASK as u64) as u32
}

const fn clock_of(monotonic_nanos: u64) -> u32 {
    wrap(monotonic_nanos / (1000 * Stamp::CLOCK_UNIT_MICROS))
}

const fn with_check(value: u32) -> u32 {
    value << CHECK_BITS | (value ^ value >> 8 ^ value >> 16) & 0xff
}

const BITS: usize = 32;
const ROWS: usize = 2;
const CHECK_BITS: u32 = 8;
const VALUE_MASK: u32 = (1 << 24) - 1;
/// 32 blocks and a margin on the right; 32 px at 1280, and still 8 px at 320.
const BLOCKS_PER_WIDTH: u32 = 40;
/// Below it a block has fewer than two pixels and cannot be told from its neighbours.
const MIN_WIDTH: u32 = 80;
const BLACK: u8 = 16;
const WHITE: u8 = 235;
const NEUTRAL: u8 = 128;
/// Half way between black and white in limited range; full range shares it within two steps.
const MIDDLE: u8 = 126;
/// A block nearer to the middle than this is a blend of two pictures or no stamp at all.
const GUARD: u8 = 20;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn stamped(size: Size, stamp: Stamp) -> Picture {
        let mut picture = Picture::black(size);
        picture.planes_mut()[0].fill(90);
        stamp.write(&mut picture);
        picture
    }

    fn read(picture: &Picture) -> Option<Stamp> {
        let size = picture.size();
        Stamp::read(picture.planes()[0], size.width as usize, size)
    }

    #[test]
    fn blocks_lie_where_other_readers_look_for_them() {
        let picture = stamped(Size::HD, Stamp::new(0x80_00_01, 0));
        let at = |x: usize, y: usize| picture.planes()[0][y * 1280 + x];
        assert_eq!([at(0, 0), at(31, 31), at(32, 0)], [WHITE, WHITE, BLACK]);
        assert_eq!([at(23 * 32, 5), at(24 * 32, 5)], [WHITE, WHITE]);
        assert_eq!(
            [at(31 * 32, 5), at(0, 32), at(32 * 32, 0)],
            [WHITE, BLACK, 90]
        );
        assert_eq!(at(0, 64), 90);
    }

    #[test]
    fn age_is_the_time_since_hand_over() {
        let stamp = Stamp::new(7, 5_000_000_000);
        assert_eq!(stamp.age_micros(5_023_000_000), 23_000);
        let wrapped = Stamp::new(7, 1_677_721_500_000);
        assert_eq!(wrapped.age_micros(1_677_721_700_000), 200);
    }

    #[test]
    fn reads_at_any_scale_of_the_screen() {
        let stamp = Stamp::new(123_456, 987_654_321_000);
        let picture = stamped(Size::HD, stamp);
        for width in [1920, 1280, 1001, 960, 640, 333, 320, 160] {
            let size = Size::new(width, width * 9 / 16);
            let stride = width as usize + 3;
            let mut raster = vec![0; stride * size.height as usize];
            for y in 0..size.height as usize {
                for x in 0..width as usize {
                    let (from_x, from_y) = (x * 1280 / width as usize, y * 1280 / width as usize);
                    raster[y * stride + x] = picture.planes()[0][from_y.min(719) * 1280 + from_x];
                }
            }
            assert_eq!(
                Stamp::read(&raster, stride, size),
                Some(stamp),
                "at width {width}"
            );
        }
    }

    #[test]
    fn noise_and_blur_do_not_hide_it() {
        let stamp = Stamp::new(54_321, 1_234_567_890_000);
        let mut picture = stamped(Size::new(320, 180), stamp);
        let source = picture.planes()[0].to_vec();
        for (index, value) in picture.planes_mut()[0].iter_mut().enumerate().skip(1) {
            let blurred = (u16::from(source[index]) + u16::from(source[index - 1])) / 2;
            *value = (blurred as u8).saturating_add((index * 7 % 41) as u8);
        }
        assert_eq!(read(&picture), Some(stamp));
    }

    #[test]
    fn no_stamp_is_no_value() {
        assert_eq!(read(&Picture::black(Size::HD)), None);
        let mut white = Picture::black(Size::HD);
        white.planes_mut()[0].fill(235);
        assert_eq!(read(&white), None);
        let mut damaged = stamped(Size::HD, Stamp::new(99, 99_000_000));
        damaged.planes_mut()[0]
            .chunks_exact_mut(1280)
            .take(32)
            .for_each(|line| line[..32].fill(235));
        assert_eq!(read(&damaged), None);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(
            number in 0..u64::MAX, nanos in 100_000..u64::MAX / 2, half_width in 80_u32..700
        ) {
            let stamp = Stamp::new(number, nanos);
            prop_assume!(stamp.frame != stamp.clock);
            let picture = stamped(Size::new(half_width * 2, half_width / 2 * 2), stamp);
            prop_assert_eq!(read(&picture), Some(stamp));
        }

        #[test]
        fn any_raster_is_read_without_a_panic(
            luma in proptest::collection::vec(any::<u8>(), 0..20_000),
            stride in 0_usize..2000, width in 0_u32..3000, height in 0_u32..2000
        ) {
            let _ = Stamp::read(&luma, stride, Size::new(width, height));
        }
    }
}
