//! The blind relay: introduces people who are not on the same network.
//!
//! A client connects by WebSocket, proves its address by signing a challenge, and exchanges
//! opaque envelopes with other addresses. The relay sees addresses, sizes and times and nothing
//! else; it keeps everything in memory, writes nothing to disk, and its log lines hold no
//! address, no payload and no network address.
//!
//! Inside: the `hub` knows every session and decides what goes where, without sockets or clocks;
//! each connection is one task (`connection`); `serve` accepts, counts and drains them. Whatever
//! a client sends is bounded in size and rate, and whatever is kept for it in number and time.

#![warn(missing_docs)]

mod bucket;
mod config;
mod connection;
mod hub;
mod outbox;
mod places;
mod relay;
mod seat;
mod serve;

pub use config::{Config, Limits, Timing};
pub use serve::{client_url, serve};
