//! What a test call found: pure, fed once a second.

use std::fmt;
use std::time::Duration;

use echo::Echoed;
use engine::view::{CallStats, DeviceNow};
use serde_json::{Value, json};

/// What was found so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Findings {
    /// Whether our camera was meant to be on.
    video: bool,
    microphone: bool,
    camera: bool,
    spoke: bool,
    echoes: Vec<Echoed>,
    samples: u32,
    /// Milliseconds, of each second.
    round_trips: Vec<f64>,
    sound_buffers: Vec<f64>,
    /// Milliseconds that pictures were late, of each second.
    pictures_late: Vec<f64>,
    /// Pictures per second that came back, of each second since the first.
    fps: Vec<f64>,
    size: (u32, u32),
    /// Shares that were lost, added up: of sound and pictures that came, of both that left.
    lost: [f64; 3],
}

impl Findings {
    pub(super) fn new(video: bool) -> Self {
        Self {
            video,
            ..Self::default()
        }
    }

    /// Which of our devices work now.
    pub(super) fn devices(&mut self, microphone: &DeviceNow, camera: &DeviceNow) {
        let works = |it: &DeviceNow| matches!(it, DeviceNow::On { .. });
        self.microphone |= works(microphone);
        self.camera |= works(camera);
    }

    /// What can be heard now of what was said, and whether anything was.
    pub(super) fn heard(&mut self, echo: Option<Echoed>, spoke: bool) {
        self.echoes.extend(echo);
        self.spoke |= spoke;
    }

    /// The figures of the last second, and how old its pictures were, in milliseconds and order.
    pub(super) fn sampled(&mut self, stats: &CallStats, ages: &[f64]) {
        self.samples += 1;
        let round_trip = stats.current_round_trip_time.map(|it| it * 1e3);
        self.round_trips.extend(round_trip);
        if stats.audio_jitter_buffer_delay > 0.0 {
            self.sound_buffers
                .push(stats.audio_jitter_buffer_delay * 1e3);
        }
        let late = ages.get(ages.len() / 2).map(|it| it - DELAY_MS);
        self.pictures_late.extend(late);
        if stats.frames_decoded > 0 {
            self.fps.push(stats.frames_per_second_received);
            self.size = (stats.frame_width, stats.frame_height);
        }
        let lost = [stats.audio_loss, stats.video_loss, stats.remote_loss];
        for (sum, lost) in self.lost.iter_mut().zip(lost) {
            *sum += lost;
        }
    }

    /// Whether all came back that should.
    pub(super) fn are_good(&self) -> bool {
        self.problems().is_empty()
    }

    /// What did not come back, and why.
    fn problems(&self) -> Vec<&'static str> {
        let sound = match (self.microphone, self.echoes.is_empty(), self.spoke) {
            (_, false, _) => None,
            (false, true, _) => Some("the microphone does not work"),
            (true, true, false) => Some("the microphone heard nobody speak"),
            (true, true, true) => Some("what you said did not come back"),
        };
        let picture = match (self.video, self.camera, self.fps()) {
            (false, _, _) | (true, _, Some(_)) => None,
            (true, false, None) => Some("the camera does not work"),
            (true, true, None) => Some("your picture did not come back"),
        };
        sound.into_iter().chain(picture).collect()
    }

    /// Pictures per second that came back. The first second was not whole.
    fn fps(&self) -> Option<f64> {
        median(self.fps.get(1..).unwrap_or_default()).filter(|it| *it > 0.0)
    }

    fn late(&self) -> Option<f64> {
        let late: Vec<_> = self.echoes.iter().map(|it| millis(it.late)).collect();
        median(&late)
    }

    /// Mean shares that were lost.
    fn lost(&self) -> [f64; 3] {
        let samples = f64::from(self.samples.max(1));
        self.lost.map(|it| it / samples)
    }

    /// Names and units as `--help` explains them.
    pub(super) fn json(&self, ok: bool) -> Value {
        let [audio, video, remote] = self.lost();
        let alike = self.echoes.iter().map(|it| f64::from(it.similarity));
        json!({
            "ok": ok,
            "problems": self.problems(),
            "heardYou": !self.echoes.is_empty(),
            "similarity": alike.reduce(f64::max).map(rounded),
            "soundDelayMs": self.late().map(rounded),
            "pictureDelayMs": median(&self.pictures_late).map(rounded),
            "roundTripMs": median(&self.round_trips).map(rounded),
            "soundBufferMs": median(&self.sound_buffers).map(rounded),
            "audioLoss": audio,
            "videoLoss": video,
            "remoteLoss": remote,
            "frameWidth": self.size.0,
            "frameHeight": self.size.1,
            "framesPerSecond": self.fps().map(rounded),
        })
    }
}

/// For people.
impl fmt::Display for Findings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms =
            |it: Option<f64>| it.map_or_else(|| "unknown".to_owned(), |it| format!("{it:.0} ms"));
        for problem in self.problems() {
            writeln!(f, "Not well: {problem}.")?;
        }
        if let Some(late) = self.late() {
            writeln!(
                f,
                "Your voice came back, {late:.0} ms late (both ways together)."
            )?;
        }
        if let Some(fps) = self.fps() {
            let (width, height) = self.size;
            write!(
                f,
                "Your picture came back, {width}x{height} at {fps:.0} per second"
            )?;
            match median(&self.pictures_late) {
                Some(late) => writeln!(f, ", {late:.0} ms late (both ways together).")?,
                None => writeln!(f, ".")?,
            }
        }
        let [audio, video, remote] = self.lost().map(|it| 100.0 * it);
        writeln!(
            f,
            "Round trip {}, sound waits {}; lost: {audio:.1} % of the sound, {video:.1} % of the \
             picture, {remote:.1} % of what we sent.",
            ms(median(&self.round_trips)),
            ms(median(&self.sound_buffers)),
        )?;
        if self.are_good() {
            writeln!(f, "All is well.")?;
        }
        Ok(())
    }
}

fn median(of: &[f64]) -> Option<f64> {
    let mut sorted = of.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied()
}

fn rounded(it: f64) -> f64 {
    (it * 100.0).round() / 100.0
}

fn millis(it: Duration) -> f64 {
    it.as_secs_f64() * 1e3
}

/// What the other side waits before it gives back, milliseconds.
const DELAY_MS: f64 = echo::DELAY.as_millis() as f64;

#[cfg(test)]
mod tests {
    use media::backend::device::DeviceKind;

    use super::*;

    fn on() -> DeviceNow {
        DeviceNow::On {
            name: "Lid".to_owned(),
            kind: DeviceKind::Real,
        }
    }

    fn second(frames: u64, fps: f64) -> CallStats {
        CallStats {
            current_round_trip_time: Some(0.001),
            frames_decoded: frames,
            frames_per_second_received: fps,
            frame_width: 960,
            frame_height: 540,
            audio_jitter_buffer_delay: 0.04,
            audio_loss: 0.02,
            ..CallStats::default()
        }
    }

    const ECHO: Echoed = Echoed {
        late: Duration::from_millis(150),
        similarity: 0.97,
    };

    #[test]
    fn a_call_in_which_all_came_back_is_good_and_says_how_late() {
        let mut findings = Findings::new(true);
        findings.devices(&on(), &on());
        findings.heard(None, true);
        findings.sampled(&second(0, 0.0), &[]);
        for number in 1..=3 {
            findings.heard(Some(ECHO), true);
            findings.sampled(&second(30 * number, 30.0), &[2080.0, 2100.0, 2190.0]);
        }
        assert!(findings.are_good());
        let told = findings.json(true);
        assert_eq!(told["soundDelayMs"], 150.0);
        assert_eq!(told["pictureDelayMs"], 100.0);
        assert_eq!(told["roundTripMs"], 1.0);
        assert_eq!(told["soundBufferMs"], 40.0);
        assert_eq!(told["framesPerSecond"], 30.0);
        assert_eq!(told["audioLoss"], 0.02);
        let text = findings.to_string();
        assert!(text.contains("Your voice came back, 150 ms late"), "{text}");
        assert!(text.ends_with("All is well.\n"), "{text}");
    }

    #[test]
    fn what_did_not_come_back_is_told_with_its_cause() {
        let mut findings = Findings::new(true);
        let causes = |it: &Findings| it.problems().join(", ");
        assert_eq!(
            causes(&findings),
            "the microphone does not work, the camera does not work"
        );
        findings.devices(&on(), &on());
        assert_eq!(
            causes(&findings),
            "the microphone heard nobody speak, your picture did not come back"
        );
        findings.heard(None, true);
        assert!(causes(&findings).starts_with("what you said did not come back"));
        findings.video = false;
        findings.heard(Some(ECHO), true);
        assert!(findings.are_good());
    }
}
