//! The other side of a test call: a real peer inside the program, which gives back what it receives
//! two seconds later.
//!
//! [`EchoPeer`] runs a relay on a loopback port and a second engine with an identity made for it,
//! and answers one caller. The caller dials its [link](EchoPeer::link) as any invite, so that a test
//! call takes the whole way of a call: relay, sealing, codecs, ICE, SRTP. It needs no network: both
//! sides use the addresses that the machine has, loopback where it has none.
//!
//! [`Hearing`] listens at the caller's own microphone and speaker, and says whether what was said
//! came back, how late and how loud. [`Watch`] makes a [`TestReport`] of that, the figures of the
//! call and what the user had on, with every [`TestProblem`]: the one judgement of a test call, for
//! the window and the command line.

#![warn(missing_docs)]

mod findings;
mod hearing;
mod judgement;
mod loudness;
mod peer;
mod relay;
mod report;
mod watch;

pub use hearing::Hearing;
pub use judgement::QUIETER_DB;
pub use peer::{EchoPeer, Setup, StartError};
pub use report::{PictureOutcome, TestProblem, TestReport, VoiceOutcome};
pub use watch::Watch;

use std::time::Duration;

/// How much later the echo comes than the sound or picture: long enough that nobody hears it while
/// they still speak a short sentence.
pub const DELAY: Duration = Duration::from_secs(2);
