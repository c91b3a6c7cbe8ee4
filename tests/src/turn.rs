//! Scenarios take turns: they measure time and load, and would disturb each other.

use std::io::Write;

use tokio::sync::{Mutex, MutexGuard};

/// Waits until no other scenario of this process runs. Cargo runs test programs one by one.
pub async fn turn() -> MutexGuard<'static, ()> {
    static ONE: Mutex<()> = Mutex::const_new(());
    ONE.lock().await
}

/// Says loudly that a scenario cannot run here, past the test runner's capture.
pub fn skip(scenario: &str, why: &str) {
    let mut out = std::io::stderr().lock();
    // Nothing can be done about a standard error that takes nothing.
    let _ = writeln!(out, "\nSKIPPED {scenario}: {why}");
}

/// Whether scenarios may take long, as in `cargo xtask test --long`.
#[must_use]
pub fn has_time() -> bool {
    std::env::var_os("TINCAN_LONG").is_some()
}

/// Whether a scenario that takes long may run; where it may not, that is said loudly.
#[must_use]
pub fn has_time_for(scenario: &str) -> bool {
    if !has_time() {
        skip(scenario, "it takes long, so only with TINCAN_LONG=1");
    }
    has_time()
}

/// Says something that a reader of the test log should know, past the test runner's capture.
pub fn note(text: &str) {
    let mut out = std::io::stderr().lock();
    let _ = writeln!(out, "\nNOTE {text}");
}

/// The first of the programs that is not installed.
#[must_use]
pub fn missing<'a>(programs: &[&'a str]) -> Option<&'a str> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let dirs: Vec<_> = std::env::split_paths(&path).collect();
    programs
        .iter()
        .copied()
        .find(|program| !dirs.iter().any(|dir| dir.join(program).is_file()))
}
