//! A signal server that plays scripts, one for each connection.

use prost::Message as _;
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_tungstenite::accept_hdr_async;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};

use futures::{SinkExt as _, StreamExt as _};

use crate::livekit::proto::request::{Content as Asked, SignalRequest};
use crate::livekit::proto::response::{Content, SignalResponse};

/// What it does next.
#[derive(Debug)]
pub(super) enum Reply {
    /// In place of the upgrade.
    Status(u16),
    /// The same, with this text.
    Words(u16, &'static str),
    Message(Content),
    Bytes(Vec<u8>),
    Text,
    /// Closes the TCP connection.
    Cut,
}

/// How a connection was opened.
pub(super) struct Opened {
    pub(super) target: String,
    pub(super) authorization: String,
}

pub(super) struct Fake {
    pub(super) url: String,
    opened: mpsc::UnboundedReceiver<Opened>,
    asked: mpsc::UnboundedReceiver<Asked>,
}

impl Fake {
    /// Plays the scripts on a port of loopback, one after the other.
    pub(super) async fn start(scripts: Vec<Vec<Reply>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("ws://{}", listener.local_addr().unwrap());
        let (tell_opened, opened) = mpsc::unbounded_channel();
        let (tell_asked, asked) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            for script in scripts {
                let (stream, _) = listener.accept().await.unwrap();
                play(stream, script, &tell_opened, &tell_asked).await;
            }
        });
        Self { url, opened, asked }
    }

    pub(super) async fn request(&mut self) -> Opened {
        self.opened.recv().await.unwrap()
    }

    /// The next request that is no ping.
    pub(super) async fn asked(&mut self) -> Asked {
        loop {
            let asked = self.asked.recv().await.expect("a request");
            if !matches!(asked, Asked::Ping(_)) {
                return asked;
            }
        }
    }
}

async fn play(
    mut stream: TcpStream,
    script: Vec<Reply>,
    opened: &mpsc::UnboundedSender<Opened>,
    asked: &mpsc::UnboundedSender<Asked>,
) {
    let refusal = match script.first() {
        Some(Reply::Status(status)) => Some((*status, "")),
        Some(Reply::Words(status, words)) => Some((*status, *words)),
        _ => None,
    };
    if let Some((status, words)) = refusal {
        let length = words.len();
        let answer = format!("HTTP/1.1 {status} Fake\r\nContent-Length: {length}\r\n\r\n{words}");
        // The request is read first: closing with unread bytes resets the connection.
        let mut request = vec![0; 16 * 1024];
        let _: usize = tokio::io::AsyncReadExt::read(&mut stream, &mut request)
            .await
            .unwrap();
        stream.write_all(answer.as_bytes()).await.unwrap();
        return;
    }
    #[expect(clippy::result_large_err, reason = "the library's own signature")]
    let look = |request: &Request, response: Response| -> Result<Response, ErrorResponse> {
        let header = request.headers().get("authorization").unwrap();
        let _told: Result<(), _> = opened.send(Opened {
            target: request.uri().to_string(),
            authorization: header.to_str().unwrap().to_owned(),
        });
        Ok(response)
    };
    let socket = accept_hdr_async(stream, look).await.unwrap();
    let (mut out, mut from) = socket.split();
    let talk = async {
        for reply in script {
            let message = match reply {
                Reply::Message(content) => {
                    let content = Some(content);
                    Message::binary(SignalResponse { content }.encode_to_vec())
                }
                Reply::Bytes(bytes) => Message::binary(bytes),
                Reply::Text => Message::text("{}"),
                Reply::Cut => return true,
                Reply::Status(_) | Reply::Words(..) => panic!("a status comes first"),
            };
            if out.send(message).await.is_err() {
                return true;
            }
        }
        false
    };
    let listen = async {
        while let Some(Ok(message)) = from.next().await {
            if let Message::Binary(bytes) = message {
                let request = SignalRequest::decode(bytes).unwrap();
                let _told: Result<(), _> = asked.send(request.content.unwrap());
            }
        }
    };
    tokio::pin!(listen);
    let cut = tokio::select! {
        cut = talk => cut,
        () = &mut listen => true,
    };
    if !cut {
        listen.await;
    }
}
