//! Rate limits: a token bucket, and one for each sender besides one for all.

use std::time::Instant;

use identity::Address;

/// What a sender is to the user, which says whose places and rates their frames use up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sender {
    /// Somebody whom the user knows. Keys cost nothing, so who has many of them must not keep these
    /// people away.
    Familiar,
    /// Anybody else.
    Stranger,
}

/// A token bucket: fills at a steady rate up to a burst.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TokenBucket {
    rate: Rate,
    tokens: f64,
    at: Instant,
}

/// How fast a bucket fills, and how much it holds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rate {
    pub(crate) per_second: f64,
    pub(crate) burst: f64,
}

impl TokenBucket {
    /// A full bucket.
    pub(crate) const fn new(rate: Rate, now: Instant) -> Self {
        Self {
            rate,
            tokens: rate.burst,
            at: now,
        }
    }

    /// Takes a token if there is one.
    pub(crate) fn take(&mut self, now: Instant) -> bool {
        self.fill(now);
        let taken = self.tokens >= 1.0;
        if taken {
            self.tokens -= 1.0;
        }
        taken
    }

    fn fill(&mut self, now: Instant) {
        let gained = now.saturating_duration_since(self.at).as_secs_f64() * self.rate.per_second;
        self.tokens = (self.tokens + gained).min(self.rate.burst);
        self.at = self.at.max(now);
    }

    fn is_full(&mut self, now: Instant) -> bool {
        self.fill(now);
        self.tokens >= self.rate.burst
    }
}

/// A limit for each sender and one for all together. The one sender who is in a call with us has
/// only its own, so that strangers cannot use up what a running call needs.
#[derive(Debug)]
pub(crate) struct SenderLimit {
    each: Rate,
    all: Rate,
    total: Option<TokenBucket>,
    senders: Vec<(Address, TokenBucket)>,
}

impl SenderLimit {
    pub(crate) const fn new(each: Rate, all: Rate) -> Self {
        Self {
            each,
            all,
            total: None,
            senders: Vec::new(),
        }
    }

    /// Whether a sender may do it once more. What is refused costs nobody anything.
    pub(crate) fn admit(&mut self, now: Instant, sender: Address, has_reserve: bool) -> bool {
        // A full bucket is as good as none.
        self.senders.retain_mut(|(_, bucket)| !bucket.is_full(now));
        let known = self.senders.iter_mut().find(|(who, _)| *who == sender);
        let (all, each) = (self.all, self.each);
        let mut bucket = known
            .as_ref()
            .map_or_else(|| TokenBucket::new(each, now), |(_, bucket)| *bucket);
        let total = self.total.get_or_insert_with(|| TokenBucket::new(all, now));
        let is_room = known.is_some() || has_reserve || self.senders.len() < MAX_SENDERS;
        if !is_room || !bucket.take(now) || !(has_reserve || total.take(now)) {
            return false;
        }
        match self.senders.iter_mut().find(|(who, _)| *who == sender) {
            Some((_, kept)) => *kept = bucket,
            None => self.senders.push((sender, bucket)),
        }
        true
    }
}

/// How many senders are remembered, besides one with a reserve. Twenty a second are admitted and a
/// sender's bucket is full again within two seconds, so that this is not reached.
pub(crate) const MAX_SENDERS: usize = 64;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const EACH: Rate = Rate {
        per_second: 2.0,
        burst: 4.0,
    };
    const ALL: Rate = Rate {
        per_second: 20.0,
        burst: 20.0,
    };

    fn sender(number: usize) -> Address {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&number.to_be_bytes());
        Address::from_bytes(bytes)
    }

    #[test]
    fn a_burst_is_free_and_then_the_rate_holds() {
        let start = Instant::now();
        let mut bucket = TokenBucket::new(EACH, start);
        assert_eq!((0..10).filter(|_| bucket.take(start)).count(), 4);
        assert!(!bucket.take(start + Duration::from_millis(499)));
        assert!(bucket.take(start + Duration::from_millis(500)));
        let much_later = start + Duration::from_secs(60);
        assert_eq!((0..10).filter(|_| bucket.take(much_later)).count(), 4);
        // A clock that goes back gives nothing.
        assert!(!bucket.take(start));
    }

    #[test]
    fn one_sender_cannot_use_up_what_others_need() {
        let start = Instant::now();
        let mut limit = SenderLimit::new(EACH, ALL);
        let greedy = (0..100).filter(|_| limit.admit(start, sender(0), false));
        assert_eq!(greedy.count(), 4);
        let others = (1..100).filter(|it| limit.admit(start, sender(*it), false));
        assert_eq!(others.count(), 16);
    }

    #[test]
    fn the_one_in_a_call_needs_nothing_of_what_strangers_use_up() {
        let start = Instant::now();
        let mut limit = SenderLimit::new(EACH, ALL);
        let strangers = (1..100).filter(|it| limit.admit(start, sender(*it), false));
        assert_eq!(strangers.count(), 20);
        let in_call = (0..100).filter(|_| limit.admit(start, sender(0), true));
        assert_eq!(in_call.count(), 4);
    }

    #[test]
    fn memory_is_bounded_whoever_comes() {
        let start = Instant::now();
        let mut limit = SenderLimit::new(EACH, ALL);
        let mut admitted = 0;
        for number in 0..100_000 {
            let now = start + Duration::from_micros(number as u64 * 100);
            admitted += usize::from(limit.admit(now, sender(number), false));
            assert!(limit.senders.len() <= MAX_SENDERS);
        }
        // Ten seconds at 20 a second, and the first burst.
        assert!((210..=221).contains(&admitted), "{admitted}");
    }
}
