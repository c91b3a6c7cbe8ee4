//! The control task: the only loop, and the only owner of the engine's state.
//!
//! Whatever happens becomes an [`Event`], an event becomes an input of the phone, the phone's
//! outputs are performed ([`perform`]), the view is published if it changed. Frames never pass
//! through here. Nothing in this task blocks: devices open and close on blocking threads,
//! sessions in tasks of their own.

mod access;
mod chat;
mod fault;
mod inbox;
mod lan;
mod perform;
mod publish;
mod recording;
mod relays;
mod requests;
mod sessions;
mod share;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;

use call::id::SessionId;
use call::input::Input;
use call::phone::Phone;
use call::time::Timestamp;
use call::view::CallView;
use media::backend::codec::CodecBackend;
use tokio::sync::{broadcast, mpsc, oneshot, watch};
use tracing::Span;

use self::inbox::{Event, Inbox, Senders};
pub(crate) use self::inbox::{REQUESTS, Request};
use self::share::Ending;
use crate::access::Accesses;
use crate::call_media::{CallMedia, Gates};
use crate::camera_tap::CameraTap;
use crate::chat::{Chat, Said};
use crate::config::{Backends, Config};
use crate::devices::Devices;
use crate::history::{Ended, History};
use crate::lan::Lan;
use crate::machine::Machine;
use crate::picture::PictureFeed;
use crate::quality::CallQuality;
use crate::receipts::ReceiptCounter;
use crate::recording::Recorder;
use crate::relays::{Relays, Routes, Way};
use crate::sealing::Sealing;
use crate::session;
use crate::share::Share;
use crate::stats::Sampler;
use crate::subject::SubjectCheck;
use crate::summary::Summary;
use crate::suspend::Suspends;
use crate::transports::Transports;
use crate::view::{EngineView, RelayView};

/// What the control task starts from.
pub(crate) struct Parts {
    pub(crate) config: Config,
    pub(crate) backends: Backends,
    pub(crate) machine: Machine,
    pub(crate) requests: mpsc::Receiver<Request>,
    pub(crate) ended: broadcast::Sender<Ended>,
    pub(crate) said: broadcast::Sender<Said>,
    pub(crate) tap: CameraTap,
    pub(crate) remote: PictureFeed,
    pub(crate) screen: PictureFeed,
}

/// The engine's state.
pub(crate) struct Control {
    config: Config,
    transports: Transports,
    accesses: Accesses,
    codec: Arc<dyn CodecBackend>,
    machine: Machine,
    /// Where the timelines of the phone and of our media begin.
    epoch: Instant,
    inbox: Inbox,
    senders: Senders,
    history: History,
    views: watch::Sender<Arc<EngineView>>,

    phone: Phone,
    sealing: Sealing,
    relays: Relays,
    routes: Routes,
    lan: Lan,
    /// A neighbour whose program ended, as its machine says, and since when.
    gone: Option<(Way, Instant)>,
    /// What the user reads of our home relay.
    relay: RelayView,
    /// Whether the other side of its call can be spoken to, as the phone was told last.
    was_told_online: bool,
    call: Call,
    recorder: Recorder,
    devices: Devices,
    share: Share,
    beats: u64,
    suspends: Suspends,
    stopping: Option<oneshot::Sender<()>>,
}

/// What the engine holds of the phone's call: its media, its figures, and what is remembered of
/// it.
struct Call {
    media: Option<CallMedia>,
    /// Sessions that are being closed, or were given up before they opened; with the last one of a
    /// call goes its media.
    closing: BTreeSet<SessionId>,
    sampler: Sampler,
    receipts: ReceiptCounter,
    quality: CallQuality,
    summary: Summary,
    chat: Chat,
    /// Whom we called last by a link that names a relay, and that relay.
    guest_relay: Option<(String, String)>,
    /// Looks at what comes through the session's own channel.
    data: SubjectCheck,
    /// The call as it was last published.
    seen: CallView,
    /// What the other side's camera shows.
    remote: PictureFeed,
    /// What the other side's screen shows.
    screen: PictureFeed,
    /// The id of the call that log lines name, from its first event until its end is dismissed.
    named: Option<String>,
    /// Names that call.
    span: Span,
    /// Pipelines of shared screens on their way out.
    ending: Ending,
}

impl Control {
    pub(crate) fn new(parts: Parts) -> std::io::Result<(Self, watch::Receiver<Arc<EngineView>>)> {
        let Parts {
            config,
            backends,
            machine,
            requests,
            ended,
            said,
            tap,
            remote,
            screen,
        } = parts;
        let clock = &machine.clock;
        let epoch = clock.media_now();
        let (inbox, senders) = Inbox::new(requests, backends.network.changes(), clock.clone());
        let news = senders.devices.clone();
        let devices = Devices::new(&backends, &config, tap, &machine, epoch, news)?;
        let share = Share::new(
            backends.screen,
            machine.clone(),
            epoch,
            senders.share.clone(),
        );
        let (views, watched) = watch::channel(Arc::new(publish::empty(&devices)));
        let identity = Arc::clone(&config.identity);
        let sealing = Sealing::new(Arc::clone(&identity));
        let relays = Relays::new(
            Arc::clone(&backends.relays),
            identity,
            clock.clone(),
            senders.relays.clone(),
        );
        let lan = Lan::new(backends.lan, &config, clock.clone(), senders.lan.clone());
        let transports = Transports {
            direct: backends.transport,
            livekit: backends.livekit,
        };
        let phone = phone_config(&config, &transports);
        let mut control = Self {
            transports,
            accesses: Accesses::default(),
            codec: backends.codec,
            machine,
            epoch,
            history: History::new(ended),
            views,
            phone: Phone::new(phone),
            sealing,
            relays,
            routes: Routes::default(),
            lan,
            gone: None,
            relay: RelayView::None,
            was_told_online: false,
            call: Call {
                media: None,
                closing: BTreeSet::new(),
                sampler: Sampler::default(),
                receipts: ReceiptCounter::default(),
                quality: CallQuality::default(),
                summary: Summary::default(),
                chat: Chat::new(said),
                guest_relay: None,
                data: SubjectCheck::default(),
                seen: CallView::Idle,
                remote,
                screen,
                named: None,
                span: Span::none(),
                ending: Ending::default(),
            },
            recorder: Recorder::new(backends.record),
            devices,
            share,
            beats: 0,
            suspends: Suspends::new(),
            stopping: None,
            config,
            inbox,
            senders,
        };
        let url = control.config.relay.clone();
        control.set_home(url.as_deref());
        let config = &control.config;
        control.lan.configure(config, &mut control.relays);
        // Whoever looks before the first event sees that a relay is set.
        control.publish();
        Ok((control, watched))
    }

    /// Runs until stopped and all is released.
    pub(crate) async fn run(mut self) {
        self.devices.list();
        loop {
            let event = self.inbox.next(self.deadline()).await;
            self.handle(event);
            if self.is_released()
                && let Some(stopped) = self.stopping.take()
            {
                self.history.finish();
                self.call.chat.finish();
                let membership = self.lan.leave(&mut self.relays);
                self.relays.close().await;
                if let Some(membership) = membership {
                    membership.leave().await;
                }
                // The one who asked may have stopped waiting.
                let _ = stopped.send(());
                return;
            }
        }
    }

    /// Takes in one event, with all that follows from it.
    fn handle(&mut self, event: Event) {
        let span = self.call.span.clone();
        span.in_scope(|| match event {
            Event::Request(request) => self.on_request(request),
            Event::Relay(news) => self.on_relay(news),
            Event::Lan(news) => self.on_lan(news),
            Event::Session(news) => self.on_session(news),
            Event::Device(news) => self.devices.on_news(news),
            Event::Share(news) => self.share.on_news(news),
            Event::Network => self.on_network_change(),
            Event::Deadline => self.on_deadline(),
            Event::Beat => self.on_beat(),
        });
        // The event may have begun a call.
        let span = self.call.span.clone();
        span.in_scope(|| self.settle());
    }

    /// When the phone or the sealed sessions want to be woken.
    fn deadline(&self) -> Option<Instant> {
        let phone = self.phone.poll_timeout();
        let phone = phone.map(|(at, _)| self.epoch + at.elapsed());
        phone.into_iter().chain(self.sealing.poll_timeout()).min()
    }

    fn on_deadline(&mut self) {
        self.sealing.handle_timeout(self.machine.clock.now());
        self.feed(Input::Tick);
    }

    /// The addresses or routes of this machine changed: what goes over them may be lost.
    fn on_network_change(&mut self) {
        tracing::debug!("the network changed");
        self.relays.probe();
        let is_in_call = self.is_call_wanted();
        self.lan.network_changed(is_in_call, &mut self.relays);
        self.feed(Input::NetworkChanged);
    }

    /// A tenth of a second has passed.
    fn on_beat(&mut self) {
        self.beats += 1;
        let slept = self.suspends.take();
        if !slept.is_zero() {
            tracing::info!(?slept, "the machine slept");
            // Deadlines of a call pass meanwhile: the other side has not slept.
            self.machine.clock.skip(slept);
        }
        self.devices.pass(self.call.seen.is_busy());
        self.look_after_recording();
        self.relays.pass();
        self.pass_lan();
        if self.beats.is_multiple_of(BEATS_PER_TELLING) {
            self.tell_of_gone();
        }
        if self.beats.is_multiple_of(BEATS_PER_LISTING) {
            self.devices.list();
            self.lan.follow_people();
        }
        if self.beats.is_multiple_of(BEATS_PER_SAMPLE) {
            self.sample();
        }
    }

    /// Now, as the phone counts time.
    fn now(&self) -> Timestamp {
        Timestamp::after_start(self.machine.clock.now() - self.epoch)
    }

    /// Gives `input` to the phone and performs all that it says, and all that follows from it.
    fn feed(&mut self, input: Input) {
        self.feed_phone(input);
        self.exchange();
    }

    fn feed_phone(&mut self, input: Input) {
        let now = self.now();
        self.phone.handle(now, input);
        self.name_call();
        let span = self.call.span.clone();
        while let Some(output) = self.phone.poll_output() {
            span.in_scope(|| self.perform(output));
        }
    }

    /// Makes the span of log lines that of the phone's call.
    fn name_call(&mut self) {
        let view = self.phone.view(self.now());
        let call = view.call();
        if call != self.call.named.as_deref() {
            self.call.span = call.map_or_else(Span::none, session::span_of);
            self.call.named = call.map(str::to_owned);
        }
        self.sealing.set_active(self.peer().zip(self.phone.call()));
        if let CallView::Active {
            connected_for_ms: Some(_),
            ..
        } = view
        {
            self.sealing.keep_words();
        }
    }

    /// After every event: devices follow what is wanted, and the sessions and the view what is true.
    fn settle(&mut self) {
        while let Some(answer) = self.recorder.answers.pop_front() {
            self.feed(answer);
        }
        self.close_guest();
        // A call that begins on our networks may bring no change of a link with it.
        self.tell_reachable(self.peer().as_ref());
        self.follow_call();
        self.devices.reconcile(&self.call.seen, &self.config);
        if let Some(report) = self.devices.capture_report() {
            self.feed(Input::Capture {
                microphone: report.microphone,
                camera: report.camera,
                lacking: report.lacking,
            });
            self.follow_call();
        }
        self.settle_screens();
        if let Some(media) = &mut self.call.media {
            let open = self.devices.open_gates();
            let gates = Gates {
                microphone: open.microphone,
                camera: open.camera,
                screen: self.share.gate().is_open(),
            };
            media.tell_gates(self.machine.clock.media_now(), gates);
        }
        self.publish();
        self.history.flush();
        self.call.chat.flush();
    }

    /// Whether nothing of a call, a device or a disk is held any more.
    fn is_released(&self) -> bool {
        self.recorder.is_finished(self.machine.clock.now())
            && self.call.media.is_none()
            && self.call.closing.is_empty()
            && self.devices.is_released()
            && (self.are_screens_released() || self.devices.is_overdue())
    }
}

fn phone_config(config: &Config, transports: &Transports) -> call::phone::Config {
    call::phone::Config {
        ring: config.ring,
        name: config.name.clone(),
        carriers: transports.carriers(),
    }
}

/// Beats between two samples of the statistics: one second.
const BEATS_PER_SAMPLE: u64 = 10;

/// Beats between two looks at the list of devices: two seconds, for no backend announces them.
const BEATS_PER_LISTING: u64 = 20;

/// Half a second: the phone believes what was said for most of a second.
const BEATS_PER_TELLING: u64 = 5;

#[cfg(test)]
mod tests {
    use call::id::Peer;

    /// A name is cleaned on both ways in, by crates that must not know each other.
    #[test]
    fn names_from_links_and_from_calls_are_cleaned_alike() {
        for c in '\0'..=char::MAX {
            for name in [
                format!("{c} a{c}b {c}"),
                format!("o{c}{c}{c}{c}{c}"),
                format!("{c}{c}"),
            ] {
                let ours = Peer::clean_name(&name);
                assert_eq!(ours, identity::clean_name(&name), "{c:?}");
            }
        }
        let long = "é ".repeat(200);
        assert_eq!(Peer::clean_name(&long), identity::clean_name(&long));
    }
}
