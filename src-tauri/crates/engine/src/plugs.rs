//! Where a call's pipelines meet its sessions: each end of a pipeline stays, and the session behind
//! it changes.
//!
//! Encoders, decoders and buffers live as long as the call; a session that takes over is plugged in
//! between two frames. Sound that is still on its way through the session before is played until the
//! first packet of the new one comes.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use media::backend::record::Recording;
use media::frame::{EncodedFrame, ReceivedFrame};
use media::queue::Empty;
use media::transport::{FrameSink, FrameSource, Kind, Sent, SessionControl, Stream};

use crate::recording::Tap;

/// All plugs of a call.
pub(crate) struct Plugs {
    /// Our sound leaves here.
    pub(crate) voice_out: Arc<Outlet>,
    /// Our pictures leave here.
    pub(crate) camera_out: Arc<Outlet>,
    /// Their sound comes from here.
    pub(crate) voice_in: Arc<Inlet>,
    /// Their pictures come from here.
    pub(crate) camera_in: Arc<Inlet>,
    /// Asks them for keyframes of their camera.
    pub(crate) camera_keyframes: Arc<KeyframeRequests>,
    /// Pictures of our screen leave here.
    pub(crate) screen_out: Arc<Outlet>,
    /// Pictures of their screen come from here, as long as they share this time.
    pub(crate) screen_in: Arc<Inlet>,
    /// Asks them for keyframes of their screen.
    pub(crate) screen_keyframes: Arc<KeyframeRequests>,
}

impl Default for Plugs {
    fn default() -> Self {
        Self {
            voice_out: Arc::default(),
            camera_out: Arc::default(),
            voice_in: Arc::default(),
            camera_in: Arc::default(),
            camera_keyframes: Arc::new(KeyframeRequests::of(Stream::Camera)),
            screen_out: Arc::default(),
            screen_in: Arc::default(),
            screen_keyframes: Arc::new(KeyframeRequests::of(Stream::Screen)),
        }
    }
}

impl std::fmt::Debug for Plugs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Plugs").finish_non_exhaustive()
    }
}

/// One session's ends of the streams.
pub(crate) struct Ends {
    pub(crate) control: Arc<dyn SessionControl>,
    pub(crate) voice_out: Arc<dyn FrameSink>,
    pub(crate) camera_out: Arc<dyn FrameSink>,
    pub(crate) voice_in: FrameSource,
    pub(crate) camera_in: FrameSource,
    pub(crate) screen_out: Arc<dyn FrameSink>,
    pub(crate) screen_in: FrameSource,
}

impl Plugs {
    /// Lets this session carry the call from the next frame on.
    pub(crate) fn plug(&self, ends: &Ends) {
        self.voice_out.plug(Arc::clone(&ends.voice_out));
        self.camera_out.plug(Arc::clone(&ends.camera_out));
        self.voice_in.plug(ends.voice_in.clone());
        self.camera_in.plug(ends.camera_in.clone());
        self.screen_out.plug(Arc::clone(&ends.screen_out));
        self.screen_in.plug(ends.screen_in.clone());
        self.camera_keyframes.plug(Arc::clone(&ends.control));
        self.screen_keyframes.plug(Arc::clone(&ends.control));
    }

    /// Another share of their screen begins: what comes of it is for another thread than before.
    pub(crate) fn renew_screen_in(&mut self, ends: Option<&Ends>) {
        self.screen_in = Arc::default();
        if let Some(ends) = ends {
            self.screen_in.plug(ends.screen_in.clone());
        }
    }

    /// Hands all that passes to this recording too, or to none.
    pub(crate) fn tap(&self, recording: Option<&Arc<dyn Recording>>) {
        let taps = [
            (Kind::Audio, &self.voice_out.tap),
            (Kind::Video, &self.camera_out.tap),
            (Kind::Audio, &self.voice_in.tap),
            (Kind::Video, &self.camera_in.tap),
        ];
        for (kind, tap) in taps {
            tap.set(kind, recording.cloned());
        }
    }
}

/// Where frames leave, through whichever session is plugged in.
#[derive(Default)]
pub(crate) struct Outlet {
    sink: RwLock<Option<Arc<dyn FrameSink>>>,
    tap: Tap,
}

impl Outlet {
    fn plug(&self, sink: Arc<dyn FrameSink>) {
        *self.sink.write().unwrap_or_else(PoisonError::into_inner) = Some(sink);
    }
}

impl FrameSink for Outlet {
    fn send(&self, frame: EncodedFrame) -> Sent {
        self.tap.sent(&frame);
        let sink = self.sink.read().unwrap_or_else(PoisonError::into_inner);
        sink.as_ref()
            .map_or(Sent::NotConnected, |sink| sink.send(frame))
    }
}

/// Asks for keyframes of one of their streams through whichever session is plugged in.
pub(crate) struct KeyframeRequests {
    stream: Stream,
    control: RwLock<Option<Arc<dyn SessionControl>>>,
}

impl KeyframeRequests {
    fn of(stream: Stream) -> Self {
        Self {
            stream,
            control: RwLock::default(),
        }
    }

    fn plug(&self, control: Arc<dyn SessionControl>) {
        *self.control.write().unwrap_or_else(PoisonError::into_inner) = Some(control);
    }

    /// Asks the other side for a keyframe. Callers limit how often.
    pub(crate) fn request(&self) {
        let control = self.control.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(control) = &*control {
            control.request_keyframe(self.stream);
        }
    }
}

/// Where frames come from, out of whichever session is plugged in. One thread takes them.
#[derive(Debug, Default)]
pub(crate) struct Inlet {
    sources: Mutex<Sources>,
    /// Another session was plugged in, or the inlet closed.
    changed: Condvar,
    tap: Tap,
}

#[derive(Debug, Default)]
struct Sources {
    current: Option<FrameSource>,
    /// The last session before of which a frame came, until the first frame of the current one comes.
    previous: Option<FrameSource>,
    /// Whether a frame of the current session has come.
    begun: bool,
    /// Makes the current session's sequence follow that of the one before; wraps.
    offset: u64,
    /// What follows the highest sequence so far.
    next: u64,
    closed: bool,
}

impl Inlet {
    /// Takes frames out of this source from now on.
    fn plug(&self, source: FrameSource) {
        let mut sources = self.lock();
        let replaced = sources.current.replace(source);
        if let Some(replaced) = &replaced {
            replaced.wake();
        }
        if sources.begun || sources.previous.is_none() {
            sources.previous = replaced;
        }
        sources.begun = false;
        drop(sources);
        self.changed.notify_all();
    }

    /// Ends it: nothing waits for frames any more.
    pub(crate) fn close(&self) {
        let mut sources = self.lock();
        sources.closed = true;
        if let Some(current) = &sources.current {
            current.wake();
        }
        drop(sources);
        self.changed.notify_all();
    }

    /// Whether nothing comes any more.
    pub(crate) fn is_closed(&self) -> bool {
        self.lock().closed
    }

    /// The next frame, if one is there now.
    pub(crate) fn try_pop(&self) -> Option<ReceivedFrame> {
        let frame = self.take()?;
        self.tap.received(&frame);
        Some(frame)
    }

    fn take(&self) -> Option<ReceivedFrame> {
        let mut sources = self.lock();
        if let Some(frame) = sources.current.as_ref().and_then(FrameSource::try_pop) {
            return Some(sources.of_current(frame));
        }
        let frame = sources.previous.as_ref().and_then(FrameSource::try_pop)?;
        Some(sources.number(frame))
    }

    /// The next frame, waiting for one at most `timeout`. Less when another session is plugged in
    /// meanwhile.
    pub(crate) fn pop(&self, timeout: Duration) -> Result<ReceivedFrame, Empty> {
        if let Some(frame) = self.try_pop() {
            return Ok(frame);
        }
        let sources = self.lock();
        if sources.closed {
            return Err(Empty::Closed);
        }
        let Some(current) = sources.current.clone().filter(|it| !it.is_closed()) else {
            // The session has ended, and its successor is not there yet.
            let waited = self.changed.wait_timeout(sources, timeout);
            drop(waited.unwrap_or_else(PoisonError::into_inner));
            return Err(Empty::TimedOut);
        };
        let wakes = current.wakes();
        drop(sources);
        match current.pop_unless_woken(wakes, timeout) {
            Ok(frame) => {
                let frame = self.lock().of(&current, frame);
                self.tap.received(&frame);
                Ok(frame)
            }
            Err(Empty::TimedOut | Empty::Closed) => Err(Empty::TimedOut),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Sources> {
        self.sources.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sources {
    /// A frame that came out of this source.
    fn of(&mut self, source: &FrameSource, frame: ReceivedFrame) -> ReceivedFrame {
        if self.current.as_ref().is_some_and(|it| it.is(source)) {
            self.of_current(frame)
        } else {
            self.number(frame)
        }
    }

    /// A frame of the current session.
    fn of_current(&mut self, mut frame: ReceivedFrame) -> ReceivedFrame {
        if !self.begun {
            self.begun = true;
            if self.previous.take().is_some() {
                self.offset = self.next.wrapping_sub(frame.sequence);
                // What it refers to may have been lost with the session before.
                frame.after_loss |= !frame.frame.keyframe;
            }
        }
        self.number(frame)
    }

    fn number(&mut self, frame: ReceivedFrame) -> ReceivedFrame {
        let sequence = frame.sequence.wrapping_add(self.offset);
        self.next = self.next.max(sequence.wrapping_add(1));
        ReceivedFrame { sequence, ..frame }
    }
}

#[cfg(test)]
mod tests;
