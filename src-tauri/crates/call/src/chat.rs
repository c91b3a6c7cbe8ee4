//! The conversation of a call, in text.
//!
//! Each side numbers its texts from 0 in each call and keeps each until the other side has
//! acknowledged it, so that each arrives once and in order whatever the ways between the two lose,
//! repeat or reorder, and however many sessions the call has. They go through the session's own
//! channel, and through signaling as well while that has no path.

mod budget;
mod conversation;
mod text;

use thiserror::Error;

use crate::id::Peer;

pub(crate) use conversation::{Conversation, Takes};
pub use text::{Text, TextTooLong};

/// What happens in the conversation of a call.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Event {
    /// It begins, for the call was accepted. The one before is over.
    Begun {
        /// With whom.
        peer: Peer,
    },
    /// A text of the user is on its way.
    Said {
        /// Counted from 0 in each call.
        number: u32,
        /// What.
        text: Text,
    },
    /// The other side has all texts of the user below this number.
    Delivered {
        /// The number that comes next.
        next: u32,
    },
    /// The texts of the user from this number on were not delivered, and will not be: the call is
    /// over, or the other side's phone takes none.
    Failed {
        /// The first of them.
        from: u32,
    },
    /// The other side says something.
    Heard {
        /// Counted from 0 in each call.
        number: u32,
        /// What.
        text: Text,
    },
    /// The other side began to write, or has stopped.
    Typing(bool),
    /// The other side's phone says whether it takes texts.
    Takes(bool),
    /// Nothing more happens in it.
    Over,
}

/// Why nothing can be said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum CannotSay {
    /// No call was accepted.
    #[error("not in a call")]
    NotInCall,
    /// The other side's phone knows no texts.
    #[error("the other side's version has no chat")]
    NotTaken,
    /// More texts wait to be delivered than are kept.
    #[error("too many texts wait to be delivered")]
    Full,
}
