//! The signaling between phones: late, lossy, repeating and reordering as a test wants it.

use std::time::Duration;

/// What the courier does to one message.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fate {
    pub(super) lost: bool,
    pub(super) repeated: bool,
    /// On top of the usual time; different ones reorder.
    pub(super) late: Duration,
}

impl Fate {
    /// As it should be.
    pub(super) const FAIR: Self = Self {
        lost: false,
        repeated: false,
        late: Duration::ZERO,
    };

    pub(super) fn late(late: Duration) -> Self {
        Self { late, ..Self::FAIR }
    }

    pub(super) fn lost() -> Self {
        Self {
            lost: true,
            ..Self::FAIR
        }
    }
}

/// Deals out fates in turn, over and over.
#[derive(Debug)]
pub(super) struct Courier {
    fates: Vec<Fate>,
    next: usize,
}

/// How long a message takes through the relay.
pub(super) const HOP: Duration = Duration::from_millis(20);

impl Courier {
    pub(super) fn fair() -> Self {
        Self::with(vec![Fate::FAIR])
    }

    pub(super) fn with(fates: Vec<Fate>) -> Self {
        assert!(!fates.is_empty(), "a courier needs fates to deal out");
        Self { fates, next: 0 }
    }

    pub(super) fn fate(&mut self) -> Fate {
        let fate = self.fates[self.next % self.fates.len()];
        self.next += 1;
        fate
    }
}
