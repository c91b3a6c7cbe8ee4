//! What the network carries, estimated by the sender from reports about its packets
//! (transport-wide feedback, draft-holmer-rmcat-transport-wide-cc-extensions-01).
//!
//! Three signals: queues that grow (`trend`) make it fall to 85 % of what arrived; loss beyond
//! what the path always loses (`loss`) makes it fall in proportion; silence of the other side
//! halves it. In between it climbs, quickly until the first of these was seen, and never beyond one
//! and a half times what really arrives, so that a sender with little to say learns no dream
//! figures. The scheme is that of Google Congestion Control (draft-ietf-rmcat-gcc-02) with
//! libwebrtc's trendline.
//!
//! Pure: whoever owns the transport's feedback calls it, on one thread.

mod acked;
mod loss;
#[cfg(test)]
mod tests;
mod trend;

use std::time::{Duration, Instant};

use self::acked::Acked;
use self::loss::Loss;
use self::trend::{Queue, Trend};
use crate::units::Bitrate;

/// Bounds of the estimate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Config {
    /// What is assumed before anything is known.
    pub start: Bitrate,
    /// Never less: below it a call is not worth the name.
    pub min: Bitrate,
    /// Never more than the sender can use.
    pub max: Bitrate,
}

/// The fate of one packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PacketReport {
    /// When it left here.
    pub sent_at: Instant,
    /// When it arrived, on a clock of the other side with any origin; `None` when it is lost.
    pub arrived_at: Option<Duration>,
    /// Bytes on the wire, as far as known.
    pub size: usize,
}

/// Estimates the rate of one path.
#[derive(Debug)]
pub struct Estimator {
    config: Config,
    estimate: f64,
    phase: Phase,
    trend: Trend,
    acked: Acked,
    loss: Loss,
    /// What arrived when queues last grew: near it the climb is careful.
    ceiling: Option<f64>,
    rtt: Option<Duration>,
    updated: Option<Instant>,
    /// Seconds of climbing beyond the last ceiling.
    beyond: f64,
    decreased: Option<Instant>,
    /// Since a packet left after the last report: the wait for the next one.
    waiting: Option<Waiting>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// No limit was met yet.
    Ramp,
    /// A limit was met; queues drain before the climb goes on.
    Hold,
    /// Climbing.
    Climb,
}

#[derive(Clone, Copy, Debug)]
struct Waiting {
    /// When a report is overdue. `None` from a halving until something is sent again: a silence
    /// that nothing was said into means nothing.
    due: Option<Instant>,
    /// What the estimate was before the silence halved it.
    before: Option<f64>,
}

impl Estimator {
    /// An estimator for a new path.
    #[must_use]
    pub fn new(config: Config) -> Self {
        Self {
            config,
            estimate: config.start.clamp(config.min, config.max).bps() as f64,
            phase: Phase::Ramp,
            trend: Trend::new(),
            acked: Acked::new(),
            loss: Loss::new(),
            ceiling: None,
            rtt: None,
            updated: None,
            beyond: 0.0,
            decreased: None,
            waiting: None,
        }
    }

    /// What the network carries.
    #[must_use]
    pub fn estimate(&self) -> Bitrate {
        Bitrate::from_bps(self.estimate as u64)
    }

    /// Share of packets lost over the last second, 0 to 1.
    #[must_use]
    pub fn loss(&self) -> f32 {
        self.loss.share()
    }

    /// The shortest time from sending a packet to the report about it in the last report; the
    /// round trip time plus what the other side waits before it reports.
    #[must_use]
    pub const fn round_trip(&self) -> Option<Duration> {
        self.rtt
    }

    /// A packet leaves. A report about it is expected from now on.
    pub fn on_sent(&mut self, now: Instant) {
        let waiting = self.waiting.get_or_insert(Waiting {
            due: None,
            before: None,
        });
        waiting.due.get_or_insert(now + FEEDBACK_TIMEOUT);
    }

    /// Takes the reports of one feedback message, in the order of sending.
    pub fn on_report(&mut self, now: Instant, reports: &[PacketReport]) {
        if reports.is_empty() {
            return;
        }
        if let Some(before) = self.waiting.take().and_then(|it| it.before) {
            // The path is back, or another one is there: half of what was is a good guess.
            self.phase = Phase::Ramp;
            self.set(self.estimate.max(0.5 * before));
        }
        let mut queue = self.trend.queue();
        for report in reports {
            self.loss.add(now, report.arrived_at.is_none());
            if let Some(arrived) = report.arrived_at {
                self.acked.add(arrived, report.size);
                queue = self.trend.add(report.sent_at, arrived);
                self.see_round_trip(now.saturating_duration_since(report.sent_at));
            }
        }
        let since = self
            .updated
            .replace(now)
            .map_or(Duration::ZERO, |it| now.saturating_duration_since(it));
        match queue {
            Queue::Growing => self.meet_limit(now),
            Queue::Draining => {
                self.phase = if self.phase == Phase::Ramp {
                    Phase::Ramp
                } else {
                    Phase::Hold
                }
            }
            Queue::Steady => self.climb(since.min(LONGEST_STEP)),
        }
        self.obey_loss(now);
    }

    /// To be called when [`Estimator::next_timeout`] has come.
    pub fn on_timeout(&mut self, now: Instant) {
        let overdue = |it: &&mut Waiting| it.due.is_some_and(|due| due <= now);
        let Some(waiting) = self.waiting.as_mut().filter(overdue) else {
            return;
        };
        waiting.due = None;
        waiting.before.get_or_insert(self.estimate);
        self.phase = Phase::Hold;
        self.set(self.estimate * 0.5);
    }

    /// When reports are overdue, while any is expected.
    #[must_use]
    pub fn next_timeout(&self) -> Option<Instant> {
        self.waiting.and_then(|it| it.due)
    }

    /// Queues grow: down to a little less than what arrives, so that they drain.
    fn meet_limit(&mut self, now: Instant) {
        let reaction = self.rtt.unwrap_or(FEEDBACK_INTERVAL) + FEEDBACK_INTERVAL;
        let too_soon = self.decreased.is_some_and(|it| now < it + reaction);
        if too_soon {
            return;
        }
        let arrives = self.acked.bits_per_second().unwrap_or(self.estimate);
        self.ceiling = Some(match self.ceiling {
            Some(ceiling) if (ceiling - arrives).abs() < 0.3 * ceiling => {
                0.9 * ceiling + 0.1 * arrives
            }
            _ => arrives,
        });
        self.phase = Phase::Hold;
        self.beyond = 0.0;
        self.decreased = Some(now);
        self.set(self.estimate.min(BACK_OFF * arrives));
    }

    fn climb(&mut self, since: Duration) {
        let seconds = since.as_secs_f64();
        let arrives = self.acked.bits_per_second();
        let near_ceiling = self
            .ceiling
            .is_some_and(|it| self.estimate > 0.85 * it && self.estimate < 1.15 * it);
        let more = match self.phase {
            Phase::Hold => 0.0,
            Phase::Ramp => self.estimate * (RAMP_PER_SECOND.powf(seconds) - 1.0),
            Phase::Climb if near_ceiling => self.packet_per_reaction() * seconds,
            Phase::Climb => {
                self.beyond += seconds;
                let factor =
                    (CLIMB_PER_SECOND + FASTER_PER_SECOND * self.beyond).min(RAMP_PER_SECOND);
                self.estimate * (factor.powf(seconds) - 1.0)
            }
        };
        if self.phase == Phase::Hold {
            self.phase = Phase::Climb;
        }
        if self.ceiling.is_some_and(|it| self.estimate > 1.15 * it) {
            self.ceiling = None;
        }
        let cap = arrives.map_or(self.estimate, |it| {
            (HEADROOM * it + HEADROOM_BPS).max(self.estimate)
        });
        if self.loss.excess() < LOSS_TO_HOLD {
            self.set((self.estimate + more).min(cap));
        }
    }

    /// Loss beyond what the path always has: down in proportion, at most once per reaction time.
    fn obey_loss(&mut self, now: Instant) {
        if let Some(cut) = self.loss.cut(now) {
            self.phase = Phase::Hold;
            self.set(self.estimate * cut);
        }
    }

    /// Bits per second by which the rate grows in a second when one more packet is sent in each
    /// round trip.
    fn packet_per_reaction(&self) -> f64 {
        let reaction = self.rtt.unwrap_or(FEEDBACK_INTERVAL) + FEEDBACK_INTERVAL;
        (PACKET_BITS / reaction.as_secs_f64()).max(LEAST_CLIMB_BPS)
    }

    fn see_round_trip(&mut self, sample: Duration) {
        let seen = self.rtt.unwrap_or(sample);
        self.rtt = Some(if sample < seen {
            sample
        } else {
            seen + (sample - seen) / 64
        });
    }

    fn set(&mut self, bits_per_second: f64) {
        let (min, max) = (self.config.min.bps() as f64, self.config.max.bps() as f64);
        self.estimate = bits_per_second.clamp(min, max.max(min));
    }
}

/// What is left of the arriving rate when queues grow: 15 % drain a queue of 100 ms within a
/// second.
const BACK_OFF: f64 = 0.85;

/// Half as much again each second, until a limit is met: from 1 to 4 Mb/s in three seconds.
const RAMP_PER_SECOND: f64 = 1.6;

/// 10 % a second once a limit was met, as libwebrtc does within a little; faster the longer the
/// climb goes on above that limit, because then the path has changed.
const CLIMB_PER_SECOND: f64 = 1.1;
const FASTER_PER_SECOND: f64 = 0.1;

/// The estimate never exceeds what arrives by more than this factor and a little.
const HEADROOM: f64 = 1.5;
const HEADROOM_BPS: f64 = 50_000.0;

/// Above it the climb stops.
const LOSS_TO_HOLD: f32 = 0.02;

const PACKET_BITS: f64 = 1200.0 * 8.0;
const LEAST_CLIMB_BPS: f64 = 10_000.0;

/// Reports come this often, usually.
const FEEDBACK_INTERVAL: Duration = Duration::from_millis(100);

/// Five reports missing in a row: the path is gone or drowning.
const FEEDBACK_TIMEOUT: Duration = Duration::from_millis(500);

/// Reports further apart than this do not let the climb catch up.
const LONGEST_STEP: Duration = Duration::from_millis(500);
