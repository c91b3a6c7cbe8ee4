//! The log of both programs, on standard error.

use tracing::Subscriber;
use tracing_subscriber::filter::{EnvFilter, filter_fn};
use tracing_subscriber::fmt::{self, MakeWriter};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry;
use tracing_subscriber::util::SubscriberInitExt;

/// Starts the log. `RUST_LOG` says how much, or `usual` where it says nothing. Libraries that log
/// what must not be read by others (packets, addresses, frames of a relay) stay silent whatever it
/// says.
pub fn start(usual: &str) {
    let wished = std::env::var("RUST_LOG").unwrap_or_else(|_| usual.to_owned());
    subscriber(&wished, std::io::stderr).init();
}

fn subscriber(
    wished: &str,
    writer: impl for<'a> MakeWriter<'a> + Send + Sync + 'static,
) -> impl Subscriber + Send + Sync {
    let lines = fmt::layer()
        .with_writer(writer)
        // Nobody may read standard error any more, when the terminal has gone. A line that cannot
        // be written is then left out; a complaint about it there would end the program.
        .log_internal_errors(false);
    registry()
        .with(EnvFilter::new(wished))
        // A filter of its own: among the directives of `RUST_LOG` one for a module of a library
        // would win over a general one that silences the library.
        .with(filter_fn(|it| !is_silent(it.target())))
        .with(lines)
}

/// Whether `target` is one of a library that logs secrets.
fn is_silent(target: &str) -> bool {
    [transport::LOG_FILTER, engine::LOG_FILTER]
        .iter()
        .flat_map(|it| it.split(','))
        .filter_map(|it| it.strip_suffix("=off"))
        .any(|library| target.starts_with(library))
}

#[cfg(test)]
mod tests {
    use std::io::{self, Write};
    use std::sync::{Arc, Mutex, mpsc};
    use std::time::Duration;

    use devices::CameraChoice;
    use media::backend::camera::{PictureSink, VideoMode};
    use media::backend::device::DeviceError;
    use media::picture::Captured;
    use media::units::Size;
    use tracing::Dispatch;

    use super::*;

    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// Writes a line for each picture, on the camera's thread.
    struct Telling {
        log: Dispatch,
        told: mpsc::Sender<()>,
    }

    impl PictureSink for Telling {
        fn picture(&mut self, _: Captured) {
            tracing::dispatcher::with_default(&self.log, || tracing::info!("a picture"));
            // Nobody listens any more once a line was written.
            let _ = self.told.send(());
        }

        fn failed(&mut self, error: DeviceError) {
            panic!("{error}");
        }
    }

    #[test]
    fn what_the_thread_of_a_device_logs_names_the_call_that_opened_it() {
        const CALL: &str = "this-call";
        let kept = Kept::default();
        let writer = kept.clone();
        let log = Dispatch::new(subscriber("info", move || writer.clone()));
        let (told, heard) = mpsc::channel();
        let camera = tracing::dispatcher::with_default(&log, || {
            let _inside = tracing::info_span!("call", id = CALL).entered();
            let (mode, log) = (
                VideoMode {
                    size: Size::new(64, 48),
                    fps: 30.0,
                },
                log.clone(),
            );
            let cameras = devices::cameras(CameraChoice::Synthetic);
            cameras.open(None, mode, Box::new(Telling { log, told }))
        });
        let camera = camera.unwrap();
        heard.recv_timeout(Duration::from_secs(10)).unwrap();
        drop(camera);
        let kept = kept.0.lock().unwrap();
        let text = String::from_utf8_lossy(&kept);
        assert!(text.lines().all(|line| line.contains(CALL)), "{text}");
    }

    #[test]
    fn no_wish_makes_libraries_talk_that_log_secrets() {
        for wished in [
            "trace",
            "tungstenite=trace,rtc=trace",
            "trace,tungstenite::protocol=trace,rtc_ice::agent=trace",
            "[call]=trace",
        ] {
            let kept = Kept::default();
            let writer = kept.clone();
            let subscriber = subscriber(wished, move || writer.clone());
            tracing::subscriber::with_default(subscriber, || {
                let _inside = tracing::error_span!("call").entered();
                tracing::error!(target: "tungstenite::protocol", "secret");
                tracing::error!(target: "rtc_ice::agent", "secret");
                tracing::error!(target: "rustls", "secret");
                tracing::error!(target: "headless", "ours");
            });
            let kept = kept.0.lock().unwrap();
            let told = String::from_utf8_lossy(&kept);
            assert!(!told.contains("secret"), "{wished}: {told}");
        }
    }
}
