//! Runs one check, shows what it prints, and counts the tests that it reports.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::shell::show;

/// What came of one check.
#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) name: &'static str,
    pub(crate) count: Count,
    pub(crate) took: Duration,
}

impl Step {
    /// Nothing checked yet.
    pub(crate) fn empty(name: &'static str) -> Self {
        Self {
            name,
            count: Count::default(),
            took: Duration::ZERO,
        }
    }

    /// Takes another run of the same check in.
    pub(crate) fn add(&mut self, other: &Self) {
        self.count.add(other.count);
        self.took += other.took;
    }
}

/// How many tests came out how. A check that is no test suite counts as one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Count {
    pub(crate) passed: u32,
    pub(crate) failed: u32,
    pub(crate) skipped: u32,
}

impl Count {
    pub(crate) const PASSED: Self = Self {
        passed: 1,
        failed: 0,
        skipped: 0,
    };
    pub(crate) const FAILED: Self = Self {
        passed: 0,
        failed: 1,
        skipped: 0,
    };
    /// For a check that this machine cannot do.
    pub(crate) const SKIPPED: Self = Self {
        passed: 0,
        failed: 0,
        skipped: 1,
    };

    pub(crate) fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

/// What the output of one check reports.
#[derive(Debug, Default)]
struct Report {
    count: Count,
    /// Scenarios that said that they cannot run here, before their runner called them passed.
    cannot_run: u32,
    /// Whether a test runner spoke at all.
    has_tests: bool,
}

impl Report {
    /// Adds what one line of a test runner's output reports.
    fn read(&mut self, line: &str) {
        if let Some(rest) = line.strip_prefix("test result: ") {
            // cargo test: "ok. 3 passed; 0 failed; 1 ignored; …"
            let rest = rest.split_once(". ").map_or(rest, |(_, counts)| counts);
            self.read_words(rest, ';');
        } else if let Some(rest) = line.trim_start().strip_prefix("Tests  ") {
            // vitest: "Tests  3 passed | 1 skipped (4)"
            self.read_words(rest, '|');
        } else if line.starts_with("  ") {
            // Playwright: "  3 passed (5.1s)"
            let words: Vec<&str> = line.split_whitespace().collect();
            if matches!(words[..], [_, "passed", time] if time.starts_with('('))
                || matches!(words[..], [_, "failed" | "skipped" | "flaky"])
            {
                self.read_words(line, ';');
            }
        } else if line.starts_with("SKIPPED ") {
            self.cannot_run += 1;
        }
    }

    /// How the check came out, if it ended well or not. One that is no test suite counts as one; a
    /// suite without a test counts as nothing.
    fn outcome(mut self, ok: bool) -> Count {
        let skipped = self.cannot_run.min(self.count.passed);
        self.count.passed -= skipped;
        self.count.skipped += skipped;
        if !ok && self.count.failed == 0 {
            self.count.add(Count::FAILED);
        } else if !self.has_tests {
            self.count.add(Count::PASSED);
        }
        self.count
    }

    fn read_words(&mut self, counts: &str, between: char) {
        self.has_tests = true;
        for part in counts.split(between) {
            let mut words = part.split_whitespace();
            let Some(number) = words.next().and_then(|word| word.parse::<u32>().ok()) else {
                continue;
            };
            match words.next() {
                Some("passed") => self.count.passed += number,
                Some("failed" | "flaky") => self.count.failed += number,
                Some("ignored" | "skipped") => self.count.skipped += number,
                _ => {}
            }
        }
    }
}

/// Runs a check to its end, whatever it finds.
pub(crate) fn step(name: &'static str, command: &mut Command) -> Result<Step> {
    let shown = show(command);
    println!("\n== {name}: {shown}");
    let begun = Instant::now();
    // One pipe for both outputs keeps their order, and lets the skipped scenarios be counted.
    let (read, write) = std::io::pipe()?;
    command
        .stdin(Stdio::null())
        .stdout(write.try_clone()?)
        .stderr(write);
    command
        .env("NO_COLOR", "1")
        .env("CARGO_TERM_COLOR", "never")
        .env_remove("FORCE_COLOR");
    let mut child = command
        .spawn()
        .with_context(|| format!("cannot start {shown}"))?;
    // Our ends of the pipe live in the command; the last line comes only after they are closed.
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut report = Report::default();
    let mut lines = BufReader::new(read);
    let mut line = Vec::new();
    while lines.read_until(b'\n', &mut line)? > 0 {
        let text = String::from_utf8_lossy(&line);
        let text = text.trim_end();
        println!("{text}");
        report.read(text);
        line.clear();
    }
    let ok = child.wait()?.success();
    Ok(Step {
        name,
        count: report.outcome(ok),
        took: begun.elapsed(),
    })
}

#[cfg(test)]
mod tests {
    use super::{Count, Report};

    fn count(lines: &[&str]) -> Count {
        let mut report = Report::default();
        lines.iter().for_each(|line| report.read(line));
        report.outcome(true)
    }

    #[test]
    fn cargo_test_is_counted() {
        let line =
            "test result: FAILED. 12 passed; 2 failed; 1 ignored; 0 measured; 0 filtered out";
        assert_eq!(
            count(&[line]),
            Count {
                passed: 12,
                failed: 2,
                skipped: 1
            }
        );
    }

    #[test]
    fn a_scenario_that_was_skipped_did_not_pass() {
        let ok = "test result: ok. 2 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out";
        let skipped = "SKIPPED chromium answers: there is no chromium";
        // Its runner sums up after it.
        for lines in [[skipped, ok], [ok, skipped]] {
            assert_eq!(
                count(&lines),
                Count {
                    passed: 1,
                    failed: 0,
                    skipped: 1
                }
            );
        }
    }

    #[test]
    fn a_suite_without_a_test_has_checked_nothing() {
        let none = "test result: ok. 0 passed; 0 failed; 0 ignored; 0 measured; 9 filtered out";
        assert_eq!(count(&[none]), Count::default());
        assert_eq!(count(&["what is no suite"]), Count::PASSED);
    }

    #[test]
    fn vitest_is_counted_and_its_files_are_not() {
        let lines = [
            " Test Files  3 passed (3)",
            "      Tests  20 passed | 2 skipped (22)",
        ];
        assert_eq!(
            count(&lines),
            Count {
                passed: 20,
                failed: 0,
                skipped: 2
            }
        );
    }

    #[test]
    fn playwright_is_counted() {
        let lines = [
            "  1 failed",
            "    [chromium] › a.spec.ts:3:1 › 2 passed (x)",
            "  7 passed (5.1s)",
        ];
        assert_eq!(
            count(&lines),
            Count {
                passed: 7,
                failed: 1,
                skipped: 0
            }
        );
    }
}
