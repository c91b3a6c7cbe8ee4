//! The control task: the only loop, and the only owner of the engine's state.
//!
//! Whatever happens becomes an [`Event`], an event becomes an input of the phone, the phone's
//! outputs are performed ([`perform`]), the view is published if it changed. Frames never pass
//! through here. Nothing in this task blocks: devices open and close on blocking threads,
//! sessions in tasks of their own.

mod devices;
mod perform;
mod publish;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use call::id::{CallId, Peer};
use call::input::{self, Input};
use call::phone::Phone;
use call::time::Timestamp;
use call::view::CallView;
use identity::Invite;
use media::transport::{Session, TransportError, TransportEvent, TransportState};
use tokio::sync::{broadcast, mpsc, oneshot, watch};
use tokio::time::{self, MissedTickBehavior};

use crate::camera::Eye;
use crate::command::{Command, DeviceRole};
use crate::config::{Backends, Config};
use crate::device::Desk;
use crate::engine::{CommandError, Ended, is_busy};
use crate::event::Event;
use crate::microphone::Microphone;
use crate::picture::PictureFeed;
use crate::playout::Playout;
use crate::relays::Relays;
use crate::session::{CallMedia, Surroundings};
use crate::stats::Sampler;
use crate::view::{EngineView, RelayView};

/// Borrows from [`Control`] what a call's pipelines need, field by field, so that its media can be
/// borrowed beside it.
macro_rules! surroundings {
    ($control:expr) => {
        Surroundings {
            codec: &$control.backends.codec,
            microphone: &$control.microphone,
            playout: &$control.playout,
            remote: &$control.remote,
            epoch: $control.epoch,
            events: &$control.events,
        }
    };
}

/// What the control task starts from.
pub(crate) struct Parts {
    pub(crate) config: Config,
    pub(crate) backends: Backends,
    pub(crate) epoch: Instant,
    pub(crate) events: mpsc::Sender<Event>,
    pub(crate) ended: broadcast::Sender<Ended>,
    pub(crate) eye: Eye,
    pub(crate) remote: PictureFeed,
}

/// The engine's state.
pub(crate) struct Control {
    config: Config,
    backends: Backends,
    epoch: Instant,
    events: mpsc::Sender<Event>,
    ended: broadcast::Sender<Ended>,
    views: watch::Sender<Arc<EngineView>>,

    phone: Phone,
    relays: Relays,
    relay: RelayView,
    media: Option<CallMedia>,
    /// Calls whose media is being released, or was given up before it opened.
    closing: BTreeSet<CallId>,
    sampler: Sampler,
    /// Whom we called last by a link that names a relay, and that relay.
    called_at: Option<(String, String)>,
    /// The call as it was last published.
    seen: CallView,

    eye: Eye,
    remote: PictureFeed,
    microphone: Microphone,
    playout: Playout,
    desks: Desks,
    capture: Capture,
    /// Whether somebody tries their devices.
    preview: Preview,
    /// Until when the speaker is needed after a call or for a test.
    speaker_until: Option<Instant>,
    listing: bool,
    stopping: Option<oneshot::Sender<()>>,
}

/// The three device roles.
struct Desks {
    camera: Desk,
    microphone: Desk,
    speaker: Desk,
}

/// Which devices run outside a call, to be tried.
#[derive(Clone, Copy, Debug, Default)]
struct Preview {
    camera: bool,
    microphone: bool,
}

/// What the phone wants of the gates, and what it was last told of them.
#[derive(Debug, Default)]
struct Capture {
    microphone: bool,
    camera: bool,
    told: Told,
    /// The phone waits for an answer, whether or not it is news.
    asked: bool,
}

/// What is true of the gates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Told {
    microphone: bool,
    camera: bool,
}

impl Control {
    pub(crate) fn new(parts: Parts) -> std::io::Result<(Self, watch::Receiver<Arc<EngineView>>)> {
        let Parts {
            config,
            backends,
            epoch,
            events,
            ended,
            eye,
            remote,
        } = parts;
        let phone = Phone::new(phone_config(&config));
        let microphone = Microphone::start(Arc::clone(&backends.codec), epoch)?;
        let playout = Playout::start(epoch)?;
        let desks = Desks {
            camera: Desk::new(config.camera.clone()),
            microphone: Desk::new(config.microphone.clone()),
            speaker: Desk::new(config.speaker.clone()),
        };
        let (views, watched) = watch::channel(Arc::new(publish::empty(&desks)));
        let mut control = Self {
            relays: Relays::new(Arc::clone(&config.identity), events.clone()),
            config,
            backends,
            epoch,
            events,
            ended,
            views,
            phone,
            relay: RelayView::None,
            media: None,
            closing: BTreeSet::new(),
            sampler: Sampler::default(),
            called_at: None,
            seen: CallView::Idle,
            eye,
            remote,
            microphone,
            playout,
            desks,
            capture: Capture::default(),
            preview: Preview::default(),
            speaker_until: None,
            listing: false,
            stopping: None,
        };
        let url = control.config.relay.clone();
        control.live_at(url.as_deref());
        Ok((control, watched))
    }

    /// Runs until stopped and all is released.
    pub(crate) async fn run(mut self, mut inbox: mpsc::Receiver<Event>) {
        let mut beat = time::interval(BEAT);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut beats: u64 = 0;
        self.list_devices();
        loop {
            let deadline = self
                .phone
                .poll_timeout()
                .map(|(at, _)| self.epoch + at.elapsed());
            tokio::select! {
                Some(event) = inbox.recv() => self.on_event(event),
                () = sleep_until(deadline) => self.feed(Input::Tick),
                _ = beat.tick() => {
                    beats += 1;
                    self.on_beat(beats);
                }
            }
            self.settle();
            if self.is_released()
                && let Some(stopped) = self.stopping.take()
            {
                self.relays.close().await;
                // The one who asked may have stopped waiting.
                let _ = stopped.send(());
                return;
            }
        }
    }

    fn on_event(&mut self, event: Event) {
        match event {
            Event::Command(command, answer) => {
                // The one who asked may have stopped waiting.
                let _ = answer.send(self.on_command(command));
            }
            Event::Configure(config) => self.on_configure(*config),
            Event::Message { from, payload } => {
                self.feed(Input::Message {
                    known: self.config.people.knows(&from),
                    from: from.to_string(),
                    bytes: payload,
                });
            }
            Event::NotHere { to } => self.feed(Input::Undeliverable { to: to.to_string() }),
            Event::Relay(view) => {
                self.relay = view;
                self.feed(Input::Link {
                    online: self.relays.is_online(),
                });
            }
            Event::Visit => self.feed(Input::Link {
                online: self.relays.is_online(),
            }),
            Event::Opened { call, session } => self.on_opened(call, session),
            Event::Transport { call, event } => self.on_transport(call, event),
            Event::Figures { call, stats } => {
                if self.media.as_ref().is_some_and(|it| it.call() == call) {
                    self.sampler.transport(*stats);
                }
            }
            Event::Closed { call } => {
                self.closing.remove(&call);
                self.feed(Input::Transport {
                    call,
                    state: input::Transport::Closed,
                });
            }
            Event::DeviceOpened { .. }
            | Event::DeviceClosed { .. }
            | Event::DeviceFailed { .. }
            | Event::Devices(_) => self.on_device(event),
            Event::Stop(answer) => {
                self.stopping = Some(answer);
                self.preview = Preview::default();
                self.feed(Input::Command(input::Command::End));
                self.feed(Input::Command(input::Command::Dismiss));
                self.speaker_until = None;
                self.relays.leave();
            }
        }
    }

    fn on_command(&mut self, command: Command) -> Result<(), CommandError> {
        match command {
            Command::Dial { to, video } => return self.dial(&to, video),
            Command::Accept { video } => {
                self.feed(Input::Command(input::Command::Accept { video }));
            }
            Command::Decline => self.feed(Input::Command(input::Command::Decline)),
            Command::End => self.feed(Input::Command(input::Command::End)),
            Command::Dismiss => self.feed(Input::Command(input::Command::Dismiss)),
            Command::SetMicrophone { live } => {
                self.feed(Input::Command(input::Command::SetMicrophone(live)));
            }
            Command::SetCamera { on } => {
                self.feed(Input::Command(input::Command::SetCamera(on)));
            }
            Command::UseDevice { role, id } => {
                let chosen = match role {
                    DeviceRole::Camera => &mut self.config.camera,
                    DeviceRole::Microphone => &mut self.config.microphone,
                    DeviceRole::Speaker => &mut self.config.speaker,
                };
                chosen.clone_from(&id);
                // Choosing what failed once more asks to try it again.
                let step = self.desk(role).try_again();
                self.take(role, step);
                // Which speaker it is depends on whether it rings: that is settled later.
                if role != DeviceRole::Speaker {
                    self.choose(role, id);
                }
            }
            Command::Preview { camera, microphone } => {
                self.preview = Preview { camera, microphone };
            }
            Command::TestSpeaker => self.test_speaker(),
            Command::ReconnectRelay => self.relays.reconnect(),
        }
        Ok(())
    }

    fn dial(&mut self, to: &str, video: bool) -> Result<(), CommandError> {
        let invite: Invite = to
            .parse()
            .map_err(|error| CommandError::BadAddress(format!("{error}")))?;
        if invite.address == self.config.identity.address() {
            return Err(CommandError::OwnAddress);
        }
        if is_busy(&self.phone.view(self.now())) {
            return Err(CommandError::AlreadyInCall);
        }
        if let Some(url) = &invite.relay {
            self.relays.visit(invite.address, url);
        }
        if !self.relays.leads_to(&invite.address) {
            return Err(CommandError::NoRelay);
        }
        let peer = Peer {
            address: invite.address.to_string(),
            name: invite.name.unwrap_or_default(),
        };
        self.called_at = invite.relay.map(|url| (peer.address.clone(), url));
        let call = fresh_call_id();
        self.feed(Input::Link {
            online: self.relays.is_online(),
        });
        self.feed(Input::Command(input::Command::Dial { call, peer, video }));
        Ok(())
    }

    fn on_configure(&mut self, config: Config) {
        self.phone.configure(phone_config(&config));
        self.live_at(config.relay.as_deref());
        for (role, id) in [
            (DeviceRole::Camera, &config.camera),
            (DeviceRole::Microphone, &config.microphone),
        ] {
            self.choose(role, id.clone());
        }
        self.config = config;
    }

    fn live_at(&mut self, url: Option<&str>) {
        if let Some(view) = self.relays.live_at(url) {
            self.relay = view;
            self.feed(Input::Link {
                online: self.relays.is_online(),
            });
        }
    }

    fn on_opened(&mut self, call: CallId, session: Result<Box<Session>, TransportError>) {
        let wanted = self.media.as_ref().is_some_and(|it| it.call() == call);
        match session {
            Ok(session) if wanted => {
                let around = surroundings!(self);
                let hung = self
                    .media
                    .as_mut()
                    .map(|media| media.opened(*session, &around));
                if let Some(Err(error)) = hung {
                    tracing::error!(%error, "the call's threads cannot be started");
                    self.feed(Input::Transport {
                        call,
                        state: input::Transport::Broken,
                    });
                }
            }
            Ok(session) => {
                let events = self.events.clone();
                tokio::spawn(async move {
                    session.control.close().await;
                    // Fails only when the engine is gone.
                    let _ = events.send(Event::Closed { call }).await;
                });
            }
            Err(error) if wanted => {
                tracing::error!(%error, "no session for the call");
                if let Some(media) = &mut self.media {
                    media.failed();
                }
                self.feed(Input::Transport {
                    call,
                    state: failure(&error),
                });
            }
            Err(_) => self.on_event(Event::Closed { call }),
        }
    }

    fn on_transport(&mut self, call: CallId, event: TransportEvent) {
        if self.media.as_ref().is_none_or(|it| it.call() != call) {
            return;
        }
        match event {
            TransportEvent::State(state) => self.on_transport_state(call, &state),
            TransportEvent::Silence(silence) => self.feed(Input::Transport {
                call,
                state: input::Transport::Silent(silence),
            }),
            TransportEvent::Parcel(parcel) => {
                self.feed(Input::Parcel {
                    call,
                    parcel: parcel.0.to_vec(),
                });
            }
            TransportEvent::KeyframeRequested => {
                if let Some(media) = &self.media {
                    media.want_keyframe();
                }
            }
            TransportEvent::Estimate(estimate) => {
                if let Some(media) = &mut self.media {
                    media.estimated(estimate, &self.microphone);
                }
            }
            TransportEvent::Data(bytes) => self.feed(Input::Data {
                call,
                bytes: bytes.to_vec(),
            }),
        }
    }

    fn on_transport_state(&mut self, call: CallId, state: &TransportState) {
        let state = match state {
            TransportState::Connecting => return,
            TransportState::Connected(path) => {
                let current = self.camera_picture();
                if let Some(media) = &mut self.media {
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
        self.feed(Input::Transport { call, state });
    }

    /// Now, as the phone counts time.
    fn now(&self) -> Timestamp {
        Timestamp::after_start(self.epoch.elapsed())
    }

    /// Gives `input` to the phone and performs all that it says.
    fn feed(&mut self, input: Input) {
        let now = self.now();
        self.phone.handle(now, input);
        while let Some(output) = self.phone.poll_output() {
            self.perform(output);
        }
    }

    /// After every event: devices follow what is wanted, the view follows what is true.
    fn settle(&mut self) {
        self.come_home();
        self.follow_call();
        self.reconcile_devices();
        // The phone may just have been told what its gates do, which shows.
        self.follow_call();
        self.publish();
    }

    /// Leaves the relay of whom we called once no call is left. Not at the end of one call: where
    /// it gave way to another with the same person, the answer goes the same way.
    fn come_home(&mut self) {
        if !is_busy(&self.phone.view(self.now())) && self.relays.leave() {
            self.feed(Input::Link {
                online: self.relays.is_online(),
            });
        }
    }

    /// Whether nothing of a call or a device is held any more.
    fn is_released(&self) -> bool {
        self.media.is_none()
            && self.closing.is_empty()
            && self.desks.camera.is_released()
            && self.desks.microphone.is_released()
            && self.desks.speaker.is_released()
    }
}

/// What the phone has to know of a failure: whether another network could mend it.
fn failure(error: &TransportError) -> input::Transport {
    match error {
        TransportError::NoPath
        | TransportError::Security
        | TransportError::NotConnected
        | TransportError::TooLarge(_) => input::Transport::Failed,
        TransportError::Internal(_) => input::Transport::Broken,
    }
}

fn phone_config(config: &Config) -> call::phone::Config {
    call::phone::Config {
        ring: config.ring,
        name: config.name.clone(),
    }
}

fn fresh_call_id() -> CallId {
    // Without a source of randomness the keys of the session could not be made either.
    CallId(getrandom::u64().expect("the system gives random numbers"))
}

async fn sleep_until(deadline: Option<Instant>) {
    match deadline {
        Some(at) => time::sleep_until(at.into()).await,
        None => std::future::pending().await,
    }
}

/// How often meters move: fast enough for an eye, ten small views a second at the most.
const BEAT: Duration = Duration::from_millis(100);

/// Beats between two samples of the statistics: one second.
const BEATS_PER_SAMPLE: u64 = 10;

/// Beats between two looks at the list of devices: two seconds, for no backend announces them.
const BEATS_PER_LISTING: u64 = 20;

#[cfg(test)]
mod tests {
    use super::*;

    /// A name is cleaned on both ways in, by crates that must not know each other.
    #[test]
    fn names_from_links_and_from_calls_are_cleaned_alike() {
        for c in '\0'..=char::MAX {
            let name = format!("{c} a{c}b {c}");
            assert_eq!(
                Peer::clean_name(&name),
                identity::clean_name(&name),
                "{c:?}"
            );
        }
        let long = "é ".repeat(200);
        assert_eq!(Peer::clean_name(&long), identity::clean_name(&long));
    }
}
