//! Pipelines that cannot be made.

use std::time::Duration;

use media::backend::codec::CodecBackend;
use media::backend::voice::{Unprocessed, VoiceSettings};
use media::testing::{Loopback, Network};
use media::transport::{MediaTransport, OpenParams, Role};
use media::units::{Bitrate, Size};
use tokio::time::timeout;

use super::*;
use crate::gate::Gate;
use crate::microphone::Makers;
use crate::picture::PictureFeed;
use crate::playout::Playout;
use crate::testing::{Codec, PlainCodecs};

/// The media of a call whose session is open, on codecs that lack one, and what is told of it.
async fn without(codec: Codec) -> Option<News> {
    let (transport, epoch) = (
        Loopback::on(&Network::new(1, Instant::now())),
        Instant::now(),
    );
    let params = OpenParams {
        ice_servers: Vec::new(),
        access: None,
        number: 0,
        call: 1,
        role: Role::Offerer,
        max_send: Bitrate::from_kbps(500),
    };
    let session = transport.open(params).await.unwrap();
    let (news, mut told) = mpsc::channel(8);
    let mut media = CallMedia {
        call: CallId(1),
        span: Span::none(),
        news,
        sessions: Sessions::default(),
        plugs: Plugs::default(),
        pipelines: None,
        screens: Screens::default(),
        estimate: None,
        rate: rate::Controller::new(rate::Limits {
            max: Bitrate::from_kbps(500),
            size: Size::new(64, 48),
            fps: 30.0,
        }),
        rtt: None,
        path: None,
        flow: Arc::default(),
    };
    let codecs: Arc<dyn CodecBackend> = Arc::new(PlainCodecs {
        lacks: Some(codec),
        ..PlainCodecs::default()
    });
    let machine = Machine::default();
    let makers = Makers {
        codec: Arc::clone(&codecs),
        voice: Arc::new(Unprocessed),
    };
    let settings = VoiceSettings::UNPROCESSED;
    let microphone = Microphone::start(&machine.threads, makers, settings, epoch).unwrap();
    let playout = Playout::start(&machine, epoch).unwrap();
    let context = Context {
        codec: &codecs,
        microphone: &microphone,
        camera_gate: &Gate::default(),
        playout: &playout,
        remote: &PictureFeed::default(),
        screen: &PictureFeed::default(),
        machine: &machine,
        epoch,
    };
    let id = SessionId {
        call: CallId(1),
        number: 0,
    };
    media.opened(id, session, &context).unwrap();
    let broken = async {
        loop {
            match told.recv().await {
                Some(News::Transport { .. }) => {}
                other => return other,
            }
        }
    };
    timeout(Duration::from_secs(10), broken).await.unwrap()
}

#[tokio::test]
async fn a_codec_that_cannot_be_made_breaks_the_call() {
    for codec in [
        Codec::VideoEncoder,
        Codec::VideoDecoder,
        Codec::AudioEncoder,
        Codec::AudioDecoder,
    ] {
        let told = without(codec).await;
        assert!(
            matches!(told, Some(News::Broken { call: CallId(1) })),
            "{codec:?}: {told:?}"
        );
    }
}
