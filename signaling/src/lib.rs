//! The relay: introduces people who are not on the same network.
//!
//! A client connects by WebSocket, proves its address by signing a challenge, and exchanges
//! envelopes with other addresses. The relay never looks into an envelope; that whoever runs it
//! cannot either is the work of the ends, which seal them. It learns who talks to whom, when, how
//! much, and from which network addresses. It keeps everything in memory, writes nothing
//! to disk, and its own log lines hold no address, no payload and no network address; the
//! libraries beneath do log frames, so a program shows only the lines of this crate.
//!
//! Inside: `serve` runs it from start to `drain`; `accept` takes a TCP connection as far as its HTTP
//! request (`proxy`, `tls`, `http`); each connection is one task (`connection`), which owns its
//! `socket` and which its session wakes through a `handle`; `sessions` knows every client and decides
//! what goes where, without sockets or clocks. Beside that `ice` names STUN and TURN servers to
//! clients, `livekit` lets the parties of a call into a room at a LiveKit server, which `rooms` opens
//! and closes, and `admin` tells whoever runs the relay how it does. An application that has a relay
//! inside, for its local networks ([`Config::embedded`]), says there what it is (`announcement`), and
//! whom it serves at all ([`Server::with_gate`]).
//!
//! Bounded are connections, in all and per source (`quota`), those that arrive in a second
//! (`arrivals`) and those that have proven nothing yet (`pending`); what a client sends, in bytes
//! and frames below the WebSocket (`metered`); proofs of addresses per second (`proofs`); what is
//! kept for each session, in number, bytes and time, with fair shares for its senders (`outbox`),
//! and for all sessions together.

#![warn(missing_docs)]

mod accept;
mod admin;
mod announcement;
mod arrivals;
mod asked;
mod config;
mod connection;
mod drain;
mod handle;
mod hosts;
mod http;
mod ice;
mod listen;
mod livekit;
mod metered;
mod metrics;
mod newcomer;
mod outbox;
mod pending;
mod proofs;
mod proxy;
mod quota;
mod rate_limit;
mod relay;
mod rooms;
mod serve;
mod sessions;
mod socket;
mod source;
mod tls;
mod transport;

pub use config::{Config, Limits, Timing};
pub use hosts::{KnownHost, NotAHost};
pub use ice::{IceConfig, IceConfigError, TurnSecret};
pub use listen::{ListenError, client_url, encrypted_client_url, listen, listen_everywhere};
pub use livekit::{LiveKitConfig, LiveKitConfigError, LiveKitSecret};
pub use proxy::{Network, NetworkError, Proxies};
pub use serve::{Server, serve};
pub use tls::{Certificate, CertificateError};
