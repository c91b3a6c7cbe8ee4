//! Chromium as an independent peer: our transport and our codecs against a browser that knows
//! nothing of them, pictures and sound both ways for twenty seconds, with either side offering.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use codec::Codecs;
use futures::StreamExt;
use media::backend::codec::{
    AudioInput, AudioTarget, CodecBackend, Content, MAX_OPUS_FRAME, OPUS_FRAME, VideoTarget,
};
use media::frame::EncodedFrame;
use media::picture::Picture;
use media::queue::Empty;
use media::synthetic::pattern::Pattern;
use media::synthetic::voice::Voice;
use media::time::MediaTime;
use media::transport::{
    FrameSink, FrameSource, MediaTransport, OpenParams, Role, Stream, TransportEvent,
};
use media::units::{Bitrate, Size};
use scenarios::browser::{Browser, Pictures, Source};
use scenarios::material::material;
use scenarios::screen::Screen;
use scenarios::turn::{missing, skip, turn};
use serde_json::json;
use transport::p2p::{Config, Negotiation, PeerToPeer};

const SECONDS: u64 = 20;

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_takes_our_offer() -> Result<()> {
    talk(Role::Offerer).await
}

#[tokio::test(flavor = "multi_thread")]
async fn we_take_the_offer_of_a_browser() -> Result<()> {
    talk(Role::Answerer).await
}

async fn talk(role: Role) -> Result<()> {
    let _turn = turn().await;
    if let Some(program) = missing(&["Xvfb", "chromium", "chromedriver"]) {
        skip(
            &format!("chromium ({role:?})"),
            &format!("there is no {program}"),
        );
        return Ok(());
    }
    let material = material().await?;
    let screen = Screen::start(1080, 720).await?;
    let source = Source {
        pictures: Pictures::Stamped,
        speech: &material.speech[0],
    };
    let browser = Browser::open("chromium", &screen, &source).await?;
    let transport = PeerToPeer::new(Config::default());
    let params = OpenParams {
        ice_servers: Vec::new(),
        access: None,
        number: 0,
        call: 1,
        role,
        max_send: Bitrate::from_kbps(2_500),
    };
    let mut session = transport.open(params).await?;
    let ours = Arc::new(Ours::default());
    let workers = [
        thread::spawn(show(&ours, Arc::clone(&session.out[Stream::Camera]))),
        thread::spawn(say(&ours, Arc::clone(&session.out[Stream::Voice]))),
        thread::spawn(watch(&ours, session.input[Stream::Camera].clone())),
        thread::spawn(listen(&ours, session.input[Stream::Voice].clone())),
    ];
    match role {
        Role::Offerer => browser.connect(&json!([])).await?,
        Role::Answerer => {
            browser.connect(&json!([{ "label": "control" }])).await?;
            let sdp = browser.offer().await?;
            session
                .control
                .parcel(Negotiation::Offer { sdp, clocks: None }.to_parcel());
        }
    }
    let until = Instant::now() + Duration::from_secs(SECONDS);
    while Instant::now() < until {
        let event = tokio::time::timeout(Duration::from_millis(100), session.events.next()).await;
        match event {
            Ok(Some(TransportEvent::Parcel(parcel))) => {
                let said = Negotiation::from_parcel(&parcel)?;
                if let Some(answer) = told(&browser, said).await? {
                    session.control.parcel(answer.to_parcel());
                }
            }
            Ok(Some(TransportEvent::KeyframeRequested(_))) => {
                ours.keyframe.store(true, Ordering::Relaxed);
            }
            Ok(Some(
                TransportEvent::State(_)
                | TransportEvent::Silence(_)
                | TransportEvent::Estimate(_)
                | TransportEvent::Data(_),
            ))
            | Err(_) => {}
            Ok(None) => anyhow::bail!("our session ended"),
        }
        for candidate in browser.candidates().await? {
            session
                .control
                .parcel(candidate_of(&candidate)?.to_parcel());
        }
    }
    let theirs = browser.figures().await?;
    ours.over.store(true, Ordering::Relaxed);
    for worker in workers {
        worker.join().ok().context("a worker panicked")??;
    }
    session.control.close().await;
    browser.close().await?;
    ensure!(theirs["connection"] == "connected", "{theirs:#}");
    let decoded = theirs["video"]["framesDecoded"].as_u64().unwrap_or(0);
    ensure!(
        decoded > ENOUGH_PICTURES,
        "the browser saw {decoded} pictures: {theirs:#}"
    );
    let energy = theirs["audio"]["totalAudioEnergy"].as_f64().unwrap_or(0.0);
    ensure!(energy > 0.001, "the browser heard {energy}: {theirs:#}");
    let seen = ours.seen.load(Ordering::Relaxed);
    ensure!(seen > ENOUGH_PICTURES, "we saw {seen} pictures: {theirs:#}");
    let heard = ours.heard.load(Ordering::Relaxed);
    ensure!(heard > 200, "we heard {heard} packets of sound: {theirs:#}");
    Ok(())
}

/// Half of what twenty seconds bring on an idle machine.
const ENOUGH_PICTURES: u64 = 10 * SECONDS;

/// Tells the browser what our session says, and returns what it answers.
async fn told(browser: &Browser, said: Negotiation) -> Result<Option<Negotiation>> {
    match said {
        Negotiation::Offer { sdp, .. } => {
            let sdp = browser.answer(&sdp).await?;
            return Ok(Some(Negotiation::Answer { sdp, clocks: None }));
        }
        Negotiation::Answer { sdp, .. } => browser.accept(&sdp).await?,
        Negotiation::Candidate {
            candidate,
            sdp_mid,
            sdp_mline_index,
        } => {
            let init = json!({
                "candidate": candidate,
                "sdpMid": sdp_mid,
                "sdpMLineIndex": sdp_mline_index,
            });
            browser.add_candidate(&init).await?;
        }
        Negotiation::EndOfCandidates => {}
    }
    Ok(None)
}

fn candidate_of(init: &serde_json::Value) -> Result<Negotiation> {
    let index = init["sdpMLineIndex"]
        .as_u64()
        .map(u16::try_from)
        .transpose()?;
    Ok(Negotiation::Candidate {
        candidate: init["candidate"]
            .as_str()
            .context("a candidate has a line")?
            .to_owned(),
        sdp_mid: init["sdpMid"].as_str().map(ToOwned::to_owned),
        sdp_mline_index: index,
    })
}

/// What our side does and gets.
#[derive(Default)]
struct Ours {
    over: AtomicBool,
    keyframe: AtomicBool,
    seen: AtomicU64,
    heard: AtomicU64,
}

impl Ours {
    fn over(&self) -> bool {
        self.over.load(Ordering::Relaxed)
    }
}

fn show(ours: &Arc<Ours>, sink: Arc<dyn FrameSink>) -> impl FnOnce() -> Result<()> + Send + use<> {
    let ours = Arc::clone(ours);
    move || {
        let size = Size::new(1280, 720);
        let target = VideoTarget {
            size,
            fps: 30.0,
            bitrate: Bitrate::from_kbps(2_000),
            content: Content::Camera,
        };
        let mut encoder = Codecs.video_encoder(target)?;
        let (pattern, mut picture) = (Pattern::new(size), Picture::black(size));
        let begun = Instant::now();
        for number in 1_u64.. {
            let at = begun.elapsed();
            pattern.paint(at, &mut picture);
            let keyframe = ours.keyframe.swap(false, Ordering::Relaxed);
            if let Some(encoded) = encoder.encode(&picture, keyframe)? {
                let time = MediaTime::from_micros(i64::try_from(at.as_micros())?);
                let (keyframe, payload) = (encoded.keyframe, encoded.payload);
                sink.send(EncodedFrame {
                    time,
                    keyframe,
                    payload,
                });
            }
            if ours.over() {
                break;
            }
            let due = Duration::from_micros(number * 1_000_000 / 30);
            thread::sleep(due.saturating_sub(begun.elapsed()));
        }
        Ok(())
    }
}

fn say(ours: &Arc<Ours>, sink: Arc<dyn FrameSink>) -> impl FnOnce() -> Result<()> + Send + use<> {
    let ours = Arc::clone(ours);
    move || {
        let target = AudioTarget {
            bitrate: Bitrate::from_kbps(32),
            expected_loss: 0.0,
        };
        let mut encoder = Codecs.audio_encoder(target)?;
        let (voice, mut samples) = (Voice::new(), [0.0; OPUS_FRAME]);
        let begun = Instant::now();
        for number in 0_u64.. {
            voice.fill(number * OPUS_FRAME as u64, &mut samples);
            let mut packet = Vec::new();
            encoder.encode(&samples, &mut packet)?;
            let time = MediaTime::from_micros(i64::try_from(number * 20_000)?);
            sink.send(EncodedFrame {
                time,
                keyframe: true,
                payload: Bytes::from(packet),
            });
            if ours.over() {
                break;
            }
            let due = Duration::from_millis((number + 1) * 20);
            thread::sleep(due.saturating_sub(begun.elapsed()));
        }
        Ok(())
    }
}

fn watch(ours: &Arc<Ours>, source: FrameSource) -> impl FnOnce() -> Result<()> + Send + use<> {
    let ours = Arc::clone(ours);
    move || {
        let mut decoder = Codecs.video_decoder()?;
        while !ours.over() {
            match source.pop(Duration::from_millis(200)) {
                Ok(received) => {
                    // A picture whose references are lost is the jitter buffer's business.
                    if let Ok(Some(_)) = decoder.decode(&received.frame.payload) {
                        ours.seen.fetch_add(1, Ordering::Relaxed);
                    }
                }
                Err(Empty::TimedOut) => {}
                Err(Empty::Closed) => break,
            }
        }
        Ok(())
    }
}

fn listen(ours: &Arc<Ours>, source: FrameSource) -> impl FnOnce() -> Result<()> + Send + use<> {
    let ours = Arc::clone(ours);
    move || {
        let mut decoder = Codecs.audio_decoder()?;
        let mut samples = [0.0; MAX_OPUS_FRAME];
        while !ours.over() {
            match source.pop(Duration::from_millis(200)) {
                Ok(received) => {
                    let input = AudioInput::Packet(&received.frame.payload);
                    let count = decoder.decode(input, &mut samples)?;
                    let loud = samples[..count].iter().any(|sample| sample.abs() > 0.01);
                    ours.heard.fetch_add(u64::from(loud), Ordering::Relaxed);
                }
                Err(Empty::TimedOut) => {}
                Err(Empty::Closed) => break,
            }
        }
        Ok(())
    }
}
