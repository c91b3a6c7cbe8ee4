//! One step of the processing: switched without a click, and contained when its library fails.
//!
//! A filter that is switched on hears a little sound before anybody hears it; then one frame fades
//! from the sound without it to the sound with it, which is later by the filter's delay. Switched
//! off, one frame fades back. So a switch repeats or leaves out the delay and nothing more.

use std::f32::consts::PI;
use std::fmt;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use media::backend::audio::SAMPLE_RATE_HZ;
use media::backend::voice::{StageHealth, VOICE_FRAME, VoiceFigures};

use super::Frame;

/// What a stage does to sound. A trait, so that tests have filters that fail.
pub(super) trait Filter: Send + fmt::Debug {
    /// The speaker was given this.
    fn played(&mut self, _frame: &Frame) {}

    /// Replaces 10 ms of the microphone's sound. What goes in is finite and in -1 to 1.
    fn process(&mut self, frame: &mut Frame, around: &Around<'_>);

    fn figures(&self) -> VoiceFigures {
        VoiceFigures::default()
    }
}

/// What a filter may know beside the sound.
#[derive(Debug)]
pub(super) struct Around<'a> {
    /// When the echo of what was just played is expected.
    pub(super) echo_delay: Duration,
    /// What is heard is mostly the speaker.
    pub(super) only_echo: bool,
    /// What noise suppression was given in this frame; it gives that back a frame later.
    pub(super) with_noise: &'a Frame,
}

/// Makes a filter that has heard nothing.
pub(super) type Make = Box<dyn Fn() -> Box<dyn Filter> + Send>;

/// A filter that is switched on and off.
pub(super) struct Stage {
    name: &'static str,
    make: Make,
    /// By how many samples the filter's sound is later.
    delay: u32,
    state: State,
    /// How often the filter failed since it was switched on.
    failures: usize,
    /// For how many frames more the filter has to work until it counts as well again.
    ailing: u32,
    /// The last sample that was handed on.
    last: f32,
    /// What comes does not continue what was handed on.
    broken_off: bool,
}

/// `Off` → `Warming` → `FadingIn` → `On` → `FadingOut` → `Off`, a frame in each fade; from each
/// that has a filter to `Failed`, and from there to `Warming` while there are pauses left.
#[derive(Debug)]
enum State {
    /// Sound passes as it is.
    Off,
    /// The filter hears the sound for so many frames more and is not heard.
    Warming(Box<dyn Filter>, u32),
    /// The next frame fades to the filter's sound.
    FadingIn(Box<dyn Filter>),
    /// The filter is heard.
    On(Box<dyn Filter>),
    /// The next frame fades to the sound without the filter.
    FadingOut(Box<dyn Filter>),
    /// Sound passes as it is, for so many frames or until somebody switches or restarts.
    Failed(Option<u32>),
}

impl Stage {
    pub(super) fn new(name: &'static str, delay: u32, make: Make) -> Self {
        Self {
            name,
            make,
            delay,
            state: State::Off,
            failures: 0,
            ailing: 0,
            last: 0.0,
            broken_off: false,
        }
    }

    /// Whether it is switched on, even if it is not heard yet or has failed.
    pub(super) fn wanted(&self) -> bool {
        match &self.state {
            State::Off | State::FadingOut(_) => false,
            State::Warming(..) | State::FadingIn(_) | State::On(_) | State::Failed(_) => true,
        }
    }

    /// Whether the filter is heard.
    pub(super) fn is_heard(&self) -> bool {
        matches!(self.state, State::On(_))
    }

    pub(super) fn switch(&mut self, on: bool) {
        if on == self.wanted() {
            return;
        }
        self.state = match mem::replace(&mut self.state, State::Off) {
            State::Off => {
                self.failures = 0;
                self.ailing = 0;
                self.begin()
            }
            State::On(filter) => State::FadingOut(filter),
            // It is heard still.
            State::FadingOut(filter) => State::On(filter),
            // It was not heard yet.
            State::Warming(filter, _) | State::FadingIn(filter) => {
                discard(filter);
                State::Off
            }
            State::Failed(_) => State::Off,
        };
    }

    /// Forgets what was heard and played. One that has failed is tried once more, and its failures
    /// count on: a device that stumbles must not have it made again for ever.
    pub(super) fn restart(&mut self) {
        self.broken_off |= matches!(self.state, State::On(_) | State::FadingOut(_));
        if !self.wanted() {
            self.change_to(State::Off);
            return;
        }
        let next = self.begin();
        self.change_to(next);
    }

    pub(super) fn played(&mut self, frame: &Frame) {
        let (State::Warming(filter, _) | State::FadingIn(filter) | State::On(filter)) =
            &mut self.state
        else {
            return;
        };
        if catch_unwind(AssertUnwindSafe(|| filter.played(frame))).is_err() {
            self.fail_while_told();
        }
    }

    pub(super) fn process(&mut self, frame: &mut Frame, around: &Around<'_>) {
        match mem::replace(&mut self.state, State::Off) {
            State::Off => {}
            State::Failed(left) => self.state = self.wait(left),
            State::Warming(filter, left) => {
                self.state = match filtered(filter, frame, around) {
                    Some((filter, _)) if left > 1 => State::Warming(filter, left - 1),
                    Some((filter, _)) => State::FadingIn(filter),
                    None => self.failed(),
                };
            }
            State::FadingIn(filter) => {
                self.state = match filtered(filter, frame, around) {
                    Some((filter, with)) => {
                        *frame = fade(frame, &with);
                        State::On(filter)
                    }
                    None => self.failed(),
                };
            }
            State::On(filter) => {
                self.state = match filtered(filter, frame, around) {
                    Some((filter, with)) => {
                        *frame = with;
                        self.ailing = self.ailing.saturating_sub(1);
                        State::On(filter)
                    }
                    None => {
                        self.broken_off = true;
                        self.failed()
                    }
                };
            }
            // It is off then, whether or not it could fade.
            State::FadingOut(filter) => match filtered(filter, frame, around) {
                Some((filter, with)) => {
                    *frame = fade(&with, frame);
                    discard(filter);
                }
                None => self.broken_off = true,
            },
        }
        if mem::take(&mut self.broken_off) {
            join(self.last, frame);
        }
        self.last = frame[VOICE_FRAME - 1];
    }

    /// By how much sound leaves later than it came.
    pub(super) fn delay(&self) -> Duration {
        match &self.state {
            // Half of a fade is as late as the filter.
            State::FadingIn(_) | State::On(_) | State::FadingOut(_) => {
                Duration::from_secs(1) * self.delay / SAMPLE_RATE_HZ
            }
            State::Off | State::Warming(..) | State::Failed(_) => Duration::ZERO,
        }
    }

    pub(super) fn figures(&self) -> VoiceFigures {
        match &self.state {
            State::FadingIn(filter) | State::On(filter) => {
                let told = catch_unwind(AssertUnwindSafe(|| filter.figures()));
                told.unwrap_or_default()
            }
            State::Off | State::Warming(..) | State::FadingOut(_) | State::Failed(_) => {
                VoiceFigures::default()
            }
        }
    }

    /// Whether the filter works. One that failed has to work for a while before it counts.
    pub(super) fn health(&self) -> StageHealth {
        match &self.state {
            State::Off | State::FadingOut(_) => StageHealth::Well,
            State::Warming(..) | State::FadingIn(_) | State::On(_) => {
                if self.ailing > 0 {
                    StageHealth::Failed
                } else {
                    StageHealth::Well
                }
            }
            State::Failed(Some(_)) => StageHealth::Failed,
            State::Failed(None) => StageHealth::GivenUp,
        }
    }

    /// The state of a stage whose filter begins.
    fn begin(&mut self) -> State {
        match catch_unwind(AssertUnwindSafe(|| (self.make)())) {
            Ok(filter) => State::Warming(filter, WARMING),
            Err(_) => self.failed(),
        }
    }

    /// The filter failed while it was told what is played.
    fn fail_while_told(&mut self) {
        self.broken_off |= matches!(self.state, State::On(_));
        let next = self.failed();
        self.change_to(next);
    }

    /// Takes on a state, and lets go of the filter of the one before.
    fn change_to(&mut self, next: State) {
        match mem::replace(&mut self.state, next) {
            State::Warming(filter, _)
            | State::FadingIn(filter)
            | State::On(filter)
            | State::FadingOut(filter) => discard(filter),
            State::Off | State::Failed(_) => {}
        }
    }

    fn failed(&mut self) -> State {
        let pause = PAUSES.get(self.failures).copied();
        self.failures += 1;
        self.ailing = CONVALESCENCE;
        tracing::warn!(
            stage = self.name,
            failures = self.failures,
            ?pause,
            "a stage of the voice's processing failed, sound passes without it"
        );
        State::Failed(pause.map(|pause| (pause.as_millis() / 10) as u32))
    }

    fn wait(&mut self, left: Option<u32>) -> State {
        match left {
            Some(0) => self.begin(),
            Some(left) => State::Failed(Some(left - 1)),
            None => State::Failed(None),
        }
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.change_to(State::Off);
    }
}

impl fmt::Debug for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stage")
            .field("name", &self.name)
            .field("state", &self.state)
            .field("failures", &self.failures)
            .finish_non_exhaustive()
    }
}

/// What the filter makes of `frame`. `None` when it failed, and then it is gone.
fn filtered(
    mut filter: Box<dyn Filter>,
    frame: &Frame,
    around: &Around<'_>,
) -> Option<(Box<dyn Filter>, Frame)> {
    let mut with = *frame;
    let done = catch_unwind(AssertUnwindSafe(|| filter.process(&mut with, around)));
    if done.is_ok() && with.iter().all(|sample| sample.is_finite()) {
        return Some((filter, with));
    }
    discard(filter);
    None
}

/// Lets go of a filter, which may fail even then.
fn discard(filter: Box<dyn Filter>) {
    let gone = catch_unwind(AssertUnwindSafe(|| drop(filter)));
    if gone.is_err() {
        tracing::debug!("a filter failed when it was let go");
    }
}

/// From one sound to the other in a frame.
fn fade(from: &Frame, to: &Frame) -> Frame {
    std::array::from_fn(|at| from[at] + (to[at] - from[at]) * risen(at))
}

/// Lets `frame` begin at `last` and come to itself at its end, so that the step between two
/// sounds is not heard as a click.
fn join(last: f32, frame: &mut Frame) {
    let step = last - frame[0];
    for (at, sample) in frame.iter_mut().enumerate() {
        *sample += step * (1.0 - risen(at));
    }
}

/// From 0 to 1 in a frame, without a corner.
fn risen(at: usize) -> f32 {
    0.5 - 0.5 * (PI * (at + 1) as f32 / VOICE_FRAME as f32).cos()
}

/// Frames that a filter hears before it is heard: what it delays, and what a filter with
/// overlapping windows needs to give back its first sound whole.
const WARMING: u32 = 2;

/// 1 s: what fails again fails sooner, and what is told shall not flicker.
const CONVALESCENCE: u32 = 100;

/// Before each new try of a filter that failed; after the last of them it is left alone. What
/// makes a library fail is mostly in the sound of a moment, and a second is past it; what fails
/// four times in a row would fail again.
const PAUSES: [Duration; 3] = [
    Duration::from_secs(1),
    Duration::from_secs(5),
    Duration::from_secs(30),
];
