//! What a test call found, for the command line: a value of JSON, or sentences.

use std::fmt;

use echo::{TestOutcome, TestReport};
use serde_json::{Value, json};

/// What was found in the end.
#[derive(Clone, Debug)]
pub(super) struct Findings(pub(super) TestReport);

impl Findings {
    /// Whether all came back that should.
    pub(super) fn are_good(&self) -> bool {
        self.problems().is_empty()
    }

    /// What did not come back, and why.
    fn problems(&self) -> Vec<&'static str> {
        let sound = match self.0.voice {
            TestOutcome::Returned => None,
            TestOutcome::Off => Some("the microphone was off"),
            TestOutcome::DeviceFails => Some("the microphone does not work"),
            TestOutcome::Silent => Some("the microphone heard nobody speak"),
            TestOutcome::Lost => Some("what you said did not come back"),
            TestOutcome::Waiting => Some("there was no time to hear your voice come back"),
        };
        let picture = match self.0.picture {
            TestOutcome::Returned | TestOutcome::Off => None,
            TestOutcome::DeviceFails => Some("the camera does not work"),
            TestOutcome::Lost | TestOutcome::Silent => Some("your picture did not come back"),
            TestOutcome::Waiting => Some("there was no time to see your picture come back"),
        };
        sound.into_iter().chain(picture).collect()
    }

    /// Names and units as `--help` explains them.
    pub(super) fn json(&self, ok: bool) -> Value {
        let report = &self.0;
        json!({
            "ok": ok,
            "problems": self.problems(),
            "heardYou": report.voice == TestOutcome::Returned,
            "similarity": report.similarity,
            "echoGainDb": report.echo_gain_db,
            "soundDelayMs": report.voice_delay_ms,
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
        for problem in self.problems() {
            writeln!(f, "Not well: {problem}.")?;
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
            "Round trip {}, sound waits {}; lost: {audio:.1} % of the sound, {video:.1} % of the \
             picture, {remote:.1} % of what we sent.",
            ms(report.round_trip_ms),
            ms(report.sound_buffer_ms),
        )?;
        if self.are_good() {
            writeln!(f, "All is well.")?;
        }
        Ok(())
    }
}

/// How loud the voice came back, by how many decibels louder than it was said.
fn loudness(gain_db: f64) -> String {
    match gain_db {
        louder if louder > ABOUT_DB => format!("{gain_db:.0} dB louder"),
        quieter if quieter < -ABOUT_DB => format!("{:.0} dB quieter", -gain_db),
        _ => "about as loud as you said it".to_owned(),
    }
}

/// Decibels that ears hardly tell in speech.
const ABOUT_DB: f64 = 3.0;

#[cfg(test)]
mod tests {
    use super::*;

    fn good() -> TestReport {
        TestReport {
            over: true,
            voice: TestOutcome::Returned,
            picture: TestOutcome::Returned,
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
        assert_eq!(told["soundDelayMs"], 150.0);
        assert_eq!(told["heardYou"], true);
        let text = findings.to_string();
        assert!(
            text.contains("Your voice came back, 150 ms late (both ways together), about as loud"),
            "{text}"
        );
        assert!(text.ends_with("All is well.\n"), "{text}");
        let quiet = TestReport {
            echo_gain_db: Some(-12.4),
            ..good()
        };
        assert!(Findings(quiet).to_string().contains("12 dB quieter."));
    }

    #[test]
    fn what_did_not_come_back_is_told_with_its_cause() {
        let causes = |voice, picture| {
            let report = TestReport {
                voice,
                picture,
                ..good()
            };
            Findings(report).problems().join(", ")
        };
        assert_eq!(
            causes(TestOutcome::DeviceFails, TestOutcome::DeviceFails),
            "the microphone does not work, the camera does not work"
        );
        assert_eq!(
            causes(TestOutcome::Silent, TestOutcome::Lost),
            "the microphone heard nobody speak, your picture did not come back"
        );
        let lost = causes(TestOutcome::Lost, TestOutcome::Off);
        assert_eq!(lost, "what you said did not come back");
        assert_eq!(causes(TestOutcome::Returned, TestOutcome::Off), "");
        let early = causes(TestOutcome::Waiting, TestOutcome::Returned);
        assert_eq!(early, "there was no time to hear your voice come back");
    }
}
