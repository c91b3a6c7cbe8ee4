//! One side's pictures: each is shown until the next one comes, and where there is none for long the
//! picture is black.
//!
//! ```text
//!            keyframe                        next picture
//!   Missing ----------> Shown (since, until the next one) <-----+
//!    ^  ^                 |          |                          |
//!    |  |  references     |          +--------------------------+
//!    |  +--- are lost ----+
//!    |                    | nothing for HELD
//!    +------- Black <-----+
//! ```
//!
//! In Missing and Black nothing but a keyframe can go on: the file would show what refers to pictures
//! that it does not have.

use bytes::Bytes;

use crate::blank;
use crate::parameters::{self, Parameters, Table};

/// One side's pictures. Times are microseconds since the recording began.
#[derive(Debug, Default)]
pub(crate) struct Pictures {
    table: Table,
    /// The picture that is shown, until the next one says for how long.
    shown: Option<Shown>,
    /// Only a keyframe can come next.
    is_waiting: Waiting,
    /// Where the next sample begins, ticks of 90 kHz.
    end: i64,
    /// How many black pictures there were.
    blanks: u32,
    done: Vec<PictureSample>,
}

/// Whether pictures have to begin anew.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Waiting {
    /// Only a keyframe can come next; none has been asked for yet, because there may be no picture.
    #[default]
    ForAny,
    /// Pictures come that cannot be written: a keyframe has to be asked for.
    ForKeyframe,
    /// The next picture can be written.
    No,
}

#[derive(Debug)]
struct Shown {
    /// Ticks of 90 kHz.
    at: i64,
    kind: ShownKind,
    /// Number of its parameters.
    parameters: usize,
    keyframe: bool,
    payload: Bytes,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ShownKind {
    Sent,
    Black,
}

/// A picture as it stands in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PictureSample {
    /// In the [`Table`].
    pub(crate) parameters: usize,
    pub(crate) keyframe: bool,
    /// Ticks of 90 kHz.
    pub(crate) duration: u32,
    /// NAL units with their lengths.
    pub(crate) payload: Bytes,
}

impl Pictures {
    /// Takes the next picture in decode order, in Annex B form.
    pub(crate) fn push(&mut self, at_us: i64, keyframe: bool, access_unit: &[u8]) {
        self.advance(at_us);
        let parameters = if keyframe {
            self.table.number_of(access_unit)
        } else {
            self.shown
                .as_ref()
                .filter(|_| self.is_waiting == Waiting::No)
                .map(|it| it.parameters)
        };
        let payload = parameters::length_prefixed(access_unit);
        let (Some(parameters), Some(payload)) = (parameters, payload) else {
            return self.is_waiting = Waiting::ForKeyframe;
        };
        if self.shown.is_none() {
            self.go_black(self.end, parameters);
        }
        let earliest = self.shown.as_ref().map_or(self.end, |it| it.at);
        let at = ticks(at_us).max(earliest);
        self.end_shown(at);
        self.is_waiting = Waiting::No;
        self.shown = Some(Shown {
            at,
            kind: ShownKind::Sent,
            parameters,
            keyframe,
            payload: payload.into(),
        });
    }

    /// What was to come is lost: the next picture may refer to it.
    pub(crate) fn lose(&mut self) {
        self.is_waiting = Waiting::ForKeyframe;
    }

    /// Whether pictures cannot go on without a keyframe that has to be asked for.
    pub(crate) fn needs_keyframe(&self) -> bool {
        self.is_waiting == Waiting::ForKeyframe
    }

    /// `now_us` has come: a picture that no other follows is not shown for ever.
    pub(crate) fn advance(&mut self, now_us: i64) {
        let now = ticks(now_us);
        while let Some(shown) = &self.shown {
            let held = match shown.kind {
                ShownKind::Sent => HELD,
                ShownKind::Black => BLACK,
            };
            if now - shown.at <= held {
                return;
            }
            let (at, parameters) = (shown.at + held, shown.parameters);
            self.end_shown(at);
            self.go_black(at, parameters);
        }
    }

    /// What is complete.
    pub(crate) fn take(&mut self) -> Vec<PictureSample> {
        std::mem::take(&mut self.done)
    }

    /// Nothing more comes, and both sides last until `end_us`.
    pub(crate) fn finish(&mut self, end_us: i64) {
        self.advance(end_us);
        self.end_shown(ticks(end_us));
    }

    /// What has that number.
    pub(crate) fn parameters(&self, number: usize) -> Option<&Parameters> {
        self.table.get(number)
    }

    /// The picture that is shown ends at `at`.
    fn end_shown(&mut self, at: i64) {
        let Some(shown) = self.shown.take() else {
            return;
        };
        let duration = at - self.end;
        // A black picture that is not seen is not written.
        if duration <= 0 && shown.kind == ShownKind::Black {
            return;
        }
        let duration = u32::try_from(duration.max(1)).unwrap_or(u32::MAX);
        self.end += i64::from(duration);
        self.done.push(PictureSample {
            parameters: shown.parameters,
            keyframe: shown.keyframe,
            duration,
            payload: shown.payload,
        });
    }

    /// Shows nothing from `at` on, as large as the pictures with these parameters.
    fn go_black(&mut self, at: i64, parameters: usize) {
        let Some(size) = self.table.get(parameters).map(|it| it.size) else {
            return;
        };
        let picture = blank::picture(size.width, size.height, self.blanks);
        self.blanks = self.blanks.wrapping_add(1);
        let parameters = self.table.number_of(&picture);
        let payload = parameters::length_prefixed(&picture);
        if let (Some(parameters), Some(payload)) = (parameters, payload) {
            self.is_waiting = Waiting::ForAny;
            self.shown = Some(Shown {
                at,
                kind: ShownKind::Black,
                parameters,
                keyframe: true,
                payload: payload.into(),
            });
        }
    }
}

/// Never beyond what thirty years of ticks are, so that sums of them do not wrap.
fn ticks(micros: i64) -> i64 {
    micros.clamp(0, MOST_US) * 9 / 100
}

const MOST_US: i64 = 1_000_000_000_000_000;

/// Two seconds: the longest that a picture of somebody who moves may stand still.
const HELD: i64 = 180_000;

/// Ten seconds of black, after which there is another one to begin from when somebody seeks.
const BLACK: i64 = 900_000;

#[cfg(test)]
mod tests {
    use codec::Codecs;
    use media::backend::codec::{CodecBackend, Content, VideoEncoder, VideoTarget};
    use media::picture::Picture;
    use media::units::{Bitrate, Size};

    use super::*;

    struct Camera(Box<dyn VideoEncoder>);

    impl Camera {
        fn new() -> Self {
            Self(Codecs.video_encoder(target(Size::new(320, 180))).unwrap())
        }

        fn shot(&mut self, keyframe: bool) -> (bool, Bytes) {
            let picture = Picture::black(Size::new(320, 180));
            let encoded = self.0.encode(&picture, keyframe).unwrap().unwrap();
            (encoded.keyframe, encoded.payload)
        }
    }

    fn target(size: Size) -> VideoTarget {
        VideoTarget {
            size,
            fps: 30.0,
            bitrate: Bitrate::from_kbps(500),
            content: Content::Camera,
        }
    }

    fn show(pictures: &mut Pictures, at_ms: i64, (keyframe, payload): (bool, Bytes)) {
        pictures.push(at_ms * 1000, keyframe, &payload);
    }

    /// Milliseconds at which pictures begin, and whether each was sent.
    fn timeline(pictures: &mut Pictures) -> Vec<(i64, bool)> {
        let mut at = 0;
        let samples = pictures.take().into_iter().map(|sample| {
            let start = at;
            at += i64::from(sample.duration);
            let size = pictures.table.get(sample.parameters).unwrap().size;
            let black = (0..2).any(|number| {
                let black = blank::picture(size.width, size.height, number);
                parameters::length_prefixed(&black).unwrap() == sample.payload
            });
            (start / 90, !black)
        });
        samples.collect()
    }

    #[test]
    fn it_is_black_until_the_first_keyframe_and_begins_there() {
        let (mut pictures, mut camera) = (Pictures::default(), Camera::new());
        let _first = camera.shot(true);
        show(&mut pictures, 100, camera.shot(false));
        assert!(pictures.needs_keyframe());
        show(&mut pictures, 300, camera.shot(true));
        show(&mut pictures, 340, camera.shot(false));
        assert!(!pictures.needs_keyframe());
        pictures.finish(400_000);
        assert_eq!(
            timeline(&mut pictures),
            [(0, false), (300, true), (340, true)]
        );
    }

    #[test]
    fn a_short_gap_is_held_and_a_long_one_is_black_until_a_keyframe() {
        let (mut pictures, mut camera) = (Pictures::default(), Camera::new());
        show(&mut pictures, 0, camera.shot(true));
        show(&mut pictures, 900, camera.shot(false));
        for second in 1..14 {
            pictures.advance(second * 1_000_000);
        }
        assert!(!pictures.needs_keyframe(), "there may be no camera");
        show(&mut pictures, 14_000, camera.shot(false));
        assert!(pictures.needs_keyframe());
        show(&mut pictures, 14_100, camera.shot(true));
        pictures.finish(14_200_000);
        assert_eq!(
            timeline(&mut pictures),
            [
                (0, true),
                (900, true),
                (2_900, false),
                (12_900, false),
                (14_100, true)
            ]
        );
    }

    #[test]
    fn nothing_that_refers_to_a_lost_picture_is_written() {
        let (mut pictures, mut camera) = (Pictures::default(), Camera::new());
        show(&mut pictures, 0, camera.shot(true));
        pictures.lose();
        show(&mut pictures, 40, camera.shot(false));
        show(&mut pictures, 80, camera.shot(true));
        pictures.finish(120_000);
        assert_eq!(timeline(&mut pictures), [(0, true), (80, true)]);
    }

    #[test]
    fn times_that_go_back_move_nothing_before_what_is_there() {
        let (mut pictures, mut camera) = (Pictures::default(), Camera::new());
        for at in [500, 480, 520, i64::MIN / 2_000, 560] {
            let keyframe = at == 500;
            show(&mut pictures, at, camera.shot(keyframe));
        }
        pictures.finish(600_000);
        let starts: Vec<i64> = timeline(&mut pictures).iter().map(|it| it.0).collect();
        assert_eq!(starts, [0, 500, 500, 520, 520, 560]);
    }

    #[test]
    fn what_is_no_picture_is_left_out() {
        let mut pictures = Pictures::default();
        for payload in [&b""[..], b"hello", &[0, 0, 1], &[0, 0, 0, 1, 0x67, 1, 2]] {
            pictures.push(0, true, payload);
            pictures.push(0, false, payload);
        }
        pictures.finish(1_000_000);
        assert!(pictures.take().is_empty());
    }

    #[test]
    fn a_file_names_a_limited_number_of_parameters() {
        let mut pictures = Pictures::default();
        for side in 1..100 {
            let picture = blank::picture(16 * side, 16, side);
            pictures.push(i64::from(side) * 40_000, true, &picture);
        }
        assert!(pictures.parameters(parameters::MOST).is_none());
        assert!(pictures.parameters(parameters::MOST - 1).is_some());
    }
}
