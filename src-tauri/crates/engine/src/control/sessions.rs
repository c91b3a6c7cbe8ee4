//! What becomes of the sessions of a call.

use std::sync::Arc;

use call::carrier::Carrier;
use call::id::{CallId, SessionId};
use call::input::{self, Input, ServerFault};
use media::transport::{
    OpenParams, Role, Session, Stream, TransportError, TransportEvent, TransportState,
};
use tokio::sync::oneshot;

use super::Control;
use crate::call_media::{CallMedia, Context, GivenUp};
use crate::session::{self, News, Screen};
use crate::view::ShareProblem;

impl Control {
    pub(super) fn on_session(&mut self, news: News) {
        match news {
            News::Opened { id, session } => self.on_opened(id, session),
            News::Transport { id, event } => self.on_transport(id, event),
            News::Figures { id, stats } => {
                if self.is_in_use(id) {
                    self.call.sampler.transport(*stats);
                }
            }
            News::Broken { call } => self.feed(Input::Broken { call }),
            News::ScreenBroken { call, screen } => {
                if let Some(media) = self.media_of(call).filter(|it| it.is_current(screen)) {
                    match screen {
                        Screen::Ours(_) => self.share.fail(ShareProblem::Failed),
                        Screen::Theirs(_) => media.give_up_their_screen(),
                    }
                }
            }
            News::Closed { id } => self.on_closed(id),
        }
    }

    /// The media of this call, while it has any.
    pub(super) fn media_of(&mut self, call: CallId) -> Option<&mut CallMedia> {
        self.call.media.as_mut().filter(|it| it.call() == call)
    }

    fn is_in_use(&mut self, id: SessionId) -> bool {
        self.media_of(id.call).is_some_and(|it| it.is_in_use(id))
    }

    /// Starts to open a session with the help of the servers that our relays name; the result comes
    /// as [`News::Opened`].
    pub(super) fn open_session(&mut self, id: SessionId, offerer: bool, via: Carrier) {
        let role = if offerer {
            Role::Offerer
        } else {
            Role::Answerer
        };
        let params = OpenParams {
            call: id.call.0,
            number: id.number,
            role,
            ice_servers: self.relays.ice_servers(),
            max_send: self.config.max_send,
            access: self.accesses.of(id.call),
        };
        let (cancel, cancelled) = oneshot::channel();
        let news = self.senders.sessions.clone();
        if self.media_of(id.call).is_none() {
            self.call.media = Some(CallMedia::new(id.call, &self.config, news.clone()));
        }
        if let Some(media) = self.media_of(id.call) {
            media.opening(id, cancel);
        }
        let Some(transport) = self.transports.of(via) else {
            let session = Err(TransportError::Internal("no such transport".to_owned()));
            tokio::spawn(async move { session::report(&news, News::Opened { id, session }).await });
            return;
        };
        let clock = self.machine.clock.clone();
        tokio::spawn(session::open(id, transport, params, news, clock, cancelled));
    }

    /// Lets another session carry the call: the encoder goes on with a keyframe.
    pub(super) fn use_session(&mut self, id: SessionId) {
        let current = self.devices.camera_picture();
        let Some(media) = self.media_of(id.call) else {
            return;
        };
        media.use_session(id);
        media.show(current);
        if let Some(path) = media.path {
            self.call.summary.connected(path);
        }
        self.call.sampler.another_session();
    }

    /// Gives a session up at once and closes it in a task of its own. With the last one goes all
    /// that the call holds.
    pub(super) fn close_session(&mut self, id: SessionId) {
        let Some(media) = self.media_of(id.call) else {
            return;
        };
        let (ended, was_last) = media.take_session(id);
        self.call.closing.insert(id);
        let rest = if was_last {
            self.devices.detach();
            self.call.sampler.forget();
            self.call.receipts.forget();
            self.call.media.take()
        } else {
            None
        };
        let (news, machine) = (self.senders.sessions.clone(), self.machine.clone());
        tokio::spawn(async move {
            // An opening that is given up reports by itself that it is closed.
            let is_reported = matches!(ended, GivenUp::Opening);
            let closing = async {
                if let GivenUp::Open(open) = ended {
                    session::close(id, &machine.clock, open.control()).await;
                    open.stop_forwarding();
                }
            };
            let releasing = async {
                if let Some(rest) = rest {
                    rest.release(&machine).await;
                }
            };
            tokio::join!(closing, releasing);
            if !is_reported {
                session::report(&news, News::Closed { id }).await;
            }
        });
    }

    fn on_opened(&mut self, id: SessionId, session: Result<Box<Session>, TransportError>) {
        let wanted = self.media_of(id.call).is_some_and(|it| it.wants(id));
        match session {
            Ok(session) if wanted => self.plug_in(id, *session),
            Ok(session) => {
                let (news, clock) = (self.senders.sessions.clone(), self.machine.clock.clone());
                tokio::spawn(async move {
                    session::close(id, &clock, session.control.as_ref()).await;
                    session::report(&news, News::Closed { id }).await;
                });
            }
            Err(error) if wanted => {
                tracing::error!(%error, "no session for the call");
                if let Some(media) = self.media_of(id.call) {
                    media.failed(id);
                }
                self.tell_phone(id, failure(&error));
            }
            Err(_) => self.on_closed(id),
        }
    }

    /// The media of the call, and what its pipelines share with the rest of the engine.
    pub(super) fn media_and_context(&mut self) -> Option<(&mut CallMedia, Context<'_>)> {
        let context = Context {
            codec: &self.codec,
            microphone: self.devices.microphone(),
            camera_gate: self.devices.camera_gate(),
            playout: self.devices.playout(),
            remote: &self.call.remote,
            screen: &self.call.screen,
            machine: &self.machine,
            epoch: self.epoch,
        };
        Some((self.call.media.as_mut()?, context))
    }

    fn plug_in(&mut self, id: SessionId, session: Session) {
        let media = self.media_and_context();
        match media.map(|(media, context)| media.opened(id, session, &context)) {
            Some(Ok(Some(encoder))) => self.devices.set_encoder(encoder),
            Some(Ok(None)) | None => {}
            Some(Err(error)) => {
                tracing::error!(%error, "the call's pipelines cannot be started");
                self.feed(Input::Broken { call: id.call });
            }
        }
    }

    fn on_closed(&mut self, id: SessionId) {
        self.call.closing.remove(&id);
        self.tell_phone(id, input::Transport::Closed);
    }

    fn on_transport(&mut self, id: SessionId, event: TransportEvent) {
        let media = self.call.media.as_mut();
        let Some(media) = media.filter(|it| it.call() == id.call) else {
            return;
        };
        let is_in_use = media.is_in_use(id);
        match event {
            TransportEvent::State(state) => self.on_transport_state(id, &state),
            TransportEvent::Silence(silence) => {
                self.tell_phone(id, input::Transport::Silent(silence));
            }
            TransportEvent::Parcel(parcel) => self.feed(Input::Parcel {
                session: id,
                parcel: parcel.0.to_vec(),
            }),
            TransportEvent::KeyframeRequested(Stream::Camera) if is_in_use => media.want_keyframe(),
            TransportEvent::KeyframeRequested(Stream::Screen) if is_in_use => {
                media.want_screen_keyframe();
            }
            TransportEvent::Estimate(estimate) if is_in_use => {
                let now = self.machine.clock.media_now();
                media.estimated(now, estimate, self.devices.microphone());
                if let Some(rtt) = estimate.rtt {
                    self.recorder.set_rtt(rtt);
                }
            }
            TransportEvent::KeyframeRequested(_) | TransportEvent::Estimate(_) => {}
            TransportEvent::Data(bytes) => {
                if self
                    .call
                    .data
                    .admits(self.machine.clock.now(), id.call, &bytes)
                {
                    let bytes = bytes.to_vec();
                    self.feed(Input::Data { session: id, bytes });
                }
            }
        }
    }

    fn on_transport_state(&mut self, id: SessionId, state: &TransportState) {
        let state = match state {
            TransportState::Connecting => return,
            TransportState::Connected(path) => {
                let current = self.devices.camera_picture();
                if let Some(media) = self.media_of(id.call)
                    && media.connected(id, *path)
                {
                    media.show(current);
                    self.call.summary.connected(*path);
                }
                input::Transport::Connected
            }
            TransportState::Disconnected => input::Transport::Disconnected,
            TransportState::ClosedByPeer => input::Transport::ClosedByPeer,
            TransportState::Failed(error) => {
                tracing::warn!(%error, "the session failed");
                failure(error)
            }
        };
        self.tell_phone(id, state);
    }

    fn tell_phone(&mut self, session: SessionId, state: input::Transport) {
        self.feed(Input::Transport { session, state });
    }

    /// Samples the figures of the running call, tells the phone what is heard and seen, and asks the
    /// session in use for its own figures.
    pub(super) fn sample(&mut self) {
        let Some(media) = &self.call.media else {
            return;
        };
        let now = self.machine.clock.media_now();
        let receipt = self.call.receipts.count(&media.flow);
        let process_time = self.machine.clock.process_time();
        self.call.sampler.sample(now, process_time, media);
        if let Some(stats) = self.call.sampler.stats() {
            let rate = media.rate_share();
            self.call.quality.second(&self.call.seen, stats, rate);
        }
        if let Some(quality) = self.call.quality.view() {
            self.call.summary.judged(quality);
        }
        if let Some((id, control)) = media.control() {
            let (control, clock) = (Arc::clone(control), self.machine.clock.clone());
            let news = self.senders.sessions.clone();
            let asking = session::ask_for_figures(id, control, clock, news);
            tokio::spawn(asking);
        }
        if let Some(receipt) = receipt {
            self.feed(Input::Receipt(receipt));
        }
    }
}

/// Whose fault it is: the network's, that of somebody who is not the other side, or this machine's.
fn failure(error: &TransportError) -> input::Transport {
    match error {
        TransportError::Security => input::Transport::Insecure,
        TransportError::NoPath | TransportError::NotConnected | TransportError::TooLarge(_) => {
            input::Transport::Failed
        }
        TransportError::ServerUnreachable => input::Transport::Server(ServerFault::Unreachable),
        TransportError::ServerRefused(_) => input::Transport::Server(ServerFault::Refused),
        TransportError::ServerEnded(_) => input::Transport::Server(ServerFault::Ended),
        TransportError::Internal(_) => input::Transport::Broken,
    }
}
