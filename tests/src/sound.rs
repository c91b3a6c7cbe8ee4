//! Compares what was said with what was heard: how late, and how alike.
//!
//! A sound with a clock tells when it was said: its source loops with a period L and hands over,
//! at the moment t of `CLOCK_MONOTONIC`, the sample at position t mod L.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use realfft::RealFftPlanner;
use realfft::num_complex::Complex;

use crate::watch::percentile;

/// Samples per second of everything compared here.
pub const HZ: usize = 48_000;

/// A recording: mono, 48 kHz.
#[derive(Clone, Debug)]
pub struct Recording {
    /// From -1 to 1.
    pub samples: Vec<f32>,
    /// When the first sample was handed over, where that is known.
    pub begun: Option<Duration>,
}

impl Recording {
    /// Reads a WAV file of 16-bit mono samples at 48 kHz, also one that is still being written.
    /// The moment of its first sample stands in a file beside it, as nanoseconds in text.
    ///
    /// # Errors
    /// When it cannot be read or is of another form.
    pub fn read(path: &Path) -> Result<Self> {
        let bytes = fs::read(path).with_context(|| format!("no sound at {}", path.display()))?;
        let mut name = path.as_os_str().to_owned();
        name.push(".start");
        let begun = fs::read_to_string(Path::new(&name)).ok();
        let begun = begun
            .and_then(|text| text.trim().parse().ok())
            .map(Duration::from_nanos);
        Ok(Self {
            samples: pcm(&bytes)?,
            begun,
        })
    }

    /// The part from `from` to `to` on the common clock.
    #[must_use]
    pub fn between(&self, from: Duration, to: Duration) -> Option<Self> {
        let begun = self.begun?;
        let at = |time: Duration| {
            let since = time.checked_sub(begun)?;
            Some((since.as_secs_f64() * HZ as f64) as usize)
        };
        let samples = self
            .samples
            .get(at(from)?..at(to)?.min(self.samples.len()))?
            .to_vec();
        Some(Self {
            samples,
            begun: Some(from),
        })
    }

    /// Root mean square, 0 to 1.
    #[must_use]
    pub fn loudness(&self) -> f64 {
        let sum: f64 = self
            .samples
            .iter()
            .map(|sample| f64::from(*sample).powi(2))
            .sum();
        (sum / self.samples.len().max(1) as f64).sqrt()
    }

    /// How long it is.
    #[must_use]
    pub fn length(&self) -> Duration {
        Duration::from_secs_f64(self.samples.len() as f64 / HZ as f64)
    }
}

/// What was heard of what was said.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Heard {
    /// How late, milliseconds; by the common clock where there is one, else only a position.
    pub lag_ms: f64,
    /// Normalised correlation at that lag: 1 is the same sound, 0 another one.
    pub correlation: f64,
}

/// Compares a recording with the loop that was said, window by window, and returns the medians.
/// Without a common clock the lag is looked for in the whole loop and means nothing by itself.
#[must_use]
pub fn compare(said: &[f32], heard: &Recording) -> Option<Heard> {
    let begun_at = heard.begun.map(|begun| {
        let period = said.len() as f64 / HZ as f64;
        (begun.as_secs_f64() % period * HZ as f64) as usize
    });
    let most = if begun_at.is_some() {
        MOST_LAG.min(said.len())
    } else {
        said.len()
    };
    let windows: Vec<Heard> = (0..)
        .map(|window| window * WINDOW)
        .take_while(|from| from + WINDOW <= heard.samples.len())
        .filter_map(|from| {
            let window = &heard.samples[from..from + WINDOW];
            best(said, window, begun_at.unwrap_or(0) + from, most)
        })
        .collect();
    Some(Heard {
        lag_ms: percentile(windows.iter().map(|heard| heard.lag_ms), 0.5)?,
        correlation: percentile(windows.iter().map(|heard| heard.correlation), 0.5)?,
    })
}

/// At which sample `said` begins in `heard`, where it fits best.
#[must_use]
pub fn find(said: &[f32], heard: &[f32]) -> Option<usize> {
    let last = heard.len().checked_sub(said.len())?;
    let fits = correlate(heard, said);
    let best = fits
        .iter()
        .take(last + 1)
        .enumerate()
        .max_by(|a, b| a.1.total_cmp(b.1));
    best.map(|(at, _)| at)
}

/// Compares a recording with the recording of what was said, both on the common clock.
#[must_use]
pub fn delay(said: &Recording, heard: &Recording) -> Option<Heard> {
    let (said_from, heard_from) = (said.begun?, heard.begun?);
    let from = said_from.max(heard_from);
    let mut heard = heard.between(from, heard_from + heard.length())?;
    // What was said counts as a loop that began at zero: only the first window may look past its
    // beginning.
    heard.begun = Some(from - said_from);
    compare(&said.samples, &heard)
}

/// The lag at which a window that was heard from position `at` of the loop on fits best.
fn best(said: &[f32], heard: &[f32], at: usize, most: usize) -> Option<Heard> {
    let period = said.len();
    // What was said from `most` before the window to its end.
    let first = at + period * (most / period + 1) - most;
    let said: Vec<f32> = (0..heard.len() + most)
        .map(|i| said[(first + i) % period])
        .collect();
    let fits = correlate(&said, heard);
    // At shift s the window lies over what was said `most - s` samples earlier.
    let (shift, fit) = fits
        .iter()
        .take(most + 1)
        .copied()
        .enumerate()
        .max_by(|a, b| a.1.total_cmp(&b.1))?;
    let energy = |samples: &[f32]| samples.iter().map(|s| f64::from(*s).powi(2)).sum::<f64>();
    let both = (energy(heard) * energy(&said[shift..shift + heard.len()])).sqrt();
    let correlation = if both > 0.0 { fit / both } else { 0.0 };
    Some(Heard {
        lag_ms: (most - shift) as f64 * 1e3 / HZ as f64,
        correlation,
    })
}

/// Cross-correlation: at index s, the sum of `long[s + i] * short[i]`.
fn correlate(long: &[f32], short: &[f32]) -> Vec<f64> {
    let size = (long.len() + short.len()).next_power_of_two();
    let mut planner = RealFftPlanner::<f64>::new();
    let forward = planner.plan_fft_forward(size);
    let spectrum = |samples: &[f32]| {
        let mut padded: Vec<f64> = samples.iter().map(|sample| f64::from(*sample)).collect();
        padded.resize(size, 0.0);
        let mut spectrum = forward.make_output_vec();
        forward
            .process(&mut padded, &mut spectrum)
            .expect("the sizes are the planner's own");
        spectrum
    };
    let (long, short) = (spectrum(long), spectrum(short));
    let mut product: Vec<Complex<f64>> = long
        .iter()
        .zip(&short)
        .map(|(long, short)| long * short.conj())
        .collect();
    // An exactly real first and last value is what the inverse asks for.
    for edge in [0, product.len() - 1] {
        product[edge].im = 0.0;
    }
    let inverse = planner.plan_fft_inverse(size);
    let mut out = inverse.make_output_vec();
    inverse
        .process(&mut product, &mut out)
        .expect("the sizes are the planner's own");
    out.iter().map(|value| value / size as f64).collect()
}

/// The samples of a RIFF WAVE file.
fn pcm(bytes: &[u8]) -> Result<Vec<f32>> {
    ensure!(
        bytes.get(..4) == Some(b"RIFF") && bytes.get(8..12) == Some(b"WAVE"),
        "no WAV file"
    );
    let short = |at: usize| Some(u16::from_le_bytes(bytes.get(at..at + 2)?.try_into().ok()?));
    let long = |at: usize| Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?));
    let mut at = 12;
    loop {
        let name = bytes.get(at..at + 4).context("the file holds no samples")?;
        let length = long(at + 4).context("the file ends in a header")? as usize;
        at += 8;
        match name {
            b"fmt " => {
                let form = (short(at + 2), long(at + 4), short(at + 14));
                ensure!(
                    form == (Some(1), Some(48_000), Some(16)),
                    "not 16-bit mono at 48 kHz"
                );
            }
            b"data" => {
                // A file that is still being written names a length that is not there yet.
                let end = if length == 0 {
                    bytes.len()
                } else {
                    (at + length).min(bytes.len())
                };
                let samples = bytes[at.min(end)..end].chunks_exact(2);
                let sample = |pair: &[u8]| i16::from_le_bytes([pair[0], pair[1]]);
                return Ok(samples
                    .map(|pair| f32::from(sample(pair)) / 32_768.0)
                    .collect());
            }
            _ => {}
        }
        at += length + length % 2;
    }
}

/// Two seconds hold enough speech to tell it from anything else.
const WINDOW: usize = 2 * HZ;

/// Nobody can talk with more than this between mouth and ear: half a second.
const MOST_LAG: usize = HZ / 2;

#[cfg(test)]
mod tests {
    use super::*;

    fn noise(length: usize) -> Vec<f32> {
        let mut seed = 7_u32;
        let mut next = || {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (seed >> 8) as f32 / (1 << 24) as f32 - 0.5
        };
        (0..length).map(|_| next()).collect()
    }

    /// What is heard of a loop with a clock, `lag` samples late.
    fn late(said: &[f32], begun: Duration, lag: usize) -> Recording {
        let at = (begun.as_secs_f64() * HZ as f64).round() as usize;
        let at = at + said.len() * 10 - lag;
        let samples = (0..5 * HZ)
            .map(|i| said[(at + i) % said.len()] * 0.3)
            .collect();
        Recording {
            samples,
            begun: Some(begun),
        }
    }

    #[test]
    fn a_late_and_softer_copy_is_known_with_its_lag() {
        let said = noise(3 * HZ + 123);
        let heard = compare(&said, &late(&said, Duration::from_millis(98_765), 1_234)).unwrap();
        assert!((heard.lag_ms - 1_234.0 / 48.0).abs() < 0.05, "{heard:?}");
        assert!(heard.correlation > 0.99, "{heard:?}");
    }

    #[test]
    fn without_a_clock_a_copy_is_still_known() {
        let said = noise(3 * HZ);
        let heard = Recording {
            begun: None,
            ..late(&said, Duration::from_secs(1), 0)
        };
        assert!(compare(&said, &heard).unwrap().correlation > 0.99);
    }

    #[test]
    fn a_sound_is_found_where_it_begins() {
        let said = noise(HZ);
        let heard = [vec![0.0; 1_234], said.clone(), vec![0.0; 777]].concat();
        assert_eq!(find(&said, &heard), Some(1_234));
        assert_eq!(find(&heard, &said), None);
    }

    #[test]
    fn another_sound_is_not_taken_for_it() {
        let said = noise(3 * HZ);
        let other = noise(9 * HZ).split_off(4 * HZ);
        let heard = Recording {
            samples: other,
            begun: Some(Duration::ZERO),
        };
        assert!(compare(&said, &heard).unwrap().correlation < 0.2);
        let silent = Recording {
            samples: vec![0.0; 4 * HZ],
            begun: Some(Duration::ZERO),
        };
        assert_eq!(compare(&said, &silent).unwrap().correlation, 0.0);
    }
}
