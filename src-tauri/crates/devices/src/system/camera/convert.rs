//! From what cameras deliver to I420. Bytes come from a driver: too few of them are an error.

use media::backend::device::DeviceError;
use media::picture::Picture;
use media::units::Size;
use nokhwa::utils::FrameFormat;
use turbojpeg::{Decompressor, Subsamp, YuvImage};
use yuv::{
    BufferStoreMut, YuvConversionMode, YuvPackedImage, YuvPlanarImageMut, YuvRange,
    YuvStandardMatrix,
};

use super::colour::{Range, from_bt601};

/// Converts the pictures of one camera.
#[derive(Default)]
pub(super) struct Converter {
    /// Made when the first JPEG comes.
    jpeg: Option<Decompressor>,
    /// The planes of a JPEG, in the sampling that it has.
    planes: Vec<u8>,
}

impl Converter {
    /// The size of the picture in `bytes`: JPEG says it itself, for raw forms it is `agreed`.
    pub(super) fn size_of(
        &mut self,
        format: FrameFormat,
        bytes: &[u8],
        agreed: Size,
    ) -> Result<Size, DeviceError> {
        let size = match format {
            FrameFormat::MJPEG => {
                let header = self
                    .decompressor()?
                    .read_header(bytes)
                    .map_err(|it| bad(&it))?;
                let side = |it: usize| u32::try_from(it).unwrap_or(u32::MAX);
                Size::new(side(header.width), side(header.height))
            }
            FrameFormat::YUYV
            | FrameFormat::NV12
            | FrameFormat::GRAY
            | FrameFormat::RAWRGB
            | FrameFormat::RAWBGR => agreed,
        };
        if size.is_valid() {
            Ok(size)
        } else {
            Err(bad(&format!("picture of {size}")))
        }
    }

    /// Converts `bytes` into all of `picture`, which has the size that [`Converter::size_of`] told.
    pub(super) fn convert(
        &mut self,
        format: FrameFormat,
        bytes: &[u8],
        picture: &mut Picture,
    ) -> Result<(), DeviceError> {
        let size = picture.size();
        let pixels = size.width as usize * size.height as usize;
        match format {
            FrameFormat::MJPEG => self.jpeg(bytes, picture),
            FrameFormat::YUYV => {
                let packed = YuvPackedImage {
                    yuy: exactly(bytes, pixels * 2)?,
                    yuy_stride: size.width * 2,
                    width: size.width,
                    height: size.height,
                };
                yuv::yuyv422_to_yuv420(&mut planar(picture), &packed).map_err(|it| bad(&it))?;
                from_bt601(picture, Range::Limited);
                Ok(())
            }
            FrameFormat::NV12 => {
                let bytes = exactly(bytes, pixels * 3 / 2)?;
                let [luma, u, v] = picture.planes_mut();
                luma.copy_from_slice(&bytes[..pixels]);
                for ((u, v), pair) in u.iter_mut().zip(v).zip(bytes[pixels..].chunks_exact(2)) {
                    (*u, *v) = (pair[0], pair[1]);
                }
                from_bt601(picture, Range::Limited);
                Ok(())
            }
            FrameFormat::GRAY => {
                let [luma, u, v] = picture.planes_mut();
                luma.copy_from_slice(exactly(bytes, pixels)?);
                u.fill(128);
                v.fill(128);
                from_bt601(picture, Range::Full);
                Ok(())
            }
            FrameFormat::RAWRGB | FrameFormat::RAWBGR => {
                let bytes = exactly(bytes, pixels * 3)?;
                let convert = if format == FrameFormat::RAWRGB {
                    yuv::rgb_to_yuv420
                } else {
                    yuv::bgr_to_yuv420
                };
                convert(
                    &mut planar(picture),
                    bytes,
                    size.width * 3,
                    YuvRange::Limited,
                    YuvStandardMatrix::Bt709,
                    YuvConversionMode::Balanced,
                )
                .map_err(|it| bad(&it))
            }
        }
    }

    fn jpeg(&mut self, bytes: &[u8], picture: &mut Picture) -> Result<(), DeviceError> {
        let (width, height) = (
            picture.size().width as usize,
            picture.size().height as usize,
        );
        let header = self
            .decompressor()?
            .read_header(bytes)
            .map_err(|it| bad(&it))?;
        let subsamp = header.subsamp;
        let (columns, rows) = match subsamp {
            Subsamp::Sub2x2 => (2, 2),
            Subsamp::Sub2x1 => (2, 1),
            Subsamp::Sub1x2 => (1, 2),
            Subsamp::None => (1, 1),
            Subsamp::Gray => (0, 0),
            other => return Err(bad(&format!("sampling {other:?}"))),
        };
        if (header.width, header.height) != (width, height) {
            return Err(bad(&"the size changed"));
        }
        let len = turbojpeg::yuv_pixels_len(width, 1, height, subsamp).map_err(|it| bad(&it))?;
        self.planes.resize(len, 0);
        let mut planes = std::mem::take(&mut self.planes);
        let image = YuvImage {
            pixels: &mut planes[..],
            width,
            align: 1,
            height,
            subsamp,
        };
        let decoded = self.decompressor()?.decompress_to_yuv(bytes, image);
        self.planes = planes;
        decoded.map_err(|it| bad(&it))?;

        let [luma, u, v] = picture.planes_mut();
        let (y, chroma) = self.planes.split_at(width * height);
        luma.copy_from_slice(y);
        if columns == 0 {
            u.fill(128);
            v.fill(128);
        } else {
            let (cb, cr) = chroma.split_at(chroma.len() / 2);
            for (target, source) in [(u, cb), (v, cr)] {
                halve(target, source, width, (columns, rows));
            }
        }
        from_bt601(picture, Range::Full);
        Ok(())
    }

    fn decompressor(&mut self) -> Result<&mut Decompressor, DeviceError> {
        match &mut self.jpeg {
            Some(jpeg) => Ok(jpeg),
            none => Ok(none.insert(Decompressor::new().map_err(|it| bad(&it))?)),
        }
    }
}

/// Brings a chroma plane of a picture `width` wide, already thinned by `columns` and `rows`, to
/// half of the width and height, by the mean of the samples that fall together.
fn halve(target: &mut [u8], source: &[u8], width: usize, (columns, rows): (usize, usize)) {
    let (stride, across, down) = (width / columns, 2 / columns, 2 / rows);
    let lines = source.chunks_exact(stride * down);
    for (target, lines) in target.chunks_exact_mut(width / 2).zip(lines) {
        for (column, value) in target.iter_mut().enumerate() {
            let samples = lines
                .chunks_exact(stride)
                .flat_map(|line| &line[column * across..(column + 1) * across]);
            let sum: u32 = samples.copied().map(u32::from).sum();
            let count = (across * down) as u32;
            *value = ((sum + count / 2) / count) as u8;
        }
    }
}

fn planar(picture: &mut Picture) -> YuvPlanarImageMut<'_, u8> {
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

/// The first `len` of `bytes`: drivers hand over whole buffers, with anything behind the picture.
fn exactly(bytes: &[u8], len: usize) -> Result<&[u8], DeviceError> {
    bytes
        .get(..len)
        .ok_or_else(|| bad(&format!("{} bytes of {len}", bytes.len())))
}

fn bad(why: &dyn std::fmt::Display) -> DeviceError {
    DeviceError::Format(format!("camera picture: {why}"))
}

#[cfg(test)]
mod tests;
