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
mod livekit;
#[cfg(target_os = "linux")]
mod livekit_faults;
#[cfg(target_os = "linux")]
#[allow(
    unreachable_pub,
    dead_code,
    reason = "the scenarios have it as a part of their library, and use more of it"
)]
#[path = "../../../tests/src/livekit.rs"]
mod livekit_server;
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
