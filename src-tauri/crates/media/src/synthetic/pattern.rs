//! The test picture: a soft evening sky with a drifting, textured moon, a swinging string and a
//! ring that turns once a second.
//!
//! What stands still is painted once and copied; what moves is a few ten thousand pixels, so a
//! 720p picture costs well under a millisecond. It moves enough to give an encoder honest work.
//!
//! ```
//! use std::time::Duration;
//!
//! use media::picture::Picture;
//! use media::synthetic::pattern::Pattern;
//! use media::units::Size;
//!
//! let pattern = Pattern::new(Size::new(320, 180));
//! let mut picture = Picture::black(pattern.size());
//! pattern.paint(Duration::from_millis(500), &mut picture);
//! assert_ne!(picture, Picture::black(pattern.size()));
//! ```

use std::f32::consts::TAU;
use std::time::Duration;

use crate::picture::Picture;
use crate::units::Size;

/// Paints test pictures of one size.
pub struct Pattern {
    still: Picture,
    moon: Sprite,
}

impl Pattern {
    /// Paints what stands still: some milliseconds of work.
    ///
    /// # Panics
    /// When `size` is not [valid](Size::is_valid).
    #[must_use]
    pub fn new(size: Size) -> Self {
        Self {
            still: sky(size),
            moon: Sprite::moon(size.height as usize / 3),
        }
    }

    /// The size of its pictures.
    #[must_use]
    pub const fn size(&self) -> Size {
        self.still.size()
    }

    /// Paints the picture of the moment `at` after the start over all of `picture`.
    ///
    /// # Panics
    /// When `picture` has another size.
    pub fn paint(&self, at: Duration, picture: &mut Picture) {
        picture.data_mut().copy_from_slice(self.still.data());
        // The picture repeats every minute; a float of many hours would be too coarse.
        let seconds = (at.as_micros() % (60 * 1_000_000)) as f32 / 1e6;
        let (width, height) = (self.size().width as f32, self.size().height as f32);
        let x = width * (0.5 + 0.28 * (TAU * seconds * 8.0 / 60.0).sin());
        let y = height * (0.52 + 0.16 * (TAU * seconds * 13.0 / 60.0).sin());
        string(picture, (x, y), seconds);
        self.moon.blend(picture, x as usize, y as usize);
        ring(picture, seconds);
    }
}

impl std::fmt::Debug for Pattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Pattern({})", self.size())
    }
}

/// A gradient from dusk to warm ground, with stars that give the eye and the encoder detail.
fn sky(size: Size) -> Picture {
    let mut picture = Picture::black(size);
    let (width, height) = (size.width as usize, size.height as usize);
    let [luma, u, v] = picture.planes_mut();
    for (y, line) in luma.chunks_exact_mut(width).enumerate() {
        for (x, value) in line.iter_mut().enumerate() {
            let (fx, fy) = (x as f32 / width as f32, y as f32 / height as f32);
            let hills = 0.72 + 0.06 * (fx * TAU * 1.3).sin() + 0.02 * (fx * TAU * 5.1).sin();
            let ground = if fy > hills { 0.55 } else { 1.0 };
            let grain = (hash(x as u32, y as u32) % 4) as f32;
            let star = if fy < 0.6 && hash(x as u32 / 2, y as u32 / 2).is_multiple_of(2500) {
                70.0
            } else {
                0.0
            };
            *value = ((46.0 + 96.0 * fy + 10.0 * fx) * ground + grain + star) as u8;
        }
    }
    for y in 0..height / 2 {
        let fy = y as f32 / (height / 2) as f32;
        for x in 0..width / 2 {
            u[y * (width / 2) + x] = (150.0 - 34.0 * fy) as u8;
            v[y * (width / 2) + x] = (116.0 + 30.0 * fy * fy) as u8;
        }
    }
    picture
}

/// The string: a line from the left edge to the moon that swings like a plucked one.
fn string(picture: &mut Picture, (to_x, to_y): (f32, f32), seconds: f32) {
    let (width, height) = (
        picture.size().width as usize,
        picture.size().height as usize,
    );
    let thickness = (height / 180).max(1);
    let swing = (TAU * seconds * 1.5).sin() * height as f32 / 24.0;
    let luma = &mut picture.planes_mut()[0];
    let end = (to_x.max(1.0) as usize).min(width);
    for x in 0..end {
        let along = x as f32 / to_x.max(1.0);
        let y =
            height as f32 * 0.8 * (1.0 - along) + to_y * along + swing * (along * TAU / 2.0).sin();
        let top = (y.max(0.0) as usize).min(height.saturating_sub(thickness));
        for row in top..(top + thickness).min(height) {
            luma[row * width + x] = 205;
        }
    }
}

/// A ring of dots in the lower right corner whose bright dot goes round once a second.
fn ring(picture: &mut Picture, seconds: f32) {
    let (width, height) = (
        picture.size().width as usize,
        picture.size().height as usize,
    );
    let radius = height as f32 / 12.0;
    let (centre_x, centre_y) = (width as f32 - 1.8 * radius, height as f32 - 1.8 * radius);
    let dot = (height / 90).max(2);
    let luma = &mut picture.planes_mut()[0];
    for index in 0..RING_DOTS {
        let turn = index as f32 / RING_DOTS as f32;
        let behind = (seconds.fract() - turn).rem_euclid(1.0);
        let value = (80.0 + 150.0 * (1.0 - behind).powi(3)) as u8;
        let x = (centre_x + radius * (TAU * turn).sin()).max(0.0) as usize;
        let y = (centre_y - radius * (TAU * turn).cos()).max(0.0) as usize;
        for row in y..(y + dot).min(height) {
            let line = &mut luma[row * width..(row + 1) * width];
            let to = (x + dot).min(width);
            line[x.min(to)..to].fill(value);
        }
    }
}

/// A small picture with soft edges, to be laid over a large one.
struct Sprite {
    side: usize,
    luma: Vec<u8>,
    /// How much each pixel of `luma` hides what is under it, 0 to 255.
    cover: Vec<u8>,
}

impl Sprite {
    /// A moon `side` pixels wide, with craters.
    fn moon(side: usize) -> Self {
        let side = (side.max(8)) & !1;
        let radius = side as f32 / 2.0;
        let mut luma = Vec::with_capacity(side * side);
        let mut cover = Vec::with_capacity(side * side);
        for y in 0..side {
            for x in 0..side {
                let (dx, dy) = (x as f32 + 0.5 - radius, y as f32 + 0.5 - radius);
                let distance = (dx * dx + dy * dy).sqrt() / radius;
                let (fx, fy) = (dx / radius, dy / radius);
                let craters =
                    (fx * 9.0 + 2.0 * (fy * 5.0).sin()).sin() * (fy * 11.0 + fx * 3.0).cos();
                let grain = (hash(x as u32, y as u32 + 7777) % 9) as f32;
                let shade = 196.0 - 44.0 * (fx * 0.6 + fy * 0.4) + 16.0 * craters + grain;
                luma.push(shade.clamp(60.0, 232.0) as u8);
                cover.push(((1.0 - distance) * radius * 60.0).clamp(0.0, 255.0) as u8);
            }
        }
        Self { side, luma, cover }
    }

    /// Lays the sprite over `picture` with its centre at `x`, `y`; what sticks out is cut.
    fn blend(&self, picture: &mut Picture, x: usize, y: usize) {
        let (width, height) = (
            picture.size().width as usize,
            picture.size().height as usize,
        );
        let half = self.side / 2;
        let (left, top) = (x.saturating_sub(half) & !1, y.saturating_sub(half) & !1);
        let (columns, rows) = (
            self.side.min(width.saturating_sub(left)),
            self.side.min(height.saturating_sub(top)),
        );
        let [luma, u, v] = picture.planes_mut();
        for row in 0..rows {
            let line = &mut luma[(top + row) * width + left..][..columns];
            let from = row * self.side..row * self.side + columns;
            let sources = self.luma[from.clone()].iter().zip(&self.cover[from]);
            for (value, (&over, &cover)) in line.iter_mut().zip(sources) {
                *value = mix(*value, over, cover);
            }
        }
        for (plane, tint) in [(u, MOON_U), (v, MOON_V)] {
            for row in 0..rows / 2 {
                let start = (top / 2 + row) * (width / 2) + left / 2;
                let line = &mut plane[start..start + columns / 2];
                let cover = self.cover[row * 2 * self.side..].iter().step_by(2);
                for (value, &cover) in line.iter_mut().zip(cover) {
                    *value = mix(*value, tint, cover);
                }
            }
        }
    }
}

/// `over` upon `under`, as far as `cover` of 255 goes.
const fn mix(under: u8, over: u8, cover: u8) -> u8 {
    let cover = cover as u32 + (cover >> 7) as u32;
    ((under as u32 * (256 - cover) + over as u32 * cover) >> 8) as u8
}

/// Scatters a position; the same on every machine.
const fn hash(x: u32, y: u32) -> u32 {
    let mixed = x.wrapping_mul(0x9E37_79B1) ^ y.wrapping_mul(0x85EB_CA77);
    let mixed = (mixed ^ mixed >> 15).wrapping_mul(0x2C1B_3C6D);
    mixed ^ mixed >> 13
}

const RING_DOTS: usize = 12;
const MOON_U: u8 = 112;
const MOON_V: u8 = 140;

#[cfg(test)]
mod tests {
    use super::*;

    fn painted(pattern: &Pattern, millis: u64) -> Picture {
        let mut picture = Picture::black(pattern.size());
        pattern.paint(Duration::from_millis(millis), &mut picture);
        picture
    }

    #[test]
    fn each_picture_differs_from_the_one_before() {
        let pattern = Pattern::new(Size::HD);
        let changed = |a: &Picture, b: &Picture| {
            a.data()
                .iter()
                .zip(b.data())
                .filter(|(a, b)| a.abs_diff(**b) > 8)
                .count()
        };
        for frame in 0..90 {
            let (now, next) = (
                painted(&pattern, frame * 33),
                painted(&pattern, frame * 33 + 33),
            );
            assert!(changed(&now, &next) > 300, "frame {frame} stands still");
        }
    }

    #[test]
    fn the_same_moment_gives_the_same_picture() {
        let pattern = Pattern::new(Size::new(640, 360));
        assert_eq!(painted(&pattern, 1234), painted(&pattern, 1234));
    }

    #[test]
    fn every_valid_size_can_be_painted() {
        for size in [
            (2, 2),
            (16, 16),
            (320, 180),
            (642, 2),
            (2, 642),
            (854, 480),
            (1920, 1080),
        ] {
            let pattern = Pattern::new(Size::new(size.0, size.1));
            for millis in (0..60_000).step_by(1733) {
                painted(&pattern, millis);
            }
        }
    }

    #[test]
    fn levels_stay_in_limited_range() {
        let pattern = Pattern::new(Size::HD);
        for millis in [0, 5000, 20_000] {
            let picture = painted(&pattern, millis);
            assert!(picture.planes()[0].iter().all(|it| (16..=235).contains(it)));
        }
    }
}
