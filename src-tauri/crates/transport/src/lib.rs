//! [`MediaTransport`](media::transport::MediaTransport) over webrtc-rs.
//!
//! The only crate that sees WebRTC, RTP, SDP and ICE. [`p2p`] carries a call straight from one
//! machine to the other; [`network`] tells of the network beneath and of its changes, and [`servers`]
//! what STUN and TURN servers answer. What the library does badly or not at all is done here: H.264 payloads,
//! frame assembly, timestamps and sender reports, liveness, which interfaces are used.
//!
//! Nothing here logs SDP, candidates, addresses or messages; the libraries beneath do, so a
//! program filters its log by [`LOG_FILTER`].

pub mod livekit;
pub mod network;
pub mod p2p;
pub mod servers;

mod peer;
mod rtp;

/// Directives for `tracing_subscriber::EnvFilter` that keep the libraries beneath from logging
/// addresses, SDP and whole packets: a directive covers every target that starts like it. To be
/// appended to the filter of every program.
pub const LOG_FILTER: &str = "webrtc=off,rtc=off";
