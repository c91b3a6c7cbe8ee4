//! One stream and the thread that keeps it alive.
//!
//! A stream breaks when its device goes, when the sound server restarts, and on some systems when
//! another device becomes the default. All of that looks alike from here, and so does a stream
//! whose callbacks just stop: it is dropped and built again, a bounded number of times, and only
//! then its user hears of it. A device may take seconds to start (a headset over the air): its
//! first callback is waited for longer than any later one.
//!
//! Not every system tells that another device became the default, or that the device went and came
//! back: once a second the keeper looks. A stream for another device is built beside the running
//! one, which goes on until the other has its first callback: the gap is a few milliseconds,
//! however long the device takes, and a device that does not start takes nobody's sound away.
//! Only PulseAudio's speakers have to change with a pause: cpal puts all that a connection plays
//! into one group, which the server keeps on one device.

use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use cpal::Stream;
use cpal::traits::StreamTrait;
use media::backend::device::{DeviceError, DeviceInfo, DeviceStream};
use media::queue::{Empty, Queue, Slot};

use super::user::{User, Watch};
use super::wanted::{Identity, Look, Wanted};
use super::{Connection, Direction, config, failure};
use crate::thread::spawn;

/// Starts the stream that `wanted` means, with `user` at its end.
pub(super) fn open<U: User>(
    wanted: Wanted,
    connection: Arc<Connection>,
    user: U,
) -> Result<Box<dyn DeviceStream>, DeviceError> {
    let watch = Watch::new();
    let ready = Queue::slot();
    let in_use = Arc::new(Mutex::new(wanted.info.clone()));
    let keeper = Keeper {
        wanted,
        in_use: Arc::clone(&in_use),
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
        in_use,
        watch,
        ended,
        thread: Some(thread),
    };
    match ready.pop(OPEN_TIMEOUT) {
        Ok(Ok(())) => Ok(Box::new(open)),
        Ok(Err(error)) => Err(error),
        Err(Empty::Closed | Empty::TimedOut) => Err(DeviceError::Failed(format!(
            "{} does not answer",
            open.info().name
        ))),
    }
}

/// The owner of one stream, on a thread of its own.
struct Keeper<U> {
    wanted: Wanted,
    /// The device that the stream is on, for whoever opened it.
    in_use: Arc<Mutex<DeviceInfo>>,
    connection: Arc<Connection>,
    user: U,
    watch: Watch,
    ready: Slot<Result<(), DeviceError>>,
}

/// A stream that plays or hears, for the user or to take over from another.
struct Running {
    /// Sound moves for as long as it is kept.
    _stream: Stream,
    device: Option<Identity>,
    info: DeviceInfo,
    watch: Watch,
    /// How many callbacks and errors the last look saw.
    calls: u64,
    hiccups: u64,
    /// For how long no callback came, and how long that may be.
    silent: Duration,
    patience: Duration,
}

/// Why a running stream is not needed or not there any more.
enum End {
    Stopped,
    Broken(DeviceError),
    /// Another device is meant, and the two cannot run beside each other.
    Moved,
}

impl<U: User> Keeper<U> {
    fn run(self) {
        let mut running = match self.build(BUILD_FIRST, true) {
            Ok(running) => running,
            Err(error) => {
                self.ready.push(Err(error));
                return self.user.end(None);
            }
        };
        self.ready.push(Ok(()));
        let mut pauses = REBUILD_PAUSES.iter();
        loop {
            self.tell(&running);
            let began = Instant::now();
            let end = self.watch(running);
            // Only a stream that ran for a while starts the pauses anew: one that breaks at once
            // would otherwise be rebuilt for ever.
            if began.elapsed() > STEADY {
                pauses = REBUILD_PAUSES.iter();
            }
            let why = match end {
                End::Stopped => return self.user.end(None),
                End::Broken(error) => {
                    tracing::info!(device = %self.wanted.info.name, %error, "sound stream broke");
                    error
                }
                End::Moved => {
                    tracing::info!("sound goes to another device");
                    // The other device has not broken yet.
                    pauses = REBUILD_PAUSES.iter();
                    DeviceError::Lost("another device is meant".into())
                }
            };
            match self.rebuild(why, &mut pauses) {
                Ok(again) => running = again,
                Err(error) => {
                    if let Some(error) = &error {
                        tracing::warn!(device = %self.wanted.info.name, %error, "sound device is lost");
                    }
                    return self.user.end(error);
                }
            }
        }
    }

    /// A new stream, running, and `connected` to the user or not yet.
    fn build(&self, patience: Duration, connected: bool) -> Result<Running, DeviceError> {
        let device = self
            .connection
            .ask(|host| self.wanted.find(host, U::DIRECTION))
            .ok_or_else(|| DeviceError::NotFound("no sound system answers".into()))?
            .map_err(|error| failure("find device", &error))?
            .ok_or_else(|| DeviceError::NotFound(self.wanted.info.name.clone()))?;
        let format = config::choose(&device, U::DIRECTION)?;
        let watch = self.watch.another();
        watch.connect(connected);
        let stream = self.user.build(&device, format, watch.clone(), patience)?;
        stream
            .play()
            .map_err(|error| failure("start stream", &error))?;
        let info = self.wanted.described(&device);
        let device = Identity::of(&device, U::DIRECTION);
        tracing::debug!(?device, format = ?format.stream, "sound stream runs");
        Ok(Running {
            _stream: stream,
            device,
            info,
            watch,
            calls: 0,
            hiccups: 0,
            silent: Duration::ZERO,
            patience: START,
        })
    }

    /// Whoever opened the stream reads from now on that it is on this device.
    fn tell(&self, running: &Running) {
        let mut in_use = self.in_use.lock().unwrap_or_else(PoisonError::into_inner);
        in_use.clone_from(&running.info);
    }

    /// Waits until `running` breaks or is not wanted any more, and drops it. Where the device that
    /// is meant becomes another one, a stream on that takes its place.
    fn watch(&self, mut running: Running) -> End {
        // The device that did not start, and when that was seen.
        let mut refused: Option<(Identity, Instant)> = None;
        loop {
            match self.watch.broken.pop(LOOK) {
                Err(Empty::Closed) => return End::Stopped,
                Ok(error) => return End::Broken(error),
                Err(Empty::TimedOut) => {}
            }
            match self.look(&running) {
                Look::Same => {}
                Look::Gone => return End::Broken(DeviceError::Lost("it went away".into())),
                Look::Other(device) => {
                    let again = refused
                        .as_ref()
                        .is_none_or(|(it, at)| *it != device || at.elapsed() >= AGAIN);
                    match again.then(|| self.follow(&mut running)) {
                        None => {}
                        Some(Ok(())) => refused = None,
                        Some(Err(end @ (End::Stopped | End::Moved))) => return end,
                        Some(Err(End::Broken(error))) => {
                            tracing::info!(?device, %error, "the device does not start");
                            refused = Some((device, Instant::now()));
                        }
                    }
                }
            }
            if !running.moves(LOOK) {
                return End::Broken(DeviceError::Lost("no sound moves".into()));
            }
        }
    }

    /// What the system says of the device of `running`. A system that does not answer says nothing:
    /// its streams break.
    fn look(&self, running: &Running) -> Look {
        let Some(current) = &running.device else {
            return Look::Same;
        };
        let looked = self
            .connection
            .ask(|host| self.wanted.look(host, U::DIRECTION, current));
        looked.and_then(Result::ok).unwrap_or(Look::Same)
    }

    /// Puts a stream on the device that is meant now in the place of `running`, as soon as it has
    /// its first callback.
    fn follow(&self, running: &mut Running) -> Result<(), End> {
        let beside = running.device.as_ref().is_none_or(Identity::runs_beside);
        if U::DIRECTION == Direction::Output && !beside {
            return Err(End::Moved);
        }
        let next = self.build(BUILD_AGAIN, false).map_err(End::Broken)?;
        let deadline = Instant::now() + START;
        while next.watch.calls() == 0 {
            match self.watch.broken.pop(FIRST_CALL) {
                Err(Empty::Closed) => return Err(End::Stopped),
                // The old one need not be waited with any more.
                Ok(_) => break,
                Err(Empty::TimedOut) if Instant::now() >= deadline => {
                    let error = DeviceError::Failed("no sound moves".into());
                    return Err(End::Broken(error));
                }
                Err(Empty::TimedOut) => {}
            }
        }
        tracing::info!(from = ?running.device, to = ?next.device, "sound goes to another device");
        let old = std::mem::replace(running, next);
        old.watch.connect(false);
        // What the old one reported until now says nothing of this one.
        self.watch.broken.clear();
        running.watch.connect(true);
        self.tell(running);
        drop(old);
        Ok(())
    }

    /// Builds the stream again after `first`, with growing pauses. Fails without an error when it
    /// is not wanted any more.
    fn rebuild(
        &self,
        first: DeviceError,
        pauses: &mut std::slice::Iter<'_, Duration>,
    ) -> Result<Running, Option<DeviceError>> {
        let mut last = first;
        for pause in pauses {
            match self.watch.broken.pop(*pause) {
                Err(Empty::Closed) => return Err(None),
                // Errors that the broken stream still reported say nothing of the next one.
                Ok(_) | Err(Empty::TimedOut) => self.watch.broken.clear(),
            }
            match self.build(BUILD_AGAIN, true) {
                Ok(running) => return Ok(running),
                Err(error) => last = error,
            }
        }
        Err(Some(DeviceError::Lost(last.to_string())))
    }
}

impl Running {
    /// Whether callbacks came in the last while `passed`, or may still come.
    fn moves(&mut self, passed: Duration) -> bool {
        let (calls, hiccups) = (self.watch.calls(), self.watch.hiccups());
        if hiccups > self.hiccups {
            let (device, count) = (&self.device, hiccups - self.hiccups);
            tracing::debug!(?device, count, "the sound system reported errors");
        }
        if calls > self.calls {
            (self.silent, self.patience) = (Duration::ZERO, SILENCE);
        } else {
            self.silent += passed;
        }
        (self.calls, self.hiccups) = (calls, hiccups);
        self.silent < self.patience
    }
}

/// A stream in use. Dropping it stops the stream.
#[derive(Debug)]
struct Open {
    in_use: Arc<Mutex<DeviceInfo>>,
    watch: Watch,
    ended: Slot<()>,
    thread: Option<JoinHandle<()>>,
}

impl DeviceStream for Open {
    fn info(&self) -> DeviceInfo {
        let in_use = self.in_use.lock().unwrap_or_else(PoisonError::into_inner);
        in_use.clone()
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
                tracing::warn!(device = %self.info().name, "the sound system hangs, thread is left");
            }
            Ok(()) | Err(Empty::Closed) => {
                if thread.join().is_err() {
                    tracing::error!(device = %self.info().name, "the thread of a stream panicked");
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

/// From one look at a stream and its device to the next: a headset that a user puts on is followed
/// before they wonder.
const LOOK: Duration = Duration::from_secs(1);

/// How often a stream that shall take over is looked at: two callbacks.
const FIRST_CALL: Duration = Duration::from_millis(20);

/// When a device that did not start is tried again, while the stream beside it works.
const AGAIN: Duration = Duration::from_secs(10);

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
