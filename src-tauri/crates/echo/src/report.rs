//! What a test call found, as both programs show it.

use serde::Serialize;
use ts_rs::TS;

/// What became of what the user said in a test call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum VoiceOutcome {
    /// Not known yet; at the end of the call: it was too short to tell.
    #[default]
    Waiting,
    /// It came back.
    Returned,
    /// It left and did not come back.
    Lost,
    /// The microphone works, and nobody was heard to speak.
    Silent,
    /// The microphone does not work.
    DeviceFails,
    /// The user had the microphone off throughout.
    Off,
}

/// What became of what the user showed in a test call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum PictureOutcome {
    /// Not known yet; at the end of the call: it was too short to tell.
    #[default]
    Waiting,
    /// It came back.
    Returned,
    /// It left and did not come back.
    Lost,
    /// The camera does not work.
    DeviceFails,
    /// The user had the camera off throughout.
    Off,
}

/// Something of a test call that is not well. Each program has a sentence for it, and what to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum TestProblem {
    /// The microphone was off throughout.
    MicrophoneOff,
    /// The microphone does not work.
    MicrophoneFails,
    /// The microphone works, and nobody was heard to speak.
    NotHeard,
    /// What was said did not come back.
    VoiceLost,
    /// The call was over before the voice could be back.
    VoiceNoTime,
    /// The camera does not work.
    CameraFails,
    /// What was shown did not come back.
    PictureLost,
    /// The call was over before the picture could be back.
    PictureNoTime,
    /// The voice came back much quieter than it was said.
    Quieter,
    /// The voice came back too late to talk by.
    Late,
    /// Too much of sound or picture was lost on the way.
    Lossy,
}

/// What a test call found. Medians and means are of the last ten seconds in which there was
/// something to measure, so that a device that was changed is judged by what came after.
#[derive(Clone, Debug, Default, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct TestReport {
    /// Whether the call is over, and this the last word.
    pub over: bool,
    /// What was said.
    pub voice: VoiceOutcome,
    /// What was shown.
    pub picture: PictureOutcome,
    /// What is not well, the most harmful first; where there is none, all is well, as far as it is
    /// known yet. See [`TestProblem::of`].
    pub problems: Vec<TestProblem>,
    /// Milliseconds from this mouth to the other ear and back, without the [`DELAY`](crate::DELAY)
    /// of the other side: the median. `None` unless the voice came back.
    pub voice_delay_ms: Option<f64>,
    /// How much louder the voice came back than it was said, decibels: the median.
    pub echo_gain_db: Option<f64>,
    /// How alike the loudness of the voice and its echo was, 0 to 1: the best.
    pub similarity: Option<f64>,
    /// As of the voice, where the pictures bear a stamp.
    pub picture_delay_ms: Option<f64>,
    /// Milliseconds between the two sides' sockets and back, within this computer: the median.
    pub round_trip_ms: Option<f64>,
    /// Milliseconds that sound waits before it is played: the median.
    pub sound_buffer_ms: Option<f64>,
    /// Share of the sound that was lost on its way here, 0 to 1: the mean.
    pub audio_loss: f64,
    /// As of sound, of pictures.
    pub video_loss: f64,
    /// As of sound, of what was sent.
    pub remote_loss: f64,
    /// Pixels of the picture that came back.
    pub frame_width: u32,
    /// Pixels of the picture that came back.
    pub frame_height: u32,
    /// Pictures per second that came back: the median.
    pub frames_per_second: Option<f64>,
}
