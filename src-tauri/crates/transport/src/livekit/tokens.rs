//! The newest token of each call: the server renews it now and then, and the first one, of the
//! relay, expires in minutes. A session that takes over joins with the newest.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use super::signal::Token;

/// Tokens by the number of their call.
#[derive(Debug, Default)]
pub(super) struct Tokens(Mutex<BTreeMap<u64, Weak<Token>>>);

impl Tokens {
    /// That of a call, for its session of this `number`; it begins with what the relay `gave` unless
    /// a session has one.
    pub(super) fn of(&self, call: u64, number: u32, gave: String) -> Arc<Token> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, it| it.strong_count() > 0);
        if let Some(known) = all.get(&call).and_then(Weak::upgrade) {
            known.taken_by(number);
            return known;
        }
        let token = Token::shared(gave);
        token.taken_by(number);
        all.insert(call, Arc::downgrade(&token));
        token
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sessions_of_a_call_share_the_newest_token() {
        let tokens = Tokens::default();
        let first = tokens.of(7, 0, "relay's".to_owned());
        first.renew("server's".to_owned());
        let next = tokens.of(7, 1, "relay's".to_owned());
        assert_eq!(next.newest().0, "server's");
        assert!(first.is_taken_over_from(0) && !first.is_taken_over_from(1));
        assert_eq!(tokens.of(8, 0, "other".to_owned()).newest().0, "other");
        drop((first, next));
        assert_eq!(tokens.of(7, 0, "relay's".to_owned()).newest().0, "relay's");
    }
}
