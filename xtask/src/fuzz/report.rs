//! What came of one target, out of what libFuzzer prints.

use std::fmt;
use std::path::Path;

/// What came of one target.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Report {
    /// How many inputs it was given.
    pub(crate) executions: u64,
    /// How much of the code they reached, as libFuzzer counts: edges, and how often each was passed.
    pub(crate) features: u64,
    /// What it stumbled over: the input, where there is one, and what is printed of it.
    pub(crate) finding: Option<String>,
}

impl Report {
    /// Reads what a target printed, which is in `log` too.
    pub(crate) fn read(said: &str, ok: bool, log: &Path) -> Self {
        let mut report = Self {
            executions: 0,
            features: 0,
            finding: None,
        };
        let mut input = None;
        for line in said.lines() {
            let number = |text: &str| text.split_whitespace().next()?.parse().ok();
            if let Some(count) = line.strip_prefix("stat::number_of_executed_units:") {
                report.executions = number(count).unwrap_or(0);
            } else if let Some((before, after)) = line.split_once(" ft: ") {
                report.features = number(after).unwrap_or(report.features);
                // A target that ends early prints no statistics.
                let tried = before.strip_prefix('#').and_then(number);
                report.executions = tried.unwrap_or(report.executions);
            } else if let Some((_, path)) = line.split_once("Test unit written to ") {
                input = Some(path.trim().to_owned());
            }
        }
        report.finding = (!ok).then(|| {
            let input = input.unwrap_or_else(|| "no input was written".to_owned());
            format!("{input}\n    see {}", log.display())
        });
        report
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let finding = self.finding.as_deref().unwrap_or("none");
        write!(f, "{:>12} {:>9}  {finding}", self.executions, self.features)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = "/log";

    #[test]
    fn a_quiet_target_reports_what_it_tried_and_reached() {
        let said = "#2\tINITED cov: 85 ft: 86 corp: 1/1b exec/s: 0 rss: 41Mb\n\
            #4096\tpulse  cov: 90 ft: 111 corp: 8/44b lim: 43 exec/s: 2048 rss: 42Mb\n\
            #9000\tDONE   cov: 90 ft: 112 corp: 8/44b lim: 43 exec/s: 2048 rss: 42Mb\n\
            stat::number_of_executed_units: 9001\n";
        let report = Report::read(said, true, Path::new(LOG));
        assert_eq!(
            report,
            Report {
                executions: 9001,
                features: 112,
                finding: None
            }
        );
    }

    #[test]
    fn a_finding_names_its_input_and_where_to_read_more() {
        let said = "#7\tNEW    cov: 90 ft: 111 corp: 8/44b\n\
            thread '<unnamed>' panicked at src/lib.rs:1:1:\n\
            artifact_prefix='/a/'; Test unit written to /a/crash-1234\n";
        let report = Report::read(said, false, Path::new(LOG));
        assert_eq!(report.executions, 7);
        let finding = report.finding.unwrap();
        assert!(finding.contains("/a/crash-1234") && finding.contains(LOG));
        let died = Report::read("", false, Path::new(LOG));
        assert!(
            died.finding.is_some(),
            "one that cannot start found something"
        );
    }
}
