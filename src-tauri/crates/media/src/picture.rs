//! Raw pictures: planar 8-bit 4:2:0 (I420), BT.709 limited range, tightly packed.

use std::sync::Arc;
use std::time::Instant;

use crate::units::Size;

/// One picture: a full-size luma plane, then two chroma planes of half the width and half the
/// height, without padding between rows or planes.
#[derive(Clone, PartialEq, Eq)]
pub struct Picture {
    size: Size,
    data: Vec<u8>,
}

impl Picture {
    /// A black picture.
    ///
    /// # Panics
    /// When `size` is not [valid](Size::is_valid): callers check sizes that come from outside.
    #[must_use]
    pub fn black(size: Size) -> Self {
        assert!(size.is_valid(), "pictures have a valid size, not {size}");
        let luma = luma_len(size);
        let mut data = vec![16; luma + luma / 2];
        data[luma..].fill(128);
        Self { size, data }
    }

    /// The bytes that a picture of `size` takes.
    #[must_use]
    pub const fn len_of(size: Size) -> usize {
        luma_len(size) + luma_len(size) / 2
    }

    /// Width and height.
    #[must_use]
    pub const fn size(&self) -> Size {
        self.size
    }

    /// All planes in the order Y, U, V.
    #[must_use]
    pub fn data(&self) -> &[u8] {
        &self.data
    }

    /// All planes in the order Y, U, V, to write.
    pub fn data_mut(&mut self) -> &mut [u8] {
        &mut self.data
    }

    /// The planes Y, U, V; their strides are `width`, `width / 2`, `width / 2`.
    #[must_use]
    pub fn planes(&self) -> [&[u8]; 3] {
        let (y, chroma) = self.data.split_at(luma_len(self.size));
        let (u, v) = chroma.split_at(luma_len(self.size) / 4);
        [y, u, v]
    }

    /// The planes Y, U, V, to write.
    pub fn planes_mut(&mut self) -> [&mut [u8]; 3] {
        let luma = luma_len(self.size);
        let (y, chroma) = self.data.split_at_mut(luma);
        let (u, v) = chroma.split_at_mut(luma / 4);
        [y, u, v]
    }
}

impl std::fmt::Debug for Picture {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Picture({})", self.size)
    }
}

const fn luma_len(size: Size) -> usize {
    size.width as usize * size.height as usize
}

/// A picture from a camera and when its light fell in.
#[derive(Clone, Debug)]
pub struct Captured {
    /// What was seen.
    pub picture: Arc<Picture>,
    /// When, on this machine's monotonic clock; as near to the exposure as the device tells.
    pub at: Instant,
}

/// Reuses pictures, so that a running call allocates none. Its owner is one producer; consumers
/// give a picture back by dropping their [`Arc`].
#[derive(Debug, Default)]
pub struct Pool {
    pictures: Vec<Arc<Picture>>,
}

impl Pool {
    /// The most pictures that a pool keeps: enough for one in the maker, one in each of two
    /// slots, one in the encoder and one on the screen, with room for a slow reader. Beyond that
    /// `take` allocates and forgets.
    pub const KEPT: usize = 8;

    /// An empty pool.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Has `write` fill a picture of `size` that nobody else holds, and shares it. The picture
    /// holds old pixels until `write` replaces them.
    pub fn make<E>(
        &mut self,
        size: Size,
        write: impl FnOnce(&mut Picture) -> Result<(), E>,
    ) -> Result<Arc<Picture>, E> {
        let free = self
            .pictures
            .iter_mut()
            .position(|it| Arc::get_mut(it).is_some());
        let mut picture = match free {
            Some(index) => self.pictures.swap_remove(index),
            None => Arc::new(Picture::black(size)),
        };
        if let Some(unique) = Arc::get_mut(&mut picture) {
            if unique.size() != size {
                *unique = Picture::black(size);
            }
            write(unique)?;
        }
        if self.pictures.len() < Self::KEPT {
            self.pictures.push(Arc::clone(&picture));
        }
        Ok(picture)
    }
}
