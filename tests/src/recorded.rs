//! Reads recordings of calls by ffmpeg: whether they play, and when what they show and say was
//! captured. Pictures are stamped and voices have a clock, so each file tells which moment of the
//! machine's clock it counts from.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::clock;
use crate::sound::{self, Heard, Recording};
use crate::stamp::Place;
use crate::watch::percentile;

/// What a file says of its pictures.
#[derive(Clone, Copy, Debug)]
pub struct Pictures {
    /// How many are stamped.
    pub stamped: usize,
    /// The moment that the file counts from, by its pictures: the median.
    pub zero: Duration,
    /// By how much pictures are off that, milliseconds: 19 of 20 are not more.
    pub spread_ms: f64,
}

/// Decodes all of a file, and fails at the first complaint.
///
/// # Errors
/// When something of it cannot be decoded.
pub fn plays(file: &Path) -> Result<()> {
    let decoded = Command::new("ffmpeg")
        .args(["-v", "warning", "-xerror", "-i"])
        .arg(file)
        // Times as they are in the file: at a fixed rate two pictures that came together collide.
        .args(["-fps_mode", "passthrough", "-enc_time_base", "-1"])
        .args(["-f", "null", "-"])
        .output()
        .context("no ffmpeg")?;
    let said = String::from_utf8_lossy(&decoded.stderr);
    ensure!(decoded.status.success() && said.trim().is_empty(), "{said}");
    Ok(())
}

/// Reads the stamps of a file's pictures.
///
/// # Errors
/// When none is stamped.
pub fn pictures(file: &Path) -> Result<Pictures> {
    let times = picture_times(file)?;
    let luma = Command::new("ffmpeg")
        .args(["-v", "error", "-i"])
        .arg(file)
        .args(["-vf", &format!("scale={WIDTH}:{HEIGHT},format=gray")])
        .args(["-fps_mode", "passthrough", "-f", "rawvideo", "-"])
        .output()?
        .stdout;
    let now = clock::now();
    let place = Place::of_picture(WIDTH);
    let [first, second] = place.rows();
    let frames = luma.chunks_exact(WIDTH * HEIGHT).zip(&times);
    let zeros = frames.filter_map(|(luma, seconds)| {
        let row = |y: usize| &luma[y * WIDTH..(y + 1) * WIDTH];
        let stamp = place.read(row(first), row(second))?;
        Some((now - stamp.age(now)).as_secs_f64() - seconds)
    });
    let zeros: Vec<f64> = zeros.collect();
    let zero = percentile(zeros.iter().copied(), 0.5).context("no stamped picture")?;
    let errors = zeros.iter().map(|it| (it - zero).abs() * 1e3);
    Ok(Pictures {
        stamped: zeros.len(),
        zero: Duration::from_secs_f64(zero),
        spread_ms: percentile(errors, 0.95).unwrap_or(f64::NAN),
    })
}

/// Compares a file's sound with the loop that was said: how much later it is in the file than it was
/// said, milliseconds, when the file counts from `zero`.
///
/// # Errors
/// When there is no sound.
pub fn lag(file: &Path, said: &[f32], zero: Duration) -> Result<Heard> {
    let wav = file.with_extension("wav");
    let decoded = Command::new("ffmpeg")
        .args(["-v", "error", "-y", "-i"])
        .arg(file)
        // Gaps in the times are silence, and what is stretched is stretched.
        .args(["-af", "aresample=async=1:first_pts=0"])
        .args(["-ac", "1", "-ar", "48000", "-c:a", "pcm_s16le"])
        .arg(&wav)
        .status()?;
    ensure!(decoded.success(), "ffmpeg cannot decode the sound");
    let mut heard = Recording::read(&wav)?;
    // Looked for are delays alone: what may be early is looked at as if it came later.
    heard.begun = Some(zero + EARLY);
    let heard = sound::compare(said, &heard).context("too short")?;
    Ok(Heard {
        lag_ms: heard.lag_ms - EARLY.as_secs_f64() * 1e3,
        ..heard
    })
}

/// When each picture is shown, seconds.
fn picture_times(file: &Path) -> Result<Vec<f64>> {
    let told = Command::new("ffprobe")
        .args(["-v", "error", "-of", "json", "-select_streams", "v"])
        .args(["-show_entries", "frame=pts_time"])
        .arg(file)
        .output()?
        .stdout;
    let told: Value = serde_json::from_slice(&told)?;
    let frames = told["frames"].as_array().context("no pictures")?;
    let time = |frame: &Value| frame["pts_time"].as_str()?.parse().ok();
    frames
        .iter()
        .map(|frame| time(frame).context("a picture without a time"))
        .collect()
}

/// Pictures of every size are read at one, at which a block of the stamp has sixteen pixels.
const WIDTH: usize = 640;
const HEIGHT: usize = 360;

/// More than any sound is early.
const EARLY: Duration = Duration::from_millis(150);
