//! Requests that wait for a socket.

use crate::livekit::signal::request::Request;

/// In order of asking. Capacity [`CAPACITY`]; what comes beyond it is dropped with a warning, which
/// nobody reaches: of what can be many, the newest takes the place of the one before.
#[derive(Debug, Default)]
pub(super) struct Hold(Vec<Request>);

impl Hold {
    pub(super) fn put(&mut self, request: Request) {
        if let Some(before) = self.0.iter().position(|it| replaces(&request, it)) {
            self.0.remove(before);
        }
        if self.0.len() >= CAPACITY {
            tracing::warn!("a request to the LiveKit server is dropped: too many wait");
            return;
        }
        self.0.push(request);
    }

    /// Drops what belongs to the negotiation that was under way.
    pub(super) fn lose_socket(&mut self) {
        let of_negotiation = |it: &Request| matches!(it, Request::Offer(_) | Request::Trickle(_));
        self.0.retain(|it| !of_negotiation(it));
    }

    pub(super) fn take(&mut self) -> Vec<Request> {
        std::mem::take(&mut self.0)
    }
}

/// Whether a request says again, or better, what another said.
fn replaces(new: &Request, old: &Request) -> bool {
    match (new, old) {
        (Request::Offer(_), Request::Offer(_)) => true,
        (Request::Mute { sid, .. }, Request::Mute { sid: other, .. }) => sid == other,
        _ => false,
    }
}

/// Tracks, their mutes, an offer and its candidates: about thirty.
const CAPACITY: usize = 64;
