//! What a call is judged by.

use call::id::Peer;
use call::view::{Lacking, RecordingView, Sharing};
use media::quality::Cause;
use media::transport::ConnectionQuality::{Excellent, Good, Lost, Poor};

use super::*;

const BOTH: Controls = Controls {
    microphone: true,
    camera: true,
};

const SOUND: Controls = Controls {
    microphone: true,
    camera: false,
};

/// A call as the phone sees it.
struct Seen {
    call: &'static str,
    phase: ActivePhase,
    local: Controls,
    remote: Controls,
    received: Received,
    culprit: Option<Culprit>,
}

const CONNECTED: Seen = Seen {
    call: "1",
    phase: ActivePhase::Connected,
    local: BOTH,
    remote: BOTH,
    received: Received {
        heard: Some(true),
        seen: Some(true),
    },
    culprit: None,
};

impl Seen {
    fn view(&self) -> CallView {
        CallView::Active {
            call: self.call.to_owned(),
            peer: Peer {
                address: "tincan:bea".to_owned(),
                name: "Bea".to_owned(),
            },
            phase: self.phase,
            local: self.local,
            wish: self.local,
            remote: self.remote,
            remote_lacking: Lacking::default(),
            sharing: Sharing::default(),
            recording: RecordingView::default(),
            connected_for_ms: Some(1),
            received: self.received,
            culprit: self.culprit,
        }
    }
}

/// A second in which all came.
fn well() -> CallStats {
    CallStats {
        audio_receive_bitrate: 32e3,
        video_receive_bitrate: 1e6,
        frames_per_second_received: 30.0,
        frame_width: 1280,
        frame_height: 720,
        ..CallStats::default()
    }
}

/// The verdicts after so many such seconds.
fn after(seconds: u32, seen: &Seen, stats: &CallStats, rate: f64) -> QualityView {
    let mut quality = CallQuality::default();
    quality.follow(&seen.view());
    for _ in 0..seconds {
        quality.second(&seen.view(), stats, rate);
    }
    quality.view().unwrap()
}

fn levels(view: QualityView) -> [ConnectionQuality; 2] {
    [view.send.level, view.receive.level]
}

#[test]
fn nothing_is_said_before_anything_is_known() {
    let mut quality = CallQuality::default();
    let connecting = Seen {
        phase: ActivePhase::Connecting,
        ..CONNECTED
    };
    quality.follow(&connecting.view());
    quality.second(&connecting.view(), &well(), 1.0);
    assert_eq!(quality.view(), None);
    assert_eq!(quality.record("1"), None);
}

#[test]
fn each_direction_has_figures_of_its_own() {
    assert_eq!(levels(after(9, &CONNECTED, &well(), 1.0)), [Excellent; 2]);
    let mut lossy = well();
    lossy.network.remote_audio_loss = 0.2;
    assert_eq!(levels(after(9, &CONNECTED, &lossy, 1.0)), [Poor, Excellent]);
    let lossy = CallStats {
        video_loss: 0.2,
        ..well()
    };
    assert_eq!(levels(after(9, &CONNECTED, &lossy, 1.0)), [Excellent, Poor]);
    let starved = after(9, &CONNECTED, &well(), 0.1);
    assert_eq!(starved.send.cause, Some(Cause::Rate));
    let still = CallStats {
        frames_per_second_received: 0.0,
        ..well()
    };
    let still = after(9, &CONNECTED, &still, 1.0);
    assert_eq!(still.receive.cause, Some(Cause::Freezes));
}

#[test]
fn what_is_not_sent_is_not_judged() {
    let mut stats = CallStats {
        video_loss: 0.5,
        video_receive_bitrate: 0.0,
        frames_per_second_received: 0.0,
        ..well()
    };
    stats.network.remote_video_loss = 0.5;
    let voice = Seen {
        local: SOUND,
        remote: SOUND,
        received: Received {
            heard: Some(true),
            seen: None,
        },
        ..CONNECTED
    };
    assert_eq!(levels(after(9, &voice, &stats, 0.1)), [Excellent; 2]);
}

#[test]
fn receipts_tell_what_arrives_there_and_figures_what_arrives_here() {
    let told = |heard, seen| Seen {
        received: Received { heard, seen },
        ..CONNECTED
    };
    for (heard, seen, expected) in [
        (Some(false), Some(false), Lost),
        (Some(false), Some(true), Poor),
        (Some(true), Some(false), Poor),
        (Some(false), None, Lost),
        (None, None, Excellent),
    ] {
        let view = after(9, &told(heard, seen), &well(), 1.0);
        assert_eq!(levels(view), [expected, Excellent], "{heard:?} {seen:?}");
    }
    let silent = CallStats {
        audio_receive_bitrate: 0.0,
        video_receive_bitrate: 0.0,
        ..well()
    };
    assert_eq!(
        levels(after(9, &CONNECTED, &silent, 1.0)),
        [Excellent, Lost]
    );
    let mute = CallStats {
        audio_receive_bitrate: 0.0,
        ..well()
    };
    assert_eq!(levels(after(9, &CONNECTED, &mute, 1.0)), [Excellent, Poor]);
}

#[test]
fn a_device_that_fails_is_no_bad_network() {
    let deaf = Seen {
        received: Received {
            heard: Some(false),
            seen: Some(true),
        },
        culprit: Some(Culprit::TheirSpeaker),
        ..CONNECTED
    };
    assert_eq!(levels(after(9, &deaf, &well(), 1.0)), [Excellent; 2]);
    let blind = Seen {
        culprit: Some(Culprit::TheirCamera),
        ..CONNECTED
    };
    let no_pictures = CallStats {
        video_receive_bitrate: 0.0,
        frames_per_second_received: 0.0,
        ..well()
    };
    assert_eq!(levels(after(9, &blind, &no_pictures, 1.0)), [Excellent; 2]);
}

#[test]
fn a_server_is_believed_of_each_side_s_connection() {
    let stats = CallStats {
        connection_quality: Some(Poor),
        remote_connection_quality: Some(Good),
        ..well()
    };
    let view = after(9, &CONNECTED, &stats, 1.0);
    assert_eq!(levels(view), [Poor, Good]);
    assert_eq!(view.send.cause, Some(Cause::Server));
}

#[test]
fn a_lost_path_is_lost_in_both_directions_until_there_is_another() {
    let mut quality = CallQuality::default();
    quality.follow(&CONNECTED.view());
    quality.second(&CONNECTED.view(), &well(), 1.0);
    let lost = Seen {
        phase: ActivePhase::Reconnecting,
        ..CONNECTED
    };
    quality.follow(&lost.view());
    quality.second(&lost.view(), &CallStats::default(), 0.0);
    assert_eq!(levels(quality.view().unwrap()), [Lost; 2]);
    quality.follow(&CONNECTED.view());
    assert_eq!(levels(quality.view().unwrap()), [Excellent; 2]);
}

#[test]
fn what_has_just_begun_is_not_missed() {
    let mut quality = CallQuality::default();
    let seen = |remote| Seen {
        remote,
        ..CONNECTED
    };
    quality.follow(&CONNECTED.view());
    let nothing = CallStats::default();
    for _ in 0..SETTLES_FOR {
        quality.second(&CONNECTED.view(), &nothing, 1.0);
    }
    assert_eq!(quality.view(), None, "the first pictures are on their way");
    let voice = CallStats {
        audio_receive_bitrate: 32e3,
        ..CallStats::default()
    };
    for _ in 0..9 {
        quality.second(&seen(SOUND).view(), &voice, 1.0);
    }
    quality.second(&seen(BOTH).view(), &voice, 1.0);
    assert_eq!(quality.view().unwrap().receive.level, Excellent);
}

#[test]
fn the_record_of_a_call_has_the_mean_and_the_worst_of_it() {
    let mut quality = CallQuality::default();
    quality.follow(&CONNECTED.view());
    let lossy = CallStats {
        audio_loss: 0.1,
        frame_width: 640,
        frame_height: 360,
        ..well()
    };
    for _ in 0..90 {
        quality.second(&CONNECTED.view(), &well(), 1.0);
    }
    for _ in 0..10 {
        quality.second(&CONNECTED.view(), &lossy, 1.0);
    }
    let expected = CallRecord {
        send: DirectionRecord {
            mean: Excellent,
            worst: Excellent,
            lost_per_mille: 0,
        },
        receive: DirectionRecord {
            mean: Excellent,
            worst: Poor,
            lost_per_mille: 10,
        },
        largest: Size::HD,
    };
    assert_eq!(quality.record("1"), Some(expected));
    assert_eq!(quality.record("2"), None);
    let another = Seen {
        call: "2",
        ..CONNECTED
    };
    quality.follow(&another.view());
    assert_eq!(quality.record("1"), None);
    assert_eq!(quality.view(), None);
}
