use super::*;

fn device(name: &str, is_default: bool) -> DeviceInfo {
    let id = DeviceId(name.into());
    DeviceInfo {
        id,
        name: name.into(),
        kind: DeviceKind::Real,
        is_default,
    }
}

#[test]
fn the_default_device_comes_first_and_the_rest_keep_their_order() {
    let mut devices = [device("a", false), device("b", false), device("c", true)];
    default_first(&mut devices);
    let names: Vec<_> = devices.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(names, ["c", "a", "b"]);
}

#[test]
fn where_the_default_is_not_shown_the_first_takes_its_place() {
    let mut devices = [device("a", false), device("b", false)];
    default_first(&mut devices);
    assert!(devices[0].is_default && !devices[1].is_default);
    default_first(&mut []);
}

#[test]
#[cfg(target_os = "linux")]
fn aliases_and_monitors_are_not_shown() {
    let id = |host, name: &str| cpal::DeviceId::new(host, name);
    assert!(worth_showing(&id(HostId::PulseAudio, "alsa_input.pci")));
    assert!(!worth_showing(&id(
        HostId::PulseAudio,
        "alsa_output.pci.monitor"
    )));
    assert!(worth_showing(&id(HostId::Alsa, "default")));
    assert!(worth_showing(&id(HostId::Alsa, "plughw:CARD=0,DEV=0")));
    assert!(!worth_showing(&id(
        HostId::Alsa,
        "surround51:CARD=PCH,DEV=0"
    )));
}

#[test]
fn errors_keep_their_meaning() {
    let error = |kind| failure("open", &cpal::Error::new(kind));
    assert!(matches!(
        error(cpal::ErrorKind::DeviceBusy),
        DeviceError::Busy(_)
    ));
    assert!(matches!(
        error(cpal::ErrorKind::PermissionDenied),
        DeviceError::Refused(_)
    ));
    assert!(matches!(
        error(cpal::ErrorKind::DeviceNotAvailable),
        DeviceError::NotFound(_)
    ));
    assert!(matches!(
        error(cpal::ErrorKind::StreamInvalidated),
        DeviceError::Lost(_)
    ));
    assert!(matches!(
        error(cpal::ErrorKind::UnsupportedConfig),
        DeviceError::Format(_)
    ));
    assert!(matches!(
        error(cpal::ErrorKind::Xrun),
        DeviceError::Failed(_)
    ));
}
