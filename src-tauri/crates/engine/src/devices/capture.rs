//! What the phone wants of the gates, and what it is told of them.

use call::view::Lacking;

use crate::device::DeviceSlot;

/// What the phone wants of the gates, and what it was last told of them.
#[derive(Debug, Default)]
pub(super) struct Capture {
    /// Whether the microphone's gate shall be open.
    pub(super) microphone: bool,
    /// Whether the camera's gate shall be open.
    pub(super) camera: bool,
    reported: CaptureReport,
    /// The phone waits for a report, whether or not anything changed.
    asked: bool,
}

/// What is true of the gates, and why one of them is shut.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct CaptureReport {
    /// The microphone's gate is open, or about to be again after a change of device.
    pub(crate) microphone: bool,
    /// The same of the camera's.
    pub(crate) camera: bool,
    /// Which device the user wants in the call and cannot have.
    pub(crate) lacking: Lacking,
}

impl Capture {
    /// The phone wants the gates like this, and an answer.
    pub(super) fn want(&mut self, microphone: bool, camera: bool) {
        self.microphone = microphone;
        self.camera = camera;
        self.asked = true;
    }

    /// What the phone has to be told, if anything. Each gate is told for itself: a camera that
    /// takes its time must not hide that the microphone is live.
    pub(super) fn report(
        &mut self,
        microphone: &DeviceSlot,
        camera: &DeviceSlot,
    ) -> Option<CaptureReport> {
        let report = CaptureReport {
            microphone: is_open(self.microphone, microphone, self.reported.microphone),
            camera: is_open(self.camera, camera, self.reported.camera),
            lacking: Lacking {
                microphone: self.microphone && microphone.is_failed(),
                camera: self.camera && camera.is_failed(),
            },
        };
        let news = self.asked || report != self.reported;
        self.reported = report;
        self.asked = false;
        news.then_some(report)
    }
}

/// Whether a gate counts as open. What was reported as open stays so while it changes devices.
fn is_open(wanted: bool, slot: &DeviceSlot, reported: bool) -> bool {
    wanted && (slot.is_on() || (reported && slot.is_opening()))
}

#[cfg(test)]
mod tests {
    use media::backend::device::DeviceError;

    use super::*;
    use crate::device::Step;

    fn opening(slot: &mut DeviceSlot) -> u64 {
        match slot.want(true) {
            Step::Open { turn, .. } => turn,
            other => panic!("it is opened, not {other:?}"),
        }
    }

    #[test]
    fn a_gate_is_open_when_its_device_runs_or_is_being_changed() {
        let mut slot = DeviceSlot::new(None);
        opening(&mut slot);
        assert!(
            !is_open(true, &slot, false),
            "on its way for the first time"
        );
        assert!(is_open(true, &slot, true), "another device of the role");
        assert!(!is_open(false, &slot, true), "shut is shut");
    }

    #[test]
    fn the_phone_hears_which_device_is_lacking_only_while_the_user_wants_it() {
        let (mut microphone, camera) = (DeviceSlot::new(None), DeviceSlot::new(None));
        let mut capture = Capture::default();
        capture.want(true, false);
        let turn = opening(&mut microphone);
        let report = capture.report(&microphone, &camera).unwrap();
        assert_eq!(report, CaptureReport::default(), "it may still open");
        assert_eq!(capture.report(&microphone, &camera), None, "nothing is new");

        let none = Err(DeviceError::NotFound("any microphone".to_owned()));
        let _ = microphone.opened(turn, none);
        let report = capture.report(&microphone, &camera).unwrap();
        let lacking = Lacking {
            microphone: true,
            camera: false,
        };
        assert_eq!((report.microphone, report.lacking), (false, lacking));

        capture.want(false, false);
        let report = capture.report(&microphone, &camera).unwrap();
        assert_eq!(report.lacking, Lacking::default(), "it is muted");
    }
}
