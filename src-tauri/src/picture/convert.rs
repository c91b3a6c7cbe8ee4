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

/// Blurs a small BGRX picture in place by the mean of 3 x 3 pixels, `passes` times: with the
/// toolkit's enlarging this looks like frosted glass.
pub(crate) fn blur(
    pixels: &mut [u8],
    stride: usize,
    (width, height): (usize, usize),
    passes: usize,
) {
    let mut row = vec![0u8; stride];
    for _ in 0..passes {
        for line in pixels.chunks_exact_mut(stride).take(height) {
            row.copy_from_slice(line);
            for x in 0..width {
                let (left, right) = (x.saturating_sub(1), (x + 1).min(width - 1));
                for channel in 0..3 {
                    line[x * 4 + channel] = mean([left, x, right].map(|it| row[it * 4 + channel]));
                }
            }
        }
        let mut above = pixels[..stride].to_vec();
        for y in 0..height {
            let start = y * stride;
            let below = (y + 1).min(height - 1) * stride;
            row.copy_from_slice(&pixels[start..start + stride]);
            for x in 0..width * 4 {
                pixels[start + x] = mean([above[x], row[x], pixels[below + x]]);
            }
            above.copy_from_slice(&row);
        }
    }
}

fn mean(three: [u8; 3]) -> u8 {
    (three.iter().map(|it| u16::from(*it)).sum::<u16>() / 3) as u8
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
    fn blur_spreads_a_dot_and_keeps_a_flat_picture() {
        let mut flat = vec![90; 8 * 8 * 4];
        blur(&mut flat, 32, (8, 8), 2);
        assert!(flat.iter().all(|it| *it == 90));
        let mut dot = vec![0; 8 * 8 * 4];
        dot[(4 * 8 + 4) * 4] = 255;
        blur(&mut dot, 32, (8, 8), 1);
        assert_eq!(dot[(3 * 8 + 3) * 4], 28);
        assert_eq!(dot[(4 * 8 + 4) * 4], 28);
        assert_eq!(dot[(4 * 8 + 6) * 4], 0);
    }
}
