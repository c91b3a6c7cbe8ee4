//! The window of Tincan.

#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]

use clap::Parser;

fn main() -> anyhow::Result<()> {
    // Before GTK and before any thread: see their documentation.
    headless::memory::use_one_heap();
    let options = app::Options::parse();
    app::start_log();
    app::prepare_environment(&options);
    app::run(options)
}
