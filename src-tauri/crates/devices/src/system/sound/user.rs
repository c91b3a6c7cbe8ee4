//! What a stream is connected to: a microphone's sink or a speaker's source, the callbacks that
//! feed them, and the counters by which the keeper of the stream sees that callbacks come. The
//! callbacks run on a thread of the sound system.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use cpal::traits::DeviceTrait;
use cpal::{Data, Device, ErrorKind, InputCallbackInfo, OutputCallbackInfo, Stream};
use media::backend::audio::{SampleSink, SampleSource};
use media::backend::device::DeviceError;
use media::queue::{Queue, Slot};

use super::config::Format;
use super::convert::{Intake, Outlet};
use super::{Direction, failure};

/// The sink or source that a stream is connected to, over all streams that are built for it.
pub(super) trait User: Send + 'static {
    const DIRECTION: Direction;

    /// Builds a stream of `device` in `format`, paused. Waits for the device no longer than
    /// `patience`.
    fn build(
        &self,
        device: &Device,
        format: Format,
        watch: Watch,
        patience: Duration,
    ) -> Result<Stream, DeviceError>;

    /// Ends it: no callback reaches the user any more. With an `error` it is told of it.
    fn end(&self, error: Option<DeviceError>);
}

/// A sink or source that is let go when the stream ends. A callback takes the lock only if it is
/// free, because a callback must not wait; the keeper takes it once, at the end.
struct UntilEnd<T: ?Sized>(Arc<Mutex<Option<Box<T>>>>);

impl<T: ?Sized> UntilEnd<T> {
    fn new(user: Box<T>) -> Self {
        Self(Arc::new(Mutex::new(Some(user))))
    }

    fn share(&self) -> Arc<Mutex<Option<Box<T>>>> {
        Arc::clone(&self.0)
    }

    /// Lets it go; with an `error`, `tell` tells it why.
    fn end(&self, error: Option<DeviceError>, tell: impl FnOnce(&mut T, DeviceError)) {
        let user = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some((mut user, error)) = user.zip(error) {
            tell(&mut user, error);
        }
    }
}

/// The microphone's user: its sink.
pub(super) struct Microphone(UntilEnd<dyn SampleSink>);

impl Microphone {
    pub(super) fn new(sink: Box<dyn SampleSink>) -> Self {
        Self(UntilEnd::new(sink))
    }
}

impl User for Microphone {
    const DIRECTION: Direction = Direction::Input;

    fn build(
        &self,
        device: &Device,
        format: Format,
        watch: Watch,
        patience: Duration,
    ) -> Result<Stream, DeviceError> {
        let mut intake = Intake::new(format.stream.channels, format.stream.sample_rate)?;
        let sink = self.0.share();
        let alive = watch.clone();
        let heard = move |data: &Data, info: &InputCallbackInfo| {
            if alive.called().is_break() {
                return;
            }
            let times = info.timestamp();
            let age = times
                .callback
                .duration_since(times.capture)
                .min(MAX_DEVICE_DELAY);
            let now = Instant::now();
            if let Ok(mut sink) = sink.try_lock()
                && let Some(sink) = sink.as_mut()
            {
                intake.take_data(data, now.checked_sub(age).unwrap_or(now), sink.as_mut());
            }
        };
        device
            .build_input_stream_raw(
                format.stream,
                format.sample,
                heard,
                move |it| watch.error(&it),
                Some(patience),
            )
            .map_err(|error| failure("open microphone", &error))
    }

    fn end(&self, error: Option<DeviceError>) {
        self.0.end(error, |user, error| user.failed(error));
    }
}

/// The speaker's user: its source.
pub(super) struct Speaker(UntilEnd<dyn SampleSource>);

impl Speaker {
    pub(super) fn new(source: Box<dyn SampleSource>) -> Self {
        Self(UntilEnd::new(source))
    }
}

impl User for Speaker {
    const DIRECTION: Direction = Direction::Output;

    fn build(
        &self,
        device: &Device,
        format: Format,
        watch: Watch,
        patience: Duration,
    ) -> Result<Stream, DeviceError> {
        let mut outlet = Outlet::new(format.stream.channels, format.stream.sample_rate)?;
        let source = self.0.share();
        let alive = watch.clone();
        let asked = move |data: &mut Data, info: &OutputCallbackInfo| {
            if alive.called().is_break() {
                return;
            }
            let times = info.timestamp();
            let ahead = times
                .playback
                .duration_since(times.callback)
                .min(MAX_DEVICE_DELAY);
            if let Ok(mut source) = source.try_lock()
                && let Some(source) = source.as_mut()
            {
                outlet.fill_data(data, Instant::now() + ahead, source.as_mut());
            }
        };
        device
            .build_output_stream_raw(
                format.stream,
                format.sample,
                asked,
                move |it| watch.error(&it),
                Some(patience),
            )
            .map_err(|error| failure("open speaker", &error))
    }

    fn end(&self, error: Option<DeviceError>) {
        self.0.end(error, |user, error| user.failed(error));
    }
}

/// What the callbacks of one stream tell the keeper.
#[derive(Clone, Debug)]
pub(super) struct Watch {
    /// Why the stream has to be built again; closed when it shall end. One for all streams of a
    /// keeper.
    pub(super) broken: Slot<DeviceError>,
    /// The owner dropped the stream: a callback of a system that hangs reaches nobody any more.
    over: Arc<AtomicBool>,
    /// Whether this is the stream that the user is connected to. Another one may be warming up.
    connected: Arc<AtomicBool>,
    calls: Arc<AtomicU64>,
    /// Errors that break nothing, such as an overrun. Some hosts report hundreds in a second.
    hiccups: Arc<AtomicU64>,
}

impl Watch {
    pub(super) fn new() -> Self {
        Self {
            broken: Queue::slot(),
            over: Arc::default(),
            connected: Arc::default(),
            calls: Arc::default(),
            hiccups: Arc::default(),
        }
    }

    /// For another stream of the same keeper, which nobody is connected to yet.
    pub(super) fn another(&self) -> Self {
        Self {
            broken: self.broken.clone(),
            over: Arc::clone(&self.over),
            ..Self::new()
        }
    }

    /// Connects the stream to the user, or parts them. What a parted stream reports breaks nothing.
    pub(super) fn connect(&self, connected: bool) {
        self.connected.store(connected, Ordering::Release);
    }

    /// Ends the watched stream: its keeper drops it, and its callbacks do nothing until then.
    pub(super) fn end(&self) {
        self.over.store(true, Ordering::Release);
        self.broken.close();
    }

    /// How many callbacks came.
    pub(super) fn calls(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }

    /// How many errors came that break nothing.
    pub(super) fn hiccups(&self) -> u64 {
        self.hiccups.load(Ordering::Relaxed)
    }

    /// A callback came; it breaks off when nobody wants the stream, or nobody yet.
    fn called(&self) -> ControlFlow<()> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        if self.over.load(Ordering::Acquire) || !self.connected.load(Ordering::Acquire) {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    }

    fn error(&self, error: &cpal::Error) {
        match error.kind() {
            ErrorKind::DeviceChanged
            | ErrorKind::StreamInvalidated
            | ErrorKind::DeviceNotAvailable
            | ErrorKind::HostUnavailable
                if self.connected.load(Ordering::Acquire) =>
            {
                self.broken.push(failure("stream", error));
            }
            _ => {
                self.hiccups.fetch_add(1, Ordering::Relaxed);
            }
        }
    }
}

/// More than this is a wrong clock, not a latency.
const MAX_DEVICE_DELAY: Duration = Duration::from_millis(500);
