//! The media of a session: which streams are received, and what comes back of the sent ones.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use media::transport::{Path, TransportEvent, TransportState};
use rtc::rtcp::payload_feedbacks::picture_loss_indication::PictureLossIndication;
use rtc::rtp_transceiver::rtp_sender::RtpCodecKind;
use tokio::task::JoinSet;
use tracing::Instrument;
use webrtc::media_stream::track_local::TrackLocal;
use webrtc::media_stream::track_remote::TrackRemote;

use super::Task;
use crate::p2p::feedback::Feedback;
use crate::p2p::pace::Pace;
use crate::p2p::receive::{self, StreamEnded};
use crate::rtp::sync::Kind;

/// What is received.
#[derive(Default)]
pub(super) struct Receiving {
    /// The kinds of tracks that came: one of each is received.
    kinds: Vec<Kind>,
    /// A task per track. One that ends says that the library stopped.
    pub(super) tasks: JoinSet<StreamEnded>,
}

impl Task {
    /// Receives a track from now on: the first of its kind.
    pub(super) async fn receive(&mut self, track: Arc<dyn TrackRemote>) {
        let kind = match track.kind().await {
            RtpCodecKind::Audio => Kind::Audio,
            RtpCodecKind::Video => Kind::Video,
            _ => return tracing::warn!("ignored a track of unknown kind"),
        };
        let Receiving { kinds, tasks } = &mut self.receiving;
        if kinds.contains(&kind) {
            return tracing::warn!(?kind, "ignored a second track");
        }
        kinds.push(kind);
        let shared = &self.shared;
        let (rtcp, counters) = (Arc::clone(&shared.rtcp), Arc::clone(&shared.received));
        match kind {
            Kind::Audio => {
                let source = shared.audio_in.clone();
                tasks.spawn(receive::audio(track, rtcp, counters, source).in_current_span());
            }
            Kind::Video => {
                let source = shared.video_in.clone();
                tasks.spawn(receive::video(track, rtcp, counters, source).in_current_span());
            }
        }
    }

    pub(super) async fn take_feedback(&mut self, feedback: Feedback) {
        let shared = &self.shared;
        match feedback {
            Feedback::KeyframeRequested => self.emit(TransportEvent::KeyframeRequested).await,
            Feedback::PacketsShrank(payload) => {
                tracing::warn!(payload, "the path carries no larger packets: they shrink");
                // What was larger is lost, and will be lost again when it is asked for.
                self.emit(TransportEvent::KeyframeRequested).await;
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
                kind,
                fraction_lost,
                rtt,
            } => {
                let index = match kind {
                    Kind::Audio => 0,
                    Kind::Video => 1,
                };
                shared.remote_loss[index].store(fraction_lost.to_bits(), Ordering::Relaxed);
                if let Some(micros) = rtt.and_then(|it| u64::try_from(it.as_micros()).ok()) {
                    let known = &shared.received.rtt_micros;
                    known.store(micros.max(1), Ordering::Relaxed);
                }
            }
        }
    }

    /// Sends a PLI (RFC 4585, 6.3.1) for the pictures that are received, if any ever were.
    pub(super) async fn request_keyframe(&self) {
        let ssrc = self.shared.received.video.ssrc.load(Ordering::Relaxed);
        let media_ssrc = match u32::try_from(ssrc) {
            Ok(0) | Err(_) => return,
            Ok(ssrc) => ssrc,
        };
        let request = PictureLossIndication {
            sender_ssrc: self.shared.clocks.video.ssrc,
            media_ssrc,
        };
        let track = &self.local.video.track;
        if track.write_rtcp(vec![Box::new(request)]).await.is_ok() {
            self.shared.plis.fetch_add(1, Ordering::Relaxed);
        }
    }
}
