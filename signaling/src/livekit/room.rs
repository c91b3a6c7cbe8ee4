//! A room at the server, and who is in it.

use std::fmt;

use data_encoding::BASE64URL_NOPAD;

/// The name of a room: random, so that nobody meets it by chance.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct RoomName(pub(super) [u8; 16]);

/// Who a party of a call is in its room: random, so that the server learns no address, and cannot
/// tell that two calls are one person's.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Identity(pub(super) [u8; 16]);

/// The names for one call.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Names {
    pub(super) room: RoomName,
    pub(super) parties: [Identity; 2],
}

impl Names {
    /// Fresh ones; none when the system has no random bytes.
    pub(super) fn random() -> Option<Self> {
        let mut bytes = [[0; 16]; 3];
        for part in &mut bytes {
            if let Err(error) = getrandom::fill(part) {
                tracing::error!(%error, "no random bytes");
                return None;
            }
        }
        let [room, one, other] = bytes;
        Some(Self {
            room: RoomName(room),
            parties: [Identity(one), Identity(other)],
        })
    }
}

impl fmt::Display for RoomName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "tincan-{}", BASE64URL_NOPAD.encode(&self.0))
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&BASE64URL_NOPAD.encode(&self.0))
    }
}

impl fmt::Debug for RoomName {
    /// Whoever runs the server can tell a call by it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RoomName(…)")
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Identity(…)")
    }
}

impl fmt::Debug for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Names(…)")
    }
}

/// Two people, and nobody who listens to them.
pub(super) const SEATS: u32 = 2;

/// How long the server keeps a room that nobody has joined: a ring takes 90 s at most.
pub(super) const EMPTY_SECONDS: u32 = 120;

/// How long it keeps one that everybody left: both sides of a call may lose the server at once. It
/// finds that out after 20 s, and a call gives up after 45. What the relay cannot delete ends so.
pub(super) const DEPARTURE_SECONDS: u32 = 30;
