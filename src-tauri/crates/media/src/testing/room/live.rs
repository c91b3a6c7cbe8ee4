//! A room as time passes: what its speaker plays may be an answer to what its microphone heard.

use std::collections::VecDeque;
use std::time::Duration;

use crate::backend::voice::VOICE_FRAME;

use super::response::response;
use super::signal::noise;
use super::{LOUDSPEAKER, MICROPHONE, MICROPHONE_DBFS, Room, samples};

/// A room with a speaker and a microphone, 10 ms at a time.
///
/// ```
/// use std::time::Duration;
///
/// use media::testing::room::{LiveRoom, Room, level_dbfs};
///
/// let mut room = LiveRoom::new(Room::OFFICE, 6.0, Duration::from_millis(10));
/// let silence = [0.0; 480];
/// assert!(level_dbfs(&room.hear(&[0.5; 480], &silence)) < -60.0);
/// assert!(level_dbfs(&room.hear(&silence, &silence)) > -30.0);
/// ```
#[derive(Clone, Debug)]
pub struct LiveRoom {
    walls: Vec<f32>,
    /// What is on its way from the speaker, from the next sample on.
    ringing: Vec<f32>,
    /// What comes to the microphone's samples by the delay of both devices later.
    late: VecDeque<f32>,
    floor: Vec<f32>,
    heard: usize,
}

impl LiveRoom {
    /// `echo_loss_db` is by how much the microphone hears the speaker softer than what that is
    /// given, and `delay` how long after that it does.
    #[must_use]
    pub fn new(room: Room, echo_loss_db: f32, delay: Duration) -> Self {
        let mut walls = response(&room, LOUDSPEAKER, MICROPHONE);
        let gain: f32 = walls.iter().map(|tap| tap * tap).sum::<f32>().sqrt();
        let loss = 10_f32.powf(-echo_loss_db / 20.0) / gain;
        for tap in &mut walls {
            *tap *= loss;
        }
        Self {
            ringing: vec![0.0; walls.len() + VOICE_FRAME],
            walls,
            late: VecDeque::from(vec![0.0; samples(delay)]),
            floor: noise(MICROPHONE_DBFS, FLOOR, 99),
            heard: 0,
        }
    }

    /// What the microphone hears while the speaker plays `played`, and somebody at the microphone
    /// says `said`. A speaker gives no more than full scale, and a microphone neither.
    pub fn hear(
        &mut self,
        played: &[f32; VOICE_FRAME],
        said: &[f32; VOICE_FRAME],
    ) -> [f32; VOICE_FRAME] {
        for (at, sample) in played.iter().enumerate() {
            if *sample != 0.0 {
                let there = &mut self.ringing[at..at + self.walls.len()];
                for (to, tap) in there.iter_mut().zip(&self.walls) {
                    *to += sample.clamp(-1.0, 1.0) * tap;
                }
            }
        }
        self.late.extend(&self.ringing[..VOICE_FRAME]);
        self.ringing.copy_within(VOICE_FRAME.., 0);
        let rest = self.ringing.len() - VOICE_FRAME;
        self.ringing[rest..].fill(0.0);
        said.map(|said| {
            let floor = self.floor[self.heard % FLOOR];
            self.heard += 1;
            let echo = self.late.pop_front().unwrap_or(0.0);
            (said + echo + floor).clamp(-1.0, 1.0)
        })
    }
}

/// The microphone's noise, a second of it again and again.
const FLOOR: usize = 48_000;
