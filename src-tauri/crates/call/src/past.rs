//! What was last said about calls that are over, so that a late or repeated question about one
//! gets the same answer, and a word that overtook its invitation still counts.

use std::collections::VecDeque;

use crate::id::CallId;
use crate::message::Over;

/// How many calls are remembered. Only those of the last minutes matter, and people do not make
/// more than a few in that time; a flood of strangers must not fill the memory.
const CAPACITY: usize = 32;

/// The latest calls that are over.
#[derive(Debug, Default)]
pub(crate) struct Past {
    calls: VecDeque<Entry>,
}

struct Entry {
    with: String,
    call: CallId,
    last_word: Option<Over>,
}

impl std::fmt::Debug for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Entry({}, {:?})", self.call, self.last_word)
    }
}

/// What is known of a call that is not the current one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Known {
    /// Never heard of.
    Unknown,
    /// Over, and this is what we said at last; none when they did.
    Over(Option<Over>),
}

impl Past {
    /// Remembers a call. The first thing remembered stays.
    pub(crate) fn remember(&mut self, with: &str, call: CallId, last_word: Option<Over>) {
        if self.look_up(with, call) != Known::Unknown {
            return;
        }
        if self.calls.len() == CAPACITY {
            self.calls.pop_front();
        }
        self.calls.push_back(Entry {
            with: with.to_owned(),
            call,
            last_word,
        });
    }

    /// What is known of a call with somebody. An id that somebody else used is no new call.
    pub(crate) fn look_up(&self, with: &str, call: CallId) -> Known {
        match self.calls.iter().find(|entry| entry.call == call) {
            None => Known::Unknown,
            Some(entry) if entry.with == with => Known::Over(entry.last_word),
            Some(_) => Known::Over(Some(Over::Gone)),
        }
    }
}
