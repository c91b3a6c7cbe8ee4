//! What stands where the API of a LiveKit server should be, and answers something else.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio::time::sleep;
use tokio_rustls::TlsAcceptor;

/// Answers every request alike. Dropping it ends it.
pub(crate) struct FakeApi {
    pub(crate) port: u16,
    task: JoinHandle<()>,
}

/// What it does with a request.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Manner {
    /// Says this, and closes.
    Says(&'static str),
    /// Says nothing.
    IsSilent,
    /// Talks for ever.
    NeverEnds,
}

impl FakeApi {
    pub(crate) async fn start(manner: Manner) -> Self {
        Self::start_with(manner, None).await
    }

    /// The same by TLS.
    pub(crate) async fn start_with(manner: Manner, tls: Option<Arc<rustls::ServerConfig>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("it is bound").port();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let tls = tls.clone();
                tokio::spawn(async move {
                    match tls {
                        None => answer(stream, manner).await,
                        Some(tls) => match TlsAcceptor::from(tls).accept(stream).await {
                            Ok(stream) => answer(stream, manner).await,
                            Err(_) => Ok(()),
                        },
                    }
                });
            }
        });
        Self { port, task }
    }
}

impl Drop for FakeApi {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn answer<S>(mut stream: S, manner: Manner) -> std::io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut request = [0; 4096];
    let _some: usize = stream.read(&mut request).await?;
    match manner {
        Manner::Says(text) => stream.write_all(text.as_bytes()).await?,
        Manner::IsSilent => sleep(Duration::from_secs(60)).await,
        Manner::NeverEnds => {
            stream
                .write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n[")
                .await?;
            loop {
                stream.write_all(&[b'1'; 4096]).await?;
            }
        }
    }
    stream.shutdown().await
}
