//! The other side itself lies: the certificate of its media is not the one that it announced.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use call::reason::EndReason;
use call::view::CallView;
use devices::{CameraChoice, MicrophoneChoice, SpeakerChoice};
use engine::Engine;
use engine::command::Command;
use futures::StreamExt;
use futures::future::BoxFuture;
use headless::compose;
use headless::options::{self, Options};
use identity::{Address, Identity};
use media::transport::{
    MediaTransport, OpenParams, Parcel, Session, TransportError, TransportEvent,
};
use scenarios::devices::SYNTHETIC;
use scenarios::peer::{Peer, SMALL, address};
use scenarios::relay::Relay;
use scenarios::turn::turn;
use store::{KnownPeople, LanVisibility, Settings};
use transport::p2p::{self, Negotiation, PeerToPeer};

use super::SOON;

/// What `tincan --help` lists for `notSecure`.
const NOT_SECURE: i32 = 23;

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_whose_media_is_not_the_announced_one_is_not_secure() -> Result<()> {
    let _turn = turn().await;
    let homes = tempfile::tempdir()?;
    let relay = Relay::start().await?;
    let home = homes.path().join("bea");
    let to = address(&home).await?;
    let words = ["answer", "--auto", "--once"];
    let mut bea = Peer::start("bea", &home, relay.url(), &all(&words))?;
    bea.online(SOON).await?;
    let (liar, _) = liar(relay.url())?;
    liar.command(Command::Dial {
        to,
        video: true,
        via: None,
    })
    .await?;
    ends_as_not_secure(&mut bea, &liar).await?;
    liar.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_callee_whose_media_is_not_the_announced_one_is_not_secure() -> Result<()> {
    let _turn = turn().await;
    let homes = tempfile::tempdir()?;
    let relay = Relay::start().await?;
    let (liar, to) = liar(relay.url())?;
    let to = to.to_string();
    let home = homes.path().join("ada");
    let mut ada = Peer::start("ada", &home, relay.url(), &all(&["call", &to]))?;
    let rings = |it: &CallView| matches!(it, CallView::Incoming { .. }).then_some(());
    seen(&liar, "a call", rings).await?;
    liar.command(Command::Accept { video: true }).await?;
    ends_as_not_secure(&mut ada, &liar).await?;
    liar.stop().await;
    Ok(())
}

/// The honest side says so, no picture was shown before, and the liar is told.
async fn ends_as_not_secure(honest: &mut Peer, liar: &Engine) -> Result<()> {
    let ended = honest.ended(SOON).await?;
    let lines = honest.lines();
    ensure!(ended.code() == Some(NOT_SECURE), "{ended}: {lines:#?}");
    let connected = lines.iter().any(|it| it["phase"] == "connected");
    ensure!(!connected, "it was connected before: {lines:#?}");
    let over = |it: &CallView| match it {
        CallView::Ended { reason, .. } => Some(*reason),
        CallView::Idle
        | CallView::Outgoing { .. }
        | CallView::Incoming { .. }
        | CallView::Active { .. } => None,
    };
    let told = seen(liar, "the end", over).await?;
    ensure!(told == EndReason::NotSecure, "the liar saw {told:?}");
    Ok(())
}

fn all<'a>(words: &[&'a str]) -> Vec<&'a str> {
    words
        .iter()
        .chain(&SMALL)
        .chain(&SYNTHETIC)
        .copied()
        .collect()
}

/// Waits until the liar sees this.
async fn seen<T>(liar: &Engine, what: &str, is_it: impl Fn(&CallView) -> Option<T>) -> Result<T> {
    let mut views = liar.views();
    let found = async {
        loop {
            let found = is_it(&views.borrow_and_update().call);
            if let Some(found) = found {
                return Ok(found);
            }
            views.changed().await?;
        }
    };
    let limit = tokio::time::timeout(Duration::from_secs(10), found);
    limit.await.with_context(|| format!("no {what}"))?
}

/// The whole engine of an honest program, with a transport that announces another certificate.
fn liar(relay: &str) -> Result<(Engine, Address)> {
    let options = Options {
        relay: Some(options::Relay::At(relay.to_owned())),
        lan: Some(LanVisibility::Off),
        camera: Some(CameraChoice::Synthetic),
        microphone: Some(MicrophoneChoice::Synthetic),
        speaker: Some(SpeakerChoice::None),
        ..Options::default()
    };
    let settings = Settings::default();
    let identity = Identity::generate()?;
    let address = identity.address();
    let known = KnownPeople::default();
    let config = compose::config(&options, &settings, Arc::new(identity), known);
    let mut backends = compose::backends(&options, &settings);
    backends.transport = Arc::new(Lying(PeerToPeer::new(p2p::Config::default())));
    Ok((Engine::start(config, backends)?, address))
}

/// Announces certificates that it does not have.
#[derive(Debug)]
struct Lying(PeerToPeer);

impl MediaTransport for Lying {
    fn open(&self, params: OpenParams) -> BoxFuture<'static, Result<Session, TransportError>> {
        let opening = self.0.open(params);
        Box::pin(async move {
            let mut session = opening.await?;
            session.events = session.events.map(lie).boxed();
            Ok(session)
        })
    }
}

fn lie(event: TransportEvent) -> TransportEvent {
    match event {
        TransportEvent::Parcel(parcel) => TransportEvent::Parcel(changed(&parcel)),
        other @ (TransportEvent::State(_)
        | TransportEvent::Silence(_)
        | TransportEvent::KeyframeRequested(_)
        | TransportEvent::Estimate(_)
        | TransportEvent::Data(_)) => other,
    }
}

/// The same description with another fingerprint.
fn changed(parcel: &Parcel) -> Parcel {
    let mut said = Negotiation::from_parcel(parcel).expect("our own transport made it");
    match &mut said {
        Negotiation::Offer { sdp, .. } | Negotiation::Answer { sdp, .. } => {
            let (before, after) = sdp.split_once(FINGERPRINT).expect("it names a certificate");
            let digit = if after.starts_with('0') { "1" } else { "0" };
            *sdp = format!("{before}{FINGERPRINT}{digit}{}", &after[1..]);
        }
        Negotiation::Candidate { .. } | Negotiation::EndOfCandidates => {}
    }
    said.to_parcel()
}

/// RFC 8122, section 5.
const FINGERPRINT: &str = "a=fingerprint:sha-256 ";
