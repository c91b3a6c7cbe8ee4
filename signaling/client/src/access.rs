//! Access to the relay's LiveKit server: what was asked for and is not answered, and what was released.
//!
//! The relay answers an ask once, when the other party has asked too, and an answer can be lost
//! with its connection: so what waits is asked for again on every new connection. An ask for which
//! there is no connection in time is answered here, because whoever calls must not wait for a relay
//! that is not there. Time is an input; nothing here touches the socket.

use std::time::Duration;

use signal_wire::{Address, CallNumber, ClientFrame, LiveKitAccess, MAX_ACCESS_CALLS, NoAccess};
use tokio::time::Instant;

use crate::event::LinkEvent;

/// Asks and releases of one link. At most [`MAX_ACCESS_CALLS`] of each; one ask more is refused,
/// and of the releases the oldest is forgotten.
#[derive(Debug, Default)]
pub(crate) struct Access {
    asks: Vec<Ask>,
    releases: Vec<Release>,
}

#[derive(Debug)]
struct Ask {
    call: CallNumber,
    with: Address,
    /// To the connection of this moment.
    is_written: bool,
    /// When it is given up where there is no connection.
    until: Instant,
}

#[derive(Debug)]
struct Release {
    call: CallNumber,
    at: Instant,
    is_written: bool,
}

impl Access {
    /// Wants access to a call with somebody, and waits until then where there is no connection;
    /// says what comes of it where that is known already.
    pub(crate) fn ask(
        &mut self,
        call: CallNumber,
        with: Address,
        until: Instant,
    ) -> Option<LinkEvent> {
        self.asks.retain(|ask| ask.call != call);
        if self.asks.len() >= MAX_ACCESS_CALLS {
            let why = NoAccess::Refused;
            return Some(LinkEvent::NoAccess { call, why });
        }
        self.asks.push(Ask {
            call,
            with,
            is_written: false,
            until,
        });
        None
    }

    /// Wants none any more.
    pub(crate) fn release(&mut self, call: CallNumber, now: Instant) {
        self.asks.retain(|ask| ask.call != call);
        self.releases.retain(|it| it.call != call);
        if self.releases.len() >= MAX_ACCESS_CALLS {
            self.releases.remove(0);
        }
        self.releases.push(Release {
            call,
            at: now,
            is_written: false,
        });
    }

    /// There is a new connection: what is not known to have arrived is written again.
    pub(crate) fn reconnected(&mut self, now: Instant) {
        let is_fresh = |it: &Release| now.duration_since(it.at) < KEEP;
        self.releases.retain(is_fresh);
        for release in &mut self.releases {
            release.is_written = false;
        }
        for ask in &mut self.asks {
            ask.is_written = false;
        }
    }

    /// The connection is lost: whatever waits does so until then at least.
    pub(crate) fn lost(&mut self, until: Instant) {
        for ask in &mut self.asks {
            ask.until = ask.until.max(until);
        }
    }

    /// When the next ask is given up where there is no connection.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.asks.iter().map(|ask| ask.until).min()
    }

    /// There is no connection: asks that have waited for one for too long are answered.
    pub(crate) fn expire(&mut self, now: Instant) -> Vec<LinkEvent> {
        let expired = self.asks.extract_if(.., |ask| ask.until <= now);
        expired.map(Ask::unavailable).collect()
    }

    /// The relay has no such server: every ask is answered.
    pub(crate) fn none_offered(&mut self) -> Vec<LinkEvent> {
        self.releases.clear();
        self.asks.drain(..).map(Ask::unavailable).collect()
    }

    pub(crate) fn has_unwritten(&self) -> bool {
        self.asks.iter().any(|it| !it.is_written) || self.releases.iter().any(|it| !it.is_written)
    }

    /// The next frame to write; it counts as written from now on.
    pub(crate) fn next_unwritten(&mut self) -> Option<ClientFrame> {
        if let Some(frame) = self.next_release() {
            return Some(frame);
        }
        let ask = self.asks.iter_mut().find(|it| !it.is_written)?;
        ask.is_written = true;
        let Ask { call, with, .. } = *ask;
        Some(ClientFrame::Access { call, with })
    }

    /// The next release to write.
    pub(crate) fn next_release(&mut self) -> Option<ClientFrame> {
        let release = self.releases.iter_mut().find(|it| !it.is_written)?;
        release.is_written = true;
        let call = release.call;
        Some(ClientFrame::Release { call })
    }

    /// The relay granted access. What nobody waits for is ignored.
    pub(crate) fn granted(&mut self, access: LiveKitAccess, now: Instant) -> Option<LinkEvent> {
        let LiveKitAccess {
            call,
            with,
            url,
            token,
            expires_seconds,
        } = access;
        self.answered(|ask| ask.call == call && ask.with == with)?;
        let valid = Duration::from_secs(expires_seconds.into()).min(LONGEST_VALID);
        Some(LinkEvent::Access {
            call,
            with,
            url,
            token,
            valid_until: (now + valid).into_std(),
        })
    }

    /// The relay grants none.
    pub(crate) fn refused(&mut self, call: CallNumber, why: NoAccess) -> Option<LinkEvent> {
        self.answered(|ask| ask.call == call)?;
        Some(LinkEvent::NoAccess { call, why })
    }

    /// Takes out an ask that the relay has answered.
    fn answered(&mut self, is_meant: impl Fn(&Ask) -> bool) -> Option<Ask> {
        let Some(at) = self.asks.iter().position(is_meant) else {
            tracing::debug!("the relay answers what was not asked");
            return None;
        };
        Some(self.asks.swap_remove(at))
    }
}

impl Ask {
    fn unavailable(self) -> LinkEvent {
        LinkEvent::NoAccess {
            call: self.call,
            why: NoAccess::Unavailable,
        }
    }
}

/// How long a release is written again to new connections: then the relay has found out by itself.
const KEEP: Duration = Duration::from_secs(60);

/// The longest that a token is believed to be good, so that no relay sets a date that a clock cannot
/// hold.
const LONGEST_VALID: Duration = Duration::from_secs(24 * 60 * 60);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use signal_wire::LiveKitToken;

    use super::*;

    fn bob() -> Address {
        Address::from_bytes([2; 32])
    }

    fn granted(call: u64, with: Address, expires_seconds: u32) -> LiveKitAccess {
        LiveKitAccess {
            call: CallNumber(call),
            with,
            url: "wss://livekit.example.org".to_owned(),
            token: LiveKitToken::new("a.b.c".to_owned()).unwrap(),
            expires_seconds,
        }
    }

    fn unwritten(access: &mut Access) -> Vec<ClientFrame> {
        std::iter::from_fn(|| access.next_unwritten()).collect()
    }

    fn ask(call: u64) -> ClientFrame {
        ClientFrame::Access {
            call: CallNumber(call),
            with: bob(),
        }
    }

    fn release(call: u64) -> ClientFrame {
        ClientFrame::Release {
            call: CallNumber(call),
        }
    }

    #[test]
    fn what_waits_is_asked_for_again_on_a_new_connection_until_it_is_answered() {
        let (now, mut access) = (Instant::now(), Access::default());
        assert_eq!(access.ask(CallNumber(1), bob(), now), None);
        assert_eq!(unwritten(&mut access), [ask(1)]);
        assert!(!access.has_unwritten());
        access.reconnected(now);
        assert_eq!(unwritten(&mut access), [ask(1)]);
        let answer = access.granted(granted(1, bob(), 300), now);
        let valid_until = (now + Duration::from_secs(300)).into_std();
        assert!(
            matches!(answer, Some(LinkEvent::Access { valid_until: it, .. }) if it == valid_until)
        );
        access.reconnected(now);
        assert_eq!(unwritten(&mut access), []);
        assert_eq!(access.granted(granted(1, bob(), 300), now), None, "twice");
    }

    #[test]
    fn what_is_released_is_asked_for_no_more_and_told_to_every_connection_for_a_minute() {
        let (now, mut access) = (Instant::now(), Access::default());
        access.ask(CallNumber(1), bob(), now);
        access.release(CallNumber(1), now);
        assert_eq!(unwritten(&mut access), [release(1)]);
        assert_eq!(access.refused(CallNumber(1), NoAccess::Refused), None);
        access.reconnected(now + KEEP / 2);
        assert_eq!(unwritten(&mut access), [release(1)]);
        access.reconnected(now + KEEP);
        assert_eq!(unwritten(&mut access), []);
    }

    #[test]
    fn an_answer_that_was_not_asked_for_says_nothing() {
        let (now, mut access) = (Instant::now(), Access::default());
        access.ask(CallNumber(1), bob(), now);
        let mallory = Address::from_bytes([3; 32]);
        assert_eq!(access.granted(granted(1, mallory, 300), now), None);
        assert_eq!(access.granted(granted(2, bob(), 300), now), None);
        assert_eq!(access.refused(CallNumber(2), NoAccess::Refused), None);
        let why = NoAccess::Unavailable;
        let refused = Some(LinkEvent::NoAccess {
            call: CallNumber(1),
            why,
        });
        assert_eq!(access.refused(CallNumber(1), why), refused);
    }

    #[test]
    fn what_waits_for_a_connection_is_given_up_and_what_was_asked_before_waits_longer() {
        let (now, mut access) = (Instant::now(), Access::default());
        let soon = now + Duration::from_secs(4);
        access.ask(CallNumber(1), bob(), soon);
        assert_eq!(access.deadline(), Some(soon));
        assert_eq!(access.expire(soon - Duration::from_millis(1)), []);
        let later = soon + Duration::from_secs(30);
        access.lost(later);
        access.ask(CallNumber(2), bob(), soon);
        let given_up = |call| LinkEvent::NoAccess {
            call: CallNumber(call),
            why: NoAccess::Unavailable,
        };
        assert_eq!(access.expire(soon), [given_up(2)]);
        assert_eq!(access.deadline(), Some(later));
        assert_eq!(access.expire(later), [given_up(1)]);
        assert_eq!(access.deadline(), None);
    }

    #[test]
    fn a_relay_without_a_server_answers_everything() {
        let (now, mut access) = (Instant::now(), Access::default());
        access.ask(CallNumber(1), bob(), now);
        access.release(CallNumber(2), now);
        let unavailable = LinkEvent::NoAccess {
            call: CallNumber(1),
            why: NoAccess::Unavailable,
        };
        assert_eq!(access.none_offered(), [unavailable]);
        assert!(!access.has_unwritten());
    }

    proptest! {
        #[test]
        fn asks_and_releases_are_few_whatever_happens(
            steps in prop::collection::vec((0..5_u8, 0..10_u64, any::<u32>()), 0..100)
        ) {
            let (now, mut access) = (Instant::now(), Access::default());
            for (step, call, expires_seconds) in steps {
                match step {
                    0 => drop(access.ask(CallNumber(call), bob(), now)),
                    1 => access.release(CallNumber(call), now),
                    2 => drop(access.granted(granted(call, bob(), expires_seconds), now)),
                    3 => drop(access.refused(CallNumber(call), NoAccess::Unknown)),
                    _ => access.reconnected(now),
                }
                let most = access.asks.len().max(access.releases.len());
                prop_assert!(most <= MAX_ACCESS_CALLS);
            }
        }
    }
}
