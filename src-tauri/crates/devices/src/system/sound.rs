//! Microphones and speakers of the machine, by cpal.
//!
//! On Linux the hosts are the native PulseAudio one (which PipeWire serves too) and, where no such
//! server runs, ALSA. Every stream has a thread of its own that builds it, watches it, builds it
//! again when it broke, and drops it; cpal's callbacks only convert and hand over.

mod config;
mod convert;
mod stream;

use std::sync::{Mutex, PoisonError};
use std::fmt;

use cpal::traits::{DeviceTrait, HostTrait};
use cpal::{Device, Host, HostId};
use media::backend::audio::{AudioDevices, SampleSink, SampleSource};
use media::backend::device::{DeviceError, DeviceId, DeviceInfo, DeviceKind, DeviceStream};

/// The machine's sound.
#[derive(Default)]
pub(crate) struct Sound {
    /// The connection that lists go through; a new one costs some milliseconds, and lists are
    /// asked for all the time.
    host: Mutex<Option<Host>>,
}

/// Which direction sound goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Direction {
    Input,
    Output,
}

/// What a stream opens.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Wanted {
    info: DeviceInfo,
    /// Whether another default device may take its place when it goes.
    follow_default: bool,
}

impl Sound {
    /// The microphones and speakers of this moment. A machine without any sound has none; that is
    /// no error.
    pub(crate) fn list(&self) -> Result<AudioDevices, DeviceError> {
        let mut cached = self.host.lock().unwrap_or_else(PoisonError::into_inner);
        // A server that was restarted fails the old connection once.
        for _ in 0..2 {
            let Some(host) = cached.take().or_else(host) else { return Ok(AudioDevices::default()) };
            if let Ok(devices) = list(&host) {
                *cached = Some(host);
                return Ok(devices);
            }
        }
        Ok(AudioDevices::default())
    }

    /// Starts the microphone `info`; one that was not chosen by name follows the default.
    pub(crate) fn open_microphone(
        info: DeviceInfo,
        follow_default: bool,
        sink: Box<dyn SampleSink>,
    ) -> Result<Box<dyn DeviceStream>, DeviceError> {
        stream::open(Wanted { info, follow_default }, stream::Microphone::new(sink))
    }

    /// Starts the speaker `info`; one that was not chosen by name follows the default.
    pub(crate) fn open_speaker(
        info: DeviceInfo,
        follow_default: bool,
        source: Box<dyn SampleSource>,
    ) -> Result<Box<dyn DeviceStream>, DeviceError> {
        stream::open(Wanted { info, follow_default }, stream::Speaker::new(source))
    }
}

impl fmt::Debug for Sound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sound").finish_non_exhaustive()
    }
}

/// A connection to the first host that answers.
fn host() -> Option<Host> {
    let mut hosts = cpal::available_hosts();
    hosts.sort_by_key(|it| preference(*it));
    hosts.into_iter().filter(|it| usable(*it)).find_map(|it| cpal::host_from_id(it).ok())
}

#[cfg(target_os = "linux")]
fn preference(host: HostId) -> u8 {
    if host == HostId::PulseAudio { 0 } else { 1 }
}

#[cfg(not(target_os = "linux"))]
fn preference(host: HostId) -> u8 {
    if host == cpal::default_host().id() { 0 } else { 1 }
}

/// ALSA writes complaints to the standard error of a machine that has no card.
#[cfg(target_os = "linux")]
fn usable(host: HostId) -> bool {
    host != HostId::Alsa
        || std::fs::read_to_string("/proc/asound/cards")
            .is_ok_and(|cards| cards.lines().any(|it| it.contains('[')))
}

#[cfg(not(target_os = "linux"))]
const fn usable(_: HostId) -> bool {
    true
}

fn list(host: &Host) -> Result<AudioDevices, cpal::Error> {
    let mut found = AudioDevices::default();
    let default = |device: Option<Device>| device.and_then(|it| it.id().ok());
    let default_input = default(host.default_input_device());
    let default_output = default(host.default_output_device());
    for device in host.devices()? {
        let (Ok(id), Ok(description)) = (device.id(), device.description()) else { continue };
        if !worth_showing(&id) {
            continue;
        }
        let info = |default: &Option<cpal::DeviceId>| DeviceInfo {
            id: DeviceId(id.to_string()),
            name: description.name().to_owned(),
            kind: DeviceKind::Real,
            is_default: default.as_ref() == Some(&id),
        };
        if description.supports_input() {
            found.microphones.push(info(&default_input));
        }
        if description.supports_output() {
            found.speakers.push(info(&default_output));
        }
    }
    default_first(&mut found.microphones);
    default_first(&mut found.speakers);
    Ok(found)
}

/// Whether a person would call this a microphone or a speaker: ALSA lists every alias of each
/// card, PulseAudio also lists what its speakers play.
fn worth_showing(id: &cpal::DeviceId) -> bool {
    match id.host().name() {
        "ALSA" => id.id() == "default" || id.id().starts_with("plughw:"),
        "PulseAudio" => !id.id().ends_with(".monitor"),
        _ => true,
    }
}

/// Puts the default device first. Where the system's default is not among those shown, the first
/// one takes its place.
fn default_first(devices: &mut [DeviceInfo]) {
    if let Some(index) = devices.iter().position(|it| it.is_default) {
        devices[..=index].rotate_right(1);
    } else if let Some(first) = devices.first_mut() {
        first.is_default = true;
    }
}

/// The device that `wanted` means on `host` now.
fn find(host: &Host, wanted: &Wanted, direction: Direction) -> Result<Device, DeviceError> {
    let same = |device: &Device| device.id().is_ok_and(|id| id.to_string() == wanted.info.id.0);
    let devices = host.devices().map_err(|error| failure("list devices", &error))?;
    let supports = |device: &Device| {
        device.description().is_ok_and(|it| match direction {
            Direction::Input => it.supports_input(),
            Direction::Output => it.supports_output(),
        })
    };
    if let Some(device) = devices.filter(supports).find(same) {
        return Ok(device);
    }
    let default = match direction {
        Direction::Input => host.default_input_device(),
        Direction::Output => host.default_output_device(),
    };
    default
        .filter(|_| wanted.follow_default)
        .ok_or_else(|| DeviceError::NotFound(wanted.info.name.clone()))
}

/// cpal's error in our words.
fn failure(what: &str, error: &cpal::Error) -> DeviceError {
    let text = format!("{what}: {error}");
    match error.kind() {
        cpal::ErrorKind::DeviceBusy | cpal::ErrorKind::ResourceExhausted => DeviceError::Busy(text),
        cpal::ErrorKind::PermissionDenied => DeviceError::Refused(text),
        cpal::ErrorKind::DeviceNotAvailable | cpal::ErrorKind::HostUnavailable => {
            DeviceError::NotFound(text)
        }
        cpal::ErrorKind::DeviceChanged | cpal::ErrorKind::StreamInvalidated => {
            DeviceError::Lost(text)
        }
        cpal::ErrorKind::UnsupportedConfig
        | cpal::ErrorKind::UnsupportedOperation
        | cpal::ErrorKind::InvalidInput => DeviceError::Format(text),
        _ => DeviceError::Failed(text),
    }
}

#[cfg(test)]
mod tests;
