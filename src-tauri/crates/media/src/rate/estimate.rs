//! What the network carries, estimated by the sender from reports about its packets
//! (transport-wide feedback, draft-holmer-rmcat-transport-wide-cc-extensions-01).
//!
//! The scheme is that of Google Congestion Control (draft-ietf-rmcat-gcc-02) with libwebrtc's
//! trendline. Three signals lower the estimate:
//! - delays that grow (`trend`): queues fill, so it falls to 85 % of what arrived;
//! - loss beyond what the path always has (`loss`): it falls in proportion;
//! - reports that stay away: it is halved.
//!
//! In between it climbs, quickly until the first of these was seen. It never climbs beyond one and
//! a half times what really arrives: a sender that sends little has no proof of more.
//!
//! Pure: whoever owns the transport's feedback calls it, on one thread.
//!
//! ```
//! use std::time::{Duration, Instant};
//!
//! use media::rate::estimate::{Config, Estimator, FEEDBACK_INTERVAL, PacketReport};
//! use media::units::Bitrate;
//!
//! let config = Config {
//!     start: Bitrate::from_kbps(1_000),
//!     min: Bitrate::from_kbps(80),
//!     max: Bitrate::from_kbps(4_000),
//!     feedback_interval: FEEDBACK_INTERVAL,
//! };
//! let (mut estimator, start) = (Estimator::new(config), Instant::now());
//! for ms in (0..1000).step_by(10) {
//!     let sent = Duration::from_millis(ms);
//!     estimator.on_sent(start + sent);
//!     // Each packet takes 20 ms, and a report about it comes after 40 ms.
//!     let report = PacketReport {
//!         sent_at: start + sent,
//!         arrived_at: Some(sent + Duration::from_millis(20)),
//!         size: 1200,
//!         resent: false,
//!     };
//!     estimator.on_report(start + sent + Duration::from_millis(40), &[report]);
//! }
//! assert!(estimator.estimate() > config.start);
//! ```

mod acked;
mod loss;
#[cfg(test)]
mod tests;
mod trend;

use std::time::{Duration, Instant};

use self::acked::Acked;
use self::loss::Loss;
use self::trend::{Trend, Usage};
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
    /// How often reports come, usually: [`FEEDBACK_INTERVAL`] from another Tincan. Five that are
    /// missing in a row say that the path is gone or drowning.
    pub feedback_interval: Duration,
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
    /// Whether it had been sent before and was lost then. It says nothing more of what the path
    /// loses: only repairs of losses are sent again, so counting them would count losses twice.
    pub resent: bool,
}

/// Estimates the rate of one path.
#[derive(Debug)]
pub struct Estimator {
    config: Config,
    estimate_bps: f64,
    state: State,
    trend: Trend,
    acked: Acked,
    loss: Loss,
    /// What arrived when delays last grew: near it the climb is careful.
    ceiling_bps: Option<f64>,
    /// How long the estimate has climbed above the last ceiling.
    above_ceiling_s: f64,
    rtt: Option<Duration>,
    /// When the last report came.
    reported_at: Option<Instant>,
    /// When growing delays last lowered the estimate.
    decreased_at: Option<Instant>,
    /// From the first packet after a report to the next report.
    waiting: Option<Waiting>,
}

/// The rate control's state (draft-ietf-rmcat-gcc-02, 5.5). A decrease happens at once, so it
/// needs no state.
///
/// ```text
/// Startup ──overuse, loss, silence──► Hold ◄──► Increase
///    ▲                                  │
///    └──────── reports after silence ───┘
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// No limit was met yet: climbs quickly.
    Startup,
    /// A limit was met: queues drain before the climb goes on.
    Hold,
    /// Climbs slowly.
    Increase,
}

/// A report is expected.
#[derive(Clone, Copy, Debug)]
struct Waiting {
    /// When it is overdue. `None` after the estimate was halved until another packet leaves: a
    /// missing report means nothing when nothing was sent.
    due: Option<Instant>,
    /// The estimate before it was halved for the first time, bits per second.
    before_bps: Option<f64>,
}

impl Estimator {
    /// An estimator for a new path.
    #[must_use]
    pub fn new(config: Config) -> Self {
        Self {
            config,
            estimate_bps: config.start.clamp(config.min, config.max).bps() as f64,
            state: State::Startup,
            trend: Trend::new(),
            acked: Acked::new(),
            loss: Loss::new(),
            ceiling_bps: None,
            above_ceiling_s: 0.0,
            rtt: None,
            reported_at: None,
            decreased_at: None,
            waiting: None,
        }
    }

    /// What the network carries.
    #[must_use]
    pub fn estimate(&self) -> Bitrate {
        Bitrate::from_bps(self.estimate_bps as u64)
    }

    /// Share of packets lost over the last second, 0 to 1.
    #[must_use]
    pub fn loss(&self) -> f32 {
        self.loss.share()
    }

    /// The time from sending a packet to the report about it: the round trip time plus what the
    /// other side waits before it reports. Follows the shortest one, and longer ones slowly.
    #[must_use]
    pub const fn round_trip(&self) -> Option<Duration> {
        self.rtt
    }

    /// A packet leaves. A report about it is expected from now on.
    pub fn on_sent(&mut self, now: Instant) {
        let waiting = self.waiting.get_or_insert(Waiting {
            due: None,
            before_bps: None,
        });
        let patience = MISSING * self.config.feedback_interval;
        waiting.due.get_or_insert(now + patience);
    }

    /// Takes the reports of one feedback message, in the order of sending.
    pub fn on_report(&mut self, now: Instant, reports: &[PacketReport]) {
        if reports.is_empty() {
            return;
        }
        // 1. Reports are back after a silence that halved the estimate, on this path or another:
        //    half of what was before is a good guess.
        if let Some(before_bps) = self.waiting.take().and_then(|it| it.before_bps) {
            self.state = State::Startup;
            self.set(self.estimate_bps.max(AFTER_SILENCE * before_bps));
        }
        // 2. Each detector learns of each packet.
        let usage = self.learn(now, reports);
        // 3. The delays move the estimate.
        let since = self
            .reported_at
            .replace(now)
            .map_or(Duration::ZERO, |it| now.saturating_duration_since(it));
        match usage {
            Usage::Overuse => self.on_overuse(now),
            Usage::Underuse => {
                if self.state == State::Increase {
                    self.state = State::Hold;
                }
            }
            Usage::Normal => self.climb(since.min(LONGEST_STEP)),
        }
        // 4. Loss lowers what the delays allow.
        if let Some(factor) = self.loss.decrease(now) {
            self.state = State::Hold;
            self.set(self.estimate_bps * factor);
        }
    }

    /// To be called when [`Estimator::next_timeout`] has come.
    pub fn on_timeout(&mut self, now: Instant) {
        let overdue = |it: &&mut Waiting| it.due.is_some_and(|due| due <= now);
        let Some(waiting) = self.waiting.as_mut().filter(overdue) else {
            return;
        };
        waiting.due = None;
        waiting.before_bps.get_or_insert(self.estimate_bps);
        self.state = State::Hold;
        self.set(self.estimate_bps * AFTER_SILENCE);
    }

    /// When reports are overdue, while any is expected.
    #[must_use]
    pub fn next_timeout(&self) -> Option<Instant> {
        self.waiting.and_then(|it| it.due)
    }

    /// Feeds the detectors; gives what the delays say after the last packet.
    fn learn(&mut self, now: Instant, reports: &[PacketReport]) -> Usage {
        for report in reports {
            if !report.resent {
                self.loss.add(now, report.arrived_at.is_none());
            }
            if let Some(arrived) = report.arrived_at {
                self.acked.add(arrived, report.size);
                self.trend.add(report.sent_at, arrived);
                self.see_round_trip(now.saturating_duration_since(report.sent_at));
            }
        }
        self.trend.usage()
    }

    /// Delays grow: down to a little less than what arrives, so that queues drain.
    fn on_overuse(&mut self, now: Instant) {
        // 1. Once per reaction time: delays tell of a decrease only a round trip later.
        let too_soon = self
            .decreased_at
            .is_some_and(|it| now < it + self.reaction());
        if too_soon {
            return;
        }
        // 2. What arrives now is the path's limit; near the last one, both are averaged.
        let arrives_bps = self.acked.bits_per_second().unwrap_or(self.estimate_bps);
        self.ceiling_bps = Some(match self.ceiling_bps {
            Some(ceiling) if (ceiling - arrives_bps).abs() < SAME_LIMIT * ceiling => {
                ceiling + CEILING_FOLLOWS * (arrives_bps - ceiling)
            }
            Some(_) | None => arrives_bps,
        });
        // 3. Below it, and wait there.
        self.state = State::Hold;
        self.above_ceiling_s = 0.0;
        self.decreased_at = Some(now);
        self.set(self.estimate_bps.min(BACK_OFF * arrives_bps));
    }

    /// Delays do not grow: up, as far as the state, the loss and what arrives allow.
    fn climb(&mut self, since: Duration) {
        let seconds = since.as_secs_f64();
        let arrives_bps = self.acked.bits_per_second();
        // 1. How much: by a factor, but by a packet per round trip near the last limit.
        let near_ceiling = self
            .ceiling_bps
            .is_some_and(|it| (self.estimate_bps - it).abs() < NEAR_CEILING * it);
        let more_bps = match self.state {
            State::Hold => 0.0,
            State::Startup => self.estimate_bps * (STARTUP_PER_SECOND.powf(seconds) - 1.0),
            State::Increase if near_ceiling => self.packet_per_reaction_bps() * seconds,
            State::Increase => {
                self.above_ceiling_s += seconds;
                let factor = (CLIMB_PER_SECOND + FASTER_PER_SECOND * self.above_ceiling_s)
                    .min(STARTUP_PER_SECOND);
                self.estimate_bps * (factor.powf(seconds) - 1.0)
            }
        };
        // 2. A hold lasts one report; far above the last limit the path has changed.
        if self.state == State::Hold {
            self.state = State::Increase;
        }
        if self
            .ceiling_bps
            .is_some_and(|it| self.estimate_bps > (1.0 + NEAR_CEILING) * it)
        {
            self.ceiling_bps = None;
        }
        // 3. Not beyond what arrives, and not while more is lost than usual.
        let cap_bps = arrives_bps.map_or(self.estimate_bps, |it| {
            (HEADROOM * it + HEADROOM_BPS).max(self.estimate_bps)
        });
        if self.loss.excess() < LOSS_TO_HOLD {
            self.set((self.estimate_bps + more_bps).min(cap_bps));
        }
    }

    /// How long it takes until a change of the rate shows in reports.
    fn reaction(&self) -> Duration {
        let interval = self.config.feedback_interval;
        self.rtt.unwrap_or(interval) + interval
    }

    /// Bits per second by which the rate grows in a second when one more packet is sent in each
    /// reaction time.
    fn packet_per_reaction_bps(&self) -> f64 {
        (PACKET_BITS / self.reaction().as_secs_f64()).max(LEAST_CLIMB_BPS)
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
        self.estimate_bps = bits_per_second.clamp(min, max.max(min));
    }
}

/// Beta of the draft's table 1. The 15 % left free drain a queue of 100 ms within a second.
const BACK_OFF: f64 = 0.85;

/// What is left of the estimate when reports stay away, and of the one before it when they are back.
const AFTER_SILENCE: f64 = 0.5;

/// The climb is careful within this share of the last limit (draft-ietf-rmcat-gcc-02, 5.5, has
/// three standard deviations of it); above, the path has changed.
const NEAR_CEILING: f64 = 0.15;

/// Limits that differ by less than this share are one limit, measured twice.
const SAME_LIMIT: f64 = 0.3;

/// How much a new measurement of the same limit counts against those before.
const CEILING_FOLLOWS: f64 = 0.1;

/// Growth in a second until a limit is met: from 1 to 4 Mb/s in three seconds.
const STARTUP_PER_SECOND: f64 = 1.6;

/// Growth in a second once a limit was met (the draft has 1.08). Each second of climbing away from
/// that limit adds another tenth, because the path has changed then.
const CLIMB_PER_SECOND: f64 = 1.1;
const FASTER_PER_SECOND: f64 = 0.1;

/// The estimate does not climb beyond what arrives times this factor (the draft's 1.5) and a
/// little, without which nothing would ever grow from a trickle.
const HEADROOM: f64 = 1.5;
const HEADROOM_BPS: f64 = 50_000.0;

/// Above this share of unusual loss the climb stops (draft-ietf-rmcat-gcc-02, 6).
const LOSS_TO_HOLD: f32 = 0.02;

/// A full packet.
const PACKET_BITS: f64 = 1200.0 * 8.0;

/// The least growth in a second near the last limit: over a long path one packet per reaction time
/// would take minutes.
const LEAST_CLIMB_BPS: f64 = 10_000.0;

/// How often reports of another Tincan come.
pub const FEEDBACK_INTERVAL: Duration = Duration::from_millis(100);

/// So many reports in a row that stay away mean something.
const MISSING: u32 = 5;

/// Reports further apart than this do not let the climb catch up.
const LONGEST_STEP: Duration = Duration::from_millis(500);
