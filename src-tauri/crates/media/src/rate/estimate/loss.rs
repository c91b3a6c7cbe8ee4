//! Loss as a sign of a full network, told from loss that the path always has.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Counts losses over the last second and judges them.
#[derive(Debug)]
pub(super) struct Loss {
    /// When a report came, how many packets it was about and how many of them were lost.
    reports: VecDeque<(Instant, u32, u32)>,
    /// Share of packets that are lost however little is sent: radio noise.
    noise: f32,
    last_cut: Option<Cut>,
}

#[derive(Clone, Copy, Debug)]
struct Cut {
    at: Instant,
    share: f32,
}

impl Loss {
    pub(super) fn new() -> Self {
        Self {
            reports: VecDeque::with_capacity(MOST_REPORTS),
            noise: 0.0,
            last_cut: None,
        }
    }

    pub(super) fn add(&mut self, now: Instant, lost: bool) {
        match self.reports.back_mut().filter(|it| it.0 == now) {
            Some(report) => {
                report.1 += 1;
                report.2 += u32::from(lost);
            }
            None => self.reports.push_back((now, 1, u32::from(lost))),
        }
        while self.reports.len() > MOST_REPORTS
            || self.reports.front().is_some_and(|it| it.0 + WINDOW < now)
        {
            self.reports.pop_front();
        }
    }

    /// Share of lost packets, 0 to 1.
    pub(super) fn share(&self) -> f32 {
        let (all, lost) = self
            .reports
            .iter()
            .fold((0, 0), |sum, it| (sum.0 + it.1, sum.1 + it.2));
        lost as f32 / all.max(1) as f32
    }

    /// The part of it that is no noise.
    pub(super) fn excess(&self) -> f32 {
        (self.share() - self.noise).max(0.0)
    }

    /// The factor by which the rate must fall, if it must.
    pub(super) fn cut(&mut self, now: Instant) -> Option<f64> {
        let share = self.share();
        let seen = self.reports.iter().map(|it| it.1).sum::<u32>();
        self.noise = self.noise.min(share);
        if seen < ENOUGH {
            return None;
        }
        if let Some(cut) = self.last_cut.filter(|it| now >= it.at + VERDICT) {
            // Less was sent for a while, and as much of it was lost: that was not our doing.
            if share > UNHEARD_OF * cut.share && share <= MOST_NOISE {
                self.noise = share;
            }
            self.last_cut = None;
        }
        let waits = self.last_cut.is_some_and(|it| now < it.at + VERDICT);
        let excess = self.excess();
        if waits || excess < LOSS_TO_CUT {
            return None;
        }
        self.last_cut = Some(Cut { at: now, share });
        Some(f64::from(1.0 - 0.5 * excess.min(0.6)))
    }
}

/// Above a tenth, sending less is the answer (draft-ietf-rmcat-gcc-02, 6).
const LOSS_TO_CUT: f32 = 0.1;

/// Loss that stays above this share of itself after a cut did not come from the rate.
const UNHEARD_OF: f32 = 0.75;

/// Beyond it, loss is never taken for noise: nothing good can be sent over such a path anyway.
const MOST_NOISE: f32 = 0.3;

const WINDOW: Duration = Duration::from_secs(1);

/// A second of loss after a cut shows what the cut brought.
const VERDICT: Duration = Duration::from_millis(1200);

/// Fewer packets say nothing about shares.
const ENOUGH: u32 = 20;

const MOST_REPORTS: usize = 256;
