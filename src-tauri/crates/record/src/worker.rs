//! The thread of one recording, which alone waits for the disk.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use media::backend::record::{Plan, Progress, RecordError, Recording, Writing};
use media::frame::{EncodedFrame, ReceivedFrame};
use media::time::MediaTime;
use media::transport::Kind;

use crate::failure::Failure;
use crate::file::SideFile;
use crate::folder::Folder;
use crate::fragment::Fragment;
use crate::inbox::{self, Event, Inlet, Outlet};
use crate::pair::{Pair, Whose};
use crate::status::Status;

/// Begins a recording.
pub(crate) fn start(directory: PathBuf, name: String, plan: Plan) -> Arc<dyn Recording> {
    let (inlet, outlet) = inbox::inbox();
    let status = Status::default();
    let told = status.clone();
    let span = tracing::Span::current();
    let thread = thread::Builder::new().name("record".to_owned());
    let spawned = thread.spawn(move || {
        let _call = span.entered();
        let told = Told(told);
        let writing = match record(&directory, &name, &plan, &outlet, &told.0) {
            Ok(()) => Writing::Finished,
            Err(failure) => {
                tracing::error!(%failure, "the recording ends");
                Writing::Failed(failure.told())
            }
        };
        told.0.end(writing);
    });
    if let Err(error) = spawned {
        tracing::error!(%error, "there is no thread for a recording");
        status.end(Writing::Failed(RecordError::Disk));
    }
    Arc::new(Handle { inlet, status })
}

/// The status of a recording, which is over with its thread, whatever ends that.
struct Told(Status);

impl Drop for Told {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.end(Writing::Failed(RecordError::Disk));
        }
    }
}

/// What the engine has of a recording. The thread ends by itself once it is stopped.
#[derive(Debug)]
struct Handle {
    inlet: Inlet,
    status: Status,
}

impl Recording for Handle {
    fn sent(&self, kind: Kind, frame: &EncodedFrame) {
        self.inlet.push(Event::Sent(kind, frame.clone()));
    }

    fn received(&self, kind: Kind, frame: &ReceivedFrame) {
        self.inlet.push(Event::Received(kind, frame.clone()));
    }

    fn set_rtt(&self, rtt: Duration) {
        self.inlet.push(Event::RoundTrip(rtt));
    }

    fn progress(&self) -> Progress {
        self.status.get()
    }

    fn stop(&self) {
        self.inlet.stop();
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.inlet.stop();
    }
}

/// The whole life of a recording.
fn record(
    directory: &Path,
    name: &str,
    plan: &Plan,
    inbox: &Outlet,
    status: &Status,
) -> Result<(), Failure> {
    let folder = Folder::create(directory, name, &plan.consent)?;
    status.update(|it| it.folder = Some(folder.path.clone()));
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH);
    let since_1970 = since_1970.unwrap_or_default();
    let mut writer = Writer {
        sides: Pair::new(since_1970)?,
        folder,
        epoch: plan.epoch,
        zero: plan.zero,
    };
    while !inbox.is_stopped() {
        if let Some(event) = inbox.next(TURN) {
            writer.take(inbox, event);
        }
        writer.write_due()?;
        tell(&mut writer, status);
    }
    while let Some(event) = inbox.next(Duration::ZERO) {
        writer.take(inbox, event);
    }
    writer.finish()?;
    tell(&mut writer, status);
    Ok(())
}

/// Tells how far it is. The disk is asked before anybody has to wait for the answer: whoever reads the
/// status never blocks.
fn tell(writer: &mut Writer, status: &Status) {
    let mut progress = status.get();
    writer.tell(&mut progress);
    status.update(|it| *it = progress);
}

struct Writer {
    sides: Pair,
    folder: Folder,
    epoch: Instant,
    zero: MediaTime,
}

impl Writer {
    fn take(&mut self, inbox: &Outlet, event: Event) {
        let now_us = self.now_us();
        for whose in [Whose::Ours, Whose::Theirs] {
            if inbox.has_lost(whose) {
                self.sides.of(whose).lose_picture();
            }
        }
        match event {
            Event::Sent(kind, frame) => {
                let at_us = frame.time.micros_since(self.zero);
                self.sides.sent(now_us, kind, at_us, &frame);
            }
            Event::Received(kind, frame) => {
                let arrived_us = self.micros_at(frame.arrived);
                self.sides.received(kind, arrived_us, &frame);
            }
            Event::RoundTrip(rtt) => self.sides.on_round_trip(now_us, rtt),
        }
    }

    /// Writes the fragments that are due.
    fn write_due(&mut self) -> Result<(), Failure> {
        let now_us = self.now_us();
        let mut is_due = false;
        for whose in [Whose::Ours, Whose::Theirs] {
            let fragments = self.sides.of(whose).take_due(now_us)?;
            is_due |= !fragments.is_empty();
            append(self.folder.of(whose), &fragments)?;
        }
        if is_due && !self.folder.is_there() {
            return Err(Failure::Gone);
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<(), Failure> {
        let now_us = self.now_us();
        for whose in [Whose::Ours, Whose::Theirs] {
            let (fragments, head) = self.sides.of(whose).finish(now_us)?;
            append(self.folder.of(whose), &fragments)?;
            self.folder.of(whose).finish(&head)?;
        }
        Ok(())
    }

    fn tell(&mut self, progress: &mut Progress) {
        let bytes = self.folder.bytes();
        if progress.bytes != bytes {
            progress.bytes = bytes;
            progress.free = self.folder.free();
        }
        progress.needs_our_keyframe = self.sides.of(Whose::Ours).needs_keyframe();
        progress.needs_their_keyframe = self.sides.of(Whose::Theirs).needs_keyframe();
    }

    /// Microseconds since the recording began.
    fn now_us(&self) -> i64 {
        self.micros_at(Instant::now())
    }

    fn micros_at(&self, at: Instant) -> i64 {
        let micros = |it: Duration| i64::try_from(it.as_micros()).unwrap_or(i64::MAX);
        let since_epoch = match at.checked_duration_since(self.epoch) {
            Some(after) => micros(after),
            None => -micros(self.epoch.duration_since(at)),
        };
        MediaTime::from_micros(since_epoch).micros_since(self.zero)
    }
}

fn append(file: &mut SideFile, fragments: &[Fragment]) -> Result<(), Failure> {
    fragments.iter().try_for_each(|it| file.append(it))
}

/// How long to wait for a frame before looking what is due, or whether to stop.
const TURN: Duration = Duration::from_millis(50);
