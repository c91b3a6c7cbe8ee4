//! What really arrives: the rate over the last half second of the receiver's clock.

use std::collections::VecDeque;
use std::time::Duration;

/// Bytes that arrived lately.
#[derive(Debug)]
pub(super) struct Acked {
    packets: VecDeque<(Duration, usize)>,
    bytes: usize,
}

impl Acked {
    pub(super) fn new() -> Self {
        Self {
            packets: VecDeque::with_capacity(MOST),
            bytes: 0,
        }
    }

    pub(super) fn add(&mut self, arrived: Duration, size: usize) {
        // A receiver whose clock goes back starts anew.
        if self
            .packets
            .back()
            .is_some_and(|(last, _)| arrived + WINDOW < *last)
        {
            self.packets.clear();
            self.bytes = 0;
        }
        self.packets.push_back((arrived, size));
        self.bytes += size;
        while let Some((at, old)) = self.packets.front().copied() {
            if at + WINDOW >= arrived && self.packets.len() <= MOST {
                break;
            }
            self.packets.pop_front();
            self.bytes -= old;
        }
    }

    /// `None` before there is enough to tell.
    pub(super) fn bits_per_second(&self) -> Option<f64> {
        let ((first, first_size), (last, _)) = (self.packets.front()?, self.packets.back()?);
        let span = last.saturating_sub(*first);
        if span < LEAST || self.packets.len() < 5 {
            return None;
        }
        // The bytes of the first packet arrived before the span began.
        Some((self.bytes - first_size) as f64 * 8.0 / span.as_secs_f64())
    }
}

/// Half a second: 15 pictures, so that one large one does not look like a fast network.
const WINDOW: Duration = Duration::from_millis(500);
const LEAST: Duration = Duration::from_millis(150);

/// More than fit into the window at 25 Mb/s.
const MOST: usize = 1500;
