//! IVs that never repeat under a key, and in which no byte is below four.
//!
//! Native clients read the IV of a picture before they undo the escaping, so nothing in it may be
//! escaped: escapes are put before bytes up to three that follow two zeros.

use super::IV_BYTES;

/// The IVs of one sealer: a random part that tells it from all other sealers of the same key, and a
/// number.
///
/// The random part has 252⁷ ≈ 2⁵⁶ values: of a thousand sealers under one key two meet with a
/// chance of 10⁻¹¹. The number goes to 252⁵ ≈ 10¹², at 50 frames a second for 600 years.
#[derive(Debug)]
pub(super) struct Ivs {
    random: [u8; RANDOM_BYTES],
    next: u64,
}

impl Ivs {
    /// `None` when the system gives no random bytes.
    pub(super) fn new() -> Option<Self> {
        let mut random = [0; RANDOM_BYTES];
        for byte in &mut random {
            while *byte < LEAST {
                getrandom::fill(std::slice::from_mut(byte)).ok()?;
            }
        }
        Some(Self { random, next: 0 })
    }

    /// What the IVs of this sender begin with, and nobody else's.
    pub(super) const fn beginning(&self) -> Beginning {
        Beginning(self.random)
    }

    /// `None` when all are used up.
    pub(super) fn take(&mut self) -> Option<[u8; IV_BYTES]> {
        let mut iv = [0; IV_BYTES];
        let (random, number) = iv.split_at_mut(RANDOM_BYTES);
        random.copy_from_slice(&self.random);
        let mut rest = self.next;
        for digit in number.iter_mut().rev() {
            *digit = u8::try_from(rest % DIGITS).ok()? + LEAST;
            rest /= DIGITS;
        }
        self.next += 1;
        (rest == 0).then_some(iv)
    }
}

/// What tells the IVs of one sealer from those of others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Beginning(pub [u8; Self::BYTES]);

impl Beginning {
    /// Of an IV.
    pub const BYTES: usize = RANDOM_BYTES;
}

/// The IV of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Iv(pub(super) [u8; IV_BYTES]);

impl Iv {
    /// Whether a sealer with these IVs made it.
    pub(super) fn is_of(&self, sealer: &Beginning) -> bool {
        self.0.starts_with(&sealer.0)
    }

    /// Which sealer made it, and its number there; `None` of an IV that no sealer makes. Other
    /// programs make theirs in other ways.
    pub(super) fn place(&self) -> Option<(Beginning, u64)> {
        let (beginning, number) = self.0.split_first_chunk()?;
        let digits = number.iter().map(|byte| byte.checked_sub(LEAST));
        let number = digits
            .map(|digit| digit.map(u64::from))
            .try_fold(0, |sum, digit| Some(sum * DIGITS + digit?))?;
        Some((Beginning(*beginning), number))
    }
}

const RANDOM_BYTES: usize = 7;
const LEAST: u8 = 4;
/// Values of a byte.
const DIGITS: u64 = 252;
