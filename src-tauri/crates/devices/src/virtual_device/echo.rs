//! A speaker and a microphone on one [`Tape`], and a camera that sees a [`Reel`] of what is shown.

use std::sync::Arc;
use std::time::{Duration, Instant};

use media::backend::audio::{SampleSink, SampleSource};
use media::backend::camera::PictureSink;
use media::backend::device::{DeviceError, DeviceInfo};
use media::picture::Captured;
use media::queue::{Empty, Slot};

use super::reel::Reel;
use super::tape::Tape;
use super::ticks::Ticks;
use crate::thread::{Running, Stop};

/// Starts the speaker, which writes on `tape` what it plays.
pub(crate) fn speaker(
    info: DeviceInfo,
    tape: Arc<Tape>,
    mut source: Box<dyn SampleSource>,
) -> Result<Running, DeviceError> {
    Running::start(info, "speaker", move |stop| {
        play(&tape, source.as_mut(), &stop);
    })
}

/// Starts the microphone, which hears what was on `tape`.
pub(crate) fn microphone(
    info: DeviceInfo,
    tape: Arc<Tape>,
    mut sink: Box<dyn SampleSink>,
) -> Result<Running, DeviceError> {
    Running::start(info, "microphone", move |stop| {
        hear(&tape, sink.as_mut(), &stop);
    })
}

/// Starts the camera, which sees what comes out of `shown` this much later.
pub(crate) fn camera(
    info: DeviceInfo,
    shown: Slot<Captured>,
    delay: Duration,
    mut sink: Box<dyn PictureSink>,
) -> Result<Running, DeviceError> {
    Running::start(info, "camera", move |stop| {
        see(&shown, Reel::new(delay), sink.as_mut(), &stop);
    })
}

fn play(tape: &Tape, source: &mut dyn SampleSource, stop: &Stop) {
    let mut ticks = Ticks::new(Instant::now() + Ticks::LEN, LATE_SPEAKER);
    let mut chunk = [0.0; Ticks::SAMPLES];
    loop {
        let tick = ticks.next(Instant::now());
        if stop.wait_until(tick.at).is_err() {
            return;
        }
        chunk.fill(0.0);
        source.fill(&mut chunk, tick.at);
        tape.play(tick.at, &chunk);
    }
}

fn hear(tape: &Tape, sink: &mut dyn SampleSink, stop: &Stop) {
    let mut ticks = Ticks::new(Instant::now(), LATE_MICROPHONE);
    let mut chunk = [0.0; Ticks::SAMPLES];
    loop {
        let heard_from = ticks.next(Instant::now()).at;
        if stop.wait_until(heard_from + Ticks::LEN).is_err() {
            return;
        }
        tape.hear(heard_from, &mut chunk);
        for (index, sample) in chunk.iter_mut().enumerate() {
            let noise = if index % 2 == 0 { NOISE } else { -NOISE };
            *sample = *sample * GAIN + noise;
        }
        sink.samples(&chunk, heard_from);
    }
}

fn see(shown: &Slot<Captured>, mut reel: Reel, sink: &mut dyn PictureSink, stop: &Stop) {
    loop {
        let now = Instant::now();
        let latest = now + ATTENTION;
        let wake = reel.next().map_or(latest, |due| due.min(latest));
        match shown.pop_until(now, wake) {
            Ok(captured) => reel.add(captured),
            Err(Empty::TimedOut) => {}
            Err(Empty::Closed) => return,
        }
        let at = Instant::now();
        if stop.wait_until(at).is_err() {
            return;
        }
        if let Some(picture) = reel.due(at) {
            sink.picture(Captured { picture, at });
        }
    }
}

/// Half as loud: a loudspeaker that is heard by the microphone beside it makes a circle of this
/// microphone and that one, which must die out.
const GAIN: f32 = 0.5;

/// Noise of -80 dB, as every microphone has: one that delivers nothing but silence is taken for
/// broken. The highest pitch there is, so nobody hears it.
const NOISE: f32 = 1e-4;

/// What a sound card's queue bridges.
const LATE_SPEAKER: Duration = Duration::from_millis(20);

/// What sound cards keep for a late reader, about.
const LATE_MICROPHONE: Duration = Duration::from_millis(100);

/// How soon the camera notices that it shall stop.
const ATTENTION: Duration = Duration::from_millis(20);
