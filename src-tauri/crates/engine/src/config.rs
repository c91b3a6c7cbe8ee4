//! What an engine is given: who it is, what it may use, what the user set.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use call::carrier::Carrier;
use call::input::Standing;
use discovery::Lan;
use identity::{Address, Identity};
use media::backend::audio::AudioBackend;
use media::backend::camera::{CameraBackend, VideoMode};
use media::backend::codec::CodecBackend;
use media::backend::device::DeviceId;
use media::backend::record::RecordBackend;
use media::backend::screen::ScreenBackend;
use media::backend::voice::{VoiceBackend, VoiceSettings};
use media::network::NetworkWatch;
use media::transport::MediaTransport;
use media::units::Bitrate;
use seal::Sender;

use crate::relays::Dialer;

/// Everything the engine needs from outside, chosen once in the composition root.
#[derive(Clone, Debug)]
pub struct Backends {
    /// Opens cameras.
    pub camera: Arc<dyn CameraBackend>,
    /// Opens microphones and speakers.
    pub audio: Arc<dyn AudioBackend>,
    /// Lists and opens screens and windows to share.
    pub screen: Arc<dyn ScreenBackend>,
    /// Makes what processes the microphone's sound.
    pub voice: Arc<dyn VoiceBackend>,
    /// Makes encoders and decoders.
    pub codec: Arc<dyn CodecBackend>,
    /// Makes recordings; `None` to record nothing.
    pub record: Option<Arc<dyn RecordBackend>>,
    /// Opens the sessions of direct calls.
    pub transport: Arc<dyn MediaTransport>,
    /// Opens the sessions of calls that a LiveKit server carries; `None` where there are none.
    pub livekit: Option<Arc<dyn MediaTransport>>,
    /// Tells of changes of the network.
    pub network: Arc<dyn NetworkWatch>,
    /// Makes links to relays.
    pub relays: Arc<dyn Dialer>,
    /// The local networks; `None` to stay away from them whatever the user sets.
    pub lan: Option<Arc<dyn Lan>>,
}

/// Whom the user knows.
pub trait People: Send + Sync + std::fmt::Debug {
    /// What this person is to the user. Asked for each message, so it must not wait for a disk.
    fn relation(&self, address: &Address) -> Relation;

    /// Those whom the user knows, who matter most first: people on our networks are recognised
    /// among them.
    fn familiar(&self) -> Vec<Address> {
        Vec::new()
    }

    /// Where somebody was on our networks last, the last place first.
    fn places(&self, _: &Address) -> Vec<SocketAddr> {
        Vec::new()
    }

    /// Somebody was found on our networks, at these places. Must not wait for a disk.
    fn met(&self, _: &Address, _: &[SocketAddr]) {}
}

/// What somebody is to the user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Relation {
    /// Saved by the user.
    Contact,
    /// Called or accepted before.
    Known,
    /// Neither.
    Stranger,
    /// Must not ring here.
    Blocked,
}

/// Whose calls ring. All others get what an unanswered call gets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WhoMayRing {
    /// Whoever knows the address and is not blocked.
    #[default]
    Everybody,
    /// Contacts, and whom the user called or accepted before.
    Known,
    /// Contacts only.
    Contacts,
}

/// Who on our networks sees that we are there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LanVisibility {
    /// Everybody, with our name.
    Everyone,
    /// Those whom the user knows.
    #[default]
    Known,
    /// Nobody; we see nobody either.
    Off,
}

/// Nobody is known.
#[derive(Clone, Copy, Debug, Default)]
pub struct Strangers;

impl People for Strangers {
    fn relation(&self, _: &Address) -> Relation {
        Relation::Stranger
    }
}

/// Who the engine is and what the user set. Given again whole when a setting changes.
#[derive(Clone, Debug)]
pub struct Config {
    /// The key that this installation is known by.
    pub identity: Arc<Identity>,
    /// Whom the user knows: for strangers no camera opens before the user accepts.
    pub people: Arc<dyn People>,
    /// Whose calls ring.
    pub who_may_ring: WhoMayRing,
    /// What the user wants to be called; goes out with invites.
    pub name: String,
    /// Who sees us on local networks.
    pub lan: LanVisibility,
    /// What carries the calls that we make, where the call itself does not say.
    pub carrier: Carrier,
    /// The relay to be reached through; `None` for none.
    pub relay: Option<String>,
    /// How long a call rings on either side.
    pub ring: Duration,
    /// What the camera shall deliver.
    pub video: VideoMode,
    /// The most to send, sound and picture together.
    pub max_send: Bitrate,
    /// The user's camera; `None` for the system's default.
    pub camera: Option<DeviceId>,
    /// The user's microphone.
    pub microphone: Option<DeviceId>,
    /// What is done to the microphone's sound; in force at once.
    pub voice: VoiceSettings,
    /// The user's speaker.
    pub speaker: Option<DeviceId>,
    /// Where it rings; `None` for the speaker of calls.
    pub ring_speaker: Option<DeviceId>,
}

impl Config {
    /// Whether and how somebody may ring, by what they are to the user and what the user set.
    pub(crate) fn standing_of(&self, who: &Address) -> Standing {
        standing(self.people.relation(who), self.who_may_ring)
    }

    /// Whether somebody has places of their own with us, which strangers cannot use up.
    pub(crate) fn sender(&self, who: &Address) -> Sender {
        match self.people.relation(who) {
            Relation::Contact | Relation::Known => Sender::Familiar,
            Relation::Stranger | Relation::Blocked => Sender::Stranger,
        }
    }
}

const fn standing(relation: Relation, who_may_ring: WhoMayRing) -> Standing {
    match (relation, who_may_ring) {
        (Relation::Blocked, _) => Standing::Blocked,
        (Relation::Contact, _) | (Relation::Known, WhoMayRing::Everybody | WhoMayRing::Known) => {
            Standing::Known
        }
        (Relation::Stranger, WhoMayRing::Everybody) => Standing::Stranger,
        (Relation::Known, WhoMayRing::Contacts)
        | (Relation::Stranger, WhoMayRing::Known | WhoMayRing::Contacts) => Standing::Unwelcome,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_somebody_is_and_who_may_ring_say_together_how_they_ring() {
        use Relation::{Blocked, Contact, Known, Stranger};
        let table = [
            (
                WhoMayRing::Everybody,
                [Standing::Known, Standing::Known, Standing::Stranger],
            ),
            (
                WhoMayRing::Known,
                [Standing::Known, Standing::Known, Standing::Unwelcome],
            ),
            (
                WhoMayRing::Contacts,
                [Standing::Known, Standing::Unwelcome, Standing::Unwelcome],
            ),
        ];
        for (who_may_ring, wanted) in table {
            let standings = [Contact, Known, Stranger].map(|it| standing(it, who_may_ring));
            assert_eq!(standings, wanted, "{who_may_ring:?}");
            assert_eq!(standing(Blocked, who_may_ring), Standing::Blocked);
        }
    }
}
