//! Every period of a link, in one table.

use std::time::Duration;

/// When a link does what. The default is right for people; tests shorten it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// How long an attempt may take, from name resolution to the relay's welcome, over all of its
    /// addresses. A TLS handshake over a bad mobile path takes about 3 s.
    pub connect: Duration,
    /// How long an address has for its TCP connection before the next one is tried beside it: the
    /// Connection Attempt Delay that RFC 8305, section 8, recommends.
    pub attempt_delay: Duration,
    /// How long a connected address has for TLS and the relay's first frame before the next one
    /// is tried beside it. Five round trips of 200 ms; a slower path costs a second connection,
    /// not the first one.
    pub handshake_patience: Duration,
    /// How long the relay may take to welcome us once it has our proof: one that is busy lets
    /// proofs wait for 2 s at most, so one that takes longer has hung, and a new attempt is better.
    pub welcome: Duration,
    /// How long a write may make no progress before the connection counts as dead.
    pub write: Duration,
    /// How long the relay may be silent before the connection counts as dead. It sends a ping
    /// every 5 s, so two may get lost and a dead relay is noticed within 15 s.
    pub silence: Duration,
    /// How long the relay may take to answer when asked by
    /// [`Link::reconnect`](crate::Link::reconnect) or [`Link::probe`](crate::Link::probe): the ping
    /// may get lost twice and be sent again by TCP on a path of 200 ms.
    pub probe: Duration,
    /// How long an acknowledgement may wait for others to join it.
    pub ack_delay: Duration,
    /// The longest pause before the first retry.
    pub first_retry: Duration,
    /// The longest pause before any retry: what a user waits at most once the relay is back.
    pub longest_retry: Duration,
    /// The same while somebody waits for the link ([`Link::set_urgent`](crate::Link::set_urgent)):
    /// a second in a call is long. Pauses are drawn up to it, so a relay that is away is asked twice
    /// a second on average.
    pub urgent_retry: Duration,
    /// How long a connection must last before its loss counts as a first failure again, so that
    /// a relay that takes connections and drops them is not tried in a tight loop.
    pub stable: Duration,
    /// The shortest time between two questions for STUN and TURN servers: a relay answers one in
    /// 10 s.
    pub ask_ice: Duration,
    /// How long a message waits for a connection: about a ring. An older invitation would only
    /// ring for a caller who has given up.
    pub keep: Duration,
    /// How long an ask for access to a room waits for a connection once the relay was not there:
    /// some urgent retries, in which a relay that restarts is back. Whoever calls waits as long
    /// before they are told.
    pub access: Duration,
    /// How long closing may take to flush what was sent before.
    pub close: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(8),
            attempt_delay: Duration::from_millis(250),
            handshake_patience: Duration::from_secs(1),
            welcome: Duration::from_secs(4),
            write: Duration::from_secs(5),
            silence: Duration::from_secs(12),
            probe: Duration::from_millis(1500),
            ack_delay: Duration::from_millis(100),
            first_retry: Duration::from_millis(250),
            longest_retry: Duration::from_secs(10),
            urgent_retry: Duration::from_secs(1),
            stable: Duration::from_secs(2),
            ask_ice: Duration::from_secs(15),
            keep: Duration::from_secs(30),
            access: Duration::from_secs(4),
            close: Duration::from_secs(1),
        }
    }
}
