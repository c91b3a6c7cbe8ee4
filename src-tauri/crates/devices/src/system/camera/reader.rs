//! The threads of one open camera: one that reads it and may hang, one that watches and never
//! does.

use std::convert::Infallible;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use media::backend::camera::{PictureSink, VideoMode};
use media::backend::device::{DeviceError, DeviceInfo, DeviceStream};
use media::picture::{Captured, Pool};
use media::queue::{Empty, Queue, Slot};
use nokhwa::utils::{CameraIndex, FrameFormat, RequestedFormat, RequestedFormatType};
use nokhwa::{Buffer, Camera};

use super::convert::Converter;
use super::{failure, mode};
use crate::thread::{Running, Stop, spawn};

/// Opens the camera `index` and reads it until the stream is dropped.
pub(super) fn open(
    info: DeviceInfo,
    index: CameraIndex,
    wanted: VideoMode,
    sink: Box<dyn PictureSink>,
) -> Result<Box<dyn DeviceStream>, DeviceError> {
    let shared = Shared {
        sink: Arc::new(Mutex::new(Some(sink))),
        pictures: Arc::default(),
        permitted: Queue::slot(),
        ready: Queue::slot(),
        ended: Queue::slot(),
    };
    let reading = shared.clone();
    // Nobody joins it: it ends when the sink is gone, or is left behind where a driver hangs.
    spawn("camera-read", move || {
        let result = permission().and_then(|()| {
            reading.permitted.close();
            read(&index, wanted, &reading)
        });
        if let Err(error) = result {
            reading.ready.push(Err(error.clone()));
            reading.ended.push(error);
        }
        reading.permitted.close();
        reading.ended.close();
    })?;
    while let Err(Empty::TimedOut) = shared.permitted.pop(OPEN_TIMEOUT) {}
    match shared.ready.pop(OPEN_TIMEOUT) {
        Ok(Ok(())) => {}
        Ok(Err(error)) => return Err(error),
        Err(Empty::Closed | Empty::TimedOut) => {
            shared.take_sink();
            return Err(DeviceError::Failed(format!(
                "{} does not answer",
                info.name
            )));
        }
    }
    let reader = shared.clone();
    let watched = Running::start(info, "camera", move |stop| watch(&shared, &stop));
    match watched {
        Ok(watched) => Ok(Box::new(watched)),
        Err(error) => {
            reader.take_sink();
            Err(error)
        }
    }
}

/// What both threads hold. The reader ends when the sink is gone.
#[derive(Clone)]
struct Shared {
    sink: Arc<Mutex<Option<Box<dyn PictureSink>>>>,
    pictures: Arc<AtomicU64>,
    /// Closed when the system has said whether the camera may be used.
    permitted: Slot<Infallible>,
    ready: Slot<Result<(), DeviceError>>,
    /// Why the reader ended; closed when it did.
    ended: Slot<DeviceError>,
}

impl Shared {
    fn is_wanted(&self) -> bool {
        self.sink
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .is_some()
    }

    fn take_sink(&self) -> Option<Box<dyn PictureSink>> {
        self.sink
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }
}

/// Waits until the camera is not wanted any more, ends, or goes silent.
fn watch(shared: &Shared, stop: &Stop) {
    let mut seen = 0;
    let mut silent_since = Instant::now();
    let error = loop {
        if stop.wait_until(Instant::now() + WATCH_INTERVAL).is_err() {
            shared.take_sink();
            // One more picture may be on its way; a driver that hangs is left behind.
            let _ = shared.ended.pop(CLOSE_TIMEOUT);
            return;
        }
        match shared.ended.try_pop() {
            Some(error) => break error,
            None if shared.ended.is_closed() => break DeviceError::Lost("it ended".into()),
            None => {}
        }
        let pictures = shared.pictures.load(Ordering::Relaxed);
        if pictures != seen {
            (seen, silent_since) = (pictures, Instant::now());
        } else if silent_since.elapsed() > SILENCE {
            break DeviceError::Lost("no picture comes".into());
        }
    };
    if let Some(mut sink) = shared.take_sink() {
        sink.failed(error);
    }
}

/// Reads the camera until its sink is gone or reading fails.
fn read(index: &CameraIndex, wanted: VideoMode, shared: &Shared) -> Result<(), DeviceError> {
    let mut camera = start(index, wanted)?;
    let format = camera.camera_format();
    tracing::info!(%format, "camera runs");
    shared.ready.push(Ok(()));
    let mut converter = Converter::default();
    let mut pool = Pool::new();
    let mut failures = 0;
    // Whether the sink is still there is asked before every picture: otherwise a camera whose
    // pictures are all damaged would be read for ever.
    while shared.is_wanted() {
        let buffer = match camera.frame() {
            Ok(buffer) => buffer,
            // Drivers skip a picture now and then.
            Err(_) if failures < MAX_FAILURES => {
                failures += 1;
                std::thread::sleep(RETRY);
                continue;
            }
            Err(error) => {
                return Err(DeviceError::Lost(
                    failure("read camera", &error).to_string(),
                ));
            }
        };
        failures = 0;
        let at = captured_at(&buffer);
        let agreed = mode::size(&format);
        let (form, bytes) = (buffer.source_frame_format(), buffer.buffer());
        let picture = converter.size_of(form, bytes, agreed).and_then(|size| {
            pool.make(size, |picture| {
                converter.convert(form, bytes, agreed, picture)
            })
        });
        match picture {
            Ok(picture) => {
                let mut sink = shared.sink.lock().unwrap_or_else(PoisonError::into_inner);
                let Some(sink) = sink.as_mut() else { break };
                shared.pictures.fetch_add(1, Ordering::Relaxed);
                sink.picture(Captured { picture, at });
            }
            Err(error) => tracing::debug!(%error, "camera picture is left out"),
        }
    }
    camera
        .stop_stream()
        .map_err(|error| failure("stop camera", &error))
}

/// Opens the camera in the format that is nearest to `wanted`, and starts it.
fn start(index: &CameraIndex, wanted: VideoMode) -> Result<Camera, DeviceError> {
    let any = RequestedFormat::with_formats(RequestedFormatType::None, &FORMATS);
    let mut camera =
        Camera::new(index.clone(), any).map_err(|error| failure("open camera", &error))?;
    let offered = camera
        .compatible_camera_formats()
        .map_err(|error| failure("ask camera", &error))?;
    let chosen = mode::choose(&offered, wanted)
        .ok_or_else(|| DeviceError::Format(format!("{} formats, none usable", offered.len())))?;
    let exact = RequestedFormat::with_formats(RequestedFormatType::Exact(chosen), &FORMATS);
    camera
        .set_camera_requset(exact)
        .map_err(|error| failure("set camera", &error))?;
    camera
        .open_stream()
        .map_err(|error| failure("start camera", &error))?;
    Ok(camera)
}

/// Asks for the camera on systems that ask their user first, and waits as long as the user takes
/// for the answer: a dialog of the system has no time limit, and no other answer comes.
fn permission() -> Result<(), DeviceError> {
    if nokhwa::nokhwa_check() {
        return Ok(());
    }
    let answer = Queue::slot();
    let answered = answer.clone();
    nokhwa::nokhwa_initialize(move |granted| {
        answered.push(granted);
        answered.close();
    });
    let granted = loop {
        match answer.pop(OPEN_TIMEOUT) {
            Ok(granted) => break granted,
            Err(Empty::TimedOut) => {}
            Err(Empty::Closed) => break false,
        }
    };
    if granted {
        Ok(())
    } else {
        Err(DeviceError::Refused(
            "the system does not allow the camera".into(),
        ))
    }
}

/// nokhwa tells wall-clock time; it is only good for how old the picture is.
fn captured_at(buffer: &Buffer) -> Instant {
    let now = Instant::now();
    let age = buffer
        .capture_timestamp()
        .and_then(|it| {
            SystemTime::now()
                .duration_since(SystemTime::UNIX_EPOCH + it)
                .ok()
        })
        .filter(|age| *age < MAX_AGE);
    age.and_then(|age| now.checked_sub(age)).unwrap_or(now)
}

const FORMATS: [FrameFormat; 6] = [
    FrameFormat::YUYV,
    FrameFormat::NV12,
    FrameFormat::MJPEG,
    FrameFormat::RAWRGB,
    FrameFormat::RAWBGR,
    FrameFormat::GRAY,
];

/// What the seam allows for opening a camera, once its use is permitted.
const OPEN_TIMEOUT: Duration = Duration::from_secs(5);

/// Cameras in the dark go down to five pictures a second; none in three seconds is none at all.
const SILENCE: Duration = Duration::from_secs(3);

/// How soon an unplugged camera is noticed.
const WATCH_INTERVAL: Duration = Duration::from_secs(1);

/// Two pictures of a slow camera.
const CLOSE_TIMEOUT: Duration = Duration::from_millis(500);

/// Errors in a row that a camera may give, with a pause after each: half a second in all.
const MAX_FAILURES: u32 = 10;
const RETRY: Duration = Duration::from_millis(50);

/// A picture that claims to be older has a wrong clock.
const MAX_AGE: Duration = Duration::from_millis(500);
