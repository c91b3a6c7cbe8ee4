//! How many channels to ask a microphone for, so that its sound server hands over each one as it
//! is.
//!
//! A server of the PulseAudio protocol matches the channels of a device and of a stream by their
//! positions (front left, auxiliary 3, …), and what has no match is mixed into others or lost. cpal
//! gives a stream its positions by the number of channels alone: common layouts for common
//! numbers, auxiliary ones for all others. So the number is chosen for its positions. Where none
//! fits, a single channel is asked for, into which the server mixes all: quieter, but nothing is
//! lost.

use cpal::Device;
use cpal::platform::DeviceInner;

/// How many channels to ask `device` for, which has `channels`.
pub(super) fn to_ask_for(device: &Device, channels: u16) -> u16 {
    let DeviceInner::PulseAudio(inner) = device.as_inner() else {
        return channels;
    };
    // cpal has no function that tells the positions; its debug text of a device holds them.
    let text = format!("{inner:?}");
    positions(&text).map_or(channels, |it| fitting(&it))
}

/// The positions in the text of a device.
fn positions(text: &str) -> Option<Vec<&str>> {
    let (_, rest) = text.split_once("channel_map: [")?;
    let (list, _) = rest.split_once(']')?;
    Some(list.split(", ").collect())
}

/// The smallest number of channels for which a stream has all of `positions`.
fn fitting(positions: &[&str]) -> u16 {
    if positions.len() <= 1 {
        return 1;
    }
    let named = LAYOUTS
        .iter()
        .find(|it| positions.iter().all(|position| it.contains(position)))
        .map(|it| it.len() as u16);
    named.or_else(|| auxiliary(positions)).unwrap_or(1)
}

/// The same for auxiliary positions alone.
fn auxiliary(positions: &[&str]) -> Option<u16> {
    let numbers: Option<Vec<u16>> = positions
        .iter()
        .map(|it| it.strip_prefix("Aux")?.parse().ok())
        .collect();
    let last = numbers?.into_iter().max()?;
    let is_taken = |count: &u16| LAYOUTS.iter().any(|it| it.len() == usize::from(*count));
    (last + 1..=MOST).find(|it| *it > 1 && !is_taken(it))
}

/// What cpal takes common numbers of channels for.
const LAYOUTS: [&[&str]; 9] = [
    &["FrontLeft", "FrontRight"],
    &["FrontLeft", "FrontRight", "FrontCenter"],
    &["FrontLeft", "FrontRight", "RearLeft", "RearRight"],
    &[
        "FrontLeft",
        "FrontRight",
        "FrontCenter",
        "RearLeft",
        "RearRight",
    ],
    &[
        "FrontLeft",
        "FrontRight",
        "FrontCenter",
        "Lfe",
        "RearLeft",
        "RearRight",
    ],
    &[
        "FrontLeft",
        "FrontRight",
        "FrontCenter",
        "Lfe",
        "RearLeft",
        "RearRight",
        "RearCenter",
    ],
    &[
        "FrontLeft",
        "FrontRight",
        "FrontCenter",
        "Lfe",
        "RearLeft",
        "RearRight",
        "SideLeft",
        "SideRight",
    ],
    &[
        "FrontLeft",
        "FrontRight",
        "FrontCenter",
        "Lfe",
        "RearLeft",
        "RearRight",
        "SideLeft",
        "SideRight",
        "TopFrontLeft",
        "TopFrontRight",
    ],
    &[
        "FrontLeft",
        "FrontRight",
        "FrontCenter",
        "Lfe",
        "RearLeft",
        "RearRight",
        "SideLeft",
        "SideRight",
        "TopFrontLeft",
        "TopFrontRight",
        "TopRearLeft",
        "TopRearRight",
    ],
];

/// The most that cpal offers for such a server.
const MOST: u16 = 31;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_are_asked_for_by_a_number_that_has_them_all() {
        for (positions, count) in [
            (&["Mono"][..], 1),
            (&["FrontLeft", "FrontRight"], 2),
            (&["FrontLeft", "FrontCenter"], 3),
            (&["FrontLeft", "FrontRight", "RearLeft", "RearRight"], 4),
            (&["SideLeft", "SideRight"], 8),
            (
                &[
                    "Aux0", "Aux1", "Aux2", "Aux3", "Aux4", "Aux5", "Aux6", "Aux7",
                ],
                9,
            ),
            (&["Aux0", "Aux9"], 11),
            (&["FrontLeft", "Aux0"], 1),
            (&["Aux0", "Aux31"], 1),
        ] {
            assert_eq!(fitting(positions), count, "{positions:?}");
        }
    }

    #[test]
    fn positions_are_found_in_the_text_of_a_device() {
        let text = "Source { info: SourceInfo { channel_map: [Aux0, Aux1], cvolume: [1, 2] } }";
        assert_eq!(positions(text), Some(vec!["Aux0", "Aux1"]));
        assert_eq!(positions("Source"), None);
    }
}
