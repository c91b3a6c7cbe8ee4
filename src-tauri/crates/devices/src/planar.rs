//! The planes of a picture, as the colour conversion wants them.

use media::picture::Picture;
use media::units::Size;
use yuv::{BufferStoreMut, YuvPlanarImageMut};

/// What writes into the planes of `picture`.
pub(crate) fn planar(picture: &mut Picture) -> YuvPlanarImageMut<'_, u8> {
    let Size { width, height } = picture.size();
    let [y, u, v] = picture.planes_mut();
    YuvPlanarImageMut {
        y_plane: BufferStoreMut::Borrowed(y),
        y_stride: width,
        u_plane: BufferStoreMut::Borrowed(u),
        u_stride: width / 2,
        v_plane: BufferStoreMut::Borrowed(v),
        v_stride: width / 2,
        width,
        height,
    }
}
