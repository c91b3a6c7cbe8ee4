//! The window of Tincan.

#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]

use clap::Parser;

fn main() -> anyhow::Result<()> {
    app::remember_start();
    // Before GTK and before any thread: see their documentation.
    let _prepared = headless::process::prepare();
    let options = app::Options::parse();
    headless::log::start("info");
    app::prepare_environment(&options);
    app::run(options)
}
