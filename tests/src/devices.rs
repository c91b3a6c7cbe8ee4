//! The devices of programs under test: none that a machine may have, and each one named. A program
//! that names none gets what is there, and on a machine without devices nothing.

use ::devices::{CameraChoice, MicrophoneChoice, SpeakerChoice};
use anyhow::Result;

/// The options that name a device for each role: a test picture, a test voice, and a speaker that
/// nobody hears.
pub const SYNTHETIC: [&str; 6] = [
    "--camera",
    "synthetic",
    "--microphone",
    "synthetic",
    "--speaker",
    "none",
];

/// Those of [`SYNTHETIC`] whose role is not named in `words` yet.
#[must_use]
pub fn unnamed(words: &[&str]) -> Vec<&'static str> {
    let roles = SYNTHETIC.chunks_exact(2);
    let unnamed = roles.filter(|role| !words.contains(&role[0]));
    unnamed.flatten().copied().collect()
}

/// Those of [`SYNTHETIC`] for which this machine has no real device.
///
/// # Errors
/// When the machine cannot be asked.
pub fn missing() -> Result<Vec<&'static str>> {
    use media::backend::device::{DeviceInfo, DeviceKind};

    let none = |list: &[DeviceInfo]| list.iter().all(|it| it.kind != DeviceKind::Real);
    let cameras = ::devices::cameras(CameraChoice::System).list()?;
    let sound = ::devices::audio(MicrophoneChoice::System, SpeakerChoice::System).list()?;
    let missing = [
        none(&cameras),
        none(&sound.microphones),
        none(&sound.speakers),
    ];
    let roles = SYNTHETIC.chunks_exact(2).zip(missing);
    Ok(roles
        .filter(|(_, is)| *is)
        .flat_map(|(role, _)| role)
        .copied()
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_that_is_named_stays_as_it_is() {
        let words = ["call", "--microphone", "none"];
        assert_eq!(
            unnamed(&words),
            ["--camera", "synthetic", "--speaker", "none"]
        );
    }
}
