//! Camera, microphone and speaker: opened, closed and gated as the call and the user want.
//!
//! Belongs to the control task and never blocks: devices open and close on blocking threads and
//! come back as [`News`].

mod capture;
mod open;
mod slots;

use std::sync::Arc;
use std::time::{Duration, Instant};

use call::view::{CallView, Controls};
use media::backend::device::{DeviceError, DeviceId};
use media::backend::voice::VoiceHealth;
use media::picture::Captured;
use media::queue::Slot;
use media::time::MediaTime;
use tokio::sync::mpsc;

use self::capture::{Capture, CaptureReport};
use self::open::{Endpoint, Opener};
use self::slots::{ROLES, Slots};
use crate::camera_tap::CameraTap;
use crate::clock::Clock;
use crate::command::{CommandError, DeviceRole};
use crate::config::{Backends, Config};
use crate::device::{News, Step};
use crate::gate::Gate;
use crate::machine::Machine;
use crate::microphone::{Makers, Microphone, reference_ring};
use crate::playout::Playout;
use crate::timeline::media_time;
use crate::tone::Tone;
use crate::view::DeviceView;

/// All devices of an engine, and the threads of sound behind them.
pub(crate) struct Devices {
    opener: Opener,
    clock: Clock,
    epoch: Instant,

    slots: Slots,
    tap: CameraTap,
    camera_gate: Gate,
    microphone: Microphone,
    playout: Playout,
    /// Where the pictures of the running call are encoded.
    encoder: Option<Slot<Captured>>,

    capture: Capture,
    /// Which devices run outside a call, for the user to try them.
    preview: Preview,
    /// Until when the speaker is needed after a call or for a test.
    speaker_until: Option<Instant>,
    /// Until when the user tests the speaker.
    test_until: Option<Instant>,
    /// A look at the list of devices is under way.
    listing: bool,
    /// When everything was let go of, for good, in the machine's own time.
    released_at: Option<Instant>,
}

/// Devices that the user tries outside a call.
#[derive(Clone, Copy, Debug, Default)]
struct Preview {
    camera: bool,
    microphone: bool,
}

impl Devices {
    /// All devices off. `epoch` is where the media timeline of this engine begins.
    ///
    /// # Errors
    /// When the system has no thread left.
    pub(crate) fn new(
        backends: &Backends,
        config: &Config,
        tap: CameraTap,
        machine: &Machine,
        epoch: Instant,
        news: mpsc::Sender<News>,
    ) -> std::io::Result<Self> {
        let makers = Makers {
            codec: Arc::clone(&backends.codec),
            voice: Arc::clone(&backends.voice),
        };
        Ok(Self {
            opener: Opener {
                cameras: Arc::clone(&backends.camera),
                audio: Arc::clone(&backends.audio),
                video: config.video,
                threads: machine.threads.clone(),
                news,
            },
            clock: machine.clock.clone(),
            epoch,
            slots: Slots::new(config),
            tap,
            camera_gate: Gate::default(),
            microphone: Microphone::start(&machine.threads, makers, config.voice, epoch)?,
            playout: Playout::start(machine, epoch)?,
            encoder: None,
            capture: Capture::default(),
            preview: Preview::default(),
            speaker_until: None,
            test_until: None,
            listing: false,
            released_at: None,
        })
    }

    /// Takes over what the user chose; which speaker is used follows in [`Devices::reconcile`].
    pub(crate) fn configure(&mut self, config: &Config) {
        self.opener.video = config.video;
        self.choose(DeviceRole::Camera, config.camera.clone());
        self.choose(DeviceRole::Microphone, config.microphone.clone());
        self.microphone.set_voice(config.voice);
    }

    /// The camera fails as if it was unplugged.
    ///
    /// # Errors
    /// When it does not run.
    pub(crate) fn lose_camera(&mut self) -> Result<(), CommandError> {
        let camera = &mut self.slots.camera;
        if !camera.is_on() {
            return Err(CommandError::CameraOff);
        }
        let step = camera.lose(&DeviceError::Lost("on purpose".to_owned()));
        self.take(DeviceRole::Camera, step);
        Ok(())
    }

    /// Gives a role that failed another chance, because the user asks for it.
    pub(crate) fn try_again(&mut self, role: DeviceRole) {
        let step = self.slots.get_mut(role).try_again();
        self.take(role, step);
    }

    /// Runs these devices outside a call too.
    pub(crate) fn set_preview(&mut self, camera: bool, microphone: bool) {
        self.preview = Preview { camera, microphone };
    }

    /// The phone wants the gates like this. A gate shuts before this returns; it opens when its
    /// device runs. Devices follow, and the phone is answered, when the event is settled.
    pub(crate) fn set_capture(&mut self, microphone: bool, camera: bool) {
        self.capture.want(microphone, camera);
        self.set_gates();
    }

    /// Something became of a device.
    pub(crate) fn on_news(&mut self, news: News) {
        match news {
            News::Opened { role, turn, result } => {
                let step = self.slots.get_mut(role).opened(turn, result);
                self.take(role, step);
            }
            News::Closed { role } => {
                if role == DeviceRole::Camera {
                    // A picture may have come while the camera was being closed.
                    self.tap.clear();
                }
                let step = self.slots.get_mut(role).closed();
                self.take(role, step);
            }
            News::Failed { role, turn, error } => {
                let step = self.slots.get_mut(role).failed(turn, &error);
                self.take(role, step);
            }
            News::Listed(lists) => {
                self.listing = false;
                for (role, list) in [
                    (DeviceRole::Camera, lists.cameras),
                    (DeviceRole::Microphone, lists.microphones),
                    (DeviceRole::Speaker, lists.speakers),
                ] {
                    let step = self.slots.get_mut(role).list(list);
                    self.take(role, step);
                }
            }
        }
    }

    /// Time passes, in a call or not; to be told several times a second.
    pub(crate) fn pass(&mut self, in_call: bool) {
        let now = self.clock.now();
        for role in ROLES {
            let step = self.slots.get_mut(role).pass(now, in_call);
            self.take(role, step);
        }
    }

    /// Makes every role follow what the call and the user want now.
    pub(crate) fn reconcile(&mut self, call: &CallView, config: &Config) {
        // While it rings on either side the devices warm up, and people see themselves; nothing
        // of it leaves before the phone opens the gates. A stranger's ring opens no camera: its
        // light would tell them that somebody is there.
        let (ringing, calling, showing) = match call {
            CallView::Idle | CallView::Ended { .. } => (false, false, false),
            CallView::Incoming { known, .. } => (true, false, *known),
            CallView::Outgoing { local, .. } => (false, true, local.camera),
            CallView::Active { .. } => (false, true, false),
        };
        let ring_speaker = config.ring_speaker.as_ref().filter(|_| ringing);
        let speaker = ring_speaker.or(config.speaker.as_ref()).cloned();
        self.choose(DeviceRole::Speaker, speaker);
        let tail = self.is_before(self.speaker_until);
        let camera = self.preview.camera || showing || self.capture.camera;
        let microphone = self.preview.microphone || calling || self.capture.microphone;
        self.want(DeviceRole::Camera, camera);
        self.want(DeviceRole::Microphone, microphone);
        self.want(DeviceRole::Speaker, ringing || calling || tail);
        self.set_gates();
    }

    /// What the phone has to be told of the gates, if anything.
    pub(crate) fn capture_report(&mut self) -> Option<CaptureReport> {
        let slots = &self.slots;
        self.capture.report(&slots.microphone, &slots.camera)
    }

    /// Which gates are open.
    pub(crate) fn open_gates(&self) -> Controls {
        Controls {
            microphone: self.microphone.gate().is_open(),
            camera: self.camera_gate.is_open(),
        }
    }

    /// Plays this from now on.
    pub(crate) fn play(&self, tone: Tone) {
        self.playout.play(tone);
    }

    /// Plays this as a short test on the chosen speaker.
    pub(crate) fn test_speaker(&mut self, tone: Tone) {
        self.speaker_until = Some(self.clock.now() + TEST);
        self.test_until = self.speaker_until;
        self.play(tone);
    }

    /// Keeps the speaker for the sound that follows a call.
    pub(crate) fn keep_speaker(&mut self) {
        self.speaker_until = Some(self.clock.now() + TAIL);
    }

    /// Gives the camera's pictures to the encoder of the running call.
    pub(crate) fn set_encoder(&mut self, encoder: Slot<Captured>) {
        self.encoder = Some(encoder);
        self.set_gates();
    }

    /// Cuts the call's pipelines off from all devices, at once.
    pub(crate) fn detach(&mut self) {
        self.microphone.detach();
        self.playout.detach();
        self.encoder = None;
        self.set_gates();
    }

    /// Lets go of everything, for good.
    pub(crate) fn release(&mut self) {
        self.released_at = Some(self.clock.media_now());
        self.preview = Preview::default();
        self.speaker_until = None;
        self.test_until = None;
    }

    /// Whether nothing of a device is held any more, or one that hangs was waited for long enough:
    /// what it opens is closed and what it closes is gone when it answers.
    pub(crate) fn is_released(&self) -> bool {
        self.is_overdue() || self.slots.are_released()
    }

    /// Whether the end of the engine has waited long enough for what opens and closes.
    pub(crate) fn is_overdue(&self) -> bool {
        self.released_at
            .is_some_and(|at| self.clock.media_now() >= at + RELEASE_LIMIT)
    }

    /// What the camera sees now, if it runs.
    pub(crate) fn camera_picture(&self) -> Option<Captured> {
        let latest = self.tap.latest();
        latest.filter(|_| self.slots.camera.is_on())
    }

    /// Whether the user can be shown to themselves.
    pub(crate) fn shows_ourselves(&self) -> bool {
        self.slots.camera.is_on() && self.tap.preview().latest().is_some()
    }

    /// Loudness of the microphone where that says something to somebody, because every change of
    /// it wakes the UI: while it is tried, and while it is `muted` in a call. It is that of what
    /// others would hear, without the speaker's echo; but while the user tests the speaker with the
    /// meter before them, the meter shows that the microphone hears the speaker.
    pub(crate) fn microphone_level(&self, muted: bool) -> Option<f32> {
        if !self.slots.microphone.is_on() {
            return None;
        }
        if self.preview.microphone && self.is_before(self.test_until) {
            return Some(self.microphone.heard_level());
        }
        (self.preview.microphone || muted).then(|| self.microphone.sent_level())
    }

    /// Whether the microphone gives nothing at all while the user is not muted in a call.
    pub(crate) fn microphone_is_silent(&self) -> bool {
        let now = media_time(self.epoch, self.clock.media_now());
        self.microphone.is_silent(now)
    }

    /// Whether what is done to the voice works, while there is one.
    pub(crate) fn voice_health(&self) -> VoiceHealth {
        let at_work = self.slots.microphone.is_on();
        let health = at_work.then(|| self.microphone.voice_health());
        health.unwrap_or_default()
    }

    /// What the user reads of a role.
    pub(crate) fn view(&self, role: DeviceRole) -> DeviceView {
        self.slots.get(role).view()
    }

    /// The microphone thread.
    pub(crate) fn microphone(&self) -> &Microphone {
        &self.microphone
    }

    /// The playout thread.
    pub(crate) fn playout(&self) -> &Playout {
        &self.playout
    }

    /// Where our pictures leave.
    pub(crate) fn camera_gate(&self) -> &Gate {
        &self.camera_gate
    }

    /// Looks for devices on a blocking thread, one look at a time.
    pub(crate) fn list(&mut self) {
        if !std::mem::replace(&mut self.listing, true) {
            self.opener.list();
        }
    }

    fn is_before(&self, until: Option<Instant>) -> bool {
        until.is_some_and(|until| self.clock.now() < until)
    }

    fn choose(&mut self, role: DeviceRole, id: Option<DeviceId>) {
        let step = self.slots.get_mut(role).choose(id);
        self.take(role, step);
    }

    fn want(&mut self, role: DeviceRole, wanted: bool) {
        let step = self
            .slots
            .get_mut(role)
            .want(wanted && self.released_at.is_none());
        self.take(role, step);
    }

    /// Opens a gate only in front of a device that runs, and shuts it at once.
    fn set_gates(&self) {
        let now = media_time(self.epoch, self.clock.media_now());
        let (microphone, camera) = (self.capture.microphone, self.capture.camera);
        set_gate(
            self.microphone.gate(),
            microphone && self.slots.microphone.is_on(),
            now,
        );
        set_gate(&self.camera_gate, camera && self.slots.camera.is_on(), now);
        self.tap
            .set_encoder(self.encoder.clone().filter(|_| camera));
    }

    /// Carries out what a slot needs next.
    fn take(&mut self, role: DeviceRole, step: Step) {
        match step {
            Step::Nothing => {}
            Step::Open { turn, id } => self.opener.open(turn, id, self.endpoint(role, turn)),
            Step::Close(stream) => {
                if role == DeviceRole::Camera {
                    self.tap.clear();
                }
                self.opener.close(role, stream);
            }
        }
    }

    fn endpoint(&self, role: DeviceRole, turn: u64) -> Endpoint {
        let news = self.opener.news.clone();
        match role {
            DeviceRole::Camera => Endpoint::Camera(self.tap.sink(news, turn)),
            DeviceRole::Microphone => Endpoint::Microphone(self.microphone.sink(news, turn)),
            DeviceRole::Speaker => {
                let (played, heard) = reference_ring();
                self.microphone.hear_speaker(heard);
                Endpoint::Speaker(self.playout.source(news, turn, played))
            }
        }
    }
}

fn set_gate(gate: &Gate, open: bool, now: MediaTime) {
    if open {
        gate.open(now);
    } else {
        gate.shut();
    }
}

/// How long the end of the engine waits for devices, in the time of their own threads: several times
/// what a camera takes to stop, and short enough for all to be released within a second.
const RELEASE_LIMIT: Duration = Duration::from_millis(600);

/// How long the speaker stays for the sound of an ended call.
const TAIL: Duration = Duration::from_millis(900);

/// How long the speaker stays for a test tone.
const TEST: Duration = Duration::from_millis(1500);
