//! What a test call found, for the command line: a value of JSON, or sentences.

use std::fmt;

use echo::{QUIETER_DB, TestProblem, TestReport, VoiceOutcome};
use serde_json::{Value, json};

/// What was found in the end.
#[derive(Clone, Debug)]
pub(super) struct Findings(pub(super) TestReport);

impl Findings {
    /// Whether all came back that should, and as it should.
    pub(super) fn are_good(&self) -> bool {
        self.0.problems.is_empty()
    }

    /// Names and units as `--help` explains them.
    pub(super) fn json(&self, ok: bool) -> Value {
        let report = &self.0;
        json!({
            "ok": ok,
            "problems": report.problems.iter().map(|it| words(*it)).collect::<Vec<_>>(),
            "heardYou": report.voice == VoiceOutcome::Returned,
            "similarity": report.similarity,
            "echoGainDb": report.echo_gain_db,
            "voiceDelayMs": report.voice_delay_ms,
            "pictureDelayMs": report.picture_delay_ms,
            "roundTripMs": report.round_trip_ms,
            "soundBufferMs": report.sound_buffer_ms,
            "audioLoss": report.audio_loss,
            "videoLoss": report.video_loss,
            "remoteLoss": report.remote_loss,
            "frameWidth": report.frame_width,
            "frameHeight": report.frame_height,
            "framesPerSecond": report.frames_per_second,
        })
    }
}

/// For people.
impl fmt::Display for Findings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let report = &self.0;
        let ms =
            |it: Option<f64>| it.map_or_else(|| "unknown".to_owned(), |it| format!("{it:.0} ms"));
        for problem in &report.problems {
            writeln!(f, "Not well: {}. {}", words(*problem), remedy(*problem))?;
        }
        if let (Some(late), Some(gain)) = (report.voice_delay_ms, report.echo_gain_db) {
            writeln!(
                f,
                "Your voice came back, {late:.0} ms late (both ways together), {}.",
                loudness(gain)
            )?;
        }
        if let Some(fps) = report.frames_per_second {
            let (width, height) = (report.frame_width, report.frame_height);
            write!(
                f,
                "Your picture came back, {width}x{height} at {fps:.0} per second"
            )?;
            match report.picture_delay_ms {
                Some(late) => writeln!(f, ", {late:.0} ms late (both ways together).")?,
                None => writeln!(f, ".")?,
            }
        }
        let lost = [report.audio_loss, report.video_loss, report.remote_loss];
        let [audio, video, remote] = lost.map(|it| 100.0 * it);
        writeln!(
            f,
            "Round trip within this computer {}, sound waits {}; lost: {audio:.1} % of the sound, \
             {video:.1} % of the picture, {remote:.1} % of what we sent.",
            ms(report.round_trip_ms),
            ms(report.sound_buffer_ms),
        )?;
        if self.are_good() {
            writeln!(f, "All is well.")?;
        }
        Ok(())
    }
}

/// What is not well, within a sentence.
const fn words(problem: TestProblem) -> &'static str {
    match problem {
        TestProblem::MicrophoneOff => "the microphone was off",
        TestProblem::MicrophoneFails => "the microphone does not work",
        TestProblem::NotHeard => "the microphone heard nobody speak",
        TestProblem::VoiceLost => "what you said did not come back",
        TestProblem::VoiceNoTime => "there was no time to hear your voice come back",
        TestProblem::CameraFails => "the camera does not work",
        TestProblem::PictureLost => "your picture did not come back",
        TestProblem::PictureNoTime => "there was no time to see your picture come back",
        TestProblem::Quieter => "your voice came back much quieter than you said it",
        TestProblem::Late => "your voice came back late",
        TestProblem::Lossy => "much of the sound or picture was lost on the way",
    }
}

/// What to do about it: a sentence or two.
const fn remedy(problem: TestProblem) -> &'static str {
    match problem {
        TestProblem::MicrophoneOff => "Turn it on, and say a sentence.",
        TestProblem::MicrophoneFails | TestProblem::CameraFails => {
            "Choose another one, or allow this program to use it in the system's privacy settings."
        }
        TestProblem::NotHeard => {
            "If you spoke: look for a mute switch on the microphone, or choose another one."
        }
        TestProblem::VoiceLost => "The microphone heard you. Choose another speaker.",
        TestProblem::VoiceNoTime => "Say a sentence, and wait until you hear it.",
        TestProblem::PictureNoTime => "Let the test last some seconds longer.",
        TestProblem::Late => {
            "A wireless headset or a busy computer delays sound: use a cable, or close other \
             programs."
        }
        TestProblem::PictureLost | TestProblem::Quieter | TestProblem::Lossy => {
            "This computer may have too much to do. Close other programs."
        }
    }
}

/// How loud the voice came back, by how many decibels louder than it was said.
fn loudness(gain_db: f64) -> String {
    match gain_db {
        louder if louder > QUIETER_DB => format!("{gain_db:.0} dB louder"),
        quieter if quieter < -QUIETER_DB => format!("{:.0} dB quieter", -gain_db),
        _ => "about as loud as you said it".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use echo::PictureOutcome;

    use super::*;

    fn good() -> TestReport {
        TestReport {
            over: true,
            voice: VoiceOutcome::Returned,
            picture: PictureOutcome::Returned,
            problems: Vec::new(),
            voice_delay_ms: Some(150.0),
            echo_gain_db: Some(-1.0),
            similarity: Some(0.97),
            picture_delay_ms: Some(100.0),
            round_trip_ms: Some(1.0),
            sound_buffer_ms: Some(40.0),
            audio_loss: 0.02,
            video_loss: 0.0,
            remote_loss: 0.0,
            frame_width: 960,
            frame_height: 540,
            frames_per_second: Some(30.0),
        }
    }

    #[test]
    fn a_call_in_which_all_came_back_is_good_and_says_how_late() {
        let findings = Findings(good());
        assert!(findings.are_good());
        let told = findings.json(true);
        assert_eq!(told["voiceDelayMs"], 150.0);
        assert_eq!(told["heardYou"], true);
        let text = findings.to_string();
        assert!(
            text.contains("Your voice came back, 150 ms late (both ways together), about as loud"),
            "{text}"
        );
        assert!(text.ends_with("All is well.\n"), "{text}");
    }

    #[test]
    fn what_came_back_quieter_or_with_losses_is_not_called_well() {
        let mut report = TestReport {
            echo_gain_db: Some(-22.4),
            remote_loss: 0.3,
            ..good()
        };
        report.problems = TestProblem::of(&report);
        let findings = Findings(report);
        assert!(!findings.are_good());
        let text = findings.to_string();
        assert!(text.contains("22 dB quieter."), "{text}");
        assert!(text.contains("Not well: your voice came back much quieter"));
        assert!(text.contains("Not well: much of the sound or picture was lost"));
        assert!(!text.contains("All is well"), "{text}");
    }

    #[test]
    fn every_problem_has_words_of_its_own_and_says_what_to_do() {
        let texts: BTreeSet<_> = TestProblem::ALL.map(words).into();
        assert_eq!(texts.len(), TestProblem::ALL.len());
        for problem in TestProblem::ALL {
            let report = TestReport {
                problems: vec![problem],
                ..good()
            };
            let text = Findings(report).to_string();
            let told = format!("Not well: {}. {}\n", words(problem), remedy(problem));
            assert!(text.starts_with(&told), "{text}");
        }
    }
}
