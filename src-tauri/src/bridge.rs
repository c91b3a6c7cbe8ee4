//! Keeps the pages up to date: one task that pushes the view, or what moved in it.

use std::sync::Arc;
use std::time::Instant;

use call::id::Peer;
use call::view::CallView;
use engine::view::EngineView;
use headless::test_call::TestReport;
use store::Person;

use crate::app::{App, OpenWindow, ShellState};
use crate::pace::{Pace, Urgency};
use crate::role::Role;
use crate::view::{SmallView, UiPush, UiView};

/// Pushes views to the pages that are loaded until the engine ends.
pub(crate) async fn pump(app: Arc<App>) {
    let mut views = app.views();
    let mut shell = app.shell();
    let mut tested = app.tested();
    let mut pace = Pace::default();
    let mut revision = 0;
    let mut last = seen(&views.borrow_and_update());
    pace.changed(Urgency::Now);
    loop {
        let due = pace.due(Instant::now());
        tokio::select! {
            // A push that is due goes first: otherwise an engine that changes all the time would put
            // it off for ever.
            biased;
            () = tokio::time::sleep_until(due.unwrap_or_else(Instant::now).into()),
                if due.is_some() =>
            {
                revision += 1;
                let shell = shell.borrow().clone();
                let found = tested.borrow().clone();
                let urgency = pace.waiting().unwrap_or(Urgency::Soon);
                for (role, window) in &shell.windows {
                    let Some(page) = &window.page else { continue };
                    let push = match (role, urgency) {
                        (Role::Main, Urgency::Now) => {
                            whole(&app, revision, (&last, found.as_ref()), &shell, window)
                        }
                        (Role::Main, Urgency::Soon) => moment(revision, (&last, found.as_ref())),
                        (Role::Incoming | Role::PictureInPicture, Urgency::Now) => {
                            small(&last, &shell, window)
                        }
                        // They show neither meters nor figures nor a clock.
                        (Role::Incoming | Role::PictureInPicture, Urgency::Soon) => continue,
                    };
                    if let Err(error) = page.send(push) {
                        tracing::debug!(%error, "the page is gone");
                    }
                }
                pace.pushed(Instant::now());
            }
            changed = shell.changed() => {
                if changed.is_err() {
                    return;
                }
                pace.changed(Urgency::Now);
            }
            changed = tested.changed() => {
                if changed.is_err() {
                    return;
                }
                let is_over = tested.borrow().as_ref().is_some_and(|it| it.over);
                pace.changed(if is_over { Urgency::Now } else { Urgency::Soon });
            }
            changed = views.changed() => {
                if changed.is_err() {
                    return;
                }
                let view = seen(&views.borrow_and_update());
                if view != last {
                    pace.changed(urgency(&last, &view));
                    last = view;
                }
            }
        }
    }
}

/// The view without what no screen shows. The loudness of the other side is drawn only where their
/// picture is missing; pushing it beside a picture would wake the page ten times a second, which
/// costs more than drawing the picture does.
fn seen(engine: &EngineView) -> EngineView {
    let hidden = engine.remote_picture;
    EngineView {
        remote_level: if hidden { 0.0 } else { engine.remote_level },
        ..engine.clone()
    }
}

fn whole(
    app: &App,
    revision: u64,
    (engine, tested): (&EngineView, Option<&TestReport>),
    shell: &ShellState,
    window: &OpenWindow,
) -> UiPush {
    let view = UiView {
        revision,
        engine: engine.clone(),
        test_call: tested.cloned(),
        settings: shell.settings.clone(),
        me: shell.me.clone(),
        profile: app.options().profile.clone(),
        full_screen: shell.full_screen,
        surface: window.surface.kind(),
        pictures_url: window.surface.pictures_url(),
        history: shell.history.clone(),
        people: shell.people.clone(),
        key_place: shell.key_place,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        opened_with: shell.opened_with.clone(),
    };
    UiPush::Whole {
        view: Box::new(view),
    }
}

fn small(engine: &EngineView, shell: &ShellState, window: &OpenWindow) -> UiPush {
    let view = SmallView {
        call: engine.call.clone(),
        person: other_side(&engine.call, shell).cloned(),
        me: Peer {
            address: shell.me.address.clone(),
            name: shell.settings.name.clone(),
        },
        camera: engine.camera.now.clone(),
        microphone: engine.microphone.now.clone(),
        local_picture: engine.local_picture,
        remote_picture: engine.remote_picture,
        surface: window.surface.kind(),
        pictures_url: window.surface.pictures_url(),
    };
    UiPush::Small {
        view: Box::new(view),
    }
}

/// What the user noted about whoever calls or is in the call.
fn other_side<'a>(call: &CallView, shell: &'a ShellState) -> Option<&'a Person> {
    match call {
        CallView::Incoming { peer, .. } | CallView::Active { peer, .. } => {
            shell.person(&peer.address)
        }
        CallView::Idle | CallView::Outgoing { .. } | CallView::Ended { .. } => None,
    }
}

fn moment(revision: u64, (engine, tested): (&EngineView, Option<&TestReport>)) -> UiPush {
    let connected_for_ms = match &engine.call {
        CallView::Active {
            connected_for_ms, ..
        } => *connected_for_ms,
        CallView::Idle
        | CallView::Outgoing { .. }
        | CallView::Incoming { .. }
        | CallView::Ended { .. } => None,
    };
    UiPush::Moment {
        revision,
        microphone_level: engine.microphone_level,
        remote_level: engine.remote_level,
        stats: engine.stats.clone().map(Box::new),
        connected_for_ms,
        test_call: tested.cloned().map(Box::new),
    }
}

/// Meters, figures and the clock change all the time and may wait; everything else is an event.
fn urgency(before: &EngineView, after: &EngineView) -> Urgency {
    if still(before) == still(after) {
        Urgency::Soon
    } else {
        Urgency::Now
    }
}

/// The view without what a [`moment`] tells. What is not named here is an event, also what views do
/// not have yet.
fn still(view: &EngineView) -> EngineView {
    EngineView {
        call: without_clock(&view.call),
        microphone_level: 0.0,
        remote_level: 0.0,
        stats: None,
        ..view.clone()
    }
}

/// The same call as if no time passed in it.
fn without_clock(call: &CallView) -> CallView {
    let mut call = call.clone();
    if let CallView::Active {
        connected_for_ms, ..
    } = &mut call
    {
        *connected_for_ms = None;
    }
    call
}

#[cfg(test)]
mod tests {
    use call::view::{ActivePhase, Controls, Lacking, Received, RecordingView, Sharing};
    use engine::view::{
        CallStats, DeviceNow, DeviceView, LanView, NearbyPerson, RelayView, ShareView,
    };
    use media::backend::voice::VoiceHealth;

    use super::*;
    use crate::app::PipWish;

    fn device() -> DeviceView {
        DeviceView {
            available: Vec::new(),
            chosen: None,
            now: DeviceNow::Off,
        }
    }

    fn view(connected_for_ms: u64, microphone: bool) -> EngineView {
        let on = Controls {
            microphone: true,
            camera: true,
        };
        EngineView {
            lan: LanView::default(),
            relay: RelayView::None,
            call: CallView::Active {
                call: "1".to_owned(),
                peer: Peer {
                    address: "tincan:x".to_owned(),
                    name: "Bea".to_owned(),
                },
                phase: ActivePhase::Connected,
                local: on,
                wish: on,
                remote: Controls { microphone, ..on },
                remote_lacking: Lacking::default(),
                sharing: Sharing::default(),
                recording: RecordingView::default(),
                connected_for_ms: Some(connected_for_ms),
                received: Received::default(),
                culprit: None,
            },
            camera: device(),
            microphone: device(),
            speaker: device(),
            microphone_level: 0.0,
            microphone_silent: false,
            voice_health: VoiceHealth::default(),
            remote_level: 0.0,
            local_picture: false,
            remote_picture: false,
            share: ShareView::default(),
            remote_screen: None,
            stats: None,
            quality: None,
            summary: None,
            recording: None,
            chat: None,
            words: None,
        }
    }

    #[test]
    fn time_levels_and_figures_may_wait() {
        let stats = Some(CallStats::default());
        let later = EngineView {
            microphone_level: 0.5,
            stats,
            ..view(2000, true)
        };
        assert_eq!(urgency(&view(1000, true), &later), Urgency::Soon);
    }

    #[test]
    fn how_loud_they_are_is_left_out_while_their_picture_shows() {
        let loud = |remote_picture| EngineView {
            remote_level: 0.5,
            remote_picture,
            ..view(1000, true)
        };
        assert_eq!(seen(&loud(true)).remote_level, 0.0);
        assert_eq!(seen(&loud(false)), loud(false));
    }

    #[test]
    fn what_the_other_side_does_is_told_at_once() {
        assert_eq!(urgency(&view(1000, true), &view(1000, false)), Urgency::Now);
        let picture = EngineView {
            remote_picture: true,
            ..view(1000, true)
        };
        assert_eq!(urgency(&view(1000, true), &picture), Urgency::Now);
        let idle = EngineView {
            call: CallView::Idle,
            ..view(1000, true)
        };
        assert_eq!(urgency(&view(1000, true), &idle), Urgency::Now);
    }

    #[test]
    fn who_is_nearby_is_told_at_once() {
        let bea = NearbyPerson {
            address: "tincan:b".to_owned(),
            name: "Bea".to_owned(),
        };
        let before = EngineView {
            call: CallView::Idle,
            ..view(0, true)
        };
        let mut after = before.clone();
        after.lan.nearby.push(bea);
        assert_eq!(urgency(&before, &after), Urgency::Now);
    }

    #[test]
    fn words_are_told_at_once() {
        let words = Some(["a", "b", "c", "d"].map(str::to_owned));
        let met = EngineView {
            words,
            ..view(1000, true)
        };
        assert_eq!(urgency(&view(1000, true), &met), Urgency::Now);
    }

    #[test]
    fn a_small_window_gets_the_other_side_and_nobody_else() {
        let person = |address: &str| Person {
            address: address.to_owned(),
            name: String::new(),
            their_name: String::new(),
            contact: true,
            blocked: false,
            pinned_at: None,
            pinned_how: None,
        };
        let shell = ShellState {
            settings: store::Settings::default(),
            me: crate::view::Me {
                address: String::new(),
                link: String::new(),
                qr_svg: String::new(),
            },
            history: Vec::new(),
            people: vec![person("tincan:a"), person("tincan:b")],
            key_place: store::KeyPlace::File,
            opened_with: None,
            full_screen: false,
            minimized: false,
            pip: PipWish::default(),
            windows: std::collections::BTreeMap::new(),
        };
        let rings = |address: &str| CallView::Incoming {
            call: "1".to_owned(),
            peer: Peer {
                address: address.to_owned(),
                name: "Bea".to_owned(),
            },
            video: true,
            known: true,
        };
        assert_eq!(
            other_side(&rings("tincan:b"), &shell),
            Some(&shell.people[1])
        );
        assert_eq!(other_side(&rings("tincan:c"), &shell), None);
        let CallView::Active { peer, .. } = view(0, true).call else {
            panic!("a call is active");
        };
        let mut shell = shell;
        shell.people.push(person(&peer.address));
        let active = other_side(&view(0, true).call, &shell);
        assert_eq!(active, shell.people.last());
        assert_eq!(other_side(&CallView::Idle, &shell), None);
    }
}
