//! A session that somebody began with us and that has not proven to be alive: our REPLY is out.
//!
//! A HELLO may be a copy of an old one. The REPLY has a fresh key of ours in it, so only somebody
//! who holds the initiator's key now can send the first DATA. Until then nothing is delivered.

use std::time::{Duration, Instant};

use identity::{Address, Identity, x25519_public};
use snow::HandshakeState;
use subtle::ConstantTimeEq;

use crate::channel::Channel;
use crate::dropped::Dropped;
use crate::frame::{Frame, HANDSHAKE_FRAME_BYTES, HEADER_BYTES, Kind, begin};
use crate::noise::{Context, HandshakeHash, hash_of};
use crate::payload::{Data, Hello, Reply};
use crate::rate::Sender;
use crate::reject::{HelloHash, NO_COMMON_VERSION, Rejection, hash_of_hello};
use crate::version::{Agreement, Offer};
use crate::words::{Commitment, Nonce, Words, words};

/// A session that waits for its first DATA.
pub(crate) struct HalfOpen {
    pub(crate) context: Context,
    pub(crate) agreement: Agreement,
    /// Whose places it takes one of.
    pub(crate) sender: Sender,
    hello: HelloHash,
    /// Sent again, byte for byte, when the same HELLO comes again.
    reply: Vec<u8>,
    repeats: u8,
    begun: Instant,
    commitment: Commitment,
    nonce: Nonce,
    handshake: HandshakeHash,
    channel: Channel,
}

/// The answer to a HELLO.
pub(crate) enum Answer {
    /// The session waits for its first DATA; its REPLY is to be sent.
    HalfOpen(Box<HalfOpen>),
    /// There is no session, since somebody only asked; this REPLY is to be sent.
    Told(Vec<u8>),
    /// There is no session; this REJECT is to be sent.
    Reject(Vec<u8>),
}

/// What the first DATA makes of a half-open session.
pub(crate) struct Proven {
    pub(crate) conversation: u64,
    pub(crate) message: Vec<u8>,
    /// None where the other side has told its user the words of an earlier session.
    pub(crate) words: Option<Words>,
}

impl HalfOpen {
    /// Answers a HELLO. Costs key agreements; the sealer bounds how often.
    pub(crate) fn answer(
        identity: &Identity,
        offer: &Offer,
        (from, sender): (Address, Sender),
        frame: &Frame<'_>,
        now: Instant,
    ) -> Result<Answer, Dropped> {
        let context = Context {
            initiator: from,
            responder: identity.address(),
            session: frame.session,
        };
        let (noise, hello) = read_hello(identity, &context, frame)?;
        let hash = hash_of_hello(frame.whole);
        let Some(agreement) = offer.agree(&hello.offer) else {
            let rejection = Rejection {
                reason: NO_COMMON_VERSION,
                offer: offer.clone(),
            };
            return Ok(Answer::Reject(rejection.sign(identity, &context, &hash)));
        };
        let reply = Reply {
            agreement,
            nonce: Nonce::random().ok_or(Dropped::NoRandomness)?,
        };
        // Only the ephemeral key can fail here, and only for want of random bytes.
        let (noise, frame) =
            write_reply(noise, &context, &reply).map_err(|_| Dropped::NoRandomness)?;
        if hello.offer.only_asks() {
            return Ok(Answer::Told(frame));
        }
        let handshake = hash_of(&noise);
        let keys = noise.into_stateless_transport_mode();
        Ok(Answer::HalfOpen(Box::new(Self {
            context,
            agreement,
            sender,
            hello: hash,
            reply: frame,
            repeats: 0,
            begun: now,
            commitment: hello.commitment,
            nonce: reply.nonce,
            handshake,
            channel: Channel::new(keys.map_err(|_| Dropped::Unauthentic)?),
        })))
    }

    /// Who began it.
    pub(crate) const fn peer(&self) -> Address {
        self.context.initiator
    }

    /// The REPLY, the same each time.
    pub(crate) fn reply(&self) -> &[u8] {
        &self.reply
    }

    /// The REPLY again, for a HELLO that comes again: the same one, and not endlessly.
    pub(crate) fn repeat(&mut self, frame: &Frame<'_>) -> Result<&[u8], Dropped> {
        if self.hello != hash_of_hello(frame.whole) {
            return Err(Dropped::OtherHello);
        }
        if self.repeats == MAX_REPEATS {
            return Err(Dropped::AnswerRate);
        }
        self.repeats += 1;
        Ok(&self.reply)
    }

    /// When it is forgotten.
    pub(crate) fn expires(&self) -> Instant {
        self.begun + LIFE
    }

    /// Opens a DATA frame, which proves that its sender has just answered our REPLY. A sender that
    /// reveals another value for the words than it committed to is refused.
    pub(crate) fn prove(&mut self, body: &[u8]) -> Result<Proven, Dropped> {
        let plain = self.channel.open(body)?;
        let data = Data::parse(&plain)?;
        let words = match data.reveal {
            Some(nonce) if self.commitment.is_to(&nonce) => {
                Some(words(&self.handshake, &nonce, &self.nonce))
            }
            Some(_) => return Err(Dropped::Commitment),
            None => None,
        };
        Ok(Proven {
            conversation: data.conversation,
            message: data.message.to_vec(),
            words,
        })
    }

    /// The keys, once it has proven to be alive.
    pub(crate) fn into_channel(self) -> Channel {
        self.channel
    }
}

/// Opens a HELLO, and checks that its sender holds the key of the address it comes from.
fn read_hello(
    identity: &Identity,
    context: &Context,
    frame: &Frame<'_>,
) -> Result<(HandshakeState, Hello), Dropped> {
    let public = x25519_public(&context.initiator).map_err(|_| Dropped::WeakKey)?;
    let mut noise = context
        .respond(&identity.x25519_secret())
        .map_err(|_| Dropped::Unauthentic)?;
    let mut plain = [0; HANDSHAKE_FRAME_BYTES];
    let length = noise
        .read_message(frame.body, &mut plain)
        .map_err(|_| Dropped::Unauthentic)?;
    let sender = noise.get_remote_static().ok_or(Dropped::WrongSender)?;
    if !bool::from(sender.ct_eq(&public)) {
        return Err(Dropped::WrongSender);
    }
    let hello = Hello::parse(&plain[..length])?;
    Ok((noise, hello))
}

/// The whole frame of a REPLY.
fn write_reply(
    mut noise: HandshakeState,
    context: &Context,
    reply: &Reply,
) -> Result<(HandshakeState, Vec<u8>), snow::Error> {
    let mut frame = begin(Kind::Reply, context.session, HANDSHAKE_FRAME_BYTES);
    frame.resize(HANDSHAKE_FRAME_BYTES, 0);
    noise.write_message(reply.encode().as_slice(), &mut frame[HEADER_BYTES..])?;
    Ok((noise, frame))
}

/// The time for a REPLY and a DATA over any relay.
const LIFE: Duration = Duration::from_secs(10);

/// A HELLO is sent again five times within [`LIFE`].
const MAX_REPEATS: u8 = 8;
