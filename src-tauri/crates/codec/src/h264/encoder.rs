//! The picture encoder.
//!
//! OpenH264's safe interface has no way to change the rate of a running stream, so this module uses
//! the raw one. Only one order works there: after the first picture, which makes the native
//! encoder, the upper bound is set, then any rate below it at any time. Such a change costs no
//! keyframe. Another size makes a new native encoder, whose first picture is an IDR.
//!
//! Pictures of a screen go without OpenH264's rate control: each is encoded as finely as the target
//! says. That can be changed between two pictures without a keyframe too, but not before the first
//! one, so a new encoder encodes a black picture that nobody sees.

#![expect(unsafe_code, reason = "run-time options are only in the raw interface")]

use std::ffi::c_int;
use std::fmt;
use std::ptr::from_mut;

use bytes::Bytes;
use media::backend::codec::{CodecError, Content, EncodedPicture, VideoEncoder, VideoTarget};
use media::picture::Picture;
use media::scale::Scaler;
use media::units::{Bitrate, Size};
use openh264::encoder::{
    BitRate, Complexity, EncoderConfig, FrameRate, FrameType, Level, Profile, RateControlMode,
    UsageType, VuiConfig,
};
use openh264::formats::YUVSource;
use openh264::{OpenH264API, Timestamp};
use openh264_sys2::{
    ENCODER_OPTION, ENCODER_OPTION_BITRATE, ENCODER_OPTION_FRAME_RATE, ENCODER_OPTION_MAX_BITRATE,
    ENCODER_OPTION_SVC_ENCODE_PARAM_EXT, LAYER_NUM, SBitrateInfo, SEncParamExt, SPATIAL_LAYER_0,
    SPATIAL_LAYER_ALL,
};

/// An H.264 encoder that follows its target.
pub(crate) struct Encoder {
    target: VideoTarget,
    native: openh264::encoder::Encoder,
    /// Present while pictures of another size than the target's come: the scaled one.
    scaled: Option<Picture>,
    scaler: Scaler,
    stage: Stage,
    /// Position of the next picture in milliseconds; rate control measures time with it.
    clock_ms: f64,
}

/// How far the native encoder is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// It has encoded no picture: it takes no options yet, only another configuration.
    Fresh,
    /// It runs and takes options.
    Running,
}

impl Encoder {
    /// An encoder for `target`.
    pub(crate) fn new(target: VideoTarget) -> Result<Self, CodecError> {
        let target = checked(target)?;
        let native = native(target)?;
        Ok(Self {
            target,
            native,
            scaled: None,
            scaler: Scaler::sharp(),
            stage: Stage::Fresh,
            clock_ms: 0.0,
        })
    }

    fn encode_sized(
        &mut self,
        picture: &Picture,
        keyframe: bool,
    ) -> Result<Option<EncodedPicture>, CodecError> {
        let keyframe = match (self.target.content, self.stage) {
            (Content::Screen { qp }, Stage::Fresh) => {
                self.prime(qp)?;
                true
            }
            (Content::Camera, Stage::Fresh) => false,
            (Content::Camera | Content::Screen { .. }, Stage::Running) => keyframe,
        };
        if keyframe {
            self.native.force_intra_frame();
        }
        let encoded = self.encode_native(picture)?;
        if self.stage == Stage::Fresh {
            self.stage = Stage::Running;
            self.set_rate(ENCODER_OPTION_MAX_BITRATE, SPATIAL_LAYER_0, MAX_BITRATE)?;
            self.set_rate(
                ENCODER_OPTION_BITRATE,
                SPATIAL_LAYER_ALL,
                self.target.bitrate,
            )?;
        }
        Ok(encoded)
    }

    /// Makes the native encoder take options, by a picture that nobody sees.
    fn prime(&mut self, qp: u8) -> Result<(), CodecError> {
        self.encode_native(&Picture::black(self.target.size))?;
        self.stage = Stage::Running;
        self.set_qp(qp)
    }

    fn encode_native(&mut self, picture: &Picture) -> Result<Option<EncodedPicture>, CodecError> {
        let at = Timestamp::from_millis(self.clock_ms as u64);
        self.clock_ms += 1000.0 / f64::from(self.target.fps);
        let stream = self
            .native
            .encode_at(&Planes(picture), at)
            .map_err(|error| CodecError::Failed(format!("encode: {error}")))?;
        Ok(match stream.frame_type() {
            FrameType::Skip => None,
            FrameType::IDR | FrameType::I | FrameType::P | FrameType::IPMixed => {
                let mut payload = Vec::new();
                stream.write_vec(&mut payload);
                let keyframe = stream.frame_type() == FrameType::IDR;
                (!payload.is_empty()).then(|| EncodedPicture {
                    payload: Bytes::from(payload),
                    keyframe,
                })
            }
            FrameType::Invalid => return Err(CodecError::Failed("encoder is not ready".into())),
        })
    }

    fn set_rate(
        &mut self,
        option: ENCODER_OPTION,
        layer: LAYER_NUM,
        rate: Bitrate,
    ) -> Result<(), CodecError> {
        self.set_option(
            option,
            &mut SBitrateInfo {
                iLayer: layer,
                iBitrate: bps(rate),
            },
        )
    }

    /// Encodes so finely from the next picture on, without rate control.
    fn set_qp(&mut self, qp: u8) -> Result<(), CodecError> {
        let mut parameters = SEncParamExt::default();
        let option = ENCODER_OPTION_SVC_ENCODE_PARAM_EXT;
        // SAFETY: the encoder is initialised (`Stage::Running`), and fills the structure that this
        // option is about.
        let code = unsafe {
            self.native
                .raw_api()
                .get_option(option, (&raw mut parameters).cast())
        };
        if code != 0 {
            return Err(CodecError::Failed(format!(
                "encoder parameters: code {code}"
            )));
        }
        parameters.sSpatialLayers[0].iDLayerQp = c_int::from(qp);
        self.set_option(option, &mut parameters)
    }

    fn set_option<T>(&mut self, option: ENCODER_OPTION, value: &mut T) -> Result<(), CodecError> {
        // SAFETY: the encoder is initialised (`Stage::Running`), `T` is what `option` takes, and
        // the call copies it. None of the options used touches what the safe wrapper relies on.
        let code = unsafe {
            self.native
                .raw_api()
                .set_option(option, from_mut(value).cast())
        };
        if code == 0 {
            return Ok(());
        }
        Err(CodecError::Failed(format!(
            "encoder option {option}: code {code}"
        )))
    }

    fn replace(&mut self, target: VideoTarget) -> Result<(), CodecError> {
        self.native = native(target)?;
        self.stage = Stage::Fresh;
        self.target = target;
        Ok(())
    }
}

impl VideoEncoder for Encoder {
    fn encode(
        &mut self,
        picture: &Picture,
        keyframe: bool,
    ) -> Result<Option<EncodedPicture>, CodecError> {
        let size = self.target.size;
        if picture.size() == size {
            self.scaled = None;
            return self.encode_sized(picture, keyframe);
        }
        let fitting = self.scaled.take().filter(|it| it.size() == size);
        let mut scaled = fitting.unwrap_or_else(|| Picture::black(size));
        self.scaler.scale(picture, &mut scaled);
        let encoded = self.encode_sized(&scaled, keyframe);
        self.scaled = Some(scaled);
        encoded
    }

    fn set_target(&mut self, target: VideoTarget) -> Result<(), CodecError> {
        let target = checked(target)?;
        if target == self.target {
            return Ok(());
        }
        let is_other = match (target.content, self.target.content) {
            (Content::Camera, Content::Camera)
            | (Content::Screen { .. }, Content::Screen { .. }) => false,
            (Content::Camera, Content::Screen { .. })
            | (Content::Screen { .. }, Content::Camera) => true,
        };
        if target.size != self.target.size || is_other || self.stage == Stage::Fresh {
            return self.replace(target);
        }
        if let Content::Screen { qp } = target.content {
            if target.content != self.target.content {
                self.set_qp(qp)?;
            }
            self.target = target;
            return Ok(());
        }
        if target.fps != self.target.fps {
            self.set_option(ENCODER_OPTION_FRAME_RATE, &mut target.fps.clone())?;
        }
        // After a new frame rate the rate is set again: the encoder derives the bits of a picture
        // from both when the rate is set.
        self.set_rate(ENCODER_OPTION_BITRATE, SPATIAL_LAYER_ALL, target.bitrate)?;
        self.target = target;
        Ok(())
    }
}

impl fmt::Debug for Encoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Encoder")
            .field("target", &self.target)
            .field("stage", &self.stage)
            .finish_non_exhaustive()
    }
}

/// Lends a picture to OpenH264.
struct Planes<'a>(&'a Picture);

impl YUVSource for Planes<'_> {
    fn dimensions(&self) -> (usize, usize) {
        (self.0.size().width as usize, self.0.size().height as usize)
    }

    fn strides(&self) -> (usize, usize, usize) {
        let width = self.0.size().width as usize;
        (width, width / 2, width / 2)
    }

    fn y(&self) -> &[u8] {
        self.0.planes()[0]
    }

    fn u(&self) -> &[u8] {
        self.0.planes()[1]
    }

    fn v(&self) -> &[u8] {
        self.0.planes()[2]
    }
}

/// `target` within what the encoder takes: rates outside are brought in, sizes refused.
fn checked(target: VideoTarget) -> Result<VideoTarget, CodecError> {
    let VideoTarget {
        size,
        fps,
        bitrate,
        content,
    } = target;
    let (long, short) = (size.width.max(size.height), size.width.min(size.height));
    if !size.is_valid() || short < Size::MIN_SIDE_PX {
        return Err(CodecError::Failed(format!(
            "cannot encode pictures of {size}"
        )));
    }
    if long > Size::MAX.width || short > Size::MAX.height {
        return Err(CodecError::TooLarge(size));
    }
    let fps = if fps.is_finite() {
        fps.clamp(MIN_FPS, MAX_FPS)
    } else {
        USUAL_FPS
    };
    Ok(VideoTarget {
        size,
        fps,
        bitrate: bitrate.clamp(MIN_BITRATE, MAX_BITRATE),
        content: match content {
            Content::Camera => Content::Camera,
            Content::Screen { qp } => Content::Screen {
                qp: qp.clamp(MIN_QP, MAX_QP),
            },
        },
    })
}

fn native(target: VideoTarget) -> Result<openh264::encoder::Encoder, CodecError> {
    let config = EncoderConfig::new()
        .profile(Profile::Baseline)
        .usage_type(UsageType::CameraVideoRealTime)
        .rate_control_mode(RateControlMode::Bitrate)
        // When half a second of the rate is used up in advance, pictures are left out here: the
        // network would drop them anyway.
        .skip_frames(true)
        .bitrate(BitRate::from_bps(bps(target.bitrate).unsigned_abs()))
        .max_frame_rate(FrameRate::from_hz(target.fps))
        .complexity(Complexity::Low)
        .num_threads(1)
        // A cut to another scene must not cost an unasked keyframe, which would burst on the path.
        .scene_change_detect(false)
        .adaptive_quantization(false)
        // Leaves out the search for motion where nothing moves, such as behind a person: a tenth
        // to a fifth of the work.
        .background_detection(true)
        .vui(VuiConfig::bt709());
    let config = match target.content {
        Content::Camera => config,
        Content::Screen { .. } => config
            .level(Level::Level_4_0)
            // Looks for text that scrolls, and leaves out what did not change.
            .usage_type(UsageType::ScreenContentRealTime)
            .rate_control_mode(RateControlMode::Off)
            .skip_frames(false)
            // The library takes these for screens only so.
            .scene_change_detect(true)
            .background_detection(false),
    };
    openh264::encoder::Encoder::with_api_config(OpenH264API::from_source(), config).map_err(
        |error| CodecError::Unavailable {
            what: "H.264 encoder",
            why: error.to_string(),
        },
    )
}

fn bps(rate: Bitrate) -> c_int {
    c_int::try_from(rate.bps()).unwrap_or(c_int::MAX)
}

/// The picture rates that OpenH264 takes. It clips others without a word, and would spread the bits
/// over another number of pictures than the target says.
const MIN_FPS: f32 = 1.0;
const MAX_FPS: f32 = 60.0;

/// Stands for a rate that is no number.
const USUAL_FPS: f32 = 30.0;

/// The least rate that OpenH264's rate control holds.
const MIN_BITRATE: Bitrate = Bitrate::from_kbps(20);

/// What a quantiser may be (H.264, 7.4.2.1.1), without those that cost more than they show.
const MIN_QP: u8 = 10;
const MAX_QP: u8 = 51;

/// The upper bound that the rate can be raised to in a running stream: beyond what 720p needs to
/// look perfect, below the limit of level 3.1 (14 Mb/s), so that a stream keeps its level.
const MAX_BITRATE: Bitrate = Bitrate::from_kbps(8_000);

#[cfg(test)]
mod tests;
