//! What a session logs can be tied to its call.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use media::transport::{Role, Stream};
use webrtc::runtime::AsyncUdpSocket;

use super::duo::{Duo, End};
use crate::peer::socket::SocketLayer;

/// All that is logged on this thread.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Logs where the library's driver binds.
#[derive(Debug)]
struct Talkative;

impl SocketLayer for Talkative {
    fn wrap(&self, socket: Arc<dyn AsyncUdpSocket>) -> Arc<dyn AsyncUdpSocket> {
        tracing::info!("a socket is bound");
        socket
    }
}

// On one thread: a log of one thread alone is not mixed with those of other tests.
#[tokio::test]
async fn every_line_of_a_session_names_its_call_whichever_task_writes_it() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_ansi(false)
        .with_max_level(tracing::Level::DEBUG)
        .with_writer(move || writer.clone())
        .finish();
    let _logging = tracing::subscriber::set_default(subscriber);

    let layer = || Some(Arc::new(Talkative) as Arc<dyn SocketLayer>);
    let caller = End::open(Role::Offerer, layer()).await;
    let callee = End::open(Role::Answerer, layer()).await;
    let mut duo = Duo::couple(caller, callee);
    duo.both_connected().await;
    let hello = bytes::Bytes::from_static(b"hello");
    duo.caller.control.send_data(hello.clone()).unwrap();
    duo.callee.control.send_data(hello).unwrap();
    duo.callee.next_data().await;
    duo.caller.next_data().await;
    // More than waits for the task while nobody lets it run: the handle says so.
    for _ in 0..1000 {
        duo.callee.control.request_keyframe(Stream::Camera);
    }
    duo.close().await;

    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    for line in log.lines() {
        let of = |id: u64| line.contains(&format!(" call{{id={id:016x}}}: "));
        assert!(of(1) ^ of(2), "{line}");
    }
    for (id, text) in [
        (1, "a socket is bound"),
        (2, "a socket is bound"),
        (2, "negotiation"),
        (1, "a data channel is open"),
        (2, "a data channel is open"),
        (2, "the session is flooded"),
    ] {
        let id = format!("call{{id={id:016x}}}: ");
        let found = log.lines().any(|it| it.contains(&id) && it.contains(text));
        assert!(found, "{id}{text}\n{log}");
    }
}
