//! Recordings: with consent of both, across sessions, and never otherwise.

use std::sync::Arc;
use std::time::Duration;

use call::id::RecordingId;
use call::view::{CallView, OurRecording, RecordingEnd, RecordingView, TheirRecording};
use engine::command::{Command, RecordWish};
use engine::view::EngineView;
use engine::{Consent, RecordingFileState};
use media::backend::record::{RecordError, Writing};

use crate::support::{Duo, Page, Person, eventually};

const SECOND: Duration = Duration::from_secs(1);

fn of(view: &EngineView) -> Option<RecordingView> {
    match &view.call {
        CallView::Active { recording, .. } => Some(*recording),
        CallView::Idle
        | CallView::Outgoing { .. }
        | CallView::Incoming { .. }
        | CallView::Ended { .. } => None,
    }
}

/// Whether the mark of a recording shows, in a call.
fn is_marked(view: &EngineView) -> Option<bool> {
    let RecordingView { ours, theirs } = of(view)?;
    let ours = matches!(ours, OurRecording::Running { .. });
    Some(ours || matches!(theirs, TheirRecording::Running { .. }))
}

async fn wishes(person: &Person, wish: RecordWish) {
    person.does(Command::Record { wish }).await;
}

/// Waits until the other side asks.
async fn is_asked(person: &Person) -> RecordingId {
    let asked = |view: &EngineView| match of(view)?.theirs {
        TheirRecording::Asked { id } => Some(id),
        TheirRecording::Off | TheirRecording::Running { .. } | TheirRecording::Over { .. } => None,
    };
    person.sees("a question", asked).await
}

/// Waits until the other side asks, and agrees.
async fn agrees(person: &Person) {
    let id = is_asked(person).await;
    wishes(person, RecordWish::Agree { id }).await;
}

async fn sees_ours_over(person: &Person, wanted: RecordingEnd) {
    let over = |view: &EngineView| {
        let ours = of(view)?.ours;
        (ours == OurRecording::Over { why: wanted }).then_some(())
    };
    person.sees(&format!("{wanted:?}"), over).await;
}

/// Alice records; returns what she writes.
async fn records(duo: &Duo) -> Arc<Page> {
    wishes(&duo.alice, RecordWish::Start).await;
    agrees(&duo.bob).await;
    eventually("a recording", || duo.alice.notebook.last()).await
}

/// Waits until sound and pictures of both sides are handed to a recording, beside what there was.
async fn goes_on(page: &Page) {
    let before = page.notes();
    let more = || {
        let now = page.notes();
        let grew =
            |now: [usize; 2], before: [usize; 2]| now[0] > before[0] + 5 && now[1] > before[1] + 5;
        (grew(now.sent, before.sent) && grew(now.received, before.received)).then_some(())
    };
    eventually("frames of both sides", more).await;
}

#[tokio::test]
async fn both_sides_are_recorded_once_both_agreed_and_the_file_proves_it() {
    let duo = Duo::in_a_call().await;
    let page = records(&duo).await;
    goes_on(&page).await;
    assert_eq!(page.plan.with, "Bob");
    let consent = Consent::verify(&page.plan.consent).unwrap();
    assert_eq!(consent.asked.by, duo.alice.address());
    assert_eq!(consent.agreed.by, duo.bob.address());
    assert_eq!(
        Some(consent.asked.call.as_str()),
        duo.alice.view().call.call()
    );
    for person in [&duo.alice, &duo.bob] {
        let marked = |view: &EngineView| is_marked(view)?.then_some(());
        person.sees("the mark", marked).await;
    }
    assert_eq!(duo.bob.notebook.pages(), 0);

    wishes(&duo.bob, RecordWish::Stop).await;
    sees_ours_over(&duo.alice, RecordingEnd::StoppedByThem).await;
    let finished = |view: &EngineView| {
        let file = view.recording.as_ref()?;
        let is_there = file.folder.as_deref() == Some("/recordings/Bob");
        (file.state == RecordingFileState::Finished && is_there).then_some(())
    };
    duo.alice.sees("the file", finished).await;
    let after = page.notes();
    duo.alice.listens(SECOND / 5).await;
    assert_eq!(page.notes().sent, after.sent, "nothing is handed over");
    duo.stop().await;
}

#[tokio::test]
async fn nothing_is_recorded_before_an_answer_or_after_a_refusal() {
    let duo = Duo::in_a_call().await;
    wishes(&duo.alice, RecordWish::Start).await;
    let id = is_asked(&duo.bob).await;
    duo.pass(5 * SECOND).await;
    assert_eq!(duo.alice.notebook.pages(), 0);
    wishes(&duo.bob, RecordWish::Refuse { id }).await;
    sees_ours_over(&duo.alice, RecordingEnd::Refused).await;
    assert_eq!(duo.alice.notebook.pages(), 0);
    duo.stop().await;
}

#[tokio::test]
async fn both_who_ask_at_once_record_once_each_agreed() {
    let duo = Duo::in_a_call().await;
    tokio::join!(
        wishes(&duo.alice, RecordWish::Start),
        wishes(&duo.bob, RecordWish::Start)
    );
    let (alice, bob) = (is_asked(&duo.alice).await, is_asked(&duo.bob).await);
    for person in [&duo.alice, &duo.bob] {
        assert_eq!(person.notebook.pages(), 0, "to ask is not to agree");
    }
    wishes(&duo.alice, RecordWish::Agree { id: alice }).await;
    wishes(&duo.bob, RecordWish::Agree { id: bob }).await;
    for person in [&duo.alice, &duo.bob] {
        let page = eventually("a recording", || person.notebook.last()).await;
        goes_on(&page).await;
        Consent::verify(&page.plan.consent).unwrap();
    }
    duo.stop().await;
}

#[tokio::test]
async fn another_session_carries_the_same_recording_on() {
    let duo = Duo::in_a_call().await;
    let page = records(&duo).await;
    goes_on(&page).await;
    duo.alice.uplink.changes_now();
    for person in [&duo.alice, &duo.bob] {
        person.has_opened_sessions(2).await;
    }
    duo.pass(3 * SECOND).await;
    goes_on(&page).await;
    assert_eq!(duo.alice.notebook.pages(), 1);
    let notes = page.notes();
    assert_eq!(notes.progress.writing, Writing::Running);
    let is_in_order = notes.sequences.windows(2).all(|it| it[0] < it[1]);
    assert!(is_in_order, "packets go on counting: {:?}", notes.sequences);
    duo.stop().await;
}

#[tokio::test]
async fn a_full_disk_ends_the_recording_and_not_the_call() {
    let duo = Duo::in_a_call().await;
    let page = records(&duo).await;
    page.fails();
    sees_ours_over(&duo.alice, RecordingEnd::Failed).await;
    let told = |view: &EngineView| {
        let why = RecordError::DiskFull;
        let state = view.recording.as_ref()?.state;
        (state == RecordingFileState::Failed { why }).then_some(())
    };
    duo.alice.sees("why", told).await;
    let unmarked = |view: &EngineView| (!is_marked(view)?).then_some(());
    duo.bob.sees("no mark", unmarked).await;
    duo.bob.devices.sing(700);
    duo.alice.hears(700).await;
    duo.stop().await;
}

#[tokio::test]
async fn the_end_of_the_call_ends_the_recording() {
    let duo = Duo::in_a_call().await;
    let page = records(&duo).await;
    goes_on(&page).await;
    duo.hangs_up().await;
    assert_eq!(page.notes().progress.writing, Writing::Finished);
    assert!(duo.alice.view().recording.is_some(), "it is still shown");
    duo.talks().await;
    assert_eq!(duo.alice.view().recording, None);
    duo.stop().await;
}
