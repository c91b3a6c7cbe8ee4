//! How often each may ask for something: a rate and a burst, in little memory.

use std::collections::HashMap;
use std::hash::Hash;
use std::time::Duration;

use tokio::time::Instant;

/// When each of those who asked has used up its burst (GCRA: the theoretical arrival time).
#[derive(Debug)]
pub(crate) struct Asked<K> {
    used_up: HashMap<K, Instant>,
    capacity: usize,
    /// One may be had once in this time …
    period: Duration,
    /// … and so often at once.
    burst: u32,
    swept: Option<Instant>,
}

impl<K: Eq + Hash> Asked<K> {
    /// For so many who ask at a time.
    pub(crate) fn new(capacity: usize, period: Duration, burst: u32) -> Self {
        Self {
            used_up: HashMap::new(),
            capacity,
            period,
            burst,
            swept: None,
        }
    }

    /// Takes one, or says how long until there is one.
    pub(crate) fn take(&mut self, key: K, now: Instant) -> Result<(), Duration> {
        if !self.used_up.contains_key(&key) && self.used_up.len() >= self.capacity {
            self.sweep(now)?;
        }
        let used_up = self.used_up.entry(key).or_insert(now);
        *used_up = (*used_up).max(now);
        let ahead = used_up.duration_since(now);
        if ahead > self.period * (self.burst - 1) {
            return Err(ahead - self.period * (self.burst - 1));
        }
        *used_up += self.period;
        Ok(())
    }

    /// Forgets those that have their whole burst again. At most once in a period, so that
    /// newcomers cannot make every request look through all of them.
    fn sweep(&mut self, now: Instant) -> Result<(), Duration> {
        if let Some(swept) = self.swept
            && now < swept + self.period
        {
            return Err(swept + self.period - now);
        }
        self.swept = Some(now);
        self.used_up.retain(|_, used_up| *used_up > now);
        if self.used_up.len() >= self.capacity {
            return Err(self.period);
        }
        Ok(())
    }

    /// How many are remembered.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.used_up.len()
    }
}
