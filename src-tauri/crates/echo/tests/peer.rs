//! Whom the peer answers, and that nothing of it is left.

#![expect(clippy::unwrap_used, reason = "the helpers of a test panic")]

use std::sync::Arc;
use std::time::Duration;

use call::carrier::Carrier;
use call::view::{ActivePhase, CallView};
use codec::Codecs;
use devices::{CameraChoice, MicrophoneChoice, SpeakerChoice};
use echo::{EchoPeer, Setup};
use engine::command::Command;
use engine::view::EngineView;
use engine::{Backends, Config, Engine, LanVisibility, SignalClient, Strangers, WhoMayRing};
use identity::{Identity, Invite, RelayUrl};
use media::backend::camera::VideoMode;
use media::backend::screen::NoScreens;
use media::backend::voice::{Unprocessed, VoiceSettings};
use media::units::{Bitrate, Size};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};
use transport::network::SystemNetwork;
use transport::p2p::{self, PeerToPeer};

const SOON: Duration = Duration::from_secs(20);

const VIDEO: VideoMode = VideoMode {
    size: Size::new(320, 180),
    fps: 15.0,
};

fn identity() -> Arc<Identity> {
    Arc::new(Identity::generate().unwrap())
}

async fn peer_for(caller: &Identity) -> EchoPeer {
    let setup = Setup {
        caller: caller.address(),
        identity: identity(),
        video: VIDEO,
        max_send: Bitrate::from_kbps(500),
        codec: Arc::new(Codecs),
        transport: Arc::new(PeerToPeer::new(p2p::Config::default())),
        network: Arc::new(SystemNetwork),
    };
    EchoPeer::start(setup).await.unwrap()
}

/// Somebody without devices and without a relay of their own.
fn somebody(identity: Arc<Identity>) -> Engine {
    let config = Config {
        identity,
        people: Arc::new(Strangers),
        who_may_ring: WhoMayRing::Everybody,
        name: "Ada".to_owned(),
        lan: LanVisibility::Off,
        carrier: Carrier::Direct,
        relay: None,
        ring: Duration::from_secs(20),
        video: VIDEO,
        max_send: Bitrate::from_kbps(500),
        camera: None,
        microphone: None,
        voice: VoiceSettings::UNPROCESSED,
        speaker: None,
        ring_speaker: None,
    };
    let backends = Backends {
        record: None,
        camera: devices::cameras(CameraChoice::None),
        audio: devices::audio(MicrophoneChoice::None, SpeakerChoice::None),
        screen: Arc::new(NoScreens),
        voice: Arc::new(Unprocessed),
        codec: Arc::new(Codecs),
        transport: Arc::new(PeerToPeer::new(p2p::Config::default())),
        livekit: None,
        network: Arc::new(SystemNetwork),
        relays: Arc::new(SignalClient),
        lan: None,
    };
    Engine::start(config, backends).unwrap()
}

async fn dial(engine: &Engine, peer: &EchoPeer) {
    let to = peer.link().to_owned();
    let dial = Command::Dial {
        to,
        video: false,
        via: None,
    };
    engine.command(dial).await.unwrap();
}

async fn until(engine: &Engine, is_it: impl Fn(&CallView) -> bool) {
    let mut views = engine.views();
    let is_it = |view: &Arc<EngineView>| is_it(&view.call);
    let seen = timeout(SOON, views.wait_for(is_it)).await;
    drop(seen.expect("in time").unwrap());
}

fn is_connected(call: &CallView) -> bool {
    matches!(
        call,
        CallView::Active {
            phase: ActivePhase::Connected,
            ..
        }
    )
}

/// Whether something listens where the link leads to.
async fn listens(peer: &EchoPeer) -> bool {
    let invite: Invite = peer.link().parse().unwrap();
    let url: RelayUrl = invite.relay.unwrap().parse().unwrap();
    assert_eq!(url.host(), "127.0.0.1");
    TcpStream::connect((url.host(), url.port())).await.is_ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn it_answers_its_caller_and_is_gone_soon_after_the_call() {
    let ada = identity();
    let peer = peer_for(&ada).await;
    let engine = somebody(ada);
    assert!(listens(&peer).await);
    dial(&engine, &peer).await;
    until(&engine, is_connected).await;
    engine.command(Command::End).await.unwrap();
    until(&engine, |it| !it.is_busy()).await;
    let gone = async {
        while listens(&peer).await {
            sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(SOON, gone).await.unwrap();
    peer.stop().await;
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_answers_nobody_else() {
    let peer = peer_for(&identity()).await;
    let engine = somebody(identity());
    dial(&engine, &peer).await;
    let connected = timeout(Duration::from_secs(3), until(&engine, is_connected)).await;
    assert!(connected.is_err(), "{:?}", engine.views().borrow().call);
    engine.stop().await;
    timeout(SOON, peer.stop()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn it_ends_in_the_middle_of_a_call_when_it_is_stopped_or_dropped() {
    for stop in [true, false] {
        let ada = identity();
        let peer = peer_for(&ada).await;
        let engine = somebody(ada);
        dial(&engine, &peer).await;
        until(&engine, is_connected).await;
        if stop {
            timeout(SOON, peer.stop()).await.unwrap();
        } else {
            drop(peer);
        }
        until(&engine, |it| matches!(it, CallView::Ended { .. })).await;
        engine.stop().await;
    }
}
