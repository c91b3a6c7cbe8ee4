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
use super::packet_size::PacketSize;

/// The estimator of one session; clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Congestion {
    state: Arc<Mutex<State>>,
    max: Bitrate,
    packet_size: Arc<PacketSize>,
}

#[derive(Debug)]
struct State {
    estimator: Estimator,
    /// The packets that had been sent before.
    resent: Marks,
    /// The packets that the other side reported about, whether they arrived or not.
    reported: Marks,
    /// What leaves without a number.
    unnumbered: Flow,
}

/// How much flows: an average that forgets with [`FLOW_MEMORY`].
#[derive(Debug, Default)]
struct Flow {
    bits_per_second: f64,
    last: Option<Instant>,
}

impl Flow {
    fn add(&mut self, now: Instant, bytes: usize) {
        self.bits_per_second = self.at(now) + bytes as f64 * 8.0 / FLOW_MEMORY.as_secs_f64();
        self.last = Some(now);
    }

    fn at(&self, now: Instant) -> f64 {
        let age = self.last.map(|it| now.saturating_duration_since(it));
        let ages = age.unwrap_or_default().as_secs_f64() / FLOW_MEMORY.as_secs_f64();
        self.bits_per_second * (-ages).exp()
    }
}

/// A mark on each packet that is under way, by its transport-wide sequence number: one bit for each
/// number. Exact, because far fewer packets than numbers are under way.
#[derive(Debug)]
struct Marks(Box<[u64; 1024]>);

impl Marks {
    fn new() -> Self {
        Self(Box::new([0; 1024]))
    }

    fn set(&mut self, number: u16, marked: bool) {
        let (word, bit) = (usize::from(number / 64), 1 << (number % 64));
        if marked {
            self.0[word] |= bit;
        } else {
            self.0[word] &= !bit;
        }
    }

    fn has(&self, number: u16) -> bool {
        self.0[usize::from(number / 64)] & (1 << (number % 64)) != 0
    }
}

impl State {
    /// What the estimator is told of a packet. One that arrived at an unknown time is neither a loss
    /// nor a sample of delay. Two more are no losses, though the library takes them for such:
    /// - one that was sent again and does not arrive: when the first one came after all, replay
    ///   protection (RFC 3711, 3.3.2) drops it before it is counted;
    /// - one that no report speaks of: the report was lost.
    ///
    /// One without a transport-wide number, which the library counts as well, says nothing at all.
    fn told(&self, report: &LibraryReport) -> Option<PacketReport> {
        if !report.is_twcc {
            return None;
        }
        let number = report.twcc_sequence_number;
        let resent = self.resent.has(number);
        let arrived_at = report.arrival.filter(|_| report.arrived);
        let lost = !report.arrived && !resent && self.reported.has(number);
        (arrived_at.is_some() || lost).then_some(PacketReport {
            sent_at: report.departure,
            arrived_at,
            size: report.size,
            resent,
        })
    }
}

impl Congestion {
    /// An estimator that never exceeds `max`, of whose reports one comes each `feedback_interval`.
    pub(crate) fn new(
        max: Bitrate,
        feedback_interval: Duration,
        packet_size: Arc<PacketSize>,
    ) -> Self {
        let config = Config {
            start: START.min(max),
            min: MIN.min(max),
            max,
            feedback_interval,
        };
        let state = State {
            estimator: Estimator::new(config),
            resent: Marks::new(),
            reported: Marks::new(),
            unnumbered: Flow::default(),
        };
        Self {
            state: Arc::new(Mutex::new(state)),
            max,
            packet_size,
        }
    }

    /// Notes that a media packet of `bytes` leaves: from then on reports are due. `number` is its
    /// transport-wide sequence number as the header carries it, and `resent` whether the packet was
    /// sent before.
    pub(crate) fn sent(&self, now: Instant, bytes: usize, number: Option<&[u8]>, resent: bool) {
        let mut state = self.lock();
        let Some(&[high, low]) = number else {
            // A server wants no numbers of sound. It is no part of what the reports speak of.
            return state.unnumbered.add(now, bytes);
        };
        state.estimator.on_sent(now);
        let number = u16::from_be_bytes([high, low]);
        state.resent.set(number, resent);
        state.reported.set(number, false);
    }

    /// Notes that a report came which speaks of `count` packets from the transport-wide sequence
    /// number `first` on.
    pub(crate) fn reported(&self, first: u16, count: u16) {
        let mut state = self.lock();
        for at in 0..count.min(MOST_REPORTED) {
            state.reported.set(first.wrapping_add(at), true);
        }
    }

    /// Share of packets lost over the last second, 0 to 1.
    pub(crate) fn loss(&self) -> f32 {
        self.lock().estimator.loss()
    }

    /// The estimator as the library drives it; its estimates go to `feedback`.
    pub(crate) fn estimator(&self, feedback: mpsc::Sender<Feedback>) -> LibraryEstimator {
        LibraryEstimator {
            congestion: self.clone(),
            feedback,
            max: self.max,
            told: None,
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Turns the library's reports into those of the estimator.
#[derive(Debug)]
pub(crate) struct LibraryEstimator {
    congestion: Congestion,
    feedback: mpsc::Sender<Feedback>,
    max: Bitrate,
    /// The last estimate that went to the task, and when.
    told: Option<(Bitrate, Instant)>,
}

impl LibraryEstimator {
    /// Passes the estimate on: at once when it fell, because an encoder above it fills queues, else
    /// each [`TELL_INTERVAL`].
    fn tell(&mut self, now: Instant) {
        let estimate = {
            let state = self.congestion.lock();
            let (estimator, beside) = (&state.estimator, state.unnumbered.at(now) as u64);
            NetworkEstimate {
                bitrate: Bitrate::from_bps(estimator.estimate().bps() + beside).min(self.max),
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
        {
            let mut state = self.congestion.lock();
            let reports: Vec<_> = reports.iter().filter_map(|it| state.told(it)).collect();
            state.estimator.on_report(now, &reports);
            for report in reports.iter().filter(|it| !it.resent) {
                let size = &self.congestion.packet_size;
                size.reported(report.size, report.arrived_at.is_some());
            }
        }
        self.tell(now);
    }

    fn target_bitrate(&self) -> f64 {
        self.congestion.lock().estimator.estimate().bps() as f64
    }

    fn handle_timeout(&mut self, now: Instant) {
        let due = self.poll_timeout().is_some_and(|it| it <= now);
        if due {
            self.congestion.lock().estimator.on_timeout(now);
            self.tell(now);
        }
    }

    fn poll_timeout(&self) -> Option<Instant> {
        self.congestion.lock().estimator.next_timeout()
    }
}

/// What flows beside is averaged over this: fifty packets of sound, so that a pause of some does
/// not look like less flow.
const FLOW_MEMORY: Duration = Duration::from_secs(1);

/// The estimate never falls below this: enough for sound and a picture that shows who speaks.
const MIN: Bitrate = Bitrate::from_kbps(80);

/// How many packets one report speaks of at most: four seconds of a call at 9 Mb/s, where reports
/// are a tenth of a second apart.
const MOST_REPORTED: u16 = 4096;

/// A fall to less than this share of the estimate told last is told at once. Closer to one, noise
/// would be; a larger fall that waits fills a queue meanwhile.
const FALL: f64 = 0.97;

/// Between two tellings of an estimate that climbs: an encoder changes its target no faster.
const TELL_INTERVAL: Duration = Duration::from_millis(200);

#[cfg(test)]
mod tests {
    use media::rate::estimate::FEEDBACK_INTERVAL;
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

    fn new(max: Bitrate) -> Congestion {
        let (feedback, _) = mpsc::channel(1);
        Congestion::new(max, FEEDBACK_INTERVAL, Arc::new(PacketSize::new(feedback)))
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
            bitrate: new(max).lock().estimator.estimate(),
            rtt: None,
            loss: 0.0,
        };
        controller.update(Instant::now(), &first);
        assert_eq!((controller.video(), controller.audio()), begun);
    }

    #[test]
    fn neither_resends_nor_lost_reports_are_losses() {
        let congestion = new(Bitrate::from_kbps(4000));
        let start = Instant::now();
        let arrival = Some(Duration::from_millis(20));
        // Packet 2 is sent again as 4, which replay protection drops, and 3 as 5.
        for (id, resent) in [(1, false), (2, false), (3, false), (4, true), (5, true)] {
            congestion.sent(start, 1200, Some(&u16::to_be_bytes(id)), resent);
        }
        congestion.reported(1, 5);
        let told = |id, arrival| {
            let report = report(id, start, arrival);
            congestion
                .lock()
                .told(&report)
                .map(|it| (it.arrived_at, it.resent))
        };
        assert_eq!(told(1, arrival), Some((arrival, false)));
        assert_eq!(told(3, None), Some((None, false)));
        assert_eq!(told(4, None), None);
        assert_eq!(told(5, arrival), Some((arrival, true)));
        // The number comes again with another packet.
        congestion.sent(start, 1200, Some(&[0, 4]), false);
        assert_eq!(told(4, None), None, "its report was lost");
        congestion.reported(4, 1);
        assert_eq!(told(4, None), Some((None, false)));
    }

    #[test]
    fn what_leaves_without_a_number_counts_beside_the_estimate() {
        let (feedback, mut told) = mpsc::channel(64);
        let congestion = new(Bitrate::from_kbps(4000));
        let mut estimator = congestion.estimator(feedback);
        let start = Instant::now();
        for packet in 0..250 {
            let at = start + Duration::from_millis(packet * 20);
            congestion.sent(at, 100, None, false);
        }
        estimator.tell(start + Duration::from_secs(5));
        let Ok(Feedback::Estimate(estimate)) = told.try_recv() else {
            panic!("nothing is told");
        };
        let beside = estimate.bitrate.bps() - START.bps();
        assert!((38_000..=42_000).contains(&beside), "{beside}");
        assert_eq!(estimator.poll_timeout(), None, "no report is due");
    }

    #[test]
    fn estimates_are_told_now_and_then_and_falls_at_once() {
        let (feedback, mut told) = mpsc::channel(64);
        let congestion = new(Bitrate::from_kbps(4000));
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
        estimator.congestion.sent(now, 1200, Some(&[0, 200]), false);
        let due = estimator.poll_timeout().unwrap();
        estimator.handle_timeout(due);
        assert!(matches!(told.try_recv(), Ok(Feedback::Estimate(it)) if it.bitrate.kbps() < last));
    }
}
