//! Which numbers of requests were received (RFC 4303, 3.4.3). Pure.

/// Takes each number once. One that is further behind the highest than [`WINDOW`] counts as old.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct ReplayWindow {
    highest: u64,
    /// Bit *n*: whether the number `highest - n` was received.
    received: u64,
}

impl ReplayWindow {
    /// Whether a number is new; it is not any more then. Only for numbers that are authentic.
    pub(super) const fn admits(&mut self, number: u64) -> bool {
        if number > self.highest {
            let ahead = number - self.highest;
            self.received = if ahead < WINDOW {
                self.received << ahead
            } else {
                0
            };
            self.highest = number;
        }
        let behind = self.highest - number;
        if behind >= WINDOW || self.received >> behind & 1 == 1 {
            return false;
        }
        self.received |= 1 << behind;
        true
    }
}

/// How far a number may be behind: a search sends two dozen at a time, over different paths.
const WINDOW: u64 = 64;

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_number_is_taken_once_and_never_when_it_is_old() {
        let mut window = ReplayWindow::default();
        for number in [1, 3, 2, 60] {
            assert!(window.admits(number), "{number}");
            assert!(!window.admits(number), "{number} again");
        }
        assert!(window.admits(u64::MAX));
        for old in [4, 60, 61, u64::MAX - WINDOW] {
            assert!(!window.admits(old), "{old}");
        }
        assert!(window.admits(u64::MAX - WINDOW + 1));
    }

    proptest! {
        #[test]
        fn no_number_is_taken_twice(numbers in prop::collection::vec(0u64..200, 0..400)) {
            let mut window = ReplayWindow::default();
            let mut taken = BTreeSet::new();
            for number in numbers {
                if window.admits(number) {
                    prop_assert!(taken.insert(number));
                }
            }
        }
    }
}
