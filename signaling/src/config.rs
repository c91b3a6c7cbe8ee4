//! What a relay allows and when it does what.

use std::time::Duration;

use crate::hosts::KnownHost;
use crate::ice::IceConfig;
use crate::livekit::LiveKitConfig;
use crate::proxy::Proxies;

/// Everything that can be set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Config {
    /// The names by which clients may reach this relay. A client signs host and port as it dialled
    /// them, so another relay cannot pass our challenge on to a client of its own and come in as
    /// that client. Empty: any name is taken and that protection is off.
    pub hosts: Vec<KnownHost>,
    /// Whether it runs inside an application, for the networks that its machine is on. Then the
    /// address and port at which a connection arrived are a name of it too, and what is neither that
    /// nor in `hosts` is refused; pages of browsers are not let in; and the machine itself has places
    /// of its own, so that no neighbour keeps the application from its own relay. Where there is no
    /// room for a neighbour, the oldest connection that no client of this machine wrote to makes some;
    /// each address of IPv6 counts as a source there, and a /64 as three.
    pub embedded: bool,
    /// The STUN and TURN servers that clients are told of.
    pub ice: IceConfig,
    /// The LiveKit server whose rooms the parties of calls may use; none by default.
    pub livekit: Option<LiveKitConfig>,
    /// The reverse proxies before this relay.
    pub proxies: Proxies,
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
    /// fits. Twice as many from an IPv6 /56 and four times as many from a /48, which one customer of
    /// a provider may own: without that, a single /48 would have 65,536 shares.
    pub connections_per_ip: usize,
    /// Connections at a time that have not proven an address yet. When there are more, the oldest
    /// of them is closed.
    pub unauthenticated: usize,
    /// TLS handshakes at a time. When there are more, the oldest of them is closed.
    pub tls_handshakes: usize,
    /// Connections per second that may arrive for long; those beyond are refused. A handshake takes
    /// about a millisecond of a processor.
    pub arrivals_per_second: u32,
    /// Connections that may arrive at once after a pause.
    pub arrivals_burst: u32,
    /// The same from one IPv4 address or one IPv6 /64, per second.
    pub arrivals_per_ip_per_second: u32,
    /// The same, at once: an office behind one address comes back at once after an outage.
    pub arrivals_per_ip_burst: u32,
    /// Frames kept for a client until it acknowledges them. Those whom the client wrote to lately have
    /// one half, strangers the other; one sender, or all the strangers of one network, may take a
    /// quarter. What is beyond that is refused to its sender. A call takes about ten.
    pub outbox_frames: usize,
    /// Bytes kept for a client until it acknowledges them, about; shared out in the same way.
    pub outbox_bytes: usize,
    /// Bytes kept for all clients together, about. When they are used up, a client whose outbox is
    /// nearly empty can still be sent something, and what is for others is refused.
    pub total_outbox_bytes: usize,
    /// Proofs of addresses that are checked per second for long; each costs about 60 µs.
    pub proofs_per_second: u32,
    /// Proofs that are checked at once after a pause.
    pub proofs_burst: u32,
    /// Proofs per second from one IPv4 address or one IPv6 /48.
    pub proofs_per_second_per_ip: u32,
    /// Proofs from there at once after a pause: a place of many people that comes back.
    pub proofs_burst_per_ip: u32,
    /// WebSocket frames of any kind per second that a client may send for long. A client that
    /// sends more is read more slowly.
    pub frames_per_second: u32,
    /// Frames that a client may send at once after a pause.
    pub frames_burst: u32,
    /// Bytes per second that a client may send for long, below the WebSocket.
    pub bytes_per_second: u32,
    /// Bytes that a client may send at once after a pause.
    pub bytes_burst: u32,
}

/// Periods of the relay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// How long a client may take from its first packet to a whole HTTP request, a TLS handshake
    /// and the header of a proxy included, and then to prove its address.
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
    /// How long a client may acknowledge nothing of what it was sent before its session ends: longer
    /// than any pause of a client that lives, whose socket would have fallen silent before.
    pub progress: Duration,
    /// Over how long clients are told that the relay stops; less when there are few.
    pub drain: Duration,
    /// How long one connection may take to end after its last frame.
    pub close: Duration,
}

impl Config {
    /// For a relay inside an application that neighbours reach as `host`. It holds a few megabytes at
    /// most, and a neighbour that leaves does not keep it from stopping.
    #[must_use]
    pub fn embedded(host: KnownHost) -> Self {
        let limits = Limits {
            connections: 128,
            // A machine has one link to here, and more when its links break or people share it.
            connections_per_ip: 16,
            unauthenticated: 32,
            arrivals_per_second: 50,
            arrivals_burst: 128,
            arrivals_per_ip_burst: 64,
            total_outbox_bytes: 4 * 1024 * 1024,
            proofs_per_second: 100,
            proofs_burst: 128,
            proofs_burst_per_ip: 64,
            ..Limits::default()
        };
        let timing = Timing {
            drain: Duration::ZERO,
            close: Duration::from_millis(250),
            ..Timing::default()
        };
        Self {
            hosts: vec![host],
            embedded: true,
            limits,
            timing,
            ..Self::default()
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 10_000,
            connections_per_ip: 64,
            unauthenticated: 1024,
            tls_handshakes: 512,
            arrivals_per_second: 500,
            arrivals_burst: 2000,
            arrivals_per_ip_per_second: 20,
            arrivals_per_ip_burst: 200,
            outbox_frames: 256,
            outbox_bytes: 512 * 1024,
            total_outbox_bytes: 256 * 1024 * 1024,
            proofs_per_second: 500,
            proofs_burst: 2_000,
            proofs_per_second_per_ip: 20,
            proofs_burst_per_ip: 200,
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
            progress: Duration::from_secs(20),
            drain: Duration::from_secs(10),
            close: Duration::from_secs(1),
        }
    }
}
