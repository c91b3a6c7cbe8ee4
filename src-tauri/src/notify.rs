//! The system's notification that somebody calls.

use std::sync::Arc;

use call::view::CallView;
use engine::view::EngineView;
use notify_rust::Notification;
use tokio::sync::watch;

/// Shows a notification until nobody calls any more. Runs beside the caller: a system without
/// notifications holds nothing up.
pub(crate) fn call(mut views: watch::Receiver<Arc<EngineView>>, title: &str, body: &str) {
    let mut notification = Notification::new();
    notification.appname("Tincan").summary(title).body(body);
    #[cfg(target_os = "linux")]
    notification
        .icon("tincan-app")
        .hint(notify_rust::Hint::Category("call.incoming".to_owned()))
        .hint(notify_rust::Hint::DesktopEntry("Tincan".to_owned()))
        .urgency(notify_rust::Urgency::Critical)
        .timeout(notify_rust::Timeout::Never);
    tokio::spawn(async move {
        // The library waits for the system, on a thread that may.
        let shown = tokio::task::spawn_blocking(move || notification.show()).await;
        let handle = match shown {
            Ok(Ok(handle)) => handle,
            Ok(Err(error)) => return tracing::info!(%error, "no notification"),
            Err(error) => return tracing::error!(%error, "no notification"),
        };
        let rings = |view: &Arc<EngineView>| matches!(view.call, CallView::Incoming { .. });
        // An error is the end of the engine, which ends the ringing too.
        let _ = views.wait_for(|view| !rings(view)).await;
        #[cfg(not(target_os = "windows"))]
        if let Err(error) = tokio::task::spawn_blocking(move || handle.close()).await {
            tracing::error!(%error, "a notification stays");
        }
        #[cfg(target_os = "windows")]
        drop(handle);
    });
}
