//! What an installation is and remembers, as bytes that only a passphrase opens: for a move to
//! another computer, or for a safe place.
//!
//! A header in clear, then the contents under ChaCha20-Poly1305 (RFC 8439), with a key that Argon2id
//! (RFC 9106) makes of the passphrase and with the header as associated data, so none of it can be
//! changed unnoticed. The cost of Argon2id stands in the header, so that later versions may ask for
//! more, and what a header may ask for is bounded: nobody's file makes us allocate gigabytes.
//!
//! | Bytes | |
//! |---|---|
//! | 8 | `tincan` and two bytes that no text has |
//! | 1 | version of the format, 1 |
//! | 4, 4, 4 | Argon2id: memory in KiB, passes, lanes; little-endian |
//! | 16, 12 | salt, nonce |
//! | … | 32 secret bytes of the identity, then JSON: settings, history, people, texts |
//! | 16 | authentication tag |

mod header;
mod merge;
#[cfg(test)]
mod tests;

use chacha20poly1305::aead::AeadInPlace;
use chacha20poly1305::{ChaCha20Poly1305, Key, KeyInit};
use identity::{Identity, NoRandomness};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use self::header::Header;
use crate::db::Contents;
use crate::error::{StoreError, TransferError};
use crate::history::{self, HistoryEntry};
use crate::person::Person;
use crate::settings::Settings;
use crate::texts::{self, KeptText};

pub(crate) use self::header::MAX_BYTES;
pub(crate) use self::merge::{Merged, merge};

/// What an export carries.
pub(crate) struct Carried {
    pub(crate) identity: Identity,
    pub(crate) contents: Contents,
}

/// What stands behind the secret bytes.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Text {
    #[serde(default)]
    settings: Settings,
    #[serde(default)]
    history: Vec<HistoryEntry>,
    #[serde(default)]
    people: Vec<Person>,
    #[serde(default)]
    texts: Vec<KeptText>,
}

/// Seals what an installation is and remembers. Choices of devices stay: another computer has others.
/// So does where people were met: it may be on other networks.
pub(crate) fn seal(
    identity: &Identity,
    contents: &Contents,
    passphrase: &str,
) -> Result<Vec<u8>, StoreError> {
    seal_with(identity, contents, passphrase, &Header::new()?)
}

fn seal_with(
    identity: &Identity,
    contents: &Contents,
    passphrase: &str,
    header: &Header,
) -> Result<Vec<u8>, StoreError> {
    if passphrase.chars().count() < TransferError::PASSPHRASE_LEAST {
        return Err(TransferError::WeakPassphrase.into());
    }
    let text = Text {
        settings: contents.settings.clone().without_devices(),
        history: contents.history.clone(),
        people: contents.people.clone(),
        texts: contents.texts.clone(),
    };
    let text = serde_json::to_vec(&text).map_err(|_| TransferError::BadContents)?;
    // With room for all of it: a buffer that grows leaves the secret behind where it was.
    let mut plain = Zeroizing::new(Vec::with_capacity(Identity::SEED_LENGTH + text.len()));
    plain.extend_from_slice(identity.seed());
    plain.extend_from_slice(&text);

    let head = header.to_bytes();
    let cipher = cipher(header, passphrase)?;
    let tag = cipher
        .encrypt_in_place_detached(&header.nonce.into(), &head, &mut plain)
        .map_err(|_| TransferError::BadContents)?;
    Ok([&head[..], &plain, &tag].concat())
}

/// Opens what [`seal`] made. Takes the bytes from anybody.
pub(crate) fn open(bytes: &[u8], passphrase: &str) -> Result<Carried, TransferError> {
    let (header, sealed) = Header::parse(bytes)?;
    let cipher = cipher(&header, passphrase)?;
    open_with(&cipher, &header, sealed)
}

fn open_with(
    cipher: &ChaCha20Poly1305,
    header: &Header,
    sealed: &[u8],
) -> Result<Carried, TransferError> {
    let Some((sealed, tag)) = sealed.split_last_chunk::<TAG>() else {
        return Err(TransferError::WrongPassphrase);
    };
    let mut plain = Zeroizing::new(sealed.to_vec());
    cipher
        .decrypt_in_place_detached(
            &header.nonce.into(),
            &header.to_bytes(),
            &mut plain,
            tag.into(),
        )
        .map_err(|_| TransferError::WrongPassphrase)?;
    read(&plain).ok_or(TransferError::BadContents)
}

/// The contents, within their limits.
fn read(plain: &[u8]) -> Option<Carried> {
    let (seed, text) = plain.split_at_checked(Identity::SEED_LENGTH)?;
    let identity = Identity::from_bytes(seed).ok()?;
    let text: Text = serde_json::from_slice(text).ok()?;
    let mut contents = Contents {
        settings: text.settings.validated().without_devices(),
        history: Vec::new(),
        people: text
            .people
            .into_iter()
            .filter_map(Person::validated)
            .collect(),
        whereabouts: Vec::new(),
        texts: Vec::new(),
    };
    for entry in text.history {
        history::add(&mut contents.history, entry);
    }
    let said = text.texts.into_iter().filter_map(KeptText::validated);
    texts::merge(&mut contents.texts, &said.collect::<Vec<_>>());
    Some(Carried { identity, contents })
}

/// The cipher under the key of a passphrase.
fn cipher(header: &Header, passphrase: &str) -> Result<ChaCha20Poly1305, TransferError> {
    let mut key = Zeroizing::new([0; 32]);
    header
        .argon2()?
        .hash_password_into(passphrase.as_bytes(), &header.salt, key.as_mut())
        .map_err(|error| match error {
            argon2::Error::OutOfMemory => TransferError::NoMemory,
            // The header was checked; what is left is a passphrase of gigabytes.
            _ => TransferError::WrongPassphrase,
        })?;
    Ok(ChaCha20Poly1305::new(Key::from_slice(key.as_ref())))
}

/// Bytes of an authentication tag (RFC 8439, section 2.8).
const TAG: usize = 16;

/// Random bytes.
fn random<const N: usize>() -> Result<[u8; N], NoRandomness> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|_| NoRandomness)?;
    Ok(bytes)
}
