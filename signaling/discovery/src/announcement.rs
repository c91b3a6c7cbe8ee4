//! What a member of a network says of itself.

use std::fmt;

use data_encoding::BASE32_NOPAD;
use identity::{Address, BadSignature, Identity, clean_name, verify_announcement};

use crate::token::{Pair, Token};

/// What a member of a network says of itself.
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
    pub named: Option<Named>,
}

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
    const TOKEN_STEP: usize = 8;

    /// Announces to people whom one knows, and to nobody else. Of more than [`Self::MAX_TOKENS`]
    /// the first ones recognise it; whoever is no usable key is left out.
    ///
    /// ```
    /// use discovery::{Acquaintances, Announcement, Recognised};
    /// use identity::Identity;
    ///
    /// let (ann, bob, alias) = (Identity::generate()?, Identity::generate()?, Identity::generate()?);
    /// let said = Announcement::hidden(&ann, &alias.address(), 4080, &[bob.address()]);
    /// let known = Acquaintances::new(&bob, [ann.address()]);
    /// assert_eq!(known.recognise(&said), Some(Recognised::Acquaintance(ann.address())));
    ///
    /// let eve = Acquaintances::new(&Identity::generate()?, [ann.address(), bob.address()]);
    /// assert_eq!(eve.recognise(&said), None);
    /// # Ok::<(), identity::NoRandomness>(())
    /// ```
    #[must_use]
    pub fn hidden(identity: &Identity, alias: &Address, port: u16, known: &[Address]) -> Self {
        let own = identity.address();
        let mut tokens: Vec<_> = known
            .iter()
            .filter_map(|other| Pair::new(identity, other).ok())
            .take(Self::MAX_TOKENS)
            .map(|pair| pair.token(alias, &own))
            .collect();
        if let Ok(self_pair) = Pair::new(identity, &own) {
            let shown = tokens.len().max(1).next_multiple_of(Self::TOKEN_STEP);
            tokens.extend(
                (0..)
                    .take(shown - tokens.len())
                    .map(|it| self_pair.decoy(alias, it)),
            );
        }
        tokens.sort_unstable();
        Self {
            alias: *alias,
            port,
            version: signal_wire::VERSION,
            tokens,
            named: None,
        }
    }

    /// Announces to everybody, by address and name.
    ///
    /// ```
    /// use discovery::{Acquaintances, Announcement, Recognised};
    /// use identity::Identity;
    ///
    /// let (ann, bob, alias) = (Identity::generate()?, Identity::generate()?, Identity::generate()?);
    /// let said = Announcement::open(&ann, &alias.address(), 4080, "Ann");
    /// let strangers = Acquaintances::new(&bob, []);
    /// let ann = Recognised::Named(ann.address(), "Ann".to_owned());
    /// assert_eq!(strangers.recognise(&said), Some(ann));
    /// # Ok::<(), identity::NoRandomness>(())
    /// ```
    #[must_use]
    pub fn open(identity: &Identity, alias: &Address, port: u16, name: &str) -> Self {
        let address = identity.address();
        let name = Named::clean(name);
        let signature = identity.sign_announcement(&Named::statement(alias, &address, &name));
        Self {
            alias: *alias,
            port,
            version: signal_wire::VERSION,
            tokens: Vec::new(),
            named: Some(Named {
                address,
                name,
                signature,
            }),
        }
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
