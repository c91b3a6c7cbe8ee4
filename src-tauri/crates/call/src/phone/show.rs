//! What the user may see of a state.

use std::time::Duration;

use crate::call::Call;
use crate::state::{Invitation, Outage, Resumption, Stage, State};
use crate::time::Timestamp;
use crate::view::{ActivePhase, CallView, OutgoingPhase, Received, Resume, Sharing};

pub(super) fn view(state: &State, now: Timestamp) -> CallView {
    match state {
        State::Idle => CallView::Idle,
        State::Call(call, stage) => in_call(call, *stage, now),
        State::Ended(ended) => CallView::Ended {
            call: ended.call.to_string(),
            peer: ended.peer.clone(),
            reason: ended.reason,
            lasted_ms: ended.lasted.map(millis),
            outgoing: ended.outgoing,
            resume: match &ended.resumption {
                Resumption::None => Resume::No,
                Resumption::Offered { theirs: None } => Resume::Offered,
                Resumption::Offered { theirs: Some(_) } => Resume::Wanted,
                Resumption::Inviting { .. } | Resumption::Expecting { .. } => Resume::Waiting,
            },
        },
    }
}

fn in_call(call: &Call, stage: Stage, now: Timestamp) -> CallView {
    let connected_for_ms = stage.connected_at().map(|at| millis(now.since(at)));
    let active = |phase| active(call, phase, connected_for_ms, now);
    match stage {
        Stage::Dialing => outgoing(call, OutgoingPhase::Calling),
        Stage::Ringing(_) => outgoing(call, OutgoingPhase::Ringing),
        Stage::Incoming(Invitation { video, known, .. }) => CallView::Incoming {
            call: call.id.to_string(),
            peer: call.peer.clone(),
            video,
            known,
        },
        Stage::Connecting => active(ActivePhase::Connecting),
        Stage::Active { .. } => active(ActivePhase::Connected),
        Stage::Reconnecting { outage, .. } => match outage {
            Outage::Hidden => active(ActivePhase::Connected),
            Outage::Shown => active(ActivePhase::Reconnecting),
        },
    }
}

/// Nothing is captured yet, so the wish is shown.
fn outgoing(call: &Call, phase: OutgoingPhase) -> CallView {
    CallView::Outgoing {
        call: call.id.to_string(),
        peer: call.peer.clone(),
        phase,
        local: call.local.wish,
    }
}

fn active(
    call: &Call,
    phase: ActivePhase,
    connected_for_ms: Option<u64>,
    now: Timestamp,
) -> CallView {
    // While the path is away, that is what there is to say.
    let flows = phase == ActivePhase::Connected;
    let received = call.receipts.received(now, call.local.actual);
    CallView::Active {
        call: call.id.to_string(),
        peer: call.peer.clone(),
        phase,
        local: call.local.actual,
        wish: call.local.wish,
        remote: call.remote.controls,
        remote_lacking: call.remote.lacking,
        sharing: Sharing {
            ours: call.local.screen.actual,
            theirs: call.remote.screen,
        },
        connected_for_ms,
        received: if flows { received } else { Received::default() },
        culprit: call.receipts.culprit().filter(|_| flows),
        recording: call.recordings.view(),
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
