//! Devices follow what is wanted: opened and closed on blocking threads, one at a time per role.

use std::sync::Arc;
use std::time::{Duration, Instant};

use call::input::Input;
use call::view::{CallView, Lacking};
use media::backend::device::DeviceId;
use media::picture::Captured;
use media::sounds;

use super::{Capture, Control, Told};
use crate::command::DeviceRole;
use crate::device::{Desk, Lists, Step};
use crate::event::Event;
use crate::tone::Tone;

impl Control {
    /// The phone wants the gates like this. A gate shuts before this returns; it opens when its
    /// device runs. Devices follow, and the phone is answered, when the event is settled.
    pub(super) fn set_capture(&mut self, microphone: bool, camera: bool) {
        self.capture.microphone = microphone;
        self.capture.camera = camera;
        self.capture.asked = true;
        self.set_gates();
    }

    /// News of a device.
    pub(super) fn on_device(&mut self, event: Event) {
        match event {
            Event::DeviceOpened { role, turn, result } => {
                let step = self.desk(role).opened(turn, result);
                self.take(role, step);
            }
            Event::DeviceClosed { role } => {
                if role == DeviceRole::Camera {
                    // A picture may have come while the camera was being closed.
                    self.eye.close();
                }
                let step = self.desk(role).closed();
                self.take(role, step);
            }
            Event::DeviceFailed { role, turn, error } => {
                let step = self.desk(role).failed(turn, &error);
                self.take(role, step);
            }
            Event::Devices(lists) => {
                self.listing = false;
                for (role, list) in [
                    (DeviceRole::Camera, lists.cameras),
                    (DeviceRole::Microphone, lists.microphones),
                    (DeviceRole::Speaker, lists.speakers),
                ] {
                    let step = self.desk(role).list(list);
                    self.take(role, step);
                }
            }
            other => tracing::error!(?other, "no news of a device"),
        }
    }

    /// Uses another device of a role from now on.
    pub(super) fn choose(&mut self, role: DeviceRole, id: Option<DeviceId>) {
        let step = self.desk(role).choose(id);
        self.take(role, step);
    }

    /// Makes every role follow what is wanted now, and tells the phone what became true.
    pub(super) fn reconcile_devices(&mut self) {
        let running = self.stopping.is_none();
        // While it rings on either side the devices warm up, and people see themselves; nothing
        // of it leaves before the phone opens the gates.
        let (ringing, calling, showing) = match self.phone.view(self.now()) {
            CallView::Idle | CallView::Ended { .. } => (false, false, false),
            CallView::Incoming { .. } => (true, false, true),
            CallView::Outgoing { local, .. } => (false, true, local.camera),
            CallView::Active { .. } => (false, true, false),
        };
        let ring_speaker = self.config.ring_speaker.as_ref().filter(|_| ringing);
        let speaker = ring_speaker.or(self.config.speaker.as_ref()).cloned();
        self.choose(DeviceRole::Speaker, speaker);
        let tail = self
            .speaker_until
            .is_some_and(|until| Instant::now() < until);
        for (role, wanted) in [
            (
                DeviceRole::Camera,
                self.preview.camera || showing || self.capture.camera,
            ),
            (
                DeviceRole::Microphone,
                self.preview.microphone || calling || self.capture.microphone,
            ),
            (DeviceRole::Speaker, ringing || calling || tail),
        ] {
            let step = self.desk(role).want(wanted && running);
            self.take(role, step);
        }
        self.set_gates();
        self.tell_capture();
    }

    /// A short tone on the chosen speaker.
    pub(super) fn test_speaker(&mut self) {
        self.speaker_until = Some(Instant::now() + TEST);
        self.playout.play(Tone::Play(sounds::Sound::Connected));
    }

    /// Keeps the speaker for the sound that follows a call.
    pub(super) fn keep_speaker(&mut self) {
        self.speaker_until = Some(Instant::now() + TAIL);
    }

    /// What the camera sees now, if it is ours to send.
    pub(super) fn camera_picture(&self) -> Option<Captured> {
        if !(self.capture.camera && self.desks.camera.is_on()) {
            return None;
        }
        let picture = self.eye.preview.latest()?;
        Some(Captured {
            picture,
            at: Instant::now(),
        })
    }

    /// Looks for devices beside the loop, one look at a time.
    pub(super) fn list_devices(&mut self) {
        if std::mem::replace(&mut self.listing, true) {
            return;
        }
        let (backends, events) = (self.backends.clone(), self.events.clone());
        tokio::task::spawn_blocking(move || {
            let audio = backends.audio.list().unwrap_or_else(|error| {
                tracing::debug!(%error, "sound devices cannot be listed");
                Default::default()
            });
            let cameras = backends.camera.list().unwrap_or_else(|error| {
                tracing::debug!(%error, "cameras cannot be listed");
                Vec::new()
            });
            let lists = Lists {
                cameras,
                microphones: audio.microphones,
                speakers: audio.speakers,
            };
            // Fails only when the engine is gone.
            let _ = events.blocking_send(Event::Devices(lists));
        });
    }

    /// Opens a gate only in front of a device that runs, and shuts it at once.
    fn set_gates(&mut self) {
        self.microphone
            .set_gate(self.capture.microphone && self.desks.microphone.is_on());
        let sender = self.media.as_ref().and_then(|it| it.sender());
        let outlet = sender.filter(|_| self.capture.camera).map(|it| it.slot());
        self.eye.set_outlet(outlet);
    }

    /// Tells the phone what is true of the gates, each for itself: a camera that takes its time must
    /// not hide that the microphone is live.
    fn tell_capture(&mut self) {
        let Capture { told, asked, .. } = self.capture;
        let (wanted, desks) = (&self.capture, &self.desks);
        let truth = Told {
            microphone: is_open(wanted.microphone, &desks.microphone, told.microphone),
            camera: is_open(wanted.camera, &desks.camera, told.camera),
        };
        if !asked && told == truth {
            return;
        }
        self.capture.told = truth;
        self.capture.asked = false;
        self.feed(Input::Capture {
            microphone: truth.microphone,
            camera: truth.camera,
            lacking: Lacking::default(),
        });
    }

    pub(super) fn desk(&mut self, role: DeviceRole) -> &mut Desk {
        match role {
            DeviceRole::Camera => &mut self.desks.camera,
            DeviceRole::Microphone => &mut self.desks.microphone,
            DeviceRole::Speaker => &mut self.desks.speaker,
        }
    }

    pub(super) fn take(&mut self, role: DeviceRole, step: Step) {
        match step {
            Step::Rest => {}
            Step::Open { turn, id } => self.open(role, turn, id),
            Step::Close(stream) => {
                if role == DeviceRole::Camera {
                    self.eye.close();
                }
                let events = self.events.clone();
                tokio::task::spawn_blocking(move || {
                    drop(stream);
                    // Fails only when the engine is gone.
                    let _ = events.blocking_send(Event::DeviceClosed { role });
                });
            }
        }
    }

    fn open(&self, role: DeviceRole, turn: u64, id: Option<DeviceId>) {
        let (camera, audio) = (
            Arc::clone(&self.backends.camera),
            Arc::clone(&self.backends.audio),
        );
        let (mode, events) = (self.config.video, self.events.clone());
        let (eye, own) = (self.eye.clone(), self.events.clone());
        let microphone = (role == DeviceRole::Microphone)
            .then(|| self.microphone.sink(self.events.clone(), turn));
        let speaker =
            (role == DeviceRole::Speaker).then(|| self.playout.source(self.events.clone(), turn));
        tokio::task::spawn_blocking(move || {
            let result = match (microphone, speaker) {
                (Some(sink), _) => audio.open_microphone(id.as_ref(), sink),
                (None, Some(source)) => audio.open_speaker(id.as_ref(), source),
                (None, None) => camera.open(id.as_ref(), mode, eye.sink(own, turn)),
            };
            // Fails only when the engine is gone; then the device closes by being dropped.
            let _ = events.blocking_send(Event::DeviceOpened { role, turn, result });
        });
    }
}

/// Whether a gate counts as open. What was `told` to be on stays on while it changes devices.
fn is_open(wanted: bool, desk: &Desk, told: bool) -> bool {
    wanted && (desk.is_on() || (told && desk.is_opening()))
}

/// How long the speaker stays for the sound of an ended call.
const TAIL: Duration = Duration::from_millis(900);

/// How long the speaker stays for a test tone.
const TEST: Duration = Duration::from_millis(1500);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gate_is_open_when_its_device_runs_or_is_being_changed() {
        let mut desk = Desk::new(None);
        let Step::Open { .. } = desk.want(true) else {
            panic!("it is wanted");
        };
        assert!(
            !is_open(true, &desk, false),
            "on its way for the first time"
        );
        assert!(is_open(true, &desk, true), "another device of the role");
        assert!(!is_open(false, &desk, true), "shut is shut");
    }
}
