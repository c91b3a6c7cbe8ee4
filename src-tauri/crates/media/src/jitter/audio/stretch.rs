//! Playing a little faster or slower without changing the pitch: one period of the voice is
//! removed or repeated where the sound before and after is alike (waveform similarity overlap-add,
//! WSOLA: Verhelst and Roelands, ICASSP 1993).

/// How much quality may be given up for speed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pace {
    /// Only where nobody hears it.
    Gentle,
    /// Soon: a flaw is heard less than the delay.
    Fast,
    /// Now, at the best place there is.
    AnyCut,
}

/// What to remove.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cut {
    /// How many samples.
    pub(super) lag: usize,
    /// Whether there is nothing but background noise in them.
    pub(super) quiet: bool,
}

/// What to remove from the start of `ahead`, at most `most` samples, so that the sound goes on
/// smoothly; `None` when no cut fits.
pub(super) fn removable(ahead: &[f32], most: usize, pace: Pace) -> Option<Cut> {
    let longest = most.min(LONGEST).min(ahead.len().saturating_sub(OVERLAP));
    if longest >= SHORTEST && is_quiet(&ahead[..longest + OVERLAP]) {
        return Some(Cut {
            lag: longest,
            quiet: true,
        });
    }
    let lag = best_lag(longest, pace, |lag| {
        (&ahead[..OVERLAP], &ahead[lag..lag + OVERLAP])
    })?;
    Some(Cut { lag, quiet: false })
}

/// How many of the last samples of `past` to repeat before `ahead`, at most `most`, so that the
/// sound goes on smoothly; `None` when no repeat fits.
pub(super) fn repeatable(past: &[f32], ahead: &[f32], most: usize, pace: Pace) -> Option<usize> {
    if ahead.len() < OVERLAP {
        return None;
    }
    let longest = most.min(LONGEST).min(past.len());
    if longest >= SHORTEST && is_quiet(&past[past.len() - longest..]) && is_quiet(&ahead[..OVERLAP])
    {
        return Some(longest);
    }
    let overlap = |lag: usize| OVERLAP.min(lag);
    best_lag(longest, pace, |lag| {
        let start = past.len() - lag;
        (&ahead[..overlap(lag)], &past[start..start + overlap(lag)])
    })
}

/// Blends from `from` to `to` over the length of both, into `to`.
pub(super) fn crossfade(from: &[f32], to: &mut [f32]) {
    let len = to.len() as f32;
    for (index, (to, from)) in to.iter_mut().zip(from).enumerate() {
        let share = (index as f32 + 0.5) / len;
        *to = from * (1.0 - share) + *to * share;
    }
}

/// The lag from [`SHORTEST`] to `longest` at which the two parts are most alike, if they are
/// alike enough.
fn best_lag<'a>(
    longest: usize,
    pace: Pace,
    parts: impl Fn(usize) -> (&'a [f32], &'a [f32]),
) -> Option<usize> {
    if longest < SHORTEST {
        return None;
    }
    // 1. Compare at every fourth lag.
    let mut best = (SHORTEST, f32::MIN);
    for lag in (SHORTEST..=longest).step_by(COARSE) {
        let score = likeness(parts(lag));
        if score > best.1 {
            best = (lag, score);
        }
    }
    // 2. Compare at the lags around the best of them.
    for lag in best.0.saturating_sub(COARSE - 1).max(SHORTEST)..=(best.0 + COARSE - 1).min(longest)
    {
        let score = likeness(parts(lag));
        if score > best.1 {
            best = (lag, score);
        }
    }
    let enough = match pace {
        Pace::Gentle => ALIKE,
        Pace::Fast => ALIKE_ENOUGH,
        Pace::AnyCut => f32::MIN,
    };
    (best.1 >= enough).then_some(best.0)
}

/// Normalised correlation, -1 to 1. Every second sample tells enough.
fn likeness((a, b): (&[f32], &[f32])) -> f32 {
    let (mut product, mut energy_a, mut energy_b) = (0.0, 1e-9_f32, 1e-9_f32);
    for (a, b) in a.iter().zip(b).step_by(2) {
        product += a * b;
        energy_a += a * a;
        energy_b += b * b;
    }
    product / (energy_a * energy_b).sqrt()
}

/// Whether there is only background noise, in every part of it: then any lag will do.
fn is_quiet(samples: &[f32]) -> bool {
    samples
        .chunks(OVERLAP)
        .all(|part| part.iter().map(|it| it * it).sum::<f32>() < QUIET * OVERLAP as f32)
}

/// 5 ms: long enough to hide the seam, short enough to fit before it.
pub(super) const OVERLAP: usize = 240;

/// 2.5 ms and 15 ms: voices have a pitch of 66 to 400 Hz.
pub(super) const SHORTEST: usize = 120;
pub(super) const LONGEST: usize = 720;

const COARSE: usize = 4;

/// Sound this alike after one period of a voice is practically never heard as a cut.
const ALIKE: f32 = 0.85;

/// In haste, where a little roughness is heard less than the delay (NetEq's fast mode: 0.5).
const ALIKE_ENOUGH: f32 = 0.5;

/// -46 dBFS: background noise, where any cut will do.
const QUIET: f32 = 2.5e-5;

#[cfg(test)]
mod tests {
    use std::f32::consts::TAU;

    use super::*;

    fn voice(period: usize, len: usize) -> Vec<f32> {
        let phase = |index: usize| TAU * (index % period) as f32 / period as f32;
        (0..len)
            .map(|it| 0.3 * phase(it).sin() + 0.1 * (3.0 * phase(it)).cos())
            .collect()
    }

    #[test]
    fn a_cut_takes_out_whole_periods() {
        let cut = removable(&voice(400, 2000), 720, Pace::Gentle).unwrap();
        assert!(cut.lag.abs_diff(400) <= 1 && !cut.quiet, "{cut:?}");
        assert_eq!(
            removable(&voice(400, 2000), 300, Pace::Gentle),
            None,
            "no whole period fits"
        );
    }

    #[test]
    fn a_repeat_adds_whole_periods() {
        let sound = voice(300, 2000);
        let lag = repeatable(&sound[..1000], &sound[1000..], 720, Pace::Gentle).unwrap();
        assert_eq!(lag % 300, 0);
    }

    #[test]
    fn silence_is_cut_as_far_as_allowed() {
        let cut = removable(&[0.0; 2000], 500, Pace::Gentle);
        let whole = Cut {
            lag: 500,
            quiet: true,
        };
        assert_eq!(cut, Some(whole));
        assert_eq!(removable(&[0.0; 2000], 100, Pace::Gentle), None);
        assert_eq!(
            removable(&[0.0; 300], 500, Pace::Gentle),
            None,
            "too little is there"
        );
    }

    #[test]
    fn a_word_in_silence_is_not_cut_out_with_it() {
        let mut sound = vec![0.0; 2000];
        sound[400..640].copy_from_slice(&voice(60, 240));
        let cut = removable(&sound, 720, Pace::Gentle);
        assert!(cut.is_none_or(|it| !it.quiet), "{cut:?}");
    }
}
