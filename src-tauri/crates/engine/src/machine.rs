//! What an engine runs on: time, threads and random numbers.

use std::sync::{Arc, Mutex, PoisonError};

use media::testing::Dice;

use crate::clock::Clock;
use crate::threads::Threads;

/// What an engine runs on. The default is this machine; a simulation brings its own, so that all
/// that an engine does follows from a seed. Keys do not: they are made of the machine's randomness,
/// and nothing depends on which ones they are.
#[derive(Clone, Debug, Default)]
pub struct Machine {
    /// The time.
    pub clock: Clock,
    /// Who does the work beside the control task.
    pub threads: Threads,
    /// What calls are named by.
    pub rng: Rng,
}

/// Random numbers. Clones draw from the same ones.
#[derive(Clone, Debug, Default)]
pub struct Rng(Option<Arc<Mutex<Dice>>>);

impl Rng {
    /// Numbers that follow from this seed.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        Self(Some(Arc::new(Mutex::new(Dice::new(seed)))))
    }

    /// A number that nobody can guess, unless it is seeded.
    pub(crate) fn draw(&self) -> u64 {
        match &self.0 {
            Some(dice) => dice.lock().unwrap_or_else(PoisonError::into_inner).number(),
            // Without a source of randomness the keys of the session could not be made either.
            None => getrandom::u64().expect("the system gives random numbers"),
        }
    }
}
