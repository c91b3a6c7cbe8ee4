//! Microphones and speakers of the machine, by cpal.
//!
//! On Linux the hosts are the native PulseAudio one (which PipeWire serves too) and, where no such
//! server runs, ALSA. Every stream has a thread of its own that builds it, watches it, builds it
//! again when it broke or shall be on another device, and drops it; cpal's callbacks only convert
//! and hand over.
//!
//! All go through one connection to the host, which is kept: the PulseAudio client that cpal uses
//! never closes one, so a new one each time would leave a thread and a socket behind.

mod config;
mod convert;
#[cfg(target_os = "linux")]
mod positions;
mod stream;
mod user;
mod wanted;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use cpal::traits::{DeviceTrait, HostTrait};
use cpal::{Device, Host, HostId};
use media::backend::audio::{AudioDevices, SampleSink, SampleSource};
use media::backend::device::{DeviceError, DeviceId, DeviceInfo, DeviceKind, DeviceStream};

use self::user::User;
pub(crate) use self::wanted::TheDefault;
use self::wanted::Wanted;

/// The machine's sound.
#[derive(Debug, Default)]
pub(crate) struct Sound {
    connection: Arc<Connection>,
}

/// The connection to the sound system, made when it is first needed and again when it broke.
#[derive(Default)]
struct Connection(Mutex<Option<Host>>);

/// Which direction sound goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Direction {
    Input,
    Output,
}

impl Sound {
    /// The microphones and speakers of this moment. A machine without any sound has none; that is
    /// no error.
    pub(crate) fn list(&self) -> Result<AudioDevices, DeviceError> {
        match self.connection.ask(list) {
            Some(listed) => listed.map_err(|error| failure("list devices", &error)),
            None => Ok(AudioDevices::default()),
        }
    }

    /// Starts the microphone `info`.
    pub(crate) fn open_microphone(
        &self,
        info: DeviceInfo,
        default: TheDefault,
        sink: Box<dyn SampleSink>,
    ) -> Result<Box<dyn DeviceStream>, DeviceError> {
        self.open(info, default, user::Microphone::new(sink))
    }

    /// Starts the speaker `info`.
    pub(crate) fn open_speaker(
        &self,
        info: DeviceInfo,
        default: TheDefault,
        source: Box<dyn SampleSource>,
    ) -> Result<Box<dyn DeviceStream>, DeviceError> {
        self.open(info, default, user::Speaker::new(source))
    }

    fn open(
        &self,
        info: DeviceInfo,
        default: TheDefault,
        user: impl User,
    ) -> Result<Box<dyn DeviceStream>, DeviceError> {
        let wanted = Wanted { info, default };
        stream::open(wanted, Arc::clone(&self.connection), user)
    }
}

impl Connection {
    /// Asks the host; `None` when no sound system answers.
    fn ask<T>(
        &self,
        question: impl Fn(&Host) -> Result<T, cpal::Error>,
    ) -> Option<Result<T, cpal::Error>> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(host) = kept.as_ref()
            && let Ok(answer) = question(host)
        {
            return Some(Ok(answer));
        }
        // There is no connection yet, or its server went away.
        *kept = host();
        kept.as_ref().map(question)
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").finish_non_exhaustive()
    }
}

/// A connection to the first host that answers.
fn host() -> Option<Host> {
    let mut hosts = cpal::available_hosts();
    hosts.sort_by_key(|it| preference(*it));
    hosts
        .into_iter()
        .filter(|it| usable(*it))
        .find_map(|it| cpal::host_from_id(it).ok())
}

#[cfg(target_os = "linux")]
fn preference(host: HostId) -> u8 {
    if host == HostId::PulseAudio { 0 } else { 1 }
}

#[cfg(not(target_os = "linux"))]
fn preference(host: HostId) -> u8 {
    if host == cpal::default_host().id() {
        0
    } else {
        1
    }
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
        let (Ok(id), Ok(description)) = (device.id(), device.description()) else {
            continue;
        };
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
