//! What is looked at.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use discovery::{Announcement, Lan};
use media::backend::audio::AudioBackend;
use media::backend::camera::CameraBackend;
use media::backend::device::DeviceId;
use media::transport::IceServer;

/// Everything that an examination needs from outside, chosen by the composition root.
#[derive(Clone, Debug)]
pub struct Subjects {
    /// Which program and version it is: `Tincan 0.1.0`.
    pub program: String,
    /// The local networks; `None` when the user wants not to be seen on them.
    pub lan: Option<Arc<dyn Lan>>,
    /// At which port others reach this installation.
    pub port: OwnPort,
    /// Another machine to check against.
    pub peer: Option<Peer>,
    /// The URL of the relay that is set.
    pub relay: Option<String>,
    /// The STUN and TURN servers of the settings; the relay's come to them.
    pub ice_servers: Vec<IceServer>,
    /// The only local address to use, as in calls.
    pub bind: Option<IpAddr>,
    /// The camera.
    pub camera: Device<dyn CameraBackend>,
    /// The microphone.
    pub microphone: Device<dyn AudioBackend>,
    /// The speaker.
    pub speaker: Device<dyn AudioBackend>,
}

/// The TCP port of the member that others reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OwnPort {
    /// It runs here, in this program or another.
    At(u16),
    /// It does not run. One made for the occasion is tried, which is the usual one if it is free.
    NotOpen,
    /// It runs in another program, and nothing tells where. One made for the occasion proves nothing
    /// of it.
    NotKnown,
}

/// A device to look at.
#[derive(Debug)]
pub enum Device<Backend: ?Sized> {
    /// It works for this program at this moment, and is left alone.
    InUse,
    /// It is opened, for two seconds at most after that.
    Try {
        /// What opens it.
        backend: Arc<Backend>,
        /// Which; the system's default without.
        chosen: Option<DeviceId>,
    },
}

/// Another machine.
#[derive(Clone, Debug)]
pub enum Peer {
    /// What a user typed: `HOST`, `HOST:PORT`, or an IP address with or without a port.
    Place(String),
    /// Somebody whom the user knows.
    Person {
        /// Where they were last.
        places: Vec<SocketAddr>,
        /// Tells them by what they announce.
        who: Arc<dyn Recognise>,
    },
}

/// Tells one person by announcements.
pub trait Recognise: Send + Sync + fmt::Debug {
    /// Whether this is theirs, as far as an announcement tells.
    fn is_theirs(&self, announcement: &Announcement) -> bool;
}

impl<Backend: ?Sized> Clone for Device<Backend> {
    fn clone(&self) -> Self {
        match self {
            Self::InUse => Self::InUse,
            Self::Try { backend, chosen } => Self::Try {
                backend: Arc::clone(backend),
                chosen: chosen.clone(),
            },
        }
    }
}
