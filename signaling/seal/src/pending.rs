//! A session that we begin: the HELLO is out, and messages wait for the REPLY.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use identity::{Address, Identity, x25519_public};
use snow::HandshakeState;
use zeroize::Zeroizing;

use crate::channel::Channel;
use crate::dropped::Dropped;
use crate::frame::{Frame, HANDSHAKE_FRAME_BYTES, HEADER_BYTES, Kind, SessionId, begin};
use crate::noise::{Context, hash_of};
use crate::output::SendError;
use crate::payload::{Hello, Reply};
use crate::rate::{Rate, TokenBucket};
use crate::reject::{Rejection, hash_of_hello};
use crate::version::Offer;
use crate::words::{Commitment, Nonce, Words, words};

/// A session that we begin.
#[derive(Debug)]
pub(crate) struct Pending {
    pub(crate) context: Context,
    pub(crate) conversation: u64,
    /// The session of the same conversation that the other side does not know any more.
    pub(crate) replaces: Option<SessionId>,
    /// When the first HELLO was made.
    pub(crate) begun: Instant,
    /// Repeated byte for byte: another one would be another handshake.
    hello: Vec<u8>,
    noise: HandshakeState,
    nonce: Nonce,
    sent: Instant,
    /// How often the HELLO was sent again.
    repeats: usize,
    answers: TokenBucket,
    queue: VecDeque<Vec<u8>>,
}

/// What a REPLY makes of a pending session.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) channel: Channel,
    pub(crate) words: Words,
    /// To be revealed.
    pub(crate) nonce: Nonce,
    /// To be sent now.
    pub(crate) queue: VecDeque<Vec<u8>>,
}

impl Pending {
    /// Begins a session with a conversation's other side.
    pub(crate) fn begin(
        identity: &Identity,
        offer: &Offer,
        (peer, conversation): (Address, u64),
        replaces: Option<SessionId>,
        now: Instant,
    ) -> Result<Self, SendError> {
        let public = x25519_public(&peer).map_err(|_| SendError::WeakKey)?;
        let mut session = [0; SessionId::BYTES];
        getrandom::fill(&mut session).map_err(|_| SendError::NoRandomness)?;
        let nonce = Nonce::random().ok_or(SendError::NoRandomness)?;
        let context = Context {
            initiator: identity.address(),
            responder: peer,
            session: SessionId(session),
        };
        let hello = Hello {
            offer: offer.clone(),
            commitment: Commitment::to(&nonce),
        };
        // Only the ephemeral key can fail here, and only for want of random bytes.
        let (noise, hello) = context
            .initiate(&identity.x25519_secret(), &public)
            .and_then(|noise| write_hello(noise, context.session, &hello))
            .map_err(|_| SendError::NoRandomness)?;
        Ok(Self {
            context,
            conversation,
            replaces,
            begun: now,
            hello,
            noise,
            nonce,
            sent: now,
            repeats: 0,
            answers: TokenBucket::new(ANSWERS, now),
            queue: VecDeque::new(),
        })
    }

    /// Whom it is with, and about what.
    pub(crate) const fn conversation(&self) -> (Address, u64) {
        (self.context.responder, self.conversation)
    }

    /// The HELLO, the same each time.
    pub(crate) fn hello(&self) -> &[u8] {
        &self.hello
    }

    /// What waits, in bytes, with what keeping each message costs.
    pub(crate) fn queued_bytes(&self) -> usize {
        self.queue.iter().map(|it| cost_of(it)).sum()
    }

    /// Whether an equal message waits already.
    pub(crate) fn has_queued(&self, message: &[u8]) -> bool {
        self.queue.iter().any(|it| it == message)
    }

    /// Puts a message behind those that wait. The sealer bounds how many bytes wait in all.
    pub(crate) fn queue(&mut self, message: &[u8]) {
        self.queue.push_back(message.to_vec());
    }

    /// When the HELLO is sent again by itself.
    pub(crate) fn next_repeat(&self) -> Instant {
        self.sent + REPEATS[self.repeats.min(REPEATS.len() - 1)]
    }

    /// When the other side has had its time.
    pub(crate) fn given_up(&self) -> Instant {
        self.begun + GIVE_UP
    }

    /// Whether the user's side wants something again, and the HELLO is old enough to go with it.
    pub(crate) fn may_repeat(&self, now: Instant) -> bool {
        now >= self.sent + REPEATS[0]
    }

    /// Notes that the HELLO goes out again.
    pub(crate) fn repeated(&mut self, now: Instant) {
        self.sent = now;
        self.repeats += 1;
    }

    /// Whether one more answer may be looked at: each costs key agreements or a signature check.
    pub(crate) fn admit_answer(&mut self, now: Instant) -> bool {
        self.answers.take(now)
    }

    /// Reads the REPLY. Only an authentic one changes anything.
    pub(crate) fn read_reply(&mut self, frame: &Frame<'_>) -> Result<Reply, Dropped> {
        let mut plain = Zeroizing::new([0; HANDSHAKE_FRAME_BYTES]);
        let length = self
            .noise
            .read_message(frame.body, plain.as_mut_slice())
            .map_err(|_| Dropped::Unauthentic)?;
        Reply::parse(&plain[..length])
    }

    /// Reads a REJECT.
    pub(crate) fn read_reject(&self, frame: &Frame<'_>) -> Result<Rejection, Dropped> {
        Rejection::verify(frame, &self.context, &hash_of_hello(&self.hello))
    }

    /// The session that follows from a REPLY that was read.
    pub(crate) fn open(self, reply: &Reply) -> Result<Opened, Dropped> {
        let words = words(&hash_of(&self.noise), &self.nonce, &reply.nonce);
        let keys = self.noise.into_stateless_transport_mode();
        Ok(Opened {
            channel: Channel::new(keys.map_err(|_| Dropped::Unauthentic)?),
            words,
            nonce: self.nonce,
            queue: self.queue,
        })
    }
}

/// What a message costs while it waits.
pub(crate) const fn cost_of(message: &[u8]) -> usize {
    message.len() + QUEUE_OVERHEAD
}

/// What keeping a message costs besides its bytes; it bounds how many empty ones can wait.
const QUEUE_OVERHEAD: usize = 64;

/// When a HELLO is sent again, after the one before; the last holds for all that follow. A relay
/// loses nothing while it lives, so that this is for one that was restarted, and for a callee who
/// comes online while we wait.
const REPEATS: [Duration; 3] = [
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
];

/// Longer than any call rings.
const GIVE_UP: Duration = Duration::from_secs(60);

/// An honest callee answers once for each HELLO it gets, and those are a second apart.
const ANSWERS: Rate = Rate {
    per_second: 4.0,
    burst: 8.0,
};

/// The whole frame of a HELLO.
fn write_hello(
    mut noise: HandshakeState,
    session: SessionId,
    hello: &Hello,
) -> Result<(HandshakeState, Vec<u8>), snow::Error> {
    let mut frame = begin(Kind::Hello, session, HANDSHAKE_FRAME_BYTES);
    frame.resize(HANDSHAKE_FRAME_BYTES, 0);
    noise.write_message(&hello.encode(), &mut frame[HEADER_BYTES..])?;
    Ok((noise, frame))
}
