//! Local networks with nothing around: no route to anywhere, no name server, no relay. People there
//! see each other, call each other, and are told the truth where they cannot.

mod near;

use anyhow::Result;
use scenarios::lab::Lab;
use scenarios::turn::skip;
use tempfile::TempDir;

/// A lab and a place for people's directories; says why there is none.
fn lab(scenario: &str) -> Option<(Lab, TempDir)> {
    let start = || -> Result<_> { Ok((Lab::start()?, tempfile::tempdir()?)) };
    start()
        .map_err(|error| skip(scenario, &format!("{error:#}")))
        .ok()
}
