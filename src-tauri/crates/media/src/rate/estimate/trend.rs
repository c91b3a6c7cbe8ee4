//! Whether more is sent than the path carries, told from delays that grow: libwebrtc's trendline
//! estimator and overuse detector (draft-ietf-rmcat-gcc-02, 5).
//!
//! Packets sent in one go are a group. From group to group the change of the delay is the time
//! between the arrivals less the time between the departures. Its sum over time is the length of
//! the queue but for a constant; the slope of that sum tells whether the queue grows. A threshold
//! that adapts tells growth from jitter.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// What is sent, measured by what the path carries (the draft's signals of the detector).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Usage {
    /// Queues are as long as before, or empty.
    Normal,
    /// Too much: queues grow, or stand.
    Overuse,
    /// Less than possible: queues that had grown drain.
    Underuse,
}

/// Follows the delays of one path.
#[derive(Debug)]
pub(super) struct Trend {
    /// When the first complete group left: departures are counted from it.
    origin: Option<Instant>,
    group: Option<Group>,
    previous: Option<Group>,
    points: VecDeque<Point>,
    first_arrival: Duration,
    /// Sum of the changes of the delay, and the same smoothed.
    delay_ms: f64,
    smoothed_ms: f64,
    groups: u32,
    /// The trend above which the path is overused.
    threshold: f64,
    /// For how long, and how often in a row, the trend was above the threshold.
    over_ms: f64,
    over_count: u32,
    last_slope: f64,
    transits: LeastTransit,
    usage: Usage,
}

/// What the slope is taken of.
#[derive(Clone, Copy, Debug)]
struct Point {
    /// Arrival of a group, counted from the first one's.
    at_ms: f64,
    smoothed_ms: f64,
}

/// Packets that were sent in one go, such as those of one picture.
#[derive(Clone, Copy, Debug)]
struct Group {
    first_sent: Instant,
    last_sent: Instant,
    last_arrived: Duration,
}

impl Trend {
    pub(super) fn new() -> Self {
        Self {
            origin: None,
            group: None,
            previous: None,
            points: VecDeque::with_capacity(POINTS + 1),
            first_arrival: Duration::ZERO,
            delay_ms: 0.0,
            smoothed_ms: 0.0,
            groups: 0,
            threshold: THRESHOLD_START,
            over_ms: 0.0,
            over_count: 0,
            last_slope: 0.0,
            transits: LeastTransit::default(),
            usage: Usage::Normal,
        }
    }

    /// What the packets so far say.
    pub(super) const fn usage(&self) -> Usage {
        self.usage
    }

    /// Learns from one packet, in the order of sending.
    pub(super) fn add(&mut self, sent: Instant, arrived: Duration) {
        let begun = Group {
            first_sent: sent,
            last_sent: sent,
            last_arrived: arrived,
        };
        let Some(group) = &mut self.group else {
            self.first_arrival = arrived;
            self.group = Some(begun);
            return;
        };
        if sent < group.first_sent {
            return;
        }
        // 1. Packets that left together belong to one group.
        if sent.saturating_duration_since(group.first_sent) <= GROUP {
            group.last_sent = group.last_sent.max(sent);
            group.last_arrived = group.last_arrived.max(arrived);
            return;
        }
        // 2. The next group begins: the last one is complete and is compared with the one before.
        let complete = std::mem::replace(group, begun);
        if let Some(previous) = self.previous.replace(complete) {
            self.compare(previous, complete);
        }
    }

    fn compare(&mut self, before: Group, after: Group) {
        // 1. The change of the delay (5.1). A clock that jumped, or a path that was away, says
        //    nothing about queues: start anew, but keep what was learned about jitter.
        let sent_ms = millis(after.last_sent.saturating_duration_since(before.last_sent));
        let arrived_ms = millis(after.last_arrived) - millis(before.last_arrived);
        if !(0.0..RESET_MS).contains(&arrived_ms) {
            *self = Self {
                threshold: self.threshold,
                ..Self::new()
            };
            return;
        }
        // 2. Sum it up and smooth the sum.
        self.groups = (self.groups + 1).min(MOST_GROUPS);
        self.delay_ms += arrived_ms - sent_ms;
        self.smoothed_ms = SMOOTHING * self.smoothed_ms + (1.0 - SMOOTHING) * self.delay_ms;
        // 3. The slope over the last points (in the place of 5.3's Kalman filter).
        self.points.push_back(Point {
            at_ms: millis(after.last_arrived) - millis(self.first_arrival),
            smoothed_ms: self.smoothed_ms,
        });
        if self.points.len() > POINTS {
            self.points.pop_front();
        }
        let slope = if self.points.len() == POINTS {
            slope(&self.points)
        } else {
            0.0
        };
        // 4. Judge it.
        self.detect(slope, sent_ms, arrived_ms);
        // 5. A queue that is full does not grow any more, and must be drained all the same.
        let origin = *self.origin.get_or_insert(after.last_sent);
        let sent = after.last_sent.saturating_duration_since(origin);
        let queued_ms = self.transits.beyond_least_ms(sent, after.last_arrived);
        if queued_ms > STANDING_MS && self.usage == Usage::Normal {
            self.usage = Usage::Overuse;
        }
    }

    /// The overuse detector (5.4).
    fn detect(&mut self, slope: f64, sent_ms: f64, arrived_ms: f64) {
        let trend = f64::from(self.groups) * slope * GAIN;
        if trend > self.threshold {
            // 1. Above the threshold for long enough, and not falling: overuse.
            self.over_ms += if self.over_count == 0 {
                sent_ms / 2.0
            } else {
                sent_ms
            };
            self.over_count += 1;
            if self.over_ms > OVER_MS && self.over_count > 1 && slope >= self.last_slope {
                self.over_ms = 0.0;
                self.over_count = 0;
                self.usage = Usage::Overuse;
            }
        } else {
            // 2. Within the threshold: normal. As far below zero: queues drain.
            self.over_ms = 0.0;
            self.over_count = 0;
            self.usage = if trend < -self.threshold {
                Usage::Underuse
            } else {
                Usage::Normal
            };
        }
        self.last_slope = slope;
        self.adapt_threshold(trend, arrived_ms);
    }

    /// The threshold follows the usual trend: without that jitter would look like overuse, and a
    /// flow that fills queues by itself would starve us.
    fn adapt_threshold(&mut self, trend: f64, passed_ms: f64) {
        let beyond = trend.abs() - self.threshold;
        if beyond > THRESHOLD_OUTLIER {
            return;
        }
        let speed = if beyond < 0.0 {
            THRESHOLD_DOWN
        } else {
            THRESHOLD_UP
        };
        let moved = self.threshold + speed * beyond * passed_ms.min(100.0);
        self.threshold = moved.clamp(THRESHOLD_LEAST, THRESHOLD_MOST);
    }
}

/// The least transit of the last half minute, in parts of which the oldest goes when a new one
/// begins. Transits are arrivals on the receiver's clock less departures on ours, so only their
/// differences mean something.
#[derive(Debug, Default)]
struct LeastTransit {
    parts_ms: [Option<f64>; TRANSIT_PARTS],
    /// The number of the newest part.
    newest: u64,
}

impl LeastTransit {
    /// How much longer than the fastest ones this group was under way: its time in queues.
    fn beyond_least_ms(&mut self, sent: Duration, arrived: Duration) -> f64 {
        let transit_ms = millis(arrived) - millis(sent);
        let part = sent.as_secs() / TRANSIT_PART_SECONDS;
        let slot = part as usize % TRANSIT_PARTS;
        if part != self.newest {
            self.newest = part;
            self.parts_ms[slot] = None;
        }
        let least = self.parts_ms[slot].map_or(transit_ms, |it| it.min(transit_ms));
        self.parts_ms[slot] = Some(least);
        let known = self.parts_ms.iter().flatten();
        transit_ms - known.fold(f64::INFINITY, |least, it| least.min(*it))
    }
}

/// Slope of the line through `points` with the least squares.
fn slope(points: &VecDeque<Point>) -> f64 {
    let count = points.len() as f64;
    let (mean_x, mean_y) = points.iter().fold((0.0, 0.0), |sum, it| {
        (sum.0 + it.at_ms / count, sum.1 + it.smoothed_ms / count)
    });
    let (above, below) = points.iter().fold((0.0, 0.0), |sum, it| {
        let x = it.at_ms - mean_x;
        (sum.0 + x * (it.smoothed_ms - mean_y), sum.1 + x * x)
    });
    if below > 0.0 { above / below } else { 0.0 }
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

/// Packets sent within 5 ms belong together.
const GROUP: Duration = Duration::from_millis(5);

// The figures of libwebrtc's trendline estimator and overuse detector.

/// Groups that the slope is taken over.
const POINTS: usize = 20;

/// The trend is the slope times the number of groups, up to this many, times the gain.
const MOST_GROUPS: u32 = 60;
const GAIN: f64 = 4.0;

/// Share of the old value in the smoothed sum.
const SMOOTHING: f64 = 0.9;

/// Overuse must last this long (overuse_time_th of the draft).
const OVER_MS: f64 = 10.0;

/// Bounds of the threshold, and how fast it follows trends above and below itself, per millisecond.
const THRESHOLD_START: f64 = 12.5;
const THRESHOLD_LEAST: f64 = 6.0;
const THRESHOLD_MOST: f64 = 600.0;
const THRESHOLD_UP: f64 = 0.0087;
const THRESHOLD_DOWN: f64 = 0.039;

/// A trend this far above the threshold is a route change or the like, nothing to adapt to.
const THRESHOLD_OUTLIER: f64 = 15.0;

/// A gap of 3 s between two groups.
const RESET_MS: f64 = 3000.0;

/// A tenth of a second of standing queue is too much for a conversation.
const STANDING_MS: f64 = 100.0;

/// Six parts of 5 s: long enough to see the queue empty once, short enough to follow a new path.
const TRANSIT_PARTS: usize = 6;
const TRANSIT_PART_SECONDS: u64 = 5;
