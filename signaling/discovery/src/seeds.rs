//! What the encoders make, for the fuzz targets to begin with.

use std::net::SocketAddr;

use data_encoding::BASE64URL_NOPAD;
use identity::Identity;

use crate::announcement::Announcement;
use crate::finders::DialedBack;
pub use crate::finders::fuzzing::beacons;

/// Announcements in their own form: hidden to all but `other`, and by a name.
#[must_use]
pub fn announcements(own: &Identity, other: &Identity) -> Vec<Vec<u8>> {
    Announcement::examples(own, other)
        .iter()
        .map(Announcement::to_bytes)
        .collect()
}

/// The strings of their TXT records, each behind a byte of its length.
#[must_use]
pub fn txts(own: &Identity, other: &Identity) -> Vec<Vec<u8>> {
    let strings = |it: &Announcement| {
        let strings = it.to_txt().into_iter();
        let counted =
            strings.filter_map(|it| Some([vec![u8::try_from(it.len()).ok()?], it].concat()));
        counted.collect::<Vec<_>>().concat()
    };
    Announcement::examples(own, other)
        .iter()
        .map(strings)
        .collect()
}

/// What a relay answers that is asked who is there.
#[must_use]
pub fn answers(own: &Identity, other: &Identity) -> Vec<Vec<u8>> {
    let head = b"HTTP/1.1 200 OK\r\ncontent-type: application/octet-stream\r\n\r\n";
    let mut answers: Vec<Vec<u8>> = announcements(own, other)
        .iter()
        .map(|it| [&head[..], it].concat())
        .collect();
    answers.push(b"HTTP/1.1 503 Service Unavailable\r\n\r\n".to_vec());
    answers
}

/// What whoever wants to be dialled back writes into the header.
#[must_use]
pub fn dial_back_questions(own: &Identity, other: &Identity) -> Vec<Vec<u8>> {
    let text = |it: &Vec<u8>| BASE64URL_NOPAD.encode(it).into_bytes();
    announcements(own, other).iter().map(text).collect()
}

/// What a relay answers that dialled back, and the bodies alone.
#[must_use]
pub fn dial_back_answers() -> Vec<Vec<u8>> {
    let head = b"HTTP/1.1 200 OK\r\ncontent-type: text/plain; charset=utf-8\r\n\r\n";
    let v4 = SocketAddr::from(([192, 168, 1, 2], 50_000));
    let v6 = SocketAddr::from(([0xfe80, 0, 0, 0, 0, 0, 0, 1], 50_000));
    let bodies = [
        DialedBack::Reached.told_to(v4),
        DialedBack::NoRoute.told_to(v6),
    ];
    let whole = bodies.iter().map(|it| [&head[..], it.as_bytes()].concat());
    let alone = bodies.iter().map(|it| it.clone().into_bytes());
    whole.chain(alone).collect()
}
