//! What can only be seen in a process where nothing else happens: each test here runs itself again
//! in one of its own.

mod leaks;
mod logs;

use std::process::Command;

/// Runs `body` in a process in which no other test runs. `name` is the test's full name.
fn alone(name: &str, body: impl FnOnce()) {
    if std::env::var_os(ALONE).is_some() {
        body();
        return;
    }
    let child = Command::new(std::env::current_exe().unwrap())
        .args([name, "--exact", "--nocapture"])
        .env(ALONE, "1")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&child.stdout);
    let complained = String::from_utf8_lossy(&child.stderr);
    let passed = child.status.success() && said.contains("1 passed");
    assert!(passed, "{name}:\n{said}\n{complained}");
}

/// Set in the process of its own.
const ALONE: &str = "ENGINE_TEST_ALONE";

fn block_on(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.unwrap().block_on(test);
}
