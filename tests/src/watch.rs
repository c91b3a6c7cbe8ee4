//! Watches a stamped picture: which numbers become visible, and how old they are then.

use std::fmt;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::clock;
use crate::screen::Pixels;
use crate::stamp::{Place, Stamp, find};

/// Pictures in the order in which they became visible.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// When each was first seen, and its age at that moment.
    pub pictures: Vec<(Duration, Duration)>,
    /// How long was watched.
    pub watched: Duration,
}

impl Seen {
    /// Notes a picture that was not there the moment before.
    pub fn note(&mut self, stamp: Stamp, now: Duration) {
        self.pictures.push((now, stamp.age(now)));
    }

    /// Distinct pictures per second.
    #[must_use]
    pub fn per_second(&self) -> f64 {
        let (Some(first), Some(last)) = (self.pictures.first(), self.pictures.last()) else {
            return 0.0;
        };
        let span = (last.0 - first.0).as_secs_f64();
        // A picture that stands still for the rest of the time must count against the rate.
        let span = span.max(self.watched.as_secs_f64() - 0.1);
        if span > 0.0 {
            (self.pictures.len() - 1) as f64 / span
        } else {
            0.0
        }
    }

    /// The age in milliseconds that a share of the pictures (0 to 1) does not exceed.
    #[must_use]
    pub fn age_ms(&self, share: f64) -> Option<f64> {
        percentile(
            self.pictures.iter().map(|(_, age)| age.as_secs_f64() * 1e3),
            share,
        )
    }

    /// Freezes as getStats counts them: gaps longer than three mean gaps, and than the mean gap
    /// and 150 ms.
    #[must_use]
    pub fn freezes(&self) -> usize {
        let times: Vec<f64> = self
            .pictures
            .iter()
            .map(|(at, _)| at.as_secs_f64())
            .collect();
        let gaps: Vec<f64> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
        let mean = gaps.iter().sum::<f64>() / gaps.len().max(1) as f64;
        gaps.iter()
            .filter(|gap| **gap > (3.0 * mean).max(mean + 0.15))
            .count()
    }
}

/// The value that a share of all values (0 to 1) does not exceed.
pub fn percentile(values: impl IntoIterator<Item = f64>, share: f64) -> Option<f64> {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    let last = values.len().checked_sub(1)?;
    values.get((share * last as f64).round() as usize).copied()
}

/// A stamped picture on a screen.
pub struct Watch {
    pixels: Pixels,
    place: Place,
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch")
            .field("place", &self.place)
            .finish_non_exhaustive()
    }
}

impl Watch {
    /// Finds the picture on the screen; waits for it as long as `limit`.
    ///
    /// # Errors
    /// When none shows up.
    pub fn find(pixels: Pixels, limit: Duration) -> Result<Self> {
        let until = clock::now() + limit;
        loop {
            if let Some((place, _)) = find(&pixels.grab()?, clock::now()) {
                return Ok(Self { pixels, place });
            }
            if clock::now() > until {
                return Err(anyhow::anyhow!(
                    "no stamped picture on the screen for {limit:?}"
                ));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// The picture that is known to be at this place of the screen.
    #[must_use]
    pub const fn at(pixels: Pixels, place: Place) -> Self {
        Self { pixels, place }
    }

    /// Where it is.
    #[must_use]
    pub fn place(&self) -> Place {
        self.place
    }

    /// Looks until `limit` has passed, every half millisecond.
    ///
    /// # Errors
    /// When the screen is gone.
    pub fn look(&self, limit: Duration) -> Result<Seen> {
        let begun = clock::now();
        let mut seen = Seen::default();
        let mut last = None;
        let [first, second] = self.place.rows();
        let (mut one, mut two) = (Vec::new(), Vec::new());
        loop {
            self.pixels
                .row(first, &mut one)
                .context("the screen is gone")?;
            self.pixels.row(second, &mut two)?;
            let now = clock::now();
            // While a picture is being drawn, its rows may be of two pictures: then the next
            // look finds it whole.
            if let Some(stamp) = self.place.read(&one, &two)
                && last != Some(stamp)
            {
                if last.is_some() {
                    seen.note(stamp, now);
                }
                last = Some(stamp);
            }
            seen.watched = now - begun;
            if seen.watched >= limit {
                return Ok(seen);
            }
            std::thread::sleep(Duration::from_micros(500));
        }
    }
}
