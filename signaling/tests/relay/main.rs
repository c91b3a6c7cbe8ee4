//! The relay and its client over real sockets.

mod addresses;
#[cfg(target_os = "linux")]
mod admin;
#[cfg(target_os = "linux")]
mod coturn;
mod delivery;
#[cfg(target_os = "linux")]
mod embedded;
#[cfg(target_os = "linux")]
mod gone;
#[cfg(target_os = "linux")]
mod hostile;
mod ice;
mod limits;
mod link;
#[cfg(target_os = "linux")]
mod options;
mod privacy;
mod program;
#[cfg(target_os = "linux")]
mod proxies;
mod refusals;
mod resume;
#[cfg(target_os = "linux")]
mod silent;
mod support;
mod takeover;
#[cfg(target_os = "linux")]
mod tls;
mod versions;
