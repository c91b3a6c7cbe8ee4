//! What the encoders shall make of what the network carries.
//!
//! Sound first: it gets its share before the pictures. A shared screen comes next; the camera is a
//! thumbnail beside it and gets what a thumbnail needs. The camera's picture falls at once and climbs
//! slowly. Its size follows the rate on a ladder of four rungs with hysteresis, because each change
//! of size costs a keyframe. A rung is a number of pixels; the shape is the camera's.

use std::time::{Duration, Instant};

use super::START;
use super::screen;
use crate::backend::codec::{AudioTarget, Content, VideoTarget};
use crate::transport::NetworkEstimate;
use crate::units::{Bitrate, Size};

/// What the user and the camera allow.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    /// The most to send, sound and picture together.
    pub max: Bitrate,
    /// The largest pictures to send: as many pixels, in whatever shape the camera gives.
    pub size: Size,
    /// Pictures per second of the camera.
    pub fps: f32,
}

/// Turns estimates into targets. Before the first estimate it aims at [`START`].
///
/// ```
/// use std::time::Instant;
///
/// use media::rate::{Controller, Limits};
/// use media::transport::NetworkEstimate;
/// use media::units::{Bitrate, Size};
///
/// let mut controller = Controller::new(Limits {
///     max: Bitrate::from_kbps(4_000),
///     size: Size::HD,
///     fps: 30.0,
/// });
/// assert_eq!(controller.video().size, Size::HD);
///
/// // The network carries less than a whole picture needs.
/// let estimate = NetworkEstimate {
///     bitrate: Bitrate::from_kbps(300),
///     rtt: None,
///     loss: 0.0,
/// };
/// controller.update(Instant::now(), &estimate);
/// assert_eq!(controller.video().size, Size::new(640, 360));
/// ```
#[derive(Clone, Debug)]
pub struct Controller {
    limits: Limits,
    running: Running,
    /// What the sound leaves, for all pictures.
    left: Bitrate,
    /// The camera's share of it.
    rate: Bitrate,
    rung: Rung,
    /// Since when the rate has been enough for a higher rung.
    affordable_since: Option<Instant>,
    /// Smoothed share of lost packets, 0 to 1.
    loss: f32,
}

/// Which streams of pictures share the rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Running {
    /// Whether pictures of the camera leave.
    pub camera: bool,
    /// Whether a screen is shared.
    pub screen: bool,
}

/// A step of the ladder: so much of each side of the largest size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Rung {
    Quarter,
    Half,
    ThreeQuarters,
    Full,
}

impl Controller {
    /// A controller before the first estimate.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        let rate = START.min(limits.max);
        let mut controller = Self {
            limits,
            running: Running {
                camera: true,
                screen: false,
            },
            left: Bitrate::default(),
            rate: Bitrate::default(),
            rung: Rung::Full,
            affordable_since: None,
            loss: 0.0,
        };
        controller.left = left_by_sound(rate);
        controller.rate = controller.camera_share();
        controller.rung = controller.sustained(controller.rate);
        controller
    }

    /// What the camera's encoder shall make now.
    #[must_use]
    pub fn video(&self) -> VideoTarget {
        VideoTarget {
            size: self.rung.of(self.limits.size),
            fps: self.limits.fps,
            bitrate: self.rate,
            content: Content::Camera,
        }
    }

    /// What the encoder of a shared screen shall make now, and at first how finely: all its pixels,
    /// and as many pictures as its rate allows.
    #[must_use]
    pub fn screen(&self) -> VideoTarget {
        let camera = if self.running.camera {
            self.thumbnail_share()
        } else {
            Bitrate::default()
        };
        let bitrate = Bitrate::from_bps(self.left.bps().saturating_sub(camera.bps()));
        VideoTarget {
            size: Size::FULL_HD,
            fps: screen::MOST_FPS,
            bitrate: bitrate.max(VIDEO_MIN),
            content: Content::Screen {
                qp: screen::Schedule::FIRST_QP,
            },
        }
    }

    /// These streams share the rate from now on.
    pub fn set_running(&mut self, now: Instant, running: Running) {
        if running != self.running {
            self.running = running;
            self.rate = self.camera_share();
            self.choose_rung(now);
        }
    }

    /// What the sound encoder shall make now.
    #[must_use]
    pub fn audio(&self) -> AudioTarget {
        AudioTarget {
            bitrate: if self.left <= POOR { AUDIO_LOW } else { AUDIO },
            // Steps, so that the encoder is not set anew for every report.
            expected_loss: (self.loss * 20.0).ceil() / 20.0,
        }
    }

    /// The rate of all pictures as a share of what a picture of full size needs to look good, or of what the
    /// user allows where that is less; 1 and more is enough.
    #[must_use]
    pub fn share_of_need(&self) -> f64 {
        let full = self.least_rate(Rung::Full);
        let need = full.min(left_by_sound(self.limits.max));
        self.left.bps() as f64 / need.bps().max(1) as f64
    }

    /// The network carries this much now.
    pub fn update(&mut self, now: Instant, estimate: &NetworkEstimate) {
        // 1. The sound encoder prepares for the loss of the last reports.
        self.loss += LOSS_FOLLOWS * (estimate.loss.clamp(0.0, 1.0) - self.loss);
        if self.loss < LOSS_NOISE {
            self.loss = 0.0;
        }
        // 2. The pictures get what the sound leaves. Changes below a twentieth are not passed on,
        //    apart from the last one up to the user's limit.
        let left = left_by_sound(estimate.bitrate.min(self.limits.max));
        let is_small = left.bps().abs_diff(self.left.bps()) * 20 < self.left.bps();
        if !is_small || left == left_by_sound(self.limits.max) {
            self.left = left;
            self.rate = self.camera_share();
        }
        // 3. Its size follows.
        self.choose_rung(now);
    }

    /// Down at once when the rate is clearly too low for the rung, up when it has been enough for
    /// a higher one for a while.
    fn choose_rung(&mut self, now: Instant) {
        let sustained = self.sustained(self.rate);
        if self.rate < self.least_rate(self.rung).scaled(FALL) {
            self.rung = sustained;
            self.affordable_since = None;
        } else if sustained > self.rung {
            let since = *self.affordable_since.get_or_insert(now);
            if now.saturating_duration_since(since) >= CLIMB_AFTER {
                self.rung = sustained;
                self.affordable_since = None;
            }
        } else {
            self.affordable_since = None;
        }
    }

    fn camera_share(&self) -> Bitrate {
        if self.running.screen {
            self.thumbnail_share()
        } else {
            self.left
        }
    }

    /// What the camera gets beside a screen.
    fn thumbnail_share(&self) -> Bitrate {
        let part = self.left.scaled(THUMBNAIL_PART);
        part.clamp(VIDEO_MIN, THUMBNAIL).min(self.left)
    }

    /// The highest rung that `rate` makes good pictures at.
    fn sustained(&self, rate: Bitrate) -> Rung {
        [Rung::Full, Rung::ThreeQuarters, Rung::Half]
            .into_iter()
            .find(|rung| rate >= self.least_rate(*rung))
            .unwrap_or(Rung::Quarter)
    }

    /// The rate that pictures of a rung need to look good.
    fn least_rate(&self, rung: Rung) -> Bitrate {
        let size = rung.of(self.limits.size);
        let per_second = size.pixels() as f64 * f64::from(self.limits.fps);
        match rung {
            Rung::Quarter => Bitrate::default(),
            Rung::Half | Rung::ThreeQuarters | Rung::Full => {
                Bitrate::from_bps((per_second * BITS_PER_PIXEL) as u64)
            }
        }
    }
}

/// What the sound leaves for pictures, of all that may be sent.
fn left_by_sound(total: Bitrate) -> Bitrate {
    let left = total.bps().saturating_sub(AUDIO.bps());
    Bitrate::from_bps(left.max(VIDEO_MIN.bps()))
}

impl Rung {
    /// The size of this rung: one that can be encoded, whatever the camera's is.
    fn of(self, full: Size) -> Size {
        let fourths = match self {
            Self::Quarter => 1,
            Self::Half => 2,
            Self::ThreeQuarters => 3,
            Self::Full => 4,
        };
        let part = |side: u32| side.saturating_mul(fourths) / 4;
        full.within_pixels_of(Size::new(part(full.width), part(full.height)))
    }
}

/// At this rate Opus cannot be told from the microphone's voice.
const AUDIO: Bitrate = Bitrate::from_kbps(32);

/// At this rate a voice is still well understood.
const AUDIO_LOW: Bitrate = Bitrate::from_kbps(20);

/// At this rate of all pictures and below, the sound is sent at its lower rate too.
const POOR: Bitrate = Bitrate::from_kbps(150);

/// The least for the picture: with less it stands still for seconds.
const VIDEO_MIN: Bitrate = Bitrate::from_kbps(60);

/// The most for the camera beside a screen: a tile of 640x360 looks good with it.
const THUMBNAIL: Bitrate = Bitrate::from_kbps(300);

/// The camera's part beside a screen, where there is less.
const THUMBNAIL_PART: f64 = 0.15;

/// Below this many bits per pixel a smaller picture looks better: 720p30 needs 550 kb/s.
const BITS_PER_PIXEL: f64 = 0.02;

/// A rung is left for a lower one below this part of the rate that it needs.
const FALL: f64 = 0.85;

/// How long a higher rung must be affordable before it is taken.
const CLIMB_AFTER: Duration = Duration::from_secs(3);

/// How much one report on loss counts.
const LOSS_FOLLOWS: f32 = 0.3;

/// A smoothed loss below this comes from one lost packet, which needs no protection.
const LOSS_NOISE: f32 = 0.002;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::some_instant;

    const LIMITS: Limits = Limits {
        max: Bitrate::from_kbps(4_000),
        size: Size::HD,
        fps: 30.0,
    };

    fn estimate(kbps: u64, loss: f32) -> NetworkEstimate {
        NetworkEstimate {
            bitrate: Bitrate::from_kbps(kbps),
            rtt: None,
            loss,
        }
    }

    /// The picture's height after each estimate, one every 100 ms.
    fn heights(kbps: &[u64]) -> Vec<u32> {
        let start = some_instant();
        let mut controller = Controller::new(LIMITS);
        kbps.iter()
            .enumerate()
            .map(|(step, kbps)| {
                let now = start + Duration::from_millis(100) * step as u32;
                controller.update(now, &estimate(*kbps, 0.0));
                controller.video().size.height
            })
            .collect()
    }

    #[test]
    fn a_call_begins_with_a_whole_picture() {
        let controller = Controller::new(LIMITS);
        assert_eq!(controller.video().size, Size::HD);
        assert_eq!(controller.video().bitrate.kbps(), 1_168);
    }

    #[test]
    fn a_picture_needs_no_more_than_the_user_allows() {
        let mut controller = Controller::new(LIMITS);
        assert!(controller.share_of_need() > 1.0);
        controller.update(some_instant(), &estimate(170, 0.0));
        let share = controller.share_of_need();
        assert!((0.24..0.26).contains(&share), "{share}");
        let saving = Controller::new(Limits {
            max: Bitrate::from_kbps(170),
            ..LIMITS
        });
        assert_eq!(saving.share_of_need(), 1.0);
    }

    #[test]
    fn the_user_s_limit_is_kept() {
        let mut controller = Controller::new(Limits {
            max: Bitrate::from_kbps(300),
            ..LIMITS
        });
        controller.update(some_instant(), &estimate(9_000, 0.0));
        assert!(controller.video().bitrate.kbps() <= 300 - 32);
        assert!(controller.video().size.height < 720);
    }

    #[test]
    fn the_picture_falls_at_once_and_climbs_slowly() {
        assert_eq!(heights(&[2_000, 400, 200, 80]), [720, 540, 360, 180]);
        let climb = heights(&[&[200][..], &[2_000; 40]].concat());
        assert_eq!((climb[1], climb[29], climb[32]), (360, 360, 720));
    }

    #[test]
    fn the_ladder_keeps_the_shape_and_can_be_encoded_whatever_the_camera_gives() {
        for (width, height) in [
            (2, 2),
            (16, 16),
            (640, 480),
            (480, 640),
            (2560, 1080),
            (3840, 3840),
        ] {
            let full = Size::new(width, height);
            for rung in [Rung::Quarter, Rung::Half, Rung::ThreeQuarters, Rung::Full] {
                let size = rung.of(full);
                assert!(size.is_valid() && size.width.min(size.height) >= Size::MIN_SIDE_PX);
                assert_eq!(size, full.within_pixels_of(size), "{full} at {rung:?}");
            }
        }
    }

    #[test]
    fn a_rate_on_the_edge_does_not_flicker() {
        let edge: Vec<u64> = (0..100)
            .map(|it| if it % 2 == 0 { 600 } else { 560 })
            .collect();
        assert_eq!(heights(&edge), [720; 100]);
    }

    #[test]
    fn a_shared_screen_gets_what_voice_and_a_thumbnail_leave() {
        let mut controller = Controller::new(LIMITS);
        let now = some_instant();
        controller.update(now, &estimate(4_000, 0.0));
        let both = Running {
            camera: true,
            screen: true,
        };
        controller.set_running(now, both);
        assert_eq!(controller.video().bitrate, THUMBNAIL);
        assert!(controller.video().size.height < 720, "a thumbnail");
        assert_eq!(controller.screen().bitrate.kbps(), 4_000 - 32 - 300);
        assert_eq!(controller.screen().size, Size::FULL_HD);
        // A narrow path: the thumbnail first, the screen keeps all its pixels.
        controller.update(now, &estimate(300, 0.0));
        assert_eq!(controller.video().bitrate, VIDEO_MIN);
        assert_eq!(controller.screen().bitrate.kbps(), 300 - 32 - 60);
        assert_eq!(controller.screen().size, Size::FULL_HD);
        // Without the camera it gets the rest, and afterwards the camera has all again.
        let alone = Running {
            camera: false,
            screen: true,
        };
        controller.set_running(now, alone);
        assert_eq!(controller.screen().bitrate.kbps(), 300 - 32);
        let before = Running {
            camera: true,
            screen: false,
        };
        controller.set_running(now, before);
        assert_eq!(controller.video().bitrate.kbps(), 300 - 32);
    }

    #[test]
    fn loss_switches_protection_on_and_off() {
        let mut controller = Controller::new(LIMITS);
        let now = some_instant();
        controller.update(now, &estimate(2_000, 0.1));
        assert!(controller.audio().expected_loss > 0.01);
        for _ in 0..30 {
            controller.update(now, &estimate(2_000, 0.0));
        }
        assert!(controller.audio().expected_loss < 0.01);
    }
}
