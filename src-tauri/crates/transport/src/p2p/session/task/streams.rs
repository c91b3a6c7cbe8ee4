//! The media of a session: which streams are received, and what comes back of the sent ones.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use media::transport::{Kind, Path, Stream, Streams, TransportEvent, TransportState};
use rtc::rtcp::payload_feedbacks::picture_loss_indication::PictureLossIndication;
use tokio::task::JoinSet;
use tracing::Instrument;
use webrtc::media_stream::track_local::TrackLocal;
use webrtc::media_stream::track_remote::TrackRemote;

use super::Task;
use crate::p2p::feedback::Feedback;
use crate::p2p::pace::Pace;
use crate::p2p::receive::{Receiver, StreamEnded};

/// What is received.
#[derive(Default)]
pub(super) struct Receiving {
    /// Of which streams a track came: one of each is received.
    begun: Streams<bool>,
    /// A task per track. One that ends says that the library stopped.
    pub(super) tasks: JoinSet<StreamEnded>,
}

impl Task {
    /// Receives a track from now on: the first of its stream.
    pub(super) async fn receive(&mut self, track: Arc<dyn TrackRemote>) {
        let Some(stream) = self.stream_of(&track).await else {
            return tracing::warn!("ignored a track of no stream that is known here");
        };
        let Receiving { begun, tasks } = &mut self.receiving;
        if std::mem::replace(&mut begun[stream], true) {
            return tracing::warn!(?stream, "ignored a second track");
        }
        let receiver = Receiver {
            stream,
            track,
            rtcp: Arc::clone(&self.shared.rtcp),
            counters: Arc::clone(&self.shared.received),
            source: self.shared.input[stream].clone(),
        };
        tasks.spawn(receiver.run().in_current_span());
    }

    /// The stream whose transceiver, and so whose m-line, `track` belongs to.
    async fn stream_of(&self, track: &Arc<dyn TrackRemote>) -> Option<Stream> {
        for (stream, local) in self.local.iter() {
            let receiver = local.transceiver.receiver().await.ok().flatten();
            if receiver.is_some_and(|it| Arc::ptr_eq(it.track(), track)) {
                return Some(stream);
            }
        }
        None
    }

    pub(super) async fn take_feedback(&mut self, feedback: Feedback) {
        let shared = &self.shared;
        match feedback {
            Feedback::KeyframeRequested(stream) => {
                self.emit(TransportEvent::KeyframeRequested(stream)).await;
            }
            Feedback::PacketsShrank(payload) => {
                tracing::warn!(payload, "the path carries no larger packets: they shrink");
                // What was larger is lost, and will be lost again when it is asked for.
                for stream in Stream::ALL {
                    if stream.kind() == Kind::Video && shared.clocks.stream(stream).has_sent() {
                        self.emit(TransportEvent::KeyframeRequested(stream)).await;
                    }
                }
            }
            Feedback::Estimate(mut estimate) => {
                // The estimator's round trip holds the time in which the other side collects
                // packets for a report; that of reception reports does not.
                let micros = shared.received.rtt_micros.load(Ordering::Relaxed);
                if micros > 0 {
                    estimate.rtt = Some(Duration::from_micros(micros));
                }
                if !matches!(self.state, TransportState::Connected(Path::Local)) {
                    let pace = Pace::Estimated(estimate.bitrate);
                    shared.send_parameters.set_pace(pace);
                }
                self.emit(TransportEvent::Estimate(estimate)).await;
            }
            Feedback::Reception {
                stream,
                fraction_lost,
                rtt,
            } => {
                let remote_loss = &shared.feedback[stream].remote_loss;
                remote_loss.store(fraction_lost.to_bits(), Ordering::Relaxed);
                if let Some(micros) = rtt.and_then(|it| u64::try_from(it.as_micros()).ok()) {
                    let known = &shared.received.rtt_micros;
                    known.store(micros.max(1), Ordering::Relaxed);
                }
            }
        }
    }

    /// Sends a PLI (RFC 4585, 6.3.1) for a stream that is received, if anything ever was of it.
    pub(super) async fn request_keyframe(&self, stream: Stream) {
        let received = &self.shared.received.streams[stream];
        let ssrc = received.ssrc.load(Ordering::Relaxed);
        let media_ssrc = match u32::try_from(ssrc) {
            Ok(0) | Err(_) => return,
            Ok(ssrc) => ssrc,
        };
        let request = PictureLossIndication {
            sender_ssrc: self.shared.clocks.stream(stream).ssrc,
            media_ssrc,
        };
        let track = &self.local[stream].track;
        if track.write_rtcp(vec![Box::new(request)]).await.is_ok() {
            let plis = &self.shared.feedback[stream].plis;
            plis.fetch_add(1, Ordering::Relaxed);
        }
    }
}
