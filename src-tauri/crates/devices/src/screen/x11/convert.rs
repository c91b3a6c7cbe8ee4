//! Pixels of the display to pictures.

use media::backend::screen::ScreenError;
use media::picture::Picture;
use media::units::Size;
use yuv::{YuvConversionMode, YuvRange, YuvStandardMatrix};

use crate::planar::planar;

/// The size of the picture of an area: both sides even, so a last column or row may be left out, and
/// an area larger than any picture is shrunk by a whole number.
pub(super) fn shown_size(area: Size) -> Size {
    let by = shrinking(area);
    let even = |side: u32| ((side / by) & !1).max(2);
    Size::new(even(area.width), even(area.height))
}

/// Converts the pixels of an area, four bytes each, to a picture of its [`shown_size`].
pub(super) fn to_i420(pixels: &[u8], area: Size, picture: &mut Picture) -> Result<(), ScreenError> {
    let by = shrinking(area) as usize;
    let stride = area.width as usize * PIXEL;
    if by == 1 {
        return convert(pixels, stride, picture);
    }
    // Every so many pixels: what is that large is looked at from far away.
    let width = picture.size().width as usize;
    let rows = pixels.chunks_exact(stride).step_by(by);
    let small: Vec<u8> = rows
        .flat_map(|row| row.chunks_exact(PIXEL).step_by(by).take(width).flatten())
        .copied()
        .collect();
    convert(&small, width * PIXEL, picture)
}

fn convert(pixels: &[u8], stride: usize, picture: &mut Picture) -> Result<(), ScreenError> {
    let height = picture.size().height;
    let last = pixels.len().min(stride * height as usize);
    yuv::bgra_to_yuv420(
        &mut planar(picture),
        &pixels[..last],
        stride as u32,
        YuvRange::Limited,
        YuvStandardMatrix::Bt709,
        YuvConversionMode::Balanced,
    )
    .map_err(|error| ScreenError::Failed(format!("convert: {error}")))
}

/// How many times an area is too large for a picture.
fn shrinking(area: Size) -> u32 {
    area.width.max(area.height).div_ceil(Size::MAX.width).max(1)
}

const PIXEL: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    fn converted(area: Size) -> Picture {
        let pixels: Vec<u8> = (0..area.pixels())
            .flat_map(|at| {
                let is_left = at % u64::from(area.width) < u64::from(area.width) / 2;
                if is_left { [255; 4] } else { [0, 0, 255, 0] }
            })
            .collect();
        let mut picture = Picture::black(shown_size(area));
        to_i420(&pixels, area, &mut picture).unwrap();
        picture
    }

    #[test]
    fn colours_and_sides_are_kept_whatever_the_size() {
        for (area, shown) in [
            ((64, 48), (64, 48)),
            ((65, 49), (64, 48)),
            ((3840, 16), (3840, 16)),
            ((5120, 64), (2560, 32)),
            ((1, 1), (2, 2)),
        ] {
            let (area, shown) = (Size::new(area.0, area.1), Size::new(shown.0, shown.1));
            assert_eq!(shown_size(area), shown);
            if area.width < 2 {
                continue;
            }
            let picture = converted(area);
            let [y, u, v] = picture.planes();
            let (left, right) = (0, shown.width as usize - 1);
            assert!(
                y[left] >= 234 && y[right].abs_diff(63) <= 1,
                "{area}: {}",
                y[right]
            );
            let (left, right) = (0, shown.width as usize / 2 - 1);
            assert!(
                u[left].abs_diff(128) <= 1 && v[right].abs_diff(240) <= 1,
                "{area}"
            );
        }
    }
}
