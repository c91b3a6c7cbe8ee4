//! One link to a relay that keeps itself up.
//!
//! [`Link`] is a handle to one task, which owns the socket and everything about the session. It
//! dials, proves the address, passes messages both ways, notices a dead connection, comes back
//! with growing jittered pauses and resumes where it was: while the relay keeps the session no
//! message is lost and none is doubled. It never decides anything about calls, and no address,
//! URL or message appears in its log lines.

#![warn(missing_docs)]

mod actor;
mod backoff;
mod dial;
mod link;
mod outbox;
mod seen;
mod timing;
mod tls;

pub use link::{Link, LinkEvent, LinkState, Problem, SendError};
pub use timing::Timing;
