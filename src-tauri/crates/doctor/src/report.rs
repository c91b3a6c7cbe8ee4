//! What an examination came to: one check of each kind, each with its verdict.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::finding::Finding;

/// Everything that was looked at.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// One of each kind, in the order of [`CheckKind::ALL`].
    pub checks: Vec<Check>,
    /// The same as a text for others to read, without names, addresses and keys: for the clipboard.
    pub redacted: String,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Check {
    /// What.
    pub kind: CheckKind,
    /// Whether it is well; follows from the finding.
    pub verdict: Verdict,
    /// What is the case.
    pub finding: Finding,
}

/// What is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum CheckKind {
    /// The network interfaces of this machine.
    Interfaces,
    /// Whether a VPN carries what should stay on the local network.
    Vpn,
    /// The port of our own relay, from this machine.
    OwnPort,
    /// Announcing and hearing by DNS-SD over multicast DNS.
    DnsSd,
    /// Announcing and hearing by our own beacon.
    Beacon,
    /// Whether those who are heard can be reached too.
    Neighbours,
    /// The one machine that the user named.
    Peer,
    /// The port of our own relay, from that machine.
    WayIn,
    /// A firewall of this machine.
    Firewall,
    /// The clock of this machine, against the relay's.
    Clock,
    /// The way to the relay.
    Relay,
    /// Servers that tell our address as others see it (RFC 8489).
    Stun,
    /// Servers that relay media (RFC 8656).
    Turn,
    /// How the router before us translates addresses (RFC 4787).
    Nat,
    /// The camera.
    Camera,
    /// The microphone.
    Microphone,
    /// The speaker.
    Speaker,
}

impl CheckKind {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; 17] = [
        Self::Interfaces,
        Self::Vpn,
        Self::OwnPort,
        Self::DnsSd,
        Self::Beacon,
        Self::Neighbours,
        Self::Peer,
        Self::WayIn,
        Self::Firewall,
        Self::Clock,
        Self::Relay,
        Self::Stun,
        Self::Turn,
        Self::Nat,
        Self::Camera,
        Self::Microphone,
        Self::Speaker,
    ];
}

/// Whether something is well.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum Verdict {
    /// It is.
    Pass,
    /// Calls work, but not as well as they could, or not all of them.
    Warn,
    /// It is not.
    Fail,
    /// It was not looked at, or could not be; the finding says why.
    Unknown,
}
