//! How much later a voice is heard for what is done to it: two programs in a call, one of which
//! processes what its microphone hears.

use std::time::Duration;

use anyhow::{Context, Result};
use scenarios::material::Material;
use scenarios::relay::Relay;
use scenarios::watch::percentile;

use crate::bench::call_headless;

/// From mouth to ear in milliseconds, the median of several calls.
pub(crate) struct Ear {
    pub(crate) unprocessed_ms: f64,
    pub(crate) processed_ms: f64,
}

/// Calls by turns, so that a machine that is busy for a while does not count for one of them only.
pub(crate) async fn measure(material: &Material) -> Result<Ear> {
    let relay = Relay::start().await?;
    let mut ms = [Vec::new(), Vec::new()];
    for _ in 0..CALLS {
        for (ms, switch) in ms.iter_mut().zip(["off", "on"]) {
            let switches = ["--echo-cancellation", "--noise-suppression", "--auto-gain"];
            let words = switches.map(|it| [it, switch]).concat();
            let [_, bea] = call_headless(material, LENGTH, &relay, &words).await?;
            ms.push(bea.mouth_to_ear_ms.context("the caller was not heard")?);
        }
    }
    let [off, on] = ms.map(|ms| percentile(ms, 0.5).unwrap_or(f64::NAN));
    Ok(Ear {
        unprocessed_ms: off,
        processed_ms: on,
    })
}

const CALLS: usize = 3;
const LENGTH: Duration = Duration::from_secs(8);
