//! The relay and its client over real sockets.

mod addresses;
mod delivery;
#[cfg(target_os = "linux")]
mod hostile;
mod limits;
mod link;
mod privacy;
mod program;
mod refusals;
mod resume;
mod support;
mod takeover;
mod versions;
