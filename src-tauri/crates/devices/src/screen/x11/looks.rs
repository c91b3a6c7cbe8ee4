//! Looks at many sources again and again, for somebody who chooses.
//!
//! A window draws to memory of its own only while somebody asks for it, and the change makes it draw
//! all of itself anew. So the connection that asks is kept between two looks, and let go of when nobody
//! has looked for a while.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use media::backend::screen::{ScreenError, SourceId};
use media::picture::{Picture, Pool};
use media::scale::Scaler;
use media::units::Size;

use super::convert;
use super::display::Display;
use super::find;
use super::grab::Grabber;
use super::target::Target;
use crate::screen::captured::screen_error;
use crate::thread;

/// The looks of one list of sources.
#[derive(Debug, Default)]
pub(in crate::screen) struct Looks(Arc<Mutex<Option<Looking>>>);

/// A connection that is kept, and what was looked at through it.
struct Looking {
    display: Display,
    grabber: Grabber,
    targets: BTreeMap<String, Target>,
    looked_at: Instant,
}

impl Looks {
    /// How a source looks now.
    pub(in crate::screen) fn thumbnail(
        &self,
        id: &SourceId,
        bounds: Size,
    ) -> Result<Arc<Picture>, ScreenError> {
        let mut kept = lock(&self.0);
        let looking = match &mut *kept {
            Some(looking) => looking,
            none => {
                let looking = Looking::new(Display::connect(None)?);
                let weak = Arc::downgrade(&self.0);
                thread::spawn("screens", move || let_go(&weak)).map_err(screen_error)?;
                none.insert(looking)
            }
        };
        let looks = looking.thumbnail(id, bounds);
        if looks.is_err() {
            looking.targets.remove(&id.0);
        }
        looks
    }
}

impl Looking {
    fn new(display: Display) -> Self {
        Self {
            display,
            grabber: Grabber::default(),
            targets: BTreeMap::new(),
            looked_at: Instant::now(),
        }
    }

    fn thumbnail(&mut self, id: &SourceId, bounds: Size) -> Result<Arc<Picture>, ScreenError> {
        self.looked_at = Instant::now();
        if !self.targets.contains_key(&id.0) {
            let source = find(&self.display, id)?;
            let target = Target::new(&self.display, &source)?;
            self.targets.insert(id.0.clone(), target);
        }
        let gone = || ScreenError::Gone(id.0.clone());
        let target = self.targets.get_mut(&id.0).ok_or_else(gone)?;
        if !target.is_shown(&self.display)? {
            return Err(gone());
        }
        // It may have another size than the last time.
        target.changed(&self.display)?;
        let area = target.area(&self.display)?;
        let pixels = self.grabber.grab(&self.display, &area)?;
        let mut pool = Pool::new();
        let whole = pool.make(convert::shown_size(area.size), |picture| {
            convert::to_i420(pixels, area.size, picture)
        })?;
        let size = whole.size().within_pixels_of(bounds);
        pool.make(size, |small| {
            Scaler::sharp().scale(&whole, small);
            Ok(())
        })
    }
}

impl std::fmt::Debug for Looking {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Looking").finish_non_exhaustive()
    }
}

/// Waits until nobody looks any more.
fn let_go(looks: &Weak<Mutex<Option<Looking>>>) {
    loop {
        std::thread::sleep(KEPT);
        let Some(looks) = looks.upgrade() else {
            return;
        };
        let mut kept = lock(&looks);
        if kept
            .as_ref()
            .is_none_or(|it| it.looked_at.elapsed() >= KEPT)
        {
            *kept = None;
            return;
        }
    }
}

/// After a panic the connection is made anew at the next look or goes after a while.
fn lock(looks: &Mutex<Option<Looking>>) -> MutexGuard<'_, Option<Looking>> {
    looks.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Longer than a list takes from one look to the next.
const KEPT: Duration = Duration::from_secs(3);

#[cfg(test)]
pub(super) fn look_once(
    display: Display,
    id: &SourceId,
    bounds: Size,
) -> Result<Arc<Picture>, ScreenError> {
    Looking::new(display).thumbnail(id, bounds)
}
