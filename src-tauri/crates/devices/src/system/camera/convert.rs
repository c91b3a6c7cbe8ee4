//! From what cameras deliver to I420. Bytes come from a driver: too few of them are an error.

use media::backend::device::DeviceError;
use media::picture::Picture;
use media::units::Size;
use nokhwa::utils::FrameFormat;
use turbojpeg::{DecompressHeader, Decompressor, Subsamp, YuvImage};
use yuv::{YuvConversionMode, YuvPackedImage, YuvRange, YuvStandardMatrix};

use super::colour::{Range, from_bt601};
use crate::planar::planar;

/// Converts the pictures of one camera.
#[derive(Default)]
pub(super) struct Converter {
    /// Made when the first JPEG comes.
    jpeg: Option<Decompressor>,
    /// The planes of a JPEG, in the sampling that it has.
    planes: Vec<u8>,
}

impl Converter {
    /// The size of the picture that `bytes` become: JPEG says its own, for raw forms it is `agreed`.
    /// A last column or row that has no partner is left out, see [`even`].
    pub(super) fn size_of(
        &mut self,
        format: FrameFormat,
        bytes: &[u8],
        agreed: Size,
    ) -> Result<Size, DeviceError> {
        let whole = match format {
            FrameFormat::MJPEG => {
                let header = self
                    .decompressor()?
                    .read_header(bytes)
                    .map_err(|it| bad(&it))?;
                size_in(&header)
            }
            FrameFormat::YUYV
            | FrameFormat::NV12
            | FrameFormat::GRAY
            | FrameFormat::RAWRGB
            | FrameFormat::RAWBGR => agreed,
        };
        let size = even(whole);
        if size.is_valid() {
            Ok(size)
        } else {
            Err(bad(&format!("picture of {whole}")))
        }
    }

    /// Converts `bytes` into all of `picture`, which has the size that [`Converter::size_of`] told.
    pub(super) fn convert(
        &mut self,
        format: FrameFormat,
        bytes: &[u8],
        agreed: Size,
        picture: &mut Picture,
    ) -> Result<(), DeviceError> {
        match format {
            FrameFormat::MJPEG => self.jpeg(bytes, picture),
            FrameFormat::YUYV => yuyv(bytes, agreed, picture),
            FrameFormat::NV12 => nv12(bytes, agreed, picture),
            FrameFormat::GRAY => grey(bytes, agreed, picture),
            FrameFormat::RAWRGB | FrameFormat::RAWBGR => rgb(format, bytes, agreed, picture),
        }
    }

    fn jpeg(&mut self, bytes: &[u8], picture: &mut Picture) -> Result<(), DeviceError> {
        let header = self
            .decompressor()?
            .read_header(bytes)
            .map_err(|it| bad(&it))?;
        if even(size_in(&header)) != picture.size() {
            return Err(bad(&"the size changed"));
        }
        let thinned = thinning(header.subsamp)?;
        self.decode(bytes, &header)?;

        // Planes are padded to whole groups of pixels that share a sample of chroma.
        let (columns, rows) = thinned.unwrap_or((1, 1));
        let stride = header.width.next_multiple_of(columns);
        let (y, chroma) = self
            .planes
            .split_at(stride * header.height.next_multiple_of(rows));
        let width = picture.size().width as usize;
        let [luma, u, v] = picture.planes_mut();
        crop(luma, width, y, stride);
        if let Some(thinned) = thinned {
            let (cb, cr) = chroma.split_at(chroma.len() / 2);
            for (target, source) in [(u, cb), (v, cr)] {
                halve(target, width / 2, source, stride / columns, thinned);
            }
        } else {
            u.fill(128);
            v.fill(128);
        }
        from_bt601(picture, Range::Full);
        Ok(())
    }

    /// Decodes a JPEG into `planes`.
    fn decode(&mut self, bytes: &[u8], header: &DecompressHeader) -> Result<(), DeviceError> {
        let (width, height, subsamp) = (header.width, header.height, header.subsamp);
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
        decoded.map_err(|it| bad(&it))
    }

    fn decompressor(&mut self) -> Result<&mut Decompressor, DeviceError> {
        match &mut self.jpeg {
            Some(jpeg) => Ok(jpeg),
            none => Ok(none.insert(Decompressor::new().map_err(|it| bad(&it))?)),
        }
    }
}

/// Two pixels side by side in four bytes.
fn yuyv(bytes: &[u8], agreed: Size, picture: &mut Picture) -> Result<(), DeviceError> {
    let Size { width, height } = picture.size();
    let stride = 2 * agreed.width.next_multiple_of(2);
    let packed = YuvPackedImage {
        yuy: exactly(bytes, stride as usize * height as usize)?,
        yuy_stride: stride,
        width,
        height,
    };
    yuv::yuyv422_to_yuv420(&mut planar(picture), &packed).map_err(|it| bad(&it))?;
    from_bt601(picture, Range::Limited);
    Ok(())
}

/// A plane of luma, and one of pairs of chroma for every two columns and rows.
fn nv12(bytes: &[u8], agreed: Size, picture: &mut Picture) -> Result<(), DeviceError> {
    let width = picture.size().width as usize;
    let (stride, rows) = (agreed.width as usize, agreed.height as usize);
    let (pairs, pair_rows) = (stride.div_ceil(2), rows.div_ceil(2));
    let bytes = exactly(bytes, stride * rows + 2 * pairs * pair_rows)?;
    let (y, chroma) = bytes.split_at(stride * rows);
    let [luma, u, v] = picture.planes_mut();
    crop(luma, width, y, stride);
    let targets = u
        .chunks_exact_mut(width / 2)
        .zip(v.chunks_exact_mut(width / 2));
    for ((u, v), chroma) in targets.zip(chroma.chunks_exact(2 * pairs)) {
        for ((u, v), pair) in u.iter_mut().zip(v).zip(chroma.chunks_exact(2)) {
            (*u, *v) = (pair[0], pair[1]);
        }
    }
    from_bt601(picture, Range::Limited);
    Ok(())
}

fn grey(bytes: &[u8], agreed: Size, picture: &mut Picture) -> Result<(), DeviceError> {
    let Size { width, height } = picture.size();
    let stride = agreed.width as usize;
    let bytes = exactly(bytes, stride * height as usize)?;
    let [luma, u, v] = picture.planes_mut();
    crop(luma, width as usize, bytes, stride);
    u.fill(128);
    v.fill(128);
    from_bt601(picture, Range::Full);
    Ok(())
}

fn rgb(
    format: FrameFormat,
    bytes: &[u8],
    agreed: Size,
    picture: &mut Picture,
) -> Result<(), DeviceError> {
    let stride = 3 * agreed.width;
    let bytes = exactly(bytes, stride as usize * picture.size().height as usize)?;
    let convert = if format == FrameFormat::RAWRGB {
        yuv::rgb_to_yuv420
    } else {
        yuv::bgr_to_yuv420
    };
    convert(
        &mut planar(picture),
        bytes,
        stride,
        YuvRange::Limited,
        YuvStandardMatrix::Bt709,
        YuvConversionMode::Balanced,
    )
    .map_err(|it| bad(&it))
}

/// A size without the last column or row where their number is odd: our pictures have a sample of
/// chroma for every two of both.
pub(super) const fn even(size: Size) -> Size {
    Size::new(size.width & !1, size.height & !1)
}

fn size_in(header: &DecompressHeader) -> Size {
    let side = |it: usize| u32::try_from(it).unwrap_or(u32::MAX);
    Size::new(side(header.width), side(header.height))
}

/// How many columns and rows share a sample of chroma; `None` in a picture without colour.
fn thinning(subsamp: Subsamp) -> Result<Option<(usize, usize)>, DeviceError> {
    match subsamp {
        Subsamp::Sub2x2 => Ok(Some((2, 2))),
        Subsamp::Sub2x1 => Ok(Some((2, 1))),
        Subsamp::Sub1x2 => Ok(Some((1, 2))),
        Subsamp::None => Ok(Some((1, 1))),
        Subsamp::Gray => Ok(None),
        other => Err(bad(&format!("sampling {other:?}"))),
    }
}

/// Copies as much as `target` takes, of `width` columns, from the upper left of a plane of `stride`
/// columns.
fn crop(target: &mut [u8], width: usize, source: &[u8], stride: usize) {
    for (target, source) in target.chunks_exact_mut(width).zip(source.chunks(stride)) {
        target.copy_from_slice(&source[..width]);
    }
}

/// Brings a chroma plane of `stride` columns, already thinned by `columns` and `rows`, to one sample
/// for every two columns and rows, by the mean of the samples that fall together. `width` is that of
/// `target`.
fn halve(
    target: &mut [u8],
    width: usize,
    source: &[u8],
    stride: usize,
    (columns, rows): (usize, usize),
) {
    let (across, down) = (2 / columns, 2 / rows);
    let lines = source.chunks_exact(stride * down);
    for (target, lines) in target.chunks_exact_mut(width).zip(lines) {
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
