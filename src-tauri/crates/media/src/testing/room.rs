//! A simulated room: what a microphone hears of a speaker, of somebody who talks, and of noise.
//!
//! A [`Room`] is a box whose walls reflect (image sources: Allen and Berkley, 1979). A [`Scene`]
//! puts a speaker, a microphone and a mouth into it, plays, talks, and lets a
//! [`VoiceProcessor`] work on what is heard, with the delay and the clocks of real devices. All of
//! it is deterministic; levels are those of full scale, and a voice is heard from one metre as loud
//! as it is given.
//!
//! ```
//! use media::backend::voice::{Unprocessed, VoiceBackend, VoiceSettings};
//! use media::testing::room::{Room, Scene, level_dbfs};
//! use media::testing::speech::Talker;
//!
//! let scene = Scene {
//!     far: Talker::new(1).speech(0.5),
//!     ..Scene::quiet(Room::OFFICE)
//! };
//! let heard = scene.heard();
//! let sent = scene.run(&heard, &mut *Unprocessed.processor(VoiceSettings::UNPROCESSED));
//! assert_eq!(sent, heard.microphone);
//! assert!(level_dbfs(&heard.echo) < level_dbfs(&scene.far));
//! ```

mod live;
mod response;
mod signal;

use std::time::Duration;

use crate::backend::audio::SAMPLE_RATE_HZ;
use crate::backend::voice::{VOICE_FRAME, VoiceProcessor};
use crate::level;

pub use self::live::LiveRoom;
use self::response::{Place, response};
pub use self::signal::{amplified, babble, pink_noise};
use self::signal::{at_another_clock, convolved, noise};

/// A box with walls that reflect.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Room {
    /// Length, width and height, in metres.
    pub size_m: [f64; 3],
    /// How long sound takes to fall by 60 dB, in seconds.
    pub rt60_s: f64,
}

impl Room {
    /// A small room with a carpet and shelves.
    pub const OFFICE: Self = Self {
        size_m: [4.1, 3.3, 2.5],
        rt60_s: 0.2,
    };

    /// A larger one with bare walls.
    pub const KITCHEN: Self = Self {
        size_m: [5.2, 3.9, 2.6],
        rt60_s: 0.4,
    };
}

/// What happens in a room.
#[derive(Clone, Debug, PartialEq)]
pub struct Scene {
    /// Where.
    pub room: Room,
    /// What the speaker is given.
    pub far: Vec<f32>,
    /// What somebody says, as loud as it is at a metre.
    pub near: Vec<f32>,
    /// How far the mouth is from the microphone, in metres.
    pub near_m: f64,
    /// What is heard beside, at the microphone.
    pub noise: Vec<f32>,
    /// By how many dB the echo is softer than what the speaker is given.
    pub echo_loss_db: f32,
    /// How much the speaker clips: at 1, what is half of full scale loses 8 % of it.
    pub clipping: f32,
    /// From what the processor is told of a sound until its first echo is heard.
    pub delay: Duration,
    /// What the processor is told of that delay.
    pub told_delay: Duration,
    /// By how much the speaker's clock is faster than the microphone's, in millionths.
    pub drift_ppm: f64,
    /// From these moments on, in order, the speaker is louder by so many dB.
    pub volumes: Vec<(Duration, f32)>,
    /// When the microphone is moved by half a metre.
    pub moved: Option<Duration>,
}

/// What a microphone hears, and what of it is what.
#[derive(Clone, Debug, PartialEq)]
pub struct Heard {
    /// All of it.
    pub microphone: Vec<f32>,
    /// The speaker.
    pub echo: Vec<f32>,
    /// Who talks.
    pub voice: Vec<f32>,
}

impl Scene {
    /// Nobody talks, and the microphone makes as little noise as a good one: -75 dBFS.
    #[must_use]
    pub fn quiet(room: Room) -> Self {
        Self {
            room,
            far: Vec::new(),
            near: Vec::new(),
            near_m: 0.5,
            noise: Vec::new(),
            echo_loss_db: 6.0,
            clipping: 0.0,
            delay: Duration::from_millis(80),
            told_delay: Duration::from_millis(80),
            drift_ppm: 0.0,
            volumes: Vec::new(),
            moved: None,
        }
    }

    /// What the microphone hears until all of it is over.
    #[must_use]
    pub fn heard(&self) -> Heard {
        let longest = self.far.len().max(self.near.len()).max(self.noise.len());
        let length = longest.next_multiple_of(VOICE_FRAME);
        let echo = self.echo(length);
        let voice = self.voice(length);
        let floor = noise(MICROPHONE_DBFS, length, 99);
        let of = |sound: &[f32], at: usize| sound.get(at).copied().unwrap_or(0.0);
        let microphone = (0..length)
            .map(|at| echo[at] + voice[at] + floor[at] + of(&self.noise, at))
            .map(|sample| sample.clamp(-1.0, 1.0))
            .collect();
        Heard {
            microphone,
            echo,
            voice,
        }
    }

    /// What `processor` makes of it, later by its delay, frame by frame.
    pub fn run(&self, heard: &Heard, processor: &mut dyn VoiceProcessor) -> Vec<f32> {
        self.run_with(heard, processor, |_, _| {})
    }

    /// The same; `before` is called before each frame with its number.
    pub fn run_with(
        &self,
        heard: &Heard,
        processor: &mut dyn VoiceProcessor,
        mut before: impl FnMut(usize, &mut dyn VoiceProcessor),
    ) -> Vec<f32> {
        let mut sent = heard.microphone.clone();
        let (frames, rest) = sent.as_chunks_mut::<VOICE_FRAME>();
        debug_assert!(rest.is_empty(), "what is heard is whole frames");
        let mut played = 0;
        for (number, frame) in frames.iter_mut().enumerate() {
            before(number, processor);
            let due = ((number + 1) as f64 * (1.0 + self.drift_ppm * 1e-6)).round() as usize;
            for at in played..due {
                processor.played(&self.frame_of_far(at));
            }
            played = due;
            processor.process(frame, self.told_delay);
        }
        sent
    }

    fn frame_of_far(&self, number: usize) -> [f32; VOICE_FRAME] {
        std::array::from_fn(|at| {
            let at = number * VOICE_FRAME + at;
            self.far.get(at).copied().unwrap_or(0.0)
        })
    }

    fn echo(&self, length: usize) -> Vec<f32> {
        let mut played = at_another_clock(&self.far, self.drift_ppm, length);
        for sample in &mut played {
            let drive = self.clipping.max(1e-3);
            *sample = (*sample * drive).tanh() / drive;
        }
        self.follow_volume(&mut played);
        let there = self.walked(&played, LOUDSPEAKER, length);
        // As loud as it shall be, whatever the room does to it.
        let flat = response(&self.room, LOUDSPEAKER, MICROPHONE);
        let gain: f32 = flat.iter().map(|tap| tap * tap).sum::<f32>().sqrt();
        let loss = 10_f32.powf(-self.echo_loss_db / 20.0) / gain;
        let late = samples(self.delay);
        let mut echo = vec![0.0; late];
        echo.extend(there.into_iter().map(|sample| sample * loss));
        echo.truncate(length);
        echo
    }

    fn voice(&self, length: usize) -> Vec<f32> {
        let mouth = Place([MICROPHONE.0[0], MICROPHONE.0[1] + self.near_m, 1.25]);
        let mut voice = self.near.clone();
        voice.resize(length, 0.0);
        self.walked(&voice, mouth, length)
    }

    /// `sound` from `source`, at where the microphone is.
    fn walked(&self, sound: &[f32], source: Place, length: usize) -> Vec<f32> {
        let mut there = convolved(sound, &response(&self.room, source, MICROPHONE));
        there.truncate(length);
        let Some(moved) = self.moved.map(samples) else {
            return there;
        };
        let new = convolved(sound, &response(&self.room, source, MOVED));
        let from = moved.min(there.len());
        let changing = there[from..].iter_mut().zip(&new[from..]);
        for (at, (sample, new)) in changing.enumerate() {
            let done = (at as f32 / MOVING as f32).min(1.0);
            *sample += (new - *sample) * done;
        }
        there
    }

    fn follow_volume(&self, played: &mut [f32]) {
        for (from, decibels) in &self.volumes {
            let from = samples(*from).min(played.len());
            for sample in &mut played[from..] {
                *sample *= 10_f32.powf(decibels / 20.0);
            }
        }
    }
}

/// Root mean square in dB below full scale, at least -120.
#[must_use]
pub fn level_dbfs(samples: &[f32]) -> f32 {
    10.0 * level::energy(samples).max(1e-12).log10()
}

/// A part of a sound by its seconds.
#[must_use]
pub fn part(samples: &[f32], from_s: f64, to_s: f64) -> &[f32] {
    let at = |seconds: f64| (seconds * f64::from(SAMPLE_RATE_HZ)) as usize;
    &samples[at(from_s)..at(to_s).min(samples.len())]
}

/// How much softer echo was made from one second to another: `sent` is later than `heard` by
/// `delay`.
#[must_use]
pub fn erle_db(heard: &Heard, sent: &[f32], delay: Duration, from_s: f64, to_s: f64) -> f32 {
    let late = delay.as_secs_f64();
    let left = level_dbfs(part(sent, from_s + late, to_s + late));
    level_dbfs(part(&heard.echo, from_s, to_s)) - left
}

fn samples(time: Duration) -> usize {
    (time.as_secs_f64() * f64::from(SAMPLE_RATE_HZ)) as usize
}

const MICROPHONE: Place = Place([1.6, 1.1, 0.95]);
/// Half a metre from there.
const MOVED: Place = Place([1.9, 1.5, 0.95]);
/// Beside the microphone, as in a laptop.
const LOUDSPEAKER: Place = Place([1.85, 1.2, 0.8]);

/// Noise of a good microphone.
const MICROPHONE_DBFS: f32 = -75.0;

/// Half a second.
const MOVING: usize = SAMPLE_RATE_HZ as usize / 2;
