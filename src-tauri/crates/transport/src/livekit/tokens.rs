//! What the sessions of a call share: the newest token, and which of them joined last.
//!
//! The server renews tokens now and then, and the first one, of the relay, expires in minutes: a
//! session that takes over joins with the newest. It has the same name in the room, so the server
//! sends the one before away.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use super::signal::Token;

/// By the number of their call.
#[derive(Debug, Default)]
pub(super) struct Tokens(Mutex<BTreeMap<u64, Weak<Shared>>>);

/// Of one call; gone with its last session.
#[derive(Debug)]
struct Shared {
    token: Arc<Token>,
    /// The highest number of a session that joins.
    last: AtomicU32,
}

/// One session's hold on it.
#[derive(Debug)]
pub(super) struct Seat {
    shared: Arc<Shared>,
    session: u32,
}

impl Tokens {
    /// For the session of this number, which joins now. The token begins with what the relay `gave`
    /// unless a session of the call has one.
    pub(super) fn join(&self, call: u64, session: u32, gave: String) -> Seat {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, it| it.strong_count() > 0);
        let known = all.get(&call).and_then(Weak::upgrade);
        let shared = known.unwrap_or_else(|| {
            let shared = Arc::new(Shared {
                token: Token::shared(gave),
                last: AtomicU32::new(session),
            });
            all.insert(call, Arc::downgrade(&shared));
            shared
        });
        shared.last.fetch_max(session, Ordering::Relaxed);
        Seat { shared, session }
    }
}

impl Seat {
    pub(super) fn token(&self) -> Arc<Token> {
        Arc::clone(&self.shared.token)
    }

    /// Whether a later session of the call has joined.
    pub(super) fn is_taken_over(&self) -> bool {
        self.shared.last.load(Ordering::Relaxed) > self.session
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sessions_of_a_call_share_the_newest_token_and_know_which_is_the_last() {
        let tokens = Tokens::default();
        let first = tokens.join(7, 0, "relay's".to_owned());
        assert!(!first.is_taken_over());
        first.token().renew("server's".to_owned());
        let next = tokens.join(7, 1, "relay's".to_owned());
        assert_eq!(next.token().newest().0, "server's");
        assert!(first.is_taken_over() && !next.is_taken_over());
        let other = tokens.join(8, 0, "other".to_owned());
        assert_eq!(other.token().newest().0, "other");
        drop((first, next));
        let again = tokens.join(7, 0, "relay's".to_owned());
        assert_eq!(again.token().newest().0, "relay's");
    }
}
