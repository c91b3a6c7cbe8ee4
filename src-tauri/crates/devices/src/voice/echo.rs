//! The echo canceller: WebRTC's AEC3 in Rust (sonora), behind a high-pass filter.

use media::backend::audio::SAMPLE_RATE_HZ;
use media::backend::voice::{VOICE_FRAME, VoiceFigures};
use media::high_pass::HighPass;
use sonora::config::{self, MaxProcessingRate, Pipeline};
use sonora::{AudioProcessing, Config, StreamConfig};

use super::Frame;
use super::stage::{Around, Filter};

/// What its filter banks delay by, in samples; measured (`voice/tests/delay.rs`).
pub(super) const DELAY: u32 = 432;

pub(super) struct EchoCanceller {
    aec3: AudioProcessing,
    /// The speaker was not silent all the time.
    has_played: bool,
    without_rumble: HighPass,
}

impl EchoCanceller {
    pub(super) fn new() -> Self {
        let stream = StreamConfig::new(SAMPLE_RATE_HZ, 1);
        let config = Config {
            pipeline: Pipeline {
                // Less would take away what is above 16 kHz.
                maximum_internal_processing_rate: MaxProcessingRate::Rate48kHz,
                multi_channel_render: false,
                multi_channel_capture: false,
                ..Pipeline::default()
            },
            echo_canceller: Some(config::EchoCanceller {
                enforce_high_pass_filtering: false,
                ..config::EchoCanceller::default()
            }),
            ..Config::default()
        };
        let aec3 = AudioProcessing::builder()
            .config(config)
            .capture_config(stream)
            .render_config(stream)
            .build();
        Self {
            aec3,
            has_played: false,
            without_rumble: HighPass::new(RUMBLE_HZ),
        }
    }
}

impl Filter for EchoCanceller {
    fn played(&mut self, frame: &Frame) {
        self.has_played |= frame.iter().any(|sample| sample.abs() > AUDIBLE);
        // AEC3 hands back what the speaker shall play; it is what it was.
        let mut unchanged = [0.0; VOICE_FRAME];
        self.aec3
            .process_render_f32(&[frame], &mut [&mut unchanged])
            .expect("the format is the one it was built with");
    }

    fn process(&mut self, frame: &mut Frame, around: &Around<'_>) {
        // A first guess, until the canceller has found the delay in the sound itself.
        let millis = around.echo_delay.as_millis().min(MOST_DELAY_MS) as i32;
        let heard = frame.map(|sample| self.without_rumble.next(sample));
        self.aec3
            .set_stream_delay_ms(millis)
            .and_then(|()| {
                self.aec3
                    .process_capture_f32(&[&heard], &mut [&mut frame[..]])
            })
            .expect("the delay is in range, the format the one it was built with");
    }

    fn figures(&self) -> VoiceFigures {
        if !self.has_played {
            return VoiceFigures::default();
        }
        let known = self.aec3.statistics();
        let learnt = |loss: &f64| loss.is_finite() && *loss > UNKNOWN_LOSS_DB;
        let Some(loss) = known.echo_return_loss.filter(learnt) else {
            return VoiceFigures::default();
        };
        let enhancement = known.echo_return_loss_enhancement;
        VoiceFigures {
            echo_return_loss: Some(loss),
            echo_return_loss_enhancement: enhancement.filter(|it| it.is_finite()),
        }
    }
}

impl std::fmt::Debug for EchoCanceller {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EchoCanceller").finish_non_exhaustive()
    }
}

/// -60 dBFS: what is softer leaves no echo that could be measured.
const AUDIBLE: f32 = 0.001;

/// AEC3 says -30 dB until it has learnt something, an echo a thousand times as strong as its sound.
const UNKNOWN_LOSS_DB: f64 = -29.0;

/// The most that AEC3 takes.
const MOST_DELAY_MS: u128 = 500;

/// Half an octave below the lowest voices. AEC3's own filter begins at 100 Hz, and costs a low
/// voice half a point of PESQ.
const RUMBLE_HZ: f64 = 40.0;
