//! What a link tells its owner.

use std::fmt;
use std::time::Instant;

use bytes::Bytes;
use identity::Address;
use signal_wire::{Absence, CallNumber, LiveKitToken, NoAccess};

/// One thing that happened on a link.
#[derive(Clone, PartialEq, Eq)]
pub enum LinkEvent {
    /// A message arrived; the relay vouches for the sender.
    Message {
        /// From whom.
        from: Address,
        /// What: untrusted bytes, at most [`signal_wire::MAX_PAYLOAD_BYTES`].
        payload: Bytes,
    },
    /// Nobody is at an address to which a message was sent.
    NotHere {
        /// Where.
        to: Address,
        /// Why, as far as the relay knows.
        why: Absence,
    },
    /// The relay did not take a message, which says nothing of whether somebody is there: too much
    /// waits for them already. Sending it again later can help. One event may stand for several
    /// messages to one address.
    Refused {
        /// For whom it was.
        to: Address,
    },
    /// The relay names servers that help to find a path, for as long as they are valid; told again
    /// when others replace them.
    IceServers(IceServers),
    /// Both parties of a call have asked the relay ([`Link::ask_access`](crate::Link::ask_access)):
    /// this one may enter their room at a LiveKit server.
    Access {
        /// The call.
        call: CallNumber,
        /// The other party.
        with: Address,
        /// The server: `ws:` or `wss:`.
        url: String,
        /// What lets this party in.
        token: LiveKitToken,
        /// Until when the token lets anybody in; whoever is in stays.
        valid_until: Instant,
    },
    /// There is no room for a call.
    NoAccess {
        /// The call.
        call: CallNumber,
        /// Why.
        why: NoAccess,
    },
    /// A message waited for a connection for too long ([`Timing::keep`](crate::Timing::keep)) and
    /// was given up, or the connection broke so that nobody knows whether it arrived.
    Expired {
        /// For whom.
        to: Address,
    },
    /// The link is in this state now.
    State(LinkState),
}

/// STUN and TURN servers that a relay names.
#[derive(Clone, PartialEq, Eq)]
pub struct IceServers {
    /// At most four.
    pub servers: Vec<IceServer>,
    /// Until when their credentials are good.
    pub valid_until: Instant,
}

/// A server that helps to find a path.
#[derive(Clone, PartialEq, Eq)]
pub struct IceServer {
    /// `stun:` (RFC 7064) or `turn:` (RFC 7065).
    pub url: String,
    /// For TURN, else empty.
    pub username: String,
    /// For TURN, else empty.
    pub credential: String,
}

/// Whether the relay is there.
///
/// `Connecting → Online → Offline → Connecting → …`; after a problem that
/// [is final](Problem::is_final) it stays `Offline` until
/// [`Link::reconnect`](crate::Link::reconnect).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkState {
    /// The first attempt, or one that was asked for, is under way.
    Connecting,
    /// The relay knows us; messages pass.
    Online,
    /// The relay is not there; unless the problem is final, it is tried again and again.
    Offline(Problem),
}

/// Why the relay is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Problem {
    /// Nothing answers at that place, or the connection broke.
    Unreachable,
    /// The relay's program seems to have ended: it closed the connection, and since then its machine
    /// refuses every other one there. A network that fails is mostly silent instead.
    Gone,
    /// Something answers that is no relay.
    NotARelay,
    /// The relay refuses us: it speaks other versions.
    Refused,
    /// The relay refuses our proof: something on the way, such as a proxy, changes the address that
    /// it is asked for, or it is known by another name than the one in the URL.
    BadProof,
    /// The relay has no room, or lets us try less often.
    Full,
    /// Another process with the same address is connected instead.
    TakenOver,
    /// The relay's certificate comes from nobody whom this machine trusts, was revoked, is broken,
    /// or is not meant for a server.
    CertificateUntrusted,
    /// The relay's certificate is not valid now: expired, or not yet valid. The clock of either
    /// machine may be wrong.
    CertificateExpired,
    /// The relay's certificate is for another name than the one in the URL.
    CertificateOtherName,
    /// The URL is `ws:`, and every address of its host is outside of the networks that this
    /// machine is directly on, where [`Reach::EncryptedOrNearby`](crate::Reach) does not go.
    Unencrypted,
}

impl Problem {
    /// Whether the link stays offline until it is asked to reconnect. What time can mend is tried
    /// again; two processes that take over from each other by themselves would never stop, and
    /// an address that must not be connected to stays where it is.
    #[must_use]
    pub const fn is_final(self) -> bool {
        match self {
            Self::TakenOver | Self::Unencrypted => true,
            Self::Unreachable
            | Self::Gone
            | Self::NotARelay
            | Self::Refused
            | Self::BadProof
            | Self::Full
            | Self::CertificateUntrusted
            | Self::CertificateExpired
            | Self::CertificateOtherName => false,
        }
    }
}

impl fmt::Debug for IceServers {
    /// Credentials and servers stay out of logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "IceServers({})", self.servers.len())
    }
}

impl fmt::Debug for IceServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IceServer(…)")
    }
}

impl fmt::Debug for LinkEvent {
    /// Payloads and tokens stay out of logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Message { payload, .. } => write!(f, "Message({} bytes)", payload.len()),
            Self::NotHere { why, .. } => write!(f, "NotHere({why:?})"),
            Self::Refused { .. } => f.write_str("Refused"),
            Self::IceServers(it) => write!(f, "IceServers({})", it.servers.len()),
            Self::Access { .. } => f.write_str("Access"),
            Self::NoAccess { why, .. } => write!(f, "NoAccess({why:?})"),
            Self::Expired { .. } => f.write_str("Expired"),
            Self::State(state) => write!(f, "State({state:?})"),
        }
    }
}
