//! What a call is remembered by.

use call::id::Peer;
use call::reason::EndReason;
use call::view::{Controls, Lacking, Received, RecordingView, Resume, Sharing};
use media::quality::Verdict;

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

/// A summary of a call that was judged so, second by second, as to what came.
fn after(levels: &[ConnectionQuality]) -> Summary {
    let mut summary = Summary::default();
    summary.follow(&active("1", ActivePhase::Connected, true));
    for level in levels {
        let verdict = |level| Verdict { level, cause: None };
        summary.judged(QualityView {
            send: verdict(ConnectionQuality::Excellent),
            receive: verdict(*level),
        });
    }
    summary
}

fn is_good(summary: &Summary) -> bool {
    summary.view().unwrap().good
}

#[test]
fn a_call_that_was_never_poor_went_well() {
    use ConnectionQuality::{Excellent, Good, Poor};
    assert!(is_good(&after(&[Excellent, Good, Excellent])));
    let mut summary = after(&[Excellent, Poor, Excellent]);
    summary.follow(&ended("1"));
    assert!(!is_good(&summary));
}

#[test]
fn a_lost_path_is_remembered() {
    let mut lost = after(&[]);
    lost.follow(&active("1", ActivePhase::Reconnecting, true));
    lost.follow(&active("1", ActivePhase::Connected, true));
    assert!(!is_good(&lost));
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
    let mut summary = after(&[ConnectionQuality::Poor]);
    summary.connected(Path::Direct);
    summary.follow(&active("2", ActivePhase::Connecting, true));
    let view = summary.view().unwrap();
    assert_eq!((view.path, view.good), (None, true));
}

#[test]
fn what_was_wrong_with_the_relay_of_the_invite_shows_until_it_is_there() {
    let mut summary = after(&[]);
    let problem = RelayProblem::Unencrypted;
    summary.guest_relay(&RelayView::Offline { problem });
    summary.guest_relay(&RelayView::Connecting);
    assert_eq!(summary.view().unwrap().guest_relay, Some(problem));
    summary.guest_relay(&RelayView::Online);
    assert_eq!(summary.view().unwrap().guest_relay, None);
}
