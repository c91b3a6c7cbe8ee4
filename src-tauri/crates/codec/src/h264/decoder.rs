//! The picture decoder.
//!
//! Concealment is off: a picture whose references are lost is an error, the last good one stays
//! on the screen, and a keyframe is asked for. OpenH264 smears faces when it conceals, and its
//! safe interface would call every concealed picture an error anyway.
//!
//! Input is remote bytes that end in C code: [`sps::check`] bounds what they can make it allocate.

#![expect(
    unsafe_code,
    reason = "the state of each picture is only in the raw interface"
)]

use std::fmt;
use std::ptr::null_mut;
use std::sync::Arc;

use media::backend::codec::{CodecError, VideoDecoder};
use media::picture::{Picture, Pool};
use media::transport::MAX_ACCESS_UNIT;
use media::units::Size;
use openh264::OpenH264API;
use openh264::decoder::DecoderConfig;
use openh264_sys2::{DECODING_STATE, SBufferInfo, dsErrorFree, dsFramePending};

use super::sps;

/// An H.264 decoder with its own pictures.
pub(crate) struct Decoder {
    native: openh264::decoder::Decoder,
    pool: Pool,
}

impl Decoder {
    /// A decoder that waits for a keyframe.
    pub(crate) fn new() -> Result<Self, CodecError> {
        let api = OpenH264API::from_source();
        let native = openh264::decoder::Decoder::with_api_config(api, DecoderConfig::new())
            .map_err(|error| CodecError::Unavailable {
                what: "H.264 decoder",
                why: error.to_string(),
            })?;
        Ok(Self {
            native,
            pool: Pool::new(),
        })
    }

    /// Copies the picture that `planes` and `info` describe out of OpenH264's memory.
    fn take(
        &mut self,
        planes: [*mut u8; 3],
        info: &SBufferInfo,
    ) -> Result<Option<Arc<Picture>>, CodecError> {
        // SAFETY: the decoder reported a picture (`iBufferStatus` 1), so this member is filled.
        let layout = unsafe { info.UsrData.sSystemBuffer };
        let size = shown_size(layout.iWidth, layout.iHeight)?;
        let strides = [layout.iStride[0], layout.iStride[1], layout.iStride[1]];
        self.pool
            .make(size, |picture| {
                let widths = [size.width, size.width / 2, size.width / 2];
                let targets = picture.planes_mut().into_iter().zip(widths);
                for ((target, width), (plane, stride)) in
                    targets.zip(planes.into_iter().zip(strides))
                {
                    let width = width as usize;
                    let stride = usize::try_from(stride).unwrap_or(0);
                    if plane.is_null() || stride < width {
                        return Err(CodecError::Failed("decoder gave no plane".into()));
                    }
                    let rows = target.len() / width;
                    let len = stride * (rows - 1) + width;
                    // SAFETY: OpenH264 owns `rows` rows of `stride` bytes at `plane` until it is
                    // called again, and the last row reaches at least to `width`.
                    let source = unsafe { std::slice::from_raw_parts(plane, len) };
                    copy_rows(source, stride, target, width);
                }
                Ok(())
            })
            .map(Some)
    }
}

impl VideoDecoder for Decoder {
    fn decode(&mut self, payload: &[u8]) -> Result<Option<Arc<Picture>>, CodecError> {
        // OpenH264 takes an empty access unit for the end of the stream.
        if payload.is_empty() || payload.len() > MAX_ACCESS_UNIT {
            let len = payload.len();
            return Err(CodecError::Undecodable(format!(
                "access unit of {len} bytes"
            )));
        }
        sps::check(payload)?;
        let mut planes = [null_mut::<u8>(); 3];
        let mut info = SBufferInfo::default();
        // SAFETY: the decoder is initialised; `payload` and its length (bounded above) agree; the
        // results are written before the call returns and `planes` takes three pointers.
        let state = unsafe {
            self.native.raw_api().decode_frame_no_delay(
                payload.as_ptr(),
                payload.len() as i32,
                planes.as_mut_ptr().cast(),
                &raw mut info,
            )
        };
        match state {
            STATE_GOOD if info.iBufferStatus == 1 => self.take(planes, &info),
            STATE_GOOD | STATE_PENDING => Ok(None),
            _ => Err(CodecError::Undecodable(format!("decoder state {state:#x}"))),
        }
    }
}

impl fmt::Debug for Decoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Decoder")
            .field("pool", &self.pool)
            .finish_non_exhaustive()
    }
}

/// The size to show. Pictures of other encoders may have odd sides after cropping; our pictures
/// cannot, so the last column or row is left out.
fn shown_size(width: i32, height: i32) -> Result<Size, CodecError> {
    let even = |side: i32| u32::try_from(side).unwrap_or(0) & !1;
    let size = Size::new(even(width), even(height));
    if size.width == 0 || size.height == 0 {
        return Err(CodecError::Undecodable(format!(
            "picture of {width}x{height}"
        )));
    }
    if size.is_valid() {
        Ok(size)
    } else {
        Err(CodecError::TooLarge(size))
    }
}

fn copy_rows(source: &[u8], stride: usize, target: &mut [u8], width: usize) {
    for (to, from) in target.chunks_exact_mut(width).zip(source.chunks(stride)) {
        to.copy_from_slice(&from[..width]);
    }
}

const STATE_GOOD: DECODING_STATE = dsErrorFree;
/// More bytes are needed for a picture.
const STATE_PENDING: DECODING_STATE = dsFramePending;

#[cfg(test)]
mod tests;
