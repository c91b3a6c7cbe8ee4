//! What of a test call is not well: the one judgement, for the window and the command line. Pure.

use crate::report::{PictureOutcome, TestProblem, TestReport, VoiceOutcome};

impl TestProblem {
    /// Every one.
    pub const ALL: [Self; 11] = [
        Self::MicrophoneOff,
        Self::MicrophoneFails,
        Self::NotHeard,
        Self::VoiceLost,
        Self::VoiceNoTime,
        Self::CameraFails,
        Self::PictureLost,
        Self::PictureNoTime,
        Self::Quieter,
        Self::Late,
        Self::Lossy,
    ];

    /// What is not well by the outcomes and figures of this report, the most harmful first: the
    /// voice, the picture, then how good they were. A call that lasts is not blamed for what may
    /// still come.
    #[must_use]
    pub fn of(report: &TestReport) -> Vec<Self> {
        let voice = match report.voice {
            VoiceOutcome::Returned => None,
            VoiceOutcome::Waiting => report.over.then_some(Self::VoiceNoTime),
            VoiceOutcome::Lost => Some(Self::VoiceLost),
            VoiceOutcome::Silent => Some(Self::NotHeard),
            VoiceOutcome::DeviceFails => Some(Self::MicrophoneFails),
            VoiceOutcome::Off => Some(Self::MicrophoneOff),
        };
        let picture = match report.picture {
            PictureOutcome::Returned | PictureOutcome::Off => None,
            PictureOutcome::Waiting => report.over.then_some(Self::PictureNoTime),
            PictureOutcome::Lost => Some(Self::PictureLost),
            PictureOutcome::DeviceFails => Some(Self::CameraFails),
        };
        let is_quieter = report.echo_gain_db.is_some_and(|it| it < -QUIETER_DB);
        let is_late = report.voice_delay_ms.is_some_and(|it| it > LATE_MS);
        let losses = [report.audio_loss, report.video_loss, report.remote_loss];
        let is_lossy = losses.iter().any(|it| *it > LOSSY);
        let degraded = [
            is_quieter.then_some(Self::Quieter),
            is_late.then_some(Self::Late),
            is_lossy.then_some(Self::Lossy),
        ];
        let found = [voice, picture].into_iter().chain(degraded);
        found.flatten().collect()
    }
}

/// Decibels by which a voice that came back counts as quieter: half as loud to the ear, beside the
/// ten by which a loud voice may be turned down before it is sent. A codec and the pauses between
/// words alone make some of them.
pub const QUIETER_DB: f64 = 20.0;

/// Milliseconds, both ways together, above which a voice counts as late. ITU-T G.114 bears 400 ms
/// one way; a test call stays on this computer, so 300 ms of it leave a network 100 ms.
const LATE_MS: f64 = 600.0;

/// Share that may be lost of sound or picture. The engine takes a network for well again below it;
/// within one computer nothing is lost unless the computer does not keep up.
const LOSSY: f64 = 0.03;

#[cfg(test)]
mod tests {
    use super::*;

    fn good() -> TestReport {
        TestReport {
            over: true,
            voice: VoiceOutcome::Returned,
            picture: PictureOutcome::Returned,
            voice_delay_ms: Some(150.0),
            echo_gain_db: Some(-1.0),
            audio_loss: 0.02,
            ..TestReport::default()
        }
    }

    #[test]
    fn a_voice_and_picture_that_came_back_in_time_and_whole_are_well() {
        assert_eq!(TestProblem::of(&good()), []);
        let without_camera = TestReport {
            picture: PictureOutcome::Off,
            ..good()
        };
        assert_eq!(TestProblem::of(&without_camera), []);
    }

    #[test]
    fn what_came_back_quieter_or_late_or_with_losses_is_not_well() {
        let quieter = TestReport {
            echo_gain_db: Some(-20.5),
            ..good()
        };
        assert_eq!(TestProblem::of(&quieter), [TestProblem::Quieter]);
        let late = TestReport {
            voice_delay_ms: Some(601.0),
            ..good()
        };
        assert_eq!(TestProblem::of(&late), [TestProblem::Late]);
        let lossy: [fn(&mut TestReport); 3] = [
            |it| it.audio_loss = 0.3,
            |it| it.video_loss = 0.3,
            |it| it.remote_loss = 0.3,
        ];
        for lose in lossy {
            let mut report = good();
            lose(&mut report);
            assert_eq!(TestProblem::of(&report), [TestProblem::Lossy]);
        }
    }

    #[test]
    fn the_voice_comes_first_and_all_that_is_not_well_is_told() {
        let report = TestReport {
            voice: VoiceOutcome::Lost,
            picture: PictureOutcome::DeviceFails,
            remote_loss: 0.5,
            ..good()
        };
        let all = [
            TestProblem::VoiceLost,
            TestProblem::CameraFails,
            TestProblem::Lossy,
        ];
        assert_eq!(TestProblem::of(&report), all);
    }

    #[test]
    fn what_had_no_time_is_blamed_only_once_the_call_is_over() {
        let waiting = |over| TestReport {
            over,
            voice: VoiceOutcome::Waiting,
            picture: PictureOutcome::Waiting,
            ..good()
        };
        assert_eq!(TestProblem::of(&waiting(false)), []);
        let both = [TestProblem::VoiceNoTime, TestProblem::PictureNoTime];
        assert_eq!(TestProblem::of(&waiting(true)), both);
    }
}
