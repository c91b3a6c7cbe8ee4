//! The view: what is true now, sent only when it changed.

use std::sync::Arc;

use call::view::{ActivePhase, CallView};
use media::backend::voice::VoiceHealth;

use super::Control;
use super::share::is_theirs_shared;
use crate::command::DeviceRole;
use crate::devices::Devices;
use crate::relays::LinkId;
use crate::timeline::micros_between;
use crate::view::{EngineView, LanView, RelayView, ShareView};

impl Control {
    /// What follows from how the call changed.
    pub(super) fn follow_call(&mut self) {
        let view = self.phone.view(self.now());
        if self.call.seen.is_busy() && !view.is_busy() && self.stopping.is_none() {
            self.devices.keep_speaker();
        }
        let micros = micros_between(self.epoch, self.machine.clock.media_now());
        self.call.sampler.follow(&view, micros);
        if !remote_camera(&view) {
            if let Some(media) = &self.call.media {
                media.pictures_pause();
            }
            if self.call.remote.latest().is_some() {
                self.call.remote.show(None);
            }
        }
        if is_reconnecting(&view) && !is_reconnecting(&self.call.seen) {
            self.relays.probe();
        }
        self.relays.set_urgent(waits_for_relay(&view));
        self.call.quality.follow(&view);
        self.call.summary.follow(&view);
        let guest = self.relays.view(LinkId::Guest);
        self.call.summary.guest_relay(&guest);
        self.call.chat.follow(&view);
        self.call.seen = view;
    }

    /// Sends the view if it changed.
    pub(super) fn publish(&mut self) {
        let (call, devices) = (&self.call, &self.devices);
        let in_call = call.media.is_some();
        let remote_level = in_call.then(|| devices.playout().level());
        let view = EngineView {
            relay: self.relay.clone(),
            lan: self.lan.view(),
            call: call.seen.clone(),
            camera: devices.view(DeviceRole::Camera),
            microphone: devices.view(DeviceRole::Microphone),
            speaker: devices.view(DeviceRole::Speaker),
            microphone_level: meter(devices.microphone_level(is_muted(&call.seen))),
            microphone_silent: devices.microphone_is_silent(),
            voice_health: devices.voice_health(),
            remote_level: meter(remote_level),
            local_picture: devices.shows_ourselves(),
            remote_picture: call.remote.latest().is_some() && remote_camera(&call.seen),
            share: self.share.view(),
            remote_screen: call
                .screen
                .latest()
                .filter(|_| is_theirs_shared(&call.seen))
                .map(|it| it.size()),
            stats: call.sampler.stats().filter(|_| in_call).cloned(),
            quality: call.quality.view().filter(|_| in_call),
            summary: call.summary.view(),
            recording: self.recorder.view(self.phone.call()),
            chat: call.chat.view(),
            words: self.words(),
        };
        self.views.send_if_modified(|current| {
            let changed = differs(current, &view);
            if changed {
                *current = Arc::new(view);
            }
            changed
        });
    }

    /// The words of the call, while it is not over.
    fn words(&self) -> Option<[String; 4]> {
        let words = self.sealing.words().filter(|_| self.call.seen.is_busy());
        words.map(|it| it.map(str::to_owned))
    }
}

/// The view before anything has happened.
pub(super) fn empty(devices: &Devices) -> EngineView {
    EngineView {
        relay: RelayView::None,
        lan: LanView::default(),
        call: CallView::Idle,
        camera: devices.view(DeviceRole::Camera),
        microphone: devices.view(DeviceRole::Microphone),
        speaker: devices.view(DeviceRole::Speaker),
        microphone_level: 0.0,
        microphone_silent: false,
        voice_health: VoiceHealth::default(),
        remote_level: 0.0,
        local_picture: false,
        remote_picture: false,
        share: ShareView::default(),
        remote_screen: None,
        stats: None,
        quality: None,
        summary: None,
        recording: None,
        chat: None,
        words: None,
    }
}

/// Whether two views differ in more than the running clock, which the UI counts on by itself.
fn differs(old: &EngineView, new: &EngineView) -> bool {
    let mut stopped = new.clone();
    if let (
        CallView::Active {
            connected_for_ms: Some(old),
            ..
        },
        CallView::Active {
            connected_for_ms: Some(new),
            ..
        },
    ) = (&old.call, &mut stopped.call)
    {
        *new = *old;
    }
    *old != stopped
}

/// Whether the other side says that it sends pictures.
fn remote_camera(view: &CallView) -> bool {
    match view {
        CallView::Active { remote, .. } => remote.camera,
        CallView::Idle
        | CallView::Outgoing { .. }
        | CallView::Incoming { .. }
        | CallView::Ended { .. } => false,
    }
}

/// Whether a call looks for a new path.
fn is_reconnecting(view: &CallView) -> bool {
    match view {
        CallView::Active { phase, .. } => *phase == ActivePhase::Reconnecting,
        CallView::Idle
        | CallView::Outgoing { .. }
        | CallView::Incoming { .. }
        | CallView::Ended { .. } => false,
    }
}

/// Whether a call gets no further, or may be lost, without a relay.
fn waits_for_relay(view: &CallView) -> bool {
    match view {
        CallView::Outgoing { .. } | CallView::Incoming { .. } => true,
        CallView::Active { phase, .. } => match phase {
            ActivePhase::Connecting | ActivePhase::Reconnecting => true,
            ActivePhase::Connected => false,
        },
        CallView::Idle | CallView::Ended { .. } => false,
    }
}

/// Whether the user is in a call and not heard there.
fn is_muted(view: &CallView) -> bool {
    match view {
        CallView::Active { local, .. } => !local.microphone,
        CallView::Idle
        | CallView::Outgoing { .. }
        | CallView::Incoming { .. }
        | CallView::Ended { .. } => false,
    }
}

/// A meter's value in steps that an eye can tell apart, so that silence publishes nothing; zero
/// while there is nothing to meter.
fn meter(level: Option<f32>) -> f32 {
    level.map_or(0.0, |it| (it * METER_STEPS).round() / METER_STEPS)
}

/// 2 % of full scale.
const METER_STEPS: f32 = 50.0;
