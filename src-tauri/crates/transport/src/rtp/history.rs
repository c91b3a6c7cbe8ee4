//! What was sent of a stream, to be sent again when it is asked for (RFC 4585, 6.2.1).
//!
//! Pure: packets, questions and the time come in, packets to send again come out. How fast they may
//! leave is for the caller to say. A packet is sent again once per round trip at most, however often
//! it is asked for, and never when it has become too old to be of use. When one is asked for after a
//! resend, that was lost as well, and the next one may be: then it is sent in one copy more.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// In how many copies a packet is sent again the first time where this share of packets is lost, 0
/// to 1: so many that at most one in 16 of these repairs is lost too. A picture waits another round
/// trip for each of those, and the copies of what is lost are a small part of all that is sent.
pub(crate) const fn copies(loss: f32) -> usize {
    if loss < 0.03 {
        1
    } else if loss < 0.25 {
        2
    } else {
        MOST_COPIES
    }
}

/// The packets of one stream that were sent last; `P` is a packet that is cheap to copy.
#[derive(Debug)]
pub(crate) struct History<P> {
    /// In the order of their sequence numbers, without gaps.
    sent: VecDeque<Sent<P>>,
    /// The sequence number of the oldest.
    first: u16,
    /// Sequence numbers of what is to be sent again, in the order of asking.
    wanted: VecDeque<u16>,
}

#[derive(Debug)]
struct Sent<P> {
    packet: P,
    at: Instant,
    again: Again,
    /// In how many round trips it was sent again.
    rounds: usize,
}

/// Whether a packet is sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Again {
    /// Nobody asked for it.
    No,
    /// So many copies of it wait to leave.
    Waits(usize),
    /// The last copy left at this time.
    Sent(Instant),
}

impl<P> Default for History<P> {
    fn default() -> Self {
        Self {
            sent: VecDeque::new(),
            first: 0,
            wanted: VecDeque::new(),
        }
    }
}

impl<P: Clone> History<P> {
    /// Keeps a packet that is sent for the first time.
    pub(crate) fn push(&mut self, now: Instant, sequence: u16, packet: P) {
        // 1. One that does not follow the last begins a new history.
        let next = self.first.wrapping_add(self.sent.len() as u16);
        if self.sent.is_empty() || sequence != next {
            self.sent.clear();
            self.wanted.clear();
            self.first = sequence;
        }
        self.sent.push_back(Sent {
            packet,
            at: now,
            again: Again::No,
            rounds: 0,
        });
        // 2. Let those go that are too old or too many.
        while self.sent.len() > MOST || self.sent.front().is_some_and(|it| is_old(it.at, now)) {
            self.sent.pop_front();
            self.first = self.first.wrapping_add(1);
        }
    }

    /// Takes that the other side misses `sequence`, where the round trip takes `rtt`. The first time
    /// it is sent again in `copies`.
    pub(crate) fn want(&mut self, now: Instant, sequence: u16, rtt: Duration, copies: usize) {
        let Some(sent) = self.find(sequence) else {
            return;
        };
        let wanted = match sent.again {
            Again::No => true,
            Again::Waits(_) => false,
            // The question left before the last answer could arrive.
            Again::Sent(at) => now >= at + rtt.max(LEAST_INTERVAL),
        };
        if wanted && !is_old(sent.at, now) {
            let copies = (copies + sent.rounds).clamp(1, MOST_COPIES);
            sent.rounds += 1;
            sent.again = Again::Waits(copies);
            self.wanted.extend(std::iter::repeat_n(sequence, copies));
        }
    }

    /// The next packet to send again, if there is one and `may_leave` of it.
    ///
    /// # Errors
    /// How long to wait, as `may_leave` says.
    pub(crate) fn pop(
        &mut self,
        now: Instant,
        may_leave: impl FnOnce(&P) -> Result<(), Duration>,
    ) -> Result<Option<P>, Duration> {
        while let Some(&sequence) = self.wanted.front() {
            let Some(sent) = self.find(sequence).filter(|it| !is_old(it.at, now)) else {
                self.wanted.pop_front();
                continue;
            };
            may_leave(&sent.packet)?;
            sent.again = match sent.again {
                Again::Waits(copies @ 2..) => Again::Waits(copies - 1),
                Again::Waits(_) | Again::No | Again::Sent(_) => Again::Sent(now),
            };
            let packet = sent.packet.clone();
            self.wanted.pop_front();
            return Ok(Some(packet));
        }
        Ok(None)
    }

    fn find(&mut self, sequence: u16) -> Option<&mut Sent<P>> {
        let index = sequence.wrapping_sub(self.first);
        self.sent.get_mut(usize::from(index))
    }
}

fn is_old(sent: Instant, now: Instant) -> bool {
    now >= sent + USEFUL
}

/// How many packets are kept: a second of pictures at 9 Mb/s, 1.2 MB.
const MOST: usize = 1024;

/// In how many copies a packet is sent again at most: with one more, even where half of all packets
/// are lost, too little would be gained.
const MOST_COPIES: usize = 3;

/// How long a packet is worth sending again: a receiver waits for 0.75 s at most, and finds out half
/// a round trip and up to a picture's time after the packet left.
const USEFUL: Duration = Duration::from_secs(1);

/// The least time between two answers with one packet: on a short path a busy receiver takes longer
/// than the network. Half of the time after which it asks again.
const LEAST_INTERVAL: Duration = Duration::from_millis(10);

#[cfg(test)]
mod tests;
