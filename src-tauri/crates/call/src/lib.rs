//! Who calls whom, in which state, muted or not: the life of at most one call, sans-IO.
//!
//! [`phone::Phone`] takes [`input::Input`]s with the time and gives [`output::Output`]s, deadlines
//! and a [`view::CallView`]. It reads no clock, makes no random numbers, and knows no socket.

#![warn(missing_docs)]

#[macro_use]
mod variants;

mod asks;
mod call;
pub mod carrier;
pub mod chat;
mod collision;
mod controls;
mod declined;
pub mod id;
pub mod input;
mod liveness;
pub mod message;
mod name;
mod ordered;
pub mod output;
pub mod phone;
mod quiet;
pub mod reason;
mod receipts;
mod recent;
mod recording;
mod rings;
mod sessions;
mod state;
pub mod time;
pub mod timer;
pub mod view;

#[cfg(test)]
mod tests;
