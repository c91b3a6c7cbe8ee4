//! Reads the stamp that synthetic pictures and stamped clips carry along their top edge.
//!
//! Two rows of 32 square blocks, each a fortieth of the picture's width, black or white, most
//! significant bit first: 24 bits, and a check byte after them. The first row is the picture's number, the second the moment at which
//! the camera handed it over: `CLOCK_MONOTONIC` in units of 100 microseconds. Both wrap.

use std::time::Duration;

use crate::screen::Raster;

/// What a stamp says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// The picture's number, modulo 2^24.
    pub number: u32,
    /// When the camera handed it over, in units of 100 µs modulo 2^24.
    handed_over: u32,
}

impl Stamp {
    /// How old the picture is at the moment `now` of the clock that stamped it.
    #[must_use]
    pub fn age(&self, now: Duration) -> Duration {
        let now = (now.as_micros() / 100 % u128::from(WRAP)) as u32;
        let age = now.wrapping_sub(self.handed_over) % WRAP;
        Duration::from_micros(u64::from(age) * 100)
    }
}

/// Where a stamped picture is on a raster.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Place {
    /// Left edge, pixels.
    pub x: f64,
    /// Top edge, pixels.
    pub y: f64,
    /// Width and height of a block, pixels.
    pub block: f64,
}

impl Place {
    /// Where a picture that fills a raster of this width has its stamp.
    #[must_use]
    pub fn of_picture(width: usize) -> Self {
        Self {
            x: 0.0,
            y: 0.0,
            block: width as f64 / BLOCKS_PER_WIDTH,
        }
    }

    /// The rows of the raster whose pixels say most: the middle of each row of blocks.
    #[must_use]
    pub fn rows(&self) -> [usize; 2] {
        [0.5, 1.5].map(|row| (self.y + row * self.block) as usize)
    }

    /// Reads the two rows that [`Self::rows`] named.
    #[must_use]
    pub fn read(&self, first: &[u8], second: &[u8]) -> Option<Stamp> {
        let number = self.bits(|x| first.get(x).copied())?;
        let handed_over = self.bits(|x| second.get(x).copied())?;
        Some(Stamp {
            number,
            handed_over,
        })
    }

    /// Reads the stamp out of a whole raster.
    #[must_use]
    pub fn read_from(&self, raster: &Raster) -> Option<Stamp> {
        let [first, second] = self.rows().map(|y| move |x| Some(raster.at(x, y)));
        Some(Stamp {
            number: self.bits(first)?,
            handed_over: self.bits(second)?,
        })
    }

    /// One row of blocks: 24 bits, when their check byte is right.
    fn bits(&self, luma: impl Fn(usize) -> Option<u8>) -> Option<u32> {
        let mut word = 0_u32;
        for block in 0..BLOCKS {
            let x = self.x + (f64::from(block) + 0.5) * self.block;
            word = word << 1 | u32::from(is_white(luma(x as usize)?)?);
        }
        let value = word >> 8;
        let check = (value ^ value >> 8 ^ value >> 16) & 0xff;
        // A flat stretch of black or white passes the check, and is no stamp.
        (check == word & 0xff && value != 0 && value != WRAP - 1).then_some(value)
    }
}

/// Looks for a stamped picture anywhere on a raster that was taken at the moment `now`. What is not
/// of the last seconds is no stamp, but something else that is black and white.
#[must_use]
pub fn find(raster: &Raster, now: Duration) -> Option<(Place, Stamp)> {
    // A picture of 16:9 that fills the width is where it must be, to a fraction of a pixel.
    let width = raster.width as f64;
    let y = (raster.height as f64 - width * 9.0 / 16.0).max(0.0) / 2.0;
    let filling = Place {
        y,
        ..Place::of_picture(raster.width)
    };
    if let Some(stamp) = filling.read_from(raster)
        && stamp.age(now) < OLDEST
    {
        return Some((filling, stamp));
    }
    let smallest = 8.0;
    let largest = raster.width as f64 / f64::from(BLOCKS);
    let mut sizes = Vec::new();
    let mut block = largest;
    while block >= smallest {
        sizes.push(block);
        // A step this small moves the last block by a quarter of its width at most.
        block -= block / f64::from(BLOCKS) / 4.0;
    }
    for y in (0..raster.height).step_by(2) {
        if !is_two_toned(raster, y) {
            continue;
        }
        for &block in &sizes {
            let room = raster.width as f64 - block * f64::from(BLOCKS);
            let steps = (room / (block / 4.0)) as usize;
            for step in 0..=steps {
                let x = step as f64 * block / 4.0;
                let place = Place {
                    x,
                    y: y as f64,
                    block,
                };
                if let Some(stamp) = place.read_from(raster)
                    && stamp.age(now) < OLDEST
                    && is_solid(raster, place, stamp)
                {
                    return Some((centred(raster, place), stamp));
                }
            }
        }
    }
    None
}

/// Whether the blocks are blocks, and not noise that happens to pass the check.
fn is_solid(raster: &Raster, place: Place, stamp: Stamp) -> bool {
    let by = place.block / 5.0;
    [(-by, 0.0), (by, 0.0), (0.0, -by), (0.0, by)]
        .iter()
        .all(|(dx, dy)| {
            let place = Place {
                x: place.x + dx,
                y: place.y + dy,
                ..place
            };
            place.read_from(raster) == Some(stamp)
        })
}

/// Moves a place that reads well to the middle of all that read the same, so that scaling and a
/// picture that moves by a pixel do not spoil it.
fn centred(raster: &Raster, found: Place) -> Place {
    let Some(stamp) = found.read_from(raster) else {
        return found;
    };
    let reads = |dx: f64, dy: f64| {
        let place = Place {
            x: found.x + dx,
            y: found.y + dy,
            block: found.block,
        };
        place.x >= 0.0 && place.y >= 0.0 && place.read_from(raster) == Some(stamp)
    };
    let reach = found.block as i32;
    let span = |reads: &dyn Fn(f64) -> bool| {
        let low = (1..=reach).take_while(|by| reads(-f64::from(*by))).count() as f64;
        let high = (1..=reach).take_while(|by| reads(f64::from(*by))).count() as f64;
        (high - low) / 2.0
    };
    let dx = span(&|by| reads(by, 0.0));
    let dy = span(&|by| reads(0.0, by));
    Place {
        x: found.x + dx,
        y: found.y + dy,
        block: found.block,
    }
}

/// Whether a row holds much of both black and white, as a row of blocks does.
fn is_two_toned(raster: &Raster, y: usize) -> bool {
    let row = &raster.luma[y * raster.width..(y + 1) * raster.width];
    let white = row.iter().filter(|luma| **luma >= WHITE).count();
    white > raster.width / 50
}

fn is_white(luma: u8) -> Option<bool> {
    match luma {
        WHITE.. => Some(true),
        ..=BLACK => Some(false),
        _ => None,
    }
}

/// A call in which pictures are older than this is none.
const OLDEST: Duration = Duration::from_secs(10);

const BLOCKS: u8 = 32;

/// The stamp leaves a fifth of the width free.
const BLOCKS_PER_WIDTH: f64 = 40.0;

/// Numbers and times wrap here.
const WRAP: u32 = 1 << 24;

/// From here on it is white: an encoder blurs 235 (255 on a screen) by less than this.
const WHITE: u8 = 150;

/// Up to here it is black.
const BLACK: u8 = 105;

#[cfg(test)]
mod tests {
    use super::*;

    /// A second after 0x65_4321.
    const NOW: Duration = Duration::from_micros((0x65_4321 + 10_000) * 100);

    /// A grey raster with a stamped picture of `width` at `x`, `y`.
    fn raster(x: usize, y: usize, width: usize, words: [u32; 2]) -> Raster {
        let mut raster = Raster {
            width: 1100,
            height: 400,
            luma: vec![128; 1100 * 400],
        };
        let block = width as f64 / BLOCKS_PER_WIDTH;
        for (row, value) in words.into_iter().enumerate() {
            let check = (value ^ value >> 8 ^ value >> 16) & 0xff;
            let word = value << 8 | check;
            for py in (row as f64 * block) as usize..((row + 1) as f64 * block) as usize {
                for px in 0..(block * 32.0) as usize {
                    let bit = (px as f64 / block) as u32;
                    let white = word >> (31 - bit) & 1 == 1;
                    raster.luma[(y + py) * 1100 + x + px] = if white { 235 } else { 16 };
                }
            }
        }
        raster
    }

    #[test]
    fn a_stamp_is_found_wherever_the_picture_is_and_however_large() {
        for (x, y, width) in [(0, 0, 1080), (31, 57, 640), (140, 33, 955), (301, 99, 400)] {
            let raster = raster(x, y, width, [0x12_3456, 0x65_4321]);
            let (place, stamp) = find(&raster, NOW).expect("it is there");
            assert_eq!(
                stamp,
                Stamp {
                    number: 0x12_3456,
                    handed_over: 0x65_4321
                }
            );
            assert_eq!(place.read_from(&raster), Some(stamp));
        }
    }

    #[test]
    fn grey_and_noise_hold_no_stamp() {
        let mut raster = raster(0, 0, 1080, [1, 2]);
        raster.luma.fill(128);
        assert_eq!(find(&raster, NOW), None);
        let mut seed = 1_u32;
        raster.luma.fill_with(|| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (seed >> 24) as u8
        });
        assert_eq!(find(&raster, NOW), None);
    }

    #[test]
    fn age_survives_the_wrap() {
        let stamp = Stamp {
            number: 1,
            handed_over: WRAP - 10,
        };
        let now = Duration::from_micros(u64::from(WRAP) * 300 + 2_000);
        assert_eq!(stamp.age(now), Duration::from_millis(3));
    }
}
