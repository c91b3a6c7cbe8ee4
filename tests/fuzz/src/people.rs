//! People whose keys are the same in every run, so that what the fuzzer found is found again.

use std::sync::{Arc, LazyLock};

use identity::Identity;

/// Who.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Person {
    /// The other side.
    Ann,
    /// Whose program is fuzzed.
    Bob,
    /// Somebody else.
    Eve,
}

/// The key of a person.
#[must_use]
pub fn person(who: Person) -> Arc<Identity> {
    Arc::clone(&KEYS[who as usize])
}

static KEYS: LazyLock<[Arc<Identity>; 3]> = LazyLock::new(|| {
    [7_u8, 11, 13].map(|factor| {
        // Nothing that looks made by hand, which a key must not.
        let byte = |at: u8| at.wrapping_mul(at).wrapping_mul(factor) ^ at.rotate_left(3);
        let seed: Vec<u8> = (1..=32).map(byte).collect();
        Arc::new(Identity::from_bytes(&seed).expect("a seed that is taken"))
    })
});
