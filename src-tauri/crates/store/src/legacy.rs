//! The files of earlier versions, `settings.json` and `history.json`: taken over once.
//!
//! What they say goes into the database in one transaction, and only then they are renamed, to
//! `.imported`, or to `.broken` where not all of it made sense. A start that is cut off in between
//! takes them over again, which changes nothing: settings are the same, and calls that are there
//! are not added twice. So does an earlier version that ran again in the meantime.

use std::path::{Path, PathBuf};

use crate::db::{Contents, Database, write_history, write_settings};
use crate::error::StoreError;
use crate::{file, history};

/// Takes over what is there. `contents` is what the database has, before and after.
pub(crate) fn import(
    dir: &Path,
    database: &mut Database,
    contents: &mut Contents,
) -> Result<(), StoreError> {
    let settings = Old::read(dir.join(SETTINGS))?;
    let calls = Old::read(dir.join(HISTORY))?;
    if settings.is_none() && calls.is_none() {
        return Ok(());
    }
    let mut done = Vec::new();
    if let Some(old) = settings {
        let (settings, whole) = contents.settings.clone().with_text(old.text());
        contents.settings = settings;
        done.push(old.judged(whole));
    }
    if let Some(old) = calls {
        let (calls, whole) = history::salvage(old.text());
        history::merge(&mut contents.history, calls);
        done.push(old.judged(whole));
    }
    database.change(|transaction| {
        write_settings(transaction, &contents.settings)?;
        write_history(transaction, &contents.history)
    })?;
    for (path, trouble) in done {
        put_away(&path, trouble)?;
    }
    Ok(())
}

/// Removes the calls that were taken over: who forgets calls forgets these too.
pub(crate) fn forget_calls(dir: &Path) -> Result<(), StoreError> {
    file::remove_aside(&dir.join(HISTORY), IMPORTED)
}

const SETTINGS: &str = "settings.json";
const HISTORY: &str = "history.json";

/// What is added to the name of a file that was taken over.
const IMPORTED: &str = "imported";

/// A file of an earlier version.
struct Old {
    path: PathBuf,
    bytes: Vec<u8>,
}

impl Old {
    fn read(path: PathBuf) -> Result<Option<Self>, StoreError> {
        let bytes = file::read(&path)?;
        Ok(bytes.map(|bytes| Self { path, bytes }))
    }

    /// Its text, or nothing where it is in another encoding.
    fn text(&self) -> &[u8] {
        file::text(&self.bytes).unwrap_or_default()
    }

    /// Where it is, and what is wrong with it.
    fn judged(self, whole: bool) -> (PathBuf, Option<&'static str>) {
        let trouble = file::text(&self.bytes).err();
        let trouble = trouble.or((!whole).then_some("it cannot be understood in full"));
        (self.path, trouble)
    }
}

fn put_away(path: &Path, trouble: Option<&'static str>) -> Result<(), StoreError> {
    match trouble {
        None => {
            let kept = file::move_aside(path, IMPORTED)?;
            tracing::info!(kept = %kept.display(), "a file of an earlier version was taken over");
        }
        Some(why) => {
            let kept = file::move_aside(path, "broken")?;
            tracing::warn!(
                file = %path.display(), kept = %kept.display(), why,
                "this file is kept aside, and what is missing of it is as at first"
            );
        }
    }
    Ok(())
}
