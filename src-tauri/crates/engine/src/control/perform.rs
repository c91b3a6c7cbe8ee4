//! Carries out what the phone says: one match from output to effect.

use call::id::{CallId, Peer};
use call::output::{Output, Sound};
use call::reason::EndReason;
use call::view::CallView;
use identity::Address;
use media::sounds;

use super::Control;
use crate::history::Ended;
use crate::tone::Tone;

impl Control {
    /// Carries out one output.
    pub(super) fn perform(&mut self, output: Output) {
        tracing::debug!(?output, "perform");
        match output {
            Output::Send { to, call, bytes } => match to.parse::<Address>() {
                Ok(to) => self
                    .sealing
                    .send(self.machine.clock.now(), to, call, &bytes),
                Err(error) => tracing::error!(%error, "the phone names an address that is none"),
            },
            Output::OpenTransport {
                session,
                offerer,
                via,
            } => self.open_session(session, offerer, via),
            Output::AskForAccess { call, with } => self.ask_for_access(call, &with),
            Output::ReleaseAccess { call } => self.release_access(call),
            Output::UseTransport { session } => self.use_session(session),
            Output::CloseTransport { session } => self.close_session(session),
            Output::Parcel { session, parcel } => {
                if let Some(media) = self.media_of(session.call) {
                    media.parcel(session, parcel);
                }
            }
            Output::Data { session, bytes } => {
                if let Some(media) = self.media_of(session.call) {
                    media.data(session, bytes);
                }
            }
            Output::SetCapture { microphone, camera } => {
                self.devices.set_capture(microphone, camera);
            }
            Output::SetScreen { on } => self.set_screen(on),
            Output::CheckConsent { id, by, agrees } => self.check_consent(id, by, agrees),
            Output::Record { id, ours, theirs } => self.begin_recording(id, &ours, &theirs),
            Output::StopRecording => self.stop_recording(),
            Output::Chat { call, event } => self.on_chat(call, event),
            Output::Sound(sound) => self.devices.play(tone_of(sound)),
            Output::Ended {
                call,
                peer,
                reason,
                outgoing,
                lasted,
            } => {
                tracing::info!(%call, ?reason, "call ended");
                if reason == EndReason::Unreachable
                    && let Ok(to) = peer.address.parse()
                {
                    self.sealing.give_up(to, call);
                }
                let relay = self.guest_relay_of(&peer);
                let accepted = !outgoing && self.was_answered(call);
                let id = call.to_string();
                let (path, quality) = (
                    self.call.summary.path_of(&id),
                    self.call.quality.record(&id),
                );
                self.history.ended(Ended {
                    peer,
                    relay,
                    outgoing,
                    accepted,
                    reason,
                    lasted_ms: lasted.map(|it| u64::try_from(it.as_millis()).unwrap_or(u64::MAX)),
                    path,
                    quality,
                });
            }
            Output::Missed { peer } => {
                let relay = self.guest_relay_of(&peer);
                self.history.missed(self.machine.clock.now(), peer, relay);
            }
        }
    }

    /// Whether this call was answered before the event that is being performed.
    fn was_answered(&self, call: CallId) -> bool {
        matches!(&self.call.seen, CallView::Active { call: seen, .. } if *seen == call.to_string())
    }

    /// The relay of the link by which we called this person last.
    fn guest_relay_of(&self, peer: &Peer) -> Option<String> {
        let (address, url) = self.call.guest_relay.as_ref()?;
        (*address == peer.address).then(|| url.clone())
    }
}

fn tone_of(sound: Sound) -> Tone {
    match sound {
        Sound::Silence => Tone::Silence,
        Sound::RingTone => Tone::Play(sounds::Sound::RingTone),
        Sound::RingBack => Tone::Play(sounds::Sound::RingBack),
        Sound::Connected => Tone::Play(sounds::Sound::Connected),
        Sound::Lost => Tone::Play(sounds::Sound::Lost),
        Sound::Ended => Tone::Play(sounds::Sound::Ended),
    }
}
