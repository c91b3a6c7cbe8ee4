//! Devices that come, go, change and become the default while streams run.

use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use devices::{MicrophoneChoice, SpeakerChoice, audio};
use media::backend::audio::{AudioBackend, SampleSink, SampleSource};
use media::backend::device::{DeviceError, DeviceId};

use super::{Server, inside, inside_alone, program, wait};

#[test]
fn streams_without_a_name_follow_the_default() {
    inside("changes::body_followed");
}

#[test]
#[ignore = "the body of streams_without_a_name_follow_the_default"]
fn body_followed() {
    let _server = Server::start();
    load("module-null-sink sink_name=headset rate=48000");
    load("module-remap-source master=vmic.monitor source_name=headset_mic");
    // Nothing else asks this sink for sound in time: by itself it takes two seconds at once.
    load("module-loopback source=headset.monitor sink=vmic latency_msec=30");
    let sound = system();
    let (ears, mouth) = (End::default(), End::default());
    let microphone = sound.open_microphone(None, ears.sink()).unwrap();
    let speaker = sound.open_speaker(None, mouth.source()).unwrap();
    let chosen = audio(MicrophoneChoice::None, SpeakerChoice::Device("vmic".into()));
    let named = End::default();
    let _named = chosen.open_speaker(None, named.source()).unwrap();
    wait("sound at first", || {
        [&ears, &mouth, &named].iter().all(|it| it.moved() > 24_000)
    });
    let stays = number("sinks", "vmic");
    let mut on = (number("sinks", "spk"), number("sources", "mic"));
    for (sink, source) in [("headset", "headset_mic"), ("spk", "mic")] {
        for end in [&ears, &mouth] {
            end.0.lock().unwrap().gaps.clear();
        }
        // The server itself moves a stream only from one default to the next.
        pactl(&["move-sink-input", &stream("sink-inputs", &on.0), "vmic"]);
        pactl(&[
            "move-source-output",
            &stream("source-outputs", &on.1),
            "spk.monitor",
        ]);
        let changed = Instant::now();
        pactl(&["set-default-sink", sink]);
        pactl(&["set-default-source", source]);
        wait("the streams to follow", || {
            let played = places("sink-inputs");
            places("source-outputs").contains(&number("sources", source))
                && played.contains(&number("sinks", sink))
        });
        on = (number("sinks", sink), number("sources", source));
        let took = changed.elapsed();
        assert!(took < FOLLOWED, "{sink}: {took:?}");
        let before = (ears.moved(), mouth.moved());
        // The server may be ahead of us: two seconds, in which we look at the latest.
        wait("sound there", || {
            ears.moved() > before.0 + 96_000 && mouth.moved() > before.1 + 96_000
        });
        assert!(places("sink-inputs").contains(&stays), "a named one stays");
        assert_eq!(microphone.info().id.0, format!("pulseaudio:{source}"));
        assert_eq!(speaker.info().id.0, format!("pulseaudio:{sink}"));
        for (end, what) in [(&ears, "microphone"), (&mouth, "speaker")] {
            let gaps = end.0.lock().unwrap().gaps.clone();
            eprintln!("{what} to {sink} after {took:?}, pauses {gaps:?}");
            let long = gaps.iter().filter(|it| **it > NOTICED);
            assert!(long.count() <= 1, "{what} to {sink}: {gaps:?}");
        }
    }
    for end in [&ears, &mouth, &named] {
        assert_eq!(end.failure(), None);
    }
}

#[test]
fn a_named_device_that_comes_back_is_taken_back() {
    inside("changes::body_back");
}

#[test]
#[ignore = "the body of a_named_device_that_comes_back_is_taken_back"]
fn body_back() {
    let _server = Server::start();
    let mut headset = load("module-null-sink sink_name=headset rate=48000");
    let id = DeviceId("pulseaudio:headset".into());
    let mouth = End::default();
    let _speaker = system().open_speaker(Some(&id), mouth.source()).unwrap();
    // Away for a moment, in which no look falls, and for longer.
    for away in [Duration::ZERO, Duration::from_millis(2500)] {
        wait("sound at first", || on("headset"));
        unload(&headset);
        if !away.is_zero() {
            let gone = Instant::now();
            wait("the stream to go", || ours().is_empty());
            assert!(
                gone.elapsed() < FOLLOWED,
                "played elsewhere for {:?}",
                gone.elapsed()
            );
            std::thread::sleep(away);
        }
        headset = load("module-null-sink sink_name=headset rate=48000");
        let back = Instant::now();
        wait("the stream to be back", || on("headset"));
        eprintln!("back after {:?}", back.elapsed());
        let before = mouth.moved();
        wait("sound there", || mouth.moved() > before + 24_000);
    }
    assert_eq!(mouth.failure(), None);

    unload(&headset);
    wait("a failure without the device", || mouth.failure().is_some());
    assert!(matches!(mouth.failure(), Some(DeviceError::Lost(_))));
}

#[test]
fn what_speakers_play_is_never_taken_for_a_microphone() {
    inside("changes::body_last");
}

#[test]
#[ignore = "the body of what_speakers_play_is_never_taken_for_a_microphone"]
fn body_last() {
    let _server = Server::start();
    let ears = End::default();
    let _microphone = system().open_microphone(None, ears.sink()).unwrap();
    wait("sound at first", || ears.moved() > 24_000);
    // The server moves the stream to what a speaker plays: there is nothing else.
    unload("module-remap-source");
    let gone = Instant::now();
    wait("the stream to go", || {
        places("source-outputs").len() == LOOPBACK
    });
    assert!(gone.elapsed() < FOLLOWED, "{:?}", gone.elapsed());
    wait("a failure without a microphone", || {
        ears.failure().is_some()
    });
    assert!(matches!(ears.failure(), Some(DeviceError::Lost(_))));
}

#[test]
fn a_headset_that_changes_its_profile_sounds_right() {
    inside_alone("changes::body_profile");
}

#[test]
#[ignore = "the body of a_headset_that_changes_its_profile_sounds_right"]
fn body_profile() {
    const MUSIC: &str = "rate=48000 channels=2";
    const TALK: &str = "rate=16000 channels=1";
    let server = Server::start();
    let speaker = |profile: &str, shape: &str| {
        load(&format!(
            "module-null-sink sink_name=bluez_sink.00_11_22_33_44_55.{profile} {shape}"
        ))
    };
    let microphone = |shape: &str| {
        let air = load(&format!("module-null-sink sink_name=air {shape}"));
        let source = "module-remap-source master=air.monitor source_name=headset_mic";
        (load(source), air)
    };
    let music = speaker("a2dp_sink", MUSIC);
    let (source, air) = microphone(MUSIC);
    let named = |name: &str| DeviceId(format!("pulseaudio:{name}"));
    let (ears, mouth) = (End::default(), End::default());
    let sound = system();
    let _speaker = sound
        .open_speaker(
            Some(&named("bluez_sink.00_11_22_33_44_55.a2dp_sink")),
            mouth.source(),
        )
        .unwrap();
    let _microphone = sound
        .open_microphone(Some(&named("headset_mic")), ears.sink())
        .unwrap();
    wait("sound at first", || {
        ears.moved() > 24_000 && mouth.moved() > 24_000
    });

    let changed = Instant::now();
    for module in [&source, &air, &music] {
        unload(module);
    }
    let _ = speaker("handsfree_head_unit", TALK);
    let _ = microphone(TALK);
    let headset = "bluez_sink.00_11_22_33_44_55.handsfree_head_unit";
    // A null sink that nobody listens to in time breaks off when somebody begins to.
    load(&format!(
        "module-loopback source={headset}.monitor sink=vmic latency_msec=20"
    ));
    wait("the streams to be there", || {
        on(headset) && places("source-outputs").contains(&number("sources", "headset_mic"))
    });
    let took = changed.elapsed();
    eprintln!("there after {took:?}");
    assert!(took < REBUILT, "{took:?}");

    // Into the microphone a tone from outside, out of the speaker a tone of ours.
    let heard_from = ears.samples().len();
    let _player = server.play("air", 1, &[1.0]);
    let played = record(&format!("{headset}.monitor"), 3);
    wait("three seconds of sound", || {
        ears.samples().len() > heard_from + 3 * 48_000
    });
    check_tone(&ears.samples()[heard_from..], "microphone");
    check_tone(&played, "speaker");
    assert_eq!(ears.failure(), None);
    assert_eq!(mouth.failure(), None);
}

/// Looks for 440 Hz without a click in what begins somewhere in `samples`, by tenths of a second: a
/// stream that runs at the wrong speed or clicks does so in each of them. A busy machine that starves
/// one leaves holes, so the best second and a half counts.
fn check_tone(samples: &[f32], what: &str) {
    let begin = samples.iter().position(|it| it.abs() > 0.3).unwrap();
    let tenths: Vec<&[f32]> = samples[begin + 2_400..].chunks_exact(4_800).collect();
    let mut pitches: Vec<f64> = tenths.iter().map(|it| pitch(it)).collect();
    pitches.sort_by(f64::total_cmp);
    let hz = pitches[pitches.len() / 2];
    let clean = |tenth: &&&[f32]| tenth.windows(2).all(|it| (it[1] - it[0]).abs() < STEEP);
    let clean = tenths.windows(15).map(|it| it.iter().filter(clean).count());
    let clean = clean.max().unwrap();
    eprintln!("{what}: {hz:.2} Hz, {clean} of 15 tenths without a click");
    assert!((hz - 440.0).abs() < 4.4, "{what}: {pitches:?} Hz");
    assert!(
        clean >= 13,
        "{what}: clicks in all but {clean} of 15 tenths"
    );
}

/// The pitch of a tone, by where it rises through zero.
fn pitch(tone: &[f32]) -> f64 {
    let rises: Vec<f64> = tone
        .windows(2)
        .enumerate()
        .filter(|(_, it)| it[0] < 0.0 && it[1] >= 0.0)
        .map(|(at, it)| at as f64 + f64::from(it[0] / (it[0] - it[1])))
        .collect();
    match (rises.first(), rises.last()) {
        (Some(first), Some(last)) if last > first => {
            48_000.0 * (rises.len() - 1) as f64 / (last - first)
        }
        _ => 0.0,
    }
}

/// Plays 440 Hz at half the full scale.
#[derive(Default)]
struct Tone(usize);

impl SampleSource for Tone {
    fn fill(&mut self, out: &mut [f32], _: Instant) {
        for sample in out {
            let turns = 440.0 * (self.0 % 48_000) as f32 / 48_000.0;
            *sample = 0.5 * (std::f32::consts::TAU * turns.fract()).sin();
            self.0 += 1;
        }
    }

    fn failed(&mut self, error: DeviceError) {
        panic!("{error}");
    }
}

/// The user's end of a stream.
#[derive(Clone, Default)]
struct End(Arc<Mutex<Seen>>);

/// What is seen at the user's end.
#[derive(Default)]
struct Seen {
    tone: Tone,
    heard: Vec<f32>,
    moved: usize,
    last: Option<Instant>,
    /// Pauses between callbacks.
    gaps: Vec<Duration>,
    failure: Option<DeviceError>,
}

impl End {
    fn sink(&self) -> Box<dyn SampleSink> {
        Box::new(self.clone())
    }

    fn source(&self) -> Box<dyn SampleSource> {
        Box::new(self.clone())
    }

    fn moved(&self) -> usize {
        self.0.lock().unwrap().moved
    }

    fn samples(&self) -> Vec<f32> {
        self.0.lock().unwrap().heard.clone()
    }

    fn failure(&self) -> Option<DeviceError> {
        self.0.lock().unwrap().failure.clone()
    }
}

impl Seen {
    fn move_by(&mut self, samples: usize) {
        self.moved += samples;
        let last = self.last.replace(Instant::now());
        let pause = last.map_or(Duration::ZERO, |it| it.elapsed());
        if pause > FEW_CALLBACKS {
            self.gaps.push(pause);
        }
    }
}

impl SampleSink for End {
    fn samples(&mut self, samples: &[f32], _: Instant) {
        let mut seen = self.0.lock().unwrap();
        seen.heard.extend(samples);
        seen.move_by(samples.len());
    }

    fn failed(&mut self, error: DeviceError) {
        self.0.lock().unwrap().failure = Some(error);
    }
}

impl SampleSource for End {
    fn fill(&mut self, out: &mut [f32], plays_at: Instant) {
        let mut seen = self.0.lock().unwrap();
        seen.tone.fill(out, plays_at);
        seen.move_by(out.len());
    }

    fn failed(&mut self, error: DeviceError) {
        self.0.lock().unwrap().failure = Some(error);
    }
}

fn system() -> Arc<dyn AudioBackend> {
    audio(MicrophoneChoice::System, SpeakerChoice::System)
}

/// What `pactl` says.
fn pactl(arguments: &[&str]) -> String {
    let mut pactl: Command = program("pactl");
    let output = pactl.args(arguments).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// Loads a module; what to unload it by.
fn load(module: &str) -> String {
    let mut arguments = vec!["load-module"];
    arguments.extend(module.split(' '));
    pactl(&arguments).trim().to_owned()
}

fn unload(module: &str) {
    pactl(&["unload-module", module]);
}

/// A column of `pactl list short`.
fn column(of: &str, at: usize) -> Vec<String> {
    let listed = pactl(&["list", "short", of]);
    let lines = listed.lines();
    let cells = lines.filter_map(|it| it.split('\t').nth(at).map(str::to_owned));
    cells.collect()
}

/// The server's number of a sink or source, empty when there is none.
fn number(of: &str, name: &str) -> String {
    let names = column(of, 1);
    let at = names.iter().position(|it| it == name);
    at.map_or_else(String::new, |it| column(of, 0)[it].clone())
}

/// The number of the stream on the sink or source `place`.
fn stream(of: &str, place: &str) -> String {
    let at = places(of).iter().position(|it| it == place);
    column(of, 0)[at.unwrap()].clone()
}

/// The numbers of the sinks or sources that streams are on.
fn places(of: &str) -> Vec<String> {
    column(of, 1)
}

/// The sinks that streams are on, without that of the server's own.
fn ours() -> Vec<String> {
    let own = number("sinks", "vmic");
    let mut places = places("sink-inputs");
    if let Some(at) = places.iter().position(|it| *it == own) {
        places.remove(at);
    }
    places
}

/// Whether one of our streams is on the sink `name`.
fn on(name: &str) -> bool {
    ours().contains(&number("sinks", name))
}

/// What `source` gives in so many seconds.
fn record(source: &str, seconds: usize) -> Vec<f32> {
    let mut recorder = program("parec")
        .args(["--raw", "--format=float32le", "--rate=48000"])
        .args(["--channels=1", "--latency-msec=40"])
        .arg(format!("--device={source}"))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut bytes = vec![0; seconds * 48_000 * 4];
    std::io::Read::read_exact(recorder.stdout.as_mut().unwrap(), &mut bytes).unwrap();
    recorder.kill().unwrap();
    recorder.wait().unwrap();
    let samples = bytes.chunks_exact(4);
    samples
        .map(|it| f32::from_le_bytes([it[0], it[1], it[2], it[3]]))
        .collect()
}

/// What a user is promised of another default, and of a device that goes.
const FOLLOWED: Duration = Duration::from_secs(3);

/// The same of a device that changes its shape.
const REBUILT: Duration = Duration::from_secs(2);

/// What no device would do while nothing changes.
const FEW_CALLBACKS: Duration = Duration::from_millis(50);

/// A remapped source gives its sound in pieces of up to 180 ms; what is longer is a gap.
const NOTICED: Duration = Duration::from_millis(250);

/// The server's own loopback is all that records.
const LOOPBACK: usize = 1;

/// The tone itself rises by 0.0288 from sample to sample.
const STEEP: f32 = 0.035;
