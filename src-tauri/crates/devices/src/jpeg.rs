//! Small pictures for a page, which shows JPEG and no raw planes.

use media::picture::Picture;
use turbojpeg::{Subsamp, YuvImage};

/// The picture as a JPEG, good enough for a thumbnail; `None` when the library has no memory for it.
///
/// ```
/// use media::picture::Picture;
/// use media::units::Size;
///
/// let jpeg = devices::jpeg(&Picture::black(Size::new(64, 36))).unwrap();
/// assert_eq!(jpeg[..2], [0xff, 0xd8]);
/// ```
#[must_use]
pub fn jpeg(picture: &Picture) -> Option<Vec<u8>> {
    let image = YuvImage {
        pixels: picture.data(),
        width: picture.size().width as usize,
        align: 1,
        height: picture.size().height as usize,
        subsamp: Subsamp::Sub2x2,
    };
    let mut compressor = turbojpeg::Compressor::new().ok()?;
    compressor.set_quality(QUALITY).ok()?;
    compressor.compress_yuv_to_vec(image).ok()
}

/// Blocks do not show at the size of a thumbnail, and it takes some kilobytes.
const QUALITY: i32 = 80;
