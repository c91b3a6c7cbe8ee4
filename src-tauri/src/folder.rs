//! A folder in the system's file manager.

use std::path::Path;

use tauri::WebviewWindow;
use url::Url;

use crate::desktop;
use crate::error::{ErrorCode, UiError};

/// Shows what is in a folder, which is named from the root.
///
/// # Errors
/// When nothing here shows folders, or the program ends.
pub(crate) async fn show(window: &WebviewWindow, folder: &Path) -> Result<(), UiError> {
    let folder = Url::from_directory_path(folder)
        .map_err(|()| UiError::new(ErrorCode::NotShown, &"the folder has no place"))?;
    desktop::open(window, folder, ErrorCode::NotShown).await
}
