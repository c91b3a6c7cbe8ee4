use std::sync::{Arc, Mutex};

use super::*;
use crate::virtual_device;

/// Plays a ramp that counts what was asked for, and keeps when.
#[derive(Clone, Default)]
struct Ramp(Arc<Mutex<Vec<Instant>>>);

impl SampleSource for Ramp {
    fn fill(&mut self, out: &mut [f32], plays_at: Instant) {
        let mut pulls = self.0.lock().unwrap();
        out.fill(pulls.len() as f32 / 1000.0);
        pulls.push(plays_at);
    }

    fn failed(&mut self, error: DeviceError) {
        panic!("a virtual speaker failed: {error}");
    }
}

fn samples_of(wav: &[u8]) -> Vec<i16> {
    wav[44..]
        .chunks_exact(2)
        .map(|it| i16::from_le_bytes([it[0], it[1]]))
        .collect()
}

#[test]
fn a_file_holds_what_was_played_and_when_it_began() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("heard.wav");
    let ramp = Ramp::default();
    let before = clock::nanos();
    let speaker = into_file(virtual_device::file(&path), &path, Box::new(ramp.clone())).unwrap();
    let told = |wav: &[u8]| u32::from_le_bytes([wav[40], wav[41], wav[42], wav[43]]) as usize;
    let patience = Instant::now() + Duration::from_secs(20);
    while told(&std::fs::read(&path).unwrap()) == 0 {
        assert!(
            Instant::now() < patience,
            "nothing can be read while it plays"
        );
        std::thread::sleep(Duration::from_millis(50));
    }
    drop(speaker);
    let open = clock::nanos() - before;

    let wav = std::fs::read(&path).unwrap();
    assert_eq!((&wav[..4], &wav[8..16]), (&b"RIFF"[..], &b"WAVEfmt "[..]));
    assert_eq!(told(&wav) + 44, wav.len());
    let samples = samples_of(&wav);
    let pulls = ramp.0.lock().unwrap();
    let most = (open / 10_000_000) as usize;
    assert!(
        (most / 2..=most).contains(&pulls.len()),
        "{} pulls",
        pulls.len()
    );

    let beside = dir.path().join("heard.wav.start");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;

        let mode = std::fs::metadata(&beside).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "for its owner alone");
    }
    let start = std::fs::read_to_string(beside).unwrap();
    let start: u64 = start.parse().unwrap();
    assert!(start > before && start < before + open);
    for (number, plays_at) in pulls.iter().enumerate() {
        // Each pull lies in the file where its time says.
        let offset = (clock::nanos_at(*plays_at) - start + 5_000) as usize / 1000 * 48 / 1000;
        let level = samples[offset + 1];
        assert_eq!(
            level,
            (number as f32 / 1000.0 * f32::from(i16::MAX)).round() as i16
        );
    }
}

#[test]
fn a_file_that_cannot_be_written_is_an_error_at_once() {
    let path = Path::new("/nowhere/at/all.wav");
    let error = into_file(virtual_device::file(path), path, Box::new(Ramp::default())).unwrap_err();
    let expected = "cannot write /nowhere/at/all.wav: No such file";
    assert!(error.to_string().starts_with(expected), "{error}");
}

#[test]
fn the_speaker_that_nobody_hears_plays_in_real_time() {
    let ramp = Ramp::default();
    let opened = Instant::now();
    let speaker = into_nothing(virtual_device::no_speaker(), Box::new(ramp.clone())).unwrap();
    std::thread::sleep(Duration::from_millis(500));
    drop(speaker);
    let most = (opened.elapsed().as_millis() / Ticks::LEN.as_millis()) as usize;
    let pulls = ramp.0.lock().unwrap();
    assert!(
        (most / 2..=most).contains(&pulls.len()),
        "{} pulls",
        pulls.len()
    );
    for pair in pulls.windows(2) {
        assert!(pair[1] - pair[0] >= Ticks::LEN);
    }
}
