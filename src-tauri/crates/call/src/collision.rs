//! An invitation meets whatever the phone is doing: classified here, executed by the phone.

use std::cmp::Ordering;

use crate::id::CallId;
use crate::message::Over;
use crate::recent::{Lookup, RecentCalls};
use crate::state::{Stage, State};

/// What an invitation is to us now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Collision {
    /// The phone is free.
    None,
    /// The invitation to the very call that we are in, again.
    Repeated,
    /// To a call that is over. We give the same reason again; none if the other side ended it.
    Over(Option<Over>),
    /// Somebody else calls while we are in a call.
    Busy,
    /// We call each other, and our call stays: its id is higher.
    GlareWon,
    /// We call each other, and theirs stays. It is accepted at once: our user wants to talk.
    GlareLost,
    /// We call each other by the same id: both end.
    GlareTied,
    /// The very person we are in a call with calls again: they have lost that call.
    Recall,
}

/// Says what the invitation to the call `id` from somebody is.
pub(crate) fn classify(state: &State, recent: &RecentCalls, from: &str, id: CallId) -> Collision {
    if let Lookup::Over { told } = recent.find(from, id) {
        return Collision::Over(told);
    }
    let (call, stage) = match state {
        State::Idle | State::Ended(_) => return Collision::None,
        State::Call(call, stage) => (call, stage),
    };
    if call.peer.address != from {
        return Collision::Busy;
    }
    match (stage, id.cmp(&call.id)) {
        (Stage::Dialing, Ordering::Equal) => Collision::GlareTied,
        (Stage::Dialing, Ordering::Less) => Collision::GlareWon,
        (Stage::Dialing, Ordering::Greater) => Collision::GlareLost,
        (
            Stage::Ringing(_)
            | Stage::Incoming(_)
            | Stage::Connecting
            | Stage::Active { .. }
            | Stage::Reconnecting { .. },
            Ordering::Equal,
        ) => Collision::Repeated,
        // Their device confirmed that our call rings there. That it calls us now means that it has
        // dropped our call, so theirs stays whichever id is higher.
        (Stage::Ringing(_), Ordering::Less | Ordering::Greater) => Collision::GlareLost,
        (
            Stage::Incoming(_)
            | Stage::Connecting
            | Stage::Active { .. }
            | Stage::Reconnecting { .. },
            Ordering::Less | Ordering::Greater,
        ) => Collision::Recall,
    }
}
