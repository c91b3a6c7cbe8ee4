//! Loss as a sign of a full network (draft-ietf-rmcat-gcc-02, 6), told from loss that the path
//! always has, such as that of a weak radio link.
//!
//! The two are told apart by an experiment. After each decrease the loss of the next second is
//! compared with the loss before: if it stays, sending less did not help, so it is noise of the
//! path and is left out of later judgements.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Counts losses over the last second and judges them.
#[derive(Debug)]
pub(super) struct Loss {
    reports: VecDeque<Report>,
    /// Share of packets that the path loses however little is sent.
    noise: f32,
    /// The decrease whose effect is watched.
    decrease: Option<Decrease>,
}

/// What one feedback message said.
#[derive(Clone, Copy, Debug)]
struct Report {
    at: Instant,
    packets: u32,
    lost: u32,
}

#[derive(Clone, Copy, Debug)]
struct Decrease {
    at: Instant,
    /// The share of lost packets that caused it.
    share: f32,
}

impl Loss {
    pub(super) fn new() -> Self {
        Self {
            reports: VecDeque::with_capacity(MOST_REPORTS),
            noise: 0.0,
            decrease: None,
        }
    }

    /// Learns of one packet, from the feedback message that came at `now`.
    pub(super) fn add(&mut self, now: Instant, lost: bool) {
        match self.reports.back_mut().filter(|it| it.at == now) {
            Some(report) => {
                report.packets += 1;
                report.lost += u32::from(lost);
            }
            None => self.reports.push_back(Report {
                at: now,
                packets: 1,
                lost: u32::from(lost),
            }),
        }
        while self.reports.len() > MOST_REPORTS
            || self.reports.front().is_some_and(|it| it.at + WINDOW < now)
        {
            self.reports.pop_front();
        }
    }

    /// Share of lost packets, 0 to 1.
    pub(super) fn share(&self) -> f32 {
        let (packets, lost) = self
            .reports
            .iter()
            .fold((0, 0), |sum, it| (sum.0 + it.packets, sum.1 + it.lost));
        lost as f32 / packets.max(1) as f32
    }

    /// The part of it that is no noise.
    pub(super) fn excess(&self) -> f32 {
        (self.share() - self.noise).max(0.0)
    }

    /// The factor by which the rate must fall, if it must.
    pub(super) fn decrease(&mut self, now: Instant) -> Option<f64> {
        // 1. Noise is never more than what is lost now.
        let share = self.share();
        let packets = self.reports.iter().map(|it| it.packets).sum::<u32>();
        self.noise = self.noise.min(share);
        if packets < ENOUGH {
            return None;
        }
        // 2. Less was sent for a while after a decrease. If nearly as much is lost, it is noise.
        if let Some(decrease) = self.decrease.filter(|it| now >= it.at + WATCHED) {
            if share > PERSISTS * decrease.share && share <= MOST_NOISE {
                self.noise = share;
            }
            self.decrease = None;
        }
        // 3. Not again while the last decrease is watched, and only for more than noise.
        let excess = self.excess();
        if self.decrease.is_some() || excess < LOSS_TO_DECREASE {
            return None;
        }
        // 4. Down by half of the loss.
        self.decrease = Some(Decrease { at: now, share });
        Some(f64::from(1.0 - 0.5 * excess.min(0.6)))
    }
}

/// Above a tenth, sending less is the answer (draft-ietf-rmcat-gcc-02, 6).
const LOSS_TO_DECREASE: f32 = 0.1;

/// Loss that stays above this share of itself after a decrease does not come from the rate.
const PERSISTS: f32 = 0.75;

/// Beyond it, loss is never taken for noise: nothing good can be sent over such a path anyway.
const MOST_NOISE: f32 = 0.3;

const WINDOW: Duration = Duration::from_secs(1);

/// How long the effect of a decrease is watched: a second of reports, and the way there and back.
const WATCHED: Duration = Duration::from_millis(1200);

/// Fewer packets say nothing about shares.
const ENOUGH: u32 = 20;

const MOST_REPORTS: usize = 256;
