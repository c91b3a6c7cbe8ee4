//! Bounds on what clients can make the relay hold and do.

use signal_relay::Limits;

use super::LIMITS;

/// One option for each limit.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = LIMITS)]
pub(super) struct LimitOptions {
    /// The most connections at a time
    #[arg(long, value_name = "N", env = "TINCAN_RELAY_MAX_CONNECTIONS")]
    #[arg(default_value_t = Limits::default().connections)]
    max_connections: usize,
    /// The most connections at a time from one IPv4 address or one IPv6 /64
    #[arg(long, value_name = "N", env = "TINCAN_RELAY_MAX_PER_IP")]
    #[arg(default_value_t = Limits::default().connections_per_ip)]
    max_per_ip: usize,
    /// The most connections at a time that have not proven an address yet; beyond that the oldest is
    /// closed
    #[arg(long, value_name = "N", env = "TINCAN_RELAY_MAX_UNAUTHENTICATED")]
    #[arg(default_value_t = Limits::default().unauthenticated)]
    max_unauthenticated: usize,
    /// The most TLS handshakes at a time; beyond that the oldest is closed
    #[arg(long, value_name = "N", env = "TINCAN_RELAY_MAX_TLS_HANDSHAKES")]
    #[arg(default_value_t = Limits::default().tls_handshakes)]
    max_tls_handshakes: usize,
    /// Connections per second that may arrive for long
    #[arg(long, value_name = "N", env = "TINCAN_RELAY_ARRIVALS_PER_SECOND")]
    #[arg(default_value_t = Limits::default().arrivals_per_second)]
    arrivals_per_second: u32,
    /// Connections that may arrive at once after a pause
    #[arg(long, value_name = "N", env = "TINCAN_RELAY_ARRIVALS_BURST")]
    #[arg(default_value_t = Limits::default().arrivals_burst)]
    arrivals_burst: u32,
    /// Connections per second that may arrive for long from one IPv4 address or one IPv6 /64
    #[arg(
        long,
        value_name = "N",
        env = "TINCAN_RELAY_ARRIVALS_PER_IP_PER_SECOND"
    )]
    #[arg(default_value_t = Limits::default().arrivals_per_ip_per_second)]
    arrivals_per_ip_per_second: u32,
    /// Connections that may arrive from there at once after a pause
    #[arg(long, value_name = "N", env = "TINCAN_RELAY_ARRIVALS_PER_IP_BURST")]
    #[arg(default_value_t = Limits::default().arrivals_per_ip_burst)]
    arrivals_per_ip_burst: u32,
    /// Proofs of addresses that are checked per second for long
    #[arg(long, value_name = "N", env = "TINCAN_RELAY_PROOFS_PER_SECOND")]
    #[arg(default_value_t = Limits::default().proofs_per_second)]
    proofs_per_second: u32,
    /// Proofs that are checked at once after a pause
    #[arg(long, value_name = "N", env = "TINCAN_RELAY_PROOFS_BURST")]
    #[arg(default_value_t = Limits::default().proofs_burst)]
    proofs_burst: u32,
    /// Proofs per second that are checked from one IPv4 address or one IPv6 /48
    #[arg(long, value_name = "N", env = "TINCAN_RELAY_PROOFS_PER_SECOND_PER_IP")]
    #[arg(default_value_t = Limits::default().proofs_per_second_per_ip)]
    proofs_per_second_per_ip: u32,
    /// Proofs that are checked from there at once after a pause
    #[arg(long, value_name = "N", env = "TINCAN_RELAY_PROOFS_BURST_PER_IP")]
    #[arg(default_value_t = Limits::default().proofs_burst_per_ip)]
    proofs_burst_per_ip: u32,
    /// Frames kept for a client until it acknowledges them
    #[arg(long, value_name = "N", env = "TINCAN_RELAY_OUTBOX_FRAMES")]
    #[arg(default_value_t = Limits::default().outbox_frames)]
    outbox_frames: usize,
    /// Bytes kept for a client until it acknowledges them
    #[arg(long, value_name = "N", env = "TINCAN_RELAY_OUTBOX_BYTES")]
    #[arg(default_value_t = Limits::default().outbox_bytes)]
    outbox_bytes: usize,
    /// Bytes kept for all clients together
    #[arg(long, value_name = "N", env = "TINCAN_RELAY_TOTAL_OUTBOX_BYTES")]
    #[arg(default_value_t = Limits::default().total_outbox_bytes)]
    total_outbox_bytes: usize,
    /// Frames per second that a client may send for long; one that sends more is read more slowly
    #[arg(long, value_name = "N", env = "TINCAN_RELAY_FRAMES_PER_SECOND")]
    #[arg(default_value_t = Limits::default().frames_per_second)]
    frames_per_second: u32,
    /// Frames that a client may send at once after a pause
    #[arg(long, value_name = "N", env = "TINCAN_RELAY_FRAMES_BURST")]
    #[arg(default_value_t = Limits::default().frames_burst)]
    frames_burst: u32,
    /// Bytes per second that a client may send for long
    #[arg(long, value_name = "N", env = "TINCAN_RELAY_BYTES_PER_SECOND")]
    #[arg(default_value_t = Limits::default().bytes_per_second)]
    bytes_per_second: u32,
    /// Bytes that a client may send at once after a pause
    #[arg(long, value_name = "N", env = "TINCAN_RELAY_BYTES_BURST")]
    #[arg(default_value_t = Limits::default().bytes_burst)]
    bytes_burst: u32,
}

impl LimitOptions {
    pub(super) const fn limits(&self) -> Limits {
        Limits {
            connections: self.max_connections,
            connections_per_ip: self.max_per_ip,
            unauthenticated: self.max_unauthenticated,
            tls_handshakes: self.max_tls_handshakes,
            arrivals_per_second: self.arrivals_per_second,
            arrivals_burst: self.arrivals_burst,
            arrivals_per_ip_per_second: self.arrivals_per_ip_per_second,
            arrivals_per_ip_burst: self.arrivals_per_ip_burst,
            proofs_per_second: self.proofs_per_second,
            proofs_burst: self.proofs_burst,
            proofs_per_second_per_ip: self.proofs_per_second_per_ip,
            proofs_burst_per_ip: self.proofs_burst_per_ip,
            outbox_frames: self.outbox_frames,
            outbox_bytes: self.outbox_bytes,
            total_outbox_bytes: self.total_outbox_bytes,
            frames_per_second: self.frames_per_second,
            frames_burst: self.frames_burst,
            bytes_per_second: self.bytes_per_second,
            bytes_burst: self.bytes_burst,
        }
    }
}
