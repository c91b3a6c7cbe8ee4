//! What leaves the microphone, and when it was heard.

mod echo;

use call::id::CallId;
use media::backend::voice::{StageHealth, VOICE_FRAME};
use media::frame::EncodedFrame;
use media::transport::FrameSink;
use media::units::Bitrate;
use tracing::Span;

use super::encoding::ChunkClock;
use super::*;
use crate::counters::AudioOut;
use crate::session::Fault;
use crate::testing::{Collected, PlainCodecs, RecordedVoice, VoiceEvent};
use crate::threads::Executor;

/// A microphone and a speaker in a call, whose thread runs when the test says so.
struct Call {
    executor: Executor,
    microphone: Microphone,
    device: Box<dyn SampleSink>,
    /// What the speaker is given.
    speaker: Writer,
    voice: RecordedVoice,
    sent: Arc<Collected>,
    counters: Arc<AudioOut>,
    epoch: Instant,
}

impl Call {
    fn with(settings: VoiceSettings) -> Self {
        let (mut executor, epoch) = (Executor::default(), Instant::now());
        let voice = RecordedVoice::default();
        let makers = Makers {
            codec: Arc::new(PlainCodecs::default()),
            voice: Arc::new(voice.clone()),
        };
        let threads = executor.threads();
        let microphone = Microphone::start(&threads, makers, settings, epoch).unwrap();
        let (speaker, played) = reference_ring();
        microphone.hear_speaker(played);
        let device = microphone.sink(mpsc::channel(1).0, 1);
        let (sent, counters) = (Arc::<Collected>::default(), Arc::<AudioOut>::default());
        let outlet = Outlet {
            sink: Arc::clone(&sent) as Arc<dyn FrameSink>,
            target: AudioTarget {
                bitrate: Bitrate::from_kbps(32),
                expected_loss: 0.0,
            },
            counters: Arc::clone(&counters),
            fault: Fault::new(CallId(1), mpsc::channel(1).0),
            span: Span::none(),
        };
        microphone.attach(outlet).unwrap();
        executor.step();
        Self {
            executor,
            microphone,
            device,
            speaker,
            voice,
            sent,
            counters,
            epoch,
        }
    }

    /// The microphone hears these samples from so many milliseconds on.
    fn hears(&mut self, samples: &[f32], millis: u64) {
        let at = self.epoch + Duration::from_millis(millis);
        self.device.samples(samples, at);
    }

    /// The same, and the thread takes them.
    fn takes(&mut self, samples: &[f32], millis: u64) {
        self.hears(samples, millis);
        self.executor.step();
    }

    /// The speaker is given 10 ms that play from so many milliseconds on, and begin with the same
    /// number of seconds as their sample.
    fn plays(&mut self, millis: i64) {
        self.plays_as_if_at(millis, millis);
    }

    fn plays_as_if_at(&mut self, millis: i64, told: i64) {
        let frame = [millis as f32 / 1000.0; VOICE_FRAME];
        self.speaker
            .write(&frame, MediaTime::from_micros(told * 1000));
    }

    fn frames(&self) -> Vec<EncodedFrame> {
        self.sent.frames(0)
    }

    fn first_bytes(&self) -> Vec<u8> {
        self.sent.first_bytes(0)
    }
}

const NOISE_SUPPRESSION: VoiceSettings = VoiceSettings {
    echo_cancellation: false,
    noise_suppression: true,
    auto_gain_control: false,
};

const CHUNK: [f32; OPUS_FRAME] = [0.5; OPUS_FRAME];

#[test]
fn what_was_said_before_unmuting_never_leaves() {
    let mut call = Call::with(VoiceSettings::UNPROCESSED);
    call.microphone
        .gate()
        .open(MediaTime::from_micros(1_000_000));
    call.hears(&[0.5; 8 * OPUS_FRAME], 840);
    call.hears(&[0.25; 2 * OPUS_FRAME], 1000);
    call.executor.step();
    assert_eq!(call.first_bytes(), [25, 25]);
}

#[test]
fn nor_does_it_when_the_thread_was_stuck_and_newer_sound_was_dropped() {
    let mut call = Call::with(VoiceSettings::UNPROCESSED);
    call.hears(&[0.5; 10 * OPUS_FRAME], 800);
    call.microphone
        .gate()
        .open(MediaTime::from_micros(1_000_000));
    call.takes(&[0.25; 5 * OPUS_FRAME], 1000);
    assert_eq!(call.first_bytes(), [0; 0]);
    call.takes(&[0.75; OPUS_FRAME], 1100);
    assert_eq!(call.first_bytes(), [75]);
}

#[test]
fn nor_does_it_when_it_waited_in_the_processor() {
    let mut call = Call::with(NOISE_SUPPRESSION);
    call.microphone.gate().open(MediaTime::from_micros(20_000));
    call.takes(&CHUNK, 0);
    // The first half of what comes out of it was heard before the gate opened.
    call.takes(&[0.25; OPUS_FRAME], 20);
    assert_eq!(call.first_bytes(), [0; 0]);
    call.takes(&[0.75; OPUS_FRAME], 40);
    assert_eq!(call.first_bytes(), [37]);
}

#[test]
fn what_still_waits_when_the_user_mutes_does_not_leave() {
    let mut call = Call::with(VoiceSettings::UNPROCESSED);
    call.microphone.gate().open(MediaTime::from_micros(0));
    call.takes(&[0.25; OPUS_FRAME], 0);
    call.microphone.gate().shut();
    call.hears(&[0.5; OPUS_FRAME], 20);
    call.microphone.gate().open(MediaTime::from_micros(40_000));
    call.takes(&[0.75; OPUS_FRAME], 41);
    assert_eq!(call.first_bytes(), [25, 75]);
}

#[test]
fn what_is_sent_has_the_time_at_which_it_was_spoken() {
    let mut call = Call::with(NOISE_SUPPRESSION);
    call.microphone.gate().open(MediaTime::from_micros(0));
    call.takes(&CHUNK, 1000);
    call.takes(&CHUNK, 1021);
    let frames = call.frames();
    let times: Vec<_> = frames.iter().map(|it| it.time.micros()).collect();
    assert_eq!(times, [990_000, 1_010_000]);
    assert_eq!(call.first_bytes(), [25, 25]);
}

#[test]
fn what_is_switched_in_a_call_leaves_no_gap_in_what_is_sent() {
    let mut call = Call::with(VoiceSettings::UNPROCESSED);
    let gate = call.microphone.gate().clone();
    gate.open(MediaTime::from_micros(0));
    call.takes(&CHUNK, 1000);
    call.microphone.set_voice(NOISE_SUPPRESSION);
    call.takes(&CHUNK, 1020);
    call.takes(&CHUNK, 1041);
    call.microphone.set_voice(VoiceSettings::UNPROCESSED);
    call.takes(&CHUNK, 1060);
    call.microphone.set_voice(NOISE_SUPPRESSION);
    call.takes(&CHUNK, 1080);
    // Nobody hears a step while nothing is sent, so the times are true again.
    gate.shut();
    call.takes(&CHUNK, 1100);
    gate.open(MediaTime::from_micros(1_110_000));
    call.takes(&CHUNK, 1120);
    let frames = call.frames();
    let times: Vec<_> = frames.iter().map(|it| it.time.micros() / 1000).collect();
    assert_eq!(times, [1000, 1020, 1040, 1060, 1080, 1110]);
}

#[test]
fn a_stage_that_fails_is_told() {
    let mut call = Call::with(VoiceSettings::SPEECH);
    let failed = VoiceHealth {
        noise_suppression: StageHealth::GivenUp,
        ..VoiceHealth::default()
    };
    call.voice.does(failed);
    call.takes(&CHUNK, 0);
    assert_eq!(call.microphone.voice_health(), failed);
}

#[test]
fn settings_change_in_the_call_from_the_next_frame_on() {
    use VoiceEvent::{Heard, MicrophoneRestarts, Set};
    let mut call = Call::with(VoiceSettings::UNPROCESSED);
    call.takes(&CHUNK, 0);
    call.voice.take();
    call.microphone.set_voice(NOISE_SUPPRESSION);
    call.takes(&CHUNK, 20);
    let told = [Set(NOISE_SUPPRESSION), Heard(0.5, 0), Heard(0.5, 0)];
    assert_eq!(call.voice.take(), told);
    call.device = call.microphone.sink(mpsc::channel(1).0, 2);
    call.takes(&CHUNK, 40);
    let told = [MicrophoneRestarts, Heard(0.5, 0), Heard(0.5, 0)];
    assert_eq!(call.voice.take(), told, "another microphone");
}

#[test]
fn meters_and_counters_tell_what_is_sent_and_what_is_heard() {
    let mut call = Call::with(NOISE_SUPPRESSION);
    call.takes(&CHUNK, 0);
    let (sent, heard) = (call.microphone.sent_level(), call.microphone.heard_level());
    assert!((heard - sent - 0.1).abs() < 0.01, "6 dB: {sent} {heard}");
    assert_eq!(call.counters.loudest.take(), 0.0625);
    assert_eq!(call.counters.energy.get(), 625_000_000);
    assert_eq!(call.counters.chunks.get(), 1);
    assert_eq!(call.counters.with_sound.get(), 1);
    assert_eq!(call.counters.echo.return_loss.get(), Some(6.0));
    assert_eq!(call.counters.echo.return_loss_enhancement.get(), None);
}

#[test]
fn digital_silence_is_told_after_five_seconds_without_mute_and_ends_at_once() {
    let mut call = Call::with(VoiceSettings::UNPROCESSED);
    let at = |millis: i64| MediaTime::from_micros(millis * 1000);
    call.takes(&[0.00001; OPUS_FRAME], 0);
    assert!(!call.microphone.is_silent(at(20_000)), "it is muted");
    call.microphone.gate().open(at(20_000));
    assert!(!call.microphone.is_silent(at(24_999)));
    assert!(call.microphone.is_silent(at(25_000)));
    let mut chunk = [0.0; OPUS_FRAME];
    // One step of 16 bits.
    chunk[7] = 1.0 / 32_768.0;
    call.takes(&chunk, 26_000);
    assert!(!call.microphone.is_silent(at(26_020)));
    assert!(
        call.microphone.is_silent(at(31_000)),
        "nor does it give anything"
    );
    assert_eq!(call.counters.with_sound.get(), 1);
}

#[test]
fn chunks_are_20_ms_apart_however_callbacks_jitter() {
    let mut clock = ChunkClock::default();
    let first = clock.next(MediaTime::from_micros(1_000));
    let second = clock.next(MediaTime::from_micros(29_000));
    assert_eq!(second.micros_since(first), 20_000);
}

#[test]
fn a_gap_of_the_device_shows_in_the_times() {
    let mut clock = ChunkClock::default();
    let first = clock.next(MediaTime::from_micros(0));
    let second = clock.next(MediaTime::from_micros(520_000));
    assert_eq!(second.micros_since(first), 520_000);
}

#[test]
fn the_thread_of_a_device_wakes_it() {
    let makers = Makers {
        codec: Arc::new(PlainCodecs::default()),
        voice: Arc::new(RecordedVoice::default()),
    };
    let (threads, epoch) = (Threads::default(), Instant::now());
    let microphone = Microphone::start(&threads, makers, NOISE_SUPPRESSION, epoch).unwrap();
    let mut device = microphone.sink(mpsc::channel(1).0, 1);
    let patience = Instant::now() + Duration::from_secs(10);
    while microphone.sent_level() == 0.0 {
        assert!(Instant::now() < patience, "nobody takes the sound");
        device.samples(&CHUNK[..VOICE_FRAME], Instant::now());
        thread::yield_now();
    }
}
