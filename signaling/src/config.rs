//! What a relay allows and when it does what.

use std::time::Duration;

use crate::ice::IceConfig;

/// Everything that can be set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Config {
    /// The host names by which clients may reach this relay, without ports. A client signs the
    /// name that it dialed, so another relay cannot pass our challenge on to a client of its own
    /// and come in as that client. Empty: any name is taken and that protection is off. Relays at
    /// one name and different ports are not told apart.
    pub hosts: Vec<String>,
    /// The STUN and TURN servers that clients are told of.
    pub ice: IceConfig,
    /// Bounds.
    pub limits: Limits,
    /// Periods.
    pub timing: Timing,
}

/// Bounds on what clients can make the relay hold and do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections at a time. With those that wait for their client there are at most twice as
    /// many sessions.
    pub connections: usize,
    /// Connections at a time from one IPv4 address or one IPv6 /64: an office behind one address
    /// fits. Whoever has many such addresses has as many times this.
    pub connections_per_ip: usize,
    /// Frames kept for a client until it acknowledges them; beyond that its session ends. A call
    /// takes about ten.
    pub outbox_frames: usize,
    /// Bytes kept for a client until it acknowledges them, about.
    pub outbox_bytes: usize,
    /// Frames per second that a client may send for long. A client that sends more is read more
    /// slowly.
    pub frames_per_second: u32,
    /// Frames that a client may send at once after a pause.
    pub frames_burst: u32,
    /// Bytes per second that a client may send for long.
    pub bytes_per_second: u32,
    /// Bytes that a client may send at once after a pause.
    pub bytes_burst: u32,
}

/// Periods of the relay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// How long a client may take to send its HTTP request, and then to prove its address.
    pub hello: Duration,
    /// How often a client is sent a ping.
    pub ping: Duration,
    /// How long a client may be silent before its connection counts as dead: two lost pings and
    /// a bit, so that a dead one is noticed within 15 s.
    pub silence: Duration,
    /// How long an acknowledgement may wait for others to join it.
    pub ack_delay: Duration,
    /// How long a session waits for its client to come back after its connection fell silent.
    pub resume: Duration,
    /// The same after its machine closed the connection without a close frame, as when the program
    /// is killed: a client that lives comes back at once, and whoever writes to a dead one must
    /// know soon.
    pub resume_broken: Duration,
    /// How long connections may take to end when the relay stops.
    pub drain: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 10_000,
            connections_per_ip: 64,
            outbox_frames: 256,
            outbox_bytes: 512 * 1024,
            frames_per_second: 50,
            frames_burst: 200,
            bytes_per_second: 256 * 1024,
            bytes_burst: 1024 * 1024,
        }
    }
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            hello: Duration::from_secs(5),
            ping: Duration::from_secs(5),
            silence: Duration::from_secs(12),
            ack_delay: Duration::from_millis(100),
            resume: Duration::from_secs(30),
            resume_broken: Duration::from_secs(2),
            drain: Duration::from_secs(2),
        }
    }
}
