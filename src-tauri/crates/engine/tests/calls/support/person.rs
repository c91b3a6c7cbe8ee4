//! A person with a running engine: says what they do and what they see, hear and are told.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use call::id::Peer;
use call::reason::EndReason;
use call::view::{ActivePhase, CallView, Controls, Lacking, OutgoingPhase};
use engine::command::Command;
use engine::view::{EngineView, RelayView};
use engine::{Backends, Clock, Config, Engine, People, Subscription};
use identity::{Address, Identity, Invite};
use media::backend::audio::SAMPLE_RATE_HZ;
use media::backend::camera::VideoMode;
use media::picture::Picture;
use media::testing::Loopback;
use media::units::{Bitrate, Size};

use super::codecs::FaultyCodecs;
use super::device::Device;
use super::devices::Devices;
use super::wait::{BOUND, eventually};

/// One person and their machine.
pub(crate) struct Person {
    pub(crate) name: &'static str,
    pub(crate) devices: Devices,
    pub(crate) transport: Loopback,
    pub(crate) codecs: FaultyCodecs,
    /// `None` once they are dead.
    engine: Option<Engine>,
    address: Address,
    /// The shades of all pictures of the other side that were shown.
    shades: Arc<Mutex<Vec<u8>>>,
    _watching: Subscription,
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
    pub(crate) knows_everybody: bool,
    pub(crate) devices: Devices,
    pub(crate) transport: Loopback,
    pub(crate) clock: Clock,
}

/// Knows everybody or nobody.
#[derive(Debug)]
struct Acquaintances(bool);

impl People for Acquaintances {
    fn knows(&self, _: &Address) -> bool {
        self.0
    }
}

impl Person {
    /// Starts the engine.
    pub(crate) fn at(machine: Machine) -> Self {
        let Machine {
            name,
            relay,
            knows_everybody,
            devices,
            transport,
            clock,
        } = machine;
        let identity = Arc::new(Identity::generate().unwrap());
        let address = identity.address();
        let codecs = FaultyCodecs::default();
        let config = Config {
            identity,
            people: Arc::new(Acquaintances(knows_everybody)),
            name: name.to_owned(),
            relay,
            ring: call::phone::Config::RING_MIN,
            video: VideoMode {
                size: Size::new(64, 48),
                fps: 30.0,
            },
            max_send: Bitrate::from_kbps(2000),
            camera: None,
            microphone: None,
            speaker: None,
            ring_speaker: None,
        };
        let backends = Backends {
            camera: Arc::new(devices.clone()),
            audio: Arc::new(devices.clone()),
            codec: Arc::new(codecs.clone()),
            transport: Arc::new(transport.clone()),
        };
        let engine = Engine::start_with_clock(config, backends, clock).unwrap();
        let shades = Arc::<Mutex<Vec<u8>>>::default();
        let (feed, seen) = (engine.remote_picture(), Arc::clone(&shades));
        let watching = engine.remote_picture().subscribe(move || {
            let picture = feed.latest();
            seen.lock().unwrap().extend(picture.map(|it| shade_of(&it)));
        });
        Self {
            name,
            devices: devices.clone(),
            transport,
            codecs: codecs.clone(),
            engine: Some(engine),
            address,
            shades,
            _watching: watching,
            _waking: Waking { devices, codecs },
        }
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

    // What they do.

    pub(crate) async fn does(&self, command: Command) {
        let done = self.engine().command(command).await;
        done.unwrap_or_else(|error| panic!("{}: {error}", self.name));
    }

    pub(crate) async fn dials(&self, other: &Self) {
        let to = other.address();
        self.does(Command::Dial { to, video: true }).await;
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

    // What they see.

    /// What the engine shows now.
    pub(crate) fn view(&self) -> Arc<EngineView> {
        self.engine().views().borrow().clone()
    }

    /// Waits until the engine shows something like this.
    pub(crate) async fn sees<T>(
        &self,
        what: &str,
        mut look: impl FnMut(&EngineView) -> Option<T>,
    ) -> T {
        let mut views = self.engine().views();
        let seen = async {
            loop {
                let seen = look(&views.borrow_and_update());
                if let Some(seen) = seen {
                    return seen;
                }
                views.changed().await.expect("the engine runs");
            }
        };
        let seen = tokio::time::timeout(BOUND, seen).await;
        seen.unwrap_or_else(|_| panic!("{} waits for {what}: {:#?}", self.name, self.view()))
    }

    pub(crate) async fn is_online(&self) {
        self.sees("the relay", |view| {
            (view.relay == RelayView::Online).then_some(())
        })
        .await;
    }

    pub(crate) async fn is_offline(&self) {
        self.sees("no relay", |view| match view.relay {
            RelayView::Offline { .. } => Some(()),
            RelayView::None | RelayView::Connecting | RelayView::Online => None,
        })
        .await;
    }

    pub(crate) async fn is_idle(&self) {
        self.sees("no call", |view| {
            (view.call == CallView::Idle).then_some(())
        })
        .await;
    }

    /// Waits until somebody calls, and says who.
    pub(crate) async fn is_called(&self) -> Peer {
        self.sees("a call", |view| match &view.call {
            CallView::Incoming { peer, .. } => Some(peer.clone()),
            _ => None,
        })
        .await
    }

    pub(crate) async fn hears_it_ring(&self) {
        self.sees("the other side's ringing", |view| match view.call {
            CallView::Outgoing {
                phase: OutgoingPhase::Ringing,
                ..
            } => Some(()),
            _ => None,
        })
        .await;
    }

    pub(crate) async fn is(&self, wanted: ActivePhase) {
        self.sees(&format!("{wanted:?}"), |view| match view.call {
            CallView::Active { phase, .. } => (phase == wanted).then_some(()),
            _ => None,
        })
        .await;
    }

    pub(crate) async fn is_in_the_call(&self) {
        self.is(ActivePhase::Connected).await;
    }

    pub(crate) async fn ended(&self, wanted: EndReason) {
        assert_eq!(self.is_told_of_an_end().await, wanted, "{}", self.name);
    }

    /// Waits until the call is over, and says why.
    pub(crate) async fn is_told_of_an_end(&self) -> EndReason {
        self.sees("the end", |view| match view.call {
            CallView::Ended { reason, .. } => Some(reason),
            _ => None,
        })
        .await
    }

    /// Waits until they are shown that their sound leaves, or does not.
    pub(crate) async fn sends_sound(&self, on: bool) {
        self.controls(|local, _| local.microphone == on).await;
    }

    /// The same of their picture.
    pub(crate) async fn sends_picture(&self, on: bool) {
        self.controls(|local, _| local.camera == on).await;
    }

    /// Waits until the other side says that its sound leaves, or does not.
    pub(crate) async fn is_sent_sound(&self, on: bool) {
        self.controls(|_, remote| remote.microphone == on).await;
    }

    /// The same of its picture.
    pub(crate) async fn is_sent_picture(&self, on: bool) {
        self.controls(|_, remote| remote.camera == on).await;
    }

    async fn controls(&self, are_right: impl Fn(Controls, Controls) -> bool) {
        self.sees("other controls", |view| match view.call {
            CallView::Active { local, remote, .. } => are_right(local, remote).then_some(()),
            _ => None,
        })
        .await;
    }

    /// Waits until the other side says that it lacks these devices.
    pub(crate) async fn is_told_of_lacking(&self, wanted: Lacking) {
        self.sees(&format!("{wanted:?}"), |view| match view.call {
            CallView::Active { remote_lacking, .. } => (remote_lacking == wanted).then_some(()),
            _ => None,
        })
        .await;
    }

    /// Waits until the other side's newest picture is of this shade.
    pub(crate) async fn sees_shade(&self, shade: u8) {
        let newest = || {
            let shown = self.engine().remote_picture().latest()?;
            (shade_of(&shown).abs_diff(shade) <= SHADES).then_some(())
        };
        eventually(&format!("{} sees shade {shade}", self.name), newest).await;
    }

    /// Whether a picture of this shade was ever shown.
    pub(crate) fn has_seen_shade(&self, shade: u8) -> bool {
        let seen = self.shades.lock().unwrap();
        seen.iter().any(|it| it.abs_diff(shade) <= SHADES)
    }

    /// How many pictures of the other side were shown.
    pub(crate) fn pictures_seen(&self) -> usize {
        self.shades.lock().unwrap().len()
    }

    /// Waits until the speaker has played for this long.
    pub(crate) async fn listens(&self, time: Duration) {
        let heard = self.devices.heard();
        let until = heard.mark() + (time.as_secs_f64() * f64::from(SAMPLE_RATE_HZ)) as usize;
        let played = || (heard.mark() >= until).then_some(());
        eventually(&format!("{}'s speaker plays", self.name), played).await;
    }

    /// Waits until the speaker plays the first note of the ring tone.
    pub(crate) async fn hears_the_ring_tone(&self) {
        let heard = self.devices.heard();
        let rings = || heard.is_loud().then_some(());
        eventually(&format!("{} hears the ring tone", self.name), rings).await;
    }

    /// Waits until the speaker plays this tone.
    pub(crate) async fn hears(&self, hz: u32) {
        let heard = self.devices.heard();
        let now = || heard.now(hz).then_some(());
        eventually(&format!("{} hears {hz} Hz", self.name), now).await;
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

    /// Waits until this many sessions are open.
    pub(crate) async fn has_sessions(&self, count: usize) {
        let open = || (self.transport.open_sessions() == count).then_some(());
        eventually(&format!("{} has {count} sessions", self.name), open).await;
    }

    /// Waits until nothing of a call and no device is held.
    pub(crate) async fn has_released_all(&self) {
        let released = || {
            let running = self.devices.all().map(Device::is_running);
            (self.transport.open_sessions() == 0 && running == [false; 3]).then_some(())
        };
        eventually(&format!("{} holds nothing", self.name), released).await;
    }
}

/// How light a picture is.
fn shade_of(picture: &Picture) -> u8 {
    let luma = picture.planes()[0];
    let sum: usize = luma.iter().map(|it| usize::from(*it)).sum();
    (sum / luma.len()) as u8
}

/// What the design allows for releasing everything.
const SOON: Duration = Duration::from_secs(1);

/// What coding changes of a shade, at most.
const SHADES: u8 = 8;
