//! Decides what the next pull is made of: a packet, its copy, concealment, or silence.

use std::time::Instant;

use super::phase::Phase;
use super::units::{SamplePosition, Samples, Sequence};
use super::{JitterBuffer, PULL};
use crate::backend::codec::AudioDecoder;
use crate::time::TimeDelta;

/// What of the earliest waiting packet decides.
#[derive(Clone, Copy)]
struct First {
    sequence: Sequence,
    position: SamplePosition,
    samples: Samples,
    /// Packets missing before it.
    missing: u64,
    /// The slack it would have if it were played now.
    slack: TimeDelta,
}

impl JitterBuffer {
    /// Makes sure that a pull can be given out.
    pub(super) fn refill(&mut self, now: Instant, decoder: &mut dyn AudioDecoder) {
        if self.phase.plays() && self.decoded.len() < PULL {
            let transit = self.delay.transit(now, self.end.time());
            self.slack.record(transit);
        }
        while self.decoded.len() < PULL {
            self.step(now, decoder);
        }
    }

    /// Adds some samples, or changes the phase so that the next step does.
    pub(super) fn step(&mut self, now: Instant, decoder: &mut dyn AudioDecoder) {
        let Some(first) = self.first(now) else {
            return self.step_without_packet(decoder);
        };
        match self.phase {
            // Before it starts, a packet waits until it has the slack that later ones will need.
            Phase::NotStarted | Phase::Paused { .. } if first.slack < self.target() => {
                self.fill_pause(decoder);
            }
            Phase::NotStarted | Phase::Paused { .. } => self.start(first),
            Phase::Concealing { left } => self.replace_lost(first.position, left, decoder),
            Phase::Running => self.go_on(first, Samples::ZERO, decoder),
            Phase::Underrun { concealed } => self.go_on(first, concealed, decoder),
        }
    }

    /// Whether a step would decode a packet, and neither wait nor conceal.
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
            samples: packet.samples,
            missing,
            slack: self.delay.slack(now, packet.position.time()),
        })
    }

    /// Playout runs and a packet waits; `concealed` was concealed in its place already.
    fn go_on(&mut self, first: First, concealed: Samples, decoder: &mut dyn AudioDecoder) {
        if self.is_after_pause(first) {
            // 1. The sender paused: start again, with a delay of our choice.
            self.phase = Phase::Paused { announced: false };
        } else if self.is_too_old(first) {
            // 2. Playout is far behind: jump to a packet that is not as old.
            self.counts.close_gap();
            self.jump(first);
        } else if first.missing > 0 {
            // 3. Packets before it are missing: give them up, conceal what is left of their room.
            self.skip_missing(first, concealed);
        } else {
            // 4. It is due.
            self.decode_first(decoder);
        }
    }

    /// Whether the sender paused before `first`: more room lies before it than the missing packets
    /// take.
    fn is_after_pause(&self, first: First) -> bool {
        first.position - self.end > first.samples.times(first.missing)
    }

    /// Nothing waits: conceals for a while, then rests.
    fn step_without_packet(&mut self, decoder: &mut dyn AudioDecoder) {
        let concealed = match self.phase {
            Phase::NotStarted | Phase::Paused { .. } => return self.fill_pause(decoder),
            Phase::Running | Phase::Concealing { .. } => Samples::ZERO,
            Phase::Underrun { concealed } => concealed,
        };
        if self.last.is_some_and(|it| it.announces_pause) {
            self.phase = Phase::Paused { announced: true };
        } else if concealed >= GIVE_UP {
            self.phase = Phase::Paused { announced: false };
        } else {
            let concealment = self.conceal(PULL, decoder);
            self.counts.concealed_in_gap(concealment);
            self.phase = Phase::Underrun {
                concealed: concealed + Samples::in_slice(PULL),
            };
        }
    }

    /// Starts with the newest packet that is old enough to be followed without a gap.
    fn start(&mut self, first: First) {
        let sender_paused = first.missing == 0 && first.position > self.end;
        if self.phase == Phase::NotStarted {
            self.counts.close_gap();
        } else if sender_paused {
            self.counts.gap_was_pause();
        } else {
            self.counts.gap_was_loss();
            self.counts.missed(first.missing);
        }
        self.jump(first);
    }

    /// Whether the waiting sound is so old that playing it faster would take too long, and a newer
    /// packet is there to jump to.
    fn is_too_old(&self, first: First) -> bool {
        let after_gap = self.target() + TOO_OLD_AFTER_GAP;
        let limit = match self.phase {
            Phase::Underrun { .. } => after_gap,
            Phase::NotStarted
            | Phase::Running
            | Phase::Concealing { .. }
            | Phase::Paused { .. } => (self.target() + TOO_OLD).min(LONGEST.max(after_gap)),
        };
        first.slack > limit
            && self
                .packets
                .last_at(self.live_position(first))
                .is_some_and(|it| it.position > first.position)
    }

    /// Goes on with the newest packet that has the slack aimed at, and drops what is older.
    fn jump(&mut self, first: First) {
        let (sequence, position) = self
            .packets
            .last_at(self.live_position(first))
            .map_or((first.sequence, first.position), |it| {
                (it.sequence, it.position)
            });
        let dropped = self.packets.advance_to(sequence);
        self.counts.discarded(dropped);
        self.end = position;
        self.concealed = self.concealed.max(1);
        self.slack.clear();
        self.phase = Phase::Running;
    }

    /// The position that is due now when playing with the target delay.
    fn live_position(&self, first: First) -> SamplePosition {
        let behind = first.slack - self.target();
        first.position + Samples::in_time(behind.max(TimeDelta::ZERO))
    }

    /// How much of `left`, the room of lost packets before `first`, need not be filled, because
    /// playout is late and catches up by that.
    fn needless(&self, first: First, left: Samples) -> Samples {
        let excess = first.slack + left.time() - self.target();
        if excess < WORTH_SKIPPING {
            return Samples::ZERO;
        }
        let kept = Samples::in_slice(PULL);
        Samples::in_time(excess).min(left - kept).max(Samples::ZERO)
    }

    /// The packets before `first` are not waited for. `concealed` of their room is filled.
    fn skip_missing(&mut self, first: First, concealed: Samples) {
        self.counts.missed(first.missing);
        self.fec.missed(first.missing);
        self.packets.advance_to(first.sequence);
        self.counts.close_gap();
        let left = first.position - self.end - concealed;
        let left = left - self.needless(first, left);
        if left > Samples::ZERO {
            self.phase = Phase::Concealing { left };
        } else {
            self.phase = Phase::Running;
            self.end = first.position;
            self.slack.clear();
        }
    }
}

/// 400 ms without anything: whatever comes next starts anew.
const GIVE_UP: Samples = Samples::new(19_200);

/// How much more slack than aimed at is waited out by playing faster. A third of a second takes
/// a second to catch up, in which the other side would be talked over.
const TOO_OLD: TimeDelta = TimeDelta::from_millis(300);

/// After a gap a jump costs less: the sound is broken anyway.
const TOO_OLD_AFTER_GAP: TimeDelta = TimeDelta::from_millis(120);

/// The most that sound waits here, beyond the fastest packets, whatever the target: 400 ms from
/// mouth to ear is never to be exceeded (ITU-T G.114). What would wait longer is skipped.
const LONGEST: TimeDelta = TimeDelta::from_millis(400);

/// Lost sound is skipped to catch up by no less than this: below it, cuts that nobody hears do.
const WORTH_SKIPPING: TimeDelta = TimeDelta::from_millis(40);
