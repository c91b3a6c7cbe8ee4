//! What the user may see of a state.

use std::time::Duration;

use crate::time::Timestamp;

use crate::line::Line;
use crate::state::{Flowing, Gap, Invitation, State};
use crate::view::{ActivePhase, CallView, Lacking, OutgoingPhase};

pub(super) fn view(state: &State, now: Timestamp) -> CallView {
    match state {
        State::Idle => CallView::Idle,
        State::Dialing(line) => outgoing(line, OutgoingPhase::Calling),
        State::Ringing(line, _) => outgoing(line, OutgoingPhase::Ringing),
        State::Incoming(line, Invitation { video, known }) => CallView::Incoming {
            call: line.call.to_string(),
            peer: line.peer.clone(),
            video: *video,
            known: *known,
        },
        State::Connecting(line) => active(line, ActivePhase::Connecting, None),
        State::Active(line, flowing) | State::Reconnecting(line, flowing, Gap::Unseen) => {
            active(line, ActivePhase::Connected, Some(lasted(*flowing, now)))
        }
        State::Reconnecting(line, flowing, Gap::Shown) => {
            active(line, ActivePhase::Reconnecting, Some(lasted(*flowing, now)))
        }
        State::Ended(ended) => CallView::Ended {
            call: ended.call.to_string(),
            peer: ended.peer.clone(),
            reason: ended.reason,
            lasted_ms: ended.lasted.map(millis),
            outgoing: ended.outgoing,
        },
    }
}

/// Nothing is captured yet, so what will be is shown.
fn outgoing(line: &Line, phase: OutgoingPhase) -> CallView {
    CallView::Outgoing {
        call: line.call.to_string(),
        peer: line.peer.clone(),
        phase,
        local: line.local.wish,
    }
}

fn active(line: &Line, phase: ActivePhase, connected_for_ms: Option<u64>) -> CallView {
    CallView::Active {
        call: line.call.to_string(),
        peer: line.peer.clone(),
        phase,
        local: line.local.truth,
        wish: line.local.wish,
        remote: line.remote.controls,
        remote_lacking: Lacking::default(),
        connected_for_ms,
    }
}

fn lasted(flowing: Flowing, now: Timestamp) -> u64 {
    millis(now.since(flowing.since))
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
