//! What a member of a network says of itself.

use std::fmt;

use identity::Address;

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
    /// By which people whom it knows recognise it.
    pub tokens: Vec<Token>,
    /// Who it is, if everybody may know.
    pub named: Option<Named>,
}

/// Who a member is, told to everybody.
#[derive(Clone, PartialEq, Eq)]
pub struct Named {
    /// Its identity.
    pub address: Address,
    /// What people call it.
    pub name: String,
    /// By its identity, over alias, address and name.
    pub signature: [u8; 64],
}

/// Says to one person who knows both identities, and to nobody else, who announces.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Token(pub [u8; Self::BYTES]);

impl Token {
    /// Enough that no two meet by chance; nothing rests on it that a sealed session does not prove.
    pub const BYTES: usize = 8;
}

impl fmt::Debug for Named {
    /// Names and addresses stay out of logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Named(…)")
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}
