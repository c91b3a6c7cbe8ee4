//! Islands that fade: their alpha reaches what the page asked for within a short time. Pure; the
//! clock comes in.

use std::time::{Duration, Instant};

use super::stage::{Island, Rect};

/// How long a change of alpha takes: the middle of the 120 to 200 ms that all motion takes.
pub(crate) const FADE: Duration = Duration::from_millis(160);

/// More islands than any screen has; a page that sends more has a fault, and only these show.
pub(crate) const MAX_ISLANDS: usize = 64;

/// The islands of the stage as they look at a moment.
#[derive(Clone, Debug, Default)]
pub(crate) struct Islands {
    list: Vec<Fading>,
}

/// One island on its way from one alpha to another.
#[derive(Clone, Debug)]
struct Fading {
    island: Island,
    from: f64,
    since: Instant,
}

impl Islands {
    /// Takes the page's new list. An island at the place of an old one fades from what it shows
    /// now; one at a new place shows at once.
    pub(crate) fn replace(&mut self, islands: &[Island], now: Instant) {
        let old = std::mem::take(&mut self.list);
        let sound = islands
            .iter()
            .filter(|it| it.place().is_sound() && it.alpha.is_finite());
        self.list = sound
            .take(MAX_ISLANDS)
            .map(|island| {
                let island = Island {
                    alpha: island.alpha.clamp(0.0, 1.0),
                    ..*island
                };
                match old.iter().find(|it| it.island.place() == island.place()) {
                    Some(before) if before.island.alpha == island.alpha => Fading {
                        island,
                        ..before.clone()
                    },
                    Some(before) => Fading {
                        island,
                        from: before.alpha(now),
                        since: now,
                    },
                    None => Fading {
                        island,
                        from: island.alpha,
                        since: now,
                    },
                }
            })
            .collect();
    }

    /// The islands with the alpha that they have now.
    pub(crate) fn at(&self, now: Instant) -> impl Iterator<Item = Island> + '_ {
        self.list.iter().map(move |it| Island {
            alpha: it.alpha(now),
            ..it.island
        })
    }

    /// The places that change with time now.
    pub(crate) fn fading(&self, now: Instant) -> impl Iterator<Item = Rect> + '_ {
        self.list
            .iter()
            .filter(move |it| it.is_fading(now))
            .map(|it| it.island.place())
    }
}

impl Fading {
    fn alpha(&self, now: Instant) -> f64 {
        let done = now.saturating_duration_since(self.since).as_secs_f64() / FADE.as_secs_f64();
        // Ease out: quick at first, gentle at the end.
        let eased = 1.0 - (1.0 - done.min(1.0)).powi(2);
        self.from + (self.island.alpha - self.from) * eased
    }

    fn is_fading(&self, now: Instant) -> bool {
        self.from != self.island.alpha && now.saturating_duration_since(self.since) < FADE
    }
}

impl Island {
    /// Where it is.
    #[must_use]
    pub(crate) const fn place(&self) -> Rect {
        Rect::new(self.x, self.y, self.w, self.h)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BAR: Island = Island {
        x: 10.0,
        y: 20.0,
        w: 300.0,
        h: 56.0,
        radius: 16.0,
        alpha: 0.9,
    };

    fn alphas(islands: &Islands, now: Instant) -> Vec<f64> {
        islands.at(now).map(|it| it.alpha).collect()
    }

    #[test]
    fn a_new_island_shows_at_once() {
        let (mut islands, now) = (Islands::default(), Instant::now());
        islands.replace(&[BAR], now);
        assert_eq!(alphas(&islands, now), [0.9]);
        assert_eq!(islands.fading(now).count(), 0);
    }

    #[test]
    fn an_island_that_shall_go_fades_out_and_rests() {
        let (mut islands, start) = (Islands::default(), Instant::now());
        islands.replace(&[BAR], start);
        islands.replace(&[Island { alpha: 0.0, ..BAR }], start);
        assert_eq!(alphas(&islands, start), [0.9]);
        let middle = start + FADE / 2;
        assert!((alphas(&islands, middle)[0] - 0.225).abs() < 1e-6);
        assert_eq!(islands.fading(middle).collect::<Vec<_>>(), [BAR.place()]);
        let end = start + FADE;
        assert_eq!(alphas(&islands, end), [0.0]);
        assert_eq!(islands.fading(end).count(), 0);
    }

    #[test]
    fn a_fade_turns_round_without_a_jump() {
        let (mut islands, start) = (Islands::default(), Instant::now());
        islands.replace(&[BAR], start);
        islands.replace(&[Island { alpha: 0.0, ..BAR }], start);
        let middle = start + FADE / 2;
        islands.replace(&[BAR], middle);
        assert!((alphas(&islands, middle)[0] - 0.225).abs() < 1e-6);
        assert_eq!(alphas(&islands, middle + FADE), [0.9]);
    }

    #[test]
    fn a_repeated_list_does_not_restart_a_fade() {
        let (mut islands, start) = (Islands::default(), Instant::now());
        islands.replace(&[BAR], start);
        islands.replace(&[Island { alpha: 0.0, ..BAR }], start);
        islands.replace(&[Island { alpha: 0.0, ..BAR }], start + FADE / 2);
        assert_eq!(alphas(&islands, start + FADE), [0.0]);
    }

    #[test]
    fn unsound_islands_and_a_flood_of_them_are_left_out() {
        let mut islands = Islands::default();
        islands.replace(&[Island { w: f64::NAN, ..BAR }], Instant::now());
        assert_eq!(alphas(&islands, Instant::now()).len(), 0);
        islands.replace(&[BAR; 500], Instant::now());
        assert_eq!(alphas(&islands, Instant::now()).len(), MAX_ISLANDS);
    }
}
