//! The one encoding of an announcement: the strings of a DNS TXT record (RFC 6763, section 6), and
//! what our beacon and the answer to a question carry, which is those strings behind a port.
//!
//! | Key | Value |
//! |---|---|
//! | `v` | version, decimal |
//! | `a` | alias, 32 bytes |
//! | `t0` … `t2` | tokens, 8 bytes each, at most 31 in one |
//! | `i` | address, 32 bytes |
//! | `n` | name, UTF-8 |
//! | `s` | signature, 64 bytes |
//!
//! Values are binary (RFC 6763, section 6.5). Keys that are not in the table are skipped; of two
//! strings with one key the first holds (section 6.4).

use identity::Address;

use crate::announcement::{Announcement, Named};
use crate::token::Token;

/// Bytes are no announcement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an announcement")]
pub struct NotAnAnnouncement;

impl Announcement {
    /// The most that an announcement takes in its own form: with the headers of UDP, IPv6 and a
    /// tunnel it fits into the smallest packet that IPv6 guarantees (1280 bytes, RFC 8200).
    pub const MAX_BYTES: usize = 1200;

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
        ];
        let told = &self.tokens[..self.tokens.len().min(Self::MAX_TOKENS)];
        for (number, tokens) in told.chunks(TOKENS_IN_ONE).enumerate() {
            let value = tokens.iter().flat_map(|it| it.0).collect();
            pairs.push((format!("{TOKENS}{number}"), value));
        }
        if let Some(named) = &self.named {
            pairs.push((ADDRESS.to_owned(), named.address.as_bytes().to_vec()));
            pairs.push((NAME.to_owned(), Named::clean(&named.name).into_bytes()));
            pairs.push((SIGNATURE.to_owned(), named.signature.to_vec()));
        }
        pairs
    }

    /// Reads the strings of a TXT record, and the port of the SRV record beside it.
    ///
    /// # Errors
    /// When version or alias are missing, something known is malformed, or it is too much.
    pub fn from_txt<'a>(
        port: u16,
        strings: impl IntoIterator<Item = &'a [u8]>,
    ) -> Result<Self, NotAnAnnouncement> {
        let mut fields = Fields::default();
        let mut bytes = 0;
        for string in strings {
            // The byte is that of its length.
            bytes += string.len() + 1;
            if bytes > Self::MAX_BYTES {
                return Err(NotAnAnnouncement);
            }
            fields.take(string)?;
        }
        fields.announcement(port)
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
    /// let said = Announcement::open(&ann, &alias.address(), 4080, "Ann");
    /// assert_eq!(Announcement::from_bytes(&said.to_bytes()), Ok(said));
    /// assert_eq!(Announcement::from_bytes(b"hello"), Err(NotAnAnnouncement));
    /// # Ok::<(), identity::NoRandomness>(())
    /// ```
    ///
    /// # Errors
    /// When they are of another format, cut off, or see [`Self::from_txt`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, NotAnAnnouncement> {
        if bytes.len() > Self::MAX_BYTES {
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
    tokens: [Option<Vec<Token>>; TOKEN_STRINGS],
    address: Option<Address>,
    name: Option<String>,
    signature: Option<[u8; 64]>,
}

impl Fields {
    fn take(&mut self, string: &[u8]) -> Result<(), NotAnAnnouncement> {
        let mut parts = string.splitn(2, |byte| *byte == b'=');
        let (Some(key), Some(value)) = (parts.next(), parts.next()) else {
            return Ok(());
        };
        match key.to_ascii_lowercase().as_slice() {
            b"v" => first(&mut self.version, value, version),
            b"a" => first(&mut self.alias, value, address),
            b"t0" => first(&mut self.tokens[0], value, tokens),
            b"t1" => first(&mut self.tokens[1], value, tokens),
            b"t2" => first(&mut self.tokens[2], value, tokens),
            b"i" => first(&mut self.address, value, address),
            b"n" => first(&mut self.name, value, name),
            b"s" => first(&mut self.signature, value, |it| it.try_into().ok()),
            _ => Ok(()),
        }
    }

    fn announcement(self, port: u16) -> Result<Announcement, NotAnAnnouncement> {
        let mut tokens: Vec<_> = self.tokens.into_iter().flatten().flatten().collect();
        tokens.sort_unstable();
        if port == 0 || tokens.len() > Announcement::MAX_TOKENS {
            return Err(NotAnAnnouncement);
        }
        let named = match (self.address, self.name, self.signature) {
            (Some(address), Some(name), Some(signature)) => Some(Named {
                address,
                name,
                signature,
            }),
            (None, None, None) => None,
            (_, _, _) => return Err(NotAnAnnouncement),
        };
        Ok(Announcement {
            alias: self.alias.ok_or(NotAnAnnouncement)?,
            port,
            version: self.version.ok_or(NotAnAnnouncement)?,
            tokens,
            named,
        })
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

fn version(value: &[u8]) -> Option<u16> {
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
const TOKENS: &str = "t";
const ADDRESS: &str = "i";
const NAME: &str = "n";
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

#[cfg(test)]
mod tests {
    use identity::Identity;
    use proptest::prelude::*;

    use super::*;

    fn any_announcement() -> impl Strategy<Value = Announcement> {
        let tokens = prop::collection::vec(any::<[u8; 8]>().prop_map(Token), 0..=64);
        let named =
            (any::<[u8; 32]>(), ".{0,80}", any::<[u8; 32]>()).prop_map(|(address, name, half)| {
                Named {
                    address: Address::from_bytes(address),
                    name: Named::clean(&name),
                    signature: [half, half].concat().try_into().unwrap(),
                }
            });
        let named = prop::option::of(named);
        let fixed = (any::<[u8; 32]>(), 1..=u16::MAX, any::<u16>());
        (fixed, tokens, named).prop_map(|((alias, port, version), mut tokens, named)| {
            tokens.sort_unstable();
            Announcement {
                alias: Address::from_bytes(alias),
                port,
                version,
                tokens,
                named,
            }
        })
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(said in any_announcement()) {
            let bytes = said.to_bytes();
            prop_assert!(bytes.len() <= Announcement::MAX_BYTES);
            prop_assert!(said.to_txt().iter().all(|it| it.len() <= 255));
            prop_assert_eq!(Announcement::from_bytes(&bytes), Ok(said));
        }

        #[test]
        fn any_bytes_are_judged(bytes in prop::collection::vec(any::<u8>(), 0..1300)) {
            let _ = Announcement::from_bytes(&bytes);
            let with_header = [MAGIC, &[FORMAT], &bytes].concat();
            let _ = Announcement::from_bytes(&with_header);
        }

        #[test]
        fn any_damage_is_judged(
            said in any_announcement(),
            at in any::<prop::sample::Index>(),
            byte in any::<u8>(),
        ) {
            let mut bytes = said.to_bytes();
            let at = at.index(bytes.len());
            bytes[at] = byte;
            let _ = Announcement::from_bytes(&bytes);
            let _ = Announcement::from_bytes(&bytes[..at]);
        }

        #[test]
        fn any_strings_are_judged(strings in prop::collection::vec(
            prop::collection::vec(any::<u8>(), 0..255), 0..8,
        )) {
            let _ = Announcement::from_txt(1, strings.iter().map(Vec::as_slice));
        }
    }

    #[test]
    fn the_longest_name_and_the_most_tokens_fit() {
        let ann = Identity::generate().unwrap();
        let alias = Identity::generate().unwrap().address();
        let long = Announcement::open(&ann, &alias, 4080, &"\u{1f600}".repeat(64));
        assert_eq!(Announcement::from_bytes(&long.to_bytes()), Ok(long.clone()));
        let named = long.named.unwrap();
        assert_eq!(named.name.len(), Named::MAX_NAME_BYTES);
        assert_eq!(named.verify(&alias), Ok(()));

        let people: Vec<_> = (0..70)
            .map(|_| Identity::generate().unwrap().address())
            .collect();
        let many = Announcement::hidden(&ann, &alias, 4080, &people);
        assert_eq!(many.tokens.len(), Announcement::MAX_TOKENS);
        assert_eq!(Announcement::from_bytes(&many.to_bytes()), Ok(many));
    }

    #[test]
    fn what_later_versions_add_is_skipped_and_what_is_missing_is_not() {
        let alias = Address::from_bytes([7; 32]);
        let alias_string = [&b"A="[..], alias.as_bytes()].concat();
        let strings: &[&[u8]] = &[
            b"v=9999",
            &alias_string,
            b"new=\xff\x00=",
            b"flag",
            b"",
            b"=",
            b"v=1",
        ];
        let read = Announcement::from_txt(1, strings.iter().copied()).unwrap();
        assert_eq!((read.version, read.alias), (9999, alias));

        let without: [&[&[u8]]; 6] = [
            &[],
            &[b"v=1"],
            &[&alias_string],
            &[b"v=1", b"a=short"],
            &[b"v=1", &alias_string, b"t0=seven77"],
            &[b"v=1", &alias_string, b"n=Ann"],
        ];
        for strings in without {
            let read = Announcement::from_txt(1, strings.iter().copied());
            assert_eq!(read, Err(NotAnAnnouncement), "{strings:?}");
        }
        let no_port = Announcement::from_txt(0, [&b"v=1"[..], &alias_string]);
        assert_eq!(no_port, Err(NotAnAnnouncement));
    }
}
