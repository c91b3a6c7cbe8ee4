use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};

use tokio::sync::mpsc;
use tokio::task::spawn_blocking;

use super::endpoint::Endpoint;
use super::*;

/// The first start in `data`, and what arrives at its window.
fn first(data: &Path) -> (Store, Listener, mpsc::Receiver<Activation>) {
    let Start::First(store) = start(data, Keychain::Unused, None).unwrap() else {
        panic!("somebody was there before");
    };
    let (tell, activations) = mpsc::channel(4);
    let listener = Listener::open(data, tell).unwrap();
    (*store, listener, activations)
}

async fn second(data: &Path, link: &str) -> Result<Start, StartError> {
    let (data, link) = (data.to_owned(), link.to_owned());
    spawn_blocking(move || start(&data, Keychain::Unused, Some(&link)))
        .await
        .unwrap()
}

#[tokio::test]
async fn a_second_start_hands_over_its_link_once_the_window_is_up() {
    let dir = tempfile::tempdir().unwrap();
    let (_store, _listener, mut activations) = first(dir.path());
    for link in ["tincan:a", "\"quoted\"\nand broken"] {
        let window = async {
            let activation = activations.recv().await.unwrap();
            assert_eq!(activation.link.as_deref(), Some(link));
            activation.shown.send(()).unwrap();
        };
        let (started, ()) = tokio::join!(second(dir.path(), link), window);
        assert!(matches!(started, Ok(Start::Second)), "{started:?}");
    }
}

#[tokio::test]
async fn a_link_longer_than_any_brings_the_window_up_too() {
    let dir = tempfile::tempdir().unwrap();
    let (_store, _listener, mut activations) = first(dir.path());
    for link in [
        "x".repeat(130_000),
        "\u{1}".repeat(130_000),
        "é".repeat(60_000),
    ] {
        let window = async {
            let activation = activations.recv().await.unwrap();
            let shown = activation.link.unwrap();
            assert!(shown.len() > 1_000 && link.starts_with(&shown), "{shown}");
            activation.shown.send(()).unwrap();
        };
        let (started, ()) = tokio::join!(second(dir.path(), &link), window);
        assert!(matches!(started, Ok(Start::Second)), "{started:?}");
    }
}

#[tokio::test]
async fn a_frozen_window_is_told_apart_from_a_free_profile() {
    let dir = tempfile::tempdir().unwrap();
    let (store, listener, mut activations) = first(dir.path());
    let started = second(dir.path(), "tincan:a");
    // The request is there, and the thread that draws does not come to it.
    let (started, activation) = tokio::join!(started, activations.recv());
    assert!(matches!(started, Err(StartError::Frozen)), "{started:?}");
    drop((activation, listener, store));
    let again = second(dir.path(), "tincan:a").await;
    assert!(matches!(again, Ok(Start::First(_))), "{again:?}");
}

#[test]
fn a_stopped_process_is_frozen_too() {
    let dir = tempfile::tempdir().unwrap();
    let _store = Store::open(dir.path()).unwrap();
    // The system takes the connection in for a process that does not run.
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = Endpoint::new(socket.local_addr().unwrap().port()).unwrap();
    endpoint.write(dir.path()).unwrap();
    let started = start(dir.path(), Keychain::Unused, None);
    assert!(matches!(started, Err(StartError::Frozen)), "{started:?}");
}

#[test]
fn a_program_without_a_window_keeps_its_profile() {
    let dir = tempfile::tempdir().unwrap();
    let _store = Store::open(dir.path()).unwrap();
    let started = start(dir.path(), Keychain::Unused, None);
    assert!(
        matches!(started, Err(StartError::Store(StoreError::InUse(_)))),
        "{started:?}"
    );
}

#[test]
fn a_start_waits_for_one_that_is_about_to_end() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    let ending = thread::spawn(move || {
        thread::sleep(Duration::from_millis(300));
        drop(store);
    });
    assert!(matches!(
        start(dir.path(), Keychain::Unused, None),
        Ok(Start::First(_))
    ));
    ending.join().unwrap();
}

#[tokio::test]
async fn a_start_takes_over_from_a_window_that_is_ending() {
    let dir = tempfile::tempdir().unwrap();
    let (store, listener, mut activations) = first(dir.path());
    let ending = async {
        // It came just before the window was closed.
        drop(activations.recv().await.unwrap());
        listener.close();
        tokio::time::sleep(Duration::from_millis(300)).await;
        drop(store);
    };
    let (started, ()) = tokio::join!(second(dir.path(), "tincan:a"), ending);
    assert!(matches!(started, Ok(Start::First(_))), "{started:?}");
}

#[tokio::test]
async fn whoever_has_not_read_the_file_gets_no_answer() {
    let dir = tempfile::tempdir().unwrap();
    let (_store, _listener, mut activations) = first(dir.path());
    let port = Endpoint::read(dir.path()).unwrap().port;
    let line = |sent: &'static str| {
        spawn_blocking(move || {
            let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
            stream.write_all(sent.as_bytes()).unwrap();
            let mut answer = String::new();
            // An error is no answer either.
            let _ = BufReader::new(stream).read_line(&mut answer);
            answer
        })
    };
    for sent in [
        "{\"token\":\"00\",\"link\":\"tincan:a\"}\n",
        "{\"token\":\"\",\"link\":null}\n",
        "GET / HTTP/1.1\r\n",
        "\n",
    ] {
        assert_eq!(line(sent).await.unwrap(), "", "{sent}");
    }
    assert!(activations.try_recv().is_err());
}

#[tokio::test]
async fn strangers_who_say_nothing_keep_no_second_start_out() {
    let dir = tempfile::tempdir().unwrap();
    let (_store, _listener, mut activations) = first(dir.path());
    let port = Endpoint::read(dir.path()).unwrap().port;
    let silent = || TcpStream::connect(("127.0.0.1", port)).unwrap();
    let _strangers: Vec<_> = std::iter::repeat_with(silent).take(40).collect();
    let window = async {
        loop {
            activations.recv().await.unwrap().shown.send(()).unwrap();
        }
    };
    let started = tokio::select! {
        started = second(dir.path(), "tincan:a") => started,
        () = window => unreachable!("it shows for ever"),
    };
    assert!(matches!(started, Ok(Start::Second)), "{started:?}");
}

#[cfg(unix)]
#[tokio::test]
async fn the_file_is_for_this_user_alone() {
    use std::os::unix::fs::PermissionsExt as _;

    let dir = tempfile::tempdir().unwrap();
    let (_store, listener, _activations) = first(dir.path());
    let path = dir.path().join("window.json");
    let mode = std::fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    drop(listener);
    assert!(!path.exists());
}
