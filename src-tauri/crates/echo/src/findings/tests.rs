//! Test calls, second by second.

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

/// Outcomes of voice and picture after so many more seconds in which nothing comes.
fn after(findings: &mut Findings, seconds: u32, over: bool) -> (TestOutcome, TestOutcome) {
    for _ in 0..seconds {
        findings.sampled(&second(0, 0.0), &[]);
    }
    let report = findings.report(over);
    (report.voice, report.picture)
}

#[test]
fn a_call_in_which_all_came_back_says_how_late_and_how_loud() {
    let mut findings = Findings::default();
    findings.devices(BOTH, &on(), &on());
    findings.heard(None, true);
    findings.sampled(&second(0, 0.0), &[]);
    for number in 1..=3 {
        findings.heard(Some(ECHO), true);
        findings.sampled(&second(30 * number, 30.0), &[2080.0, 2100.0, 2190.0]);
    }
    let report = findings.report(true);
    let both = (report.voice, report.picture);
    assert_eq!(both, (TestOutcome::Returned, TestOutcome::Returned));
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
    let failed = DeviceNow::Off;
    let mut findings = Findings::default();
    findings.devices(BOTH, &failed, &failed);
    let early = after(&mut findings, 1, false);
    assert_eq!(early, (TestOutcome::Waiting, TestOutcome::Waiting));
    let failing = (TestOutcome::DeviceFails, TestOutcome::DeviceFails);
    assert_eq!(after(&mut findings, 2, false), failing);

    let mut findings = Findings::default();
    findings.devices(NEITHER, &on(), &failed);
    let off = (TestOutcome::Off, TestOutcome::Off);
    assert_eq!(after(&mut findings, 3, false), off);
}

#[test]
fn who_says_nothing_is_not_heard_after_a_while_and_heard_once_they_speak() {
    let mut findings = Findings::default();
    findings.devices(BOTH, &on(), &on());
    assert_eq!(after(&mut findings, 7, false).0, TestOutcome::Waiting);
    assert_eq!(after(&mut findings, 1, false).0, TestOutcome::Silent);
    findings.heard(None, true);
    assert_eq!(after(&mut findings, 5, false).0, TestOutcome::Waiting);
    assert_eq!(after(&mut findings, 1, false).0, TestOutcome::Lost);
    findings.heard(Some(ECHO), true);
    assert_eq!(after(&mut findings, 0, false).0, TestOutcome::Returned);
}

#[test]
fn a_call_that_is_over_is_judged_at_once_but_not_for_what_had_no_time() {
    let mut findings = Findings::default();
    findings.devices(BOTH, &on(), &on());
    let early = after(&mut findings, 2, true);
    assert_eq!(early, (TestOutcome::Waiting, TestOutcome::Waiting));
    let silent = (TestOutcome::Silent, TestOutcome::Lost);
    assert_eq!(after(&mut findings, 1, true), silent);
    findings.heard(None, true);
    assert_eq!(after(&mut findings, 2, true).0, TestOutcome::Waiting);
    assert_eq!(after(&mut findings, 1, true).0, TestOutcome::Lost);
}

#[test]
fn a_call_of_days_keeps_no_more_than_one_of_minutes() {
    let mut findings = Findings::default();
    for _ in 0..10_000 {
        findings.heard(Some(ECHO), true);
        findings.sampled(&second(30, 30.0), &[2080.0]);
    }
    let kept = [
        &findings.fps,
        &findings.round_trips,
        &findings.pictures_late,
    ];
    assert!(kept.iter().all(|it| it.len() <= MOST_KEPT));
    assert!(findings.echoes.len() <= MOST_KEPT);
    assert!((findings.report(false).audio_loss - 0.02).abs() < 1e-6);
}
