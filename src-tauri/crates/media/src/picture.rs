//! Raw pictures: planar 8-bit 4:2:0 (I420), BT.709 limited range, tightly packed.
//!
//! ```
//! use media::picture::{Picture, Pool};
//! use media::units::Size;
//!
//! let mut pool = Pool::new();
//! let white = pool.make(Size::new(64, 36), |picture| {
//!     picture.planes_mut()[0].fill(235);
//!     Ok::<_, std::convert::Infallible>(())
//! })?;
//! assert_eq!(white.planes().map(<[u8]>::len), [64 * 36, 32 * 18, 32 * 18]);
//! assert_eq!(white.planes().map(|plane| plane[0]), [235, 128, 128]);
//! # Ok::<(), std::convert::Infallible>(())
//! ```

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

/// A picture from a camera and when it was taken.
#[derive(Clone, Debug)]
pub struct Captured {
    /// The picture.
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
    /// slots, one in the encoder and one on the screen, with room for a slow reader. When all are
    /// in use, a picture is allocated that the pool does not keep.
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

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;

    fn made(pool: &mut Pool, size: Size) -> Arc<Picture> {
        let Ok(picture) = pool.make::<Infallible>(size, |_| Ok(()));
        picture
    }

    #[test]
    fn planes_lie_one_after_another_without_gaps() {
        let mut picture = Picture::black(Size::new(6, 4));
        let [y, u, v] = picture.planes();
        assert_eq!([y.len(), u.len(), v.len()], [24, 6, 6]);
        assert!(y.iter().all(|it| *it == 16) && u.iter().chain(v).all(|it| *it == 128));
        for (plane, value) in picture.planes_mut().into_iter().zip(1..) {
            plane.fill(value);
        }
        let data = picture.data();
        assert_eq!(
            [data[0], data[23], data[24], data[29], data[30], data[35]],
            [1, 1, 2, 2, 3, 3]
        );
        assert_eq!(data.len(), Picture::len_of(picture.size()));
    }

    #[test]
    fn a_picture_that_was_given_back_is_used_again() {
        let mut pool = Pool::new();
        let first = made(&mut pool, Size::HD);
        let address = first.data().as_ptr();
        let second = made(&mut pool, Size::HD);
        assert_ne!(
            second.data().as_ptr(),
            address,
            "somebody still looks at the first"
        );
        drop(first);
        assert_eq!(made(&mut pool, Size::HD).data().as_ptr(), address);
    }

    #[test]
    fn a_slow_reader_never_sees_its_picture_change() {
        let mut pool = Pool::new();
        let held: Vec<_> = (0..3 * Pool::KEPT as u8)
            .map(|number| {
                let Ok(picture) = pool.make::<Infallible>(Size::new(4, 4), |it| {
                    it.data_mut().fill(number);
                    Ok(())
                });
                picture
            })
            .collect();
        for (number, picture) in (0..).zip(&held) {
            assert!(picture.data().iter().all(|it| *it == number));
        }
        assert_eq!(pool.pictures.len(), Pool::KEPT);
    }

    #[test]
    fn another_size_gets_another_picture() {
        let mut pool = Pool::new();
        drop(made(&mut pool, Size::HD));
        let small = made(&mut pool, Size::new(320, 180));
        assert_eq!(
            (small.size(), small.data().len()),
            (Size::new(320, 180), 86_400)
        );
        assert_eq!(pool.pictures.len(), 1);
    }

    #[test]
    fn a_failed_picture_is_not_shared() {
        let mut pool = Pool::new();
        assert_eq!(
            pool.make(Size::HD, |_| Err("no light")).unwrap_err(),
            "no light"
        );
        assert!(pool.pictures.is_empty());
    }
}
