//! The relay and its client over real sockets.

mod addresses;
mod delivery;
mod ice;
mod limits;
mod link;
mod privacy;
mod program;
mod resume;
mod support;
mod takeover;
