//! Sealed sessions between two identities, over a relay that nobody has to trust.
//!
//! Sans-IO: frames and time in, frames and messages out. See [`Sealer`]. It owns the keys of its
//! sessions and the messages that wait for them; it knows no sockets, threads and clocks, only the
//! system's random bytes. Frames are a stranger's bytes: none of them panics, and none makes memory
//! grow beyond the bounds below.
//!
//! # How it goes
//!
//! ```text
//! caller                                             callee
//!   send() ── HELLO: versions, commitment ─────────────▶   nothing is delivered
//!          ◀────────── REPLY: version, random value ───
//!          ── DATA: its random value, a message ───────▶   the message is delivered
//!          ◀───────────────────────────────────  DATA ──
//! ```
//!
//! The handshake is `Noise_IK_25519_ChaChaPoly_BLAKE2s` between the X25519 forms of both Ed25519
//! identities. Its prologue is `tincan seal v1`, a zero byte, the initiator's and the responder's
//! 32 bytes of address, and the session's 16 bytes. The static key of the initiator must be that of
//! the address on the envelope; addresses that are no point, not its one encoding, or of small order
//! in any part are refused. A conversation (a call) is a number that one of the two chooses at
//! random with the first message of it; a session serves one.
//!
//! # Frames
//!
//! Numbers are big-endian, lengths in bytes. What begins with `{` is a message that was not sealed,
//! and is refused as everything else is that is not in this table.
//!
//! | | HELLO | REPLY | DATA | RESET | REJECT |
//! |---|---|---|---|---|---|
//! | format, 1 | 1 | 1 | 1 | 1 | 1 |
//! | kind, 1 | 1 | 2 | 3 | 4 | 5 |
//! | session, 16 | random | the HELLO's | the HELLO's | the DATA's | the HELLO's |
//! | body | Noise message 1 | Noise message 2 | number, 8; sealed | – | signature, 64; statement |
//! | in all | 256 | 256 | 256, 1 Ki, 4 Ki, 16 Ki, 48 Ki | 18 | 256 |
//!
//! | Inside | Fields |
//! |---|---|
//! | HELLO | number of versions (1 to 16), 1; versions, 2 each; feature bits, 4; commitment, 32; padding |
//! | REPLY | version, 2; feature bits, 4; random value, 32; padding |
//! | DATA | flags, 1 (bit 0: with the random value); conversation, 8; length, 2; random value, 32 or 0; message; padding |
//! | REJECT's statement | reason, 1 (1: no common version); versions and feature bits as in HELLO; padding |
//!
//! The commitment is SHA-256 of `tincan seal commitment v1`, a zero byte and the initiator's random
//! value, which every DATA of the initiator carries until the first of the responder. An initiator
//! that has told its user the words of an earlier session of the conversation reveals nothing, and
//! both keep those; else the words of the session that was begun last hold. A REJECT is
//! signed over session, both addresses, the SHA-256 of the HELLO and the statement. The words are
//! the first four times eleven bits of HKDF-SHA-256 (no salt, `tincan seal words v1`) over the
//! handshake hash, the initiator's and the responder's random value, as words of the English list
//! of BIP-39.
//!
//! # What is lost, repeated or refused
//!
//! - A HELLO is sent again after 1, 2, 4, 4 … seconds, byte for byte, for a minute; the same HELLO
//!   gets the same REPLY for ten seconds. Messages wait meanwhile, 64 KiB in all.
//! - DATA is opened once, in any order within 64 numbers (RFC 4303). It is not sent again: whoever
//!   speaks through a session repeats what matters.
//! - A RESET answers DATA of a session that is not known (any more). It proves nothing, so it ends
//!   nothing: within ten seconds of DATA of ours, and once in three seconds, it leads to a new
//!   handshake for the conversation, and the last message goes again through the new session. That
//!   message may arrive twice if the RESET was forged; all others arrive once or never.
//! - The highest version of both and the features of both are used. Both are part of what the
//!   handshake authenticates, so nobody on the way can lower them.
//! - Bounds: 8 established sessions, of which the one goes first that was not used for the
//!   longest time, and never that of the active conversation; 8 that we begin, of which the
//!   oldest makes place for the active conversation; 32 that others begin, 2 for each sender, 10
//!   seconds each; 20 handshakes a second of others, 2 for each sender; 2 RESETs a second, 1 for
//!   each sender. Those whom the user knows have as many places and rates again, which strangers
//!   cannot use up, and the other side of the active conversation has its own. A session that is
//!   not used for five minutes is forgotten, with its keys.
//!
//! # Questions
//!
//! A HELLO with the highest feature bit only [asks](Greeting) whether the other side is there. It gets
//! a REPLY, and no session is kept for it.
//!
//! # Introductions
//!
//! Where relays know a sender by an alias only, an [introduction](introduce) goes before its first
//! HELLO: format 2, 1 byte, then one message of `Noise_N_25519_ChaChaPoly_BLAKE2s` to the receiver's
//! X25519 form, with the sender's address in it; 81 bytes. Its prologue is `tincan introduction v1`,
//! a zero byte and the receiver's address. It proves nothing: the handshake does.
//!
//! # What is promised
//!
//! Against a relay, and anybody else on the way, who keeps, changes, repeats, reorders and forges
//! frames at will:
//! - What is delivered was sent by the holder of the sender's key, for us, in that conversation.
//! - Nobody else reads it. Whoever gets both identity keys later still cannot (forward secrecy), as
//!   long as the session's keys are forgotten; whoever gets ours cannot pose as others to us.
//! - Nothing old is delivered again: the first message that is delivered answers a fresh key of
//!   ours, so a copied HELLO makes nothing ring.
//! - Two people with equal words hold one session with each other. To search for equal words, who
//!   is in the middle needs 2^44 handshakes, at 20 a second.
//!
//! # What is not promised
//!
//! - The relay sees who sends to whom, when, how often, in which of the five sizes, which kind each
//!   frame is and which frames are of one session; from REJECTs also versions.
//! - Everybody who knows an address and reaches its relay can learn whether it is online: a
//!   HELLO gets a REPLY, and unknown DATA a RESET.
//! - Whoever gets the callee's identity key later can learn from kept HELLOs who called, since the
//!   caller's static key is sealed to the callee's; not what was said.
//! - A REJECT is signed: it proves to others that its signer runs a program like this.
//! - Keys rest on X25519. A computer that breaks it, such as a large quantum computer, opens what
//!   was kept.
//! - The relay can always keep two people apart: by dropping, or by replaying a caller's HELLOs
//!   until the places for that caller are taken. It can also keep one of them from seeing words, by
//!   keeping answers back while it forges RESETs; it can make them neither equal nor differ.
//! - Strangers with many keys can keep other strangers from reaching us, by beginning sessions that
//!   they leave half-open; nobody whom the user knows, and nobody in a call.
//! - The Noise library does not wipe session keys in memory. Whoever reads the memory of a running
//!   program reads its calls.

#![warn(missing_docs)]

mod channel;
mod dropped;
mod frame;
#[cfg(fuzzing)]
pub mod fuzzing;
mod greeting;
mod half_open;
mod introduction;
mod noise;
mod output;
mod payload;
mod pending;
mod rate;
mod reject;
mod sealer;
mod session;
mod sessions;
mod version;
mod window;
mod words;

pub use frame::begins_session;
pub use greeting::Greeting;
pub use introduction::{
    INTRODUCTION_BYTES, IntroduceError, introduce, introduced, is_introduction,
};
pub use output::{Output, SendError};
pub use rate::Sender;
pub use sealer::Sealer;

/// The largest message that can be sealed, in bytes: what is left of an envelope's payload.
pub const MAX_MESSAGE_BYTES: usize = signal_wire::MAX_PAYLOAD_BYTES - 128;

const _: () = assert!(
    channel::PLAIN_OVERHEAD + payload::Data::OVERHEAD + MAX_MESSAGE_BYTES
        <= signal_wire::MAX_PAYLOAD_BYTES,
    "the largest message fits into an envelope"
);
