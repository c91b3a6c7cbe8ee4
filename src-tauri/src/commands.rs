//! What the page may ask for. Each name here stands in `build.rs` and in `capabilities/main.json`
//! too: what is not declared there cannot be called.

#![allow(
    clippy::needless_pass_by_value,
    reason = "Tauri hands its arguments over by value"
)]

use std::sync::Arc;

use engine::command::Command;
use serde_json::{Map, Value};
use tauri::ipc::Channel;
use tauri::{State, WebviewWindow};

use crate::clipboard;
use crate::desk::Desk;
use crate::error::UiError;
use crate::notify;
use crate::picture::stage::Stage;
use crate::understand::Understood;
use crate::view::UiPush;
use crate::window::Role;

/// Does something about calls or devices. What became of it shows in the next view.
#[tauri::command]
pub(crate) async fn perform(desk: State<'_, Arc<Desk>>, command: Command) -> Result<(), UiError> {
    desk.perform(command).await
}

/// Takes over the settings in `change`; all others stay.
#[tauri::command]
pub(crate) async fn configure(
    desk: State<'_, Arc<Desk>>,
    change: Map<String, Value>,
) -> Result<(), UiError> {
    desk.configure(change).await
}

/// Says what a text means, while it is typed.
#[tauri::command]
pub(crate) fn understand(desk: State<'_, Arc<Desk>>, text: &str) -> Understood {
    desk.understand(text)
}

/// Puts our invite link into the clipboard.
#[tauri::command]
pub(crate) async fn copy_link(
    desk: State<'_, Arc<Desk>>,
    window: WebviewWindow,
) -> Result<(), UiError> {
    clipboard::copy(&window, desk.link()).await
}

/// Fills the screen with the window, or stops to.
#[tauri::command]
pub(crate) fn set_full_screen(window: WebviewWindow, on: bool) -> Result<(), UiError> {
    window
        .set_fullscreen(on)
        .map_err(|error| UiError::internal(&error))
}

/// Has views pushed to this page from now on, the present one at once.
#[tauri::command]
pub(crate) fn subscribe(
    desk: State<'_, Arc<Desk>>,
    window: WebviewWindow,
    channel: Channel<UiPush>,
) {
    if let Some(role) = Role::of(window.label()) {
        desk.subscribe(role, channel);
    }
}

/// Says where the pictures go in this page's window.
#[tauri::command]
pub(crate) fn set_stage(desk: State<'_, Arc<Desk>>, window: WebviewWindow, stage: Stage) {
    let surface = Role::of(window.label()).and_then(|role| desk.surface(role));
    if let Some(surface) = surface {
        surface.set_stage(stage);
    }
}

/// Shows a notification for as long as the call rings, unless the user looks at the window: the
/// page has the words.
#[tauri::command]
pub(crate) async fn notify_call(
    desk: State<'_, Arc<Desk>>,
    window: WebviewWindow,
    title: String,
    body: String,
) -> Result<(), UiError> {
    if !window.is_focused().unwrap_or(false) {
        notify::call(desk.views(), &title, &body);
    }
    Ok(())
}

/// Forgets all past calls.
#[tauri::command]
pub(crate) async fn clear_history(desk: State<'_, Arc<Desk>>) -> Result<(), UiError> {
    desk.clear_history().await
}

/// The page took over the link that the program was opened with.
#[tauri::command]
pub(crate) fn link_shown(desk: State<'_, Arc<Desk>>) {
    desk.link_shown();
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    /// The command names in a text, found by what stands before each of them.
    fn names<'a>(text: &'a str, before: &str) -> BTreeSet<&'a str> {
        let end = |c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '-';
        let rests = text.split(before).skip(1);
        rests
            .filter_map(|rest| rest.split(end).next())
            .filter(|it| !it.is_empty())
            .collect()
    }

    #[test]
    fn commands_are_the_same_everywhere() {
        let here = include_str!("commands.rs")
            .split("#[cfg(test)]")
            .next()
            .unwrap();
        let asynchronous = names(here, "pub(crate) async fn ");
        let all: BTreeSet<_> = names(here, "pub(crate) fn ")
            .union(&asynchronous)
            .copied()
            .collect();

        let build = include_str!("../build.rs").split("fn main").next().unwrap();
        let declared: BTreeSet<_> = names(build, "    \"");
        assert_eq!(declared, all, "build.rs");

        let granted = |text| {
            let names = names(text, "\"allow-");
            names.iter().map(|it| it.replace('-', "_")).collect()
        };
        let main: BTreeSet<String> = granted(include_str!("../capabilities/main.json"));
        assert!(main.iter().eq(&all), "the main window");
        let small: BTreeSet<String> = granted(include_str!("../capabilities/incoming.json"));
        assert!(
            small.is_subset(&main) && small.len() < main.len(),
            "the small window"
        );

        let handled = names(include_str!("lib.rs"), "commands::");
        assert_eq!(handled, all, "the handler");

        let page = include_str!("../../ui/src/backend/tauri.ts");
        assert_eq!(names(page, "invoke('"), all, "the page");
    }
}
