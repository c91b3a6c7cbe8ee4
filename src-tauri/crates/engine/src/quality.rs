//! How good the call is, in words: the judges of both directions, fed once a second with figures, with
//! what the other side's receipts say, and with a server's own judgement.
//!
//! Pure: one call of [`CallQuality::second`] is a second. Owned by the control task.

use std::time::Duration;

use call::view::{ActivePhase, CallView, Controls, Culprit, Received};
use media::quality::{Arrival, Facts, Judge};
use media::transport::ConnectionQuality;
use media::units::Size;

use crate::view::{CallStats, QualityView};

/// How good a call was, for the history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallRecord {
    /// What we sent.
    pub send: DirectionRecord,
    /// What the other side sent.
    pub receive: DirectionRecord,
    /// The largest pictures that came; 0 x 0 for none.
    pub largest: Size,
}

/// How good a direction was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DirectionRecord {
    /// Over all seconds.
    pub mean: ConnectionQuality,
    /// In the worst of them.
    pub worst: ConnectionQuality,
    /// Packets lost of a thousand.
    pub lost_per_mille: u16,
}

/// Judges one call at a time, from its first ring until its end is dismissed.
#[derive(Debug, Default)]
pub(crate) struct CallQuality {
    /// The call that is judged.
    call: Option<String>,
    send: Direction,
    receive: Direction,
    path: PathNow,
    /// For how many seconds media has flowed over this path.
    flows_for: u32,
    /// What the two sides sent a second ago.
    sent_before: Option<(Controls, Controls)>,
    /// `totalFreezesDuration` a second ago.
    froze_before: f64,
    largest: Option<Size>,
}

/// What the judges know of the path.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum PathNow {
    /// There was none yet.
    #[default]
    Unknown,
    /// Media flows.
    Found,
    /// It flows no longer.
    Lost,
}

/// One direction: its judge, and what is remembered.
#[derive(Debug, Default)]
struct Direction {
    judge: Judge,
    /// Seconds that were judged.
    seconds: u32,
    /// Levels of them, summed.
    levels: u64,
    /// The worst of them.
    worst: Option<ConnectionQuality>,
    /// Shares of packets lost in them, summed.
    lost: f64,
}

impl CallQuality {
    /// What the UI shows; `None` until something was judged of a call that runs.
    pub(crate) fn view(&self) -> Option<QualityView> {
        (self.send.seconds > 0).then(|| QualityView {
            send: self.send.judge.verdict(),
            receive: self.receive.judge.verdict(),
        })
    }

    /// How good this call was; `None` when nothing was judged of it.
    pub(crate) fn record(&self, call: &str) -> Option<CallRecord> {
        if self.call.as_deref() != Some(call) {
            return None;
        }
        Some(CallRecord {
            send: self.send.record()?,
            receive: self.receive.record()?,
            largest: self.largest.unwrap_or(Size::new(0, 0)),
        })
    }

    /// Takes in the call as it is now. Another call is judged anew.
    pub(crate) fn follow(&mut self, view: &CallView) {
        let call = view.call();
        if self.call.as_deref() != call {
            *self = Self {
                call: call.map(str::to_owned),
                ..Self::default()
            };
        }
        let path = path_of(view);
        if path == self.path {
            return;
        }
        match (self.path, path) {
            (PathNow::Found, PathNow::Lost) => {
                tracing::trace!("the path is lost");
                self.each(Direction::path_lost);
            }
            (PathNow::Lost, PathNow::Found) => {
                tracing::trace!("the path is found");
                self.each(|it| it.judge.path_found());
            }
            (PathNow::Unknown | PathNow::Found | PathNow::Lost, _) => {}
        }
        self.path = path;
        self.flows_for = 0;
        self.sent_before = None;
    }

    /// Takes in the last second of a call whose media flows. `rate` is what the network carries, as a
    /// share of what our pictures need.
    pub(crate) fn second(&mut self, view: &CallView, stats: &CallStats, rate: f64) {
        let CallView::Active {
            phase: ActivePhase::Connected,
            local,
            remote,
            received,
            culprit,
            ..
        } = view
        else {
            return;
        };
        let froze = stats.network.total_freezes_duration;
        let frozen = (froze - self.froze_before).clamp(0.0, 1.0);
        self.froze_before = froze;
        let before = self.sent_before.replace((*local, *remote));
        self.flows_for += 1;
        let Some((local_before, remote_before)) = before.filter(|_| self.flows_for > SETTLES_FOR)
        else {
            return;
        };
        let (local, remote) = (both(*local, local_before), both(*remote, remote_before));
        let sent = sent(stats, local, *received, *culprit, rate);
        let came = came(stats, remote, *culprit, frozen);
        tracing::trace!(send = %json(&sent), receive = %json(&came), "judged");
        self.send.second(&sent);
        self.receive.second(&came);
        let size = Size::new(stats.frame_width, stats.frame_height);
        if size.pixels() > self.largest.map_or(0, Size::pixels) {
            self.largest = Some(size);
        }
    }

    fn each(&mut self, change: impl Fn(&mut Direction)) {
        change(&mut self.send);
        change(&mut self.receive);
    }
}

impl Direction {
    fn second(&mut self, facts: &Facts) {
        let level = self.judge.second(facts).level;
        self.lost += facts.audio_loss.max(facts.video_loss).clamp(0.0, 1.0);
        self.remember(level);
    }

    /// The outage counts as one second: how long it lasts stands beside it as the call's own reason.
    fn path_lost(&mut self) {
        self.judge.path_lost();
        self.remember(self.judge.verdict().level);
    }

    fn remember(&mut self, level: ConnectionQuality) {
        self.seconds += 1;
        self.levels += rank(level);
        self.worst = Some(self.worst.map_or(level, |worst| worst.min(level)));
    }

    fn record(&self) -> Option<DirectionRecord> {
        let seconds = f64::from(self.seconds);
        let mean = (self.levels as f64 / seconds).round() as u64;
        let lost = (self.lost / seconds * 1000.0).round();
        Some(DirectionRecord {
            worst: self.worst?,
            mean: LEVELS.into_iter().find(|it| rank(*it) == mean)?,
            lost_per_mille: lost as u16,
        })
    }
}

/// What is known of what we send.
fn sent(
    stats: &CallStats,
    local: Controls,
    received: Received,
    culprit: Option<Culprit>,
    rate: f64,
) -> Facts {
    let perfect = Facts::PERFECT;
    // A device is not the network, and it has its own line.
    let is_device = culprit.is_some_and(|it| it != Culprit::Network);
    let arrival = match (received.heard, received.seen) {
        _ if is_device => Arrival::All,
        (Some(false), Some(true)) | (Some(true), Some(false)) => Arrival::Part,
        (Some(false), None | Some(false)) | (None, Some(false)) => Arrival::Nothing,
        (None | Some(true), None | Some(true)) => Arrival::All,
    };
    let figures = &stats.network;
    Facts {
        arrival,
        audio_loss: when(local.microphone, figures.remote_audio_loss),
        video_loss: when(local.camera, figures.remote_video_loss),
        round_trip: round_trip(stats),
        rate: if local.camera { rate } else { perfect.rate },
        server: stats.connection_quality,
        ..perfect
    }
}

/// What is known of what the other side sends.
fn came(stats: &CallStats, remote: Controls, culprit: Option<Culprit>, frozen: f64) -> Facts {
    let camera = remote.camera && culprit != Some(Culprit::TheirCamera);
    let sound = !remote.microphone || stats.audio_receive_bitrate > 0.0;
    let pictures = !camera || stats.video_receive_bitrate > 0.0;
    let arrival = match (sound, pictures) {
        (true, true) => Arrival::All,
        (false, true) if camera => Arrival::Part,
        (true, false) if remote.microphone => Arrival::Part,
        (false, _) | (_, false) => Arrival::Nothing,
    };
    let stands_still = camera && stats.frames_per_second_received == 0.0;
    Facts {
        arrival,
        audio_loss: when(remote.microphone, stats.audio_loss),
        video_loss: when(camera, stats.video_loss),
        round_trip: round_trip(stats),
        buffer: seconds(when(remote.microphone, stats.audio_jitter_buffer_delay)),
        concealed: when(remote.microphone, stats.network.concealment),
        frozen: when(camera, if stands_still { 1.0 } else { frozen }),
        server: stats.remote_connection_quality,
        ..Facts::PERFECT
    }
}

/// For the log: traces of calls are made of it, by which judges are tested.
fn json(facts: &Facts) -> String {
    serde_json::to_string(facts).unwrap_or_default()
}

/// What is sent for longer than a second: of what has just begun nothing has come yet.
fn both(now: Controls, before: Controls) -> Controls {
    Controls {
        microphone: now.microphone && before.microphone,
        camera: now.camera && before.camera,
    }
}

/// A figure of something that is sent, else none.
fn when(is_sent: bool, figure: f64) -> f64 {
    if is_sent { figure } else { 0.0 }
}

fn round_trip(stats: &CallStats) -> Duration {
    seconds(stats.current_round_trip_time.unwrap_or_default())
}

fn seconds(figure: f64) -> Duration {
    Duration::try_from_secs_f64(figure).unwrap_or_default()
}

fn path_of(view: &CallView) -> PathNow {
    match view {
        CallView::Active { phase, .. } => match phase {
            ActivePhase::Connecting => PathNow::Unknown,
            ActivePhase::Connected => PathNow::Found,
            ActivePhase::Reconnecting => PathNow::Lost,
        },
        CallView::Idle
        | CallView::Outgoing { .. }
        | CallView::Incoming { .. }
        | CallView::Ended { .. } => PathNow::Unknown,
    }
}

/// Seconds of a path that are not judged: first pictures are on their way, and figures speak of less
/// than a second.
const SETTLES_FOR: u32 = 2;

/// The worst first.
const LEVELS: [ConnectionQuality; 4] = [
    ConnectionQuality::Lost,
    ConnectionQuality::Poor,
    ConnectionQuality::Good,
    ConnectionQuality::Excellent,
];

fn rank(level: ConnectionQuality) -> u64 {
    match level {
        ConnectionQuality::Lost => 0,
        ConnectionQuality::Poor => 1,
        ConnectionQuality::Good => 2,
        ConnectionQuality::Excellent => 3,
    }
}

#[cfg(test)]
mod tests;
