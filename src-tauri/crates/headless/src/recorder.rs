//! Writes the other side's pictures to a file as they come.

use std::fs::File;
use std::io::BufWriter;
use std::path::Path;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::{Context, Result};
use engine::{PictureFeed, Subscription};
use media::picture::Picture;
use media::queue::{Empty, Queue};
use media::synthetic::y4m;

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
        let file =
            File::create(path).with_context(|| format!("cannot write {}", path.display()))?;
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
    let mut file = Some(file);
    let mut writer = None;
    loop {
        let picture = match pictures.pop(Duration::from_secs(5)) {
            Ok(picture) => picture,
            Err(Empty::TimedOut) => continue,
            Err(Empty::Closed) => return,
        };
        if let Some(file) = file.take() {
            writer = y4m::Writer::new(file, picture.size(), fps).ok();
        }
        let written = writer.as_mut().map(|it| it.write(&picture));
        if let Some(Err(error)) = written {
            tracing::error!(%error, "the recording is incomplete");
            return;
        }
    }
}

/// A quarter of a second, for a disk that hesitates; beyond that the oldest picture is left out.
const WAITING: usize = 8;
