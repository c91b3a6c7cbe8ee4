//! An established session: both sides have proven that they hold their keys now.

use std::time::{Duration, Instant};

use identity::Address;

use crate::channel::Channel;
use crate::dropped::Dropped;
use crate::frame::SessionId;
use crate::payload::Data;
use crate::words::{Nonce, Words};

/// An established session. Never shown in a log: its last message is in it.
pub(crate) struct Session {
    pub(crate) id: SessionId,
    pub(crate) peer: Address,
    /// The one conversation that it is for.
    pub(crate) conversation: u64,
    /// When anything was sent or received.
    pub(crate) used: Instant,
    /// When the last message was received, or another session took this one's place.
    pub(crate) heard: Instant,
    /// The higher, the later it proved to be alive; among the sessions of one conversation.
    pub(crate) rank: u64,
    /// Whether the other side, or somebody who forged it, said that it does not know it.
    pub(crate) doubted: bool,
    /// When a handshake was begun to replace the conversation's session.
    pub(crate) renewed: Option<Instant>,
    /// The last message of ours.
    pub(crate) last: Option<Last>,
    channel: Channel,
    unheard: Option<Unheard>,
}

/// The last message of ours: sent again when it turns out that the other side could not read it.
/// One is enough, for the other side's answer to any is that it knows of no such conversation.
#[derive(Clone)]
pub(crate) struct Last {
    pub(crate) message: Vec<u8>,
    /// When it was sent first.
    pub(crate) at: Instant,
}

/// What the initiator keeps until the responder has sent something, or until it begins the next
/// session with words: the responder tells the words that were revealed to it last.
pub(crate) struct Unheard {
    /// Revealed in each DATA until then, since any of them may be the first that arrives.
    pub(crate) nonce: Nonce,
    /// Told then: the responder has told its user the same ones.
    pub(crate) words: Words,
}

/// What a DATA frame was.
pub(crate) struct Opened {
    pub(crate) message: Vec<u8>,
    /// With the first message from a responder.
    pub(crate) words: Option<Words>,
}

impl Session {
    /// A session that begins now.
    pub(crate) const fn new(
        id: SessionId,
        (peer, conversation): (Address, u64),
        channel: Channel,
        unheard: Option<Unheard>,
        now: Instant,
    ) -> Self {
        Self {
            id,
            peer,
            conversation,
            used: now,
            heard: now,
            rank: 0,
            doubted: false,
            renewed: None,
            last: None,
            channel,
            unheard,
        }
    }

    /// Whom it is with, and about what.
    pub(crate) const fn conversation(&self) -> (Address, u64) {
        (self.peer, self.conversation)
    }

    /// Whether it has words that were not told yet.
    pub(crate) const fn has_words(&self) -> bool {
        self.unheard.is_some()
    }

    /// Forgets the words that were not told yet.
    pub(crate) fn forget_words(&mut self) {
        self.unheard = None;
    }

    /// Seals a message. `None` when it is too large, or no number is left.
    pub(crate) fn seal(&mut self, now: Instant, message: &[u8]) -> Option<Vec<u8>> {
        self.last = Some(Last {
            message: message.to_vec(),
            at: now,
        });
        self.used = now;
        self.seal_only(message)
    }

    /// Seals the last message of the session that this one replaces. It keeps its age, so that
    /// forged RESETs cannot keep an old message coming back.
    pub(crate) fn seal_again(&mut self, last: Last) -> Option<Vec<u8>> {
        let frame = self.seal_only(&last.message);
        self.last = Some(last);
        frame
    }

    fn seal_only(&mut self, message: &[u8]) -> Option<Vec<u8>> {
        let data = Data {
            conversation: self.conversation,
            reveal: self.unheard.as_ref().map(|it| it.nonce.clone()),
            message,
        };
        self.channel.seal(self.id, &data.encode()?)
    }

    /// Opens the body of a DATA frame.
    pub(crate) fn open(&mut self, now: Instant, body: &[u8]) -> Result<Opened, Dropped> {
        let plain = self.channel.open(body)?;
        let data = Data::parse(&plain)?;
        if data.conversation != self.conversation {
            return Err(Dropped::OtherConversation);
        }
        self.used = now;
        self.heard = now;
        Ok(Opened {
            message: data.message.to_vec(),
            words: self.unheard.take().map(|it| it.words),
        })
    }

    /// Whether a RESET can be the answer to something that we sent, and the conversation was not
    /// given a new session just now.
    pub(crate) fn may_renew(&self, now: Instant) -> Result<(), Dropped> {
        let answers = |last: &Last| now < last.at + RESET_DELAY;
        if !self.last.as_ref().is_some_and(answers) {
            return Err(Dropped::NoCause);
        }
        if self.renewed.is_some_and(|at| now < at + RENEWAL_PAUSE) {
            return Err(Dropped::ResetRate);
        }
        Ok(())
    }
}

/// How late a RESET may come after the DATA that it answers: several times the round trip of any
/// relay. A later one would only bring old messages back.
const RESET_DELAY: Duration = Duration::from_secs(10);

/// At most one handshake in this time for RESETs of one conversation: what a forged one costs.
const RENEWAL_PAUSE: Duration = Duration::from_secs(3);
