//! Liveness: what there is to tell of the path, from what the library and the sockets report.
//!
//! Pure: the session task brings the facts and the time, and tells what comes out. It judges
//! nothing: whether a silence is a loss, when to set up another session and when to give up is for the
//! phone alone, so no deadline of a call is in here.

use std::time::{Duration, Instant};

use media::transport::{Path, TransportState};

/// Where ICE stands with the pair of addresses that packets go over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ice {
    /// It checks pairs.
    Checking,
    /// It has selected a pair.
    Selected,
    /// Its pair answers no longer, or no pair ever did. Another one may still be found.
    Lost,
}

/// Follows one session.
///
/// ```text
/// Connecting ─ the secure channel stands, a pair is selected ─▶ Connected(path)
/// Connected  ─ ICE lost ─▶ Disconnected ─ a pair is selected ─▶ Connected(path)
/// ```
/// That ICE checks pairs again changes nothing by itself: on a bad network the silence grows.
#[derive(Debug)]
pub(crate) struct Liveness {
    ice: Ice,
    /// When the secure channel came up; it outlives any change of the path (RFC 8842, 3.3).
    secured: Option<Instant>,
    state: TransportState,
    /// The silence that was told last, until something is received.
    told: Option<Duration>,
}

impl Liveness {
    pub(crate) const fn new() -> Self {
        Self {
            ice: Ice::Checking,
            secured: None,
            state: TransportState::Connecting,
            told: None,
        }
    }

    /// Takes what ICE says.
    pub(crate) const fn set_ice(&mut self, ice: Ice) {
        self.ice = ice;
    }

    /// Takes that media and data can flow at `now`: ICE has a pair, and the secure channel stands.
    pub(crate) fn set_secured(&mut self, now: Instant) {
        self.ice = Ice::Selected;
        self.secured.get_or_insert(now);
    }

    /// Whether the secure channel ever stood.
    pub(crate) const fn is_secured(&self) -> bool {
        self.secured.is_some()
    }

    /// Where the session stands, when `path` is that of the selected pair.
    pub(crate) fn state(&mut self, path: Option<Path>) -> TransportState {
        self.state = match (self.secured, self.ice, path) {
            (None, _, _) => TransportState::Connecting,
            (Some(_), Ice::Lost, _) => TransportState::Disconnected,
            (Some(_), Ice::Selected, Some(path)) => TransportState::Connected(path),
            // Between two pairs: see the type.
            (Some(_), Ice::Selected | Ice::Checking, _) => return self.state.clone(),
        };
        self.state.clone()
    }

    /// What is to be told at `now` of the time in which nothing was received, when `received` was
    /// the last time: its length now and then, and once zero when it is over.
    pub(crate) fn silence(&mut self, now: Instant, received: Instant) -> Option<Duration> {
        let silence = now.saturating_duration_since(received.max(self.secured?));
        let over = self.told.is_some_and(|told| silence < told);
        if silence < SILENCE || over {
            return self.told.take().map(|_| Duration::ZERO);
        }
        let due = self.told.is_none_or(|told| silence >= told + TELL_INTERVAL);
        due.then(|| *self.told.insert(silence))
    }
}

/// From when on nothing received is worth telling. The other side's ICE checks come twice a second
/// even when it is mute and its camera is off: less would tell of every lost pair of packets, and
/// double would use up the time after which a call says that it lost its path.
const SILENCE: Duration = Duration::from_secs(1);

/// Between two tellings of one silence: as often as the session looks, and never more often,
/// whatever makes it look.
const TELL_INTERVAL: Duration = Duration::from_millis(200);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LOCAL: Option<Path> = Some(Path::Local);

    fn connected(start: Instant) -> Liveness {
        let mut liveness = Liveness::new();
        liveness.set_secured(start);
        assert_eq!(
            liveness.state(LOCAL),
            TransportState::Connected(Path::Local)
        );
        liveness
    }

    fn millis(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn a_path_that_is_not_found_is_no_failure() {
        let mut liveness = Liveness::new();
        let start = Instant::now();
        for ice in [Ice::Checking, Ice::Lost, Ice::Checking, Ice::Selected] {
            liveness.set_ice(ice);
            assert_eq!(liveness.state(None), TransportState::Connecting, "{ice:?}");
            let later = start + Duration::from_secs(3600);
            assert_eq!(liveness.silence(later, start), None, "{ice:?}");
        }
        liveness.set_secured(start);
        let path = Some(Path::Relayed);
        assert_eq!(
            liveness.state(path),
            TransportState::Connected(Path::Relayed)
        );
    }

    #[test]
    fn a_lost_pair_is_told_until_another_is_selected_however_long_it_takes() {
        let mut liveness = connected(Instant::now());
        liveness.set_ice(Ice::Lost);
        assert_eq!(liveness.state(LOCAL), TransportState::Disconnected);
        liveness.set_ice(Ice::Checking);
        assert_eq!(liveness.state(None), TransportState::Disconnected);
        liveness.set_ice(Ice::Selected);
        assert_eq!(liveness.state(None), TransportState::Disconnected);
        let direct = TransportState::Connected(Path::Direct);
        assert_eq!(liveness.state(Some(Path::Direct)), direct);
    }

    #[test]
    fn checks_between_two_pairs_tell_nothing() {
        let mut liveness = connected(Instant::now());
        let local = TransportState::Connected(Path::Local);
        for (ice, path) in [(Ice::Checking, None), (Ice::Selected, None)] {
            liveness.set_ice(ice);
            assert_eq!(liveness.state(path), local, "{ice:?}");
        }
    }

    #[test]
    fn silence_is_told_from_a_second_on_and_its_end_once() {
        let start = Instant::now();
        let mut liveness = connected(start);
        let mut at =
            |now, received| liveness.silence(start + millis(now), start + millis(received));
        assert_eq!(at(999, 0), None);
        assert_eq!(at(1000, 0), Some(millis(1000)));
        assert_eq!(at(1199, 0), None, "told a moment ago");
        assert_eq!(at(1200, 0), Some(millis(1200)));
        assert_eq!(at(300_000, 0), Some(millis(300_000)));
        assert_eq!(at(300_100, 300_050), Some(Duration::ZERO));
        assert_eq!(at(300_200, 300_050), None);
    }

    #[test]
    fn something_heard_between_two_looks_ends_the_silence_first() {
        let start = Instant::now();
        let mut liveness = connected(start);
        let mut at =
            |now, received| liveness.silence(start + millis(now), start + millis(received));
        assert_eq!(at(5000, 0), Some(millis(5000)));
        assert_eq!(at(9000, 6000), Some(Duration::ZERO));
        assert_eq!(at(9200, 6000), Some(millis(3200)));
    }

    #[test]
    fn what_was_received_before_the_connection_is_no_beginning_of_a_silence() {
        let start = Instant::now();
        let mut liveness = connected(start + Duration::from_secs(30));
        let now = start + millis(30_500);
        assert_eq!(liveness.silence(now, start), None);
    }

    proptest! {
        #[test]
        fn a_silence_is_told_a_few_times_a_second_however_often_one_looks(
            steps in prop::collection::vec((0u64..50, any::<bool>()), 1..400),
        ) {
            let start = Instant::now();
            let mut liveness = connected(start);
            let (mut now, mut received, mut last) = (start, start, None::<(Instant, Duration)>);
            for (step, hears) in steps {
                now += millis(step);
                if hears && step % 10 == 0 {
                    received = now;
                }
                let Some(told) = liveness.silence(now, received) else { continue };
                let silent = now - received;
                prop_assert!(told.is_zero() || (told == silent && told >= SILENCE));
                if let Some((at, before)) = last {
                    prop_assert!(!(told.is_zero() && before.is_zero()), "an end was told twice");
                    prop_assert!(told <= before || now - at >= TELL_INTERVAL);
                } else {
                    prop_assert!(!told.is_zero(), "an end without a beginning");
                }
                last = Some((now, told));
            }
        }
    }
}
