//! An invitation meets whatever the phone is doing: classified here, executed by the phone.

use std::cmp::Ordering;

use crate::id::CallId;
use crate::message::Over;
use crate::past::{Known, Past};
use crate::state::{Phase, State};

/// What an invitation is to us now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Collision {
    /// The phone is free: ring.
    None,
    /// The invitation of the very call we are in, again.
    Repeated,
    /// Of a call that is over. The last word is to be repeated; none if it was theirs.
    Past(Option<Over>),
    /// Somebody else: we are in a call.
    Busy,
    /// We call each other, and our call stays: its id is higher.
    GlareWon,
    /// We call each other, and theirs stays. It is answered at once: our user wants to talk.
    GlareLost,
    /// We call each other by the same id: both end.
    GlareTied,
    /// The very person we are in a call with calls again: they have lost that call.
    Recall,
}

/// Says what the invitation to `call` from somebody is.
pub(crate) fn classify(state: &State, past: &Past, from: &str, call: CallId) -> Collision {
    if let Known::Over(last_word) = past.look_up(from, call) {
        return Collision::Past(last_word);
    }
    let Some(line) = state.line() else {
        return Collision::None;
    };
    if line.peer.address != from {
        return Collision::Busy;
    }
    match (state.phase(), call.cmp(&line.call)) {
        (Phase::Idle | Phase::Ended, _) => Collision::None,
        (Phase::Dialing, Ordering::Equal) => Collision::GlareTied,
        (Phase::Dialing, Ordering::Less) => Collision::GlareWon,
        (Phase::Dialing, Ordering::Greater) => Collision::GlareLost,
        (
            Phase::Ringing
            | Phase::Incoming
            | Phase::Connecting
            | Phase::Active
            | Phase::Reconnecting,
            Ordering::Equal,
        ) => Collision::Repeated,
        // They confirmed that our call rings, so they dropped it to call us.
        (Phase::Ringing, Ordering::Less | Ordering::Greater) => Collision::GlareLost,
        (
            Phase::Incoming | Phase::Connecting | Phase::Active | Phase::Reconnecting,
            Ordering::Less | Ordering::Greater,
        ) => Collision::Recall,
    }
}
