//! What a test call found: pure, fed once a second.

use std::time::Duration;

use call::view::Controls;
use engine::view::{CallStats, DeviceNow};
use serde::Serialize;
use ts_rs::TS;

use crate::DELAY;
use crate::hearing::Echoed;

/// What became of what the user said, or showed, in a test call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum TestOutcome {
    /// Not known yet; at the end of the call: it was too short to tell.
    Waiting,
    /// It came back.
    Returned,
    /// It left and did not come back.
    Lost,
    /// The microphone works, and nobody was heard to speak. Of a picture: never.
    Silent,
    /// The device does not work.
    DeviceFails,
    /// The user had it off throughout.
    Off,
}

/// What a test call found so far.
#[derive(Clone, Debug, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct TestReport {
    /// Whether the call is over, and this the last word.
    pub over: bool,
    /// What was said.
    pub voice: TestOutcome,
    /// What was shown.
    pub picture: TestOutcome,
    /// Milliseconds from this mouth to the other ear and back, without the [`DELAY`] of the other
    /// side: the median.
    pub voice_delay_ms: Option<f64>,
    /// How much louder the voice came back than it was said, decibels: the median.
    pub echo_gain_db: Option<f64>,
    /// How alike the loudness of the voice and its echo was, 0 to 1: the best.
    pub similarity: Option<f64>,
    /// As of the voice, where the pictures bear a stamp.
    pub picture_delay_ms: Option<f64>,
    /// Milliseconds between the two sides' networks and back: the median.
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

/// Collects what there is to find.
#[derive(Clone, Debug, Default)]
pub struct Findings {
    /// What was on at any time, by the user's wish.
    wanted: Wanted,
    microphone: bool,
    camera: bool,
    /// How many seconds had passed when somebody was heard first.
    spoke_at: Option<u32>,
    echoes: Vec<Echoed>,
    /// Seconds of which there are figures.
    seconds: u32,
    round_trips: Vec<f64>,
    sound_buffers: Vec<f64>,
    pictures_late: Vec<f64>,
    /// Pictures per second that came back, of each second since the first.
    fps: Vec<f64>,
    size: (u32, u32),
    /// Shares that were lost, added up: of sound and pictures that came, of both that left.
    lost: [f64; 3],
}

#[derive(Clone, Copy, Debug, Default)]
struct Wanted {
    microphone: bool,
    camera: bool,
}

impl Findings {
    /// What the user wants to be on, and which of our devices work now.
    pub fn devices(&mut self, wish: Controls, microphone: &DeviceNow, camera: &DeviceNow) {
        let works = |it: &DeviceNow| matches!(it, DeviceNow::On { .. });
        self.wanted.microphone |= wish.microphone;
        self.wanted.camera |= wish.camera;
        self.microphone |= works(microphone);
        self.camera |= works(camera);
    }

    /// What can be heard now of what was said, and whether anything was said that left.
    pub fn heard(&mut self, echo: Option<Echoed>, spoke: bool) {
        if self.echoes.len() < MOST_KEPT {
            self.echoes.extend(echo);
        }
        if spoke && self.spoke_at.is_none() {
            self.spoke_at = Some(self.seconds);
        }
    }

    /// The figures of the last second, and how old its pictures were, in milliseconds and order.
    pub fn sampled(&mut self, stats: &CallStats, ages: &[f64]) {
        self.seconds += 1;
        let lost = [stats.audio_loss, stats.video_loss, stats.remote_loss];
        for (sum, lost) in self.lost.iter_mut().zip(lost) {
            *sum += lost;
        }
        if stats.frames_decoded > 0 {
            self.size = (stats.frame_width, stats.frame_height);
        }
        if self.fps.len() >= MOST_KEPT {
            return;
        }
        let round_trip = stats.current_round_trip_time.map(|it| it * 1e3);
        self.round_trips.extend(round_trip);
        if stats.audio_jitter_buffer_delay > 0.0 {
            self.sound_buffers
                .push(stats.audio_jitter_buffer_delay * 1e3);
        }
        let late = ages.get(ages.len() / 2).map(|it| it - millis(DELAY));
        self.pictures_late.extend(late);
        if stats.frames_decoded > 0 {
            self.fps.push(stats.frames_per_second_received);
        }
    }

    /// All of it. While the call goes on, nothing is called lost that may still come; when it is
    /// `over`, only what had no time to.
    #[must_use]
    pub fn report(&self, over: bool) -> TestReport {
        let seconds = f64::from(self.seconds.max(1));
        let [audio_loss, video_loss, remote_loss] = self.lost.map(|it| it / seconds);
        let median_of = |value: fn(&Echoed) -> f64| {
            let all: Vec<_> = self.echoes.iter().map(value).collect();
            median(&all)
        };
        let alike = self.echoes.iter().map(|it| f64::from(it.similarity));
        TestReport {
            over,
            voice: self.voice(over),
            picture: self.picture(over),
            voice_delay_ms: median_of(|it| millis(it.late)).map(rounded),
            echo_gain_db: median_of(|it| f64::from(it.gain_db)).map(rounded),
            similarity: alike.reduce(f64::max).map(rounded),
            picture_delay_ms: median(&self.pictures_late).map(rounded),
            round_trip_ms: median(&self.round_trips).map(rounded),
            sound_buffer_ms: median(&self.sound_buffers).map(rounded),
            audio_loss,
            video_loss,
            remote_loss,
            frame_width: self.size.0,
            frame_height: self.size.1,
            frames_per_second: self.fps().map(rounded),
        }
    }

    fn voice(&self, over: bool) -> TestOutcome {
        let has_passed = |since: u32, wait: u32, enough: u32| {
            self.seconds.saturating_sub(since) >= if over { enough } else { wait }
        };
        match (self.microphone, self.spoke_at) {
            _ if !self.echoes.is_empty() => TestOutcome::Returned,
            _ if !self.wanted.microphone && has_passed(0, DEVICES, 1) => TestOutcome::Off,
            (false, _) if has_passed(0, DEVICES, 1) => TestOutcome::DeviceFails,
            (true, None) if has_passed(0, SILENT, ENOUGH) => TestOutcome::Silent,
            (true, Some(at)) if has_passed(at, UNRETURNED, ENOUGH) => TestOutcome::Lost,
            (false, _) | (true, _) => TestOutcome::Waiting,
        }
    }

    fn picture(&self, over: bool) -> TestOutcome {
        let has_passed = |wait: u32, enough: u32| self.seconds >= if over { enough } else { wait };
        match (self.wanted.camera, self.camera) {
            _ if self.fps().is_some() => TestOutcome::Returned,
            (false, _) if has_passed(DEVICES, 1) => TestOutcome::Off,
            (true, false) if has_passed(DEVICES, 1) => TestOutcome::DeviceFails,
            (true, true) if has_passed(UNRETURNED, ENOUGH) => TestOutcome::Lost,
            (false, _) | (true, _) => TestOutcome::Waiting,
        }
    }

    /// Pictures per second that came back. The first second was not whole.
    fn fps(&self) -> Option<f64> {
        median(self.fps.get(1..).unwrap_or_default()).filter(|it| *it > 0.0)
    }
}

fn median(of: &[f64]) -> Option<f64> {
    let mut sorted = of.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied()
}

fn rounded(it: f64) -> f64 {
    (it * 100.0).round() / 100.0
}

fn millis(it: Duration) -> f64 {
    it.as_secs_f64() * 1e3
}

/// Seconds that devices have to open.
const DEVICES: u32 = 3;

/// Seconds in which somebody who was told to speak has spoken.
const SILENT: u32 = 8;

/// Seconds after which what was said or shown is back: two of the echo, a second and a half of the
/// way at most, two that are compared.
const UNRETURNED: u32 = 6;

/// Seconds without which a call that is over tells nothing: two of the echo, and a second on the way.
const ENOUGH: u32 = 3;

/// Values of a kind: a test call of ten minutes. Somebody may leave one running for days.
const MOST_KEPT: usize = 600;

#[cfg(test)]
mod tests;
