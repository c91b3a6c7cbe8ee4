//! The report as a text that may be shown to strangers.

use std::fmt::Write as _;

use crate::report::{Check, Report, Verdict};

impl Report {
    /// Puts checks and their text together. `program` says who asks: `Tincan 0.1.0`.
    #[must_use]
    pub fn new(checks: Vec<Check>, program: &str) -> Self {
        let redacted = redacted(&checks, program);
        Self { checks, redacted }
    }

    /// Whether anything failed.
    #[must_use]
    pub fn has_failures(&self) -> bool {
        let failed = |it: &Check| it.verdict == Verdict::Fail;
        self.checks.iter().any(failed)
    }
}

fn redacted(checks: &[Check], program: &str) -> String {
    let (system, machine) = (std::env::consts::OS, std::env::consts::ARCH);
    let mut text = format!("{program} on {system} ({machine})\n");
    for check in checks {
        let (word, title) = (check.verdict.word(), check.kind.title());
        let cause = check.finding.without_names().cause();
        // Writing to a text cannot fail.
        let _ = writeln!(text, "{word:7}  {title}: {cause}");
    }
    text
}

#[cfg(test)]
mod tests;
