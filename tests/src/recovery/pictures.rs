//! When each picture of the other side was shown, and how old it was: read from the pipe into which
//! a headless program writes them.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use crate::clock;
use crate::stamp::Place;
use crate::watch::percentile;

/// A pipe that is read; dropping it stops that.
#[derive(Debug)]
pub struct Pictures {
    wake: File,
    shown: Arc<Mutex<Vec<Shown>>>,
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// One picture.
#[derive(Clone, Copy, Debug)]
struct Shown {
    at: Duration,
    age: Duration,
}

impl Pictures {
    /// Makes a pipe at this path and reads what comes.
    ///
    /// # Errors
    /// When the system does not let us.
    pub fn start(path: &Path) -> Result<Self> {
        let made = std::process::Command::new("mkfifo").arg(path).status()?;
        ensure!(made.success(), "no pipe at {}", path.display());
        let shown = Arc::<Mutex<Vec<Shown>>>::default();
        let over = Arc::<AtomicBool>::default();
        // A reader who may write too opens the pipe at once, and is woken by a write of ours.
        let pipe = OpenOptions::new().read(true).write(true).open(path)?;
        let wake = OpenOptions::new()
            .write(true)
            .custom_flags(O_NONBLOCK)
            .open(path)?;
        let (into, ends) = (Arc::clone(&shown), Arc::clone(&over));
        let thread = thread::Builder::new().name("pictures".to_owned());
        let thread = thread.spawn(move || read(pipe, &into, &ends))?;
        Ok(Self {
            wake,
            shown,
            over,
            thread: Some(thread),
        })
    }

    /// How many there were.
    #[must_use]
    pub fn count(&self) -> usize {
        self.lock().len()
    }

    /// The usual age of the last ones.
    #[must_use]
    pub fn usual_age(&self) -> Option<Duration> {
        let shown = self.lock();
        let last = shown.iter().rev().take(LAST);
        let median = percentile(last.map(|it| it.age.as_secs_f64()), 0.5)?;
        Some(Duration::from_secs_f64(median))
    }

    /// When the first picture was shown that was taken no earlier than `from` and is no older than
    /// `most`, and from which on pictures come.
    #[must_use]
    pub fn first_fresh(&self, from: Duration, most: Duration) -> Option<Duration> {
        let shown = self.lock();
        let is_fresh = |it: &Shown| it.age <= most && it.at.saturating_sub(it.age) >= from;
        let goes_on = |at: usize| {
            let tenth = shown.get(at + GOES_ON)?;
            Some(tenth.at - shown[at].at <= Duration::from_secs(1))
        };
        let first = shown.partition_point(|it| it.at < from);
        let mut fresh = (first..shown.len()).filter(|at| is_fresh(&shown[*at]));
        fresh
            .find(|at| goes_on(*at) == Some(true))
            .map(|at| shown[at].at)
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Shown>> {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Pictures {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        // It may wait for the rest of a picture.
        while self.thread.as_ref().is_some_and(|it| !it.is_finished()) {
            // A full pipe wakes it too.
            let _ = (&self.wake).write(&[b'\n'; 4096]);
            thread::sleep(Duration::from_millis(1));
        }
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has told so itself.
            let _ = thread.join();
        }
    }
}

/// Until it is over, or what comes is no film.
fn read(pipe: File, into: &Mutex<Vec<Shown>>, over: &AtomicBool) {
    let film = || -> Result<()> {
        let mut pipe = BufReader::new(pipe);
        let (width, height) = size(&line(&mut pipe)?)?;
        let (mut luma, mut chroma) = (vec![0; width * height], vec![0; width * height / 2]);
        let place = Place::of_picture(width);
        while line(&mut pipe)?.starts_with("FRAME") {
            pipe.read_exact(&mut luma)?;
            let at = clock::now();
            let [first, second] = place
                .rows()
                .map(|row| &luma[row * width..(row + 1) * width]);
            if let Some(stamp) = place.read(first, second) {
                let age = stamp.age(at);
                into.lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .push(Shown { at, age });
            }
            pipe.read_exact(&mut chroma)?;
        }
        Ok(())
    };
    let result = film();
    if let Err(error) = result
        && !over.load(Ordering::Relaxed)
    {
        crate::turn::note(&format!("pictures cannot be read: {error:#}"));
    }
}

fn line(from: &mut impl BufRead) -> io::Result<String> {
    let mut line = Vec::new();
    from.read_until(b'\n', &mut line)?;
    Ok(String::from_utf8_lossy(&line).into_owned())
}

/// The sides that the first line of a Y4M film names.
fn size(header: &str) -> Result<(usize, usize)> {
    let side = |letter: char| -> Option<usize> {
        let mut words = header.split_whitespace();
        words.find_map(|it| it.strip_prefix(letter))?.parse().ok()
    };
    let sides = side('W').zip(side('H'));
    sides.with_context(|| format!("no film: {header:?}"))
}

/// Two seconds at 30 a second.
const LAST: usize = 60;

/// This many more within a second, or it was one by chance.
const GOES_ON: usize = 10;

/// As Linux has it on every processor that we run on.
const O_NONBLOCK: i32 = 0o4000;
