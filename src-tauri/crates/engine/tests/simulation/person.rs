//! A person, their machine, and the engine on it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use call::carrier::Carrier;
use call::view::{ActivePhase, CallView, Resume};
use engine::command::Command;
use engine::view::EngineView;
use engine::{Backends, Config, Engine, LanVisibility, Machine, Relation, WhoMayRing};
use identity::{Address, Identity};
use media::backend::camera::VideoMode;
use media::backend::screen::NoScreens;
use media::backend::voice::{Unprocessed, VoiceSettings};
use media::testing::{Dice, Loopback, Uplink};
use media::units::Bitrate;
use tokio::runtime::Runtime;

use crate::codecs::{PlainCodecs, SIZE};
use crate::devices::{Devices, FACES};
use crate::relay::Relay;

/// One of the two.
pub(crate) struct Person {
    pub(crate) name: &'static str,
    side: usize,
    pub(crate) address: Address,
    pub(crate) devices: Devices,
    pub(crate) transport: Loopback,
    pub(crate) uplink: Uplink,
    config: Config,
    backends: Backends,
    machine: Machine,
    /// `None` while their program does not run.
    engine: Option<Engine>,
    /// The last picture of the other side that was shown, and when.
    seen: Option<(u64, Instant)>,
}

impl Person {
    pub(crate) fn new(
        side: usize,
        relation: Relation,
        machine: Machine,
        relay: &Relay,
        transport: Loopback,
    ) -> Self {
        let mut dice = Dice::new(side as u64);
        let seed: [u8; Identity::SEED_LENGTH] = std::array::from_fn(|_| dice.number() as u8);
        let name = NAMES[side];
        let identity = Arc::new(Identity::from_bytes(&seed).unwrap());
        let (devices, uplink) = (Devices::of(side), Uplink::default());
        Self {
            name,
            side,
            address: identity.address(),
            config: Config {
                identity,
                who_may_ring: WhoMayRing::Everybody,
                people: Arc::new(All(relation)),
                name: name.to_owned(),
                lan: LanVisibility::Off,
                carrier: Carrier::Direct,
                relay: Some("ws://relay.invalid".to_owned()),
                ring: call::phone::Config::RING_MIN,
                video: VideoMode {
                    size: SIZE,
                    fps: 10.0,
                },
                max_send: Bitrate::from_kbps(2000),
                camera: None,
                microphone: None,
                voice: VoiceSettings::SPEECH,
                speaker: None,
                ring_speaker: None,
            },
            backends: Backends {
                record: None,
                camera: Arc::new(devices.clone()),
                audio: Arc::new(devices.clone()),
                screen: Arc::new(NoScreens),
                voice: Arc::new(Unprocessed),
                codec: Arc::new(PlainCodecs),
                transport: Arc::new(transport.clone()),
                livekit: Some(Arc::new(transport.clone())),
                network: Arc::new(uplink.clone()),
                relays: Arc::new(relay.clone()),
                lan: None,
            },
            devices,
            transport,
            uplink,
            machine,
            engine: None,
            seen: None,
        }
    }

    /// Their program starts, and remembers nothing of calls.
    pub(crate) fn start(&mut self, runtime: &Runtime) {
        let _context = runtime.enter();
        let (machine, config) = (self.machine.clone(), self.config.clone());
        let engine = Engine::start_on(machine, config, self.backends.clone());
        self.engine = Some(engine.unwrap());
    }

    /// Their program dies, and nobody is told.
    pub(crate) fn die(&mut self, runtime: &Runtime) {
        let _context = runtime.enter();
        self.engine = None;
    }

    /// Takes the engine, to stop it.
    pub(crate) fn take_engine(&mut self) -> Option<Engine> {
        self.engine.take()
    }

    pub(crate) fn lives(&self) -> bool {
        self.engine.is_some()
    }

    /// Presses something; says whether it makes sense now.
    pub(crate) fn press(&self, runtime: &Runtime, command: Command) -> bool {
        let Some(engine) = &self.engine else {
            return false;
        };
        let done = runtime.block_on(engine.command(command));
        assert_ne!(
            done,
            Err(engine::CommandError::Stopped),
            "{}'s control task is gone",
            self.name
        );
        done.is_ok()
    }

    pub(crate) fn view(&self) -> Option<Arc<EngineView>> {
        Some(self.engine.as_ref()?.views().borrow().clone())
    }

    pub(crate) fn call(&self) -> CallView {
        self.view().map_or(CallView::Idle, |it| it.call.clone())
    }

    /// Looks at the screen.
    pub(crate) fn look(&mut self, now: Instant) {
        let Some(engine) = &self.engine else {
            self.seen = None;
            return;
        };
        // Its microphone always hears a voice, whichever fails and comes back.
        let silent = engine.views().borrow().microphone_silent;
        assert!(!silent, "{}'s microphone hears nothing", self.name);
        let feed = engine.remote_picture();
        let sequence = feed.sequence();
        let latest = feed.latest();
        if let Some(picture) = &latest {
            let face = picture.planes()[0][0];
            assert_eq!(face, FACES[1 - self.side], "{} sees another", self.name);
        }
        if latest.is_some() && self.seen.is_none_or(|(seen, _)| seen != sequence) {
            self.seen = Some((sequence, now));
        }
    }

    /// Whether a picture of the other side came lately.
    pub(crate) fn sees(&self, now: Instant) -> bool {
        self.seen.is_some_and(|(_, at)| now < at + LATELY)
    }

    /// Whether sound came out of the speaker lately.
    pub(crate) fn hears(&self, now: Instant) -> bool {
        self.devices.heard().is_some_and(|at| now < at + LATELY)
    }

    /// Whether they say that they send, and what: sound, pictures.
    pub(crate) fn sends(&self) -> (bool, bool) {
        match self.call() {
            CallView::Active { local, .. } => (local.microphone, local.camera),
            CallView::Idle
            | CallView::Outgoing { .. }
            | CallView::Incoming { .. }
            | CallView::Ended { .. } => (false, false),
        }
    }

    /// Whether their call has lost its path.
    pub(crate) fn waits_for_a_path(&self) -> bool {
        matches!(
            self.call(),
            CallView::Active {
                phase: ActivePhase::Reconnecting,
                ..
            }
        )
    }

    /// Whether it rings here, or there for them.
    pub(crate) fn rings(&self) -> bool {
        matches!(
            self.call(),
            CallView::Outgoing { .. } | CallView::Incoming { .. }
        )
    }

    /// What there is to tell of the call, in a few words.
    pub(crate) fn summary(&self) -> String {
        match self.call() {
            CallView::Idle if !self.lives() => "dead".to_owned(),
            CallView::Idle => "idle".to_owned(),
            CallView::Outgoing { call, phase, .. } => format!("outgoing {call} {phase:?}"),
            CallView::Incoming { call, .. } => format!("incoming {call}"),
            CallView::Active {
                call,
                phase,
                local,
                remote,
                culprit,
                ..
            } => {
                let on = |it: bool| if it { "on" } else { "off" };
                format!(
                    "active {call} {phase:?}, microphone {}, camera {}, theirs {} {}, {culprit:?}",
                    on(local.microphone),
                    on(local.camera),
                    on(remote.microphone),
                    on(remote.camera)
                )
            }
            CallView::Ended {
                call,
                reason,
                resume,
                ..
            } => format!("ended {call} {reason:?} {resume:?}"),
        }
    }
}

/// Whether a view is of no call.
pub(crate) fn is_over(view: &CallView) -> bool {
    !view.is_busy()
}

/// Whether it waits for a lost call to go on.
pub(crate) fn is_waiting(view: &CallView) -> bool {
    matches!(
        view,
        CallView::Ended {
            resume: Resume::Waiting,
            ..
        }
    )
}

/// The id of a call that is connected.
pub(crate) fn connected(view: &CallView) -> Option<&str> {
    match view {
        CallView::Active {
            call,
            phase: ActivePhase::Connected,
            ..
        } => Some(call),
        CallView::Idle
        | CallView::Outgoing { .. }
        | CallView::Incoming { .. }
        | CallView::Active { .. }
        | CallView::Ended { .. } => None,
    }
}

/// Everybody is this.
#[derive(Debug)]
struct All(Relation);

impl engine::People for All {
    fn relation(&self, _: &Address) -> Relation {
        self.0
    }
}

const NAMES: [&str; 2] = ["Ada", "Bea"];

/// Three pictures, and more than the jitter buffer holds.
const LATELY: Duration = Duration::from_millis(500);
