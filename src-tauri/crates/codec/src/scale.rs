//! Brings pictures to the size that is to be encoded.

use fast_image_resize::images::{TypedImage, TypedImageRef};
use fast_image_resize::pixels::U8;
use fast_image_resize::{FilterType, ResizeAlg, ResizeOptions, Resizer};
use media::backend::codec::CodecError;
use media::picture::Picture;
use media::units::Size;

/// Scales pictures to one size and keeps the result until the next.
#[derive(Debug)]
pub(crate) struct Scaler {
    resizer: Resizer,
    scaled: Picture,
}

impl Scaler {
    /// A scaler to `size`, which must be valid.
    pub(crate) fn new(size: Size) -> Self {
        Self {
            resizer: Resizer::new(),
            scaled: Picture::black(size),
        }
    }

    /// The size of what [`Scaler::scale`] returns.
    pub(crate) const fn size(&self) -> Size {
        self.scaled.size()
    }

    /// `picture` in the scaler's size. Where the shapes differ, the middle is kept and the rest
    /// cut off: faces must not be stretched.
    pub(crate) fn scale(&mut self, picture: &Picture) -> Result<&Picture, CodecError> {
        // Bilinear convolution is free of aliasing at any ratio and costs half of a cubic one.
        let options = ResizeOptions::new()
            .resize_alg(ResizeAlg::Convolution(FilterType::Bilinear))
            .fit_into_destination(Some((0.5, 0.5)));
        let from = planes_of(picture.size());
        let to = planes_of(self.scaled.size());
        let pairs = picture.planes().into_iter().zip(self.scaled.planes_mut());
        for ((source, target), (from, to)) in pairs.zip(from.into_iter().zip(to)) {
            let source = TypedImageRef::<U8>::from_buffer(from.width, from.height, source)
                .map_err(|error| failed(&error))?;
            let mut target = TypedImage::<U8>::from_buffer(to.width, to.height, target)
                .map_err(|error| failed(&error))?;
            self.resizer
                .resize_typed(&source, &mut target, &options)
                .map_err(|error| failed(&error))?;
        }
        Ok(&self.scaled)
    }
}

fn planes_of(size: Size) -> [Size; 3] {
    let chroma = Size::new(size.width / 2, size.height / 2);
    [size, chroma, chroma]
}

fn failed(error: &dyn std::error::Error) -> CodecError {
    CodecError::Failed(format!("scale: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn halves(size: Size) -> Picture {
        let mut picture = Picture::black(size);
        let width = size.width as usize;
        for row in picture.planes_mut()[0].chunks_exact_mut(width) {
            row[width / 2..].fill(235);
        }
        picture
    }

    #[test]
    fn scaling_keeps_left_dark_and_right_bright() {
        let mut scaler = Scaler::new(Size::new(320, 180));
        let scaled = scaler.scale(&halves(Size::HD)).unwrap();
        let luma = scaled.planes()[0];
        assert_eq!((luma[90 * 320 + 40], luma[90 * 320 + 280]), (16, 235));
        assert!(scaled.planes()[1].iter().all(|chroma| *chroma == 128));
    }

    #[test]
    fn another_shape_is_cut_and_not_stretched() {
        let size = Size::new(640, 480);
        let mut picture = Picture::black(size);
        // Rows that a 16:9 cut of a 4:3 picture leaves out.
        picture.planes_mut()[0][..640 * 50].fill(235);
        let mut scaler = Scaler::new(Size::new(640, 360));
        assert!(
            scaler.scale(&picture).unwrap().planes()[0]
                .iter()
                .all(|luma| *luma == 16)
        );
    }
}
