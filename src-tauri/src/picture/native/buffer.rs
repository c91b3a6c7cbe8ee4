//! Pixels that a worker writes and GTK draws: one cairo image in memory shared with the display
//! server, and who may touch it when.
//!
//! A [`Buffer`] is a token: whoever holds it owns the pixels. It moves from the main thread to the
//! worker and back. Cairo itself (making, flushing, drawing, dropping) is for the main thread
//! only; the worker sees nothing but the bytes.

use std::fmt;

use gtk::cairo::{self, ffi};
use gtk::gdk;
use media::units::Size;

/// One image, owned by whoever holds this.
pub(super) struct Buffer {
    /// An owned reference; only the main thread uses it.
    surface: *mut ffi::cairo_surface_t,
    /// The surface's pixels, `stride * height` bytes.
    pixels: *mut u8,
    stride: usize,
    size: Size,
}

// SAFETY: the raw pointers are only used as the module says: cairo's by the main thread (each
// method that calls cairo asserts that), the pixels by the holder of the token.
unsafe impl Send for Buffer {}

impl Buffer {
    /// An image like `window`'s, of `size` pixels. Main thread only.
    ///
    /// `None` when cairo has no memory or gives no image with pixels to write.
    pub(super) fn like(window: &gdk::Window, size: Size) -> Option<Self> {
        assert_main_thread();
        let (width, height) = (
            i32::try_from(size.width).ok()?,
            i32::try_from(size.height).ok()?,
        );
        // Sharing memory with the X server only works in the window's own depth.
        let format = match window.visual().depth() {
            32 => cairo::Format::ARgb32,
            _ => cairo::Format::Rgb24,
        };
        let surface = window.create_similar_image_surface(format, width, height, 1)?;
        surface.flush();
        let image = cairo::ImageSurface::try_from(surface).ok()?;
        let stride = usize::try_from(image.stride()).ok()?;
        let fits = image.format() == format && (image.width(), image.height()) == (width, height);
        // SAFETY: a live image surface; cairo answers null when it has no pixels to show.
        let pixels = unsafe { ffi::cairo_image_surface_get_data(image.to_raw_none()) };
        if pixels.is_null() || !fits || stride < size.width as usize * 4 {
            return None;
        }
        let surface = image.to_raw_none();
        // The reference lives on in the token, until `destroy`.
        std::mem::forget(image);
        Some(Self {
            surface,
            pixels,
            stride,
            size,
        })
    }

    /// Width and height in pixels.
    pub(super) const fn size(&self) -> Size {
        self.size
    }

    /// Bytes from one row to the next.
    pub(super) const fn stride(&self) -> usize {
        self.stride
    }

    /// The pixels, to write; any thread.
    pub(super) fn pixels(&mut self) -> &mut [u8] {
        // SAFETY: the surface lives as long as this token, its data are this long, and nobody else
        // touches them while the token is borrowed mutably.
        unsafe {
            std::slice::from_raw_parts_mut(self.pixels, self.stride * self.size.height as usize)
        }
    }

    /// Has the display server finish with the pixels, so that they may be written again. Main
    /// thread only.
    pub(super) fn release(&self) {
        assert_main_thread();
        // SAFETY: a live surface, on the main thread.
        unsafe { ffi::cairo_surface_flush(self.surface) };
    }

    /// The image to draw with. Main thread only; the result must not outlive the drawing.
    pub(super) fn image(&self) -> cairo::Surface {
        assert_main_thread();
        // SAFETY: a live surface, on the main thread; the new value takes its own reference.
        let image = unsafe { cairo::Surface::from_raw_none(self.surface) };
        image.mark_dirty();
        image
    }

    /// Gives the memory back. Main thread only. A token that is dropped instead leaks its image:
    /// that happens at the end of the program alone.
    pub(super) fn destroy(self) {
        assert_main_thread();
        // SAFETY: the owned reference is given up exactly once, because `self` is consumed.
        drop(unsafe { cairo::Surface::from_raw_full(self.surface) });
    }
}

impl fmt::Debug for Buffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Buffer({})", self.size)
    }
}

fn assert_main_thread() {
    assert!(
        gtk::is_initialized_main_thread(),
        "cairo images belong to the main thread"
    );
}
