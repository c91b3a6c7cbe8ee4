//! To ask whether somebody is there, without saying anything.

use std::fmt;
use std::time::Instant;

use identity::{Address, Identity};

use crate::frame::{Frame, Kind};
use crate::output::SendError;
use crate::pending::Pending;
use crate::version::Offer;

/// A HELLO that only asks whether somebody holds the key of an address: nothing follows on the
/// REPLY, so the other side keeps no session for it, and its user learns nothing. Whoever cannot open
/// it learns nothing either.
///
/// ```
/// use std::sync::Arc;
/// use std::time::Instant;
///
/// use identity::Identity;
/// use seal::{Greeting, Output, Sealer};
///
/// let (ann, bob) = (Identity::generate()?, Identity::generate()?);
/// let now = Instant::now();
/// let mut greeting = Greeting::begin(&ann, bob.address(), now)?;
/// let mut side_of_bob = Sealer::new(Arc::new(bob));
/// side_of_bob.receive(now, ann.address(), greeting.hello());
/// let Some(Output::Transmit { frame, .. }) = side_of_bob.poll_output() else {
///     panic!("no answer");
/// };
/// assert!(greeting.is_answered_by(now, &frame));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Greeting(Pending);

impl Greeting {
    /// Begins one.
    ///
    /// # Errors
    /// When the address is no key that anything can be sealed for, or there is no randomness.
    pub fn begin(identity: &Identity, to: Address, now: Instant) -> Result<Self, SendError> {
        Pending::begin(identity, &Offer::of_question(), (to, 0), None, now).map(Self)
    }

    /// The frame to send, the same each time.
    #[must_use]
    pub fn hello(&self) -> &[u8] {
        self.0.hello()
    }

    /// Whether these bytes of anybody prove that the holder of the key has just answered. How many
    /// are looked at is limited, for each costs key agreements.
    pub fn is_answered_by(&mut self, now: Instant, bytes: &[u8]) -> bool {
        let Ok(frame) = Frame::parse(bytes) else {
            return false;
        };
        frame.kind == Kind::Reply
            && frame.session == self.0.context.session
            && self.0.admit_answer(now)
            && self.0.read_reply(&frame).is_ok()
    }
}

impl fmt::Debug for Greeting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Greeting(…)")
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::output::Output;
    use crate::sealer::Sealer;

    fn reply(sealer: &mut Sealer) -> Option<Vec<u8>> {
        match sealer.poll_output()? {
            Output::Transmit { frame, .. } => Some(frame),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn only_the_holder_of_the_key_can_answer() {
        let now = Instant::now();
        let person = || Identity::generate().unwrap();
        let (ann, bob, eve) = (person(), person(), person());
        let mut greeting = Greeting::begin(&ann, bob.address(), now).unwrap();
        let mut side_of_eve = Sealer::new(Arc::new(eve));
        side_of_eve.receive(now, ann.address(), greeting.hello());
        assert_eq!(reply(&mut side_of_eve), None, "she cannot open it");

        let mut another = Greeting::begin(&ann, bob.address(), now).unwrap();
        let mut side_of_bob = Sealer::new(Arc::new(bob));
        side_of_bob.receive(now, ann.address(), greeting.hello());
        let mut answer = reply(&mut side_of_bob).unwrap();
        assert!(!another.is_answered_by(now, &answer), "to another question");
        answer[40] ^= 1;
        assert!(!greeting.is_answered_by(now, &answer));
        for bytes in [&b""[..], b"{", &[1; 256], &[0xff; 300]] {
            assert!(!greeting.is_answered_by(now, bytes));
        }
        let hello = greeting.hello().to_vec();
        assert!(!greeting.is_answered_by(now, &hello));
        answer[40] ^= 1;
        assert!(greeting.is_answered_by(now, &answer));
        assert!(side_of_bob.poll_output().is_none(), "nobody is told");
    }

    #[test]
    fn whoever_asks_often_can_still_begin_a_session() {
        let now = Instant::now();
        let (ann, bob) = (Identity::generate().unwrap(), Identity::generate().unwrap());
        let (ann, address) = (Arc::new(ann), bob.address());
        let mut side_of_bob = Sealer::new(Arc::new(bob));
        for second in 0..8 {
            let now = now + std::time::Duration::from_secs(second);
            let mut greeting = Greeting::begin(&ann, address, now).unwrap();
            side_of_bob.receive(now, ann.address(), greeting.hello());
            let answer = reply(&mut side_of_bob).unwrap();
            assert!(greeting.is_answered_by(now, &answer), "{second}");
        }
        let now = now + std::time::Duration::from_secs(8);
        let mut side_of_ann = Sealer::new(Arc::clone(&ann));
        side_of_ann.send(now, address, 1, b"hello").unwrap();
        let hello = reply(&mut side_of_ann).unwrap();
        side_of_bob.receive(now, ann.address(), &hello);
        assert!(side_of_bob.poll_output().is_some());
    }

    #[test]
    fn forged_answers_are_looked_at_only_so_often() {
        let now = Instant::now();
        let (ann, bob) = (Identity::generate().unwrap(), Identity::generate().unwrap());
        let mut greeting = Greeting::begin(&ann, bob.address(), now).unwrap();
        let mut side_of_bob = Sealer::new(Arc::new(bob));
        side_of_bob.receive(now, ann.address(), greeting.hello());
        let answer = reply(&mut side_of_bob).unwrap();
        let mut forged = answer.clone();
        forged[100] ^= 1;
        for _ in 0..100 {
            assert!(!greeting.is_answered_by(now, &forged));
        }
        assert!(!greeting.is_answered_by(now, &answer));
        let later = now + std::time::Duration::from_secs(1);
        assert!(greeting.is_answered_by(later, &answer));
    }
}
