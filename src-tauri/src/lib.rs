//! The desktop app: a thin shell around the engine.
//!
//! It owns the engine (`app`), shows one view to the page (`bridge`), takes its commands
//! (`commands`) and puts pictures on the screen (`picture`). It decides nothing about calls.

use std::fs::File;
use std::sync::Arc;

use anyhow::Context;
use engine::view::EngineView;
use headless::figures::Figures;
use headless::memory;
use store::{Store, StoreError};
use tauri::{AppHandle, Manager};
use tokio::runtime::Runtime;
use tokio::sync::{mpsc, watch};

use crate::app::{App, Streams};
use crate::incoming::Announcer;
use crate::instance::{Activation, Listener, Start, StartError};
use crate::picture::PictureSurface;
use crate::picture::webview::Webview;
use crate::pip::PictureInPicture;
use crate::profile::Profile;
use crate::role::Role;
use crate::small::SmallWindow;

mod alert;
mod answer;
mod app;
#[cfg(test)]
mod bindings;
mod bridge;
mod clipboard;
mod commands;
mod desktop;
mod end;
mod environment;
mod error;
mod folder;
mod incoming;
mod instance;
mod links;
mod me;
mod notify;
mod options;
mod pace;
mod picture;
mod pip;
mod profile;
mod replaceable;
mod restart;
mod role;
mod small;
mod steer;
mod understand;
mod view;
mod window;

pub use environment::prepare_environment;
pub use options::{Options, PictureWay};
pub use restart::remember_start;

/// Runs the app until the user closes it. A second start with the same profile shows the window of
/// the first instead, and returns at once.
///
/// # Errors
/// When the system cannot show a window. What else fails at the start is told on standard error
/// and in a box of the system, and ends the program.
pub fn run(options: Options) -> anyhow::Result<()> {
    let profile = Profile::new(&options)?;
    let runtime = Runtime::new().context("cannot start the async runtime")?;
    tauri::async_runtime::set(runtime.handle().clone());
    let Some(store) = open(&profile, options.link.as_deref()) else {
        return Ok(());
    };
    // Tauri panics without a display; a sentence serves people better.
    #[cfg(target_os = "linux")]
    if gtk::init().is_err() {
        give_up(&anyhow::anyhow!("there is no display to show a window on"));
    }
    tauri::Builder::default()
        .invoke_handler(tauri::generate_handler![
            commands::perform,
            commands::answer,
            commands::steer,
            commands::show_small,
            commands::show_main,
            commands::close_small,
            commands::move_window,
            commands::test_call,
            commands::configure,
            commands::understand,
            commands::copy_link,
            commands::set_full_screen,
            commands::subscribe,
            commands::set_stage,
            commands::clear_history,
            commands::kept_texts,
            commands::forget_texts,
            commands::forget_text,
            commands::open_link,
            commands::notify_call,
            commands::link_shown,
            commands::save_contact,
            commands::delete_contact,
            commands::set_blocked,
            commands::pin_words,
            commands::export_identity,
            commands::import_identity,
            commands::examine,
            commands::copy_text,
            commands::screens,
            commands::show_recording,
            commands::save_statistics,
        ])
        .setup(move |tauri| {
            // Tauri panics on an error here; a sentence serves people better.
            if let Err(error) = set_up(tauri, options, &profile, store) {
                give_up(&error);
            }
            Ok(())
        })
        .run(tauri::generate_context!())
        .context("cannot show a window")
}

/// What is remembered; none when the window of another start has come up instead. A keychain that is
/// locked or gone has the only key there is, so the user is asked to open it as often as they like.
fn open(profile: &Profile, link: Option<&str>) -> Option<Store> {
    loop {
        match instance::start(&profile.data, profile.keychain, link) {
            Ok(Start::First(store)) => return Some(*store),
            Ok(Start::Second) => return None,
            Err(StartError::Store(error @ StoreError::KeychainUnavailable { .. })) => {
                tracing::error!("{error}");
                if !alert::try_again(&error.to_string()) {
                    std::process::exit(1);
                }
            }
            Err(error) => give_up(&error.into()),
        }
    }
}

/// Tells the user why there is no window, and ends the program.
fn give_up(error: &anyhow::Error) -> ! {
    tracing::error!("{error:#}");
    alert::show(&format!("{error:#}"));
    std::process::exit(1);
}

fn set_up(
    tauri: &tauri::App,
    options: Options,
    profile: &Profile,
    store: Store,
) -> anyhow::Result<()> {
    let runtime = tauri::async_runtime::handle();
    let _inside = runtime.inner().enter();
    let figures = options.figures.as_deref().map(headless::files::append);
    let figures = figures.transpose()?;
    let (app, streams) = App::start(options, store)?;
    let app = Arc::new(app);
    tauri.manage(Arc::clone(&app));
    let window = window::open(tauri, profile, app.options().profile.as_deref())?;
    app.window_opened(Role::Main, surface(&window, app.options(), &streams)?);
    end::on_close(&window);
    window::watch_state(&window, Arc::clone(&app))?;
    #[cfg(target_os = "linux")]
    end::display::end_when_it_goes(tauri.handle());

    let (tell, activations) = mpsc::channel(WAITING_STARTS);
    match Listener::open(&profile.data, tell) {
        Ok(listener) => drop(tauri.manage(listener)),
        Err(error) => tracing::warn!(%error, "a second start will not find this window"),
    }
    tokio::spawn(come_up(activations, tauri.handle().clone()));
    tokio::spawn(bridge::pump(Arc::clone(&app)));
    let small = |role| SmallWindow {
        app: Arc::clone(&app),
        main: window.clone(),
        webview_data: profile.webview.clone(),
        role,
    };
    let announcer = Announcer {
        window: small(Role::Incoming),
        local: streams.feeds.local.clone(),
    };
    tokio::spawn(announcer.run());
    let pip = PictureInPicture {
        window: small(Role::PictureInPicture),
        remote: streams.feeds.remote.clone(),
    };
    pip.close_when_main_is_looked_at();
    tokio::spawn(pip.run());
    tokio::spawn(end::on_request(tauri.handle().clone()));
    if let Some(file) = figures {
        let figures = Figures::new(file).with_ages(&streams.feeds.remote);
        tokio::spawn(write_figures(figures, app.views()));
    }
    tokio::spawn(Arc::clone(&app).show_places());
    tokio::spawn(memory::give_back_after_calls(
        streams.records.ended.resubscribe(),
    ));
    let history = tokio::spawn(async move { app.keep_history(streams.records).await });
    tauri.manage(end::LastWork::new(history));
    Ok(())
}

/// Writes figures until the engine ends.
async fn write_figures(mut figures: Figures<File>, mut views: watch::Receiver<Arc<EngineView>>) {
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
        match picture::native::install(window, streams.feeds.clone()) {
            Ok(native) => return Ok(Arc::new(native)),
            Err(why) => tracing::warn!(why, "pictures are drawn by the page instead"),
        }
    }
    #[cfg(not(target_os = "linux"))]
    if options.picture == Some(PictureWay::Native) {
        tracing::warn!("pictures are drawn by the page on this system");
    }
    let runtime = tauri::async_runtime::handle();
    let webview = Webview::start(runtime.inner(), streams.feeds.clone());
    Ok(Arc::new(webview.context("no port for pictures")?))
}

/// Shows this window whenever the program is started a second time with the same profile, and the
/// link if one came along. Runs until the program ends.
async fn come_up(mut activations: mpsc::Receiver<Activation>, handle: AppHandle) {
    while let Some(activation) = activations.recv().await {
        let on_screen = handle.clone();
        // Answered by the thread that draws: if it hangs, the second start gets no answer.
        let asked = handle.run_on_main_thread(move || activated(&on_screen, activation));
        if let Err(error) = asked {
            tracing::debug!(%error, "the window does not come up");
        }
    }
}

fn activated(handle: &AppHandle, activation: Activation) {
    // Without an answer, the second start waits until the profile is free.
    if end::has_begun() {
        return;
    }
    if let Some(window) = handle.get_webview_window(Role::Main.label()) {
        window::raise(&window);
    }
    if let (Some(link), Some(app)) = (activation.link, handle.try_state::<Arc<App>>()) {
        app.opened_with(link);
    }
    // An error is a second start that waits no longer.
    let _ = activation.shown.send(());
}

/// Second starts that may wait for the window at one time: a person clicks no faster.
const WAITING_STARTS: usize = 8;
