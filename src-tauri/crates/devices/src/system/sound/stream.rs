//! One stream and the thread that keeps it alive.
//!
//! A stream breaks when its device goes, when the sound server restarts, and on some systems when
//! another device becomes the default. All of that looks alike from here, and so does a stream
//! whose callbacks just stop: it is dropped and built again, a bounded number of times, and only
//! then its user hears of it. PulseAudio says nothing when another device becomes the default, so a
//! stream that follows the default asks for it every second. A device may take seconds to start (a headset over the air): its
//! first callback is waited for longer than any later one.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use cpal::traits::{DeviceTrait, StreamTrait};
use cpal::{Device, Host, Stream};
use media::backend::device::{DeviceError, DeviceInfo, DeviceStream};
use media::queue::{Empty, Queue, Slot};

use super::user::{User, Watch};
use super::{Connection, Direction, TheDefault, Wanted, config, failure, find, system_default};
use crate::thread::spawn;

/// Starts the stream that `wanted` means, with `user` at its end.
pub(super) fn open<U: User>(
    wanted: Wanted,
    connection: Arc<Connection>,
    user: U,
) -> Result<Box<dyn DeviceStream>, DeviceError> {
    let watch = Watch::new();
    let ready = Queue::slot();
    let keeper = Keeper {
        wanted: wanted.clone(),
        connection,
        user,
        watch: watch.clone(),
        ready: ready.clone(),
    };
    let name = match U::DIRECTION {
        Direction::Input => "microphone",
        Direction::Output => "speaker",
    };
    let ended = Queue::slot();
    let end = CloseOnDrop(ended.clone());
    let thread = spawn(name, move || {
        let _end = end;
        keeper.run();
    })?;
    let open = Open {
        info: wanted.info,
        watch,
        ended,
        thread: Some(thread),
    };
    match ready.pop(OPEN_TIMEOUT) {
        Ok(Ok(())) => Ok(Box::new(open)),
        Ok(Err(error)) => Err(error),
        Err(Empty::Closed | Empty::TimedOut) => Err(DeviceError::Failed(format!(
            "{} does not answer",
            open.info.name
        ))),
    }
}

/// The owner of one stream, on a thread of its own.
struct Keeper<U> {
    wanted: Wanted,
    connection: Arc<Connection>,
    user: U,
    watch: Watch,
    ready: Slot<Result<(), DeviceError>>,
}

/// Why a running stream is not needed or not there any more.
enum End {
    Stopped,
    Broken(DeviceError),
    /// Another device is the default now.
    Moved,
}

/// Why there is no stream any more.
enum Gone {
    Stopped,
    Broken(DeviceError),
}

/// A stream and the device that it is on.
struct Built {
    stream: Stream,
    device: String,
    /// What the system called its default when it was last asked.
    default: Option<String>,
}

impl<U: User> Keeper<U> {
    fn run(self) {
        let mut stream = match self.build(BUILD_FIRST) {
            Ok(stream) => stream,
            Err(error) => {
                self.ready.push(Err(error));
                return self.user.end(None);
            }
        };
        self.ready.push(Ok(()));
        let mut pauses = REBUILD_PAUSES.iter();
        loop {
            let began = Instant::now();
            let end = self.watch(stream);
            // Only a stream that ran for a while starts the pauses anew: one that breaks at once
            // would otherwise be rebuilt for ever.
            if began.elapsed() > STEADY {
                pauses = REBUILD_PAUSES.iter();
            }
            let rebuilt = match end {
                End::Stopped => return self.user.end(None),
                End::Broken(error) => self.rebuild(error, &mut pauses),
                End::Moved => self.build(BUILD_AGAIN).or_else(|error| {
                    // A device that has just come may not be ready.
                    self.rebuild(error, &mut pauses)
                }),
            };
            match rebuilt {
                Ok(again) => stream = again,
                Err(Gone::Stopped) => return self.user.end(None),
                Err(Gone::Broken(error)) => {
                    tracing::warn!(device = %self.wanted.info.name, %error, "sound device is lost");
                    return self.user.end(Some(error));
                }
            }
        }
    }

    /// A new stream, running.
    fn build(&self, patience: Duration) -> Result<Built, DeviceError> {
        // Before the device is looked for: a change meanwhile is seen by the first look.
        let default = self.default();
        let device = self
            .connection
            .ask(|host| find(host, &self.wanted, U::DIRECTION))
            .ok_or_else(|| DeviceError::NotFound("no sound system answers".into()))?
            .map_err(|error| failure("find device", &error))?
            .ok_or_else(|| DeviceError::NotFound(self.wanted.info.name.clone()))?;
        let format = config::choose(&device, U::DIRECTION)?;
        let stream = self
            .user
            .build(&device, format, self.watch.clone(), patience)?;
        stream
            .play()
            .map_err(|error| failure("start stream", &error))?;
        let device = id(&device);
        tracing::debug!(%device, format = ?format.stream, "sound stream runs");
        Ok(Built {
            stream,
            device,
            default,
        })
    }

    /// Whether the stream follows the default and belongs on another device now.
    fn has_moved(&self, built: &mut Built) -> bool {
        if self.wanted.default != TheDefault::Followed {
            return false;
        }
        // To ask only for this takes much less than to look for the device.
        let default = self.default();
        if default == built.default {
            return false;
        }
        built.default = default;
        let found = self
            .connection
            .ask(|host| find(host, &self.wanted, U::DIRECTION));
        // Who cannot tell stays: a device that is gone stops calling.
        let Some(Ok(Some(now))) = found else {
            return false;
        };
        id(&now) != built.device
    }

    /// What the system calls its default.
    fn default(&self) -> Option<String> {
        let default = |host: &Host| Ok(system_default(host, U::DIRECTION));
        self.connection.ask(default)?.ok()?.map(|it| id(&it))
    }

    /// Waits until the stream breaks, is on the wrong device or is not wanted any more, and drops it.
    fn watch(&self, mut built: Built) -> End {
        let mut calls = self.watch.calls.load(Ordering::Relaxed);
        let mut hiccups = self.watch.hiccups.load(Ordering::Relaxed);
        let mut silent = Duration::ZERO;
        let mut patience = START;
        let end = loop {
            match self.watch.broken.pop(SILENCE) {
                Err(Empty::Closed) => break End::Stopped,
                Ok(error) => break End::Broken(error),
                Err(Empty::TimedOut) => {}
            }
            let (seen, erred) = (calls, hiccups);
            calls = self.watch.calls.load(Ordering::Relaxed);
            hiccups = self.watch.hiccups.load(Ordering::Relaxed);
            if hiccups > erred {
                let (device, count) = (&self.wanted.info.name, hiccups - erred);
                tracing::debug!(%device, count, "the sound system reported errors");
            }
            if self.has_moved(&mut built) {
                tracing::info!(from = %built.device, "the default device is another one");
                break End::Moved;
            }
            if calls > seen {
                (silent, patience) = (Duration::ZERO, SILENCE);
                continue;
            }
            silent += SILENCE;
            if silent >= patience {
                break End::Broken(DeviceError::Lost("no sound moves".into()));
            }
        };
        drop(built.stream);
        end
    }

    /// Builds the stream again after `first`, with growing pauses.
    fn rebuild(
        &self,
        first: DeviceError,
        pauses: &mut std::slice::Iter<'_, Duration>,
    ) -> Result<Built, Gone> {
        tracing::info!(device = %self.wanted.info.name, error = %first, "sound stream broke");
        let mut last = first;
        for pause in pauses {
            match self.watch.broken.pop(*pause) {
                Err(Empty::Closed) => return Err(Gone::Stopped),
                // Errors that the broken stream still reported say nothing of the next one.
                Ok(_) | Err(Empty::TimedOut) => self.watch.broken.clear(),
            }
            match self.build(BUILD_AGAIN) {
                Ok(stream) => return Ok(stream),
                Err(error) => last = error,
            }
        }
        Err(Gone::Broken(DeviceError::Lost(last.to_string())))
    }
}

/// How a device is told from others; empty when it is gone.
fn id(device: &Device) -> String {
    device.id().map(|id| id.to_string()).unwrap_or_default()
}

/// A stream in use. Dropping it stops the stream.
#[derive(Debug)]
struct Open {
    info: DeviceInfo,
    watch: Watch,
    ended: Slot<()>,
    thread: Option<JoinHandle<()>>,
}

impl DeviceStream for Open {
    fn info(&self) -> &DeviceInfo {
        &self.info
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.watch.end();
        let Some(thread) = self.thread.take() else {
            return;
        };
        match self.ended.pop(CLOSE_TIMEOUT) {
            Err(Empty::TimedOut) => {
                tracing::warn!(device = %self.info.name, "the sound system hangs, thread is left");
            }
            Ok(()) | Err(Empty::Closed) => {
                if thread.join().is_err() {
                    tracing::error!(device = %self.info.name, "the thread of a stream panicked");
                }
            }
        }
    }
}

struct CloseOnDrop(Slot<()>);

impl Drop for CloseOnDrop {
    fn drop(&mut self) {
        self.0.close();
    }
}

/// What the seam allows for opening a device.
const OPEN_TIMEOUT: Duration = Duration::from_secs(5);

/// What a device may take to make a stream while somebody waits in [`open`]: less than
/// [`OPEN_TIMEOUT`], so that the cause is told.
const BUILD_FIRST: Duration = Duration::from_millis(4500);

/// The same while nobody waits.
const BUILD_AGAIN: Duration = Duration::from_secs(10);

/// How long the first callback may take. Bluetooth needs up to five seconds.
const START: Duration = Duration::from_secs(10);

/// Every later one: a hundred should have come in this time.
const SILENCE: Duration = Duration::from_secs(1);

/// All of a call is released within a second of its end. A thread that takes longer is left to
/// end by itself; its callbacks reach nobody.
const CLOSE_TIMEOUT: Duration = Duration::from_millis(800);

/// About 10 s in all: a sound server that restarts is back within three.
const REBUILD_PAUSES: [Duration; 8] = [
    Duration::from_millis(10),
    Duration::from_millis(100),
    Duration::from_millis(250),
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(3),
    Duration::from_secs(3),
];

/// A stream that held for so long was worth building.
const STEADY: Duration = Duration::from_secs(10);
