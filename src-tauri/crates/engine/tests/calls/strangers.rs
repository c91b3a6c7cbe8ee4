//! Whose ring opens which devices.

use std::time::Duration;

use call::carrier::Carriers;
use call::id::CallId;
use call::message::Body;
use call::reason::EndReason;
use call::view::CallView;
use engine::Relation;

use crate::support::{Duo, Foreigner, Setup};

#[tokio::test]
async fn a_strangers_ring_opens_neither_camera_nor_microphone() {
    let duo = Duo::with(Setup {
        relation: Relation::Stranger,
        ..Setup::default()
    })
    .await;
    duo.rings().await;
    duo.bob.hears_the_ring_tone().await;
    let known = |view: &CallView| matches!(view, CallView::Incoming { known: true, .. });
    assert!(!known(&duo.bob.view().call));
    assert_eq!(duo.bob.devices.camera.record().opens, 0);
    assert_eq!(duo.bob.devices.microphone.record().opens, 0);
    duo.bob.accepts().await;
    duo.bob.is_in_the_call().await;
    duo.bob.sends_picture(true).await;
    duo.bob.sends_sound(true).await;
    duo.stop().await;
}

#[tokio::test]
async fn a_known_callers_ring_opens_the_camera_and_no_microphone() {
    let duo = Duo::online().await;
    duo.rings().await;
    duo.bob
        .sees("ourselves", |view| view.local_picture.then_some(()))
        .await;
    assert_eq!(duo.bob.devices.camera.record().opens, 1);
    assert_eq!(duo.bob.devices.microphone.record().opens, 0);
    assert_eq!(duo.alice.pictures_seen(), 0, "nothing of it leaves");
    duo.bob.declines().await;
    duo.bob.devices.camera.is_let_go_of().await;
    duo.stop().await;
}

#[tokio::test]
async fn a_stranger_who_was_declined_cannot_ring_again_at_once() {
    let duo = Duo::with(Setup {
        relation: Relation::Stranger,
        ..Setup::default()
    })
    .await;
    duo.rings().await;
    duo.bob.declines().await;
    duo.alice.ended(EndReason::RemoteDeclined).await;
    duo.bob.dismisses().await;
    duo.alice.dismisses().await;
    duo.alice.dials(&duo.bob).await;
    duo.alice.is_told_of_an_end().await;
    duo.bob.is_idle().await;
    duo.pass(Duration::from_secs(61)).await;
    duo.alice.dismisses().await;
    duo.rings().await;
    duo.stop().await;
}

#[tokio::test]
async fn strangers_with_many_keys_do_not_keep_known_people_from_calling() {
    let duo = Duo::with(Setup {
        relation: Relation::Stranger,
        ..Setup::default()
    })
    .await;
    duo.bob.regards(&duo.alice, Relation::Known);
    let mut strangers = Vec::new();
    for _ in 0..16 {
        strangers.push(Foreigner::at(&duo.relay.url).await);
    }
    // Each begins two sessions and answers nothing: 32 wait for them.
    for call in [1, 2] {
        let invite = || Body::Invite {
            name: "Eve".to_owned(),
            video: true,
            ring_ms: 45_000,
            resumes: None,
            via: Carriers::default(),
        };
        for stranger in &mut strangers {
            stranger.says(duo.bob.key(), CallId(call), invite());
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
        if call == 1 {
            // As many are admitted in a second.
            duo.pass(Duration::from_secs(1)).await;
        }
    }
    // Before the first of them are forgotten, which is after ten seconds.
    let rung = tokio::time::timeout(Duration::from_secs(5), duo.rings());
    rung.await.expect("strangers keep the known caller away");
    duo.stop().await;
}
