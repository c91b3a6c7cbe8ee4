//! Brings pictures to another size.
//!
//! ```
//! use media::picture::Picture;
//! use media::scale::Scaler;
//! use media::units::Size;
//!
//! let (large, mut small) = (Picture::black(Size::HD), Picture::black(Size::new(320, 180)));
//! let mut scaler = Scaler::sharp();
//! scaler.scale(&large, &mut small);
//! assert_eq!(small, Picture::black(small.size()));
//! ```

mod bilinear;
mod halving;

use fast_image_resize::images::{TypedImage, TypedImageRef};
use fast_image_resize::pixels::U8;
use fast_image_resize::{FilterType, ResizeAlg, ResizeOptions, Resizer};

use self::halving::Halving;
use crate::picture::Picture;
use crate::units::Size;

/// Scales pictures, keeping its memory and its tables from one to the next.
#[derive(Debug)]
pub struct Scaler {
    filter: Filter,
    resizer: Resizer,
    /// Tables for the luma plane and for the chroma planes of the last sizes.
    tables: [Option<Halving>; 2],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Filter {
    /// Interpolation; convolution where a plane is too small for it.
    Sharp,
    /// Convolution that overshoots nowhere and shows no edges.
    Soft,
}

impl Scaler {
    /// For pictures that are looked at or encoded: bilinear, free of aliasing at any ratio.
    #[must_use]
    pub fn sharp() -> Self {
        Self::with(Filter::Sharp)
    }

    /// For a small picture that is blown up to a blurred ground: no edge of its pixels shows.
    #[must_use]
    pub fn soft() -> Self {
        Self::with(Filter::Soft)
    }

    /// Fills `to` with `from`. Where the shapes differ, the middle is kept and the rest cut off:
    /// faces must not be stretched.
    pub fn scale(&mut self, from: &Picture, to: &mut Picture) {
        let sizes = planes_of(from.size()).into_iter().zip(planes_of(to.size()));
        let planes = from.planes().into_iter().zip(to.planes_mut());
        for (at, ((source, target), (from, to))) in planes.zip(sizes).enumerate() {
            // Both chroma planes have one size, and so one table.
            if self.filter == Filter::Sharp
                && let Some(table) = table(&mut self.tables[at.min(1)], from, to)
            {
                table.scale(source, target);
            } else {
                self.convolve((source, from), (target, to));
            }
        }
    }

    fn convolve(&mut self, (source, from): (&[u8], Size), (target, to): (&mut [u8], Size)) {
        let source = TypedImageRef::<U8>::from_buffer(from.width, from.height, source)
            .expect("a plane has its picture's size");
        let mut target = TypedImage::<U8>::from_buffer(to.width, to.height, target)
            .expect("a plane has its picture's size");
        let filter = match self.filter {
            Filter::Sharp => FilterType::Bilinear,
            Filter::Soft => FilterType::Mitchell,
        };
        let options = ResizeOptions::new()
            .resize_alg(ResizeAlg::Convolution(filter))
            .fit_into_destination(Some((0.5, 0.5)));
        self.resizer
            .resize_typed(&source, &mut target, &options)
            .expect("the part of a picture that is kept lies within it");
    }

    fn with(filter: Filter) -> Self {
        Self {
            filter,
            resizer: Resizer::new(),
            tables: [None, None],
        }
    }
}

/// The table for these sizes, made when `kept` is for others; `None` where there can be none.
fn table(kept: &mut Option<Halving>, from: Size, to: Size) -> Option<&mut Halving> {
    let [from, to] = [from, to].map(|size| [size.width as usize, size.height as usize]);
    if !kept.as_ref().is_some_and(|it| it.is_for(from, to)) {
        *kept = Halving::new(from, to);
    }
    kept.as_mut()
}

fn planes_of(size: Size) -> [Size; 3] {
    let chroma = Size::new(size.width / 2, size.height / 2);
    [size, chroma, chroma]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn left_stays_dark_and_right_bright() {
        let mut picture = Picture::black(Size::HD);
        for row in picture.planes_mut()[0].chunks_exact_mut(1280) {
            row[640..].fill(235);
        }
        let mut small = Picture::black(Size::new(320, 180));
        Scaler::sharp().scale(&picture, &mut small);
        let luma = small.planes()[0];
        assert_eq!((luma[90 * 320 + 40], luma[90 * 320 + 280]), (16, 235));
        assert!(small.planes()[1].iter().all(|chroma| *chroma == 128));
    }

    #[test]
    fn another_shape_is_cut_and_not_stretched() {
        let mut picture = Picture::black(Size::new(640, 480));
        // Rows that a 16:9 cut of a 4:3 picture leaves out.
        picture.planes_mut()[0][..640 * 50].fill(235);
        let mut wide = Picture::black(Size::new(640, 360));
        Scaler::sharp().scale(&picture, &mut wide);
        assert!(wide.planes()[0].iter().all(|luma| *luma == 16));
    }

    #[test]
    fn a_blown_up_picture_has_no_steps() {
        let mut small = Picture::black(Size::new(32, 18));
        small.planes_mut()[0][9 * 32 + 16] = 235;
        let mut large = Picture::black(Size::new(640, 360));
        Scaler::soft().scale(&small, &mut large);
        let row = &large.planes()[0][190 * 640..191 * 640];
        let steepest = row.windows(2).map(|pair| pair[0].abs_diff(pair[1])).max();
        assert!(steepest < Some(16), "{steepest:?}");
    }

    proptest! {
        #[test]
        fn a_flat_picture_keeps_its_level_at_any_size(
            (from, to) in (even(), even()),
            level in 0u8..,
        ) {
            let mut picture = Picture::black(from);
            picture.data_mut().fill(level);
            let mut scaled = Picture::black(to);
            Scaler::sharp().scale(&picture, &mut scaled);
            prop_assert!(scaled.data().iter().all(|it| *it == level));
        }
    }

    fn even() -> impl Strategy<Value = Size> {
        (1..120u32, 1..120u32).prop_map(|(width, height)| Size::new(width * 2, height * 2))
    }
}
