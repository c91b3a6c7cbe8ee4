//! What is known of one neighbour.

use std::time::{Duration, Instant};

use identity::Address;
use seal::Greeting;

/// Somebody, as a neighbour announces them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Person {
    /// Their identity.
    pub(crate) address: Address,
    /// What they call themselves; empty where only those who know them recognise them.
    pub(crate) name: String,
}

/// How far it is known that a neighbour is whom it announces.
#[derive(Debug)]
pub(super) struct Standing {
    /// Whom it announces.
    pub(super) person: Person,
    /// Whether we know them, so that they come first.
    pub(super) is_familiar: bool,
    /// Whether it was proven, and nothing has spoken against it since.
    pub(super) is_shown: bool,
    pub(super) proof: Proof,
}

/// How far it is proven.
#[derive(Debug)]
pub(super) enum Proof {
    /// Not at all. Asked for from then on.
    Wanted {
        from: Instant,
        /// How often it was not given.
        failures: u32,
    },
    /// It was asked for.
    Asked {
        greeting: Box<Greeting>,
        /// As whom.
        asker: Address,
        /// When it counts as not given.
        until: Instant,
        failures: u32,
    },
    /// They are there, or were not long ago.
    Given {
        /// When it is asked for again: what is announced may be repeated by others when they left.
        until: Instant,
    },
}

impl Standing {
    /// Announced, not proven.
    pub(super) const fn new(person: Person, is_familiar: bool, now: Instant) -> Self {
        Self {
            person,
            is_familiar,
            is_shown: false,
            proof: Proof::Wanted {
                from: now,
                failures: 0,
            },
        }
    }

    /// It was given.
    pub(super) fn prove(&mut self, now: Instant) {
        self.is_shown = true;
        self.proof = Proof::Given {
            until: now + GOOD_FOR,
        };
    }

    /// It is asked for again.
    pub(super) fn doubt(&mut self, now: Instant) {
        if let Proof::Given { .. } = self.proof {
            self.proof = Proof::Wanted {
                from: now,
                failures: 0,
            };
        }
    }

    /// It was not given. Asked for again soon where somebody may be elsewhere too.
    pub(super) fn fail(&mut self, now: Instant, may_be_elsewhere: bool) {
        let failures = match &self.proof {
            Proof::Wanted { failures, .. } | Proof::Asked { failures, .. } => *failures,
            Proof::Given { .. } => 0,
        };
        // A machine that is busy for a moment has not left.
        self.is_shown &= failures == 0;
        let pause = if may_be_elsewhere {
            PAUSES[0]
        } else {
            PAUSES[PAUSES.len().min(failures as usize + 1) - 1]
        };
        self.proof = Proof::Wanted {
            from: now + pause,
            failures: failures.saturating_add(1),
        };
    }
}

/// How long a proof is good for: two connections a minute for each who is there.
const GOOD_FOR: Duration = Duration::from_secs(25);

/// Before it is asked for again; the last holds for all that follow. One who forges announcements
/// makes us ask seldom.
const PAUSES: [Duration; 4] = [
    Duration::from_secs(1),
    Duration::from_secs(4),
    Duration::from_secs(15),
    Duration::from_secs(60),
];
