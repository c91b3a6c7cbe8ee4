//! A STUN server on loopback, as far as gathering of candidates needs one (RFC 8489). It means no
//! good: it repeats its last answer for as long as it is asked nothing else, and plays the other side.

use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::p2p::IceServer;

/// Answers on a thread of its own until it is dropped.
pub(super) struct StunServer {
    address: SocketAddr,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    answered: AtomicU64,
    stop: AtomicBool,
}

impl StunServer {
    pub(super) fn start() -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let patience = Some(Duration::from_millis(20));
        socket.set_read_timeout(patience).unwrap();
        let (address, shared) = (socket.local_addr().unwrap(), Arc::<Shared>::default());
        let served = Arc::clone(&shared);
        Self {
            address,
            shared,
            thread: Some(thread::spawn(move || serve(&socket, &served))),
        }
    }

    pub(super) fn address(&self) -> IceServer {
        IceServer {
            url: format!("stun:{}", self.address),
            ..IceServer::default()
        }
    }

    /// How many answers it sent.
    pub(super) fn answered(&self) -> u64 {
        self.shared.answered.load(Ordering::Relaxed)
    }
}

impl Drop for StunServer {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

fn serve(socket: &UdpSocket, shared: &Shared) {
    let mut buffer = [0; 1500];
    let mut last = None;
    while !shared.stop.load(Ordering::Relaxed) {
        match socket.recv_from(&mut buffer) {
            Ok((length, source)) => {
                last = answer(&buffer[..length], source)
                    .map(|it| (it, source))
                    .or(last);
            }
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            Err(error) => panic!("{error}"),
        }
        if let Some((answer, source)) = &last {
            socket.send_to(answer, source).unwrap();
            for alert in [CLOSE_NOTIFY, HANDSHAKE_FAILURE] {
                socket.send_to(&clear_alert(alert), source).unwrap();
            }
            socket.send_to(MEDIA, source).unwrap();
            shared.answered.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// A DTLS alert in clear (RFC 6347, 4.1; RFC 5246, 7.2).
fn clear_alert(alert: [u8; 2]) -> Vec<u8> {
    let header = [21, 254, 253, 0, 0, 0, 0, 0, 0, 0, 9, 0, 2];
    [&header[..], &alert].concat()
}

/// Level and description of alerts.
const CLOSE_NOTIFY: [u8; 2] = [1, 0];
const HANDSHAKE_FAILURE: [u8; 2] = [2, 40];

/// The head of an RTP packet.
const MEDIA: &[u8] = &[128, 111, 0, 1, 0, 0, 0, 0, 1, 2, 3, 4];

/// The success response to a Binding request from an IPv4 address (RFC 8489, 14.2).
fn answer(request: &[u8], source: SocketAddr) -> Option<Vec<u8>> {
    let ([0, 1, _, _, transaction @ ..], _) = request.split_first_chunk::<20>()? else {
        return None;
    };
    let IpAddr::V4(address) = source.ip() else {
        return None;
    };
    let cookie = [0x21, 0x12, 0xa4, 0x42];
    let port = source.port() ^ 0x2112;
    let address = u32::from(address) ^ u32::from_be_bytes(cookie);
    // XOR-MAPPED-ADDRESS of 8 bytes, IPv4.
    let mut response = vec![0x01, 0x01, 0, 12];
    response.extend(transaction);
    response.extend([0x00, 0x20, 0, 8, 0, 1]);
    response.extend(port.to_be_bytes());
    response.extend(address.to_be_bytes());
    Some(response)
}
