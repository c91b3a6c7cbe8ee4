//! How many signatures of strangers are checked: each takes some 50 µs, and a flood of new ones
//! shall not keep a core busy. Sans-IO.

use std::time::{Duration, Instant};

/// The checks of one finder. They are counted in short windows and for all together: in a flood of
/// ten times as many as are checked, one in ten of an honest member is, and it repeats itself. A
/// share for each machine would be used up by whoever sends as if from there.
#[derive(Debug, Default)]
pub(super) struct Checks {
    since: Option<Instant>,
    taken: usize,
}

impl Checks {
    /// Whether one more signature is checked now. What is not is heard again: every finder repeats
    /// what it says.
    pub(super) fn take(&mut self, now: Instant) -> bool {
        if self.since.is_none_or(|it| now >= it + WINDOW) {
            *self = Self {
                since: Some(now),
                taken: 0,
            };
        }
        let has_room = self.taken < MAX_IN_WINDOW;
        self.taken += usize::from(has_room);
        has_room
    }
}

/// Whoever floods fills the beginning of each; what others say comes at any time.
const WINDOW: Duration = Duration::from_millis(20);

/// A tenth of a core. Sixty members that answer within a tenth of a second need half of it.
const MAX_IN_WINDOW: usize = 40;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_checked_in_part_and_leaves_checks_to_others() {
        let (mut checks, start) = (Checks::default(), Instant::now());
        let mut of_others = 0;
        // 20 000 a second, and each 101st is somebody else's.
        let checked = (0..20_200_u32)
            .filter(|number| {
                let is_checked = checks.take(start + Duration::from_micros(50) * *number);
                of_others += usize::from(is_checked && number % 101 == 0);
                is_checked
            })
            .count();
        assert!((1900..2200).contains(&checked), "{checked}");
        assert!(of_others >= 10, "{of_others}");
    }
}
