//! Wall clock time, for what is written down and shown to people. No call is timed by it.

use std::time::{SystemTime, UNIX_EPOCH};

/// Milliseconds since 1970 (UTC); 0 on a machine whose clock is before that.
#[must_use]
pub fn now() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    u64::try_from(now.unwrap_or_default().as_millis()).unwrap_or(u64::MAX)
}

/// The day (UTC) of a moment in milliseconds since 1970, as `2026-05-03` (RFC 3339, `full-date`).
///
/// Counts in eras of 400 years that begin on 1 March, so that a leap day is the last of its year
/// (Hinnant, "chrono-Compatible Low-Level Date Algorithms", `civil_from_days`).
pub(crate) fn date(at: u64) -> String {
    let days = at / 86_400_000 + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (month, next) = if month < 10 {
        (month + 3, 0)
    } else {
        (month - 9, 1)
    };
    format!("{:04}-{month:02}-{day:02}", era * 400 + year + next)
}

/// Day and time (UTC) of a moment in milliseconds since 1970, for the name of a file:
/// `2026-05-03 14.07.09 UTC`.
pub(crate) fn stamp(at: u64) -> String {
    let second = at / 1000 % 86_400;
    let (hours, minutes, seconds) = (second / 3600, second / 60 % 60, second % 60);
    let day = date(at);
    format!("{day} {hours:02}.{minutes:02}.{seconds:02} UTC")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_those_of_the_calendar() {
        let table = [
            (0, "1970-01-01"),
            (951_782_399_999, "2000-02-28"),
            (951_782_400_000, "2000-02-29"),
            (1_709_164_800_000, "2024-02-29"),
            (1_767_225_599_999, "2025-12-31"),
            (1_767_225_600_000, "2026-01-01"),
            (4_107_542_400_000, "2100-03-01"),
        ];
        for (at, day) in table {
            assert_eq!(date(at), day);
        }
        date(u64::MAX);
    }

    #[test]
    fn a_stamp_says_day_and_time() {
        assert_eq!(stamp(0), "1970-01-01 00.00.00 UTC");
        assert_eq!(stamp(1_709_251_199_999), "2024-02-29 23.59.59 UTC");
        stamp(u64::MAX);
    }
}
