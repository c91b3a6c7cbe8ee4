//! I420 to the toolkit's 32-bit pixels (blue, green, red, unused in memory order).

use media::picture::Picture;
use yuv::{YuvError, YuvPlanarImage, YuvRange, YuvStandardMatrix};

/// Writes `picture` (BT.709, limited range) to `out`, whose rows are `stride` bytes apart.
///
/// # Errors
/// When `out` is too small for the picture.
pub(crate) fn to_bgrx(picture: &Picture, out: &mut [u8], stride: u32) -> Result<(), YuvError> {
    let [y, u, v] = picture.planes();
    let (width, height) = (picture.size().width, picture.size().height);
    let image = YuvPlanarImage {
        y_plane: y,
        y_stride: width,
        u_plane: u,
        u_stride: width / 2,
        v_plane: v,
        v_stride: width / 2,
        width,
        height,
    };
    yuv::yuv420_to_bgra(
        &image,
        out,
        stride,
        YuvRange::Limited,
        YuvStandardMatrix::Bt709,
    )
}

/// Turns BGRX rows of `width` pixels into what a mirror shows.
pub(crate) fn mirror(pixels: &mut [u8], stride: usize, width: usize) {
    for row in pixels.chunks_exact_mut(stride) {
        let (pixels, _) = row[..width * 4].as_chunks_mut::<4>();
        pixels.reverse();
    }
}

#[cfg(test)]
mod tests {
    use media::units::Size;

    use super::*;

    fn one_colour(y: u8, u: u8, v: u8) -> [u8; 3] {
        let mut picture = Picture::black(Size::new(16, 8));
        let planes = picture.planes_mut();
        for (plane, level) in planes.into_iter().zip([y, u, v]) {
            plane.fill(level);
        }
        let mut out = vec![0; 16 * 8 * 4];
        to_bgrx(&picture, &mut out, 64).unwrap();
        [out[0], out[1], out[2]]
    }

    #[test]
    fn limited_range_reaches_black_and_white() {
        assert_eq!(one_colour(16, 128, 128), [0, 0, 0]);
        assert_eq!(one_colour(235, 128, 128), [255, 255, 255]);
    }

    #[test]
    fn red_of_bt709_is_red() {
        let [blue, green, red] = one_colour(63, 102, 240);
        assert!(red > 250 && green < 6 && blue < 6, "{red} {green} {blue}");
    }

    #[test]
    fn a_mirror_swaps_left_and_right_and_leaves_the_padding() {
        let mut pixels = [1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 9, 9, 9, 9];
        mirror(&mut pixels, 16, 3);
        assert_eq!(pixels, [3, 3, 3, 3, 2, 2, 2, 2, 1, 1, 1, 1, 9, 9, 9, 9]);
    }
}
