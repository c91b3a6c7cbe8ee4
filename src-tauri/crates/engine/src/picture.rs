//! The newest picture of a stream, for whoever shows it.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use media::picture::Picture;

/// The newest picture of one stream and whoever wants to know of it. Clones share the feed.
/// Written by a camera or decoder thread, read by picture surfaces and recorders.
#[derive(Clone, Default)]
pub struct PictureFeed {
    shared: Arc<Mutex<Shared>>,
}

#[derive(Default)]
struct Shared {
    latest: Option<Arc<Picture>>,
    sequence: u64,
    listeners: Vec<(u64, Listener)>,
    /// How many listeners there ever were: the name of the last.
    subscriptions: u64,
}

/// Called on the producer's thread after each change: must return at once.
type Listener = Arc<dyn Fn() + Send + Sync>;

/// Listens to a feed until it is dropped.
#[must_use = "dropping it ends the listening"]
pub struct Subscription {
    shared: Weak<Mutex<Shared>>,
    name: u64,
}

impl PictureFeed {
    /// The newest picture, or `None` when there is nothing to show.
    #[must_use]
    pub fn latest(&self) -> Option<Arc<Picture>> {
        self.lock().latest.clone()
    }

    /// How often the feed changed: tells a new picture from one already shown.
    #[must_use]
    pub fn sequence(&self) -> u64 {
        self.lock().sequence
    }

    /// Has `listener` called after every change, on the producer's thread: it must only wake
    /// somebody.
    pub fn subscribe(&self, listener: impl Fn() + Send + Sync + 'static) -> Subscription {
        let mut shared = self.lock();
        shared.subscriptions += 1;
        let name = shared.subscriptions;
        shared.listeners.push((name, Arc::new(listener)));
        Subscription {
            shared: Arc::downgrade(&self.shared),
            name,
        }
    }

    /// Shows `picture` from now on; `None` for nothing.
    pub fn show(&self, picture: Option<Arc<Picture>>) {
        let mut shared = self.lock();
        shared.latest = picture;
        shared.sequence += 1;
        let listeners = shared.listeners.clone();
        drop(shared);
        for (_, listener) in listeners {
            listener();
        }
    }

    /// Each critical section is a few moves, so the value is whole under any panic.
    fn lock(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        if let Some(shared) = self.shared.upgrade() {
            let mut shared = shared.lock().unwrap_or_else(PoisonError::into_inner);
            shared.listeners.retain(|(name, _)| *name != self.name);
        }
    }
}

impl fmt::Debug for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Subscription").field(&self.name).finish()
    }
}

impl fmt::Debug for PictureFeed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PictureFeed")
            .field("sequence", &self.sequence())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use media::units::Size;

    use super::*;

    #[test]
    fn listeners_hear_of_every_change_and_see_the_newest() {
        let feed = PictureFeed::default();
        let heard = Arc::new(AtomicU32::new(0));
        let count = Arc::clone(&heard);
        let listening = feed.subscribe(move || {
            count.fetch_add(1, Ordering::Relaxed);
        });
        feed.show(Some(Arc::new(Picture::black(Size::new(2, 2)))));
        assert!(feed.latest().is_some());
        feed.show(None);
        assert!(feed.latest().is_none());
        assert_eq!((heard.load(Ordering::Relaxed), feed.sequence()), (2, 2));
        drop(listening);
        feed.show(None);
        assert_eq!((heard.load(Ordering::Relaxed), feed.sequence()), (2, 3));
    }
}
