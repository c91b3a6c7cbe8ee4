//! The view: what is true now, sent only when it changed.

use std::sync::Arc;
use std::time::Instant;

use call::view::CallView;

use super::{BEATS_PER_LISTING, BEATS_PER_SAMPLE, Control, Desks};
use crate::engine::is_busy;
use crate::event::Event;
use crate::view::{EngineView, RelayView};

impl Control {
    /// What follows from how the call changed.
    pub(super) fn follow_call(&mut self) {
        let view = self.phone.view(self.now());
        if is_busy(&self.seen) && !is_busy(&view) && self.stopping.is_none() {
            self.keep_speaker();
        }
        let micros = crate::timeline::micros_between(self.epoch, Instant::now());
        self.sampler.follow(&view, micros);
        if !remote_camera(&view) {
            if let Some(media) = &self.media {
                media.pictures_pause();
            }
            if self.remote.latest().is_some() {
                self.remote.show(None);
            }
        }
        self.seen = view;
    }

    /// A tenth of a second has passed.
    pub(super) fn on_beat(&mut self, beats: u64) {
        for desk in [
            &mut self.desks.camera,
            &mut self.desks.microphone,
            &mut self.desks.speaker,
        ] {
            desk.beat();
        }
        if beats.is_multiple_of(BEATS_PER_LISTING) {
            self.list_devices();
        }
        if beats.is_multiple_of(BEATS_PER_SAMPLE)
            && let Some(media) = &self.media
        {
            self.sampler.sample(Instant::now(), media);
            if let Some(control) = media.control() {
                let (stats, call, events) = (control.stats(), media.call(), self.events.clone());
                tokio::spawn(async move {
                    let stats = Box::new(stats.await);
                    // Fails only when the engine is gone.
                    let _ = events.send(Event::Figures { call, stats }).await;
                });
            }
        }
    }

    /// Sends the view if it changed.
    pub(super) fn publish(&mut self) {
        let view = EngineView {
            relay: self.relay.clone(),
            call: self.seen.clone(),
            camera: self.desks.camera.view(),
            microphone: self.desks.microphone.view(),
            speaker: self.desks.speaker.view(),
            microphone_level: self.meter(self.microphone_is_watched(), self.microphone.level()),
            remote_level: self.meter(self.media.is_some(), self.playout.level()),
            local_picture: self.desks.camera.is_on() && self.eye.preview.latest().is_some(),
            remote_picture: self.remote.latest().is_some() && remote_camera(&self.seen),
            stats: self
                .media
                .as_ref()
                .and_then(|_| self.sampler.stats())
                .cloned(),
            summary: None,
        };
        self.views.send_if_modified(|current| {
            let changed = differs(current, &view);
            if changed {
                *current = Arc::new(view);
            }
            changed
        });
    }

    /// Whether the microphone's level says something to somebody: every change of it wakes the UI.
    fn microphone_is_watched(&self) -> bool {
        let muted = match &self.seen {
            CallView::Active { local, .. } => !local.microphone,
            CallView::Idle
            | CallView::Outgoing { .. }
            | CallView::Incoming { .. }
            | CallView::Ended { .. } => false,
        };
        self.desks.microphone.is_on() && (self.preview.microphone || muted)
    }

    /// A meter's value in steps that an eye can tell apart, so that silence publishes nothing.
    fn meter(&self, on: bool, level: f32) -> f32 {
        if on {
            (level * METER_STEPS).round() / METER_STEPS
        } else {
            0.0
        }
    }
}

/// The view before anything has happened.
pub(super) fn empty(desks: &Desks) -> EngineView {
    EngineView {
        relay: RelayView::None,
        call: CallView::Idle,
        camera: desks.camera.view(),
        microphone: desks.microphone.view(),
        speaker: desks.speaker.view(),
        microphone_level: 0.0,
        remote_level: 0.0,
        local_picture: false,
        remote_picture: false,
        stats: None,
        summary: None,
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

fn remote_camera(view: &CallView) -> bool {
    match view {
        CallView::Active { remote, .. } => remote.camera,
        CallView::Idle
        | CallView::Outgoing { .. }
        | CallView::Incoming { .. }
        | CallView::Ended { .. } => false,
    }
}

/// 2 % of full scale.
const METER_STEPS: f32 = 50.0;
