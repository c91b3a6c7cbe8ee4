//! Puts an engine together from options and settings. The only place that knows every backend.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use call::carrier::Carrier;
use codec::Codecs;
use devices::MicrophoneChoice;
use engine::{Backends, Config, LanVisibility, People, Relation, SignalClient, WhoMayRing};
use identity::{Address, Identity};
use lan::SystemLan;
use media::backend::camera::VideoMode;
use media::backend::voice::VoiceSettings;
use media::transport::MediaTransport;
use media::units::{Bitrate, Size};
use store::{KnownPeople, Settings};
use transport::livekit::{self, LiveKit};
use transport::network::SystemNetwork;
use transport::p2p::{self, IceServer, PeerToPeer};

use crate::options::Options;
use crate::recordings;

/// What the engine may use, for the whole run.
#[must_use]
pub fn backends(options: &Options, settings: &Settings) -> Backends {
    Backends {
        camera: devices::cameras(options.camera.clone().unwrap_or_default()),
        audio: devices::audio(
            options.microphone.clone().unwrap_or_default(),
            options.speaker.clone().unwrap_or_default(),
        ),
        screen: devices::screens(),
        voice: Arc::new(devices::voice::VoiceProcessing),
        codec: Arc::new(Codecs),
        record: recordings::backend(options),
        transport: transport(options, settings),
        livekit: Some(Arc::new(LiveKit::new(livekit::Config {
            bind: options.bind,
        }))),
        network: Arc::new(SystemNetwork),
        relays: Arc::new(SignalClient),
        lan: Some(Arc::new(SystemLan::default())),
    }
}

/// The way to the other side. Made anew when the servers in the settings change.
#[must_use]
pub fn transport(options: &Options, settings: &Settings) -> Arc<dyn MediaTransport> {
    Arc::new(PeerToPeer::new(p2p::Config {
        ice_servers: ice_servers(options, settings),
        bind: options.bind,
    }))
}

/// The STUN and TURN servers of options and settings.
pub(crate) fn ice_servers(options: &Options, settings: &Settings) -> Vec<IceServer> {
    let stored = settings.ice_servers.iter().map(|server| IceServer {
        url: server.url.clone(),
        username: server.username.clone(),
        credential: server.credential.clone(),
    });
    let given = options.stun.iter().chain(&options.turn).cloned();
    given.chain(stored).collect()
}

/// The URL of the relay by which people reach us, if there is one.
pub(crate) fn relay(options: &Options, settings: &Settings) -> Option<String> {
    let relay = match &options.relay {
        Some(relay) => relay.url(),
        None => Some(settings.relay.as_str()),
    };
    relay.filter(|it| !it.is_empty()).map(str::to_owned)
}

/// Who may see us on local networks.
pub(crate) fn visibility(options: &Options, settings: &Settings) -> store::LanVisibility {
    options.lan.unwrap_or(settings.lan)
}

/// What is done to the microphone's sound.
fn voice(options: &Options, settings: &Settings) -> VoiceSettings {
    let chosen = settings.microphone.as_deref();
    let is_test_voice = chosen == Some(devices::SYNTHETIC_MICROPHONE);
    let wanted = match options.microphone.clone().unwrap_or_default() {
        MicrophoneChoice::System if is_test_voice => VoiceSettings::UNPROCESSED,
        MicrophoneChoice::System | MicrophoneChoice::Device(_) => VoiceSettings {
            echo_cancellation: settings.echo_cancellation,
            noise_suppression: settings.noise_suppression,
            auto_gain_control: settings.auto_gain_control,
        },
        // Whoever plays a recording or a test tone into a call wants that to arrive, and no room is
        // between the speaker and them.
        MicrophoneChoice::Synthetic | MicrophoneChoice::File(_) | MicrophoneChoice::None => {
            VoiceSettings::UNPROCESSED
        }
    };
    let Options {
        echo_cancellation,
        noise_suppression,
        auto_gain,
        ..
    } = options;
    VoiceSettings {
        echo_cancellation: echo_cancellation.unwrap_or(wanted.echo_cancellation),
        noise_suppression: noise_suppression.unwrap_or(wanted.noise_suppression),
        auto_gain_control: auto_gain.unwrap_or(wanted.auto_gain_control),
    }
}

/// What carries the calls that we make.
fn carrier(options: &Options, settings: &Settings) -> Carrier {
    options.via.unwrap_or(match settings.carrier {
        store::Carrier::Direct => Carrier::Direct,
        store::Carrier::LiveKit => Carrier::LiveKit,
    })
}

/// The other side of a test call, for this caller. It asks no server for its own address: the caller
/// is on the same machine.
#[must_use]
pub fn test_peer(
    options: &Options,
    settings: &Settings,
    caller: Address,
    identity: Arc<Identity>,
) -> echo::Setup {
    echo::Setup {
        caller,
        identity,
        video: video(options),
        max_send: max_send(options, settings),
        codec: Arc::new(Codecs),
        transport: Arc::new(PeerToPeer::new(p2p::Config {
            ice_servers: Vec::new(),
            bind: options.bind,
        })),
        network: Arc::new(SystemNetwork),
    }
}

/// Who the engine is, whom the user knows and what the user set; options win over settings.
#[must_use]
pub fn config(
    options: &Options,
    settings: &Settings,
    identity: Arc<Identity>,
    known: KnownPeople,
) -> Config {
    let ring = options.ring_seconds.unwrap_or(settings.ring_seconds);
    Config {
        identity,
        people: Arc::new(StoredPeople(known)),
        who_may_ring: match options.who_may_ring.unwrap_or(settings.who_may_ring) {
            store::WhoMayRing::Everybody => WhoMayRing::Everybody,
            store::WhoMayRing::Known => WhoMayRing::Known,
            store::WhoMayRing::Contacts => WhoMayRing::Contacts,
        },
        name: settings.name.clone(),
        lan: match visibility(options, settings) {
            store::LanVisibility::Everyone => LanVisibility::Everyone,
            store::LanVisibility::Known => LanVisibility::Known,
            store::LanVisibility::Off => LanVisibility::Off,
        },
        carrier: carrier(options, settings),
        relay: relay(options, settings),
        ring: Duration::from_secs(u64::from(ring)),
        video: video(options),
        max_send: max_send(options, settings),
        camera: settings
            .camera
            .clone()
            .map(media::backend::device::DeviceId),
        microphone: settings
            .microphone
            .clone()
            .map(media::backend::device::DeviceId),
        voice: voice(options, settings),
        speaker: settings
            .speaker
            .clone()
            .map(media::backend::device::DeviceId),
        ring_speaker: settings
            .ring_speaker
            .clone()
            .map(media::backend::device::DeviceId),
    }
}

/// What the camera shall deliver.
#[must_use]
pub fn video(options: &Options) -> VideoMode {
    VideoMode {
        size: options.size.unwrap_or(Size::HD),
        fps: options.fps.map_or(FPS, |it| it as f32),
    }
}

fn max_send(options: &Options, settings: &Settings) -> Bitrate {
    let kbps = options.max_kbps.unwrap_or(settings.max_send_kbps);
    Bitrate::from_kbps(u64::from(kbps))
}

/// What the store knows of people, for the engine, which must not know the store.
#[derive(Debug)]
struct StoredPeople(KnownPeople);

impl People for StoredPeople {
    fn relation(&self, address: &Address) -> Relation {
        match self.0.relation(address) {
            store::Relation::Contact => Relation::Contact,
            store::Relation::Known => Relation::Known,
            store::Relation::Stranger => Relation::Stranger,
            store::Relation::Blocked => Relation::Blocked,
        }
    }

    fn familiar(&self) -> Vec<Address> {
        self.0.familiar()
    }

    fn places(&self, address: &Address) -> Vec<SocketAddr> {
        self.0.places(address)
    }

    fn met(&self, address: &Address, places: &[SocketAddr]) {
        self.0.met(address, places);
    }
}

/// The store must not know the phone, which keeps to its own bounds.
const _: () = {
    use call::phone::Config;

    let (least, most) = (Settings::RING_SECONDS.start(), Settings::RING_SECONDS.end());
    assert!(*least as u64 == Config::RING_MIN.as_secs());
    assert!(*most as u64 == Config::RING_MAX.as_secs());
};

/// What cameras do and eyes are used to in a call.
const FPS: f32 = 30.0;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_carries_our_calls_is_the_option_then_the_setting() {
        let settings = Settings {
            carrier: store::Carrier::LiveKit,
            ..Settings::default()
        };
        let mut options = Options::default();
        assert_eq!(carrier(&options, &Settings::default()), Carrier::Direct);
        assert_eq!(carrier(&options, &settings), Carrier::LiveKit);
        options.via = Some(Carrier::Direct);
        assert_eq!(carrier(&options, &settings), Carrier::Direct);
    }

    #[test]
    fn a_voice_is_processed_as_set_and_a_recording_only_when_asked_for() {
        let mut options = Options::default();
        assert_eq!(voice(&options, &Settings::default()), VoiceSettings::SPEECH);
        let settings = Settings {
            noise_suppression: false,
            ..Settings::default()
        };
        let mut wanted = VoiceSettings {
            noise_suppression: false,
            ..VoiceSettings::SPEECH
        };
        assert_eq!(voice(&options, &settings), wanted);
        options.auto_gain = Some(false);
        wanted.auto_gain_control = false;
        assert_eq!(voice(&options, &settings), wanted);
        let chosen = Settings {
            microphone: Some("synthetic".to_owned()),
            ..Settings::default()
        };
        let plain = Options::default();
        assert_eq!(voice(&plain, &chosen), VoiceSettings::UNPROCESSED);
        options.microphone = Some(MicrophoneChoice::Synthetic);
        assert_eq!(voice(&options, &settings), VoiceSettings::UNPROCESSED);
        options.echo_cancellation = Some(true);
        wanted.echo_cancellation = true;
        assert_eq!(voice(&options, &settings), wanted);
    }
}
