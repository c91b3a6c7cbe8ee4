//! Congestion control: lets [`media`'s estimator](Estimator) judge what the network carries.
//!
//! The library numbers packets (transport-wide congestion control,
//! draft-holmer-rmcat-transport-wide-cc-extensions-01), remembers when they left, and matches the
//! other side's reports with them. It calls this from its driver, so nothing here may wait. The
//! estimate goes to the session task as [`Feedback`], a few times a second.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use media::rate::START;
use media::rate::estimate::{Config, Estimator, PacketReport};
use media::transport::NetworkEstimate;
use media::units::Bitrate;
use rtc::interceptor::{BandwidthEstimator, PacketReport as LibraryReport};
use tokio::sync::mpsc;

use super::feedback::Feedback;

/// The estimator of one session; clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Congestion {
    estimator: Arc<Mutex<Estimator>>,
}

impl Congestion {
    /// An estimator that never exceeds `max`.
    pub(crate) fn new(max: Bitrate) -> Self {
        let config = Config {
            start: START.min(max),
            min: MIN.min(max),
            max,
        };
        Self {
            estimator: Arc::new(Mutex::new(Estimator::new(config))),
        }
    }

    /// Notes that a media packet leaves: from then on reports are due.
    pub(crate) fn sent(&self, now: Instant) {
        self.lock().on_sent(now);
    }

    /// The estimator as the library drives it; its estimates go to `feedback`.
    pub(crate) fn estimator(&self, feedback: mpsc::Sender<Feedback>) -> LibraryEstimator {
        LibraryEstimator {
            congestion: self.clone(),
            feedback,
            told: None,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Estimator> {
        self.estimator
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// Turns the library's reports into those of the estimator.
#[derive(Debug)]
pub(crate) struct LibraryEstimator {
    congestion: Congestion,
    feedback: mpsc::Sender<Feedback>,
    /// The last estimate that went to the task, and when.
    told: Option<(Bitrate, Instant)>,
}

impl LibraryEstimator {
    /// Passes the estimate on: at once when it fell, because an encoder above it fills queues, else
    /// each [`TELL_INTERVAL`].
    fn tell(&mut self, now: Instant) {
        let estimate = {
            let estimator = self.congestion.lock();
            NetworkEstimate {
                bitrate: estimator.estimate(),
                rtt: estimator.round_trip(),
                loss: estimator.loss(),
            }
        };
        let due = self.told.is_none_or(|(bitrate, at)| {
            estimate.bitrate < bitrate.scaled(FALL) || now >= at + TELL_INTERVAL
        });
        if due && self.feedback.try_send(Feedback::Estimate(estimate)).is_ok() {
            self.told = Some((estimate.bitrate, now));
        }
    }
}

impl BandwidthEstimator for LibraryEstimator {
    fn on_reports(&mut self, now: Instant, reports: &[LibraryReport]) {
        let reports: Vec<PacketReport> = reports
            .iter()
            // One that arrived at an unknown time is neither a loss nor a sample of delay.
            .filter(|it| it.arrival.is_some() || !it.arrived)
            .map(|it| PacketReport {
                sent_at: it.departure,
                arrived_at: it.arrival.filter(|_| it.arrived),
                size: it.size,
            })
            .collect();
        self.congestion.lock().on_report(now, &reports);
        self.tell(now);
    }

    fn target_bitrate(&self) -> f64 {
        self.congestion.lock().estimate().bps() as f64
    }

    fn handle_timeout(&mut self, now: Instant) {
        let due = self
            .congestion
            .lock()
            .next_timeout()
            .is_some_and(|it| it <= now);
        if due {
            self.congestion.lock().on_timeout(now);
            self.tell(now);
        }
    }

    fn poll_timeout(&self) -> Option<Instant> {
        self.congestion.lock().next_timeout()
    }
}

/// The estimate never falls below this: enough for sound and a picture that shows who speaks.
const MIN: Bitrate = Bitrate::from_kbps(80);

/// A fall to less than this share of the estimate told last is told at once. Closer to one, noise
/// would be; a larger fall that waits fills a queue meanwhile.
const FALL: f64 = 0.97;

/// Between two tellings of an estimate that climbs: an encoder changes its target no faster.
const TELL_INTERVAL: Duration = Duration::from_millis(200);

#[cfg(test)]
mod tests {
    use media::rate::{Controller, Limits};
    use media::units::Size;
    use rtc::rtcp::transport_feedbacks::cc_feedback_report::Ecn;

    use super::*;

    fn report(id: u64, departure: Instant, arrival: Option<Duration>) -> LibraryReport {
        LibraryReport {
            ssrc: 1,
            id,
            rtp_sequence_number: id as u16,
            is_twcc: true,
            twcc_sequence_number: id as u16,
            size: 1200,
            arrived: arrival.is_some(),
            departure,
            arrival,
            ecn: Ecn::default(),
        }
    }

    #[test]
    fn the_first_estimate_changes_no_target() {
        let max = Bitrate::from_kbps(4000);
        let mut controller = Controller::new(Limits {
            max,
            size: Size::HD,
            fps: 30.0,
        });
        let begun = (controller.video(), controller.audio());
        let first = NetworkEstimate {
            bitrate: Congestion::new(max).lock().estimate(),
            rtt: None,
            loss: 0.0,
        };
        controller.update(Instant::now(), &first);
        assert_eq!((controller.video(), controller.audio()), begun);
    }

    #[test]
    fn estimates_are_told_now_and_then_and_falls_at_once() {
        let (feedback, mut told) = mpsc::channel(64);
        let congestion = Congestion::new(Bitrate::from_kbps(4000));
        let mut estimator = congestion.estimator(feedback);
        let start = Instant::now();
        let mut id = 0;
        for round in 0..20u64 {
            let at = start + Duration::from_millis(round * 50);
            let arrived = (0..8).map(|it| {
                id += 1;
                let sent = at + Duration::from_millis(it * 6);
                report(id, sent, Some((sent - start) + Duration::from_millis(20)))
            });
            let reports: Vec<_> = arrived.collect();
            estimator.on_reports(at + Duration::from_millis(90), &reports);
        }
        let mut count = 0;
        let mut last = 0;
        while let Ok(Feedback::Estimate(estimate)) = told.try_recv() {
            count += 1;
            last = estimate.bitrate.kbps();
            assert!(estimate.rtt.is_some() && estimate.loss == 0.0);
        }
        assert!((4..=6).contains(&count), "{count}");
        assert!(last > 1200, "{last}");

        let now = start + Duration::from_secs(2);
        estimator.congestion.sent(now);
        let due = estimator.poll_timeout().unwrap();
        estimator.handle_timeout(due);
        assert!(matches!(told.try_recv(), Ok(Feedback::Estimate(it)) if it.bitrate.kbps() < last));
    }
}
