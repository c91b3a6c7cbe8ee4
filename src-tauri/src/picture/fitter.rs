//! Brings pictures to the pixels of their place.
//!
//! Here and not in the display server: without a graphics card it needs half a frame's time for
//! one stretched picture.

use media::picture::Picture;
use media::scale::Scaler;
use media::units::Size;

/// Makes pictures fit, keeping its memory from one to the next.
#[derive(Debug)]
pub(crate) struct Fitter {
    sharp: Scaler,
    #[cfg(target_os = "linux")]
    soft: Scaler,
    sized: Option<Picture>,
    #[cfg(target_os = "linux")]
    small: Option<Picture>,
}

impl Fitter {
    /// Without memory yet.
    pub(crate) fn new() -> Self {
        Self {
            sharp: Scaler::sharp(),
            #[cfg(target_os = "linux")]
            soft: Scaler::soft(),
            sized: None,
            #[cfg(target_os = "linux")]
            small: None,
        }
    }

    /// `picture` in `size`, its middle where the shapes differ.
    pub(crate) fn fit<'a>(&'a mut self, picture: &'a Picture, size: Size) -> &'a Picture {
        if picture.size() == size {
            return picture;
        }
        let out = of_size(&mut self.sized, size);
        self.sharp.scale(picture, out);
        out
    }

    /// `picture` in `size` as a ground to read text on: like through frosted glass, and dim.
    #[cfg(target_os = "linux")]
    pub(crate) fn backdrop(&mut self, picture: &Picture, size: Size) -> &Picture {
        let height = BACKDROP_WIDTH * size.height / size.width;
        let small = Size::new(BACKDROP_WIDTH, height.clamp(2, BACKDROP_WIDTH * 2) & !1);
        let small = of_size(&mut self.small, small);
        self.sharp.scale(picture, small);
        dim(small);
        let out = of_size(&mut self.sized, size);
        self.soft.scale(small, out);
        out
    }
}

/// The picture in `kept`, made anew if it has another size.
fn of_size(kept: &mut Option<Picture>, size: Size) -> &mut Picture {
    if kept.as_ref().is_some_and(|it| it.size() != size) {
        *kept = None;
    }
    kept.get_or_insert_with(|| Picture::black(size))
}

/// Takes most of the light and the colour away: text on it stays readable over a white wall.
#[cfg(target_os = "linux")]
fn dim(picture: &mut Picture) {
    let [y, u, v] = picture.planes_mut();
    for (plane, rest) in [(y, 16), (u, 128), (v, 128)] {
        for byte in plane {
            *byte = (rest + (i16::from(*byte) - rest) * BACKDROP_LIGHT / 100).clamp(0, 255) as u8;
        }
    }
}

/// How small a picture becomes on its way to a backdrop: nobody is recognised in it.
#[cfg(target_os = "linux")]
const BACKDROP_WIDTH: u32 = 32;

/// How much of its light a backdrop keeps, percent.
#[cfg(target_os = "linux")]
const BACKDROP_LIGHT: i16 = 38;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_of_the_right_size_is_shown_itself() {
        let picture = Picture::black(Size::HD);
        assert!(std::ptr::eq(
            Fitter::new().fit(&picture, Size::HD),
            &raw const picture
        ));
    }

    #[test]
    fn sizes_may_change_from_picture_to_picture() {
        let mut fitter = Fitter::new();
        for size in [Size::new(200, 112), Size::new(1080, 606), Size::new(64, 64)] {
            assert_eq!(fitter.fit(&Picture::black(Size::HD), size).size(), size);
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_backdrop_is_dim_and_has_no_edges() {
        let mut white = Picture::black(Size::HD);
        white.planes_mut()[0][..1280 * 360].fill(235);
        let mut fitter = Fitter::new();
        for size in [Size::new(1080, 720), Size::new(2, 400), Size::new(400, 2)] {
            let luma = fitter.backdrop(&white, size).planes()[0];
            assert!(luma.iter().all(|it| *it < 110), "{size}");
        }
        let luma = fitter.backdrop(&white, Size::new(1080, 720)).planes()[0];
        // Down the middle, from the white half to the black one.
        let column: Vec<u8> = luma.chunks_exact(1080).map(|row| row[540]).collect();
        let steepest = column.windows(2).map(|pair| pair[0].abs_diff(pair[1]));
        assert!(steepest.max() < Some(6));
    }
}
