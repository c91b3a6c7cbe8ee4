//! One picture on its way to the screen: the worker converts the newest picture into a free
//! buffer, the main thread shows the newest converted one. The latest wins at both ends.
//!
//! Four buffers go round: one being written, one ready, one on the screen, one that the display
//! server still reads. The lock is held for moves only, never while pixels are touched.

use std::cell::RefCell;
use std::sync::{Mutex, MutexGuard, PoisonError};

use engine::PictureFeed;
use gtk::gdk;
use media::picture::Picture;
use media::units::Size;

use super::buffer::Buffer;
use crate::picture::convert;
use crate::picture::fitter::Fitter;
use crate::picture::layout;
use crate::picture::stage::{Fit, Rect, SelfLook};

/// What the two threads share of one stream.
#[derive(Debug)]
pub(super) struct Stream {
    feed: PictureFeed,
    shared: Mutex<Shared>,
}

/// Where and how a stream is wanted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Wanted {
    pub(super) place: Rect,
    pub(super) fit: Fit,
    /// Device pixels per CSS pixel.
    pub(super) scale: f64,
    pub(super) look: SelfLook,
    /// Whether it shows as in a mirror.
    pub(super) mirrored: bool,
}

/// What the worker found to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Work {
    /// Nothing: no new picture, nothing wanted, or no buffer free.
    None,
    /// A new picture is ready.
    Picture,
    /// The main thread has to make buffers, or to take a picture off the screen.
    Change,
}

#[derive(Debug, Default)]
struct Shared {
    /// `None` while nothing shall show: the worker rests.
    wanted: Option<Wanted>,
    /// The change of the feed that was seen to last; `None` to look at it again.
    done: Option<u64>,
    /// The size that the worker needs buffers of.
    needed: Option<Size>,
    free: Vec<Buffer>,
    ready: Option<Buffer>,
    /// Nothing shall be on the screen until the next picture is ready.
    cleared: bool,
}

/// The main thread's side of a stream.
#[derive(Debug, Default)]
pub(super) struct Shown {
    /// What is on the screen.
    buffer: RefCell<Option<Buffer>>,
    /// The size that buffers were made of last.
    made: RefCell<Option<Size>>,
}

/// What a stream gave to the main thread.
#[derive(Clone, Copy, Debug)]
pub(super) struct Adopted {
    /// There is another picture to draw.
    pub(super) picture: bool,
    /// The worker has buffers to go on with.
    pub(super) buffers: bool,
}

/// How many buffers go round.
const BUFFERS: usize = 4;

impl Stream {
    /// The stream of `feed`; nothing is wanted yet.
    pub(super) fn new(feed: PictureFeed) -> Self {
        Self {
            feed,
            shared: Mutex::default(),
        }
    }

    /// The pictures that this stream shows.
    pub(super) const fn feed(&self) -> &PictureFeed {
        &self.feed
    }

    /// Says where the stream shall show from now on, if at all. What is not wanted is taken off
    /// the screen too, so that no old picture flashes up when it is wanted again.
    pub(super) fn want(&self, wanted: Option<Wanted>) {
        let mut shared = self.lock();
        if shared.wanted == wanted {
            return;
        }
        shared.wanted = wanted;
        shared.done = None;
        if wanted.is_none() {
            shared.clear();
        }
    }

    /// Whether pictures of it come to the screen now.
    pub(super) fn is_live(&self) -> bool {
        self.lock().wanted.is_some() && self.feed.latest().is_some()
    }

    /// Converts the newest picture, if it is new and there is a buffer for it. Worker only.
    pub(super) fn convert_latest(&self, fitter: &mut Fitter) -> Work {
        let sequence = self.feed.sequence();
        let mut shared = self.lock();
        let Some(wanted) = shared.wanted.filter(|_| shared.done != Some(sequence)) else {
            return Work::None;
        };
        let Some(picture) = self.feed.latest() else {
            shared.done = Some(sequence);
            shared.clear();
            return Work::Change;
        };
        let fitted = layout::fitted(picture.size(), &wanted.place, wanted.fit, wanted.scale);
        let size = fitted.size;
        let Some(free) = shared.free.iter().position(|it| it.size() == size) else {
            let asked = shared.needed.replace(size) == Some(size);
            return if asked { Work::None } else { Work::Change };
        };
        let mut buffer = shared.free.swap_remove(free);
        drop(shared);
        let picture = match wanted.look {
            SelfLook::Tile => fitter.fit(&picture, size),
            SelfLook::Backdrop => fitter.backdrop(&picture, size),
        };
        write(&mut buffer, picture, wanted.mirrored);
        let mut shared = self.lock();
        if shared.wanted.is_none() {
            shared.free.push(buffer);
            return Work::None;
        }
        // If what is wanted changed meanwhile, this picture still shows, and the next pass converts it
        // anew.
        shared.done = (shared.wanted == Some(wanted)).then_some(sequence);
        shared.cleared = false;
        let overtaken = shared.ready.replace(buffer);
        shared.free.extend(overtaken);
        Work::Picture
    }

    /// Critical sections are a few moves, so the value is whole under any panic.
    fn lock(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shared {
    /// Has the main thread take the picture off the screen.
    fn clear(&mut self) {
        self.cleared = true;
        let unseen = self.ready.take();
        self.free.extend(unseen);
    }
}

impl Shown {
    /// Puts the newest converted picture on the screen's side and makes the buffers that the
    /// worker asked for.
    pub(super) fn adopt(&self, stream: &Stream, window: &gdk::Window) -> Adopted {
        let mut shared = stream.lock();
        let (ready, cleared) = (shared.ready.take(), shared.cleared);
        let needed = shared.needed.filter(|it| *self.made.borrow() != Some(*it));
        let outgrown = match needed {
            Some(_) => std::mem::take(&mut shared.free),
            None => Vec::new(),
        };
        drop(shared);

        let picture = ready.is_some();
        let before = match ready {
            Some(ready) => self.buffer.replace(Some(ready)),
            None if cleared => self.buffer.take(),
            None => None,
        };
        let mut fresh: Vec<Buffer> = before.into_iter().collect();
        if let Some(size) = needed {
            self.made.replace(Some(size));
            outgrown.into_iter().for_each(Buffer::destroy);
            fresh.extend((0..BUFFERS).map_while(|_| Buffer::like(window, size)));
        }
        let made = *self.made.borrow();
        let (usable, odd): (Vec<_>, Vec<_>) =
            fresh.into_iter().partition(|it| Some(it.size()) == made);
        odd.into_iter().for_each(Buffer::destroy);
        usable.iter().for_each(Buffer::release);
        let buffers = !usable.is_empty();
        stream.lock().free.extend(usable);
        Adopted { picture, buffers }
    }

    /// Whether there is a picture to draw.
    pub(super) fn is_some(&self) -> bool {
        self.buffer.borrow().is_some()
    }

    /// Has `draw` draw the picture on the screen's side, if there is one.
    pub(super) fn with(&self, draw: impl FnOnce(&Buffer)) {
        if let Some(buffer) = &*self.buffer.borrow() {
            draw(buffer);
        }
    }
}

/// Fills `buffer` with `picture`, which has its size.
fn write(buffer: &mut Buffer, picture: &Picture, mirrored: bool) {
    let (stride, size) = (buffer.stride(), buffer.size());
    let pixels = buffer.pixels();
    let stride_of = u32::try_from(stride).unwrap_or(u32::MAX);
    if let Err(error) = convert::to_bgrx(picture, pixels, stride_of) {
        tracing::error!(%error, %size, "picture not converted");
        return;
    }
    if mirrored {
        convert::mirror(pixels, stride, size.width as usize);
    }
}
