//! A person with a running engine, and what they do.

mod senses;
mod shares;

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use call::carrier::Carrier;
use discovery::Lan;
use engine::command::Command;
use engine::{
    Backends, Clock, Config, Dialer, Engine, LanVisibility, Relation, Subscription, WhoMayRing,
};
use identity::{Address, Identity, Invite};
use media::backend::camera::VideoMode;
use media::backend::voice::VoiceSettings;
use media::testing::{Loopback, Uplink};
use media::units::{Bitrate, Size};

use self::senses::shade_of;
use super::codecs::FaultyCodecs;
use super::devices::Devices;
use super::hush::Hush;
use super::local_network::LocalNetwork;
use super::notebook::Notebook;
use super::screens::Screens;

use super::people::Acquaintances;
use super::wait::{BOUND, eventually};

/// One person and their machine.
pub(crate) struct Person {
    pub(crate) name: &'static str,
    pub(crate) devices: Devices,
    pub(crate) screens: Screens,
    pub(crate) transport: Loopback,
    pub(crate) codecs: FaultyCodecs,
    pub(crate) voice: Hush,
    pub(crate) uplink: Uplink,
    /// What they record.
    pub(crate) notebook: Notebook,
    people: Acquaintances,
    config: Config,
    backends: Backends,
    clock: Clock,
    /// `None` while they are dead.
    engine: Option<Engine>,
    address: Address,
    /// The shades of all pictures of the other side that were shown.
    shades: Arc<Mutex<Vec<u8>>>,
    watching: Option<Subscription>,
    _waking: Waking,
}

/// Ends what hangs, or the runtime would wait for it after a failed test.
struct Waking {
    devices: Devices,
    codecs: FaultyCodecs,
}

impl Drop for Waking {
    fn drop(&mut self) {
        self.codecs.release_encoders();
        for device in self.devices.all() {
            device.wakes();
        }
    }
}

/// What a machine is before its engine starts.
#[derive(Debug)]
pub(crate) struct Machine {
    pub(crate) name: &'static str,
    pub(crate) relay: Option<String>,
    /// What all others are to them.
    pub(crate) others: Relation,
    pub(crate) devices: Devices,
    pub(crate) transport: Loopback,
    pub(crate) clock: Clock,
    /// How links to relays are made.
    pub(crate) relays: Arc<dyn Dialer>,
    /// The local network that it is on, and who may see that.
    pub(crate) lan: Option<(LocalNetwork, LanVisibility)>,
}

impl Person {
    /// Starts the engine.
    pub(crate) fn at(machine: Machine) -> Self {
        let Machine {
            name,
            relay,
            others,
            devices,
            transport,
            clock,
            relays,
            lan,
        } = machine;
        let identity = Arc::new(Identity::generate().unwrap());
        let address = identity.address();
        let codecs = FaultyCodecs::default();
        let people = Acquaintances::all(others);
        let config = Config {
            identity,
            who_may_ring: WhoMayRing::Everybody,
            people: Arc::new(people.clone()),
            name: name.to_owned(),
            lan: lan.as_ref().map_or(LanVisibility::Off, |(_, it)| *it),
            carrier: Carrier::Direct,
            relay,
            ring: call::phone::Config::RING_MIN,
            video: VideoMode {
                size: Size::new(64, 48),
                fps: 30.0,
            },
            max_send: Bitrate::from_kbps(2000),
            camera: None,
            microphone: None,
            voice: VoiceSettings::UNPROCESSED,
            speaker: None,
            ring_speaker: None,
        };
        let (uplink, screens) = (Uplink::default(), Screens::default());
        let (notebook, voice) = (Notebook::default(), Hush::default());
        let backends = Backends {
            record: Some(Arc::new(notebook.clone())),
            camera: Arc::new(devices.clone()),
            audio: Arc::new(devices.clone()),
            screen: Arc::new(screens.clone()),
            voice: Arc::new(voice.clone()),
            codec: Arc::new(codecs.clone()),
            transport: Arc::new(transport.clone()),
            livekit: Some(Arc::new(transport.clone())),
            network: Arc::new(uplink.clone()),
            relays,
            lan: lan.map(|(network, _)| Arc::new(network) as Arc<dyn Lan>),
        };
        let mut person = Self {
            name,
            devices: devices.clone(),
            screens,
            transport,
            codecs: codecs.clone(),
            voice,
            uplink,
            notebook,
            people,
            config,
            backends,
            clock,
            engine: None,
            address,
            shades: Arc::default(),
            watching: None,
            _waking: Waking { devices, codecs },
        };
        person.starts();
        person
    }

    /// Their program starts, and remembers nothing of calls.
    pub(crate) fn starts(&mut self) {
        let (config, backends) = (self.config.clone(), self.backends.clone());
        let machine = engine::Machine {
            clock: self.clock.clone(),
            ..engine::Machine::default()
        };
        let engine = Engine::start_on(machine, config, backends).unwrap();
        let (feed, seen) = (engine.remote_picture(), Arc::clone(&self.shades));
        self.watching = Some(engine.remote_picture().subscribe(move || {
            let picture = feed.latest();
            seen.lock().unwrap().extend(picture.map(|it| shade_of(&it)));
        }));
        self.engine = Some(engine);
    }

    /// Their program dies and is started again.
    pub(crate) async fn restarts(&mut self) {
        self.dies();
        self.starts();
        self.is_online().await;
    }

    /// Says whose calls ring.
    pub(crate) async fn is_rung_by(&mut self, who_may_ring: WhoMayRing) {
        self.config.who_may_ring = who_may_ring;
        self.engine().configure(self.config.clone()).await;
    }

    /// Whether noise is taken out of their microphone's sound.
    pub(crate) async fn suppresses_noise(&mut self, noise_suppression: bool) {
        self.config.voice = VoiceSettings {
            noise_suppression,
            ..self.config.voice
        };
        self.engine().configure(self.config.clone()).await;
    }

    /// Says who sees them on local networks.
    pub(crate) async fn is_seen_by(&mut self, lan: LanVisibility) {
        self.config.lan = lan;
        self.engine().configure(self.config.clone()).await;
    }

    /// What somebody is to them from now on.
    pub(crate) fn regards(&self, other: &Self, relation: Relation) {
        self.people.set(other.address, relation);
    }

    /// The key that they are known by.
    pub(crate) const fn key(&self) -> Address {
        self.address
    }

    /// What others dial who are at another relay than this one.
    pub(crate) fn invite(&self, relay: &str) -> String {
        let invite = Invite::new(self.address).with_relay(relay);
        invite.unwrap().with_name(self.name).to_string()
    }

    /// What others dial.
    pub(crate) fn address(&self) -> String {
        self.address.to_string()
    }

    pub(crate) fn engine(&self) -> &Engine {
        self.engine.as_ref().expect("they live")
    }

    pub(crate) async fn does(&self, command: Command) {
        let done = self.engine().command(command).await;
        done.unwrap_or_else(|error| panic!("{}: {error}", self.name));
    }

    pub(crate) async fn dials(&self, other: &Self) {
        let to = other.address();
        self.does(Command::Dial {
            to,
            video: true,
            via: None,
        })
        .await;
    }

    pub(crate) async fn accepts(&self) {
        self.does(Command::Accept { video: true }).await;
    }

    pub(crate) async fn declines(&self) {
        self.does(Command::Decline).await;
    }

    pub(crate) async fn hangs_up(&self) {
        self.does(Command::End).await;
    }

    pub(crate) async fn dismisses(&self) {
        self.does(Command::Dismiss).await;
    }

    pub(crate) async fn mutes(&self) {
        self.does(Command::SetMicrophone { live: false }).await;
    }

    pub(crate) async fn unmutes(&self) {
        self.does(Command::SetMicrophone { live: true }).await;
    }

    pub(crate) async fn turns_camera(&self, on: bool) {
        self.does(Command::SetCamera { on }).await;
    }

    /// Stops the engine. It has to end soon, and to let go of all.
    pub(crate) async fn stops(self) {
        let Self {
            name,
            devices,
            transport,
            engine,
            _waking: waking,
            ..
        } = self;
        let begun = Instant::now();
        if let Some(engine) = engine {
            let stopped = tokio::time::timeout(BOUND, engine.stop()).await;
            assert!(stopped.is_ok(), "{name}'s engine does not stop");
        }
        assert!(begun.elapsed() < SOON, "{name}: {:?}", begun.elapsed());
        assert_eq!(transport.open_sessions(), 0, "{name} holds a session");
        for device in devices.all() {
            assert!(!device.is_running(), "{} runs on", device.info().name);
        }
        // What hung all the time answers now, and nobody wants it any more.
        drop(waking);
        let idle = || {
            let records = devices.all().map(|it| it.record());
            let idle = records.iter().all(|it| it.opening + it.running == 0);
            idle.then_some(())
        };
        eventually(&format!("{name}'s devices are free"), idle).await;
    }

    /// The program dies: nobody is told anything.
    pub(crate) fn dies(&mut self) {
        self.engine = None;
    }

    /// Waits until both encoders are in the middle of something, and keeps them there.
    pub(crate) async fn holds_encoders(&self) {
        self.codecs.hold_encoders();
        let held = || (self.codecs.held_encoders() == 2).then_some(());
        eventually(&format!("{}'s encoders are held", self.name), held).await;
    }
}

/// What the design allows for releasing everything.
const SOON: Duration = Duration::from_secs(1);
