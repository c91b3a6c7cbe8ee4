//! What the network carries, judged by what the other side reports to have lost.

use std::time::Duration;

use media::transport::NetworkEstimate;
use media::units::Bitrate;

/// Follows the reports of one session.
#[derive(Debug)]
pub(crate) struct LossBased {
    bitrate: Bitrate,
    max: Bitrate,
    rtt: Option<Duration>,
    loss: f32,
}

impl LossBased {
    /// Starts with all that this side wants to send.
    pub(crate) const fn new(max: Bitrate) -> Self {
        Self {
            bitrate: max,
            max,
            rtt: None,
            loss: 0.0,
        }
    }

    /// Takes one report (RFC 3550, 6.4.1). Little loss raises the estimate, much lowers it, as in
    /// draft-ietf-rmcat-gcc-02, 6.
    pub(crate) fn report(&mut self, fraction_lost: f32, rtt: Option<Duration>) {
        self.rtt = rtt.or(self.rtt);
        self.loss = fraction_lost;
        let factor = match fraction_lost {
            loss if loss > 0.10 => 1.0 - 0.5 * f64::from(loss),
            loss if loss < 0.02 => 1.08,
            _ => 1.0,
        };
        self.bitrate = self
            .bitrate
            .scaled(factor)
            .clamp(MIN.min(self.max), self.max);
    }

    pub(crate) const fn estimate(&self) -> NetworkEstimate {
        NetworkEstimate {
            bitrate: self.bitrate,
            rtt: self.rtt,
            loss: self.loss,
        }
    }
}

/// Enough for sound and a picture that shows who speaks.
const MIN: Bitrate = Bitrate::from_kbps(100);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loss_lowers_and_its_absence_raises_within_bounds() {
        let max = Bitrate::from_kbps(2000);
        let mut rate = LossBased::new(max);
        rate.report(0.5, Some(Duration::from_millis(30)));
        assert_eq!(rate.estimate().bitrate, Bitrate::from_kbps(1500));
        assert_eq!(rate.estimate().rtt, Some(Duration::from_millis(30)));
        rate.report(0.05, None);
        assert_eq!(rate.estimate().bitrate, Bitrate::from_kbps(1500));
        (0..50).for_each(|_| rate.report(1.0, None));
        assert_eq!(rate.estimate().bitrate, MIN);
        (0..100).for_each(|_| rate.report(0.0, None));
        assert_eq!(rate.estimate().bitrate, max);
    }
}
