use std::fs::File;
use std::sync::Mutex;

use media::synthetic::voice::PERIOD;

use super::*;
use crate::virtual_device;

type Chunks = Arc<Mutex<Vec<(Vec<f32>, Instant, Instant)>>>;

#[derive(Clone, Default)]
struct Kept(Chunks);

impl SampleSink for Kept {
    fn samples(&mut self, samples: &[f32], captured_at: Instant) {
        self.0
            .lock()
            .unwrap()
            .push((samples.to_vec(), captured_at, Instant::now()));
    }

    fn failed(&mut self, error: DeviceError) {
        panic!("a virtual microphone failed: {error}");
    }
}

/// Everything that was heard, and for how long the microphone was open.
fn listen(said: Loop, millis: u64) -> (Vec<(Vec<f32>, Instant, Instant)>, Duration) {
    let kept = Kept::default();
    let opened = Instant::now();
    let microphone = start(
        virtual_device::synthetic_microphone(),
        said,
        Box::new(kept.clone()),
    )
    .unwrap();
    std::thread::sleep(Duration::from_millis(millis));
    drop(microphone);
    let open = opened.elapsed();
    let chunks = std::mem::take(&mut *kept.0.lock().unwrap());
    std::thread::sleep(Duration::from_millis(30));
    assert!(kept.0.lock().unwrap().is_empty(), "sound after the end");
    (chunks, open)
}

#[test]
fn sound_comes_in_real_time_without_gaps() {
    let (chunks, open) = listen(Loop::voice(), 500);
    let most = (open.as_millis() / Ticks::LEN.as_millis()) as usize;
    assert!(
        (most / 2..=most).contains(&chunks.len()),
        "{} chunks",
        chunks.len()
    );
    for pair in chunks.windows(2) {
        let apart = pair[1].1 - pair[0].1;
        // A machine that was stopped for longer than a sound card keeps loses whole chunks.
        assert!(apart == Ticks::LEN || apart > KEPT, "{apart:?} apart");
    }
    for (samples, captured_at, arrived) in &chunks {
        assert_eq!(samples.len(), Ticks::SAMPLES);
        assert!(arrived.duration_since(*captured_at) >= Ticks::LEN);
    }
}

#[test]
fn the_position_of_a_sound_tells_when_it_was_said() {
    let voice = Voice::new();
    for (samples, captured_at, _) in listen(Loop::voice(), 100).0 {
        let nanos = u128::from(clock::nanos_at(captured_at));
        let position = nanos * 48_000 / 1_000_000_000;
        for (index, sample) in samples.iter().enumerate() {
            assert_eq!(*sample, voice.sample_at(position as u64 + index as u64));
        }
    }
}

#[test]
fn a_loop_shorter_than_a_chunk_repeats_within_it() {
    let said = Loop::new(vec![0.1, 0.2, 0.3]).unwrap();
    let mut out = [0.0; 8];
    said.fill(Instant::now(), &mut out);
    assert!(out.windows(4).all(|it| it[0] == it[3] && it[0] != 0.0));
    assert!(Loop::new(Vec::new()).is_none());
    assert_eq!(Loop::voice().0.len(), PERIOD);
}

#[test]
fn a_recording_of_another_rate_is_heard_at_its_own_pitch() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("said.wav");
    let tone = |at: usize, rate_hz: u32| {
        (std::f32::consts::TAU * 440.0 * at as f32 / rate_hz as f32).sin() / 2.0
    };
    for rate_hz in [8_000, 16_000, 44_100, 96_000] {
        let mut writer = wav::Writer::new(File::create(&path).unwrap(), rate_hz).unwrap();
        let second = (0..rate_hz as usize).map(|it| tone(it, rate_hz));
        writer.write(&second.collect::<Vec<_>>()).unwrap();
        writer.flush().unwrap();

        let said = Loop::open(&path).unwrap().0;
        let len = said.len();
        assert!(len.abs_diff(48_000) <= 3, "{len} samples of a second");
        // All of it may come a sample late, which changes this tone by 0.03.
        for (at, sample) in said.iter().enumerate().skip(1000).take(46_000) {
            let off = (sample - tone(at, 48_000)).abs();
            assert!(off < 0.04, "{off} at sample {at} from {rate_hz} Hz");
        }
    }
}

#[test]
fn a_file_that_is_no_recording_is_said_so() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("no.wav");
    assert!(matches!(Loop::open(&path), Err(DeviceError::File { .. })));
    std::fs::write(&path, "YUV4MPEG2").unwrap();
    let error = Loop::open(&path).unwrap_err();
    assert!(error.to_string().contains("not a WAVE file"), "{error}");
}
