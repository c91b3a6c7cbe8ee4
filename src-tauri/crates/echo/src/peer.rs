//! The peer: a second engine that answers one caller and shows them what they sent.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use call::carrier::Carrier;
use call::view::{CallView, Controls};
use devices::EchoDevices;
use engine::command::Command;
use engine::view::RelayView;
use engine::{Backends, Config, Engine, LanVisibility, People, Relation, Subscription, WhoMayRing};
use identity::{Address, Identity, Invite, RelayUrlError};
use media::backend::camera::VideoMode;
use media::backend::codec::CodecBackend;
use media::backend::screen::NoScreens;
use media::backend::voice::{Unprocessed, VoiceSettings};
use media::network::NetworkWatch;
use media::transport::MediaTransport;
use media::units::Bitrate;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout, timeout_at};

use crate::DELAY;
use crate::relay::Relay;

/// Whom the peer answers, and what it is made of. Its devices are its own.
#[derive(Clone, Debug)]
pub struct Setup {
    /// Whom it answers: nobody else on this machine.
    pub caller: Address,
    /// Who it is: a key that was made for test calls.
    pub identity: Arc<Identity>,
    /// Pictures that it sends: their rate is that of the encoder.
    pub video: VideoMode,
    /// The most that it sends.
    pub max_send: Bitrate,
    /// Makes its encoders and decoders.
    pub codec: Arc<dyn CodecBackend>,
    /// Opens its sessions. It must use the addresses that the caller uses: the kernel delivers from
    /// each of them to itself on every system, with any firewall and any route.
    pub transport: Arc<dyn MediaTransport>,
    /// Tells of changes of the network.
    pub network: Arc<dyn NetworkWatch>,
}

/// A running peer. It ends by itself when the call is over, or when none comes within a minute; and
/// when it is dropped.
#[derive(Debug)]
pub struct EchoPeer {
    link: String,
    /// The peer ends when this is dropped.
    running: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

/// Why there is no peer. Trying again can help where the system lacks something.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// No port of this machine can be listened at.
    #[error("cannot listen on this machine: {0}")]
    Listen(#[source] io::Error),
    /// The relay of this machine cannot be named in a link.
    #[error("cannot make a link: {0}")]
    Link(#[from] RelayUrlError),
    /// The system has no thread left.
    #[error("cannot start the other side: {0}")]
    Engine(#[source] io::Error),
    /// The peer does not reach its own relay: something keeps programs of this machine from each
    /// other, or it has too much to do.
    #[error("the other side is not reached within this machine")]
    Unreachable,
}

impl EchoPeer {
    /// The peer's name in its link.
    pub const NAME: &str = "Test call";

    /// Starts one, and waits until it can be called. Needs a tokio runtime.
    ///
    /// # Errors
    /// When the machine lacks a port or a thread, or lets no program reach itself.
    pub async fn start(setup: Setup) -> Result<Self, StartError> {
        let address = setup.identity.address();
        let relay = Relay::start().await.map_err(StartError::Listen)?;
        let link = Invite::new(address)
            .with_relay(relay.url())?
            .with_name(Self::NAME)
            .to_string();
        let devices = EchoDevices::new(DELAY);
        let (config, backends) = parts(setup, relay.url(), &devices);
        let engine = Engine::start(config, backends).map_err(StartError::Engine)?;
        reachable(&engine).await?;
        let (running, ended) = oneshot::channel();
        let task = tokio::spawn(run(engine, relay, devices, ended));
        Ok(Self {
            link,
            running,
            task,
        })
    }

    /// What to dial: an invite link, which leads to the peer's relay.
    #[must_use]
    pub fn link(&self) -> &str {
        &self.link
    }

    /// Ends it, and waits until all is released.
    pub async fn stop(self) {
        drop(self.running);
        if self.task.await.is_err() {
            tracing::error!("the peer of a test call panicked");
        }
    }
}

/// Waits until the peer is at its relay: a caller who comes sooner is told that nobody is there.
async fn reachable(engine: &Engine) -> Result<(), StartError> {
    let mut views = engine.views();
    let online = views.wait_for(|view| view.relay == RelayView::Online);
    match timeout(REACHABLE, online).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(_)) | Err(_) => Err(StartError::Unreachable),
    }
}

/// What the peer's engine starts from.
fn parts(setup: Setup, relay: &str, devices: &EchoDevices) -> (Config, Backends) {
    let config = Config {
        identity: setup.identity,
        people: Arc::new(Only(setup.caller)),
        who_may_ring: WhoMayRing::Contacts,
        name: EchoPeer::NAME.to_owned(),
        lan: LanVisibility::Off,
        carrier: Carrier::Direct,
        relay: Some(relay.to_owned()),
        ring: call::phone::Config::RING_MIN,
        video: setup.video,
        max_send: setup.max_send,
        camera: None,
        microphone: None,
        voice: VoiceSettings::UNPROCESSED,
        speaker: None,
        ring_speaker: None,
    };
    let backends = Backends {
        record: None,
        camera: Arc::new(devices.clone()),
        audio: Arc::new(devices.clone()),
        screen: Arc::new(NoScreens),
        voice: Arc::new(Unprocessed),
        codec: setup.codec,
        transport: setup.transport,
        livekit: None,
        network: setup.network,
        relays: Arc::new(engine::SignalClient),
        lan: None,
    };
    (config, backends)
}

/// Nobody else may ring.
#[derive(Debug)]
struct Only(Address);

impl People for Only {
    fn relation(&self, address: &Address) -> Relation {
        if *address == self.0 {
            Relation::Contact
        } else {
            Relation::Blocked
        }
    }
}

/// Answers one call; `ended` comes when it shall end before.
async fn run(engine: Engine, relay: Relay, devices: EchoDevices, ended: oneshot::Receiver<()>) {
    let showing = show(&engine, devices);
    tokio::select! {
        () = attend(&engine) => sleep(AFTERMATH).await,
        // An error is what dropping the other end makes.
        _ = ended => {}
    }
    drop(showing);
    engine.stop().await;
    relay.stop().await;
}

/// Shows to the devices' camera what the caller shows.
fn show(engine: &Engine, devices: EchoDevices) -> Subscription {
    let feed = engine.remote_picture();
    let pictures = feed.clone();
    feed.subscribe(move || {
        if let Some(picture) = pictures.latest() {
            devices.show(picture);
        }
    })
}

/// Accepts the call that comes, and sends pictures while the caller does, until the call is over.
async fn attend(engine: &Engine) {
    let mut views = engine.views();
    let nobody_comes = Instant::now() + UNCALLED;
    let mut in_call = false;
    loop {
        let view = views.borrow_and_update().clone();
        let command = match &view.call {
            CallView::Idle if !in_call => None,
            CallView::Idle | CallView::Outgoing { .. } | CallView::Ended { .. } => return,
            CallView::Incoming { video, .. } => Some(Command::Accept { video: *video }),
            CallView::Active { wish, remote, .. } => follow(*wish, *remote),
        };
        in_call |= view.call.is_busy();
        // It makes no sense any more where the call has changed meanwhile: the next view tells.
        if let Some(command) = command
            && let Err(error) = engine.command(command).await
        {
            tracing::debug!(%error, "the peer of a test call");
        }
        let changed = async {
            if in_call {
                Ok(views.changed().await)
            } else {
                timeout_at(nobody_comes, views.changed()).await
            }
        };
        if !matches!(changed.await, Ok(Ok(()))) {
            return;
        }
    }
}

/// The camera is on while the caller's is: else it would have nothing to show, and the caller would
/// be told that it is broken.
fn follow(wish: Controls, remote: Controls) -> Option<Command> {
    let on = remote.camera;
    (wish.camera != on).then_some(Command::SetCamera { on })
}

/// A relay on this machine welcomes within milliseconds; a loaded machine may need seconds.
const REACHABLE: Duration = Duration::from_secs(10);

/// How long it waits for its call. Longer than a caller needs whose devices open slowly.
const UNCALLED: Duration = Duration::from_secs(60);

/// How long it stays after the call: the caller's goodbye may be repeated until it is confirmed.
const AFTERMATH: Duration = Duration::from_secs(1);
