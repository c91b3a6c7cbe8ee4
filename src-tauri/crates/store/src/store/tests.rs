//! Real directories.

mod calls;
mod contacts;
mod legacy;
mod places;
mod remembered;
mod texts;
mod transfer;

use std::fs;

use proptest::prelude::*;
use tempfile::TempDir;

use super::*;
use crate::history::{CAPACITY, HistoryPeer};
use crate::settings::{Carrier, IceServer, LanVisibility, PictureFit, SelfView, Theme, WhoMayRing};

fn place() -> TempDir {
    tempfile::tempdir().unwrap()
}

fn entry(n: u64) -> HistoryEntry {
    HistoryEntry {
        peer: HistoryPeer {
            address: format!("tincan:{n}"),
            name: "Ann".to_owned(),
        },
        relay: Some("wss://relay.example/v2".to_owned()),
        at: n,
        outgoing: n.is_multiple_of(2),
        reason: "localHangup".to_owned(),
        accepted: false,
        lasted_ms: Some(n),
        record: None,
    }
}

fn all_set() -> Settings {
    Settings {
        name: "Ann".to_owned(),
        started: true,
        camera: Some("cam".to_owned()),
        microphone: Some("mic".to_owned()),
        speaker: Some("ear".to_owned()),
        ring_speaker: Some("bell".to_owned()),
        echo_cancellation: false,
        noise_suppression: false,
        auto_gain_control: false,
        relay: "wss://relay.example/v2".to_owned(),
        ice_servers: vec![IceServer {
            url: "turn:turn.example".to_owned(),
            username: "u".to_owned(),
            credential: "c".to_owned(),
        }],
        theme: Theme::Dark,
        self_view: SelfView::Hidden,
        picture_fit: PictureFit::Fill,
        ring_seconds: 60,
        who_may_ring: WhoMayRing::Contacts,
        keep_texts: false,
        lan: LanVisibility::Everyone,
        carrier: Carrier::LiveKit,
        max_send_kbps: 2500,
    }
}

#[test]
fn everything_is_there_again_after_a_restart() {
    let dir = place();
    let mut store = Store::open(&dir.path().join("a/b")).unwrap();
    let address = store.identity().address();
    store.set_settings(all_set()).unwrap();
    store.add(entry(1)).unwrap();
    store.add(entry(2)).unwrap();
    drop(store);
    let store = Store::open(&dir.path().join("a/b")).unwrap();
    assert_eq!(store.identity().address(), address);
    assert_eq!(store.settings(), all_set());
    assert_eq!(store.history(), [entry(1), entry(2)]);
}

#[test]
fn two_directories_are_two_people() {
    let (one, other) = (place(), place());
    let address = |dir: &TempDir| Store::open(dir.path()).unwrap().identity().address();
    assert_ne!(address(&one), address(&other));
}

#[test]
fn a_second_program_is_kept_out_with_a_clear_word() {
    let dir = place();
    let first = Store::open(dir.path()).unwrap();
    let error = Store::open(dir.path()).unwrap_err();
    assert!(matches!(error, StoreError::InUse(_)));
    assert!(
        error.to_string().contains("in use by another copy"),
        "{error}"
    );
    drop(first);
    assert!(Store::open(dir.path()).is_ok());
}

#[test]
fn a_key_that_is_none_is_never_overwritten() {
    let dir = place();
    let path = dir.path().join("identity.key");
    for bytes in [&b""[..], b"short", &[1; 33]] {
        fs::write(&path, bytes).unwrap();
        let error = Store::open(dir.path()).unwrap_err();
        assert!(matches!(error, StoreError::BadIdentity(_)), "{error}");
        assert_eq!(fs::read(&path).unwrap(), bytes);
    }
}

#[test]
fn a_key_that_anybody_could_guess_is_refused_and_moved_aside() {
    let dir = place();
    let path = dir.path().join("identity.key");
    fs::write(&path, [0; 32]).unwrap();
    let error = Store::open(dir.path()).unwrap_err();
    let kept = dir.path().join("identity.key.broken");
    assert!(matches!(error, StoreError::GuessableIdentity { .. }));
    assert!(error.to_string().contains(&kept.display().to_string()));
    assert_eq!(fs::read(kept).unwrap(), [0; 32]);
    let identity = Store::open(dir.path()).unwrap().identity();
    assert_ne!(identity.seed(), &[0; 32]);
}

#[test]
fn everything_is_brought_within_its_limits() {
    let long = "x".repeat(100_000);
    let wild = Settings {
        name: format!(" \u{202e}{long}\n"),
        camera: Some(String::new()),
        speaker: Some(long.clone()),
        relay: format!("  {long}"),
        ice_servers: vec![
            IceServer {
                url: format!("stun:{long}"),
                ..IceServer::default()
            };
            100
        ],
        ring_seconds: 0,
        max_send_kbps: u32::MAX,
        ..Settings::default()
    };
    let tame = wild.validated();
    assert_eq!(tame.name.chars().count(), 64);
    assert_eq!(tame.camera, None);
    assert_eq!(tame.speaker.as_ref().map(String::len), Some(512));
    assert_eq!(tame.relay.len(), 512);
    assert_eq!(tame.ice_servers.len(), 8);
    assert_eq!((tame.ring_seconds, tame.max_send_kbps), (20, 20_000));
    assert_eq!(tame.clone().validated(), tame);
    let entry = HistoryEntry {
        reason: long.clone(),
        at: u64::MAX,
        ..entry(1)
    }
    .validated();
    assert_eq!((entry.reason.len(), entry.at), (512, (1 << 53) - 1));
}

#[test]
fn a_server_that_cannot_be_asked_is_left_out() {
    let server = |url: &str, username: &str, credential: &str| IceServer {
        url: url.to_owned(),
        username: username.to_owned(),
        credential: credential.to_owned(),
    };
    let settings = Settings {
        ice_servers: vec![
            server("stun:stun.example", "", ""),
            server("stun:", "", ""),
            server("turn:turn.example", "ada", "secret"),
            server("turn:turn.example", "ada", ""),
            server("https://example.org", "", ""),
            server("", "", ""),
        ],
        ..Settings::default()
    };
    let urls: Vec<_> = settings
        .validated()
        .ice_servers
        .into_iter()
        .map(|it| it.url)
        .collect();
    assert_eq!(urls, ["stun:stun.example", "turn:turn.example"]);
}

#[cfg(unix)]
#[test]
fn only_the_user_reads_the_key_and_the_database() {
    use std::os::unix::fs::PermissionsExt;

    let dir = place();
    let path = dir.path().join("data");
    let mode = |name: &str| fs::metadata(path.join(name)).unwrap().permissions().mode() & 0o777;
    let mut store = Store::open(&path).unwrap();
    store.set_settings(all_set()).unwrap();
    assert_eq!(mode("identity.key"), 0o600);
    assert_eq!(mode("tincan.db"), 0o600, "it holds the TURN credentials");
    assert_eq!(mode(""), 0o700);
    drop(store);
    for name in ["identity.key", "tincan.db"] {
        fs::set_permissions(path.join(name), fs::Permissions::from_mode(0o644)).unwrap();
    }
    drop(Store::open(&path).unwrap());
    assert_eq!((mode("identity.key"), mode("tincan.db")), (0o600, 0o600));
}

#[test]
fn a_write_that_fails_leaves_what_was_there() {
    let dir = place();
    let mut store = Store::open(dir.path()).unwrap();
    store.set_settings(all_set()).unwrap();
    fs::remove_dir_all(dir.path()).unwrap();
    let error = store.set_settings(Settings::default()).unwrap_err();
    assert!(matches!(error, StoreError::Io { .. }));
    let told = error.to_string();
    assert!(
        told.starts_with("cannot write") && told.contains("tincan.db"),
        "{told}"
    );
    let cause = std::error::Error::source(&error);
    assert!(cause.is_none(), "a chain of causes would tell it twice");
    assert_eq!(
        store.settings(),
        Settings::default(),
        "it holds until the program ends"
    );
}

#[test]
fn no_temporary_file_stays() {
    let dir = place();
    let mut store = Store::open(dir.path()).unwrap();
    store.set_settings(all_set()).unwrap();
    store.add(entry(1)).unwrap();
    assert_eq!(
        names(&dir),
        ["identity.key", "key.place", "lock", "tincan.db"]
    );
}

/// What is in a directory.
fn names(dir: &TempDir) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(dir.path())
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[cfg(unix)]
#[test]
fn what_is_no_file_is_refused_at_once() {
    use std::os::unix::net::UnixListener;

    for name in [
        "lock",
        "identity.key",
        "key.place",
        "tincan.db",
        "tincan.db-journal",
        "settings.json",
        "history.json",
    ] {
        let place = place();
        // A socket stands for a pipe, whose opening would wait for a writer.
        let _socket = UnixListener::bind(place.path().join(name)).unwrap();
        let said = Store::open(place.path()).unwrap_err().to_string();
        assert!(said.ends_with("it is not a file"), "{name}: {said}");
        fs::remove_file(place.path().join(name)).unwrap();
        Store::open(place.path()).unwrap();
    }
}

#[test]
fn secrets_stay_out_of_logs() {
    let shown = format!("{:?} {:?}", all_set(), entry(1));
    assert!(
        !shown.contains("turn.example") && !shown.contains("tincan:"),
        "{shown}"
    );
    let shown = format!("{:?}", entry(1));
    assert!(!shown.contains("relay.example"), "{shown}");
}

#[test]
fn the_page_knows_settings_by_these_names() {
    let json = serde_json::to_value(all_set()).unwrap();
    let names: Vec<_> = json.as_object().unwrap().keys().cloned().collect();
    let mut expected = [
        "name",
        "started",
        "camera",
        "microphone",
        "speaker",
        "ringSpeaker",
        "echoCancellation",
        "noiseSuppression",
        "autoGainControl",
        "relay",
        "iceServers",
        "theme",
        "selfView",
        "pictureFit",
        "ringSeconds",
        "maxSendKbps",
        "whoMayRing",
        "keepTexts",
        "lan",
        "carrier",
    ];
    let mut names: Vec<_> = names.iter().map(String::as_str).collect();
    names.sort_unstable();
    expected.sort_unstable();
    assert_eq!(names, expected);
    assert_eq!(json["theme"], "dark");
    assert_eq!(json["selfView"], "hidden");
    assert_eq!(json["pictureFit"], "fill");
    assert_eq!(json["whoMayRing"], "contacts");
    assert_eq!(json["lan"], "everyone");
    assert_eq!(json["carrier"], "livekit");
}

proptest! {
    #[test]
    fn no_file_makes_reading_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let (settings, _) = Settings::default().with_text(&bytes);
        prop_assert_eq!(settings.clone().validated(), settings);
        let (history, _) = history::salvage(&bytes);
        prop_assert!(history.len() <= CAPACITY);
    }

    #[test]
    fn fields_of_any_kind_do_no_harm(
        field in prop::sample::select(vec!["name", "camera", "iceServers", "carrier", "ringSeconds"]),
        value in prop::sample::select(vec!["1", "-1", "null", "[]", "{}", "\"x\"", "[{}]", "[1]"]),
    ) {
        let text = format!("{{\"{field}\":{value},\"relay\":\"ws://r/v1\"}}");
        let (settings, _) = Settings::default().with_text(text.as_bytes());
        prop_assert_eq!(settings.relay, "ws://r/v1");
    }
}
