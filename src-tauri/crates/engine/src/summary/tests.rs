//! What a call is remembered by.

use call::id::Peer;
use call::reason::EndReason;
use call::view::{Controls, Lacking, Received, RecordingView, Resume, Sharing};

use super::*;
use crate::view::RelayProblem;

fn bea() -> Peer {
    Peer {
        address: "tincan:bea".to_owned(),
        name: "Bea".to_owned(),
    }
}

fn active(call: &str, phase: ActivePhase, camera: bool) -> CallView {
    let sends = |camera| Controls {
        microphone: true,
        camera,
    };
    CallView::Active {
        call: call.to_owned(),
        peer: bea(),
        phase,
        local: sends(false),
        wish: sends(camera),
        remote: sends(true),
        remote_lacking: Lacking::default(),
        sharing: Sharing::default(),
        recording: RecordingView::default(),
        connected_for_ms: None,
        received: Received::default(),
        culprit: None,
    }
}

fn ended(call: &str) -> CallView {
    CallView::Ended {
        call: call.to_owned(),
        peer: bea(),
        reason: EndReason::LocalHangup,
        lasted_ms: None,
        outgoing: true,
        resume: Resume::No,
    }
}

/// A summary of a call whose seconds lost these shares of what came.
fn after_losing(shares: &[f64]) -> Summary {
    let mut summary = Summary::default();
    summary.follow(&active("1", ActivePhase::Connected, true));
    let mut now = Instant::now();
    for share in shares {
        let stats = CallStats {
            audio_loss: *share,
            ..CallStats::default()
        };
        summary.sampled(now, &stats);
        now += Duration::from_secs(1);
    }
    summary
}

fn is_good(summary: &Summary) -> bool {
    summary.view().unwrap().good
}

#[test]
fn a_call_that_lost_nothing_for_long_went_well() {
    assert!(is_good(&after_losing(&[0.0, 0.07, 0.5, 0.5, 0.0, 0.5])));
}

#[test]
fn two_seconds_of_loss_in_either_direction_are_remembered_to_the_end() {
    let mut summary = after_losing(&[0.09, 0.09, 0.09, 0.0, 0.0]);
    summary.follow(&ended("1"));
    assert!(!is_good(&summary));
}

#[test]
fn a_freeze_or_a_lost_path_is_remembered() {
    let mut frozen = after_losing(&[]);
    let stats = CallStats {
        freeze_count: 1,
        ..CallStats::default()
    };
    frozen.sampled(Instant::now(), &stats);
    assert!(!is_good(&frozen));

    let mut lost = after_losing(&[]);
    lost.follow(&active("1", ActivePhase::Reconnecting, true));
    lost.follow(&active("1", ActivePhase::Connected, true));
    assert!(!is_good(&lost));
}

#[test]
fn loss_counts_until_it_was_gone_for_five_seconds() {
    let (mut loss, mut now) = (Sustained::default(), Instant::now());
    let mut verdicts = Vec::new();
    for share in [
        0.1, 0.1, 0.1, 0.05, 0.0, 0.0, 0.05, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0,
    ] {
        verdicts.push(loss.update(now, share));
        now += Duration::from_secs(1);
    }
    let bad = verdicts.iter().take_while(|it| !**it).count();
    assert_eq!(bad, 2, "said after two seconds: {verdicts:?}");
    assert_eq!(verdicts.iter().rposition(|it| *it), Some(11));
}

#[test]
fn the_ended_screen_knows_the_last_path_and_wish() {
    let mut summary = Summary::default();
    assert_eq!(summary.view(), None);
    summary.follow(&active("1", ActivePhase::Connecting, false));
    summary.connected(Path::Relayed);
    summary.connected(Path::Direct);
    summary.follow(&active("1", ActivePhase::Connected, true));
    summary.follow(&ended("1"));
    let remembered = CallSummary {
        path: Some(Path::Direct),
        good: true,
        video: true,
        guest_relay: None,
    };
    assert_eq!(summary.view(), Some(remembered));
    summary.follow(&CallView::Idle);
    assert_eq!(summary.view(), None);
}

#[test]
fn another_call_begins_a_memory_of_its_own() {
    let mut summary = after_losing(&[0.5, 0.5, 0.5]);
    summary.connected(Path::Direct);
    summary.follow(&active("2", ActivePhase::Connecting, true));
    let view = summary.view().unwrap();
    assert_eq!((view.path, view.good), (None, true));
}

#[test]
fn what_was_wrong_with_the_relay_of_the_invite_shows_until_it_is_there() {
    let mut summary = after_losing(&[]);
    let problem = RelayProblem::Unencrypted;
    summary.guest_relay(&RelayView::Offline { problem });
    summary.guest_relay(&RelayView::Connecting);
    assert_eq!(summary.view().unwrap().guest_relay, Some(problem));
    summary.guest_relay(&RelayView::Online);
    assert_eq!(summary.view().unwrap().guest_relay, None);
}
