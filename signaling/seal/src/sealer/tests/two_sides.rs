//! Sides, and frames carried between them by hand.

use std::sync::Arc;
use std::time::{Duration, Instant};

use identity::{Address, Identity};

use crate::{Output, Sealer, SendError};

/// One person's program.
pub(super) struct Side {
    pub(super) address: Address,
    identity: Arc<Identity>,
    pub(super) sealer: Sealer,
    /// Frames to be sent, with for whom.
    pub(super) frames: Vec<(Address, Vec<u8>)>,
    /// Messages that were delivered, with the sender and the conversation.
    pub(super) heard: Vec<(Address, u64, Vec<u8>)>,
    pub(super) words: Vec<(u64, [&'static str; 4])>,
    pub(super) incompatible: Vec<u64>,
}

impl Side {
    pub(super) fn new() -> Self {
        Self::of(Arc::new(Identity::generate().unwrap()))
    }

    fn of(identity: Arc<Identity>) -> Self {
        Self {
            address: identity.address(),
            sealer: Sealer::new(Arc::clone(&identity)),
            identity,
            frames: Vec::new(),
            heard: Vec::new(),
            words: Vec::new(),
            incompatible: Vec::new(),
        }
    }

    /// The same person after the program was started again.
    pub(super) fn restart(&mut self) {
        *self = Self::of(Arc::clone(&self.identity));
    }

    pub(super) fn identity(&self) -> &Identity {
        &self.identity
    }

    pub(super) fn say(&mut self, now: Instant, to: Address, conversation: u64, message: &[u8]) {
        let said = self.sealer.send(now, to, conversation, message);
        assert_eq!(said, Ok::<(), SendError>(()));
        self.drain();
    }

    pub(super) fn take(&mut self, now: Instant, from: Address, frame: &[u8]) {
        self.sealer.receive(now, from, frame);
        self.drain();
    }

    pub(super) fn pass_time(&mut self, now: Instant) {
        self.sealer.handle_timeout(now);
        self.drain();
    }

    /// The frames that are to be sent.
    pub(super) fn out(&mut self) -> Vec<Vec<u8>> {
        self.frames.drain(..).map(|(_, frame)| frame).collect()
    }

    /// The one frame that is to be sent.
    pub(super) fn only(&mut self) -> Vec<u8> {
        let mut frames = self.out();
        assert_eq!(frames.len(), 1);
        frames.remove(0)
    }

    /// The words that its user sees.
    pub(super) fn words_of(&self, conversation: u64) -> Option<[&'static str; 4]> {
        let told = self.words.iter().rev();
        told.filter(|it| it.0 == conversation).map(|it| it.1).next()
    }

    /// The messages that were delivered.
    pub(super) fn messages(&mut self) -> Vec<Vec<u8>> {
        self.heard
            .drain(..)
            .map(|(_, _, message)| message)
            .collect()
    }

    pub(super) fn drain(&mut self) {
        while let Some(output) = self.sealer.poll_output() {
            match output {
                Output::Transmit { to, frame } => self.frames.push((to, frame)),
                Output::Received {
                    from,
                    conversation,
                    message,
                } => self.heard.push((from, conversation, message)),
                Output::Words {
                    conversation,
                    words,
                    ..
                } => self.words.push((conversation, words)),
                Output::Incompatible { conversation, .. } => self.incompatible.push(conversation),
            }
        }
    }
}

/// The kind of a frame, by its byte.
pub(super) fn kind(frame: &[u8]) -> &'static str {
    ["HELLO", "REPLY", "DATA", "RESET", "REJECT"][usize::from(frame[1]) - 1]
}

/// The kinds of frames.
pub(super) fn kinds(frames: &[Vec<u8>]) -> Vec<&'static str> {
    frames.iter().map(|it| kind(it)).collect()
}

/// Carries frames both ways until nobody says anything more. Returns their kinds.
pub(super) fn settle(now: Instant, ann: &mut Side, bob: &mut Side) -> Vec<&'static str> {
    let mut carried = Vec::new();
    loop {
        let (there, back) = (ann.out(), bob.out());
        if there.is_empty() && back.is_empty() {
            return carried;
        }
        carried.extend(kinds(&there).into_iter().chain(kinds(&back)));
        for frame in there {
            bob.take(now, ann.address, &frame);
        }
        for frame in back {
            ann.take(now, bob.address, &frame);
        }
        assert!(carried.len() < 1000, "they never stop");
    }
}

/// Two sides that have spoken in conversation 1, both ways.
pub(super) fn in_conversation(now: Instant) -> (Side, Side) {
    let (mut ann, mut bob) = (Side::new(), Side::new());
    ann.say(now, bob.address, 1, b"invite");
    settle(now, &mut ann, &mut bob);
    bob.say(now, ann.address, 1, b"ringing");
    settle(now, &mut ann, &mut bob);
    assert_eq!(bob.messages(), [b"invite"]);
    assert_eq!(ann.messages(), [b"ringing"]);
    (ann, bob)
}

pub(super) const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

pub(super) const fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}
