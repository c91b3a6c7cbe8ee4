//! What stands in clear before the contents of an export.

use argon2::{Algorithm, Argon2, Params, Version};
use identity::NoRandomness;

use super::{TAG, random};
use crate::error::TransferError;

/// How the key is made of the passphrase, and the nonce.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) memory_kib: u32,
    pub(super) passes: u32,
    pub(super) lanes: u32,
    pub(super) salt: [u8; SALT],
    pub(super) nonce: [u8; NONCE],
}

impl Header {
    /// Bytes of a header.
    pub(super) const LENGTH: usize = MAGIC.len() + 1 + 3 * 4 + SALT + NONCE;

    /// One for a new export. Its cost is the second choice of RFC 9106, section 4: for machines that
    /// cannot spare two gigabytes. Each guess at a passphrase costs as much.
    pub(super) fn new() -> Result<Self, NoRandomness> {
        Ok(Self {
            memory_kib: 64 * 1024,
            passes: 3,
            lanes: 4,
            salt: random()?,
            nonce: random()?,
        })
    }

    /// Reads a header; the rest is what is sealed. Refuses before anything is allocated what is no
    /// export, or costs more than any.
    pub(super) fn parse(bytes: &[u8]) -> Result<(Self, &[u8]), TransferError> {
        let rest = bytes.strip_prefix(&MAGIC);
        let (&version, rest) = rest
            .and_then(<[u8]>::split_first)
            .ok_or(TransferError::NotAnExport)?;
        if version != VERSION {
            return Err(TransferError::Newer(version));
        }
        if bytes.len() > MAX_BYTES {
            return Err(TransferError::TooCostly);
        }
        let mut rest = rest;
        let header = Self {
            memory_kib: u32::from_le_bytes(take(&mut rest)?),
            passes: u32::from_le_bytes(take(&mut rest)?),
            lanes: u32::from_le_bytes(take(&mut rest)?),
            salt: take(&mut rest)?,
            nonce: take(&mut rest)?,
        };
        if rest.len() < TAG {
            return Err(TransferError::WrongPassphrase);
        }
        let is_bounded = header.memory_kib <= MAX_MEMORY_KIB
            && header.passes <= MAX_PASSES
            && header.lanes <= MAX_LANES;
        if !is_bounded {
            return Err(TransferError::TooCostly);
        }
        Ok((header, rest))
    }

    pub(super) fn to_bytes(&self) -> [u8; Self::LENGTH] {
        let parts: [&[u8]; 7] = [
            &MAGIC,
            &[VERSION],
            &self.memory_kib.to_le_bytes(),
            &self.passes.to_le_bytes(),
            &self.lanes.to_le_bytes(),
            &self.salt,
            &self.nonce,
        ];
        let mut bytes = [0; Self::LENGTH];
        for (byte, from) in bytes.iter_mut().zip(parts.into_iter().flatten()) {
            *byte = *from;
        }
        bytes
    }

    /// The function that makes the key.
    pub(super) fn argon2(&self) -> Result<Argon2<'static>, TransferError> {
        let params = Params::new(self.memory_kib, self.passes, self.lanes, None)
            .map_err(|_| TransferError::WrongPassphrase)?;
        Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
    }
}

/// The next bytes of a header; one that is cut off is damaged.
fn take<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N], TransferError> {
    let (taken, left) = rest
        .split_first_chunk::<N>()
        .ok_or(TransferError::WrongPassphrase)?;
    *rest = left;
    Ok(*taken)
}

/// No text begins so, and no kind of file that programs know.
const MAGIC: [u8; 8] = *b"tincan\x00\xfe";

const VERSION: u8 = 1;

/// RFC 9106 recommends 128 bits.
const SALT: usize = 16;

/// RFC 8439.
const NONCE: usize = 12;

/// Four times what we ask for: room for later versions, and nothing that a small machine lacks.
const MAX_MEMORY_KIB: u32 = 256 * 1024;

/// With the most memory some seconds of work.
const MAX_PASSES: u32 = 16;

/// More than our four would not make it cheaper.
const MAX_LANES: u32 = 16;

/// A full export, with as many people, calls and texts as there can be, has less than four megabytes,
/// and six where JSON escapes all of the texts.
pub(crate) const MAX_BYTES: usize = 8 * 1024 * 1024;
