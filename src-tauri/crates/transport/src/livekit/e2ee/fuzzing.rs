//! Frames that are anything.

use super::{Key, KeyRing, OpenError, Opened, Opener, Sealer, check, normalise};

/// One frame, as it comes and as it would be sent.
pub fn frames(bytes: &[u8]) {
    let Some(key) = Key::of_bytes(&KEY) else {
        return;
    };
    let opener = Opener::new(KeyRing::with(key.clone()), b"LKROCKS".to_vec());
    // The seeds are authentic; nothing that was made of them by chance is.
    let _opened = (opener.sound(bytes), opener.picture(bytes));
    let _data = opener.data(bytes.get(..12).unwrap_or_default(), bytes, 0);
    let _checked = check(bytes);
    let whole = normalise(bytes);
    assert_eq!(normalise(&whole), whole);
    let Ok(mut sealer) = Sealer::new(key, 0) else {
        return;
    };
    if let Ok(sealed) = sealer.picture(bytes)
        && !sealed.is_empty()
    {
        assert_eq!(content(opener.picture(&sealed)), whole);
    }
    let sealed = sealer.sound(bytes).expect("an IV is left");
    assert_eq!(content(opener.sound(&sealed)), bytes);
}

fn content(opened: Result<Opened, OpenError>) -> Vec<u8> {
    match opened.expect("what was sealed opens") {
        Opened::Frame(frame, _) => frame,
        Opened::Empty | Opened::Injected => Vec::new(),
    }
}

/// Sealed frames, and a picture that is not.
#[must_use]
pub fn frame_seeds() -> Vec<Vec<u8>> {
    let picture = [
        &[0, 0, 0, 1, 0x67, 0x42, 0x40, 0x16][..],
        &[0, 0, 1, 0x68, 0xce, 0x3c, 0x80],
        &[0, 0, 1, 0x65, 0xb8, 4, 0x20, 0, 0, 3, 1],
    ]
    .concat();
    let mut seeds = vec![picture.clone()];
    let sealer = Key::of_bytes(&KEY).and_then(|key| Sealer::new(key, 0).ok());
    if let Some(mut sealer) = sealer {
        seeds.extend(sealer.picture(&picture));
        seeds.extend(sealer.sound(&[0xf8, 1, 2, 3]));
    }
    seeds
}

const KEY: [u8; 16] = *b"a key for fuzz\0\0";
