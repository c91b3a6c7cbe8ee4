//! Who calls whom, in which state, muted or not: the life of at most one call, sans-IO.
//!
//! [`phone::Phone`] takes [`input::Input`]s with the time and gives [`output::Output`]s, deadlines
//! and a [`view::CallView`]. It reads no clock, makes no random numbers, and knows no socket.

pub mod id;
pub mod input;
pub mod output;
pub mod reason;
pub mod view;
