//! Writes the other side's pictures to a file as they come.

use std::fs::File;
use std::io::BufWriter;
use std::path::Path;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::Result;
use engine::{PictureFeed, Subscription};
use media::picture::Picture;
use media::queue::{Empty, Queue};
use media::synthetic::y4m;

use crate::files;

/// A Y4M file that grows while a call runs. Dropping it completes the file.
#[derive(Debug)]
pub struct Recorder {
    pictures: Queue<std::sync::Arc<Picture>>,
    thread: Option<JoinHandle<()>>,
    _listening: Subscription,
}

impl Recorder {
    /// Records `feed` into a file; pictures of another size than the first are left out, for the
    /// format knows only one.
    ///
    /// # Errors
    /// When the file cannot be made.
    pub fn start(path: &Path, feed: &PictureFeed, fps: u32) -> Result<Self> {
        let file = files::create(path)?;
        let pictures = Queue::bounded(WAITING);
        let (inlet, outlet, source) = (pictures.clone(), pictures.clone(), feed.clone());
        let listening = feed.subscribe(move || {
            if let Some(picture) = source.latest() {
                inlet.push(picture);
            }
        });
        let thread = thread::Builder::new()
            .name("recorder".to_owned())
            .spawn(move || write(BufWriter::new(file), &outlet, fps))?;
        Ok(Self {
            pictures,
            thread: Some(thread),
            _listening: listening,
        })
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.pictures.close();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the recorder panicked");
        }
    }
}

fn write(file: BufWriter<File>, pictures: &Queue<std::sync::Arc<Picture>>, fps: u32) {
    if let Err(error) = record(file, pictures, fps) {
        tracing::error!(%error, "the recording is incomplete");
    }
}

fn record(
    file: BufWriter<File>,
    pictures: &Queue<std::sync::Arc<Picture>>,
    fps: u32,
) -> std::io::Result<()> {
    let Some(first) = next(pictures) else {
        return Ok(());
    };
    let size = first.size();
    let mut writer = y4m::Writer::new(file, size, fps)?;
    writer.write(&first)?;
    while let Some(picture) = next(pictures) {
        if picture.size() == size {
            writer.write(&picture)?;
        }
    }
    writer.flush()
}

/// The next picture; none when the recording is over.
fn next(pictures: &Queue<std::sync::Arc<Picture>>) -> Option<std::sync::Arc<Picture>> {
    loop {
        match pictures.pop(Duration::from_secs(5)) {
            Ok(picture) => return Some(picture),
            Err(Empty::TimedOut) => {}
            Err(Empty::Closed) => return None,
        }
    }
}

/// A quarter of a second, for a disk that hesitates; beyond that the oldest picture is left out.
const WAITING: usize = 8;
