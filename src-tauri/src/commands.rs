//! What the pages may ask for. Each name here stands in `build.rs` and in `capabilities/` too: what
//! is not declared there cannot be called, and each window is granted what it needs.

#![allow(
    clippy::needless_pass_by_value,
    reason = "Tauri hands its arguments over by value"
)]

use std::path::PathBuf;
use std::sync::Arc;

use doctor::Report;
use engine::command::Command;
use serde_json::{Map, Value};
use store::KeptText;
use tauri::ipc::Channel;
use tauri::{AppHandle, Manager, State, WebviewWindow};

use crate::answer::Answer;
use crate::app::{App, PipWish, ScreenList, statistics};
use crate::clipboard;
use crate::end;
use crate::error::{ErrorCode, UiError};
use crate::notify;
use crate::picture::stage::Stage;
use crate::role::Role;
use crate::steer::Steer;
use crate::understand::Understood;
use crate::view::UiPush;
use crate::window;
use crate::{folder, links};

/// Does something about calls or devices. What became of it shows in the next view.
#[tauri::command]
pub(crate) async fn perform(app: State<'_, Arc<App>>, command: Command) -> Result<(), UiError> {
    app.perform(command).await
}

/// Answers an incoming call. All that the small window may ask for, beside seeing it.
#[tauri::command]
pub(crate) async fn answer(app: State<'_, Arc<App>>, answer: Answer) -> Result<(), UiError> {
    app.answer(answer).await
}

/// Steers the running call. All that its small window may ask of it.
#[tauri::command]
pub(crate) async fn steer(app: State<'_, Arc<App>>, steer: Steer) -> Result<(), UiError> {
    app.steer(steer).await
}

/// Shows the running call in a small window before all others, in place of this one.
#[tauri::command]
pub(crate) fn show_small(app: State<'_, Arc<App>>, window: WebviewWindow) {
    app.wish_pip(PipWish::Open);
    if let Err(error) = window.minimize() {
        tracing::debug!(%error, "the main window stays");
    }
}

/// Brings up the main window, in place of the small one.
#[tauri::command]
pub(crate) fn show_main(app: State<'_, Arc<App>>, handle: AppHandle) {
    if let Some(main) = handle.get_webview_window(Role::Main.label()) {
        window::raise(&main);
    }
    app.wish_pip(PipWish::Closed);
}

/// Closes the small window of the running call.
#[tauri::command]
pub(crate) fn close_small(app: State<'_, Arc<App>>) {
    app.wish_pip(PipWish::Closed);
}

/// Has the window follow the pointer until the button is released.
#[tauri::command]
pub(crate) fn move_window(window: WebviewWindow) -> Result<(), UiError> {
    window
        .start_dragging()
        .map_err(|error| UiError::internal(&error))
}

/// Calls the peer inside the program that gives back what it receives.
#[tauri::command]
pub(crate) async fn test_call(app: State<'_, Arc<App>>) -> Result<(), UiError> {
    app.test_call().await
}

/// Takes over the settings in `change`; all others stay.
#[tauri::command]
pub(crate) async fn configure(
    app: State<'_, Arc<App>>,
    change: Map<String, Value>,
) -> Result<(), UiError> {
    app.configure(change).await
}

/// Says what a text means, while it is typed.
#[tauri::command]
pub(crate) async fn understand(
    app: State<'_, Arc<App>>,
    text: String,
) -> Result<Understood, UiError> {
    Ok(app.inner().understand(&text))
}

/// Puts our invite link into the clipboard.
#[tauri::command]
pub(crate) async fn copy_link(
    app: State<'_, Arc<App>>,
    window: WebviewWindow,
) -> Result<(), UiError> {
    clipboard::copy(&window, app.link()).await
}

/// Looks at everything that a call needs; takes some seconds.
#[tauri::command]
pub(crate) async fn examine(
    app: State<'_, Arc<App>>,
    peer: Option<String>,
) -> Result<Report, UiError> {
    Ok(app.examine(peer).await)
}

/// Looks at all that can be shared.
#[tauri::command]
pub(crate) async fn screens(app: State<'_, Arc<App>>) -> Result<ScreenList, UiError> {
    app.screens().await
}

/// Puts a text into the clipboard.
#[tauri::command]
pub(crate) async fn copy_text(window: WebviewWindow, text: String) -> Result<(), UiError> {
    clipboard::copy(&window, text).await
}

/// Shows the folder of the last recording.
#[tauri::command]
pub(crate) async fn show_recording(
    window: WebviewWindow,
    app: State<'_, Arc<App>>,
) -> Result<(), UiError> {
    let recording = app.views().borrow().recording.clone();
    match recording.and_then(|it| it.folder) {
        Some(path) => folder::show(&window, path.as_ref()).await,
        None => Err(UiError::new(ErrorCode::NotShown, &"nothing was recorded")),
    }
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
pub(crate) fn subscribe(app: State<'_, Arc<App>>, window: WebviewWindow, channel: Channel<UiPush>) {
    if let Some(role) = Role::of(window.label()) {
        app.subscribe(role, channel);
    }
}

/// Says where the pictures go in this page's window.
#[tauri::command]
pub(crate) fn set_stage(app: State<'_, Arc<App>>, window: WebviewWindow, stage: Stage) {
    let surface = Role::of(window.label()).and_then(|role| app.surface(role));
    if let Some(surface) = surface {
        surface.set_stage(stage);
    }
}

/// Shows a notification for as long as the call rings, unless the user looks at the window: the
/// page has the words.
#[tauri::command]
pub(crate) async fn notify_call(
    app: State<'_, Arc<App>>,
    window: WebviewWindow,
    title: String,
    body: String,
) -> Result<(), UiError> {
    if !window.is_focused().unwrap_or(false) {
        notify::call(app.views(), &title, &body);
    }
    Ok(())
}

/// Forgets all past calls.
#[tauri::command]
pub(crate) async fn clear_history(app: State<'_, Arc<App>>) -> Result<(), UiError> {
    app.clear_history().await
}

/// What was said in text with the person of this address.
#[tauri::command]
pub(crate) async fn kept_texts(
    app: State<'_, Arc<App>>,
    address: String,
) -> Result<Vec<KeptText>, UiError> {
    app.kept_texts(address).await
}

/// Forgets what was said in text with the person of this address.
#[tauri::command]
pub(crate) async fn forget_texts(app: State<'_, Arc<App>>, address: String) -> Result<(), UiError> {
    app.forget_texts(address).await
}

/// Forgets one text of ours: it is said once more.
#[tauri::command]
pub(crate) async fn forget_text(
    app: State<'_, Arc<App>>,
    address: String,
    call: String,
    number: u32,
) -> Result<(), UiError> {
    app.forget_text((address, call, number)).await
}

/// Opens a link of a text with the system's program for it.
#[tauri::command]
pub(crate) async fn open_link(window: WebviewWindow, link: String) -> Result<(), UiError> {
    links::open(&window, &link).await
}

/// The page took over the link that the program was opened with.
#[tauri::command]
pub(crate) fn link_shown(app: State<'_, Arc<App>>) {
    app.link_shown();
}

/// Makes somebody a contact under this name, or renames one; an empty name stands for what they
/// call themselves.
#[tauri::command]
pub(crate) async fn save_contact(
    app: State<'_, Arc<App>>,
    address: String,
    name: String,
) -> Result<(), UiError> {
    app.save_contact(&address, &name).await
}

/// Makes somebody no contact any more.
#[tauri::command]
pub(crate) async fn delete_contact(
    app: State<'_, Arc<App>>,
    address: String,
) -> Result<(), UiError> {
    app.delete_contact(&address).await
}

/// Lets somebody ring here no more, or again.
#[tauri::command]
pub(crate) async fn set_blocked(
    app: State<'_, Arc<App>>,
    address: String,
    blocked: bool,
) -> Result<(), UiError> {
    app.set_blocked(&address, blocked).await
}

/// The user found the same words on both sides of this call.
#[tauri::command]
pub(crate) async fn pin_words(app: State<'_, Arc<App>>, call: String) -> Result<(), UiError> {
    app.pin_words(&call).await
}

/// Writes all that this installation is into a file where downloads go; says where it is.
#[tauri::command]
pub(crate) async fn export_identity(
    app: State<'_, Arc<App>>,
    handle: AppHandle,
    passphrase: String,
) -> Result<String, UiError> {
    let path = app.export_identity(downloads(&handle)?, passphrase).await?;
    Ok(path.display().to_string())
}

/// Writes a table of a call's figures into a file where downloads go; says where it is.
#[tauri::command]
pub(crate) async fn save_statistics(handle: AppHandle, csv: String) -> Result<String, UiError> {
    let path = statistics::save(downloads(&handle)?, csv).await?;
    Ok(path.display().to_string())
}

/// Where files go that the user asked for.
fn downloads(handle: &AppHandle) -> Result<PathBuf, UiError> {
    let places = handle.path();
    let places = [
        places.download_dir(),
        places.document_dir(),
        places.home_dir(),
    ];
    let directory = places.into_iter().flatten().find(|it| it.is_dir());
    directory.ok_or_else(|| UiError::new(ErrorCode::NotExported, &"there is no folder"))
}

/// Takes over what an export holds, in place of the identity here, and starts the program anew.
#[tauri::command]
pub(crate) async fn import_identity(
    app: State<'_, Arc<App>>,
    handle: AppHandle,
    file: String,
    passphrase: String,
) -> Result<(), UiError> {
    app.import_identity(&file, passphrase).await?;
    end::restart(&handle);
    Ok(())
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

        let granted: [BTreeSet<String>; 3] = [
            include_str!("../capabilities/main.json"),
            include_str!("../capabilities/incoming.json"),
            include_str!("../capabilities/pip.json"),
        ]
        .map(|text| {
            let names = names(text, "\"allow-");
            names.iter().map(|it| it.replace('-', "_")).collect()
        });
        let [main, incoming, pip] = &granted;
        let all_granted: BTreeSet<_> = granted.iter().flatten().map(String::as_str).collect();
        assert_eq!(all_granted, all, "the windows together");
        // They see the call, and do what their buttons say: no settings, no link, no command.
        let answers = ["answer", "set_stage", "subscribe"];
        assert!(incoming.iter().eq(answers), "an incoming call");
        let steers = [
            "close_small",
            "move_window",
            "set_stage",
            "show_main",
            "steer",
            "subscribe",
        ];
        assert!(pip.iter().eq(steers), "the running call in small");
        let not_main = ["close_small", "move_window", "show_main", "steer"];
        assert!(
            not_main.iter().all(|it| !main.contains(*it)),
            "the main window"
        );

        let configured = r#""capabilities": ["main", "incoming", "pip"]"#;
        assert!(include_str!("../tauri.conf.json").contains(configured));

        let handled = names(include_str!("lib.rs"), "commands::");
        assert_eq!(handled, all, "the handler");

        let page = include_str!("../../ui/src/backend/tauri.ts");
        assert_eq!(names(page, "invoke('"), all, "the page");
    }
}
