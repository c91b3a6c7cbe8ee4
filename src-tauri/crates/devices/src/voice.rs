//! What is done to the microphone's sound before it is sent ([`media::backend::voice`]): the echo
//! of the speaker is taken out, noise is taken down, loudness is kept even, in this order, because
//! the echo canceller needs sound that nothing has bent yet, and gain must not raise noise.
//!
//! Each of the three is a `Stage` around a filter of a library. A stage that is off
//! costs nothing and delays nothing. All runs on the thread that owns the processor; the filters
//! allocate, so never in a device's callback. What goes in is made finite first: no input makes a
//! library fail, and one that fails all the same takes nothing with it (`stage`).

mod echo;
mod far_end;
mod gain;
mod leftover;
mod noise;
mod stage;

#[cfg(test)]
mod tests;

use std::time::Duration;

use media::backend::voice::{
    VOICE_FRAME, VoiceBackend, VoiceFigures, VoiceHealth, VoiceProcessor, VoiceSettings,
};

use self::echo::EchoCanceller;
use self::far_end::FarEnd;
use self::gain::EvenGain;
use self::leftover::Leftover;
use self::noise::NoiseSuppressor;
use self::stage::{Around, Make, Stage};

/// Processes voices with WebRTC's echo canceller and gain control, and RNNoise.
#[derive(Clone, Copy, Debug, Default)]
pub struct VoiceProcessing;

impl VoiceBackend for VoiceProcessing {
    fn processor(&self, settings: VoiceSettings) -> Box<dyn VoiceProcessor> {
        Box::new(Chain::new(settings, filters()))
    }
}

/// 10 ms, mono at 48 kHz.
type Frame = [f32; VOICE_FRAME];

/// The stages, one after the other.
#[derive(Debug)]
struct Chain {
    echo: Stage,
    noise: Stage,
    gain: Stage,
    far_end: FarEnd,
    leftover: Leftover,
}

/// Makes the filter of each stage.
struct Filters {
    echo: Make,
    noise: Make,
    gain: Make,
}

fn filters() -> Filters {
    Filters {
        echo: Box::new(|| Box::new(EchoCanceller::new())),
        noise: Box::new(|| Box::new(NoiseSuppressor::new())),
        gain: Box::new(|| Box::new(EvenGain::new())),
    }
}

impl Chain {
    fn new(settings: VoiceSettings, filters: Filters) -> Self {
        let mut chain = Self {
            echo: Stage::new("echo cancellation", echo::DELAY, filters.echo),
            noise: Stage::new("noise suppression", noise::DELAY, filters.noise),
            gain: Stage::new("gain control", 0, filters.gain),
            far_end: FarEnd::default(),
            leftover: Leftover::default(),
        };
        chain.set(settings);
        chain
    }
}

impl VoiceProcessor for Chain {
    fn set(&mut self, settings: VoiceSettings) {
        if settings.echo_cancellation && !self.echo.wanted() {
            self.far_end = FarEnd::default();
            self.leftover = Leftover::default();
        }
        self.echo.switch(settings.echo_cancellation);
        self.noise.switch(settings.noise_suppression);
        self.gain.switch(settings.auto_gain_control);
    }

    fn played(&mut self, frame: &Frame) {
        if self.echo.wanted() {
            let frame = frame.map(in_range);
            self.far_end.played(&frame);
            self.leftover.played(&frame);
            self.echo.played(&frame);
        }
    }

    fn process(&mut self, frame: &mut Frame, echo_delay: Duration) {
        *frame = frame.map(in_range);
        let heard = *frame;
        let mut around = Around {
            echo_delay,
            only_echo: false,
            with_noise: &heard,
        };
        self.echo.process(frame, &around);
        let with_noise = *frame;
        around.with_noise = &with_noise;
        if self.echo.wanted() {
            let cancels = self.echo.is_heard();
            around.only_echo = self.far_end.only_echo(&heard, frame, cancels);
            self.leftover.heard(&heard, frame);
        }
        self.noise.process(frame, &around);
        self.gain.process(frame, &around);
        *frame = frame.map(in_range);
    }

    fn microphone_restarts(&mut self) {
        self.speaker_restarts();
        self.noise.restart();
        self.gain.restart();
    }

    fn speaker_restarts(&mut self) {
        self.far_end = FarEnd::default();
        self.leftover = Leftover::default();
        self.echo.restart();
    }

    fn delay(&self) -> Duration {
        self.echo.delay() + self.noise.delay() + self.gain.delay()
    }

    fn figures(&self) -> VoiceFigures {
        self.echo.figures()
    }

    fn health(&self) -> VoiceHealth {
        let measured = self.leftover.removed();
        VoiceHealth {
            echo_cancellation: self.echo.health(),
            noise_suppression: self.noise.health(),
            auto_gain_control: self.gain.health(),
            echo_removed: measured.filter(|_| self.echo.wanted()),
        }
    }
}

/// What is no number is silence; what is beyond full scale is full scale.
fn in_range(sample: f32) -> f32 {
    if sample.is_nan() {
        0.0
    } else {
        sample.clamp(-1.0, 1.0)
    }
}
