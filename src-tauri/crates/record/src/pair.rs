//! Both sides of a recording, on one time. No file, no clock: time is an argument.

use std::time::Duration;

use media::frame::{EncodedFrame, ReceivedFrame};
use media::jitter::audio::opus;
use media::transport::Kind;
use shiguredo_mp4::mux::MuxError;

use crate::clock::{Arrival, TheirClock};
use crate::side::Side;

/// Both sides. Times are microseconds since the recording began, on our capture timeline.
#[derive(Debug)]
pub(crate) struct Pair {
    me: Side,
    them: Side,
    their_clock: TheirClock,
    /// Packets of our sound so far.
    packets: u64,
}

/// Whose side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Whose {
    Ours,
    Theirs,
}

impl Pair {
    /// Sides whose files begin `since_1970`.
    pub(crate) fn new(since_1970: Duration) -> Result<Self, MuxError> {
        Ok(Self {
            me: Side::new(since_1970)?,
            them: Side::new(since_1970)?,
            their_clock: TheirClock::default(),
            packets: 0,
        })
    }

    /// One of them.
    pub(crate) fn of(&mut self, whose: Whose) -> &mut Side {
        match whose {
            Whose::Ours => &mut self.me,
            Whose::Theirs => &mut self.them,
        }
    }

    /// We sent this, captured at `at_us`.
    pub(crate) fn sent(&mut self, now_us: i64, kind: Kind, at_us: i64, frame: &EncodedFrame) {
        if at_us < 0 {
            return;
        }
        let sequence = self.packets;
        self.packets += u64::from(kind == Kind::Audio);
        self.me.push(kind, at_us.min(now_us), sequence, frame);
    }

    /// This came at `arrived_us`.
    pub(crate) fn received(&mut self, kind: Kind, arrived_us: i64, received: &ReceivedFrame) {
        // A packet of sound is sent once its last sample was spoken.
        let (stream, lasts_us) = match kind {
            Kind::Audio => (0, lasts_us(&received.frame.payload)),
            Kind::Video => (1, 0),
        };
        let arrival = Arrival {
            captured: received.frame.time,
            arrived_us: arrived_us.saturating_sub(lasts_us),
            synchronised: received.synchronised,
        };
        // Nothing was captured after it came.
        let at_us = self.their_clock.place(stream, arrival).min(arrived_us);
        if at_us < 0 {
            return;
        }
        if kind == Kind::Video && received.after_loss && !received.frame.keyframe {
            self.them.lose_picture();
        }
        self.them
            .push(kind, at_us, received.sequence, &received.frame);
    }

    /// A round trip takes this long.
    pub(crate) fn on_round_trip(&mut self, now_us: i64, rtt: Duration) {
        self.their_clock.on_round_trip(now_us, rtt);
    }
}

/// How long a packet of sound is, microseconds.
fn lasts_us(payload: &[u8]) -> i64 {
    let samples = opus::samples(payload).unwrap_or_default();
    i64::try_from(samples).unwrap_or_default() * 1000 / 48
}

#[cfg(test)]
mod tests;
