//! A room around a window: what its speaker plays comes off the walls into its microphone, and
//! somebody may talk there.
//!
//! The room is a thread between two programs of PulseAudio: one records what the speaker plays, the
//! other plays what the microphone hears. It goes at the pace of the recording.

use std::io::{Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use anyhow::{Context, Result};
use media::backend::voice::VOICE_FRAME;
use media::testing::room::LiveRoom;

use crate::sound_server::SoundServer;

/// A room at work; dropping it leaves the window in silence.
#[derive(Debug)]
pub struct AcousticRoom {
    said: Arc<Mutex<Said>>,
    programs: [Child; 2],
    thread: Option<JoinHandle<()>>,
}

/// Who talks in it.
#[derive(Debug, Default)]
struct Said {
    /// Again and again.
    voice: Vec<f32>,
    at: usize,
}

impl AcousticRoom {
    /// Puts the window with the speaker and the microphone of this name into `room`.
    ///
    /// # Errors
    /// When `parec` or `pacat` is missing.
    pub fn around(sound: &SoundServer, name: &str, room: LiveRoom) -> Result<Self> {
        let program = |program: &str, device: String| {
            let mut command = Command::new(program);
            command.args(["--raw", "--format=s16le", "--rate=48000", "--channels=1"]);
            command.args(["--latency-msec=20", &format!("--device={device}")]);
            command.env("PULSE_SERVER", sound.address());
            command.stderr(Stdio::null());
            command
        };
        let mut hears = program("parec", format!("{name}_speaker.monitor"));
        let mut hears = hears.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
        let played = hears.stdout.take().context("parec has no output")?;
        let mut speaks = program("pacat", format!("{name}_mouth"));
        let mut speaks = speaks.stdin(Stdio::piped()).stdout(Stdio::null()).spawn()?;
        let heard = speaks.stdin.take().context("pacat has no input")?;
        let said = Arc::<Mutex<Said>>::default();
        let talks = Arc::clone(&said);
        let thread = thread::Builder::new().name(format!("room of {name}"));
        let thread = thread.spawn(move || reverberate(room, played, heard, &talks))?;
        Ok(Self {
            said,
            programs: [hears, speaks],
            thread: Some(thread),
        })
    }

    /// Somebody says this in it again and again, or, where it is empty, nothing.
    pub fn says(&self, voice: &[f32]) {
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        *said = Said {
            voice: voice.to_vec(),
            at: 0,
        };
    }
}

impl Drop for AcousticRoom {
    fn drop(&mut self) {
        for program in &mut self.programs {
            // One that has ended is what is wanted.
            let _ = program.kill();
            let _ = program.wait();
        }
        if let Some(thread) = self.thread.take() {
            // A panic of it was printed.
            let _ = thread.join();
        }
    }
}

impl Said {
    fn next(&mut self) -> [f32; VOICE_FRAME] {
        std::array::from_fn(|_| {
            let sample = self.voice.get(self.at).copied().unwrap_or(0.0);
            self.at = (self.at + 1) % self.voice.len().max(1);
            sample
        })
    }
}

/// Until one of the two programs ends.
fn reverberate(
    mut room: LiveRoom,
    mut played: ChildStdout,
    mut heard: ChildStdin,
    said: &Mutex<Said>,
) {
    let mut bytes = [0; 2 * VOICE_FRAME];
    while played.read_exact(&mut bytes).is_ok() {
        let mut plays = [0.0; VOICE_FRAME];
        for (sample, pair) in plays.iter_mut().zip(bytes.as_chunks::<2>().0) {
            *sample = f32::from(i16::from_le_bytes(*pair)) / 32_768.0;
        }
        let says = said.lock().unwrap_or_else(PoisonError::into_inner).next();
        let hears = room.hear(&plays, &says);
        for (pair, sample) in bytes.as_chunks_mut::<2>().0.iter_mut().zip(hears) {
            *pair = ((sample * 32_767.0) as i16).to_le_bytes();
        }
        if heard.write_all(&bytes).is_err() {
            return;
        }
    }
}
