//! Sound through a real PulseAudio server with null sinks, private to this test.
//!
//! The server is found through the environment, which a process should not change under its own
//! feet: each test runs its body in a process of its own. Where the way to the server is another
//! than a path in `PULSE_SERVER`, the test looks for it as a program does at its start.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "the helpers of a test panic")]
#![expect(clippy::print_stderr, reason = "what was measured is said aloud")]

#[path = "pulseaudio/changes.rs"]
mod changes;

use std::ffi::OsString;
use std::io::Write as _;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use devices::sound_server::{self, Environment};
use devices::{MicrophoneChoice, SpeakerChoice, audio};
use media::backend::audio::{AudioBackend, SampleSink, SampleSource};
use media::backend::device::{DeviceError, DeviceKind};
use media::synthetic::voice::Voice;

#[test]
fn what_a_speaker_plays_a_microphone_hears() {
    inside("body_heard");
}

#[test]
#[ignore = "the body of what_a_speaker_plays_a_microphone_hears"]
fn body_heard() {
    let server = Server::start();
    let sound = audio(MicrophoneChoice::System, SpeakerChoice::System);
    let listed = sound.list().unwrap();
    let names: Vec<_> = listed.speakers.iter().map(|it| it.id.0.as_str()).collect();
    assert_eq!(names, ["pulseaudio:spk", "pulseaudio:vmic"]);
    let microphones: Vec<_> = listed
        .microphones
        .iter()
        .map(|it| it.id.0.as_str())
        .collect();
    assert_eq!(
        microphones,
        ["pulseaudio:mic", "synthetic"],
        "monitors are no microphones, and the test voice is for who wants it"
    );
    assert!(listed.microphones[0].is_default && listed.speakers[0].is_default);
    assert_eq!(listed.microphones[0].kind, DeviceKind::Real);

    let (mouth, ear) = (Mouth::default(), Ear::default());
    let microphone = sound.open_microphone(None, Box::new(ear.clone())).unwrap();
    let speaker = sound.open_speaker(None, Box::new(mouth.clone())).unwrap();
    assert_eq!(microphone.info().id.0, "pulseaudio:mic");
    std::thread::sleep(Duration::from_millis(3500));
    drop((microphone, speaker));
    ear.check_heard(&mouth);
    drop(server);
}

#[test]
fn a_named_device_is_found_and_another_is_not() {
    inside("body_named");
}

#[test]
#[ignore = "the body of a_named_device_is_found_and_another_is_not"]
fn body_named() {
    let _server = Server::start();
    let named = |name: &str| {
        audio(
            MicrophoneChoice::Device(name.into()),
            SpeakerChoice::Device("VMIC".into()),
        )
    };
    let sound = named("mic");
    assert_eq!(sound.list().unwrap().speakers[0].id.0, "pulseaudio:vmic");
    let speaker = sound
        .open_speaker(None, Box::new(Mouth::default()))
        .unwrap();
    assert_eq!(speaker.info().id.0, "pulseaudio:vmic");
    let missing = named("roof").open_microphone(None, Box::new(Ear::default()));
    assert!(matches!(missing, Err(DeviceError::NotFound(_))));
}

#[test]
fn streams_survive_a_server_that_restarts_and_fail_without_one() {
    inside("body_restart");
}

#[test]
#[ignore = "the body of streams_survive_a_server_that_restarts_and_fail_without_one"]
fn body_restart() {
    let mut server = Server::start();
    let sound = audio(MicrophoneChoice::System, SpeakerChoice::System);
    let (mouth, ear) = (Mouth::default(), Ear::default());
    let microphone = sound.open_microphone(None, Box::new(ear.clone())).unwrap();
    let speaker = sound.open_speaker(None, Box::new(mouth.clone())).unwrap();
    wait("sound at first", || {
        ear.len() > 10_000 && mouth.asked() > 10_000
    });

    server.kill();
    std::thread::sleep(Duration::from_millis(400));
    server = Server::start();
    let (heard, played) = (ear.len(), mouth.asked());
    wait("sound after the restart", || {
        ear.len() > heard + 10_000 && mouth.asked() > played + 10_000
    });
    assert!(ear.failure().is_none() && mouth.failure().is_none());

    server.kill();
    wait("failures without a server", || {
        ear.failure().is_some() && mouth.failure().is_some()
    });
    assert!(matches!(ear.failure(), Some(DeviceError::Lost(_))));
    let closing = Instant::now();
    drop((microphone, speaker));
    assert!(closing.elapsed() < Duration::from_millis(500));

    let without = sound.list().unwrap();
    assert!(
        without
            .microphones
            .iter()
            .all(|it| it.kind == DeviceKind::Synthetic && !it.is_default),
        "a test voice for who wants one, and no microphone"
    );
    assert_eq!(without.speakers, []);
    let opening = Instant::now();
    let opened = sound.open_speaker(None, Box::new(Mouth::default()));
    assert!(matches!(opened, Err(DeviceError::NotFound(_))));
    let opened = sound.open_microphone(None, Box::new(Ear::default()));
    assert!(matches!(opened, Err(DeviceError::NotFound(_))));
    assert!(opening.elapsed() < Duration::from_secs(1));

    let _server = Server::start();
    sound
        .open_speaker(None, Box::new(Mouth::default()))
        .unwrap();
}

#[test]
fn a_server_is_found_over_tcp() {
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    inside_with("body_found", |_| {
        vec![(
            "PULSE_SERVER",
            format!("tcp:127.0.0.1:1 tcp:127.0.0.1:{port}").into(),
        )]
    });
}

#[test]
fn a_server_is_found_without_a_runtime_directory() {
    inside_with("body_found", |_| vec![("TEST_SERVER", USUAL.into())]);
}

#[test]
fn a_server_is_found_by_a_file_of_settings() {
    inside_with("body_found", |home| {
        let socket = format!("unix:{}", home.join("elsewhere/sound").display());
        let conf = home.join("client.conf");
        std::fs::write(&conf, format!("default-server = {socket}")).unwrap();
        vec![
            ("PULSE_CLIENTCONFIG", conf.into_os_string()),
            ("TEST_SERVER", socket.into()),
        ]
    });
}

#[test]
#[ignore = "the body of all that look for the server"]
fn body_found() {
    let _server = Server::start();
    let sound = audio(MicrophoneChoice::System, SpeakerChoice::System);
    let (mouth, ear) = (Mouth::default(), Ear::default());
    let microphone = sound.open_microphone(None, Box::new(ear.clone())).unwrap();
    let _speaker = sound.open_speaker(None, Box::new(mouth)).unwrap();
    assert_eq!(microphone.info().id.0, "pulseaudio:mic");
    wait("the voice", || {
        let heard = ear.0.lock().unwrap();
        heard.samples.iter().any(|it| it.abs() > 0.05)
    });
}

#[test]
fn channels_of_a_microphone_do_not_cancel_each_other() {
    inside("body_channels");
}

#[test]
#[ignore = "the body of channels_of_a_microphone_do_not_cancel_each_other"]
fn body_channels() {
    let server = Server::start();
    let eight = "front-left,front-right,front-center,lfe,rear-left,rear-right,side-left,side-right";
    for (name, channels, map, loud) in [
        ("opposite", 2, "stereo", [1.0, -1.0]),
        ("eighth", 8, eight, [0.0, 1.0]),
        ("auxiliary", 4, "aux0,aux1,aux2,aux3", [0.0, 1.0]),
    ] {
        server.load(&format!(
            "module-null-sink sink_name={name}_sink rate=48000 channels={channels} channel_map={map}"
        ));
        server.load(&format!(
            "module-remap-source master={name}_sink.monitor source_name={name} channels={channels} channel_map={map} master_channel_map={map} remix=no"
        ));
        let _player = server.play(&format!("{name}_sink"), channels, &loud);
        let sound = audio(MicrophoneChoice::Device(name.into()), SpeakerChoice::None);
        let ear = Ear::default();
        let microphone = sound.open_microphone(None, Box::new(ear.clone())).unwrap();
        wait("two seconds of sound", || ear.len() > 96_000);
        drop(microphone);
        let heard = ear.0.lock().unwrap();
        let last = &heard.samples[48_000..96_000];
        let level = (last.iter().map(|it| it * it).sum::<f32>() / last.len() as f32).sqrt();
        // A sine of half the full scale.
        assert!((level - 0.354).abs() < 0.03, "{name}: level {level}");
    }
}

#[test]
fn a_stream_ends_at_once_when_it_is_dropped() {
    inside("body_dropped");
}

#[test]
#[ignore = "the body of a_stream_ends_at_once_when_it_is_dropped"]
fn body_dropped() {
    let _server = Server::start();
    let sound = audio(MicrophoneChoice::System, SpeakerChoice::System);
    let threads = || std::fs::read_dir("/proc/self/task").unwrap().count();
    let files = || std::fs::read_dir("/proc/self/fd").unwrap().count();
    let once = |sound: &dyn AudioBackend| {
        let microphone = sound
            .open_microphone(None, Box::new(Ear::default()))
            .unwrap();
        let speaker = sound
            .open_speaker(None, Box::new(Mouth::default()))
            .unwrap();
        let closing = Instant::now();
        drop((microphone, speaker));
        assert!(
            closing.elapsed() < Duration::from_millis(300),
            "{:?}",
            closing.elapsed()
        );
    };
    once(sound.as_ref());
    let before = (threads(), files());
    for _ in 0..20 {
        once(sound.as_ref());
    }
    wait("threads and files to go", || {
        threads() <= before.0 && files() <= before.1
    });
}

/// Plays the voice and counts what it was asked for.
#[derive(Clone, Default)]
struct Mouth(Arc<Mutex<Played>>);

#[derive(Default)]
struct Played {
    voice: Voice,
    position: u64,
    failure: Option<DeviceError>,
}

impl Mouth {
    fn asked(&self) -> u64 {
        self.0.lock().unwrap().position
    }

    fn failure(&self) -> Option<DeviceError> {
        self.0.lock().unwrap().failure.clone()
    }
}

impl SampleSource for Mouth {
    fn fill(&mut self, out: &mut [f32], _: Instant) {
        let mut played = self.0.lock().unwrap();
        played.voice.fill(played.position, out);
        played.position += out.len() as u64;
    }

    fn failed(&mut self, error: DeviceError) {
        self.0.lock().unwrap().failure = Some(error);
    }
}

/// Keeps what was heard.
#[derive(Clone, Default)]
struct Ear(Arc<Mutex<Heard>>);

#[derive(Default)]
struct Heard {
    samples: Vec<f32>,
    failure: Option<DeviceError>,
}

impl Ear {
    fn len(&self) -> usize {
        self.0.lock().unwrap().samples.len()
    }

    fn failure(&self) -> Option<DeviceError> {
        self.0.lock().unwrap().failure.clone()
    }

    /// Looks for a piece of what was heard in what was played.
    fn check_heard(&self, mouth: &Mouth) {
        let heard = self.0.lock().unwrap();
        let played = mouth.0.lock().unwrap();
        let rate = heard.samples.len() as f64 / 3.5;
        assert!(
            (44_000.0..50_000.0).contains(&rate),
            "{rate} samples a second"
        );
        let piece = &heard.samples[96_000..104_000];
        let product = |shift: usize| -> f64 {
            let said = (shift..).map(|at| played.voice.sample_at(at as u64));
            piece.iter().zip(said).map(|(a, b)| f64::from(a * b)).sum()
        };
        let norm = |of: &mut dyn Iterator<Item = f32>| -> f64 {
            of.map(|it| f64::from(it * it)).sum::<f64>().sqrt()
        };
        let best = (0..96_000)
            .max_by(|a, b| product(*a).total_cmp(&product(*b)))
            .unwrap();
        let said =
            norm(&mut (best..best + piece.len()).map(|it| played.voice.sample_at(it as u64)));
        let correlation = product(best) / (said * norm(&mut piece.iter().copied()));
        assert!(correlation > 0.95, "correlation {correlation:.3}");
    }
}

impl SampleSink for Ear {
    fn samples(&mut self, samples: &[f32], captured_at: Instant) {
        assert!(captured_at <= Instant::now());
        self.0.lock().unwrap().samples.extend(samples);
    }

    fn failed(&mut self, error: DeviceError) {
        self.0.lock().unwrap().failure = Some(error);
    }
}

/// A server of this process, which clients find through its environment.
struct Server(Child);

impl Server {
    fn start() -> Self {
        let protocol = match address() {
            Address::Usual => "module-native-protocol-unix auth-anonymous=1".to_owned(),
            Address::Unix(socket) => {
                let _ = std::fs::remove_file(&socket);
                std::fs::create_dir_all(socket.parent().unwrap()).unwrap();
                let socket = socket.display();
                format!("module-native-protocol-unix socket={socket} auth-anonymous=1")
            }
            Address::Tcp(port) => {
                format!("module-native-protocol-tcp listen=127.0.0.1 port={port} auth-anonymous=1")
            }
        };
        let child = Command::new("pulseaudio")
            .env_remove("PULSE_SERVER")
            .args([
                "-n",
                "--daemonize=no",
                "--exit-idle-time=-1",
                "--use-pid-file=no",
            ])
            .args(["-L", &protocol])
            .args(["-L", "module-null-sink sink_name=spk rate=48000"])
            .args(["-L", "module-null-sink sink_name=vmic rate=48000"])
            .args([
                "-L",
                "module-remap-source master=vmic.monitor source_name=mic",
            ])
            .args([
                "-L",
                "module-loopback source=spk.monitor sink=vmic latency_msec=30",
            ])
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let server = Self(child);
        for (what, name) in [("set-default-source", "mic"), ("set-default-sink", "spk")] {
            wait("the server to answer", || {
                let pactl = pactl().args([what, name]).status();
                pactl.unwrap().success()
            });
        }
        server
    }

    fn load(&self, module: &str) {
        let pactl = pactl().arg("load-module").args(module.split(' ')).status();
        assert!(pactl.unwrap().success(), "{module}");
    }

    /// Plays a tone into a sink of `channels`, `shares` of it into the last ones, until dropped.
    fn play(&self, sink: &str, channels: usize, shares: &[f32]) -> Self {
        let frame = |at: usize| {
            let tone = 0.5 * (std::f32::consts::TAU * 440.0 * at as f32 / 48_000.0).sin();
            let silent = channels - shares.len();
            let level =
                move |channel: usize| channel.checked_sub(silent).map_or(0.0, |it| shares[it]);
            (0..channels).flat_map(move |it| ((tone * level(it) * 32_767.0) as i16).to_le_bytes())
        };
        let path = std::env::temp_dir().join(format!("{sink}-{}.raw", std::process::id()));
        std::fs::write(&path, (0..480_000).flat_map(frame).collect::<Vec<_>>()).unwrap();
        let mut player = program("pacat");
        player
            .args(["--raw", "--format=s16le", "--rate=48000", "--no-remap"])
            .args([format!("--channels={channels}"), format!("--device={sink}")])
            .arg(&path);
        Self(player.spawn().unwrap())
    }

    fn kill(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Where the server of a test listens.
enum Address {
    Usual,
    Unix(PathBuf),
    Tcp(u16),
}

/// The last of the addresses in `TEST_SERVER`, which tells where the server really is, whatever
/// `PULSE_SERVER` leads through.
fn address() -> Address {
    let server = real_server();
    if server == USUAL {
        return Address::Usual;
    }
    match server.strip_prefix("unix:") {
        Some(path) => Address::Unix(path.into()),
        None => Address::Tcp(server.rsplit(':').next().unwrap().parse().unwrap()),
    }
}

fn real_server() -> String {
    let server = std::env::var("TEST_SERVER").unwrap();
    server.split(' ').next_back().unwrap().to_owned()
}

/// Who runs a server on it.
static MACHINE: RwLock<()> = RwLock::new(());

/// Stands in `TEST_SERVER` for where a server listens by itself.
const USUAL: &str = "usual";

/// A program of PulseAudio that finds the server as its own library does.
fn program(name: &str) -> Command {
    let mut program = Command::new(name);
    program
        .env_remove("PULSE_SERVER")
        .env_remove("PULSE_COOKIE");
    if real_server() != USUAL {
        program.env("PULSE_SERVER", real_server());
    }
    program
}

fn pactl() -> Command {
    let mut pactl = program("pactl");
    pactl.stdout(Stdio::null()).stderr(Stdio::null());
    pactl
}

fn wait(what: &str, mut done: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(25);
    while !done() {
        assert!(Instant::now() < deadline, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Runs the test `body` in a process of its own, with a home and a sound server of its own in the
/// usual place.
fn inside(body: &str) {
    inside_with(body, usual);
}

/// The same while no other test of this file runs: servers that share few cores starve each other.
fn inside_alone(body: &str) {
    let _alone = MACHINE.write().unwrap_or_else(PoisonError::into_inner);
    run_inside(body, usual);
}

/// A sound server in the usual place of a home.
fn usual(home: &Path) -> Vec<(&'static str, OsString)> {
    let socket = format!("unix:{}", home.join("pulse/native").display());
    vec![
        ("XDG_RUNTIME_DIR", home.as_os_str().to_owned()),
        ("TEST_SERVER", socket.into()),
    ]
}

/// The same with a server and an environment that `variables` makes for a home. `PULSE_SERVER` is
/// where the server is, unless `TEST_SERVER` says so.
fn inside_with(body: &str, variables: impl FnOnce(&Path) -> Vec<(&'static str, OsString)>) {
    let _shared = MACHINE.read().unwrap_or_else(PoisonError::into_inner);
    run_inside(body, variables);
}

fn run_inside(body: &str, variables: impl FnOnce(&Path) -> Vec<(&'static str, OsString)>) {
    if !installed("pulseaudio") || !installed("pactl") {
        let mut out = std::io::stderr().lock();
        writeln!(out, "\nSKIPPED {body}: pulseaudio is not installed").unwrap();
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let mut variables = variables(home.path());
    variables.push(("HOME", home.path().as_os_str().to_owned()));
    let own = variables
        .iter()
        .map(|(name, value)| (OsString::from(name), value.clone()));
    let found = sound_server::find(&Environment::new(own, Path::new("/")));
    let told = variables.iter().any(|(name, _)| *name == "TEST_SERVER");
    let named = variables.iter().find(|(name, _)| *name == "PULSE_SERVER");
    let real = named
        .filter(|_| !told)
        .map(|(_, value)| ("TEST_SERVER", value.clone()));
    let mut program = Command::new(std::env::current_exe().unwrap());
    program.args(["--exact", body, "--ignored", "--nocapture"]);
    for name in [
        "PULSE_SERVER",
        "PULSE_COOKIE",
        "PULSE_RUNTIME_PATH",
        "XDG_RUNTIME_DIR",
        "XDG_CONFIG_HOME",
    ] {
        program.env_remove(name);
    }
    let output = program
        .envs(variables)
        .envs(real)
        .envs(found.variables().iter().cloned())
        .output()
        .unwrap();
    let told = [output.stdout, output.stderr].concat();
    let told = String::from_utf8_lossy(&told);
    assert!(
        output.status.success() && told.contains("1 passed"),
        "{body}:\n{told}"
    );
}

fn installed(program: &str) -> bool {
    std::env::var_os("PATH").is_some_and(|path| {
        std::env::split_paths(&path).any(|dir| Path::new(&dir).join(program).is_file())
    })
}
