//! What was found so far.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use crate::finding::Finding;
use crate::report::{Check, CheckKind};

/// Collects findings as they come, and tells of each.
pub(crate) struct Notes<'a> {
    found: Mutex<BTreeMap<CheckKind, Check>>,
    progress: &'a (dyn Fn(&Check) + Send + Sync),
}

impl<'a> Notes<'a> {
    pub(crate) const fn new(progress: &'a (dyn Fn(&Check) + Send + Sync)) -> Self {
        Self {
            found: Mutex::new(BTreeMap::new()),
            progress,
        }
    }

    /// The first finding of a kind counts.
    pub(crate) fn add(&self, kind: CheckKind, finding: Finding) {
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        found.entry(kind).or_insert_with(|| {
            let check = Check::new(kind, finding);
            (self.progress)(&check);
            check
        });
    }

    /// One check of each kind: what was not found in time took too long.
    pub(crate) fn into_checks(self) -> Vec<Check> {
        for kind in CheckKind::ALL {
            self.add(kind, Finding::TimedOut);
        }
        let found = self.found.into_inner();
        let found = found.unwrap_or_else(PoisonError::into_inner);
        found.into_values().collect()
    }
}
