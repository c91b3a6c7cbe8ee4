//! Calls that ring for nobody to hear: those of callers whom the user does not want to be rung by.
//!
//! To its caller such a call is one that nobody answers. What is kept of it is what the caller
//! could notice of a phone that rings: until when, whether the caller is still there, and that
//! access to what was to carry the call is asked for, which the caller gets only if both do.

use std::collections::VecDeque;
use std::time::Duration;

use crate::id::CallId;
use crate::input::Absence;
use crate::liveness::Liveness;
use crate::ordered::Received;
use crate::time::Timestamp;
use crate::timer::after;

/// How many there may be at a time, one of each caller. Nobody is called by sixteen people whom they
/// do not want to hear of within a minute, but somebody may be bothered by sixteen addresses. The
/// seventeenth gets no answer at all, as from a machine that is not reached.
pub(crate) const CAPACITY: usize = 16;

/// How many of them may ask for access at a time, and within [`ASKING`]: whoever gives it bounds
/// how often one address may ask (they are counted in `signal_wire::MAX_ACCESS_CALLS`), and most of
/// that is for calls that the user hears of. To the caller of one more it is as if none was given.
pub(crate) const ASKS: usize = 6;

/// See [`ASKS`].
pub(crate) const ASKING: Duration = Duration::from_secs(60);

/// The calls that ring for nobody to hear.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct QuietCalls {
    calls: VecDeque<QuietCall>,
    /// When access was asked for, at most [`ASKS`].
    asks: VecDeque<Timestamp>,
}

/// One of them.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct QuietCall {
    /// The caller.
    pub(crate) with: String,
    /// The call.
    pub(crate) call: CallId,
    /// When a phone that rings would give up.
    until: Timestamp,
    /// When a phone that rings would ask whether the caller is still there.
    probe_at: Timestamp,
    liveness: Liveness,
    /// The caller's parcels, without their contents.
    received: Received<()>,
    /// When a phone that rings would acknowledge them.
    acknowledge_at: Option<Timestamp>,
    /// Whether access was asked for, as a phone that rings does.
    pub(crate) asks_access: bool,
}

/// What a phone that rings would do now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Due {
    /// Give up: the call is over.
    End(QuietCall),
    /// Ask whether the caller is still there.
    Probe(QuietCall),
    /// Acknowledge the caller's parcels.
    Acknowledge(QuietCall),
}

impl QuietCalls {
    /// Whether one more call may ring for nobody to hear.
    pub(crate) fn has_room(&self) -> bool {
        self.calls.len() < CAPACITY
    }

    /// Takes a call in that rings until then, and has asked for access or needs none. There has to
    /// be [room](Self::has_room).
    pub(crate) fn add(
        &mut self,
        now: Timestamp,
        with: &str,
        call: CallId,
        until: Timestamp,
        asks_access: bool,
    ) {
        self.calls.push_back(QuietCall {
            with: with.to_owned(),
            call,
            until,
            probe_at: now + after::PROBE,
            liveness: Liveness::new(now),
            received: Received::default(),
            acknowledge_at: None,
            asks_access,
        });
    }

    /// Takes one more ask for access. Says whether it is not one too many.
    #[must_use]
    pub(crate) fn take_ask(&mut self, now: Timestamp) -> bool {
        let waiting = self.calls.iter().filter(|it| it.asks_access).count();
        self.asks.retain(|at| now.since(*at) < ASKING);
        let may = waiting < ASKS && self.asks.len() < ASKS;
        if may {
            self.asks.push_back(now);
        }
        may
    }

    pub(crate) fn contains(&self, with: &str, call: CallId) -> bool {
        self.calls.iter().any(|it| it.is(with, call))
    }

    /// Takes a call out, if it is there.
    pub(crate) fn take(&mut self, with: &str, call: CallId) -> Option<QuietCall> {
        let at = self.calls.iter().position(|it| it.is(with, call))?;
        self.calls.remove(at)
    }

    /// Takes the call of this caller out, if there is one.
    pub(crate) fn take_of(&mut self, with: &str) -> Option<QuietCall> {
        let at = self.calls.iter().position(|it| it.with == with)?;
        self.calls.remove(at)
    }

    /// No access is to be had. Returns the call that ends by it.
    pub(crate) fn on_no_access(&mut self, call: CallId) -> Option<QuietCall> {
        let is_it = |it: &QuietCall| it.call == call && it.asks_access;
        let at = self.calls.iter().position(is_it)?;
        self.calls.remove(at)
    }

    /// The caller was heard.
    pub(crate) fn on_message(&mut self, now: Timestamp, with: &str, call: CallId) {
        let calls = self.calls.iter_mut().filter(|it| it.is(with, call));
        calls.for_each(|it| it.liveness.on_message(now));
    }

    /// A parcel of the caller came.
    pub(crate) fn on_parcel(&mut self, now: Timestamp, with: &str, number: u32, bytes: usize) {
        for call in self.calls.iter_mut().filter(|it| it.with == with) {
            call.received.push(number, (), bytes);
            let at = call.acknowledge_at.unwrap_or(now + after::ACKNOWLEDGE);
            call.acknowledge_at = Some(at);
        }
    }

    /// The relay could not deliver to this caller. Returns the call that ends by it.
    pub(crate) fn on_undeliverable(
        &mut self,
        now: Timestamp,
        with: &str,
        why: Absence,
    ) -> Option<QuietCall> {
        let call = self.calls.iter_mut().find(|it| it.with == with)?;
        call.liveness.on_undeliverable(now, why);
        if call.liveness.is_gone() {
            return self.take_of(with);
        }
        call.probe_at = now + after::PROBE_AGAIN;
        None
    }

    /// When something is due.
    pub(crate) fn next(&self) -> Option<Timestamp> {
        self.calls.iter().map(QuietCall::due).min()
    }

    /// Takes one thing that is due now.
    pub(crate) fn due(&mut self, now: Timestamp) -> Option<Due> {
        let at = self.calls.iter().position(|it| it.due() <= now)?;
        if self.calls[at].until <= now {
            return self.calls.remove(at).map(Due::End);
        }
        let call = &mut self.calls[at];
        if call.acknowledge_at.take_if(|at| *at <= now).is_some() {
            return Some(Due::Acknowledge(call.clone()));
        }
        call.probe_at = now + call.patience(now);
        Some(Due::Probe(call.clone()))
    }
}

impl QuietCall {
    fn is(&self, with: &str, call: CallId) -> bool {
        self.call == call && self.with == with
    }

    /// When the next thing is due.
    fn due(&self) -> Timestamp {
        let acknowledge_at = self.acknowledge_at.unwrap_or(self.until);
        self.until.min(self.probe_at).min(acknowledge_at)
    }

    /// What a phone that rings acknowledges.
    pub(crate) fn next_parcel(&self) -> u32 {
        self.received.next()
    }

    /// How long a phone that rings waits from one question to the next.
    fn patience(&self, now: Timestamp) -> Duration {
        if self.liveness.is_absent(now) {
            after::PROBE_AGAIN
        } else {
            after::PROBE
        }
    }
}

impl std::fmt::Debug for QuietCall {
    /// Addresses stay out of logs.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "QuietCall({}, until: {:?})", self.call, self.until)
    }
}
