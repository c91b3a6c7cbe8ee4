//! Widens wrapping RTP counters to counters that never wrap (RFC 3550, appendix A.1).

/// Widens the 16-bit sequence number of one stream.
#[derive(Debug, Default)]
pub(crate) struct SequenceExtender {
    last: Option<u64>,
}

impl SequenceExtender {
    /// The position of `sequence` in the stream, taken as the one nearest to the last position.
    /// The first is at least 65,536, so that earlier packets that come later stay positive.
    pub(crate) fn extend(&mut self, sequence: u16) -> u64 {
        let Some(last) = self.last else {
            let first = 65_536 + u64::from(sequence);
            self.last = Some(first);
            return first;
        };
        let step = sequence.wrapping_sub(last as u16) as i16;
        let position = last.saturating_add_signed(i64::from(step));
        if step > 0 {
            self.last = Some(position);
        }
        position
    }
}

/// Widens the 32-bit timestamp of one stream, counted from a base.
#[derive(Debug)]
pub(crate) struct TimestampExtender {
    base: u32,
    last: i64,
}

impl TimestampExtender {
    /// Counts from `base`; the first timestamp may lie half the range before or after it.
    pub(crate) const fn from_base(base: u32) -> Self {
        Self { base, last: 0 }
    }

    /// Ticks from the base to `timestamp`, taken as the instant nearest to the last one.
    pub(crate) fn extend(&mut self, timestamp: u32) -> i64 {
        let relative = timestamp.wrapping_sub(self.base);
        let step = relative.wrapping_sub(self.last as u32) as i32;
        self.last = self.last.saturating_add(i64::from(step));
        self.last
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn sequence_survives_the_wrap_and_reordering() {
        let mut extender = SequenceExtender::default();
        let first = extender.extend(65_534);
        assert_eq!(extender.extend(65_535), first + 1);
        assert_eq!(extender.extend(1), first + 3);
        assert_eq!(extender.extend(0), first + 2);
        assert_eq!(extender.extend(2), first + 4);
    }

    #[test]
    fn a_packet_before_the_first_keeps_a_position() {
        let mut extender = SequenceExtender::default();
        let first = extender.extend(0);
        assert_eq!(extender.extend(65_535), first - 1);
    }

    #[test]
    fn timestamp_survives_the_wrap_and_starts_on_either_side_of_the_base() {
        let mut extender = TimestampExtender::from_base(u32::MAX - 10);
        assert_eq!(extender.extend(u32::MAX - 20), -10);
        assert_eq!(extender.extend(u32::MAX), 10);
        assert_eq!(extender.extend(89), 100);
    }

    proptest! {
        #[test]
        fn sequence_follows_any_walk_of_small_steps(
            start: u16,
            steps in prop::collection::vec(-100i64..1000, 1..500),
        ) {
            let mut extender = SequenceExtender::default();
            let origin = extender.extend(start) as i64;
            let mut highest = origin;
            for step in steps {
                let position = (highest + step).max(0);
                highest = highest.max(position);
                let wire = (position as u64 & 0xffff) as u16;
                prop_assert_eq!(extender.extend(wire) as i64, position);
            }
        }
    }
}
