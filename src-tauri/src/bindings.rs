//! The TypeScript of everything that crosses to the page. `cargo xtask bindings` writes it; the
//! test fails when what is committed differs.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use ts_rs::{Config, TS};

use crate::answer::Answer;
use crate::app::ScreenList;
use crate::error::UiError;
use crate::picture::stage::Stage;
use crate::steer::Steer;
use crate::understand::Understood;
use crate::view::UiPush;

const COMMITTED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../ui/src/backend/bindings");

fn export(to: &Path) {
    let config = Config::new().with_out_dir(to);
    UiPush::export_all(&config).unwrap();
    UiError::export_all(&config).unwrap();
    Understood::export_all(&config).unwrap();
    Stage::export_all(&config).unwrap();
    Answer::export_all(&config).unwrap();
    ScreenList::export_all(&config).unwrap();
    Steer::export_all(&config).unwrap();
    doctor::Report::export_all(&config).unwrap();
    engine::command::Command::export_all(&config).unwrap();
    store::KeptText::export_all(&config).unwrap();
}

fn read(directory: &Path) -> BTreeMap<String, String> {
    let files = fs::read_dir(directory).unwrap().map(Result::unwrap);
    files
        .map(|file| {
            let name = file.file_name().into_string().unwrap();
            (name, fs::read_to_string(file.path()).unwrap())
        })
        .collect()
}

#[test]
fn bindings_are_what_is_committed() {
    let committed = Path::new(COMMITTED);
    if std::env::var_os("TINCAN_WRITE_BINDINGS").is_some() {
        fs::remove_dir_all(committed).unwrap();
        export(committed);
        return;
    }
    let fresh = tempfile::tempdir().unwrap();
    export(fresh.path());
    let (fresh, committed) = (read(fresh.path()), read(committed));
    let names = |files: &BTreeMap<String, String>| files.keys().cloned().collect::<Vec<_>>();
    assert_eq!(
        names(&fresh),
        names(&committed),
        "run `cargo xtask bindings`"
    );
    for (name, text) in &fresh {
        assert!(
            committed[name] == *text,
            "{name} differs: run `cargo xtask bindings`"
        );
    }
}
