//! What becomes of the session of a call.

use std::sync::Arc;
use std::time::Instant;

use call::id::CallId;
use call::input::{self, Input};
use media::transport::{Session, TransportError, TransportEvent, TransportState};

use super::Control;
use crate::call_media::{CallMedia, Context};
use crate::session::{self, News};

impl Control {
    pub(super) fn on_session(&mut self, news: News) {
        match news {
            News::Opened { call, session } => self.on_opened(call, session),
            News::Transport { call, event } => self.on_transport(call, event),
            News::Figures { call, stats } => {
                if self.media_of(call).is_some() {
                    self.call.sampler.transport(*stats);
                }
            }
            News::Broken { call } => self.tell_phone(call, input::Transport::Broken),
            News::Closed { call } => self.on_closed(call),
        }
    }

    /// The media of this call, while it has any.
    pub(super) fn media_of(&mut self, call: CallId) -> Option<&mut CallMedia> {
        self.call.media.as_mut().filter(|it| it.call() == call)
    }

    /// Cuts the call's media off at once and releases it in a task of its own.
    pub(super) fn close_media(&mut self, call: CallId) {
        let Some(media) = self.call.media.take_if(|it| it.call() == call) else {
            return;
        };
        self.devices.detach();
        self.call.sampler.forget();
        self.call.closing.insert(call);
        if media.is_opening() {
            // Dropping it ends the opening, which reports that it is closed.
            return;
        }
        let (news, clock) = (self.senders.sessions.clone(), self.clock.clone());
        tokio::spawn(async move {
            media.close(&clock).await;
            session::report(&news, News::Closed { call }).await;
        });
    }

    fn on_opened(&mut self, call: CallId, session: Result<Box<Session>, TransportError>) {
        let wanted = self.media_of(call).is_some();
        match session {
            Ok(session) if wanted => self.hang_pipelines_on(*session, call),
            Ok(session) => {
                let (news, clock) = (self.senders.sessions.clone(), self.clock.clone());
                tokio::spawn(async move {
                    session::close(call, &clock, session.control.as_ref()).await;
                    session::report(&news, News::Closed { call }).await;
                });
            }
            Err(error) if wanted => {
                tracing::error!(%error, "no session for the call");
                if let Some(media) = self.media_of(call) {
                    media.failed();
                }
                self.tell_phone(call, failure(&error));
            }
            Err(_) => self.on_closed(call),
        }
    }

    fn hang_pipelines_on(&mut self, session: Session, call: CallId) {
        let context = Context {
            codec: &self.codec,
            microphone: self.devices.microphone(),
            camera_gate: self.devices.camera_gate(),
            playout: self.devices.playout(),
            remote: &self.call.remote,
            epoch: self.epoch,
        };
        let media = self.call.media.as_mut();
        match media.map(|media| media.opened(session, &context)) {
            Some(Ok(encoder)) => self.devices.set_encoder(encoder),
            Some(Err(error)) => {
                tracing::error!(%error, "the call's pipelines cannot be started");
                self.tell_phone(call, input::Transport::Broken);
            }
            None => {}
        }
    }

    fn on_closed(&mut self, call: CallId) {
        self.call.closing.remove(&call);
        self.tell_phone(call, input::Transport::Closed);
    }

    fn on_transport(&mut self, call: CallId, event: TransportEvent) {
        let Some(media) = self.call.media.as_mut().filter(|it| it.call() == call) else {
            return;
        };
        match event {
            TransportEvent::State(state) => self.on_transport_state(call, &state),
            TransportEvent::Silence(silence) => {
                self.tell_phone(call, input::Transport::Silent(silence));
            }
            TransportEvent::Parcel(parcel) => self.feed(Input::Parcel {
                call,
                parcel: parcel.0.to_vec(),
            }),
            TransportEvent::KeyframeRequested => media.want_keyframe(),
            TransportEvent::Estimate(estimate) => {
                media.estimated(estimate, self.devices.microphone());
            }
            TransportEvent::Data(bytes) => {
                if self.call.data.admits(self.clock.now(), call, &bytes) {
                    let bytes = bytes.to_vec();
                    self.feed(Input::Data { call, bytes });
                }
            }
        }
    }

    fn on_transport_state(&mut self, call: CallId, state: &TransportState) {
        let state = match state {
            TransportState::Connecting => return,
            TransportState::Connected(path) => {
                self.call.summary.connected(*path);
                let current = self.devices.camera_picture();
                if let Some(media) = self.media_of(call) {
                    media.connected(*path, current);
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
        self.tell_phone(call, state);
    }

    fn tell_phone(&mut self, call: CallId, state: input::Transport) {
        self.feed(Input::Transport { call, state });
    }

    /// Samples the figures of the running call, and asks its session for its own.
    pub(super) fn sample(&mut self) {
        let Some(media) = &self.call.media else {
            return;
        };
        let now = Instant::now();
        self.call.sampler.sample(now, media);
        if let Some(stats) = self.call.sampler.stats() {
            self.call.summary.sampled(now, stats);
        }
        if let Some(control) = media.control() {
            let (control, clock) = (Arc::clone(control), self.clock.clone());
            let news = self.senders.sessions.clone();
            let asking = session::ask_for_figures(media.call(), control, clock, news);
            tokio::spawn(asking);
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
        TransportError::Internal(_) => input::Transport::Broken,
    }
}
