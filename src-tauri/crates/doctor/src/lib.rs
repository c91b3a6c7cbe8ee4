//! The doctor: what keeps two people from a call, and what to do about it.
//!
//! [`examine`] looks at everything side by side and for [`LIMIT`] at most: the network, who is heard
//! and reached on it, the relay and the servers that it names, camera, microphone and speaker. What
//! is found is a closed list of [findings](Finding); what cannot be looked at says why. It receives
//! everything that touches the world as [`Subjects`]; devices are opened on threads that may block,
//! all else runs in the caller's task.
//!
//! What must never happen here: an identity or a name on the network (a relay and the neighbours see
//! keys that were made for the occasion); an address in a report; a pass for what was not tried.

#![warn(missing_docs)]

mod camera;
mod examination;
mod finding;
mod firewall;
mod members;
mod nat;
mod network;
mod notes;
mod peer;
mod redact;
mod relay;
mod remedy;
mod report;
mod sound;
mod subjects;
mod tcp;
mod verdict;
mod words;

pub use examination::{LIMIT, examine};
pub use finding::{AddressKind, Finding, InterfaceInfo, InterfaceKind};
pub use report::{Check, CheckKind, Report, Verdict};
pub use subjects::{Device, OwnPort, Peer, Recognise, Subjects};
