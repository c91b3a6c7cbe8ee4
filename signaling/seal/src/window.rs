//! The window of numbers that were received (RFC 4303, section 3.4.3; RFC 6479).

use crate::dropped::Dropped;

/// How far a number may be behind the highest one. As in IPsec; a relay delivers in order, and two
/// ways to somebody differ by less.
pub(crate) const WINDOW: u64 = 64;

/// Which of the last [`WINDOW`] numbers were received.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ReplayWindow {
    /// One more than the highest number; 0 before the first.
    next: u64,
    /// Bit *n*: whether the number `next - 1 - n` was received.
    seen: u64,
}

impl ReplayWindow {
    /// Whether a number is new. Changes nothing: the number counts only once its frame has opened.
    pub(crate) fn check(&self, number: u64) -> Result<(), Dropped> {
        match self.next.checked_sub(number) {
            None | Some(0) => Ok(()),
            Some(behind) if behind > WINDOW => Err(Dropped::Late),
            Some(behind) if self.seen >> (behind - 1) & 1 == 1 => Err(Dropped::Repeated),
            Some(_) => Ok(()),
        }
    }

    /// Marks a number whose frame has opened. The last number there is never opens.
    pub(crate) fn mark(&mut self, number: u64) {
        let next = number.saturating_add(1);
        if let Some(ahead) = next.checked_sub(self.next).filter(|ahead| *ahead > 0) {
            self.seen = u32::try_from(ahead)
                .ok()
                .and_then(|ahead| self.seen.checked_shl(ahead))
                .unwrap_or(0);
            self.next = next;
        }
        let behind = self.next - next;
        if behind < WINDOW {
            self.seen |= 1 << behind;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_count_once_in_any_order_and_not_beyond_the_window() {
        let mut window = ReplayWindow::default();
        for number in [0, 2, 1, 5, 3] {
            assert_eq!(window.check(number), Ok(()));
            window.mark(number);
            assert_eq!(window.check(number), Err(Dropped::Repeated));
        }
        window.mark(68);
        assert_eq!(window.check(4), Err(Dropped::Late));
        assert_eq!(window.check(5), Err(Dropped::Repeated));
        assert_eq!(window.check(6), Ok(()));
        window.mark(u64::MAX - 1);
        assert_eq!(window.check(68), Err(Dropped::Late));
        assert_eq!(window.check(u64::MAX - 1), Err(Dropped::Repeated));
        assert_eq!(window.check(u64::MAX - 2), Ok(()));
    }

    proptest! {
        #[test]
        fn it_is_a_set_that_forgets_what_is_far_behind(
            numbers in prop::collection::vec(prop_oneof![0_u64..200, 0..20_u64, 1000..1100_u64], 0..200),
        ) {
            let mut window = ReplayWindow::default();
            let mut seen = BTreeSet::new();
            for number in numbers {
                let highest = seen.last().copied();
                let late = highest.is_some_and(|highest| number + WINDOW <= highest);
                let expected = if late {
                    Err(Dropped::Late)
                } else if seen.contains(&number) {
                    Err(Dropped::Repeated)
                } else {
                    Ok(())
                };
                prop_assert_eq!(window.check(number), expected);
                if expected.is_ok() {
                    window.mark(number);
                    seen.insert(number);
                }
            }
        }
    }
}
