//! The echo canceller: WebRTC's AEC3 in Rust (sonora), behind a high-pass filter.

use std::f32::consts::{PI, SQRT_2};

use media::backend::audio::SAMPLE_RATE_HZ;
use media::backend::voice::{VOICE_FRAME, VoiceFigures};
use sonora::config::{self, MaxProcessingRate, Pipeline};
use sonora::{AudioProcessing, Config, StreamConfig};

use super::Frame;
use super::stage::{Around, Filter};

/// What its filter banks delay by, in samples; measured (`voice/tests/delay.rs`).
pub(super) const DELAY: u32 = 432;

pub(super) struct EchoCanceller {
    library: AudioProcessing,
    /// The speaker was not silent all the time.
    has_played: bool,
    rumble: Rumble,
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
        let library = AudioProcessing::builder()
            .config(config)
            .capture_config(stream)
            .render_config(stream)
            .build();
        Self {
            library,
            has_played: false,
            rumble: Rumble::new(),
        }
    }
}

impl Filter for EchoCanceller {
    fn played(&mut self, frame: &Frame) {
        self.has_played |= frame.iter().any(|sample| sample.abs() > AUDIBLE);
        // The library hands back what the speaker shall play; it is what it was.
        let mut unchanged = [0.0; VOICE_FRAME];
        self.library
            .process_render_f32(&[frame], &mut [&mut unchanged])
            .expect("the format is the one it was built with");
    }

    fn process(&mut self, frame: &mut Frame, around: &Around<'_>) {
        // A first guess, until the canceller has found the delay in the sound itself.
        let millis = around.echo_delay.as_millis().min(MOST_DELAY_MS) as i32;
        let heard = self.rumble.without(frame);
        self.library
            .set_stream_delay_ms(millis)
            .and_then(|()| {
                self.library
                    .process_capture_f32(&[&heard], &mut [&mut frame[..]])
            })
            .expect("the delay is in range, the format the one it was built with");
    }

    fn figures(&self) -> VoiceFigures {
        if !self.has_played {
            return VoiceFigures::default();
        }
        let known = self.library.statistics();
        let finite = |decibels: &f64| decibels.is_finite();
        VoiceFigures {
            echo_return_loss: known.echo_return_loss.filter(finite),
            echo_return_loss_enhancement: known.echo_return_loss_enhancement.filter(finite),
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

/// The most that the library takes.
const MOST_DELAY_MS: u128 = 500;

/// Takes out what is below a voice: a second-order Butterworth filter. The library's own begins
/// at 100 Hz and costs a low voice half a point of PESQ.
struct Rumble {
    forward: f32,
    back: [f32; 2],
    before: [f32; 2],
    after: [f32; 2],
}

impl Rumble {
    fn new() -> Self {
        let turn = (PI * RUMBLE_HZ / SAMPLE_RATE_HZ as f32).tan();
        let forward = 1.0 / (1.0 + SQRT_2 * turn + turn * turn);
        Self {
            forward,
            back: [
                2.0 * (turn * turn - 1.0) * forward,
                (1.0 - SQRT_2 * turn + turn * turn) * forward,
            ],
            before: [0.0; 2],
            after: [0.0; 2],
        }
    }

    fn without(&mut self, frame: &Frame) -> Frame {
        frame.map(|now| {
            let out = self.forward * (now - 2.0 * self.before[0] + self.before[1])
                - self.back[0] * self.after[0]
                - self.back[1] * self.after[1];
            self.before = [now, self.before[0]];
            self.after = [out, self.after[0]];
            out
        })
    }
}

/// Half an octave below the lowest voices.
const RUMBLE_HZ: f32 = 40.0;
