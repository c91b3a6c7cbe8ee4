//! Connection migration below the ICE agent: the pair of a session moves with its machines.
//!
//! The library's agent selects one pair of addresses and keeps it; a restart clears everything and
//! takes a way to the other side. Here its datagrams are moved to another pair while
//! the agent believes in the old one, as QUIC does (RFC 9000, 9): its consent checks (RFC 7675), DTLS
//! and media travel translated, in both directions.
//!
//! # Protocol
//! Everything is a STUN binding request (RFC 8489) with the ICE credentials of the session, as a
//! connectivity check has them (RFC 8445, 7.2.2), and an attribute of ours that is optional to
//! comprehend: a number that only grows. A request is answered when it is authentic and its number
//! new, and makes the other side check the way back by a request of its own. A pair is **valid** for
//! a side that was answered over it; nothing but requests and answers goes over any other. With
//! USE-CANDIDATE a request **nominates** its pair: who sends it has moved, and wants to be sent to
//! there. The other side follows when the pair is valid for it and the number higher than that of
//! the last nomination which it followed. Both may nominate at once: then that of the offerer counts.
//!
//! # When
//! A side that has a new address checks pairs of it at once, so that both sides know a second way
//! before they need it. When its address in use is gone, or sends fail, or nothing was heard for a
//! second, it *searches*: it checks all pairs of its present addresses with those that it knows of
//! the other side, and nominates the first that answers. An ICE check of the other side that comes
//! from elsewhere, while the pair in use is silent, is a NAT that rebinds (RFC 9000, 9.3): its source
//! is checked, then nominated. When nothing answers nothing changes, and another session is for the
//! call above to set up.
//!
//! The offerer also goes back to a *better* pair: to a network that both are on from a path by
//! routers, to either from a tunnel or a bridge. It asks for as long as the pair in use is not of the
//! best kind, ever more rarely where nobody answers, and nominates a pair that answered for seconds
//! without a gap; the longer, the more often it was in vain.
//!
//! # Parts
//! [`Mover`](mover::Mover) decides and is pure. [`Routes`](crate::peer::routes::Routes) is what sockets ask
//! once for each batch of datagrams. [`Task`] owns the sockets of new addresses and runs beside the session's task, with
//! which it ends. Whoever knows the credentials of a session is one of its two sides: nobody else can
//! make it send anywhere, and the other side only to where it answers from.

mod check;
mod credentials;
mod extra;
mod local;
mod message;
mod mover;
mod replay;
mod task;

pub(crate) use self::local::{LocalNetwork, System};
pub(crate) use self::task::{Migration, Parts, Task};

/// How many addresses of the other side are kept: four candidates, as many behind a NAT, and those
/// that it moved to.
const MAX_REMOTES: usize = 12;
