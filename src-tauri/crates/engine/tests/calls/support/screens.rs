//! The screen of one machine: windows that show one shade of grey each.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use media::backend::screen::{
    ScreenBackend, ScreenError, ScreenSink, ScreenSource, ScreenStream, SourceId, SourceKind,
};
use media::picture::{Captured, Picture};
use media::units::Size;

/// Windows by their names. Clones are the same screen.
#[derive(Clone, Debug, Default)]
pub(crate) struct Screens(Arc<Mutex<BTreeMap<String, Window>>>);

struct Window {
    shade: u8,
    sink: Option<Box<dyn ScreenSink>>,
}

impl Screens {
    /// A window of this name shows this shade from now on, 16 to 235.
    pub(crate) fn show(&self, name: &str, shade: u8) {
        let mut windows = self.lock();
        let window = windows
            .entry(name.to_owned())
            .or_insert(Window { shade, sink: None });
        window.shade = shade;
        if let Some(sink) = &mut window.sink {
            sink.picture(captured(shade));
        }
    }

    /// A window closes.
    pub(crate) fn close(&self, name: &str) {
        let window = self.lock().remove(name);
        if let Some(mut sink) = window.and_then(|it| it.sink) {
            // As the thread of a source would.
            let told = std::thread::spawn(move || sink.ended(ScreenError::Gone("window".into())));
            told.join().unwrap();
        }
    }

    /// How many windows are captured.
    pub(crate) fn captured(&self) -> usize {
        self.lock().values().filter(|it| it.sink.is_some()).count()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Window>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ScreenBackend for Screens {
    fn list(&self) -> Result<Vec<ScreenSource>, ScreenError> {
        Ok(self.lock().keys().map(|it| source(it)).collect())
    }

    fn thumbnail(&self, id: &SourceId, _: Size) -> Result<Arc<Picture>, ScreenError> {
        let windows = self.lock();
        let window = windows.get(&id.0).ok_or_else(|| gone(id))?;
        Ok(captured(window.shade).picture)
    }

    fn open(
        &self,
        id: &SourceId,
        mut sink: Box<dyn ScreenSink>,
    ) -> Result<Box<dyn ScreenStream>, ScreenError> {
        let mut windows = self.lock();
        let window = windows.get_mut(&id.0).ok_or_else(|| gone(id))?;
        sink.picture(captured(window.shade));
        window.sink = Some(sink);
        Ok(Box::new(Open {
            source: source(&id.0),
            screens: self.clone(),
        }))
    }
}

#[derive(Debug)]
struct Open {
    source: ScreenSource,
    screens: Screens,
}

impl ScreenStream for Open {
    fn source(&self) -> &ScreenSource {
        &self.source
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        if let Some(window) = self.screens.lock().get_mut(&self.source.id.0) {
            window.sink = None;
        }
    }
}

impl std::fmt::Debug for Window {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Window").finish_non_exhaustive()
    }
}

fn gone(id: &SourceId) -> ScreenError {
    ScreenError::Gone(id.0.clone())
}

fn source(name: &str) -> ScreenSource {
    ScreenSource {
        id: SourceId(name.to_owned()),
        name: name.to_owned(),
        kind: SourceKind::Window,
        size: SIZE,
    }
}

fn captured(shade: u8) -> Captured {
    let mut picture = Picture::black(SIZE);
    picture.planes_mut()[0].fill(shade);
    Captured {
        picture: Arc::new(picture),
        at: Instant::now(),
    }
}

const SIZE: Size = Size::new(160, 90);
