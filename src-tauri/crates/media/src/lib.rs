//! Media words and policy: pictures, sound, time, when to play, how much to send.
//!
//! This crate is pure. It reads no clock, starts no thread, opens no file and no socket: time
//! comes in as an argument, bytes come in through [`std::io::Read`], and whoever waits is woken
//! through [`queue`]. The traits in [`backend`], [`network`] and [`transport`] are the seams behind
//! which the adapter crates (`codec`, `devices`, `transport`) touch the world.

#![warn(missing_docs)]

pub mod backend;
pub mod decode_queue;
pub mod frame;
pub mod freeze;
pub mod high_pass;
pub mod jitter;
pub mod keyframe;
pub mod level;
pub mod network;
pub mod picture;
pub mod quality;
pub mod queue;
pub mod rate;
pub mod scale;
pub mod sounds;
pub mod synthetic;
pub mod testing;
pub mod time;
pub mod transport;
pub mod units;
