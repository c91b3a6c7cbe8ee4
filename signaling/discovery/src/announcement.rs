//! What a member of a network says of itself.

use std::fmt;

use data_encoding::BASE32_NOPAD;
use identity::{Address, BadSignature, Identity, clean_name, verify_alias, verify_announcement};

use crate::token::{Pair, Token};

/// What a member of a network says of itself. Its alias signs all of it, so that nobody else says
/// anything in its place: a neighbour can repeat it, and no more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Announcement {
    /// The key that the member uses on local networks until it is started again: its address at its
    /// own relay and at those of others. It names nobody, and salts the tokens.
    pub alias: Address,
    /// The TCP port of its relay.
    pub port: u16,
    /// The version of what it speaks with others, [`signal_wire::VERSION`].
    pub version: u16,
    /// By which people whom it knows recognise it. At most [`Self::MAX_TOKENS`], in ascending
    /// order, which tells nothing of the people.
    pub tokens: Vec<Token>,
    /// Who it is, if everybody may know.
    pub named: Option<Box<Named>>,
    /// The higher one of two holds: an older announcement that somebody repeats takes nothing back.
    pub(crate) serial: u32,
    /// By the alias, over all of this.
    pub(crate) signature: Signature,
}

/// A signature, which is kept out of logs: with it an announcement could be repeated.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Signature(pub(crate) [u8; 64]);

/// Who a member is, told to everybody.
#[derive(Clone, PartialEq, Eq)]
pub struct Named {
    /// Its identity.
    pub address: Address,
    /// What people call it, safe to show ([`identity::clean_name`]) and at most
    /// [`Self::MAX_NAME_BYTES`] long.
    pub name: String,
    /// By its identity, over alias, address and name.
    pub signature: [u8; 64],
}

impl Announcement {
    /// With the rest of an announcement they fit into one datagram.
    pub const MAX_TOKENS: usize = 64;

    /// How many tokens are told at least, and in which steps more: of how many people somebody
    /// knows, only this much shows.
    pub(crate) const TOKEN_STEP: usize = 8;

    /// Announces to people whom one knows, and to nobody else. Of more than [`Self::MAX_TOKENS`]
    /// the first ones recognise it; whoever is no usable key is left out.
    ///
    /// ```
    /// use discovery::{Acquaintances, Announcement, Recognised};
    /// use identity::Identity;
    ///
    /// let (ann, bob, alias) = (Identity::generate()?, Identity::generate()?, Identity::generate()?);
    /// let said = Announcement::hidden(&ann, &alias, 4080, &[bob.address()]);
    /// let known = Acquaintances::new(&bob, [ann.address()]);
    /// assert_eq!(known.recognise(&said), Some(Recognised::Acquaintance(ann.address())));
    ///
    /// let eve = Acquaintances::new(&Identity::generate()?, [ann.address(), bob.address()]);
    /// assert_eq!(eve.recognise(&said), None);
    /// # Ok::<(), identity::NoRandomness>(())
    /// ```
    #[must_use]
    pub fn hidden(identity: &Identity, alias: &Identity, port: u16, known: &[Address]) -> Self {
        let (own, at) = (identity.address(), alias.address());
        let mut tokens: Vec<_> = known
            .iter()
            .filter_map(|other| Pair::new(identity, other).ok())
            .take(Self::MAX_TOKENS)
            .map(|pair| pair.token(&at, &own))
            .collect();
        if let Ok(self_pair) = Pair::new(identity, &own) {
            let shown = tokens.len().max(1).next_multiple_of(Self::TOKEN_STEP);
            tokens.extend(
                (0..)
                    .take(shown - tokens.len())
                    .map(|it| self_pair.decoy(&at, it)),
            );
        }
        tokens.sort_unstable();
        Self::signed(alias, port, tokens, None)
    }

    /// Announces to everybody, by address and name.
    ///
    /// ```
    /// use discovery::{Acquaintances, Announcement, Recognised};
    /// use identity::Identity;
    ///
    /// let (ann, bob, alias) = (Identity::generate()?, Identity::generate()?, Identity::generate()?);
    /// let said = Announcement::open(&ann, &alias, 4080, "Ann");
    /// let strangers = Acquaintances::new(&bob, []);
    /// let ann = Recognised::Named(ann.address(), "Ann".to_owned());
    /// assert_eq!(strangers.recognise(&said), Some(ann));
    /// # Ok::<(), identity::NoRandomness>(())
    /// ```
    #[must_use]
    pub fn open(identity: &Identity, alias: &Identity, port: u16, name: &str) -> Self {
        let address = identity.address();
        let name = Named::clean(name);
        let signature =
            identity.sign_announcement(&Named::statement(&alias.address(), &address, &name));
        let named = Named {
            address,
            name,
            signature,
        };
        Self::signed(alias, port, Vec::new(), Some(Box::new(named)))
    }

    /// What fuzz targets begin with: hidden to all but `other`, and by a name.
    #[cfg(fuzzing)]
    pub(crate) fn examples(own: &Identity, other: &Identity) -> [Self; 2] {
        [
            Self::hidden(own, own, 4080, &[other.address()]),
            Self::open(own, own, 48267, "Zo\u{eb}"),
        ]
    }

    /// The same to be said after `previous`, which it takes back.
    ///
    /// ```
    /// use discovery::Announcement;
    /// use identity::Identity;
    ///
    /// let (ann, bob, alias) = (Identity::generate()?, Identity::generate()?, Identity::generate()?);
    /// let before = Announcement::hidden(&ann, &alias, 4080, &[]);
    /// let now = Announcement::hidden(&ann, &alias, 4080, &[bob.address()]).after(&before, &alias);
    /// assert!(now.is_newer_than(&before) && !before.is_newer_than(&now));
    /// assert!(!now.says_the_same_as(&before));
    /// # Ok::<(), identity::NoRandomness>(())
    /// ```
    #[must_use]
    pub fn after(mut self, previous: &Self, alias: &Identity) -> Self {
        self.serial = previous.serial.saturating_add(1);
        self.sign(alias);
        self
    }

    /// Whether it takes back another one of the same alias.
    #[must_use]
    pub const fn is_newer_than(&self, other: &Self) -> bool {
        self.serial > other.serial
    }

    /// Whether only the time of saying differs.
    #[must_use]
    pub fn says_the_same_as(&self, other: &Self) -> bool {
        let what = |it: &Self| (it.alias, it.port, it.version);
        what(self) == what(other) && self.tokens == other.tokens && self.named == other.named
    }

    /// Whether its alias says all of this.
    pub(crate) fn verify(&self) -> Result<(), BadSignature> {
        verify_alias(&self.alias, &self.statement(), &self.signature.0)
    }

    pub(crate) fn signed(
        alias: &Identity,
        port: u16,
        tokens: Vec<Token>,
        named: Option<Box<Named>>,
    ) -> Self {
        let mut said = Self {
            alias: alias.address(),
            port,
            version: signal_wire::VERSION,
            tokens,
            named,
            serial: 0,
            signature: Signature([0; 64]),
        };
        said.sign(alias);
        said
    }

    fn sign(&mut self, alias: &Identity) {
        self.signature = Signature(alias.sign_as_alias(&self.statement()));
    }

    /// Everything that is said, in one way only: the serial number in four bytes, port, version and
    /// number of tokens in two each (big-endian), the tokens, and of a name its address, its signature and itself.
    fn statement(&self) -> Vec<u8> {
        // More of them are never read.
        let tokens = u16::try_from(self.tokens.len()).unwrap_or(u16::MAX);
        let mut statement = self.serial.to_be_bytes().to_vec();
        let numbers = [self.port, self.version, tokens];
        statement.extend(numbers.map(u16::to_be_bytes).as_flattened());
        statement.extend(self.tokens.iter().flat_map(|it| it.0));
        if let Some(named) = &self.named {
            statement.extend(named.address.as_bytes());
            statement.extend(named.signature);
            statement.extend(named.name.as_bytes());
        }
        statement
    }
}

impl Named {
    /// Of a name, UTF-8: with its key it fits into one string of a TXT record.
    pub const MAX_NAME_BYTES: usize = 192;

    /// Whether this identity says itself that it is at the alias, by this name.
    ///
    /// # Errors
    /// When it does not.
    pub fn verify(&self, alias: &Address) -> Result<(), BadSignature> {
        let statement = Self::statement(alias, &self.address, &self.name);
        verify_announcement(&self.address, &statement, &self.signature)
    }

    /// What of a name is announced.
    pub(crate) fn clean(name: &str) -> String {
        let clean = clean_name(name);
        if clean.len() <= Self::MAX_NAME_BYTES {
            return clean;
        }
        let cut = clean.floor_char_boundary(Self::MAX_NAME_BYTES);
        // What ends at a cut may end in what is not shown at an end.
        clean_name(&clean[..cut])
    }

    /// Parts of fixed length, then the name.
    fn statement(alias: &Address, address: &Address, name: &str) -> Vec<u8> {
        [alias.as_bytes(), address.as_bytes(), name.as_bytes()].concat()
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Signature(…)")
    }
}

impl fmt::Debug for Named {
    /// Names and addresses stay out of logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Named(…)")
    }
}

/// The name by which the relay of an alias is dialled, and which it takes as its own: no DNS knows
/// it, so it leads nowhere by itself (RFC 6761, section 6.4).
///
/// ```
/// use discovery::{Address, host_name};
///
/// let name = host_name(&Address::from_bytes([7; 32]));
/// assert_eq!(name, "a4dqobyha4dqobyha4dqobyha4dqobyh.tincan.invalid");
/// ```
#[must_use]
pub fn host_name(alias: &Address) -> String {
    format!("{}.tincan.invalid", label(alias))
}

/// One label of a name (RFC 1035, section 2.3.1) that only this alias has.
pub(crate) fn label(alias: &Address) -> String {
    let mut label = BASE32_NOPAD.encode(&alias.as_bytes()[..LABEL_BYTES]);
    label.make_ascii_lowercase();
    label
}

/// 160 bits: nobody finds a second alias of the same label.
const LABEL_BYTES: usize = 20;
