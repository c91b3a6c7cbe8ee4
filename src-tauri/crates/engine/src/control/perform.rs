//! Carries out what the phone says: one match from output to effect.

use call::id::{CallId, Peer};
use call::output::{Output, Sound};
use call::view::CallView;
use identity::Address;
use media::sounds;

use super::Control;
use crate::call_media::CallMedia;
use crate::history::Ended;
use crate::tone::Tone;

impl Control {
    /// Carries out one output.
    pub(super) fn perform(&mut self, output: Output) {
        tracing::debug!(?output, "perform");
        match output {
            Output::Send { to, call, bytes } => match to.parse::<Address>() {
                Ok(to) => self.sealing.send(self.clock.now(), to, call, &bytes),
                Err(error) => tracing::error!(%error, "the phone names an address that is none"),
            },
            Output::OpenTransport { call, offerer } => {
                let (transport, news) = (&self.transport, &self.senders.sessions);
                let servers = self.relays.ice_servers();
                let (config, clock) = (&self.config, &self.clock);
                let media =
                    CallMedia::start(call, offerer, transport, config, servers, clock, news);
                self.call.media = Some(media);
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
            Output::SetCapture { microphone, camera } => {
                self.devices.set_capture(microphone, camera);
            }
            Output::Sound(sound) => self.devices.play(tone_of(sound)),
            Output::Ended {
                call,
                peer,
                reason,
                outgoing,
                lasted,
            } => {
                tracing::info!(%call, ?reason, "call ended");
                let relay = self.guest_relay_of(&peer);
                let accepted = !outgoing && self.was_answered(call);
                self.history.ended(Ended {
                    peer,
                    relay,
                    outgoing,
                    accepted,
                    reason,
                    lasted_ms: lasted.map(|it| u64::try_from(it.as_millis()).unwrap_or(u64::MAX)),
                });
            }
            Output::Missed { peer } => {
                let relay = self.guest_relay_of(&peer);
                self.history.missed(self.clock.now(), peer, relay);
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
