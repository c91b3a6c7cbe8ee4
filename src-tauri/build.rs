//! Checks that the page is built, and declares the commands that it may call.

use std::path::Path;

use tauri_build::{AppManifest, Attributes};

/// Every command of `src/commands.rs`. What is not here cannot be granted to a window; what is
/// here is granted by `capabilities/`, window by window.
const COMMANDS: &[&str] = &[
    "perform",
    "answer",
    "steer",
    "show_small",
    "show_main",
    "close_small",
    "move_window",
    "test_call",
    "configure",
    "understand",
    "copy_link",
    "set_full_screen",
    "subscribe",
    "set_stage",
    "clear_history",
    "kept_texts",
    "forget_texts",
    "forget_text",
    "open_link",
    "notify_call",
    "link_shown",
    "save_contact",
    "delete_contact",
    "set_blocked",
    "pin_words",
    "export_identity",
    "import_identity",
    "examine",
    "copy_text",
    "screens",
    "show_recording",
    "save_statistics",
];

fn main() {
    let page = Path::new("../ui/dist/index.html");
    println!("cargo::rerun-if-changed=../ui/dist");
    if !page.exists() {
        println!("cargo::error=the page is not built: run `cargo xtask ui` first (no ui/dist)");
        return;
    }
    let attributes = Attributes::new().app_manifest(AppManifest::new().commands(COMMANDS));
    if let Err(error) = tauri_build::try_build(attributes) {
        println!("cargo::error={error:#}");
    }
}
