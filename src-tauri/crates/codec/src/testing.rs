//! Test pictures and what tests measure on them.

use media::picture::Picture;
use media::units::Size;

/// A textured scene that pans by `index`, with camera noise: it fills any rate that it is given.
pub(crate) fn scene(size: Size, index: usize) -> Picture {
    let mut picture = Picture::black(size);
    let width = size.width as usize;
    let mut noise = 0x9e37_79b9_u32.wrapping_add((index as u32).wrapping_mul(747_796_405));
    let [y, u, v] = picture.planes_mut();
    for (row, line) in y.chunks_exact_mut(width).enumerate() {
        for (column, luma) in line.iter_mut().enumerate() {
            noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let (x, z) = (
                (column + 3 * index) as f32 / 23.0,
                (row + index) as f32 / 17.0,
            );
            let texture = (x.sin() + z.cos() + (x * z / 9.0).sin()) * 30.0;
            *luma = (120.0 + texture + (noise >> 28) as f32 * 0.5) as u8;
        }
    }
    for (row, line) in u.chunks_exact_mut(width / 2).enumerate() {
        line.fill(100 + ((row + index) / 8 % 40) as u8);
    }
    v.fill(140);
    picture
}

/// Peak signal-to-noise ratio of luma, in dB.
pub(crate) fn psnr_y(a: &Picture, b: &Picture) -> f64 {
    assert_eq!(a.size(), b.size());
    let [a, b] = [a.planes()[0], b.planes()[0]];
    let squares: f64 = a
        .iter()
        .zip(b)
        .map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2))
        .sum();
    10.0 * (255.0 * 255.0 / (squares / a.len() as f64).max(1e-9)).log10()
}

/// A page of text that is scrolled by `scroll` pixels: strokes of one or two pixels on white, no two
/// lines alike.
pub(crate) fn page(size: Size, scroll: usize) -> Picture {
    let mut picture = Picture::black(size);
    let width = size.width as usize;
    let rows = picture.planes_mut()[0].chunks_exact_mut(width);
    for (row, line) in rows.enumerate() {
        let (text, stroke) = ((row + scroll) / 18, (row + scroll) % 18);
        line.fill(235);
        if stroke >= 13 {
            continue;
        }
        for (column, luma) in line.iter_mut().enumerate() {
            let glyph = (text * 7919 + column / 9 * 104_729) as u32;
            let bits = glyph
                .wrapping_mul(2_654_435_761)
                .rotate_left((stroke / 2 * 5) as u32);
            if column % 9 < 7 && bits >> (column % 9 * 4) & 3 == 0 {
                *luma = 20;
            }
        }
    }
    picture
}
