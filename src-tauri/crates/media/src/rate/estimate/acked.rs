//! What really arrives: the rate over the last half second of the receiver's clock
//! (draft-ietf-rmcat-gcc-02, 5.5, R_hat).

use std::collections::VecDeque;
use std::time::Duration;

/// Packets that arrived lately.
#[derive(Debug)]
pub(super) struct Acked {
    packets: VecDeque<Packet>,
    /// Of all of them.
    bytes: usize,
}

#[derive(Clone, Copy, Debug)]
struct Packet {
    arrived: Duration,
    bytes: usize,
}

impl Acked {
    pub(super) fn new() -> Self {
        Self {
            packets: VecDeque::with_capacity(MOST),
            bytes: 0,
        }
    }

    pub(super) fn add(&mut self, arrived: Duration, bytes: usize) {
        // 1. A receiver whose clock goes back starts anew.
        if self
            .packets
            .back()
            .is_some_and(|last| arrived + WINDOW < last.arrived)
        {
            self.packets.clear();
            self.bytes = 0;
        }
        // 2. Take the packet in.
        self.packets.push_back(Packet { arrived, bytes });
        self.bytes += bytes;
        // 3. Let those go that are older than the window.
        while let Some(oldest) = self.packets.front().copied() {
            if oldest.arrived + WINDOW >= arrived && self.packets.len() <= MOST {
                break;
            }
            self.packets.pop_front();
            self.bytes -= oldest.bytes;
        }
    }

    /// `None` before there is enough to tell.
    pub(super) fn bits_per_second(&self) -> Option<f64> {
        let (first, last) = (self.packets.front()?, self.packets.back()?);
        let span = last.arrived.saturating_sub(first.arrived);
        if span < SHORTEST_SPAN || self.packets.len() < FEWEST {
            return None;
        }
        // The bytes of the first packet arrived before the span began.
        Some((self.bytes - first.bytes) as f64 * 8.0 / span.as_secs_f64())
    }
}

/// Half a second: 15 pictures, so that one large one does not look like a fast network.
const WINDOW: Duration = Duration::from_millis(500);

/// Less time, or fewer packets, say nothing about a rate.
const SHORTEST_SPAN: Duration = Duration::from_millis(150);
const FEWEST: usize = 5;

/// More than fit into the window at 25 Mb/s.
const MOST: usize = 1500;
