//! Recordings on a real disk, looked at with ffprobe and ffmpeg.

#![expect(clippy::unwrap_used, reason = "the helpers of a test panic")]

mod disk;
mod film;
mod probe;
mod whole;
