//! Collects what there is to find in a test call: pure, fed as the call goes on.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use call::view::Controls;
use engine::view::{CallStats, DeviceNow};

use crate::DELAY;
use crate::hearing::Echoed;
use crate::report::{PictureOutcome, TestProblem, TestReport, VoiceOutcome};

/// Collects what there is to find.
#[derive(Clone, Debug, Default)]
pub(crate) struct Findings {
    /// What was on at any time, by the user's wish.
    wanted: Wanted,
    microphone: Device,
    speaker: Device,
    camera: Device,
    /// What was said since the voice came back last, if anything.
    unreturned: Option<Said>,
    echoes: Recent<Echoed>,
    /// Seconds of which there are figures.
    seconds: u32,
    round_trips: Recent<f64>,
    sound_buffers: Recent<f64>,
    pictures_late: Recent<f64>,
    /// Whether a second with pictures has passed: the first one is not whole.
    has_pictures: bool,
    /// Pictures per second that came back.
    fps: Recent<f64>,
    size: (u32, u32),
    /// Shares that were lost: of sound and pictures that came, of both that left.
    lost: Recent<[f64; 3]>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Wanted {
    microphone: bool,
    camera: bool,
    /// Whether the camera is wanted now.
    camera_now: bool,
}

/// A device of ours in the call.
#[derive(Clone, Debug, Default)]
struct Device {
    /// What it was when it worked or failed last: not in use, it is as it was.
    last: Option<DeviceNow>,
    /// The second since which it is that.
    since: u32,
}

/// The seconds in which somebody was heard to speak, first and last.
#[derive(Clone, Copy, Debug)]
struct Said {
    first: u32,
    last: u32,
}

/// Values of the last [`JUDGED`] before the newest: what is older tells of devices and of a load
/// that may be others by now. Somebody may leave a test call running for days.
#[derive(Clone, Debug)]
struct Recent<T>(VecDeque<(Instant, T)>);

impl Findings {
    /// What the user wants to be on, and our microphone, speaker and camera now. Another microphone or
    /// speaker, or one that fails, is judged anew.
    pub(crate) fn devices(&mut self, wish: Controls, now: [&DeviceNow; 3]) {
        let [microphone, speaker, camera] = now;
        self.wanted.microphone |= wish.microphone;
        self.wanted.camera |= wish.camera;
        self.wanted.camera_now = wish.camera;
        self.camera.follow(camera, self.seconds);
        let microphone = self.microphone.follow(microphone, self.seconds);
        let speaker = self.speaker.follow(speaker, self.seconds);
        if microphone || speaker {
            self.echoes = Recent::default();
            self.unreturned = None;
        }
    }

    /// What can be heard now of what was said, and whether anything was said that left.
    pub(crate) fn heard(&mut self, now: Instant, echo: Option<Echoed>, spoke: bool) {
        if let Some(echo) = echo {
            self.echoes.push(now, echo);
            self.unreturned = None;
        } else if spoke {
            let first = match self.unreturned {
                // After a pause of a voice that came back, it is another sentence.
                Some(said) if self.echoes.is_empty() || self.seconds <= said.last + PAUSE => {
                    said.first
                }
                Some(_) | None => self.seconds,
            };
            let last = self.seconds;
            self.unreturned = Some(Said { first, last });
        }
    }

    /// The figures of the last second, and how old its pictures were, in milliseconds and order.
    pub(crate) fn sampled(&mut self, now: Instant, stats: &CallStats, ages: &[f64]) {
        self.seconds = self.seconds.saturating_add(1);
        let lost = [stats.audio_loss, stats.video_loss, stats.remote_loss];
        self.lost.push(now, lost);
        if let Some(round_trip) = stats.current_round_trip_time {
            self.round_trips.push(now, round_trip * 1e3);
        }
        if stats.audio_jitter_buffer_delay > 0.0 {
            let buffered = stats.audio_jitter_buffer_delay * 1e3;
            self.sound_buffers.push(now, buffered);
        }
        if let Some(age) = ages.get(ages.len() / 2) {
            self.pictures_late.push(now, age - millis(DELAY));
        }
        if stats.frames_decoded == 0 {
            return;
        }
        self.size = (stats.frame_width, stats.frame_height);
        // Nothing is to come back of a camera that the user turned off.
        if self.has_pictures && self.wanted.camera_now {
            self.fps.push(now, stats.frames_per_second_received);
        }
        self.has_pictures = true;
    }

    /// All of it. While the call goes on, nothing is called lost that may still come; when it is
    /// `over`, only what had no time to.
    #[must_use]
    pub(crate) fn report(&self, over: bool) -> TestReport {
        let voice = self.voice(over);
        let returned = voice == VoiceOutcome::Returned;
        let median_of = |value: fn(&Echoed) -> f64| {
            let all = self.echoes.values().map(value);
            median(all).filter(|_| returned).map(rounded)
        };
        let alike = self.echoes.values().map(|it| f64::from(it.similarity));
        let [audio_loss, video_loss, remote_loss] = self.losses();
        let mut report = TestReport {
            over,
            voice,
            picture: self.picture(over),
            problems: Vec::new(),
            voice_delay_ms: median_of(|it| millis(it.late)),
            echo_gain_db: median_of(|it| f64::from(it.gain_db)),
            similarity: alike.reduce(f64::max).filter(|_| returned).map(rounded),
            picture_delay_ms: self.pictures_late.median().map(rounded),
            round_trip_ms: self.round_trips.median().map(rounded),
            sound_buffer_ms: self.sound_buffers.median().map(rounded),
            audio_loss,
            video_loss,
            remote_loss,
            frame_width: self.size.0,
            frame_height: self.size.1,
            frames_per_second: self.fps().map(rounded),
        };
        report.problems = TestProblem::of(&report);
        report
    }

    fn voice(&self, over: bool) -> VoiceOutcome {
        let has_passed = |since: u32, wait: u32, enough: u32| {
            self.seconds.saturating_sub(since) >= if over { enough } else { wait }
        };
        let since = self.microphone.since.max(self.speaker.since);
        let returned = !self.echoes.is_empty();
        match (self.microphone.works(), self.unreturned) {
            _ if !self.wanted.microphone && has_passed(0, DEVICES, 1) => VoiceOutcome::Off,
            (false, _) if has_passed(self.microphone.since, DEVICES, 1) => {
                VoiceOutcome::DeviceFails
            }
            // Somebody whose voice came back is believed to be heard until much of it does not.
            (true, Some(said)) if returned && said.last - said.first >= UNRETURNED => {
                VoiceOutcome::Lost
            }
            (true, _) if returned => VoiceOutcome::Returned,
            (true, None) if has_passed(since, SILENT, ENOUGH) => VoiceOutcome::Silent,
            (true, Some(said)) if has_passed(said.first, UNRETURNED, ENOUGH) => VoiceOutcome::Lost,
            (false, _) | (true, _) => VoiceOutcome::Waiting,
        }
    }

    fn picture(&self, over: bool) -> PictureOutcome {
        let has_passed = |since: u32, wait: u32, enough: u32| {
            self.seconds.saturating_sub(since) >= if over { enough } else { wait }
        };
        match (self.wanted.camera, self.camera.works()) {
            (false, _) if has_passed(0, DEVICES, 1) => PictureOutcome::Off,
            (true, false) if has_passed(self.camera.since, DEVICES, 1) => {
                PictureOutcome::DeviceFails
            }
            (true, true) if self.fps().is_some() => PictureOutcome::Returned,
            (true, true) if has_passed(self.camera.since, UNRETURNED, ENOUGH) => {
                PictureOutcome::Lost
            }
            (false, _) | (true, _) => PictureOutcome::Waiting,
        }
    }

    /// Pictures per second that came back.
    fn fps(&self) -> Option<f64> {
        self.fps.median().filter(|it| *it > 0.0)
    }

    /// The mean of each of the shares that were lost.
    fn losses(&self) -> [f64; 3] {
        let mut sums = [0.0; 3];
        for lost in self.lost.values() {
            for (sum, lost) in sums.iter_mut().zip(lost) {
                *sum += lost;
            }
        }
        sums.map(|it| it / self.lost.0.len().max(1) as f64)
    }
}

impl Device {
    /// Whether it is another one now, or does not work any more, or works again.
    fn follow(&mut self, now: &DeviceNow, second: u32) -> bool {
        let is_new = match now {
            DeviceNow::Off => false,
            DeviceNow::On { .. } | DeviceNow::Failed { .. } => self.last.as_ref() != Some(now),
        };
        if !is_new {
            return false;
        }
        let had_one = self.last.replace(now.clone()).is_some();
        // Of the first one, all that was said and shown before is.
        if had_one {
            self.since = second;
        }
        had_one
    }

    fn works(&self) -> bool {
        matches!(self.last, Some(DeviceNow::On { .. }))
    }
}

impl<T> Recent<T> {
    fn push(&mut self, now: Instant, value: T) {
        let is_old = |at: Instant| now.saturating_duration_since(at) >= JUDGED;
        while self.0.front().is_some_and(|(at, _)| is_old(*at)) {
            self.0.pop_front();
        }
        self.0.push_back((now, value));
    }

    fn values(&self) -> impl Iterator<Item = &T> {
        self.0.iter().map(|(_, value)| value)
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Recent<f64> {
    fn median(&self) -> Option<f64> {
        median(self.values().copied())
    }
}

impl<T> Default for Recent<T> {
    fn default() -> Self {
        Self(VecDeque::new())
    }
}

fn median(of: impl Iterator<Item = f64>) -> Option<f64> {
    let mut sorted: Vec<_> = of.collect();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied()
}

fn rounded(it: f64) -> f64 {
    (it * 100.0).round() / 100.0
}

fn millis(it: Duration) -> f64 {
    it.as_secs_f64() * 1e3
}

/// Of which time the newest values are judged: several sentences, and few enough that what is
/// mended in the call is told as well before somebody gives up.
const JUDGED: Duration = Duration::from_secs(10);

/// Seconds that devices have to open.
const DEVICES: u32 = 3;

/// Seconds in which somebody who was told to speak has spoken.
const SILENT: u32 = 8;

/// Seconds after which what was said or shown is back: two of the echo, a second and a half of the
/// way at most, two that are compared.
const UNRETURNED: u32 = 6;

/// Seconds without speech after which a voice that came back begins anew: longer than the pauses
/// within a sentence.
const PAUSE: u32 = 2;

/// Seconds without which a call that is over tells nothing: two of the echo, and a second on the way.
const ENOUGH: u32 = 3;

#[cfg(test)]
mod tests;
