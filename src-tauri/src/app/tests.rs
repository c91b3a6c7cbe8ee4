use std::path::Path;

use call::id::Peer;
use call::view::{ActivePhase, CallView};
use clap::Parser;
use headless::test_call::{EchoPeer, PictureOutcome, TestReport, VoiceOutcome};
use media::backend::device::DeviceId;
use store::{HistoryEntry, HistoryPeer};

use super::*;

/// An app in `dir` that touches no device.
fn app(dir: &Path) -> App {
    let line = "x --camera none --microphone none --speaker none";
    let options = Options::try_parse_from(line.split(' ')).unwrap();
    App::start(options, Store::open(dir).unwrap()).unwrap().0
}

#[tokio::test]
async fn the_end_does_not_wait_for_the_disk() {
    let dir = tempfile::tempdir().unwrap();
    let app = Arc::new(app(dir.path()));
    let (locked, is_locked) = std::sync::mpsc::channel();
    let (go_on, goes_on) = std::sync::mpsc::channel::<()>();
    let store = Arc::clone(&app.store);
    let slow_disk = std::thread::spawn(move || {
        let _store = store.lock().unwrap();
        locked.send(()).unwrap();
        goes_on.recv().unwrap();
    });
    is_locked.recv().unwrap();
    let choosing = tokio::spawn({
        let app = Arc::clone(&app);
        let use_device = Command::UseDevice {
            role: DeviceRole::Camera,
            id: Some(DeviceId("cam".to_owned())),
        };
        async move { app.perform(use_device).await }
    });
    let mut shell = app.shell();
    let chosen = shell.wait_for(|it| it.settings.camera.is_some());
    drop(chosen.await.unwrap());
    let stopped = tokio::time::timeout(PATIENCE, app.stop()).await;
    go_on.send(()).unwrap();
    choosing.await.unwrap().unwrap();
    slow_disk.join().unwrap();
    assert!(stopped.is_ok(), "it waits for the disk");
}

fn change(setting: &str, value: &str) -> serde_json::Map<String, serde_json::Value> {
    [(setting.to_owned(), value.into())].into_iter().collect()
}

fn somebody() -> Peer {
    Peer {
        address: Identity::generate().unwrap().address().to_string(),
        name: "Bea".to_owned(),
    }
}

fn call_of(peer: &Peer) -> HistoryEntry {
    HistoryEntry {
        peer: HistoryPeer {
            address: peer.address.clone(),
            name: peer.name.clone(),
        },
        relay: None,
        at: 1,
        outgoing: true,
        reason: "localHangup".to_owned(),
        accepted: false,
        lasted_ms: Some(1),
        record: None,
    }
}

#[tokio::test]
async fn people_show_as_soon_as_they_are_saved_and_by_the_name_that_the_user_gave() {
    let dir = tempfile::tempdir().unwrap();
    let app = app(dir.path());
    let bea = somebody();
    assert_eq!(app.name_of(&bea), "Bea");
    app.save_contact(&bea.address, " Aunt\u{202e}ie ")
        .await
        .unwrap();
    assert_eq!(app.name_of(&bea), "Auntie");
    app.save_contact(&bea.address, "").await.unwrap();
    assert_eq!(app.name_of(&bea), "Bea");
    let nameless = Peer {
        name: String::new(),
        ..bea.clone()
    };
    app.store.lock().unwrap().add(call_of(&bea)).unwrap();
    app.save_contact(&bea.address, "").await.unwrap();
    assert_eq!(
        app.name_of(&nameless),
        "Bea",
        "as they called themselves before"
    );
    app.set_blocked(&bea.address, true).await.unwrap();
    app.delete_contact(&bea.address).await.unwrap();
    let people = app.shell().borrow().people.clone();
    assert_eq!(people.len(), 1);
    assert!(people[0].blocked && !people[0].contact);
    app.stop().await;
}

#[tokio::test]
async fn what_is_no_address_is_nobody() {
    let dir = tempfile::tempdir().unwrap();
    let app = app(dir.path());
    for refused in [
        app.save_contact("Bea", "Bea").await,
        app.delete_contact("").await,
        app.set_blocked("tincan:x", true).await,
    ] {
        assert_eq!(refused.unwrap_err().code, ErrorCode::BadAddress);
    }
    assert!(app.shell().borrow().people.is_empty());
    app.stop().await;
}

#[tokio::test]
async fn nobody_is_pinned_without_a_call() {
    let dir = tempfile::tempdir().unwrap();
    let app = app(dir.path());
    let refused = app.pin_words("00f3a9c2d4e5b617").await;
    assert_eq!(refused.unwrap_err().code, ErrorCode::NoWords);
    assert!(app.shell().borrow().people.is_empty());
    app.stop().await;
}

#[tokio::test]
async fn an_export_makes_another_installation_the_same_person() {
    let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let downloads = tempfile::tempdir().unwrap();
    let (old, new) = (app(here.path()), app(there.path()));
    let bea = somebody();
    old.configure(change("name", "Ada")).await.unwrap();
    old.save_contact(&bea.address, "Auntie").await.unwrap();
    let directory = downloads.path().to_owned();
    let path = old
        .export_identity(directory, "copper lantern".to_owned())
        .await
        .unwrap();
    let file = data_encoding::BASE64.encode(&std::fs::read(path).unwrap());
    let wrong = new
        .import_identity(&file, "copper lanterm".to_owned())
        .await;
    assert_eq!(wrong.unwrap_err().code, ErrorCode::WrongPassphrase);
    new.import_identity(&file, "copper lantern".to_owned())
        .await
        .unwrap();
    // The page may still change something before the program ends.
    new.configure(change("theme", "dark")).await.unwrap();
    old.stop().await;
    new.stop().await;
    let address = old.address;
    drop(new);
    let store = Store::open(there.path()).unwrap();
    assert_eq!(store.identity().address(), address);
    assert_eq!(store.people()[0].name, "Auntie");
    let settings = store.settings();
    assert_eq!(
        settings.name, "Ada",
        "settings of before the import came back"
    );
    assert_eq!(settings.theme, store::Theme::Dark);
}

#[tokio::test]
async fn what_is_no_export_is_refused_before_anything_changes() {
    let dir = tempfile::tempdir().unwrap();
    let app = app(dir.path());
    let passphrase = || "copper lantern".to_owned();
    for file in ["", "!", "dGluY2Fu"] {
        let refused = app.import_identity(file, passphrase()).await;
        assert_eq!(refused.unwrap_err().code, ErrorCode::NotAnExport, "{file}");
    }
    let long = "A".repeat(6 * 1024 * 1024);
    let refused = app.import_identity(&long, passphrase()).await;
    assert_eq!(refused.unwrap_err().code, ErrorCode::NotAnExport);
    let weak = app.export_identity(dir.path().to_owned(), "short".to_owned());
    assert_eq!(weak.await.unwrap_err().code, ErrorCode::WeakPassphrase);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_call_needs_no_relay_and_is_remembered_nowhere() {
    let dir = tempfile::tempdir().unwrap();
    let line = "x --camera none --microphone none --speaker none --relay ws://127.0.0.1:9";
    let options = Options::try_parse_from(line.split(' ')).unwrap();
    let (app, streams) = App::start(options, Store::open(dir.path()).unwrap()).unwrap();
    let app = Arc::new(app);
    let keeping = tokio::spawn({
        let app = Arc::clone(&app);
        async move { app.keep_history(streams.records).await }
    });
    let mut views = app.views();
    for _ in 0..2 {
        app.test_call().await.unwrap();
        let again = app.test_call().await.unwrap_err();
        assert_eq!(again.code, ErrorCode::AlreadyInCall);
        let connected = |view: &Arc<EngineView>| match &view.call {
            CallView::Active { phase, peer, .. } => {
                *phase == ActivePhase::Connected && peer.name == EchoPeer::NAME
            }
            CallView::Idle
            | CallView::Outgoing { .. }
            | CallView::Incoming { .. }
            | CallView::Ended { .. } => false,
        };
        let connected = views.wait_for(connected);
        let connected = tokio::time::timeout(Duration::from_secs(20), connected).await;
        drop(connected.expect("it connects").unwrap());
        app.perform(Command::End).await.unwrap();
        drop(views.wait_for(|it| !it.call.is_busy()).await.unwrap());
    }
    let stopped = tokio::time::timeout(PATIENCE, app.stop()).await;
    assert!(stopped.is_ok());
    keeping.await.unwrap();
    assert!(app.shell().borrow().history.is_empty());
    assert!(app.shell().borrow().people.is_empty());
}

#[tokio::test]
async fn a_test_call_tells_what_came_back_while_it_lasts_and_when_it_is_over() {
    let dir = tempfile::tempdir().unwrap();
    let line = "x --camera synthetic --microphone synthetic --speaker none --size 320x180 --fps 15 \
                --relay none --lan off";
    let options = Options::try_parse_from(line.split(' ')).unwrap();
    let store = Store::open(dir.path()).unwrap();
    let app = App::start(options, store).unwrap().0;
    let mut tested = app.tested();
    assert_eq!(*tested.borrow(), None, "before the first");
    app.test_call().await.unwrap();
    let came_back = |it: &TestReport| {
        it.voice == VoiceOutcome::Returned
            && it.picture == PictureOutcome::Returned
            && it.round_trip_ms.is_some()
    };
    let found = tested.wait_for(|it| it.as_ref().is_some_and(came_back));
    let found = tokio::time::timeout(Duration::from_secs(30), found).await;
    let found = found.expect("it comes back").unwrap().clone().unwrap();
    assert!(
        found.voice_delay_ms.unwrap() < 1_000.0 && found.audio_loss < 0.1,
        "{found:?}"
    );
    app.perform(Command::End).await.unwrap();
    let over = tested.wait_for(|it| it.as_ref().is_some_and(|it| it.over && came_back(it)));
    drop(over.await.unwrap());
    assert!(app.shell().borrow().history.is_empty());
    app.stop().await;
}
