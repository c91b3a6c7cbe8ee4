//! The thread of one source: looks for changes, copies the pixels, hands pictures over.

use std::time::{Duration, Instant};

use media::backend::screen::{ScreenError, ScreenSink};
use media::picture::{Captured, Pool};
use x11rb::connection::Connection as _;
use x11rb::protocol::Event;
use x11rb::protocol::damage::{ConnectionExt as _, Damage};

use super::convert::{shown_size, to_i420};
use super::display::{Display, failed};
use super::grab::{Area, Grabber};
use super::pointer::Pointer;
use super::target::Target;
use crate::screen::unchanged::Shown;
use crate::thread::Stop;

/// One source, captured.
pub(super) struct Capture {
    display: Display,
    target: Target,
    damage: Damage,
    sink: Box<dyn ScreenSink>,
    grabber: Grabber,
    pointer: Pointer,
    pool: Pool,
    shown: Shown,
    /// Where its pixels are; `None` when that is to be looked up.
    area: Option<Area>,
    /// Whether there is anything to see.
    visible: bool,
    /// What the sink was told of that.
    told_visible: bool,
    /// Whether pixels changed since they were copied.
    damaged: bool,
}

impl Capture {
    /// Has the display tell of changes of `target`.
    pub(super) fn new(
        display: Display,
        target: Target,
        sink: Box<dyn ScreenSink>,
    ) -> Result<Self, ScreenError> {
        let damage = target.watch(&display)?;
        let visible = target.is_shown(&display)?;
        Ok(Self {
            display,
            target,
            damage,
            sink,
            grabber: Grabber::default(),
            pointer: Pointer::default(),
            pool: Pool::new(),
            shown: Shown::default(),
            area: None,
            visible,
            told_visible: true,
            damaged: true,
        })
    }

    /// Captures until it is stopped or the source is gone.
    pub(super) fn run(mut self, stop: &Stop) {
        let mut next = Instant::now();
        loop {
            if let Err(error) = self.look() {
                self.sink.ended(error);
                return;
            }
            next = (next + INTERVAL).max(Instant::now());
            if stop.wait_until(next).is_err() {
                return;
            }
        }
    }

    /// Hands a picture over if there is news.
    fn look(&mut self) -> Result<(), ScreenError> {
        while let Some(event) = self.display.connection.poll_for_event().map_err(failed)? {
            self.take(&event)?;
        }
        // A window that closes is unmapped first, which is not worth a word.
        if self.told_visible != self.visible {
            self.told_visible = self.visible;
            self.sink.hidden(!self.visible);
        }
        if !self.visible {
            return Ok(());
        }
        let area = match self.area {
            Some(area) => area,
            None => match self.settle(|it| it.target.area(&it.display))? {
                Some(area) => *self.area.insert(area),
                None => return Ok(()),
            },
        };
        self.damaged |= self.pointer.look(&self.display, area.at, area.size)?;
        if !self.damaged {
            return Ok(());
        }
        // What changes from here on is news again.
        let none = x11rb::NONE;
        let subtracted = self
            .display
            .connection
            .damage_subtract(self.damage, none, none);
        subtracted.map_err(failed)?;
        self.damaged = false;
        let captured = self.settle(|it| it.copy(&area))?;
        if let Some(captured) = captured
            && self.shown.is_news(&captured.picture)
        {
            self.sink.picture(captured);
        }
        Ok(())
    }

    fn copy(&mut self, area: &Area) -> Result<Captured, ScreenError> {
        let at = Instant::now();
        let pixels = self.grabber.grab(&self.display, area)?;
        self.pointer.draw(pixels, area.at, area.size);
        let picture = self.pool.make(shown_size(area.size), |picture| {
            to_i420(pixels, area.size, picture)
        })?;
        Ok(Captured { picture, at })
    }

    /// Carries something out. Where the display refuses it although the source is there, its size is
    /// another one by now, or it was minimised: the next look will tell.
    fn settle<T>(
        &mut self,
        what: impl FnOnce(&mut Self) -> Result<T, ScreenError>,
    ) -> Result<Option<T>, ScreenError> {
        match what(self) {
            Ok(done) => Ok(Some(done)),
            Err(ScreenError::Gone(_)) => {
                let visible = self.target.is_shown(&self.display)?;
                if let Target::Screen(id) = &self.target
                    && self.display.monitor(id)?.is_none()
                {
                    return Err(ScreenError::Gone(id.clone()));
                }
                self.forget_area()?;
                self.show(visible);
                Ok(None)
            }
            Err(other) => Err(other),
        }
    }

    fn take(&mut self, event: &Event) -> Result<(), ScreenError> {
        let window = self.target.window(&self.display);
        match event {
            Event::DamageNotify(_) => self.damaged = true,
            Event::DestroyNotify(it) if it.window == window => {
                return Err(ScreenError::Gone(format!("window {window:#x}")));
            }
            Event::UnmapNotify(it) if it.window == window => self.show(false),
            Event::MapNotify(it) if it.window == window => {
                self.forget_area()?;
                self.show(true);
            }
            Event::ConfigureNotify(it) if it.window == window => self.forget_area()?,
            Event::ReparentNotify(it) if it.window == window => self.forget_area()?,
            Event::RandrScreenChangeNotify(_) | Event::RandrNotify(_) => self.forget_area()?,
            // Errors of requests without an answer speak of what is gone meanwhile.
            _ => {}
        }
        Ok(())
    }

    fn forget_area(&mut self) -> Result<(), ScreenError> {
        self.area = None;
        self.damaged = true;
        self.target.changed(&self.display)
    }

    fn show(&mut self, visible: bool) {
        if visible != self.visible {
            self.visible = visible;
            self.damaged = true;
        }
    }
}

/// Thirty looks a second: as many pictures as are sent at the most.
const INTERVAL: Duration = Duration::from_micros(33_333);
