//! From the colours of cameras to ours.
//!
//! Cameras that give YCbCr use the matrix of BT.601, whatever their size, and JPEG uses the full
//! range; our pictures are BT.709 in limited range. Without this step faces turn slightly green
//! and JPEG pictures come out too hard.

use media::picture::Picture;

/// Which values a camera's samples have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Range {
    /// Luma 16 to 235, chroma 16 to 240.
    Limited,
    /// All of 0 to 255.
    Full,
}

/// Changes `picture` from BT.601 in `range` to BT.709 in limited range.
pub(super) fn from_bt601(picture: &mut Picture, range: Range) {
    let gains = match range {
        Range::Limited => LIMITED,
        Range::Full => FULL,
    };
    let width = picture.size().width as usize;
    let [luma, u, v] = picture.planes_mut();
    let chroma = u
        .chunks_exact_mut(width / 2)
        .zip(v.chunks_exact_mut(width / 2));
    for (rows, (u, v)) in luma.chunks_exact_mut(2 * width).zip(chroma) {
        let (upper, lower) = rows.split_at_mut(width);
        let luma = upper.chunks_exact_mut(2).zip(lower.chunks_exact_mut(2));
        for ((upper, lower), (u, v)) in luma.zip(u.iter_mut().zip(v)) {
            let (cb, cr) = (i32::from(*u) - 128, i32::from(*v) - 128);
            let shift = gains.y_from_cb * cb + gains.y_from_cr * cr + gains.y_offset;
            for y in upper.iter_mut().chain(lower) {
                *y = byte(gains.y * i32::from(*y) + shift);
            }
            *u = byte(gains.cb_from_cb * cb + gains.cb_from_cr * cr + (128 << BITS));
            *v = byte(gains.cr_from_cb * cb + gains.cr_from_cr * cr + (128 << BITS));
        }
    }
}

/// Factors in fixed point.
struct Gains {
    y: i32,
    y_from_cb: i32,
    y_from_cr: i32,
    y_offset: i32,
    cb_from_cb: i32,
    cb_from_cr: i32,
    cr_from_cb: i32,
    cr_from_cr: i32,
}

const LIMITED: Gains = gains(1.0, 0.0, 219.0 / 224.0, 1.0);
const FULL: Gains = gains(219.0 / 255.0, 16.0, 219.0 / 255.0, 224.0 / 255.0);

/// The product of both matrices (BT.601 to RGB to BT.709), with the steps of luma, its offset, of
/// luma per chroma, and of chroma.
const fn gains(luma: f64, offset: f64, luma_per_chroma: f64, chroma: f64) -> Gains {
    Gains {
        y: fixed(luma),
        y_from_cb: fixed(-0.118_188 * luma_per_chroma),
        y_from_cr: fixed(-0.212_685 * luma_per_chroma),
        y_offset: fixed(offset),
        cb_from_cb: fixed(1.018_640 * chroma),
        cb_from_cr: fixed(0.114_618 * chroma),
        cr_from_cb: fixed(0.075_049 * chroma),
        cr_from_cr: fixed(1.025_327 * chroma),
    }
}

const fn fixed(value: f64) -> i32 {
    let scaled = value * (1 << BITS) as f64;
    (if scaled < 0.0 {
        scaled - 0.5
    } else {
        scaled + 0.5
    }) as i32
}

const fn byte(fixed: i32) -> u8 {
    let value = (fixed + (1 << (BITS - 1))) >> BITS;
    if value < 0 {
        0
    } else if value > 255 {
        255
    } else {
        value as u8
    }
}

const BITS: u32 = 14;

#[cfg(test)]
mod tests {
    use media::units::Size;

    use super::*;

    /// What a colour becomes, computed through RGB by the standards' own formulas.
    fn reference(red: f64, green: f64, blue: f64) -> ([f64; 3], [f64; 3], [f64; 3]) {
        let code = |kr: f64, kb: f64| {
            let y = kr * red + (1.0 - kr - kb) * green + kb * blue;
            [
                y,
                (blue - y) / (2.0 * (1.0 - kb)),
                (red - y) / (2.0 * (1.0 - kr)),
            ]
        };
        let limited =
            |[y, cb, cr]: [f64; 3]| [16.0 + 219.0 * y, 128.0 + 224.0 * cb, 128.0 + 224.0 * cr];
        let full = |[y, cb, cr]: [f64; 3]| [255.0 * y, 128.0 + 255.0 * cb, 128.0 + 255.0 * cr];
        let old = code(0.299, 0.114);
        (limited(old), full(old), limited(code(0.2126, 0.0722)))
    }

    fn converted(colour: [f64; 3], range: Range) -> [u8; 3] {
        let mut picture = Picture::black(Size::new(4, 4));
        for (plane, value) in picture.planes_mut().into_iter().zip(colour) {
            plane.fill(value.round().clamp(0.0, 255.0) as u8);
        }
        from_bt601(&mut picture, range);
        picture.planes().map(|plane| plane[plane.len() - 1])
    }

    #[test]
    fn colours_keep_their_hue_and_their_brightness() {
        for (red, green, blue) in [
            (0.0, 0.0, 0.0),
            (1.0, 1.0, 1.0),
            (0.5, 0.5, 0.5),
            (0.9, 0.6, 0.5),
            (0.2, 0.7, 0.3),
            (0.1, 0.2, 0.8),
            (1.0, 0.0, 0.0),
        ] {
            let (limited, full, wanted) = reference(red, green, blue);
            for (colour, range) in [(limited, Range::Limited), (full, Range::Full)] {
                for (got, wanted) in converted(colour, range).into_iter().zip(wanted) {
                    let apart = (f64::from(got) - wanted).abs();
                    assert!(
                        apart <= 1.7,
                        "{red} {green} {blue} {range:?}: {got}, not {wanted}"
                    );
                }
            }
        }
    }
}
