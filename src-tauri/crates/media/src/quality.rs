//! How good a call is, in one of four words for each direction, and what keeps it from being better.
//!
//! Each second becomes a score from 0 to 100 for every [`Cause`] that can spoil it: LiveKit's scale,
//! a simplified E-model (ITU-T G.107) with the loss that Opus and H.264 stand. A score is followed
//! fast when it falls and slowly when it climbs; the worst one is the direction's, and the cause by
//! which it is the worst is named.
//!
//! ```
//! use media::quality::{Cause, Facts, Judge};
//! use media::transport::ConnectionQuality;
//!
//! let mut judge = Judge::new();
//! let lossy = Facts {
//!     audio_loss: 0.2,
//!     ..Facts::PERFECT
//! };
//! assert_eq!(judge.second(&lossy).level, ConnectionQuality::Good);
//! for _ in 0..3 {
//!     judge.second(&lossy);
//! }
//! let verdict = judge.verdict();
//! assert_eq!(verdict.level, ConnectionQuality::Poor);
//! assert_eq!(verdict.cause, Some(Cause::Loss));
//! ```

mod score;
mod seconds;

use std::time::Duration;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::transport::ConnectionQuality;

/// What is known of one direction over the last second. What is not sent is not judged: its figures
/// are those of [`Facts::PERFECT`], and so is what a text of them leaves out.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Facts {
    /// What comes of what is sent.
    pub arrival: Arrival,
    /// Share of packets of sound that were lost, 0 to 1.
    pub audio_loss: f64,
    /// Share of packets of pictures that were lost, 0 to 1.
    pub video_loss: f64,
    /// To the other side and back; in a text, seconds.
    #[serde(with = "seconds")]
    pub round_trip: Duration,
    /// How long sound waits between its arrival and its playout: what jitter costs; in a text, seconds.
    #[serde(with = "seconds")]
    pub buffer: Duration,
    /// Share of the samples played that were made up, 0 to 1.
    pub concealed: f64,
    /// Share of the second in which the picture stood still that should have moved, 0 to 1.
    pub frozen: f64,
    /// The rate that the network carries, as a share of what good pictures need; 1 and more is
    /// enough.
    pub rate: f64,
    /// What a server says that carries the call.
    pub server: Option<ConnectionQuality>,
}

/// What comes of what one side sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Arrival {
    /// All of it, or nothing is sent.
    All,
    /// Sound and no pictures, or the other way round.
    Part,
    /// Nothing.
    Nothing,
}

/// What keeps a direction from being better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(rename = "QualityCause")]
pub enum Cause {
    /// What is sent does not arrive.
    Silence,
    /// Packets are lost.
    Loss,
    /// The network carries less than pictures need.
    Rate,
    /// The way is long.
    Delay,
    /// Packets come unevenly, so sound has to wait for the late ones.
    Jitter,
    /// Sound was made up for what was not there in time.
    Concealment,
    /// The picture stands still.
    Freezes,
    /// The server that carries the call says so.
    Server,
}

/// How good a direction is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(rename = "QualityVerdict")]
pub struct Verdict {
    /// In a word.
    pub level: ConnectionQuality,
    /// What keeps it from being better; null while it is excellent.
    pub cause: Option<Cause>,
}

/// Judges one direction of a call, second by second.
///
/// ```text
///             score ≤ 80            ≤ 40            ≤ 20
/// Excellent ────────────▶ Good ──────────▶ Poor ──────────▶ Lost
///           ◀────────────      ◀──────────      ◀──────────
///             score > 90            > 65            > 30
///
/// any ── path_lost ──▶ Lost ── path_found ──▶ Excellent
/// ```
/// A fall may pass several levels at once. Only a direction in which nothing arrives falls to
/// [`ConnectionQuality::Lost`]: every other cause leaves a second at 30 or more, LiveKit's least.
#[derive(Clone, Debug, PartialEq)]
pub struct Judge {
    /// The scores that are followed, in the order of [`Cause::ALL`].
    scores: [f64; Cause::ALL.len()],
    verdict: Verdict,
}

impl Judge {
    /// A judge who knows of nothing bad.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            scores: [score::BEST; Cause::ALL.len()],
            verdict: Verdict {
                level: ConnectionQuality::Excellent,
                cause: None,
            },
        }
    }

    /// Takes in what is known of one more second.
    pub fn second(&mut self, facts: &Facts) -> Verdict {
        for (cause, followed) in Cause::ALL.iter().zip(&mut self.scores) {
            let score = score::of(*cause, facts);
            let weight = if score < *followed { FALLS } else { CLIMBS };
            *followed += weight * (score - *followed);
        }
        self.judge();
        self.verdict
    }

    /// The path is gone, so nothing arrives until there is another one.
    pub fn path_lost(&mut self) {
        *self = Self::new();
        self.scores[Cause::Silence as usize] = 0.0;
        self.judge();
    }

    /// What was known of the last path says nothing of this one.
    pub fn path_found(&mut self) {
        *self = Self::new();
    }

    /// How good the direction is.
    #[must_use]
    pub const fn verdict(&self) -> Verdict {
        self.verdict
    }

    fn judge(&mut self) {
        let (worst, score) = self.worst();
        let (falls_to, climbs_to) = (level(score, FALL_AT), level(score, CLIMB_OVER));
        let before = self.verdict;
        let level = falls_to.min(before.level).max(climbs_to);
        let cause = match before.cause {
            // Of two that are about as bad the one that was told stays, unless the other explains it.
            Some(told) if self.scores[told as usize] < score + CLEARLY => {
                let bad = score + ABOUT;
                let mut explain = Cause::ALL.into_iter().take_while(|it| *it != told);
                explain
                    .find(|it| self.scores[*it as usize] < bad)
                    .unwrap_or(told)
            }
            Some(_) | None => worst,
        };
        self.verdict = Verdict {
            level,
            cause: (level != ConnectionQuality::Excellent).then_some(cause),
        };
    }

    fn worst(&self) -> (Cause, f64) {
        let scored = Cause::ALL.iter().copied().zip(self.scores);
        scored.fold((Cause::Silence, f64::INFINITY), |worst, it| {
            if it.1 < worst.1 { it } else { worst }
        })
    }
}

impl Default for Judge {
    fn default() -> Self {
        Self::new()
    }
}

impl Facts {
    /// All that is sent arrives, at once.
    pub const PERFECT: Self = Self {
        arrival: Arrival::All,
        audio_loss: 0.0,
        video_loss: 0.0,
        round_trip: Duration::ZERO,
        buffer: Duration::ZERO,
        concealed: 0.0,
        frozen: 0.0,
        rate: 1.0,
        server: None,
    };
}

impl Default for Facts {
    fn default() -> Self {
        Self::PERFECT
    }
}

impl Cause {
    /// All of them, those first that explain others.
    pub const ALL: [Self; 8] = [
        Self::Silence,
        Self::Loss,
        Self::Rate,
        Self::Delay,
        Self::Jitter,
        Self::Concealment,
        Self::Freezes,
        Self::Server,
    ];
}

/// The level of a score between these bounds, the highest first.
fn level(score: f64, bounds: [f64; 3]) -> ConnectionQuality {
    let [excellent, good, poor] = bounds;
    if score > excellent {
        ConnectionQuality::Excellent
    } else if score > good {
        ConnectionQuality::Good
    } else if score > poor {
        ConnectionQuality::Poor
    } else {
        ConnectionQuality::Lost
    }
}

/// A level is left for a lower one at this score: LiveKit's bounds.
const FALL_AT: [f64; 3] = [80.0, 40.0, 20.0];

/// A level is entered from below beyond this score. The distance to [`FALL_AT`] keeps a direction
/// that is bad every few seconds from being told as good in between.
const CLIMB_OVER: [f64; 3] = [90.0, 65.0, 30.0];

/// How much a second counts that is worse than what was before: four of the worst in a row are poor,
/// two, which are concealed and forgotten, are not. LiveKit's 0.8 for each five seconds would tell
/// it after ten.
const FALLS: f64 = 0.4;

/// How much a second counts that is better: LiveKit's 0.4 for each five seconds. A direction that was
/// poor and is perfect is good again after six or seven seconds.
const CLIMBS: f64 = 0.1;

/// How much worse than the cause that was told another one has to be to take its place.
const CLEARLY: f64 = 15.0;

/// How near to the worst a cause has to be to take the place of one that it explains: lost packets that
/// of sound that is made up. Together with [`CLEARLY`] it keeps two causes from taking turns.
const ABOUT: f64 = 3.0;

#[cfg(test)]
mod tests;
