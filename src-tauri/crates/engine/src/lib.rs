//! Drives `call` and `media`: one control task, four media pipelines.
//!
//! The engine turns what happens (commands, messages, session events, devices) into inputs of
//! [`call`]'s phone and carries out what it says; frames flow beside the control task, never
//! through it. It receives everything that touches the world as a [`Backends`] value.
//!
//! ```text
//! camera ──▶ Eye ──▶ slot ──▶ venc ──▶ session ──▶ vdec ──▶ PictureFeed
//! microphone ──▶ ring ──▶ aenc ──▶ session ──▶ jitter buffer (playout) ──▶ ring ──▶ speaker
//! ```

#![warn(missing_docs)]

mod camera;
mod config;
mod control;
mod counters;
mod device;
mod engine;
mod event;
mod microphone;
mod orders;
mod picture;
mod playout;
mod recv_video;
mod relays;
mod reporter;
mod send_video;
mod session;
mod stats;
mod timeline;
mod tone;
mod voice;
mod worker;

pub mod command;
pub mod view;

pub use config::{Backends, Config, People, Strangers};
pub use engine::{CommandError, Ended, Engine};
pub use picture::{PictureFeed, Subscription};
/// Directives that keep the libraries beneath the relay link from logging frames and addresses,
/// to be appended to the log filter of every program.
pub use signal_client::LOG_FILTER;
