//! A sound server of our own, without any sound card: every window gets a microphone into which
//! we speak and a speaker that we hear.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;
use tokio::process::Command;

use crate::clock;
use crate::program::{Program, free_port};
use crate::sound::{HZ, Recording};

/// A running PulseAudio.
#[derive(Debug)]
pub struct SoundServer {
    // Dropped in this order: the server first, its directory after.
    server: Program,
    dir: TempDir,
    tcp_port: u16,
}

impl SoundServer {
    /// Starts one with a speaker `NAME_speaker` and a microphone `NAME_microphone` for each name.
    ///
    /// # Errors
    /// When PulseAudio is missing or does not start.
    pub async fn start(names: &[&str]) -> Result<Self> {
        let dir = tempfile::tempdir()?;
        let socket = dir.path().join("native");
        let mut command = Command::new("pulseaudio");
        command.args([
            "-n",
            "--daemonize=no",
            "--exit-idle-time=-1",
            "--use-pid-file=no",
        ]);
        command.arg("-L").arg(format!(
            "module-native-protocol-unix auth-anonymous=1 socket={}",
            socket.display()
        ));
        let tcp_port = free_port()?;
        command.arg("-L").arg(format!(
            "module-native-protocol-tcp auth-anonymous=1 listen=127.0.0.1 port={tcp_port}"
        ));
        for name in names {
            for module in modules(name) {
                command.arg("-L").arg(module);
            }
        }
        command
            .env("HOME", dir.path())
            .env("XDG_RUNTIME_DIR", dir.path());
        command
            .env("PULSE_RUNTIME_PATH", dir.path())
            .env("PULSE_STATE_PATH", dir.path());
        command
            .env_remove("DBUS_SESSION_BUS_ADDRESS")
            .env_remove("DISPLAY");
        let mut server = Program::start("pulseaudio", &mut command)?;
        server.drain();
        let us = Self {
            server,
            dir,
            tcp_port,
        };
        let until = clock::now() + Duration::from_secs(10);
        while us.ask(&["info"]).await.is_err() {
            ensure!(clock::now() < until, "PulseAudio does not answer");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(us)
    }

    /// The options of a program that uses the microphone and the speaker of this name.
    #[must_use]
    pub fn devices(name: &str) -> [String; 4] {
        let device = |role: &str| format!("device:{name}_{role}");
        let [microphone, speaker] = ["microphone", "speaker"].map(device);
        [
            "--microphone".to_owned(),
            microphone,
            "--speaker".to_owned(),
            speaker,
        ]
    }

    /// For `PULSE_SERVER`.
    #[must_use]
    pub fn address(&self) -> String {
        format!("unix:{}", self.dir.path().join("native").display())
    }

    /// The same by the network.
    #[must_use]
    pub fn tcp_address(&self) -> String {
        format!("tcp:127.0.0.1:{}", self.tcp_port)
    }

    /// The server's process.
    #[must_use]
    pub fn pid(&self) -> i32 {
        self.server.pid()
    }

    /// Makes the microphone and the speaker of this name the system's default.
    ///
    /// # Errors
    /// When the server refuses.
    pub async fn is_default(&self, name: &str) -> Result<()> {
        let [speaker, microphone] = ["speaker", "microphone"].map(|role| format!("{name}_{role}"));
        self.ask(&["set-default-sink", &speaker]).await?;
        self.ask(&["set-default-source", &microphone]).await?;
        Ok(())
    }

    /// Speaks samples into a microphone, again and again until dropped.
    ///
    /// # Errors
    /// When `pacat` is missing.
    pub fn speak(&self, name: &str, samples: &[f32]) -> Result<Program> {
        self.speaks(name, samples, r#"while :; do cat "$1"; done"#)
    }

    /// Speaks samples into a microphone once.
    ///
    /// # Errors
    /// When `pacat` is missing.
    pub fn say(&self, name: &str, samples: &[f32]) -> Result<Program> {
        self.speaks(name, samples, r#"cat "$1""#)
    }

    /// Speaks what a command of the shell writes out of the file of the samples, which `pacat` reads
    /// at the speed at which it is played.
    fn speaks(&self, name: &str, samples: &[f32], writes: &str) -> Result<Program> {
        let path = self.dir.path().join(format!("{name}.raw"));
        let bytes: Vec<u8> = samples
            .iter()
            .flat_map(|s| ((s * 32_767.0) as i16).to_le_bytes())
            .collect();
        std::fs::write(&path, bytes)?;
        let mut command = Command::new("sh");
        let pacat = r#"pacat --raw --format=s16le --rate=48000 --channels=1 --latency-msec=50 --device="$2""#;
        command
            .args(["-c", &format!("{writes} | {pacat}"), "speak"])
            .arg(&path)
            .arg(format!("{name}_mouth"));
        command.env("PULSE_SERVER", self.address());
        Program::start("pacat", &mut command)
    }

    /// Puts somebody into a room: their microphone hears their speaker, some 100 ms later.
    ///
    /// # Errors
    /// When the server refuses.
    pub async fn room(&self, name: &str) -> Result<()> {
        let source = format!("source={name}_speaker.monitor");
        let sink = format!("sink={name}_mouth");
        let words = [
            "load-module",
            "module-loopback",
            &source,
            &sink,
            "latency_msec=60",
        ];
        self.ask(&words).await.map(drop)
    }

    /// Hears what a speaker plays for a while.
    ///
    /// # Errors
    /// When `parec` is missing or writes nothing.
    pub async fn hear(&self, name: &str, length: Duration) -> Result<Recording> {
        let path: PathBuf = self.dir.path().join(format!("{name}.heard"));
        let file = std::fs::File::create(&path)?;
        let mut command = Command::new("parec");
        command.args(["--raw", "--format=s16le", "--rate=48000", "--channels=1"]);
        command.args([
            "--latency-msec=20",
            &format!("--device={name}_speaker.monitor"),
        ]);
        command.env("PULSE_SERVER", self.address());
        let mut parec = command
            .stdin(Stdio::null())
            .stdout(file)
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()?;
        tokio::time::sleep(length + Duration::from_millis(300)).await;
        parec.kill().await?;
        let samples = raw(&path)?;
        let wanted = (length.as_secs_f64() * HZ as f64) as usize;
        ensure!(
            samples.len() > wanted / 2,
            "the speaker of {name} gave {} samples",
            samples.len()
        );
        Ok(Recording {
            samples,
            begun: None,
        })
    }

    /// How many streams play into a speaker or record from a microphone, ours not counted.
    ///
    /// # Errors
    /// When the server is gone.
    pub async fn streams(&self) -> Result<usize> {
        let mut count = 0;
        for kind in ["sink-inputs", "source-outputs"] {
            let list = self.ask(&["list", kind]).await?;
            let of = |what: &str| list.lines().filter(|line| line.trim() == what).count();
            let all = list
                .lines()
                .filter(|line| line.contains("application.process.binary"))
                .count();
            let ours = of(r#"application.process.binary = "pacat""#)
                + of(r#"application.process.binary = "parec""#);
            count += all - ours;
        }
        Ok(count)
    }

    async fn ask(&self, args: &[&str]) -> Result<String> {
        let mut pactl = Command::new("pactl");
        pactl
            .args(args)
            .env("PULSE_SERVER", self.address())
            .env("LC_ALL", "C");
        let out = pactl
            .stdin(Stdio::null())
            .output()
            .await
            .context("there is no pactl")?;
        ensure!(
            out.status.success(),
            "pactl: {}",
            String::from_utf8_lossy(&out.stderr)
        );
        Ok(String::from_utf8_lossy(&out.stdout).into_owned())
    }
}

fn modules(name: &str) -> [String; 3] {
    let sink = |role: &str| {
        let title = format!("sink_properties=device.description={name}_{role}");
        format!("module-null-sink sink_name={name}_{role} rate=48000 channels=2 {title}")
    };
    // What is played into the mouth comes out of a proper microphone: a bare monitor is not
    // offered as one by every sound library.
    let microphone = format!(
        "module-remap-source source_name={name}_microphone master={name}_mouth.monitor \
         source_properties=device.description={name}_microphone"
    );
    [sink("speaker"), sink("mouth"), microphone]
}

fn raw(path: &Path) -> Result<Vec<f32>> {
    let bytes = std::fs::read(path)?;
    let sample = |pair: &[u8]| f32::from(i16::from_le_bytes([pair[0], pair[1]])) / 32_768.0;
    Ok(bytes.chunks_exact(2).map(sample).collect())
}
