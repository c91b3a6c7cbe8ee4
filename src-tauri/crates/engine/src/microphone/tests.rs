//! What leaves the microphone, and when it was heard.

use call::id::CallId;
use media::backend::voice::VOICE_FRAME;
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
    let mut call = Call::with(VoiceSettings::UNPROCESSED);
    call.microphone.gate().open(MediaTime::from_micros(0));
    call.takes(&CHUNK, 1000);
    call.microphone.set_voice(NOISE_SUPPRESSION);
    call.takes(&CHUNK, 1020);
    call.takes(&CHUNK, 1041);
    let frames = call.frames();
    let times: Vec<_> = frames.iter().map(|it| it.time.micros()).collect();
    assert_eq!(times, [1_000_000, 1_010_000, 1_030_000]);
    assert_eq!(call.first_bytes(), [50, 25, 25]);
}

#[test]
fn what_plays_is_told_before_the_frame_that_can_hear_it() {
    use VoiceEvent::{Heard, Made, Played};
    let mut call = Call::with(VoiceSettings::SPEECH);
    for millis in (0..100).step_by(10) {
        call.plays(millis);
    }
    call.takes(&CHUNK, 0);
    let told = call.voice.take();
    assert_eq!(told[0], Made(VoiceSettings::SPEECH));
    assert_eq!(told[1..4], [0.0, 0.01, 0.02].map(Played));
    assert_eq!(told[4..], [Heard(0.5, 20), Played(0.03), Heard(0.5, 20)]);
    call.takes(&CHUNK, 20);
    let even = [Played(0.04), Heard(0.5, 20), Played(0.05), Heard(0.5, 20)];
    assert_eq!(call.voice.take(), even);
}

#[test]
fn what_the_speaker_gets_late_is_told_as_soon_as_it_is_there() {
    use VoiceEvent::{Heard, Played};
    let mut call = Call::with(VoiceSettings::SPEECH);
    call.plays(0);
    call.takes(&CHUNK, 0);
    call.voice.take();
    call.plays(10);
    call.plays(20);
    call.takes(&CHUNK, 20);
    let told = call.voice.take();
    assert_eq!(
        told,
        [Played(0.01), Played(0.02), Heard(0.5, 0), Heard(0.5, 0)]
    );
}

#[test]
fn callbacks_that_jitter_tell_one_frame_of_the_speaker_for_each_of_the_microphone() {
    let mut call = Call::with(VoiceSettings::SPEECH);
    for n in 0..100 {
        let jitter = [0, 9, -8, 4][n as usize % 4];
        call.plays_as_if_at(10 * n, 10 * n + jitter);
    }
    call.takes(&CHUNK, 0);
    call.voice.take();
    for chunk in 1..40 {
        let jitter = [0, 3][chunk as usize % 2];
        call.takes(&CHUNK, 20 * chunk + jitter);
    }
    let told = call.voice.take();
    let runs =
        told.chunk_by(|one, next| std::mem::discriminant(one) == std::mem::discriminant(next));
    let longest = runs.map(<[VoiceEvent]>::len).max();
    assert!(longest <= Some(2), "{told:?}");
    let played = told.iter().filter(|it| matches!(it, VoiceEvent::Played(_)));
    // Two for each chunk, and one more where a time is said to be later than it is.
    assert!((78..=79).contains(&played.count()), "{told:?}");
    assert!(!told.contains(&VoiceEvent::SpeakerRestarts), "{told:?}");
}

#[test]
fn drift_between_the_two_devices_is_followed() {
    let mut call = Call::with(VoiceSettings::SPEECH);
    // 300 parts in a million, as two bad clocks: 18 ms in a minute.
    let mut gone = 0;
    let (mut fewest, mut most) = (u128::MAX, 0);
    for chunk in 0..3000_i64 {
        while gone * 9_997 < (chunk + 10) * 20_000 {
            let plays_at = MediaTime::from_micros(gone * 9_997);
            call.speaker.write(&[0.1; VOICE_FRAME], plays_at);
            gone += 1;
        }
        call.takes(&CHUNK, chunk as u64 * 20);
        for event in call.voice.take() {
            match event {
                VoiceEvent::Heard(_, millis) => {
                    fewest = fewest.min(millis);
                    most = most.max(millis);
                }
                VoiceEvent::MicrophoneRestarts | VoiceEvent::SpeakerRestarts => {
                    panic!("drift is no gap")
                }
                VoiceEvent::Made(_) | VoiceEvent::Set(_) | VoiceEvent::Played(_) => {}
            }
        }
    }
    assert!(fewest >= 18 && most <= 30, "{fewest} to {most} ms");
}

#[test]
fn a_speaker_that_stood_still_or_is_another_one_starts_the_processor_anew() {
    use VoiceEvent::{Heard, MicrophoneRestarts, Played, SpeakerRestarts};
    let mut call = Call::with(VoiceSettings::SPEECH);
    call.plays(0);
    call.takes(&CHUNK, 0);
    call.voice.take();
    call.plays(200);
    for millis in (20..180).step_by(20) {
        call.takes(&CHUNK, millis);
        assert_eq!(call.voice.take(), [Heard(0.5, 0), Heard(0.5, 0)]);
    }
    call.takes(&CHUNK, 180);
    let told = [SpeakerRestarts, Played(0.2), Heard(0.5, 20), Heard(0.5, 10)];
    assert_eq!(call.voice.take(), told, "the speaker");
    call.plays(320);
    call.takes(&CHUNK, 320);
    let told = [
        MicrophoneRestarts,
        Played(0.32),
        Heard(0.5, 0),
        Heard(0.5, 0),
    ];
    assert_eq!(call.voice.take(), told, "the microphone");

    let (speaker, played) = reference_ring();
    call.speaker = speaker;
    call.microphone.hear_speaker(played);
    call.plays(340);
    call.takes(&CHUNK, 340);
    let told = [SpeakerRestarts, Played(0.34), Heard(0.5, 0), Heard(0.5, 0)];
    assert_eq!(call.voice.take(), told, "another speaker");
}

/// Two devices work for a second, of which one comes `lost` milliseconds later than its samples say
/// from the middle on. Gives the first sample of each frame that the processor is told to play, in
/// milliseconds, and how many frames the microphone heard.
fn played_around(lost: [i64; 2]) -> (Vec<f32>, usize) {
    let [microphone, speaker] = lost;
    let mut call = Call::with(VoiceSettings::SPEECH);
    for frame in 0..100_u16 {
        let first = f32::from(frame) * 10.0;
        let samples: [f32; VOICE_FRAME] = std::array::from_fn(|n| first + n as f32 / 48.0);
        let late = if frame < 50 { 0 } else { speaker };
        let plays_at = MediaTime::from_micros((10 * i64::from(frame) + late) * 1000);
        call.speaker.write(&samples, plays_at);
    }
    let (mut played, mut heard) = (Vec::new(), 0);
    for chunk in 0..45 {
        let late = if chunk < 25 { 0 } else { microphone };
        call.takes(&CHUNK, (20 * chunk + late) as u64);
        for event in call.voice.take() {
            match event {
                VoiceEvent::Played(first) => played.push(first),
                VoiceEvent::Heard(..) => heard += 1,
                VoiceEvent::Made(_) => {}
                VoiceEvent::Set(_)
                | VoiceEvent::MicrophoneRestarts
                | VoiceEvent::SpeakerRestarts => panic!("{event:?}"),
            }
        }
    }
    (played, heard)
}

#[test]
fn what_one_of_the_two_devices_loses_is_left_out_or_made_up_for_of_the_other() {
    let jumps = |lost| {
        let (played, heard) = played_around(lost);
        assert_eq!(played.len(), heard + 2, "one for each, and two ahead");
        let steps = played.windows(2).map(|it| it[1] - it[0] - 10.0);
        steps.filter(|it| it.abs() > 0.1).collect::<Vec<_>>()
    };
    assert_eq!(jumps([0, 0]), [0.0; 0]);
    let left_out = jumps([12, 0]);
    assert!(
        left_out.len() == 1 && (left_out[0] - 12.0).abs() < 0.1,
        "12 ms are left out: {left_out:?}"
    );
    let silent = jumps([0, 12]);
    assert!(
        (silent.iter().sum::<f32>() + 12.0).abs() < 0.1,
        "12 ms of silence: {silent:?}"
    );
}

#[test]
fn what_played_while_no_microphone_was_open_is_forgotten() {
    use VoiceEvent::{Heard, Played};
    let mut call = Call::with(VoiceSettings::SPEECH);
    // It rings for two seconds, and the ring holds one.
    for millis in (0..2000).step_by(10) {
        call.plays(millis);
    }
    call.takes(&CHUNK, 2000);
    call.plays(2020);
    call.takes(&CHUNK, 2020);
    let told = call.voice.take();
    let now = [
        Heard(0.5, 0),
        Heard(0.5, 0),
        Played(2.02),
        Heard(0.5, 0),
        Heard(0.5, 0),
    ];
    assert_eq!(told[1..], now);
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
