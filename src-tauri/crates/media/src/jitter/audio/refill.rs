//! What is decoded, rebuilt, made up or skipped so that the next pull has its samples.

use std::time::Instant;

use super::packets::Packet;
use super::samples::Joint;
use super::{Decoded, JitterBuffer, PULL, Stats, micros_of, opus};
use crate::backend::codec::{AudioDecoder, AudioInput};

/// What playout is doing.
///
/// ```text
/// NotStarted ──► Running ◄──► Starved ──► Paused
///                Running ◄──► Bridging    Paused ──► Running
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// No packet has had its turn.
    NotStarted,
    /// Packets have their turns.
    Running,
    /// Nothing has come for `made_up` samples: late, lost, or a pause.
    Starved {
        /// Samples made up so far.
        made_up: i64,
    },
    /// Packets are lost for good, since the one after them is here.
    Bridging {
        /// Samples to make up before that one has its turn.
        owed: i64,
    },
    /// Nothing has come for long, or the sender announced a pause; playout starts at will.
    Paused {
        /// Whether the sender said so.
        announced: bool,
    },
}

impl Phase {
    pub(super) const fn plays(self) -> bool {
        match self {
            Self::Running | Self::Starved { .. } | Self::Bridging { .. } => true,
            Self::NotStarted | Self::Paused { .. } => false,
        }
    }
}

/// Samples without a packet of which nobody knows yet whether they are a loss or a pause of the
/// sender: what comes next tells.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Unexplained {
    /// Counted as concealed.
    concealed: u64,
    /// Those of them that were silence.
    silent: u64,
    /// How often it began.
    events: u64,
    /// Silence after that, counted as nothing yet.
    uncounted: u64,
}

impl Unexplained {
    /// Some samples were concealed between the two.
    const fn note(&mut self, before: &Stats, after: &Stats) {
        self.concealed += after.concealed_samples - before.concealed_samples;
        self.silent += after.silent_concealed_samples - before.silent_concealed_samples;
        self.events += after.concealment_events - before.concealment_events;
    }

    /// It was a pause of the sender: no concealment at all.
    const fn forgive(self, stats: &mut Stats) {
        stats.concealed_samples -= self.concealed;
        stats.silent_concealed_samples -= self.silent;
        stats.concealment_events -= self.events;
    }

    /// Packets were lost or late.
    const fn blame(self, stats: &mut Stats) {
        stats.concealed_samples += self.uncounted;
        stats.silent_concealed_samples += self.uncounted;
    }
}

/// What of the earliest waiting packet decides.
#[derive(Clone, Copy)]
struct First {
    sequence: u64,
    position: i64,
    samples: i64,
    /// Packets missing before it.
    missing: u64,
    /// When it would play if its turn were now, after the fastest possible moment, microseconds.
    slack: i64,
}

impl JitterBuffer {
    /// Makes sure that a pull can be given out.
    pub(super) fn refill(&mut self, now: Instant, decoder: &mut dyn AudioDecoder) {
        if self.phase.plays() && self.samples.len() < PULL {
            let slack = self.delay.slack(now, micros_of(self.end));
            self.level.record(slack);
        }
        while self.samples.len() < PULL {
            self.step(now, decoder);
        }
    }

    /// Adds some samples, or changes the phase so that the next step does.
    pub(super) fn step(&mut self, now: Instant, decoder: &mut dyn AudioDecoder) {
        let Some(first) = self.first(now) else {
            return self.starve(decoder);
        };
        match self.phase {
            Phase::NotStarted | Phase::Paused { .. } => {
                if first.slack < self.target() {
                    self.rest(decoder);
                } else {
                    self.start(first);
                }
            }
            Phase::Bridging { owed } => self.bridge(first, owed, decoder),
            Phase::Running | Phase::Starved { .. } => {
                let made_up = if let Phase::Starved { made_up } = self.phase {
                    made_up
                } else {
                    0
                };
                if self.is_pause(first) {
                    self.phase = Phase::Paused { announced: false };
                } else if self.skip_to_live(first) {
                    // Playout starts anew with a packet that is not as old.
                } else if first.missing > 0 {
                    self.give_up_missing(first, made_up);
                } else {
                    self.decode_first(decoder);
                }
            }
        }
    }

    /// Whether nothing more can be decoded right now without making anything up.
    pub(super) fn next_is_here(&self) -> bool {
        self.phase == Phase::Running
            && self
                .packets
                .first()
                .is_some_and(|(first, missing)| missing == 0 && first.position <= self.end)
    }

    fn first(&mut self, now: Instant) -> Option<First> {
        let (packet, missing) = self.packets.first()?;
        Some(First {
            sequence: packet.sequence,
            position: packet.position,
            samples: packet.samples as i64,
            missing,
            slack: self.delay.slack(now, micros_of(packet.position)),
        })
    }

    /// Whether the sender paused before `first`: its time runs ahead of what is missing.
    const fn is_pause(&self, first: First) -> bool {
        first.position - self.end > first.missing as i64 * first.samples
    }

    /// Nothing waits: makes something up, or rests if that is enough of it.
    fn starve(&mut self, decoder: &mut dyn AudioDecoder) {
        let made_up = match self.phase {
            Phase::NotStarted | Phase::Paused { .. } => return self.rest(decoder),
            Phase::Running | Phase::Bridging { .. } => 0,
            Phase::Starved { made_up } => made_up,
        };
        if self.decoded.is_some_and(|it| it.pause) {
            self.phase = Phase::Paused { announced: true };
        } else if made_up >= GIVE_UP {
            self.phase = Phase::Paused { announced: false };
        } else {
            let before = self.stats;
            self.conceal(PULL, decoder);
            self.unexplained.note(&before, &self.stats);
            self.phase = Phase::Starved {
                made_up: made_up + PULL as i64,
            };
        }
    }

    /// Fills up the pull while nothing plays.
    fn rest(&mut self, decoder: &mut dyn AudioDecoder) {
        let wanted = PULL - self.samples.len();
        match self.phase {
            Phase::Paused { announced: true } => {
                // In a pause the decoder makes comfort noise of what should be concealed.
                let filled = self.ask(AudioInput::Lost, wanted, decoder);
                self.scratch[filled..wanted.max(filled)].fill(0.0);
            }
            Phase::Paused { announced: false } => {
                self.scratch[..wanted].fill(0.0);
                self.unexplained.uncounted += wanted as u64;
            }
            Phase::NotStarted | Phase::Running | Phase::Starved { .. } | Phase::Bridging { .. } => {
                self.scratch[..wanted].fill(0.0)
            }
        }
        self.samples.push(&self.scratch[..wanted], Joint::Broken);
        self.made_up = self.made_up.saturating_add(wanted);
    }

    /// Begins with the newest packet that is late enough to be followed without a gap.
    fn start(&mut self, first: First) {
        let paused_by_sender = first.missing == 0 && first.position > self.end;
        let gap = std::mem::take(&mut self.unexplained);
        if self.phase != Phase::NotStarted {
            if paused_by_sender {
                gap.forgive(&mut self.stats)
            } else {
                gap.blame(&mut self.stats)
            }
        }
        if self.phase != Phase::NotStarted {
            self.stats.packets_missed += first.missing;
        }
        self.jump(first);
    }

    /// Jumps when the waiting sound is so old that playing it faster would take too long.
    fn skip_to_live(&mut self, first: First) -> bool {
        let limit = match self.phase {
            Phase::Starved { .. } => TOO_OLD_AFTER_GAP,
            _ => TOO_OLD,
        };
        let newest = self.live_position(first);
        let jumps = first.slack - self.target() > limit
            && self
                .packets
                .last_at(newest)
                .is_some_and(|it| it.position > first.position);
        if jumps {
            self.unexplained = Unexplained::default();
            self.jump(first);
        }
        jumps
    }

    /// Drops what is older than the target and makes the rest next.
    fn jump(&mut self, first: First) {
        let newest = self.live_position(first);
        let (sequence, position) = self
            .packets
            .last_at(newest)
            .map_or((first.sequence, first.position), |it| {
                (it.sequence, it.position)
            });
        self.stats.packets_discarded += self.packets.advance_to(sequence);
        self.end = position;
        self.made_up = self.made_up.max(1);
        self.level.clear();
        self.phase = Phase::Running;
    }

    /// The position whose turn is now when playing with the target delay.
    fn live_position(&self, first: First) -> i64 {
        first.position + (first.slack - self.target()).max(0) * 48 / 1000
    }

    /// The packets before `first` will not be waited for; what was made up already counts.
    fn give_up_missing(&mut self, first: First, made_up: i64) {
        self.stats.packets_missed += first.missing;
        self.note_loss(first.missing);
        self.packets.advance_to(first.sequence);
        self.unexplained = Unexplained::default();
        let owed = first.position - self.end - made_up;
        self.phase = if owed > 0 {
            Phase::Bridging { owed }
        } else {
            Phase::Running
        };
        if owed <= 0 {
            self.end = first.position;
            self.level.clear();
        }
    }

    /// Fills the place of lost packets: the last one from the copy in `first`, if it has one.
    fn bridge(&mut self, first: First, owed: i64, decoder: &mut dyn AudioDecoder) {
        let copied = match self.packets.first() {
            Some((packet, _)) if opus::has_fec(&packet.payload) => packet.samples as i64,
            _ => 0,
        };
        let left = if copied > 0 && owed <= copied {
            self.rebuild(owed as usize, decoder);
            0
        } else {
            let now = (owed - copied).min(PULL as i64);
            self.conceal(now as usize, decoder);
            owed - now
        };
        self.phase = if left > 0 {
            Phase::Bridging { owed: left }
        } else {
            Phase::Running
        };
        self.end = first.position - left;
    }

    /// Decodes the copy of the lost packet that the first one holds; only its last `owed` samples
    /// are of use.
    fn rebuild(&mut self, owed: usize, decoder: &mut dyn AudioDecoder) {
        let Some((first, _)) = self.packets.first() else {
            return;
        };
        let samples = first.samples;
        let decoded = decoder.decode(
            AudioInput::Fec(&first.payload),
            &mut self.scratch[..samples],
        );
        match decoded {
            Ok(filled) if filled >= owed && filled <= samples => {
                let joint = self.joint();
                self.samples
                    .push(&self.scratch[filled - owed..filled], joint);
                self.made_up = 0;
                self.stats.packets_recovered += 1;
            }
            Ok(_) | Err(_) => self.conceal(owed, decoder),
        }
    }

    /// Decodes the packet whose turn it is.
    fn decode_first(&mut self, decoder: &mut dyn AudioDecoder) {
        let Some(packet) = self.packets.take_first() else {
            return;
        };
        self.note_loss(0);
        self.unexplained = Unexplained::default();
        match decoder.decode(AudioInput::Packet(&packet.payload), &mut self.scratch[..]) {
            Ok(filled) if filled > 0 => {
                let joint = self.joint();
                self.samples
                    .push(&self.scratch[..filled.min(self.scratch.len())], joint);
                self.made_up = 0;
            }
            Ok(_) | Err(_) => self.conceal(packet.samples, decoder),
        }
        self.end = packet.position + packet.samples as i64;
        self.phase = Phase::Running;
        self.remember(&packet);
    }

    fn remember(&mut self, packet: &Packet) {
        self.decoded = Some(Decoded {
            position: packet.position,
            samples: packet.samples,
            time: packet.time,
            synchronised: packet.synchronised,
            arrived: packet.arrived,
            pause: opus::is_pause(&packet.payload),
        });
        if self.loss > LOSS_FOR_COPIES && opus::has_fec(&packet.payload) {
            self.waits_for_copies = true;
        } else if self.loss < LOSS_FOR_COPIES / 2.0 {
            self.waits_for_copies = false;
        }
    }

    /// Makes up `wanted` samples, fading to silence after 100 ms of it.
    fn conceal(&mut self, wanted: usize, decoder: &mut dyn AudioDecoder) {
        self.stats.concealment_events += u64::from(self.made_up == 0);
        self.stats.concealed_samples += wanted as u64;
        if self.made_up >= FADE_TO {
            self.scratch[..wanted].fill(0.0);
            self.stats.silent_concealed_samples += wanted as u64;
        } else {
            let filled = self.ask(AudioInput::Lost, wanted, decoder);
            self.scratch[filled.min(wanted)..wanted].fill(0.0);
            for (index, sample) in self.scratch[..wanted].iter_mut().enumerate() {
                *sample *= fade(self.made_up + index);
            }
        }
        self.samples.push(&self.scratch[..wanted], Joint::Smooth);
        self.made_up = self.made_up.saturating_add(wanted);
    }

    /// Has the decoder make up at least `wanted` samples into the scratch buffer, in the steps
    /// that it knows; gives how many it made.
    fn ask(
        &mut self,
        input: AudioInput<'_>,
        wanted: usize,
        decoder: &mut dyn AudioDecoder,
    ) -> usize {
        let asked = wanted
            .next_multiple_of(CONCEALED_STEP)
            .min(self.scratch.len());
        decoder
            .decode(input, &mut self.scratch[..asked])
            .unwrap_or(0)
            .min(asked)
    }

    const fn joint(&self) -> Joint {
        if self.made_up > 0 {
            Joint::Broken
        } else {
            Joint::Smooth
        }
    }

    fn note_loss(&mut self, missing: u64) {
        for _ in 0..missing.min(50) {
            self.loss += LOSS_MEMORY * (1.0 - self.loss);
        }
        if missing == 0 {
            self.loss -= LOSS_MEMORY * self.loss;
        }
    }
}

/// Gain of a made-up sample after `made_up` others.
fn fade(made_up: usize) -> f32 {
    let past = made_up.saturating_sub(FADE_FROM) as f32 / (FADE_TO - FADE_FROM) as f32;
    (1.0 - past).max(0.0)
}

/// 100 ms: until then concealment is taken for the voice, after it for a machine.
const FADE_FROM: usize = 4800;
const FADE_TO: usize = 2 * FADE_FROM;

/// 400 ms without anything: whatever comes next starts anew.
const GIVE_UP: i64 = 19_200;

/// Microseconds beyond the target. Playing a third of a second faster takes more than a second,
/// in which the other side would be talked over.
const TOO_OLD: i64 = 300_000;

/// After a gap a jump costs less: the sound is broken anyway.
const TOO_OLD_AFTER_GAP: i64 = 120_000;

/// Decoders conceal in steps of 2.5 ms.
const CONCEALED_STEP: usize = 120;

/// From 2 % on, what copies bring is heard more than the delay of one packet.
const LOSS_FOR_COPIES: f32 = 0.02;

/// How much one packet counts: half of the weight lies in the last 140 packets, 3 s.
const LOSS_MEMORY: f32 = 0.005;
