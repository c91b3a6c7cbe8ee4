//! How large packets may be on the path (datagram packetisation layer path MTU discovery, RFC 8899,
//! by what happens to the packets of the call itself).
//!
//! Packets begin at a size that nearly every path carries, and shrink in two cases: the system
//! refuses one as too long, or the other side reports that those up to some size arrive and none
//! above it does. They grow again only on another path. Pure: sizes and fates come in.

use std::collections::VecDeque;

use super::packetise::MAX_PAYLOAD;

/// The largest payload of the packets of one session.
#[derive(Debug)]
pub(crate) struct Fit {
    payload: usize,
    /// The last packets: how large, and whether they arrived.
    reported: VecDeque<(usize, bool)>,
}

impl Default for Fit {
    fn default() -> Self {
        Self {
            payload: MAX_PAYLOAD,
            reported: VecDeque::with_capacity(REPORTED),
        }
    }
}

impl Fit {
    /// The largest payload, bytes.
    pub(crate) const fn payload(&self) -> usize {
        self.payload
    }

    /// Takes that the system refused a datagram of `size` bytes as too long. Returns whether
    /// packets are smaller from now on.
    pub(crate) fn refused(&mut self, size: usize) -> bool {
        self.shrink_below(size)
    }

    /// Takes what the other side reports of an RTP packet of `size` bytes. Returns whether packets
    /// are smaller from now on.
    pub(crate) fn reported(&mut self, size: usize, arrived: bool) -> bool {
        // 1. The last packets of the present size.
        if self.was_made_before(size) {
            return false;
        }
        if self.reported.len() == REPORTED {
            self.reported.pop_front();
        }
        self.reported.push_back((size, arrived));
        if arrived {
            return false;
        }
        // 2. Enough arrived, and enough larger ones did not: else it is loss of another kind.
        let arrivals = || self.reported.iter().filter(|it| it.1).map(|it| it.0);
        let largest = arrivals().max().unwrap_or(usize::MAX);
        let larger = || {
            self.reported
                .iter()
                .map(|it| it.0)
                .filter(|it| *it > largest)
        };
        if arrivals().count() < ENOUGH || larger().count() < ENOUGH {
            return false;
        }
        // Where nothing passed for a while, small ones were lost as well.
        let lost = self.reported.iter().filter(|it| !it.1);
        let small_lost = lost.filter(|it| it.0 <= largest).count();
        if small_lost * 2 > arrivals().count() {
            return false;
        }
        // 3. All that are made from now on are smaller than the least that did not arrive.
        let least = larger().min().unwrap_or(size);
        self.shrink_below(least)
    }

    /// Whether a packet of `size` bytes is larger than those that are made now.
    const fn was_made_before(&self, size: usize) -> bool {
        size > self.payload + OVERHEAD
    }

    /// Makes packets smaller than one of `size` bytes that did not pass.
    fn shrink_below(&mut self, size: usize) -> bool {
        if self.was_made_before(size) || self.payload == LEAST_PAYLOAD {
            return false;
        }
        // An eighth less each time: a path is found in a few steps, and not much of it unused.
        let next = size.saturating_sub(LEAST_OVERHEAD) * 7 / 8;
        self.payload = next.max(LEAST_PAYLOAD);
        self.reported.clear();
        true
    }
}

/// What a datagram holds beside the payload, bytes: an RTP header of 12 and a header extension of 8
/// (RFC 3550, 5.1 and 5.3.1), or of 20 with an MID and the time of capture in it, the tag of SRTP
/// of 10 (RFC 3711, 5.2), and over TURN a channel header of 4 (RFC 8656, 12.4). What is reported
/// has only the header and the extension.
const LEAST_OVERHEAD: usize = 20;
const OVERHEAD: usize = 46;

/// The least payload, bytes. With it a datagram passes where 576 bytes do, which every host takes
/// (RFC 791, 3.1).
const LEAST_PAYLOAD: usize = 500;

/// How many packets are looked at: half a second of a call at 1 Mb/s.
const REPORTED: usize = 64;

/// How many packets must have arrived, and how many larger ones not. Half of all packets lost by
/// chance are the twelve largest once in 4,000 times.
const ENOUGH: usize = 12;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Sends packets that pass when they are up to `limit` bytes long, until none is refused.
    fn refuse_above(fit: &mut Fit, limit: usize) -> usize {
        let mut steps = 0;
        while fit.payload() + 30 > limit && fit.refused(fit.payload() + 30) {
            steps += 1;
        }
        steps
    }

    #[test]
    fn what_the_system_refuses_makes_packets_smaller_until_they_pass() {
        let mut fit = Fit::default();
        assert_eq!(refuse_above(&mut fit, 1500), 0);
        assert_eq!(fit.payload(), MAX_PAYLOAD);
        assert_eq!(refuse_above(&mut fit, 1100), 1);
        let payload = fit.payload();
        assert!((950..1070).contains(&payload), "{payload}");
        assert!(!fit.refused(MAX_PAYLOAD + 30), "it was made before");
        assert_eq!(fit.payload(), payload);
        assert!(refuse_above(&mut fit, 600) <= 6);
        assert!(!fit.refused(fit.payload() + 30) || refuse_above(&mut fit, 100) < 3);
        assert_eq!(fit.payload(), LEAST_PAYLOAD);
        assert!(!fit.refused(LEAST_PAYLOAD + 30), "no path is that narrow");
    }

    #[test]
    fn large_packets_that_vanish_while_small_ones_arrive_make_packets_smaller() {
        let mut fit = Fit::default();
        let mut steps = 0;
        for number in 0..400 {
            for size in [130, fit.payload() + 20, 130, fit.payload() * 3 / 4] {
                steps += usize::from(fit.reported(size, size < 900));
            }
            assert!(number < 40 || fit.payload() + 20 < 900, "{}", fit.payload());
        }
        assert!((1..=3).contains(&steps), "{steps}");
        assert!(fit.payload() > 700, "{}", fit.payload());
    }

    #[test]
    fn loss_by_chance_changes_nothing() {
        let mut fit = Fit::default();
        let mut dice = 1u32;
        for number in 0..20_000usize {
            dice = dice.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let size = [130, 1180, 1000, 1180, 700][number % 5];
            assert!(!fit.reported(size, dice >> 24 > 85), "{number}");
        }
        for _ in 0..100 {
            assert!(!fit.reported(1180, false), "nothing arrives at all");
        }
    }

    #[test]
    fn an_outage_after_which_small_packets_come_first_changes_nothing() {
        let mut fit = Fit::default();
        for lost in [30, 60, 90, 300] {
            let call = [130, 1180, 1180];
            let sent = |packets: usize| call.into_iter().cycle().take(packets);
            let before = sent(100).map(|it| (it, true));
            let outage = sent(lost).map(|it| (it, false));
            let voice = [(130, true); 40];
            for (size, arrived) in before.chain(outage).chain(voice) {
                assert!(!fit.reported(size, arrived), "{lost}");
            }
        }
    }

    proptest! {
        #[test]
        fn any_fates_leave_a_size_within_bounds(
            fates in prop::collection::vec((any::<u16>(), any::<bool>(), any::<bool>()), 0..500),
        ) {
            let mut fit = Fit::default();
            let mut before = fit.payload();
            for (size, arrived, refused) in fates {
                let size = usize::from(size) % 1400;
                let smaller = if refused { fit.refused(size) } else { fit.reported(size, arrived) };
                prop_assert_eq!(smaller, fit.payload() < before);
                before = fit.payload();
                prop_assert!((LEAST_PAYLOAD..=MAX_PAYLOAD).contains(&before));
                prop_assert!(fit.reported.len() <= REPORTED);
            }
        }
    }
}
