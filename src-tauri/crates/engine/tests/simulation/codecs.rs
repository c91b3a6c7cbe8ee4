//! Codecs that cost nothing. A picture can be decoded only after the one before it, as with real
//! ones.

use std::sync::Arc;

use bytes::Bytes;
use media::backend::codec::{
    AudioDecoder, AudioEncoder, AudioInput, AudioTarget, CodecBackend, CodecError, EncodedPicture,
    VideoDecoder, VideoEncoder, VideoTarget,
};
use media::picture::Picture;
use media::units::Size;

pub(crate) const SIZE: Size = Size::new(16, 16);

/// Begins an Opus packet of one frame of 20 ms (RFC 6716, 3.1).
const TOC: u8 = 15 << 3;

/// Makes all four.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PlainCodecs;

/// Number and shade of a picture.
#[derive(Debug, Default)]
struct Video {
    /// Of the next picture; `None` before a keyframe.
    next: Option<u32>,
}

/// The loudness of 20 ms.
#[derive(Debug)]
struct Audio;

impl CodecBackend for PlainCodecs {
    fn video_encoder(&self, _: VideoTarget) -> Result<Box<dyn VideoEncoder>, CodecError> {
        Ok(Box::new(Video { next: Some(0) }))
    }

    fn video_decoder(&self) -> Result<Box<dyn VideoDecoder>, CodecError> {
        Ok(Box::new(Video::default()))
    }

    fn audio_encoder(&self, _: AudioTarget) -> Result<Box<dyn AudioEncoder>, CodecError> {
        Ok(Box::new(Audio))
    }

    fn audio_decoder(&self) -> Result<Box<dyn AudioDecoder>, CodecError> {
        Ok(Box::new(Audio))
    }
}

impl VideoEncoder for Video {
    fn encode(
        &mut self,
        picture: &Picture,
        keyframe: bool,
    ) -> Result<Option<EncodedPicture>, CodecError> {
        let number = self.next.unwrap_or(0);
        self.next = Some(number + 1);
        let keyframe = keyframe || number == 0;
        let mut payload = vec![u8::from(keyframe), picture.planes()[0][0]];
        payload.extend(number.to_be_bytes());
        Ok(Some(EncodedPicture {
            payload: Bytes::from(payload),
            keyframe,
        }))
    }

    fn set_target(&mut self, _: VideoTarget) -> Result<(), CodecError> {
        Ok(())
    }
}

impl VideoDecoder for Video {
    fn decode(&mut self, payload: &[u8]) -> Result<Option<Arc<Picture>>, CodecError> {
        let (keyframe, shade) = (payload[0] == 1, payload[1]);
        let number = u32::from_be_bytes(payload[2..6].try_into().unwrap());
        if !keyframe && self.next != Some(number) {
            self.next = None;
            return Err(CodecError::Undecodable("a reference is missing".to_owned()));
        }
        self.next = Some(number + 1);
        let mut picture = Picture::black(SIZE);
        picture.planes_mut()[0].fill(shade);
        Ok(Some(Arc::new(picture)))
    }
}

impl AudioEncoder for Audio {
    fn encode(&mut self, samples: &[f32], out: &mut Vec<u8>) -> Result<(), CodecError> {
        out.clear();
        out.push(TOC);
        out.extend(samples[0].to_be_bytes());
        Ok(())
    }

    fn set_target(&mut self, _: AudioTarget) -> Result<(), CodecError> {
        Ok(())
    }
}

impl AudioDecoder for Audio {
    fn decode(&mut self, input: AudioInput<'_>, out: &mut [f32]) -> Result<usize, CodecError> {
        let (sample, samples) = match input {
            AudioInput::Packet(bytes) => {
                let bytes: [u8; 4] = bytes[1..].try_into().unwrap();
                (f32::from_be_bytes(bytes), media::backend::codec::OPUS_FRAME)
            }
            AudioInput::Fec(_) | AudioInput::Lost => (0.0, out.len()),
        };
        out[..samples].fill(sample);
        Ok(samples)
    }
}
