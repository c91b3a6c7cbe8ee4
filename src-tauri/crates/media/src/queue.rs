//! The only two ways in which frames wait between threads.
//!
//! [`Slot`] holds the latest value: a new one replaces it, and what was replaced is counted.
//! [`Queue`] holds a bounded number in order: when full, the oldest goes, and that is counted.
//! Both close; a closed one wakes every waiter and hands out what is left, then nothing.
//!
//! ```
//! use std::time::Duration;
//!
//! use media::queue::{Empty, Queue};
//!
//! let pictures = Queue::bounded(2);
//! for number in 1..=3 {
//!     pictures.push(number);
//! }
//! pictures.close();
//! let next = || pictures.pop(Duration::from_secs(1));
//! assert_eq!([next(), next(), next()], [Ok(2), Ok(3), Err(Empty::Closed)]);
//! assert_eq!(pictures.dropped(), 1);
//! ```

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Why a wait ended without a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Empty {
    /// The time was up.
    TimedOut,
    /// No value will ever come again.
    Closed,
}

/// Holds at most `capacity` values in order; pushing to a full one drops the oldest.
/// Clones share the queue.
#[derive(Debug)]
pub struct Queue<T> {
    shared: Arc<Shared<T>>,
}

/// Holds the latest value only: a [`Queue`] of one place. Clones share the slot.
pub type Slot<T> = Queue<T>;

#[derive(Debug)]
struct Shared<T> {
    state: Mutex<State<T>>,
    changed: Condvar,
    capacity: usize,
    pushed: AtomicU64,
    dropped: AtomicU64,
}

#[derive(Debug)]
struct State<T> {
    values: VecDeque<T>,
    closed: bool,
    /// Counts [`Queue::wake`].
    wakes: u64,
}

impl<T> Clone for Queue<T> {
    fn clone(&self) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
        }
    }
}

impl<T> Queue<T> {
    /// A queue of one place, where the latest value wins.
    #[must_use]
    pub fn slot() -> Self {
        Self::bounded(1)
    }

    /// A queue of `capacity` places, at least one.
    #[must_use]
    pub fn bounded(capacity: usize) -> Self {
        let capacity = capacity.max(1);
        Self {
            shared: Arc::new(Shared {
                state: Mutex::new(State {
                    values: VecDeque::with_capacity(capacity),
                    closed: false,
                    wakes: 0,
                }),
                changed: Condvar::new(),
                capacity,
                pushed: AtomicU64::new(0),
                dropped: AtomicU64::new(0),
            }),
        }
    }

    /// Adds `value` and wakes a waiter. Returns the value that had to make room, if any; a closed
    /// queue takes nothing and gives `value` back.
    pub fn push(&self, value: T) -> Option<T> {
        let mut state = self.lock();
        if state.closed {
            return Some(value);
        }
        let oldest = if state.values.len() == self.shared.capacity {
            state.values.pop_front()
        } else {
            None
        };
        state.values.push_back(value);
        drop(state);
        self.shared.pushed.fetch_add(1, Ordering::Relaxed);
        if oldest.is_some() {
            self.shared.dropped.fetch_add(1, Ordering::Relaxed);
        }
        self.shared.changed.notify_one();
        oldest
    }

    /// The oldest value, if one is there now.
    pub fn try_pop(&self) -> Option<T> {
        self.lock().values.pop_front()
    }

    /// The oldest value, waiting for one at most `timeout`.
    pub fn pop(&self, timeout: Duration) -> Result<T, Empty> {
        self.pop_unless_woken(self.wakes(), timeout)
    }

    /// The same, unless [`Queue::wake`] was called since there had been so many [`Queue::wakes`].
    pub fn pop_unless_woken(&self, wakes: u64, timeout: Duration) -> Result<T, Empty> {
        let (mut state, _) = self
            .shared
            .changed
            .wait_timeout_while(self.lock(), timeout, |it| {
                it.values.is_empty() && !it.closed && it.wakes == wakes
            })
            .unwrap_or_else(PoisonError::into_inner);
        let value = state.values.pop_front();
        value.ok_or(if state.closed {
            Empty::Closed
        } else {
            Empty::TimedOut
        })
    }

    /// The oldest value, waiting for one until `deadline`, where `now` is the present.
    pub fn pop_until(&self, now: Instant, deadline: Instant) -> Result<T, Empty> {
        self.pop(deadline.saturating_duration_since(now))
    }

    /// Ends the time of everybody who waits now.
    pub fn wake(&self) {
        let mut state = self.lock();
        state.wakes = state.wakes.wrapping_add(1);
        drop(state);
        self.shared.changed.notify_all();
    }

    /// How often [`Queue::wake`] was called.
    #[must_use]
    pub fn wakes(&self) -> u64 {
        self.lock().wakes
    }

    /// Whether this is the same queue, not one like it.
    #[must_use]
    pub fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.shared, &other.shared)
    }

    /// Drops all waiting values, uncounted.
    pub fn clear(&self) {
        self.lock().values.clear();
    }

    /// Ends the queue for all: waiters wake, later pushes are refused.
    pub fn close(&self) {
        self.lock().closed = true;
        self.shared.changed.notify_all();
    }

    /// Whether [`Queue::close`] was called.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.lock().closed
    }

    /// How many values wait now.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lock().values.len()
    }

    /// Whether no value waits now.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many values were ever pushed.
    #[must_use]
    pub fn pushed(&self) -> u64 {
        self.shared.pushed.load(Ordering::Relaxed)
    }

    /// How many values had to make room for newer ones.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.shared.dropped.load(Ordering::Relaxed)
    }

    /// A lock that a panicking thread held is taken all the same: no critical section leaves the
    /// values half changed.
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.shared
            .state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::some_instant;

    const NOW: Duration = Duration::ZERO;

    #[test]
    fn values_come_out_in_order() {
        let queue = Queue::bounded(3);
        assert_eq!([1, 2, 3].map(|it| queue.push(it)), [None; 3]);
        assert_eq!((queue.len(), queue.dropped()), (3, 0));
        assert_eq!([queue.pop(NOW), queue.pop(NOW)], [Ok(1), Ok(2)]);
        assert_eq!([queue.try_pop(), queue.try_pop()], [Some(3), None]);
        assert!(queue.is_empty());
    }

    #[test]
    fn the_oldest_makes_room_and_is_counted() {
        let queue = Queue::bounded(2);
        assert_eq!(
            [1, 2, 3, 4].map(|it| queue.push(it)),
            [None, None, Some(1), Some(2)]
        );
        assert_eq!((queue.pushed(), queue.dropped(), queue.len()), (4, 2, 2));
        assert_eq!(queue.try_pop(), Some(3));
    }

    #[test]
    fn a_slot_holds_the_latest() {
        let slot = Slot::slot();
        for picture in 1..=5 {
            slot.push(picture);
        }
        assert_eq!(slot.pop(NOW), Ok(5));
        assert_eq!(slot.pop(NOW), Err(Empty::TimedOut));
        assert_eq!(
            Queue::bounded(0).push(1),
            None,
            "no queue is without a place"
        );
    }

    #[test]
    fn a_closed_queue_hands_out_the_rest_and_takes_nothing() {
        let queue = Queue::bounded(4);
        queue.push(1);
        queue.close();
        assert_eq!(queue.push(2), Some(2));
        assert_eq!(queue.pop(NOW), Ok(1));
        assert_eq!(queue.pop(Duration::from_secs(3600)), Err(Empty::Closed));
        assert!(queue.is_closed() && queue.pushed() == 1);
    }

    #[test]
    fn a_past_deadline_does_not_wait() {
        let queue = Queue::<u8>::slot();
        let now = some_instant();
        assert_eq!(
            queue.pop_until(now + Duration::from_secs(9), now),
            Err(Empty::TimedOut)
        );
        queue.push(1);
        assert_eq!(queue.pop_until(now + Duration::from_secs(9), now), Ok(1));
    }

    #[test]
    fn clearing_is_no_drop() {
        let queue = Queue::bounded(4);
        queue.push(1);
        queue.clear();
        assert_eq!((queue.try_pop(), queue.dropped()), (None, 0));
    }

    #[test]
    #[expect(
        clippy::disallowed_methods,
        reason = "the wait of another thread is what is tested"
    )]
    fn push_and_close_wake_who_waits() {
        let queue = Queue::bounded(1);
        let waiter = {
            let queue = queue.clone();
            let patience = Duration::from_secs(60);
            std::thread::spawn(move || (queue.pop(patience), queue.pop(patience)))
        };
        queue.push(7);
        while !queue.is_empty() {
            std::thread::yield_now();
        }
        queue.close();
        assert_eq!(waiter.join().unwrap(), (Ok(7), Err(Empty::Closed)));
    }
}
