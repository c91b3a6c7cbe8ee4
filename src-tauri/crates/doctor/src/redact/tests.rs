use media::backend::device::DeviceKind;
use proptest::prelude::*;

use super::*;
use crate::finding::{AddressKind, Finding, InterfaceInfo, InterfaceKind};
use crate::report::{CheckKind, Verdict};

fn texts(finding: Finding) -> (String, String) {
    let cause = finding.cause();
    let report = Report::new(vec![Check::new(CheckKind::Camera, finding)], "Tincan 1.2.3");
    (cause, report.redacted)
}

fn named(name: &str) -> Vec<Finding> {
    let (name, kind) = (name.to_owned(), DeviceKind::Real);
    let interface = name.clone();
    let interfaces = vec![InterfaceInfo {
        name: name.clone(),
        kind: InterfaceKind::Tunnel,
        addresses: vec![AddressKind::PrivateV4, AddressKind::LinkLocalV6],
    }];
    vec![
        Finding::NetworkUp {
            interfaces: interfaces.clone(),
        },
        Finding::OnlySelfAssigned {
            interfaces: interfaces.clone(),
        },
        Finding::OnlyVirtual { interfaces },
        Finding::VpnCarriesInternet {
            interface: interface.clone(),
        },
        Finding::VpnCarriesLan { interface },
        Finding::CameraWorks {
            name: name.clone(),
            kind,
            width: 1280,
            height: 720,
        },
        Finding::CameraCovered { name: name.clone() },
        Finding::MicrophoneHears {
            name: name.clone(),
            kind,
            level: 0.5,
        },
        Finding::MicrophoneHearsNothing { name: name.clone() },
        Finding::SpeakerPlays {
            name: name.clone(),
            kind,
        },
        Finding::DeviceSilent { name },
    ]
}

#[test]
fn what_the_owner_calls_things_is_read_by_the_owner_alone() {
    for finding in named("Bea's 192.168.77.13") {
        let code = format!("{finding:?}");
        let (cause, redacted) = texts(finding);
        assert!(cause.contains("Bea's 192.168.77.13"), "{code}: {cause}");
        for part in ["Bea", "192", "168", "77", "13"] {
            assert!(!redacted.contains(part), "{code}: {redacted}");
        }
    }
}

#[test]
fn a_report_says_which_program_on_which_system() {
    let report = Report::new(Vec::new(), "Tincan 1.2.3");
    assert!(report.redacted.starts_with("Tincan 1.2.3 on "));
    assert!(!report.has_failures());
}

#[test]
fn what_is_not_well_comes_with_what_to_do() {
    let failing = [
        Finding::NoNetwork,
        Finding::NoPort,
        Finding::AnnouncementsSilent,
        Finding::PeerNotFound,
        Finding::PeerRefuses,
        Finding::PeerIsNotTincan,
        Finding::PeerNoRoute,
        Finding::PeerAbsent,
        Finding::PeerSilent,
        Finding::PeerIsolated,
        Finding::UdpBlocked,
        Finding::NatSymmetric,
        Finding::ClockWrong { seconds: 100 },
        Finding::FirewallBlocks {
            program: None,
            port: 7000,
        },
        Finding::NeighboursIsolated { heard: 2 },
        Finding::CredentialsRefused { servers: 1 },
        Finding::RelayingRefused { servers: 1 },
        Finding::ServersSilent { servers: 1 },
    ];
    for finding in failing {
        assert!(matches!(finding.verdict(), Verdict::Fail | Verdict::Warn));
        assert!(finding.remedy().is_some(), "{finding:?}");
        let cause = finding.cause();
        assert!(
            cause.ends_with('.') && cause.len() > 10,
            "{finding:?}: {cause}"
        );
    }
}

proptest! {
    #[test]
    fn no_name_survives(name in "[A-Z]{8,20}") {
        for finding in named(&name) {
            let (_, redacted) = texts(finding);
            prop_assert!(!redacted.contains(&name));
        }
    }
}
