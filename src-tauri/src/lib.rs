//! The desktop app: a thin shell around the engine.
//!
//! It owns the engine (`desk`), shows one view to the page (`bridge`), takes its commands
//! (`commands`) and puts pictures on the screen (`picture`). It decides nothing about calls.

use std::fs::{File, OpenOptions};
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context;
use engine::view::EngineView;
use headless::figures::Figures;
use headless::memory;
use tauri::{App, Manager};
use tokio::runtime::Runtime;
use tokio::sync::watch;

use crate::desk::{Desk, Streams};
use crate::picture::PictureSurface;
use crate::picture::webview::Webview;
use crate::place::Place;
use crate::window::Role;

mod alert;
#[cfg(test)]
mod bindings;
mod bridge;
mod clipboard;
mod commands;
mod desk;
mod environment;
mod error;
mod exchange;
mod incoming;
mod me;
mod notify;
mod options;
mod pace;
mod picture;
mod place;
mod understand;
mod view;
mod window;

pub use environment::prepare_environment;
pub use options::{Options, PictureWay};

/// Runs the app until the user closes it.
///
/// # Errors
/// When the system cannot show a window. What else fails at the start is told on standard error
/// and in a box of the system, and ends the program.
pub fn run(options: Options) -> anyhow::Result<()> {
    start_log();
    let place = Place::new(&options)?;
    let runtime = Runtime::new().context("cannot start the async runtime")?;
    tauri::async_runtime::set(runtime.handle().clone());
    let instance = tauri_plugin_single_instance::Builder::new()
        .dbus_id(&place.instance)
        .callback(|app, arguments, _| second_start(app, &arguments))
        .build();
    tauri::Builder::default()
        .plugin(instance)
        .invoke_handler(tauri::generate_handler![
            commands::perform,
            commands::configure,
            commands::understand,
            commands::copy_link,
            commands::set_full_screen,
            commands::subscribe,
            commands::set_stage,
            commands::clear_history,
            commands::notify_call,
            commands::link_shown,
        ])
        .setup(move |app| {
            // Tauri panics on an error here; a sentence serves people better.
            if let Err(error) = set_up(app, options, &place) {
                tracing::error!("{error:#}");
                alert::show(&format!("{error:#}"));
                std::process::exit(1);
            }
            Ok(())
        })
        .run(tauri::generate_context!())
        .context("cannot show a window")
}

fn set_up(app: &App, options: Options, place: &Place) -> anyhow::Result<()> {
    let runtime = tauri::async_runtime::handle();
    let _inside = runtime.inner().enter();
    let open = |path: &PathBuf| OpenOptions::new().create(true).append(true).open(path);
    let figures = options.figures.as_ref().map(open).transpose();
    let figures = figures.context("cannot write figures")?;
    let (desk, streams) = Desk::open(options, place)?;
    let desk = Arc::new(desk);
    app.manage(Arc::clone(&desk));
    let window = window::open(app, place, desk.options().profile.as_deref())?;
    desk.open_pane(Role::Main, surface(&window, desk.options(), &streams)?);
    window::end_on_close(&window);
    window::watch_state(&window, Arc::clone(&desk))?;

    tokio::spawn(bridge::pump(Arc::clone(&desk)));
    tokio::spawn(incoming::announce_calls(
        incoming::Stand {
            main: window,
            webview_data: place.webview.clone(),
            local: streams.local.clone(),
        },
        Arc::clone(&desk),
    ));
    tokio::spawn(window::end_on_signal(app.handle().clone()));
    if let Some(file) = figures {
        let figures = Figures::new(file).with_ages(&streams.remote);
        tokio::spawn(tell(figures, desk.views()));
    }
    tokio::spawn(memory::give_back_after_calls(streams.ended.resubscribe()));
    let keeper = Arc::clone(&desk);
    let history = tokio::spawn(async move { keeper.keep_history(streams.ended).await });
    app.manage(window::LastWork::new(history));
    Ok(())
}

/// Writes figures until the engine ends.
async fn tell(mut figures: Figures<File>, mut views: watch::Receiver<Arc<EngineView>>) {
    loop {
        let view = views.borrow_and_update().clone();
        if let Err(error) = figures.follow(&view) {
            tracing::error!(%error, "figures cannot be written");
            return;
        }
        if views.changed().await.is_err() {
            return;
        }
    }
}

/// The way to the screen that was asked for, or the best that works.
fn surface(
    window: &tauri::WebviewWindow,
    options: &Options,
    streams: &Streams,
) -> anyhow::Result<Arc<dyn PictureSurface>> {
    #[cfg(target_os = "linux")]
    if options.picture != Some(PictureWay::Webview) {
        match picture::native::install(window, streams.remote.clone(), streams.local.clone()) {
            Ok(native) => return Ok(Arc::new(native)),
            Err(why) => tracing::warn!(why, "pictures are drawn by the page instead"),
        }
    }
    #[cfg(not(target_os = "linux"))]
    if options.picture == Some(PictureWay::Native) {
        tracing::warn!("pictures are drawn by the page on this system");
    }
    let runtime = tauri::async_runtime::handle();
    let webview = Webview::start(
        runtime.inner(),
        streams.remote.clone(),
        streams.local.clone(),
    );
    Ok(Arc::new(webview.context("no port for pictures")?))
}

/// Another start for the same person: shows this window, and the link if one came along.
fn second_start(app: &tauri::AppHandle, arguments: &[String]) {
    use clap::Parser;

    if let Some(window) = app.get_webview_window(Role::Main.label()) {
        window::raise(&window);
    }
    let link = Options::try_parse_from(arguments)
        .ok()
        .and_then(|it| it.link);
    if let (Some(link), Some(desk)) = (link, app.try_state::<Arc<Desk>>()) {
        desk.opened_with(link);
    }
}

/// Logs to standard error; `RUST_LOG` says how much. The libraries beneath the transport log
/// addresses and stay silent whatever it says.
fn start_log() {
    let wished = std::env::var("RUST_LOG").unwrap_or_else(|_| "info".to_owned());
    let filter = format!("{wished},{},{}", transport::LOG_FILTER, engine::LOG_FILTER);
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .init();
}
