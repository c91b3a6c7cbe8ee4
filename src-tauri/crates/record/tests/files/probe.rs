//! What ffprobe and ffmpeg say of a file.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// The only folder in `directory`.
pub(crate) fn folder(directory: &Path) -> PathBuf {
    let mut folders = std::fs::read_dir(directory).unwrap();
    let folder = folders.next().expect("a folder").unwrap().path();
    assert!(folders.next().is_none(), "more than one folder");
    folder
}

/// Decodes all of a file. Panics at the first complaint.
pub(crate) fn decode(file: &Path) {
    let decoded = Command::new("ffmpeg")
        .args(["-v", "warning", "-xerror", "-i"])
        .arg(file)
        // Times as they are in the file: at a fixed rate two pictures that came together collide.
        .args(["-fps_mode", "passthrough", "-enc_time_base", "-1"])
        .args(["-f", "null", "-"])
        .output()
        .expect("ffmpeg");
    let said = String::from_utf8_lossy(&decoded.stderr);
    assert!(decoded.status.success(), "{said}");
    assert!(said.trim().is_empty(), "{said}");
}

/// How many frames of a stream can be decoded ("v" or "a").
pub(crate) fn frames(file: &Path, stream: &str) -> u64 {
    let told = ask(file, stream, &["-count_frames", "-show_streams"]);
    let frames = &told["streams"][0]["nb_read_frames"];
    frames.as_str().expect("frames").parse().unwrap()
}

/// When each frame of a stream is shown, in milliseconds, and how wide it is.
pub(crate) fn shown(file: &Path, stream: &str) -> Vec<(i64, u64)> {
    let told = ask(file, stream, &["-show_frames"]);
    let frames = told["frames"].as_array().expect("frames").iter();
    let frames = frames.map(|frame| {
        let seconds: f64 = frame["pts_time"].as_str().unwrap().parse().unwrap();
        let width = frame["width"].as_u64().unwrap_or_default();
        ((seconds * 1000.0).round() as i64, width)
    });
    frames.collect()
}

/// Seconds of a file by its head.
pub(crate) fn duration(file: &Path) -> f64 {
    let told = ask(file, "a", &["-show_format"]);
    let duration = told["format"]["duration"].as_str().expect("a duration");
    duration.parse().unwrap()
}

fn ask(file: &Path, stream: &str, what: &[&str]) -> Value {
    let told = Command::new("ffprobe")
        .args(["-v", "error", "-of", "json", "-select_streams", stream])
        .args(what)
        .arg(file)
        .output()
        .expect("ffprobe");
    let said = String::from_utf8_lossy(&told.stderr);
    assert!(told.status.success(), "{said}");
    serde_json::from_slice(&told.stdout).unwrap()
}
