//! For tests: a transport without a network, and a [`room`] with a speaker, a microphone and
//! [`speech`], without any of them.
//!
//! [`Loopback`] is a [`MediaTransport`](crate::transport::MediaTransport) whose sessions meet on a
//! [`Network`] in the same process. They need what real ones need: parcels carried between them,
//! an offer and its answer, before frames and messages pass. The network delays, loses and repeats
//! what it carries, and it is cut and mended on demand; each [`Loopback`] lets its sessions open
//! late, fail, or close slowly.
//!
//! Nothing here reads a clock or starts a thread. Time passes when the test calls
//! [`Network::advance`], and only then is anything delivered; chance comes from a seed.
//!
//! ```
//! use std::time::{Duration, Instant};
//!
//! use futures::StreamExt;
//! use futures::executor::block_on;
//! use media::frame::EncodedFrame;
//! use media::testing::{Loopback, Network};
//! use media::time::MediaTime;
//! use media::transport::{MediaTransport, OpenParams, Role, Session, Stream, TransportEvent};
//! use media::units::Bitrate;
//!
//! async fn parcel_of(session: &mut Session) -> media::transport::Parcel {
//!     loop {
//!         if let Some(TransportEvent::Parcel(parcel)) = session.events.next().await {
//!             return parcel;
//!         }
//!     }
//! }
//!
//! let network = Network::new(1, Instant::now());
//! let (alice, bob) = (Loopback::on(&network), Loopback::on(&network));
//! block_on(async {
//!     let max_send = Bitrate::from_kbps(500);
//!     let params = |role| OpenParams {
//!         call: 7,
//!         number: 0,
//!         role,
//!         max_send,
//!         ice_servers: Vec::new(),
//!         access: None,
//!     };
//!     let mut caller = alice.open(params(Role::Offerer)).await.unwrap();
//!     let mut callee = bob.open(params(Role::Answerer)).await.unwrap();
//!     callee.control.parcel(parcel_of(&mut caller).await);
//!     caller.control.parcel(parcel_of(&mut callee).await);
//!     network.advance(Duration::from_millis(1), Instant::now());
//!
//!     let payload = "20 ms of sound".into();
//!     let frame = EncodedFrame { time: MediaTime::default(), keyframe: true, payload };
//!     caller.out[Stream::Voice].send(frame.clone());
//!     network.advance(Duration::from_millis(1), Instant::now());
//!     assert_eq!(callee.input[Stream::Voice].try_pop().unwrap().frame, frame);
//! });
//! ```

mod carrier;
mod conditions;
mod dice;
mod end;
mod gate;
mod loopback;
mod network;
pub mod room;
mod session;
mod signal;
pub mod speech;
mod uplink;

pub use conditions::Conditions;
pub use dice::Dice;
pub use loopback::Loopback;
pub use network::Network;
pub use uplink::Uplink;

#[cfg(test)]
mod tests;

/// Some moment: tests count from it and never ask for another.
#[cfg(test)]
#[expect(
    clippy::disallowed_methods,
    reason = "an Instant cannot be made any other way"
)]
pub(crate) fn some_instant() -> std::time::Instant {
    std::time::Instant::now()
}
