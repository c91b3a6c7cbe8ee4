//! Whether queues grow on the way: the trend of delays between groups of packets, judged by a
//! threshold that adapts (libwebrtc's trendline estimator; draft-ietf-rmcat-gcc-02, 5).

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// What queues on the path do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Queue {
    /// They are as long as before, or empty.
    Steady,
    /// More is sent than the path carries.
    Growing,
    /// They empty after having grown.
    Draining,
}

/// Follows the delays of one path.
#[derive(Debug)]
pub(super) struct Trend {
    origin: Option<Instant>,
    group: Option<Group>,
    previous: Option<Group>,
    /// Milliseconds: arrival since the first group, and smoothed sum of delay changes.
    points: VecDeque<(f64, f64)>,
    first_arrival: Duration,
    sum_ms: f64,
    smoothed_ms: f64,
    groups: u32,
    threshold: f64,
    over_since_ms: f64,
    over_count: u32,
    last_slope: f64,
    /// The shortest ways of the last half minute, for the length of the queue itself.
    shortest: [Option<f64>; SHORTEST_PARTS],
    shortest_part: u64,
    queue: Queue,
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
            sum_ms: 0.0,
            smoothed_ms: 0.0,
            groups: 0,
            threshold: THRESHOLD_START,
            over_since_ms: 0.0,
            over_count: 0,
            last_slope: 0.0,
            shortest: [None; SHORTEST_PARTS],
            shortest_part: 0,
            queue: Queue::Steady,
        }
    }

    pub(super) const fn queue(&self) -> Queue {
        self.queue
    }

    /// Learns from one packet, in the order of sending.
    pub(super) fn add(&mut self, sent: Instant, arrived: Duration) -> Queue {
        let Some(group) = &mut self.group else {
            self.first_arrival = arrived;
            self.group = Some(Group {
                first_sent: sent,
                last_sent: sent,
                last_arrived: arrived,
            });
            return self.queue;
        };
        if sent < group.first_sent {
            return self.queue;
        }
        if sent.saturating_duration_since(group.first_sent) <= GROUP {
            group.last_sent = group.last_sent.max(sent);
            group.last_arrived = group.last_arrived.max(arrived);
            return self.queue;
        }
        let complete = *group;
        *group = Group {
            first_sent: sent,
            last_sent: sent,
            last_arrived: arrived,
        };
        if let Some(previous) = self.previous.replace(complete) {
            self.compare(previous, complete);
        }
        self.queue
    }

    fn compare(&mut self, before: Group, after: Group) {
        let sent_ms = millis(after.last_sent.saturating_duration_since(before.last_sent));
        let arrived_ms = millis(after.last_arrived) - millis(before.last_arrived);
        if !(0.0..RESET_MS).contains(&arrived_ms) {
            // The receiver's clock jumped, or the path was away: no statement about queues.
            *self = Self {
                threshold: self.threshold,
                ..Self::new()
            };
            return;
        }
        self.groups = (self.groups + 1).min(MOST_GROUPS);
        self.sum_ms += arrived_ms - sent_ms;
        self.smoothed_ms = SMOOTHING * self.smoothed_ms + (1.0 - SMOOTHING) * self.sum_ms;
        let at = millis(after.last_arrived) - millis(self.first_arrival);
        self.points.push_back((at, self.smoothed_ms));
        if self.points.len() > POINTS {
            self.points.pop_front();
        }
        let slope = if self.points.len() == POINTS {
            slope(&self.points)
        } else {
            0.0
        };
        self.judge(slope, sent_ms, arrived_ms);
        if self.waiting_ms(after) > STANDING_MS && self.queue == Queue::Steady {
            self.queue = Queue::Growing;
        }
    }

    /// How much longer than the shortest ways of late `group` was under way. A queue that is full
    /// does not grow any more, and must be drained all the same.
    fn waiting_ms(&mut self, group: Group) -> f64 {
        let origin = *self.origin.get_or_insert(group.last_sent);
        let sent = group.last_sent.saturating_duration_since(origin);
        let way_ms = millis(group.last_arrived) - millis(sent);
        let part = sent.as_secs() / SHORTEST_PART_SECONDS;
        if part != self.shortest_part {
            self.shortest_part = part;
            self.shortest[part as usize % SHORTEST_PARTS] = None;
        }
        let shortest = &mut self.shortest[part as usize % SHORTEST_PARTS];
        *shortest = Some(shortest.map_or(way_ms, |it| it.min(way_ms)));
        way_ms
            - self
                .shortest
                .iter()
                .flatten()
                .fold(f64::INFINITY, |least, it| least.min(*it))
    }

    fn judge(&mut self, slope: f64, sent_ms: f64, arrived_ms: f64) {
        let trend = f64::from(self.groups) * slope * GAIN;
        if trend > self.threshold {
            self.over_since_ms += if self.over_count == 0 {
                sent_ms / 2.0
            } else {
                sent_ms
            };
            self.over_count += 1;
            if self.over_since_ms > OVER_MS && self.over_count > 1 && slope >= self.last_slope {
                self.over_since_ms = 0.0;
                self.over_count = 0;
                self.queue = Queue::Growing;
            }
        } else {
            self.over_since_ms = 0.0;
            self.over_count = 0;
            self.queue = if trend < -self.threshold {
                Queue::Draining
            } else {
                Queue::Steady
            };
        }
        self.last_slope = slope;
        self.adapt(trend, arrived_ms);
    }

    /// The threshold follows the usual trend, so that neither jitter nor a flow that fills queues
    /// by itself starves us.
    fn adapt(&mut self, trend: f64, passed_ms: f64) {
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

/// Slope of the line through `points` with the least squares.
fn slope(points: &VecDeque<(f64, f64)>) -> f64 {
    let count = points.len() as f64;
    let (mean_x, mean_y) = points.iter().fold((0.0, 0.0), |sum, it| {
        (sum.0 + it.0 / count, sum.1 + it.1 / count)
    });
    let (above, below) = points.iter().fold((0.0, 0.0), |sum, it| {
        let x = it.0 - mean_x;
        (sum.0 + x * (it.1 - mean_y), sum.1 + x * x)
    });
    if below > 0.0 { above / below } else { 0.0 }
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

/// Packets sent within 5 ms belong together.
const GROUP: Duration = Duration::from_millis(5);

// The figures of libwebrtc's trendline estimator and overuse detector.
const POINTS: usize = 20;
const MOST_GROUPS: u32 = 60;
const SMOOTHING: f64 = 0.9;
const GAIN: f64 = 4.0;
const OVER_MS: f64 = 10.0;
const THRESHOLD_START: f64 = 12.5;
const THRESHOLD_LEAST: f64 = 6.0;
const THRESHOLD_MOST: f64 = 600.0;
const THRESHOLD_OUTLIER: f64 = 15.0;
const THRESHOLD_UP: f64 = 0.0087;
const THRESHOLD_DOWN: f64 = 0.039;

/// A gap of 3 s between two groups.
const RESET_MS: f64 = 3000.0;

/// A tenth of a second of standing queue is too much for a conversation.
const STANDING_MS: f64 = 100.0;

/// Six parts of 5 s: long enough to see the queue empty once, short enough to follow a new path.
const SHORTEST_PARTS: usize = 6;
const SHORTEST_PART_SECONDS: u64 = 5;
