//! What there is to share, as the page lists it.

use std::sync::Arc;

use data_encoding::BASE64;
use engine::view::ShareProblem;
use media::backend::screen::{ScreenBackend, ScreenError, SourceId, SourceKind};
use media::units::Size;
use serde::Serialize;
use ts_rs::TS;

use super::App;
use crate::error::UiError;

/// Screens and windows to choose from.
#[derive(Clone, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ScreenList {
    /// What there is: screens first, then windows, the front one first.
    pub(crate) sources: Vec<ListedScreen>,
    /// Why there is nothing to choose from on this machine.
    pub(crate) problem: Option<ShareProblem>,
}

/// One of them.
#[derive(Clone, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ListedScreen {
    /// What to share it by.
    pub(crate) id: SourceId,
    /// What a person knows it by.
    pub(crate) name: String,
    /// What it is.
    pub(crate) kind: SourceKind,
    /// How it looks now: a URL of a small JPEG; null for a window that is minimised.
    pub(crate) thumbnail: Option<String>,
}

impl App {
    /// Looks at all that can be shared; takes some milliseconds for each window.
    pub(crate) async fn screens(&self) -> Result<ScreenList, UiError> {
        let screens = match self.engine.read().await.as_ref() {
            Some(engine) => engine.screens(),
            None => return Err(UiError::internal(&"the program ends")),
        };
        let looked = tokio::task::spawn_blocking(move || look(&screens)).await;
        looked.map_err(|error| UiError::internal(&error))
    }
}

fn look(screens: &Arc<dyn ScreenBackend>) -> ScreenList {
    match screens.list() {
        Ok(sources) => ScreenList {
            sources: sources
                .into_iter()
                .map(|source| ListedScreen {
                    thumbnail: thumbnail(screens.thumbnail(&source.id, THUMBNAIL)),
                    id: source.id,
                    name: source.name,
                    kind: source.kind,
                })
                .collect(),
            problem: None,
        },
        Err(error) => {
            tracing::debug!(%error, "nothing can be shared");
            ScreenList {
                sources: Vec::new(),
                problem: Some(ShareProblem::from(&error)),
            }
        }
    }
}

fn thumbnail(looks: Result<Arc<media::picture::Picture>, ScreenError>) -> Option<String> {
    let jpeg = headless::jpeg(&*looks.ok()?)?;
    Some(format!("data:image/jpeg;base64,{}", BASE64.encode(&jpeg)))
}

/// Twice the size at which the page shows them, for screens of twice the density.
const THUMBNAIL: Size = Size::new(384, 216);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_looked_at_has_no_thumbnail() {
        let gone = ScreenError::Gone("window".to_owned());
        assert_eq!(thumbnail(Err(gone)), None);
        let black = media::picture::Picture::black(Size::new(32, 18));
        let url = thumbnail(Ok(Arc::new(black))).unwrap();
        assert!(url.starts_with("data:image/jpeg;base64,/9j/"), "{url}");
    }
}
