//! How old the other side's pictures are when they are decoded.

use std::sync::{Arc, Mutex, PoisonError};

use engine::{PictureFeed, Subscription};
use media::synthetic::stamp::Stamp;

/// The ages of stamped pictures of one feed, milliseconds.
pub(crate) struct PictureAges {
    kept: Arc<Mutex<Vec<f64>>>,
    _listening: Subscription,
}

impl PictureAges {
    pub(crate) fn watch(feed: &PictureFeed) -> Self {
        let kept = Arc::<Mutex<Vec<f64>>>::default();
        let (ages, feed_again) = (Arc::clone(&kept), feed.clone());
        let listening = feed.subscribe(move || {
            let Some(picture) = feed_again.latest() else {
                return;
            };
            let size = picture.size();
            let [luma, ..] = picture.planes();
            let Some(stamp) = Stamp::read(luma, size.width as usize, size) else {
                return;
            };
            let age = stamp.age_micros(devices::clock::nanos()) as f64 / 1e3;
            let mut ages = ages.lock().unwrap_or_else(PoisonError::into_inner);
            if ages.len() < KEPT_AGES {
                ages.push(age);
            }
        });
        Self {
            kept,
            _listening: listening,
        }
    }

    /// Those since the last call, the youngest first.
    pub(crate) fn take(&self) -> Vec<f64> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let mut ages = std::mem::take(&mut *kept);
        drop(kept);
        ages.sort_by(f64::total_cmp);
        ages
    }
}

/// A second at 120 pictures, with room for a late reader.
const KEPT_AGES: usize = 600;
