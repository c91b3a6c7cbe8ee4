//! A window with text on a screen of ours, and how well a picture of it was preserved.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use media::picture::Picture;
use tokio::process::Command;
use tokio::time::sleep;

use crate::clock;
use crate::program::Program;
use crate::screen::{Raster, Screen};

/// What stands in each line of the window, behind its number.
pub const TEXT: &str = "Minutes of the meeting: the tenors asked for a later start on Tuesdays, \
    0123456789, and the altos would rather keep the hour - and bring cake; nobody objected.";

/// A program that shows a page of text. It ends with this value.
#[derive(Debug)]
pub struct TextWindow {
    _program: Program,
    /// Where it is on the screen.
    pub at: (usize, usize),
}

impl TextWindow {
    /// Shows a page of this size under this title, once it can be seen. `place` is where its picture
    /// is kept.
    ///
    /// # Errors
    /// When ImageMagick is missing, or the page does not show.
    pub async fn show(
        screen: &Screen,
        title: &str,
        (width, height): (u32, u32),
        place: &Path,
    ) -> Result<Self> {
        let page = place.join(format!("{title}.png"));
        draw((width, height), &page).await?;
        let mut display = Command::new("display");
        display
            .args(["-title", title, "-geometry", "+0+0", "-borderwidth", "0"])
            .arg(&page)
            .env("DISPLAY", screen.display());
        let window = Self {
            _program: Program::start(title, &mut display)?,
            at: (0, 0),
        };
        let until = clock::now() + SOON;
        loop {
            let seen = screen.grab()?;
            let (mut dark, mut light) = (0, 0);
            for y in 0..height as usize {
                for x in 0..width as usize {
                    let luma = seen.at(x, y);
                    dark += u32::from(luma < 100);
                    light += u32::from(luma > 250);
                }
            }
            if light > width * height / 2 && dark > width * height / 50 {
                return Ok(window);
            }
            ensure!(clock::now() < until, "the page of text does not show");
            sleep(Duration::from_millis(100)).await;
        }
    }
}

/// Draws a page of text; how the file's name ends says its format, as ImageMagick names them.
pub(crate) async fn draw((width, height): (u32, u32), page: &Path) -> Result<()> {
    let lines = (1..height / LINE_PX).map(|line| format!("{line}. {TEXT}"));
    let mut convert = Command::new("convert");
    convert
        .args(["-size", &format!("{width}x{height}"), "xc:white"])
        .args(["-font", "DejaVu-Sans", "-pointsize", "14", "-fill", "black"])
        .args(["-annotate", "+8+20", &lines.collect::<Vec<_>>().join("\n")])
        .args(["-depth", "8"])
        .arg(page);
    let drawn = convert.stderr(Stdio::null()).status().await?;
    ensure!(drawn.success(), "ImageMagick draws no page");
    Ok(())
}

/// How alike a picture's luma is to what a screen shows at a place, see [`ssim`].
///
/// # Errors
/// When the picture reaches beyond the screen.
pub fn likeness(seen: &Picture, screen: &Raster, (left, top): (usize, usize)) -> Result<f64> {
    let (width, height) = (seen.size().width as usize, seen.size().height as usize);
    ensure!(
        left + width <= screen.width && top + height <= screen.height,
        "a picture of {} does not lie on the screen",
        seen.size()
    );
    let luma = seen.planes()[0];
    // From full range to that of video.
    let shown = |x, y| 16.0 + f64::from(screen.at(left + x, top + y)) * 219.0 / 255.0;
    let received = |x, y| f64::from(luma[y * width + x]);
    Ok(ssim((width, height), received, shown))
}

/// Structural similarity: the mean over blocks of eight by eight pixels, 1 for the same (Wang et al.
/// 2004, with flat windows). Each function gives the brightness at a column and a row.
pub fn ssim(
    (width, height): (usize, usize),
    one: impl Fn(usize, usize) -> f64,
    other: impl Fn(usize, usize) -> f64,
) -> f64 {
    let (mut sum, mut blocks) = (0.0, 0.0);
    for row in (0..height / BLOCK).map(|it| it * BLOCK) {
        for column in (0..width / BLOCK).map(|it| it * BLOCK) {
            let pairs: Vec<_> = (0..BLOCK * BLOCK)
                .map(|at| (column + at % BLOCK, row + at / BLOCK))
                .map(|(x, y)| (one(x, y), other(x, y)))
                .collect();
            sum += of_block(&pairs);
            blocks += 1.0;
        }
    }
    sum / blocks
}

fn of_block(pairs: &[(f64, f64)]) -> f64 {
    let mean = |it: fn(&(f64, f64)) -> f64| pairs.iter().map(it).sum::<f64>() / pairs.len() as f64;
    let (a, b) = (mean(|it| it.0), mean(|it| it.1));
    let (aa, bb) = (mean(|it| it.0 * it.0), mean(|it| it.1 * it.1));
    let ab = mean(|it| it.0 * it.1);
    let (va, vb, cov) = (aa - a * a, bb - b * b, ab - a * b);
    let (c1, c2) = ((0.01 * 255.0_f64).powi(2), (0.03 * 255.0_f64).powi(2));
    (2.0 * a * b + c1) * (2.0 * cov + c2) / ((a * a + b * b + c1) * (va + vb + c2))
}

/// The last picture of a Y4M file, and how many there are.
///
/// # Errors
/// When it holds none.
pub fn last_picture(path: &Path) -> Result<(Picture, usize)> {
    let file = std::fs::File::open(path).context("no pictures were written")?;
    let mut reader = media::synthetic::y4m::Reader::new(file)?;
    let mut picture = Picture::black(reader.size());
    let mut count = 0;
    while reader.read(&mut picture)? {
        count += 1;
    }
    ensure!(count > 0, "no picture was written");
    Ok((picture, count))
}

/// From one line of text to the next, generously.
const LINE_PX: u32 = 20;

const BLOCK: usize = 8;

/// So alike is text that is as sharp as it was: what a screen sends when it stands still comes to 0.999,
/// a blur of three pixels to less than 0.9.
pub const SHARP: f64 = 0.98;

const SOON: Duration = Duration::from_secs(20);

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: (usize, usize) = (160, 96);

    /// Strokes as wide as those of letters.
    fn text(x: usize, y: usize) -> f64 {
        let is_ink = (x / 2 + 3 * (y / 2)).is_multiple_of(5) || (x * 7 + y * 3).is_multiple_of(11);
        if is_ink && y % 20 < 12 { 20.0 } else { 235.0 }
    }

    #[test]
    fn text_is_like_itself_and_neither_like_its_blur_nor_like_the_next_line() {
        let blurred = |x: usize, y: usize| {
            let around = (0..3).flat_map(|dy| (0..3).map(move |dx| (x + dx, y + dy)));
            around.map(|(x, y)| text(x, y)).sum::<f64>() / 9.0
        };
        assert!(ssim(SIZE, text, text) > 0.9999);
        let faint = |x: usize, y: usize| text(x, y) + if x.is_multiple_of(2) { 2.0 } else { -2.0 };
        assert!(ssim(SIZE, text, faint) > SHARP, "what nobody sees");
        assert!(ssim(SIZE, text, blurred) < 0.9);
        assert!(ssim(SIZE, text, |x, y| text(x, y + 1)) < 0.9);
    }
}
