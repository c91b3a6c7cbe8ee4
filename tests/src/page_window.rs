//! A window of ours on a screen of ours, for others to share: a page of text that stands still, ticks
//! like a clock or scrolls, and says by a [stamp](crate::stamp) along its top edge when it was painted.
//!
//! A thread of its own paints. Each change is prepared beside the window and put there at once, so that
//! nobody who captures it sees half of one.

use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use media::picture::Picture;
use media::synthetic::stamp::Stamp;
use media::units::Size;
use x11rb::connection::Connection;
use x11rb::protocol::xproto::{
    AtomEnum, ConnectionExt, CreateGCAux, CreateWindowAux, Gcontext, ImageFormat, Pixmap, PropMode,
    Window, WindowClass,
};
use x11rb::rust_connection::RustConnection;
use x11rb::wrapper::ConnectionExt as _;

use crate::clock;
use crate::screen::Screen;
use crate::text_window;

/// What the page does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Motion {
    /// Nothing.
    Still,
    /// Its stamp changes four times a second, as where somebody types.
    Ticking,
    /// It scrolls down and up again, thirty steps a second.
    Scrolling,
}

impl Motion {
    fn pause(self) -> Option<Duration> {
        match self {
            Self::Still => None,
            Self::Ticking => Some(Duration::from_millis(250)),
            Self::Scrolling => Some(Duration::from_nanos(1_000_000_000 / 30)),
        }
    }
}

/// An open window. It closes with this value.
#[derive(Debug)]
pub struct PageWindow {
    motion: Option<Sender<Motion>>,
    painter: Option<JoinHandle<Result<()>>>,
    /// Where it is on the screen.
    pub at: (usize, usize),
    /// Its width and height, pixels.
    pub size: (u32, u32),
}

impl PageWindow {
    /// Opens it on `screen` at a place and in a size, still. `place` is where its page is kept.
    ///
    /// # Errors
    /// When ImageMagick is missing, or the screen takes no window.
    pub async fn open(
        screen: &Screen,
        title: &str,
        at: (usize, usize),
        size: (u32, u32),
        place: &Path,
    ) -> Result<Self> {
        let page = place.join(format!("{title}.gray"));
        text_window::draw((size.0, size.1 * PAGES), &page).await?;
        let page = std::fs::read(page)?;
        let (motion, wanted) = channel();
        let (display, title) = (screen.display().to_owned(), title.to_owned());
        let (opened, is_open) = tokio::sync::oneshot::channel();
        let painter = thread::Builder::new().name("page-window".to_owned());
        let painter = painter.spawn(move || {
            let mut painter = Painter::open(&display, &title, at, size, &page)?;
            // Nobody waits for it any more: then it closes at once.
            let _ = opened.send(());
            painter.run(&wanted)
        })?;
        let mut window = Self {
            motion: Some(motion),
            painter: Some(painter),
            at,
            size,
        };
        if is_open.await.is_err() {
            window.close()?;
        }
        Ok(window)
    }

    /// From now on it does this.
    ///
    /// # Errors
    /// When its screen is gone.
    pub fn set(&self, motion: Motion) -> Result<()> {
        let painter = self.motion.as_ref().context("the window is closed")?;
        painter.send(motion).context("the window's screen is gone")
    }

    fn close(&mut self) -> Result<()> {
        self.motion = None;
        let Some(painter) = self.painter.take() else {
            return Ok(());
        };
        painter.join().ok().context("the painter panicked")?
    }
}

impl Drop for PageWindow {
    fn drop(&mut self) {
        // A screen that went before its window is no fault.
        let _ = self.close();
    }
}

/// Who paints, on a connection of its own.
struct Painter {
    connection: RustConnection,
    window: Window,
    /// What the window shows next; also its background, so that the server repairs it alone.
    next: Pixmap,
    /// All that can be scrolled to.
    page: Pixmap,
    pen: Gcontext,
    size: (u16, u16),
    stamp: Picture,
    number: u64,
    /// Steps that were scrolled.
    steps: u64,
}

impl Painter {
    fn open(
        display: &str,
        title: &str,
        at: (usize, usize),
        (width, height): (u32, u32),
        page: &[u8],
    ) -> Result<Self> {
        let (connection, screen) = RustConnection::connect(Some(display))?;
        let root = &connection.setup().roots[screen];
        let (depth, visual, parent) = (root.root_depth, root.root_visual, root.root);
        let size = (u16::try_from(width)?, u16::try_from(height)?);
        let [window, next, whole, pen] = ids(&connection)?;
        let tall = size.1 * u16::try_from(PAGES)?;
        connection.create_pixmap(depth, next, parent, size.0, size.1)?;
        connection.create_pixmap(depth, whole, parent, size.0, tall)?;
        // What is copied lies within its source: no events about it.
        let pens = CreateGCAux::new().graphics_exposures(0);
        connection.create_gc(pen, next, &pens)?;
        let stamp = Size::new(width, width / STAMP_SHARE);
        let mut painter = Self {
            connection,
            window,
            next,
            page: whole,
            pen,
            size,
            stamp: Picture::black(stamp),
            number: 0,
            steps: 0,
        };
        ensure!(
            page.len() == usize::from(size.0) * usize::from(tall),
            "the page is of another size"
        );
        painter.put(whole, page)?;
        painter.prepare()?;
        let look = CreateWindowAux::new().background_pixmap(next);
        let (x, y) = (i16::try_from(at.0)?, i16::try_from(at.1)?);
        painter.connection.create_window(
            depth,
            window,
            parent,
            x,
            y,
            size.0,
            size.1,
            0,
            WindowClass::INPUT_OUTPUT,
            visual,
            &look,
        )?;
        painter.introduce(title)?;
        painter.connection.map_window(window)?;
        painter.connection.sync()?;
        Ok(painter)
    }

    /// Says what a window manager would see of it and say of it: some look for windows by that.
    fn introduce(&self, title: &str) -> Result<()> {
        let (connection, window) = (&self.connection, self.window);
        let replace = PropMode::REPLACE;
        connection.change_property8(
            replace,
            window,
            AtomEnum::WM_NAME,
            AtomEnum::STRING,
            title.as_bytes(),
        )?;
        let state = connection.intern_atom(false, b"WM_STATE")?.reply()?.atom;
        connection.change_property32(replace, window, state, state, &NORMAL_STATE)?;
        Ok(())
    }

    /// Paints as it is wanted, until nobody wants anything any more.
    fn run(&mut self, wanted: &Receiver<Motion>) -> Result<()> {
        let mut motion = Motion::Still;
        let mut due = clock::now();
        loop {
            let heard = match motion.pause() {
                None => wanted.recv().map_err(|_| RecvTimeoutError::Disconnected),
                Some(_) => wanted.recv_timeout(due.saturating_sub(clock::now())),
            };
            match heard {
                Ok(new) => {
                    motion = new;
                    due = clock::now();
                }
                Err(RecvTimeoutError::Disconnected) => return Ok(()),
                Err(RecvTimeoutError::Timeout) => {
                    self.paint(motion)?;
                    // Whoever is late leaves steps out, and never takes two at once.
                    due = (due + motion.pause().unwrap_or_default()).max(clock::now());
                }
            }
        }
    }

    fn paint(&mut self, motion: Motion) -> Result<()> {
        let rows = match motion {
            Motion::Scrolling => {
                self.steps += 1;
                self.size.1
            }
            Motion::Still | Motion::Ticking => u16::try_from(self.stamp.size().height)?,
        };
        self.number += 1;
        self.prepare()?;
        let (window, next, pen) = (self.window, self.next, self.pen);
        let (connection, width) = (&self.connection, self.size.0);
        connection.copy_area(next, window, pen, 0, 0, 0, 0, width, rows)?;
        Ok(connection.sync()?)
    }

    /// Prepares what is shown next, with the time of now.
    fn prepare(&mut self) -> Result<()> {
        let ((width, height), top) = (self.size, self.top()?);
        let (page, next, pen) = (self.page, self.next, self.pen);
        self.connection
            .copy_area(page, next, pen, 0, top, 0, 0, width, height)?;
        let now = u64::try_from(clock::now().as_nanos())?;
        Stamp::new(self.number, now).write(&mut self.stamp);
        let luma = self.stamp.planes()[0].iter();
        let stamp: Vec<u8> = luma.map(|it| if *it > 128 { 255 } else { 0 }).collect();
        self.put(next, &stamp)
    }

    /// The row of the page that is at the top: down, and up again.
    fn top(&self) -> Result<i16> {
        let most = u64::from(self.size.1) * u64::from(PAGES - 1);
        let way = self.steps * STEP_PX % (2 * most);
        Ok(i16::try_from(way.min(2 * most - way))?)
    }

    /// Puts grey pixels into a pixmap, from its top on.
    fn put(&self, into: Pixmap, grey: &[u8]) -> Result<()> {
        let width = usize::from(self.size.0);
        for (strip, rows) in grey.chunks(width * STRIP_ROWS).enumerate() {
            // Blue, green, red, unused.
            let pixels: Vec<u8> = rows.iter().flat_map(|it| [*it, *it, *it, 0]).collect();
            let (height, y) = (rows.len() / width, strip * STRIP_ROWS);
            self.connection.put_image(
                ImageFormat::Z_PIXMAP,
                into,
                self.pen,
                self.size.0,
                u16::try_from(height)?,
                0,
                i16::try_from(y)?,
                0,
                DEPTH,
                &pixels,
            )?;
        }
        Ok(())
    }
}

fn ids<const N: usize>(connection: &RustConnection) -> Result<[u32; N]> {
    let ids: Result<Vec<u32>, _> = (0..N).map(|_| connection.generate_id()).collect();
    ids?.try_into().ok().context("as many as were asked for")
}

/// How many windows high the page is.
const PAGES: u32 = 4;

/// What is scrolled at once: 120 pixels a second.
const STEP_PX: u64 = 4;

/// The stamp is two rows of blocks of a fortieth of the width.
const STAMP_SHARE: u32 = 20;

/// Rows in one request: small enough for any server.
const STRIP_ROWS: usize = 32;

/// Of every screen of ours.
const DEPTH: u8 = 24;

/// ICCCM 4.1.3.1: `NormalState`, and no window of an icon.
const NORMAL_STATE: [u32; 2] = [1, 0];
