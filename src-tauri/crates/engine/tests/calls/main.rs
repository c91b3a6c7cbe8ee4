//! Whole calls between engines in one process: the real relay and the real codecs, synthetic
//! devices, and a transport whose sessions meet in memory.

#![expect(clippy::unwrap_used, reason = "the helpers of a test panic")]

mod access;
mod alone;
mod chat;
mod devices;
mod faults;
mod invites;
mod lan;
mod path;
mod pauses;
mod processing;
mod recording;
mod renewal;
mod restart;
mod ring;
mod sealed;
mod session;
mod sharing;
mod stop;
mod strangers;
mod support;
mod talk;
mod unwelcome;
