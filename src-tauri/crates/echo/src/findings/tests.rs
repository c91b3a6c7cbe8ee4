//! Test calls, second by second.

use engine::view::DeviceProblem;
use media::backend::device::DeviceKind;

use super::*;

const BOTH: Controls = Controls {
    microphone: true,
    camera: true,
};

const NEITHER: Controls = Controls {
    microphone: false,
    camera: false,
};

const ECHO: Echoed = Echoed {
    late: Duration::from_millis(150),
    similarity: 0.97,
    gain_db: -1.5,
};

/// A microphone, a speaker and a camera of these names; one without a name does not work.
fn devices(names: [&str; 3]) -> [DeviceNow; 3] {
    names.map(|name| {
        let name = name.to_owned();
        let kind = DeviceKind::Real;
        let problem = DeviceProblem::Missing;
        if name.is_empty() {
            DeviceNow::Failed { problem, name }
        } else {
            DeviceNow::On { name, kind }
        }
    })
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

/// A test call whose clock is the seconds that it was fed.
struct Call {
    findings: Findings,
    began: Instant,
    passed: u32,
}

impl Call {
    fn with(wish: Controls, names: [&str; 3]) -> Self {
        let mut call = Self {
            findings: Findings::default(),
            began: Instant::now(),
            passed: 0,
        };
        call.change(wish, names);
        call
    }

    fn change(&mut self, wish: Controls, names: [&str; 3]) {
        self.findings.devices(wish, devices(names).each_ref());
    }

    fn of_all() -> Self {
        Self::with(BOTH, ["Lid", "Box", "Eye"])
    }

    fn now(&self) -> Instant {
        self.began + Duration::from_secs(1) * self.passed
    }

    fn hear(&mut self, echo: Option<Echoed>, spoke: bool) {
        self.findings.heard(self.now(), echo, spoke);
    }

    fn sample(&mut self, stats: &CallStats, ages: &[f64]) {
        self.passed += 1;
        self.findings.sampled(self.now(), stats, ages);
    }

    /// So many seconds in which all comes back, and this share of the sound is lost.
    fn goes_well(&mut self, seconds: u32, audio_loss: f64) {
        for _ in 0..seconds {
            self.hear(Some(ECHO), true);
            let stats = CallStats {
                audio_loss,
                ..second(30, 30.0)
            };
            self.sample(&stats, &[2080.0, 2100.0, 2190.0]);
        }
    }

    /// So many seconds of speech that does not come back.
    fn speaks_in_vain(&mut self, seconds: u32) {
        for _ in 0..seconds {
            self.hear(None, true);
            self.sample(&second(30, 30.0), &[]);
        }
    }

    fn voice(&self) -> VoiceOutcome {
        self.findings.report(false).voice
    }

    /// Outcomes of voice and picture after so many more seconds in which nothing comes.
    fn after(&mut self, seconds: u32, over: bool) -> (VoiceOutcome, PictureOutcome) {
        for _ in 0..seconds {
            self.sample(&second(0, 0.0), &[]);
        }
        let report = self.findings.report(over);
        (report.voice, report.picture)
    }
}

const WAITING: (VoiceOutcome, PictureOutcome) = (VoiceOutcome::Waiting, PictureOutcome::Waiting);

#[test]
fn a_call_in_which_all_came_back_says_how_late_and_how_loud() {
    let mut call = Call::of_all();
    call.hear(None, true);
    call.sample(&second(0, 0.0), &[]);
    call.goes_well(3, 0.02);
    let report = call.findings.report(true);
    assert_eq!(report.voice, VoiceOutcome::Returned);
    assert_eq!(report.picture, PictureOutcome::Returned);
    assert_eq!(report.problems, []);
    assert_eq!(report.voice_delay_ms, Some(150.0));
    assert_eq!(report.echo_gain_db, Some(-1.5));
    assert_eq!(report.similarity, Some(0.97));
    assert_eq!(report.picture_delay_ms, Some(100.0));
    assert_eq!(report.round_trip_ms, Some(1.0));
    assert_eq!(report.sound_buffer_ms, Some(40.0));
    assert_eq!(report.frames_per_second, Some(30.0));
    assert_eq!((report.frame_width, report.frame_height), (960, 540));
    assert!((report.audio_loss - 0.02).abs() < 1e-9, "{report:?}");
}

#[test]
fn devices_that_do_not_work_are_told_apart_from_those_that_are_off() {
    let mut call = Call::with(BOTH, ["", "Box", ""]);
    assert_eq!(call.after(1, false), WAITING);
    let failing = (VoiceOutcome::DeviceFails, PictureOutcome::DeviceFails);
    assert_eq!(call.after(2, false), failing);

    let mut call = Call::with(NEITHER, ["Lid", "Box", ""]);
    let off = (VoiceOutcome::Off, PictureOutcome::Off);
    assert_eq!(call.after(3, false), off);
}

#[test]
fn who_says_nothing_is_not_heard_after_a_while_and_heard_once_they_speak() {
    let mut call = Call::of_all();
    assert_eq!(call.after(7, false).0, VoiceOutcome::Waiting);
    assert_eq!(call.after(1, false).0, VoiceOutcome::Silent);
    call.hear(None, true);
    assert_eq!(call.after(5, false).0, VoiceOutcome::Waiting);
    assert_eq!(call.after(1, false).0, VoiceOutcome::Lost);
    call.hear(Some(ECHO), true);
    assert_eq!(call.after(0, false).0, VoiceOutcome::Returned);
}

#[test]
fn a_call_that_is_over_is_judged_at_once_but_not_for_what_had_no_time() {
    let mut call = Call::of_all();
    assert_eq!(call.after(2, true), WAITING);
    let silent = (VoiceOutcome::Silent, PictureOutcome::Lost);
    assert_eq!(call.after(1, true), silent);
    call.hear(None, true);
    assert_eq!(call.after(2, true).0, VoiceOutcome::Waiting);
    assert_eq!(call.after(1, true).0, VoiceOutcome::Lost);
}

#[test]
fn another_microphone_or_speaker_is_judged_anew() {
    for changed in [("Desk", "Box"), ("Lid", "Ear")] {
        let mut call = Call::of_all();
        call.goes_well(5, 0.0);
        assert_eq!(call.voice(), VoiceOutcome::Returned);
        call.change(BOTH, [changed.0, changed.1, "Eye"]);
        let report = call.findings.report(false);
        let anew = (report.voice, report.voice_delay_ms);
        assert_eq!(anew, (VoiceOutcome::Waiting, None), "{changed:?}");
        call.speaks_in_vain(6);
        assert_eq!(call.voice(), VoiceOutcome::Lost, "{changed:?}");
        call.goes_well(1, 0.0);
        assert_eq!(call.voice(), VoiceOutcome::Returned, "{changed:?}");
    }
}

#[test]
fn a_microphone_that_breaks_after_the_voice_came_back_is_told() {
    let mut call = Call::of_all();
    call.goes_well(5, 0.0);
    call.change(BOTH, ["", "Box", ""]);
    let failing = (VoiceOutcome::DeviceFails, PictureOutcome::DeviceFails);
    assert_eq!(call.after(3, false), failing);
}

#[test]
fn a_voice_that_stops_coming_back_is_lost_and_one_that_is_silent_since_is_not() {
    let mut call = Call::of_all();
    call.goes_well(5, 0.0);
    call.speaks_in_vain(7);
    assert_eq!(call.voice(), VoiceOutcome::Lost);

    let mut call = Call::of_all();
    call.goes_well(5, 0.0);
    assert_eq!(call.after(60, true).0, VoiceOutcome::Returned);
    call.hear(None, true);
    call.after(30, false);
    call.hear(None, true);
    assert_eq!(call.voice(), VoiceOutcome::Returned, "two coughs");
}

#[test]
fn a_picture_that_stops_coming_back_is_lost_unless_its_camera_was_turned_off() {
    let mut call = Call::of_all();
    call.goes_well(5, 0.0);
    for _ in 0..8 {
        call.sample(&second(150, 0.0), &[]);
    }
    assert_eq!(call.findings.report(false).picture, PictureOutcome::Lost);

    let mut call = Call::of_all();
    call.goes_well(5, 0.0);
    call.change(NEITHER, ["Lid", "Box", "Eye"]);
    for _ in 0..60 {
        call.sample(&second(150, 0.0), &[]);
    }
    let picture = call.findings.report(true).picture;
    assert_eq!(picture, PictureOutcome::Returned);
}

#[test]
fn losses_are_judged_by_the_last_ten_seconds() {
    let mut call = Call::of_all();
    call.goes_well(10, 0.3);
    let lossy = call.findings.report(false).problems;
    assert_eq!(lossy, [TestProblem::Lossy]);
    call.goes_well(10, 0.0);
    assert_eq!(call.findings.report(true).problems, []);
}

#[test]
fn a_call_of_days_keeps_no_more_than_ten_seconds_of_it() {
    let mut call = Call::of_all();
    for _ in 0..10_000 {
        for fifth in 0..5 {
            let at = call.now() + Duration::from_millis(200) * fifth;
            call.findings.heard(at, Some(ECHO), true);
        }
        call.sample(&second(30, 30.0), &[2080.0]);
    }
    let it = &call.findings;
    let kept = [&it.fps, &it.round_trips, &it.pictures_late];
    assert!(kept.iter().all(|it| it.0.len() <= 10));
    assert!(it.echoes.0.len() <= 50, "{}", it.echoes.0.len());
}
