//! An invitation meets whatever the phone is doing: classified here, executed by the phone.

use std::cmp::Ordering;

use crate::id::CallId;
use crate::input::Standing;
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
    /// The user does not want to be rung by this caller: it rings for nobody to hear.
    Unwelcome,
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

/// Says what the invitation to the call `id` from somebody of this [standing](standing_now) is.
pub(crate) fn classify(
    state: &State,
    recent: &RecentCalls,
    from: &str,
    id: CallId,
    standing: Standing,
) -> Collision {
    if let Lookup::Over { told } = recent.find(from, id) {
        return Collision::Over(told);
    }
    let is_ours = state.call().is_some_and(|call| call.is(from, id));
    match standing {
        Standing::Unwelcome | Standing::Blocked if !is_ours => return Collision::Unwelcome,
        Standing::Known | Standing::Stranger | Standing::Unwelcome | Standing::Blocked => {}
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

/// What somebody is to the user, the current call included: whom the user dialled or accepted in it
/// is known, whatever was set before. Only the block holds.
pub(crate) fn standing_now(state: &State, from: &str, standing: Standing) -> Standing {
    let (wanted, with) = match state {
        State::Idle | State::Ended(_) => return standing,
        State::Call(call, stage) => (call.outgoing || stage.is_accepted(), &call.peer.address),
    };
    match standing {
        Standing::Stranger | Standing::Unwelcome if wanted && with == from => Standing::Known,
        Standing::Known | Standing::Stranger | Standing::Unwelcome | Standing::Blocked => standing,
    }
}
