//! The window of Tincan.

#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]

use clap::Parser;

fn main() -> anyhow::Result<()> {
    let options = app::Options::parse();
    // Before GTK and before any thread: see its documentation.
    app::prepare_environment(&options);
    app::run(options)
}
