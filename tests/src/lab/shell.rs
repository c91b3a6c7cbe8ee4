//! The system's own tools for networks: `ip` and `nft`.

use std::io::Write;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

/// Runs `ip`.
pub(crate) fn ip(args: &[&str]) -> Result<()> {
    run("ip", args, "")
}

/// Runs a program with a text on its standard input.
pub(crate) fn run(program: &str, args: &[&str], input: &str) -> Result<()> {
    let shown = || format!("{program} {} {input}", args.join(" "));
    let mut child = Command::new(program)
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(shown)?;
    if let Some(mut stdin) = child.stdin.take() {
        // A program that ends before it has read all says why on its standard error.
        let _ = stdin.write_all(input.as_bytes());
    }
    let out = child.wait_with_output().with_context(shown)?;
    let said = String::from_utf8_lossy(&out.stderr);
    ensure!(out.status.success(), "{}: {said}", shown());
    Ok(())
}
