//! The pointer, which is in no picture of the display server.

use media::backend::screen::ScreenError;
use media::units::Size;
use x11rb::protocol::xfixes::{ConnectionExt as _, GetCursorImageReply};

use super::display::{Display, failed};

/// The pointer as it was seen last.
#[derive(Debug, Default)]
pub(super) struct Pointer {
    image: Option<GetCursorImageReply>,
}

impl Pointer {
    /// Looks at the pointer. Says whether an area that begins `at` on the root window looks different
    /// with it.
    pub(super) fn look(
        &mut self,
        display: &Display,
        at: (i32, i32),
        size: Size,
    ) -> Result<bool, ScreenError> {
        let asked = display.connection.xfixes_get_cursor_image();
        let seen = asked.map_err(failed)?.reply().map_err(failed)?;
        let is_over = |it: &GetCursorImageReply| {
            let (x, y) = corner(it, at);
            let (right, bottom) = (x + i32::from(it.width), y + i32::from(it.height));
            right > 0 && bottom > 0 && x < size.width as i32 && y < size.height as i32
        };
        let before = self.image.as_ref();
        let is_same = before.is_some_and(|it| {
            (it.x, it.y, it.cursor_serial) == (seen.x, seen.y, seen.cursor_serial)
        });
        let shows = !is_same && (is_over(&seen) || before.is_some_and(is_over));
        self.image = Some(seen);
        Ok(shows)
    }

    /// Draws it over the pixels of an area that begins `at` on the root window.
    pub(super) fn draw(&self, pixels: &mut [u8], at: (i32, i32), size: Size) {
        let Some(image) = &self.image else {
            return;
        };
        let (left, top) = corner(image, at);
        let rows = image
            .cursor_image
            .chunks_exact(usize::from(image.width).max(1));
        for (y, row) in (top..).zip(rows) {
            for (x, colour) in (left..).zip(row) {
                let is_inside =
                    (0..size.width as i32).contains(&x) && (0..size.height as i32).contains(&y);
                if is_inside {
                    let index = (y as usize * size.width as usize + x as usize) * 4;
                    blend(&mut pixels[index..index + 3], *colour);
                }
            }
        }
    }
}

/// Where the image of the pointer begins in an area that begins `at`.
fn corner(image: &GetCursorImageReply, at: (i32, i32)) -> (i32, i32) {
    (
        i32::from(image.x) - i32::from(image.xhot) - at.0,
        i32::from(image.y) - i32::from(image.yhot) - at.1,
    )
}

/// Lays a colour with premultiplied alpha over a pixel.
fn blend(pixel: &mut [u8], colour: u32) {
    let [blue, green, red, alpha] = colour.to_le_bytes();
    for (below, above) in pixel.iter_mut().zip([blue, green, red]) {
        let rest = u32::from(*below) * (255 - u32::from(alpha)) / 255;
        *below = (u32::from(above) + rest).min(255) as u8;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_drawn_where_it_is_and_cut_off_at_the_edge() {
        let pointer = Pointer {
            image: Some(GetCursorImageReply {
                sequence: 0,
                length: 0,
                x: 101,
                y: 50,
                width: 2,
                height: 2,
                xhot: 1,
                yhot: 0,
                cursor_serial: 1,
                cursor_image: vec![0xffff_ffff, 0, 0x8000_0080, 0xff00_0000],
            }),
        };
        let size = Size::new(2, 2);
        let mut pixels = vec![100; 16];
        pointer.draw(&mut pixels, (100, 50), size);
        assert_eq!(pixels[..3], [255, 255, 255], "opaque");
        assert_eq!(pixels[4..7], [100, 100, 100], "nothing");
        assert_eq!(pixels[8..11], [177, 49, 49], "half of it, in blue");
        let mut pixels = vec![100; 16];
        pointer.draw(&mut pixels, (101, 51), size);
        assert_eq!(pixels[..3], [0, 0, 0]);
        assert_eq!(pixels[4..], [100; 12]);
    }
}
