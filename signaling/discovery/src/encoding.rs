//! The one encoding of an announcement: the strings of a DNS TXT record (RFC 6763, section 6), and
//! what our beacon and the answer to a question carry, which is those strings behind a port.
//!
//! | Key | Value |
//! |---|---|
//! | `v` | version, decimal |
//! | `a` | alias, 32 bytes |
//! | `o` | serial number, decimal: of several the highest holds |
//! | `t0` … `t2` | tokens, 8 bytes each, at most 31 in one |
//! | `i` | address, 32 bytes |
//! | `n` | name, UTF-8 |
//! | `p` | signature of that address, 64 bytes |
//! | `s` | signature of the alias over all of these and the port, 64 bytes |
//!
//! Values are binary (RFC 6763, section 6.5). Keys that are not in the table are skipped; of two
//! strings with one key the first holds (section 6.4).

use std::str::FromStr;

use identity::{Address, BadSignature};

use crate::announcement::{Announcement, Named, Signature};
use crate::token::Token;

/// Bytes are no announcement, or one that its alias did not make.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an announcement")]
pub struct NotAnAnnouncement;

/// An announcement that was read, and whose signature was not checked yet: a check takes some 50 µs,
/// and what was heard before needs none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Claimed(Announcement);

impl Announcement {
    /// The most that an announcement takes in its own form, with what later versions add: today
    /// none takes more than 650 bytes. In a beacon, with the headers of UDP and IPv6, it fits into
    /// the smallest packet that IPv6 guarantees (1280 bytes, RFC 8200, section 5).
    pub const MAX_BYTES: usize = 1150;

    /// The strings of its TXT record, each at most 255 bytes long. The port is not among them: a
    /// SRV record has it.
    #[must_use]
    pub fn to_txt(&self) -> Vec<Vec<u8>> {
        self.pairs()
            .into_iter()
            .map(|(key, value)| [key.as_bytes(), b"=", &value].concat())
            .collect()
    }

    /// Keys and values of its TXT record.
    pub(crate) fn pairs(&self) -> Vec<(String, Vec<u8>)> {
        let mut pairs = vec![
            (VERSION.to_owned(), self.version.to_string().into_bytes()),
            (ALIAS.to_owned(), self.alias.as_bytes().to_vec()),
            (SERIAL.to_owned(), self.serial.to_string().into_bytes()),
        ];
        let told = &self.tokens[..self.tokens.len().min(Self::MAX_TOKENS)];
        for (number, tokens) in told.chunks(TOKENS_IN_ONE).enumerate() {
            let value = tokens.iter().flat_map(|it| it.0).collect();
            pairs.push((format!("{TOKENS}{number}"), value));
        }
        if let Some(named) = &self.named {
            pairs.push((ADDRESS.to_owned(), named.address.as_bytes().to_vec()));
            pairs.push((NAME.to_owned(), Named::clean(&named.name).into_bytes()));
            pairs.push((PROOF.to_owned(), named.signature.to_vec()));
        }
        pairs.push((SIGNATURE.to_owned(), self.signature.0.to_vec()));
        pairs
    }

    /// Its own form: four bytes and a format, the port, and strings of a TXT record, each behind a
    /// byte of its length.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = [MAGIC, &[FORMAT], &self.port.to_be_bytes()[..]].concat();
        for string in self.to_txt() {
            // None is longer than 255 bytes; one that were would be left out.
            let Ok(length) = u8::try_from(string.len()) else {
                continue;
            };
            bytes.push(length);
            bytes.extend(string);
        }
        bytes
    }

    /// Reads its own form.
    ///
    /// ```
    /// use discovery::{Announcement, NotAnAnnouncement};
    /// use identity::Identity;
    ///
    /// let (ann, alias) = (Identity::generate()?, Identity::generate()?);
    /// let said = Announcement::open(&ann, &alias, 4080, "Ann");
    /// assert_eq!(Announcement::from_bytes(&said.to_bytes()), Ok(said));
    /// assert_eq!(Announcement::from_bytes(b"hello"), Err(NotAnAnnouncement));
    /// # Ok::<(), identity::NoRandomness>(())
    /// ```
    ///
    /// # Errors
    /// When they are of another format, cut off, do not say what every announcement says, say too much, or
    /// are not signed by the alias.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, NotAnAnnouncement> {
        Claimed::from_bytes(bytes)?.verify()
    }
}

impl Claimed {
    /// What it says, if its alias made it.
    pub(crate) const fn unverified(&self) -> &Announcement {
        &self.0
    }

    pub(crate) fn verify(self) -> Result<Announcement, NotAnAnnouncement> {
        match self.0.verify() {
            Ok(()) => Ok(self.0),
            Err(BadSignature) => Err(NotAnAnnouncement),
        }
    }

    pub(crate) fn from_txt<'a>(
        port: u16,
        strings: impl IntoIterator<Item = &'a [u8]>,
    ) -> Result<Self, NotAnAnnouncement> {
        let mut fields = Fields::default();
        let mut bytes = 0;
        for string in strings {
            // The byte is that of its length.
            bytes += string.len() + 1;
            if bytes > Announcement::MAX_BYTES {
                return Err(NotAnAnnouncement);
            }
            fields.take(string)?;
        }
        fields.announcement(port).map(Self)
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self, NotAnAnnouncement> {
        if bytes.len() > Announcement::MAX_BYTES {
            return Err(NotAnAnnouncement);
        }
        let rest = bytes.strip_prefix(MAGIC).ok_or(NotAnAnnouncement)?;
        let rest = rest.strip_prefix(&[FORMAT]).ok_or(NotAnAnnouncement)?;
        let (port, mut rest) = rest.split_first_chunk().ok_or(NotAnAnnouncement)?;
        let mut strings = Vec::new();
        while let Some((length, after)) = rest.split_first() {
            let cut = after.split_at_checked((*length).into());
            let (string, after) = cut.ok_or(NotAnAnnouncement)?;
            strings.push(string);
            rest = after;
        }
        Self::from_txt(u16::from_be_bytes(*port), strings)
    }
}

/// What was read of an announcement so far.
#[derive(Default)]
struct Fields {
    version: Option<u16>,
    alias: Option<Address>,
    serial: Option<u32>,
    tokens: [Option<Vec<Token>>; TOKEN_STRINGS],
    address: Option<Address>,
    name: Option<String>,
    proof: Option<[u8; 64]>,
    signature: Option<[u8; 64]>,
}

impl Fields {
    fn take(&mut self, string: &[u8]) -> Result<(), NotAnAnnouncement> {
        let mut parts = string.splitn(2, |byte| *byte == b'=');
        let (Some(key), Some(value)) = (parts.next(), parts.next()) else {
            return Ok(());
        };
        match key.to_ascii_lowercase().as_slice() {
            b"v" => first(&mut self.version, value, number),
            b"a" => first(&mut self.alias, value, address),
            b"o" => first(&mut self.serial, value, number),
            b"t0" => first(&mut self.tokens[0], value, tokens),
            b"t1" => first(&mut self.tokens[1], value, tokens),
            b"t2" => first(&mut self.tokens[2], value, tokens),
            b"i" => first(&mut self.address, value, address),
            b"n" => first(&mut self.name, value, name),
            b"p" => first(&mut self.proof, value, |it| it.try_into().ok()),
            b"s" => first(&mut self.signature, value, |it| it.try_into().ok()),
            _ => Ok(()),
        }
    }

    fn announcement(self, port: u16) -> Result<Announcement, NotAnAnnouncement> {
        let mut tokens: Vec<_> = self.tokens.into_iter().flatten().flatten().collect();
        tokens.sort_unstable();
        if port < MIN_PORT || tokens.len() > Announcement::MAX_TOKENS {
            return Err(NotAnAnnouncement);
        }
        let named = match (self.address, self.name, self.proof) {
            (Some(address), Some(name), Some(signature)) => Some(Box::new(Named {
                address,
                name,
                signature,
            })),
            (None, None, None) => None,
            (_, _, _) => return Err(NotAnAnnouncement),
        };
        Ok(Announcement {
            alias: self.alias.ok_or(NotAnAnnouncement)?,
            port,
            version: self.version.ok_or(NotAnAnnouncement)?,
            tokens,
            named,
            serial: self.serial.ok_or(NotAnAnnouncement)?,
            signature: Signature(self.signature.ok_or(NotAnAnnouncement)?),
        })
    }
}

impl From<Announcement> for Claimed {
    fn from(announcement: Announcement) -> Self {
        Self(announcement)
    }
}

/// Reads a value unless its key was there before.
fn first<T>(
    field: &mut Option<T>,
    value: &[u8],
    read: impl FnOnce(&[u8]) -> Option<T>,
) -> Result<(), NotAnAnnouncement> {
    if field.is_none() {
        *field = Some(read(value).ok_or(NotAnAnnouncement)?);
    }
    Ok(())
}

fn number<T: FromStr>(value: &[u8]) -> Option<T> {
    std::str::from_utf8(value).ok()?.parse().ok()
}

fn address(value: &[u8]) -> Option<Address> {
    value.try_into().ok().map(Address::from_bytes)
}

fn tokens(value: &[u8]) -> Option<Vec<Token>> {
    let (tokens, rest) = value.as_chunks();
    rest.is_empty()
        .then(|| tokens.iter().copied().map(Token).collect())
}

/// A name in another form than the one that is announced would not fit its signature.
fn name(value: &[u8]) -> Option<String> {
    let name = std::str::from_utf8(value).ok()?;
    (Named::clean(name) == name).then(|| name.to_owned())
}

const VERSION: &str = "v";
const ALIAS: &str = "a";
const SERIAL: &str = "o";
const TOKENS: &str = "t";
const ADDRESS: &str = "i";
const NAME: &str = "n";
const PROOF: &str = "p";
const SIGNATURE: &str = "s";

/// With its key they fit into the 255 bytes of a string.
const TOKENS_IN_ONE: usize = 31;

const TOKEN_STRINGS: usize = Announcement::MAX_TOKENS.div_ceil(TOKENS_IN_ONE);

const _: () = assert!(
    TOKEN_STRINGS == 3,
    "the keys of the tokens are listed by hand"
);

/// Begins everything of ours that comes without a name.
const MAGIC: &[u8] = b"TnCn";

const FORMAT: u8 = 1;

/// Ports below it are the system's, and no member has one: an announcement sends nobody there.
pub(crate) const MIN_PORT: u16 = 1024;

#[cfg(test)]
mod tests;
