//! What the processor is told of the speaker, and what becomes of an echo that stays.

use super::*;

#[test]
fn what_plays_is_told_before_the_frame_that_can_hear_it() {
    use VoiceEvent::{Heard, Made, Played};
    let mut call = Call::with(VoiceSettings::SPEECH);
    for millis in (0..50).step_by(10) {
        call.plays(millis);
    }
    call.takes(&CHUNK, 0);
    let told = call.voice.take();
    assert_eq!(told[0], Made(VoiceSettings::SPEECH));
    assert_eq!(told[1..4], [0.0, 0.01, 0.02].map(Played));
    assert_eq!(told[4..], [Heard(0.5, 20), Played(0.03), Heard(0.5, 20)]);
    call.plays(50);
    call.plays(60);
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
        // By then as much is there as at any time.
        if n == 4 {
            call.takes(&CHUNK, 0);
        }
    }
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
        while gone * 9_997 < chunk * 20_000 + 49_000 {
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
        if frame == 4 {
            call.takes(&CHUNK, 0);
        }
    }
    let (mut played, mut heard) = (Vec::new(), 0);
    for chunk in 0..45 {
        let late = if chunk < 25 { 0 } else { microphone };
        if chunk > 0 {
            call.takes(&CHUNK, (20 * chunk + late) as u64);
        }
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

/// For a second, a speaker with callbacks of 10 ms is given what it plays 40 ms later, and says that
/// it plays so many milliseconds later than that. Gives for each frame that the microphone heard
/// what was played last before, by when it really began to play, in milliseconds.
fn played_with_a_delay_told_wrong(by: i64) -> Vec<i64> {
    let mut call = Call::with(VoiceSettings::SPEECH);
    let (mut given, mut last, mut before) = (0, -1, Vec::new());
    for chunk in 0..50 {
        // The microphone's callback comes 10 ms after its sound.
        let now = 20 * chunk + 20 + 10;
        while given <= now + 40 {
            call.plays_as_if_at(given, given + by);
            given += 10;
        }
        call.takes(&CHUNK, 20 * chunk as u64);
        for event in call.voice.take() {
            match event {
                VoiceEvent::Played(first) => last = (first * 1000.0).round() as i64,
                VoiceEvent::Heard(..) => before.push(last),
                VoiceEvent::Made(_) => {}
                VoiceEvent::Set(_)
                | VoiceEvent::MicrophoneRestarts
                | VoiceEvent::SpeakerRestarts => panic!("{event:?}"),
            }
        }
    }
    before
}

#[test]
fn a_sound_is_told_before_its_echo_whatever_the_speaker_says_of_its_delay() {
    for by in [-150, -100, -20, 0, 20, 50, 100, 150] {
        let before = played_with_a_delay_told_wrong(by);
        assert_eq!(before.len(), 100);
        for (heard, played) in before.iter().enumerate() {
            // What plays while the frame is heard, and at least a bit more.
            let heard = 10 * heard as i64;
            assert!(*played >= heard + 10, "{by} ms: {played} before {heard} ms");
        }
        if by >= 0 {
            let even = before.windows(2).all(|it| it[1] - it[0] == 10);
            assert!(even, "{by} ms: {before:?}");
        }
    }
}

#[test]
fn an_echo_that_stays_begins_the_reference_anew_now_and_then() {
    let mut call = Call::with(VoiceSettings::SPEECH);
    let restarts = |call: &mut Call, chunks: std::ops::Range<u64>| {
        for chunk in chunks {
            call.plays(20 * chunk as i64);
            call.plays(20 * chunk as i64 + 10);
            call.takes(&CHUNK, 20 * chunk);
        }
        let told = call.voice.take().into_iter();
        told.filter(|it| *it == VoiceEvent::SpeakerRestarts).count()
    };
    assert_eq!(restarts(&mut call, 0..100), 0);
    let stays = VoiceHealth {
        echo_removed: Some(false),
        ..VoiceHealth::default()
    };
    call.voice.does(stays);
    assert_eq!(restarts(&mut call, 100..800), 1);
    assert_eq!(restarts(&mut call, 800..900), 1);
    // It is told until it is measured to be gone.
    call.voice.does(VoiceHealth::default());
    assert_eq!(restarts(&mut call, 900..1000), 0);
    assert_eq!(call.microphone.voice_health(), stays);
    let gone = VoiceHealth {
        echo_removed: Some(true),
        ..stays
    };
    call.voice.does(gone);
    assert_eq!(restarts(&mut call, 1000..1001), 0);
    assert_eq!(call.microphone.voice_health(), gone);
    call.microphone.set_voice(NOISE_SUPPRESSION);
    call.voice.does(VoiceHealth::default());
    assert_eq!(restarts(&mut call, 1001..1002), 0);
    assert_eq!(call.microphone.voice_health(), VoiceHealth::default());
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
