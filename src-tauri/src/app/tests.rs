use std::path::Path;

use clap::Parser;
use media::backend::device::DeviceId;

use super::*;

/// An app in `dir` that touches no device.
fn app(dir: &Path) -> App {
    let line = "x --camera none --microphone none --speaker none";
    let options = Options::try_parse_from(line.split(' ')).unwrap();
    App::start(options, Store::open(dir).unwrap()).unwrap().0
}

#[tokio::test]
async fn the_end_does_not_wait_for_the_disk() {
    let dir = tempfile::tempdir().unwrap();
    let app = Arc::new(app(dir.path()));
    let (locked, is_locked) = std::sync::mpsc::channel();
    let (go_on, goes_on) = std::sync::mpsc::channel::<()>();
    let store = Arc::clone(&app.store);
    let slow_disk = std::thread::spawn(move || {
        let _store = store.lock().unwrap();
        locked.send(()).unwrap();
        goes_on.recv().unwrap();
    });
    is_locked.recv().unwrap();
    let choosing = tokio::spawn({
        let app = Arc::clone(&app);
        let use_device = Command::UseDevice {
            role: DeviceRole::Camera,
            id: Some(DeviceId("cam".to_owned())),
        };
        async move { app.perform(use_device).await }
    });
    let mut shell = app.shell();
    let chosen = shell.wait_for(|it| it.settings.camera.is_some());
    drop(chosen.await.unwrap());
    let stopped = tokio::time::timeout(PATIENCE, app.stop()).await;
    go_on.send(()).unwrap();
    choosing.await.unwrap().unwrap();
    slow_disk.join().unwrap();
    assert!(stopped.is_ok(), "it waits for the disk");
}
