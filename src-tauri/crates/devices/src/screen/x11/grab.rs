//! Copies pixels out of the display server: through shared memory where it is on this machine, which
//! takes a tenth of the time.

#![expect(unsafe_code, reason = "memory is shared with the display server")]

use std::os::fd::AsRawFd;
use std::ptr::null_mut;
use std::slice;

use media::backend::screen::ScreenError;
use media::units::Size;
use x11rb::connection::Connection as _;
use x11rb::errors::ReplyError;
use x11rb::protocol::shm::{ConnectionExt as _, Seg};
use x11rb::protocol::xproto::{ConnectionExt as _, Drawable, ImageFormat};

use super::display::{Display, failed};

/// What to copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Area {
    pub(super) drawable: Drawable,
    pub(super) x: i16,
    pub(super) y: i16,
    pub(super) size: Size,
    /// Where the area begins on the root window.
    pub(super) at: (i32, i32),
}

/// Copies again and again, into memory that it keeps.
#[derive(Debug, Default)]
pub(super) struct Grabber {
    shared: Option<Shared>,
    copied: Vec<u8>,
}

impl Grabber {
    /// The pixels of an area, four bytes each (blue, green, red, nothing), without padding.
    pub(super) fn grab(
        &mut self,
        display: &Display,
        area: &Area,
    ) -> Result<&mut [u8], ScreenError> {
        let bytes = area.size.pixels() as usize * 4;
        if !display.has_shared_memory {
            self.copied = copy(display, area).map_err(not_grabbed)?;
            return self.copied.get_mut(..bytes).ok_or_else(short);
        }
        if self.shared.as_ref().is_none_or(|it| it.len < bytes) {
            self.shared = None;
            self.shared = Some(Shared::new(display, bytes)?);
        }
        let shared = self.shared.as_mut().ok_or_else(short)?;
        let (width, height) = (area.size.width as u16, area.size.height as u16);
        let asked = display.connection.shm_get_image(
            area.drawable,
            area.x,
            area.y,
            width,
            height,
            ALL_PLANES,
            ImageFormat::Z_PIXMAP.into(),
            shared.segment,
            0,
        );
        let written = asked.map_err(ReplyError::from).and_then(|it| it.reply());
        written.map_err(not_grabbed)?;
        shared.bytes().get_mut(..bytes).ok_or_else(short)
    }
}

/// Memory that the display server writes to.
#[derive(Debug)]
struct Shared {
    segment: Seg,
    at: *mut libc::c_void,
    len: usize,
}

// SAFETY: the memory belongs to this value alone and is mapped for the whole process.
unsafe impl Send for Shared {}

impl Shared {
    fn new(display: &Display, len: usize) -> Result<Self, ScreenError> {
        let segment = display.connection.generate_id().map_err(failed)?;
        let size = u32::try_from(len).map_err(|_| short())?;
        let made = display.connection.shm_create_segment(segment, size, false);
        let made = made.map_err(failed)?.reply().map_err(failed)?;
        // SAFETY: a new mapping of a descriptor that is open, at an address of the kernel's choice.
        let at = unsafe {
            libc::mmap(
                null_mut(),
                len,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_SHARED,
                made.shm_fd.as_raw_fd(),
                0,
            )
        };
        if at == libc::MAP_FAILED {
            let error = std::io::Error::last_os_error();
            return Err(ScreenError::Failed(format!("map shared memory: {error}")));
        }
        Ok(Self { segment, at, len })
    }

    /// The memory, between two requests that let the display server write there.
    fn bytes(&mut self) -> &mut [u8] {
        // SAFETY: `len` bytes are mapped at `at` for as long as this value lives, and the display
        // server writes only while a request of ours is unanswered.
        unsafe { slice::from_raw_parts_mut(self.at.cast(), self.len) }
    }
}

impl Drop for Shared {
    /// The server lets go of its side when the connection closes.
    fn drop(&mut self) {
        // SAFETY: it was mapped with this length, and nobody holds the bytes any more.
        unsafe { libc::munmap(self.at, self.len) };
    }
}

/// The pixels through the connection itself.
fn copy(display: &Display, area: &Area) -> Result<Vec<u8>, ReplyError> {
    let asked = display.connection.get_image(
        ImageFormat::Z_PIXMAP,
        area.drawable,
        area.x,
        area.y,
        area.size.width as u16,
        area.size.height as u16,
        ALL_PLANES,
    );
    Ok(asked?.reply()?.data)
}

/// The window or its screen changed since it was looked at, or is gone.
fn not_grabbed(error: ReplyError) -> ScreenError {
    match error {
        ReplyError::X11Error(error) => ScreenError::Gone(format!("{:?}", error.error_kind)),
        ReplyError::ConnectionError(error) => failed(error),
    }
}

fn short() -> ScreenError {
    ScreenError::Failed("the display gave too few pixels".to_owned())
}

const ALL_PLANES: u32 = u32::MAX;
