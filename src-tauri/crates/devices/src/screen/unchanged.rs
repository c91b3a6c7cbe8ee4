//! Leaves out pictures that show what was shown before.

use std::sync::Arc;

use media::picture::Picture;

/// The picture that was shown last.
#[derive(Debug, Default)]
pub(super) struct Shown(Option<Arc<Picture>>);

impl Shown {
    /// Whether this picture shows anything else than the one before, which it replaces then.
    pub(super) fn is_news(&mut self, picture: &Arc<Picture>) -> bool {
        let before = self.0.as_deref();
        if before.is_some_and(|it| it.size() == picture.size() && it.data() == picture.data()) {
            return false;
        }
        self.0 = Some(Arc::clone(picture));
        true
    }
}
