//! What this machine has, or what is missing on it.

#[cfg(target_os = "linux")]
pub(super) use super::x11::{Looks, list, open};

#[cfg(not(target_os = "linux"))]
pub(super) use self::missing::{Looks, list, open};

#[cfg(not(target_os = "linux"))]
mod missing {
    use std::sync::Arc;

    use media::backend::screen::{
        Need, ScreenError, ScreenSink, ScreenSource, ScreenStream, SourceId,
    };
    use media::picture::Picture;
    use media::units::Size;

    const ERROR: ScreenError = ScreenError::Needs(Need::OtherSystem);

    pub(in super::super) fn list() -> Result<Vec<ScreenSource>, ScreenError> {
        Err(ERROR)
    }

    /// There is nothing to look at.
    #[derive(Debug, Default)]
    pub(in super::super) struct Looks;

    impl Looks {
        pub(in super::super) fn thumbnail(
            &self,
            _: &SourceId,
            _: Size,
        ) -> Result<Arc<Picture>, ScreenError> {
            Err(ERROR)
        }
    }

    pub(in super::super) fn open(
        _: &SourceId,
        _: Box<dyn ScreenSink>,
    ) -> Result<Box<dyn ScreenStream>, ScreenError> {
        Err(ERROR)
    }
}
