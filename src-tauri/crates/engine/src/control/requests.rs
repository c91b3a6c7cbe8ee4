//! What the owner of the engine wants.

use call::carrier::Carrier;
use call::id::{CallId, Peer};
use call::input::{self, Input};
use call::view::CallView;
use identity::Invite;
use media::sounds;

use super::{Control, Request, phone_config};
use crate::command::{Command, CommandError, DeviceRole};
use crate::config::{Config, Relation};
use crate::session;
use crate::tone::Tone;

impl Control {
    pub(super) fn on_request(&mut self, request: Request) {
        match request {
            Request::Command(command, answer) => {
                // The one who asked may have stopped waiting.
                let _ = answer.send(self.on_command(command));
            }
            Request::Ask(places, answer) => self.lan.ask(places, answer),
            Request::Configure(config) => self.on_configure(*config),
            Request::Stop(answer) => {
                self.stopping = Some(answer);
                self.devices.release();
                self.feed(Input::Command(input::Command::End));
                self.feed(Input::Command(input::Command::Dismiss));
                self.relays.close_guest();
            }
        }
    }

    fn on_command(&mut self, command: Command) -> Result<(), CommandError> {
        let wish = match command {
            Command::Dial { to, video, via } => return self.dial(&to, video, via),
            Command::Accept { video } => input::Command::Accept { video },
            Command::Decline => input::Command::Decline,
            Command::End => input::Command::End,
            Command::Resume { video } => input::Command::Resume {
                call: self.fresh_call_id(),
                video,
            },
            Command::Dismiss => input::Command::Dismiss,
            Command::SetMicrophone { live } => input::Command::SetMicrophone(live),
            Command::SetCamera { on } => input::Command::SetCamera(on),
            Command::Share { source } => return self.share(source),
            Command::Say { text } => return self.say(text),
            Command::Typing => input::Command::Typing,
            Command::ReadChat { open } => {
                self.call.chat.read(open);
                return Ok(());
            }
            Command::UseDevice { role, id } => {
                let chosen = match role {
                    DeviceRole::Camera => &mut self.config.camera,
                    DeviceRole::Microphone => &mut self.config.microphone,
                    DeviceRole::Speaker => &mut self.config.speaker,
                };
                *chosen = id;
                // Choosing what failed once more asks to try it again.
                self.devices.try_again(role);
                self.devices.configure(&self.config);
                return Ok(());
            }
            Command::Preview { camera, microphone } => {
                self.devices.set_preview(camera, microphone);
                return Ok(());
            }
            Command::TestSpeaker => {
                self.devices
                    .test_speaker(Tone::Play(sounds::Sound::Connected));
                return Ok(());
            }
            Command::ReconnectRelay => {
                self.relays.reconnect();
                return Ok(());
            }
            Command::Record { wish } => return self.on_record_wish(wish),
            Command::Fault { fault } => return self.fail(fault),
        };
        self.feed(Input::Command(wish));
        Ok(())
    }

    fn dial(&mut self, to: &str, video: bool, via: Option<Carrier>) -> Result<(), CommandError> {
        let via = via.unwrap_or(self.config.carrier);
        if self.transports.of(via).is_none() {
            return Err(CommandError::NoCarrier);
        }
        let invite: Invite = to
            .parse()
            .map_err(|error| CommandError::BadAddress(format!("{error}")))?;
        if invite.address == self.config.identity.address() {
            return Err(CommandError::OwnAddress);
        }
        if self.config.people.relation(&invite.address) == Relation::Blocked {
            return Err(CommandError::Blocked);
        }
        let peer = Peer {
            address: invite.address.to_string(),
            name: invite.name.unwrap_or_default(),
        };
        let call = self.fresh_call_id();
        let dial = Input::Command(input::Command::Dial {
            call,
            video,
            via,
            peer: peer.clone(),
        });
        match self.phone.view(self.now()) {
            CallView::Idle | CallView::Ended { .. } => {}
            // Calling whom calls us is answering, over the link by which their call came.
            CallView::Incoming { peer: caller, .. } if caller.address == peer.address => {
                self.feed(dial);
                return Ok(());
            }
            CallView::Outgoing { .. } | CallView::Incoming { .. } | CallView::Active { .. } => {
                return Err(CommandError::AlreadyInCall);
            }
        }
        if let Some(url) = &invite.relay {
            self.relays.open_guest(invite.address, url);
        }
        if self.relays.far_way(&invite.address).is_none() && !self.lan.may_find() {
            return Err(CommandError::NoRelay);
        }
        self.relays.probe_before_call();
        self.call.guest_relay = invite.relay.map(|url| (peer.address, url));
        self.look_for(invite.address, &invite.lan);
        self.tell_reachable(Some(&invite.address));
        session::span_of(call).in_scope(|| self.feed(dial));
        Ok(())
    }

    fn on_configure(&mut self, config: Config) {
        self.phone
            .configure(phone_config(&config, &self.transports));
        self.set_home(config.relay.as_deref());
        self.lan.configure(&config, &mut self.relays);
        self.devices.configure(&config);
        self.config = config;
    }

    fn fresh_call_id(&self) -> CallId {
        CallId(self.machine.rng.draw())
    }
}
