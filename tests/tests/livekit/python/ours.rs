//! A session of ours with real media: stamped pictures and a tone, encoded and decoded as in a call.

use std::f32::consts::TAU;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
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
use media::synthetic::stamp::Stamp;
use media::time::MediaTime;
use media::transport::{
    FrameSink, FrameSource, Parcel, Role, Session, SessionControl, Stream, Streams, TransportEvent,
    TransportState,
};
use media::units::{Bitrate, Size};
use realfft::RealFftPlanner;
use scenarios::livekit::LiveKit;
use scenarios::sound::HZ;
use serde_json::Value;
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::duo::{Seat, transport};

/// The session. Dropping it ends its threads.
pub(crate) struct Ours {
    pub(crate) control: Arc<dyn SessionControl>,
    /// Under which it encrypts.
    pub(crate) passphrase: String,
    news: mpsc::UnboundedReceiver<News>,
    sending: Arc<Sending>,
}

/// What happens to it, and what it gets.
#[derive(Clone, Debug)]
pub(crate) enum News {
    State(TransportState),
    Data(Bytes),
    Parcel(Parcel),
    /// A picture that was decoded, with the number on its stamp if that can be read.
    Picture(Option<u32>),
    /// A tenth of a second.
    Sound(Tone),
}

/// What prevails in a sound.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tone {
    pub(crate) hz: u32,
    /// Which part of the power it holds, 0 to 1: of noise, which has its peak somewhere too, little.
    pub(crate) pure: f64,
    /// Root mean square, 0 to 1.
    pub(crate) level: f64,
}

/// What is sent, as the call steers it.
#[derive(Debug, Default)]
struct Sending {
    muted: Streams<AtomicBool>,
    keyframe: AtomicBool,
    /// For how long nothing was heard, milliseconds.
    silent_ms: AtomicU64,
}

impl Ours {
    /// Enters a room alone.
    pub(crate) async fn enter(server: &LiveKit, room: &str) -> Result<Self> {
        let url = server.url();
        let seat = Seat::new(&url, room, Role::Offerer);
        let session = seat.take(&transport()).await?;
        let (tell, news) = mpsc::unbounded_channel();
        let sending = Arc::new(Sending::default());
        let Session {
            control,
            out,
            input,
            mut events,
        } = session;
        send(&out, &sending);
        receive(&input, &control, &tell);
        let steered = Arc::clone(&sending);
        tokio::spawn(async move {
            while let Some(event) = events.next().await {
                let news = match event {
                    TransportEvent::State(state) => News::State(state),
                    TransportEvent::Data(bytes) => News::Data(bytes),
                    TransportEvent::Parcel(parcel) => News::Parcel(parcel),
                    TransportEvent::KeyframeRequested(_) => {
                        steered.keyframe.store(true, Ordering::Relaxed);
                        continue;
                    }
                    TransportEvent::Silence(silence) => {
                        let millis = u64::try_from(silence.as_millis()).unwrap_or(u64::MAX);
                        steered.silent_ms.store(millis, Ordering::Relaxed);
                        continue;
                    }
                    TransportEvent::Estimate(_) => continue,
                };
                let _ = tell.send(news);
            }
        });
        let mut ours = Self {
            control,
            passphrase: String::new(),
            news,
            sending,
        };
        let parcel = ours.until("a parcel", |it| match it {
            News::Parcel(parcel) => Some(parcel.clone()),
            _ => None,
        });
        let parcel: Value = serde_json::from_slice(&parcel.await?.0)?;
        let passphrase = parcel["passphrase"].as_str().context("no passphrase")?;
        ours.passphrase = passphrase.to_owned();
        Ok(ours)
    }

    /// For how long nothing was heard of the other side, as the session told last.
    pub(crate) fn silence(&self) -> Duration {
        Duration::from_millis(self.sending.silent_ms.load(Ordering::Relaxed))
    }

    /// Mutes as a call does it: nothing is captured any more, and the server is told.
    pub(crate) fn mute(&self, stream: Stream, muted: bool) {
        self.sending.muted[stream].store(muted, Ordering::Relaxed);
        self.control.mute(stream, muted);
    }

    /// Waits for the first news of which something is `wanted`.
    pub(crate) async fn until<T>(
        &mut self,
        what: &str,
        wanted: impl FnMut(&News) -> Option<T>,
    ) -> Result<T> {
        self.until_within(SOON, what, wanted).await
    }

    /// The same, with another limit.
    pub(crate) async fn until_within<T>(
        &mut self,
        limit: Duration,
        what: &str,
        mut wanted: impl FnMut(&News) -> Option<T>,
    ) -> Result<T> {
        let found = async {
            while let Some(news) = self.news.recv().await {
                if let Some(found) = wanted(&news) {
                    return Ok(found);
                }
                if let News::State(TransportState::Failed(error)) = news {
                    bail!("our session failed: {error}");
                }
            }
            bail!("our session ended")
        };
        let found = timeout(limit, found).await;
        found.with_context(|| format!("did not happen to us in time: {what}"))?
    }

    /// What happens in the next moments.
    pub(crate) async fn news_for(&mut self, time: Duration) -> Vec<News> {
        let mut all = Vec::new();
        let collecting = async {
            while let Some(news) = self.news.recv().await {
                all.push(news);
            }
        };
        let _ = timeout(time, collecting).await;
        all
    }
}

/// What prevails in a tenth of a second.
fn tone(samples: &[f32]) -> Result<Tone> {
    let fft = RealFftPlanner::<f32>::new().plan_fft_forward(samples.len());
    let (mut input, mut spectrum) = (samples.to_vec(), fft.make_output_vec());
    fft.process(&mut input, &mut spectrum)?;
    let power: Vec<f64> = spectrum.iter().map(|it| f64::from(it.norm_sqr())).collect();
    let peak = (0..power.len()).max_by(|a, b| power[*a].total_cmp(&power[*b]));
    let peak = peak.context("no spectrum")?;
    let around = &power[peak.saturating_sub(1)..power.len().min(peak + 2)];
    let squares: f64 = samples.iter().map(|it| f64::from(*it).powi(2)).sum();
    Ok(Tone {
        hz: (peak * HZ / samples.len()) as u32,
        pure: around.iter().sum::<f64>() / power.iter().sum::<f64>().max(1e-9),
        level: (squares / samples.len() as f64).sqrt(),
    })
}

/// Encodes and hands over, on threads of its own, until nobody steers it any more.
fn send(out: &Streams<Arc<dyn FrameSink>>, sending: &Arc<Sending>) {
    let (camera, steered) = (Arc::clone(&out[Stream::Camera]), Arc::downgrade(sending));
    thread::spawn(move || show(&*camera, &steered));
    let (voice, steered) = (Arc::clone(&out[Stream::Voice]), Arc::downgrade(sending));
    thread::spawn(move || sing(&*voice, &steered));
}

fn show(sink: &dyn FrameSink, steered: &Weak<Sending>) -> Result<()> {
    let pattern = Pattern::new(SIZE);
    let mut picture = Picture::black(SIZE);
    let mut encoder = Codecs.video_encoder(VideoTarget {
        size: SIZE,
        fps: 1e6 / INTERVAL.as_micros() as f32,
        bitrate: Bitrate::from_kbps(600),
        content: Content::Camera,
    })?;
    let begun = Instant::now();
    for number in 0.. {
        let at = INTERVAL * number;
        thread::sleep((begun + at).saturating_duration_since(Instant::now()));
        let Some(sending) = steered.upgrade() else {
            break;
        };
        if sending.muted[Stream::Camera].load(Ordering::Relaxed) {
            continue;
        }
        pattern.paint(at, &mut picture);
        Stamp::new(number.into(), at.as_nanos() as u64 + A_MINUTE).write(&mut picture);
        let keyframe = sending.keyframe.swap(false, Ordering::Relaxed);
        if let Some(encoded) = encoder.encode(&picture, keyframe)? {
            sink.send(EncodedFrame {
                time: MediaTime::from_micros(at.as_micros() as i64),
                keyframe: encoded.keyframe,
                payload: encoded.payload,
            });
        }
    }
    Ok(())
}

fn sing(sink: &dyn FrameSink, steered: &Weak<Sending>) -> Result<()> {
    let mut encoder = Codecs.audio_encoder(AudioTarget {
        bitrate: Bitrate::from_kbps(32),
        expected_loss: 0.0,
    })?;
    let (begun, mut payload) = (Instant::now(), Vec::new());
    for number in 0.. {
        let first = number * OPUS_FRAME;
        let at = Duration::from_secs_f64(first as f64 / HZ as f64);
        thread::sleep((begun + at).saturating_duration_since(Instant::now()));
        let Some(sending) = steered.upgrade() else {
            break;
        };
        if sending.muted[Stream::Voice].load(Ordering::Relaxed) {
            continue;
        }
        // The tone repeats every second.
        let angle = |it: usize| TAU * TONE_HZ as f32 * (it % HZ) as f32 / HZ as f32;
        let samples = (first..first + OPUS_FRAME).map(|it| 0.25 * angle(it).sin());
        encoder.encode(&samples.collect::<Vec<_>>(), &mut payload)?;
        sink.send(EncodedFrame {
            time: MediaTime::from_micros(at.as_micros() as i64),
            keyframe: true,
            payload: payload.clone().into(),
        });
    }
    Ok(())
}

/// Decodes what comes and tells of it, on threads of its own, until nobody listens any more.
fn receive(
    input: &Streams<FrameSource>,
    control: &Arc<dyn SessionControl>,
    tell: &mpsc::UnboundedSender<News>,
) {
    let (camera, control) = (input[Stream::Camera].clone(), Arc::downgrade(control));
    let told = tell.clone();
    thread::spawn(move || watch(&camera, &control, &told));
    let (voice, told) = (input[Stream::Voice].clone(), tell.clone());
    thread::spawn(move || listen(&voice, &told));
}

fn watch(
    source: &FrameSource,
    control: &Weak<dyn SessionControl>,
    tell: &mpsc::UnboundedSender<News>,
) -> Result<()> {
    let mut decoder = Codecs.video_decoder()?;
    while !tell.is_closed() {
        let received = match source.pop(A_MOMENT) {
            Ok(received) => received,
            Err(Empty::TimedOut) => continue,
            Err(Empty::Closed) => break,
        };
        match decoder.decode(&received.frame.payload) {
            Ok(Some(picture)) => {
                let [luma, ..] = picture.planes();
                let stamp = Stamp::read(luma, picture.size().width as usize, picture.size());
                let _ = tell.send(News::Picture(stamp.map(Stamp::frame)));
            }
            Ok(None) => {}
            Err(_) => {
                if let Some(control) = control.upgrade() {
                    control.request_keyframe(Stream::Camera);
                }
            }
        }
    }
    Ok(())
}

fn listen(source: &FrameSource, tell: &mpsc::UnboundedSender<News>) -> Result<()> {
    let mut decoder = Codecs.audio_decoder()?;
    let mut heard = Vec::new();
    let mut out = vec![0.0; MAX_OPUS_FRAME];
    while !tell.is_closed() {
        let received = match source.pop(A_MOMENT) {
            Ok(received) => received,
            Err(Empty::TimedOut) => continue,
            Err(Empty::Closed) => break,
        };
        let input = AudioInput::Packet(&received.frame.payload);
        if let Ok(count) = decoder.decode(input, &mut out) {
            heard.extend(out.drain(..count));
            out.resize(MAX_OPUS_FRAME, 0.0);
        }
        while heard.len() >= WINDOW {
            let window: Vec<f32> = heard.drain(..WINDOW).collect();
            let _ = tell.send(News::Sound(tone(&window)?));
        }
    }
    Ok(())
}

/// What we sing.
pub(crate) const TONE_HZ: u32 = 600;

const SIZE: Size = Size::new(640, 360);
/// Between pictures: 15 a second, for two encoders and two decoders share the machine.
const INTERVAL: Duration = Duration::from_micros(66_667);
/// In nanoseconds: keeps the clock of a stamp from its number, for a flat row is none.
const A_MINUTE: u64 = 60_000_000_000;
/// Samples of which the pitch is told, to 10 Hz.
const WINDOW: usize = HZ / 10;
/// Until a thread looks whether it is still wanted.
const A_MOMENT: Duration = Duration::from_millis(100);
/// Long enough for a busy machine.
const SOON: Duration = Duration::from_secs(20);
