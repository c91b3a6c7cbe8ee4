//! What a link makes of places that are no relay.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures::{SinkExt, StreamExt};
use signal_client::{CallNumber, LinkEvent, LinkState, NoAccess, Problem, Timing};
use signal_relay::Config;
use signal_wire::{
    Capabilities, Challenge, IceServer, IceServers, RelayFrame, SessionToken, VERSION,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::sleep;
use tokio_tungstenite::tungstenite::Message;

use crate::support::{Person, Running, quick, somebody, soon};

/// Something at a port that treats every connection the same way. Returns its URL and how often
/// it was called.
async fn something<F>(treat: impl Fn(TcpStream) -> F + Send + 'static) -> (String, Arc<AtomicUsize>)
where
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0")
        .await
        .expect("there is a free port");
    let url = format!("ws://{}/v2", listener.local_addr().expect("it is bound"));
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            counted.fetch_add(1, Ordering::Relaxed);
            tokio::spawn(treat(stream));
        }
    });
    (url, calls)
}

/// Answers the first bytes with these, and closes.
async fn answer(mut stream: TcpStream, with: &[u8]) {
    let mut request = [0; 1024];
    let _asked: Result<usize, _> = stream.read(&mut request).await;
    let _answered: Result<(), _> = stream.write_all(with).await;
    let _closed: Result<(), _> = stream.shutdown().await;
}

/// Takes a WebSocket, says these messages, and waits.
async fn say(stream: TcpStream, messages: Vec<Message>) {
    let Ok(mut socket) = tokio_tungstenite::accept_async(stream).await else {
        return;
    };
    for message in messages {
        let _said: Result<(), _> = socket.send(message).await;
    }
    while let Some(Ok(_)) = socket.next().await {}
}

async fn problem(url: &str) -> Problem {
    let mut ann = Person::new(url);
    loop {
        if let LinkState::Offline(problem) = *ann.link.state().borrow() {
            return problem;
        }
        assert!(ann.events.recv().await.is_some());
    }
}

#[tokio::test]
async fn nothing_there_is_unreachable() {
    assert_eq!(problem("ws://127.0.0.1:1/v2").await, Problem::Unreachable);
    assert_eq!(
        problem("ws://does-not-exist.invalid/v2").await,
        Problem::Unreachable
    );
}

#[tokio::test]
async fn servers_of_other_kinds_are_no_relay() {
    let answers: [&[u8]; 6] = [
        b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi",
        b"SSH-2.0-OpenSSH_9.2p1\r\n",
        b"\x00\x01\x02\xff\xfe",
        b"220 mail.example.org ESMTP\r\n",
        b"",
    ];
    for with in answers {
        let (url, _) = something(move |stream| answer(stream, with)).await;
        let text = String::from_utf8_lossy(with).into_owned();
        assert_eq!(problem(&url).await, Problem::NotARelay, "{text:?}");
    }
    let (url, _) = something(|stream| answer(stream, b"HTTP/1.1 502 Bad Gateway\r\n\r\n")).await;
    assert_eq!(
        problem(&url).await,
        Problem::Unreachable,
        "a proxy whose relay is away"
    );
}

#[tokio::test]
async fn a_relay_without_room_is_full_and_tried_again() {
    let answers: [&[u8]; 2] = [
        b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 429 Too Many Requests\r\nContent-Length: 0\r\n\r\n",
    ];
    for with in answers {
        let (url, calls) = something(move |stream| answer(stream, with)).await;
        let mut ann = Person::new(&url);
        ann.until(LinkState::Offline(Problem::Full)).await;
        soon(async {
            while calls.load(Ordering::Relaxed) < 3 {
                sleep(Duration::from_millis(10)).await;
            }
        })
        .await;
    }
}

#[tokio::test]
async fn a_link_that_somebody_waits_for_is_tried_again_within_a_second() {
    let (url, calls) = something(|stream| async { drop(stream) }).await;
    let timing = Timing {
        first_retry: HOUR,
        longest_retry: HOUR,
        ..Timing::default()
    };
    let mut ann = Person::with(&url, somebody(), timing);
    ann.until(LinkState::Offline(Problem::Unreachable)).await;
    assert_eq!(calls.load(Ordering::Relaxed), 1);
    ann.link.set_urgent(true);
    soon(async {
        while calls.load(Ordering::Relaxed) < 4 {
            sleep(Duration::from_millis(10)).await;
        }
    })
    .await;
    ann.link.set_urgent(false);
    sleep(Duration::from_millis(1100)).await;
    let before = calls.load(Ordering::Relaxed);
    sleep(Duration::from_millis(1500)).await;
    assert_eq!(calls.load(Ordering::Relaxed), before);
}

#[tokio::test]
async fn a_relay_is_found_without_its_path() {
    let relay = Running::start(Config::default()).await;
    let bare = format!("ws://{}", relay.socket_address());
    for url in [format!("{bare}/"), bare] {
        Person::online(&url).await;
    }
}

#[tokio::test]
async fn web_sockets_that_do_not_speak_in_frames_are_no_relay() {
    let challenge = RelayFrame::Challenge {
        version: VERSION,
        nonce: Challenge([1; 32]),
    }
    .encode();
    let conversations = [
        vec![Message::text("hello")],
        vec![Message::Binary(vec![1, 2, 3].into())],
        vec![Message::text(RelayFrame::TakenOver.encode())],
        vec![Message::text(challenge.clone()), Message::text(challenge)],
        vec![Message::text("x".repeat(1 << 20))],
    ];
    for messages in conversations {
        let (url, _) = something(move |stream| say(stream, messages.clone())).await;
        assert_eq!(problem(&url).await, Problem::NotARelay);
    }
    let newer = RelayFrame::Challenge {
        version: VERSION + 1,
        nonce: Challenge([1; 32]),
    }
    .encode();
    let (url, _) = something(move |stream| say(stream, vec![Message::text(newer.clone())])).await;
    assert_eq!(problem(&url).await, Problem::Refused);
}

#[tokio::test]
async fn a_server_that_never_answers_is_unreachable() {
    let (url, _) = something(|stream| async move {
        sleep(Duration::from_secs(60)).await;
        drop(stream);
    })
    .await;
    let timing = Timing {
        connect: Duration::from_millis(100),
        ..quick()
    };
    let mut ann = Person::with(&url, somebody(), timing);
    ann.until(LinkState::Offline(Problem::Unreachable)).await;
}

#[tokio::test]
async fn who_asks_for_access_where_no_relay_is_hears_that_there_is_none() {
    let timing = Timing {
        access: Duration::from_millis(200),
        ..quick()
    };
    let (call, why) = (CallNumber(1), NoAccess::Unavailable);
    let mut ann = Person::with("ws://127.0.0.1:1/v2", somebody(), timing);
    ann.link.ask_access(call, ann.address).expect("room");
    assert_eq!(ann.hear().await, LinkEvent::NoAccess { call, why });
    // A link that is not even tried again.
    ann.link.disconnect();
    ann.link.ask_access(call, ann.address).expect("room");
    assert_eq!(ann.hear().await, LinkEvent::NoAccess { call, why });

    let relay = Running::start(Config::default()).await;
    let mut bob = Person::with(&relay.url, somebody(), timing);
    bob.until(LinkState::Online).await;
    relay.stop().await;
    bob.until(LinkState::Offline(Problem::Unreachable)).await;
    bob.link.ask_access(call, ann.address).expect("room");
    assert_eq!(bob.hear().await, LinkEvent::NoAccess { call, why });
}

#[tokio::test]
async fn who_asks_for_access_at_a_relay_that_takes_its_time_waits_for_it() {
    let frames = [
        RelayFrame::Challenge {
            version: VERSION,
            nonce: Challenge([1; 32]),
        },
        RelayFrame::Welcome {
            capabilities: Capabilities::new([Capabilities::LIVEKIT]),
            session: SessionToken([1; 16]),
            resumed: false,
            received: 0,
            ice: None,
        },
    ];
    let frames: Vec<_> = frames.iter().map(|it| Message::text(it.encode())).collect();
    let (url, _) = something(move |stream| {
        let frames = frames.clone();
        async move {
            sleep(Duration::from_millis(300)).await;
            say(stream, frames).await;
        }
    })
    .await;
    let timing = Timing {
        access: Duration::from_millis(20),
        ..quick()
    };
    let mut ann = Person::with(&url, somebody(), timing);
    let asked = ann.link.ask_access(CallNumber(1), ann.address);
    asked.expect("room");
    ann.until(LinkState::Online).await;
    ann.hears_nothing().await;
}

#[tokio::test]
async fn a_plain_relay_dialed_with_tls_is_no_relay() {
    let (url, _) = something(|stream| answer(stream, b"HTTP/1.1 400 Bad Request\r\n\r\n")).await;
    assert_eq!(
        problem(&url.replace("ws:", "wss:")).await,
        Problem::NotARelay
    );
}

#[tokio::test]
async fn a_place_that_hangs_up_is_not_dialed_in_a_tight_loop() {
    let welcome = [
        RelayFrame::Challenge {
            version: VERSION,
            nonce: Challenge([1; 32]),
        },
        RelayFrame::Welcome {
            capabilities: Capabilities::default(),
            session: SessionToken([1; 16]),
            resumed: false,
            received: 0,
            ice: None,
        },
        RelayFrame::Error {
            code: signal_wire::ErrorCode::ShuttingDown,
        },
    ];
    let welcome: Vec<_> = welcome
        .iter()
        .map(|frame| Message::text(frame.encode()))
        .collect();
    let (welcoming, welcomed) = something(move |stream| say(stream, welcome.clone())).await;
    let (closing, closed) = something(|stream| async { drop(stream) }).await;
    let _links = [welcoming, closing].map(|url| Person::with(&url, somebody(), Timing::default()));
    sleep(Duration::from_secs(2)).await;
    for calls in [welcomed, closed] {
        let calls = calls.load(Ordering::Relaxed);
        assert!((1..=10).contains(&calls), "{calls} calls in 2 s");
    }
}

/// Welcomes a client, then says the same thing as fast as the socket takes it. Tells when the
/// client says something.
async fn talk(stream: TcpStream, heard: mpsc::Sender<()>) {
    let mut socket = tokio_tungstenite::accept_async(stream)
        .await
        .expect("it speaks WebSocket");
    let challenge = RelayFrame::Challenge {
        version: VERSION,
        nonce: Challenge([7; 32]),
    };
    let welcome = RelayFrame::Welcome {
        capabilities: Capabilities::default(),
        session: SessionToken([7; 16]),
        resumed: false,
        received: 0,
        ice: None,
    };
    for frame in [challenge, welcome] {
        let frame = Message::text(frame.encode());
        socket.send(frame).await.expect("it listens");
    }
    let _hello = socket.next().await;
    let (mut from, mut to) = socket.into_inner().into_split();
    // A text frame of the relay (RFC 6455, section 5.2), many times.
    let server = IceServer {
        url: "stun:192.0.2.1".into(),
        username: String::new(),
        credential: String::new(),
    };
    let text = RelayFrame::Ice(IceServers {
        servers: vec![server],
        ttl_seconds: 3600,
    });
    let text = text.encode();
    let length = u8::try_from(text.len()).expect("it is short");
    assert!(length < 126, "{length}");
    let many = [&[0x81, length], text.as_bytes()].concat().repeat(1024);
    let endless = async { while to.write_all(&many).await.is_ok() {} };
    let listening = async {
        while from.read_u8().await.is_ok() {
            let _told: Result<(), _> = heard.try_send(());
        }
    };
    tokio::join!(endless, listening);
}

#[tokio::test]
async fn what_is_sent_goes_out_while_more_comes_in_than_its_owner_takes() {
    let (told, mut heard) = mpsc::channel(1);
    let (url, _) = something(move |stream| talk(stream, told.clone())).await;
    let mut ann = Person::online(&url).await;
    sleep(Duration::from_millis(100)).await;
    let slowly = async {
        while ann.events.recv().await.is_some() {
            sleep(Duration::from_millis(1)).await;
        }
    };
    ann.link
        .send(ann.address, "hello".into())
        .expect("there is room");
    tokio::select! {
        () = slowly => panic!("the link has ended"),
        said = soon(heard.recv()) => assert_eq!(said, Some(())),
    }
}

const HOUR: Duration = Duration::from_secs(3600);

#[tokio::test]
async fn a_relay_says_what_time_it_is_and_need_not() {
    let relay = Running::start(Config::default()).await;
    let config = signal_client::Config {
        timing: quick(),
        ..signal_client::Config::default()
    };
    let told = signal_client::date_of(&relay.url, config.clone()).await;
    let told = told.expect("it is there").expect("it says so");
    let off = std::time::SystemTime::now().duration_since(told);
    assert!(off.expect("it rounds down") < Duration::from_secs(3));
    relay.stop().await;

    let frame = RelayFrame::Challenge {
        version: VERSION,
        nonce: Challenge([0; 32]),
    };
    let silent = move |stream| say(stream, vec![Message::text(frame.clone().encode())]);
    let (url, _) = something(silent).await;
    let told = signal_client::date_of(&url, config.clone()).await;
    assert_eq!(told, Ok(None));
    let told = signal_client::date_of("no relay", config).await;
    assert_eq!(told, Err(Problem::NotARelay));
}
