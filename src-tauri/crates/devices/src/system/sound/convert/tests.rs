use super::*;

/// Keeps what a microphone heard.
#[derive(Default)]
struct Heard {
    samples: Vec<f32>,
    times: Vec<(Instant, usize)>,
}

impl SampleSink for Heard {
    fn samples(&mut self, samples: &[f32], captured_at: Instant) {
        self.times.push((captured_at, self.samples.len()));
        self.samples.extend(samples);
    }

    fn failed(&mut self, error: DeviceError) {
        panic!("{error}");
    }
}

/// Plays a tone and keeps when each part was to be heard.
#[derive(Default)]
struct Tone {
    position: usize,
    times: Vec<(Instant, usize)>,
}

impl SampleSource for Tone {
    fn fill(&mut self, out: &mut [f32], plays_at: Instant) {
        self.times.push((plays_at, self.position));
        for sample in out {
            *sample = tone(self.position, SAMPLE_RATE_HZ);
            self.position += 1;
        }
    }

    fn failed(&mut self, error: DeviceError) {
        panic!("{error}");
    }
}

fn tone(position: usize, rate_hz: u32) -> f32 {
    0.5 * (std::f32::consts::TAU * 440.0 * position as f32 / rate_hz as f32).sin()
}

/// How far `samples` are from a 440 Hz tone of any phase, as a part of their energy.
fn impurity(samples: &[f32], rate_hz: u32) -> f64 {
    let (mut sine, mut cosine, mut energy) = (0.0, 0.0, 0.0);
    for (index, sample) in samples.iter().enumerate() {
        let phase = std::f64::consts::TAU * 440.0 * index as f64 / f64::from(rate_hz);
        sine += f64::from(*sample) * phase.sin();
        cosine += f64::from(*sample) * phase.cos();
        energy += f64::from(*sample).powi(2);
    }
    1.0 - 2.0 * (sine * sine + cosine * cosine) / (energy * samples.len() as f64)
}

#[test]
fn a_loud_channel_is_heard_and_garbage_becomes_silence() {
    let mut intake = Intake::new(2, SAMPLE_RATE_HZ).unwrap();
    let mut heard = Heard::default();
    let frames = (0..4_800).flat_map(|at| [f32::NAN, tone(at, SAMPLE_RATE_HZ)]);
    let data: Vec<f32> = frames.collect();
    intake.take(&data, Instant::now(), &mut heard);
    assert_eq!(heard.samples[..480], [0.0; 480]);
    assert!(impurity(&heard.samples[960..4_560], SAMPLE_RATE_HZ) < 1e-3);
}

#[test]
fn integers_are_read_and_written_at_full_scale() {
    let mut heard = Heard::default();
    let mut intake = Intake::new(1, SAMPLE_RATE_HZ).unwrap();
    intake.take(&[i16::MIN, 0, i16::MAX], Instant::now(), &mut heard);
    assert!(
        heard
            .samples
            .iter()
            .zip([-1.0, 0.0, 1.0])
            .all(|(a, b)| (a - b).abs() < 1e-4)
    );

    let mut outlet = Outlet::new(2, SAMPLE_RATE_HZ).unwrap();
    let mut data = [7_i16; 960];
    outlet.fill(&mut data, Instant::now(), &mut Tone::default());
    assert_eq!(data[..2], [0, 0]);
    assert!(data.chunks(2).all(|it| it[0] == it[1]));
    assert!(data.iter().any(|it| *it > 16_000));
}

#[test]
fn a_microphone_of_another_rate_keeps_its_pitch_and_its_clock() {
    for rate_hz in [8_000, 16_000, 44_100, 96_000] {
        let mut intake = Intake::new(2, rate_hz).unwrap();
        let mut heard = Heard::default();
        let start = Instant::now();
        let data: Vec<f32> = (0..rate_hz as usize)
            .flat_map(|it| [tone(it, rate_hz); 2])
            .collect();
        // Crumbs of odd sizes, as sound servers give them.
        let mut at = 0;
        for crumb in data.chunks(2 * 137) {
            intake.take(crumb, start + duration(at, rate_hz), &mut heard);
            at += crumb.len() / 2;
        }
        let samples = &heard.samples;
        assert!(
            (samples.len() as i64 - 48_000).abs() < 600,
            "{rate_hz}: {}",
            samples.len()
        );
        let steady = &samples[4_800..43_200];
        assert!(
            impurity(steady, SAMPLE_RATE_HZ) < 1e-3,
            "{rate_hz}: not the tone"
        );
        for (time, position) in &heard.times[10..] {
            let said = start + duration(*position, SAMPLE_RATE_HZ);
            let apart = time.max(&said).duration_since(*time.min(&said));
            assert!(
                apart < Duration::from_millis(10),
                "{rate_hz}: {apart:?} apart"
            );
        }
    }
}

#[test]
fn a_speaker_of_another_rate_keeps_its_pitch_and_its_clock() {
    for rate_hz in [16_000, 44_100, 96_000] {
        let mut outlet = Outlet::new(2, rate_hz).unwrap();
        let mut tone = Tone::default();
        let start = Instant::now();
        let mut played = Vec::new();
        for frames in [441, 100, 3, 1000].iter().cycle().take(150) {
            let mut data = vec![0.0_f32; frames * 2];
            outlet.fill(
                &mut data,
                start + duration(played.len(), rate_hz),
                &mut tone,
            );
            played.extend(data.chunks(2).map(|it| it[0]));
        }
        let steady = &played[rate_hz as usize / 10..];
        assert!(impurity(steady, rate_hz) < 1e-3, "{rate_hz}: not the tone");
        for (time, position) in &tone.times[10..] {
            let due = start + duration(*position, SAMPLE_RATE_HZ);
            let apart = time.max(&due).duration_since(*time.min(&due));
            assert!(
                apart < Duration::from_millis(10),
                "{rate_hz}: {apart:?} apart"
            );
        }
    }
}

/// Hears and plays without keeping anything.
struct Deaf;

impl SampleSink for Deaf {
    fn samples(&mut self, _: &[f32], _: Instant) {}

    fn failed(&mut self, error: DeviceError) {
        panic!("{error}");
    }
}

impl SampleSource for Deaf {
    fn fill(&mut self, out: &mut [f32], _: Instant) {
        out.fill(0.1);
    }

    fn failed(&mut self, error: DeviceError) {
        panic!("{error}");
    }
}

#[test]
fn callbacks_never_touch_the_heap() {
    for rate_hz in [8_000, 44_100, 48_000, 192_000] {
        let mut intake = Intake::new(2, rate_hz).unwrap();
        let mut outlet = Outlet::new(6, rate_hz).unwrap();
        let (heard, mut played) = (vec![0.1_f32; 2 * 5_000], vec![0_i16; 6 * 5_000]);
        let count = crate::allocations::during(|| {
            for frames in [1, 480, 137, 5_000, 441] {
                intake.take(&heard[..2 * frames], Instant::now(), &mut Deaf);
                outlet.fill(&mut played[..6 * frames], Instant::now(), &mut Deaf);
            }
        });
        assert_eq!(count, 0, "at {rate_hz} Hz");
    }
}

/// How far a clock that runs away from ours has come, and how far we are behind it.
#[derive(Default)]
struct Drift {
    samples: u64,
    late: Duration,
    /// Where the device's clock stands against the samples that were moved.
    start: Option<Instant>,
}

impl Drift {
    /// `samples` are moved at what is said to be `at`, by a clock that is `PPM` too fast.
    fn move_by(&mut self, samples: usize, at: Instant) {
        const PPM: f64 = 200.0;
        let start = *self.start.get_or_insert(at);
        let played = self.samples as f64 / f64::from(SAMPLE_RATE_HZ);
        let due = start + Duration::from_secs_f64(played / (1.0 + PPM / 1e6));
        self.late = self.late.max(at.max(due) - at.min(due));
        self.samples += samples as u64;
    }
}

impl SampleSink for Drift {
    fn samples(&mut self, samples: &[f32], captured_at: Instant) {
        self.move_by(samples.len(), captured_at);
    }

    fn failed(&mut self, error: DeviceError) {
        panic!("{error}");
    }
}

impl SampleSource for Drift {
    fn fill(&mut self, out: &mut [f32], plays_at: Instant) {
        out.fill(0.1);
        self.move_by(out.len(), plays_at);
    }

    fn failed(&mut self, error: DeviceError) {
        panic!("{error}");
    }
}

#[test]
fn an_hour_of_a_fast_clock_grows_nothing() {
    let rate_hz = 16_000;
    let mut intake = Intake::new(1, rate_hz).unwrap();
    let mut outlet = Outlet::new(1, rate_hz).unwrap();
    let (mut heard, mut played) = (Drift::default(), Drift::default());
    let frames = rate_hz as usize / 100;
    let (said, mut asked) = (vec![0.1_f32; frames], vec![0.0_f32; frames]);
    let start = Instant::now() + Duration::from_secs(1);
    let callbacks = 360_000_u64;
    let count = crate::allocations::during(|| {
        for callback in 0..callbacks {
            let at = start + Duration::from_secs_f64(callback as f64 * 0.01 / (1.0 + 200e-6));
            intake.take(&said, at, &mut heard);
            outlet.fill(&mut asked, at, &mut played);
        }
    });
    assert_eq!(count, 0, "memory");
    for drift in [&heard, &played] {
        let behind = drift.samples.abs_diff(callbacks * 480);
        // A block of 5 ms waits for its end, or for its turn.
        assert!(behind <= 480, "{behind} samples behind");
        assert!(drift.late < Duration::from_millis(10), "{:?}", drift.late);
    }
}
