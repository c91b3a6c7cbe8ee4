//! Calls that are over, and the reason that we gave for each.
//!
//! Messages are repeated and reordered on their way. A late or repeated message about a call that
//! is over gets the same answer again, and an `over` that arrives before its `invite` still keeps
//! the phone from ringing.

use std::collections::VecDeque;

use crate::id::CallId;
use crate::message::Over;

/// How many calls are remembered. Messages are late by seconds, and people do not make 32 calls in
/// that time; strangers who invent calls only push out older ones.
const CAPACITY: usize = 32;

/// The latest calls that are over.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct RecentCalls {
    calls: VecDeque<Entry>,
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct Entry {
    with: String,
    call: CallId,
    told: Option<Over>,
}

/// What is known of a call that is not the current one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lookup {
    /// Never heard of.
    Unknown,
    /// It is over.
    Over {
        /// The reason that we give. None when the other side ended it: it needs no answer.
        told: Option<Over>,
    },
}

impl RecentCalls {
    /// Remembers that a call is over. Whatever was remembered of it first stays.
    pub(crate) fn remember(&mut self, with: &str, call: CallId, told: Option<Over>) {
        if self.find(with, call) != Lookup::Unknown {
            return;
        }
        if self.calls.len() == CAPACITY {
            self.calls.pop_front();
        }
        let with = with.to_owned();
        self.calls.push_back(Entry { with, call, told });
    }

    /// Looks a call with somebody up. An id that belongs to a call with somebody else is never a
    /// new call: ids are random, so it was copied.
    pub(crate) fn find(&self, with: &str, call: CallId) -> Lookup {
        match self.calls.iter().find(|entry| entry.call == call) {
            None => Lookup::Unknown,
            Some(entry) if entry.with == with => Lookup::Over { told: entry.told },
            Some(_) => Lookup::Over {
                told: Some(Over::Gone),
            },
        }
    }
}

impl std::fmt::Debug for Entry {
    /// Addresses stay out of logs.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Entry({}, {:?})", self.call, self.told)
    }
}
