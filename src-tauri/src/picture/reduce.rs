//! Makes a picture smaller by a whole number: the mean of each block of pixels.
//!
//! Cheap enough for every picture (one pass over the planes), and without the shimmer that a
//! toolkit's bilinear filter gives when it shrinks to less than half.

use media::picture::Picture;
use media::units::Size;

use super::layout::{MAX_REDUCTION, reduced};

/// Reduces pictures, keeping its memory from one to the next.
#[derive(Debug, Default)]
pub(crate) struct Reducer {
    out: Option<Picture>,
    sums: Vec<u16>,
}

impl Reducer {
    /// Without memory yet.
    pub(crate) const EMPTY: Self = Self {
        out: None,
        sums: Vec::new(),
    };

    /// `picture` with each side divided by `factor` (1 to [`MAX_REDUCTION`]). Columns and rows
    /// that do not fill a block at the right and lower edge are left out.
    ///
    /// # Panics
    /// When nothing would be left: [`super::layout::reduction`] gives factors that fit.
    pub(crate) fn reduce<'a>(&'a mut self, picture: &'a Picture, factor: u32) -> &'a Picture {
        let factor = factor.clamp(1, MAX_REDUCTION);
        if factor == 1 {
            return picture;
        }
        let size = reduced(picture.size(), factor);
        if self.out.as_ref().is_none_or(|it| it.size() != size) {
            self.out = None;
        }
        let out = self.out.get_or_insert_with(|| Picture::black(size));
        let chroma = |size: Size| (size.width as usize / 2, size.height as usize / 2);
        let luma = |size: Size| (size.width as usize, size.height as usize);
        let shapes = [luma, chroma, chroma].map(|it| (it(picture.size()).0, it(size)));
        for ((from, to), (stride, shape)) in picture
            .planes()
            .into_iter()
            .zip(out.planes_mut())
            .zip(shapes)
        {
            reduce_plane(from, stride, to, shape, factor as usize, &mut self.sums);
        }
        out
    }
}

/// One plane: rows are summed first, because that is the part the compiler can do wide.
fn reduce_plane(
    from: &[u8],
    stride: usize,
    to: &mut [u8],
    (width, height): (usize, usize),
    factor: usize,
    sums: &mut Vec<u16>,
) {
    let blocks = (factor * factor) as u32;
    // A division by multiplication; with 23 bits a mean of 255 still fits into 32.
    let reciprocal = (1u32 << 23).div_ceil(blocks);
    sums.resize(width * factor, 0);
    for (y, row) in to.chunks_exact_mut(width).take(height).enumerate() {
        sums.fill(0);
        for line in from[y * factor * stride..].chunks(stride).take(factor) {
            for (sum, byte) in sums.iter_mut().zip(line) {
                *sum += u16::from(*byte);
            }
        }
        for (out, block) in row.iter_mut().zip(sums.chunks_exact(factor)) {
            let sum: u32 = block.iter().map(|it| u32::from(*it)).sum();
            *out = ((sum + blocks / 2).saturating_mul(reciprocal) >> 23).min(255) as u8;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_become_their_mean() {
        let mut picture = Picture::black(Size::new(8, 4));
        let [y, u, _] = picture.planes_mut();
        y.copy_from_slice(&[
            10, 20, 0, 0, 255, 255, 1, 1, //
            30, 40, 0, 0, 255, 255, 1, 2, //
            100, 100, 8, 8, 16, 16, 0, 255, //
            100, 100, 8, 8, 16, 16, 255, 0,
        ]);
        u.copy_from_slice(&[10, 30, 0, 0, 50, 70, 0, 0]);
        let mut reducer = Reducer::default();
        let small = reducer.reduce(&picture, 2);
        assert_eq!(small.size(), Size::new(4, 2));
        assert_eq!(small.planes()[0], [25, 0, 255, 1, 100, 8, 16, 128]);
        assert_eq!(small.planes()[1], [40, 0]);
    }

    #[test]
    fn a_flat_picture_keeps_its_level_at_every_factor() {
        for factor in 1..=MAX_REDUCTION {
            for level in [0, 1, 16, 127, 235, 255] {
                let mut picture = Picture::black(Size::new(130, 98));
                picture.data_mut().fill(level);
                let mut reducer = Reducer::default();
                let small = reducer.reduce(&picture, factor);
                assert!(
                    small.data().iter().all(|it| *it == level),
                    "{factor} {level}"
                );
            }
        }
    }

    #[test]
    fn a_change_of_size_gives_new_memory() {
        let mut reducer = Reducer::default();
        assert_eq!(
            reducer.reduce(&Picture::black(Size::HD), 3).size(),
            Size::new(426, 240)
        );
        assert_eq!(
            reducer.reduce(&Picture::black(Size::new(64, 48)), 2).size(),
            Size::new(32, 24)
        );
    }
}
