//! The secret key that this installation is: found where it was put, or made once.
//!
//! A new key goes into the system's keychain where the caller allows that and the keychain answers,
//! keeps it and gives it back; else into a file. Which of both it is, is written down beside
//! (`key.place`) after the key is safe there, and holds from then on: a keychain that is locked,
//! gone or empty afterwards is an error to tell and wait for, and never leads to a new key.

mod keychain;
mod record;
mod seed;
#[cfg(test)]
mod tests;

use std::fmt::Write;
use std::path::Path;

use identity::{Address, Identity};
use zeroize::Zeroizing;

use self::keychain::{Secrets, SystemKeychain, Unavailable};
use self::record::Record;
use crate::error::StoreError;
use crate::file;
use crate::person::KeyPlace;

/// Where a key that is made may go. Where an existing one is, is written down beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keychain {
    /// Into the system's keychain if there is one that answers, else into a file.
    System,
    /// Into a file.
    Unused,
}

/// A key, and where it is kept.
#[derive(Debug)]
pub(crate) struct Key {
    pub(crate) identity: Identity,
    pub(crate) place: KeyPlace,
}

/// Reads the key, or makes one when there is none.
pub(crate) fn load_or_make(dir: &Path, keychain: Keychain) -> Result<Key, StoreError> {
    load_or_make_with(dir, keychain, &SystemKeychain)
}

/// The key of this directory; none when none was made yet.
pub(crate) fn load(dir: &Path) -> Result<Option<Key>, StoreError> {
    load_with(dir, &SystemKeychain)
}

fn load_or_make_with(
    dir: &Path,
    keychain: Keychain,
    system: &dyn Secrets,
) -> Result<Key, StoreError> {
    if let Some(key) = load_with(dir, system)? {
        return Ok(key);
    }
    if keychain == Keychain::System && record::load(dir)? != Some(Record::File) {
        let identity = Identity::generate()?;
        if let Some(key) = keep_in_keychain(dir, &identity, system)? {
            return Ok(key);
        }
        // The keychain may still take this key when it is awake again: it is nobody's then.
    }
    let identity = Identity::generate()?;
    seed::write_new(dir, &identity)?;
    keep_in_file(dir, identity)
}

/// Makes `identity` the key of this directory, in the place that the record names, or as for a new
/// one. A former key is kept aside: its file as `identity.key.replaced`; in the keychain it stays.
pub(crate) fn replace(
    dir: &Path,
    identity: Identity,
    keychain: Keychain,
) -> Result<Key, StoreError> {
    replace_with(dir, identity, keychain, &SystemKeychain)
}

fn replace_with(
    dir: &Path,
    identity: Identity,
    keychain: Keychain,
    system: &dyn Secrets,
) -> Result<Key, StoreError> {
    let keychain = match record::load(dir)? {
        Some(Record::File) => Keychain::Unused,
        Some(Record::Keychain(_)) => {
            let kept = file::keep_aside(&record::path(dir), "replaced")?;
            tracing::warn!(
                kept = %kept.display(),
                "the identity key is replaced; the old one stays in the keychain under its address"
            );
            Keychain::System
        }
        None if seed::path(dir).exists() => Keychain::Unused,
        None => keychain,
    };
    if keychain == Keychain::System
        && let Some(key) = keep_in_keychain(dir, &identity, system)?
    {
        return Ok(key);
    }
    seed::replace(dir, &identity)?;
    keep_in_file(dir, identity)
}

/// Whether this directory has a key, which may be out of reach now.
pub(crate) fn exists(dir: &Path) -> Result<bool, StoreError> {
    Ok(match record::load(dir)? {
        Some(Record::Keychain(_)) => true,
        Some(Record::File) | None => seed::path(dir).exists(),
    })
}

/// The key where it was put.
fn load_with(dir: &Path, system: &dyn Secrets) -> Result<Option<Key>, StoreError> {
    let record = record::load(dir)?;
    let identity = match record {
        Some(Record::Keychain(address)) => {
            let identity = from_keychain(&address, system)
                .map_err(|Unavailable(why)| StoreError::KeychainUnavailable { why })?;
            let place = KeyPlace::Keychain;
            return Ok(Some(Key { identity, place }));
        }
        Some(Record::File) | None => seed::load(dir)?,
    };
    let Some(identity) = identity else {
        return Ok(None);
    };
    if record.is_none() {
        record::write(dir, Record::File)?;
    }
    let place = KeyPlace::File;
    Ok(Some(Key { identity, place }))
}

/// Puts a key into the keychain and writes that down; none when the keychain does not keep it.
fn keep_in_keychain(
    dir: &Path,
    identity: &Identity,
    system: &dyn Secrets,
) -> Result<Option<Key>, StoreError> {
    if let Err(Unavailable(why)) = into_keychain(identity, system) {
        tracing::info!(why, "no keychain: the identity key goes into a file");
        return Ok(None);
    }
    record::write(dir, Record::Keychain(identity.address()))?;
    tracing::info!("the keychain keeps the identity key");
    Ok(Some(Key {
        identity: identity.clone(),
        place: KeyPlace::Keychain,
    }))
}

/// Writes down that the key is in its file.
fn keep_in_file(dir: &Path, identity: Identity) -> Result<Key, StoreError> {
    record::write(dir, Record::File)?;
    tracing::info!("a file keeps the identity key");
    let place = KeyPlace::File;
    Ok(Key { identity, place })
}

/// Puts a key into the keychain, and reads it back: only then it is there.
fn into_keychain(identity: &Identity, system: &dyn Secrets) -> Result<(), Unavailable> {
    let address = identity.address();
    system.set(&address.to_string(), &hex(identity.seed()))?;
    from_keychain(&address, system).map(|_| ())
}

/// The key of an address, and no other.
fn from_keychain(address: &Address, system: &dyn Secrets) -> Result<Identity, Unavailable> {
    let secret = system.get(&address.to_string())?;
    let secret = secret.ok_or_else(|| Unavailable("it does not have the key".to_owned()))?;
    unhex(&secret)
        .and_then(|seed| Identity::from_bytes(&seed).ok())
        .filter(|identity| identity.address() == *address)
        .ok_or_else(|| Unavailable("what it has is not the key".to_owned()))
}

/// Some keychains keep texts only (KWallet).
fn hex(seed: &[u8; Identity::SEED_LENGTH]) -> Zeroizing<String> {
    // With room for all of it, so that no part stays behind where the text was shorter.
    let mut text = Zeroizing::new(String::with_capacity(2 * seed.len()));
    for byte in seed {
        // Writing to a text cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

fn unhex(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    if text.len() != 2 * Identity::SEED_LENGTH || !text.is_ascii() {
        return None;
    }
    let mut seed = Zeroizing::new(Vec::with_capacity(Identity::SEED_LENGTH));
    for at in (0..text.len()).step_by(2) {
        seed.push(u8::from_str_radix(&text[at..at + 2], 16).ok()?);
    }
    Some(seed)
}
