//! Carries out what the phone says: one match from output to effect.

use call::id::{CallId, Peer};
use call::output::{Output, Sound};
use call::reason::EndReason;
use identity::Address;
use media::sounds;

use super::Control;
use crate::engine::Ended;
use crate::event::Event;
use crate::session::CallMedia;
use crate::tone::Tone;

impl Control {
    /// Carries out one output.
    pub(super) fn perform(&mut self, output: Output) {
        tracing::debug!(?output, "perform");
        match output {
            Output::Send { to, bytes } => match to.parse::<Address>() {
                Ok(to) => self.relays.send(to, bytes),
                Err(error) => tracing::error!(%error, "the phone names an address that is none"),
            },
            Output::OpenTransport { call, offerer } => {
                let media =
                    CallMedia::start(call, offerer, &self.backends, &self.config, &self.events);
                self.media = Some(media);
            }
            Output::RestartTransport { call } => {
                if let Some(media) = self.media_of(call) {
                    media.restart();
                }
            }
            Output::CloseTransport { call } => self.close_media(call),
            Output::Parcel { call, parcel } => {
                if let Some(media) = self.media_of(call) {
                    media.parcel(parcel);
                }
            }
            Output::Data { call, bytes } => {
                if let Some(media) = self.media_of(call) {
                    media.data(bytes);
                }
            }
            Output::SetCapture { microphone, camera } => self.set_capture(microphone, camera),
            Output::Sound(sound) => self.playout.play(tone_of(sound)),
            Output::Ended {
                call,
                peer,
                reason,
                outgoing,
                lasted,
            } => {
                tracing::info!(%call, ?reason, "call ended");
                let lasted_ms = lasted.map(|it| u64::try_from(it.as_millis()).unwrap_or(u64::MAX));
                self.record(Ended {
                    relay: self.relay_of(&peer),
                    peer,
                    outgoing,
                    reason,
                    lasted_ms,
                });
            }
            Output::Missed { peer } => {
                let reason = EndReason::Missed;
                self.record(Ended {
                    relay: self.relay_of(&peer),
                    peer,
                    outgoing: false,
                    reason,
                    lasted_ms: None,
                });
            }
        }
    }

    fn media_of(&mut self, call: CallId) -> Option<&mut CallMedia> {
        self.media.as_mut().filter(|it| it.call() == call)
    }

    /// Cuts the call's media off at once and releases it beside the loop.
    fn close_media(&mut self, call: CallId) {
        let Some(media) = self.media.take_if(|it| it.call() == call) else {
            return;
        };
        self.microphone.detach();
        self.playout.detach();
        self.eye.set_outlet(None);
        self.sampler.forget();
        self.closing.insert(call);
        if media.is_opening() {
            // It is closed when it is open.
            return;
        }
        let events = self.events.clone();
        tokio::spawn(async move {
            media.close().await;
            // Fails only when the engine is gone.
            let _ = events.send(Event::Closed { call }).await;
        });
    }

    fn relay_of(&self, peer: &Peer) -> Option<String> {
        let (address, url) = self.called_at.as_ref()?;
        (*address == peer.address).then(|| url.clone())
    }

    /// Nobody may be listening for the history.
    fn record(&self, ended: Ended) {
        let _ = self.ended.send(ended);
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
